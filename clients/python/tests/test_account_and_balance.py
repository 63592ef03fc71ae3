"""The merchant: its account, its own balance, and that balance's transactions."""

import pytest
import stripe

from purser import Purser
from support import refusal


def test_the_account_says_who_it_is(client, account):
    own = client.v1.accounts.retrieve_current()
    assert isinstance(own, stripe.Account)
    assert (own.id, own.object, own.country, own.default_currency) == (
        account, "account", "US", "usd",
    )  # fmt: skip
    assert own.charges_enabled and own.details_submitted
    assert client.v1.accounts.retrieve(account) == own


def test_the_account_of_the_key_has_an_id_of_its_own(server):
    client = server.client()
    own = client.v1.accounts.retrieve_current()
    assert own.id.startswith("acct_") and len(own.id) == 21
    assert client.v1.accounts.retrieve_current() == own


def test_an_account_that_nobody_opened_is_out_of_reach(client):
    with refusal(403, "account_invalid", error=stripe.PermissionError):
        client.v1.accounts.retrieve("acct_nobody")


def test_country_and_currency_of_the_account_are_settings(tmp_path):
    server = Purser(tmp_path, "--country", "DE", "--currency", "eur").start()
    try:
        client = server.client()
        own = client.v1.accounts.retrieve_current()
        assert (own.country, own.default_currency) == ("DE", "eur")
        balance = client.v1.balance.retrieve()
        assert [money.currency for money in balance.available] == ["eur"]
    finally:
        server.stop()


def test_the_default_of_the_reconciliation_mode_is_a_setting(tmp_path):
    server = Purser(tmp_path, "--reconciliation-mode", "manual").start()
    try:
        client = server.client()
        customer = client.v1.customers.create()
        settings = client.v1.customers.cash_balance.retrieve(customer.id).settings
        assert settings.to_dict() == {
            "reconciliation_mode": "manual",
            "using_merchant_default": True,
        }
    finally:
        server.stop()


def test_a_new_merchant_has_nothing(client):
    balance = client.v1.balance.retrieve()
    assert (balance.object, balance.livemode) == ("balance", False)
    for bucket in (balance.available, balance.pending):
        assert [(money.currency, money.amount) for money in bucket] == [("usd", 0)]


def test_a_new_merchant_has_no_balance_transactions(client):
    page = client.v1.balance_transactions.list()
    assert page.data == [] and not page.has_more
    assert page.url == "/v1/balance_transactions"
    assert list(page.auto_paging_iter()) == []


def test_an_unknown_balance_transaction_is_missing(client):
    with refusal(404, "resource_missing", "id"):
        client.v1.balance_transactions.retrieve("txn_unknown")
    with refusal(400, "resource_missing", "starting_after"):
        client.v1.balance_transactions.list({"starting_after": "txn_unknown"})


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_does_not_exist_is_not_found(client, method):
    with refusal(404) as caught:
        client.raw_request(method, "/v1/nonsense")
    assert "/v1/nonsense" in caught.value.user_message


def test_raw_requests_work_too(client, customer):
    answer = client.raw_request("get", f"/v1/customers/{customer.id}")
    assert client.deserialize(answer, api_mode="V1") == customer


def test_a_version_that_is_none_is_refused(client):
    with refusal(400):
        client.v1.customers.list({}, {"stripe_version": "yesterday"})
