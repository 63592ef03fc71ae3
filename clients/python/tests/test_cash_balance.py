"""Cash balances: how they begin, how they are set, how money arrives in them."""

import pytest

from support import all_transactions, assert_books_hold, fund, refusal

TRANSFERS = {
    "usd": ("us_bank_transfer", {"network", "sender_name"}),
    "gbp": ("gb_bank_transfer", {"account_number_last4", "sender_name", "sort_code"}),
    "eur": ("eu_bank_transfer", {"bic", "iban_last4", "sender_name"}),
    "jpy": ("jp_bank_transfer", {"sender_bank", "sender_branch", "sender_name"}),
    "mxn": ("mx_bank_transfer", set()),
}


def test_a_new_customer_has_an_empty_automatic_cash_balance(client, customer):
    balance = client.v1.customers.cash_balance.retrieve(customer.id)

    assert balance.to_dict() == {
        "object": "cash_balance",
        "available": None,
        "customer": customer.id,
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }
    page = client.v1.customers.cash_balance_transactions.list(customer.id)
    assert page.data == [] and not page.has_more
    assert page.url == f"/v1/customers/{customer.id}/cash_balance_transactions"


@pytest.mark.parametrize(
    "asked, shown, default",
    [
        ("manual", "manual", False),
        ("automatic", "automatic", False),
        ("merchant_default", "automatic", True),
    ],
)
@pytest.mark.parametrize("through", ["cash balance", "customer", "new customer"])
def test_the_reconciliation_mode_can_be_set(client, through, asked, shown, default):
    settings = {"settings": {"reconciliation_mode": asked}}
    before = {"settings": {"reconciliation_mode": "manual"}}
    match through:
        case "cash balance":
            customer = client.v1.customers.create({"cash_balance": before})
            client.v1.customers.cash_balance.update(customer.id, settings)
        case "customer":
            customer = client.v1.customers.create({"cash_balance": before})
            client.v1.customers.update(customer.id, {"cash_balance": settings})
        case "new customer":
            customer = client.v1.customers.create({"cash_balance": settings})

    set_to = client.v1.customers.cash_balance.retrieve(customer.id).settings
    assert (set_to.reconciliation_mode, set_to.using_merchant_default) == (shown, default)


def test_an_update_answers_with_the_cash_balance(client, customer):
    fund(client, customer.id, 700)
    changed = client.v1.customers.cash_balance.update(
        customer.id, {"settings": {"reconciliation_mode": "manual"}}
    )
    assert changed.available.to_dict() == {"usd": 700}
    assert changed == client.v1.customers.cash_balance.retrieve(customer.id)


def test_an_unknown_mode_is_refused_and_changes_nothing(client, customer):
    with refusal(400, param="settings[reconciliation_mode]"):
        client.v1.customers.cash_balance.update(
            customer.id, {"settings": {"reconciliation_mode": "sometimes"}}
        )
    settings = client.v1.customers.cash_balance.retrieve(customer.id).settings
    assert settings.reconciliation_mode == "automatic"


@pytest.mark.parametrize("currency", TRANSFERS)
@pytest.mark.parametrize("reference", ["INV-2026/0042 für Ada", None])
def test_a_transfer_arrives_in_each_currency(client, customer, currency, reference):
    transfer, sender = TRANSFERS[currency]
    more = {} if reference is None else {"reference": reference}

    arrived = fund(client, customer.id, 5000, currency, **more)

    assert arrived.object == "customer_cash_balance_transaction"
    assert arrived.id.startswith("ccsbtxn_") and len(arrived.id) == 32
    assert (arrived.type, arrived.currency) == ("funded", currency)
    assert (arrived.net_amount, arrived.ending_balance) == (5000, 5000)
    assert (arrived.customer, arrived.livemode) == (customer.id, False)
    told = arrived.funded.bank_transfer.to_dict()
    assert (told["type"], told["reference"]) == (transfer, reference)
    assert set(told.get(transfer, {})) == sender
    assert set(told) == {"type", "reference"} | ({transfer} if sender else set())
    assert "applied_to_payment" not in arrived

    read = client.v1.customers.cash_balance_transactions.retrieve(customer.id, arrived.id)
    assert read == arrived
    assert_books_hold(client, customer.id, {currency: 5000})


