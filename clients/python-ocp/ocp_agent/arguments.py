"""From the arguments of a call to a request: checks everything first, then encodes it.

Nothing is sent unless all is right: a required parameter that is missing, one that the tool does
not have, and a value of a wrong type are errors that say which and what was meant. A value in a
path is one segment of it, never more.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from .errors import ValidationError
from .names import did_you_mean
from .tools import OCPTool

DEPTH_MAX = 16
BODY_METHODS = ("POST", "PUT", "PATCH", "DELETE")

_PLACE = re.compile(r"\{([^{}]+)\}")
_TYPES = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, (list, tuple)),
    "object": lambda value: isinstance(value, Mapping),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~\-]+")
_ALTERNATIVES = ("anyOf", "oneOf", "allOf")


@dataclass
class BuiltRequest:
    """A request but for the headers of the agent. `address` is its URL without the query."""

    method: str
    address: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def url(self) -> str:
        """Address and query."""
        return f"{self.address}?{self.query}" if self.query else self.address


def build_request(
    tool: OCPTool, base_url: str, parameters: Mapping[str, Any] | None
) -> BuiltRequest:
    """The request of a call. Raises ValidationError when the arguments do not fit the tool."""
    # None says "not given", as it does in JSON for an optional field.
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    if faults := argument_faults(tool, given):
        raise ValidationError(f"Parameter validation failed: {faults}")
    if unsupported := tool.wire.get("unsupported"):
        raise ValidationError(f"Tool '{tool.name}' needs a body of type {unsupported}, "
                              "which this agent cannot send")
    if not base_url:
        raise ValidationError("The API names no address: pass base_url to register_api")
    sorted_by_place: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        place = tool.parameters[name].get("location") or "query"
        sorted_by_place.setdefault(place, {})[name] = value
    request = BuiltRequest(tool.method, base_url.rstrip("/") + _path(tool, sorted_by_place))
    request.query = urlencode(_query_pairs(tool, sorted_by_place.get("query", {})))
    for name, value in sorted_by_place.get("header", {}).items():
        request.headers[name] = _header(name, value)
    if cookies := sorted_by_place.get("cookie"):
        request.headers["Cookie"] = "; ".join(
            f"{quote(name)}={quote(_text(value))}" for name, value in cookies.items())
    _add_body(tool, request, sorted_by_place.get("body", {}))
    return request


def argument_faults(tool: OCPTool, given: Mapping[str, Any]) -> list[str]:
    """What is wrong with these arguments, one sentence each."""
    faults = [
        f"Missing required parameter: {name}"
        for name, info in tool.parameters.items()
        if info.get("required") and name not in given
    ]
    schemas = tool.wire.get("schemas", {})
    for name, value in given.items():
        info = tool.parameters.get(name)
        if info is None:
            known = ", ".join(tool.parameters) or "none"
            meant = did_you_mean(name, tool.parameters) or f". Known parameters: {known}"
            faults.append(f"Unknown parameter: {name}{meant}")
            continue
        # A registry may say in the parameter itself what its value looks like.
        told = {word: info[word] for word in ("items", "properties") if word in info}
        schema = schemas.get(name) or info.get("schema") or told
        if any(word in schema for word in _ALTERNATIVES):
            # Which alternative is meant is for the server to say; the first type is a guess.
            continue
        declared = {word: info[word] for word in ("type", "enum") if word in info}
        faults += _value_faults(f"'{name}'", value, {**schema, **declared}, 0)
    return faults


def _value_faults(where: str, value: Any, schema: Mapping[str, Any], depth: int) -> list[str]:
    """Checks what a description states plainly; what it leaves open, the server decides."""
    if depth > DEPTH_MAX:
        return [f"Parameter {where} is nested more than {DEPTH_MAX} deep"]
    if any(word in schema for word in _ALTERNATIVES) or (value is None and depth):
        return []
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _TYPES and not _TYPES[kind](value):
        return [f"Parameter {where} should be {kind}, got {type(value).__name__}"]
    allowed = schema.get("enum")
    if isinstance(allowed, list) and allowed and value not in allowed:
        meant = did_you_mean(value, map(str, allowed)) if isinstance(value, str) else ""
        listed = ", ".join(map(str, allowed[:20]))
        return [f"Parameter {where} should be one of: {listed}{meant}"]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_faults(where, value, schema)
    faults = []
    if isinstance(value, (list, tuple)):
        items_max = schema.get("maxItems")
        if isinstance(items_max, int) and len(value) > items_max:
            faults.append(f"Parameter {where} has at most {items_max} items")
        items = schema.get("items")
        for index, item in enumerate(value if isinstance(items, Mapping) else ()):
            faults += _value_faults(f"{where}[{index}]", item, items, depth + 1)
    elif isinstance(value, Mapping) and isinstance(schema.get("properties"), Mapping):
        faults += _object_faults(where, value, schema, depth)
    return faults


def _number_faults(where: str, value: float, schema: Mapping[str, Any]) -> list[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(low, (int, float)) and value < low:
        return [f"Parameter {where} should be {low} or more"]
    if isinstance(high, (int, float)) and value > high:
        return [f"Parameter {where} should be {high} or less"]
    return []


def _object_faults(
    where: str, value: Mapping[str, Any], schema: Mapping[str, Any], depth: int
) -> list[str]:
    properties = schema["properties"]
    required = schema.get("required")
    faults = [
        f"Missing required parameter: {name} in {where}"
        for name in required if name not in value
    ] if isinstance(required, list) else []
    for name, item in value.items():
        if isinstance(properties.get(name), Mapping):
            faults += _value_faults(f"{where}.{name}", item, properties[name], depth + 1)
        elif name not in properties and schema.get("additionalProperties") is False:
            meant = did_you_mean(str(name), properties)
            faults.append(f"Unknown parameter: {name} in {where}{meant}")
    return faults


def _path(tool: OCPTool, by_place: Mapping[str, Mapping[str, Any]]) -> str:
    values = by_place.get("path", {})

    def filled(match: re.Match) -> str:
        name = match[1]
        if name not in values:
            raise ValidationError(f"Parameter validation failed: "
                                  f"['Missing required parameter: {name}']")
        return _segment(name, values[name])

    # In one pass, so that a value that looks like a placeholder stays a value.
    path = _PLACE.sub(filled, tool.path)
    if not path.startswith("/"):
        path = "/" + path
    if any(word in (".", "..") for word in path.split("/")):
        raise ValidationError(f"The path of tool '{tool.name}' leads elsewhere: {tool.path}")
    return path


def _segment(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValidationError(f"Parameter '{name}' stands in the path, so it is text or a number, "
                              f"not {type(value).__name__}")
    text = str(value)
    if text in ("", ".", ".."):
        raise ValidationError(f"Parameter '{name}' stands in the path and must not be '{text}'")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise ValidationError(f"Parameter '{name}' is no valid text") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _header(name: str, value: Any) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValidationError(f"Parameter '{name}' is no name of a header")
    text = ",".join(map(_text, value)) if isinstance(value, (list, tuple)) else _text(value)
    if any(ord(letter) < 32 or ord(letter) == 127 or ord(letter) > 255 for letter in text):
        raise ValidationError(f"Parameter '{name}' has characters that no header can carry")
    return text


def _query_pairs(tool: OCPTool, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for name, value in values.items():
        style = tool.wire.get("styles", {}).get(name, {})
        pairs += _pairs(name, value, style)
    return pairs


def _pairs(name: str, value: Any, style: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of a query or a form, in the style that the description asks for."""
    kind = style.get("style") or "form"
    if kind == "json":
        return [(name, json.dumps(value))]
    if isinstance(value, Mapping):
        # `form` would lose the name of the object; brackets are what servers expect.
        return _deep(name, value, 0)
    if not isinstance(value, (list, tuple)):
        return [(name, _text(value))]
    if kind == "deepObject" or any(isinstance(v, (Mapping, list, tuple)) for v in value):
        return _deep(name, value, 0)
    texts = [_text(item) for item in value if item is not None]
    if style.get("explode", kind == "form"):
        return [(name, text) for text in texts]
    joint = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(kind, ",")
    return [(name, joint.join(texts))] if texts else []


