"""Searches: the query language, and the SDK's own paging."""

import pytest

from support import fund, payment, refusal

MANY = 25


@pytest.fixture
def crowd(client):
    """Customers of one plan, newest first."""
    params = {"name": "Ada Lovelace", "metadata": {"plan": "gold"}}
    make = client.v1.customers.create
    return [make(params | {"email": f"ada{at}@example.com"}).id for at in range(MANY)][::-1]


@pytest.mark.parametrize("limit", [None, 5, 7, 100])
def test_paging_meets_every_row_once_newest_first(client, crowd, limit):
    params = {"query": "metadata['plan']:'GOLD'"} | ({} if limit is None else {"limit": limit})
    found = client.v1.customers.search(params)
    assert found.object == "search_result"
    assert [row.id for row in found.auto_paging_iter()] == crowd


def test_what_was_just_written_is_found(client, crowd):
    query = 'email:"ada7@example.com" AND name:"ada lovelace" AND -metadata["plan"]:null'
    assert [row.id for row in client.v1.customers.search({"query": query}).data] == [crowd[-8]]
    client.v1.customers.update(crowd[-8], {"email": "king@example.com"})
    assert client.v1.customers.search({"query": query}).is_empty
    client.v1.customers.delete(crowd[-8])
    assert client.v1.customers.search({"query": "email~'king'"}).is_empty


def test_a_search_counts_when_it_is_asked(client, crowd):
    params = {"query": "name~'love'", "limit": 1}
    assert "total_count" not in client.v1.customers.search(params)
    counted = client.v1.customers.search(params | {"expand": ["total_count"]})
    assert (counted.total_count, counted.has_more) == (MANY, True)


def test_payments_and_charges_are_found(client, customer):
    fund(client, customer.id, 1000)
    params = payment(customer.id, 1000) | {"metadata": {"order": "17"}}
    intent = client.v1.payment_intents.create(params)
    queries = [f"customer:'{customer.id}'", "amount>=1000 currency:'usd'", "metadata['order']:'17'"]
    for query in queries:
        found = client.v1.payment_intents.search({"query": query})
        assert [row.id for row in found.data] == [intent.id], query
        charges = client.v1.charges.search({"query": query, "expand": ["data.payment_intent"]})
        assert [row.payment_intent.id for row in charges.data] == [intent.id], query


def test_what_is_no_query_says_where_it_breaks(client):
    with refusal(400, param="query") as caught:
        client.v1.customers.search({"query": "amount>1000"})
    assert "created, email, metadata, name, phone" in caught.value.user_message
