//! The page on which a customer says where a refund is to go.
//!
//! What is typed goes through the same operation as from anybody else, and leaves the same trail.
//! An account number is in no URL, no cookie and no log; where something is wrong with it, the page
//! that says so is the only one that repeats it.

use bank::Rail;
use books::Document;
use books::refund::{Destination, Refund, RefundOrigin, RefundStatus};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue, ORIGIN, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use maud::{Markup, html};
use serde_json::Value;

use super::door::{sheet, sorry};
use super::guest::Guest;
use crate::api::serve::{Answer, serve_as};
use crate::dashboard::visit::{Form, escape};
use crate::web;
use crate::web::accounts::{Field, fields, typed};
use crate::web::parts::{amount, badge, moment};

/// Bytes of a form, at most.
const FORM_BYTES_MAX: usize = 16 << 10;
/// How agents' notes call this page.
const AGENT_TYPE: &str = "hosted page";

/// What was wrong with what somebody typed.
struct Wrong {
    /// The parameter that the API named.
    param: Option<String>,
    /// For the reader.
    message: String,
    /// What was typed.
    typed: Vec<(&'static Field, String)>,
}

/// The page as things stand.
pub fn page(guest: &Guest) -> Markup {
    shown(guest, None)
}

fn shown(guest: &Guest, wrong: Option<&Wrong>) -> Markup {
    let refund = refund(guest);
    let sum = amount(refund.amount, refund.currency.as_str());
    let (title, body) = match (refund.status, Rail::for_currency(refund.currency.as_str())) {
        (RefundStatus::RequiresAction, Some(rail)) => {
            ("Where should your refund go?".to_owned(), asked(guest, refund, rail, wrong))
        }
        (RefundStatus::Pending, _) => (format!("Your refund of {sum} is on its way"), on_its_way()),
        (RefundStatus::Succeeded, _) => (format!("Your refund of {sum} was sent"), sent(refund)),
        _ => ("Nothing to do here".to_owned(), over(&sum)),
    };
    sheet(&title, None, !guest.target.livemode, &body)
}

fn refund(guest: &Guest) -> &Refund {
    match &guest.document {
        Document::Refund(refund) => refund,
        _ => unreachable!("links for bank details lead to refunds"),
    }
}

fn asked(guest: &Guest, refund: &Refund, rail: Rail, wrong: Option<&Wrong>) -> Markup {
    let sum = amount(refund.amount, refund.currency.as_str());
    let about = match refund.origin {
        RefundOrigin::Payment { .. } | RefundOrigin::Charge { .. } => "of a payment that you made",
        RefundOrigin::CashBalance { .. } => "of money that you sent by bank transfer",
    };
    let typed = |field: &Field| {
        let typed = wrong.and_then(|wrong| wrong.typed.iter().find(|(known, _)| *known == field));
        typed.map(|(_, text)| text.as_str()).unwrap_or_default()
    };
    let fault = |field: &Field| {
        let wrong = wrong.filter(|wrong| wrong.param.as_deref() == Some(&field.param()))?;
        let rest = wrong.message.strip_prefix(&format!("The parameter `{}` ", field.param()));
        Some(rest.map_or(wrong.message.clone(), |rest| format!("{} {rest}", field.label)))
    };
    let fields = fields(rail);
    let general = wrong.filter(|_| fields.iter().all(|field| fault(field).is_none()));
    html! {
        @if let Some(wrong) = general { p.notice.failed role="alert" { (wrong.message) } }
        @if refund.failure_reason.is_some() && wrong.is_none() {
            p.notice.failed {
                "Your bank sent the money back. Please check the account, or name another one."
            }
        }
        section.card {
            p.lead { "A refund of " span.money { (sum) } ", " (about) ", waits for you." }
            p { "It goes to your bank account. Please say which one it is." }
            form method="post" action=(guest.path) {
                @for field in fields {
                    (field.shown(typed(field), fault(field).as_deref(), false))
                }
                button.button.primary type="submit" { "Send my refund to this account" }
            }
        }
        section.card {
            h2 { "What happens next" }
            p {
                "The account is checked, and the money is sent to it. That can take some working \
                 days. The number of your account is used for this refund, and is not kept."
            }
            @if let Some(request) = &refund.details_request {
                p {
                    "Please answer by " (moment(request.expires_at.0))
                    ". After that this link ends, and the refund has to be made again."
                }
            }
        }
    }
}

fn on_its_way() -> Markup {
    html! {
        section.card {
            p { (badge("pending")) }
            p.lead { "Thank you. We have your bank details, and the money is being sent." }
            p { "It can take some working days to arrive. You can close this page." }
            p.hint {
                "Should your bank send it back, this page asks you once more. Until then there is \
                 nothing left to do."
            }
        }
    }
}

fn sent(refund: &Refund) -> Markup {
    html! {
        section.card {
            p { (badge("paid")) }
            p.lead { "The money was sent to your bank account." }
            @if let Destination::Bank(account) = &refund.destination {
                p { "Your bank shows it with the reference " code { (account.reference) } "." }
            }
        }
    }
}

fn over(sum: &str) -> Markup {
    html! {
        section.card {
            p.lead { "The refund of " span.money { (sum) } " does not wait for bank details." }
            p { "If you expect money, please ask the business that you paid." }
        }
    }
}

/// Takes what somebody typed.
pub async fn submit(guest: &Guest, parts: &Parts, body: &Bytes) -> Answer {
    if !is_from_here(guest, &parts.headers) {
        let text = "This form was sent from another place. Please load the page again.";
        return sorry(StatusCode::FORBIDDEN, "Not possible", text);
    }
    if body.len() > FORM_BYTES_MAX {
        let text = "What was sent is larger than any bank account.";
        return sorry(StatusCode::PAYLOAD_TOO_LARGE, "Not possible", text);
    }
    let refund = refund(guest);
    let rail = Rail::for_currency(refund.currency.as_str());
    let (Some(form), Some(rail)) = (Form::read(body), rail) else {
        let text = "This form cannot be read. Please load the page again.";
        return sorry(StatusCode::BAD_REQUEST, "Not possible", text);
    };
    if refund.status != RefundStatus::RequiresAction {
        return web::see_other(&guest.path);
    }
    let hosted = &guest.app.hosted;
    let (tries, link, now) = (&hosted.tries, [refund.key.number.0], hosted.began.elapsed());
    let typed = typed(rail, &form);
    if let Err(left) = tries.count(&link, now) {
        let minutes = left.as_secs().div_ceil(60);
        let message = format!("There were too many tries. Please wait {minutes} minutes.");
        let wrong = Wrong { param: None, message, typed };
        let page = shown(guest, Some(&wrong));
        let mut answer = web::page(StatusCode::TOO_MANY_REQUESTS, page);
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(left.as_secs().max(1)));
        return answer;
    }
    let given = give(guest, &typed).await;
    if !given.as_ref().is_err_and(|(status, ..)| status.is_client_error()) {
        tries.forgive(&link);
    }
    match given {
        Ok(()) => web::see_other(&guest.path),
        Err((status, param, message)) => {
            let wrong = Wrong { param, message, typed };
            web::page(status, shown(guest, Some(&wrong)))
        }
    }
}

