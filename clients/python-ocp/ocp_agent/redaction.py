"""Takes secrets out of what an agent remembers and tells to servers.

Two rules: a value under a telling name is hidden whole, and whatever looks like a credential is
hidden inside any text. What remains has no more items, characters or depth than the limits here.
"""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "[redacted]"
DEPTH_MAX = 8
ITEMS_MAX = 50
TEXT_MAX_CHARS = 1000

_SECRET_NAME = re.compile(
    r"(?i)authori[sz]ation|passw|passphrase|secret|token|cookie|api[-_]?key|private[-_]?key"
    r"|credential|signature|^key$|^cvc$|^cvv$|^pin$|^ssn$|id[-_]?number|tax[-_]?id"
    r"|account[-_]?number|routing[-_]?number|sort[-_]?code|^iban$|^clabe$|^number$"
)
_SECRET_TEXT = re.compile(
    r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}"
    r"|\b(?:sk|rk|pk)_(?:test|live)_[A-Za-z0-9_]+|\bwhsec_[A-Za-z0-9+/=]+"
    r"|\bgh[pousr]_[A-Za-z0-9]{16,}|\bxox[abprs]-[A-Za-z0-9\-]+|\bAKIA[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*"
    r"|(?<=://)[^/\s@:]+:[^/\s@]+(?=@)"
)


def redacted_text(text: str) -> str:
    """The text without whatever looks like a credential."""
    return _SECRET_TEXT.sub(HIDDEN, text)


def redacted(value: Any, depth: int = 0) -> Any:
    """A copy of JSON data without secrets, within the limits of this module."""
    if isinstance(value, str):
        text = redacted_text(value)
        return text if len(text) <= TEXT_MAX_CHARS else text[: TEXT_MAX_CHARS - 1] + "…"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= DEPTH_MAX:
        return "[too deep]"
    if isinstance(value, dict):
        items = list(value.items())[:ITEMS_MAX]
        return {
            str(name): HIDDEN if _SECRET_NAME.search(str(name)) else redacted(item, depth + 1)
            for name, item in items
        }
    if isinstance(value, (list, tuple)):
        return [redacted(item, depth + 1) for item in value[:ITEMS_MAX]]
    return f"[{type(value).__name__}]"


def plain_url(url: str) -> str:
    """The URL without user, password, query and fragment, each of which may hold a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
