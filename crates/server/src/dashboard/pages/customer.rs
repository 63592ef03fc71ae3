//! One customer: what they have and how it came about, what they still have to pay, where they
//! send money to, and what can be done for them.
//!
//! Reading order: [`cards`] has what they are charged with; [`cash`] has the transactions and what
//! caused each; [`payments`] what is open; [`instructions`] the accounts; [`forms`] what can be
//! done, and doing it.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{badge, card, copyable, facts, rows, text, when};

pub mod cards;
pub mod cash;
pub mod forms;
pub mod instructions;
pub mod payments;

/// Rows that charts and the list of open payments look at: a page of the API.
const LOOKED_AT: usize = 100;

/// Everything about a customer.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = visit.id("customer").to_owned();
    let path = format!("/v1/customers/{}", escape(&id));
    let customer = visit.get(&path).await?;
    if customer["deleted"] == true {
        let gone = html! { p.lead { "This customer was deleted." } (copyable("the id", &id)) };
        return Ok(Shown { title: "Deleted customer".to_owned(), body: card("Facts", &gone) });
    }
    let balance = visit.get(&format!("{path}/cash_balance")).await?;
    let transactions = format!("{path}/cash_balance_transactions");
    let latest = visit.get(&format!("{transactions}?limit={LOOKED_AT}")).await?;
    let page = visit.list(&transactions).await?;
    let asked = format!("/v1/payment_intents?customer={}&limit={LOOKED_AT}", escape(&id));
    let intents = visit.get(&asked).await?;
    let accounts = format!("/purser/v1/customers/{}/funding_instructions", escape(&id));
    let accounts = visit.get(&accounts).await?;
    let wallet = cards::Wallet::find(&visit, &id).await?;
    let now = visit.app.clock.now().seconds().0;
    let body = html! {
        (card("Facts", &about(&customer, &balance)))
        (cash::balances(&balance, rows(&latest), now))
        section.card {
            h2 { "Cash balance transactions" }
            (cash::transactions(&page))
            (visit.pager(&own_path(&id), &page))
            @if !rows(&page).is_empty() {
                p.more {
                    a href={ (own_path(&id)) "/statement" } { "Statement" }
                    " · "
                    a href={ "/dashboard/exports/transactions.csv?customer=" (id) } {
                        "All transactions as CSV"
                    }
                }
            }
        }
        (card("Open payments", &payments::open(&visit, &id, &balance, &intents)))
        (card("Cards and sources", &cards::shown(&visit, &customer, &wallet)))
        (card("Funding instructions", &instructions::shown(&visit, &id, rows(&accounts))))
        @if visit.who.may_act() {
            div.grid {
                @if !visit.who.access.livemode {
                    (card("Simulate a transfer", &forms::simulation(&visit, &id)))
                }
                (card("Send cash back", &forms::returning(&visit, &id, &balance)))
                (card("Reconciliation", &forms::reconciliation(&visit, &id, &balance)))
            }
        }
    };
    Ok(Shown { title: title(&customer), body })
}

/// The page of a customer.
fn own_path(id: &str) -> String {
    format!("/dashboard/customers/{}", escape_id(id))
}

/// Ids are letters, digits and `_`; whatever else comes in a path is made safe.
fn escape_id(id: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if id.chars().all(is_plain) { id.to_owned() } else { escape(id) }
}

/// What a customer is called: by name, by address, or by id.
fn title(customer: &Value) -> String {
    let named = ["name", "email", "id"].map(|field| text(&customer[field]));
    named.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
}

fn about(customer: &Value, balance: &Value) -> Markup {
    let told = |field: &str| {
        let value = Some(text(&customer[field])).filter(|value| !value.is_empty())?;
        Some(html! { (value) })
    };
    let settings = &balance["settings"];
    let by_default = settings["using_merchant_default"] == true;
    let mode = html! {
        (badge(text(&settings["reconciliation_mode"])))
        @if by_default { " " span.muted { "as for all customers" } }
    };
    let metadata = customer["metadata"].as_object().filter(|metadata| !metadata.is_empty());
    let metadata = metadata.map(|metadata| {
        html! {
            ul.plain {
                @for (name, value) in metadata { li { code { (name) } ": " (text(value)) } }
            }
        }
    });
    facts(&[
        ("Name", told("name")),
        ("E-mail", told("email")),
        ("Phone", told("phone")),
        ("Description", told("description")),
        ("Id", Some(copyable("the id", text(&customer["id"])))),
        ("Created", Some(when(&customer["created"]))),
        ("Reconciliation", Some(mode)),
        ("Metadata", metadata),
    ])
}