/// Why the API did not take an account: its status, the parameter at fault, and a sentence.
type NotTaken = (StatusCode, Option<String>, String);

/// Gives the account to the API, as anybody else would.
async fn give(guest: &Guest, typed: &[(&'static Field, String)]) -> Result<(), NotTaken> {
    let refund = guest.wire().ids.write(guest.target.purpose.kind(), guest.target.key);
    let pairs = typed.iter().filter(|(_, text)| !text.is_empty());
    let pairs = pairs.map(|(field, text)| format!("{}={}", escape(&field.param()), escape(text)));
    let body: Bytes = pairs.collect::<Vec<_>>().join("&").into();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/purser/v1/refunds/{refund}/bank_details"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("ocp-agent-type", AGENT_TYPE)
        .body(());
    let unsent = |_| (StatusCode::BAD_REQUEST, None, "This cannot be sent.".to_owned());
    let (parts, ()) = request.map_err(unsent)?.into_parts();
    let (answer, _) = serve_as(&guest.app, Some(&guest.access), &parts, body).await;
    let (parts, body) = answer.into_parts();
    if parts.status.is_success() {
        return Ok(());
    }
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let error = &value["error"];
    let message = match parts.status.is_client_error() {
        true => error["message"].as_str().unwrap_or("This account cannot be used."),
        // What went wrong inside is nothing for payers.
        false => "This did not work. Please try again in a moment.",
    };
    let param = error["param"].as_str().map(str::to_owned);
    Err((parts.status, param, message.to_owned()))
}

/// Whether a form was sent from a page of this server, as far as the browser tells. It is the
/// link that entitles; this keeps pages of others from using one that they know.
pub(super) fn is_from_here(guest: &Guest, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    // A page that is to send no referrer sends no origin either, or says `null`.
    let Some(origin) = text(ORIGIN.as_str()).filter(|origin| *origin != "null") else {
        return true;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    origin == &*guest.app.public_url || host.is_some() && host == text(HOST.as_str())
}
