//! What browsers ask before they let a page of another origin talk to this server.
//!
//! Pages may: whoever calls needs a key, which no browser adds by itself. Answers get the headers
//! below only where the request says that it comes from a page, so all others stay as they are.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN,
};
use hyper::{HeaderMap, Method, Response, StatusCode};

use crate::api::serve::Answer;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// What a page may send.
const SENT: &str = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Stripe-Version, \
                    Stripe-Account, Stripe-Context, Purser-Dry-Run, OCP-Context-ID, \
                    OCP-Agent-Type, OCP-Version, OCP-Current-Goal, OCP-User, OCP-Workspace, \
                    OCP-Session";
/// What a page may read of an answer.
const SHOWN: &str = "OCP-Context-ID, OCP-Agent-Type, OCP-Version, OCP-Current-Goal, OCP-User, \
                     OCP-Workspace, OCP-Session, Request-Id, Idempotent-Replayed, \
                     Original-Request, Stripe-Version, Stripe-Should-Retry, ETag";
/// Seconds for which a browser need not ask again. Browsers have lower limits of their own.
const MAX_AGE_S: &str = "7200";

/// Whether a page of some origin asks.
pub fn is_from_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN)
}

/// Whether a browser asks if it may send a request.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && is_from_page(headers)
}

/// The answer to that, the same for every path.
pub fn preflight() -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    allow(headers);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
    answer
}

/// Lets pages read an answer.
pub fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(SHOWN));
}
