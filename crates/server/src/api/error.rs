//! Errors as the wire shows them: status, type, code, parameter and a sentence.
//!
//! Types, codes, parameters and statuses are those of Stripe's error reference; sentences are ours.
//! A client never sees what went wrong inside: that goes to the log.

mod charges;

use bank::card_number::hidden;
use books::approval::Approval;
use books::card::Decline;
use books::charge::{CardCharge, Stage};
use books::limits::Amounts;
use books::payment_intent::{PaymentError, PaymentIntent};
use books::{Number, Refusal, Reply};
use store::StoreError;

use super::declines;
use super::json::{Json, object};
use super::params::ParamError;
use super::wire::Wire;

pub use charges::{customer_not_named, not_linked};

/// An answer that is not 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// `type` on the wire.
    pub kind: Kind,
    /// `code` on the wire.
    pub code: Option<&'static str>,
    /// `decline_code` on the wire: what the bank says of a card.
    pub decline_code: Option<Box<str>>,
    /// `param` on the wire.
    pub param: Option<String>,
    /// The sentence.
    pub message: String,
    /// Whether the same request may succeed if it is sent again: `Stripe-Should-Retry`.
    pub retry: bool,
    /// The id of the object that was not found, where that was it.
    pub missing: Option<Box<str>>,
    /// The id of the approval that the request waits for, or waited for in vain.
    pub approval: Option<Box<str>>,
}

/// Codes that Stripe has no page about.
const OUR_CODES: [&str; 6] = [
    "property_expansion_max_depth",
    "key_limit_exceeded",
    "approval_required",
    "approval_rejected",
    "approval_expired",
    "approval_unexpected_state",
];

/// The types of errors on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fault of Purser.
    Api,
    /// A card that was declined.
    Card,
    /// A key that was used for something else, or is in use.
    Idempotency,
    /// A fault of the request.
    InvalidRequest,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Api => "api_error",
            Kind::Card => "card_error",
            Kind::Idempotency => "idempotency_error",
            Kind::InvalidRequest => "invalid_request_error",
        }
    }
}

impl ApiError {
    /// A request that is wrong.
    pub fn invalid(status: u16, message: impl Into<String>) -> ApiError {
        ApiError {
            status,
            kind: Kind::InvalidRequest,
            code: None,
            decline_code: None,
            param: None,
            message: message.into(),
            retry: false,
            missing: None,
            approval: None,
        }
    }

    /// A card that is declined, or cannot be one.
    pub fn declined(decline: &Decline) -> ApiError {
        ApiError {
            kind: Kind::Card,
            code: Some(declines::code(decline)),
            decline_code: decline.decline_code.as_deref().map(Into::into),
            param: declines::param(decline).map(str::to_owned),
            ..ApiError::invalid(402, declines::message(decline))
        }
    }

    /// A fault of Purser, to be tried again later.
    pub fn unavailable(message: impl Into<String>) -> ApiError {
        ApiError { kind: Kind::Api, retry: true, ..ApiError::invalid(503, message) }
    }

    /// Adds the parameter it is about.
    pub fn about(mut self, param: impl Into<String>) -> ApiError {
        self.param = Some(param.into());
        self
    }

    /// Adds a code.
    pub fn coded(mut self, code: &'static str) -> ApiError {
        self.code = Some(code);
        self
    }

    /// There is no object of this kind and id.
    pub fn missing(kind: &str, id: &str, param: &str) -> ApiError {
        let shown: String = id.chars().take(100).collect();
        ApiError {
            code: Some("resource_missing"),
            param: Some(param.to_owned()),
            missing: Some(id.into()),
            ..ApiError::invalid(404, format!("No such {kind}: '{shown}'"))
        }
    }

    /// The body, with its keys in alphabetical order. What looks like the number of a card is not
    /// repeated, wherever it was sent.
    pub fn body(&self) -> Json {
        let mut error = Json::Object(Vec::with_capacity(5));
        if let Some(approval) = &self.approval {
            error.push("approval", approval.to_string());
        }
        if let Some(code) = self.code {
            error.push("code", code);
            if let Some(reason) = &self.decline_code {
                error.push("decline_code", reason.to_string());
            }
            if !OUR_CODES.contains(&code) {
                let page = code.replace('_', "-");
                let url = format!("https://stripe.com/docs/error-codes/{page}");
                error.push("doc_url", url);
            }
        }
        error.push("message", hidden(&self.message).into_owned());
        if let Some(param) = &self.param {
            error.push("param", hidden(param).into_owned());
        }
        error.push("type", self.kind.as_str());
        object! { "error": error }
    }
}

