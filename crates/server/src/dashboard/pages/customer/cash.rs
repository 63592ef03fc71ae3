//! The cash balance: what it is, how it went, and what caused each change.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::dashboard::links::{link, transaction_link, transaction_page};
use crate::web::addresses::network_name;
use crate::web::parts::chart::{Series, chart};
use crate::web::parts::{change, money, rows, table, text, tile, when};

/// For each currency what there is, and how it went until `now`. `latest` are transactions,
/// newest first.
pub fn balances(balance: &Value, latest: &[Value], now: i64) -> Markup {
    let none = Map::new();
    let available = balance["available"].as_object().unwrap_or(&none);
    html! {
        @for (currency, amount) in available {
            @let points = ends(latest, currency, now);
            @let number = points.len().saturating_sub(1);
            @let label = format!("Cash balance in {}", currency.to_uppercase());
            div.balance {
                (tile(&label, &money(amount, &currency.as_str().into()), &html! {
                    @match number {
                        0 => "Unchanged by the newest transactions"
                        1 => {}
                        _ => { "Here with its newest " (number) " transactions" }
                    }
                }))
                @if number > 0 {
                    section.card {
                        (chart(&label, currency, &[Series { name: "Cash balance", points }]))
                    }
                }
            }
        }
    }
}

/// Where a balance stood after each transaction in a currency, oldest first, and where it stands.
fn ends(latest: &[Value], currency: &str, now: i64) -> Vec<(i64, i64)> {
    let own = latest.iter().rev().filter(|row| row["currency"] == currency);
    let mut ends: Vec<(i64, i64)> = own
        .filter_map(|row| Some((row["created"].as_i64()?, row["ending_balance"].as_i64()?)))
        .collect();
    ends.extend(ends.last().map(|&(_, stands)| (now, stands)));
    ends
}

/// A page of transactions.
pub fn transactions(page: &Value) -> Markup {
    let lines = rows(page).iter().map(|row| {
        let net = row["net_amount"].as_i64().unwrap_or_default();
        vec![
            html! { a href=(path(row)) { (when(&row["created"])) } },
            cause(row),
            change(net, text(&row["currency"])),
            money(&row["ending_balance"], &row["currency"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["When", "Why", ">Change", ">Balance after"];
    table("Cash balance transactions", &headings, &lines, "No money has moved yet.")
}

/// The page of a transaction.
pub fn path(transaction: &Value) -> String {
    transaction_page(text(&transaction["customer"]), text(&transaction["id"]))
}

/// What caused a transaction, in words and with links.
pub fn cause(transaction: &Value) -> Markup {
    let kind = text(&transaction["type"]);
    let told = &transaction[kind];
    let payment = || link(&told["payment_intent"]);
    match kind {
        "funded" => transfer(&told["bank_transfer"]),
        "applied_to_payment" => html! { "Paid to the payment " (payment()) },
        "unapplied_from_payment" => html! { "Came back from the payment " (payment()) },
        "refunded_from_payment" => html! {
            "A payment was refunded into the cash balance: " (link(&told["refund"]))
        },
        "return_initiated" => html! { "On its way back to the customer's bank" },
        "return_canceled" => html! { "The way back to the customer's bank was given up" },
        "transferred_to_balance" => html! { "Unclaimed, so it went to your own balance" },
        "funding_reversed" => html! { "The sender's bank pulled a transfer back" },
        "adjusted_for_overdraft" => {
            let linked =
                transaction_link(text(&transaction["customer"]), text(&told["linked_transaction"]));
            html! { "Your balance paid for an overdraft: " (linked) }
        }
        other => html! { (other.replace('_', " ")) },
    }
}

/// A transfer: who sent it, in which way, and what they wrote.
fn transfer(told: &Value) -> Markup {
    let sender = &told[text(&told["type"])];
    let name = Some(text(&sender["sender_name"])).filter(|name| !name.is_empty());
    let network = text(&sender["network"]);
    html! {
        "Transfer from " (name.unwrap_or("an unknown sender"))
        @if !network.is_empty() { " by " (network_name(network)) }
        @match Some(text(&told["reference"])).filter(|reference| !reference.is_empty()) {
            Some(reference) => { ", reference " code { (reference) } }
            None => { ", no reference" }
        }
    }
}
