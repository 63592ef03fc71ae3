"""The older style of the SDK: module-wide settings, and classes that make requests."""

import pytest
import stripe

from purser import TEST_KEY
from support import UNEXPECTED_STATE, assert_books_hold, awaited, payment, refusal


@pytest.fixture(autouse=True)
def module_settings(server, account, monkeypatch):
    """What a program with this style does when it starts; each test has an account of its own."""
    monkeypatch.setattr(stripe, "api_key", TEST_KEY)
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "default_http_client", None)


@pytest.fixture
def here(account):
    return {"stripe_account": account}


def test_a_customer_lives_from_create_to_delete(here):
    made = stripe.Customer.create(email="ada@example.com", metadata={"tier": "gold"}, **here)
    assert stripe.Customer.retrieve(made.id, **here) == made

    changed = stripe.Customer.modify(made.id, name="Ada", metadata={"tier": ""}, **here)
    assert (changed.name, changed.metadata.to_dict()) == ("Ada", {})
    assert made.refresh().name == "Ada"

    found = stripe.Customer.list(email="ada@example.com", **here)
    assert [customer.id for customer in found.auto_paging_iter()] == [made.id]

    made.delete()
    assert made.deleted
    assert stripe.Customer.list(**here).is_empty


def test_a_cash_balance_is_read_set_and_funded(client, customer, here):
    fund = stripe.Customer.TestHelpers.fund_cash_balance
    first = fund(customer.id, amount=500, currency="eur", reference="hello", **here)
    living = stripe.Customer.retrieve(customer.id, **here)
    second = living.test_helpers.fund_cash_balance(amount=70, currency="eur")

    rows = stripe.Customer.list_cash_balance_transactions(customer.id, limit=1, **here)
    assert [row.id for row in rows.auto_paging_iter()] == [second.id, first.id]
    read = stripe.Customer.retrieve_cash_balance_transaction(customer.id, first.id, **here)
    assert read == first

    settings = {"reconciliation_mode": "manual"}
    balance = stripe.Customer.modify_cash_balance(customer.id, settings=settings, **here)
    assert balance.settings.reconciliation_mode == "manual"
    assert stripe.Customer.retrieve_cash_balance(customer.id, **here) == balance
    assert_books_hold(client, customer.id, {"eur": 570})


def test_a_payment_lives_from_create_to_refund(client, customer, here):
    intent = stripe.PaymentIntent.create(**payment(customer.id, 1000), **here)
    assert awaited(intent).amount_remaining == 1000
    stripe.Customer.TestHelpers.fund_cash_balance(customer.id, amount=400, currency="usd", **here)
    assert awaited(intent.refresh()).amount_remaining == 600

    changed = stripe.PaymentIntent.modify(intent.id, amount=300, **here)
    assert changed.status == "requires_confirmation"
    assert changed.confirm().status == "succeeded"
    with refusal(400, UNEXPECTED_STATE):
        stripe.PaymentIntent.cancel(intent.id, **here)

    refund = stripe.Refund.create(payment_intent=intent.id, amount=100, **here)
    assert refund.cancel().status == "canceled"
    second = stripe.Refund.create(charge=changed.latest_charge, **here)
    assert second.test_helpers.expire().status == "failed"
    rows = stripe.BalanceTransaction.list(limit=2, **here).auto_paging_iter()
    assert [row.amount for row in rows] == [300, -300, 100, -100, 300]
    assert_books_hold(client, customer.id, {"usd": 100})


def test_the_balance_is_applied_by_hand(client, customer, here):
    settings = {"reconciliation_mode": "manual"}
    stripe.Customer.modify_cash_balance(customer.id, settings=settings, **here)
    intent = stripe.PaymentIntent.create(**payment(customer.id, 1000), **here)
    stripe.Customer.TestHelpers.fund_cash_balance(customer.id, amount=1000, currency="usd", **here)
    part = intent.apply_customer_balance(amount=400)
    assert awaited(part).amount_remaining == 600
    assert intent.apply_customer_balance().status == "succeeded"
    assert_books_hold(client, customer.id, {"usd": 0})


def test_funding_instructions_are_given(customer, here):
    made = stripe.Customer.create_funding_instructions(
        customer.id,
        funding_type="bank_transfer",
        currency="gbp",
        bank_transfer={"type": "gb_bank_transfer"},
        **here,
    )
    assert isinstance(made, stripe.FundingInstructions)
    assert made.bank_transfer.financial_addresses[0].sort_code.sort_code


def test_the_merchant_reads_its_own_affairs(account, here):
    stripe.Customer.create(**here)
    assert stripe.Account.retrieve(**here).id == account
    assert stripe.Balance.retrieve(**here).object == "balance"
    assert stripe.BalanceTransaction.list(**here).is_empty
    (event,) = stripe.Event.list(**here)
    assert event.type == "customer.created"
    assert stripe.Event.retrieve(event.id, **here) == event


def test_errors_have_their_classes(here, monkeypatch):
    with refusal(404, "resource_missing", "id"):
        stripe.Customer.retrieve("cus_unknown", **here)
    with refusal(401, error=stripe.AuthenticationError):
        stripe.Customer.list(api_key="sk_live_unknown")
    monkeypatch.setattr(stripe, "api_key", None)
    with pytest.raises(stripe.AuthenticationError, match="No API key provided"):
        stripe.Customer.list()


def test_a_key_makes_a_write_happen_once(here):
    made = [stripe.Customer.create(idempotency_key="module-1", **here) for _ in range(2)]
    assert made[0].id == made[1].id
    assert len(stripe.Customer.list(**here)) == 1
