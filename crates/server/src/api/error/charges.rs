//! Errors about charges: what cannot be charged, captured or refunded. Codes are those of Stripe's
//! page "Error codes".

use books::Refusal;

use super::ApiError;
use crate::api::wire::Wire;

/// What the wire says of a refusal that is about a charge.
pub fn refused(refusal: Refusal, wire: &Wire) -> ApiError {
    let invalid = |message: String| ApiError::invalid(400, message);
    let id = |kind, key| wire.ids.write(kind, key);
    match refusal {
        Refusal::NoDefaultSource { customer } => {
            let customer = wire.ids.customer(customer);
            invalid(format!("The customer {customer} has no card or source that can be charged."))
                .coded("missing")
                .about("source")
        }
        Refusal::NotLinked { customer, kind, key, param } => {
            not_linked(&wire.ids.customer(customer), &id(kind, key)).about(param)
        }
        Refusal::CustomerNotNamed { kind, key } => customer_not_named(&id(kind, key)),
        Refusal::AlreadyCaptured { kind, charge } => {
            invalid(format!("The charge {} was captured already.", id(kind, charge)))
                .coded("charge_already_captured")
        }
        Refusal::AuthorizationEnded { kind, charge } => invalid(format!(
            "What was set aside for the charge {} was let go, so it cannot be captured any more.",
            id(kind, charge)
        ))
        .coded("charge_expired_for_capture"),
        Refusal::ChargeFailed { kind, charge } => {
            invalid(format!("The charge {} failed: there is no money in it.", id(kind, charge)))
                .coded("charge_not_refundable")
        }
        Refusal::CaptureTooLarge { authorized, param } => invalid(format!(
            "For this charge {authorized} was set aside, and not more than that can be captured."
        ))
        .coded("amount_too_large")
        .about(param),
        Refusal::ChargeOfIntent => invalid(
            "A PaymentIntent made this charge, which is not captured yet. Capture or cancel the \
             PaymentIntent."
                .into(),
        )
        .about("charge"),
        Refusal::FieldOfIntent { param } => invalid(format!(
            "This charge is paid from a cash balance, and has `{param}` from its PaymentIntent: \
             change it there."
        ))
        .about(param),
        Refusal::ChargeDisputed { kind, charge } => invalid(format!(
            "The holder of the card disputes the charge {}, and has the money back already.",
            id(kind, charge)
        ))
        .coded("charge_disputed"),
        Refusal::PartOfAuthorization { authorized } => invalid(format!(
            "This charge is not captured: what was set aside, {authorized}, is let go as a whole. \
             To take a part of it, capture that part."
        ))
        .about("amount"),
        Refusal::NotFromCash => invalid(
            "A card or a source paid this, so it is refunded there and not to the cash balance: \
             use POST /v1/refunds."
                .into(),
        ),
        // The rest was told apart before this.
        _ => invalid("This cannot be done.".into()),
    }
}

/// What is a customer's is charged together with that customer.
pub fn customer_not_named(source: &str) -> ApiError {
    let message = format!("'{source}' is a customer's: send `customer` with it.");
    ApiError::invalid(400, message).coded("parameter_missing").about("customer")
}

/// A customer has no card or source with this id.
pub fn not_linked(customer: &str, source: &str) -> ApiError {
    let source: String = source.chars().take(100).collect();
    let message = format!("The customer {customer} has no card or source with the id '{source}'.");
    ApiError::invalid(404, message).coded("missing")
}
