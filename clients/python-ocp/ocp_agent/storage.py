"""Keeps APIs and sessions in ~/.ocp, in files that the existing agents read and write too.

A file that cannot be read or written is never an error of the caller: it is a warning in the log,
and the agent goes on without. Credentials are not stored.
"""

import json
import logging
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .context import AgentContext, now, parsed_time
from .tools import OCPAPISpec, OCPTool

FILE_MAX_BYTES = 128 * 1024 * 1024
SESSIONS_KEPT = 50
NAME_MAX_CHARS = 120

log = logging.getLogger("ocp_agent")


class OCPStorage:
    """The folder of an agent, `~/.ocp` unless another is named."""

    def __init__(self, base_path: Path | str | None = None):
        self.base_path = Path(base_path) if base_path else Path.home() / ".ocp"
        self.cache_dir = self.base_path / "cache" / "apis"
        self.sessions_dir = self.base_path / "sessions"
        for folder in (self.cache_dir, self.sessions_dir):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                log.warning("cannot make %s: %s", folder, error)

    def cache_api(
        self, name: str, spec: OCPAPISpec, metadata: dict[str, Any] | None = None
    ) -> bool:
        """Keeps an API under its name; tells whether that worked."""
        data = {
            "api_name": name,
            "title": spec.title,
            "version": spec.version,
            "base_url": spec.base_url,
            "cached_at": now().isoformat(),
            "source": "unknown",
            "raw_spec": spec.raw_spec,
            "tools": [tool.to_dict() for tool in spec.tools],
        }
        if spec.description:
            data["description"] = spec.description
        return _write(_file(self.cache_dir, name), data | (metadata or {}))

    def get_cached_api(self, name: str, max_age_days: float | None = None) -> OCPAPISpec | None:
        """The kept API, or None when there is none or it is older than this."""
        found = self.get_cached(name, max_age_days)
        return found[0] if found else None

    def get_cached(
        self, name: str, max_age_days: float | None = None
    ) -> tuple[OCPAPISpec, dict[str, Any]] | None:
        """The kept API with everything its file says of it."""
        data = _read(_file(self.cache_dir, name))
        if data is None:
            return None
        cached_at = parsed_time(data.get("cached_at"))
        if max_age_days is not None:
            if cached_at is None or now() - cached_at > timedelta(days=max_age_days):
                return None
        tools = data.get("tools")
        if not isinstance(tools, list) or not isinstance(data.get("base_url"), str):
            return None
        spec = OCPAPISpec(
            title=data.get("title") or name,
            version=data.get("version") or "1.0.0",
            base_url=data["base_url"],
            description=data.get("description") or "",
            tools=[tool for tool in map(OCPTool.from_dict, tools) if tool],
            raw_spec=data.get("raw_spec") or {},
        )
        return spec, data

    def search_cache(self, query: str) -> list[dict[str, Any]]:
        """Kept APIs whose name, title, description or tools hold the query."""
        found = []
        for path in _newest_first(self.cache_dir):
            data = _read(path)
            if data is None:
                continue
            tools = data.get("tools") if isinstance(data.get("tools"), list) else []
            tools = [tool for tool in tools if isinstance(tool, dict)]
            texts = [data.get(word) for word in ("api_name", "title", "description")]
            texts += [tool.get("description") for tool in tools]
            if any(query.lower() in text.lower() for text in texts if isinstance(text, str)):
                about = ("title", "version", "base_url", "cached_at")
                found.append({"name": data.get("api_name")} | {w: data.get(w) for w in about}
                             | {"tool_count": len(tools)})
        return found

    def list_cached_apis(self) -> list[str]:
        """The names of the kept APIs."""
        return [path.stem for path in _newest_first(self.cache_dir)]

    def clear_cache(self, name: str | None = None) -> bool:
        """Forgets one API, or all; tells whether that worked."""
        paths = [_file(self.cache_dir, name)] if name else _newest_first(self.cache_dir)
        return all([_remove(path) for path in paths])

    def save_session(self, session_id: str, context: AgentContext) -> bool:
        """Keeps a context; tells whether that worked."""
        data = context.to_dict() | {"session_id": session_id}
        return _write(_file(self.sessions_dir, session_id), data)

    def load_session(self, session_id: str) -> AgentContext | None:
        """The kept context, or None."""
        data = _read(_file(self.sessions_dir, session_id))
        return AgentContext.from_dict(data) if data is not None else None

    def list_sessions(self, limit: int | None = None) -> list[dict[str, Any]]:
        """What is known of the kept sessions, the newest first."""
        found = []
        for path in _newest_first(self.sessions_dir)[:limit]:
            if (data := _read(path)) is not None:
                session = data.get("session")
                count = session.get("interaction_count", 0) if isinstance(session, dict) else 0
                about = ("context_id", "agent_type", "user", "workspace", "created_at",
                         "last_updated")
                found.append({"id": data.get("session_id", path.stem)}
                             | {word: data.get(word) for word in about}
                             | {"interaction_count": count})
        return found

    def cleanup_sessions(self, keep_recent: int = SESSIONS_KEPT) -> int:
        """Forgets all but the newest sessions; tells how many went."""
        return sum(_remove(path) for path in _newest_first(self.sessions_dir)[keep_recent:])


def _file(folder: Path, name: str) -> Path:
    """The file of a name. Whatever the name holds, the file lies in this folder."""
    safe = quote(name, safe="")[:NAME_MAX_CHARS].replace("~", "%7E")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    return folder / f"{safe}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise ValueError(f"longer than {FILE_MAX_BYTES} bytes")
        data = json.loads(path.read_text("utf-8"))
        if not isinstance(data, dict):
            raise ValueError("not an object")
        return data
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("cannot read %s: %s", path, error)
        return None


def _write(path: Path, data: dict[str, Any]) -> bool:
    """Writes beside the file and then takes its place, so that no reader sees half of one."""
    try:
        text = json.dumps(data, indent=2, ensure_ascii=False, default=str)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
        return True
    except (OSError, ValueError, TypeError, RecursionError) as error:
        log.warning("cannot write %s: %s", path, error)
        return False


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
        return True
    except OSError as error:
        log.warning("cannot remove %s: %s", path, error)
        return False


def _newest_first(folder: Path) -> list[Path]:
    try:
        dated = [(path.stat().st_mtime_ns, path.name, path) for path in folder.glob("*.json")]
    except OSError:
        return []
    return [path for _, _, path in sorted(dated, reverse=True)]
