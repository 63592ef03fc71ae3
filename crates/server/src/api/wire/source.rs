//! Sources, and the transfers that they received, as the wire shows them.

use books::Kind;
use books::card::{Card, Check};
use books::cash_balance::Sender;
use books::source::{Receiver, Source, SourceKind, SourceTransaction, Token};
use books::{Number, RowKey};
use serde_json::Value;

use super::Wire;
use crate::api::json::{Json, object};

/// What the secrets that let somebody without a key see a source are made with; those of payment
/// intents are made with the same, but no source has the number of an intent.
const CLIENT_SECRET: u8 = b's';
/// What the fingerprints of accounts are made with.
const FINGERPRINT: u8 = b'f';
const CLIENT_SECRET_CHARS: usize = 24;
const FINGERPRINT_CHARS: usize = 16;

impl Wire {
    /// A token.
    pub fn token(&self, token: &Token) -> Json {
        let card = RowKey { customer: Number(0), number: token.card_number };
        object! {
            "id": self.ids.write(Kind::Token, token.key),
            "object": "token",
            "card": self.card(card, &token.card),
            "client_ip": Json::Null,
            "created": token.key.number.created(),
            "livemode": self.livemode,
            "type": "card",
            "used": token.used,
        }
    }

    /// A source.
    pub fn source(&self, source: &Source) -> Json {
        let kind = source.kind.as_str();
        let owner = &source.owner;
        let mut shown = object! {
            "id": self.ids.write(Kind::Source, source.key),
            "object": "source",
            "allow_redisplay": "unspecified",
            "amount": source.amount,
            "client_secret": self.source_secret(source),
            "created": source.key.number.created(),
            "currency": source.currency,
        };
        if let Some(customer) = source.customer {
            shown.push("customer", self.ids.customer(customer));
        }
        shown.push("flow", if source.receiver.is_some() { "receiver" } else { "none" });
        shown.push("livemode", self.livemode);
        shown.push("metadata", &source.metadata);
        shown.push(
            "owner",
            object! {
                "address": owner.address.as_ref(),
                "email": &owner.email,
                "name": &owner.name,
                "phone": &owner.phone,
                "verified_address": Json::Null,
                "verified_email": Json::Null,
                "verified_name": Json::Null,
                "verified_phone": Json::Null,
            },
        );
        if let Some(receiver) = &source.receiver {
            shown.push("receiver", self.receiver(source.kind, receiver));
        }
        shown.push("statement_descriptor", &source.statement_descriptor);
        shown.push("status", source.status.as_str());
        shown.push("type", kind);
        shown.push("usage", if source.is_reusable { "reusable" } else { "single_use" });
        let details = match &source.card {
            Some(card) => card_details(card),
            None => self.account_details(source),
        };
        placed(shown, kind, details)
    }

    /// What lets somebody without a key see a source.
    pub fn source_secret(&self, source: &Source) -> String {
        let number = source.key.number;
        let secret = self.ids.row_secret(CLIENT_SECRET, number, CLIENT_SECRET_CHARS);
        format!("src_client_secret_{secret}")
    }

    fn receiver(&self, kind: SourceKind, receiver: &Receiver) -> Json {
        let part = |name| account_part(receiver, name);
        let address = match kind {
            SourceKind::SepaCreditTransfer => part("iban"),
            _ => part("routing_number")
                .zip(part("account_number"))
                .map(|(routing, account)| format!("{routing}-{account}")),
        };
        object! {
            "address": address,
            "amount_charged": receiver.amount_charged,
            "amount_received": receiver.amount_received,
            "amount_returned": receiver.amount_returned,
            "refund_attributes_method": receiver.refund_attributes.as_str(),
            "refund_attributes_status": "missing",
        }
    }

