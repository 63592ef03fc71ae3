//! What the wire says of refusals that are about how a payment is paid.

use books::payment_intent::MethodType;
use books::{Kind, Refusal};

use crate::api::error::ApiError;
use crate::api::wire::Wire;

/// The sentence of a refusal; none for what is not about this.
pub fn said(refusal: &Refusal, wire: &Wire) -> Option<ApiError> {
    let invalid = |message: &str| ApiError::invalid(400, message);
    let state = |message: &str| invalid(message).coded("payment_intent_unexpected_state");
    Some(match refusal {
        Refusal::MethodNotTaken { method, param } => {
            let method = method.as_str();
            let error = invalid(&format!(
                "This PaymentIntent does not take {method}: it is not among its \
                 payment_method_types."
            ));
            param.map_or(error.clone(), |param| error.about(param))
        }
        Refusal::MethodOfOnePayment { param } => invalid(&format!(
            "A payment method of type {} pays only the payment that it was made for. Send \
             payment_method_data[type]=customer_balance.",
            MethodType::CustomerBalance.as_str()
        ))
        .about(*param),
        Refusal::CashNeedsCustomer => {
            invalid("The parameter `customer` is required: a cash balance is a customer's.")
                .coded("parameter_missing")
                .about("customer")
        }
        Refusal::CashIsTakenAtOnce => invalid(
            "The parameter `capture_method` cannot be manual: a cash balance cannot be charged \
             later. For cards alone send payment_method_options[card][capture_method]=manual.",
        )
        .about("capture_method"),
        Refusal::CashNotOffSession => invalid(
            "The parameter `off_session` cannot be true: a cash balance cannot be saved for later \
             payments.",
        )
        .about("off_session"),
        Refusal::SourceIsNoCard { source, param } => {
            let id = wire.ids.write(Kind::Source, *source);
            let message = format!(
                "Of sources only those of cards pay PaymentIntents, and {id} is none. Charge it \
                 with POST /v1/charges."
            );
            invalid(&message).about(*param)
        }
        Refusal::HolderNotAwaited => {
            state("This PaymentIntent does not wait for the holder of a card to authenticate.")
        }
        _ => return None,
    })
}
