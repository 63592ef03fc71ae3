"""The seven headers that carry a context, written and read.

Written: within the limits of the protocol. OCP-Session is at most SESSION_MAX_BYTES long; the
oldest history makes room first. What does not fit a header (text beyond Latin-1, line breaks)
travels in OCP-Session alone. Read: whatever is malformed or too large means "no context", never an
error, and never more than INFLATED_MAX_BYTES are unpacked.
"""

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from .context import AgentContext
from .redaction import redacted, redacted_text

OCP_CONTEXT_ID = "OCP-Context-ID"
OCP_AGENT_TYPE = "OCP-Agent-Type"
OCP_VERSION = "OCP-Version"
OCP_CURRENT_GOAL = "OCP-Current-Goal"
OCP_USER = "OCP-User"
OCP_WORKSPACE = "OCP-Workspace"
OCP_SESSION = "OCP-Session"
OCP_SPEC_VERSION = "1.0"

SESSION_MAX_BYTES = 8192
INFLATED_MAX_BYTES = 256 * 1024
COMPRESSION_THRESHOLD = 1000
AGENT_TYPE_MAX_CHARS = 128
GOAL_MAX_CHARS = 256
USER_MAX_CHARS = 64
WORKSPACE_MAX_CHARS = 128
HISTORY_SENT_MAX = 300

_ALL = (OCP_CONTEXT_ID, OCP_AGENT_TYPE, OCP_VERSION, OCP_CURRENT_GOAL, OCP_USER, OCP_WORKSPACE,
        OCP_SESSION)
