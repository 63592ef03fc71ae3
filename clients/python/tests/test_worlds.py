"""Stripe-Account: in the sandbox every account that is named is a world of its own."""

import uuid

import pytest
import stripe

from support import fund, refusal


@pytest.fixture
def two_worlds(server):
    """One client, and the options that take it to two empty worlds."""
    names = [f"acct_{uuid.uuid4().hex}" for _ in range(2)]
    return server.client(), *({"stripe_account": name} for name in names)


def test_worlds_share_nothing(two_worlds):
    client, here, there = two_worlds
    customer = client.v1.customers.create({"email": "ada@example.com"}, here)
    row = fund(client, customer.id, 100, options=here)

    assert [found.id for found in client.v1.customers.list({}, here)] == [customer.id]
    assert client.v1.customers.list({}, there).data == []
    assert client.v1.customers.list({"email": "ada@example.com"}, there).data == []
    assert client.v1.events.list({}, there).data == []
    with refusal(404, "resource_missing", "id"):
        client.v1.customers.retrieve(customer.id, {}, there)
    with refusal(404, "resource_missing", "customer"):
        client.v1.customers.cash_balance_transactions.retrieve(customer.id, row.id, {}, there)
    with refusal(404, "resource_missing", "customer"):
        fund(client, customer.id, 100, options=there)
    with refusal(400, "resource_missing", "starting_after"):
        client.v1.customers.list({"starting_after": customer.id}, there)


def test_no_header_means_the_account_of_the_key(server, two_worlds):
    client, here, _ = two_worlds
    at_home = client.v1.customers.create()
    with refusal(404, "resource_missing", "id"):
        client.v1.customers.retrieve(at_home.id, {}, here)
    other_key = server.client("sk_test_another")
    assert other_key.v1.customers.retrieve(at_home.id) == at_home


def test_paging_stays_in_its_world(two_worlds):
    client, here, there = two_worlds
    made = [client.v1.customers.create({}, here).id for _ in range(7)]
    client.v1.customers.create({}, there)
    listed = client.v1.customers.list({"limit": 3}, here)
    assert [row.id for row in listed.auto_paging_iter()] == made[::-1]


def test_a_client_can_live_in_a_world(server, two_worlds):
    client, here, there = two_worlds
    resident = server.client(**here)
    customer = resident.v1.customers.create()
    assert client.v1.customers.retrieve(customer.id, {}, here) == customer
    assert resident.v1.customers.list({}, there).data == []


def test_stripe_context_opens_the_same_world(two_worlds):
    client, here, _ = two_worlds
    customer = client.v1.customers.create({}, here)
    context = {"stripe_context": here["stripe_account"]}
    assert client.v1.customers.retrieve(customer.id, {}, context) == customer


@pytest.mark.parametrize("name", ["acct_", "nobody", "acct_" + "x" * 60, "acct_a/b", "acct_a b"])
def test_a_name_that_no_account_can_have_is_refused(client, name):
    with refusal(403, "account_invalid", error=stripe.PermissionError):
        client.v1.customers.list({}, {"stripe_account": name})
