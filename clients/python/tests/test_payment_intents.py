"""Payments from the cash balance: the life of a PaymentIntent."""

import re

import pytest
import stripe

from support import (
    TRANSFERS,
    UNEXPECTED_STATE,
    all_transactions,
    assert_books_hold,
    awaited,
    cash,
    fund,
    happened,
    latest_event,
    pay,
    payment,
    refusal,
)

CREATED = "customer_cash_balance_transaction.created"


def history(client, customer):
    """Type, amount and balance after it of each transaction, oldest first."""
    rows = all_transactions(client, customer)
    return [(row.type, row.net_amount, row.ending_balance) for row in rows]


def set_manual(client, customer):
    settings = {"settings": {"reconciliation_mode": "manual"}}
    client.v1.customers.cash_balance.update(customer, settings)


def test_a_payment_that_the_balance_covers_succeeds_at_once(client, customer):
    fund(client, customer.id, 5000)
    before = latest_event(client)

    intent = pay(client, customer.id, 3000, metadata={"order": "6735"}, description="A chair")

    assert isinstance(intent, stripe.PaymentIntent)
    assert re.fullmatch(r"pi_[A-Za-z0-9]{24}", intent.id)
    assert re.fullmatch(intent.id + r"_secret_[A-Za-z0-9]{25}", intent.client_secret)
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 3000, 3000)
    assert (intent.next_action, intent.last_payment_error) == (None, None)
    assert (intent.customer, intent.livemode) == (customer.id, False)
    assert intent.metadata.to_dict() == {"order": "6735"}
    assert client.v1.payment_intents.retrieve(intent.id) == intent
    assert history(client, customer.id) == [
        ("funded", 5000, 5000),
        ("applied_to_payment", -3000, 2000),
    ]
    applied = all_transactions(client, customer.id)[-1]
    assert applied.applied_to_payment.payment_intent == intent.id
    assert_books_hold(client, customer.id, {"usd": 2000})
    assert happened(client, before) == [
        "payment_intent.created", CREATED, "charge.succeeded", "payment_intent.succeeded",
    ]  # fmt: skip


def test_a_payment_makes_its_charge_and_its_method(client, customer):
    fund(client, customer.id, 1000)
    intent = pay(client, customer.id, 1000, expand=["latest_charge", "payment_method"])

    charge, method = intent.latest_charge, intent.payment_method
    assert isinstance(charge, stripe.Charge) and charge.id.startswith("py_")
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (1000, 1000, 0)
    assert (charge.status, charge.paid, charge.captured) == ("succeeded", True, True)
    assert charge.payment_method_details.type == "customer_balance"
    assert (charge.payment_intent, charge.customer) == (intent.id, customer.id)
    assert charge.payment_method == method.id
    assert client.v1.charges.retrieve(charge.id) == charge

    assert isinstance(method, stripe.PaymentMethod) and method.id.startswith("pm_")
    assert (method.type, method.customer_balance.to_dict()) == ("customer_balance", {})
    assert client.v1.payment_methods.retrieve(method.id) == method


def test_a_charge_shows_everything_around_it(client, customer):
    fund(client, customer.id, 1000)
    intent = pay(client, customer.id, 1000)
    paths = ["customer", "balance_transaction", "payment_intent.latest_charge", "refunds"]
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": paths})

    assert isinstance(charge.customer, stripe.Customer) and charge.customer.id == customer.id
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.source == charge.id
    assert charge.payment_intent.id == intent.id
    assert charge.payment_intent.latest_charge.id == charge.id
    assert charge.refunds.data == []
    for params in ({"payment_intent": intent.id}, {"customer": customer.id}, {}):
        assert [row.id for row in client.v1.charges.list(params)] == [charge.id]


@pytest.mark.parametrize("currency", TRANSFERS)
def test_a_payment_waits_for_its_transfer(client, customer, currency):
    before = latest_event(client)
    intent = pay(client, customer.id, 1099, currency)

    assert (intent.amount_received, intent.latest_charge) == (0, None)
    told = awaited(intent)
    assert (told.type, told.currency) == (TRANSFERS[currency]["type"], currency)
    assert told.amount_remaining == 1099
    assert told.hosted_instructions_url.startswith("http")
    if currency == "jpy":
        assert told.reference is None
    else:
        assert re.fullmatch(r"[A-Z0-9]{12}", told.reference)
    instructions = client.v1.customers.funding_instructions.create(
        customer.id,
        {
            "funding_type": "bank_transfer",
            "currency": currency,
            "bank_transfer": TRANSFERS[currency],
        },
    )
    addresses = [address.to_dict() for address in instructions.bank_transfer.financial_addresses]
    assert [address.to_dict() for address in told.financial_addresses] == addresses

    reference = {"reference": told.reference} if told.reference else {}
    fund(client, customer.id, 1099, currency, **reference)

    done = client.v1.payment_intents.retrieve(intent.id)
    assert (done.status, done.amount_received, done.next_action) == ("succeeded", 1099, None)
    assert_books_hold(client, customer.id, {currency: 0})
    assert happened(client, before) == [
        "payment_intent.created", "payment_intent.requires_action", CREATED, CREATED,
        "charge.succeeded", "payment_intent.succeeded",
    ]  # fmt: skip


