"""Sources: cards by token, and accounts that real transfers fill."""

import pytest

from support import refusal

ACH = {"type": "ach_credit_transfer", "currency": "usd"}


@pytest.fixture
def receiver(client):
    """An account that received 10 dollars."""
    owner = {"email": "amount_1000@example.com"}
    return client.v1.sources.create(ACH | {"owner": owner})


def test_an_account_is_filled_charged_and_listed(client, receiver):
    assert (receiver.object, receiver.flow, receiver.status) == ("source", "receiver", "chargeable")
    assert receiver.receiver.amount_received == 1000
    [received] = client.v1.sources.transactions.list(receiver.id).data
    assert (received.object, received.amount, received.source) == (
        "source_transaction",
        1000,
        receiver.id,
    )
    charge = client.v1.charges.create({"amount": 600, "currency": "usd", "source": receiver.id})
    assert charge.payment_method_details.type == "ach_credit_transfer"
    kept = client.v1.sources.retrieve(receiver.id)
    assert (kept.status, kept.receiver.amount_charged) == ("chargeable", 600)
    with refusal(400, "insufficient_funds", "amount"):
        client.v1.charges.create({"amount": 401, "currency": "usd", "source": receiver.id})


def test_an_account_is_filled_when_its_owner_changes(client):
    account = client.v1.sources.create(ACH)
    assert account.status == "pending"
    owner = {"email": "amount_250@example.com"}
    account = client.v1.sources.update(account.id, {"owner": owner, "metadata": {"order": "7"}})
    assert (account.status, account.receiver.amount_received) == ("chargeable", 250)
    assert account.metadata.order == "7"


def test_a_card_becomes_a_source(client):
    card = client.v1.sources.create({"type": "card", "token": "tok_visa", "usage": "single_use"})
    assert (card.card.last4, card.flow, card.status) == ("4242", "none", "chargeable")
    client.v1.charges.create({"amount": 100, "currency": "usd", "source": card.id})
    assert client.v1.sources.retrieve(card.id).status == "consumed"
    with refusal(400, "invalid_source_usage", "source"):
        client.v1.charges.create({"amount": 100, "currency": "usd", "source": card.id})
