"""Keys with limits, a person who approves, and what the server knows of the agent that asked."""

import time
import uuid

import pytest

from ocp_agent import OCPAgent

PAY = "postPaymentIntents"
FUNDED = 100_000
LIMITS = ("--max-per-call", "eur=60000", "--max-per-day", "eur=70000",
          "--approve-above", "eur=20000")
GOAL = "pay the rent"
WAIT_S = 10


@pytest.fixture
def person(server):
    """Somebody whose key has no limits."""
    agent = OCPAgent("person", registry_url=server.url, enable_cache=False)
    for name in ("stripe", "purser"):
        agent.register_api(name, headers={"Authorization": "Bearer sk_test_person"})
    return agent


@pytest.fixture
def customer(person):
    made = person.call_tool("postCustomers", {"name": "Ada"}).json()["id"]
    funded = person.call_tool("postTestHelpersCustomersCustomerFundCashBalance", {
        "customer": made, "amount": FUNDED, "currency": "eur"})
    assert funded.status_code == 200, funded.text
    return made


@pytest.fixture
def key(server, customer):
    return server.make_key("--customer", customer, *LIMITS)


@pytest.fixture
def agent(server, key):
    made = OCPAgent("payer", "ada", "shop", GOAL, server.url, enable_cache=False)
    made.register_api("stripe", headers={"Authorization": f"Bearer {key['key']}"})
    return made


@pytest.fixture
def left(person, customer):
    """What the customer has, as the books say."""
    def look():
        answer = person.call_tool("getCustomersCustomerCashBalance", {"customer": customer})
        return answer.json()["available"]["eur"]
    return look


def pay(agent, customer, amount, key=None, **headers):
    headers = headers | {"Idempotency-Key": key or uuid.uuid4().hex}
    return agent.call_tool(PAY, {
        "amount": amount, "currency": "eur", "customer": customer, "confirm": True,
        "payment_method_types": ["customer_balance"],
        "payment_method_data": {"type": "customer_balance"}}, headers=headers)


def refused(answer, code):
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"]["code"] == code, answer.text
    return answer.json()["error"]


def noted(person, customer, count):
    """What is noted about the customer, the newest first, without what the person did. A refusal
    is answered before it is noted, so this waits until there are so many."""
    deadline = time.monotonic() + WAIT_S
    while True:
        listed = person.call_tool("getPurserRequests", {"customer": customer}).json()["data"]
        found = [request for request in listed if request["agent"]["type"] == "payer"]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_limits(agent, customer, left):
    assert "amount_per_call" in refused(
        pay(agent, customer, 60_001), "key_limit_exceeded")["message"]
    assert left() == FUNDED
    for amount in (20_000, 20_000, 20_000):
        assert pay(agent, customer, amount).json()["status"] == "succeeded"
    assert "amount_per_day" in refused(
        pay(agent, customer, 10_001), "key_limit_exceeded")["message"]
    assert left() == FUNDED - 60_000


def test_other_customers_are_out_of_reach(agent, person, left):
    other = person.call_tool("postCustomers", {"name": "Bob"}).json()["id"]
    refused(pay(agent, other, 100), "key_limit_exceeded")
    refused(agent.call_tool("getCustomersCustomer", {"customer": other}), "key_limit_exceeded")


def test_approved(server, agent, customer, left):
    key = uuid.uuid4().hex
    approval = refused(pay(agent, customer, 20_001, key), "approval_required")["approval"]
    assert left() == FUNDED
    shown = server.approvals("show", approval)
    assert (shown["agent"]["goal"], shown["agent"]["user"]) == (GOAL, "ada")
    done = server.approvals("approve", approval)
    for _ in range(2):
        answer = pay(agent, customer, 20_001, key)
        assert answer.json() == done["response"]["body"]
        assert answer.headers["Idempotent-Replayed"] == "true"
    assert left() == FUNDED - 20_001


def test_rejected(server, agent, customer, left):
    key = uuid.uuid4().hex
    approval = refused(pay(agent, customer, 30_000, key), "approval_required")["approval"]
    server.approvals("reject", approval, "--reason", "the rent is paid")
    error = refused(pay(agent, customer, 30_000, key), "approval_rejected")
    assert "the rent is paid" in error["message"] and left() == FUNDED


def test_a_dry_run(agent, customer, left):
    tried = pay(agent, customer, 5_000, **{"Purser-Dry-Run": "true"})
    assert tried.json()["status"] == "succeeded" and left() == FUNDED


def test_the_goal_is_noted_and_leads_to_the_money(agent, person, customer, key):
    paid = pay(agent, customer, 1_000)
    refused(pay(agent, customer, 60_001), "key_limit_exceeded")
    over, done = noted(person, customer, 2)
    for request in (over, done):
        told = request["agent"]
        assert (told["goal"], told["user"], told["workspace"], told["context_id"]) == (
            GOAL, "ada", "shop", agent.context.context_id)
        assert (request["operation"], request["key"]) == ("PostPaymentIntents", key["masked"])
    assert (done["status"], over["status"], over["error_code"]) == (
        200, 403, "key_limit_exceeded")
    assert done["id"] == paid.headers["Request-Id"]

    # Each entry of the payment names the request, and the request says who and why.
    entries = person.call_tool("getPurserJournal", {"limit": 20}).json()["data"]
    ours = [entry for entry in entries if entry["request"] == done["id"]]
    assert ours, entries
    shown = person.call_tool("getPurserRequestsRequest", {"request": ours[0]["request"]}).json()
    assert shown == done


def test_an_approved_payment_leads_to_who_asked(server, agent, person, customer):
    approval = refused(pay(agent, customer, 20_001), "approval_required")["approval"]
    (held,) = noted(person, customer, 1)
    assert (held["approval"], held["error_code"]) == (approval, "approval_required")
    server.approvals("approve", approval)
    entries = person.call_tool("getPurserJournal", {"limit": 20}).json()["data"]
    assert held["id"] in [entry["request"] for entry in entries]
