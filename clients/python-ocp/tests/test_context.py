"""Rows 49 to 59: what a context does, and which ones are valid."""

import pytest

from ocp_agent import AgentContext, OCPHeaders, validate_and_fix_context, validate_context
from ocp_agent.context import HISTORY_MAX


def test_row_49_new():
    context = AgentContext("agent")
    assert context.context_id.startswith("ocp-") and len(context.context_id) == 12
    assert list(context.session) == ["start_time", "interaction_count", "agent_type"]
    assert (context.session["interaction_count"], context.session["agent_type"]) == (0, "agent")


def test_row_50_goal():
    context = AgentContext("agent")
    context.update_goal("g", "s")
    context.update_goal("h")
    assert (context.current_goal, context.context_summary) == ("h", "s")
    assert context.session["interaction_count"] == 2


def test_row_51_recent_changes():
    context = AgentContext("agent")
    for number in range(15):
        context.add_recent_change(f"change {number}")
    assert context.recent_changes == [f"change {number}" for number in range(5, 15)]


def test_rows_52_and_53_summary():
    context = AgentContext("agent")
    assert context.get_conversation_summary() == "New conversation"
    context.update_goal("g")
    context.set_error_context("e", "f.py")
    for word in "abcd":
        context.add_recent_change(word)
        context.add_interaction(f"did {word}")
    assert context.get_conversation_summary() == (
        "Goal: g | Error: e | Working on: f.py | Recent changes: b, c, d"
        " | Recent actions: did b, did c, did d")


def test_row_54_clone():
    context = AgentContext("agent", "u")
    context.add_interaction("x")
    other = context.clone()
    assert other.context_id.startswith("ocp-") and other.context_id != context.context_id
    assert other.to_dict() | {"context_id": ""} == context.to_dict() | {"context_id": ""}
    other.history.clear()
    assert context.history


def test_row_55_any_script():
    context = AgentContext("agent", user="用户", workspace="проект")
    read = OCPHeaders.decode_context(OCPHeaders.encode_context(context))
    assert (read.user, read.workspace) == ("用户", "проект")


def test_row_56_update_from_headers():
    context, theirs = AgentContext("agent", current_goal="old"), AgentContext("server")
    theirs.update_goal("new", "seen")
    theirs.add_interaction("server_did", "POST /x", "HTTP 200")
    headers = OCPHeaders.encode_context(theirs)
    own_id = context.context_id
    assert context.update_from_headers(headers, "shop")
    assert (context.current_goal, context.context_summary) == ("new", "seen")
    assert context.context_id == own_id
    assert [entry["action"] for entry in context.history] == ["server_did"]
    assert context.history[0]["metadata"] == {"api_name": "shop"}
    # The same answer again adds nothing.
    assert context.update_from_headers(headers) and len(context.history) == 1
    assert not context.update_from_headers({})


VALID = AgentContext("agent").to_dict()
ENTRY = {"timestamp": "2026-01-04T10:00:00Z", "action": "a"}


@pytest.mark.parametrize("row,data", [
    (57, VALID | {"context_id": "invalid-id"}),
    (57, {}),
    (57, None),
    (57, "x"),
    (59, VALID | {"recent_changes": ["c"] * 11}),
    (59, VALID | {"extra": 1}),
    (59, VALID | {"context_id": "ocp-ABCDEF12"}),
    (59, VALID | {"context_id": "ocp-1234567"}),
    (59, VALID | {"api_specs": {"my.api": "https://x"}}),
    (59, VALID | {"history": [ENTRY | {"interaction_id": "x"}]}),
    (59, VALID | {"session": {}}),
    (59, VALID | {"history": [{"action": "a"}]}),
    (59, VALID | {"created_at": "yesterday"}),
    (59, VALID | {"user": 3}),
])
def test_rows_57_and_59_invalid(row, data):
    result = validate_context(data)
    assert not result and result.errors


@pytest.mark.parametrize("data", [
    VALID, VALID | {"agent_type": ""}, VALID | {"user": "x" * 10_000}, VALID | {"history": [ENTRY]},
    VALID | {"api_specs": {"stripe": "cache"}},
])
def test_row_58_valid(data):
    assert validate_context(data).errors == []


def test_mending():
    context = AgentContext("agent", context_id="abcdef12")
    context.history = "none"
    mended, result = validate_and_fix_context(context)
    assert result.valid and (mended.context_id, mended.history) == ("ocp-abcdef12", [])


def test_the_history_is_bounded():
    context = AgentContext("agent")
    for number in range(HISTORY_MAX + 5):
        context.add_interaction(str(number))
    assert (len(context.history), context.history[0]["action"]) == (HISTORY_MAX, "5")


def test_an_api_is_told_its_own_part():
    context = AgentContext("agent")
    context.add_interaction("mine")
    context.add_interaction("a", metadata={"api_name": "a"})
    context.add_interaction("b", metadata={"api_name": "b"})
    context.add_api_spec("a", "registry:a")
    context.add_api_spec("b", "https://secret.example/openapi.json")
    told = context.told_to("a")
    assert [entry["action"] for entry in told.history] == ["mine", "a"]
    assert told.api_specs == {"a": "registry:a"}
    assert len(context.history) == 3
