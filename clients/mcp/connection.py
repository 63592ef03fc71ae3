"""Connects the official MCP client to Purser, as an agent would."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Self, TypeVar

import httpx2
from anyio.from_thread import start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters, Tool
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation
from running_purser import BINARY

KEY = "sk_test_x"
NAME = "purser-tests"
TIMEOUT_S = 60
PAGES_MAX = 100
# How to connect, and whether with the handshake that older clients make.
KINDS = [("http", "legacy"), ("http", "auto"), ("stdio", "legacy"), ("stdio", "auto")]

Answer = TypeVar("Answer")


class Connection:
    """A way to the tools of a server, open inside a `with` block. The client lives in a thread
    of its own, so that tests are plain functions."""

    def __init__(
        self, url: str, transport: str, mode: str, key: str = KEY,
        name: str = NAME, headers: dict[str, str] | None = None,
    ):
        """The client calls itself `name`. The `headers` go along over HTTP."""
        self.url = url
        self.transport = transport
        self.mode = mode
        self.key = key
        self.about = Implementation(name=name, version="1")
        self.headers = headers or {}
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        self._portal = self._open.enter_context(start_blocking_portal())
        client = self._portal.wrap_async_context_manager(self._connected())
        self._client = self._open.enter_context(client)
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.close()

    def run(self, work: Callable[[Client], Awaitable[Answer]]) -> Answer:
        """Does this with the connected client."""
        return self._portal.call(self._within_time, work)

    def call(self, name: str, arguments: dict[str, Any] | None = None):
        """Calls one tool. Raises MCPError where the protocol, not the tool, refuses."""
        return self.run(lambda client: client.call_tool(name, arguments or {}))

    def tools(self) -> dict[str, Tool]:
        """All tools by name, whatever the number of pages."""
        return {tool.name: tool for tool in self.run(all_tools)}

    async def _within_time(self, work):
        async with asyncio.timeout(TIMEOUT_S):
            return await work(self._client)

    @asynccontextmanager
    async def _connected(self):
        if self.transport == "stdio":
            arguments = ["mcp", "--url", self.url, "--api-key", self.key]
            command = StdioServerParameters(command=str(BINARY), args=arguments)
            async with Client(command, mode=self.mode, client_info=self.about) as client:
                yield client
            return
        key = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        # Plain HTTP needs no certificates, and loading them takes its time.
        async with httpx2.AsyncClient(
            headers=self.headers | key, timeout=TIMEOUT_S, trust_env=False, verify=False
        ) as http:
            way = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(way, mode=self.mode, client_info=self.about) as client:
                yield client


async def all_tools(client: Client) -> list[Tool]:
    """Every page of the list."""
    found: list[Tool] = []
    cursor = None
    for _ in range(PAGES_MAX):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found
    raise AssertionError(f"the list has more than {PAGES_MAX} pages")


def object_of(result) -> dict[str, Any]:
    """The object that a call answered with."""
    assert not result.is_error, text_of(result)
    assert isinstance(result.structured_content, dict), result
    return result.structured_content


def text_of(result) -> str:
    """What a result says to a model."""
    return "\n".join(part.text for part in result.content if part.type == "text")


def refusal_of(connection: Connection, name: str, arguments: dict[str, Any]) -> str:
    """The text of a refusal, which is a result that a model can read, not a broken call."""
    try:
        result = connection.call(name, arguments)
    except MCPError as error:
        raise AssertionError(f"a model never sees this: {error}") from error
    assert result.is_error, result
    return text_of(result)
