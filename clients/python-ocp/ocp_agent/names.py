"""The names of tools, made from operation ids as every agent of the protocol makes them.

A name has to come out the same everywhere, so the rules here are those of the existing agents,
oddities included: a run of capitals counts as one word.
"""

import difflib
import re
from collections.abc import Iterable

_CAMEL = re.compile(r"([a-z0-9])([A-Z])")
_SEPARATORS = re.compile(r"[/_.\-]+")


def normalize_name(text: str) -> str:
    """`meta/root` to `metaRoot`. Text without any word comes back as it is."""
    if not text:
        return text
    words = _SEPARATORS.sub(" ", _CAMEL.sub(r"\1 \2", text)).split()
    if not words:
        return text
    later = (word[0].upper() + word[1:].lower() for word in words[1:])
    return words[0].lower() + "".join(later)


def is_valid_name(name: str) -> bool:
    """Whether a tool may be called this."""
    return bool(name) and name[0].isalpha()


def tool_name(operation_id: str | None, method: str, path: str) -> str | None:
    """The name of an operation: from its id, else from method and path, else none at all."""
    if operation_id:
        name = normalize_name(operation_id)
        if is_valid_name(name):
            return name
    plain = path.replace("/", "_").replace("{", "").replace("}", "")
    name = normalize_name(method.lower() + plain)
    return name if is_valid_name(name) else None


def did_you_mean(word: str, known: Iterable[str], count: int = 3) -> str:
    """`. Did you mean: a, b?` when known words come close, else nothing."""
    by_lower = {}
    for name in known:
        by_lower.setdefault(name.lower(), name)
    close = difflib.get_close_matches(word.lower(), by_lower, n=count, cutoff=0.6)
    return f". Did you mean: {', '.join(by_lower[name] for name in close)}?" if close else ""
