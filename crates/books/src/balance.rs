//! The merchant's own balance: what has been earned, what it costs, when it may be paid out.
//!
//! A [`BalanceTransaction`] is one line of it. Names and meanings are those of Stripe's
//! `BalanceTransaction` type.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::Number;
use crate::time::Timestamp;

/// One movement of the merchant's balance; amounts are smallest units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// The row's number.
    pub number: Number,
    /// `type` on the wire, such as `payment` or `payout`.
    pub type_name: String,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Gross; above zero comes in.
    pub amount: i64,
    /// What of it is a fee; `net` is the difference.
    pub fee: i64,
    /// When the net amount may be paid out; pending until then.
    pub available_on: Timestamp,
    /// The id of the object that caused it.
    pub source: Option<String>,
    /// The id of the automatic payout that paid it out.
    pub payout: Option<String>,
    /// The rest.
    pub details: Details,
}

/// What of a balance transaction nothing is filtered or summed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `reporting_category` on the wire, such as `charge`.
    pub reporting_category: String,
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