# The goal had another name once; it is still kept from leaking.
_STRIPPED = {name.lower() for name in _ALL} | {"ocp-agent-goal"}
_CONTEXT_ID = re.compile(r"[a-zA-Z0-9\-]{1,64}")
_NOT_AGENT_TYPE = re.compile(r"[^a-zA-Z0-9_\-.]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class OCPHeaders:
    """Encodes and decodes contexts."""

    @staticmethod
    def encode_context(context: AgentContext, compress: bool = True) -> dict[str, str]:
        """The headers of a request."""
        agent_type = _NOT_AGENT_TYPE.sub("_", context.agent_type)[:AGENT_TYPE_MAX_CHARS]
        headers = {
            OCP_CONTEXT_ID: context.context_id,
            OCP_AGENT_TYPE: agent_type or "generic_agent",
            OCP_VERSION: OCP_SPEC_VERSION,
        }
        for name, value, chars_max in (
            (OCP_CURRENT_GOAL, context.current_goal, GOAL_MAX_CHARS),
            (OCP_USER, context.user, USER_MAX_CHARS),
            (OCP_WORKSPACE, context.workspace, WORKSPACE_MAX_CHARS),
        ):
            if value and (text := _header_text(value, chars_max)):
                headers[name] = text
        if session := _encode_session(context.to_dict(), compress):
            headers[OCP_SESSION] = session
        return headers

    @staticmethod
    def decode_context(headers: Mapping[str, str]) -> AgentContext | None:
        """The context in these headers, or None when there is none that can be read."""
        lower = _lower(headers)
        context_id = lower.get(OCP_CONTEXT_ID.lower())
        session = lower.get(OCP_SESSION.lower())
        if not context_id or not session or not _CONTEXT_ID.fullmatch(context_id):
            return None
        data = _decode_session(session)
        if not data:
            return None
        context = AgentContext.from_dict(data)
        # The header is what servers log and look up, so it wins over the session.
        context.context_id = context_id
        return context

    @staticmethod
    def validate_headers(headers: Mapping[str, str]) -> bool:
        """Whether these headers carry a context."""
        return OCPHeaders.decode_context(headers) is not None

    @staticmethod
    def get_context_summary(headers: Mapping[str, str]) -> str:
        """One line for a log. It holds no session."""
        lower = _lower(headers)

        def said(name: str, otherwise: str) -> str:
            return lower.get(name.lower()) or otherwise

        return (
            f"OCP Context: {said(OCP_CONTEXT_ID, 'unknown')}"
            f" | Agent: {said(OCP_AGENT_TYPE, 'unknown')}"
            f" | Goal: {said(OCP_CURRENT_GOAL, 'none')}"
            f" | Workspace: {said(OCP_WORKSPACE, 'none')}"
        )

    @staticmethod
    def merge_headers(base: Mapping[str, str], ocp: Mapping[str, str]) -> dict[str, str]:
        """Both sets; a name that both have is the protocol's, whatever its case."""
        taken = {name.lower() for name in ocp}
        return {n: value for n, value in base.items() if n.lower() not in taken} | dict(ocp)

    @staticmethod
    def strip_ocp_headers(headers: Mapping[str, str]) -> dict[str, str]:
        """The headers without the protocol's own, OCP-User included."""
        return {n: value for n, value in headers.items() if n.lower() not in _STRIPPED}


def create_ocp_headers(
    context: AgentContext, base_headers: Mapping[str, str] | None = None, compress: bool = True
) -> dict[str, str]:
    """The headers of a context, together with those of the caller."""
    encoded = OCPHeaders.encode_context(context, compress)
    return OCPHeaders.merge_headers(base_headers or {}, encoded)


def parse_context(headers: Mapping[str, str]) -> AgentContext | None:
    """The context in the headers of a request or an answer."""
    return OCPHeaders.decode_context(headers)


def extract_context_from_response(response: Any) -> AgentContext | None:
    """The context that a server returned with its answer."""
    headers = getattr(response, "headers", None)
    return OCPHeaders.decode_context(headers) if headers else None


def add_context_headers(response: Any, context: AgentContext, compress: bool = True) -> None:
    """Puts a context on an answer, whose `headers` take items; for servers."""
    for name, value in create_ocp_headers(context, compress=compress).items():
        response.headers[name] = value


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    pairs: Iterable[tuple[str, str]] = headers.items()
    return {name.lower(): value for name, value in pairs if isinstance(value, str)}


def _header_text(value: str, chars_max: int) -> str | None:
    """The value as it may stand in a header, or None when it cannot."""
    text = redacted_text(value).strip()[:chars_max].strip()
    if not text or _CONTROL.search(text):
        return None
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return text


def _encode_session(data: dict[str, Any], compress: bool) -> str | None:
    """The longest recent history that fits; without it at last the rest, cut short."""
    short = {name: redacted(value) for name, value in data.items() if name != "history"}
    history = [redacted(entry) for entry in data["history"][-HISTORY_SENT_MAX:]]

    def encoded(count: int) -> str:
        kept = history[len(history) - count:]
        return _pack({n: kept if n == "history" else short[n] for n in data}, compress)

    if len(whole := encoded(len(history))) <= SESSION_MAX_BYTES:
        return whole
    fits, too_many = 0, len(history)
    while fits + 1 < too_many:
        middle = (fits + too_many) // 2
        if len(encoded(middle)) <= SESSION_MAX_BYTES:
            fits = middle
        else:
            too_many = middle
    if len(best := encoded(fits)) <= SESSION_MAX_BYTES:
        return best
    # Even without history it is too long: lists go, then there is nothing to tell.
    short |= {"recent_changes": [], "api_specs": {}}
    return best if len(best := encoded(0)) <= SESSION_MAX_BYTES else None


def _pack(data: dict[str, Any], compress: bool) -> str:
    text = json.dumps(data, separators=(",", ":"))
    if compress and len(text) > COMPRESSION_THRESHOLD:
        # No time stamp, so that the same context is the same header.
        return "gzip:" + base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    return base64.b64encode(text.encode()).decode()


def _decode_session(value: str) -> dict[str, Any] | None:
    if len(value) > SESSION_MAX_BYTES:
        return None
    packed = value.startswith("gzip:")
    text = "".join(value.removeprefix("gzip:").split()).rstrip("=")
    text = text.replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        if packed or raw.startswith(b"\x1f\x8b"):
            raw = _inflated(raw)
        data = json.loads(raw)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _inflated(raw: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    data = inflater.decompress(raw, INFLATED_MAX_BYTES)
    if not inflater.eof:
        raise ValueError(f"the session is cut off or longer than {INFLATED_MAX_BYTES} bytes")
    return data
