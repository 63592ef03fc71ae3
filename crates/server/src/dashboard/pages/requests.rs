//! The request log: what agents asked for, and what people did here.

use maud::{Markup, html};
use serde_json::Value;

use super::objects::words;
use crate::dashboard::links::known;
use crate::dashboard::visit::{Failure, Shown, Visit, escape};
use crate::web::parts::{badge, card, copyable, facts, field, rows, short, table, text, when};

const LIST: &str = "/dashboard/requests";

/// Requests, newest first: all, or those of a conversation or about a customer.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let given = |name| visit.query().text(name).to_owned();
    let (context, customer) = (given("context"), given("customer"));
    let named = [("context", &context), ("customer", &customer)];
    let mut query = String::new();
    for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
        let joint = if query.is_empty() { '?' } else { '&' };
        query += &format!("{joint}{name}={}", escape(value));
    }
    let requests = visit.list(&format!("/purser/v1/requests{query}")).await?;
    let lines: Vec<_> = rows(&requests).iter().map(|one| line(&visit, one)).collect();
    let headings = ["When", "Who", "Goal", "What", "Outcome"];
    let empty = "There are no such requests.";
    let body = html! {
        section.card {
            h2 { "Which requests" }
            p.muted {
                "Here is what agents asked for, what keys with limits were used for, and what "
                "people did in this dashboard."
            }
            (filter(&context, &customer))
        }
        (card("Requests", &table("Requests", &headings, &lines, empty)))
        (visit.pager(&format!("{LIST}{query}"), &requests))
    };
    Ok(Shown { title: "Requests".to_owned(), body })
}

fn filter(context: &str, customer: &str) -> Markup {
    let of_context = html! { input #context name="context" value=(context) maxlength="256"; };
    let of_customer = html! { input #customer name="customer" value=(customer) maxlength="100"; };
    html! {
        form.filter.line action=(LIST) {
            (field("Conversation", "context", &of_context, ""))
            (field("Customer", "customer", &of_customer, ""))
            button type="submit" { "Show these" }
            @if !(context.is_empty() && customer.is_empty()) {
                a.button href=(LIST) { "Show all" }
            }
        }
    }
}

fn line(visit: &Visit, request: &Value) -> Vec<Markup> {
    let operation = text(&request["operation"]);
    vec![
        html! {
            a href={ (LIST) "/" (text(&request["id"])) } { (when(&request["created"])) }
        },
        who(&request["agent"]),
        html! { (short(text(&request["agent"]["goal"]))) },
        html! { (summary(visit, operation).unwrap_or(operation)) },
        outcome(request),
    ]
}

/// Who asked, as they say.
pub fn who(agent: &Value) -> Markup {
    let (kind, user) = (text(&agent["type"]), text(&agent["user"]));
    html! {
        @if kind.is_empty() { span.muted { "a key with limits" } } @else { (kind) }
        @if !user.is_empty() { " for " (user) }
    }
}

/// What came of a request.
fn outcome(request: &Value) -> Markup {
    let status = request["status"].as_i64().unwrap_or_default();
    let state = match (status, text(&request["approval"])) {
        (200, _) if request["dry_run"] == true => "tried",
        (200, _) => "succeeded",
        (_, "") => "failed",
        _ => "pending",
    };
    html! {
        @if state == "pending" { span.badge.wait { "asked a person" } } @else { (badge(state)) }
        @if status != 200 { " " (status) }
        @if let Some(code) = request["error_code"].as_str() { " " code { (code) } }
    }
}

/// One request.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = escape(visit.id("id"));
    let request = visit.get(&format!("/purser/v1/requests/{id}")).await?;
    let agent = &request["agent"];
    let operation = text(&request["operation"]);
    let context = agent["context_id"].as_str().map(|context| {
        html! { a href={ (LIST) "?context=" (escape(context)) } { (context) } }
    });
    let asked = facts(&[
        ("Outcome", Some(outcome(&request))),
        ("When", Some(when(&request["created"]))),
        ("What", summary(&visit, operation).map(|summary| html! { (summary) })),
        (
            "Method and path",
            Some(html! {
                code { (text(&request["method"])) " " (text(&request["path"])) }
            }),
        ),
        ("Dry run", (request["dry_run"] == true).then(|| html! { "Yes: nothing was done" })),
        ("Customer", known(&request["customer"])),
        ("Approval", known(&request["approval"])),
        ("Idempotency key", words(&request["idempotency_key"])),
        ("Key", words(&request["key"])),
        ("Id", Some(copyable("the id", text(&request["id"])))),
    ]);
    let by = facts(&[
        ("Agent", Some(who(agent))),
        ("Goal", words(&agent["goal"])),
        ("Conversation", context),
        ("Workspace", words(&agent["workspace"])),
    ]);
    let body = html! {
        (card("What was asked for", &asked))
        (card("Who asked, in their own words", &by))
    };
    Ok(Shown { title: format!("Request {}", text(&request["id"])), body })
}

/// What an operation does, in a sentence.
pub fn summary(visit: &Visit, operation: &str) -> Option<&'static str> {
    let mut routes = visit.app.router.routes().iter();
    routes.find(|route| route.operation == operation).map(|route| route.summary)
}
