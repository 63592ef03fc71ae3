//! Documents: the objects that are stored as they are, with the few columns that lists filter by.
//!
//! Adding a kind is one variant here, and nothing in the store.

use serde::{Deserialize, Deserializer, Serialize};

use crate::approval::Approval;
use crate::charge::CardCharge;
use crate::id::{Kind, Number, RowKey};
use crate::invoice::{Invoice, InvoiceItem};
use crate::payment_intent::{ChargeRow, PaymentIntent, PaymentMethod};
use crate::payout::{BankAccount, Payout};
use crate::reconciliation::Payable;
use crate::refund::{Refund, RefundOrigin};
use crate::source::{CustomerCard, Source, SourceTransaction, Token};
use crate::topup::Topup;
use crate::webhook::WebhookEndpoint;

/// An object that is stored as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "each variant is the type with its name")]
pub enum Document {
    PaymentIntent(Box<PaymentIntent>),
    Charge(ChargeRow),
    PaymentMethod(Box<PaymentMethod>),
    Refund(Box<Refund>),
    Payout(Box<Payout>),
    BankAccount(Box<BankAccount>),
    Invoice(Box<Invoice>),
    InvoiceItem(Box<InvoiceItem>),
    WebhookEndpoint(Box<WebhookEndpoint>),
    Approval(Box<Approval>),
    CardCharge(Box<CardCharge>),
    Token(Box<Token>),
    Card(Box<CustomerCard>),
    Source(Box<Source>),
    SourceTransaction(Box<SourceTransaction>),
    Topup(Box<Topup>),
}

