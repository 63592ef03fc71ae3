"""The SDK's asynchronous methods, over httpx."""

import asyncio

import pytest
import stripe

from flaky_proxy import Fault, FlakyProxy
from support import UNEXPECTED_STATE, assert_books_hold, awaited, payment, refusal

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_a_customer_lives_from_create_to_delete(client):
    api = client.v1.customers
    made = await api.create_async({"email": "ada@example.com", "expand": ["cash_balance"]})
    assert isinstance(made.cash_balance, stripe.CashBalance)

    changed = await api.update_async(made.id, {"email": "", "name": "Ada"})
    assert (changed.email, changed.name) == (None, "Ada")
    assert await api.retrieve_async(made.id) == changed

    assert (await api.delete_async(made.id)).deleted
    assert (await api.list_async()).data == []


async def test_money_arrives(client, customer):
    fund = client.v1.test_helpers.customers.fund_cash_balance_async
    row = await fund(customer.id, {"amount": 500, "currency": "mxn", "reference": "hello"})
    api = client.v1.customers
    assert await api.cash_balance_transactions.retrieve_async(customer.id, row.id) == row
    balance = await api.cash_balance.retrieve_async(customer.id)
    assert balance.available.to_dict() == {"mxn": 500}
    assert (await client.v1.balance.retrieve_async()).object == "balance"
    assert (await client.v1.accounts.retrieve_current_async()).object == "account"


async def test_a_payment_waits_is_paid_and_goes_back(client, customer):
    intents = client.v1.payment_intents
    made = await intents.create_async(payment(customer.id, 1000))
    assert awaited(made).amount_remaining == 1000
    fund = client.v1.test_helpers.customers.fund_cash_balance_async
    await fund(customer.id, {"amount": 1000, "currency": "usd"})
    done = await intents.retrieve_async(made.id, {"expand": ["latest_charge"]})
    assert (done.status, done.latest_charge.amount) == ("succeeded", 1000)
    with refusal(400, UNEXPECTED_STATE):
        await intents.cancel_async(made.id)

    refund = await client.v1.refunds.create_async({"payment_intent": made.id})
    assert (await client.v1.refunds.cancel_async(refund.id)).status == "canceled"
    lines = await client.v1.balance_transactions.list_async({"limit": 1})
    assert [line.amount async for line in lines.auto_paging_iter()] == [1000, -1000, 1000]


async def test_many_payments_at_once_take_no_more_than_there_is(client, customer):
    fund = client.v1.test_helpers.customers.fund_cash_balance_async
    await fund(customer.id, {"amount": 1000, "currency": "usd"})
    params = payment(customer.id, 100, waits=False)
    create = client.v1.payment_intents.create_async
    answers = await asyncio.gather(*(create(params) for _ in range(25)), return_exceptions=True)
    failed = [answer for answer in answers if isinstance(answer, stripe.InvalidRequestError)]
    assert len(failed) == 15
    assert {error.code for error in failed} == {"payment_intent_payment_attempt_failed"}
    assert_books_hold(client, customer.id, {"usd": 0})


async def test_funding_instructions_are_given(client, customer):
    made = await client.v1.customers.funding_instructions.create_async(
        customer.id,
        {
            "funding_type": "bank_transfer",
            "currency": "eur",
            "bank_transfer": {
                "type": "eu_bank_transfer",
                "eu_bank_transfer": {"country": "NL"},
            },
        },
    )
    assert made.bank_transfer.financial_addresses[0].iban.country == "NL"


async def test_many_at_once_all_arrive(client, customer):
    fund = client.v1.test_helpers.customers.fund_cash_balance_async
    params = {"amount": 10, "currency": "usd"}
    rows = await asyncio.gather(*(fund(customer.id, params) for _ in range(60)))
    assert len({row.id for row in rows}) == 60
    assert_books_hold(client, customer.id, {"usd": 600})


async def test_paging_goes_in_both_directions(client):
    made = [client.v1.customers.create().id for _ in range(23)]

    async def met(**params):
        page = await client.v1.customers.list_async({"limit": 5, **params})
        return [row.id async for row in page.auto_paging_iter()]

    assert await met() == made[::-1]
    assert await met(ending_before=made[0]) == made[1:]


async def test_errors_have_their_classes(client, customer):
    fund = client.v1.test_helpers.customers.fund_cash_balance_async
    with refusal(400, "parameter_invalid_integer", "amount"):
        await fund(customer.id, {"amount": 0, "currency": "usd"})
    with refusal(404, "resource_missing", "id"):
        await client.v1.customers.retrieve_async("cus_unknown")


async def test_a_retried_transfer_arrives_once(server, account, client, customer):
    with FlakyProxy(server.port, [Fault.LOST_ANSWER]) as proxy:
        retrying = server.client(url=proxy.url, stripe_account=account, max_network_retries=2)
        row = await retrying.v1.test_helpers.customers.fund_cash_balance_async(
            customer.id, {"amount": 500, "currency": "usd"}
        )
    assert row.last_response.headers["Idempotent-Replayed"] == "true"
    assert_books_hold(client, customer.id, {"usd": 500})
