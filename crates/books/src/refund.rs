//! Refunds: money on its way back to a customer, out of a payment or out of the cash balance.
//!
//! A [`Refund`] is a document. One of a payment goes to the customer's bank, whose details the
//! customer is asked for by email, or to the cash balance, where it is at once. One out of the
//! cash balance is called a return. Names and meanings follow Stripe's `Refund` type and its page
//! "Refund customer balance payments"; amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::id::{Kind, Number, RowKey};
use crate::time::Timestamp;

/// Days that a customer has to give bank details.
pub const DETAILS_DAYS_MAX: i64 = 45;
/// Days after a payment within which it can be refunded.
pub const REFUND_DAYS_MAX: i64 = 180;

/// A refund as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Whose, and its number.
    pub key: RowKey,
    /// What goes back.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub status: RefundStatus,
    /// Where the money comes from.
    pub origin: RefundOrigin,
    /// Where it goes.
    pub destination: Destination,
    /// The request for bank details that was sent; none for refunds to the cash balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details_request: Option<DetailsRequest>,
    /// `instructions_email` as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions_email: Option<String>,
    /// `reason` as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The line of the merchant's balance that it took; none for returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_transaction: Option<Number>,
    /// The line that gave it back when it failed or was canceled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_balance_transaction: Option<Number>,
    /// Why it failed, or why its last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
}

impl Refund {
    /// How its id is spelled.
    pub fn spelling(&self) -> Kind {
        match self.destination {
            Destination::Card { .. } => Kind::CardRefund,
            _ => Kind::Refund,
        }
    }
}

/// `status` of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum RefundStatus {
    RequiresAction,
    Pending,
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RefundStatus::RequiresAction => "requires_action",
            RefundStatus::Pending => "pending",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Canceled => "canceled",
        }
    }
}

/// Where the money of a refund comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundOrigin {
    /// A payment that succeeded.
    Payment {
        /// The intent.
        payment_intent: Number,
        /// Its charge.
        charge: Number,
        /// Its payment method.
        payment_method: Number,
    },
    /// A charge of a card or a source.
    Charge {
        /// The charge.
        charge: Number,
        /// The intent that asked for it, if one did.
        payment_intent: Option<Number>,
    },
    /// The cash balance: a return.
    CashBalance {
        /// The credit to the cash balance whose age was the reason, if nobody asked for it.
        lot: Option<Number>,
    },
}

/// Where a refund goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// To a bank that nobody has named yet.
    BankToBeNamed,
    /// To the card that was charged.
    Card {
        /// Whether it will come back.
        bounces: bool,
    },
    /// To the cash balance.
    CashBalance,
    /// To this bank account.
    Bank(RefundAccount),
}

/// The bank account that a refund goes to. The account number itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAccount {
    /// The rail, such as `us_bank_transfer`.
    pub transfer_type: String,
    /// The last four characters of the account number.
    pub last4: String,
    /// The reference of the outgoing transfer.
    pub reference: String,
    /// Whether the bank will send it back: a test account that does.
    pub bounces: bool,
}

/// The request for bank details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailsRequest {
    /// To which address; none where nobody could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    /// When.
    pub sent_at: Timestamp,
    /// Until when they may be given.
    pub expires_at: Timestamp,
}
