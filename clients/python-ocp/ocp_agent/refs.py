"""Follows `$ref` inside a description. Only what the description itself holds is ever looked up.

Schemas of answers come out as the existing agents make them: an object inside anyOf, oneOf or
allOf stays a reference, a circle ends in a placeholder. Cost: each reference is resolved once.
"""

from typing import Any
from urllib.parse import unquote

from .errors import SchemaDiscoveryError

DEPTH_MAX = 100
POLYMORPHIC = ("anyOf", "oneOf", "allOf")


class Resolver:
    """Resolves the references of one description."""

    def __init__(self, spec: dict[str, Any]):
        self.spec = spec
        self._resolved: dict[str, Any] = {}

    def lookup(self, ref: str) -> Any:
        """What a local reference names, or None when it names nothing here."""
        if not isinstance(ref, str) or not ref.startswith("#/"):
            return None
        found: Any = self.spec
        for word in ref[2:].split("/"):
            word = unquote(word).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and word in found:
                found = found[word]
            elif isinstance(found, list) and word.isdecimal() and int(word) < len(found):
                found = found[int(word)]
            else:
                return None
        return found

    def follow(self, value: Any) -> dict[str, Any]:
        """The object behind a reference, or the object itself; nothing but an object."""
        for _ in range(DEPTH_MAX):
            if not isinstance(value, dict) or "$ref" not in value:
                break
            value = self.lookup(value["$ref"])
        else:
            raise SchemaDiscoveryError(f"A reference leads on more than {DEPTH_MAX} times")
        return value if isinstance(value, dict) else {}

    def schema(self, value: Any) -> Any:
        """A schema with its references replaced."""
        return self._schema(value, False, (), 0)

    def _schema(self, value: Any, polymorphic: bool, stack: tuple[str, ...], depth: int) -> Any:
        if depth > DEPTH_MAX:
            raise SchemaDiscoveryError(f"A schema is nested more than {DEPTH_MAX} deep")
        if isinstance(value, list):
            return [self._schema(item, polymorphic, stack, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(ref := value.get("$ref"), str) and len(value) == 1:
            return self._ref(value, ref, polymorphic, stack, depth)
        chosen = next((word for word in POLYMORPHIC if word in value), None)
        out = {}
        if chosen:
            out[chosen] = self._schema(value[chosen], True, stack, depth + 1)
        for name, item in value.items():
            if name != chosen:
                out[name] = self._schema(item, polymorphic, stack, depth + 1)
        return out

    def _ref(
        self, value: dict, ref: str, polymorphic: bool, stack: tuple[str, ...], depth: int
    ) -> Any:
        target = self.lookup(ref)
        if target is None:
            return value
        is_object = isinstance(target, dict) and (
            target.get("type") == "object" or "properties" in target
        )
        if polymorphic and is_object:
            return value
        if ref in self._resolved:
            return self._resolved[ref]
        if ref in stack:
            circle = {"type": "object", "description": "Circular reference"}
            self._resolved[ref] = circle
            return circle
        resolved = self._schema(target, polymorphic, (*stack, ref), depth + 1)
        self._resolved[ref] = resolved
        return resolved

    def merged(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """One object schema out of references, allOf and alternatives. What every alternative
        requires is required; what one of them knows is known."""
        if depth > DEPTH_MAX:
            raise SchemaDiscoveryError(f"A schema is nested more than {DEPTH_MAX} deep")
        schema = self.follow(schema)
        out = {name: item for name, item in schema.items() if name not in POLYMORPHIC}
        out["properties"] = dict(out.get("properties") or {})
        required = list(out.get("required") or [])
        for part in schema.get("allOf") or []:
            part = self.merged(part, depth + 1)
            out = {**part, **out, "properties": part["properties"] | out["properties"]}
            required += part["required"]
        for word in ("oneOf", "anyOf"):
            parts = [self.merged(part, depth + 1) for part in schema.get(word) or []]
            for part in parts:
                out["properties"] = part["properties"] | out["properties"]
                out.setdefault("type", part.get("type"))
            if parts:
                shared = set.intersection(*(set(part["required"]) for part in parts))
                required += [name for name in parts[0]["required"] if name in shared]
        out["required"] = list(dict.fromkeys(required))
        return out
