"""An agent: registers APIs, finds their tools, calls them.

What `register_api` and `call_tool` return is the result itself, and may be awaited as well, so
that code for either form runs unchanged. Both block; `register_api_async` and `call_tool_async` do
the same in a thread. Each API is told only its own part of the history.
"""

import asyncio
import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .arguments import BuiltRequest, build_request
from .context import AgentContext
from .discovery import OCPSchemaDiscovery
from .errors import OCPError, RegistryUnavailable, SchemaDiscoveryError
from .http_client import TIMEOUT_S, OCPHTTPClient, merged
from .names import did_you_mean
from .redaction import plain_url
from .registry import OCPRegistry, clean_name, entry_spec
from .storage import OCPStorage
from .tools import OCPAPISpec, OCPTool
from .transport import RETRIES_MAX, Response, Transport

CACHE_MAX_AGE_DAYS = 7
APIS_MAX = 100
LOOKUP_RETRIES_MAX = 1
TOOLS_NAMED_MAX = 20
AUTH_VARIABLE = "OCP_AUTH_"


@dataclass
class _Registered:
    """An API as this agent knows it. Its headers are never shown."""

    spec: OCPAPISpec
    source: str
    base_url: str | None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


class OCPAgent:
    """An agent and its context.

    `registry_url` is where `register_api` looks names up; without one, OCP_REGISTRY_URL, else the
    public registry. `enable_cache` keeps APIs in ~/.ocp for CACHE_MAX_AGE_DAYS days. `max_retries`
    is how often a request is sent again when no harm can come of it.
    """

    def __init__(
        self,
        agent_type: str = "ai_agent",
        user: str | None = None,
        workspace: str | None = None,
        agent_goal: str | None = None,
        registry_url: str | None = None,
        enable_cache: bool = True,
        *,
        max_retries: int = RETRIES_MAX,
    ):
        self.context = AgentContext(
            agent_type=agent_type, user=user, workspace=workspace, current_goal=agent_goal)
        self.transport = Transport(max_retries)
        # Whoever registers an API waits for it, so a lookup gives up sooner than a call.
        lookup = Transport(min(max_retries, LOOKUP_RETRIES_MAX))
        self.discovery = OCPSchemaDiscovery(lookup)
        self.registry = OCPRegistry(registry_url, lookup)
        self.storage = OCPStorage() if enable_cache else None
        self._apis: dict[str, _Registered] = {}
        self._lock = threading.RLock()

    @property
    def known_apis(self) -> dict[str, OCPAPISpec]:
        """The registered APIs by name."""
        return {name: api.spec for name, api in self._apis.items()}

    def register_api(
        self,
        name: str,
        spec_url: str | None = None,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OCPAPISpec:
        """Finds an API: by name in the registry, or by the URL or file of its description.

        `headers` go with every call of this API. Without an Authorization among them the value of
        the environment variable OCP_AUTH_<NAME> is used, when there is one. Registering again
        with other headers replaces them; with another source or address, the API.
        """
        name = clean_name(name)
        source = spec_url or f"registry:{name}"
        headers = {str(key): str(value) for key, value in (headers or {}).items()}
        with self._lock:
            known = self._apis.get(name)
            if known and (known.source, known.base_url) == (source, base_url):
                if headers:
                    known.headers = _with_auth(name, headers)
                return known.spec
            if not known and len(self._apis) >= APIS_MAX:
                raise ValueError(f"An agent has at most {APIS_MAX} APIs")
        spec, cached = self._find(name, spec_url, base_url)
        spec.name = name
        with self._lock:
            self._apis[name] = _Registered(spec, source, base_url, _with_auth(name, headers))
        shown = plain_url(source) if spec_url else source
        self.context.add_api_spec(re.sub(r"[^a-z0-9_-]", "-", name), shown)
        self.context.add_interaction(
            "api_registered",
            shown,
            f"Discovered {len(spec.tools)} tools",
            {
                "api_name": name,
                "api_title": spec.title,
                "tool_count": len(spec.tools),
                "base_url": plain_url(spec.base_url),
                "source": "openapi" if spec_url else "registry",
                "cached": cached,
            },
        )
        return spec

    async def register_api_async(self, name: str, **options: Any) -> OCPAPISpec:
        """`register_api` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.register_api, name, **options)

    def list_apis(self) -> list[str]:
        """The names of the registered APIs."""
        return list(self._apis)

    def search_registry(self, query: str) -> list[str]:
        """Names of APIs that the registry finds for this query."""
        return self.registry.search_apis(query)

    def list_registry(self) -> list[str]:
        """Names of all APIs of the registry."""
        return self.registry.list_apis()

    def list_tools(self, api_name: str | None = None) -> list[OCPTool]:
        """The tools of one API, or of all."""
        if api_name:
            if (api := self._api(api_name)) is None:
                raise ValueError(f"Unknown API: {api_name}{did_you_mean(api_name, self._apis)}")
            return list(api.spec.tools)
        return [tool for api in list(self._apis.values()) for tool in api.spec.tools]

    def search_tools(self, query: str, api_name: str | None = None) -> list[OCPTool]:
        """Tools whose name or description holds the query."""
        if api_name:
            api = self._api(api_name)
            return self.discovery.search_tools(api.spec, query) if api else []
        return [tool for api in list(self._apis.values())
                for tool in self.discovery.search_tools(api.spec, query)]

    def get_tool(self, tool_name: str, api_name: str | None = None) -> OCPTool | None:
        """The first tool of this name, or None."""
        return next((t for t in self.list_tools(api_name) if t.name == tool_name), None)

    def get_tool_documentation(self, tool_name: str, api_name: str | None = None) -> str:
        """A tool in Markdown."""
        tool = self.get_tool(tool_name, api_name)
        if tool is None:
            return f"Tool '{tool_name}' not found"
        return self.discovery.generate_tool_documentation(tool)

    def call_tool(
        self,
        tool_name: str,
        parameters: Mapping[str, Any] | None = None,
        api_name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Calls a tool. `headers` go with this call, beside those of the API.

        Raises ValueError when there is no such tool, ValidationError when the arguments do not
        fit it, both before anything is sent, and TransportError when no answer came. An answer
        with an error status is returned like any other.
        """
        api, tool = self._locate(tool_name, api_name)
        request = build_request(tool, api.spec.base_url, parameters)
        self.context.add_interaction(
            f"tool_call:{tool_name}",
            plain_url(request.address),
            "executing",
            {
                "api_name": api.spec.name,
                "tool_name": tool_name,
                "parameters": dict(parameters or {}),
                "method": tool.method,
            },
        )
        return self._send(api, tool_name, request, headers or {})

    async def call_tool_async(self, tool_name: str, *args: Any, **options: Any) -> Response:
        """`call_tool` in a thread, so that the event loop goes on."""
        return await asyncio.to_thread(self.call_tool, tool_name, *args, **options)

    def update_goal(self, goal: str, summary: str | None = None) -> None:
        """Sets what the agent is after."""
        self.context.update_goal(goal, summary)

    def _send(
        self, api: _Registered, tool_name: str, request: BuiltRequest, headers: Mapping[str, str]
    ) -> Response:
        client = OCPHTTPClient(
            self.context, base_url=api.spec.base_url, api_name=api.spec.name,
            transport=self.transport)
        # Least specific first: the API's own, the arguments of the tool, the call's.
        call_headers = {str(key): str(value) for key, value in headers.items()}
        sent = merged(api.headers, request.headers, call_headers)
        about: dict[str, Any] = {"api_name": api.spec.name}
        where = plain_url(request.address)
        try:
            answer = client.request(request.method, request.url, data=request.body, headers=sent,
                                    timeout=TIMEOUT_S)
        except OCPError as error:
            about |= {"error_type": type(error).__name__, "error_message": str(error)}
            self.context.add_interaction(f"tool_error:{tool_name}", where, f"Error: {error}", about)
            raise
        about |= {"status_code": answer.status_code, "success": answer.ok,
                  "response_size": len(answer.content)}
        result = f"{answer.status_code} {answer.reason}".strip()
        self.context.add_interaction(f"tool_response:{tool_name}", where, result, about)
        return answer

    def _api(self, name: str) -> _Registered | None:
        return self._apis.get(name.strip().lower())

    def _locate(self, tool_name: str, api_name: str | None) -> tuple[_Registered, OCPTool]:
        known = [tool.name for tool in self.list_tools(api_name)]
        api = self._api(api_name) if api_name else None
        for candidate in [api] if api else list(self._apis.values()):
            for tool in candidate.spec.tools:
                if tool.name == tool_name:
                    return candidate, tool
        meant = did_you_mean(tool_name, known) or "."
        more = f" and {len(known) - TOOLS_NAMED_MAX} more" if len(known) > TOOLS_NAMED_MAX else ""
        raise ValueError(f"Tool '{tool_name}' not found{meant} "
                         f"Available tools: {known[:TOOLS_NAMED_MAX]}{more}")

    def _find(
        self, name: str, spec_url: str | None, base_url: str | None
    ) -> tuple[OCPAPISpec, bool]:
        """The API, and whether it comes from the cache. What is cached counts only for the same
        source and address, and where the server knows entity tags, only while it is current."""
        # Where the description comes from is part of the key: two registries, two APIs.
        key = {
            "source": spec_url or f"registry:{name}",
            "registry_url": None if spec_url else self.registry.registry_url,
            "base_url_override": base_url,
        }
        kept = self.storage.get_cached(name, CACHE_MAX_AGE_DAYS) if self.storage else None
        if kept and any(kept[1].get(word, "") != value for word, value in key.items()):
            kept = None
        etag = kept[1].get("etag") if kept else None
        if kept and not etag:
            return kept[0], True
        try:
            if spec_url:
                data, new_etag = self.discovery.load(spec_url, etag)
            else:
                data, new_etag = self.registry.get_entry(name, etag)
        except (RegistryUnavailable, SchemaDiscoveryError):
            if kept:
                # What was right when it was kept is better than nothing.
                return kept[0], True
            raise
        if data is None:
            if kept:
                return kept[0], True
            raise SchemaDiscoveryError(f"{name}: the server sent no description")
        if spec_url:
            spec = self.discovery.parse(data, spec_url, base_url)
        else:
            spec = entry_spec(data, name, base_url)
        if self.storage:
            self.storage.cache_api(name, spec, key | {"etag": new_etag})
        return spec, False


def _with_auth(name: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers, with the Authorization of the environment when they have none."""
    variable = AUTH_VARIABLE + re.sub(r"[^A-Z0-9]", "_", name.upper())
    value = os.environ.get(variable)
    if value and "authorization" not in {key.lower() for key in headers}:
        return headers | {"Authorization": value}
    return headers
