"""The merchant's money: its balance, the transactions of it, bank accounts and payouts."""

import pytest
import stripe

from support import DAY_S, fund, happened, latest_event, paid, pay, refusal, wait_days

# Bank accounts of tests, by how payouts to them end.
ENDS = {"paid": "000123456789", "no_account": "000111111116", "account_closed": "000111111113"}


@pytest.fixture
def merchant(traveler):
    """A client whose merchant may pay out 3000, and has 500 that is not settled yet."""
    customer = traveler.v1.customers.create({"email": "ada@example.com"}).id
    paid(traveler, customer, 3000)
    wait_days(traveler, 2)
    paid(traveler, customer, 500)
    return traveler


def add_bank_account(client, number=ENDS["paid"], **more):
    details = {
        "object": "bank_account",
        "country": "US",
        "currency": "usd",
        "account_number": number,
        "routing_number": "110000000",
        "account_holder_name": "Shop Inc.",
        "account_holder_type": "company",
    }
    params = {"external_account": details, **more}
    account = client.v1.accounts.retrieve_current().id
    return client.v1.accounts.external_accounts.create(account, params)


def balance(client):
    """What is available and what is pending, in dollars."""
    found = client.v1.balance.retrieve()
    buckets = (found.available, found.pending)
    return tuple(
        sum(money.amount for money in bucket if money.currency == "usd") for bucket in buckets
    )


def test_a_payment_settles_in_two_days(traveler):
    customer = traveler.v1.customers.create().id
    intent = paid(traveler, customer, 3000)
    assert balance(traveler) == (0, 3000)
    (line,) = traveler.v1.balance_transactions.list()
    assert isinstance(line, stripe.BalanceTransaction)
    assert (line.type, line.reporting_category) == ("payment", "charge")
    assert (line.amount, line.fee, line.net) == (3000, 0, 3000)
    assert (line.source, line.status) == (intent.latest_charge, "pending")
    assert line.available_on == line.created + 2 * DAY_S
    before = latest_event(traveler)

    wait_days(traveler, 2)

    assert traveler.v1.balance_transactions.retrieve(line.id).status == "available"
    assert balance(traveler) == (3000, 0)
    assert happened(traveler, before) == ["balance.available"]
    (event,) = traveler.v1.events.list({"type": "balance.available"})
    assert isinstance(event.data.object, stripe.Balance)
    assert event.data.object.available[0].amount == 3000
    assert event.request.id is None


def test_balance_transactions_are_listed_and_paged(client, customer):
    fund(client, customer.id, 26 * 100)
    fund(client, customer.id, 100, "gbp")
    charges = [pay(client, customer.id, 100).latest_charge for _ in range(26)][::-1]
    in_pounds = pay(client, customer.id, 100, "gbp").latest_charge
    client.v1.refunds.create({"charge": charges[0]})

    def sources(**params):
        found = client.v1.balance_transactions.list({"limit": 10, **params})
        return [line.source for line in found.auto_paging_iter()]

    assert sources(type="payment", currency="usd") == charges
    assert sources(currency="gbp") == [in_pounds]
    assert sources(source=charges[3]) == [charges[3]]
    assert len(sources()) == 28 and len(sources(type="payment_refund")) == 1
    assert sources(type="payout") == []
    listed = client.v1.balance_transactions.list({"limit": 3, "expand": ["data.source"]})
    kinds = [type(line.source) for line in listed]
    assert kinds == [stripe.Refund, stripe.Charge, stripe.Charge]


def test_what_a_payment_costs_is_a_setting(moving_server, tmp_path):
    server = type(moving_server)(tmp_path, "--fee-bps", "150", "--fee-fixed", "30").start()
    try:
        client = server.client()
        customer = client.v1.customers.create().id
        paid(client, customer, 10_000)
        (line,) = client.v1.balance_transactions.list()
        assert (line.amount, line.fee, line.net) == (10_000, 180, 9820)
        assert [(part.type, part.amount) for part in line.fee_details] == [("stripe_fee", 180)]
        assert balance(client) == (0, 9820)
    finally:
        server.stop()


def test_bank_accounts_come_and_go(client, account):
    accounts = client.v1.accounts.external_accounts
    first = add_bank_account(client, metadata={"a": "1"})
    assert isinstance(first, stripe.BankAccount) and first.id.startswith("ba_")
    assert (first.last4, first.routing_number) == ("6789", "110000000")
    assert (first.country, first.currency, first.account) == ("US", "usd", account)
    assert first.default_for_currency
    assert ENDS["paid"] not in first.last_response.body
    assert accounts.retrieve(account, first.id) == first

    second = add_bank_account(client, ENDS["no_account"])
    assert not second.default_for_currency
    changed = accounts.update(account, second.id, {"default_for_currency": True})
    assert changed.default_for_currency
    assert not accounts.retrieve(account, first.id).default_for_currency
    listed = accounts.list(account, {"limit": 1})
    assert [row.id for row in listed.auto_paging_iter()] == [second.id, first.id]

    gone = accounts.delete(account, first.id)
    assert (gone.id, gone.deleted) == (first.id, True)
    assert [row.id for row in accounts.list(account)] == [second.id]
    with refusal(404, "resource_missing", "id"):
        accounts.retrieve(account, first.id)


