"""Keys for agents: what they may move, whom a person is asked, and what is noted of it."""

import re
import time
import uuid

import httpx2
import pytest
from connection import KEY, KINDS, Connection, object_of, text_of

PAY = "postPaymentIntents"
FUNDED = 100_000
LIMITS = ["--max-per-call", "eur=60000", "--max-per-day", "eur=70000",
          "--approve-above", "eur=20000"]
WAIT_S = 10
NAME = "till-agent"
SAID = {"OCP-Context-ID": "ocp-a1b2c3d4", "OCP-Agent-Type": NAME, "OCP-User": "ada",
        "OCP-Current-Goal": "pay the rent", "OCP-Version": "1.0"}


class Agent:
    """An agent with a key of its own, and the customer that it acts for."""

    def __init__(self, server, transport, mode, *flags):
        self.server = server
        self.transport = transport
        self.customer = ask(server, "POST", "/v1/customers", {"name": "Ada"})["id"]
        ask(server, "POST", f"/v1/test_helpers/customers/{self.customer}/fund_cash_balance",
            {"amount": FUNDED, "currency": "eur"})
        self.key = server.make_key("--customer", self.customer, *flags)
        self.connection = Connection(
            server.url, transport, mode, self.key["key"], NAME, SAID)

    def pay(self, amount, key=None, **more):
        """Pays from the cash balance. Each call has a key that no other has, unless one is given."""
        return self.connection.call(PAY, {
            "amount": amount, "currency": "eur", "customer": self.customer, "confirm": True,
            "payment_method_types": ["customer_balance"],
            "payment_method_data": {"type": "customer_balance"},
            **({} if more.get("dry_run") else {"idempotency_key": key or uuid.uuid4().hex}),
            **more,
        })

    def left(self):
        """What the customer has, as the books say."""
        path = f"/v1/customers/{self.customer}/cash_balance"
        return ask(self.server, "GET", path)["available"]["eur"]

    def requests(self, count):
        """What is noted about this customer, the newest first. A refusal is answered before it is
        noted, so this waits until there are so many."""
        deadline = time.monotonic() + WAIT_S
        while True:
            path = "/purser/v1/requests"
            noted = ask(self.server, "GET", path, {"customer": self.customer})["data"]
            if len(noted) >= count or time.monotonic() > deadline:
                return noted
            time.sleep(0.05)


def ask(server, method, path, params=None):
    """A request of somebody whose key has no limits, past the tools."""
    where = {"params": params} if method == "GET" else {"data": params}
    with httpx2.Client(trust_env=False, verify=False, timeout=60) as http:
        answer = http.request(method, server.url + path, auth=(KEY, ""), **where)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(result, code):
    """The error of a result that a model can read."""
    assert result.is_error, result
    error = result.structured_content["error"]
    assert error["code"] == code, error
    assert error["message"] in text_of(result)
    return error


@pytest.fixture(params=KINDS, ids=["-".join(kind) for kind in KINDS])
def make_agent(request, server):
    """Makes agents with keys of their own."""
    open_ones = []

    def make(*flags):
        agent = Agent(server, *request.param, *flags)
        agent.connection.__enter__()
        open_ones.append(agent.connection)
        return agent

    yield make
    for connection in open_ones:
        connection.__exit__(None, None, None)


@pytest.fixture
def agent(make_agent):
    return make_agent(*LIMITS)


def test_within_the_limits(agent):
    paid = object_of(agent.pay(20_000))
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 20_000)
    assert agent.left() == FUNDED - 20_000


def test_over_the_limit_of_a_call(agent):
    error = refused(agent.pay(60_001), "key_limit_exceeded")
    assert "60000 eur" in error["message"] and "amount_per_call" in error["message"]
    assert agent.left() == FUNDED
    assert ask(agent.server, "GET", "/v1/payment_intents", {"customer": agent.customer})[
        "data"] == []


def test_a_model_is_told_to_ask_a_person(agent):
    assert "ask a person" in text_of(agent.pay(60_001))


def test_over_the_limit_of_a_day(make_agent):
    agent = make_agent("--max-per-day", "eur=70000")
    object_of(agent.pay(60_000))
    error = refused(agent.pay(10_001), "key_limit_exceeded")
    assert "70000 eur" in error["message"] and "amount_per_day" in error["message"]
    assert agent.left() == FUNDED - 60_000
    object_of(agent.pay(10_000))
    assert agent.left() == FUNDED - 70_000


def test_another_currency_and_another_customer(agent):
    refused(agent.pay(100, currency="usd"), "key_limit_exceeded")
    other = ask(agent.server, "POST", "/v1/customers", {"name": "Bob"})["id"]
    refused(agent.pay(100, customer=other), "key_limit_exceeded")
    read = agent.connection.call("getCustomersCustomerCashBalance", {"customer": other})
    refused(read, "key_limit_exceeded")
    assert agent.left() == FUNDED


