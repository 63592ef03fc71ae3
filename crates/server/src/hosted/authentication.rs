//! The page on which the holder of a test card authenticates: what a card's bank shows in the place
//! of 3-D Secure.
//!
//! What is pressed goes through the same operation as from anybody else. Then the holder goes back
//! to where the merchant said, with what came of it; the browser is told that this page's form may
//! lead there, and nowhere else.

use books::Document;
use books::payment_intent::{IntentStatus, PaymentIntent};
use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use maud::{Markup, html};

use super::door::{sheet, sorry};
use super::guest::{Guest, look};
use super::refund::is_from_here;
use crate::api::payment_intents::after::Authenticated;
use crate::api::serve::{Answer, serve_as};
use crate::dashboard::visit::{Form, escape};
use crate::web;
use crate::web::parts::{amount, badge};

/// Bytes of a form, at most.
const FORM_BYTES_MAX: usize = 1 << 10;
/// How agents' notes call this page.
const AGENT_TYPE: &str = "hosted page";

/// The page as things stand.
pub fn page(guest: &Guest) -> Answer {
    let intent = intent(guest);
    let sum = amount(intent.amount, intent.currency.as_str());
    let (title, body) = match intent.status {
        _ if intent.waits_for_holder() => {
            ("Is it you who pays?".to_owned(), asked(guest, intent, &sum))
        }
        IntentStatus::Succeeded | IntentStatus::RequiresCapture => {
            (format!("Your payment of {sum}"), over(guest, intent, "succeeded", SUCCEEDED))
        }
        IntentStatus::Canceled => {
            (format!("Your payment of {sum}"), over(guest, intent, "canceled", GIVEN_UP))
        }
        _ if intent.last_error.is_some() => {
            (format!("Your payment of {sum}"), over(guest, intent, "failed", FAILED))
        }
        _ => ("Nothing to do here".to_owned(), over(guest, intent, "pending", NOTHING)),
    };
    let sheet = sheet(&title, None, !guest.target.livemode, &body);
    match return_url(intent).and_then(web::origin) {
        Some(origin) => web::page_that_leads_to(StatusCode::OK, sheet, &origin),
        None => web::page(StatusCode::OK, sheet),
    }
}

const SUCCEEDED: &str = "Thank you. The payment went through.";
const GIVEN_UP: &str = "The payment was given up, and nothing was taken from your card.";
const FAILED: &str = "The payment did not go through, and nothing was taken from your card.";
const NOTHING: &str = "The payment does not wait for you to authenticate.";

fn intent(guest: &Guest) -> &PaymentIntent {
    match &guest.document {
        Document::PaymentIntent(intent) => intent,
        _ => unreachable!("links for holders of cards lead to payments"),
    }
}

fn return_url(intent: &PaymentIntent) -> Option<&str> {
    intent.card.as_ref()?.return_url.as_deref()
}

fn asked(guest: &Guest, intent: &PaymentIntent, sum: &str) -> Markup {
    let last4 = last4(guest, intent);
    html! {
        section.card {
            p.lead {
                (guest.access.account) " asks for " span.money { (sum) }
                @if let Some(last4) = &last4 { " from the card that ends in " (last4) }
                "."
            }
            p {
                "In the place of the card's bank: say whether the holder of the card agrees. \
                 Nothing else is asked for."
            }
            form.line method="post" action=(guest.path) {
                button.button.primary type="submit" name="outcome"
                    value=(Authenticated::Succeeded.as_str()) { "Complete authentication" }
                button.button type="submit" name="outcome"
                    value=(Authenticated::Failed.as_str()) { "Fail authentication" }
            }
        }
    }
}

/// The last digits of the card.
fn last4(guest: &Guest, intent: &PaymentIntent) -> Option<String> {
    let (kind, key) = intent.instrument()?.named();
    let world = guest.target.world;
    let found = guest.app.readers.snapshot(|reader| reader.document(world, kind, key)).ok()??;
    match found {
        Document::PaymentMethod(method) => method.card.map(|card| card.last4),
        Document::Card(card) => Some(card.card.last4),
        Document::Source(source) => source.card.map(|card| card.last4),
        _ => None,
    }
}

fn over(guest: &Guest, intent: &PaymentIntent, state: &str, text: &str) -> Markup {
    html! {
        section.card {
            p { (badge(state)) }
            p.lead { (text) }
            @match back(guest, intent) {
                Some(url) => p { a.button href=(url) rel="noreferrer" { "Back to the merchant" } },
                None => p { "You can close this page." },
            }
        }
    }
}

/// Where the holder goes back to, with what came of it (Stripe's page about `return_url`).
fn back(guest: &Guest, intent: &PaymentIntent) -> Option<String> {
    let url = return_url(intent).filter(|url| web::origin(url).is_some())?;
    let (before, fragment) = match url.split_once('#') {
        Some((before, fragment)) => (before, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let status = match intent.status {
        IntentStatus::Succeeded | IntentStatus::RequiresCapture => "succeeded",
        _ => "failed",
    };
    let wire = guest.wire();
    let id = wire.ids.write(guest.target.purpose.kind(), intent.key);
    let secret = wire.client_secret(intent);
    let join = if before.contains('?') { '&' } else { '?' };
    Some(format!(
        "{before}{join}payment_intent={id}&payment_intent_client_secret={secret}\
         &redirect_status={status}{fragment}"
    ))
}

/// Takes what somebody pressed.
pub async fn submit(guest: &Guest, parts: &Parts, body: &Bytes) -> Answer {
    if !is_from_here(guest, &parts.headers) {
        let text = "This form was sent from another place. Please load the page again.";
        return sorry(StatusCode::FORBIDDEN, "Not possible", text);
    }
    let form = (body.len() <= FORM_BYTES_MAX).then(|| Form::read(body)).flatten();
    let pressed = form.as_ref().and_then(|form| form.given("outcome"));
    let Some(outcome) = pressed.and_then(Authenticated::from_word) else {
        let text = "This form cannot be read. Please load the page again.";
        return sorry(StatusCode::BAD_REQUEST, "Not possible", text);
    };
    if intent(guest).waits_for_holder() {
        let status = tell(guest, outcome).await;
        // Pressed twice at once, it was pressed once.
        if !status.is_success() && status != StatusCode::BAD_REQUEST {
            let text = "This did not work. Please load the page again in a moment.";
            return sorry(status, "Not possible", text);
        }
    }
    let now = match look(&guest.app, &guest.target) {
        Ok(Some(Document::PaymentIntent(intent))) => intent,
        _ => return web::see_other(&guest.path),
    };
    web::see_other(&back(guest, &now).unwrap_or_else(|| guest.path.clone()))
}

/// Tells the API, as anybody else would.
async fn tell(guest: &Guest, outcome: Authenticated) -> StatusCode {
    let intent = guest.wire().ids.write(guest.target.purpose.kind(), guest.target.key);
    let body: Bytes = format!("outcome={}", escape(outcome.as_str())).into();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/purser/v1/payment_intents/{intent}/authenticate"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("ocp-agent-type", AGENT_TYPE)
        .body(());
    let Ok(request) = request else { return StatusCode::BAD_REQUEST };
    let (parts, ()) = request.into_parts();
    let (answer, _) = serve_as(&guest.app, Some(&guest.access), &parts, body).await;
    answer.status()
}
