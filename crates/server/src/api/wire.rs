//! Objects as the wire shows them, one function each.
//!
//! Field names, types and nullability follow the tables in `wire/resources`; the scenario tests
//! hold every answer against them, and the tests here objects in all their states.

mod customer;

mod cash_balance;

mod card;
mod payment_intent;
mod refund;
mod source;

mod balance;
mod payout;
mod topup;

mod invoice;
mod webhook_endpoint;

mod event;

mod agents;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use books::cash_balance::ReconciliationMode;
use books::customer::Address;
use books::{Document, IdKey, Kind, Number, RowKey, Timestamp, World};

use super::json::{Json, object};
pub use balance::Instant;

/// The API version whose shapes are served.
pub const API_VERSION: &str = "2026-10-28.endive";

/// What rendering depends on beside the object itself.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Writes ids.
    pub ids: IdKey,
    /// Whose books.
    pub world: World,
    /// The id of the account that they are of.
    pub account: Arc<str>,
    /// The mode.
    pub livemode: bool,
    /// How customers without a mode of their own are reconciled.
    pub default_mode: ReconciliationMode,
    /// Where people reach the server: scheme and host, no slash at the end.
    pub public_url: Arc<str>,
}

impl Wire {
    /// A document. A charge is part of its payment intent and cannot be shown without it: `null`.
    pub fn document(&self, document: &Document) -> Json {
        match document {
            Document::PaymentIntent(intent) => self.payment_intent(intent),
            Document::Charge(_) => Json::Null,
            Document::PaymentMethod(method) => self.payment_method(method),
            Document::Refund(refund) => self.refund(refund),
            Document::Payout(payout) => self.payout(payout),
            Document::BankAccount(account) => self.bank_account(account),
            Document::Invoice(invoice) => self.invoice(invoice),
            Document::InvoiceItem(item) => self.invoice_item(item),
            Document::WebhookEndpoint(endpoint) => self.webhook_endpoint(endpoint),
            Document::CardCharge(charge) => self.card_charge(charge),
            Document::Card(card) => self.customer_card(card),
            Document::Source(source) => self.source(source),
            Document::Token(token) => self.token(token),
            Document::Topup(topup) => self.topup(topup),
            Document::SourceTransaction(transaction) => self.source_transaction(transaction),
            Document::Approval(approval) => self.approval(approval, Timestamp(0)),
        }
    }

    /// The id of an object of the account itself.
    fn id_of_account(&self, kind: Kind, number: Number) -> String {
        self.ids.write(kind, RowKey { customer: Number(0), number })
    }

    /// The id of an object of a customer.
    fn id_of(&self, kind: Kind, customer: Number, number: Number) -> String {
        self.ids.write(kind, RowKey { customer, number })
    }
}

impl From<&Address> for Json {
    fn from(address: &Address) -> Json {
        object! {
            "city": &address.city,
            "country": &address.country,
            "line1": &address.line1,
            "line2": &address.line2,
            "postal_code": &address.postal_code,
            "state": &address.state,
        }
    }
}
