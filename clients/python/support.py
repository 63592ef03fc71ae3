"""What several tests say: a refusal, a chain of balances, waiting for something."""

import re
import time
from contextlib import contextmanager

import pytest
import stripe

REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{14}")


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


def all_transactions(client: stripe.StripeClient, customer: str) -> list:
    """Every transaction of a customer, oldest first."""
    listed = client.v1.customers.cash_balance_transactions.list(customer, {"limit": 100})
    return list(listed.auto_paging_iter())[::-1]


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
    available = client.v1.customers.cash_balance.retrieve(customer).available
    assert sums == available.to_dict() == expected


def wait_until(holds, timeout_s: float = 20) -> None:
    """Waits until a condition holds, or fails."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"still waiting after {timeout_s} s"
        time.sleep(0.005)
