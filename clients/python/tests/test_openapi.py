"""The description of the API: valid by an independent validator, and true of what SDKs get."""

import copy
import json
import urllib.error
import urllib.request

import pytest
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from support import TRANSFERS, fund, paid, pay, wait_days

DOCUMENTS = {
    "/openapi.json": ("3.0.3", OpenAPIV30SpecValidator, OAS30Validator),
    "/openapi-3.1.json": ("3.1.0", OpenAPIV31SpecValidator, Draft202012Validator),
}


def get(url: str, **headers: str):
    """Reads a public page: no key, no SDK. Gives status, headers and body."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def closed(schema):
    """The same schema, but fields that it does not name are wrong."""
    match schema:
        case dict():
            closed_schema = {key: closed(value) for key, value in schema.items()}
            if isinstance(schema.get("properties"), dict) and schema.get("type") is not None:
                closed_schema["additionalProperties"] = False
            return closed_schema
        case list():
            return [closed(value) for value in schema]
        case _:
            return schema


@pytest.fixture(scope="session", params=DOCUMENTS)
def told(request, server):
    """A description and what validates by it."""
    version, spec_validator, schema_validator = DOCUMENTS[request.param]
    status, headers, body = get(server.url + request.param)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    document = json.loads(body)
    assert document["openapi"] == version
    return document, spec_validator, schema_validator


@pytest.fixture(scope="session")
def check(told):
    """Holds what an operation answered against the description."""
    document, _, validator = told
    components = closed(document["components"])
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }

    def check(operation: str, answer):
        content = operations[operation]["responses"]["200"]["content"]
        schema = closed(copy.deepcopy(content["application/json"]["schema"]))
        validator({**schema, "components": components}).validate(answer.last_response.data)
        return answer

    return check


def test_it_is_valid(told):
    document, spec_validator, _ = told
    assert [str(error) for error in spec_validator(document).iter_errors()] == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_it_is_public_and_names_the_servers_address(server, path):
    status, headers, body = get(server.url + path, Origin="https://elsewhere.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert json.loads(body)["servers"] == [{"url": server.url}]

    status, again, body = get(server.url + path, **{"If-None-Match": headers["ETag"]})
    assert (status, again["ETag"], body) == (304, headers["ETag"], b"")


def test_both_say_the_same_operations(server):
    def operations(path):
        document = json.loads(get(server.url + path)[2])
        return [
            (method, path, operation["operationId"], len(operation["parameters"]))
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    assert operations("/openapi.json") == operations("/openapi-3.1.json")


def test_customers_and_their_cash_fit(client, check):
    v1 = client.v1
    customer = check(
        "PostCustomers",
        v1.customers.create({"email": "ada@example.com", "metadata": {"a": "b"}}),
    )
    funded = check(
        "PostTestHelpersCustomersCustomerFundCashBalance",
        fund(client, customer.id, 700, "eur"),
    )
    manual = {"settings": {"reconciliation_mode": "manual"}}
    check(
        "PostCustomersCustomerCashBalance", v1.customers.cash_balance.update(customer.id, manual)
    )
    check("GetCustomersCustomerCashBalance", v1.customers.cash_balance.retrieve(customer.id))
    transactions = v1.customers.cash_balance_transactions
    check("GetCustomersCustomerCashBalanceTransactions", transactions.list(customer.id))
    check(
        "GetCustomersCustomerCashBalanceTransactionsTransaction",
        transactions.retrieve(customer.id, funded.id, {"expand": ["customer.cash_balance"]}),
    )
    check("GetCustomers", v1.customers.list({"expand": ["data.cash_balance"]}))
    for currency, transfer in TRANSFERS.items():
        params = {
            "bank_transfer": transfer,
            "currency": currency,
            "funding_type": "bank_transfer",
        }
        told = v1.customers.funding_instructions.create(customer.id, params)
        check("PostCustomersCustomerFundingInstructions", told)


def test_deleted_customers_fit(client, customer, check):
    check("DeleteCustomersCustomer", client.v1.customers.delete(customer.id))
    check("GetCustomersCustomer", client.v1.customers.retrieve(customer.id))


def test_payments_fit(client, customer, check):
    v1 = client.v1
    waiting = check("PostPaymentIntents", pay(client, customer.id, 1000, "eur"))
    assert waiting.status == "requires_action"
    check("PostPaymentIntentsIntentCancel", v1.payment_intents.cancel(waiting.id))
    done = paid(client, customer.id, 2000)
    expand = {"expand": ["latest_charge.balance_transaction", "payment_method", "customer"]}
    check("GetPaymentIntentsIntent", v1.payment_intents.retrieve(done.id, expand))
    check("GetPaymentIntents", v1.payment_intents.list())
    check("GetChargesCharge", v1.charges.retrieve(done.latest_charge))
    check("GetCharges", v1.charges.list())
    methods = v1.payment_methods
    check("GetPaymentMethodsPaymentMethod", methods.retrieve(done.payment_method))
    refund = check("PostRefunds", v1.refunds.create({"payment_intent": done.id, "amount": 500}))
    check("GetRefundsRefund", v1.refunds.retrieve(refund.id, {"expand": ["charge"]}))
    check("GetRefunds", v1.refunds.list())


def test_the_merchants_money_fits(traveler, check):
    v1 = traveler.v1
    customer = v1.customers.create()
    paid(traveler, customer.id, 5000)
    wait_days(traveler, 5)
    check("GetBalance", v1.balance.retrieve())
    check("GetBalanceTransactions", v1.balance_transactions.list())
    account = check("GetAccount", v1.accounts.retrieve_current())
    bank = {
        "object": "bank_account",
        "country": "US",
        "currency": "usd",
        "account_number": "000123456789",
        "routing_number": "110000000",
    }
    added = v1.accounts.external_accounts.create(account.id, {"external_account": bank})
    check("PostAccountsAccountExternalAccounts", added)
    payout = check("PostPayouts", v1.payouts.create({"amount": 1000, "currency": "usd"}))
    check("GetPayoutsPayout", v1.payouts.retrieve(payout.id, {"expand": ["balance_transaction"]}))
    check("GetPayouts", v1.payouts.list())


def test_invoices_and_events_fit(client, customer, check):
    v1 = client.v1
    terms = {"collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
    invoice = check("PostInvoices", v1.invoices.create({"customer": customer.id, **terms}))
    item = {"customer": customer.id, "invoice": invoice.id, "currency": "usd", "amount": 300}
    check("PostInvoiceitems", v1.invoice_items.create(item))
    check("PostInvoicesInvoiceFinalize", v1.invoices.finalize_invoice(invoice.id))
    check("GetInvoices", v1.invoices.list())
    check("GetInvoicesInvoiceLines", v1.invoices.line_items.list(invoice.id))
    events = check("GetEvents", v1.events.list({"limit": 100}))
    check("GetEventsId", v1.events.retrieve(events.data[0].id))
    endpoint = {"url": "https://example.com/hook", "enabled_events": ["*"]}
    check("PostWebhookEndpoints", v1.webhook_endpoints.create(endpoint))


def test_a_wrong_answer_is_noticed(client, customer, check):
    answer = client.v1.customers.retrieve(customer.id)
    for wrong in [{"email": 1}, {"created": "now"}, {"nonsense": None}, {"tax_exempt": "maybe"}]:
        changed = copy.copy(answer)
        data = {**answer.last_response.data, **wrong}
        changed._last_response = type("Response", (), {"data": data})()
        with pytest.raises(Exception, match=str(next(iter(wrong.values())))):
            check("GetCustomersCustomer", changed)
