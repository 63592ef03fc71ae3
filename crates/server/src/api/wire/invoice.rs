//! Invoices, their lines and the items that become lines, as the wire shows them.

use books::Kind;
use books::invoice::{Invoice, InvoiceItem, InvoiceStatus, Transitions};
use books::payment_intent::TransferOptions;

use super::Wire;
use super::payment_intent::{METHOD_TYPE, bank_transfer};
use crate::api::json::{Json, object};

impl Wire {
    /// An invoice with all its lines.
    pub fn invoice(&self, invoice: &Invoice) -> Json {
        let mut shown = self.invoice_terms(invoice);
        let total = invoice.total();
        let paid = invoice.status == InvoiceStatus::Paid;
        let created = invoice.key.number.created();
        let finalized = invoice.transitions.finalized_at;
        let amounts = object! {
            "amount_due": invoice.amount_due(),
            "amount_overpaid": 0,
            "amount_paid": invoice.amount_paid,
            "amount_remaining": invoice.amount_remaining(),
            "amount_shipping": 0,
            "attempt_count": i64::from(paid && !invoice.paid_out_of_band),
            "attempted": paid,
            "auto_advance": false,
            "automatically_finalizes_at": Json::Null,
            "billing_reason": "manual",
            "collection_method": &invoice.collection_method,
            "created": created,
            "currency": invoice.currency,
            "due_date": invoice.due_date,
            "effective_at": finalized,
            "ending_balance": finalized.map(|_| 0i64),
            "next_payment_attempt": Json::Null,
            "period_end": created,
            "period_start": created,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "shipping_cost": Json::Null,
            "starting_balance": 0,
            "status": invoice.status.as_str(),
            "status_transitions": &invoice.transitions,
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "total": total,
            "total_discount_amounts": none(),
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": none(),
            "total_taxes": none(),
            "webhooks_delivered_at": Json::Null,
        };
        if let (Json::Object(shown), Json::Object(amounts)) = (&mut shown, amounts) {
            shown.extend(amounts);
        }
        if invoice.paid_out_of_band {
            shown.push("amount_paid_off_stripe", invoice.amount_paid);
        }
        shown
    }

    /// What an invoice says beside its amounts and moments.
    fn invoice_terms(&self, invoice: &Invoice) -> Json {
        let id = self.ids.write(Kind::Invoice, invoice.key);
        let to = &invoice.addressee;
        let lines = invoice.lines.iter().map(|item| self.invoice_line(invoice, item));
        object! {
            "id": &id,
            "object": "invoice",
            "account_country": Json::Null,
            "account_name": Json::Null,
            "account_tax_ids": Json::Null,
            "application": Json::Null,
            "automatic_tax": object! {
                "disabled_reason": Json::Null,
                "enabled": false,
                "liability": Json::Null,
                "provider": Json::Null,
                "status": Json::Null,
            },
            "custom_fields": invoice.custom_fields.as_ref().map(|fields| {
                fields.iter().map(Json::from).collect::<Vec<_>>()
            }),
            "customer": self.ids.customer(invoice.key.customer),
            "customer_account": Json::Null,
            "customer_address": to.address.as_ref(),
            "customer_email": &to.email,
            "customer_name": &to.name,
            "customer_phone": &to.phone,
            "customer_shipping": to.shipping.as_ref(),
            "customer_tax_exempt": to.tax_exempt.clone().unwrap_or_else(|| "none".into()),
            "customer_tax_ids": none(),
            "default_payment_method": Json::Null,
            "default_source": Json::Null,
            "default_tax_rates": none(),
            "description": &invoice.description,
            "discounts": none(),
            "footer": &invoice.footer,
            "from_invoice": Json::Null,
            "hosted_invoice_url": Json::Null,
            "invoice_pdf": Json::Null,
            "issuer": object! { "type": "self" },
            "last_finalization_error": Json::Null,
            "latest_revision": Json::Null,
            "lines": object! {
                "object": "list",
                "data": lines.collect::<Vec<_>>(),
                "has_more": false,
                "url": format!("/v1/invoices/{id}/lines"),
            },
            "livemode": self.livemode,
            "metadata": &invoice.metadata,
            "number": &invoice.number,
            "on_behalf_of": Json::Null,
            "parent": Json::Null,
            "payment_settings": payment_settings(invoice.transfer.as_ref()),
            "receipt_number": Json::Null,
            "rendering": invoice.rendering.as_ref().map(|rendering| object! {
                "amount_tax_display": &rendering.amount_tax_display,
                "pdf": Json::Null,
                "template": &rendering.template,
                "template_version": Json::Null,
            }),
            "shipping_details": Json::Null,
            "statement_descriptor": Json::Null,
            "test_clock": Json::Null,
        }
    }

