"""Rows 60 to 63, and what happens when servers are busy, lost, or send somebody elsewhere."""

import json
import time
from email.utils import formatdate

import pytest
from mock import Answer, header

from ocp_agent import AgentContext, HTTPError, OCPHTTPClient, Transport, TransportError
from ocp_agent.transport import Headers


@pytest.fixture
def client(mock, naps):
    context = AgentContext("agent")
    return OCPHTTPClient(context, base_url=mock.url + "/", headers={"Authorization": "Bearer x"},
                         transport=Transport(sleep=naps.append))


def test_row_60_relative_url(client, mock):
    assert OCPHTTPClient(AgentContext(), base_url="https://api.example.com/").base_url == (
        "https://api.example.com")
    mock.answers["GET /users"] = Answer(data=[])
    assert client.get("/users", params={"a": [1, 2]}).ok
    assert mock.only("/users").query == "a=1&a=2"


def test_row_61_absolute_url_of_another_host(client, mock, other):
    other.answers["GET /x"] = Answer(data={})
    assert client.get(f"{other.url}/x").url == f"{other.url}/x"
    assert mock.asked == []
    assert header(other.only("/x"), "Authorization") is None


def test_row_62_log(client, mock):
    mock.answers["GET /users"] = Answer(data=[])
    client.get("/users?token=abc")
    [entry] = client.context.history
    assert (entry["action"], entry["api_endpoint"], entry["result"]) == (
        "api_call_get", "GET /users", "HTTP 200")
    host = mock.url.removeprefix("http://")
    assert entry["metadata"] == {"method": "GET", "url": f"{mock.url}/users", "domain": host,
                                 "success": True, "status_code": 200, "api_name": "127.0.0.1"}
    client.get("/none")
    assert client.context.history[1]["result"] == "HTTP 404"
    assert client.context.history[1]["metadata"]["success"] is False


def test_row_63_no_log(mock):
    client = OCPHTTPClient(AgentContext(), auto_update_context=False, base_url=mock.url)
    client.get("/x")
    assert client.context.history == []


def test_an_answer(client, mock):
    mock.answers["GET /x"] = Answer(data="é".encode("latin-1"), headers={
        "Content-Type": "text/plain; charset=iso-8859-1", "X-A": "1"})
    answer = client.get("/x")
    assert (answer.text, answer.content, answer.status_code) == ("é", b"\xe9", 200)
    assert answer.headers["x-a"] == "1" and "X-a" in answer.headers
    answer.raise_for_status()
    with pytest.raises(HTTPError, match="HTTP 404") as caught:
        client.get("/none").raise_for_status()
    assert caught.value.response.json() == {"error": "?"}


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_sent_again(client, mock, naps, method, status):
    mock.answers[f"{method} /x"] = [Answer(status), Answer(status), Answer(data={"a": 1})]
    assert client.request(method, "/x").json() == {"a": 1}
    assert len(mock.asked) == 3 and 0.25 <= naps[0] <= 0.5 <= naps[1] <= 1
    keys = {header(asked, "Idempotency-Key") for asked in mock.asked}
    assert len(keys) == 1 and (keys != {None}) is (method == "POST")


def test_it_ends(client, mock, naps):
    mock.answers["POST /x"] = Answer(503)
    assert client.post("/x").status_code == 503
    assert (len(mock.asked), len(naps)) == (4, 3)


@pytest.mark.parametrize("method,status,attempts", [
    ("POST", 400, 1), ("POST", 402, 1), ("GET", 404, 1), ("PATCH", 500, 1), ("PATCH", 409, 1),
    ("PATCH", 429, 4),
])
def test_what_is_not_sent_again(client, mock, method, status, attempts):
    mock.answers[f"{method} /x"] = Answer(status)
    assert client.request(method, "/x").status_code == status
    assert len(mock.asked) == attempts


def test_stripe_should_retry_decides(client, mock):
    mock.answers["POST /x"] = [Answer(400, headers={"Stripe-Should-Retry": "true"}), Answer(200)]
    assert client.post("/x").ok and len(mock.asked) == 2
    mock.answers["POST /y"] = Answer(500, headers={"Stripe-Should-Retry": "false"})
    assert client.post("/y").status_code == 500 and len(mock.calls("/y")) == 1


