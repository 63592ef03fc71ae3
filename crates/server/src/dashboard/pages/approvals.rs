//! Approvals: what agents asked for and a person decides.

use maud::{Markup, html};
use serde_json::Value;

use super::objects::words;
use super::requests::{summary, who};
use crate::dashboard::links::{known, link};
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{
    amount, badge, card, copyable, facts, field, json_text, rows, short, table, text, when,
};

const LIST: &str = "/dashboard/approvals";
/// Approvals that wait which are shown at once, at most.
const PENDING_MAX: usize = 50;
/// Parameters of a request that are shown, at most.
const PARAMS_MAX: usize = 200;

/// What waits for a decision, then what was decided.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let pending = format!("/purser/v1/approvals?status=pending&limit={PENDING_MAX}");
    let pending = visit.get(&pending).await?;
    let all = visit.list("/purser/v1/approvals").await?;
    let waiting: Vec<_> = rows(&pending).iter().map(|one| line(&visit, one)).collect();
    let is_decided = |approval: &&Value| approval["status"] != "pending";
    let decided = rows(&all).iter().filter(is_decided).map(|one| line(&visit, one));
    let decided: Vec<_> = decided.collect();
    let headings = ["What", ">Amount", "Who asks", "Goal", "State", "Asked", "Expires"];
    let waiting = table("Waiting", &headings, &waiting, "Nothing waits for a person.");
    let decided = table("Decided", &headings, &decided, "Nothing was decided here.");
    let body = html! {
        (card("Waiting for a decision", &waiting))
        @if pending["has_more"] == true {
            p.muted { "These are the newest " (PENDING_MAX) "; more of them wait." }
        }
        (card("Decided or expired", &decided))
        (visit.pager(LIST, &all))
    };
    Ok(Shown { title: "Approvals".to_owned(), body })
}

fn line(visit: &Visit, approval: &Value) -> Vec<Markup> {
    let operation = text(&approval["operation"]);
    vec![
        html! {
            a href={ (LIST) "/" (text(&approval["id"])) } {
                (summary(visit, operation).unwrap_or(operation))
            }
        },
        amounts(approval).unwrap_or_else(|| html! { span.muted { "–" } }),
        who(&approval["agent"]),
        html! { (short(text(&approval["agent"]["goal"]))) },
        badge(text(&approval["status"])),
        when(&approval["created"]),
        when(&approval["expires_at"]),
    ]
}

/// What would move.
fn amounts(approval: &Value) -> Option<Markup> {
    let amounts = approval["amounts"].as_object().filter(|amounts| !amounts.is_empty())?;
    Some(html! {
        @for (currency, minor) in amounts {
            div.money { (amount(minor.as_i64().unwrap_or_default(), currency)) }
        }
    })
}

/// One approval: everything that a decision needs.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = escape(visit.id("id"));
    let approval = visit.get(&format!("/purser/v1/approvals/{id}")).await?;
    let is_pending = approval["status"] == "pending";
    let operation = text(&approval["operation"]);
    let what = summary(&visit, operation).unwrap_or(operation);
    let body = html! {
        (card("What would be done", &asked(&approval)))
        (card("Who asks, in their own words", &agent(&approval)))
        @if is_pending && visit.who.may_act() { div.grid { (forms(&visit, &approval)) } }
        @if !approval["decision"].is_null() { (card("Decision", &decision(&approval))) }
        @if !approval["response"].is_null() {
            (card("What came of it", &response(&approval["response"])))
        }
    };
    Ok(Shown { title: what.to_owned(), body })
}

fn asked(approval: &Value) -> Markup {
    let request = &approval["request"];
    let about = facts(&[
        ("State", Some(badge(text(&approval["status"])))),
        ("Moves", amounts(approval)),
        ("Customer", known(&approval["customer"])),
        (
            "Method and path",
            Some(html! {
                code { (text(&request["method"])) " " (text(&request["path"])) }
            }),
        ),
        ("Asked", Some(when(&approval["created"]))),
        ("Expires", Some(when(&approval["expires_at"]))),
        ("Id", Some(copyable("the id", text(&approval["id"])))),
    ]);
    let mut params = Vec::new();
    flatten("", &request["params"], &mut params);
    let lines = params
        .iter()
        .take(PARAMS_MAX)
        .map(|(name, value)| vec![html! { code { (name) } }, html! { (value) }]);
    let lines: Vec<_> = lines.collect();
    html! {
        (about)
        h3 { "Parameters" }
        (table("Parameters", &["Name", "Value"], &lines, "None."))
        @if params.len() > PARAMS_MAX {
            p.hint { "There are " (params.len()) " of them. The API answers with all." }
        }
    }
}