impl Document {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Document::PaymentIntent(_) => Kind::PaymentIntent,
            Document::Charge(_) | Document::CardCharge(_) => Kind::Charge,
            Document::PaymentMethod(_) => Kind::PaymentMethod,
            Document::Refund(_) => Kind::Refund,
            Document::Payout(_) => Kind::Payout,
            Document::BankAccount(_) => Kind::BankAccount,
            Document::Invoice(_) => Kind::Invoice,
            Document::InvoiceItem(_) => Kind::InvoiceItem,
            Document::WebhookEndpoint(_) => Kind::WebhookEndpoint,
            Document::Approval(_) => Kind::Approval,
            Document::Token(_) => Kind::Token,
            Document::Card(_) => Kind::Card,
            Document::Source(_) => Kind::Source,
            Document::SourceTransaction(_) => Kind::SourceTransaction,
            Document::Topup(_) => Kind::Topup,
        }
    }

    /// Whose it is, and its number.
    pub fn key(&self) -> RowKey {
        let of_the_account = |number| RowKey { customer: Number(0), number };
        match self {
            Document::PaymentIntent(intent) => intent.key,
            Document::Charge(charge) => charge.key,
            Document::PaymentMethod(method) => method.key,
            Document::Refund(refund) => refund.key,
            Document::Payout(payout) => of_the_account(payout.number),
            Document::BankAccount(account) => of_the_account(account.number),
            Document::Invoice(invoice) => invoice.key,
            Document::InvoiceItem(item) => item.key,
            Document::WebhookEndpoint(endpoint) => of_the_account(endpoint.number),
            Document::Approval(approval) => approval.key,
            Document::CardCharge(charge) => charge.key,
            Document::Token(token) => token.key,
            Document::Card(card) => card.key,
            Document::Source(source) => source.key,
            Document::SourceTransaction(transaction) => transaction.key,
            Document::Topup(topup) => of_the_account(topup.number),
        }
    }

    /// The row that it is listed under: the payment intent of a refund or a charge, the charge of a
    /// card's refund, the invoice of an item, the bank account of a payout, the customer of a card.
    pub fn parent(&self) -> Option<Number> {
        match self {
            Document::Refund(refund) => match refund.origin {
                RefundOrigin::Payment { payment_intent, .. } => Some(payment_intent),
                RefundOrigin::Charge { charge, .. } => Some(charge),
                RefundOrigin::CashBalance { .. } => None,
            },
            Document::CardCharge(charge) => charge.payment_intent,
            Document::PaymentMethod(method) => method.customer,
            Document::Card(card) => (!card.deleted).then_some(card.key.customer),
            Document::Source(source) => source.customer,
            Document::SourceTransaction(transaction) => Some(transaction.source),
            Document::InvoiceItem(item) => item.invoice,
            Document::Payout(payout) => Some(payout.destination),
            _ => None,
        }
    }

    /// The open place for money that it is, if it is one.
    pub fn payable(&self) -> Option<Payable> {
        match self {
            Document::PaymentIntent(intent) => intent.payable(),
            _ => None,
        }
    }

    /// Reads a document of a kind, from whatever it was written to.
    pub fn read<'de, D: Deserializer<'de>>(kind: Kind, from: D) -> Result<Document, D::Error> {
        Ok(match kind {
            Kind::PaymentIntent => Document::PaymentIntent(Box::deserialize(from)?),
            Kind::Charge | Kind::CardCharge => match AnyCharge::deserialize(from)? {
                AnyCharge::Card(charge) => Document::CardCharge(charge),
                AnyCharge::OfIntent(row) => Document::Charge(row),
            },
            Kind::PaymentMethod => Document::PaymentMethod(Box::deserialize(from)?),
            Kind::Refund | Kind::CardRefund => Document::Refund(Box::deserialize(from)?),
            Kind::Payout => Document::Payout(Box::deserialize(from)?),
            Kind::BankAccount => Document::BankAccount(Box::deserialize(from)?),
            Kind::Invoice => Document::Invoice(Box::deserialize(from)?),
            Kind::InvoiceItem => Document::InvoiceItem(Box::deserialize(from)?),
            Kind::WebhookEndpoint => Document::WebhookEndpoint(Box::deserialize(from)?),
            Kind::Approval => Document::Approval(Box::deserialize(from)?),
            Kind::Token => Document::Token(Box::deserialize(from)?),
            Kind::Card => Document::Card(Box::deserialize(from)?),
            Kind::Source => Document::Source(Box::deserialize(from)?),
            Kind::SourceTransaction => Document::SourceTransaction(Box::deserialize(from)?),
            Kind::Topup => Document::Topup(Box::deserialize(from)?),
            Kind::Customer
            | Kind::CashTransaction
            | Kind::BalanceTransaction
            | Kind::Event
            | Kind::InvoiceLine => {
                return Err(serde::de::Error::custom("this kind is no document"));
            }
        })
    }

    /// Reads what the store keeps for a kind.
    pub fn from_text(kind: Kind, text: &str) -> Result<Document, serde_json::Error> {
        Document::read(kind, &mut serde_json::Deserializer::from_str(text))
    }

    /// The text that the store keeps.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("documents are plain data")
    }
}

/// Both shapes of a charge. One of a card has more fields, so it is tried first.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyCharge {
    Card(Box<CardCharge>),
    OfIntent(ChargeRow),
}

macro_rules! conversions {
    ($($variant:ident: $type:ty),*) => {
        $(
            impl From<Box<$type>> for Document {
                fn from(boxed: Box<$type>) -> Document {
                    Document::$variant(boxed)
                }
            }
            impl From<$type> for Document {
                fn from(plain: $type) -> Document {
                    Document::$variant(Box::new(plain))
                }
            }
        )*
    };
}

conversions!(
    PaymentIntent: PaymentIntent,
    PaymentMethod: PaymentMethod,
    Refund: Refund,
    Payout: Payout,
    BankAccount: BankAccount,
    Invoice: Invoice,
    InvoiceItem: InvoiceItem,
    WebhookEndpoint: WebhookEndpoint,
    Approval: Approval,
    CardCharge: CardCharge,
    Token: Token,
    Card: CustomerCard,
    Source: Source,
    SourceTransaction: SourceTransaction,
    Topup: Topup
);
