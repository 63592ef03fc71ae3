"""kill -9: what was acknowledged is there, and what is sent again happens once."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import stripe

from support import (
    DAY_S,
    all_transactions,
    assert_books_hold,
    awaited,
    fund,
    pay,
    payment,
    wait_days,
    wait_until,
)

ROUNDS = 5


def test_what_was_acknowledged_is_there_after_a_crash(own_server):
    for round in range(ROUNDS):
        client = own_server.client()
        kept = client.v1.customers.create({"email": "ada@example.com"})
        gone = client.v1.customers.create()
        options = {"idempotency_key": f"round {round}"}
        row = fund(client, kept.id, 500, "eur", options=options)
        kept = client.v1.customers.update(kept.id, {"metadata": {"round": round}})
        client.v1.customers.delete(gone.id)

        own_server.crash()

        client = own_server.client()
        assert client.v1.customers.retrieve(kept.id) == kept
        assert client.v1.customers.retrieve(gone.id).deleted
        assert all_transactions(client, kept.id) == [row]
        again = fund(client, kept.id, 500, "eur", options=options)
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        assert again.last_response.body == row.last_response.body
        assert_books_hold(client, kept.id, {"eur": 500})
    assert len(list(client.v1.customers.list({"limit": 2}).auto_paging_iter())) == ROUNDS


def test_payments_and_the_clock_survive_a_crash(own_server):
    client = own_server.client()
    customer = client.v1.customers.create({"email": "ada@example.com"}).id
    options = {"idempotency_key": "paid once"}
    fund(client, customer, 1000)
    first = client.v1.payment_intents.create(payment(customer, 700), options)
    waiting = pay(client, customer, 500)
    refund = client.v1.refunds.create({"payment_intent": first.id, "amount": 50})

    own_server.crash()

    client = own_server.client()
    again = client.v1.payment_intents.create(payment(customer, 700), options)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert again.last_response.body == first.last_response.body
    assert awaited(client.v1.payment_intents.retrieve(waiting.id)).amount_remaining == 200
    assert client.v1.refunds.retrieve(refund.id) == refund

    wait_days(client, 2)
    own_server.crash()

    client = own_server.client()
    assert client.v1.balance.retrieve().available[0].amount == 650
    assert client.v1.customers.create().created >= first.created + 2 * DAY_S
    fund(client, customer, 200)
    assert client.v1.payment_intents.retrieve(waiting.id).status == "succeeded"


def test_bank_accounts_stay_the_same_after_a_crash(own_server):
    client = own_server.client()
    customer = client.v1.customers.create()
    params = {
        "funding_type": "bank_transfer",
        "currency": "gbp",
        "bank_transfer": {"type": "gb_bank_transfer"},
    }
    before = client.v1.customers.funding_instructions.create(customer.id, params)
    account = client.v1.accounts.retrieve_current()
    own_server.crash()
    client = own_server.client()
    after = client.v1.customers.funding_instructions.create(customer.id, params)
    assert after.last_response.body == before.last_response.body
    assert client.v1.accounts.retrieve_current() == account


def test_a_page_can_be_turned_after_a_crash(own_server):
    client = own_server.client()
    made = [client.v1.customers.create().id for _ in range(9)]
    rows = client.v1.customers.list({"limit": 4}).auto_paging_iter()
    met = [next(rows).id for _ in range(4)]
    own_server.crash()
    rows = client.v1.customers.list({"limit": 4, "starting_after": met[-1]}).auto_paging_iter()
    assert met + [row.id for row in rows] == made[::-1]


def test_clients_that_retry_know_a_crash_as_a_pause_only(own_server):
    account = {"stripe_account": "acct_crashes"}
    client = own_server.client(max_network_retries=10, **account)
    customer = client.v1.customers.create().id
    acknowledged = []

    def keep_funding(_):
        for _ in range(40):
            acknowledged.append(fund(client, customer, 25).id)

    with ThreadPoolExecutor(6) as threads:
        writers = threads.map(keep_funding, range(6))
        for enough in (50, 100, 150):
            wait_until(lambda enough=enough: len(acknowledged) >= enough)
            own_server.crash()
        list(writers)

    assert len(set(acknowledged)) == len(acknowledged) == 240
    assert {row.id for row in all_transactions(client, customer)} == set(acknowledged)
    assert_books_hold(client, customer, {"usd": 240 * 25})
    events = client.v1.events.list({"limit": 100}).auto_paging_iter()
    funded = [event for event in events if event.type.endswith("_transaction.created")]
    assert len(funded) == 240


def test_whoever_was_cut_off_sends_again_with_the_same_key(own_server):
    setup = own_server.client()
    customer = setup.v1.customers.create().id
    numbers = itertools.count()
    cut_off, told = [], {}

    def fund_until_the_crash(_):
        client = own_server.client(max_network_retries=0)
        while True:
            key = {"idempotency_key": f"transfer {next(numbers)}"}
            try:
                told[key["idempotency_key"]] = fund(client, customer, 25, options=key).id
            except stripe.APIConnectionError:
                cut_off.append(key)
                return

    with ThreadPoolExecutor(6) as threads:
        writers = threads.map(fund_until_the_crash, range(6))
        wait_until(lambda: len(told) >= 60)
        own_server.kill()
        list(writers)
    own_server.start()

    client = own_server.client()
    assert len(cut_off) == 6
    for key in cut_off:
        told[key["idempotency_key"]] = fund(client, customer, 25, options=key).id
    assert len(set(told.values())) == len(told)
    assert_books_hold(client, customer, {"usd": len(told) * 25})
    for key, row in told.items():
        assert fund(client, customer, 25, options={"idempotency_key": key}).id == row
