//! One cash balance transaction: what it did to the books, who was told, and who asked for it.

use maud::{Markup, html};
use serde_json::Value;

use super::customer::cash::{cause, path};
use crate::dashboard::links::{link, page_of};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{
    amount, badge, card, change, copyable, facts, id_link, items, money, table, text, when,
};

/// Everything about a transaction.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let (customer, id) = (escape(visit.id("customer")), escape(visit.id("transaction")));
    let below = format!("customers/{customer}/cash_balance_transactions/{id}");
    let transaction = visit.get(&format!("/v1/{below}")).await?;
    let trail = visit.get(&format!("/purser/v1/{below}/trail")).await?;
    let body = html! {
        (card("Facts", &about(&transaction)))
        (card("In the journal", &postings(&trail["entry"])))
        (card("Events", &events(items(&trail["events"]))))
        (card("Asked for by", &request(&trail)))
        @if can_be_reversed(&visit, &transaction) {
            (card("Reverse the transfer", &reversing(&visit, &transaction)))
        }
    };
    let net = transaction["net_amount"].as_i64().unwrap_or_default();
    let moved = amount(net, text(&transaction["currency"]));
    Ok(Shown { title: format!("Transaction of {moved}"), body })
}

fn about(transaction: &Value) -> Markup {
    let net = transaction["net_amount"].as_i64().unwrap_or_default();
    facts(&[
        ("Why", Some(cause(transaction))),
        ("Change", Some(change(net, text(&transaction["currency"])))),
        ("Balance after", Some(money(&transaction["ending_balance"], &transaction["currency"]))),
        ("Customer", Some(link(&transaction["customer"]))),
        ("When", Some(when(&transaction["created"]))),
        ("Type", Some(badge(text(&transaction["type"])))),
        ("Id", Some(copyable("the id", text(&transaction["id"])))),
    ])
}

/// The entry: its lines, and that both sides are the same.
fn postings(entry: &Value) -> Markup {
    let side = |minor: &Value, currency: &Value| match minor.as_i64() {
        Some(0) | None => html! {},
        Some(_) => money(minor, currency),
    };
    let postings = items(&entry["postings"]);
    let mut lines: Vec<Vec<Markup>> = Vec::with_capacity(postings.len() + 1);
    for posting in postings {
        lines.push(vec![
            html! { (text(&posting["account"]).replace('_', " ")) },
            owner(&posting["owner"]),
            side(&posting["debit"], &posting["currency"]),
            side(&posting["credit"], &posting["currency"]),
        ]);
    }
    if let Some(first) = postings.first() {
        let sum = |side: &str| {
            let sum = postings.iter().filter_map(|posting| posting[side].as_i64()).sum::<i64>();
            html! { strong { (money(&sum.into(), &first["currency"])) } }
        };
        lines.push(vec![html! { strong { "Sum" } }, html! {}, sum("debit"), sum("credit")]);
    }
    let headings = ["Account", "Whose", ">Debit", ">Credit"];
    let id = text(&entry["id"]);
    html! {
        (table("Postings", &headings, &lines, "There is no entry."))
        p.more {
            "Entry " (id_link(&format!("/dashboard/journal/{id}"), id)) ", "
            (text(&entry["kind"]).replace('_', " "))
        }
    }
}

/// Whose account it is: a customer's, a payment's, or the house's own.
fn owner(id: &Value) -> Markup {
    match page_of(text(id)) {
        Some(_) => link(id),
        None => html! { (text(id)) },
    }
}

fn events(events: &[Value]) -> Markup {
    let lines = events.iter().map(|event| {
        vec![link(&event["id"]), html! { (text(&event["type"])) }, when(&event["created"])]
    });
    let lines: Vec<_> = lines.collect();
    table("Events", &["Event", "What happened", "When"], &lines, "Nobody was told of this.")
}

/// Who asked for it. A request of an agent was noted with what it said of itself; any other is
/// known by the id that the events have.
fn request(trail: &Value) -> Markup {
    let request = &trail["request"];
    if request["id"].is_null() {
        let mut named = items(&trail["events"]).iter();
        return match named.find_map(|event| event["request"]["id"].as_str()) {
            Some(id) => html! {
                p { "A program, over the API: request " (copyable("the id of the request", id)) }
            },
            None => html! {
                p.empty { "No request is known: it was due by itself, or is long ago." }
            },
        };
    }
    let agent = &request["agent"];
    let told = |field: &str| agent[field].as_str().map(|said| html! { (said) });
    let context = agent["context_id"].as_str();
    facts(&[
        ("Who", told("user")),
        ("Agent", told("type")),
        ("Goal", told("goal")),
        ("Conversation", context.map(|context| copyable("the conversation", context))),
        ("Workspace", told("workspace")),
        (
            "What was asked",
            Some(html! {
                code { (text(&request["method"])) " " (text(&request["path"])) }
            }),
        ),
        ("Key", request["key"].as_str().map(|key| html! { code { (key) } })),
        ("Request", Some(link(&request["id"]))),
        ("When", Some(when(&request["created"]))),
    ])
}

/// Banks can pull back what came over ACH. Here that is simulated, so with test money only.
fn can_be_reversed(visit: &Visit, transaction: &Value) -> bool {
    let sender = &transaction["funded"]["bank_transfer"]["us_bank_transfer"];
    visit.who.may_act() && !visit.who.access.livemode && sender["network"] == "ach"
}

fn reversing(visit: &Visit, transaction: &Value) -> Markup {
    let question = "Pull this transfer back, as the sender's bank could?";
    let path = path(transaction);
    let note = html! {
        p {
            "The sender's bank can pull a transfer over ACH back for some days. This simulates it. "
            "What of it was spent is paid from your own balance."
        }
    };
    visit.grave_action(&format!("{path}/reverse"), &path, ("Reverse", question), &note)
}

/// Pulls a transfer back.
pub async fn reverse(visit: Visit, form: Form) -> Result<Done, Failure> {
    let id = escape(visit.id("transaction"));
    let asked = format!("/purser/v1/bank_transfers/{id}/reverse");
    let reversed = visit.post(&asked, &[], form.text("key")).await?;
    Ok(Done { to: path(&reversed), notice: "The transfer was pulled back.".to_owned() })
}
