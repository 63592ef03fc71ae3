"""What several tests say: a refusal, a payment, a chain of balances, waiting for something."""

import re
import time
from contextlib import contextmanager

import pytest
import stripe

REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{14}")
UNEXPECTED_STATE = "payment_intent_unexpected_state"
DAY_S = 24 * 60 * 60
# The transfer that a payment waits for, by currency.
TRANSFERS = {
    "usd": {"type": "us_bank_transfer"},
    "eur": {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "DE"}},
    "gbp": {"type": "gb_bank_transfer"},
    "jpy": {"type": "jp_bank_transfer"},
    "mxn": {"type": "mx_bank_transfer"},
}


@contextmanager
def refusal(
    status: int,
    code: str | None = None,
    param: str | None = None,
    error: type[stripe.StripeError] = stripe.InvalidRequestError,
):
    """The block ends in exactly this error of the SDK, complete with what helps a developer."""
    with pytest.raises(stripe.StripeError) as caught:
        yield caught
    told = caught.value
    assert (type(told), told.http_status) == (error, status), told
    assert (told.error.code, told.error.param) == (code, param), told
    assert told.user_message
    assert REQUEST_ID.fullmatch(told.request_id)
    if error is stripe.InvalidRequestError:
        assert (told.code, told.param) == (code, param)


def fund(client: stripe.StripeClient, customer: str, amount: int, currency: str = "usd", **more):
    """Simulates a bank transfer from the customer. `options` are those of the request."""
    options = more.pop("options", {})
    params = {"amount": amount, "currency": currency, **more}
    return client.v1.test_helpers.customers.fund_cash_balance(customer, params, options)


def payment(customer: str, amount: int, currency: str = "usd", waits: bool = True, **more) -> dict:
    """Parameters of a payment from the cash balance. It waits for a transfer, or fails, when the
    balance is too low."""
    params = {
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "confirm": True,
        "payment_method_types": ["customer_balance"],
        "payment_method_data": {"type": "customer_balance"},
    }
    if waits:
        transfer = {"funding_type": "bank_transfer", "bank_transfer": TRANSFERS[currency]}
        params["payment_method_options"] = {"customer_balance": transfer}
    return params | more


def pay(client: stripe.StripeClient, customer: str, amount: int, currency: str = "usd", **more):
    """Makes a payment and confirms it."""
    return client.v1.payment_intents.create(payment(customer, amount, currency, **more))


def paid(client: stripe.StripeClient, customer: str, amount: int, currency: str = "usd"):
    """A payment that succeeded, with money that came for it."""
    fund(client, customer, amount, currency)
    intent = pay(client, customer, amount, currency)
    assert intent.status == "succeeded"
    return intent


def awaited(intent: stripe.PaymentIntent):
    """What the customer of a waiting payment is told."""
    assert (intent.status, intent.next_action.type) == (
        "requires_action",
        "display_bank_transfer_instructions",
    )
    return intent.next_action.display_bank_transfer_instructions


def wait_days(client: stripe.StripeClient, days: float) -> None:
    """Moves the clock of the sandbox, which no Stripe SDK knows of."""
    moved = client.raw_request("post", "/purser/v1/clock", advance_s=int(days * DAY_S))
    assert moved.code == 200


def happened(client: stripe.StripeClient, after: str | None = None) -> list[str]:
    """The types of the events after this one, or of all, oldest first."""
    params = {"limit": 100} | ({"ending_before": after} if after else {})
    return [event.type for event in client.v1.events.list(params)][::-1]


def latest_event(client: stripe.StripeClient) -> str:
    """The id of the newest event."""
    return client.v1.events.list({"limit": 1}).data[0].id


def all_transactions(client: stripe.StripeClient, customer: str) -> list:
    """Every transaction of a customer, oldest first."""
    listed = client.v1.customers.cash_balance_transactions.list(customer, {"limit": 100})
    return list(listed.auto_paging_iter())[::-1]


def cash(client: stripe.StripeClient, customer: str) -> dict[str, int]:
    """What a customer has, by currency."""
    available = client.v1.customers.cash_balance.retrieve(customer).available
    return available.to_dict() if available else {}


def assert_books_hold(client: stripe.StripeClient, customer: str, expected: dict[str, int]) -> None:
    """Each currency's transactions form a chain that ends in what is available, and no money
    is missing or made."""
    transactions = all_transactions(client, customer)
    assert len({transaction.id for transaction in transactions}) == len(transactions)
    sums = {}
    for transaction in transactions:
        balance = sums.get(transaction.currency, 0) + transaction.net_amount
        assert transaction.ending_balance == balance, transaction
        sums[transaction.currency] = balance
    assert sums == cash(client, customer) == expected


def wait_until(holds, timeout_s: float = 20) -> None:
    """Waits until a condition holds, or fails."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"still waiting after {timeout_s} s"
        time.sleep(0.005)
