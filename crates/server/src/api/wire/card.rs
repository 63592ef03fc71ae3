//! Cards, and what is charged with them, as the wire shows them.

use books::card::{Brand, Card, Check, Decline, Risk};
use books::charge::{CardCharge, Instrument, Stage};
use books::payment_intent::PaymentMethod;
use books::source::CustomerCard;
use books::{Kind, Number, RowKey};

use super::Wire;
use crate::api::declines;
use crate::api::json::{Json, object};

impl Wire {
    /// A customer's id; `null` for nobody (0).
    pub(super) fn customer_or_null(&self, number: Number) -> Option<String> {
        (number != Number(0)).then(|| self.ids.customer(number))
    }

    /// A card that a customer has.
    pub fn customer_card(&self, card: &CustomerCard) -> Json {
        if card.deleted {
            return object! {
                "id": self.ids.write(Kind::Card, card.key),
                "object": "card",
                "deleted": true,
            };
        }
        let mut shown = self.card(card.key, &card.card);
        if let Some(metadata) = shown.get_mut("metadata") {
            *metadata = (&card.metadata).into();
        }
        shown
    }

    /// A card, of a customer or of nobody.
    pub fn card(&self, key: RowKey, card: &Card) -> Json {
        let address = card.address.clone().unwrap_or_default();
        let check = |check: Option<Check>| check.map(|check| check.as_str().to_owned());
        object! {
            "id": self.ids.write(Kind::Card, key),
            "object": "card",
            "address_city": address.city,
            "address_country": address.country,
            "address_line1": address.line1,
            "address_line1_check": check(card.checks.line1),
            "address_line2": address.line2,
            "address_state": address.state,
            "address_zip": address.postal_code,
            "address_zip_check": check(card.checks.postal_code),
            "allow_redisplay": "unspecified",
            "brand": card.brand.title(),
            "country": &card.country,
            "customer": self.customer_or_null(key.customer),
            "cvc_check": check(card.checks.cvc),
            "dynamic_last4": Json::Null,
            "exp_month": i64::from(card.exp_month),
            "exp_year": i64::from(card.exp_year),
            "fingerprint": &card.fingerprint,
            "funding": card.funding.as_str(),
            "last4": &card.last4,
            "metadata": object! {},
            "name": &card.name,
            "regulated_status": "unregulated",
            "tokenization_method": Json::Null,
        }
    }

    /// A payment method of the type `card`.
    pub(super) fn card_method(&self, method: &PaymentMethod, card: &Card) -> Json {
        let mut details = known_of(card);
        details.push("display_brand", card.brand.as_str());
        details.push("generated_from", Json::Null);
        let networks = object! {
            "available": vec![card.brand.as_str()],
            "preferred": Json::Null,
        };
        details.push("networks", networks);
        let supported = card.brand != Brand::Unionpay;
        details.push("three_d_secure_usage", object! { "supported": supported });
        let redisplay = method.allow_redisplay.as_deref().unwrap_or("unspecified");
        object! {
            "id": self.ids.write(Kind::PaymentMethod, method.key),
            "object": "payment_method",
            "allow_redisplay": redisplay.to_owned(),
            "billing_details": &method.billing_details,
            "card": details,
            "created": method.key.number.created(),
            "customer": method.customer.map(|number| self.ids.customer(number)),
            "customer_account": Json::Null,
            "livemode": self.livemode,
            "metadata": &method.metadata,
            "type": "card",
        }
    }

    /// A payment method that would be made of a card.
    pub fn fresh_method(&self, key: RowKey, card: Card) -> Json {
        let method = PaymentMethod {
            payment_intent: None,
            ..PaymentMethod::cash_balance(key, Number(0), Default::default())
        };
        self.card_method(&method, &card)
    }

    /// What was charged, as `payment_method` and `source` of errors and charges show it whole.
    pub fn instrument(&self, instrument: &Instrument) -> Json {
        match instrument {
            Instrument::Card { key, card } => self.card(*key, card),
            Instrument::Method { key, card } => {
                let method = PaymentMethod {
                    card: Some(card.clone()),
                    payment_intent: None,
                    ..PaymentMethod::cash_balance(*key, Number(0), Default::default())
                };
                self.card_method(&method, card)
            }
            Instrument::Source(source) => self.source(source),
        }
    }

    /// An error about a card that was declined, with what was tried.
    pub(super) fn declined(
        &self,
        decline: &Decline,
        instrument: &Instrument,
        charge: Option<String>,
    ) -> Json {
        let mut error = declines::error(decline, charge);
        if let Json::Object(fields) = &mut error {
            let name = match instrument {
                Instrument::Method { .. } => "payment_method",
                Instrument::Card { .. } | Instrument::Source(_) => "source",
            };
            let at = fields.iter().position(|(known, _)| known.as_ref() > name);
            let shown = self.instrument(instrument);
            fields.insert(at.unwrap_or(fields.len()), (name.into(), shown));
        }
        error
    }

