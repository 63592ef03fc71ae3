"""One request over HTTP and its answer: redirects, retries, limits.

A redirect to another origin is followed for reads only, and takes none of the caller's headers
along. A request is sent again after 409, 429, 5xx, and after a timeout or a lost connection, but
only when sending twice does no harm: the method is idempotent, or an Idempotency-Key goes with it.
At most 1 + `retries_max` attempts; waits are bounded by BACKOFF_MAX_S and RETRY_AFTER_MAX_S.
"""

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from .errors import HTTPError, TransportError
from .redaction import plain_url

ANSWER_MAX_BYTES = 16 * 1024 * 1024
SPEC_MAX_BYTES = 64 * 1024 * 1024
REDIRECTS_MAX = 5
RETRIES_MAX = 3
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 8.0
RETRY_AFTER_MAX_S = 30.0
CHUNK_BYTES = 64 * 1024
USER_AGENT = "ocp-agent-python/0.1.0"

_REDIRECTS = (301, 302, 303, 307, 308)
_READS = ("GET", "HEAD", "OPTIONS")
_IDEMPOTENT = (*_READS, "PUT", "DELETE")
# What another origin may know of a request: how to answer it, nothing of who asks.
_HARMLESS = ("accept", "user-agent")


class Headers(Mapping[str, str]):
    """The headers of an answer. Names are found whatever their case."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()):
        self._items: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            known = self._items.get(name.lower())
            joined = f"{known[1]}, {value}" if known else value
            self._items[name.lower()] = (known[0] if known else name, joined)

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __iter__(self):
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Headers({sorted(self._items)})"


class Response:
    """An answer. It may be awaited, which gives the same object."""

    def __init__(self, status_code: int, reason: str, headers: Headers, content: bytes, url: str):
        self.status_code = status_code
        self.reason = reason
        self.headers = headers
        self.content = content
        self.url = url

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The body as text, in the charset that the answer names, else in UTF-8."""
        _, _, after = self.headers.get("Content-Type", "").lower().partition("charset=")
        charset = after.split(";")[0].strip(" \"'") or "utf-8"
        try:
            return self.content.decode(charset, "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON data. Raises ValueError when it is none."""
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raises HTTPError when the status is 400 or more."""
        if not self.ok:
            raise HTTPError(self)

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield  # Makes this a generator, which is what `await` asks for.

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


class _LeaveAsIs(urllib.request.HTTPErrorProcessor):
    """Every status is an answer; redirects and errors are judged here, not by urllib."""

    def http_response(self, request, response):
        return response

    https_response = http_response


class Transport:
    """Sends requests. `sleep` waits between attempts."""

    def __init__(
        self, retries_max: int = RETRIES_MAX, sleep: Callable[[float], None] = time.sleep
    ):
        self.retries_max = retries_max
        self.sleep = sleep
        # By hand, because the usual opener also opens files.
        self._opener = urllib.request.OpenerDirector()
        for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(),
                        urllib.request.HTTPSHandler(), _LeaveAsIs()):
            self._opener.add_handler(handler)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_s: float,
        body_max: int = ANSWER_MAX_BYTES,
    ) -> Response:
        """The answer, after redirects and retries. Raises TransportError when none came."""
        names = {name.lower() for name in headers}
        repeatable = method in _IDEMPOTENT or (method == "POST" and "idempotency-key" in names)
        for attempt in range(self.retries_max + 1):
            last = attempt == self.retries_max
            wait_s = _backoff_s(attempt)
            try:
                answer = self._follow(method, url, dict(headers), body, timeout_s, body_max)
            except _NoAnswer as error:
                if last or not (repeatable or error.unsent):
                    raise TransportError(str(error)) from error.__cause__
            else:
                asked_s = _retry_after_s(answer.headers.get("Retry-After"))
                if last or not _try_again(answer, repeatable) or asked_s > RETRY_AFTER_MAX_S:
                    return answer
                wait_s = max(wait_s, asked_s)
            self.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _follow(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None,
        timeout_s: float, body_max: int,
    ) -> Response:
        for _ in range(REDIRECTS_MAX + 1):
            answer = self._once(method, url, headers, body, timeout_s, body_max)
            location = answer.headers.get("Location")
            if answer.status_code not in _REDIRECTS or not location:
                return answer
            target = urljoin(url, location)
            elsewhere = origin(target) != origin(url)
            if method not in _READS:
                # A write goes on only where the same request is asked for at the same server.
                if elsewhere or answer.status_code not in (307, 308):
                    return answer
            if elsewhere:
                headers = {n: text for n, text in headers.items() if n.lower() in _HARMLESS}
            url = target
        raise TransportError(f"{plain_url(url)}: more than {REDIRECTS_MAX} redirects")

    def _once(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None,
        timeout_s: float, body_max: int,
    ) -> Response:
        shown = plain_url(url)
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise TransportError(f"{shown}: only http:// and https:// addresses are called")
        deadline = time.monotonic() + timeout_s
        try:
            request = urllib.request.Request(url, body, headers, method=method)
            if "user-agent" not in {name.lower() for name in headers}:
                request.add_header("User-Agent", USER_AGENT)
            with self._opener.open(request, timeout=timeout_s) as raw:
                content = _read(raw, body_max, deadline, shown)
                pairs = Headers(raw.headers.items())
                return Response(raw.status, raw.reason or "", pairs, content, url)
        except urllib.error.URLError as error:
            unsent = isinstance(error.reason, ConnectionRefusedError)
            raise _NoAnswer(f"{shown}: {_cause(error.reason)}", unsent) from error
        except (OSError, http.client.HTTPException) as error:
            raise _NoAnswer(f"{shown}: {_cause(error)}", False) from error
        except ValueError:
            # The text of this one may quote a header, and so a credential.
            raise TransportError(f"{shown}: a header or the address cannot be sent") from None


class _NoAnswer(Exception):
    """No answer came. `unsent` says that the request surely never arrived."""

    def __init__(self, text: str, unsent: bool):
        super().__init__(text)
        self.unsent = unsent


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, which together say whom credentials may be told."""
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname or "",
            parts.port or {"http": 80, "https": 443}.get(parts.scheme))


def _read(raw: Any, body_max: int, deadline: float, shown: str) -> bytes:
    parts, size = [], 0
    while chunk := raw.read1(CHUNK_BYTES):
        size += len(chunk)
        if size > body_max:
            raise TransportError(f"{shown}: the answer is longer than {body_max} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
        parts.append(chunk)
    if raw.length:
        raise http.client.IncompleteRead(b"", raw.length)
    return b"".join(parts)


def _cause(error: Any) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return str(error) or type(error).__name__


def _try_again(answer: Response, repeatable: bool) -> bool:
    if not repeatable:
        # Refused before anything happened, so that even this one may be repeated.
        return answer.status_code == 429
    told = answer.headers.get("Stripe-Should-Retry", "").lower()
    if told in ("true", "false"):
        return told == "true"
    return answer.status_code in (409, 429) or answer.status_code >= 500


def _backoff_s(attempt: int) -> float:
    longest = min(BACKOFF_FIRST_S * 2**attempt, BACKOFF_MAX_S)
    # Agents that failed together shall not come back together.
    return longest * (0.5 + random.random() / 2)


def _retry_after_s(text: str | None) -> float:
    if not text:
        return 0.0
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
