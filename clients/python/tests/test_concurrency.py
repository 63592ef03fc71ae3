"""Many at once: whatever the order, the books hold."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import stripe

from support import all_transactions, assert_books_hold, fund, refusal

THREADS = 16


def at_once(act, inputs):
    """What `act` gives for each input, with many threads at work."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(act, inputs))


def test_transfers_to_one_customer_at_once_form_one_chain(client, customer):
    amounts = range(1, 201)
    currencies = ("usd", "eur", "gbp", "jpy", "mxn")
    rows = at_once(lambda n: fund(client, customer.id, n, currencies[n % 5]), amounts)

    expected = {currencies[rest]: sum(n for n in amounts if n % 5 == rest) for rest in range(5)}
    assert_books_hold(client, customer.id, expected)
    # Everybody was told what is kept.
    kept = {row.id: row for row in all_transactions(client, customer.id)}
    assert {row.id: row for row in rows} == kept


def test_transfers_and_reversals_at_once_cancel_out(client, customer):
    references = ["reversal_1", "stays"] * 50
    at_once(lambda text: fund(client, customer.id, 100, reference=text), references)
    assert_books_hold(client, customer.id, {"usd": 50 * 100})


def test_every_transfer_leaves_its_event(client, customer):
    rows = at_once(lambda _: fund(client, customer.id, 5), range(60))
    events = client.v1.events.list({"limit": 100}).auto_paging_iter()
    of_type = Counter()
    told = set()
    for event in events:
        of_type[event.type] += 1
        if event.type == "customer_cash_balance_transaction.created":
            told.add(event.data.object.id)
    assert told == {row.id for row in rows}
    assert of_type == {
        "customer.created": 1,
        "customer_cash_balance_transaction.created": 60,
        "cash_balance.funds_available": 60,
    }


def test_updates_at_once_lose_nothing(client, customer):
    names = [f"name{at}" for at in range(40)]
    at_once(lambda name: client.v1.customers.update(customer.id, {"metadata": {name: "1"}}), names)
    assert set(client.v1.customers.retrieve(customer.id).metadata.to_dict()) == set(names)


def test_one_key_at_once_is_one_transfer(client, customer):
    options = {"idempotency_key": f"all at once {customer.id}", "max_network_retries": 10}
    rows = at_once(lambda _: fund(client, customer.id, 500, options=options), range(20))
    assert len({row.last_response.body for row in rows}) == 1
    first = [row for row in rows if "Idempotent-Replayed" not in row.last_response.headers]
    assert len(first) == 1
    assert_books_hold(client, customer.id, {"usd": 500})


def test_who_does_not_retry_is_told_that_the_key_is_in_use(client, customer):
    options = {"idempotency_key": f"impatient {customer.id}", "max_network_retries": 0}

    def outcome(_):
        try:
            return fund(client, customer.id, 500, options=options).id
        except stripe.APIError as error:
            assert error.http_status == 409
            assert error.error.code == "idempotency_key_in_use"
            assert error.headers["Stripe-Should-Retry"] == "true"

    outcomes = set(at_once(outcome, range(20))) - {None}
    assert len(outcomes) == 1
    assert_books_hold(client, customer.id, {"usd": 500})


def test_one_key_for_different_transfers_at_once_is_one_of_them(client, customer):
    options = {"idempotency_key": f"confused {customer.id}", "max_network_retries": 10}

    def outcome(amount):
        try:
            return fund(client, customer.id, amount, options=options).net_amount
        except stripe.IdempotencyError:
            return None

    (won,) = set(at_once(outcome, range(100, 120))) - {None}
    assert_books_hold(client, customer.id, {"usd": won})


def test_asking_for_an_account_at_once_opens_one(client, customer):
    params = {
        "funding_type": "bank_transfer",
        "currency": "mxn",
        "bank_transfer": {"type": "mx_bank_transfer"},
    }
    ask = client.v1.customers.funding_instructions.create
    answers = at_once(lambda _: ask(customer.id, params), range(20))
    assert len({answer.last_response.body for answer in answers}) == 1


def test_a_customer_is_deleted_or_funded_but_not_both(client):
    def succeeds(act):
        try:
            act()
            return True
        except stripe.InvalidRequestError:
            return False

    for _ in range(15):
        customer = client.v1.customers.create().id
        delete = partial(client.v1.customers.delete, customer)
        transfer = partial(fund, client, customer, 100)

        deleted, *funded = at_once(succeeds, [delete, transfer, transfer, transfer])

        assert funded == [not deleted] * 3
        if deleted:
            assert client.v1.customers.retrieve(customer).deleted
        else:
            assert_books_hold(client, customer, {"usd": 300})


def test_what_was_answered_is_seen_by_every_reader_at_once(client):
    def make_and_look(at):
        made = client.v1.customers.create({"email": f"{at}@example.com"})
        row = fund(client, made.id, 100 + at)
        (found,) = client.v1.customers.list({"email": f"{at}@example.com"})
        assert found == client.v1.customers.retrieve(made.id) == made
        assert client.v1.customers.cash_balance_transactions.list(made.id).data == [row]
        return made.id

    made = at_once(make_and_look, range(80))
    listed = client.v1.customers.list({"limit": 100})
    assert {row.id for row in listed} == set(made)


def test_a_refused_neighbour_spoils_nothing(client, customer):
    def outcome(at):
        if at % 2:
            return fund(client, customer.id, 100)
        with refusal(404, "resource_missing", "customer"):
            fund(client, "cus_unknown", 100)

    at_once(outcome, range(80))
    assert_books_hold(client, customer.id, {"usd": 40 * 100})