impl From<ParamError> for ApiError {
    fn from(error: ParamError) -> ApiError {
        ApiError { code: error.code, param: error.param, ..ApiError::invalid(400, error.message) }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match error {
            StoreError::QueueFull(max) => ApiError {
                code: Some("rate_limit"),
                retry: true,
                ..ApiError::invalid(
                    429,
                    format!(
                        "Too many writes are waiting for the disk (queue_max is {max}). \
                             Please try again in a moment."
                    ),
                )
            },
            StoreError::Full => ApiError::unavailable(
                "The disk of this server is full, so nothing can be written. Reads go on.",
            ),
            StoreError::ReadOnly(_) => {
                ApiError::unavailable("The database of this server cannot be written at present.")
            }
            StoreError::Locked(_) => ApiError {
                code: Some("lock_timeout"),
                retry: true,
                ..ApiError::invalid(429, "The database is in use by something else. Try again.")
            },
            StoreError::Unreachable(_) => ApiError::unavailable(
                "The database of this server cannot be reached at present. Please try again.",
            ),
            StoreError::Conflict(_) => ApiError {
                code: Some("lock_timeout"),
                retry: true,
                ..ApiError::invalid(429, "Others are changing the same objects. Try again.")
            },
            StoreError::Stopped => ApiError::unavailable("This server is shutting down."),
            other => {
                tracing::error!(error = %other, "a request failed in the store");
                ApiError {
                    kind: Kind::Api,
                    ..ApiError::invalid(500, "Something went wrong in this server. It is logged.")
                }
            }
        }
    }
}

/// What the wire says of a refusal. `customer` is the customer that the command was about.
pub fn refused(refusal: Refusal, customer: Option<Number>, wire: &Wire) -> ApiError {
    let invalid = |message: String| ApiError::invalid(400, message);
    let state = |message: String| invalid(message).coded("payment_intent_unexpected_state");
    let customer_id = || wire.ids.customer(customer.unwrap_or_default());
    match refusal {
        Refusal::CustomerMissing { param } => ApiError::missing("customer", &customer_id(), param),
        Refusal::CustomerDeleted => {
            ApiError { status: 400, ..ApiError::missing("customer", &customer_id(), "id") }
        }
        Refusal::Missing { kind, key, param } => {
            // The cards that customers have are one kind of their sources.
            let name = if kind == books::Kind::Card { "source" } else { kind.object() };
            ApiError::missing(name, &wire.ids.write(kind, key), param)
        }
        Refusal::CustomerHoldsCash => invalid(
            "This customer has money in its cash balance, or in payments that are paid in part, \
             and cannot be deleted before there is none in any currency."
                .into(),
        ),
        Refusal::NoTransferIn(currency) => invalid(format!(
            "No bank transfer exists in {currency}; use usd, eur, gbp, jpy or mxn."
        ))
        .about("currency"),
        Refusal::AmountTooLarge => {
            invalid("With this amount a balance would be too large to count.".into())
                .coded("amount_too_large")
                .about("amount")
        }
        Refusal::TooManyMetadataKeys(keys) => {
            let max = books::command::METADATA_KEYS_MAX;
            let message = format!("Metadata holds up to {max} keys; this would make {keys}.");
            invalid(message).about("metadata")
        }
        Refusal::NoAccountNumberLeft => {
            ApiError::unavailable("The bank profile has no account number left for this customer.")
        }
        Refusal::IntentState { action, status, allowed } => {
            let allowed: Vec<&str> = allowed.iter().map(|status| status.as_str()).collect();
            state(format!(
                "This PaymentIntent has the status {} and cannot be {action}. That takes one of \
                 these statuses: {}.",
                status.as_str(),
                allowed.join(", ")
            ))
        }
        Refusal::NoPaymentMethod => state(
            "This PaymentIntent has no payment method, so it cannot be confirmed. Send \
             payment_method, or payment_method_data[type]=customer_balance."
                .into(),
        ),
        Refusal::IntentOfInvoice => state(
            "An invoice made this PaymentIntent. Change, pay or void the invoice instead.".into(),
        ),
        Refusal::AmountBelowMinimum(currency, minimum) => invalid(format!(
            "A payment in {currency} is of {minimum} at least, in the smallest unit."
        ))
        .coded("amount_too_small")
        .about("amount"),
        Refusal::AmountAboveMaximum(currency, maximum) => invalid(format!(
            "A payment in {currency} is of {maximum} at most, in the smallest unit."
        ))
        .coded("amount_too_large")
        .about("amount"),
        Refusal::AmountUneven(currency, step) => invalid(format!(
            "A charge in {currency} is of a multiple of {step}, in the smallest unit."
        ))
        .about("amount"),
        Refusal::CustomerOutOfReach => super::guard::out_of_reach(),
        Refusal::LimitExceeded { limit, currency, most, total } => {
            let message = format!(
                "This key may move {most} {currency} at most ({limit}), in the smallest unit, and \
                 with this it would be {total}."
            );
            ApiError::invalid(403, message).coded("key_limit_exceeded")
        }
        Refusal::ApprovalNeeded { amounts } => {
            let message = format!(
                "This moves {}, for which a person has to agree. To ask for that, send it with an \
                 Idempotency-Key, and not as a dry run.",
                spelled(&amounts)
            );
            ApiError::invalid(403, message).coded("approval_required")
        }
        Refusal::TooManyApprovals => {
            let max = books::limits::APPROVALS_PER_DAY_MAX;
            let message = format!(
                "This key asked for {max} approvals today already (approvals_per_day_max)."
            );
            ApiError::invalid(403, message).coded("key_limit_exceeded")
        }
        Refusal::ApprovalState(status) => {
            let message = format!("This approval is {} already.", status.as_str());
            invalid(message).coded("approval_unexpected_state")
        }
        other => match super::payment_intents::refusals::said(&other, wire) {
            Some(error) => error,
            None => refused_money(other, wire),
        },
    }
}

