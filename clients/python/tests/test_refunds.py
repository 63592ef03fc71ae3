"""Money that goes back: refunds of payments, and returns of cash."""

import re

import pytest
import stripe

from support import (
    DAY_S,
    UNEXPECTED_STATE,
    all_transactions,
    assert_books_hold,
    awaited,
    cash,
    fund,
    happened,
    latest_event,
    paid,
    pay,
    refusal,
    wait_days,
)

CREATED = "customer_cash_balance_transaction.created"
KEEPS = {"account_number": "000123456789", "routing_number": "110000000"}
SENDS_BACK = {"account_number": "000111111113", "routing_number": "110000000"}


def enter_bank_details(client, refund, bank_account):
    """Does what the customer does on the page that the email links to; no SDK knows of it."""
    path = f"/purser/v1/refunds/{refund}/bank_details"
    answer = client.raw_request("post", path, bank_account=bank_account)
    return client.deserialize(answer, api_mode="V1")


def merchant_total(client):
    """What the merchant has, available or not."""
    balance = client.v1.balance.retrieve()
    return sum(money.amount for money in balance.available + balance.pending)


@pytest.fixture
def ada(traveler):
    """A customer in a world whose clock can be moved."""
    return traveler.v1.customers.create({"email": "ada@example.com"}).id


def test_a_refund_asks_the_customer_for_bank_details(client, customer):
    intent = paid(client, customer.id, 1000)
    before = latest_event(client)

    refund = client.v1.refunds.create(
        {
            "payment_intent": intent.id,
            "amount": 400,
            "instructions_email": "bank@example.com",
            "reason": "requested_by_customer",
            "metadata": {"case": "7"},
        }
    )

    assert isinstance(refund, stripe.Refund)
    assert re.fullmatch(r"pyr_[A-Za-z0-9]{24}", refund.id)
    assert (refund.status, refund.amount, refund.currency) == ("requires_action", 400, "usd")
    assert (refund.charge, refund.payment_intent) == (intent.latest_charge, intent.id)
    assert (refund.reason, refund.instructions_email) == (
        "requested_by_customer", "bank@example.com",
    )  # fmt: skip
    assert refund.metadata.to_dict() == {"case": "7"}
    assert refund.next_action.type == "display_details"
    details = refund.next_action.display_details
    assert details.email_sent.email_sent_to == "bank@example.com"
    assert details.email_sent.email_sent_at == refund.created
    assert details.expires_at == refund.created + 45 * DAY_S
    assert client.v1.refunds.retrieve(refund.id) == refund
    assert happened(client, before) == ["refund.created", "charge.refunded"]
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (400, False)
    assert [row.id for row in charge.refunds] == [refund.id]
    assert merchant_total(client) == 600


def test_a_refund_shows_everything_around_it(client, customer):
    intent = paid(client, customer.id, 1000)
    paths = ["balance_transaction", "charge.customer", "payment_intent", "payment_method"]
    refund = client.v1.refunds.create({"charge": intent.latest_charge, "expand": paths})
    line = refund.balance_transaction
    assert isinstance(line, stripe.BalanceTransaction)
    assert (line.type, line.reporting_category) == ("payment_refund", "refund")
    assert (line.amount, line.net, line.source) == (-1000, -1000, refund.id)
    assert refund.charge.refunded and refund.charge.customer.id == customer.id
    assert refund.payment_intent.id == intent.id
    assert refund.payment_method.type == "customer_balance"


def test_a_canceled_refund_never_was(client, customer):
    intent = paid(client, customer.id, 1000)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
    assert refund.next_action.display_details.email_sent.email_sent_to == "ada@example.com"
    before = latest_event(client)

    canceled = client.v1.refunds.cancel(refund.id)

    assert canceled.status == "canceled" and "next_action" not in canceled
    back = client.v1.balance_transactions.retrieve(canceled.failure_balance_transaction)
    assert (back.amount, back.source) == (400, refund.id)
    assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0
    assert merchant_total(client) == 1000
    assert "refund.updated" in happened(client, before)
    with refusal(400):
        client.v1.refunds.cancel(refund.id)


def test_a_refund_arrives_or_is_sent_back(traveler, ada):
    intent = paid(traveler, ada, 1000)
    create = traveler.v1.refunds.create
    arriving, bouncing = (create({"payment_intent": intent.id, "amount": 100}) for _ in range(2))

    pending = enter_bank_details(traveler, arriving.id, KEEPS)
    assert isinstance(pending, stripe.Refund)
    assert pending.status == "pending" and "next_action" not in pending
    assert pending.destination_details.type == "us_bank_transfer"
    assert enter_bank_details(traveler, bouncing.id, SENDS_BACK).status == "pending"
    with refusal(400):
        traveler.v1.refunds.cancel(arriving.id)

    wait_days(traveler, 7)

    arrived = traveler.v1.refunds.retrieve(arriving.id)
    assert (arrived.status, arrived.destination_details.us_bank_transfer.reference_status) == (
        "succeeded", "available",
    )  # fmt: skip
    bounced = traveler.v1.refunds.retrieve(bouncing.id)
    assert bounced.status == "requires_action"
    assert bounced.next_action.type == "display_details"
    assert merchant_total(traveler) == 800


