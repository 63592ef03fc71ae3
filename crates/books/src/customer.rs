//! Customers: the people and companies whose money is kept.
//!
//! A [`Customer`] is a document: it is stored as it is here, so a new field is no migration, and
//! fields without a value are left out. Names and meanings are those of Stripe's `Customer` type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cash_balance::{Balances, ReconciliationMode, Settings};
use crate::id::Number;
use crate::payment_intent::InstrumentKey;

/// A customer as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// The id on the wire, kept in the document for people who read the database.
    pub id: String,
    /// The row's number.
    pub number: Number,
    /// Whether the customer was deleted; only the id is left to see then.
    #[serde(skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// The customer's own way of matching money, or the account's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciliation_mode: Option<ReconciliationMode>,
    /// The card or source that is charged where none is named (`default_source`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_source: Option<InstrumentKey>,
    /// The payment method that invoices use (`invoice_settings.default_payment_method`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_method: Option<Number>,
    /// Everything that describes the customer.
    #[serde(flatten)]
    pub profile: Profile,
}

/// What describes a customer and can be set through the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub individual_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_prefix: Option<String>,
    #[serde(skip_serializing_if = "InvoiceSettings::is_empty")]
    pub invoice_settings: InvoiceSettings,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_invoice_sequence: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferred_locales: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Shipping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_exempt: Option<String>,
}

/// A postal address; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct Address {
    pub city: Option<String>,
    pub country: Option<String>,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub postal_code: Option<String>,
    pub state: Option<String>,
}

/// Where goods go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct Shipping {
    pub address: Address,
    pub name: String,
    pub phone: Option<String>,
}

/// Defaults of the customer's invoices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct InvoiceSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_fields: Option<Vec<CustomField>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendering_options: Option<RenderingOptions>,
}

impl InvoiceSettings {
    fn is_empty(&self) -> bool {
        *self == InvoiceSettings::default()
    }
}

/// A line that is printed on every invoice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct CustomField {
    pub name: String,
    pub value: String,
}

/// How invoices look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct RenderingOptions {
    pub amount_tax_display: Option<String>,
    pub template: Option<String>,
}

impl Customer {
    /// What of the customer matters to its money.
    pub fn standing(&self) -> Standing {
        Standing {
            number: self.number,
            deleted: self.deleted,
            reconciliation_mode: self.reconciliation_mode,
        }
    }

    /// What is left of a customer after deletion: who it was, nothing about them.
    pub fn tombstone(&self) -> Customer {
        Customer { id: self.id.clone(), number: self.number, deleted: true, ..Customer::default() }
    }
}

/// What of a customer matters to its money: three fields of the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The row's number.
    pub number: Number,
    /// Whether the customer was deleted.
    pub deleted: bool,
    /// The customer's own way of matching money, or the account's default.
    pub reconciliation_mode: Option<ReconciliationMode>,
}

impl Standing {
    /// The settings that the cash balance shows, given the account's default mode.
    pub fn settings(&self, default: ReconciliationMode) -> Settings {
        Settings {
            reconciliation_mode: self.reconciliation_mode.unwrap_or(default),
            using_merchant_default: self.reconciliation_mode.is_none(),
        }
    }
}

/// What a decision about money sees: small and bounded, never the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purse {
    /// The customer's standing.
    pub standing: Standing,
    /// What is available, by currency.
    pub available: Balances,
}

fn is_false(value: &bool) -> bool {
    !value
}
