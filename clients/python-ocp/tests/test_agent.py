"""Rows 70 to 75, and what the existing agents get wrong when they call."""

import asyncio
import inspect
import threading

import pytest
from mock import Answer, entry, header, openapi, tool

from ocp_agent import AgentContext, OCPAgent, OCPHeaders, Response, ValidationError, parse_context

LIST = tool("listItems", "GET", "/items", limit=("query", "integer"), tags=("query", "array"),
            created=("query", "object"), live=("query", "boolean"))
GET = tool("getItem", "GET", "/items/{id}", id=("path", "string", True))
MAKE = tool("makeItem", "POST", "/items", name=("body", "string", True),
            settings=("body", "object"), count=("body", "integer"))
SEED_POST = "postCustomersCustomerCashBalance"


@pytest.fixture
def items(agent, serve, mock):
    """An agent that knows three tools, whose server answers."""
    serve("shop", LIST, GET, MAKE)
    for key in ("GET /items", "GET /items/1", "POST /items"):
        mock.answers[key] = Answer(data={"ok": True})
    agent.register_api("shop", headers={"Authorization": "Bearer sk_test_1", "X-A": "1"})
    mock.asked.clear()
    return agent


def test_the_signatures_of_the_existing_agent():
    assert list(inspect.signature(OCPAgent).parameters)[:6] == [
        "agent_type", "user", "workspace", "agent_goal", "registry_url", "enable_cache"]
    assert list(inspect.signature(OCPAgent.register_api).parameters)[1:] == [
        "name", "spec_url", "base_url", "headers"]
    assert list(inspect.signature(OCPAgent.call_tool).parameters)[1:] == [
        "tool_name", "parameters", "api_name", "headers"]


def test_row_70_names(agent, serve):
    serve("github")
    serve("stripe")
    agent.register_api("GitHuB")
    agent.register_api("  stripe  ")
    assert agent.list_apis() == ["github", "stripe"] == list(agent.known_apis)
    assert len(agent.list_tools("STRIPE")) == 3
    assert agent.get_tool("getBalance", " GitHub ") is not None


def test_row_71_requests(items, mock):
    items.call_tool("listItems", {"limit": 10})
    items.call_tool("getItem", {"id": "1"})
    items.call_tool("makeItem", {"name": "n", "settings": {"a": [1]}})
    listed, got, made = mock.asked
    assert (listed.target, got.target, made.target) == ("/items?limit=10", "/items/1", "/items")
    assert made.json() == {"name": "n", "settings": {"a": [1]}}
    assert header(made, "Content-Type") == "application/json"


def test_row_72_missing_and_types(items, mock):
    with pytest.raises(ValueError, match=r"Parameter validation failed: "
                                         r"\['Missing required parameter: name'\]"):
        items.call_tool("makeItem", {})
    with pytest.raises(ValidationError, match="Missing required parameter: name"):
        items.call_tool("makeItem", {"name": None})
    assert items.call_tool("makeItem", {"name": 5}).ok
    for name, value in (("limit", "10"), ("limit", True), ("limit", 1.5), ("tags", "a"),
                        ("created", [1]), ("live", "true")):
        with pytest.raises(ValidationError, match=f"Parameter '{name}' should be"):
            items.call_tool("listItems", {name: value})
    assert len(mock.asked) == 1


def test_row_73_headers_of_the_call_win_and_the_others_stay(items, mock):
    items.call_tool("listItems")
    items.call_tool("listItems", headers={"x-a": "2", "X-B": "3"})
    first, second = mock.asked
    assert [header(first, n) for n in ("Authorization", "X-A")] == ["Bearer sk_test_1", "1"]
    assert [header(second, n) for n in ("Authorization", "X-A", "X-B")] == [
        "Bearer sk_test_1", "2", "3"]


def test_row_74_history_after_registering(agent, serve, mock):
    serve()
    agent.register_api("stripe")
    [registered] = agent.context.history
    assert (registered["action"], registered["api_endpoint"], registered["result"]) == (
        "api_registered", "registry:stripe", "Discovered 3 tools")
    assert registered["metadata"]["source"] == "registry"
    mock.answers["GET /spec.json"] = Answer(data=openapi({"/a": {"get": {}}}))
    agent.register_api("own", f"{mock.url}/spec.json")
    assert agent.context.history[1]["metadata"]["source"] == "openapi"
    assert agent.context.api_specs == {"stripe": "registry:stripe", "own": f"{mock.url}/spec.json"}
    agent.register_api("stripe")
    assert len(agent.context.history) == 2