def test_a_refund_without_bank_details_expires(traveler, ada):
    intent = paid(traveler, ada, 1000)
    first = traveler.v1.refunds.create({"payment_intent": intent.id, "amount": 300})
    before = latest_event(traveler)

    expired = traveler.v1.test_helpers.refunds.expire(first.id)

    assert expired.status == "failed" and "next_action" not in expired
    assert expired.failure_reason
    assert "refund.failed" in happened(traveler, before)
    assert merchant_total(traveler) == 1000

    second = traveler.v1.refunds.create({"payment_intent": intent.id, "amount": 300})
    wait_days(traveler, 44)
    assert traveler.v1.refunds.retrieve(second.id).status == "requires_action"
    wait_days(traveler, 2)
    assert traveler.v1.refunds.retrieve(second.id).status == "failed"
    assert merchant_total(traveler) == 1000
    assert traveler.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0


def test_cash_goes_back_to_the_bank(client, customer):
    fund(client, customer.id, 1000)
    total, before = merchant_total(client), latest_event(client)
    params = {"origin": "customer_balance", "customer": customer.id, "currency": "usd"}

    back = client.v1.refunds.create(params | {"amount": 600, "instructions_email": "a@b.co"})

    assert (back.status, back.amount, back.customer) == ("requires_action", 600, customer.id)
    assert (back.charge, back.payment_intent, back.balance_transaction) == (None, None, None)
    assert back.next_action.display_details.email_sent.email_sent_to == "a@b.co"
    row = all_transactions(client, customer.id)[-1]
    assert (row.type, row.net_amount, row.ending_balance) == ("return_initiated", -600, 400)
    assert happened(client, before) == [CREATED, "refund.created"]
    with refusal(400, None, "amount"):
        client.v1.refunds.create(params | {"amount": 500})

    assert client.v1.refunds.cancel(back.id).status == "canceled"
    row = all_transactions(client, customer.id)[-1]
    assert (row.type, row.net_amount, row.ending_balance) == ("return_canceled", 600, 1000)

    second = client.v1.refunds.create(params | {"amount": 1000})
    assert client.v1.test_helpers.refunds.expire(second.id).status == "failed"
    assert all_transactions(client, customer.id)[-1].type == "return_canceled"
    assert_books_hold(client, customer.id, {"usd": 1000})
    assert merchant_total(client) == total


def test_money_that_comes_back_from_a_return_pays_whoever_waits(client, customer):
    fund(client, customer.id, 1000)
    params = {"origin": "customer_balance", "customer": customer.id, "currency": "usd"}
    back = client.v1.refunds.create(params | {"amount": 1000})
    intent = pay(client, customer.id, 700)
    assert awaited(intent).amount_remaining == 700
    client.v1.refunds.cancel(back.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert_books_hold(client, customer.id, {"usd": 300})


def test_a_payment_goes_back_to_the_cash_balance(client, customer):
    intent = paid(client, customer.id, 1000)
    path = f"/purser/v1/payment_intents/{intent.id}/refund_to_cash_balance"
    refund = client.deserialize(client.raw_request("post", path, amount=400), api_mode="V1")

    assert isinstance(refund, stripe.Refund) and refund.status == "succeeded"
    assert refund.destination_details.type == "customer_cash_balance"
    assert refund.destination_details.customer_cash_balance.to_dict() == {}
    row = all_transactions(client, customer.id)[-1]
    assert (row.type, row.net_amount) == ("refunded_from_payment", 400)
    assert row.refunded_from_payment.refund == refund.id
    expand = {"expand": ["refunded_from_payment.refund.charge"]}
    shown = client.v1.customers.cash_balance_transactions.retrieve(customer.id, row.id, expand)
    assert shown.refunded_from_payment.refund.charge.amount_refunded == 400
    assert_books_hold(client, customer.id, {"usd": 400})
    assert merchant_total(client) == 600


def test_cash_that_nobody_claims_goes_back_and_ends_with_the_merchant(traveler, ada):
    fund(traveler, ada, 700, "eur")
    wait_days(traveler, 76)
    (back,) = traveler.v1.refunds.list()
    assert (back.status, back.amount, back.customer) == ("requires_action", 700, ada)
    wait_days(traveler, 15)

    rows = all_transactions(traveler, ada)
    assert [row.type for row in rows] == [
        "funded", "return_initiated", "return_canceled", "transferred_to_balance",
    ]  # fmt: skip
    line = traveler.v1.balance_transactions.retrieve(
        rows[-1].transferred_to_balance.balance_transaction
    )
    assert (line.amount, line.currency, line.source) == (700, "eur", rows[-1].id)
    assert line.reporting_category == "unreconciled_customer_funds"
    assert_books_hold(traveler, ada, {"eur": 0})


def test_a_reversal_of_spent_money_is_the_merchants_loss(client, customer):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 1000, reference="reversal_2")

    rows = all_transactions(client, customer.id)
    assert [(row.type, row.net_amount, row.ending_balance) for row in rows] == [
        ("funded", 1000, 1000),
        ("applied_to_payment", -1000, 0),
        ("funding_reversed", -1000, -1000),
        ("adjusted_for_overdraft", 1000, 0),
    ]
    told = rows[-1].adjusted_for_overdraft
    assert told.linked_transaction == rows[-2].id
    line = client.v1.balance_transactions.retrieve(told.balance_transaction, {"expand": ["source"]})
    assert (line.type, line.amount) == ("adjustment", -1000)
    assert isinstance(line.source, stripe.CustomerCashBalanceTransaction)
    assert line.source.id == rows[-1].id
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    assert merchant_total(client) == 0