/// The answer to a request that has to wait for a person.
pub fn held(wire: &Wire, approval: &Approval) -> ApiError {
    let id = wire.ids.write(books::Kind::Approval, approval.key);
    let message = format!(
        "This moves {}, for which a person has to agree: approval {id} waits for that until {}. \
         Then send the same request with the same Idempotency-Key to get its answer.",
        spelled(&approval.amounts),
        approval.expires_at.0
    );
    let error = ApiError::invalid(403, message).coded("approval_required");
    ApiError { approval: Some(id.into()), ..error }
}

/// Amounts in words.
fn spelled(amounts: &Amounts) -> String {
    let each = amounts.iter().map(|(currency, amount)| format!("{amount} {currency}"));
    format!("{} (smallest unit)", each.collect::<Vec<_>>().join(" and "))
}

/// Refusals that are about amounts and states of money on its way.
fn refused_money(refusal: Refusal, wire: &Wire) -> ApiError {
    let invalid = |message: String| ApiError::invalid(400, message);
    match refusal {
        Refusal::MethodAttached { method, param } => {
            let id = wire.ids.write(books::Kind::PaymentMethod, method);
            invalid(format!("The payment method {id} is attached to another customer already."))
                .about(param)
        }
        Refusal::MethodSpent { method, param } => {
            let id = wire.ids.write(books::Kind::PaymentMethod, method);
            invalid(format!(
                "The payment method {id} was detached from its customer, or paid without being a \
                 customer's, and cannot be used again. Please make a new one."
            ))
            .about(param)
        }
        Refusal::MethodOfCash { method, param } => {
            let id = wire.ids.write(books::Kind::PaymentMethod, method);
            invalid(format!(
                "The payment method {id} is a cash balance, which stays with the payment that made \
                 it: it is neither attached nor changed."
            ))
            .coded("payment_method_unsupported_type")
            .about(param)
        }
        Refusal::MethodNotAttached { method, param } => {
            let id = wire.ids.write(books::Kind::PaymentMethod, method);
            invalid(format!(
                "The payment method {id} is attached to no customer, and only one that is can be \
                 changed or detached."
            ))
            .about(param)
        }
        Refusal::MethodMoved => ApiError {
            code: Some("lock_timeout"),
            retry: true,
            ..ApiError::invalid(429, "Others are changing the same objects. Try again.")
        },
        Refusal::CardDeclined { decline, .. } => ApiError::declined(&decline),
        Refusal::TokenUsed { token, param } => {
            let id = wire.ids.write(books::Kind::Token, token);
            invalid(format!("The token {id} was used already, and can be used once only."))
                .coded("token_already_used")
                .about(param)
        }
        Refusal::NotTheCustomers { kind, key, param } => {
            let id = wire.ids.write(kind, key);
            invalid(format!("{id} is not this customer's.")).about(param)
        }
        Refusal::TooManySources => {
            let max = books::command::SOURCES_MAX;
            invalid(format!(
                "A customer has {max} cards and sources at most (sources_max), and this one has as \
                 many."
            ))
            .about("source")
        }
        Refusal::SourceHoldsMoney { source, held } => {
            let id = wire.ids.write(books::Kind::Source, source);
            invalid(format!(
                "{id} holds {held}, in the smallest unit of its currency, that was neither charged \
                 nor returned, so it cannot be detached yet."
            ))
        }
        Refusal::SourceState { source, action, status, param } => {
            let id = wire.ids.write(books::Kind::Source, source);
            let status = status.as_str();
            invalid(format!("The source {id} has the status {status} and cannot be {action}."))
                .coded("invalid_source_usage")
                .about(param)
        }
        Refusal::SourceCurrency(currency) => {
            invalid(format!("This source is in {currency}.")).about("currency")
        }
        Refusal::SourceTooLow { available, currency } => invalid(format!(
            "The source holds {available} in {currency}, in the smallest unit, which is too little."
        ))
        .coded("insufficient_funds")
        .about("amount"),
        Refusal::SourceAmount { most } => {
            invalid(format!("This source is for a payment of {most} at most."))
                .coded("invalid_charge_amount")
                .about("amount")
        }
        Refusal::NoAcquirer => invalid(
            "Nobody takes cards in live mode yet: this server has no acquirer configured.".into(),
        ),
        Refusal::TransferCurrency(currency) => {
            invalid(format!("This kind of bank transfer does not move {currency}."))
                .about("payment_method_options[customer_balance][bank_transfer][type]")
        }
        Refusal::ApplyTooMuch { remaining } => {
            invalid(format!("This payment takes {remaining} more, and not more than that."))
                .about("amount")
        }
        Refusal::OtherCurrency(currency) => {
            invalid(format!("This payment is in {currency}.")).about("currency")
        }
        Refusal::CashTooLow { available, param } => {
            let error = too_little_cash(available);
            param.map_or(error.clone(), |param| error.about(param))
        }
        Refusal::InvoiceNotCovered { available } => {
            too_little_cash(available).coded("payment_intent_payment_attempt_failed")
        }
        Refusal::NothingToRefund => {
            invalid("This PaymentIntent has no successful charge to refund.".into())
        }
        Refusal::AlreadyRefunded { kind, charge } => {
            let id = wire.ids.write(kind, charge);
            invalid(format!("All of charge {id} has been refunded already."))
                .coded("charge_already_refunded")
        }
        Refusal::RefundTooLarge { unrefunded } => {
            invalid(format!("Of this charge {unrefunded} can be refunded, and not more."))
                .about("amount")
        }
        Refusal::RefundTooLate => invalid(format!(
            "This payment was made more than {} days ago and cannot be refunded any more.",
            books::refund::REFUND_DAYS_MAX
        ))
        .coded("charge_not_refundable"),
        Refusal::NoEmail => invalid(
            "The customer is asked for bank details by email, and has no address: send \
             instructions_email."
                .into(),
        )
        .about("instructions_email"),
        Refusal::RefundState { action, status } => invalid(format!(
            "This refund has the status {} and cannot be {action}: that takes requires_action.",
            status.as_str()
        )),
        Refusal::BalanceTooLow { part, available, currency } => invalid(match part {
            "instant" => format!(
                "An instant payout can be of {available} {currency} at most, in the smallest unit."
            ),
            part => format!(
                "The available {part} balance is {available} in {currency}, which is too little."
            ),
        })
        .coded("balance_insufficient"),
        Refusal::NoInstantPayouts => invalid(
            "This bank account takes no instant payouts: see its available_payout_methods.".into(),
        )
        .coded("instant_payouts_unsupported")
        .about("method"),
        Refusal::TopupState(status) => invalid(format!(
            "This top-up has the status {} and cannot be canceled: that takes pending.",
            status.as_str()
        )),
        Refusal::NoBankAccount(currency) => invalid(format!(
            "There is no bank account for payouts in {currency}. Add an external account first."
        ))
        .coded("payouts_not_allowed"),
        Refusal::BankAccountCurrency(currency) => {
            invalid(format!("This bank account takes {currency}.")).about("destination")
        }
        Refusal::PayoutState { action, status } => invalid(format!(
            "This payout has the status {} and cannot be {action}.",
            status.as_str()
        )),
        Refusal::PayoutReversed => {
            invalid("This payout was reversed already, or is itself a reversal.".into())
        }
        Refusal::InvoiceState { action, status } => invalid(format!(
            "This invoice has the status {} and cannot be {action}.",
            status.as_str()
        )),
        Refusal::InvoiceCurrency(currency) => {
            invalid(format!("Everything on this invoice is in {currency}.")).about("currency")
        }
        Refusal::InvoiceTooLarge(maximum) => invalid(format!(
            "One payment is of {maximum} at most, in the smallest unit, and this invoice is more."
        ))
        .coded("amount_too_large"),
        Refusal::InvoiceFull => {
            let max = books::invoice::LINES_MAX;
            invalid(format!("An invoice has {max} lines at most.")).about("invoice")
        }
        Refusal::NotReversible => {
            invalid("Only a transfer over ACH can be pulled back, once, within 5 days.".into())
                .about("transaction")
        }
        Refusal::TooManyEndpoints => {
            let max = books::command::ENDPOINTS_MAX;
            invalid(format!("An account has {max} webhook endpoints in each mode at most."))
        }
        Refusal::TooManySecrets => {
            let max = books::command::SECRETS_MAX;
            invalid(format!(
                "At most {max} secrets of a webhook endpoint sign at once (secrets_max), and so \
                 many do. Please wait until an old one has expired."
            ))
        }
        other => charges::refused(other, wire),
    }
}

