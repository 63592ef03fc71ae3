//! Invoices and their items: the least of Stripe's invoicing that makes reconciliation complete.
//!
//! Both are documents. An invoice that was finalized is open and has a payment intent, which takes
//! the customer's money; it is never paid in part by itself. Names and meanings follow Stripe's
//! `Invoice` and `InvoiceItem` types; amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::customer::{CustomField, RenderingOptions};
use crate::id::{Number, RowKey};
use crate::payment_intent::TransferOptions;
use crate::time::Timestamp;

/// Lines of an invoice, at most: Stripe's limit for one-off invoices.
pub const LINES_MAX: usize = 250;

/// An invoice as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Whose, and its number.
    pub key: RowKey,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub status: InvoiceStatus,
    /// What it is for.
    pub lines: Vec<InvoiceItem>,
    /// `collection_method`: `send_invoice` or `charge_automatically`.
    pub collection_method: String,
    /// Days between finalization and the due date; none where the date was given itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_until_due: Option<i64>,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Timestamp>,
    /// The invoice number that people see: given, or made at finalization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The intent that takes the money, once it is finalized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent: Option<Number>,
    /// What was paid.
    #[serde(default, skip_serializing_if = "crate::payment_intent::is_zero")]
    pub amount_paid: i64,
    /// Whether it was paid by other means.
    #[serde(default, skip_serializing_if = "crate::payment_intent::is_false")]
    pub paid_out_of_band: bool,
    /// How a transfer for it is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferOptions>,
    /// When its status changed.
    #[serde(default)]
    pub transitions: Transitions,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Printed below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// Printed above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_fields: Option<Vec<CustomField>>,
    /// How it looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendering: Option<RenderingOptions>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Who it is for, as the customer was at finalization (until then: as it was at creation).
    #[serde(default)]
    pub addressee: Addressee,
}

/// Who an invoice is for: Stripe's `customer_...` fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named as on Stripe's wire, without customer_")]
pub struct Addressee {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<crate::customer::Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<crate::customer::Shipping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<String>,
}

/// `status` of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

impl InvoiceStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            InvoiceStatus::Draft => "draft",
            InvoiceStatus::Open => "open",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::Uncollectible => "uncollectible",
            InvoiceStatus::Void => "void",
        }
    }
}

/// When the status of an invoice changed: `status_transitions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct Transitions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalized_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marked_uncollectible_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voided_at: Option<Timestamp>,
}

/// One thing that is billed; as part of an invoice, one of its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceItem {
    /// Whose, and its number.
    pub key: RowKey,
    /// The invoice that it is on, once it is on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<Number>,
    /// What it costs in all; below zero for a credit.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How many.
    pub quantity: i64,
    /// What one costs, a decimal number of smallest units, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_amount: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether a discount would apply.
    pub discountable: bool,
    /// The span of time that it is for.
    pub period: (Timestamp, Timestamp),
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Invoice {
    /// The sum of its lines.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// What is to be paid: the total, and nothing where that is a credit.
    pub fn amount_due(&self) -> i64 {
        self.total().max(0)
    }

    /// What is still to be paid.
    pub fn amount_remaining(&self) -> i64 {
        match self.status {
            InvoiceStatus::Paid => 0,
            _ => self.amount_due() - self.amount_paid,
        }
    }
}
