"""Expansion: whole objects where an answer has ids."""

import pytest
import stripe

from support import fund, refusal


def test_a_customer_shows_its_cash_balance_when_asked(client, customer):
    fund(client, customer.id, 700, "eur")
    balance = client.v1.customers.cash_balance.retrieve(customer.id)

    plain = client.v1.customers.retrieve(customer.id)
    expanded = client.v1.customers.retrieve(customer.id, {"expand": ["cash_balance"]})

    assert "cash_balance" not in plain
    assert isinstance(expanded.cash_balance, stripe.CashBalance)
    assert expanded.cash_balance.to_dict() == balance.to_dict()
    assert expanded.to_dict() == plain.to_dict() | {"cash_balance": balance.to_dict()}


@pytest.mark.parametrize("verb", ["create", "update"])
def test_writes_expand_what_they_left(client, customer, verb):
    params = {
        "cash_balance": {"settings": {"reconciliation_mode": "manual"}},
        "expand": ["cash_balance"],
    }
    match verb:
        case "create":
            answer = client.v1.customers.create(params)
        case "update":
            answer = client.v1.customers.update(customer.id, params)
    assert answer.cash_balance.settings.reconciliation_mode == "manual"
    assert answer.cash_balance.customer == answer.id


def test_every_customer_of_a_list_can_be_expanded(client):
    for amount in (100, 200, 300):
        fund(client, client.v1.customers.create().id, amount)
    listed = client.v1.customers.list({"expand": ["data.cash_balance"]})
    assert [row.cash_balance.available["usd"] for row in listed] == [300, 200, 100]


@pytest.mark.parametrize(
    "paths", [["customer"], ["customer.cash_balance"], ["customer", "customer.cash_balance"]]
)
def test_a_transaction_shows_its_customer(client, customer, paths):
    made = fund(client, customer.id, 700, expand=paths)
    read = client.v1.customers.cash_balance_transactions.retrieve(
        customer.id, made.id, {"expand": paths}
    )

    assert read == made
    assert isinstance(made.customer, stripe.Customer)
    assert made.customer.id == customer.id
    if "customer.cash_balance" in paths:
        # The write shows the balance with the money that it brought.
        assert made.customer.cash_balance.available.to_dict() == {"usd": 700}


def test_lists_expand_from_data_on(client, customer):
    fund(client, customer.id, 700)
    listed = client.v1.customers.cash_balance_transactions.list(
        customer.id, {"expand": ["data.customer.cash_balance"]}
    )
    assert listed.data[0].customer.cash_balance.available.to_dict() == {"usd": 700}


def test_a_path_down_to_a_hash_changes_nothing(client, customer):
    plain = client.v1.customers.retrieve(customer.id)
    paths = ["address", "shipping", "invoice_settings"]
    assert client.v1.customers.retrieve(customer.id, {"expand": paths}) == plain


@pytest.mark.parametrize(
    "paths, code",
    [
        (["livemode"], None),
        (["nonsense"], None),
        (["cash_balance", "nonsense"], None),
        (["a.b.c.d.e"], "property_expansion_max_depth"),
    ],
)
def test_a_wrong_path_is_refused_before_anything_happens(client, paths, code):
    with refusal(400, code):
        client.v1.customers.create({"expand": paths})
    assert client.v1.customers.list().data == []


@pytest.mark.parametrize("path", ["cash_balance", "data.livemode", "data.nonsense", "total_count"])
def test_a_wrong_path_of_a_list_is_refused(client, path):
    with refusal(400):
        client.v1.customers.list({"expand": [path]})


def test_a_path_that_forgot_data_is_corrected(client, customer):
    with refusal(400) as caught:
        client.v1.customers.cash_balance_transactions.list(customer.id, {"expand": ["customer"]})
    assert "data.customer" in caught.value.user_message


def test_a_wrong_path_does_not_use_up_the_idempotency_key(client):
    key = {"idempotency_key": "expand-1"}
    with refusal(400):
        client.v1.customers.create({"expand": ["nonsense"]}, key)
    made = client.v1.customers.create({"expand": ["cash_balance"]}, key)
    assert "Idempotent-Replayed" not in made.last_response.headers


def test_a_replay_is_expanded_as_it_was_the_first_time(client, customer):
    options = {"idempotency_key": "expand-2"}
    first = fund(client, customer.id, 700, expand=["customer.cash_balance"], options=options)
    fund(client, customer.id, 1)
    again = fund(client, customer.id, 700, expand=["customer.cash_balance"], options=options)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.body == first.last_response.body
