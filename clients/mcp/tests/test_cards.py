"""Cards in the hands of agents: the tools for them, what a key may charge, and what is noted."""

import time
import uuid

import pytest
from connection import object_of, refusal_of, text_of
from test_guard_rails import NAME, WAIT_S, ask, make_agent, refused  # noqa: F401

NUMBER = "4242424242424242"
# No test card has it, and its check digit holds.
REAL_LOOKING = "4532015112830366"
CVC = "831"
# Calls with that number that write, if they were not refused.
WRITES_REFUSED = 6
CARD = {"number": NUMBER, "exp_month": "12", "exp_year": "2040", "cvc": "314"}
READS = (
    "getCharges", "getChargesCharge", "getChargesSearch", "getCustomersCustomerPaymentMethods",
    "getCustomersCustomerSources", "getCustomersSearch", "getPaymentIntentsSearch",
    "getPaymentMethods", "getPaymentMethodsPaymentMethod", "getSourcesSource",
    "getSourcesSourceSourceTransactions", "getTokensToken", "getTopups", "getTopupsTopup",
)
WRITES = (
    "deleteCustomersCustomerSourcesId", "postCharges", "postChargesCharge",
    "postChargesChargeCapture", "postCustomersCustomerSources", "postPaymentIntentsIntentCapture",
    "postPaymentMethods", "postPaymentMethodsPaymentMethodAttach",
    "postPaymentMethodsPaymentMethodDetach", "postSources", "postSourcesSource", "postTokens",
    "postTopups", "postTopupsTopupCancel",
)


def test_there_are_tools_for_cards_and_sources(connection):
    tools = connection.tools()
    assert {*READS, *WRITES} <= set(tools)
    for name in READS:
        assert tools[name].annotations.read_only_hint is True, name
    for name in WRITES:
        assert tools[name].annotations.read_only_hint is False, name
        assert "dry_run" in tools[name].input_schema["properties"], name


def test_a_card_is_charged_captured_and_found(connection):
    made = object_of(connection.call("postTokens", {"card": CARD}))
    assert (made["object"], made["card"]["last4"]) == ("token", "4242")
    held = object_of(connection.call("postCharges", {
        "amount": 700, "currency": "usd", "source": made["id"], "capture": False}))
    taken = object_of(connection.call("postChargesChargeCapture", {
        "charge": held["id"], "amount": 500}))
    assert (taken["captured"], taken["amount_refunded"]) == (True, 200)
    back = object_of(connection.call("postRefunds", {"charge": held["id"], "amount": 100}))
    assert back["status"] == "succeeded"
    query = f"payment_method_details.card.last4:'4242' AND created>={made['created']}"
    found = object_of(connection.call("getChargesSearch", {"query": query}))
    assert held["id"] in [one["id"] for one in found["data"]]


def test_a_declined_card_is_told_to_the_model(connection):
    said = refusal_of(connection, "postCharges", {
        "amount": 100, "currency": "usd", "source": "tok_chargeDeclinedInsufficientFunds"})
    assert "insufficient funds" in said


@pytest.fixture
def agent(make_agent):  # noqa: F811
    """An agent that may charge the card of its customer, 600 euros at a time."""
    agent = make_agent("--max-per-call", "eur=60000", "--approve-above", "eur=20000")
    ask(agent.server, "POST", f"/v1/customers/{agent.customer}/sources", {"source": "tok_visa"})
    return agent


def charge(agent, amount, **more):
    given = {"amount": amount, "currency": "eur", "customer": agent.customer,
             "idempotency_key": uuid.uuid4().hex}
    return agent.connection.call("postCharges", given | more)


def charged(agent):
    listed = ask(agent.server, "GET", "/v1/charges", {"customer": agent.customer})
    return [one["amount"] for one in listed["data"]]


