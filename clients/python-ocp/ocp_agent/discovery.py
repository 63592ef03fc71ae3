"""Finds the tools of an API in its description: OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0.

A description comes from a URL or a file, as JSON, or as YAML when PyYAML is installed. It is at
most SPEC_MAX_BYTES long and gives at most TOOLS_MAX tools.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from .errors import SchemaDiscoveryError, TransportError
from .operations import METHODS, operation_tool
from .redaction import plain_url
from .refs import Resolver
from .tools import OCPAPISpec, OCPTool
from .transport import SPEC_MAX_BYTES, Transport

TIMEOUT_S = 30
TOOLS_MAX = 10_000
FILES_KEPT_MAX = 16
FORMATS = (".json", ".yaml", ".yml")


class OCPSchemaDiscovery:
    """Reads descriptions. Those of files are kept until the file changes."""

    def __init__(self, transport: Transport | None = None):
        self.transport = transport or Transport()
        self.cached_specs: dict[tuple[str, int], dict[str, Any]] = {}

    def discover_api(
        self,
        spec_url: str,
        base_url: str | None = None,
        include_resources: list[str] | None = None,
        path_prefix: str | None = None,
    ) -> OCPAPISpec:
        """The API that a URL or a file describes. `include_resources` keeps only tools whose
        path begins with one of these words, after `path_prefix`."""
        spec, _ = self.load(spec_url)
        return self.parse(spec, spec_url, base_url, include_resources, path_prefix)

    def load(self, source: str, etag: str | None = None) -> tuple[dict[str, Any] | None, str]:
        """A description and its entity tag; None when it still is the one with this tag."""
        scheme = urlsplit(source).scheme
        if scheme in ("http", "https"):
            return self._fetch(source, etag)
        if scheme == "file":
            source = unquote(urlsplit(source).path)
        return self._read(Path(source)), ""

    def parse(
        self,
        spec: dict[str, Any],
        source: str = "",
        base_url: str | None = None,
        include_resources: list[str] | None = None,
        path_prefix: str | None = None,
    ) -> OCPAPISpec:
        """The API that this description tells of."""
        version = spec_version(spec)
        info = spec.get("info") if isinstance(spec.get("info"), dict) else {}
        resolver = Resolver(spec)
        tools = []
        paths = spec.get("paths") if isinstance(spec.get("paths"), dict) else {}
        wanted = {word.lower() for word in include_resources or []}
        for path, item in paths.items():
            item = resolver.follow(item)
            if wanted and _resource(path, path_prefix) not in wanted:
                continue
            for method, operation in item.items():
                if method.lower() not in METHODS or not isinstance(operation, dict):
                    continue
                if len(tools) >= TOOLS_MAX:
                    raise SchemaDiscoveryError(f"The API has more than {TOOLS_MAX} operations")
                if tool := operation_tool(resolver, path, method, item, operation):
                    tools.append(tool)
        return OCPAPISpec(
            title=info.get("title") or "Unknown API",
            version=str(info.get("version") or "1.0.0"),
            base_url=base_url or _base_url(spec, version, source),
            description=info.get("description") or "",
            tools=tools,
            raw_spec=spec,
        )

    def search_tools(self, api_spec: OCPAPISpec, query: str) -> list[OCPTool]:
        """Tools whose name or description holds the query, whatever its case. When none does,
        those that hold all of its words."""
        texts = [(tool, f"{tool.name}\n{tool.description}".lower()) for tool in api_spec.tools]
        found = [tool for tool, text in texts if query.lower() in text]
        words = query.lower().split()
        if found or len(words) < 2:
            return found
        return [tool for tool, text in texts if all(word in text for word in words)]

    def generate_tool_documentation(self, tool: OCPTool) -> str:
        """A tool in Markdown."""
        lines = [f"## {tool.name}", f"**Method:** {tool.method}", f"**Path:** {tool.path}",
                 f"**Description:** {tool.description}", ""]
        if tool.parameters:
            lines.append("### Parameters:")
            for name, info in tool.parameters.items():
                need = "(required)" if info.get("required") else "(optional)"
                place, text = info.get("location", "query"), info.get("description", "")
                lines.append(f"- **{name}** {need} [{place}]: {text}")
            lines.append("")
        if tool.tags:
            lines += [f"**Tags:** {', '.join(tool.tags)}", ""]
        return "\n".join(lines)

    def _fetch(self, url: str, etag: str | None) -> tuple[dict[str, Any] | None, str]:
        headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        shown = plain_url(url)
        try:
            answer = self.transport.send("GET", url, headers, None, TIMEOUT_S,
                                         body_max=SPEC_MAX_BYTES)
        except TransportError as error:
            raise SchemaDiscoveryError(
                f"Failed to fetch OpenAPI spec from {shown}: {error}") from error
        if answer.status_code == 304 and etag:
            return None, etag
        if not 200 <= answer.status_code < 300:
            raise SchemaDiscoveryError(
                f"Failed to fetch OpenAPI spec from {shown}: HTTP {answer.status_code}")
        try:
            spec = answer.json()
        except (ValueError, RecursionError) as error:
            if urlsplit(url).path.endswith((".yaml", ".yml")):
                return _yaml(answer.text, f"at {shown}"), answer.headers.get("ETag", "")
            raise SchemaDiscoveryError(f"Invalid JSON at {shown}: {error}") from error
        return _object(spec, shown), answer.headers.get("ETag", "")

    def _read(self, path: Path) -> dict[str, Any]:
        if path.suffix.lower() not in FORMATS:
            raise SchemaDiscoveryError(f"Unsupported file format: {path.suffix}. "
                                       f"Supported formats: {', '.join(FORMATS)}")
        try:
            path = path.expanduser().resolve()
            stat = path.stat()
        except OSError as error:
            raise SchemaDiscoveryError(f"File not found: {path}") from error
        key = (str(path), stat.st_mtime_ns)
        if key in self.cached_specs:
            return self.cached_specs[key]
        if stat.st_size > SPEC_MAX_BYTES:
            raise SchemaDiscoveryError(f"{path} is longer than {SPEC_MAX_BYTES} bytes")
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SchemaDiscoveryError(f"Cannot read {path}: {error}") from error
        if path.suffix.lower() != ".json":
            spec = _yaml(text, f"in file {path}")
        else:
            try:
                spec = _object(json.loads(text), str(path))
            except (ValueError, RecursionError) as error:
                raise SchemaDiscoveryError(f"Invalid JSON in file {path}: {error}") from error
        while len(self.cached_specs) >= FILES_KEPT_MAX:
            del self.cached_specs[next(iter(self.cached_specs))]
        self.cached_specs[key] = spec
        return spec


def spec_version(spec: dict[str, Any]) -> str:
    """`swagger_2`, `openapi_3.0`, `openapi_3.1` or `openapi_3.2`."""
    if "swagger" in spec:
        version = str(spec["swagger"])
        if version.startswith("2."):
            return "swagger_2"
        raise SchemaDiscoveryError(f"Unsupported Swagger version: {version}")
    if "openapi" in spec:
        version = str(spec["openapi"])
        if version.startswith(("3.0", "3.1", "3.2")):
            return f"openapi_{version[:3]}"
        raise SchemaDiscoveryError(f"Unsupported OpenAPI version: {version}")
    raise SchemaDiscoveryError(
        "Unable to detect spec version: missing 'swagger' or 'openapi' field")


def _base_url(spec: dict[str, Any], version: str, source: str) -> str:
    if version == "swagger_2":
        return _swagger_base_url(spec, source)
    servers = spec.get("servers")
    server = servers[0] if isinstance(servers, list) and servers else {}
    url = str(server.get("url") or "") if isinstance(server, dict) else ""
    variables = server.get("variables") if isinstance(server, dict) else None
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        url = url.replace("{" + name + "}", str(variable.get("default", "")))
    if not urlsplit(url).scheme and urlsplit(source).scheme in ("http", "https"):
        # Without servers, and with a relative one, it is where the description came from.
        return urljoin(source, url or "/")
    return url


def _swagger_base_url(spec: dict[str, Any], source: str) -> str:
    origin = urlsplit(source)
    schemes, host = spec.get("schemes"), spec.get("host")
    if not host:
        if origin.scheme not in ("http", "https"):
            return ""
        host, otherwise = origin.netloc.rpartition("@")[2], origin.scheme
    else:
        otherwise = "https"
    scheme = schemes[0] if isinstance(schemes, list) and schemes else otherwise
    return f"{scheme}://{host}{spec.get('basePath') or ''}"


def _resource(path: str, prefix: str | None) -> str | None:
    """The first word of a path that is no parameter, in lower case."""
    if prefix:
        prefix = "/" + prefix.strip("/")
        if path == prefix or path.startswith(prefix + "/"):
            path = path[len(prefix):]
    words = [word for word in path.replace(".", "/").split("/") if word]
    return next((word.lower() for word in words if not word.startswith("{")), None)


def _object(spec: Any, where: str) -> dict[str, Any]:
    if not isinstance(spec, dict):
        raise SchemaDiscoveryError(f"{where} is no description of an API: it is not an object")
    return spec


def _yaml(text: str, where: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise SchemaDiscoveryError(
            f"YAML {where} needs PyYAML: pip install 'ocp-agent[yaml]'") from error
    try:
        return _object(yaml.safe_load(text), where)
    except (yaml.YAMLError, RecursionError) as error:
        raise SchemaDiscoveryError(f"Invalid YAML {where}: {error}") from error
