"""What an agent knows of an API: its tools, each one operation with its parameters."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class OCPTool:
    """One operation of an API.

    `parameters` maps a name to its description, type, location and whether it is required.
    `wire` holds what only the sender has to know, and is empty for tools of a registry:
    `body` (json, form or whole), `schemas`, `styles` and `names` by parameter, and
    `unsupported`, the media type of a required body that this package cannot send.
    """

    name: str
    description: str
    method: str
    path: str
    parameters: dict[str, dict[str, Any]]
    response_schema: dict[str, Any] | None = None
    operation_id: str | None = None
    tags: list[str] | None = None
    wire: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The tool as JSON data, in the protocol's order of fields."""
        data = {
            "name": self.name,
            "method": self.method,
            "path": self.path,
            "description": self.description,
            "parameters": self.parameters,
            "response_schema": self.response_schema,
            "operation_id": self.operation_id,
            "tags": self.tags,
        }
        return data | ({"wire": self.wire} if self.wire else {})

    @classmethod
    def from_dict(cls, data: Any) -> Self | None:
        """A tool from JSON data; None when it has no name, method or path."""
        if not isinstance(data, dict):
            return None
        texts = [data.get(name) for name in ("name", "method", "path")]
        if not all(isinstance(text, str) and text for text in texts):
            return None
        name, method, path = texts
        parameters = data.get("parameters")
        wire = data.get("wire")
        return cls(
            name=name,
            description=data.get("description") or "",
            method=method.upper(),
            path=path,
            parameters={
                str(key): info for key, info in parameters.items() if isinstance(info, dict)
            } if isinstance(parameters, dict) else {},
            response_schema=data.get("response_schema"),
            operation_id=data.get("operation_id"),
            tags=data.get("tags") or [],
            wire=wire if isinstance(wire, dict) else {},
        )


@dataclass
class OCPAPISpec:
    """A described API. It may be awaited, which gives the same object."""

    title: str
    version: str
    base_url: str
    description: str
    tools: list[OCPTool]
    raw_spec: dict[str, Any] = field(default_factory=dict, repr=False)
    name: str | None = None

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield  # Makes this a generator, which is what `await` asks for.
