//! Payouts: the merchant's money on its way to the merchant's bank, and the accounts it goes to.
//!
//! Both are documents. Names and meanings follow Stripe's `Payout` and `BankAccount` types;
//! amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::balance::SourceType;
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
    /// How fast it is.
    pub method: PayoutMethod,
    /// Which part of the balance it comes from, and goes back to.
    pub source_type: SourceType,
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

/// `method` of a payout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutMethod {
    /// On working days.
    #[default]
    Standard,
    /// Within [`INSTANT_S`], on any day.
    Instant,
}

/// Seconds that an instant payout takes.
pub const INSTANT_S: i64 = 10;

impl PayoutMethod {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            PayoutMethod::Standard => "standard",
            PayoutMethod::Instant => "instant",
        }
    }
}

/// What an instant payout costs: hundredths of a percent of its amount, rounded half up.
pub fn instant_fee(bps: i64, amount: i64) -> i64 {
    ((i128::from(amount) * i128::from(bps) + 5_000) / 10_000) as i64
}

/// The largest instant payout that so much is enough for, together with what it costs.
pub fn largest_instant(bps: i64, available: i64) -> i64 {
    let fits = |amount: i64| {
        amount.checked_add(instant_fee(bps, amount)).is_some_and(|total| total <= available)
    };
    let (mut fit, mut too_much) = (0, i128::from(available.max(0)) + 1);
    while i128::from(fit) + 1 < too_much {
        let middle = (i128::from(fit) + too_much) / 2;
        match fits(middle as i64) {
            true => fit = middle as i64,
            false => too_much = middle,
        }
    }
    fit
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

/// The countries of the euro: banks there take instant transfers (Regulation (EU) 2024/886).
const EURO_COUNTRIES: [&str; 21] = [
    "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PT", "SI", "SK",
];

impl BankAccount {
    /// Whether instant payouts can go there: where banks have a network for that, in its currency.
    /// Stripe's page "Instant Payouts" names more countries; these are those with bank transfers
    /// that Purser knows.
    pub fn takes_instant(&self) -> bool {
        match self.currency.as_str() {
            "usd" => self.country == "US",
            "gbp" => self.country == "GB",
            "eur" => EURO_COUNTRIES.contains(&self.country.as_str()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_instant_payout_leaves_nothing_that_another_could_take() {
        let cases = [
            ((0, 1000), 1000),
            ((100, 1010), 1000),
            ((100, 1009), 999),
            ((150, 10_000), 9852),
            ((10_000, 3), 1),
            ((100, 0), 0),
            ((100, -5), 0),
            ((10_000, i64::MAX), i64::MAX / 2),
            ((0, i64::MAX), i64::MAX),
        ];
        for ((bps, available), want) in cases {
            assert_eq!(largest_instant(bps, available), want, "{bps} {available}");
            let next = i128::from(want) + 1;
            let costs = (next * i128::from(bps) + 5_000) / 10_000;
            assert!(next + costs > i128::from(available.max(0)), "{bps} {available}");
        }
    }
}