def test_a_payout_arrives(merchant):
    destination = add_bank_account(merchant)
    before = latest_event(merchant)

    payout = merchant.v1.payouts.create(
        {
            "amount": 2000,
            "currency": "usd",
            "description": "Weekly",
            "statement_descriptor": "SHOP",
            "metadata": {"week": "47"},
        }
    )

    assert isinstance(payout, stripe.Payout) and payout.id.startswith("po_")
    assert (payout.status, payout.amount, payout.automatic) == ("pending", 2000, False)
    assert (payout.destination, payout.method, payout.type) == (
        destination.id, "standard", "bank_account",
    )  # fmt: skip
    assert payout.reconciliation_status == "not_applicable"
    assert payout.arrival_date > payout.created
    assert balance(merchant) == (1000, 500)
    line = merchant.v1.balance_transactions.retrieve(payout.balance_transaction)
    assert (line.type, line.amount, line.source) == ("payout", -2000, payout.id)
    assert happened(merchant, before) == ["payout.created"]

    wait_days(merchant, 7)

    arrived = merchant.v1.payouts.retrieve(payout.id, {"expand": ["destination"]})
    assert (arrived.status, arrived.failure_code) == ("paid", None)
    assert isinstance(arrived.destination, stripe.BankAccount)
    told = [kind for kind in happened(merchant, before) if kind.startswith("payout.")]
    assert told == ["payout.created", "payout.updated", "payout.paid"]
    assert balance(merchant) == (1500, 0)


def test_a_payout_can_be_given_up_until_it_leaves(merchant):
    add_bank_account(merchant)
    payout = merchant.v1.payouts.create({"amount": 2000, "currency": "usd"})
    canceled = merchant.v1.payouts.cancel(payout.id)
    assert canceled.status == "canceled"
    line = merchant.v1.balance_transactions.retrieve(canceled.failure_balance_transaction)
    assert (line.type, line.amount, line.source) == ("payout_cancel", 2000, payout.id)
    assert balance(merchant) == (3000, 500)
    with refusal(400):
        merchant.v1.payouts.cancel(payout.id)


@pytest.mark.parametrize("why", ["no_account", "account_closed"])
def test_a_payout_fails_at_the_bank(merchant, why):
    add_bank_account(merchant)
    bad = add_bank_account(merchant, ENDS[why])
    params = {"amount": 2000, "currency": "usd", "destination": bad.id}
    payout = merchant.v1.payouts.create(params)
    before = latest_event(merchant)

    wait_days(merchant, 7)

    paths = ["failure_balance_transaction"]
    failed = merchant.v1.payouts.retrieve(payout.id, {"expand": paths})
    assert (failed.status, failed.failure_code) == ("failed", why)
    assert failed.failure_message
    back = failed.failure_balance_transaction
    assert (back.type, back.amount) == ("payout_failure", 2000)
    assert "payout.failed" in happened(merchant, before)
    assert balance(merchant) == (3500, 0)


def test_a_payout_is_taken_back(merchant):
    add_bank_account(merchant)
    payout = merchant.v1.payouts.create({"amount": 2000, "currency": "usd"})
    with refusal(400):
        merchant.v1.payouts.reverse(payout.id)
    wait_days(merchant, 7)
    back = merchant.v1.payouts.reverse(payout.id, {"metadata": {"why": "mistake"}})
    assert (back.amount, back.original_payout) == (-2000, payout.id)
    assert merchant.v1.payouts.retrieve(payout.id).reversed_by == back.id
    wait_days(merchant, 7)
    assert balance(merchant) == (3500, 0)


def test_payouts_are_found_by_what_they_are_like(merchant):
    good, bad = add_bank_account(merchant), add_bank_account(merchant, ENDS["no_account"])
    params = {"amount": 100, "currency": "usd"}
    made = [merchant.v1.payouts.create(params).id for _ in range(5)][::-1]
    other = merchant.v1.payouts.create(params | {"destination": bad.id}).id
    merchant.v1.payouts.cancel(made[0])

    def found(**params):
        listed = merchant.v1.payouts.list({"limit": 2, **params})
        return [row.id for row in listed.auto_paging_iter()]

    assert found() == [other, *made]
    assert found(status="canceled") == [made[0]]
    assert found(destination=good.id) == made
    assert found(status="paid") == []
    changed = merchant.v1.payouts.update(other, {"metadata": {"a": "1"}})
    assert changed.metadata.to_dict() == {"a": "1"}


def test_what_cannot_be_paid_out_is_refused(merchant):
    create = merchant.v1.payouts.create
    with refusal(400, "payouts_not_allowed"):
        create({"amount": 100, "currency": "usd"})
    add_bank_account(merchant)
    with refusal(400, "balance_insufficient"):
        create({"amount": 3001, "currency": "usd"})
    with refusal(400, "parameter_invalid_integer", "amount"):
        create({"amount": 0, "currency": "usd"})
    with refusal(400, None, "statement_descriptor"):
        create({"amount": 1, "currency": "usd", "statement_descriptor": "x" * 23})
    with refusal(404, "resource_missing", "destination"):
        create({"amount": 1, "currency": "usd", "destination": "ba_unknown"})
    with refusal(404, "resource_missing", "payout"):
        merchant.v1.payouts.retrieve("po_unknown")
    assert balance(merchant) == (3000, 500)


def test_an_account_number_that_cannot_be_is_refused(client, account):
    for number, routing, param in (
        ("", "110000000", "account_number"),
        ("000123456789", "110000001", "routing_number"),
    ):
        details = {"object": "bank_account", "country": "US", "currency": "usd"}
        numbers = {"account_number": number, "routing_number": routing}
        with pytest.raises(stripe.InvalidRequestError) as caught:
            params = {"external_account": details | numbers}
            client.v1.accounts.external_accounts.create(account, params)
        assert caught.value.http_status == 400
        assert caught.value.param == f"external_account[{param}]"