fn too_little_cash(available: i64) -> ApiError {
    let message = format!(
        "Of the customer's cash balance {available} can be used for this, in the smallest unit of \
         the currency, which is too little."
    );
    ApiError::invalid(400, message)
}

/// The answer to a charge that failed.
pub fn charge_failed(wire: &Wire, charge: &CardCharge) -> (u16, Json) {
    let Stage::Failed { decline, .. } = &charge.stage else {
        unreachable!("only a charge that failed is told as an error");
    };
    let id = wire.ids.write(charge.spelling(), charge.key);
    (402, declines::body(decline, Some(id)))
}

/// The status and the code of the error that a payment or a charge failed with, if it did.
pub fn failed_with(reply: &Reply) -> Option<(u16, &'static str)> {
    match reply {
        Reply::ChargeFailed(charge) => match &charge.stage {
            Stage::Failed { decline, .. } => Some((402, declines::code(decline))),
            _ => None,
        },
        Reply::PaymentFailed(intent) => Some(match &intent.last_error {
            Some(PaymentError::Declined { decline, .. }) => (402, declines::code(decline)),
            _ => (400, "payment_intent_payment_attempt_failed"),
        }),
        _ => None,
    }
}

/// The answer to a payment that failed: its error, with the intent as it is now.
pub fn payment_failed(wire: &Wire, intent: &PaymentIntent) -> (u16, Json) {
    let mut error = wire.last_payment_error(intent);
    if let Json::Object(fields) = &mut error {
        let at = fields.iter().position(|(name, _)| name.as_ref() > "payment_intent");
        let shown = wire.payment_intent(intent);
        fields.insert(at.unwrap_or(fields.len()), ("payment_intent".into(), shown));
    }
    let status = match intent.last_error {
        Some(PaymentError::Declined { .. }) => 402,
        _ => 400,
    };
    (status, object! { "error": error })
}
