"""Events: what happened, in order, with the request that caused it."""

import stripe

from support import fund, happened, refusal


def test_each_change_leaves_its_events(client):
    customer = client.v1.customers.create({"name": "Ada"})
    client.v1.customers.update(customer.id, {"name": "Countess"})
    fund(client, customer.id, 500, reference="reversal_1")
    client.v1.customers.delete(customer.id)

    assert happened(client) == [
        "customer.created",
        "customer.updated",
        "customer_cash_balance_transaction.created",
        "cash_balance.funds_available",
        "customer_cash_balance_transaction.created",
        "customer.deleted",
    ]


def test_an_event_tells_what_why_and_how_much(client, customer):
    row = fund(client, customer.id, 500)
    available, created = client.v1.events.list({"limit": 2})

    assert isinstance(created.data.object, stripe.CustomerCashBalanceTransaction)
    assert created.data.object == row
    assert isinstance(available.data.object, stripe.CashBalance)
    assert available.data.object.available.to_dict() == {"usd": 500}
    for event in (created, available):
        assert event.id.startswith("evt_") and event.object == "event"
        assert event.api_version == stripe.api_version
        assert event.request.id == row.last_response.request_id
        assert event.request.idempotency_key == row.last_response.idempotency_key
        assert client.v1.events.retrieve(event.id) == event


def test_an_update_tells_what_was_before(client, customer):
    client.v1.customers.update(customer.id, {"name": "Countess", "metadata": {"tier": "gold"}})
    (event,) = client.v1.events.list({"limit": 1})
    assert event.type == "customer.updated"
    assert event.data.object.name == "Countess"
    before = event.data.previous_attributes.to_dict()
    assert before == {"name": "Ada", "metadata": {"tier": None}}


def test_a_mode_that_is_set_through_the_customer_is_an_update(client, customer):
    settings = {"settings": {"reconciliation_mode": "manual"}}
    client.v1.customers.update(customer.id, {"cash_balance": settings})
    assert happened(client) == ["customer.created", "customer.updated"]


def test_an_event_stays_as_it_was(client, customer):
    (event,) = client.v1.events.list({"limit": 1})
    client.v1.customers.update(customer.id, {"name": "Countess"})
    client.v1.customers.delete(customer.id)
    assert client.v1.events.retrieve(event.id) == event
    assert event.data.object.name == "Ada"


def test_what_is_refused_leaves_no_event(client, customer):
    before = client.v1.events.list()
    with refusal(400, "parameter_invalid_integer", "amount"):
        fund(client, customer.id, 0)
    with refusal(404, "resource_missing", "customer"):
        fund(client, "cus_unknown", 1)
    assert client.v1.events.list() == before


def test_events_are_found_by_when_they_happened(client, customer):
    (event,) = client.v1.events.list({"created": customer.created})
    assert event.type == "customer.created"
    assert client.v1.events.list({"created": {"lt": customer.created}}).data == []


def test_an_unknown_event_is_missing(client):
    with refusal(404, "resource_missing", "id"):
        client.v1.events.retrieve("evt_unknown")
