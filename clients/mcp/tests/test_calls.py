"""Calls of tools: money that moves, and arguments that are refused before any does."""

import asyncio
import uuid

import jsonschema
import pytest
from connection import object_of, refusal_of, text_of
from mcp import MCPError

FUND = "postTestHelpersCustomersCustomerFundCashBalance"
CASH = "getCustomersCustomerCashBalance"
LIST = "getCustomersCustomerCashBalanceTransactions"


@pytest.fixture
def customer(connection):
    """A new customer."""
    return object_of(connection.call("postCustomers", {"name": "Ada"}))["id"]


def cash(connection, customer):
    """What a customer has, by currency."""
    return object_of(connection.call(CASH, {"customer": customer}))["available"] or {}


def customers_named(connection, name):
    """How many customers have this name among the newest hundred."""
    listed = object_of(connection.call("getCustomers", {"limit": 100}))["data"]
    return sum(customer["name"] == name for customer in listed)


def test_balance(connection):
    balance = object_of(connection.call("getBalance"))
    assert (balance["object"], balance["livemode"]) == ("balance", False)
    assert isinstance(balance["available"], list)


def test_create_fund_read(connection):
    made = object_of(connection.call("postCustomers", {
        "name": "Ada", "email": "ada@example.com", "metadata": {"order": "7"}}))
    assert (made["object"], made["metadata"]) == ("customer", {"order": "7"})
    arguments = {"customer": made["id"], "amount": 5000, "currency": "usd"}
    funded = object_of(connection.call(FUND, arguments))
    assert (funded["type"], funded["net_amount"], funded["ending_balance"]) == (
        "funded", 5000, 5000)
    assert cash(connection, made["id"]) == {"usd": 5000}
    one = object_of(connection.call(
        "getCustomersCustomerCashBalanceTransactionsTransaction",
        {"customer": made["id"], "transaction": funded["id"]}))
    assert one == funded


def test_settings(connection, customer):
    changed = object_of(connection.call("postCustomersCustomerCashBalance", {
        "customer": customer, "settings": {"reconciliation_mode": "manual"}}))
    assert changed["settings"]["reconciliation_mode"] == "manual"


def test_structured_content_fits_the_schema(connection, customer):
    tools = connection.tools()
    object_of(connection.call(FUND, {"customer": customer, "amount": 100, "currency": "eur"}))
    calls = [("getBalance", {}), ("getCustomers", {"limit": 3}), (CASH, {"customer": customer}),
             (LIST, {"customer": customer}), ("getCustomersCustomer", {"customer": customer}),
             ("postCustomersCustomerCashBalance", {"customer": customer}), ("getEvents", {})]
    for name, arguments in calls:
        result = connection.call(name, arguments)
        schema = tools[name].output_schema
        jsonschema.Draft202012Validator(schema).validate(object_of(result))
        # Clients that know no structured content read the same in the text.
        assert text_of(result), name


@pytest.mark.parametrize("tool,arguments,named", [
    (FUND, {"amount": 100, "currency": "usd"}, "customer"),
    (FUND, {"customer": "{customer}", "currency": "usd"}, "amount"),
    (FUND, {"customer": "{customer}", "amount": "a lot", "currency": "usd"}, "amount"),
    (FUND, {"customer": "{customer}", "amount": [100], "currency": "usd"}, "amount"),
    (FUND, {"customer": "{customer}", "amount": 100, "currency": "usd", "amout": 1}, "amout"),
    (FUND, {"customer": "{customer}", "amount": 100, "currency": "usd", "dry_run": "maybe"},
     "dry_run"),
    (FUND, {"customer": 7, "amount": 100, "currency": "usd"}, "customer"),
    ("postCustomersCustomerCashBalance",
     {"customer": "{customer}", "settings": {"reconciliation_mod": "manual"}},
     "reconciliation_mod"),
    ("postCustomersCustomerCashBalance",
     {"customer": "{customer}", "settings": {"reconciliation_mode": "sometimes"}},
     "reconciliation_mode"),
    ("postCustomersCustomerCashBalance", {"customer": "{customer}", "settings": "manual"},
     "settings"),
])
def test_wrong_arguments(connection, customer, tool, arguments, named):
    arguments = {
        name: customer if value == "{customer}" else value for name, value in arguments.items()
    }
    before = object_of(connection.call(CASH, {"customer": customer}))
    assert named in refusal_of(connection, tool, arguments)
    assert object_of(connection.call(CASH, {"customer": customer})) == before
    assert object_of(connection.call(LIST, {"customer": customer}))["data"] == []


def test_wrong_arguments_make_no_customer(connection):
    name = f"Nobody {uuid.uuid4().hex}"
    assert "emial" in refusal_of(connection, "postCustomers", {"name": name, "emial": "a@b.c"})
    assert customers_named(connection, name) == 0


@pytest.mark.parametrize("value", ["..", ".", "", "cus_1/cash_balance", "../../v1/balance",
                                   "cus_none", "cus_1?x=1"])
def test_ids_do_not_leave_their_place(connection, value):
    said = refusal_of(connection, CASH, {"customer": value})
    assert "customer" in said


def test_errors_of_the_api_are_results(connection):
    said = refusal_of(connection, "getCustomersCustomer", {"customer": "cus_none"})
    assert "No such customer" in said and "cus_none" in said


def test_an_unknown_tool_is_an_error(connection):
    try:
        result = connection.call("getBalanse")
    except MCPError as error:
        assert "getBalanse" in str(error)
    else:
        assert result.is_error and "getBalanse" in text_of(result)


def test_the_same_key_gives_the_same_object(connection, customer):
    key = uuid.uuid4().hex
    arguments = {"customer": customer, "amount": 700, "currency": "usd", "idempotency_key": key}
    one, two = (object_of(connection.call(FUND, arguments)) for _ in range(2))
    assert one == two
    assert cash(connection, customer) == {"usd": 700}
    # The same key for another request is a mistake, and says so.
    assert "idempoten" in refusal_of(connection, FUND, arguments | {"amount": 701}).lower()
    assert cash(connection, customer) == {"usd": 700}


def test_without_a_key_each_call_is_its_own(connection, customer):
    arguments = {"customer": customer, "amount": 700, "currency": "usd"}
    one, two = (object_of(connection.call(FUND, arguments)) for _ in range(2))
    assert one["id"] != two["id"] and cash(connection, customer) == {"usd": 1400}


def test_calls_at_once_keep_their_answers(connection, customer):
    async def many(client):
        calls = [client.call_tool(FUND, {"customer": customer, "amount": n, "currency": "usd"})
                 for n in range(1, 21)]
        return await asyncio.gather(*calls)

    answers = connection.run(many)
    assert [object_of(answer)["net_amount"] for answer in answers] == list(range(1, 21))
    assert cash(connection, customer) == {"usd": 210}


def test_a_dry_run_changes_nothing(connection, customer):
    arguments = {"customer": customer, "amount": 700, "currency": "usd", "dry_run": True}
    answer = connection.call(FUND, arguments)
    assert not answer.is_error, text_of(answer)
    assert cash(connection, customer) == {}
    assert object_of(connection.call(LIST, {"customer": customer}))["data"] == []
    assert "amount" in refusal_of(connection, FUND, arguments | {"amount": -1})
