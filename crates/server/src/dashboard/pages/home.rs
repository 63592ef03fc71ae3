//! The balances: what there is in each currency, how it came about, and what happened last.

use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::chart::{Series, chart, date};
use crate::web::parts::{
    amount, card, copyable, figures, id_link, money, rows, table, text, tile, when,
};

/// Spans of the charts, in days; the first is shown if nobody asks.
const SPANS: [usize; 4] = [30, 7, 90, 365];
/// Moments in a chart, at most: pages stay small, whatever the span.
const POINTS_MAX: usize = 60;
/// Events shown.
const EVENTS: usize = 5;
const DAY_S: i64 = 24 * 60 * 60;

/// What there is, by currency.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let accounts = visit.get("/purser/v1/ledger_accounts").await?;
    let balance = visit.get("/v1/balance").await?;
    let unclaimed = visit.get("/purser/v1/unreconciled_totals").await?;
    let mut currencies: Vec<&str> =
        rows(&accounts).iter().map(|account| text(&account["currency"])).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let span = visit.query().text("days").parse().ok().filter(|days| SPANS.contains(days));
    let span = span.unwrap_or(SPANS[0]);
    let now = visit.app.clock.now().seconds().0;
    let mut parts = Vec::new();
    for currency in &currencies {
        let asked = format!("/purser/v1/daily_balances?currency={}&days={span}", escape(currency));
        let days = thinned(rows(&visit.get(&asked).await?));
        parts.push(html! {
            h2 { (currency.to_uppercase()) }
            (tiles(&visit, currency, (&accounts, &balance, &unclaimed)))
            (over_time(currency, span, &days, now))
        });
    }
    let body = html! {
        (waiting(&visit).await?)
        @if currencies.is_empty() { (beginning(&visit)) } @else { (spans(span)) }
        @for part in &parts { (part) }
        (events(&visit).await?)
    };
    Ok(Shown { title: "Balances".to_owned(), body })
}

/// What stands in each pot now.
fn tiles(
    visit: &Visit,
    currency: &str,
    (accounts, balance, unclaimed): (&Value, &Value, &Value),
) -> Markup {
    let of = |list: &'_ Value| {
        let found = list.as_array().into_iter().flatten().find(|row| row["currency"] == currency);
        found.and_then(|row| row["amount"].as_i64()).unwrap_or_default()
    };
    // The books owe customers what they hold, so there it is a credit.
    let owed = |name: &str| {
        let is_it = |row: &&Value| row["account"] == name && row["currency"] == currency;
        let found = rows(accounts).iter().find(is_it);
        found.and_then(|row| row["balance"].as_i64()).unwrap_or_default().saturating_neg()
    };
    let total = rows(unclaimed).iter().find(|row| row["currency"] == currency);
    let now = visit.app.clock.now().seconds().0;
    let oldest = total.and_then(|total| total["oldest"].as_i64());
    let oldest = oldest.map(|since| days((now - since) / DAY_S));
    let whose = total.and_then(|total| total["customers"].as_i64()).unwrap_or_default();
    let link = format!("/dashboard/unreconciled?currency={currency}");
    let tile = |name: &str, minor: i64, more: Markup| {
        tile(name, &money(&minor.into(), &currency.into()), &more)
    };
    html! {
        div.tiles {
            (tile("Customers' cash", owed("customer_cash"), html! {
                @if let Some(oldest) = oldest {
                    a href=(link) {
                        "Unreconciled, of " (count(whose, "customer", "customers"))
                        ", the oldest for " (oldest)
                    }
                } @else { "Nothing waits to be reconciled" }
            }))
            (tile("Held for payments", owed("payment_intent"), html! {
                "Parts of payments that are not paid in full"
            }))
            (tile("Pending", of(&balance["pending"]), html! {
                "Paid, and on its way to you" (of_sources(&balance["pending"], currency))
            }))
            (tile("Available to you", of(&balance["available"]), html! {
                (of_sources(&balance["available"], currency)) " "
                a href="/dashboard/payouts" { "Payouts" }
            }))
        }
    }
}

/// How much of a part of the balance came by transfers to sources, where any did.
fn of_sources(part: &Value, currency: &str) -> Markup {
    let line = part.as_array().into_iter().flatten().find(|row| row["currency"] == currency);
    let came = line.and_then(|line| line["source_types"]["bank_account"].as_i64()).unwrap_or(0);
    html! {
        @if came != 0 { " (of it " (amount(came, currency)) " by transfers to sources)" }
    }
}

/// A number of things, in words.
fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A number of days, in words.
pub fn days(number: i64) -> String {
    match number {
        ..1 => "less than a day".to_owned(),
        _ => count(number, "day", "days"),
    }
}

