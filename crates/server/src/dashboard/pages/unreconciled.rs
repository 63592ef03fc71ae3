//! Money that waits in cash balances: how much, whose, and for how long.

use maud::{Markup, html};
use serde_json::Value;

use super::home::days;
use crate::dashboard::links::link;
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{card, money, pager_of, rows, table, text, when};

const PATH: &str = "/dashboard/unreconciled";
const DAY_S: i64 = 24 * 60 * 60;
/// After so many days money starts its way back to the bank that it came from.
const RETURNED_AFTER_DAYS: i64 = 75;
/// After so many days it goes to the merchant.
const SWEPT_AFTER_DAYS: i64 = 90;

/// Customers whose money waits, the longest waiting first.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let totals = visit.get("/purser/v1/unreconciled_totals").await?;
    let (asked, path) = match visit.query().given("currency") {
        Some(currency) => {
            let filter = format!("?currency={}", escape(currency));
            (format!("/purser/v1/unreconciled{filter}"), format!("{PATH}{filter}"))
        }
        None => ("/purser/v1/unreconciled".to_owned(), PATH.to_owned()),
    };
    let waiting = visit.list(&asked).await?;
    let is_given = |name| visit.query().given(name).is_some();
    let asked_for = (is_given("after"), is_given("before"));
    let now = visit.app.clock.now().seconds().0;
    let body = html! {
        p.lead {
            "Money that pays nothing yet. It goes to payments as they are made, or by hand on the "
            "page of its customer."
        }
        p {
            "What nobody has used after " (RETURNED_AFTER_DAYS) " days is sent back to the "
            "customer's bank. If no bank account is known after " (SWEPT_AFTER_DAYS) " days, it "
            "goes to your own balance; money that came over SWIFT cannot be sent back, and does "
            "so after " (RETURNED_AFTER_DAYS) " days. Each transfer is counted by its own age."
        }
        (card("By currency", &by_currency(&totals, now)))
        section.card {
            h2 { "Customers, the longest waiting first" }
            @if let Some(currency) = visit.query().given("currency") {
                p { "Only " (currency.to_uppercase()) ". " a href=(PATH) { "All currencies" } }
            }
            (lines(&waiting, now))
            (pager_of(&path, &waiting, asked_for, ("Waiting longer", "Waiting less")))
        }
    };
    Ok(Shown { title: "Unreconciled".to_owned(), body })
}

fn by_currency(totals: &Value, now: i64) -> Markup {
    let lines = rows(totals).iter().map(|total| {
        let currency = text(&total["currency"]);
        vec![
            html! {
                a href={ (PATH) "?currency=" (currency) } { (currency.to_uppercase()) }
            },
            age(&total["oldest"], now),
            html! { (total["customers"].as_i64().unwrap_or_default()) },
            money(&total["amount"], &total["currency"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Currency", "The oldest waits for", ">Customers", ">Amount"];
    table("Totals", &headings, &lines, "No money has come in yet.")
}

fn lines(waiting: &Value, now: i64) -> Markup {
    let lines = rows(waiting).iter().map(|row| {
        vec![
            link(&row["customer"]),
            when(&row["since"]),
            age(&row["since"], now),
            money(&row["amount"], &row["currency"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Customer", "Since", "Waits for", ">Amount"];
    table("Money that waits", &headings, &lines, "No money waits.")
}

/// How long money waits.
fn age(since: &Value, now: i64) -> Markup {
    match since.as_i64() {
        Some(since) => html! { (days((now - since) / DAY_S)) },
        None => when(since),
    }
}