def test_addresses_of_the_instructions_are_typed(client, customer):
    told = awaited(pay(client, customer.id, 1000))
    aba, swift = told.financial_addresses
    assert (aba.type, aba.supported_networks) == ("aba", ["ach", "domestic_wire_us"])
    assert re.fullmatch(r"\d{9}", aba.aba.routing_number) and aba.aba.bank_name
    assert (swift.type, swift.supported_networks) == ("swift", ["swift"])
    assert swift.swift.account_number and swift.swift.swift_code

    (iban,) = awaited(pay(client, customer.id, 1000, "eur")).financial_addresses
    assert (iban.type, iban.iban.country) == ("iban", "DE")


def test_a_payment_can_be_paid_in_parts(client, customer):
    intent = pay(client, customer.id, 1000)
    reference = awaited(intent).reference

    fund(client, customer.id, 400)
    part = client.v1.payment_intents.retrieve(intent.id)
    assert (awaited(part).amount_remaining, awaited(part).reference) == (600, reference)
    assert (part.amount, part.amount_received, part.latest_charge) == (1000, 0, None)
    event = client.v1.events.list({"limit": 1}).data[0]
    assert event.type == "payment_intent.partially_funded"
    assert isinstance(event.data.object, stripe.PaymentIntent)
    assert event.data.object == part
    assert client.v1.charges.list().data == []
    assert client.v1.balance_transactions.list().data == []

    fund(client, customer.id, 600)
    done = client.v1.payment_intents.retrieve(intent.id)
    assert (done.status, done.amount_received) == ("succeeded", 1000)
    assert client.v1.charges.retrieve(done.latest_charge).amount == 1000
    assert history(client, customer.id) == [
        ("funded", 400, 400),
        ("applied_to_payment", -400, 0),
        ("funded", 600, 600),
        ("applied_to_payment", -600, 0),
    ]


def test_a_confirmation_takes_what_is_there_and_waits_for_the_rest(client, customer):
    fund(client, customer.id, 300)
    before = latest_event(client)
    intent = pay(client, customer.id, 1000)
    assert awaited(intent).amount_remaining == 700
    assert happened(client, before) == [
        "payment_intent.created", CREATED, "payment_intent.requires_action",
    ]  # fmt: skip
    assert_books_hold(client, customer.id, {"usd": 0})


def test_what_is_too_much_stays_in_the_balance(client, customer):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 1500, reference=awaited(intent).reference)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    event = client.v1.events.list({"limit": 1}).data[0]
    assert event.type == "cash_balance.funds_available"
    assert event.data.object.available.to_dict() == {"usd": 500}
    assert_books_hold(client, customer.id, {"usd": 500})


def test_a_reference_picks_its_payment(client, customer):
    older, younger = (pay(client, customer.id, 1000) for _ in range(2))
    fund(client, customer.id, 1000, reference=awaited(younger).reference)
    states = [client.v1.payment_intents.retrieve(it.id).status for it in (older, younger)]
    assert states == ["requires_action", "succeeded"]


def test_in_the_manual_mode_money_is_applied_by_hand(client, customer):
    set_manual(client, customer.id)
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 1500)
    assert awaited(client.v1.payment_intents.retrieve(intent.id)).amount_remaining == 1000

    apply = client.v1.payment_intents.apply_customer_balance
    part = apply(intent.id, {"amount": 400, "currency": "usd"})
    assert isinstance(part, stripe.PaymentIntent)
    assert awaited(part).amount_remaining == 600
    assert client.v1.events.list({"limit": 1}).data[0].type == "payment_intent.partially_funded"
    for params, param in (({"amount": 5000}, "amount"), ({"currency": "eur"}, "currency")):
        with refusal(400, None, param):
            apply(intent.id, params)

    assert apply(intent.id).status == "succeeded"
    with refusal(400, UNEXPECTED_STATE):
        apply(intent.id)
    assert_books_hold(client, customer.id, {"usd": 500})


def test_nothing_can_be_applied_from_an_empty_balance(client, customer):
    set_manual(client, customer.id)
    intent = pay(client, customer.id, 1000)
    with refusal(400, None, "amount"):
        client.v1.payment_intents.apply_customer_balance(intent.id, {"amount": 100})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.apply_customer_balance(intent.id)
    assert caught.value.http_status == 400
    assert client.v1.payment_intents.retrieve(intent.id) == intent


