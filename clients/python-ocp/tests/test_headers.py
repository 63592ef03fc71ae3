"""Rows 38 to 48, the deterministic vectors, and the limits of what is written and read."""

import base64
import gzip
import hashlib
import json
from datetime import UTC, datetime

import pytest
from mock import DATA

from ocp_agent import AgentContext, OCPHeaders, create_ocp_headers, parse_context
from ocp_agent.headers import INFLATED_MAX_BYTES, SESSION_MAX_BYTES
from ocp_agent.redaction import HIDDEN

SEVEN = {"OCP-Context-ID", "OCP-Agent-Type", "OCP-Version", "OCP-Current-Goal", "OCP-User",
         "OCP-Workspace", "OCP-Session"}


def session_of(headers):
    value = headers["OCP-Session"]
    raw = base64.b64decode(value.removeprefix("gzip:"))
    return json.loads(gzip.decompress(raw) if value.startswith("gzip:") else raw)


def encoded(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.b64encode(text).decode()


def decoded(session, context_id="ocp-12345678"):
    return parse_context({"OCP-Context-ID": context_id, "OCP-Session": session})


def full_context():
    context = AgentContext("ide", "alice", "shop", "fix it", current_file="a.py",
                           error_context="E1", context_summary="s")
    for number in range(5):
        context.add_interaction(f"act {number}", "GET /x", "HTTP 200", {"n": number})
    for number in range(3):
        context.add_recent_change(f"change {number}")
    context.add_api_spec("a", "https://a.example/openapi.json")
    context.add_api_spec("b", "registry:b")
    return context


def test_row_38_minimal():
    headers = OCPHeaders.encode_context(AgentContext("agent"))
    assert set(headers) == {"OCP-Context-ID", "OCP-Session", "OCP-Agent-Type", "OCP-Version"}
    assert headers["OCP-Version"] == "1.0"


def test_row_39_goal_user_workspace():
    headers = OCPHeaders.encode_context(AgentContext("agent", "u", "w", "g"))
    assert set(headers) == SEVEN
    assert [headers[f"OCP-{n}"] for n in ("Current-Goal", "User", "Workspace")] == ["g", "u", "w"]


def test_row_40_without_compression():
    context = full_context()
    headers = OCPHeaders.encode_context(context, compress=False)
    assert not headers["OCP-Session"].startswith("gzip:")
    assert session_of(headers)["context_id"] == context.context_id


def test_row_41_big_context_is_compressed():
    headers = OCPHeaders.encode_context(full_context())
    assert headers["OCP-Session"].startswith("gzip:")
    assert len(session_of(headers)["history"]) == 5


def test_row_42_mixed_case_names():
    headers = OCPHeaders.encode_context(full_context())
    for change in (str.lower, str.upper, str.title):
        assert parse_context({change(n): v for n, v in headers.items()}).user == "alice"


def test_row_43_half_of_it():
    headers = OCPHeaders.encode_context(AgentContext("agent"))
    for name in ("OCP-Session", "OCP-Context-ID"):
        half = {name: headers[name]}
        assert parse_context(half) is None and not OCPHeaders.validate_headers(half)
    assert OCPHeaders.validate_headers(headers)


def test_row_44_no_session():
    assert decoded("invalid-base64-data") is None
    assert decoded(encoded(b"invalid json")) is None


@pytest.mark.parametrize("compress", [True, False])
def test_row_45_round_trip(compress):
    context = full_context()
    headers = OCPHeaders.encode_context(context, compress)
    assert parse_context(headers).to_dict() == context.to_dict()


def test_row_46_merge():
    base = {"Authorization": "Bearer x", "ocp-user": "mallory"}
    merged = create_ocp_headers(AgentContext("agent", "alice"), base)
    assert merged["Authorization"] == "Bearer x" and merged["OCP-User"] == "alice"
    assert "ocp-user" not in merged
    assert base == {"Authorization": "Bearer x", "ocp-user": "mallory"}


def test_row_47_strip():
    headers = create_ocp_headers(AgentContext("a", "u", "w", "g"), {"Authorization": "x"})
    headers["ocp-agent-goal"] = "old name"
    assert OCPHeaders.strip_ocp_headers(headers) == {"Authorization": "x"}


def test_row_48_summary():
    context = AgentContext("agent_x")
    text = OCPHeaders.get_context_summary(OCPHeaders.encode_context(context))
    assert text == (f"OCP Context: {context.context_id} | Agent: agent_x | Goal: none"
                    " | Workspace: none")
    assert OCPHeaders.get_context_summary({}).startswith("OCP Context: unknown | Agent: unknown")


def vector_context(user="alice", goal="reconcile cash balance"):
    created = datetime(2026, 1, 4, 10, tzinfo=UTC)
    return AgentContext(
        "ide_coding_assistant", user, "payment-service", goal, context_id="ocp-a1b2c3d4",
        created_at=created, last_updated=created.replace(second=1, microsecond=250_000))


def test_vector_1():
    session = OCPHeaders.encode_context(vector_context())["OCP-Session"]
    assert len(session) == 620
    assert session.startswith("eyJjb250ZXh0X2lkIjoib2NwLWExYjJjM2Q0Iiwi")
    assert session.endswith("KzAwOjAwIn0=")
    assert hashlib.sha256(session.encode()).hexdigest() == (
        "a71f6d0e8e743b0714e8a28fec62127932d7b2f40eccd580766e49ccf9475fea")


def test_vector_2_text_beyond_ascii():
    context = vector_context("André", "照合")
    headers = OCPHeaders.encode_context(context)
    assert "IkFuZHJcdTAwZTkiLCJ3" in headers["OCP-Session"]
    # The goal fits no header, so it travels in the session alone and the call is made all the same.
    assert headers["OCP-User"] == "André" and "OCP-Current-Goal" not in headers
    assert parse_context(headers).current_goal == "照合"


def test_vector_2_of_the_javascript_agent():
    data = vector_context("André", "照合").to_dict()
    data["created_at"] = "2026-01-04T10:00:00.000Z"
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    session = encoded(text.encode())
    assert "IkFuZHLDqSIsIndvcmtz" in session
    read = decoded(session, "ocp-a1b2c3d4")
    assert (read.user, read.current_goal) == ("André", "照合")
    assert read.created_at == datetime(2026, 1, 4, 10, tzinfo=UTC)


def test_vector_3_gzip_of_the_existing_agent():
    session = (DATA / "session_v3.txt").read_text().strip()
    read = decoded(session, "ocp-a1b2c3d4")
    assert (len(read.history), read.user, read.current_goal) == (4, "alice", None)


@pytest.mark.parametrize("count,packed", [(0, False), (1, True)])
def test_the_boundary_of_compression(count, packed):
    context = vector_context(goal="")
    short = len(json.dumps(context.to_dict(), separators=(",", ":")))
    context.current_goal = "g" * (1000 - short + count)
    headers = OCPHeaders.encode_context(context)
    assert headers["OCP-Session"].startswith("gzip:") is packed


PARTIAL = {"current_goal": "g"}


@pytest.mark.parametrize("session,goal", [
    ("", None),
    ("!!!", None),
    (encoded(PARTIAL), "g"),
    (encoded(PARTIAL).rstrip("="), "g"),
    (base64.urlsafe_b64encode(json.dumps({"current_goal": "g", "user": "??>>ÿÿ"}).encode())
     .decode(), "g"),
    (" " + encoded(PARTIAL)[:4] + " " + encoded(PARTIAL)[4:], "g"),
    (encoded(gzip.compress(json.dumps(PARTIAL).encode())), "g"),
    ("GZIP:" + encoded(PARTIAL), None),
    ("gzip:" + encoded(PARTIAL), None),
    ("gzip:" + encoded(gzip.compress(json.dumps(PARTIAL).encode())[:-9]), None),
    (encoded([1]), None),
    (encoded("text"), None),
    (encoded(None), None),
    (encoded({}), None),
    (encoded(PARTIAL | {"interaction_id": 1}), "g"),
    (encoded(PARTIAL | {"created_at": "yesterday", "history": "none", "session": 3}), "g"),
    (encoded(PARTIAL | {"user": "x" * SESSION_MAX_BYTES}), None),
    ("gzip:" + encoded(gzip.compress(b'{"user":"' + b"x" * INFLATED_MAX_BYTES + b'"}')), None),
    (encoded(b"[" * 5000), None),
])
def test_what_is_read_and_what_is_ignored(session, goal):
    read = decoded(session)
    assert (read.current_goal if read else None) == goal


def test_the_id_of_the_header_wins():
    assert decoded(encoded(PARTIAL | {"context_id": "ocp-ffffffff"})).context_id == "ocp-12345678"
    assert decoded(encoded(PARTIAL), "not an id!") is None


def test_the_session_never_outgrows_its_header():
    context = AgentContext("agent", current_goal="g")
    for number in range(1500):
        noise = hashlib.sha256(str(number).encode()).hexdigest()
        context.add_interaction(f"act {number}", f"GET /{noise}", noise, {"noise": noise})
    headers = OCPHeaders.encode_context(context)
    assert len(headers["OCP-Session"]) <= SESSION_MAX_BYTES
    sent = session_of(headers)
    # The newest is what matters, and not one entry more than needed is left out.
    assert sent["history"][-1]["action"] == "act 1499" and len(sent["history"]) > 20
    assert sent["current_goal"] == "g"


def test_a_session_that_cannot_fit_is_left_out():
    noise = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(400))
    context = AgentContext("agent")
    context.session = {str(n): noise[n * 900:][:900] for n in range(28)}
    headers = OCPHeaders.encode_context(context)
    assert "OCP-Session" not in headers and headers["OCP-Context-ID"] == context.context_id


def test_short_headers_keep_their_limits():
    context = AgentContext("my agent/é", "u" * 500, "two\nlines", " " + "g" * 9000)
    headers = OCPHeaders.encode_context(context)
    assert headers["OCP-Agent-Type"] == "my_agent__"
    assert (len(headers["OCP-User"]), len(headers["OCP-Current-Goal"])) == (64, 256)
    assert "OCP-Workspace" not in headers


def test_no_secret_is_told():
    context = AgentContext("agent", current_goal="use sk_live_abc123")
    context.add_interaction("x", "https://u:hunter2@h/", None, {
        "parameters": {"api_key": "k-1", "note": "Bearer abcdefghi", "card": {"number": "4242"},
                       "amount": 100}})
    headers = OCPHeaders.encode_context(context, compress=False)
    text = json.dumps(session_of(headers)) + headers["OCP-Current-Goal"]
    for secret in ("sk_live", "k-1", "abcdefghi", "4242"):
        assert secret not in text
    assert HIDDEN in text and '"amount": 100' in text
