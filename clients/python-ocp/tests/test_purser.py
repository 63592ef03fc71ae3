"""The snippets of the registry's pages against the real server, and money moved by an agent."""

import pytest
from mock import SEED_TOOLS
from snippet import run_snippet

from ocp_agent import OCPAgent, ValidationError, parse_context

KEY = "Bearer sk_test_python_ocp"
POST, GET, BALANCE = (tool["name"] for tool in SEED_TOOLS)


@pytest.fixture(autouse=True)
def surroundings(server, monkeypatch):
    """What a user sets before running the snippet: where the registry is, and the key."""
    monkeypatch.setenv("OCP_REGISTRY_URL", server.url)
    monkeypatch.setenv("OCP_AUTH_STRIPE", KEY)


@pytest.fixture
def stripe(server):
    agent = OCPAgent("reconciler", "alice", "shop", "reconcile cash balances", server.url, False)
    agent.register_api("stripe", headers={"Authorization": KEY})
    return agent


@pytest.fixture
def funded(stripe):
    """A customer with 50 dollars, made and funded by tools."""
    made = stripe.call_tool("postCustomers", {"email": "ada@example.com", "name": "Ada"})
    assert made.status_code == 200, made.text
    customer = made.json()["id"]
    fund = stripe.call_tool("postTestHelpersCustomersCustomerFundCashBalance",
                            {"customer": customer, "amount": 5000, "currency": "usd"})
    assert fund.status_code == 200, fund.text
    return customer, fund.json()["id"]


def test_the_seed_tools_are_there(stripe):
    for seed in SEED_TOOLS:
        tool = stripe.get_tool(seed["name"], "stripe")
        assert tool, seed["name"]
        assert (tool.method, tool.path, tool.operation_id) == (
            seed["method"], seed["path"], seed["operation_id"])
        for name, info in seed["parameters"].items():
            got = tool.parameters[name]
            assert {word: got[word] for word in ("location", "required", "type")} == {
                word: info[word] for word in ("location", "required", "type")}, name
        known = set((tool.response_schema or {}).get("properties", {}))
        assert set(seed["response_schema"]["properties"]) <= known | {"customer_account"}


def test_the_body_that_the_seeds_lack_is_declared(stripe):
    parameters = stripe.get_tool(POST).parameters
    assert {name: parameters[name]["location"] for name in ("settings", "expand")} == {
        "settings": "body", "expand": "body"}


def test_get_balance_as_printed(server):
    names = run_snippet(BALANCE)
    assert names["result"].status_code == 200, names["result"].text
    balance = names["result"].json()
    assert balance["object"] == "balance" and balance["livemode"] is False
    assert names["agent"].list_apis() == ["stripe"]
    assert names["agent"].known_apis["stripe"].base_url == server.url


@pytest.mark.parametrize("name,missing", [(POST, "customer"), (GET, "transaction")])
def test_the_others_as_printed_say_what_to_add(name, missing):
    with pytest.raises(ValidationError, match=f"Missing required parameter: {missing}"):
        run_snippet(name)


def test_cash_balance_snippet_with_parameters(funded):
    customer, _ = funded
    names = run_snippet(
        POST, f"'customer': '{customer}', 'settings': {{'reconciliation_mode': 'manual'}}")
    assert names["result"].status_code == 200, names["result"].text
    balance = names["result"].json()
    assert (balance["object"], balance["customer"]) == ("cash_balance", customer)
    assert balance["available"] == {"usd": 5000}
    assert balance["settings"] == {"reconciliation_mode": "manual",
                                   "using_merchant_default": False}


def test_transaction_snippet_with_parameters(funded):
    customer, transaction = funded
    names = run_snippet(
        GET, f"'customer': '{customer}', 'transaction': '{transaction}', 'expand': ['customer']")
    assert names["result"].status_code == 200, names["result"].text
    got = names["result"].json()
    assert (got["id"], got["type"], got["net_amount"]) == (transaction, "funded", 5000)
    assert got["object"] == "customer_cash_balance_transaction"


