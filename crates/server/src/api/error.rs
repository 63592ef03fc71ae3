//! Errors as the wire shows them: status, type, code, parameter and a sentence.
//!
//! Types, codes, parameters and statuses are those of Stripe's error reference; sentences are ours.
//! A client never sees what went wrong inside: that goes to the log.

use books::Refusal;
use store::StoreError;

use super::json::{Json, object};
use super::params::ParamError;

/// An answer that is not 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// `type` on the wire.
    pub kind: Kind,
    /// `code` on the wire.
    pub code: Option<&'static str>,
    /// `param` on the wire.
    pub param: Option<String>,
    /// The sentence.
    pub message: String,
    /// Whether the same request may succeed if it is sent again: `Stripe-Should-Retry`.
    pub retry: bool,
    /// The id of the object that was not found, where that was it.
    pub missing: Option<String>,
}

/// The four types of errors on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A fault of Purser.
    Api,
    /// A key that was used for something else, or is in use.
    Idempotency,
    /// A fault of the request.
    InvalidRequest,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Api => "api_error",
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
            param: None,
            message: message.into(),
            retry: false,
            missing: None,
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
            missing: Some(id.to_owned()),
            ..ApiError::invalid(404, format!("No such {kind}: '{shown}'"))
        }
    }

    /// The body, with its keys in alphabetical order.
    pub fn body(&self) -> Json {
        let mut error = Json::Object(Vec::with_capacity(5));
        if let Some(code) = self.code {
            error.push("code", code);
            if code != "property_expansion_max_depth" {
                let page = code.replace('_', "-");
                let url = format!("https://stripe.com/docs/error-codes/{page}");
                error.push("doc_url", url);
            }
        }
        error.push("message", &self.message);
        if let Some(param) = &self.param {
            error.push("param", param);
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

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> ApiError {
        match refusal {
            // The books know the customer's number only; the id is filled in by whoever has it.
            Refusal::CustomerMissing { param } => ApiError::missing("customer", "", param),
            Refusal::CustomerDeleted => {
                ApiError { status: 400, ..ApiError::missing("customer", "", "id") }
            }
            Refusal::CustomerHoldsCash => ApiError::invalid(
                400,
                "This customer has money in its cash balance and cannot be deleted before \
                 the balance is zero in every currency.",
            ),
            Refusal::NoTransferIn(currency) => ApiError::invalid(
                400,
                format!("No bank transfer exists in {currency}; use usd, eur, gbp, jpy or mxn."),
            )
            .about("currency"),
            Refusal::AmountTooLarge => {
                ApiError::invalid(400, "With this amount a balance would be too large to count.")
                    .coded("amount_too_large")
                    .about("amount")
            }
            Refusal::TooManyMetadataKeys(keys) => {
                let max = books::command::METADATA_KEYS_MAX;
                let message = format!("Metadata holds up to {max} keys; this would make {keys}.");
                ApiError::invalid(400, message).about("metadata")
            }
            Refusal::NoAccountNumberLeft => ApiError::unavailable(
                "The bank profile has no account number left for this customer.",
            ),
        }
    }
}
