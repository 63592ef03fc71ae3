//! Events: what happened, told once, in the same commit as the change itself.
//!
//! An event about an immutable row holds a reference to that row; only what may change later is
//! copied. Types and their `data.object` are those of Stripe's `Event` type.

use std::sync::Arc;

use crate::cash_balance::Settings;
use crate::currency::Currency;
use crate::customer::Customer;
use crate::document::Document;
use crate::id::{Number, RowKey};
use crate::journal::Account;

/// An event, ready to be stored and told.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The number of the event.
    pub number: Number,
    /// What happened.
    pub kind: EventKind,
    /// What it happened to.
    pub object: EventObject,
    /// The request that caused it; none for things that happen by themselves.
    pub cause: Option<Arc<RequestCause>>,
}

/// The request behind an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCause {
    /// `req_...`
    pub request_id: String,
    /// The idempotency key that came with it.
    pub idempotency_key: Option<String>,
}

/// Writes the types of events down once: each variant is the wire name, in camel case.
macro_rules! kinds {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The types of events that Purser causes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
        pub enum EventKind { $($variant),* }

        impl EventKind {
            /// All types.
            pub const ALL: &[EventKind] = &[$(EventKind::$variant),*];

            /// `type` on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(EventKind::$variant => $name),* }
            }
        }
    };
}

kinds! {
    BalanceAvailable = "balance.available",
    CashBalanceFundsAvailable = "cash_balance.funds_available",
    ChargeCaptured = "charge.captured",
    ChargeExpired = "charge.expired",
    ChargeFailed = "charge.failed",
    ChargeRefundUpdated = "charge.refund.updated",
    ChargeRefunded = "charge.refunded",
    ChargeSucceeded = "charge.succeeded",
    ChargeUpdated = "charge.updated",
    CustomerCreated = "customer.created",
    CustomerDeleted = "customer.deleted",
    CustomerSourceCreated = "customer.source.created",
    CustomerSourceDeleted = "customer.source.deleted",
    CustomerSourceUpdated = "customer.source.updated",
    CustomerUpdated = "customer.updated",
    CustomerCashBalanceTransactionCreated = "customer_cash_balance_transaction.created",
    InvoiceCreated = "invoice.created",
    InvoiceFinalized = "invoice.finalized",
    InvoiceMarkedUncollectible = "invoice.marked_uncollectible",
    InvoiceOverdue = "invoice.overdue",
    InvoicePaid = "invoice.paid",
    InvoicePaymentSucceeded = "invoice.payment_succeeded",
    InvoiceUpdated = "invoice.updated",
    InvoiceVoided = "invoice.voided",
    InvoiceitemCreated = "invoiceitem.created",
    PaymentIntentAmountCapturableUpdated = "payment_intent.amount_capturable_updated",
    PaymentIntentCanceled = "payment_intent.canceled",
    PaymentIntentCreated = "payment_intent.created",
    PaymentIntentPartiallyFunded = "payment_intent.partially_funded",
    PaymentIntentPaymentFailed = "payment_intent.payment_failed",
    PaymentIntentRequiresAction = "payment_intent.requires_action",
    PaymentIntentSucceeded = "payment_intent.succeeded",
    PaymentMethodAttached = "payment_method.attached",
    PaymentMethodDetached = "payment_method.detached",
    PaymentMethodUpdated = "payment_method.updated",
    PayoutCanceled = "payout.canceled",
    PayoutCreated = "payout.created",
    PayoutFailed = "payout.failed",
    PayoutPaid = "payout.paid",
    PayoutUpdated = "payout.updated",
    RefundCreated = "refund.created",
    RefundFailed = "refund.failed",
    RefundUpdated = "refund.updated",
    SourceChargeable = "source.chargeable",
    SourceTransactionCreated = "source.transaction.created",
    SourceTransactionUpdated = "source.transaction.updated",
    TopupCanceled = "topup.canceled",
    TopupCreated = "topup.created",
    TopupFailed = "topup.failed",
    TopupSucceeded = "topup.succeeded",
}

impl EventKind {
    /// The type with this name on the wire.
    pub fn parse(text: &str) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq)]
pub enum EventObject {
    /// A cash balance transaction, which never changes.
    CashTransaction(RowKey),
    /// The cash balance as this transaction left it, with the settings of that moment.
    CashBalance(RowKey, Settings),
    /// The customer as it was then, and for an update as it was before.
    Customer {
        /// After the change.
        now: Box<Customer>,
        /// Before the change; `previous_attributes` is the difference.
        before: Option<Box<Customer>>,
    },
    /// A document as it was then, and for an update as it was before. A charge is told by its
    /// payment intent.
    Document {
        /// After the change.
        now: Document,
        /// Before the change.
        before: Option<Document>,
    },
    /// The sums of the house accounts as they were then: the merchant's balance.
    Balance(Vec<(Account, Currency, i64)>),
}
