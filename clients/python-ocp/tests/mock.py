"""A server that answers what a test tells it and remembers what it was asked."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
SEED_TOOLS = json.loads((DATA / "seed_tools.json").read_text())


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """What to say: JSON data or bytes."""

    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0


class Mock:
    """The server. `answers` holds, by method and path, one answer or a list of them that are
    given one after the other, the last one for good."""

    def __init__(self):
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        mock = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                mock._handle(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def calls(self, path: str) -> list[Asked]:
        """What was asked for at this path."""
        return [asked for asked in self.asked if asked.path == path]

    def only(self, path: str) -> Asked:
        """The one request for this path."""
        [asked] = self.calls(path)
        return asked

    def _handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        asked = Asked(handler.command, handler.path, dict(handler.headers.items()),
                      handler.rfile.read(length))
        with self._lock:
            self.asked.append(asked)
            found = self.answers.get(f"{asked.method} {asked.path}", Answer(404, {"error": "?"}))
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
        threading.Event().wait(found.delay_s)
        body = found.data if isinstance(found.data, bytes) else json.dumps(found.data).encode()
        if found.status == 304:
            body = b""
        try:
            handler.send_response(found.status)
            if "Content-Type" not in found.headers:
                handler.send_header("Content-Type", "application/json")
            for name, value in found.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            # The client gave up, which some tests want.
            handler.close_connection = True


def header(asked: Asked, name: str) -> str | None:
    """A header of a request, whatever the case of its name."""
    return next((v for n, v in asked.headers.items() if n.lower() == name.lower()), None)


def entry(base_url: str, name: str = "stripe", tools: list[dict] | None = None) -> dict[str, Any]:
    """An entry of a registry; without other tools, those of the seeds."""
    return {
        "name": name,
        "display_name": f"{name.title()} API",
        "description": "Payments for the internet.",
        "base_url": base_url,
        "tools": SEED_TOOLS if tools is None else tools,
    }


def tool(name: str, method: str, path: str, /, **parameters: tuple) -> dict[str, Any]:
    """A tool of a registry. Each parameter is (location, type) or (location, type, required)."""
    return {
        "name": name,
        "description": f"Does {name}",
        "method": method,
        "path": path,
        "parameters": {
            key: {"description": "", "required": bool(need), "location": place, "type": kind}
            for key, (place, kind, *need) in parameters.items()
        },
        "response_schema": {},
        "operation_id": name,
        "tags": [],
    }


def openapi(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A small OpenAPI 3.0 description."""
    return {"openapi": "3.0.3", "info": {"title": "T", "version": "1"},
            "servers": [{"url": "https://api.example.com"}], "paths": paths} | more
