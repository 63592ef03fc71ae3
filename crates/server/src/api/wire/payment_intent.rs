//! Payment intents, their charges and their payment methods, as the wire shows them.

use std::sync::LazyLock;

use books::customer::Address;
use books::funding::Instructions;
use books::payment_intent::{
    BillingDetails, CardPayment, Charge, IntentShipping, IntentStatus, MethodType, PaymentError,
    PaymentIntent, PaymentMethod, TransferOptions,
};
use books::{Currency, Kind, RowKey};

use super::Wire;
use super::cash_balance::financial_addresses;
use crate::api::json::{Json, object};
use crate::hosted::links::Purpose;

/// What there is to know of a card where none pays.
static NO_CARD: LazyLock<CardPayment> = LazyLock::new(CardPayment::default);
/// The type of payment methods that are cash balances.
pub(super) const METHOD_TYPE: &str = "customer_balance";
const CLIENT_SECRET_CHARS: usize = 25;
/// What keeps this secret of a payment intent apart from others.
const CLIENT_SECRET: u8 = b's';

impl Wire {
    /// A payment intent.
    pub fn payment_intent(&self, intent: &PaymentIntent) -> Json {
        let (id, profile) = (self.ids.write(Kind::PaymentIntent, intent.key), &intent.profile);
        let card = intent.card.as_deref().unwrap_or(&NO_CARD);
        let received = match (intent.status, intent.instrument()) {
            (IntentStatus::Succeeded, None) => intent.amount,
            _ => card.received,
        };
        let canceled = intent.canceled.as_ref();
        object! {
            "id": &id,
            "object": "payment_intent",
            "allowed_payment_method_types": Json::Null,
            "amount": intent.amount,
            "amount_capturable": card.capturable,
            "amount_received": received,
            "application": Json::Null,
            "application_fee_amount": Json::Null,
            "automatic_payment_methods": intent.automatic_methods.as_ref().map(|redirects| object! {
                "allow_redirects": redirects,
                "enabled": true,
            }),
            "canceled_at": canceled.map(|canceled| canceled.at),
            "cancellation_reason": canceled.and_then(|canceled| canceled.reason.as_ref()),
            "capture_method": profile.capture_method.as_deref().unwrap_or("automatic").to_owned(),
            "client_secret": self.client_secret(intent),
            "confirmation_method": "automatic",
            "created": intent.key.number.created(),
            "currency": intent.currency,
            "customer": self.customer_or_null(intent.key.customer),
            "customer_account": Json::Null,
            "description": &profile.description,
            "excluded_payment_method_types": Json::Null,
            "last_payment_error": self.last_payment_error(intent),
            "latest_charge": self.latest_charge(intent),
            "livemode": self.livemode,
            "managed_payments": Json::Null,
            "metadata": &profile.metadata,
            "next_action": self.next_action(intent),
            "on_behalf_of": Json::Null,
            "payment_method": self.pays_with(intent),
            "payment_method_configuration_details": Json::Null,
            "payment_method_options": method_options(intent),
            "payment_method_types":
                intent.methods().iter().map(|it| it.as_str()).collect::<Vec<_>>(),
            "payment_record": Json::Null,
            "processing": Json::Null,
            "receipt_email": &profile.receipt_email,
            "review": Json::Null,
            "setup_future_usage": &card.setup_future_usage,
            "shipping": profile.shipping.as_ref(),
            "source": Json::Null,
            "statement_descriptor": &profile.statement_descriptor,
            "statement_descriptor_suffix": &profile.statement_descriptor_suffix,
            "status": intent.status.as_str(),
            "transfer_data": Json::Null,
            "transfer_group": &profile.transfer_group,
        }
    }

    /// The newest charge of a payment intent.
    fn latest_charge(&self, intent: &PaymentIntent) -> Option<String> {
        let by_card = || {
            let number = intent.card.as_ref()?.latest_charge?;
            Some(self.id_of(Kind::CardCharge, intent.key.customer, number))
        };
        let paid = intent.charge.as_ref();
        let paid = paid.map(|made| self.id_of(Kind::Charge, intent.key.customer, made.number));
        paid.or_else(by_card)
    }

    /// What a payment intent is paid with: a payment method, a card or a source.
    fn pays_with(&self, intent: &PaymentIntent) -> Option<String> {
        match intent.instrument() {
            Some(instrument) => {
                let (kind, key) = instrument.named();
                Some(self.ids.write(kind, key))
            }
            None => {
                let number = intent.payment_method?;
                Some(self.id_of(Kind::PaymentMethod, intent.key.customer, number))
            }
        }
    }

