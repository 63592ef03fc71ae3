//! The journal: every entry with its postings.

use maud::{Markup, html};
use serde_json::Value;

use super::ledger::account_name;
use crate::dashboard::links::{known, link};
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::moments::parse_moment;
use crate::web::parts::{amount, card, copyable, facts, field, rows, table, text, when};

const LIST: &str = "/dashboard/journal";
const DAY_S: i64 = 24 * 60 * 60;

/// Entries, newest first: all, or those of a day.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let day = visit.query().text("day").to_owned();
    let (range, query) = match day.is_empty() {
        true => (String::new(), String::new()),
        false => {
            let start = parse_moment(&day).map_err(|problem| Failure::new(400, problem))?.0;
            let end = start.saturating_add(DAY_S);
            (format!("?created[gte]={start}&created[lt]={end}"), format!("?day={}", escape(&day)))
        }
    };
    let entries = visit.list(&format!("/purser/v1/journal{range}")).await?;
    let lines: Vec<_> = rows(&entries).iter().map(line).collect();
    let headings = ["When", "Entry", "Debit", "Credit", "Request"];
    let body = html! {
        section.card { h2 { "Which entries" } (filter(&day)) }
        (card("Entries", &table("Entries", &headings, &lines, "There are no such entries.")))
        (visit.pager(&format!("{LIST}{query}"), &entries))
    };
    Ok(Shown { title: "Journal".to_owned(), body })
}

fn filter(day: &str) -> Markup {
    let input = html! {
        input #day name="day" type="date" value=(day) aria-describedby="day-hint";
    };
    html! {
        form.filter action=(LIST) {
            (field("Day", "day", &input, "Days begin and end in UTC."))
            button type="submit" { "Show this day" }
            @if !day.is_empty() { " " a.button href=(LIST) { "Show all" } }
        }
    }
}

fn line(entry: &Value) -> Vec<Markup> {
    vec![
        when(&entry["created"]),
        html! {
            a href={ (LIST) "/" (text(&entry["id"])) } { (text(&entry["kind"]).replace('_', " ")) }
        },
        side(entry, "debit"),
        side(entry, "credit"),
        link(&entry["request"]),
    ]
}

/// The postings of an entry on one side.
fn side(entry: &Value, side: &str) -> Markup {
    let postings = entry["postings"].as_array().into_iter().flatten();
    let of_side = postings.filter(|posting| posting[side].as_i64().unwrap_or_default() > 0);
    html! {
        ul.plain {
            @for posting in of_side {
                li {
                    (account_name(text(&posting["account"]))) " "
                    span.money { (posted(posting, side)) }
                }
            }
        }
    }
}

/// What is posted on one side of a line; empty where it is on the other.
fn posted(posting: &Value, side: &str) -> String {
    match posting[side].as_i64().unwrap_or_default() {
        0 => String::new(),
        minor => amount(minor, text(&posting["currency"])),
    }
}

/// One entry.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = escape(visit.id("id"));
    let entry = visit.get(&format!("/purser/v1/journal/{id}")).await?;
    let postings = entry["postings"].as_array().into_iter().flatten().map(|posting| {
        vec![
            html! { (account_name(text(&posting["account"]))) },
            link(&posting["owner"]),
            html! { span.money { (posted(posting, "debit")) } },
            html! { span.money { (posted(posting, "credit")) } },
        ]
    });
    let postings: Vec<_> = postings.collect();
    let about = facts(&[
        ("When", Some(when(&entry["created"]))),
        ("Request", known(&entry["request"])),
        ("Number", Some(copyable("the number", text(&entry["id"])))),
        ("Seal", Some(html! { span.seal { (text(&entry["seal"])) } })),
    ]);
    let headings = ["Account", "Of", ">Debit", ">Credit"];
    let body = html! {
        (card("Entry", &about))
        (card("Postings", &table("Postings", &headings, &postings, "")))
        p.muted {
            "The seal is a fingerprint of this entry and of the seal before it: nobody can change "
            "an entry without every later seal telling."
        }
    };
    let kind = text(&entry["kind"]).replace('_', " ");
    Ok(Shown { title: format!("Entry: {kind}"), body })
}
