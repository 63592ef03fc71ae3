"""Invoices that a bank transfer pays."""

import pytest
import stripe

from support import DAY_S, TRANSFERS, assert_books_hold, fund, happened, latest_event, refusal


@pytest.fixture
def draft(client, customer):
    """Drafts an invoice of these amounts, to be paid by transfer."""

    def draft(*amounts, **more):
        invoice = client.v1.invoices.create(
            {
                "customer": customer.id,
                "currency": "usd",
                "collection_method": "send_invoice",
                "days_until_due": 30,
                "payment_settings": {
                    "payment_method_types": ["customer_balance"],
                    "payment_method_options": {
                        "customer_balance": {
                            "funding_type": "bank_transfer",
                            "bank_transfer": TRANSFERS["usd"],
                        }
                    },
                },
                **more,
            }
        )
        for at, amount in enumerate(amounts):
            item = {"customer": customer.id, "invoice": invoice.id, "currency": "usd"}
            client.v1.invoice_items.create(item | {"amount": amount, "description": f"item {at}"})
        return client.v1.invoices.retrieve(invoice.id)

    return draft


def finalized(client, invoice):
    return client.v1.invoices.finalize_invoice(invoice.id)


def test_an_invoice_is_drafted_line_by_line(client, customer, draft):
    invoice = draft(1000, 500, metadata={"order": "6735"}, description="Two chairs")
    assert isinstance(invoice, stripe.Invoice) and invoice.id.startswith("in_")
    assert (invoice.status, invoice.number) == ("draft", None)
    assert (invoice.customer, invoice.customer_email) == (customer.id, "ada@example.com")
    assert (invoice.total, invoice.amount_due, invoice.amount_paid) == (1500, 1500, 0)
    assert invoice.metadata.to_dict() == {"order": "6735"}
    assert isinstance(invoice.lines.data[0], stripe.InvoiceLineItem)
    assert sorted(line.amount for line in invoice.lines) == [500, 1000]
    paged = client.v1.invoices.line_items.list(invoice.id, {"limit": 1})
    assert sorted(line.amount for line in paged.auto_paging_iter()) == [500, 1000]
    items = client.v1.invoice_items.list({"invoice": invoice.id})
    assert all(isinstance(item, stripe.InvoiceItem) for item in items)
    assert [item.amount for item in items] == [500, 1000]


def test_a_transfer_with_its_number_pays_an_invoice(client, customer, draft):
    before = latest_event(client)
    invoice = finalized(client, draft(1000, 500))
    assert (invoice.status, invoice.amount_remaining) == ("open", 1500)
    assert invoice.number and invoice.status_transitions.finalized_at
    assert invoice.due_date == invoice.status_transitions.finalized_at + 30 * DAY_S
    assert "invoice.finalized" in happened(client, before)
    before = latest_event(client)

    fund(client, customer.id, 1600, reference=f"invoice {invoice.number}, thank you")

    done = client.v1.invoices.retrieve(invoice.id)
    assert (done.status, done.amount_paid, done.amount_remaining) == ("paid", 1500, 0)
    assert done.status_transitions.paid_at
    told = happened(client, before)
    assert {"invoice.paid", "invoice.payment_succeeded", "payment_intent.succeeded"} <= set(told)
    (event,) = client.v1.events.list({"type": "invoice.paid"})
    assert isinstance(event.data.object, stripe.Invoice) and event.data.object == done
    (charge,) = client.v1.charges.list({"customer": customer.id})
    assert charge.amount == 1500
    assert_books_hold(client, customer.id, {"usd": 100})


def test_an_invoice_is_paid_whole_or_not_at_all(client, customer, draft):
    invoice = finalized(client, draft(1500))
    fund(client, customer.id, 1000, reference=invoice.number)
    waiting = client.v1.invoices.retrieve(invoice.id)
    assert (waiting.status, waiting.amount_remaining) == ("open", 1500)
    assert_books_hold(client, customer.id, {"usd": 1000})
    fund(client, customer.id, 500, reference=invoice.number)
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert_books_hold(client, customer.id, {"usd": 0})


def test_the_oldest_invoices_are_paid_first(client, customer, draft):
    older, younger = finalized(client, draft(700)), finalized(client, draft(900))
    fund(client, customer.id, 1000)
    states = [client.v1.invoices.retrieve(it.id).status for it in (older, younger)]
    assert states == ["paid", "open"]
    assert_books_hold(client, customer.id, {"usd": 300})


def test_an_invoice_is_paid_by_hand(client, customer, draft):
    settings = {"settings": {"reconciliation_mode": "manual"}}
    client.v1.customers.cash_balance.update(customer.id, settings)
    invoice = finalized(client, draft(1500))
    fund(client, customer.id, 1500)
    assert client.v1.invoices.retrieve(invoice.id).status == "open"
    assert client.v1.invoices.pay(invoice.id).status == "paid"
    assert_books_hold(client, customer.id, {"usd": 0})


def test_an_invoice_is_paid_by_other_means(client, customer, draft):
    invoice = finalized(client, draft(1500))
    done = client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (done.status, done.amount_remaining) == ("paid", 0)
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize("end", ["void", "uncollectible"])
def test_an_invoice_is_given_up(client, customer, draft, end):
    invoice = finalized(client, draft(1500))
    match end:
        case "void":
            given_up = client.v1.invoices.void_invoice(invoice.id)
        case "uncollectible":
            given_up = client.v1.invoices.mark_uncollectible(invoice.id)
    assert given_up.status == end
    fund(client, customer.id, 1500, reference=invoice.number)
    assert client.v1.invoices.retrieve(invoice.id).status == end
    assert_books_hold(client, customer.id, {"usd": 1500})


def test_invoices_are_found_by_what_they_are_like(client, customer, draft):
    drafts = [draft(100).id for _ in range(4)][::-1]
    opened = finalized(client, draft(100)).id
    listed = client.v1.invoices.list({"limit": 2})
    assert [row.id for row in listed.auto_paging_iter()] == [opened, *drafts]
    assert [row.id for row in client.v1.invoices.list({"status": "open"})] == [opened]
    assert len(client.v1.invoices.list({"customer": customer.id, "status": "draft"}).data) == 4


def test_what_an_invoice_is_not_ready_for_is_refused(client, customer, draft):
    invoice = finalized(client, draft(1500))
    with refusal(400):
        client.v1.invoices.finalize_invoice(invoice.id)
    with refusal(404, "resource_missing", "invoice"):
        client.v1.invoices.retrieve("in_unknown")
    with pytest.raises(stripe.InvalidRequestError):
        item = {"customer": customer.id, "invoice": invoice.id, "amount": 1, "currency": "usd"}
        client.v1.invoice_items.create(item)
    client.v1.invoices.void_invoice(invoice.id)
    with refusal(400):
        client.v1.invoices.pay(invoice.id)
