//! A customer's statement: a page to be printed, about one currency and a span of days.

use std::collections::BTreeSet;

use books::cash_balance::{CashTransaction, Cause};
use books::{Currency, Kind, RowKey, Timestamp};
use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::exports::statement::{self, ROWS_MAX, Statement};
use crate::exports::wanted::read_span;
use crate::moments::{parse_moment, show_moment};
use crate::web::parts::{amount, card, facts, field, figures, table, text};

/// Characters of a date.
const DATE: usize = 10;

/// What the page is about.
struct Asked {
    customer: Value,
    currency: Currency,
    /// First and last day.
    days: (String, String),
    /// What may be chosen.
    currencies: BTreeSet<String>,
}

/// Shows a statement: of the last full month where nothing else is asked for.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = visit.id("customer").to_owned();
    let customer = visit.get(&format!("/v1/customers/{}", escape(&id))).await?;
    let balance = visit.get(&format!("/v1/customers/{}/cash_balance", escape(&id))).await?;
    let wrong = |message: String| Failure::new(400, message);
    let currencies: BTreeSet<String> = balance["available"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(code, _)| code.clone())
        .collect();
    let fallback = visit.app.settings.currency.to_string();
    let first = currencies.first().cloned().unwrap_or(fallback);
    let code = visit.query().given("currency").unwrap_or(&first);
    let currency = Currency::parse(code)
        .ok_or_else(|| wrong(format!("'{code}' is no currency: write one like usd.")))?;
    let (first, last) = span(&visit)?;
    let number = visit.app.ids.read_customer(text(&customer["id"]));
    let number = number.ok_or_else(|| Failure::new(404, "There is no such customer."))?;
    let of = (visit.who.access.world, number);
    let read = visit.app.readers.snapshot(|r| statement::read(r, of, currency, (first, last)));
    let read = read.map_err(|error| {
        tracing::error!(%error, "a statement could not be read");
        Failure::new(500, "The statement could not be read.")
    })?;
    let day = |at: Timestamp| show_moment(at).chars().take(DATE).collect::<String>();
    let asked = Asked { customer, currency, days: (day(first), day(last)), currencies };
    let body = html! {
        (choices(&visit, &id, &asked))
        (head(&visit, &asked))
        (lines(&visit, &asked, &read))
    };
    Ok(Shown { title: "Statement".to_owned(), body })
}

/// From when until when: the last full month, or from the beginning, or until today.
fn span(visit: &Visit) -> Result<(Timestamp, Timestamp), Failure> {
    let (from, to) = (visit.query().given("from"), visit.query().given("to"));
    let now = visit.app.clock.now().seconds();
    let [_, (_, (first, last)), ..] = months(now);
    let (from, to) = match (from, to) {
        (None, None) => (Some(first.as_str()), Some(last.as_str())),
        given => given,
    };
    let (from, to) = read_span(from, to).map_err(|why| Failure::new(400, why))?;
    Ok((from.unwrap_or(Timestamp(0)), to.unwrap_or(now)))
}

/// This month, the last one, this year and the last one, with their first and last days.
fn months(now: Timestamp) -> [(&'static str, (String, String)); 4] {
    let today = show_moment(now);
    let day_before = |first: &str| {
        let at = parse_moment(first).map_or(0, |at| at.0);
        show_moment(Timestamp(at - 1))[..DATE].to_owned()
    };
    let (month, year) = (format!("{}-01", &today[..7]), format!("{}-01-01", &today[..4]));
    let (before, year_before) = (day_before(&month), day_before(&year));
    let first_of = |last: &str, kept: usize, rest: &str| format!("{}{rest}", &last[..kept]);
    let this_day = today[..DATE].to_owned();
    [
        ("This month", (month, this_day.clone())),
        ("Last month", (first_of(&before, 7, "-01"), before)),
        ("This year", (year, this_day)),
        ("Last year", (first_of(&year_before, 4, "-01-01"), year_before)),
    ]
}

/// Which statement to see, and how to print it.
fn choices(visit: &Visit, id: &str, asked: &Asked) -> Markup {
    let (from, to) = &asked.days;
    let date = |name, value| html! { input id=(name) type="date" name=(name) value=(value); };
    let path = format!("/dashboard/customers/{}/statement", escape(id));
    let code = asked.currency.as_str();
    let others = asked.currencies.iter().map(String::as_str).filter(|known| *known != code);
    let currency = html! {
        select #currency name="currency" {
            @for known in others {
                option value=(known) { (known.to_uppercase()) }
            }
            option value=(code) selected { (code.to_uppercase()) }
        }
    };
    html! {
        section.card.on-screen {
            h2 { "Which statement" }
            form method="get" action=(path) {
                div.line {
                    (field("From", "from", &date("from", from), ""))
                    (field("To", "to", &date("to", to), ""))
                    (field("Currency", "currency", &currency, ""))
                    button.button.primary type="submit" { "Show" }
                }
            }
            nav.buttons aria-label="Spans" {
                @for (name, (from, to)) in months(visit.app.clock.now().seconds()) {
                    a.button href={ (path) "?currency=" (code) "&from=" (from) "&to=" (to) } {
                        (name)
                    }
                }
            }
            p.hint {
                "To print it, or to save it as a PDF, print this page (Ctrl+P): only the \
                 statement itself gets on paper. "
                a href={
                    "/dashboard/exports/transactions.csv?customer=" (escape(id))
                    "&currency=" (code) "&from=" (from) "&to=" (to)
                } { "The same as CSV" }
            }
        }
    }
}

