//! Events: what happened, and who was told of it.

use books::event::EventKind;
use maud::{Markup, html};
use serde_json::Value;

use crate::dashboard::links::{link, object_link};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{
    badge, card, copyable, facts, field, json_text, rows, short, table, text, when,
};

/// Webhook endpoints that a page reads, at most.
const ENDPOINTS_MAX: usize = 100;
/// Those of them that the page of an event shows, at most.
const SHOWN_MAX: usize = 20;
/// Attempts that it shows of each, at most: the newest.
const ATTEMPTS_MAX: usize = 10;

/// Events, newest first: all, or those of a type.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let kind = visit.query().text("type").to_owned();
    let query = match kind.is_empty() {
        true => String::new(),
        false => format!("?type={}", escape(&kind)),
    };
    let events = visit.list(&format!("/v1/events{query}")).await?;
    let headings = ["What happened", "About", "When", "Webhooks"];
    let empty = "There are no such events. They are kept for 30 days.";
    let body = html! {
        section.card { h2 { "Which events" } (filter(&kind)) }
        (card("Events", &table("Events", &headings, &lines(&events), empty)))
        (visit.pager(&format!("/dashboard/events{query}"), &events))
    };
    Ok(Shown { title: "Events".to_owned(), body })
}

/// Rows of a table of events.
pub fn lines(events: &Value) -> Vec<Vec<Markup>> {
    let line = |event: &Value| {
        let waiting = event["pending_webhooks"].as_i64().unwrap_or_default();
        vec![
            html! {
                a href={ "/dashboard/events/" (text(&event["id"])) } { (text(&event["type"])) }
            },
            object_link(&event["data"]["object"]),
            when(&event["created"]),
            match waiting {
                0 => html! { span.muted { "–" } },
                count => html! { span.badge.wait { (count) " to be told" } },
            },
        ]
    };
    rows(events).iter().map(line).collect()
}

fn filter(kind: &str) -> Markup {
    let input = html! {
        input #type name="type" list="types" value=(kind) maxlength="100" autocomplete="off"
            aria-describedby="type-hint";
        datalist #types {
            @for kind in EventKind::ALL { option value=(kind.as_str()) {} }
        }
    };
    let hint = "A star stands for any ending: payment_intent.*";
    html! {
        form.filter action="/dashboard/events" {
            (field("Type", "type", &input, hint))
            button type="submit" { "Show these" }
            @if !kind.is_empty() { " " a.button href="/dashboard/events" { "Show all" } }
        }
    }
}

/// One event.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = escape(visit.id("id"));
    let event = visit.get(&format!("/v1/events/{id}")).await?;
    let attempts = visit.get(&format!("/purser/v1/events/{id}/attempts")).await?;
    let endpoints = visit.get(&format!("/v1/webhook_endpoints?limit={ENDPOINTS_MAX}")).await?;
    let request = &event["request"];
    // Only what agents and people here asked for is in the log.
    let noted = match request["id"].as_str() {
        Some(id) => visit.find(&format!("/purser/v1/requests/{}", escape(id))).await?,
        None => None,
    };
    let cause = request["id"].as_str().map(|id| match noted {
        Some(_) => link(&request["id"]),
        None => html! { code { (id) } },
    });
    let key = request["idempotency_key"].as_str().map(|key| html! { code { (key) } });
    let about = facts(&[
        ("When", Some(when(&event["created"]))),
        ("About", Some(object_link(&event["data"]["object"]))),
        ("Request", cause.or(Some(html! { "None: it was due" }))),
        ("Idempotency key", key),
        ("Id", Some(copyable("the id", text(&event["id"])))),
    ]);
    let body = html! {
        (card("Event", &about))
        (card("Webhooks", &told(&visit, &event, &attempts, &endpoints)))
        (card("Contents", &json_text("Contents", &event)))
    };
    Ok(Shown { title: text(&event["type"]).to_owned(), body })
}

/// What became of telling each endpoint.
fn told(visit: &Visit, event: &Value, attempts: &Value, endpoints: &Value) -> Markup {
    let tried = |endpoint: &Value| {
        rows(attempts).iter().any(|attempt| attempt["webhook_endpoint"] == endpoint["id"])
    };
    let known: Vec<&Value> = rows(endpoints)
        .iter()
        .filter(|endpoint| tried(endpoint) || wants(endpoint, &event["type"]))
        .collect();
    let is_known = |attempt: &Value| {
        known.iter().any(|endpoint| endpoint["id"] == attempt["webhook_endpoint"])
    };
    let of_others: Vec<&Value> = rows(attempts).iter().filter(|one| !is_known(one)).collect();
    html! {
        @if known.is_empty() && of_others.is_empty() {
            p.empty { "No webhook endpoint wants events of this type." }
        }
        @for endpoint in known.iter().take(SHOWN_MAX) {
            h3 { (link(&endpoint["id"])) " " (text(&endpoint["url"])) }
            @let own = rows(attempts).iter()
                .filter(|attempt| attempt["webhook_endpoint"] == endpoint["id"]);
            (attempt_table(own, "It was not told yet."))
            (resend_form(visit, text(&event["id"]), text(&endpoint["id"])))
        }
        @if known.len() > SHOWN_MAX {
            p.muted { "These are " (SHOWN_MAX) " of " (known.len()) " endpoints that want it." }
        }
        @if !of_others.is_empty() {
            h3 { "Endpoints that were removed" }
            (attempt_table(of_others.into_iter(), ""))
        }
    }
}

fn wants(endpoint: &Value, kind: &Value) -> bool {
    let names = endpoint["enabled_events"].as_array();
    names.is_some_and(|names| names.iter().any(|name| name == "*" || name == kind))
}

/// The newest attempts of some, newest first.
fn attempt_table<'a>(attempts: impl DoubleEndedIterator<Item = &'a Value>, empty: &str) -> Markup {
    let lines: Vec<_> = attempts.rev().take(ATTEMPTS_MAX).map(attempt_cells).collect();
    table("Attempts", &["When", "Outcome", "Answer", ">Took"], &lines, empty)
}

/// When an attempt was made, how it ended, what was answered, and how long that took.
pub fn attempt_cells(attempt: &Value) -> Vec<Markup> {
    let state = if attempt["succeeded"] == true { "succeeded" } else { "failed" };
    vec![
        html! {
            (when(&attempt["created"]))
            @if attempt["by_hand"] == true { " " span.muted { "by hand" } }
        },
        html! {
            (badge(state))
            @if let Some(status) = attempt["status"].as_i64() { " " (status) }
        },
        html! { code { (short(text(&attempt["answer"]))) } },
        html! {
            span.money { (attempt["latency_ms"].as_i64().unwrap_or_default()) " ms" }
        },
    ]
}

fn resend_form(visit: &Visit, event: &str, endpoint: &str) -> Markup {
    let path = format!("/dashboard/events/{event}");
    let fields = html! { input type="hidden" name="webhook_endpoint" value=(endpoint); };
    visit.action(&format!("{path}/resend"), &path, "Tell it again", &fields)
}

/// Tells an endpoint once more.
pub async fn resend(visit: Visit, form: Form) -> Result<Done, Failure> {
    let id = escape(visit.id("id"));
    let endpoint = form.text("webhook_endpoint");
    let path = format!("/purser/v1/events/{id}/resend");
    visit.post(&path, &[("webhook_endpoint", endpoint)], form.text("key")).await?;
    let notice = format!("{endpoint} is told again; the attempt is shown as soon as it ends.");
    Ok(Done { to: format!("/dashboard/events/{id}"), notice })
}
