//! Events: what happened, told once, in the same commit as the change itself.
//!
//! An event about an immutable row holds a reference to that row; only what may change later is
//! copied. Types and their `data.object` are those of Stripe's `Event` type.

use std::sync::Arc;

use crate::cash_balance::Settings;
use crate::customer::Customer;
use crate::id::{Number, RowKey};

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

/// The types of events that Purser causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the wire name below, in camel case")]
pub enum EventKind {
    CashBalanceFundsAvailable,
    CustomerCashBalanceTransactionCreated,
    CustomerCreated,
    CustomerDeleted,
    CustomerUpdated,
}

impl EventKind {
    /// All types.
    pub const ALL: [EventKind; 5] = [
        EventKind::CashBalanceFundsAvailable,
        EventKind::CustomerCashBalanceTransactionCreated,
        EventKind::CustomerCreated,
        EventKind::CustomerDeleted,
        EventKind::CustomerUpdated,
    ];

    /// `type` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::CashBalanceFundsAvailable => "cash_balance.funds_available",
            EventKind::CustomerCashBalanceTransactionCreated => {
                "customer_cash_balance_transaction.created"
            }
            EventKind::CustomerCreated => "customer.created",
            EventKind::CustomerDeleted => "customer.deleted",
            EventKind::CustomerUpdated => "customer.updated",
        }
    }

    /// The type with this name on the wire.
    pub fn parse(text: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.as_str() == text)
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
}