    /// A line of an invoice: one of its items, seen from the invoice.
    pub fn invoice_line(&self, invoice: &Invoice, item: &InvoiceItem) -> Json {
        object! {
            "id": self.ids.write(Kind::InvoiceLine, item.key),
            "object": "line_item",
            "amount": item.amount,
            "currency": item.currency,
            "description": &item.description,
            "discount_amounts": none(),
            "discountable": item.discountable,
            "discounts": none(),
            "invoice": self.ids.write(Kind::Invoice, invoice.key),
            "livemode": self.livemode,
            "metadata": &item.metadata,
            "parent": object! {
                "invoice_item_details": object! {
                    "invoice_item": self.ids.write(Kind::InvoiceItem, item.key),
                    "proration": false,
                    "proration_details": object! { "credited_items": Json::Null },
                    "subscription": Json::Null,
                },
                "subscription_item_details": Json::Null,
                "type": "invoice_item_details",
            },
            "period": period(item),
            "pretax_credit_amounts": none(),
            "pricing": pricing(item),
            "quantity": item.quantity,
            "quantity_decimal": item.quantity.to_string(),
            "subscription": Json::Null,
            "subtotal": item.amount,
            "taxes": none(),
        }
    }

    /// An invoice item.
    pub fn invoice_item(&self, item: &InvoiceItem) -> Json {
        let invoice = item.invoice.map(|it| self.id_of(Kind::Invoice, item.key.customer, it));
        object! {
            "id": self.ids.write(Kind::InvoiceItem, item.key),
            "object": "invoiceitem",
            "amount": item.amount,
            "currency": item.currency,
            "customer": self.ids.customer(item.key.customer),
            "customer_account": Json::Null,
            "date": item.key.number.created(),
            "description": &item.description,
            "discountable": item.discountable,
            "discounts": none(),
            "invoice": invoice,
            "livemode": self.livemode,
            "metadata": &item.metadata,
            "net_amount": item.amount,
            "parent": Json::Null,
            "period": period(item),
            "pricing": pricing(item),
            "proration": false,
            "quantity": item.quantity,
            "quantity_decimal": item.quantity.to_string(),
            "tax_rates": none(),
            "test_clock": Json::Null,
        }
    }
}

/// A list of what Purser has none of: discounts, taxes, credits.
fn none() -> Json {
    Json::List(Vec::new())
}

fn payment_settings(transfer: Option<&TransferOptions>) -> Json {
    let options = transfer.map(|transfer| {
        object! {
            "acss_debit": Json::Null,
            "bancontact": Json::Null,
            "card": Json::Null,
            "customer_balance": object! {
                "bank_transfer": bank_transfer(transfer),
                "funding_type": "bank_transfer",
            },
            "konbini": Json::Null,
            "payto": Json::Null,
            "pix": Json::Null,
            "sepa_debit": Json::Null,
            "upi": Json::Null,
            "us_bank_account": Json::Null,
        }
    });
    object! {
        "default_mandate": Json::Null,
        "payment_method_options": options,
        "payment_method_types": vec![METHOD_TYPE],
    }
}

fn period(item: &InvoiceItem) -> Json {
    let (start, end) = item.period;
    object! { "end": end, "start": start }
}

/// What one of them costs. Without a price of its own, what is billed is one thing.
fn pricing(item: &InvoiceItem) -> Json {
    let price = item.unit_amount.clone().unwrap_or_else(|| item.amount.to_string());
    object! { "type": "price_details", "unit_amount_decimal": price }
}

impl From<&Transitions> for Json {
    fn from(moments: &Transitions) -> Json {
        object! {
            "finalized_at": moments.finalized_at,
            "marked_uncollectible_at": moments.marked_uncollectible_at,
            "paid_at": moments.paid_at,
            "voided_at": moments.voided_at,
        }
    }
}
