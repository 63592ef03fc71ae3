"""Idempotency keys: the same key gives the same bytes."""

import uuid

import pytest
import stripe

from support import all_transactions, assert_books_hold, fund, refusal


@pytest.fixture
def key():
    """Options with a key that nobody used before."""
    return {"idempotency_key": str(uuid.uuid4())}


def assert_replay(again, first):
    headers = again.last_response.headers
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Original-Request"] == first.last_response.request_id
    assert again.last_response.request_id != first.last_response.request_id
    assert again.last_response.body == first.last_response.body
    assert again.last_response.code == first.last_response.code


def refused_reuse():
    return refusal(400, error=stripe.IdempotencyError)


def test_the_same_transfer_with_the_same_key_arrives_once(client, customer, key):
    first = fund(client, customer.id, 500, reference="once", options=key)
    again = fund(client, customer.id, 500, reference="once", options=key)

    assert "Idempotent-Replayed" not in first.last_response.headers
    assert_replay(again, first)
    assert_books_hold(client, customer.id, {"usd": 500})


def test_the_same_transfer_with_another_key_arrives_again(client, customer):
    for name in ("a", "b"):
        fund(client, customer.id, 500, options={"idempotency_key": f"{customer.id}-{name}"})
    assert_books_hold(client, customer.id, {"usd": 1000})


@pytest.mark.parametrize(
    "write",
    [
        lambda api, customer, key: api.customers.create({"name": "Bob"}, key),
        lambda api, customer, key: api.customers.update(customer, {"name": "Bob"}, key),
        lambda api, customer, key: api.customers.cash_balance.update(
            customer, {"settings": {"reconciliation_mode": "manual"}}, key
        ),
        lambda api, customer, key: api.customers.funding_instructions.create(
            customer,
            {
                "funding_type": "bank_transfer",
                "currency": "gbp",
                "bank_transfer": {"type": "gb_bank_transfer"},
            },
            key,
        ),
        lambda api, customer, key: api.test_helpers.customers.fund_cash_balance(
            customer, {"amount": 5, "currency": "jpy"}, key
        ),
    ],
    ids=["create", "update", "cash balance", "funding instructions", "transfer"],
)
def test_every_write_is_replayed(client, customer, key, write):
    first = write(client.v1, customer.id, key)
    events = client.v1.events.list()
    again = write(client.v1, customer.id, key)
    assert_replay(again, first)
    assert client.v1.events.list() == events


def test_a_replay_shows_what_was_and_not_what_is(client, customer, key):
    first = client.v1.customers.update(customer.id, {"name": "Then"}, key)
    client.v1.customers.update(customer.id, {"name": "Now"})
    assert_replay(client.v1.customers.update(customer.id, {"name": "Then"}, key), first)
    assert client.v1.customers.retrieve(customer.id).name == "Now"


def test_a_key_belongs_to_its_parameters(client, customer, key):
    fund(client, customer.id, 500, options=key)
    with refused_reuse() as caught:
        fund(client, customer.id, 501, options=key)
    assert key["idempotency_key"] in caught.value.user_message
    assert_books_hold(client, customer.id, {"usd": 500})


def test_a_key_belongs_to_its_endpoint(client, customer, key):
    other = client.v1.customers.create()
    client.v1.customers.update(customer.id, {"name": "Bob"}, key)
    for reuse in (
        lambda: client.v1.customers.update(other.id, {"name": "Bob"}, key),
        lambda: client.v1.customers.create({"name": "Bob"}, key),
    ):
        with refused_reuse():
            reuse()


def test_a_key_can_be_sent_again_as_soon_as_its_answer_is_there(client, customer):
    # Nobody else uses these keys, so nothing of theirs can still be under way.
    api = client.v1.customers
    for round in range(300):
        options = {"idempotency_key": f"{customer.id}-{round}", "max_network_retries": 0}
        api.update(customer.id, {"description": "one"}, options)
        with refused_reuse():
            api.update(customer.id, {"description": "two"}, options)


def test_the_order_of_parameters_does_not_matter(client, key):
    first = client.v1.customers.create({"name": "Bob", "metadata": {"a": "1", "b": "2"}}, key)
    again = client.v1.customers.create({"metadata": {"b": "2", "a": "1"}, "name": "Bob"}, key)
    assert_replay(again, first)


def test_a_wrong_parameter_does_not_use_up_the_key(client, customer, key):
    with refusal(400, "parameter_invalid_integer", "amount"):
        fund(client, customer.id, 0, options=key)
    fund(client, customer.id, 500, options=key)
    assert_books_hold(client, customer.id, {"usd": 500})


def test_a_missing_customer_does_not_use_up_the_key(client, customer, key):
    with refusal(404, "resource_missing", "customer"):
        fund(client, "cus_unknown", 500, options=key)
    fund(client, customer.id, 500, options=key)
    assert_books_hold(client, customer.id, {"usd": 500})


def test_reads_and_deletes_take_no_notice_of_a_key(client, customer, key):
    assert client.v1.customers.retrieve(customer.id, {}, key) == customer
    client.v1.customers.update(customer.id, {"name": "Bob"})
    assert client.v1.customers.retrieve(customer.id, {}, key).name == "Bob"
    client.v1.customers.delete(customer.id, {}, key)
    with refusal(404, "resource_missing", "id"):
        client.v1.customers.delete(customer.id, {}, key)


@pytest.mark.parametrize("length, taken", [(1, True), (255, True), (256, False)])
def test_a_key_has_up_to_255_characters(client, length, taken):
    options = {"idempotency_key": "k" * length}
    if taken:
        first = client.v1.customers.create({}, options)
        assert_replay(client.v1.customers.create({}, options), first)
    else:
        with refusal(400):
            client.v1.customers.create({}, options)


def test_a_key_is_another_one_in_another_world(server, client, customer, key):
    elsewhere = server.client(stripe_account="acct_elsewhere")
    here = client.v1.customers.create({"name": "Bob"}, key)
    there = elsewhere.v1.customers.create({"name": "Carol"}, key)
    assert here.id != there.id
    assert "Idempotent-Replayed" not in there.last_response.headers


def test_the_sdk_sends_a_fresh_key_with_every_write(client, customer):
    keys = [fund(client, customer.id, 1).last_response.idempotency_key for _ in range(3)]
    assert None not in keys and len(set(keys)) == 3
    assert len(all_transactions(client, customer.id)) == 3
