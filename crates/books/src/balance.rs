//! The merchant's own balance: what has been earned, what it costs, when it may be paid out.
//!
//! A [`BalanceTransaction`] is one line of it. Names and meanings are those of Stripe's
//! `BalanceTransaction` type.

use crate::currency::Currency;
use crate::id::{Kind, Number, RowKey};
use crate::time::Timestamp;

/// One movement of the merchant's balance; amounts are smallest units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// The row's number.
    pub number: Number,
    /// `type` and `reporting_category` on the wire.
    pub kind: BalanceKind,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Gross; above zero comes in.
    pub amount: i64,
    /// What of it is a fee; `net` is the difference.
    pub fee: i64,
    /// When the net amount may be paid out; pending until then.
    pub available_on: Timestamp,
    /// The object that caused it.
    pub source: Option<(Kind, RowKey)>,
    /// For people.
    pub description: Option<String>,
}

/// Why the merchant's balance moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceKind {
    /// A payment was completed.
    Payment,
    /// A payment was refunded.
    PaymentRefund,
    /// A refund failed or was canceled.
    PaymentFailureRefund,
    /// Cash that nobody claimed.
    PaymentUnreconciled,
    /// The merchant made good for a cash balance below zero.
    Adjustment,
    /// A payout, or the reversal of one.
    Payout,
    /// A payout was canceled.
    PayoutCancel,
    /// A payout failed.
    PayoutFailure,
}

impl BalanceKind {
    /// All kinds.
    pub const ALL: [BalanceKind; 8] = [
        BalanceKind::Payment,
        BalanceKind::PaymentRefund,
        BalanceKind::PaymentFailureRefund,
        BalanceKind::PaymentUnreconciled,
        BalanceKind::Adjustment,
        BalanceKind::Payout,
        BalanceKind::PayoutCancel,
        BalanceKind::PayoutFailure,
    ];

    /// `type` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            BalanceKind::Payment => "payment",
            BalanceKind::PaymentRefund => "payment_refund",
            BalanceKind::PaymentFailureRefund => "payment_failure_refund",
            BalanceKind::PaymentUnreconciled => "payment_unreconciled",
            BalanceKind::Adjustment => "adjustment",
            BalanceKind::Payout => "payout",
            BalanceKind::PayoutCancel => "payout_cancel",
            BalanceKind::PayoutFailure => "payout_failure",
        }
    }

    /// The kind with this `type`.
    pub fn parse(text: &str) -> Option<BalanceKind> {
        BalanceKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// `reporting_category` on the wire.
    pub fn reporting_category(self) -> &'static str {
        match self {
            BalanceKind::Payment => "charge",
            BalanceKind::PaymentRefund => "refund",
            BalanceKind::PaymentFailureRefund => "refund_failure",
            BalanceKind::PaymentUnreconciled => "unreconciled_customer_funds",
            BalanceKind::Adjustment => "other_adjustment",
            BalanceKind::Payout => "payout",
            BalanceKind::PayoutCancel | BalanceKind::PayoutFailure => "payout_reversal",
        }
    }
}

impl BalanceTransaction {
    /// What is left after the fee.
    pub fn net(&self) -> i64 {
        self.amount - self.fee
    }

    /// `status` on the wire at a moment.
    pub fn status(&self, now: Timestamp) -> &'static str {
        if self.available_on <= now { "available" } else { "pending" }
    }
}