/// Who it is for, and what it is about.
fn head(visit: &Visit, asked: &Asked) -> Markup {
    let customer = &asked.customer;
    let address = &customer["address"];
    let town = [&address["postal_code"], &address["city"]].map(text).join(" ");
    let letter = [
        text(&customer["name"]),
        text(&address["line1"]),
        text(&address["line2"]),
        town.trim(),
        text(&address["state"]),
        text(&address["country"]),
    ];
    let id = text(&customer["id"]);
    let shown = |line: &str| (!line.is_empty()).then(|| html! { (line) });
    let details = [
        ("Customer", Some(html! { a.id href={ "/dashboard/customers/" (id) } { (id) } })),
        ("E-mail", shown(text(&customer["email"]))),
        ("Account", Some(html! { span.id { (visit.who.access.account) } })),
        ("Currency", Some(html! { (asked.currency.as_str().to_uppercase()) })),
        ("From", Some(html! { (asked.days.0) })),
        ("To", Some(html! { (asked.days.1) })),
        ("Made", Some(html! { (in_utc(visit.app.clock.now().seconds())) " UTC" })),
        ("Mode", (!visit.who.access.livemode).then(|| html! { "Test: no real money" })),
    ];
    let body = html! {
        @if letter.iter().any(|line| !line.is_empty()) {
            address.letter {
                @for line in letter.iter().filter(|line| !line.is_empty()) { (line) br; }
            }
        }
        (facts(&details))
    };
    card("Cash balance", &body)
}

fn lines(visit: &Visit, asked: &Asked, read: &Statement) -> Markup {
    let code = asked.currency.as_str();
    let shown = |row: &CashTransaction| {
        let sign = if row.net_amount > 0 { "+" } else { "" };
        vec![
            html! { (in_utc(row.created())) },
            what(visit, row),
            html! { (sign) (figures(row.net_amount, code)) },
            html! { (figures(row.ending_balance, code)) },
        ]
    };
    let rows: Vec<_> = read.rows.iter().map(shown).collect();
    let headings = ["Time (UTC)", "What it was", ">Change", ">Balance"];
    let sum = |wanted: fn(i64) -> bool| {
        let changes = read.rows.iter().map(|row| row.net_amount).filter(|change| wanted(*change));
        changes.fold(0i64, i64::saturating_add)
    };
    let is_whole = !read.has_more;
    let money = |minor| html! { span.money { (amount(minor, code)) } };
    let sums = [
        ("Opening balance", Some(money(read.opening))),
        ("Came in", is_whole.then(|| money(sum(|change| change > 0)))),
        ("Went out", is_whole.then(|| money(sum(|change| change < 0)))),
        ("Closing balance", Some(money(read.closing))),
    ];
    let empty = "Nothing came or went in these days.";
    html! {
        (card("Summary", &facts(&sums)))
        section.card {
            h2 { "Transactions" }
            (table("Transactions", &headings, &rows, empty))
            @if read.has_more {
                p.notice.failed role="note" {
                    "There are more transactions in these days than the " (ROWS_MAX)
                    " that fit here: these are the first of them. Ask for fewer days, or export \
                     them as CSV."
                }
            }
        }
    }
}

/// A moment to the minute.
fn in_utc(at: Timestamp) -> String {
    let text = show_moment(at);
    format!("{} {}", &text[..DATE], &text[11..16])
}

/// What a transaction was, for whoever has the cash balance.
fn what(visit: &Visit, row: &CashTransaction) -> Markup {
    let id =
        |kind, number| visit.app.ids.write(kind, RowKey { customer: row.key.customer, number });
    match &row.cause {
        Cause::Funded(transfer) => html! {
            "Bank transfer received"
            @if let Some(name) = transfer.sender.name() { " from " (name) }
            @if let Some(reference) = &transfer.reference { ", reference " (reference) }
        },
        Cause::FundingReversed { .. } => html! { "Bank transfer taken back by the sender's bank" },
        Cause::AppliedToPayment { payment_intent } => {
            html! { "Used for payment " (id(Kind::PaymentIntent, *payment_intent)) }
        }
        Cause::UnappliedFromPayment { payment_intent } => {
            html! { "Given back by payment " (id(Kind::PaymentIntent, *payment_intent)) }
        }
        Cause::RefundedFromPayment { refund } => {
            html! { "Refund of a payment, " (id(Kind::Refund, *refund)) }
        }
        Cause::ReturnInitiated => html! { "Sent back to the bank" },
        Cause::ReturnCanceled => html! { "Not sent back to the bank after all" },
        Cause::TransferredToBalance { .. } => html! { "Not claimed in time" },
        Cause::AdjustedForOverdraft { .. } => html! { "Missing amount made good" },
    }
}