    /// What lets somebody without a key see a payment intent.
    pub fn client_secret(&self, intent: &PaymentIntent) -> String {
        let id = self.ids.write(Kind::PaymentIntent, intent.key);
        let secret = self.ids.row_secret(CLIENT_SECRET, intent.key.number, CLIENT_SECRET_CHARS);
        format!("{id}_secret_{secret}")
    }

    /// Why the last confirmation failed: an error as the wire shows it, or `null`.
    pub fn last_payment_error(&self, intent: &PaymentIntent) -> Json {
        let payment_method = match &intent.last_error {
            None => return Json::Null,
            Some(PaymentError::Declined { decline, instrument, charge }) => {
                let charge =
                    charge.map(|number| self.id_of(Kind::CardCharge, intent.key.customer, number));
                return self.declined(decline, instrument, charge);
            }
            Some(PaymentError::BalanceTooLow { payment_method }) => *payment_method,
        };
        let key = RowKey { number: payment_method, ..intent.key };
        let details = intent.billing_details.clone();
        let method = PaymentMethod::cash_balance(key, intent.key.number, details);
        object! {
            "code": "payment_intent_payment_attempt_failed",
            "doc_url":
                "https://stripe.com/docs/error-codes/payment-intent-payment-attempt-failed",
            "message": "The customer's cash balance is too low for this payment. Add money to it, \
                        or confirm again with `funding_type=bank_transfer` to await a transfer.",
            "payment_method": self.payment_method(&method),
            "type": "invalid_request_error",
        }
    }

    /// The page on which a customer reads where to send the money for a payment intent.
    pub fn instructions_url(&self, intent: &PaymentIntent) -> String {
        self.link(Purpose::Instructions, intent.key)
    }

    fn next_action(&self, intent: &PaymentIntent) -> Json {
        if intent.waits_for_holder() {
            return self.authentication(intent);
        }
        match &intent.instructions {
            Some(made) if intent.status == IntentStatus::RequiresAction => object! {
                "type": "display_bank_transfer_instructions",
                "display_bank_transfer_instructions": self.awaited(intent, made),
            },
            _ => Json::Null,
        }
    }

    /// Where the holder of a card authenticates.
    fn authentication(&self, intent: &PaymentIntent) -> Json {
        let card = intent.card.as_deref().unwrap_or(&NO_CARD);
        let url = self.link(Purpose::Authentication, intent.key);
        match &card.return_url {
            Some(return_url) if !card.use_stripe_sdk => object! {
                "redirect_to_url": object! { "return_url": return_url, "url": url },
                "type": "redirect_to_url",
            },
            _ => object! {
                "type": "use_stripe_sdk",
                "use_stripe_sdk": object! {
                    "source": Json::Null,
                    "stripe_js": url,
                    "type": "three_d_secure_redirect",
                },
            },
        }
    }

    /// Where the money for a payment intent is to go, and how much of it.
    fn awaited(&self, intent: &PaymentIntent, made: &Instructions) -> Json {
        let types = intent.transfer.as_ref().map(|transfer| transfer.address_types.as_slice());
        // In Japan nobody types references.
        let reference = (intent.currency != Currency::JPY)
            .then(|| self.ids.transfer_reference(intent.key.number));
        object! {
            "amount_remaining": intent.amount_remaining(),
            "currency": intent.currency,
            "financial_addresses": financial_addresses(made, types.unwrap_or_default()),
            "hosted_instructions_url": self.instructions_url(intent),
            "reference": reference,
            "type": &made.transfer_type,
        }
    }

