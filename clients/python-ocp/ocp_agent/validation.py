"""Checks a context against the protocol's schema, and mends what can be mended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .context import CHANGES_MAX, FIELDS, HISTORY_FIELDS, AgentContext, parsed_time

_CONTEXT_ID = re.compile(r"ocp-[a-f0-9]{8,}")
_API_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_REQUIRED = ("context_id", "agent_type", "created_at", "last_updated")
_TEXT_OR_NULL = ("user", "workspace", "current_file", "current_goal", "context_summary",
                 "error_context")


@dataclass
class ValidationResult:
    """Whether a context is valid, and why not. Truthy when it is."""

    valid: bool
    errors: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.valid


def validate_context(context: AgentContext | Mapping[str, Any]) -> ValidationResult:
    """Checks a context, or the JSON data of one."""
    data = context.to_dict() if isinstance(context, AgentContext) else context
    errors = list(_faults(data))
    return ValidationResult(not errors, errors)


def validate_and_fix_context(context: AgentContext) -> tuple[AgentContext, ValidationResult]:
    """A copy in which the prefix of the id and containers of a wrong type are put right, and
    what is still wrong with it."""
    data = {name: getattr(context, name) for name in FIELDS}
    if isinstance(data["context_id"], str) and not data["context_id"].startswith("ocp-"):
        data["context_id"] = "ocp-" + data["context_id"]
    for name, kind in (("session", dict), ("history", list), ("api_specs", dict)):
        if not isinstance(data[name], kind):
            data[name] = kind()
    mended = AgentContext.from_dict(data)
    return mended, validate_context(mended)


def _faults(data: Any):
    if not isinstance(data, Mapping):
        yield "a context is an object"
        return
    for name in _REQUIRED:
        if name not in data:
            yield f"{name} is missing"
    for name in data:
        if name not in FIELDS:
            yield f"{name} is no field of a context"
    context_id = data.get("context_id", "ocp-00000000")
    if not isinstance(context_id, str) or not _CONTEXT_ID.fullmatch(context_id):
        yield "context_id is 'ocp-' and 8 or more hexadecimal digits in lower case"
    if not isinstance(data.get("agent_type", ""), str):
        yield "agent_type is text"
    for name in _TEXT_OR_NULL:
        if not isinstance(data.get(name), (str, type(None))):
            yield f"{name} is text or null"
    for name in ("created_at", "last_updated"):
        if name in data and not parsed_time(data[name]):
            yield f"{name} is a date and time"
    yield from _session_faults(data.get("session", {"unset": True}))
    yield from _list_faults(data)


def _session_faults(session: Any):
    if session == {"unset": True}:
        return
    if not isinstance(session, Mapping):
        yield "session is an object"
        return
    if not parsed_time(session.get("start_time")):
        yield "session.start_time is a date and time"
    count = session.get("interaction_count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        yield "session.interaction_count is a number of 0 or more"
    if not isinstance(session.get("agent_type"), str):
        yield "session.agent_type is text"


def _list_faults(data: Mapping[str, Any]):
    history = data.get("history", [])
    if not isinstance(history, list):
        yield "history is an array"
        history = []
    for index, entry in enumerate(history):
        yield from _entry_faults(f"history[{index}]", entry)
    changes = data.get("recent_changes", [])
    if not isinstance(changes, list) or not all(isinstance(text, str) for text in changes):
        yield "recent_changes is an array of texts"
    elif len(changes) > CHANGES_MAX:
        yield f"recent_changes has at most {CHANGES_MAX} entries"
    specs = data.get("api_specs", {})
    if not isinstance(specs, Mapping):
        yield "api_specs is an object"
        return
    for name, url in specs.items():
        if not isinstance(name, str) or not _API_NAME.fullmatch(name):
            yield f"api_specs: '{name}' has characters other than letters, digits, _ and -"
        if not isinstance(url, str):
            yield f"api_specs.{name} is text"


def _entry_faults(where: str, entry: Any):
    if not isinstance(entry, Mapping):
        yield f"{where} is an object"
        return
    if not parsed_time(entry.get("timestamp")):
        yield f"{where}.timestamp is a date and time"
    if not isinstance(entry.get("action"), str):
        yield f"{where}.action is text"
    for name in ("api_endpoint", "result"):
        if not isinstance(entry.get(name), (str, type(None))):
            yield f"{where}.{name} is text or null"
    if not isinstance(entry.get("metadata", {}), Mapping):
        yield f"{where}.metadata is an object"
    for name in entry:
        if name not in HISTORY_FIELDS:
            yield f"{where}.{name} is no field of an entry"
