//! Top-ups: money that the merchant puts into the balance.

use maud::html;

use super::objects::{self, balance_lines, words};
use crate::dashboard::links::link;
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{amount, badge, card, copyable, facts, money, rows, table, text, when};

/// Top-ups, newest first.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let topups = visit.list("/v1/topups").await?;
    let lines = rows(&topups).iter().map(|topup| {
        vec![
            link(&topup["id"]),
            money(&topup["amount"], &topup["currency"]),
            badge(text(&topup["status"])),
            words(&topup["description"]).unwrap_or_default(),
            when(&topup["expected_availability_date"]),
            when(&topup["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Top-up", ">Amount", "State", "Description", "Expected", "Created"];
    let body = html! {
        (card("Top-ups", &table("Top-ups", &headings, &lines, "There are no top-ups yet.")))
        (visit.pager("/dashboard/topups", &topups))
    };
    Ok(Shown { title: "Top-ups".to_owned(), body })
}

/// One top-up.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let path = format!("/v1/topups/{}?expand[]=balance_transaction", escape(visit.id("id")));
    let topup = visit.get(&path).await?;
    let line = &topup["balance_transaction"];
    let total = amount(topup["amount"].as_i64().unwrap_or(0), text(&topup["currency"]));
    let state = html! {
        p.lead {
            (badge(text(&topup["status"]))) " "
            @match text(&topup["status"]) {
                "pending" => "The bank has not sent it yet.",
                "succeeded" => "The money is in your balance.",
                "canceled" => "It was given up.",
                _ => "The bank did not send it.",
            }
        }
        @if let Some(why) = words(&topup["failure_message"]) { p { (why) } }
    };
    let about = facts(&[
        ("Id", Some(copyable("the id", text(&topup["id"])))),
        ("Amount", Some(money(&topup["amount"], &topup["currency"]))),
        ("Expected", Some(when(&topup["expected_availability_date"]))),
        ("Created", Some(when(&topup["created"]))),
        ("Description", words(&topup["description"])),
        ("On the bank statement", words(&topup["statement_descriptor"])),
        ("Transfer group", words(&topup["transfer_group"])),
    ]);
    let body = html! {
        (card("State", &state))
        (card("Top-up", &about))
        @if line.is_object() { (balance_lines(std::slice::from_ref(line))) }
        (objects::metadata(&topup))
        (objects::raw(&topup))
    };
    Ok(Shown { title: format!("Top-up of {total}"), body })
}
