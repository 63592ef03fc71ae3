"""Asks a registry for APIs. Nothing of the caller goes along: neither credentials nor context."""

import os
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from .errors import APINotFound, RegistryUnavailable, TransportError
from .redaction import plain_url
from .tools import OCPAPISpec, OCPTool
from .transport import SPEC_MAX_BYTES, Response, Transport

DEFAULT_REGISTRY_URL = "https://opencontextprotocol.io/api/v1"
URL_VARIABLE = "OCP_REGISTRY_URL"
ENTRY_TIMEOUT_S = 10
SEARCH_TIMEOUT_S = 5
SUGGESTIONS_MAX = 10
PREFIX_CHARS = 3
NAME_MAX_CHARS = 100


class OCPRegistry:
    """A registry, by default the one that OCP_REGISTRY_URL names, else the public one."""

    def __init__(self, registry_url: str | None = None, transport: Transport | None = None):
        url = registry_url or os.environ.get(URL_VARIABLE) or DEFAULT_REGISTRY_URL
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"Invalid registry URL: {url}")
        self.registry_url = url.rstrip("/")
        self.transport = transport or Transport()

    def get_api_spec(self, name: str, base_url: str | None = None) -> OCPAPISpec:
        """The API of this name. Raises APINotFound with names that come close."""
        entry, _ = self.get_entry(name)
        return entry_spec(entry or {}, name, base_url)

    def get_entry(
        self, name: str, etag: str | None = None
    ) -> tuple[dict[str, Any] | None, str]:
        """An entry and its entity tag; None when it still is the one with this tag."""
        name = clean_name(name)
        headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        answer = self._get(f"/registry/{quote(name, safe='')}", ENTRY_TIMEOUT_S, headers)
        if answer.status_code == 304 and etag:
            return None, etag
        if answer.status_code == 404:
            raise APINotFound(name, self._suggestions(name))
        if not 200 <= answer.status_code < 300:
            raise self._unavailable(f"HTTP {answer.status_code}")
        try:
            entry = answer.json()
        except (ValueError, RecursionError):
            raise self._unavailable("the answer is no JSON") from None
        if not isinstance(entry, dict):
            raise self._unavailable("the entry is no object")
        return entry, answer.headers.get("ETag", "")

    def search_apis(self, query: str) -> list[str]:
        """Names of APIs that the registry finds; none when it cannot be asked."""
        words = urlencode({"q": query, "per_page": SUGGESTIONS_MAX})
        found = self._names(f"/search?{words}")
        return found if found is not None else []

    def list_apis(self) -> list[str]:
        """Names of all APIs; none when the registry cannot be asked."""
        return self._names("/registry") or []

    def _suggestions(self, name: str) -> list[str]:
        found = self.search_apis(name)
        if not found and len(name) >= PREFIX_CHARS:
            found = self.search_apis(name[:PREFIX_CHARS])
        return found

    def _names(self, path: str) -> list[str] | None:
        try:
            answer = self._get(path, SEARCH_TIMEOUT_S, {"Accept": "application/json"})
            data = answer.json() if answer.ok else None
        except (RegistryUnavailable, ValueError, RecursionError):
            return None
        listed = data.get("results") if isinstance(data, dict) else data
        if not isinstance(listed, list):
            return None
        return [
            entry["name"] for entry in listed
            if isinstance(entry, dict) and isinstance(entry.get("name"), str)
        ]

    def _get(self, path: str, timeout_s: float, headers: dict[str, str]) -> Response:
        try:
            return self.transport.send("GET", self.registry_url + path, headers, None, timeout_s,
                                       body_max=SPEC_MAX_BYTES)
        except TransportError as error:
            raise self._unavailable(str(error)) from error

    def _unavailable(self, message: str) -> RegistryUnavailable:
        return RegistryUnavailable(plain_url(self.registry_url), message)


def clean_name(name: str) -> str:
    """The name of an API as registries have it: trimmed, in lower case, one path segment."""
    clean = name.strip().lower()
    if not clean or clean in (".", "..") or len(clean) > NAME_MAX_CHARS:
        raise ValueError(f"Invalid API name: '{name[:NAME_MAX_CHARS]}'. "
                         f"It has 1 to {NAME_MAX_CHARS} characters and is not '.' or '..'")
    return clean


def entry_spec(entry: dict[str, Any], name: str, base_url: str | None = None) -> OCPAPISpec:
    """The API that an entry of a registry tells of."""
    tools = entry.get("tools")
    read = [OCPTool.from_dict(tool) for tool in tools] if isinstance(tools, list) else []
    return OCPAPISpec(
        title=entry.get("display_name") or entry.get("name") or name,
        version="1.0.0",
        base_url=base_url or entry.get("base_url") or "",
        description=entry.get("description") or "",
        tools=[tool for tool in read if tool],
        raw_spec=entry,
    )
