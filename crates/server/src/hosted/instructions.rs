//! The page on which a payer reads where to send the money for a payment.

use bank::FinancialAddress;
use books::Document;
use books::payment_intent::{IntentStatus, PaymentIntent};
use maud::{Markup, html};
use serde_json::Value;

use super::door::sheet;
use super::guest::Guest;
use super::{live, qr};
use crate::web::addresses::{self, Line, durations, heading, payee};
use crate::web::parts::{amount, badge, card, figures, moment, text};

/// The page as things stand.
pub fn page(guest: &Guest) -> Markup {
    let Document::PaymentIntent(intent) = &guest.document else {
        unreachable!("links to instructions lead to payments");
    };
    let whole = amount(intent.amount, intent.currency.as_str());
    let (title, body) = match intent.status {
        IntentStatus::Succeeded => (format!("Thank you: {whole} arrived"), paid(&whole)),
        IntentStatus::Canceled => ("This payment was canceled".to_owned(), canceled()),
        IntentStatus::RequiresAction if intent.instructions.is_some() => {
            let remains = amount(intent.amount_remaining(), intent.currency.as_str());
            (format!("Pay {remains} by bank transfer"), waiting(guest, intent, &remains))
        }
        _ => ("Nothing to pay at present".to_owned(), idle()),
    };
    let stream = live::path(&guest.path);
    sheet(&title, Some(&stream), !guest.target.livemode, &body)
}

fn paid(whole: &str) -> Markup {
    html! {
        section.card {
            p { (badge("paid")) }
            p.lead { "This payment of " span.money { (whole) } " is complete." }
            p { "There is nothing left to do. You can close this page." }
        }
    }
}

fn canceled() -> Markup {
    html! {
        section.card {
            p { (badge("canceled")) }
            p.lead { "Please do not send any more money for it." }
            p { "If you have sent some already, please ask the business that you paid." }
        }
    }
}

fn idle() -> Markup {
    html! {
        section.card {
            p { "This payment does not wait for a bank transfer. Please send no money for now." }
        }
    }
}

fn waiting(guest: &Guest, intent: &PaymentIntent, remains: &str) -> Markup {
    let shown = guest.shown();
    let told = &shown["next_action"]["display_bank_transfer_instructions"];
    let accounts = addresses::read(told);
    let reference = Some(text(&told["reference"])).filter(|reference| !reference.is_empty());
    html! {
        (standing(intent, remains, accounts.first().map(payee)))
        (card("What to send", &what(intent, reference)))
        @for account in &accounts {
            section.card {
                h2 { (heading(account)) }
                (addresses::list(&addresses::lines(account)))
                @if let Some(code) = code(intent, account, told) { (code) }
            }
        }
        section.card {
            h2 { "How long it takes" }
            ul.bullets {
                @for how_long in accounts.iter().flat_map(durations) { li { (how_long) } }
            }
            p.hint { "Your bank may need longer at weekends and on holidays." }
        }
        p.hint {
            "This page shows money as soon as it is here. "
            a href=(guest.path) { "Load it again" }
            @if let Some(end) = super::links::ends_at(&guest.document) {
                ". It can be opened until " (moment(end.0)) "."
            }
        }
    }
}

/// How much of it is there, and who gets it.
fn standing(intent: &PaymentIntent, remains: &str, payee: Option<&str>) -> Markup {
    let currency = intent.currency.as_str();
    html! {
        section.card {
            @if intent.applied > 0 {
                p { span.badge.wait { "partly paid" } }
                p.lead {
                    span.money { (amount(intent.applied, currency)) } " of "
                    span.money { (amount(intent.amount, currency)) } " arrived. "
                    span.money { (remains) } " is still to be paid."
                }
            } @else {
                p { span.badge.wait { "waiting for your transfer" } }
                p.lead { span.money { (remains) } " is to be paid." }
            }
            @if let Some(payee) = payee {
                p { "It goes to " strong { (payee) } "." }
            }
        }
    }
}

/// The amount and the reference, which are the same whichever account the money goes to.
fn what(intent: &PaymentIntent, reference: Option<&str>) -> Markup {
    let currency = intent.currency.as_str();
    let remains = intent.amount_remaining();
    let mut lines = vec![Line {
        name: "Amount",
        shown: amount(remains, currency),
        copied: Some(figures(remains, currency).replace(',', "")),
    }];
    lines.extend(reference.map(|reference| Line::plain("Reference", reference)));
    html! {
        (addresses::list(&lines))
        @if reference.is_some() {
            p.hint {
                "Please write the reference into your transfer: it says what the money is for."
            }
        }
    }
}

/// The code for an app of a bank, where there is a standard for it.
fn code(intent: &PaymentIntent, account: &FinancialAddress, told: &Value) -> Option<Markup> {
    let FinancialAddress::Iban { iban, .. } = account else { return None };
    let transfer = qr::Transfer {
        bic: &iban.bic,
        name: &iban.parties.account_holder_name,
        iban: &iban.iban,
        cents: intent.amount_remaining(),
        reference: text(&told["reference"]),
    };
    let says = "QR code with the account, the amount and the reference of this transfer";
    let picture = qr::picture(&qr::payload(&transfer)?, says)?;
    Some(html! {
        figure.scan {
            (picture)
            figcaption { "Or scan this code with the app of your bank." }
        }
    })
}