def test_row_75_unknown(items):
    with pytest.raises(ValueError, match="Tool 'nonexistent' not found"):
        items.call_tool("nonexistent")
    with pytest.raises(ValueError, match="Did you mean: getItem"):
        items.call_tool("getItems")
    with pytest.raises(ValueError, match="Unknown API: unknown_api"):
        items.list_tools("unknown_api")
    with pytest.raises(ValueError, match="Unknown API: shopp. Did you mean: shop"):
        items.call_tool("getItem", {"id": 1}, "shopp")
    assert items.search_tools("x", "unknown_api") == []
    assert items.get_tool_documentation("nope") == "Tool 'nope' not found"
    assert "## getItem" in items.get_tool_documentation("getItem", "shop")


def test_search(items, mock):
    assert [t.name for t in items.search_tools("ITEM")] == ["listItems", "getItem", "makeItem"]
    mock.answers["GET /search"] = Answer(data={"results": [{"name": "shop"}]})
    mock.answers["GET /registry"] = Answer(data=[{"name": "shop"}, {"name": "stripe"}])
    assert items.search_registry("sh") == ["shop"]
    assert items.list_registry() == ["shop", "stripe"]


def test_both_forms(agent, serve, mock):
    serve()
    mock.answers["GET /v1/balance"] = Answer(data={"object": "balance"})
    assert agent.register_api("stripe").title == "Stripe API"
    answer = agent.call_tool("getBalance")

    async def awaited():
        assert (await agent.register_api("stripe")).title == "Stripe API"
        assert (await answer) is answer
        return await agent.call_tool("getBalance", {})

    assert asyncio.run(awaited()).json() == answer.json() == {"object": "balance"}
    assert isinstance(answer, Response)


def test_the_loop_goes_on(items, mock):
    mock.answers["GET /items"] = Answer(data={"n": 1}, delay_s=0.3)

    async def both():
        ticks = 0
        call = asyncio.create_task(items.call_tool_async("listItems", {"limit": 1}))
        while not call.done():
            ticks += 1
            await asyncio.sleep(0.01)
        return ticks, call.result().json()

    ticks, data = asyncio.run(both())
    assert ticks > 3 and data == {"n": 1}


def test_unknown_parameters_are_errors(agent, serve, mock):
    serve()
    agent.register_api("stripe")
    with pytest.raises(ValidationError, match="Unknown parameter: settings. Known parameters: "
                                              "customer"):
        agent.call_tool(SEED_POST, {"customer": "cus_1", "settings": {}})
    with pytest.raises(ValidationError, match="custmer. Did you mean: customer"):
        agent.call_tool(SEED_POST, {"custmer": "cus_1"})
    assert len(mock.asked) == 1 and agent.context.history[-1]["action"] == "api_registered"


@pytest.mark.parametrize("value,sent", [
    ("a b", "/items/a%20b"), ("a/b", "/items/a%2Fb"), ("cus%2F1", "/items/cus%252F1"),
    ("é", "/items/%C3%A9"), ("../../balance?x=1#", "/items/..%2F..%2Fbalance%3Fx%3D1%23"),
    ("{id}", "/items/%7Bid%7D"), ("$&", "/items/%24%26"), (7, "/items/7"),
])
def test_a_value_is_one_segment_of_the_path(items, mock, value, sent):
    items.call_tool("getItem", {"id": value})
    assert mock.asked[0].target == sent


@pytest.mark.parametrize("value", ["", ".", "..", True, ["a"], {"a": 1}, "\ud800"])
def test_values_that_no_path_can_hold(items, mock, value):
    with pytest.raises(ValidationError, match="'id'"):
        items.call_tool("getItem", {"id": value})
    assert mock.asked == []


def test_queries(items, mock):
    items.call_tool("listItems", {"tags": ["a", "b&c"], "created": {"gte": 1, "lt": 2},
                                  "live": True, "limit": None})
    items.call_tool("listItems", {"tags": []})
    assert mock.asked[0].query == (
        "tags=a&tags=b%26c&created%5Bgte%5D=1&created%5Blt%5D=2&live=true")
    assert mock.asked[1].target == "/items"


FORM = {"type": "object", "required": ["amount"], "properties": {
    "amount": {"type": "integer"}, "expand": {"type": "array", "items": {"type": "string"}},
    "settings": {"type": "object", "additionalProperties": False, "properties": {
        "mode": {"type": "string", "enum": ["automatic", "manual"]}}},
    "tags": {"type": "array", "items": {"type": "string"}}}}


