"""The SDK's own retries over a network that breaks: money arrives exactly once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from flaky_proxy import Fault, FlakyProxy
from support import assert_books_hold, fund, happened, latest_event, pay


@pytest.fixture
def broken(server, account):
    """Makes a client that meets these faults, one for each connection."""
    proxies = []

    def broken(faults: list[Fault], retries: int):
        proxies.append(FlakyProxy(server.port, faults).__enter__())
        url = proxies[-1].url
        made = server.client(url=url, stripe_account=account, max_network_retries=retries)
        return made, proxies[-1]

    yield broken
    for proxy in proxies:
        proxy.__exit__()


@pytest.mark.parametrize(
    "faults, replayed",
    [
        ([Fault.LOST_REQUEST], False),
        ([Fault.LOST_ANSWER], True),
        ([Fault.LOST_REQUEST, Fault.LOST_ANSWER], True),
        ([Fault.LOST_ANSWER, Fault.LOST_REQUEST], True),
    ],
    ids=["request lost", "answer lost", "request, then answer", "answer, then request"],
)
def test_a_retried_transfer_arrives_once(client, customer, broken, faults, replayed):
    retrying, proxy = broken(faults, retries=2)

    funded = fund(retrying, customer.id, 500)

    assert proxy.connections == len(faults) + 1
    assert ("Idempotent-Replayed" in funded.last_response.headers) is replayed
    assert_books_hold(client, customer.id, {"usd": 500})


def test_a_retried_payment_is_made_and_confirmed_once(client, customer, broken):
    fund(client, customer.id, 2500)
    before = latest_event(client)
    retrying, proxy = broken([Fault.LOST_ANSWER], retries=2)

    intent = pay(retrying, customer.id, 1000)

    assert proxy.connections == 2
    assert intent.last_response.headers["Idempotent-Replayed"] == "true"
    assert intent.status == "succeeded"
    assert [row.id for row in client.v1.payment_intents.list()] == [intent.id]
    assert [row.id for row in client.v1.charges.list()] == [intent.latest_charge]
    assert happened(client, before).count("payment_intent.succeeded") == 1
    assert_books_hold(client, customer.id, {"usd": 1500})


def test_a_payment_that_failed_fails_again_and_not_once_more(client, customer, broken):
    retrying, _ = broken([Fault.LOST_ANSWER], retries=2)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(retrying, customer.id, 1000, waits=False)
    assert caught.value.headers["Idempotent-Replayed"] == "true"
    failed = caught.value.error.payment_intent
    assert [row.id for row in client.v1.payment_intents.list()] == [failed.id]
    assert failed.status == "requires_payment_method"


def test_what_is_done_to_a_payment_is_done_once(client, customer, broken):
    intent = pay(client, customer.id, 1000)
    fund(client, customer.id, 400)
    retrying, _ = broken([Fault.LOST_ANSWER], retries=1)
    canceled = retrying.v1.payment_intents.cancel(intent.id)
    assert canceled.status == "canceled"
    assert_books_hold(client, customer.id, {"usd": 400})

    paid = pay(client, customer.id, 400)
    retrying, _ = broken([Fault.LOST_ANSWER], retries=1)
    refund = retrying.v1.refunds.create({"payment_intent": paid.id, "amount": 100})
    assert [row.id for row in client.v1.refunds.list()] == [refund.id]
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 100


def test_a_retried_customer_is_made_once(client, broken):
    retrying, _ = broken([Fault.LOST_ANSWER], retries=1)
    made = retrying.v1.customers.create({"email": "once@example.com"})
    assert [row.id for row in client.v1.customers.list()] == [made.id]


def test_a_retried_read_just_reads_again(customer, broken):
    retrying, proxy = broken([Fault.LOST_ANSWER], retries=1)
    assert retrying.v1.customers.retrieve(customer.id) == customer
    assert proxy.connections == 2


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.CUT_ANSWER])
def test_who_retries_by_hand_with_the_same_key_is_safe_too(client, customer, broken, fault):
    hasty, _ = broken([fault], retries=0)
    options = {"idempotency_key": f"by hand {customer.id}"}

    with pytest.raises(stripe.APIConnectionError):
        fund(hasty, customer.id, 500, options=options)
    assert_books_hold(client, customer.id, {"usd": 500})

    funded = fund(hasty, customer.id, 500, options=options)
    assert funded.last_response.headers["Idempotent-Replayed"] == "true"
    assert_books_hold(client, customer.id, {"usd": 500})


def test_a_refusal_is_not_retried(broken):
    retrying, proxy = broken([], retries=3)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        fund(retrying, "cus_unknown", 500)
    assert caught.value.headers["Stripe-Should-Retry"] == "false"
    assert proxy.connections == 1


def test_a_storm_of_retries_still_adds_up(client, customer, broken):
    faults = [Fault.LOST_ANSWER, Fault.NONE, Fault.LOST_REQUEST] * 8
    retrying, proxy = broken(faults, retries=5)

    with ThreadPoolExecutor(12) as threads:
        rows = list(threads.map(lambda _: fund(retrying, customer.id, 25), range(120)))

    assert proxy.connections > 12
    assert len({row.id for row in rows}) == 120
    assert_books_hold(client, customer.id, {"usd": 120 * 25})