def test_no_card_is_charged_above_the_limits(agent):
    assert object_of(charge(agent, 20_000))["status"] == "succeeded"
    for more in ({}, {"capture": False}):
        error = refused(charge(agent, 60_001, **more), "key_limit_exceeded")
        assert "60000 eur" in error["message"] and "amount_per_call" in error["message"]
    by_intent = agent.pay(
        60_001, payment_method_types=["card"], payment_method="pm_card_visa",
        payment_method_data={"type": "card", "card": {"token": "tok_visa"}})
    assert by_intent.is_error
    method = ask(agent.server, "POST", "/v1/payment_methods/pm_card_visa/attach",
                 {"customer": agent.customer})["id"]
    given = {"amount": 60_001, "currency": "eur", "customer": agent.customer, "confirm": True,
             "payment_method": method, "payment_method_types": ["card"]}
    refused(agent.connection.call("postPaymentIntents", given), "key_limit_exceeded")
    refused(charge(agent, 100, currency="usd"), "key_limit_exceeded")
    other = ask(agent.server, "POST", "/v1/customers", {"source": "tok_visa"})["id"]
    refused(charge(agent, 100, customer=other), "key_limit_exceeded")
    assert charged(agent) == [20_000]


def test_a_person_agrees_to_a_charge(agent):
    key = uuid.uuid4().hex
    first = charge(agent, 30_000, idempotency_key=key)
    approval = refused(first, "approval_required")["approval"]
    assert charged(agent) == []
    done = agent.server.approvals("approve", approval)
    assert (done["status"], done["response"]["status"]) == ("approved", 200)
    again = object_of(charge(agent, 30_000, idempotency_key=key))
    assert again["id"] == done["response"]["body"]["id"]
    assert charged(agent) == [30_000]


def test_the_number_of_a_card_is_noted_nowhere(make_agent):  # noqa: F811
    agent = make_agent("--approve-above", "eur=20000")
    raw = {"type": "card", "card": CARD | {"number": REAL_LOOKING, "cvc": CVC}}
    call = agent.connection.call
    as_source = {"object": "card", "exp_month": 12, "exp_year": 2040, "cvc": CVC}
    for tool, arguments in [
        ("postTokens", {"card": raw["card"]}),
        ("postPaymentMethods", raw),
        ("postCharges", {"amount": 30_000, "currency": "eur",
                         "source": as_source | {"number": REAL_LOOKING}}),
        ("postPaymentIntents", {
            "amount": 30_000, "currency": "eur", "customer": agent.customer, "confirm": True,
            "payment_method_types": ["card"], "payment_method_data": raw}),
        ("postCustomersCustomerSources", {
            "customer": agent.customer, "source": as_source | {"number": REAL_LOOKING}}),
        # Where it does not belong.
        ("postCharges", {"amount": 100, "currency": "eur", "source": REAL_LOOKING}),
        ("getTokensToken", {"token": REAL_LOOKING}),
    ]:
        said = call(tool, arguments)
        assert said.is_error, tool
        assert REAL_LOOKING not in text_of(said) and f'"{CVC}"' not in text_of(said), tool
    held = ask(agent.server, "GET", "/purser/v1/approvals", {"limit": 100})["data"]
    # A refusal is answered before it is noted.
    deadline = time.monotonic() + WAIT_S
    noted = []
    while len(noted) < WRITES_REFUSED and time.monotonic() < deadline:
        listed = ask(agent.server, "GET", "/purser/v1/requests", {"limit": 100})["data"]
        noted = [one for one in listed if one["key"] == agent.key["masked"]]
    assert {one["agent"]["type"] for one in noted} == {NAME}
    assert len(noted) == WRITES_REFUSED
    for told in (held, listed):
        assert REAL_LOOKING not in str(told) and f"'{CVC}'" not in str(told)
    folder = agent.server.log.parent
    for file in folder.iterdir():
        written = file.read_bytes()
        assert REAL_LOOKING.encode() not in written, file
