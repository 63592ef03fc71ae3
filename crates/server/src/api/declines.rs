//! Declined cards as the wire tells of them: Stripe's pages "Error codes" and "Decline codes".

use books::card::Decline;

use super::json::{Json, object};

/// The codes that a decline can have.
const CODES: [&str; 11] = [
    "authentication_required",
    "card_declined",
    "expired_card",
    "incorrect_cvc",
    "incorrect_number",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "payment_intent_authentication_failure",
    "processing_error",
];

/// `code` of the error.
pub fn code(decline: &Decline) -> &'static str {
    CODES.into_iter().find(|code| *code == decline.code).unwrap_or("card_declined")
}

/// What people are told.
pub fn message(decline: &Decline) -> &'static str {
    match (decline.code.as_str(), decline.decline_code.as_deref()) {
        ("expired_card", _) => "Your card has expired.",
        ("incorrect_cvc", _) => "Your card's security code is incorrect.",
        ("incorrect_number", _) => "Your card number is incorrect.",
        ("invalid_number", _) => "Your card number is not a valid card number.",
        ("invalid_expiry_month", _) => "Your card's expiration month is invalid.",
        ("invalid_expiry_year", _) => "Your card's expiration year is invalid.",
        ("invalid_cvc", _) => "Your card's security code is invalid.",
        ("processing_error", _) => {
            "An error occurred while processing your card. Try again in a little bit."
        }
        ("authentication_required", _) => {
            "Your card was declined. This transaction requires authentication."
        }
        ("payment_intent_authentication_failure", _) => {
            "The holder of the card did not authenticate. Please use another payment method."
        }
        (_, Some("insufficient_funds")) => "Your card has insufficient funds.",
        (_, Some("test_mode_live_card")) => {
            "Your card was declined. In test mode only test cards can be used."
        }
        _ => "Your card was declined.",
    }
}

/// The parameter that is to blame, where one is.
pub fn param(decline: &Decline) -> Option<&'static str> {
    match decline.code.as_str() {
        "expired_card" => Some("exp_month"),
        "incorrect_cvc" | "invalid_cvc" => Some("cvc"),
        "incorrect_number" | "invalid_number" => Some("number"),
        "invalid_expiry_month" => Some("exp_month"),
        "invalid_expiry_year" => Some("exp_year"),
        _ => None,
    }
}

/// `type` of the error. That the holder did not authenticate says nothing about the card.
fn kind(decline: &Decline) -> &'static str {
    match decline.code.as_str() {
        "payment_intent_authentication_failure" => "invalid_request_error",
        _ => "card_error",
    }
}

/// The hash `error`, with its keys in alphabetical order.
pub fn error(decline: &Decline, charge: Option<String>) -> Json {
    let mut error = Json::Object(Vec::with_capacity(7));
    if let Some(charge) = charge {
        error.push("charge", charge);
    }
    error.push("code", &decline.code);
    if let Some(reason) = &decline.decline_code {
        error.push("decline_code", reason);
    }
    let page = decline.code.replace('_', "-");
    error.push("doc_url", format!("https://stripe.com/docs/error-codes/{page}"));
    error.push("message", message(decline));
    if let Some(param) = param(decline) {
        error.push("param", param);
    }
    error.push("type", kind(decline));
    error
}

/// The body of an answer 402.
pub fn body(decline: &Decline, charge: Option<String>) -> Json {
    object! { "error": error(decline, charge) }
}