def test_a_payment_is_made_first_and_confirmed_later(client, customer):
    fund(client, customer.id, 1000)
    intents = client.v1.payment_intents
    bare = {"amount": 1000, "currency": "usd", "customer": customer.id}
    made = intents.create(bare | {"payment_method_types": ["customer_balance"]})
    assert (made.status, made.payment_method) == ("requires_payment_method", None)
    with refusal(400, UNEXPECTED_STATE):
        intents.confirm(made.id)

    with_method = intents.update(made.id, {"payment_method_data": {"type": "customer_balance"}})
    assert with_method.status == "requires_confirmation"
    assert with_method.payment_method.startswith("pm_")
    assert intents.confirm(made.id).status == "succeeded"
    with refusal(400, UNEXPECTED_STATE):
        intents.confirm(made.id)
    assert_books_hold(client, customer.id, {"usd": 0})


def test_purser_picks_the_method_when_asked_to(client, customer):
    params = payment(customer.id, 1000) | {"automatic_payment_methods": {"enabled": True}}
    del params["payment_method_types"]
    intent = client.v1.payment_intents.create(params)
    assert intent.automatic_payment_methods.enabled
    assert intent.payment_method_types == ["card", "customer_balance"]
    assert awaited(intent).amount_remaining == 1000


def test_without_a_transfer_to_wait_for_a_payment_fails(client, customer):
    fund(client, customer.id, 100)
    before = latest_event(client)

    with refusal(400, "payment_intent_payment_attempt_failed") as caught:
        pay(client, customer.id, 1000, waits=False)

    failed = caught.value.error.payment_intent
    assert isinstance(failed, stripe.PaymentIntent)
    assert (failed.status, failed.next_action) == ("requires_payment_method", None)
    assert failed.last_payment_error.code == "payment_intent_payment_attempt_failed"
    assert failed.last_payment_error.message == caught.value.user_message
    assert client.v1.payment_intents.retrieve(failed.id) == failed
    assert_books_hold(client, customer.id, {"usd": 100})
    assert happened(client, before) == ["payment_intent.created", "payment_intent.payment_failed"]

    # It was never confirmed, so new money does not find it; confirming it again does.
    fund(client, customer.id, 900)
    assert client.v1.payment_intents.retrieve(failed.id) == failed
    again = {"payment_method_data": {"type": "customer_balance"}}
    done = client.v1.payment_intents.confirm(failed.id, again)
    assert (done.status, done.last_payment_error) == ("succeeded", None)
    assert_books_hold(client, customer.id, {"usd": 0})


def test_canceling_gives_the_money_back(client, customer):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 400)

    cancel = client.v1.payment_intents.cancel
    canceled = cancel(intent.id, {"cancellation_reason": "requested_by_customer"})

    assert (canceled.status, canceled.next_action) == ("canceled", None)
    assert canceled.cancellation_reason == "requested_by_customer"
    assert canceled.canceled_at >= intent.created
    back = all_transactions(client, customer.id)[-1]
    assert (back.type, back.net_amount, back.ending_balance) == (
        "unapplied_from_payment", 400, 400,
    )  # fmt: skip
    assert back.unapplied_from_payment.payment_intent == intent.id
    with refusal(400, UNEXPECTED_STATE) as caught:
        cancel(intent.id)
    assert "canceled" in caught.value.user_message
    assert_books_hold(client, customer.id, {"usd": 400})


def test_money_that_comes_back_pays_whoever_waits(client, customer):
    first = pay(client, customer.id, 1000)
    fund(client, customer.id, 400)
    second = pay(client, customer.id, 300)
    assert awaited(second).amount_remaining == 300
    client.v1.payment_intents.cancel(first.id)
    assert client.v1.payment_intents.retrieve(second.id).status == "succeeded"
    assert_books_hold(client, customer.id, {"usd": 100})


def test_a_part_paid_payment_can_be_settled_for_what_is_paid(client, customer):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 400)
    changed = client.v1.payment_intents.update(intent.id, {"amount": 400})
    assert (changed.status, changed.amount) == ("requires_confirmation", 400)
    assert changed.next_action is None
    assert cash(client, customer.id) == {"usd": 400}
    done = client.v1.payment_intents.confirm(intent.id)
    assert (done.status, done.amount_received) == ("succeeded", 400)
    with refusal(400, UNEXPECTED_STATE):
        client.v1.payment_intents.update(intent.id, {"amount": 500})
    with refusal(400, UNEXPECTED_STATE):
        client.v1.payment_intents.cancel(intent.id)


