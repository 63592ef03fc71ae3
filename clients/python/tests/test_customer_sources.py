"""What customers have to pay with beside payment methods: cards and sources, and a default."""

import pytest
import stripe

from support import refusal


def test_a_card_is_given_changed_and_taken_away(client, customer):
    sources = client.v1.customers.payment_sources
    first = sources.create(customer.id, {"source": "tok_visa", "metadata": {"use": "rent"}})
    assert isinstance(first, stripe.Card)
    assert (first.brand, first.last4, first.customer) == ("Visa", "4242", customer.id)
    assert first.metadata["use"] == "rent"
    second = sources.create(customer.id, {"source": "tok_mastercard"})

    found = client.v1.customers.retrieve(customer.id, {"expand": ["default_source", "sources"]})
    assert found.default_source == first
    assert [one.id for one in found.sources.data] == [second.id, first.id]
    pages = sources.list(customer.id, {"limit": 1, "object": "card"})
    assert [one.id for one in pages.auto_paging_iter()] == [second.id, first.id]

    changed = sources.update(customer.id, second.id, {"name": "Ada King", "exp_year": "2035"})
    assert (changed.name, changed.exp_year) == ("Ada King", 2035)
    assert sources.retrieve(customer.id, second.id) == changed
    client.v1.customers.update(customer.id, {"default_source": second.id})

    gone = sources.delete(customer.id, second.id)
    assert (gone.id, gone.deleted) == (second.id, True)
    assert client.v1.customers.retrieve(customer.id).default_source == first.id
    with refusal(404, "resource_missing", "id"):
        sources.retrieve(customer.id, second.id)


def test_a_card_that_is_declined_is_nobodys(client, customer):
    with pytest.raises(stripe.CardError) as caught:
        client.v1.customers.payment_sources.create(
            customer.id, {"source": "tok_chargeDeclinedInsufficientFunds"}
        )
    told = caught.value
    assert (told.http_status, told.code) == (402, "card_declined")
    assert told.error.decline_code == "insufficient_funds"
    assert client.v1.customers.payment_sources.list(customer.id).data == []


def test_a_source_is_attached_and_detached(client, customer):
    made = client.v1.sources.create({"type": "card", "token": "tok_visa", "usage": "reusable"})
    sources = client.v1.customers.payment_sources
    attached = sources.create(customer.id, {"source": made.id})
    assert isinstance(attached, stripe.Source)
    assert (attached.id, attached.customer) == (made.id, customer.id)
    assert client.v1.customers.retrieve(customer.id).default_source == made.id

    gone = sources.delete(customer.id, made.id)
    assert (gone.id, gone.status) == (made.id, "consumed")
    assert client.v1.customers.retrieve(customer.id).default_source is None


def test_a_customer_comes_with_a_card_and_gets_another(client):
    customer = client.v1.customers.create({"email": "ada@example.com", "source": "tok_visa"})
    first = customer.default_source
    assert first.startswith("card_")
    customer = client.v1.customers.update(customer.id, {"source": "tok_amex"})
    assert customer.default_source != first
    left = client.v1.customers.payment_sources.list(customer.id).data
    assert [one.last4 for one in left] == ["0005"]
