"""Makes one tool out of one operation of an OpenAPI or Swagger description.

Names, parameters and schemas of answers are those that the existing agents make. On top of that,
references and parameters of the path are understood, form bodies and composed bodies too, and
`OCPTool.wire` says how to send them.
"""

from typing import Any

from .names import tool_name
from .refs import Resolver
from .tools import OCPTool

METHODS = ("get", "post", "put", "patch", "delete")
NO_DESCRIPTION = "No description provided"
FORM = "application/x-www-form-urlencoded"


def operation_tool(
    resolver: Resolver, path: str, method: str, item: dict[str, Any], operation: dict[str, Any]
) -> OCPTool | None:
    """The tool of an operation, or None when no name can be made for it."""
    operation_id = operation.get("operationId")
    name = tool_name(operation_id, method, path)
    if name is None:
        return None
    tool = OCPTool(
        name=name,
        description=operation.get("summary") or operation.get("description") or NO_DESCRIPTION,
        method=method.upper(),
        path=path,
        parameters={},
        response_schema=_answer(resolver, operation),
        operation_id=operation_id,
        tags=operation.get("tags") or [],
    )
    form_fields = {}
    for parameter in _parameters(resolver, item, operation):
        if parameter["in"] == "body":
            _add_body(resolver, tool, parameter.get("schema") or {}, "json", {},
                      bool(parameter.get("required")))
        elif parameter["in"] == "formData":
            form_fields[parameter["name"]] = parameter
        else:
            _add_parameter(resolver, tool, parameter)
    if form_fields:
        _add_swagger_form(tool, form_fields)
    _add_request_body(resolver, tool, operation)
    return tool


def _parameters(resolver: Resolver, item: dict, operation: dict) -> list[dict[str, Any]]:
    """Those of the path, each replaced in its place by the operation's own of the same name."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for listed in (item.get("parameters"), operation.get("parameters")):
        for parameter in listed if isinstance(listed, list) else []:
            parameter = resolver.follow(parameter)
            name = parameter.get("name")
            if isinstance(name, str) and name:
                place = parameter.get("in") or "query"
                found[(place, name)] = {**parameter, "in": place}
    return list(found.values())


def _add_parameter(resolver: Resolver, tool: OCPTool, parameter: dict[str, Any]) -> None:
    name, schema = parameter["name"], parameter.get("schema")
    if not isinstance(schema, dict):
        content = parameter.get("content")
        media = next(iter(content.values()), {}) if isinstance(content, dict) else {}
        # Swagger 2 says on the parameter itself what OpenAPI 3 says in its schema.
        schema = media.get("schema") or {
            word: parameter[word] for word in ("type", "format", "enum", "items")
            if word in parameter
        }
        if content:
            _wire(tool, "styles")[name] = {"style": "json"}
    schema = resolver.follow(schema)
    tool.parameters[name] = _info(schema, parameter.get("description"),
                                  bool(parameter.get("required")), parameter["in"])
    if "format" in schema:
        tool.parameters[name]["format"] = schema["format"]
    _note_schema(resolver, tool, name, schema)
    multi = parameter.get("collectionFormat")
    if multi or parameter.get("type") == "array":
        _wire(tool, "styles")[name] = {"style": "form", "explode": multi == "multi"}
    style = {word: parameter[word] for word in ("style", "explode") if word in parameter}
    if style:
        _wire(tool, "styles")[name] = style


def _info(schema: dict, description: Any, required: bool, location: str) -> dict[str, Any]:
    info = {
        "description": description or "",
        "required": required or location == "path",
        "location": location,
        "type": _type(schema),
    }
    return info | ({"enum": schema["enum"]} if "enum" in schema else {})


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        # 3.1 says "or null" with a list of types.
        kinds = [word for word in kind if word != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema or "allOf" in schema else "string"


def _add_request_body(resolver: Resolver, tool: OCPTool, operation: dict[str, Any]) -> None:
    body = resolver.follow(operation.get("requestBody"))
    content = body.get("content")
    if not isinstance(content, dict) or not content:
        return
    plain = {name.split(";")[0].strip().lower(): media for name, media in content.items()}
    json_type = next((n for n in plain if n == "application/json" or n.endswith("+json")), None)
    if json_type:
        media, kind = plain[json_type], "json"
        if json_type != "application/json":
            tool.wire["media"] = json_type
    elif FORM in plain:
        media, kind = plain[FORM], "form"
    else:
        if body.get("required"):
            tool.wire["unsupported"] = next(iter(plain))
        return
    media = media if isinstance(media, dict) else {}
    encoding = media.get("encoding")
    _add_body(resolver, tool, media.get("schema") or {}, kind,
              encoding if isinstance(encoding, dict) else {}, bool(body.get("required")))


def _add_body(
    resolver: Resolver, tool: OCPTool, schema: dict, kind: str, encoding: dict, required: bool
) -> None:
    merged = resolver.merged(schema)
    tool.wire["body"] = kind
    if not merged["properties"] and kind == "json" and _type(merged) != "object":
        # A body that is no object is one parameter of its own.
        whole = resolver.follow(schema)
        name = _add_body_parameter(tool, "body", whole, required)
        tool.wire["body"] = "whole"
        _note_schema(resolver, tool, name, whole)
        return
    for field, info in merged["properties"].items():
        info = resolver.follow(info)
        name = _add_body_parameter(tool, field, info, field in merged["required"])
        _note_schema(resolver, tool, name, info)
        style = resolver.follow(encoding.get(field))
        style = {word: style[word] for word in ("style", "explode") if word in style}
        if kind == "form" and style:
            _wire(tool, "styles")[name] = style


def _add_body_parameter(tool: OCPTool, field: str, schema: dict, required: bool) -> str:
    """Adds a field of the body. A name that the path or the query has already gets a prefix, so
    that both can be said."""
    name = field
    while name in tool.parameters:
        name = f"body_{name}"
    if name != field:
        _wire(tool, "names")[name] = field
    tool.parameters[name] = _info(schema, schema.get("description"), required, "body")
    return name


def _add_swagger_form(tool: OCPTool, fields: dict[str, dict[str, Any]]) -> None:
    if any(field.get("type") == "file" for field in fields.values()):
        tool.wire["unsupported"] = "multipart/form-data"
        return
    tool.wire["body"] = "form"
    for field, parameter in fields.items():
        _add_body_parameter(tool, field, parameter, bool(parameter.get("required")))


def _note_schema(resolver: Resolver, tool: OCPTool, name: str, schema: dict[str, Any]) -> None:
    """Keeps the schema where it says more than the type does."""
    if any(word in schema for word in ("properties", "items", "anyOf", "oneOf", "allOf",
                                       "minimum", "maximum", "maxItems", "additionalProperties")):
        _wire(tool, "schemas")[name] = resolver.schema(schema)


def _wire(tool: OCPTool, name: str) -> dict[str, Any]:
    return tool.wire.setdefault(name, {})


def _answer(resolver: Resolver, operation: dict[str, Any]) -> dict[str, Any] | None:
    responses = operation.get("responses")
    for status, response in responses.items() if isinstance(responses, dict) else ():
        if not str(status).startswith("2"):
            continue
        response = resolver.follow(response)
        if isinstance(response.get("schema"), dict):
            return resolver.schema(response["schema"])
        content = response.get("content")
        media = content.get("application/json") if isinstance(content, dict) else None
        if isinstance(media, dict) and isinstance(media.get("schema"), dict):
            return resolver.schema(media["schema"])
    return None
