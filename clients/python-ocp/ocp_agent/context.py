"""What an agent is doing: its goal, its user, what it did so far. Travels with every request.

Holds the fourteen fields of the protocol's context in their order on the wire. The history has at
most HISTORY_MAX entries, the recent changes CHANGES_MAX; older ones make room for newer ones.
"""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from .redaction import redacted

HISTORY_MAX = 1000
CHANGES_MAX = 10
MERGED_ENTRIES_MAX = 50
GOAL_MAX_CHARS = 256
SUMMARY_MAX_CHARS = 1000
FIELDS = (
    "context_id", "agent_type", "user", "workspace", "current_file", "session", "history",
    "current_goal", "context_summary", "error_context", "recent_changes", "api_specs",
    "created_at", "last_updated",
)
HISTORY_FIELDS = ("timestamp", "action", "api_endpoint", "result", "metadata")


def new_context_id() -> str:
    """`ocp-` and eight hexadecimal digits, which is what every agent sends."""
    return f"ocp-{secrets.token_hex(4)}"


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def parsed_time(text: Any) -> datetime | None:
    """A moment in RFC 3339, or None when it is not one. Without a zone it is UTC."""
    if isinstance(text, datetime):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass
class AgentContext:
    """The context of one agent."""

    agent_type: str = "generic_agent"
    user: str | None = None
    workspace: str | None = None
    current_goal: str | None = None
    context_id: str = field(default_factory=new_context_id)
    current_file: str | None = None
    session: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    context_summary: str | None = None
    error_context: str | None = None
    recent_changes: list[str] = field(default_factory=list)
    api_specs: dict[str, str] = field(default_factory=dict)
    created_at: datetime = field(default_factory=now)
    last_updated: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        if not self.session:
            self.session = {
                "start_time": self.created_at.isoformat(),
                "interaction_count": 0,
                "agent_type": self.agent_type,
            }

    def update_goal(self, goal: str, summary: str | None = None) -> None:
        """Sets the goal, and the summary when there is one. Counts as an interaction."""
        self.current_goal = goal
        if summary:
            self.context_summary = summary
        self.session["interaction_count"] = self.session.get("interaction_count", 0) + 1
        self._touch()

    def add_interaction(
        self,
        action: str,
        api_endpoint: str | None = None,
        result: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Adds to the history, without secrets. An entry whose metadata has an `api_name` is told
        to that API alone."""
        self.history.append({
            "timestamp": now().isoformat(),
            "action": action,
            "api_endpoint": api_endpoint,
            "result": redacted(result),
            "metadata": redacted(metadata or {}),
        })
        self._forget_oldest()
        self._touch()

    def set_error_context(self, error: str, file_path: str | None = None) -> None:
        """Notes what went wrong, and in which file."""
        self.error_context = error
        if file_path:
            self.current_file = file_path
        self._touch()

    def add_recent_change(self, change: str) -> None:
        """Notes a change; the last CHANGES_MAX are kept."""
        self.recent_changes.append(change)
        del self.recent_changes[:-CHANGES_MAX]
        self._touch()

    def add_api_spec(self, name: str, url: str) -> None:
        """Notes where an API was described."""
        self.api_specs[name] = url
        self._touch()

    def clone(self) -> "AgentContext":
        """The same data under a new id."""
        other = copy.deepcopy(self)
        other.context_id = new_context_id()
        return other

    def get_conversation_summary(self) -> str:
        """One line about goal, error, file, changes and actions."""
        parts = []
        if self.current_goal:
            parts.append(f"Goal: {self.current_goal}")
        if self.error_context:
            parts.append(f"Error: {self.error_context}")
        if self.current_file:
            parts.append(f"Working on: {self.current_file}")
        if self.recent_changes:
            parts.append(f"Recent changes: {', '.join(self.recent_changes[-3:])}")
        if self.history:
            actions = ", ".join(str(entry.get("action")) for entry in self.history[-3:])
            parts.append(f"Recent actions: {actions}")
        return " | ".join(parts) or "New conversation"

    def to_dict(self) -> dict[str, Any]:
        """The context as JSON data, fields in their order on the wire."""
        data = {name: getattr(self, name) for name in FIELDS}
        data["created_at"] = self.created_at.isoformat()
        data["last_updated"] = self.last_updated.isoformat()
        return copy.deepcopy(data)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """A context from JSON data. Unknown keys and values of a wrong type are left out, so that
        no server can break an agent with an answer."""
        texts = ("user", "workspace", "current_file", "current_goal", "context_summary",
                 "error_context")
        known: dict[str, Any] = {
            name: data[name] for name in texts if isinstance(data.get(name), str)
        }
        for name in ("context_id", "agent_type"):
            if isinstance(data.get(name), str):
                known[name] = data[name]
        if isinstance(data.get("session"), dict):
            known["session"] = copy.deepcopy(data["session"])
        if isinstance(data.get("history"), list):
            known["history"] = [
                copy.deepcopy(entry) for entry in data["history"][-HISTORY_MAX:]
                if isinstance(entry, dict)
            ]
        if isinstance(data.get("recent_changes"), list):
            changes = [change for change in data["recent_changes"] if isinstance(change, str)]
            known["recent_changes"] = changes[-CHANGES_MAX:]
        if isinstance(data.get("api_specs"), dict):
            known["api_specs"] = {
                str(name): url for name, url in data["api_specs"].items() if isinstance(url, str)
            }
        for name in ("created_at", "last_updated"):
            if moment := parsed_time(data.get(name)):
                known[name] = moment
        return cls(**known)

    def update_from_headers(
        self, headers: Mapping[str, str], api_name: str | None = None
    ) -> bool:
        """Takes over what a server returned: goal, summary and new history. The id stays. Tells
        whether there was a context at all. Entries are tagged with `api_name` when it is given.
        """
        from .headers import OCPHeaders

        other = OCPHeaders.decode_context(headers)
        if other is None:
            return False
        if other.current_goal and other.current_goal != self.current_goal:
            self.current_goal = other.current_goal[:GOAL_MAX_CHARS]
        if other.context_summary:
            self.context_summary = other.context_summary[:SUMMARY_MAX_CHARS]
        self._merge_history(other.history[-MERGED_ENTRIES_MAX:], api_name)
        self._touch()
        return True

    def told_to(self, api_name: str) -> "AgentContext":
        """What this API may know: neither what happened with other APIs nor where they are."""
        told = copy.copy(self)
        told.history = [
            entry for entry in self.history
            if (entry.get("metadata") or {}).get("api_name") in (None, api_name)
        ]
        told.api_specs = {name: url for name, url in self.api_specs.items() if name == api_name}
        return told

    def _merge_history(self, entries: list[dict[str, Any]], api_name: str | None) -> None:
        known = {_identity(entry) for entry in self.history}
        for entry in entries:
            if not isinstance(entry.get("action"), str) or not parsed_time(entry.get("timestamp")):
                continue
            if _identity(entry) in known:
                continue
            known.add(_identity(entry))
            clean = redacted({name: entry.get(name) for name in HISTORY_FIELDS})
            if not isinstance(clean["metadata"], dict):
                clean["metadata"] = {}
            if api_name:
                clean["metadata"]["api_name"] = api_name
            self.history.append(clean)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        del self.history[:-HISTORY_MAX]

    def _touch(self) -> None:
        self.last_updated = now()


def _identity(entry: dict[str, Any]) -> tuple[str, str, str]:
    return (str(parsed_time(entry.get("timestamp"))), str(entry.get("action")),
            str(entry.get("api_endpoint")))