@pytest.fixture
def form(agent, mock):
    """An agent of an API that takes forms, described by OpenAPI with a server of its own."""
    content = {"application/x-www-form-urlencoded": {
        "schema": FORM, "encoding": {n: {"style": "deepObject", "explode": True}
                                     for n in ("expand", "settings")}}}
    query = [{"name": "expand", "in": "query", "style": "deepObject", "explode": True,
              "schema": {"type": "array"}},
             {"name": "ids", "in": "query", "explode": False, "schema": {"type": "array"}}]
    mock.answers["GET /openapi.json"] = Answer(data=openapi({"/pay": {
        "post": {"operationId": "pay", "requestBody": {"content": content}},
        "get": {"operationId": "list", "parameters": query}}}, servers=[{"url": "/"}]))
    mock.answers["POST /pay"] = mock.answers["GET /pay"] = Answer(data={})
    agent.register_api("pay", f"{mock.url}/openapi.json")
    return agent


def test_forms(form, mock):
    form.call_tool("pay", {"amount": 5, "expand": ["a", "b"], "settings": {"mode": "manual"},
                           "tags": ["x", "y"]})
    asked = mock.only("/pay")
    assert header(asked, "Content-Type") == "application/x-www-form-urlencoded"
    assert asked.body == (b"amount=5&expand%5B0%5D=a&expand%5B1%5D=b&settings%5Bmode%5D=manual"
                          b"&tags=x&tags=y")
    form.call_tool("list", {"expand": ["a"], "ids": [1, 2]})
    assert mock.asked[-1].query == "expand%5B0%5D=a&ids=1%2C2"


@pytest.mark.parametrize("arguments,said", [
    ({"amount": 1, "settings": {"mod": "manual"}},
     "Unknown parameter: mod in 'settings'. Did you mean: mode?"),
    ({"amount": 1, "settings": {"mode": "manul"}},
     "'settings'.mode should be one of: automatic, manual. Did you mean: manual?"),
    ({"amount": 1, "tags": [1, ["x"]], "expand": "a"}, "'expand' should be array, got str"),
    ({"amount": "1"}, "'amount' should be integer, got str"),
])
def test_schemas_are_checked_inside(form, mock, arguments, said):
    with pytest.raises(ValidationError) as caught:
        form.call_tool("pay", arguments)
    assert said in str(caught.value)
    assert mock.calls("/pay") == []


def test_every_post_has_a_key_of_its_own(items, mock):
    items.call_tool("makeItem", {"name": "a"})
    items.call_tool("makeItem", {"name": "a"})
    items.call_tool("makeItem", {"name": "a"}, headers={"Idempotency-Key": "mine"})
    items.call_tool("listItems")
    keys = [header(asked, "Idempotency-Key") for asked in mock.asked]
    assert keys[2:] == ["mine", None] and len(set(keys[:2])) == 2 and all(keys[:2])


def test_a_retry_has_the_same_key(items, mock, naps):
    mock.answers["POST /items"] = [Answer(503), Answer(409), Answer(data={"id": 1})]
    assert items.call_tool("makeItem", {"name": "a"}).json() == {"id": 1}
    assert len({header(asked, "Idempotency-Key") for asked in mock.asked}) == 1
    assert len(mock.asked) == 3 == len(naps) + 1


def test_parameters_in_headers(agent, serve, mock):
    made = tool("mk", "POST", "/mk", n=("body", "integer"))
    made["parameters"]["Idempotency-Key"] = {"location": "header", "type": "string"}
    serve("shop", made)
    mock.answers["POST /mk"] = Answer(data={})
    agent.register_api("shop", headers={"Authorization": "x"})
    agent.call_tool("mk", {"n": 1, "Idempotency-Key": "k-1"})
    asked = mock.only("/mk")
    assert (header(asked, "Idempotency-Key"), header(asked, "Authorization")) == ("k-1", "x")
    with pytest.raises(ValidationError, match="no header can carry"):
        agent.call_tool("mk", {"Idempotency-Key": "k\r\nX: 1"})