    /// A charge of a card or a source.
    pub fn card_charge(&self, charge: &CardCharge) -> Json {
        let profile = &charge.profile;
        let (kind, key) = charge.instrument.named();
        let named = self.ids.write(kind, key);
        let by_method = kind == Kind::PaymentMethod;
        let released = charge.amount - charge.amount_captured;
        let gone = match &charge.stage {
            Stage::Captured { .. } | Stage::Released { .. } => released,
            Stage::Authorized { .. } | Stage::Failed { .. } => 0,
        };
        let amount_refunded = charge.amount_refunded + gone;
        let failed = match &charge.stage {
            Stage::Failed { decline, .. } => Some(decline),
            _ => None,
        };
        let line = |number| self.id_of_account(Kind::BalanceTransaction, number);
        object! {
            "id": self.ids.write(charge.spelling(), charge.key),
            "object": "charge",
            "amount": charge.amount,
            "amount_captured": charge.amount_captured,
            "amount_refunded": amount_refunded,
            "application": Json::Null,
            "application_fee": Json::Null,
            "application_fee_amount": Json::Null,
            "balance_transaction":
                charge.balance_transaction.map(line),
            "billing_details": &charge.billing_details,
            "calculated_statement_descriptor": Json::Null,
            "captured": charge.is_captured(),
            "created": charge.key.number.created(),
            "currency": charge.currency,
            "customer": self.customer_or_null(charge.key.customer),
            "description": &profile.description,
            "disputed": charge.disputed,
            "failure_balance_transaction": Json::Null,
            "failure_code": failed.map(|decline| decline.code.clone()),
            "failure_message": failed.map(declines::message),
            "fraud_details": &profile.fraud_details,
            "livemode": self.livemode,
            "metadata": &profile.metadata,
            "on_behalf_of": Json::Null,
            "outcome": outcome(&charge.stage),
            "paid": failed.is_none(),
            "payment_intent": charge.payment_intent.map(|intent| {
                self.id_of(Kind::PaymentIntent, charge.key.customer, intent)
            }),
            "payment_method": named,
            "payment_method_details": self.charged(charge),
            "receipt_email": &profile.receipt_email,
            "receipt_number": Json::Null,
            "receipt_url": Json::Null,
            "refunded": charge.amount > 0 && amount_refunded >= charge.amount,
            "review": Json::Null,
            "shipping": profile.shipping.as_ref(),
            "source": if by_method { Json::Null } else { self.instrument(&charge.instrument) },
            "source_transfer": Json::Null,
            "statement_descriptor": &profile.statement_descriptor,
            "statement_descriptor_suffix": &profile.statement_descriptor_suffix,
            "status": if failed.is_some() { "failed" } else { "succeeded" },
            "transfer_data": Json::Null,
            "transfer_group": &profile.transfer_group,
        }
    }

    /// `payment_method_details`.
    fn charged(&self, charge: &CardCharge) -> Json {
        let Some(card) = charge.instrument.card() else {
            let Instrument::Source(source) = &charge.instrument else { return Json::Null };
            let kind = source.kind.as_str();
            return Json::Object(vec![
                (kind.into(), self.receiver_details(source)),
                ("type".into(), kind.into()),
            ]);
        };
        let mut details = known_of(card);
        let code = match &charge.stage {
            Stage::Authorized { approved, .. }
            | Stage::Captured { approved }
            | Stage::Released { approved } => Some(approved.code.clone()),
            Stage::Failed { .. } => None,
        };
        let until = match charge.stage {
            Stage::Authorized { until, .. } => Some(until),
            _ => None,
        };
        details.push("amount_authorized", code.is_some().then_some(charge.amount));
        details.push("authorization_code", code);
        if let Some(until) = until {
            details.push("capture_before", until);
        }
        details.push("electronic_commerce_indicator", Json::Null);
        details.push("extended_authorization", object! { "status": "disabled" });
        details.push("incremental_authorization", object! { "status": "unavailable" });
        details.push("installments", Json::Null);
        details.push("mandate", Json::Null);
        details.push("multicapture", object! { "status": "unavailable" });
        details.push("network", card.brand.as_str());
        details.push("network_transaction_id", Json::Null);
        details.push(
            "overcapture",
            object! {
                "maximum_amount_capturable": charge.amount,
                "status": "unavailable",
            },
        );
        details.push("three_d_secure", Json::Null);
        details.push("transaction_link_id", Json::Null);
        object! { "card": details, "type": "card" }
    }
}

/// What payment methods and charges both say of a card.
fn known_of(card: &Card) -> Json {
    let check = |check: Option<Check>| check.map(|check| check.as_str().to_owned());
    object! {
        "brand": card.brand.as_str(),
        "checks": object! {
            "address_line1_check": check(card.checks.line1),
            "address_postal_code_check": check(card.checks.postal_code),
            "cvc_check": check(card.checks.cvc),
        },
        "country": &card.country,
        "exp_month": i64::from(card.exp_month),
        "exp_year": i64::from(card.exp_year),
        "fingerprint": &card.fingerprint,
        "funding": card.funding.as_str(),
        "last4": &card.last4,
        "regulated_status": "unregulated",
        "wallet": Json::Null,
    }
}

/// `outcome` of a charge.
fn outcome(stage: &Stage) -> Json {
    let (status, risk, reason, message, kind) = match stage {
        Stage::Failed { risk: Risk::Highest, .. } => (
            "not_sent_to_network",
            Risk::Highest,
            Some("highest_risk_level"),
            "The payment looked too risky and was blocked.",
            "blocked",
        ),
        Stage::Failed { decline, risk } => (
            "declined_by_network",
            *risk,
            Some(decline.decline_code.as_deref().unwrap_or(&decline.code)),
            "The bank did not authorize the payment.",
            "issuer_declined",
        ),
        Stage::Authorized { approved, .. }
        | Stage::Captured { approved }
        | Stage::Released { approved } => {
            ("approved_by_network", approved.risk, None, "Payment complete.", "authorized")
        }
    };
    let level = match risk {
        Risk::Normal => "normal",
        Risk::Elevated => "elevated",
        Risk::Highest => "highest",
    };
    object! {
        "advice_code": Json::Null,
        "network_advice_code": Json::Null,
        "network_decline_code": Json::Null,
        "network_status": status,
        "reason": reason.map(str::to_owned),
        "risk_level": level,
        "seller_message": message,
        "type": kind,
    }
}
