//! One source: a card, or an account that takes transfers, and what came to it.

use maud::{Markup, html};
use serde_json::Value;

use super::charges::{brand, expiry};
use super::objects::{self, words};
use crate::dashboard::links::known;
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{badge, card, copyable, facts, money, rows, table, text, when};

/// Transfers to a source that are shown: a page of the API.
const SHOWN_MAX: usize = 100;

/// One source.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let path = format!("/v1/sources/{}", escape(visit.id("id")));
    let source = visit.get(&path).await?;
    let transfers = match source["receiver"].is_object() {
        true => visit.get(&format!("{path}/source_transactions?limit={SHOWN_MAX}")).await?,
        false => Value::Null,
    };
    let body = html! {
        (card("Source", &about(&source)))
        @if source["receiver"].is_object() { (card("Transfers", &received(&transfers))) }
        (objects::metadata(&source))
        (objects::raw(&source))
    };
    Ok(Shown { title: title(&source), body })
}

fn title(source: &Value) -> String {
    let card = &source["card"];
    match card.is_object() {
        true => format!("{} ending in {}", brand(card), text(&card["last4"])),
        false => format!("Source by {}", text(&source["type"]).replace('_', " ")),
    }
}

fn about(source: &Value) -> Markup {
    let receiver = &source["receiver"];
    let account = &source[text(&source["type"])];
    let of = |field: &str| {
        receiver[field].is_i64().then(|| money(&receiver[field], &source["currency"]))
    };
    let number = |field: &str| account[field].as_str().map(|it| copyable("it", it));
    let expires = expiry(&source["card"]);
    facts(&[
        ("Id", Some(copyable("the id", text(&source["id"])))),
        ("State", Some(badge(text(&source["status"])))),
        ("Customer", known(&source["customer"])),
        ("Owner", words(&source["owner"]["name"])),
        ("E-mail", words(&source["owner"]["email"])),
        ("Expires", expires.map(|at| html! { (at) })),
        ("Routing number", number("routing_number")),
        ("Account number", number("account_number")),
        ("IBAN", number("iban")),
        ("BIC", number("bic")),
        ("Received", of("amount_received")),
        ("Charged", of("amount_charged")),
        ("Sent back", of("amount_returned")),
        ("Created", Some(when(&source["created"]))),
    ])
}

fn received(transfers: &Value) -> Markup {
    let lines = rows(transfers).iter().map(|transfer| {
        vec![
            html! { code.id { (text(&transfer["id"])) } },
            money(&transfer["amount"], &transfer["currency"]),
            badge(text(&transfer["status"])),
            when(&transfer["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Transfer", ">Amount", "State", "Created"];
    table("Transfers", &headings, &lines, "No money came to this source yet.")
}