def test_currencies_are_kept_apart_in_one_list(client, customer):
    amounts = [("eur", 1000), ("usd", 200), ("eur", 30), ("jpy", 4), ("usd", 5)]
    made = [fund(client, customer.id, amount, currency).id for currency, amount in amounts]

    listed = all_transactions(client, customer.id)

    assert [row.id for row in listed] == made
    assert [row.ending_balance for row in listed] == [1000, 200, 1030, 4, 205]
    assert_books_hold(client, customer.id, {"eur": 1030, "usd": 205, "jpy": 4})


def test_customers_do_not_share_their_money(client, customer):
    other = client.v1.customers.create()
    row = fund(client, customer.id, 100)

    assert client.v1.customers.cash_balance.retrieve(other.id).available is None
    with refusal(404, "resource_missing", "transaction"):
        client.v1.customers.cash_balance_transactions.retrieve(other.id, row.id)


def test_a_reversed_transfer_takes_its_money_along(client, customer):
    fund(client, customer.id, 250)
    funded = fund(client, customer.id, 1000, reference="reversal_1")
    assert (funded.type, funded.ending_balance) == ("funded", 1250)

    reversal = client.v1.customers.cash_balance_transactions.list(customer.id).data[0]

    assert (reversal.type, reversal.net_amount) == ("funding_reversed", -1000)
    assert "funded" not in reversal
    assert_books_hold(client, customer.id, {"usd": 250})


def test_money_of_customers_is_not_money_of_the_merchant(client, customer):
    before = client.v1.balance.retrieve()
    fund(client, customer.id, 5000)
    assert client.v1.balance.retrieve() == before
    assert client.v1.balance_transactions.list().data == []


@pytest.mark.parametrize(
    "params, code, param",
    [
        ({"amount": 0, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": -1, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": "abc", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 10.5, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 10**30, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": 1}, "parameter_missing", "currency"),
        ({"amount": 1, "currency": ""}, "parameter_invalid_empty", "currency"),
        ({"amount": 1, "currency": "cad"}, None, "currency"),
        ({"amount": 1, "currency": "xyz"}, None, "currency"),
        ({"amount": 1, "currency": "usd", "foo": 1}, "parameter_unknown", "foo"),
    ],
)
def test_a_wrong_transfer_is_refused_and_leaves_no_trace(client, customer, params, code, param):
    with refusal(400, code, param):
        client.v1.test_helpers.customers.fund_cash_balance(customer.id, params)
    assert client.v1.customers.cash_balance.retrieve(customer.id).available is None
    assert all_transactions(client, customer.id) == []


def test_a_transfer_to_nobody_is_refused(client):
    with refusal(404, "resource_missing", "customer") as caught:
        fund(client, "cus_unknown", 100)
    assert caught.value.user_message == "No such customer: 'cus_unknown'"


@pytest.mark.parametrize(
    "read",
    [
        lambda api: api.cash_balance.retrieve("cus_unknown"),
        lambda api: api.cash_balance.update("cus_unknown", {}),
        lambda api: api.cash_balance_transactions.list("cus_unknown"),
        lambda api: api.cash_balance_transactions.retrieve("cus_unknown", "ccsbtxn_unknown"),
    ],
    ids=["balance", "update", "transactions", "transaction"],
)
def test_nobody_has_no_cash_balance(client, read):
    with refusal(404, "resource_missing", "customer"):
        read(client.v1.customers)


def test_an_unknown_transaction_is_missing(client, customer):
    with refusal(404, "resource_missing", "transaction"):
        client.v1.customers.cash_balance_transactions.retrieve(customer.id, "ccsbtxn_unknown")
