"""Lists: filters, pages, and the SDK's own paging in both directions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from support import fund, refusal, wait_until

MANY = 105


class Crowd(NamedTuple):
    """A list with many rows: how to ask for it, and the ids in it, newest first."""

    list: Callable
    ids: list[str]


@pytest.fixture(scope="module")
def crowded_world(server):
    """A client, its many customers, and the many transactions of the oldest of them."""
    client = server.client(stripe_account="acct_crowd")
    rich = client.v1.customers.create({"email": "rich@example.com"})
    transactions = [fund(client, rich.id, 100 + at).id for at in range(MANY)]
    emails = ("even@example.com", "odd@example.com")
    others = [client.v1.customers.create({"email": emails[at % 2]}).id for at in range(MANY - 1)]
    return client, [rich.id, *others][::-1], transactions[::-1]


@pytest.fixture(params=["customers", "transactions", "events"])
def crowd(request, crowded_world):
    client, customers, transactions = crowded_world
    match request.param:
        case "customers":
            return Crowd(client.v1.customers.list, customers)
        case "transactions":
            of_customer = client.v1.customers.cash_balance_transactions.list
            return Crowd(lambda params: of_customer(customers[-1], params), transactions)
        case "events":
            pages = pages_of(client.v1.events.list({"limit": 100}))
            return Crowd(client.v1.events.list, [row.id for page in pages for row in page.data])


def pages_of(page):
    """A page and all that follow it."""
    while not page.is_empty:
        yield page
        page = page.next_page()


@pytest.mark.parametrize("limit", [None, 21, 35, 100])
def test_paging_forward_meets_every_row_once_newest_first(crowd, limit):
    params = {} if limit is None else {"limit": limit}
    assert [row.id for row in crowd.list(params).auto_paging_iter()] == crowd.ids


@pytest.mark.parametrize("limit", [None, 21, 35, 100])
def test_paging_backward_meets_every_row_once_oldest_first(crowd, limit):
    params = {"ending_before": crowd.ids[-1]}
    params |= {} if limit is None else {"limit": limit}
    rows = [row.id for row in crowd.list(params).auto_paging_iter()]
    assert rows == crowd.ids[-2::-1]


def test_paging_can_begin_after_any_row(crowd):
    params = {"limit": 50, "starting_after": crowd.ids[40]}
    assert [row.id for row in crowd.list(params).auto_paging_iter()] == crowd.ids[41:]


def test_the_page_before_a_row_is_newest_first_too(crowd):
    page = crowd.list({"limit": 10, "ending_before": crowd.ids[30]})
    assert [row.id for row in page] == crowd.ids[20:30]
    assert page.has_more

    first = crowd.list({"limit": 10, "ending_before": crowd.ids[10]})
    assert [row.id for row in first] == crowd.ids[:10]
    assert not first.has_more


def test_pages_say_whether_there_is_more(crowd):
    pages = list(pages_of(crowd.list({"limit": 50})))
    assert [row.id for page in pages for row in page] == crowd.ids
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert pages[0].object == "list"


def test_a_page_that_ends_with_the_list_has_no_more(crowd):
    cursor = crowd.ids[-11]
    page = crowd.list({"limit": 10, "starting_after": cursor})
    assert [row.id for row in page] == crowd.ids[-10:]
    assert not page.has_more
    assert crowd.list({"starting_after": crowd.ids[-1]}).data == []
    assert crowd.list({"ending_before": crowd.ids[0]}).data == []


@pytest.mark.parametrize("asked, given", [(0, 1), (-5, 1), (1, 1), (100, 100), (1000, 100)])
def test_a_limit_is_brought_into_1_to_100(crowd, asked, given):
    assert len(crowd.list({"limit": asked})) == given


def test_ten_rows_are_a_page_unless_asked_otherwise(crowd):
    assert len(crowd.list({})) == 10


@pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
def test_an_unknown_cursor_is_refused(crowd, cursor):
    with refusal(400, "resource_missing", cursor):
        crowd.list({cursor: "cus_unknown"})


def test_a_list_takes_one_cursor(crowd):
    with refusal(400):
        crowd.list({"starting_after": crowd.ids[9], "ending_before": crowd.ids[20]})


def test_a_limit_is_a_number(crowd):
    with refusal(400, "parameter_invalid_integer", "limit"):
        crowd.list({"limit": "many"})


def test_pages_with_expansions_stay_expanded(crowded_world):
    client, customers, transactions = crowded_world
    listed = client.v1.customers.cash_balance_transactions.list(
        customers[-1], {"limit": 40, "expand": ["data.customer"]}
    )
    rows = list(listed.auto_paging_iter())
    assert [row.id for row in rows] == transactions
    assert {row.customer.id for row in rows} == {customers[-1]}


def test_customers_are_found_by_their_exact_email(crowded_world):
    client, customers, _ = crowded_world

    def found(email, limit=10):
        listed = client.v1.customers.list({"email": email, "limit": limit})
        return [customer.id for customer in listed.auto_paging_iter()]

    assert found("even@example.com") == customers[1::2]
    assert found("odd@example.com", limit=26) == customers[0:-1:2]
    assert found("rich@example.com") == customers[-1:]
    assert found("nobody@example.com") == found("even@example") == []


def test_an_email_that_was_changed_is_found_by_its_new_text(client, customer):
    client.v1.customers.update(customer.id, {"email": "countess@example.com"})

    assert client.v1.customers.list({"email": "ada@example.com"}).data == []
    (found,) = client.v1.customers.list({"email": "countess@example.com"})
    assert found.id == customer.id


@pytest.fixture(scope="module")
def two_moments(server):
    """A client, and two customers of which one was made in a later second."""
    client = server.client(stripe_account="acct_moments")
    early = client.v1.customers.create({"email": "early@example.com"})
    wait_until(lambda: time.time() >= early.created + 1)
    late = client.v1.customers.create({"email": "late@example.com"})
    assert late.created > early.created
    return client, early, late


@pytest.mark.parametrize(
    "span, found",
    [
        (lambda early, late: early, ["early"]),
        (lambda early, late: late, ["late"]),
        (lambda early, late: early - 1, []),
        (lambda early, late: {"gt": early}, ["late"]),
        (lambda early, late: {"gte": early}, ["late", "early"]),
        (lambda early, late: {"lt": late}, ["early"]),
        (lambda early, late: {"lte": late}, ["late", "early"]),
        (lambda early, late: {"gte": early, "lt": late}, ["early"]),
        (lambda early, late: {"gt": early, "lte": late}, ["late"]),
        (lambda early, late: {"gt": late}, []),
        (lambda early, late: {"lt": early}, []),
        (lambda early, late: {"gte": late, "lte": early}, []),
        (lambda early, late: {"gte": datetime.fromtimestamp(late, UTC)}, ["late"]),
    ],
    ids=[
        "at the early one",
        "at the late one",
        "before both",
        "gt",
        "gte",
        "lt",
        "lte",
        "gte and lt",
        "gt and lte",
        "gt the last",
        "lt the first",
        "nothing between",
        "a datetime",
    ],
)
def test_customers_are_found_by_when_they_were_made(two_moments, span, found):
    client, early, late = two_moments
    listed = client.v1.customers.list({"created": span(early.created, late.created)})
    assert [customer.email.split("@")[0] for customer in listed] == found


def test_filters_combine(two_moments):
    client, early, late = two_moments
    params = {"created": {"gte": early.created}, "email": "early@example.com"}
    assert [customer.id for customer in client.v1.customers.list(params)] == [early.id]
    params["created"] = {"gte": late.created}
    assert client.v1.customers.list(params).data == []


@pytest.mark.parametrize(
    "created, code, param",
    [
        ("yesterday", "parameter_invalid_integer", "created"),
        ({"gte": "yesterday"}, "parameter_invalid_integer", "created[gte]"),
        ({"after": 1}, "parameter_unknown", "created[after]"),
    ],
)
def test_a_wrong_span_is_refused(client, created, code, param):
    with refusal(400, code, param):
        client.v1.customers.list({"created": created})


def test_deleting_every_customer_while_paging_misses_none(client):
    made = [client.v1.customers.create().id for _ in range(23)]

    deleted = []
    for customer in client.v1.customers.list({"limit": 5}).auto_paging_iter():
        client.v1.customers.delete(customer.id)
        deleted.append(customer.id)

    assert deleted == made[::-1]
    assert client.v1.customers.list().data == []


def test_customers_made_while_paging_do_not_shift_the_pages(client):
    made = [client.v1.customers.create().id for _ in range(12)]

    met = []
    for customer in client.v1.customers.list({"limit": 5}).auto_paging_iter():
        met.append(customer.id)
        client.v1.customers.create()

    assert met == made[::-1]


def test_an_empty_list_is_empty(client):
    page = client.v1.customers.list()
    assert page.data == [] and not page.has_more
    assert list(page.auto_paging_iter()) == []
    assert page.url == "/v1/customers"