/// Days at even distances that end with the newest, [`POINTS_MAX`] at most.
fn thinned(days: &[Value]) -> Vec<Value> {
    let every = days.len().div_ceil(POINTS_MAX).max(1);
    let mut kept: Vec<Value> = days.iter().rev().step_by(every).cloned().collect();
    kept.reverse();
    kept
}

fn over_time(currency: &str, span: usize, days: &[Value], now: i64) -> Markup {
    let series = |name, accounts: &[&str]| {
        let point = |day: &Value| {
            let of = |account: &&str| day["balances"][*account].as_i64().unwrap_or_default();
            let balance: i64 = accounts.iter().map(of).fold(0, i64::saturating_add);
            (day["day"].as_i64().unwrap_or_default(), balance.saturating_neg())
        };
        let mut points: Vec<(i64, i64)> = days.iter().map(point).collect();
        // The last day goes on until now.
        points.extend(points.last().map(|&(_, stands)| (now, stands)));
        Series { name, points }
    };
    let available = ["merchant_available", "bank_available"];
    let lines = [series("Customers' cash", &["customer_cash"]), series("Available", &available)];
    let label = format!("{} in the last {span} days", currency.to_uppercase());
    let numbers = (0..days.len()).rev().map(|at| {
        let (day, cash) = lines[0].points[at];
        let figure = |minor| html! { span.money { (figures(minor, currency)) } };
        vec![html! { (date(day)) }, figure(cash), figure(lines[1].points[at].1)]
    });
    let numbers: Vec<_> = numbers.collect();
    let headings = ["Day", ">Customers' cash", ">Available"];
    html! {
        section.card {
            (chart(&label, currency, &lines))
            details {
                summary { "These numbers as a table" }
                (table(&label, &headings, &numbers, "There are no numbers yet."))
            }
        }
    }
}

/// Leads to the other spans.
fn spans(shown: usize) -> Markup {
    let mut all = SPANS;
    all.sort_unstable();
    html! {
        nav.choices aria-label="Span of the charts" {
            @for days in all {
                a.button href={ "/dashboard?days=" (days) }
                    aria-current=[(days == shown).then_some("true")] { (days) " days" }
            }
        }
    }
}

/// What waits for a person.
async fn waiting(visit: &Visit) -> Result<Markup, Failure> {
    let approvals = visit.get("/purser/v1/approvals?status=pending&limit=100").await?;
    let number = rows(&approvals).len();
    let more = if approvals["has_more"] == true { "More than " } else { "" };
    Ok(html! {
        @if number > 0 {
            p.notice.waits {
                a href="/dashboard/approvals" {
                    (more) (count(number as i64, "request waits", "requests wait"))
                    " for your approval"
                }
            }
        }
    })
}

async fn events(visit: &Visit) -> Result<Markup, Failure> {
    let events = visit.get(&format!("/v1/events?limit={EVENTS}")).await?;
    let lines = rows(&events).iter().map(|event| {
        let object = &event["data"]["object"];
        let about = object["id"].as_str().or(object["customer"].as_str()).unwrap_or_default();
        vec![
            id_link(&format!("/dashboard/events/{}", text(&event["id"])), text(&event["type"])),
            html! { code { (about) } },
            when(&event["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["What happened", "About", "When"];
    let latest = table("Latest events", &headings, &lines, "Nothing has happened yet.");
    Ok(card(
        "Latest events",
        &html! {
            (latest)
            @if !lines.is_empty() { p.more { a href="/dashboard/events" { "All events" } } }
        },
    ))
}

/// How to begin, for whoever has just started the server.
fn beginning(visit: &Visit) -> Markup {
    let url = &visit.app.public_url;
    let lines = [
        ("Make a customer", format!("curl -u sk_test_me: {url}/v1/customers -d name='Ada Byron'")),
        (
            "Send money as that customer, with the id from the first answer",
            format!(
                "curl -u sk_test_me: {url}/v1/test_helpers/customers/CUSTOMER/fund_cash_balance \
                 -d amount=5000 -d currency=usd"
            ),
        ),
        (
            "See what the customer has",
            format!("curl -u sk_test_me: {url}/v1/customers/CUSTOMER/cash_balance"),
        ),
    ];
    let body = html! {
        @if visit.who.access.livemode {
            p.empty { "Balances are shown here as soon as a customer sends money." }
        } @else {
            ol.steps {
                @for (what, line) in &lines {
                    li { p { (what) ":" } (copyable(&what.to_lowercase(), line)) }
                }
            }
            p {
                "Or do it here: "
                a href="/dashboard/customers" { "make a customer" }
                ", whose page has a form that simulates a transfer."
            }
        }
    };
    card("No money has moved yet", &body)
}
