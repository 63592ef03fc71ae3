//! The clock of the sandbox: what it says, and moving it forward. Production has no such page.

use books::Timestamp;
use maud::{Markup, html};

use super::events;
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit};
use crate::moments::{parse_moment, show_moment, show_span};
use crate::web::parts::{card, facts, field, moment, table};

const PATH: &str = "/dashboard/clock";
const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// How far one button moves the clock, and what is on it.
const STEPS: &[(i64, &str)] = &[
    (HOUR_S, "1 hour"),
    (DAY_S, "1 day"),
    (7 * DAY_S, "1 week"),
    // After which money that nobody claimed is looked at.
    (75 * DAY_S, "75 days"),
];

/// The clock, and what happened while it was moved.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let clock = read(&visit).await?;
    let ahead = match clock.offset_s {
        0 => html! { "It is the real time." },
        // To the minute: the real time went on while it was moved.
        offset_s => html! { (show_span((offset_s + 30) / 60 * 60)) },
    };
    let about = facts(&[("Now", Some(moment(clock.now))), ("Ahead by", Some(ahead))]);
    let body = html! {
        (card("The clock of this sandbox", &html! {
            (about)
            p.hint {
                "It only goes forward. What is due on the way is done at its own time: money "
                "becomes available, refunds and payouts arrive or expire, invoices become overdue."
            }
        }))
        @if visit.who.may_act() { (forms(&visit, &clock)) }
        @if let Some(since) = visit.query().given("since").and_then(|at| at.parse().ok()) {
            (happened(&visit, since).await?)
        }
    };
    Ok(Shown { title: "Clock".to_owned(), body })
}

/// What the clock says.
struct Reading {
    now: i64,
    offset_s: i64,
}

async fn read(visit: &Visit) -> Result<Reading, Failure> {
    if visit.app.settings.production {
        return Err(Failure::new(404, "A production server has no other clock than the real one."));
    }
    let clock = visit.get("/purser/v1/clock").await?;
    let number = |name: &str| clock[name].as_i64().unwrap_or_default();
    Ok(Reading { now: number("now"), offset_s: number("offset_s") })
}

fn forms(visit: &Visit, clock: &Reading) -> Markup {
    // A form that is sent twice meets a clock that was moved already, and moves it no further.
    let seen = html! { input type="hidden" name="offset_s" value=(clock.offset_s); };
    let step = |seconds: i64, name: &str| {
        let fields = html! { (seen) input type="hidden" name="advance_s" value=(seconds); };
        visit.action(PATH, PATH, &format!("Move it by {name}"), &fields)
    };
    let now = show_moment(Timestamp(clock.now));
    let to = html! {
        input #to name="to" type="datetime-local" required min=(now[..16])
            aria-describedby="to-hint";
    };
    let to = html! { (seen) (field("Date and time", "to", &to, "In UTC.")) };
    html! {
        (card("Move it by", &html! {
            div.line { @for (seconds, name) in STEPS { (step(*seconds, name)) } }
        }))
        section.card.narrow {
            h2 { "Move it to" }
            (visit.action(PATH, PATH, "Move it there", &to))
        }
    }
}

/// The newest of what happened since a moment.
async fn happened(visit: &Visit, since: i64) -> Result<Markup, Failure> {
    let events = visit.get(&format!("/v1/events?created[gte]={since}&limit=25")).await?;
    let headings = ["What happened", "About", "When", "Webhooks"];
    let shown = table("Events", &headings, &events::lines(&events), "Nothing was due.");
    Ok(html! {
        (card("What happened on the way", &html! {
            (shown)
            @if events["has_more"] == true {
                p { a href="/dashboard/events" { "All events" } }
            }
        }))
    })
}

/// Moves the clock forward.
pub async fn advance(visit: Visit, form: Form) -> Result<Done, Failure> {
    let before = read(&visit).await?;
    if form.text("offset_s") != before.offset_s.to_string() {
        let problem = "The clock was moved since this page was shown, so it was left as it is.";
        return Err(Failure::new(409, problem));
    }
    let param = match form.given("to") {
        Some(to) => ("to", parse_local(to)?.0.to_string()),
        // As a moment: of two that were sent at once, the second finds the clock there already.
        None => match form.text("advance_s").parse::<i64>() {
            Ok(by) if by > 0 => ("to", before.now.saturating_add(by).to_string()),
            _ => ("advance_s", form.text("advance_s").to_owned()),
        },
    };
    visit.post("/purser/v1/clock", &[(param.0, &param.1)], form.text("key")).await?;
    let after = read(&visit).await?;
    let now = show_moment(Timestamp(after.now))[..16].replace('T', " ");
    let notice = format!("The clock was moved to {now} UTC.");
    Ok(Done { to: format!("{PATH}?since={}", before.now), notice })
}

/// Reads a date and time in UTC as browsers write them, without a zone and maybe without seconds.
fn parse_local(text: &str) -> Result<Timestamp, Failure> {
    let whole = match text.len() {
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    parse_moment(&whole).map_err(|problem| Failure::new(400, problem))
}