/// Parameters with names as forms have them: `bank_transfer[type]`.
fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let below = |key: &str| match name.is_empty() {
        true => key.to_owned(),
        false => format!("{name}[{key}]"),
    };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| flatten(&below(key), value, into));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(at, value)| flatten(&below(&at.to_string()), value, into));
        }
        Value::Null => {}
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        other => into.push((name.to_owned(), other.to_string())),
    }
}

fn agent(approval: &Value) -> Markup {
    let agent = &approval["agent"];
    let context = agent["context_id"].as_str().map(|context| {
        html! { a href={ "/dashboard/requests?context=" (escape(context)) } { (context) } }
    });
    facts(&[
        ("Agent", Some(who(agent))),
        ("Goal", words(&agent["goal"])),
        ("Conversation", context),
        ("Workspace", words(&agent["workspace"])),
        ("Key", words(&approval["key"])),
        ("Idempotency key", words(&approval["idempotency_key"])),
        ("Request", Some(link(&approval["request"]["id"]))),
    ])
}

fn forms(visit: &Visit, approval: &Value) -> Markup {
    let here = format!("{LIST}/{}", text(&approval["id"]));
    let question = "Carry this out now? It cannot be taken back.";
    let nothing = html! { p { "It is carried out at once, as it was asked for." } };
    let to = format!("{here}/approve");
    let approve = visit.grave_action(&to, &here, ("Approve", question), &nothing);
    let reason = html! {
        input #reason name="reason" maxlength="500" autocomplete="off"
            aria-describedby="reason-hint";
    };
    let reason = field("Reason", "reason", &reason, "Whoever asked is told this.");
    let reject = visit.action(&format!("{here}/reject"), &here, "Reject", &reason);
    html! { (card("Approve", &approve)) (card("Reject", &reject)) }
}

fn decision(approval: &Value) -> Markup {
    let decision = &approval["decision"];
    let reason = decision["reason"].as_str().filter(|text| !text.is_empty());
    facts(&[
        ("When", Some(when(&decision["at"]))),
        ("By", Some(html! { (text(&decision["by"])) })),
        ("Reason", reason.map(|reason| html! { (reason) })),
    ])
}

/// What the request was answered in the end.
fn response(response: &Value) -> Markup {
    let body = &response["body"];
    html! {
        (facts(&[
            ("Status", response["status"].as_i64().map(|status| html! { (status) })),
            ("Object", known(&body["id"])),
            ("Error", body["error"]["message"].as_str().map(|error| html! { (error) })),
        ]))
        h3 { "Answer" }
        (json_text("Answer", body))
    }
}

/// Agrees.
pub async fn approve(visit: Visit, form: Form) -> Result<Done, Failure> {
    let id = escape(visit.id("id"));
    let path = format!("/purser/v1/approvals/{id}/approve");
    let decided = visit.post(&path, &[], form.text("key")).await?;
    let notice = match text(&decided["status"]) {
        "approved" => "It was approved and carried out.",
        _ => "It was approved, but could not be carried out: see what came of it.",
    };
    Ok(Done { to: format!("{LIST}/{id}"), notice: notice.to_owned() })
}

/// Disagrees.
pub async fn reject(visit: Visit, form: Form) -> Result<Done, Failure> {
    let id = escape(visit.id("id"));
    let reason = form.given("reason").map(|reason| ("reason", reason));
    let params: Vec<_> = reason.into_iter().collect();
    let path = format!("/purser/v1/approvals/{id}/reject");
    visit.post(&path, &params, form.text("key")).await?;
    Ok(Done { to: format!("{LIST}/{id}"), notice: "It was rejected.".to_owned() })
}
