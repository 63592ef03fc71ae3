//! Payouts: the merchant's money on its way to the merchant's bank, and the accounts it goes to.
//!
//! Both are documents. Names and meanings follow Stripe's `Payout` and `BankAccount` types;
//! amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::Number;
use crate::time::Timestamp;

/// A payout as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// Its number.
    pub number: Number,
    /// What goes out; below zero for the reversal of another payout.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub status: PayoutStatus,
    /// The bank account that it goes to.
    pub destination: Number,
    /// The first moment of the day on which it is expected there.
    pub arrival_date: Timestamp,
    /// The line of the merchant's balance.
    pub balance_transaction: Number,
    /// `method`: `standard` or `instant`.
    pub method: String,
    /// `source_type`: `card`, `bank_account` or `fpx`.
    pub source_type: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the bank statement is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<PayoutFailure>,
    /// The line of the merchant's balance that gave it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_balance_transaction: Option<Number>,
    /// The payout that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_payout: Option<Number>,
    /// The payout that takes this one back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<Number>,
}

/// `status` of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum PayoutStatus {
    Pending,
    InTransit,
    Paid,
    Failed,
    Canceled,
}

impl PayoutStatus {
    /// All of them.
    pub const ALL: [PayoutStatus; 5] = [
        PayoutStatus::Pending,
        PayoutStatus::InTransit,
        PayoutStatus::Paid,
        PayoutStatus::Failed,
        PayoutStatus::Canceled,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            PayoutStatus::Pending => "pending",
            PayoutStatus::InTransit => "in_transit",
            PayoutStatus::Paid => "paid",
            PayoutStatus::Failed => "failed",
            PayoutStatus::Canceled => "canceled",
        }
    }
}

/// Why a bank sends a payout back: `failure_code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum PayoutFailure {
    AccountClosed,
    DebitNotAuthorized,
    InsufficientFunds,
    InvalidCurrency,
    NoAccount,
}

impl PayoutFailure {
    /// `failure_code` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            PayoutFailure::AccountClosed => "account_closed",
            PayoutFailure::DebitNotAuthorized => "debit_not_authorized",
            PayoutFailure::InsufficientFunds => "insufficient_funds",
            PayoutFailure::InvalidCurrency => "invalid_currency",
            PayoutFailure::NoAccount => "no_account",
        }
    }
}

/// A bank account of the merchant: an external account. The account number itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// Its number.
    pub number: Number,
    /// Two letters.
    pub country: String,
    /// The currency that it takes.
    pub currency: Currency,
    /// The last four characters of the account number.
    pub last4: String,
    /// Routing number, sort code or the like, where the country has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing_number: Option<String>,
    /// Same for the same account, and tells nothing else about it.
    pub fingerprint: String,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_holder_name: Option<String>,
    /// `individual` or `company`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_holder_type: Option<String>,
    /// Whether payouts in its currency go there unless they name another.
    pub default_for_currency: bool,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// How the bank will answer a payout: a test account that refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<PayoutFailure>,
    /// Whether the merchant removed it. Payouts go on naming it.
    #[serde(default, skip_serializing_if = "crate::payment_intent::is_false")]
    pub deleted: bool,
}