    /// The account that a transfer to a source goes to, and the one that money goes back to, which
    /// nobody has told.
    fn account_details(&self, source: &Source) -> Json {
        let Some(receiver) = &source.receiver else { return object! {} };
        let part = |name| account_part(receiver, name);
        match source.kind {
            SourceKind::SepaCreditTransfer => object! {
                "bank_name": part("bank_name"),
                "bic": part("bic"),
                "iban": part("iban"),
                "refund_account_holder_address_city": Json::Null,
                "refund_account_holder_address_country": Json::Null,
                "refund_account_holder_address_line1": Json::Null,
                "refund_account_holder_address_line2": Json::Null,
                "refund_account_holder_address_postal_code": Json::Null,
                "refund_account_holder_address_state": Json::Null,
                "refund_account_holder_name": Json::Null,
                "refund_iban": Json::Null,
            },
            _ => object! {
                "account_number": part("account_number"),
                "bank_name": part("bank_name"),
                "fingerprint":
                    self.ids.row_secret(FINGERPRINT, source.key.number, FINGERPRINT_CHARS),
                "refund_account_holder_name": Json::Null,
                "refund_account_holder_type": Json::Null,
                "refund_routing_number": Json::Null,
                "routing_number": part("routing_number"),
                "swift_code": part("swift_code"),
            },
        }
    }

    /// The account that a transfer to a source goes to, as a charge of the source shows it.
    pub(super) fn receiver_details(&self, source: &Source) -> Json {
        let Some(receiver) = &source.receiver else { return object! {} };
        let part = |name| account_part(receiver, name);
        match source.kind {
            SourceKind::SepaCreditTransfer => object! {
                "bank_name": part("bank_name"),
                "bic": part("bic"),
                "iban": part("iban"),
            },
            _ => object! {
                "account_number": part("account_number"),
                "bank_name": part("bank_name"),
                "routing_number": part("routing_number"),
                "swift_code": part("swift_code"),
            },
        }
    }

    /// A transfer that a source received.
    pub fn source_transaction(&self, transaction: &SourceTransaction) -> Json {
        let kind = transaction.kind.as_str();
        let shown = object! {
            "id": self.ids.write(Kind::SourceTransaction, transaction.key),
            "object": "source_transaction",
            "amount": transaction.amount,
            "created": transaction.key.number.created(),
            "currency": transaction.currency,
            "livemode": self.livemode,
            "source": self.id_of_account(Kind::Source, transaction.source),
            "status": if transaction.reversed { "failed" } else { "succeeded" },
            "type": kind,
        };
        let reference = ("reference", &transaction.transfer.reference);
        let told = match &transaction.transfer.sender {
            _ if transaction.kind == SourceKind::AchCreditTransfer => {
                vec![("customer_data", reference.1)]
            }
            Sender::EuBankTransfer { sender_name, .. } => {
                vec![reference, ("sender_name", sender_name)]
            }
            _ => vec![reference],
        };
        // What the bank did not tell is left out.
        let told = told.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let told = told.map(|(name, value)| (name.into(), value.into())).collect();
        placed(shown, kind, Json::Object(told))
    }
}

/// An object with one more field, in the order of the alphabet, behind `id` and `object`.
fn placed(mut shown: Json, name: &'static str, value: Json) -> Json {
    if let Json::Object(fields) = &mut shown {
        let at = fields.iter().skip(2).position(|(known, _)| known.as_ref() > name);
        fields.insert(at.map_or(fields.len(), |at| at + 2), (name.into(), value));
    }
    shown
}

/// A part of the account, from whichever of its addresses has it.
fn account_part(receiver: &Receiver, name: &str) -> Option<String> {
    let addresses = receiver.instructions.financial_addresses.as_array();
    let details = |address: &Value| {
        let kind = address["type"].as_str()?.to_owned();
        Some(address[kind.as_str()][name].as_str()?.to_owned())
    };
    addresses.into_iter().flatten().find_map(details)
}

fn card_details(card: &Card) -> Json {
    let check = |check: Option<Check>| check.map(|check| check.as_str().to_owned());
    object! {
        "address_line1_check": check(card.checks.line1),
        "address_zip_check": check(card.checks.postal_code),
        "brand": card.brand.title(),
        "country": &card.country,
        "cvc_check": check(card.checks.cvc),
        "dynamic_last4": Json::Null,
        "exp_month": i64::from(card.exp_month),
        "exp_year": i64::from(card.exp_year),
        "fingerprint": &card.fingerprint,
        "funding": card.funding.as_str(),
        "last4": &card.last4,
        "name": &card.name,
        "three_d_secure": "optional",
        "tokenization_method": Json::Null,
    }
}