def test_sync_form(stripe):
    assert stripe.call_tool(BALANCE, {}).json()["object"] == "balance"


def test_through_the_other_prefix(server):
    agent = OCPAgent(registry_url=f"{server.url}/api/v1", enable_cache=False)
    agent.register_api("stripe", headers={"Authorization": KEY})
    assert agent.call_tool(BALANCE).status_code == 200


@pytest.mark.parametrize("document", ["openapi.json", "openapi-3.1.json"])
def test_from_the_description(server, document):
    agent = OCPAgent(enable_cache=False)
    agent.register_api("own", f"{server.url}/{document}", server.url,
                       headers={"Authorization": KEY})
    made = agent.call_tool("postCustomers", {"email": "b@example.com",
                                             "metadata": {"order": "7"}}).json()
    assert (made["email"], made["metadata"]) == ("b@example.com", {"order": "7"})
    changed = agent.call_tool(POST, {"customer": made["id"],
                                     "settings": {"reconciliation_mode": "manual"}})
    assert changed.json()["settings"]["reconciliation_mode"] == "manual"


def test_wrong_arguments_change_nothing(stripe, funded):
    customer, _ = funded
    with pytest.raises(ValidationError, match="Did you mean: settings"):
        stripe.call_tool(POST, {"customer": customer, "setings": {}})
    with pytest.raises(ValidationError, match="Parameter 'customer'"):
        stripe.call_tool(POST, {"customer": "..", "settings": {}})
    refused = stripe.call_tool(POST, {"customer": customer,
                                      "settings": {"no_such_setting": "manual"}})
    assert refused.status_code == 400 and refused.json()["error"]["type"] == "invalid_request_error"
    settings = stripe.call_tool("getCustomersCustomerCashBalance", {"customer": customer}).json()
    assert settings["settings"]["reconciliation_mode"] == "automatic"


def test_what_stands_inside_of_a_parameter_is_known(stripe, funded):
    customer, _ = funded
    with pytest.raises(ValidationError, match="should be one of: automatic, manual"):
        stripe.call_tool(POST, {"customer": customer,
                                "settings": {"reconciliation_mode": "manuall"}})
    # What may be an object or an empty text, which unsets it, is both.
    for metadata, kept in [({"order": "7"}, {"order": "7"}), ("", {})]:
        changed = stripe.call_tool("postCustomersCustomer",
                                   {"customer": customer, "metadata": metadata})
        assert changed.json()["metadata"] == kept, changed.text


def test_an_idempotency_key_holds(stripe):
    headers = {"Idempotency-Key": "python-ocp-once"}
    one, two = (stripe.call_tool("postCustomers", {"name": "Once"}, headers=headers).json()
                for _ in range(2))
    assert one == two


def test_without_a_key_the_answer_is_401(server, monkeypatch):
    monkeypatch.delenv("OCP_AUTH_STRIPE")
    agent = OCPAgent(registry_url=server.url, enable_cache=False)
    agent.register_api("stripe")
    assert agent.call_tool(BALANCE).status_code == 401


def test_the_context_is_taken_and_never_refused(stripe):
    for number in range(40):
        answer = stripe.call_tool(BALANCE)
        assert answer.status_code == 200, number
    returned = answer.headers.get("OCP-Context-ID")
    assert returned in (None, stripe.context.context_id)
    # At level 2 a context comes back, which every agent has to be able to read.
    assert "OCP-Session" not in answer.headers or parse_context(answer.headers)


def test_unknown_names_are_suggested(server):
    agent = OCPAgent(registry_url=server.url, enable_cache=False)
    with pytest.raises(Exception, match="not found in registry. Did you mean: stripe"):
        agent.register_api("stripes")
    assert "stripe" in agent.search_registry("stri") and "stripe" in agent.list_registry()