def test_more_than_was_paid_cannot_go_back(client, customer):
    intent = paid(client, customer.id, 1000)
    refund = client.v1.refunds.create
    with refusal(400, None, "amount"):
        refund({"payment_intent": intent.id, "amount": 1001})
    refund({"payment_intent": intent.id, "amount": 600})
    with refusal(400, None, "amount"):
        refund({"payment_intent": intent.id, "amount": 401})
    assert refund({"payment_intent": intent.id}).amount == 400
    with refusal(400, "charge_already_refunded"):
        refund({"payment_intent": intent.id})


def test_what_cannot_be_refunded_is_refused(client, customer):
    refund = client.v1.refunds.create
    waiting = pay(client, customer.id, 1000)
    with refusal(400):
        refund({"payment_intent": waiting.id})
    with refusal(400, "parameter_missing"):
        refund({})
    with refusal(400, "parameter_missing", "amount"):
        refund({"origin": "customer_balance", "customer": customer.id, "currency": "usd"})
    with refusal(404, "resource_missing", "payment_intent"):
        refund({"payment_intent": "pi_unknown"})
    with refusal(404, "resource_missing", "refund"):
        client.v1.refunds.retrieve("pyr_unknown")


def test_somebody_has_to_be_asked_for_bank_details(client):
    nobody = client.v1.customers.create()
    intent = paid(client, nobody.id, 1000)
    with refusal(400, None, "instructions_email"):
        client.v1.refunds.create({"payment_intent": intent.id})
    fund(client, nobody.id, 100)
    params = {"origin": "customer_balance", "customer": nobody.id, "currency": "usd", "amount": 1}
    with refusal(400, None, "instructions_email"):
        client.v1.refunds.create(params)
    assert cash(client, nobody.id) == {"usd": 100}


def test_refunds_are_listed_by_what_they_are_of(client, customer):
    first, second = (paid(client, customer.id, 1000) for _ in range(2))
    of_first = [
        client.v1.refunds.create({"payment_intent": first.id, "amount": 10 + at}).id
        for at in range(7)
    ][::-1]
    of_second = client.v1.refunds.create({"charge": second.latest_charge}).id

    found = client.v1.refunds.list({"payment_intent": first.id, "limit": 3})
    assert [row.id for row in found.auto_paging_iter()] == of_first
    found = client.v1.refunds.list({"charge": second.latest_charge})
    assert [row.id for row in found] == [of_second]
    found = client.v1.refunds.list({"limit": 5})
    assert [row.id for row in found.auto_paging_iter()] == [of_second, *of_first]


def test_only_metadata_of_a_refund_can_change(client, customer):
    intent = paid(client, customer.id, 1000)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "metadata": {"a": "1"}})
    changed = client.v1.refunds.update(refund.id, {"metadata": {"a": "", "b": "2"}})
    assert changed.metadata.to_dict() == {"b": "2"}
    with refusal(400, "parameter_unknown", "amount"):
        client.v1.refunds.update(refund.id, {"amount": 1})


def test_a_refunded_payment_stays_as_it_is(client, customer):
    intent = paid(client, customer.id, 1000)
    client.v1.refunds.create({"payment_intent": intent.id})
    assert client.v1.payment_intents.retrieve(intent.id) == intent
    with refusal(400, UNEXPECTED_STATE):
        client.v1.payment_intents.cancel(intent.id)
