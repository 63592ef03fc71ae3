//! The way of one request of a payer: which link, what it opens, and the page about that.
//!
//! A link that was never made, was changed, is of other books or has ended gives the same page,
//! byte by byte.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ALLOW, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use maud::{Markup, html};

use super::guest::Guest;
use super::links::Purpose;
use super::{authentication, instructions, refund};
use crate::api::serve::Answer;
use crate::app::App;
use crate::web;

/// The link that a path is, with its last part.
pub fn link(path: &str) -> Option<(Purpose, &str)> {
    let of = |purpose: Purpose| path.strip_prefix(purpose.folder()).map(|token| (purpose, token));
    Purpose::ALL.into_iter().find_map(of)
}

/// How the counters call visits by such a link.
pub fn operation(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Instructions => "HostedInstructions",
        Purpose::RefundDetails => "HostedRefundDetails",
        Purpose::Authentication => "HostedAuthentication",
    }
}

/// Answers a visit. Never fails: what goes wrong is a page too.
pub async fn answer(
    app: &Arc<App>,
    (purpose, token): (Purpose, &str),
    parts: &Parts,
    body: &Bytes,
) -> Answer {
    let takes_forms = purpose != Purpose::Instructions;
    let is_form = parts.method == Method::POST && takes_forms;
    if !is_form && parts.method != Method::GET && parts.method != Method::HEAD {
        let text = "This page can be read, and takes nothing else.";
        let mut answer = sorry(StatusCode::METHOD_NOT_ALLOWED, "Not possible", text);
        let methods = if takes_forms { "GET, HEAD, POST" } else { "GET, HEAD" };
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
        return answer;
    }
    let guest = match Guest::enter(app, purpose, token) {
        Ok(Some(guest)) => guest,
        Ok(None) => return nothing(),
        Err(_) => {
            let text = "Please load this page again in a moment.";
            return sorry(StatusCode::SERVICE_UNAVAILABLE, "Not available at present", text);
        }
    };
    match purpose {
        Purpose::Instructions => web::page(StatusCode::OK, instructions::page(&guest)),
        Purpose::RefundDetails if is_form => refund::submit(&guest, parts, body).await,
        Purpose::RefundDetails => web::page(StatusCode::OK, refund::page(&guest)),
        Purpose::Authentication if is_form => authentication::submit(&guest, parts, body).await,
        Purpose::Authentication => authentication::page(&guest),
    }
}

/// The page of a link that leads nowhere.
pub fn nothing() -> Answer {
    let text = "It may be incomplete, or too old. Please ask whoever sent it to you for a new one.";
    sorry(StatusCode::NOT_FOUND, "This link does not work", text)
}

/// A page that says no more than this.
pub fn sorry(status: StatusCode, title: &str, text: &str) -> Answer {
    web::page(status, sheet(title, None, false, &html! { section.card { p { (text) } } }))
}

/// A page for payers. `live` is the stream that tells of changes, where there is one.
pub fn sheet(title: &str, live: Option<&str>, is_test: bool, body: &Markup) -> Markup {
    let body = html! {
        body.bare.hosted data-live=[live] {
            main #main {
                @if is_test {
                    p.notice.test { "This is a test: no real money is asked for or sent here." }
                }
                h1 { (title) }
                (body)
            }
        }
    };
    web::document(title, &body)
}
