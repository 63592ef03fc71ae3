//! Charges that are more than a part of a payment intent: of cards and of sources.
//!
//! What a cash balance pays has its charge inside the intent
//! ([`crate::payment_intent::Charge`]). A [`CardCharge`] is a document of its own, whether an
//! intent asked for it or not, and whether it succeeded or not. Names and meanings follow Stripe's
//! `Charge` type; amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::{Approved, Card, Decline, Risk};
use crate::currency::Currency;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{BillingDetails, IntentShipping, is_false, is_zero};
use crate::source::Source;
use crate::time::Timestamp;

/// Days for which a card's bank sets money aside: what was not captured by then is let go.
pub const AUTHORIZATION_DAYS: i64 = 7;

/// A charge as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCharge {
    /// Whose, if it is a customer's, and its number.
    pub key: RowKey,
    /// What was authorized.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// What was charged.
    pub instrument: Instrument,
    /// How far it is.
    pub stage: Stage,
    /// The intent that asked for it; its key has the same customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent: Option<Number>,
    /// What of it was taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_captured: i64,
    /// What of it has been refunded, or is about to be. Without what was never captured.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_refunded: i64,
    /// The line of the merchant's balance, once it was captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_transaction: Option<Number>,
    /// Whether the holder disputes it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disputed: bool,
    /// Who pays.
    #[serde(default, skip_serializing_if = "BillingDetails::is_empty")]
    pub billing_details: BillingDetails,
    /// Everything that describes it.
    #[serde(flatten)]
    pub profile: ChargeProfile,
}

/// How far a charge is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The money is set aside until a moment.
    Authorized {
        /// What the acquirer said.
        approved: Approved,
        /// When it is let go.
        until: Timestamp,
    },
    /// The money, or a part of it, was taken.
    Captured {
        /// What the acquirer said.
        approved: Approved,
    },
    /// The money was let go: it was not captured.
    Released {
        /// What the acquirer said.
        approved: Approved,
    },
    /// There was none.
    Failed {
        /// Why.
        decline: Decline,
        /// How risky it looked.
        risk: Risk,
    },
}

/// What was charged, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// A card (`card_`), of a customer or given for this charge.
    Card {
        /// Which.
        key: RowKey,
        /// What is known of it.
        card: Card,
    },
    /// A payment method (`pm_`).
    Method {
        /// Which.
        key: RowKey,
        /// What is known of its card.
        card: Card,
    },
    /// A source (`src_`).
    Source(Box<Source>),
}

impl Instrument {
    /// What it is, and which.
    pub fn named(&self) -> (Kind, RowKey) {
        match self {
            Instrument::Card { key, .. } => (Kind::Card, *key),
            Instrument::Method { key, .. } => (Kind::PaymentMethod, *key),
            Instrument::Source(source) => (Kind::Source, source.key),
        }
    }

    /// Its card, if it has one.
    pub fn card(&self) -> Option<&Card> {
        match self {
            Instrument::Card { card, .. } | Instrument::Method { card, .. } => Some(card),
            Instrument::Source(source) => source.card.as_ref(),
        }
    }
}

/// What describes a charge and can be set through the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct ChargeProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fraud_details: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<IntentShipping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_descriptor_suffix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_group: Option<String>,
}

impl CardCharge {
    /// Whether it was captured.
    pub fn is_captured(&self) -> bool {
        matches!(self.stage, Stage::Captured { .. })
    }

    /// How its id is spelled.
    pub fn spelling(&self) -> Kind {
        match self.instrument.card() {
            Some(_) => Kind::CardCharge,
            None => Kind::Charge,
        }
    }

    /// What can be refunded still.
    pub fn unrefunded(&self) -> i64 {
        self.amount_captured - self.amount_refunded
    }

    /// Where its money counts: `card`, or `bank_account` where it came by a transfer.
    pub fn source_type(&self) -> crate::balance::SourceType {
        match &self.instrument {
            Instrument::Source(source) if source.card.is_none() => {
                crate::balance::SourceType::BankAccount
            }
            _ => crate::balance::SourceType::Card,
        }
    }
}
