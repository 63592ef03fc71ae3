//! Top-ups: money that the merchant puts into the balance out of a bank account.
//!
//! Names and meanings follow Stripe's `Topup` type; amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::Number;
use crate::payout::PayoutFailure;
use crate::time::Timestamp;

/// A top-up as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topup {
    /// Its number.
    pub number: Number,
    /// How much.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub status: TopupStatus,
    /// When the money is there.
    pub expected_availability_date: Timestamp,
    /// The line of the merchant's balance, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_transaction: Option<Number>,
    /// Why the money will not come, or did not: told once it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<PayoutFailure>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the bank statement is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// A name that payments which belong together share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_group: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// `status` of a top-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum TopupStatus {
    Canceled,
    Failed,
    Pending,
    Succeeded,
}

impl TopupStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            TopupStatus::Canceled => "canceled",
            TopupStatus::Failed => "failed",
            TopupStatus::Pending => "pending",
            TopupStatus::Succeeded => "succeeded",
        }
    }
}
