//! The merchant's own balance: what has been earned, what it costs, when it may be paid out.
//!
//! A [`BalanceTransaction`] is one line of it. Names and meanings are those of Stripe's
//! `BalanceTransaction` type.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::{Kind, Number, RowKey};
use crate::journal::Account;
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
    /// Where the money counts.
    pub source_type: SourceType,
    /// The object that caused it.
    pub source: Option<(Kind, RowKey)>,
    /// For people.
    pub description: Option<String>,
}

/// Where the merchant's money came from: `source_types` of Stripe's `Balance`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceType {
    /// By most ways to pay, transfers into cash balances among them.
    #[default]
    Card,
    /// By transfers to a source.
    BankAccount,
}

impl SourceType {
    /// All of them.
    pub const ALL: [SourceType; 2] = [SourceType::Card, SourceType::BankAccount];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceType::Card => "card",
            SourceType::BankAccount => "bank_account",
        }
    }

    /// The type with this name.
    pub fn parse(text: &str) -> Option<SourceType> {
        SourceType::ALL.into_iter().find(|of| of.as_str() == text)
    }

    /// Where such money is while it is not settled.
    pub fn pending(self) -> Account {
        match self {
            SourceType::Card => Account::MerchantPending,
            SourceType::BankAccount => Account::BankPending,
        }
    }

    /// Where such money is once it may be paid out.
    pub fn available(self) -> Account {
        match self {
            SourceType::Card => Account::MerchantAvailable,
            SourceType::BankAccount => Account::BankAvailable,
        }
    }
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
    /// A card was charged.
    Charge,
    /// A card was sent its money back.
    Refund,
    /// What was sent back to a card did not get there.
    RefundFailure,
    /// The merchant put money in.
    Topup,
}

impl BalanceKind {
    /// All kinds.
    pub const ALL: [BalanceKind; 12] = [
        BalanceKind::Payment,
        BalanceKind::PaymentRefund,
        BalanceKind::PaymentFailureRefund,
        BalanceKind::PaymentUnreconciled,
        BalanceKind::Adjustment,
        BalanceKind::Payout,
        BalanceKind::PayoutCancel,
        BalanceKind::PayoutFailure,
        BalanceKind::Charge,
        BalanceKind::Refund,
        BalanceKind::RefundFailure,
        BalanceKind::Topup,
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
            BalanceKind::Charge => "charge",
            BalanceKind::Refund => "refund",
            BalanceKind::RefundFailure => "refund_failure",
            BalanceKind::Topup => "topup",
        }
    }

    /// The kind with this `type`.
    pub fn parse(text: &str) -> Option<BalanceKind> {
        BalanceKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// `reporting_category` on the wire.
    pub fn reporting_category(self) -> &'static str {
        match self {
            BalanceKind::Payment | BalanceKind::Charge => "charge",
            BalanceKind::PaymentRefund | BalanceKind::Refund => "refund",
            BalanceKind::PaymentFailureRefund | BalanceKind::RefundFailure => "refund_failure",
            BalanceKind::PaymentUnreconciled => "unreconciled_customer_funds",
            BalanceKind::Adjustment => "other_adjustment",
            BalanceKind::Payout => "payout",
            BalanceKind::PayoutCancel | BalanceKind::PayoutFailure => "payout_reversal",
            BalanceKind::Topup => "topup",
        }
    }
}

/// What an instant payout may use in a currency: money of cards, also while it is not settled.
/// Never below zero. `house` are the sums of the house accounts.
pub fn instant_available(house: &[(Account, Currency, i64)], currency: Currency) -> i64 {
    let of = SourceType::Card;
    let is_its = |at: &Account, of_it: &Currency| {
        *of_it == currency && (*at == of.available() || *at == of.pending())
    };
    // What is owed to the merchant is a credit, so below zero.
    let owed = house.iter().filter(|(at, of_it, _)| is_its(at, of_it));
    owed.fold(0i64, |sum, (_, _, balance)| sum.saturating_sub(*balance)).max(0)
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
