"""Requests that carry the context of an agent, and what the agent remembers of them."""

import json as json_data
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from .context import AgentContext
from .errors import OCPError
from .headers import OCP_CONTEXT_ID, create_ocp_headers
from .redaction import plain_url
from .transport import Response, Transport, origin

TIMEOUT_S = 30


class OCPHTTPClient:
    """Sends requests with the headers of the protocol.

    With a `base_url` and `headers` it belongs to one API: these headers go to its origin alone,
    and servers of other origins are told nothing of it. `auto_update_context` notes each request
    in the history and takes over the context that the API returns.
    """

    def __init__(
        self,
        context: AgentContext,
        auto_update_context: bool = True,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        api_name: str | None = None,
        transport: Transport | None = None,
    ):
        self.context = context
        self.auto_update_context = auto_update_context
        self.base_url = base_url.rstrip("/") if base_url else None
        self.headers = dict(headers or {})
        self.api_name = api_name
        self.transport = transport or Transport()

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_S,
    ) -> Response:
        """Sends a request; a relative URL is one of `base_url`. Headers of the call win over
        those of the client, and those of the protocol over both."""
        method = method.upper()
        url = self._full_url(url)
        if params:
            url += ("&" if urlsplit(url).query else "?") + urlencode(params, doseq=True)
        body = data.encode() if isinstance(data, str) else data
        own = self.headers if self._is_ours(url) else {}
        sent = merged(own, headers or {})
        names = {name.lower() for name in sent}
        if json is not None:
            body = json_data.dumps(json).encode()
            if "content-type" not in names:
                sent["Content-Type"] = "application/json"
        if method == "POST" and "idempotency-key" not in names:
            sent["Idempotency-Key"] = str(uuid.uuid4())
        told = self.context.told_to(self._scope(url))
        sent = create_ocp_headers(told, sent)
        try:
            answer = self.transport.send(method, url, sent, body, timeout)
        except OCPError:
            self._note(method, url, None)
            raise
        self._note(method, url, answer)
        self._take_over(url, answer)
        return answer

    def get(self, url: str, **options: Any) -> Response:
        """Sends a GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """Sends a POST, with an idempotency key of its own unless it has one."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        """Sends a PUT."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        """Sends a PATCH."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        """Sends a DELETE."""
        return self.request("DELETE", url, **options)

    def _full_url(self, url: str) -> str:
        if urlsplit(url).scheme or not self.base_url:
            return url
        return urljoin(self.base_url + "/", url.lstrip("/"))

    def _is_ours(self, url: str) -> bool:
        return self.base_url is None or origin(url) == origin(self.base_url)

    def _scope(self, url: str) -> str:
        """Whom the history of this request may be told: the API, or else the host."""
        return self.api_name or urlsplit(url).hostname or ""

    def _note(self, method: str, url: str, answer: Response | None) -> None:
        if not self.auto_update_context:
            return
        parts = urlsplit(url)
        metadata = {
            "method": method,
            "url": plain_url(url),
            "domain": parts.netloc.rpartition("@")[2],
            "success": bool(answer and answer.ok),
            "status_code": answer.status_code if answer else None,
            "api_name": self._scope(url),
        }
        result = f"HTTP {answer.status_code}" if answer else "no answer"
        self.context.add_interaction(
            f"api_call_{method.lower()}", f"{method} {parts.path or '/'}", result, metadata)

    def _take_over(self, url: str, answer: Response) -> None:
        """A context is taken only from the API itself, and only when it is about this agent."""
        if not self.auto_update_context or origin(answer.url) != origin(url):
            return
        if self._is_ours(url) and answer.headers.get(OCP_CONTEXT_ID) == self.context.context_id:
            self.context.update_from_headers(answer.headers, self._scope(url))


def merged(*sets: Mapping[str, str]) -> dict[str, str]:
    """Sets of headers as one. Later ones win, whatever the case of a name."""
    out: dict[str, tuple[str, str]] = {}
    for headers in sets:
        out |= {name.lower(): (name, value) for name, value in headers.items()}
    return dict(out.values())
