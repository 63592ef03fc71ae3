//! Webhook endpoints: who is told of events. A secret is shown by the answer to the form that made
//! it and by no page, so it is in no address, cookie or history.

use maud::{Markup, html};
use serde_json::Value;

use super::events::attempt_cells;
use crate::dashboard::links::link;
use crate::dashboard::visit::{Done, Failure, Form, Shown, Visit, escape};
use crate::web::parts::{badge, card, copyable, facts, field, rows, short, table, text, when};

const LIST: &str = "/dashboard/webhooks";
/// Attempts that a page shows of an endpoint, at most: the newest.
const ATTEMPTS_SHOWN_MAX: usize = 50;
/// Types of events that a page names of an endpoint, at most.
const TYPES_SHOWN_MAX: usize = 40;

/// All endpoints, and a form that adds one.
pub async fn list(visit: Visit) -> Result<Shown, Failure> {
    let endpoints = visit.list("/v1/webhook_endpoints").await?;
    let lines = rows(&endpoints).iter().map(|endpoint| {
        vec![
            html! {
                a href={ (LIST) "/" (text(&endpoint["id"])) } {
                    (short(text(&endpoint["url"])))
                }
            },
            html! { (short(text(&endpoint["description"]))) },
            match types(endpoint)[..] {
                ["*"] => html! { "all" },
                ref some => html! { (some.len()) },
            },
            badge(text(&endpoint["status"])),
            when(&endpoint["created"]),
        ]
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Address", "Description", ">Types", "State", "Created"];
    let empty = "Nobody is told of events yet.";
    let add = visit.action(LIST, LIST, "Add the endpoint", &add_fields());
    let body = html! {
        (card("Endpoints", &table("Webhook endpoints", &headings, &lines, empty)))
        (visit.pager(LIST, &endpoints))
        @if visit.who.may_act() { (card("Add an endpoint", &add)) }
    };
    Ok(Shown { title: "Webhooks".to_owned(), body })
}

fn add_fields() -> Markup {
    let url = html! {
        input #url name="url" type="url" required maxlength="2000" autocomplete="off"
            placeholder="https://example.com/webhooks";
    };
    let types = html! {
        textarea #types name="types" rows="3" required aria-describedby="types-hint" { "*" }
    };
    let description = html! { input #description name="description" maxlength="500"; };
    let hint = "One on each line, such as payment_intent.succeeded; a single star for all.";
    html! {
        (field("Address", "url", &url, ""))
        (field("Types of events", "types", &types, hint))
        (field("Description", "description", &description, ""))
    }
}

/// The types of events that an endpoint is told of.
fn types(endpoint: &Value) -> Vec<&str> {
    let names = endpoint["enabled_events"].as_array();
    names.into_iter().flatten().map(text).collect()
}

/// Adds an endpoint, and shows its secret.
pub async fn add(visit: Visit, form: Form) -> Result<Shown, Failure> {
    let mut params = vec![("url", form.text("url")), ("description", form.text("description"))];
    let names = form.text("types").split([',', ' ', '\r', '\n']).filter(|name| !name.is_empty());
    params.extend(names.map(|name| ("enabled_events[]", name)));
    let made = visit.post("/v1/webhook_endpoints", &params, form.text("key")).await?;
    Ok(secret("The endpoint was added", &made, "Every event is signed with this secret."))
}

/// The one page on which a secret is.
fn secret(title: &str, endpoint: &Value, sentence: &str) -> Shown {
    let body = html! {
        section.card data-once {
            h2 { "Its secret" }
            p.lead { (copyable("the secret", text(&endpoint["secret"]))) }
            p { (sentence) " Keep it where the endpoint can read it: it is not shown again." }
            p { a.button href={ (LIST) "/" (text(&endpoint["id"])) } { "Go on to the endpoint" } }
        }
    };
    Shown { title: title.to_owned(), body }
}

/// One endpoint, and the newest attempts to tell it.
pub async fn show(visit: Visit) -> Result<Shown, Failure> {
    let id = escape(visit.id("id"));
    let endpoint = visit.get(&format!("/v1/webhook_endpoints/{id}")).await?;
    let attempts = visit.get(&format!("/purser/v1/webhook_endpoints/{id}/attempts")).await?;
    let description = endpoint["description"].as_str().filter(|text| !text.is_empty());
    let about = facts(&[
        ("State", Some(badge(text(&endpoint["status"])))),
        ("Description", description.map(|text| html! { (text) })),
        ("Created", Some(when(&endpoint["created"]))),
        ("Id", Some(copyable("the id", text(&endpoint["id"])))),
        ("Types of events", Some(named_types(&endpoint))),
    ]);
    let lines = rows(&attempts).iter().take(ATTEMPTS_SHOWN_MAX).map(|attempt| {
        let mut cells = attempt_cells(attempt);
        cells.insert(0, link(&attempt["event"]));
        cells
    });
    let lines: Vec<_> = lines.collect();
    let headings = ["Event", "When", "Outcome", "Answer", ">Took"];
    let tried = table("Attempts", &headings, &lines, "Nothing was told yet.");
    let body = html! {
        (card("Endpoint", &about))
        @if visit.who.may_act() { div.grid { (forms(&visit, &endpoint)) } }
        (card("Newest attempts", &tried))
    };
    Ok(Shown { title: text(&endpoint["url"]).to_owned(), body })
}

fn named_types(endpoint: &Value) -> Markup {
    let all = types(endpoint);
    html! {
        @for name in all.iter().take(TYPES_SHOWN_MAX) { code { (name) } " " }
        @if all.len() > TYPES_SHOWN_MAX { "and " (all.len() - TYPES_SHOWN_MAX) " more" }
    }
}

fn forms(visit: &Visit, endpoint: &Value) -> Markup {
    let here = format!("{LIST}/{}", text(&endpoint["id"]));
    let is_on = endpoint["status"] == "enabled";
    let disabled = html! { input type="hidden" name="disabled" value=(is_on); };
    let to = format!("{here}/status");
    let status = match is_on {
        true => {
            let question = "Tell this endpoint nothing until it is enabled again?";
            visit.grave_action(&to, &here, ("Disable", question), &disabled)
        }
        false => visit.action(&to, &here, "Enable", &disabled),
    };
    let overlap = html! {
        select #overlap_s name="overlap_s" {
            option value="86400" selected { "for a day" }
            option value="3600" { "for an hour" }
            option value="0" { "no more: it is known to others" }
        }
    };
    let overlap = field("The old secret signs, too,", "overlap_s", &overlap, "");
    let question = "Give this endpoint another secret?";
    let to = format!("{here}/secret");
    let roll = visit.grave_action(&to, &here, ("Make another secret", question), &overlap);
    let question = "Remove this endpoint? It cannot be brought back.";
    let nothing = html! {};
    let to = format!("{here}/remove");
    let remove = visit.grave_action(&to, &here, ("Remove", question), &nothing);
    html! {
        (card(if is_on { "Disable" } else { "Enable" }, &status))
        (card("Secret", &roll))
        (card("Remove", &remove))
    }
}

/// Enables or disables an endpoint.
pub async fn set_status(visit: Visit, form: Form) -> Result<Done, Failure> {
    let id = escape(visit.id("id"));
    let disabled = form.text("disabled");
    let path = format!("/v1/webhook_endpoints/{id}");
    visit.post(&path, &[("disabled", disabled)], form.text("key")).await?;
    let notice = match disabled {
        "true" => "The endpoint is disabled: it is told nothing.",
        _ => "The endpoint is enabled.",
    };
    Ok(Done { to: format!("{LIST}/{id}"), notice: notice.to_owned() })
}

/// Gives an endpoint another secret, and shows it.
pub async fn roll_secret(visit: Visit, form: Form) -> Result<Shown, Failure> {
    let path = format!("/purser/v1/webhook_endpoints/{}/roll_secret", escape(visit.id("id")));
    let overlap_s = form.text("overlap_s");
    let rolled = visit.post(&path, &[("overlap_s", overlap_s)], form.text("key")).await?;
    let sentence = match overlap_s {
        "0" => "From now on only this one signs.",
        _ => "The old one signs beside it for the time that you chose.",
    };
    Ok(secret("The endpoint has another secret", &rolled, sentence))
}

/// Removes an endpoint.
pub async fn remove(visit: Visit, _: Form) -> Result<Done, Failure> {
    visit.delete(&format!("/v1/webhook_endpoints/{}", escape(visit.id("id")))).await?;
    Ok(Done { to: LIST.to_owned(), notice: "The endpoint was removed.".to_owned() })
}