def test_what_describes_a_payment_can_change_at_any_time(client, customer):
    fund(client, customer.id, 1000)
    intent = pay(client, customer.id, 1000, metadata={"a": "1", "b": "2"})
    changed = client.v1.payment_intents.update(
        intent.id, {"description": "A chair", "metadata": {"a": "", "c": "3"}}
    )
    assert changed.description == "A chair"
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert client.v1.payment_intents.retrieve(intent.id) == changed


OPTIONS = "payment_method_options[customer_balance]"


@pytest.mark.parametrize(
    "change, code, param",
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"customer": None}, "parameter_missing", "customer"),
        ({"capture_method": "manual"}, None, "capture_method"),
        ({"off_session": True}, None, "off_session"),
        ({"foo": 1}, "parameter_unknown", "foo"),
        (
            {"payment_method_options": {"customer_balance": {"funding_type": "bank_transfer"}}},
            "parameter_missing",
            f"{OPTIONS}[bank_transfer][type]",
        ),
    ],
)
def test_a_wrong_payment_is_refused_and_leaves_no_trace(client, customer, change, code, param):
    params = payment(customer.id, 1000) | change
    given = {name: value for name, value in params.items() if value is not None}
    with refusal(400, code, param):
        client.v1.payment_intents.create(given)
    assert client.v1.payment_intents.list().data == []
    assert happened(client) == ["customer.created"]


@pytest.mark.parametrize(
    "currency, transfer, param",
    [
        ("usd", {"type": "gb_bank_transfer"}, "[bank_transfer][type]"),
        ("gbp", {"type": "us_bank_transfer"}, "[bank_transfer][type]"),
    ],
)
def test_a_transfer_moves_its_own_currency_only(client, customer, currency, transfer, param):
    options = {"customer_balance": {"funding_type": "bank_transfer", "bank_transfer": transfer}}
    with refusal(400, None, OPTIONS + param):
        pay(client, customer.id, 1000, currency, payment_method_options=options)


def test_a_transfer_in_euros_needs_a_country(client, customer):
    transfer = {"funding_type": "bank_transfer", "bank_transfer": {"type": "eu_bank_transfer"}}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        options = {"customer_balance": transfer}
        pay(client, customer.id, 1000, "eur", payment_method_options=options)
    assert caught.value.http_status == 400
    assert caught.value.param.startswith(f"{OPTIONS}[bank_transfer][eu_bank_transfer]")


def test_what_does_not_exist_is_missing(client):
    intents = client.v1.payment_intents
    for request in (
        intents.retrieve,
        intents.confirm,
        intents.cancel,
        intents.apply_customer_balance,
        lambda name: intents.update(name, {"description": "?"}),
    ):
        with refusal(404, "resource_missing", "intent") as caught:
            request("pi_unknown")
        assert caught.value.user_message == "No such payment_intent: 'pi_unknown'"
    with refusal(404, "resource_missing", "charge"):
        client.v1.charges.retrieve("py_unknown")
    with refusal(404, "resource_missing", "payment_method"):
        client.v1.payment_methods.retrieve("pm_unknown")
    with refusal(404, "resource_missing", "customer"):
        pay(client, "cus_unknown", 1000)


def test_payments_are_listed_newest_first_and_paged(client, customer):
    other = client.v1.customers.create()
    made = [pay(client, customer.id, 1000 + at).id for at in range(12)]
    pay(client, other.id, 1000)
    rows = client.v1.payment_intents.list({"customer": customer.id, "limit": 5})
    assert all(isinstance(row, stripe.PaymentIntent) for row in rows)
    assert [row.id for row in rows.auto_paging_iter()] == made[::-1]
    assert len(list(client.v1.payment_intents.list({"limit": 7}).auto_paging_iter())) == 13
    methods = client.v1.customers.payment_methods.list(customer.id, {"limit": 5})
    found = list(methods.auto_paging_iter())
    assert len(found) == 12 and {method.type for method in found} == {"customer_balance"}
    assert client.v1.customers.payment_methods.retrieve(customer.id, found[0].id) == found[0]


def test_transactions_show_their_payments(client, customer):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 400)
    client.v1.payment_intents.cancel(intent.id)
    paths = ["data.applied_to_payment.payment_intent", "data.unapplied_from_payment.payment_intent"]
    rows = client.v1.customers.cash_balance_transactions.list(customer.id, {"expand": paths})
    back, applied, _ = rows.data
    assert applied.applied_to_payment.payment_intent.id == intent.id
    assert back.unapplied_from_payment.payment_intent.status == "canceled"


def test_whoever_has_the_client_secret_may_look(client, customer):
    intent = pay(client, customer.id, 1000)
    read = client.v1.payment_intents.retrieve
    assert read(intent.id, {"client_secret": intent.client_secret}) == intent
    with pytest.raises(stripe.InvalidRequestError) as caught:
        read(intent.id, {"client_secret": "wrong"})
    assert caught.value.param == "client_secret"