    /// The charge that is part of a payment intent; `null` before there is one.
    pub fn charge(&self, intent: &PaymentIntent) -> Json {
        let Some(charge) = &intent.charge else { return Json::Null };
        let Charge { number, balance_transaction, amount_refunded, .. } = *charge;
        let of = |kind, number| self.id_of(kind, intent.key.customer, number);
        let profile = &intent.profile;
        object! {
            "id": of(Kind::Charge, number),
            "object": "charge",
            "amount": intent.amount,
            "amount_captured": intent.amount,
            "amount_refunded": amount_refunded,
            "application": Json::Null,
            "application_fee": Json::Null,
            "application_fee_amount": Json::Null,
            "balance_transaction":
                self.id_of_account(Kind::BalanceTransaction, balance_transaction),
            "billing_details": &intent.billing_details,
            "calculated_statement_descriptor": Json::Null,
            "captured": true,
            "created": number.created(),
            "currency": intent.currency,
            "customer": self.ids.customer(intent.key.customer),
            "description": &charge.description,
            "disputed": false,
            "failure_balance_transaction": Json::Null,
            "failure_code": Json::Null,
            "failure_message": Json::Null,
            "fraud_details": object! {},
            "livemode": self.livemode,
            "metadata": &charge.metadata,
            "on_behalf_of": Json::Null,
            "outcome": Json::Null,
            "paid": true,
            "payment_intent": self.ids.write(Kind::PaymentIntent, intent.key),
            "payment_method": self.pays_with(intent),
            "payment_method_details": object! {
                "customer_balance": object! {},
                "type": METHOD_TYPE,
            },
            "receipt_email": &profile.receipt_email,
            "receipt_number": Json::Null,
            "receipt_url": Json::Null,
            "refunded": amount_refunded >= intent.amount,
            "review": Json::Null,
            "shipping": profile.shipping.as_ref(),
            "source": Json::Null,
            "source_transfer": Json::Null,
            "statement_descriptor": &profile.statement_descriptor,
            "statement_descriptor_suffix": &profile.statement_descriptor_suffix,
            "status": "succeeded",
            "transfer_data": Json::Null,
            "transfer_group": &profile.transfer_group,
        }
    }

    /// A payment method.
    pub fn payment_method(&self, method: &PaymentMethod) -> Json {
        if let Some(card) = &method.card {
            return self.card_method(method, card);
        }
        object! {
            "id": self.ids.write(Kind::PaymentMethod, method.key),
            "object": "payment_method",
            "billing_details": &method.billing_details,
            "created": method.key.number.created(),
            "customer": self.ids.customer(method.key.customer),
            "customer_account": Json::Null,
            "customer_balance": object! {},
            "livemode": self.livemode,
            "metadata": object! {},
            "type": METHOD_TYPE,
        }
    }
}

/// `payment_method_options`: for each type of payment method that can be used.
fn method_options(intent: &PaymentIntent) -> Json {
    let mut options = Json::Object(Vec::with_capacity(2));
    if intent.methods().contains(&MethodType::Card) {
        let card = intent.card.as_deref().unwrap_or(&NO_CARD);
        let mut of_card = Json::Object(Vec::with_capacity(5));
        if let Some(how) = &card.capture_method {
            of_card.push("capture_method", how);
        }
        let secure = card.request_three_d_secure.as_deref().unwrap_or("automatic");
        of_card.push("installments", Json::Null);
        of_card.push("mandate_options", Json::Null);
        of_card.push("network", Json::Null);
        of_card.push("request_three_d_secure", secure.to_owned());
        options.push("card", of_card);
    }
    if intent.methods().contains(&MethodType::CustomerBalance) {
        options.push("customer_balance", cash_options(intent.transfer.as_ref()));
    }
    options
}

/// `payment_method_options[customer_balance]`.
fn cash_options(transfer: Option<&TransferOptions>) -> Json {
    let Some(transfer) = transfer else {
        return object! { "funding_type": Json::Null };
    };
    let mut awaited = bank_transfer(transfer);
    if !transfer.address_types.is_empty() {
        awaited.push("requested_address_types", &transfer.address_types);
    }
    object! { "bank_transfer": awaited, "funding_type": "bank_transfer" }
}

/// How a transfer is awaited.
pub(super) fn bank_transfer(transfer: &TransferOptions) -> Json {
    let mut awaited = Json::Object(Vec::with_capacity(3));
    if let Some(country) = &transfer.country {
        awaited.push("eu_bank_transfer", object! { "country": country });
    }
    awaited.push("type", &transfer.transfer_type);
    awaited
}

impl From<&BillingDetails> for Json {
    fn from(details: &BillingDetails) -> Json {
        object! {
            "address": details.address.as_ref().unwrap_or(&Address::default()),
            "email": &details.email,
            "name": &details.name,
            "phone": &details.phone,
            "tax_id": &details.tax_id,
        }
    }
}

impl From<&IntentShipping> for Json {
    fn from(shipping: &IntentShipping) -> Json {
        object! {
            "address": &shipping.address,
            "carrier": &shipping.carrier,
            "name": &shipping.name,
            "phone": &shipping.phone,
            "tracking_number": &shipping.tracking_number,
        }
    }
}
