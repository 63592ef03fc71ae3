"""Agents with the official SDK: keys with limits, what a person has to agree to, and dry runs."""

import json

import pytest
import stripe

from support import fund, pay, payment, refusal

APPROVALS = "/purser/v1/approvals"


@pytest.fixture
def person(own_server):
    """A client whose key has no limits."""
    return own_server.client()


@pytest.fixture
def customer(person):
    """A customer with 100 dollars."""
    made = person.v1.customers.create({"email": "ada@example.com"})
    fund(person, made.id, 10_000)
    return made.id


def agent(server, *limits: str, **settings) -> stripe.StripeClient:
    """A client with a fresh key that has these limits."""
    made = server.make_key("agent", limits=limits)
    assert made["key"].startswith("rk_test_")
    return server.client(made["key"], **settings)


def raw(client: stripe.StripeClient, method: str, path: str, headers=None, **params):
    """What is Purser's own has no method in the SDK, and goes by raw requests."""
    answer = client.raw_request(method, path, headers=headers or {}, **params)
    return client.deserialize(answer, api_mode="V1")


def cash(client: stripe.StripeClient, customer: str) -> int:
    return client.v1.customers.cash_balance.retrieve(customer).available["usd"]


def test_more_than_the_key_may_move_is_a_permission_error(own_server, person, customer):
    limited = agent(own_server, "--max-per-call=usd=500", "--max-per-day=usd=800")
    assert pay(limited, customer, 500).status == "succeeded"
    for amount, word in [(501, "amount_per_call"), (400, "amount_per_day")]:
        with refusal(403, "key_limit_exceeded", error=stripe.PermissionError) as caught:
            pay(limited, customer, amount)
        assert word in caught.value.user_message
    assert cash(person, customer) == 9_500


def test_others_are_out_of_reach(own_server, person, customer):
    other = person.v1.customers.create()
    limited = agent(own_server, f"--customer={customer}")
    assert limited.v1.customers.retrieve(customer).id == customer
    for reach in (
        lambda: limited.v1.customers.retrieve(other.id),
        lambda: limited.v1.customers.update(other.id, {"name": "Eve"}),
        lambda: limited.v1.customers.delete(other.id),
        lambda: limited.v1.payment_intents.list({"customer": other.id}),
        lambda: limited.v1.payment_intents.list(),
        lambda: limited.v1.events.list(),
        lambda: limited.v1.balance.retrieve(),
    ):
        with refusal(403, "key_limit_exceeded", error=stripe.PermissionError):
            reach()


def test_a_person_agrees_and_the_same_request_gives_the_payment(own_server, person, customer):
    # Retries of the SDK use the same idempotency key, and ask for nothing a second time.
    limited = agent(own_server, "--approve-above=usd=1000", max_network_retries=2)
    params, options = payment(customer, 3_000), {"idempotency_key": "rent"}
    for _ in range(2):
        with refusal(403, "approval_required", error=stripe.PermissionError) as caught:
            limited.v1.payment_intents.create(params, options)
    waiting = caught.value.json_body["error"]["approval"]
    assert waiting in caught.value.user_message
    listed = raw(person, "get", f"{APPROVALS}?status=pending")
    assert [it["id"] for it in listed["data"]] == [waiting]
    assert cash(person, customer) == 10_000

    with refusal(403, error=stripe.PermissionError):
        raw(limited, "post", f"{APPROVALS}/{waiting}/approve")
    done = raw(person, "post", f"{APPROVALS}/{waiting}/approve")
    assert (done["status"], done["response"]["status"]) == ("approved", 200)
    assert cash(person, customer) == 7_000

    first, again = (limited.v1.payment_intents.create(params, options) for _ in range(2))
    assert isinstance(first, stripe.PaymentIntent)
    assert (first.status, first.amount) == ("succeeded", 3_000)
    assert first.id == done["response"]["body"]["id"]
    assert again.last_response.body == first.last_response.body
    assert first.last_response.headers["idempotent-replayed"] == "true"
    assert cash(person, customer) == 7_000