def test_retry_after(client, mock, naps):
    date = formatdate(time.time() + 20, usegmt=True)
    mock.answers["GET /x"] = [Answer(429, headers={"Retry-After": "7"}),
                              Answer(503, headers={"Retry-After": date}),
                              Answer(429, headers={"Retry-After": "nonsense"}), Answer(200)]
    assert client.get("/x").ok
    assert naps[0] == 7 and 17 <= naps[1] <= 21 and naps[2] <= 2


def test_a_wait_that_is_too_long_is_not_waited(client, mock, naps):
    mock.answers["GET /x"] = Answer(429, headers={"Retry-After": "3600"})
    assert client.get("/x").status_code == 429 and naps == []


def test_timeouts(client, mock, naps):
    mock.answers["POST /x"] = [Answer(delay_s=1), Answer(data={"a": 1})]
    assert client.post("/x", timeout=0.2).json() == {"a": 1}
    assert len({header(asked, "Idempotency-Key") for asked in mock.asked}) == 1
    mock.answers["PATCH /x"] = Answer(delay_s=1)
    with pytest.raises(TransportError, match="timed out"):
        client.patch("/x", timeout=0.2)
    assert len(naps) == 1
    assert client.context.history[-1]["result"] == "no answer"


def test_a_refused_connection(naps):
    client = OCPHTTPClient(AgentContext(), transport=Transport(sleep=naps.append))
    with pytest.raises(TransportError, match="http://127.0.0.1:9/x: .*refused"):
        client.patch("http://127.0.0.1:9/x?secret=1")
    # Nothing arrived, so even a PATCH was sent again.
    assert len(naps) == 3


def test_an_own_key_is_kept(client, mock):
    mock.answers["POST /x"] = Answer(data={})
    client.post("/x", headers={"idempotency-key": "mine"})
    assert header(mock.only("/x"), "Idempotency-Key") == "mine"


def test_redirect_to_another_origin_takes_no_credentials(client, mock, other):
    mock.answers["GET /a"] = Answer(302, headers={"Location": "/b"})
    mock.answers["GET /b"] = Answer(302, headers={"Location": f"{other.url}/c"})
    other.answers["GET /c"] = Answer(data={"ok": 1})
    assert client.get("/a", headers={"X-API-Key": "k"}).json() == {"ok": 1}
    assert header(mock.only("/b"), "Authorization") == "Bearer x"
    there = {name.lower() for name in other.only("/c").headers}
    assert not {n for n in there if n.startswith("ocp-")} | (there & {"authorization", "x-api-key"})


@pytest.mark.parametrize("status,location,sent", [
    (307, "/b", 2), (308, "/b", 2), (301, "/b", 1), (302, "/b", 1), (303, "/b", 1),
    (307, "{other}/b", 1),
])
def test_a_write_is_redirected_only_as_it_is(client, mock, other, status, location, sent):
    mock.answers["POST /a"] = Answer(status, headers={"Location": location.format(other=other.url)})
    mock.answers["POST /b"] = Answer(data={})
    answer = client.post("/a", json={"n": 1})
    assert (len(mock.asked), other.asked) == (sent, [])
    assert answer.status_code == (200 if sent == 2 else status)
    assert all(asked.json() == {"n": 1} for asked in mock.asked)


def test_redirects_end(client, mock):
    mock.answers["GET /a"] = Answer(302, headers={"Location": "/a"})
    with pytest.raises(TransportError, match="more than 5 redirects"):
        client.get("/a")


def test_answers_are_bounded(mock):
    mock.answers["GET /a"] = Answer(data=b"x" * 100_000)
    with pytest.raises(TransportError, match="longer than 99999 bytes"):
        Transport().send("GET", f"{mock.url}/a", {}, None, 5, body_max=99_999)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x", "data:,x", "/x", "http://"])
def test_only_http(url):
    with pytest.raises(TransportError, match="only http"):
        Transport().send("GET", url, {}, None, 5)


def test_no_secret_in_an_error(mock):
    with pytest.raises(TransportError) as caught:
        Transport().send("GET", f"{mock.url}/x?key=abc", {"A": "sk_live_1\nX: y"}, None, 5)
    assert "sk_live" not in str(caught.value) and "abc" not in str(caught.value)
    assert "sk_live" not in repr(Headers([("Authorization", "sk_live_1")]))


def test_post_without_a_body(client, mock):
    mock.answers["POST /x"] = Answer(data={})
    client.post("/x")
    asked = mock.only("/x")
    assert (header(asked, "Content-Length"), header(asked, "Content-Type")) == ("0", None)
    client.post("/x", json={"a": [1, None]})
    assert json.loads(mock.asked[1].body) == {"a": [1, None]}