def test_the_context_travels(serve, mock, make_agent):
    agent = make_agent(agent_type="coder", user="alice", workspace="shop", agent_goal="look")
    serve("shop", LIST)
    mock.answers["GET /items"] = Answer(data={})
    agent.register_api("shop")
    agent.call_tool("listItems", {"limit": 3})
    sent = parse_context(mock.only("/items").headers)
    assert sent.context_id == agent.context.context_id
    assert (sent.agent_type, sent.user, sent.workspace, sent.current_goal) == (
        "coder", "alice", "shop", "look")
    assert [e["action"] for e in sent.history] == ["api_registered", "tool_call:listItems"]
    assert sent.history[1]["metadata"]["parameters"] == {"limit": 3}
    assert [e["action"] for e in agent.context.history][2:] == [
        "api_call_get", "tool_response:listItems"]
    assert agent.context.history[3]["result"] == "200 OK"


def test_an_api_hears_nothing_of_another(agent, serve, mock, other):
    serve("shop", LIST)
    serve("bank", tool("readBank", "GET", "/bank"), base_url=other.url)
    mock.answers["GET /items"] = other.answers["GET /bank"] = Answer(data={})
    agent.register_api("shop", headers={"Authorization": "for shop"})
    agent.register_api("bank")
    agent.call_tool("listItems", {"limit": 42})
    agent.call_tool("readBank")
    told = parse_context(other.only("/bank").headers)
    assert {e["metadata"]["api_name"] for e in told.history} == {"bank"}
    assert told.api_specs == {"bank": "registry:bank"}
    assert header(other.only("/bank"), "Authorization") is None


def test_what_a_server_returns_is_taken_over(items, mock):
    theirs = AgentContext("server", context_id=items.context.context_id)
    theirs.update_goal("settle invoice 7", "balance read")
    theirs.add_interaction("noted", "GET /items", "HTTP 200")
    mock.answers["GET /items"] = Answer(data={}, headers=OCPHeaders.encode_context(theirs))
    items.call_tool("listItems")
    items.call_tool("listItems")
    assert items.context.current_goal == "settle invoice 7"
    assert items.context.context_summary == "balance read"
    assert [e["action"] for e in items.context.history].count("noted") == 1
    # A context about somebody else is left alone.
    theirs.context_id = "ocp-00000000"
    theirs.update_goal("other")
    mock.answers["GET /items"] = Answer(data={}, headers=OCPHeaders.encode_context(theirs))
    items.call_tool("listItems")
    assert items.context.current_goal == "settle invoice 7"


def test_errors_of_the_api_are_answers(items, mock):
    mock.answers["GET /items/9"] = Answer(404, {"error": {"code": "resource_missing"}})
    answer = items.call_tool("getItem", {"id": 9})
    assert (answer.status_code, answer.ok) == (404, False)
    assert items.context.history[-1]["result"] == "404 Not Found"


def test_no_answer_is_an_error_and_is_noted(items, mock):
    mock.close()
    with pytest.raises(Exception, match="refused"):
        items.call_tool("listItems")
    assert items.context.history[-1]["action"] == "tool_error:listItems"


def test_authorization_from_the_environment(agent, serve, mock, monkeypatch):
    monkeypatch.setenv("OCP_AUTH_STRIPE", "Bearer sk_test_env")
    serve()
    mock.answers["GET /v1/balance"] = Answer(data={})
    agent.register_api("stripe")
    agent.call_tool("getBalance")
    agent.register_api("stripe", headers={"authorization": "Bearer sk_test_own"})
    agent.call_tool("getBalance")
    sent = [header(asked, "Authorization") for asked in mock.calls("/v1/balance")]
    assert sent == ["Bearer sk_test_env", "Bearer sk_test_own"]
    assert "sk_test" not in repr(vars(agent))


def test_an_api_without_an_address(agent, mock):
    mock.answers["GET /registry/x"] = Answer(data=entry("", "x", [LIST]))
    agent.register_api("x")
    with pytest.raises(ValidationError, match="pass base_url"):
        agent.call_tool("listItems")


def test_a_body_that_cannot_be_sent(agent, mock):
    mock.answers["GET /spec.json"] = Answer(data=openapi({"/f": {"post": {
        "operationId": "up", "requestBody": {"required": True, "content": {
            "multipart/form-data": {"schema": {"type": "object"}}}}}}}))
    agent.register_api("files", f"{mock.url}/spec.json")
    with pytest.raises(ValidationError, match="multipart/form-data"):
        agent.call_tool("up")


def test_threads_share_an_agent(items, mock):
    def work():
        for _ in range(5):
            items.call_tool("makeItem", {"name": "a"})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({header(asked, "Idempotency-Key") for asked in mock.asked}) == 20
    assert len(items.context.history) == 1 + 20 * 3