def _deep(name: str, value: Any, depth: int) -> list[tuple[str, str]]:
    if depth > DEPTH_MAX:
        raise ValidationError(f"Parameter '{name}' is nested more than {DEPTH_MAX} deep")
    if isinstance(value, Mapping):
        parts = [(f"{name}[{key}]", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{name}[{index}]", item) for index, item in enumerate(value)]
    else:
        return [] if value is None else [(name, _text(value))]
    return [pair for key, item in parts for pair in _deep(key, item, depth + 1)]


def _add_body(tool: OCPTool, request: BuiltRequest, values: Mapping[str, Any]) -> None:
    if not values:
        return
    if tool.method not in BODY_METHODS:
        raise ValidationError(f"A {tool.method} has no body, so it cannot carry {list(values)}")
    names = tool.wire.get("names", {})
    kind = tool.wire.get("body", "json")
    if kind == "form":
        styles = tool.wire.get("styles", {})
        pairs = [pair for name, value in values.items()
                 for pair in _pairs(names.get(name, name), value, styles.get(name, {}))]
        request.body = urlencode(pairs).encode()
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        return
    data = next(iter(values.values())) if kind == "whole" else {
        names.get(name, name): value for name, value in values.items()
    }
    try:
        request.body = json.dumps(data, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValidationError(f"The arguments are no JSON data: {error}") from None
    request.headers["Content-Type"] = tool.wire.get("media", "application/json")
