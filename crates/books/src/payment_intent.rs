//! Payment intents: what a customer is to pay, and how far that has come.
//!
//! A [`PaymentIntent`] is a document. `customer_balance` pays it: from the cash balance at
//! once, or by a bank transfer that is awaited; or a card does ([`CardPayment`]). What it holds before it is paid in full is
//! `applied`, the balance of its own ledger account; its charge is part of it. Names and meanings
//! follow Stripe's `PaymentIntent` and `Charge` types; amounts are smallest units.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::card::{Card, Decline};
use crate::charge::Instrument;
use crate::currency::Currency;
use crate::customer::Address;
use crate::funding::Instructions;
use crate::id::{Kind, Number, RowKey};
use crate::reconciliation::{Payable, PayableKind};
use crate::time::Timestamp;

/// Seconds after its due date during which an invoice still takes money by itself.
pub const PAST_DUE_MAX_S: i64 = 30 * 24 * 60 * 60;

/// `capture_method` of what is captured by hand.
const MANUAL: &str = "manual";

/// A payment intent as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentIntent {
    /// Whose, and its number.
    pub key: RowKey,
    /// What is to be paid.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How far it is.
    pub status: IntentStatus,
    /// What it holds of the customer's money; all of `amount` once it succeeded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub applied: i64,
    /// How a transfer is awaited when the cash balance does not suffice; none where the payment
    /// is to fail then (`funding_type` absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferOptions>,
    /// The payment method (`pm_`), once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<Number>,
    /// When it was confirmed last: the number tells, and orders intents by age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Number>,
    /// Where a transfer is to go, while one is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Arc<Instructions>>,
    /// The charge, once it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// The invoice that it pays, if one made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Billed>,
    /// When and why it was canceled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled: Option<Cancellation>,
    /// What went wrong at the last confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<PaymentError>,
    /// `payment_method_types`; empty where only a cash balance pays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<MethodType>,
    /// What there is to know about paying it by card, or by source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<CardPayment>>,
    /// Made with `automatic_payment_methods`: its `allow_redirects`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_methods: Option<String>,
    /// Who pays, as told with the payment method.
    #[serde(default, skip_serializing_if = "BillingDetails::is_empty")]
    pub billing_details: BillingDetails,
    /// Everything that describes it.
    #[serde(flatten)]
    pub profile: IntentProfile,
}

/// `status` of a payment intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    RequiresCapture,
    Succeeded,
    Canceled,
}

impl IntentStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            IntentStatus::RequiresPaymentMethod => "requires_payment_method",
            IntentStatus::RequiresConfirmation => "requires_confirmation",
            IntentStatus::RequiresAction => "requires_action",
            IntentStatus::RequiresCapture => "requires_capture",
            IntentStatus::Succeeded => "succeeded",
            IntentStatus::Canceled => "canceled",
        }
    }

    /// Whether anything can still happen to the payment.
    pub fn is_open(self) -> bool {
        !matches!(self, IntentStatus::Succeeded | IntentStatus::Canceled)
    }
}

/// A type of payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum MethodType {
    Card,
    CustomerBalance,
}

impl MethodType {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            MethodType::Card => "card",
            MethodType::CustomerBalance => "customer_balance",
        }
    }
}

/// What there is to know about paying an intent by card, or by source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardPayment {
    /// What is to be charged: a payment method, a card or a source; never together with
    /// [`PaymentIntent::payment_method`], which is a cash balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instrument: Option<InstrumentKey>,
    /// The newest charge (`latest_charge`), whatever became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_charge: Option<Number>,
    /// `amount_capturable`.
    #[serde(skip_serializing_if = "is_zero")]
    pub capturable: i64,
    /// `amount_received`.
    #[serde(skip_serializing_if = "is_zero")]
    pub received: i64,
    /// Where the holder comes back to after authenticating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Whether Stripe.js is to lead the holder there (`use_stripe_sdk`).
    #[serde(skip_serializing_if = "is_false")]
    pub use_stripe_sdk: bool,
    /// `setup_future_usage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup_future_usage: Option<String>,
    /// Whether the holder was away when it was confirmed.
    #[serde(skip_serializing_if = "is_false")]
    pub off_session: bool,
    /// `request_three_d_secure` of the options as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_three_d_secure: Option<String>,
    /// `capture_method` of the options as given: `manual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_method: Option<String>,
}

/// What is charged: a payment method, a card or a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the kind with its name")]
pub enum InstrumentKey {
    Method(RowKey),
    Card(RowKey),
    Source(RowKey),
}

impl InstrumentKey {
    /// What it is, and which.
    pub fn named(self) -> (Kind, RowKey) {
        match self {
            InstrumentKey::Method(key) => (Kind::PaymentMethod, key),
            InstrumentKey::Card(key) => (Kind::Card, key),
            InstrumentKey::Source(key) => (Kind::Source, key),
        }
    }
}

/// `payment_method_options[customer_balance]` with `funding_type=bank_transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferOptions {
    /// The rail, such as `us_bank_transfer`.
    pub transfer_type: String,
    /// The country of the account, for SEPA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Show only addresses of these types; all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address_types: Vec<String>,
}

impl TransferOptions {
    /// The rail of a currency, with nothing special asked for; `None` where there is none.
    pub fn usual(currency: Currency) -> Option<TransferOptions> {
        let (transfer_type, country) = match currency {
            Currency::USD => ("us_bank_transfer", None),
            Currency::EUR => ("eu_bank_transfer", Some("IE".to_owned())),
            Currency::GBP => ("gb_bank_transfer", None),
            Currency::JPY => ("jp_bank_transfer", None),
            Currency::MXN => ("mx_bank_transfer", None),
            _ => return None,
        };
        let transfer_type = transfer_type.to_owned();
        Some(TransferOptions { transfer_type, country, address_types: Vec::new() })
    }
}