def test_a_person_disagrees_and_says_why(own_server, person, customer):
    limited = agent(own_server, "--approve-above=usd=0")
    params, options = payment(customer, 100), {"idempotency_key": "car"}
    with refusal(403, "approval_required", error=stripe.PermissionError) as caught:
        limited.v1.payment_intents.create(params, options)
    waiting = caught.value.json_body["error"]["approval"]
    raw(person, "post", f"{APPROVALS}/{waiting}/reject", reason="take the train")
    with refusal(403, "approval_rejected", error=stripe.PermissionError) as caught:
        limited.v1.payment_intents.create(params, options)
    assert "take the train" in caught.value.user_message
    assert cash(person, customer) == 10_000


def test_the_sdk_makes_keys_of_its_own_and_a_person_can_still_agree(own_server, person, customer):
    """With retries the SDK sends an idempotency key by itself; the answer shows in the approval."""
    limited = agent(own_server, "--approve-above=usd=0", max_network_retries=2)
    with refusal(403, "approval_required", error=stripe.PermissionError) as caught:
        pay(limited, customer, 100)
    waiting = caught.value.json_body["error"]["approval"]
    done = raw(person, "post", f"{APPROVALS}/{waiting}/approve")
    assert done["response"]["body"]["status"] == "succeeded"
    assert raw(limited, "get", f"{APPROVALS}/{waiting}")["status"] == "approved"
    assert cash(person, customer) == 9_900


def test_a_dry_run_answers_and_does_nothing(person, customer):
    headers, params = {"Purser-Dry-Run": "true"}, payment(customer, 2_500)
    tried = raw(person, "post", "/v1/payment_intents", headers=headers, **params)
    assert isinstance(tried, stripe.PaymentIntent)
    assert (tried.status, tried.amount_received) == ("succeeded", 2_500)
    assert cash(person, customer) == 10_000
    assert person.v1.payment_intents.list().data == []
    with refusal(404, "resource_missing", "intent", stripe.InvalidRequestError):
        person.v1.payment_intents.retrieve(tried.id)


def test_who_asked_and_why_is_told(own_server, person, customer):
    limited = agent(own_server, "--max-per-call=usd=500")
    headers = {"OCP-Context-ID": "ocp-a1b2c3d4", "OCP-Current-Goal": "pay the rent"}
    made = raw(limited, "post", "/v1/payment_intents", headers=headers, **payment(customer, 500))
    entries = raw(person, "get", "/purser/v1/journal?limit=10")["data"]
    asked = {it["request"] for it in entries} - {None}
    assert len(asked) == 1, json.dumps([it["kind"] for it in entries])
    noted = raw(person, "get", f"/purser/v1/requests/{asked.pop()}")
    assert noted["agent"]["goal"] == "pay the rent"
    assert noted["customer"] == customer and made.customer == customer


def test_a_declined_payment_is_noted_as_it_was_answered(own_server, person):
    limited = agent(own_server, "--max-per-call=usd=500")
    charged = {"amount": 100, "currency": "usd", "source": "tok_chargeDeclined"}
    with pytest.raises(stripe.CardError):
        limited.v1.charges.create(charged)
    by_card = {"payment_method": "pm_card_chargeDeclinedExpiredCard", "confirm": True}
    params = {"amount": 100, "currency": "usd", "payment_method_types": ["card"]} | by_card
    with pytest.raises(stripe.CardError):
        limited.v1.payment_intents.create(params)
    noted = raw(person, "get", "/purser/v1/requests?limit=10")["data"]
    assert [(it["operation"], it["status"], it["error_code"]) for it in noted] == [
        ("PostPaymentIntents", 402, "expired_card"),
        ("PostCharges", 402, "card_declined"),
    ]