def test_a_person_approves(agent):
    key = uuid.uuid4().hex
    first = agent.pay(20_001, key)
    approval = refused(first, "approval_required")["approval"]
    assert approval.startswith("apr_") and approval in text_of(first)
    # A model learns what to do, with the key that makes it the same request.
    assert re.search(f'After that, call {PAY} with .* idempotency_key "{key}"', text_of(first))
    assert agent.left() == FUNDED
    # To ask again is no new request and changes nothing.
    assert refused(agent.pay(20_001, key), "approval_required")["approval"] == approval
    assert agent.left() == FUNDED

    shown = agent.server.approvals("show", approval)
    assert (shown["status"], shown["amounts"], shown["agent"]["type"]) == (
        "pending", {"eur": 20_001}, NAME)
    done = agent.server.approvals("approve", approval)
    assert (done["status"], done["response"]["status"]) == ("approved", 200)
    assert agent.left() == FUNDED - 20_001

    for _ in range(2):
        result = agent.pay(20_001, key)
        assert object_of(result)["id"] == done["response"]["body"]["id"]
        assert result.meta["purser/replayed"] is True
    assert agent.server.approvals("approve", approval)["status"] == "approved"
    assert agent.left() == FUNDED - 20_001
    paid = ask(agent.server, "GET", "/v1/payment_intents", {"customer": agent.customer})["data"]
    assert [intent["status"] for intent in paid] == ["succeeded"]


def test_a_person_rejects(agent):
    key = uuid.uuid4().hex
    approval = refused(agent.pay(30_000, key), "approval_required")["approval"]
    agent.server.approvals("reject", approval, "--reason", "the rent is paid")
    for _ in range(2):
        error = refused(agent.pay(30_000, key), "approval_rejected")
        assert "the rent is paid" in error["message"] and error["approval"] == approval
    assert agent.left() == FUNDED


def test_an_agent_cannot_approve(agent):
    approval = refused(agent.pay(30_000), "approval_required")["approval"]
    own = agent.connection.call("getPurserApprovalsId", {"id": approval})
    assert object_of(own)["status"] == "pending"
    tried = agent.connection.call("postPurserApprovalsIdApprove", {"id": approval})
    assert tried.is_error and "limits" in text_of(tried)
    assert agent.left() == FUNDED


def test_a_dry_run_is_judged_and_not_done(agent):
    rehearsed = object_of(agent.pay(5_000, dry_run=True))
    assert (rehearsed["status"], rehearsed["amount"]) == ("succeeded", 5_000)
    refused(agent.pay(60_001, dry_run=True), "key_limit_exceeded")
    held = agent.pay(30_000, dry_run=True)
    assert "approval" not in refused(held, "approval_required")
    listed = ask(agent.server, "GET", "/purser/v1/approvals", {"customer": agent.customer})
    assert listed["data"] == [] and agent.left() == FUNDED


def test_a_scope_for_one_tool(make_agent):
    agent = make_agent("--restricted", "--scope", f"tool:{PAY}")
    object_of(agent.pay(1_000))
    for tool, arguments in [("getCustomersCustomer", {"customer": agent.customer}),
                            ("postCustomersCustomer", {"customer": agent.customer, "name": "Eve"}),
                            ("postRefunds", {"payment_intent": "pi_none"})]:
        said = agent.connection.call(tool, arguments)
        assert said.is_error and f"tool:{tool}" in text_of(said), text_of(said)
    assert ask(agent.server, "GET", f"/v1/customers/{agent.customer}")["name"] == "Ada"
    assert agent.left() == FUNDED - 1_000


def test_no_agent_goes_unnoted(server, connection):
    """Also one with a whole key and without headers; older clients tell no name over HTTP."""
    made = object_of(connection.call("postCustomers", {"name": "Ada"}))["id"]
    object_of(connection.call("postTestHelpersCustomersCustomerFundCashBalance", {
        "customer": made, "amount": 100, "currency": "eur"}))
    deadline = time.monotonic() + WAIT_S
    noted = []
    while not noted and time.monotonic() < deadline:
        noted = ask(server, "GET", "/purser/v1/requests", {"customer": made})["data"]
    nameless = (connection.transport, connection.mode) == ("http", "legacy")
    assert [(one["operation"], one["agent"]["type"]) for one in noted] == [
        ("PostTestHelpersCustomersCustomerFundCashBalance",
         "mcp" if nameless else connection.about.name)]


def test_the_log_names_the_agent(agent):
    key = uuid.uuid4().hex
    object_of(agent.pay(1_000, key))
    approval = refused(agent.pay(30_000), "approval_required")["approval"]
    refused(agent.pay(60_001), "key_limit_exceeded")
    over, held, paid = agent.requests(3)
    for noted in (over, held, paid):
        told = noted["agent"]
        assert told["type"] == NAME and told["context_id"].startswith("ocp-"), told
        assert (noted["operation"], noted["key"]) == ("PostPaymentIntents", agent.key["masked"])
        if agent.transport == "http":
            assert (told["context_id"], told["goal"], told["user"]) == (
                "ocp-a1b2c3d4", "pay the rent", "ada")
    assert (paid["status"], paid["error_code"], paid["idempotency_key"]) == (200, None, key)
    assert (held["status"], held["error_code"], held["approval"]) == (
        403, "approval_required", approval)
    assert (over["status"], over["error_code"]) == (403, "key_limit_exceeded")
    # The entry in the books leads to the request, and so to the agent.
    entries = ask(agent.server, "GET", "/purser/v1/journal", {"limit": 20})["data"]
    assert paid["id"] in [entry["request"] for entry in entries]