/// What becomes of a payment intent that was paid in full: Stripe's `Charge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Its own number, which tells when.
    pub number: Number,
    /// The line of the merchant's balance.
    pub balance_transaction: Number,
    /// What of it has been refunded, or is about to be.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount_refunded: i64,
    /// The description of the intent at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the merchant kept with the intent at that moment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// The invoice behind a payment intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The row of the invoice, of the same customer.
    pub invoice: Number,
    /// The invoice number that people see, which is also what a sender types.
    pub number: String,
    /// When it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Timestamp>,
    /// Whether money goes to it: the invoice is open.
    pub is_open: bool,
}

/// When and why a payment intent was canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// When.
    pub at: Timestamp,
    /// `cancellation_reason` as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a confirmation failed: `last_payment_error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentError {
    /// The cash balance did not suffice, and no transfer was to be awaited.
    BalanceTooLow {
        /// The payment method that was tried.
        payment_method: Number,
    },
    /// The card was declined.
    Declined {
        /// Why.
        decline: Decline,
        /// What was tried.
        instrument: Box<Instrument>,
        /// The charge that failed; none where it did not come to one.
        charge: Option<Number>,
    },
}

/// What describes a payment intent and can be set through the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct IntentProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
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

/// Where what was paid for goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct IntentShipping {
    pub address: Address,
    pub carrier: Option<String>,
    pub name: String,
    pub phone: Option<String>,
    pub tracking_number: Option<String>,
}

/// A payment method (`pm_`). One of type `customer_balance` only ever pays the intent that it was
/// made for, and cannot be attached. One of type `card` is no customer's by its key: it can be
/// attached to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// Whose, and its number.
    pub key: RowKey,
    /// The intent that it was made for, if it is a cash balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent: Option<Number>,
    /// Its card, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// The customer that a card is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Number>,
    /// `allow_redisplay` as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_redisplay: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Whether the holder agreed to payments while away.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_set_up: bool,
    /// Whether it cannot be used any more: it was detached, or paid without being attached.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_spent: bool,
    /// Who pays.
    #[serde(default, skip_serializing_if = "BillingDetails::is_empty")]
    pub billing_details: BillingDetails,
}

/// Who pays: Stripe's `billing_details`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are named and described as on Stripe's wire")]
pub struct BillingDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
}

impl PaymentMethod {
    /// One that pays an intent out of the cash balance.
    pub fn cash_balance(key: RowKey, intent: Number, details: BillingDetails) -> PaymentMethod {
        PaymentMethod {
            key,
            payment_intent: Some(intent),
            card: None,
            customer: None,
            allow_redisplay: None,
            metadata: BTreeMap::new(),
            is_set_up: false,
            is_spent: false,
            billing_details: details,
        }
    }
}

impl BillingDetails {
    pub(crate) fn is_empty(&self) -> bool {
        *self == BillingDetails::default()
    }
}

/// The row that leads from a charge to the payment intent that it is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRow {
    /// Whose, and the number of the charge.
    pub key: RowKey,
    /// The intent.
    pub payment_intent: Number,
}

impl PaymentIntent {
    /// The owner of its key, if it is a customer's.
    pub fn customer(&self) -> Option<Number> {
        Some(self.key.customer).filter(|customer| *customer != Number(0))
    }

    /// What is to be charged, if it is not a cash balance.
    pub fn instrument(&self) -> Option<InstrumentKey> {
        self.card.as_ref()?.instrument
    }

    /// What can be used: `payment_method_types`.
    pub fn methods(&self) -> &[MethodType] {
        match self.methods.as_slice() {
            [] => &[MethodType::CustomerBalance],
            methods => methods,
        }
    }

    /// Whether it is captured by hand, whatever pays it.
    pub fn is_manual(&self) -> bool {
        self.profile.capture_method.as_deref() == Some(MANUAL)
    }

    /// Whether a card that pays it is captured later.
    pub fn captures_later(&self) -> bool {
        let own = self.card.as_ref().and_then(|card| card.capture_method.as_deref());
        self.is_manual() || own == Some(MANUAL)
    }

    /// Whether it waits until the holder of its card authenticated.
    pub fn waits_for_holder(&self) -> bool {
        self.status == IntentStatus::RequiresAction && self.instrument().is_some()
    }

    /// What is still to be paid.
    pub fn amount_remaining(&self) -> i64 {
        match self.status.is_open() {
            true => self.amount - self.applied,
            false => 0,
        }
    }

    /// The open place for money that this intent is, if it is one: an open invoice, or an intent
    /// that awaits a transfer.
    pub fn payable(&self) -> Option<Payable> {
        if !self.status.is_open() {
            return None;
        }
        let (kind, since) = match &self.billed {
            Some(billed) if billed.is_open => (
                PayableKind::Invoice {
                    number: billed.number.clone(),
                    until: billed
                        .due_date
                        .map(|due| Timestamp(due.0.saturating_add(PAST_DUE_MAX_S))),
                },
                self.confirmed.unwrap_or(self.key.number),
            ),
            None if self.status == IntentStatus::RequiresAction
                && self.transfer.is_some()
                && !self.waits_for_holder() =>
            {
                (PayableKind::Intent, self.confirmed?)
            }
            _ => return None,
        };
        Some(Payable {
            intent: self.key.number,
            kind,
            currency: self.currency,
            remaining: self.amount_remaining(),
            since,
        })
    }
}

pub(crate) fn is_zero(value: &i64) -> bool {
    *value == 0
}

pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
