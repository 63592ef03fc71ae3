//! Cards, and whoever takes them.
//!
//! A [`Card`] is what may be known of one: never its number. An [`Acquirer`] says what the card's
//! bank says. Names and meanings follow Stripe's `Card` type and its page "Testing"; amounts are
//! smallest units.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;
use crate::customer::Address;

/// What is known of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The scheme.
    pub brand: Brand,
    /// Two upper-case letters: where it was issued.
    pub country: String,
    /// Month of its expiry, from 1.
    pub exp_month: u8,
    /// Year of its expiry, four digits.
    pub exp_year: u16,
    /// The same for the same number, and tells nothing of it.
    pub fingerprint: String,
    /// `credit`, `debit`, `prepaid` or `unknown`.
    pub funding: Funding,
    /// The last four digits of the number.
    pub last4: String,
    /// The acquirer's own name of it: how it is found again without its number.
    pub reference: String,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where its bills go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What the card's bank said of what was typed.
    #[serde(default, skip_serializing_if = "Checks::is_empty")]
    pub checks: Checks,
}

/// What the card's bank said of what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checks {
    /// Of the security code; none where it was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvc: Option<Check>,
    /// Of the first line of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<Check>,
    /// Of the postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Check>,
}

impl Checks {
    fn is_empty(&self) -> bool {
        *self == Checks::default()
    }
}

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum Check {
    Pass,
    Fail,
    Unavailable,
    Unchecked,
}

impl Check {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Pass => "pass",
            Check::Fail => "fail",
            Check::Unavailable => "unavailable",
            Check::Unchecked => "unchecked",
        }
    }
}

/// The scheme of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the scheme with its name")]
pub enum Brand {
    Amex,
    Diners,
    Discover,
    Jcb,
    Mastercard,
    Unionpay,
    Visa,
}

impl Brand {
    /// All of them.
    pub const ALL: [Brand; 7] = [
        Brand::Amex,
        Brand::Diners,
        Brand::Discover,
        Brand::Jcb,
        Brand::Mastercard,
        Brand::Unionpay,
        Brand::Visa,
    ];

    /// How payment methods and charges spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Brand::Amex => "amex",
            Brand::Diners => "diners",
            Brand::Discover => "discover",
            Brand::Jcb => "jcb",
            Brand::Mastercard => "mastercard",
            Brand::Unionpay => "unionpay",
            Brand::Visa => "visa",
        }
    }

    /// How card objects and sources spell it.
    pub fn title(self) -> &'static str {
        match self {
            Brand::Amex => "American Express",
            Brand::Diners => "Diners Club",
            Brand::Discover => "Discover",
            Brand::Jcb => "JCB",
            Brand::Mastercard => "MasterCard",
            Brand::Unionpay => "UnionPay",
            Brand::Visa => "Visa",
        }
    }
}

/// Whose money a card spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum Funding {
    Credit,
    Debit,
    Prepaid,
    Unknown,
}

impl Funding {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Funding::Credit => "credit",
            Funding::Debit => "debit",
            Funding::Prepaid => "prepaid",
            Funding::Unknown => "unknown",
        }
    }
}

/// Why a card was declined: `code` and `decline_code` of Stripe's page "Decline codes".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decline {
    /// `card_declined`, `expired_card`, `incorrect_cvc`, `processing_error`,
    /// `authentication_required` or `payment_intent_authentication_failure`.
    pub code: String,
    /// `generic_decline`, `insufficient_funds` and so on, where the bank gave a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<String>,
}

/// How risky a payment looks: `outcome` of a charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire name, in camel case")]
pub enum Risk {
    #[default]
    Normal,
    Elevated,
    Highest,
}

/// What an acquirer is asked to authorize.
#[derive(Clone, Copy, Debug)]
pub struct Authorization<'a> {
    /// With which card.
    pub card: &'a Card,
    /// How much.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Whether the holder is there and can authenticate: false for charges without an intent and
    /// for payments off session.
    pub holder_is_there: bool,
    /// Whether the holder has authenticated for this payment (3-D Secure).
    pub is_authenticated: bool,
    /// Whether the holder agreed before to payments while away.
    pub is_set_up: bool,
}

/// What an acquirer answers to an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// The money is set aside.
    Approved(Approved),
    /// It is not.
    Declined(Decline, Risk),
    /// The holder has to authenticate first.
    NeedsHolder,
}

/// An authorization that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approved {
    /// `authorization_code` of the charge.
    pub code: String,
    /// How risky it looks.
    pub risk: Risk,
    /// Whether what is captured may be paid out at once.
    pub settles_at_once: bool,
    /// Whether the holder will dispute it.
    pub is_disputed: bool,
}

/// What becomes of money that is sent back to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentBack {
    /// It is there.
    Arrived,
    /// It will be there.
    Later,
    /// It seems to be there, and comes back.
    Bounces,
}

/// Whoever takes cards for the merchant.
///
/// It is asked while a command is decided, and a batch may be decided again, so it answers at once,
/// and always the same to the same. The sandbox has one that knows Stripe's test cards. One that
/// talks to a bank does so before the command comes to the lane, and gives here what it was told.
/// Without one, nothing that needs a card can be asked of the books.
pub trait Acquirer: Send + Sync {
    /// Whether a card can be kept for a customer. Back comes what the bank says of what was typed.
    fn verify(&self, card: &Card) -> Result<Checks, Decline>;

    /// Sets money aside.
    fn authorize(&self, ask: &Authorization<'_>) -> Authorized;

    /// Takes what was set aside, or a part of it. The rest is let go.
    fn capture(&self, card: &Card, amount: i64, currency: Currency) -> Result<(), Decline>;

    /// Lets go of what was set aside.
    fn void(&self, card: &Card, amount: i64, currency: Currency);

    /// Sends money back.
    fn refund(&self, card: &Card, amount: i64, currency: Currency) -> SentBack;
}
