//! The cards, sources and payment methods of a customer.

use maud::{Markup, html};
use serde_json::Value;

use super::own_path;
use crate::dashboard::links::link;
use crate::dashboard::pages::charges::{brand, expiry};
use crate::dashboard::visit::{Done, Failure, Form, Visit, escape};
use crate::web::parts::{badge, rows, table, text, when};

/// Cards and sources, and payment methods, that are shown: a page of the API of each.
const SHOWN_MAX: usize = 100;

/// What can be charged of a customer.
pub struct Wallet {
    sources: Value,
    methods: Value,
}

impl Wallet {
    /// Reads it.
    pub async fn find(visit: &Visit, customer: &str) -> Result<Wallet, Failure> {
        let path = format!("/v1/customers/{}", escape(customer));
        let sources = format!("{path}/sources?limit={SHOWN_MAX}");
        let methods = format!("{path}/payment_methods?type=card&limit={SHOWN_MAX}");
        Ok(Wallet {
            sources: allowed(visit, &sources).await?,
            methods: allowed(visit, &methods).await?,
        })
    }
}

/// A list, which is empty for whoever may not see it.
async fn allowed(visit: &Visit, path: &str) -> Result<Value, Failure> {
    match visit.get(path).await {
        Err(failure) if failure.status == 403 => Ok(Value::Null),
        found => found,
    }
}

/// What a customer can be charged with; what is charged by default says so.
pub fn shown(visit: &Visit, customer: &Value, wallet: &Wallet) -> Markup {
    let listed = rows(&wallet.sources);
    // Cards are listed as payment methods too, and shown once.
    let is_new = |method: &&Value| listed.iter().all(|known| known["id"] != method["id"]);
    let methods = rows(&wallet.methods).iter().filter(is_new);
    let lines: Vec<_> =
        listed.iter().chain(methods).map(|one| line(visit, customer, one)).collect();
    let headings = ["What", "Expires", "State", "Created", ""];
    let empty = "This customer has no card and no source.";
    html! {
        (table("Cards and sources", &headings, &lines, empty))
        @if wallet.sources["has_more"] == true || wallet.methods["has_more"] == true {
            p.hint { "These are the newest ones. The API lists the others." }
        }
    }
}

fn line(visit: &Visit, customer: &Value, one: &Value) -> Vec<Markup> {
    let id = text(&one["id"]);
    let card = if one["object"] == "card" { one } else { &one["card"] };
    let default =
        [&customer["default_source"], &customer["invoice_settings"]["default_payment_method"]];
    vec![
        html! { (what(one, card)) div.hint { (link(&one["id"])) } },
        html! { (expiry(card).unwrap_or_default()) },
        html! {
            @if one["status"].is_string() { (badge(text(&one["status"]))) " " }
            @if default.contains(&&one["id"]) { (badge("default")) }
        },
        html! { @if one["created"].is_i64() { (when(&one["created"])) } },
        remove(visit, text(&customer["id"]), id),
    ]
}

fn what(one: &Value, card: &Value) -> String {
    match card.is_object() {
        true => format!("{} ending in {}", brand(card), text(&card["last4"])),
        false => {
            let account = &one[text(&one["type"])];
            let numbers = ["account_number", "iban"].map(|field| text(&account[field]));
            let number = numbers.into_iter().find(|number| !number.is_empty());
            let kind = text(&one["type"]).replace('_', " ");
            number.map_or_else(|| kind.clone(), |number| format!("{kind} to {number}"))
        }
    }
}

fn remove(visit: &Visit, customer: &str, id: &str) -> Markup {
    let to = format!("{}/cards/{id}/remove", own_path(customer));
    let question = "Take this away from the customer? Nobody can charge it afterwards.";
    html! {
        @if visit.who.may_act() {
            (visit.grave_action(&to, &own_path(customer), ("Remove", question), &html! {}))
        }
    }
}

/// Takes a card, a source or a payment method away from a customer.
pub async fn take_away(visit: Visit, form: Form) -> Result<Done, Failure> {
    let (customer, id) = (visit.id("customer").to_owned(), visit.id("id").to_owned());
    match id.starts_with("pm_") {
        true => {
            let path = format!("/v1/payment_methods/{}/detach", escape(&id));
            visit.post(&path, &[], form.text("key")).await?;
        }
        false => {
            let path = format!("/v1/customers/{}/sources/{}", escape(&customer), escape(&id));
            visit.delete(&path).await?;
        }
    }
    Ok(Done { to: own_path(&customer), notice: "It was taken away from the customer.".to_owned() })
}
