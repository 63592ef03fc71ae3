//! What a customer pays with, as Stripe kept it before payment methods: tokens, cards, sources.
//!
//! A [`Token`] stands for card data once. A [`CustomerCard`] is a card that a customer has. A
//! [`Source`] is a card, or an account that takes transfers. Names and meanings follow Stripe's
//! `Token`, `Card`, `Source` and `SourceTransaction` types; amounts are smallest units.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::Card;
use crate::currency::Currency;
use crate::customer::Address;
use crate::funding::Instructions;
use crate::id::{Number, RowKey};
use crate::payment_intent::{is_false, is_zero};

/// A token (`tok_`) of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its number; it is no customer's.
    pub key: RowKey,
    /// The number that the card has as a `card_`.
    pub card_number: Number,
    /// What is known of the card.
    pub card: Card,
    /// What the merchant keeps with the card.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Whether it was used.
    #[serde(default, skip_serializing_if = "is_false")]
    pub used: bool,
}

/// A card (`card_`) that a customer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerCard {
    /// Whose, and its number.
    pub key: RowKey,
    /// What is known of it.
    pub card: Card,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Whether the customer has it no more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
}

/// A source (`src_`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its number; the customer that it is attached to may change, so the key names none.
    pub key: RowKey,
    /// What it is.
    pub kind: SourceKind,
    /// How far it is.
    pub status: SourceStatus,
    /// Whether it can be charged more than once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_reusable: bool,
    /// The customer that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Number>,
    /// What is to be paid with it; none where that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// In which currency; none where that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Its card, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// The account that it is, and what happened on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<Receiver>,
    /// Who owns it.
    #[serde(default)]
    pub owner: Owner,
    /// What the bank statement is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// `type` of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum SourceKind {
    AchCreditTransfer,
    Card,
    SepaCreditTransfer,
}

impl SourceKind {
    /// The rail on which it receives transfers; none for a card.
    pub fn rail(self) -> Option<&'static str> {
        match self {
            SourceKind::AchCreditTransfer => Some("us_bank_transfer"),
            SourceKind::Card => None,
            SourceKind::SepaCreditTransfer => Some("eu_bank_transfer"),
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::AchCreditTransfer => "ach_credit_transfer",
            SourceKind::Card => "card",
            SourceKind::SepaCreditTransfer => "sepa_credit_transfer",
        }
    }
}

/// `status` of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum SourceStatus {
    Canceled,
    Chargeable,
    Consumed,
    Failed,
    Pending,
}

impl SourceStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceStatus::Canceled => "canceled",
            SourceStatus::Chargeable => "chargeable",
            SourceStatus::Consumed => "consumed",
            SourceStatus::Failed => "failed",
            SourceStatus::Pending => "pending",
        }
    }
}

/// An account that takes transfers for a source. What it received and neither charged nor
/// returned is the balance of a ledger account of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// Where a transfer is to go.
    pub instructions: Instructions,
    /// What came in.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_received: i64,
    /// What of it was charged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_charged: i64,
    /// What of it went back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_returned: i64,
    /// How the sender is asked where money is to go back to.
    #[serde(default, skip_serializing_if = "RefundAttributes::is_default")]
    pub refund_attributes: RefundAttributes,
}

impl Receiver {
    /// What it received, and was neither charged nor returned: smallest units.
    pub fn held(&self) -> i64 {
        let used = self.amount_charged.saturating_add(self.amount_returned);
        self.amount_received.saturating_sub(used)
    }
}

/// `receiver.refund_attributes_method` of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum RefundAttributes {
    #[default]
    Email,
    Manual,
    None,
}

impl RefundAttributes {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RefundAttributes::Email => "email",
            RefundAttributes::Manual => "manual",
            RefundAttributes::None => "none",
        }
    }

    fn is_default(&self) -> bool {
        *self == RefundAttributes::default()
    }
}

/// Who owns a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct Owner {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Owner {
    /// Takes over what is given, and keeps the rest.
    pub fn take_over(&mut self, given: Owner) {
        let Owner { address, email, name, phone } = given;
        self.address = address.or(self.address.take());
        self.email = email.or(self.email.take());
        self.name = name.or(self.name.take());
        self.phone = phone.or(self.phone.take());
    }
}

/// A transfer that a source received: Stripe's `SourceTransaction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTransaction {
    /// Its number; it is no customer's.
    pub key: RowKey,
    /// The source.
    pub source: Number,
    /// What the source is.
    pub kind: SourceKind,
    /// How much.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// What the bank told of the sender.
    pub transfer: crate::cash_balance::BankTransfer,
    /// Whether the sender's bank pulled it back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reversed: bool,
}
