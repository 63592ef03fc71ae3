"""An agent with a key that has limits pays by card, with tools found over the protocol."""

import uuid

import pytest

from ocp_agent import OCPAgent


@pytest.fixture
def limited(server):
    """An agent that may charge 500 dollar cents at a time."""
    key = server.make_key("--max-per-call", "usd=500")["key"]
    agent = OCPAgent("buyer", "alice", "shop", "buy tea", server.url, False)
    agent.register_api("stripe", headers={"Authorization": f"Bearer {key}"})
    return agent


def charge(agent, amount):
    return agent.call_tool("postCharges", {
        "amount": amount, "currency": "usd", "source": "tok_visa",
        "Idempotency-Key": uuid.uuid4().hex})


def test_there_are_tools_for_cards(limited):
    for name, method, path in (
        ("postCharges", "POST", "/v1/charges"),
        ("postTokens", "POST", "/v1/tokens"),
        ("postPaymentMethodsPaymentMethodAttach", "POST",
         "/v1/payment_methods/{payment_method}/attach"),
        ("postSources", "POST", "/v1/sources"),
        ("postTopups", "POST", "/v1/topups"),
        ("getChargesSearch", "GET", "/v1/charges/search"),
    ):
        tool = limited.get_tool(name, "stripe")
        assert (tool.method, tool.path) == (method, path)


def test_a_card_is_charged_within_the_limits_only(limited):
    paid = charge(limited, 500)
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    over = charge(limited, 501)
    assert (over.status_code, over.json()["error"]["code"]) == (403, "key_limit_exceeded")
    found = limited.call_tool("getChargesCharge", {"charge": paid.json()["id"]})
    assert found.json()["amount"] == 500
