//! What agents say of themselves in the headers of the Open Context Protocol, and what they get
//! back.
//!
//! The headers explain a request. They entitle to nothing, they are not logged, and in no state do
//! they make a request fail. Bodies of answers are the same with and without them.
//! Cost: eight look-ups for a request without them. With them, what
//! [`ocp_agent::headers::read`] takes; reading the session is bounded there.

use std::sync::Arc;

use books::AgentNote;
use books::agent::PART_CHARS_MAX;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use ocp_agent::clock::Clock;
use ocp_agent::context::Context;
use ocp_agent::headers::{self, Received, Scope};
use serde_json::{Map, Value};

use crate::app::App;

/// The level that sends an updated context back.
pub const LEVEL_UPDATES: u8 = 2;
/// Characters of a sentence in a context that is sent back.
const SENTENCE_CHARS_MAX: usize = 256;

static CONTEXT_ID: HeaderName = HeaderName::from_static("ocp-context-id");
static SESSION: HeaderName = HeaderName::from_static("ocp-session");
static VERSION: HeaderName = HeaderName::from_static("ocp-version");
/// Everything else, with the older name of the goal.
static OTHERS: [HeaderName; 5] = [
    HeaderName::from_static("ocp-agent-type"),
    HeaderName::from_static("ocp-current-goal"),
    HeaderName::from_static("ocp-agent-goal"),
    HeaderName::from_static("ocp-user"),
    HeaderName::from_static("ocp-workspace"),
];

/// What the request says of the agent that sends it; none if it says nothing that can be read.
pub fn note(headers: &HeaderMap) -> Option<AgentNote> {
    let received = received(headers)?;
    let session = received.session;
    let of_session = |part: fn(Context) -> Option<String>| session.clone().and_then(part);
    let agent_type = received.agent_type.or_else(|| of_session(|told| Some(told.agent_type)));
    let note = AgentNote {
        context_id: cut(received.context_id.or_else(|| of_session(|told| Some(told.context_id)))),
        agent_type: cut(agent_type),
        // An agent leaves a header out where its value does not fit into one.
        user: cut(received.user.or_else(|| of_session(|told| told.user))),
        workspace: cut(received.workspace.or_else(|| of_session(|told| told.workspace))),
        goal: cut(received.goal.or_else(|| of_session(|told| told.current_goal))),
    };
    (note != AgentNote::default()).then_some(note)
}

fn received(headers: &HeaderMap) -> Option<Received> {
    let mut names = [&CONTEXT_ID, &SESSION, &VERSION].into_iter().chain(&OTHERS);
    if !names.any(|name| headers.contains_key(name)) {
        return None;
    }
    headers::read(headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}

/// A part of a note: one line, not too long, not empty.
fn cut(text: Option<String>) -> Option<String> {
    let line = |c: char| if c.is_control() { ' ' } else { c };
    let cut: String = text?.chars().take(PART_CHARS_MAX).map(line).collect();
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// A context that came with a request, until the request is answered.
pub struct Heard {
    id: HeaderValue,
    /// Kept only where an updated context is sent back.
    asked: Option<Asked>,
}

struct Asked {
    received: Received,
    method: Method,
    uri: Uri,
}

impl Heard {
    /// None for a request without a context that has an id.
    pub fn of<B>(app: &App, request: &Request<B>) -> Option<Heard> {
        let id = request.headers().get(&CONTEXT_ID)?;
        let only = [(headers::CONTEXT_ID, id.as_bytes())].into_iter();
        let id = HeaderValue::try_from(headers::read(only)?.context_id?).ok()?;
        let asked = || {
            let received = received(request.headers())?;
            let (method, uri) = (request.method().clone(), request.uri().clone());
            Some(Asked { received, method, uri })
        };
        let updates = app.settings.ocp_level >= LEVEL_UPDATES;
        Some(Heard { id, asked: updates.then(asked).flatten() })
    }

    /// Adds to an answer what goes back; `body` is the answer's, where it has one in one piece.
    pub async fn answer<B>(self, app: &App, answer: &mut Response<B>, body: Option<Full<Bytes>>) {
        if let (Some(asked), Some(body)) = (self.asked, body) {
            let body = body.collect().await.map(|read| read.to_bytes()).unwrap_or_default();
            let context = asked.update(app, answer, &body);
            for (name, value) in headers::write(&context, &Scope::all()) {
                // Such values are Latin-1 on the wire, and `write` sends no others.
                let value: Vec<u8> = value.chars().filter_map(|c| u8::try_from(c).ok()).collect();
                let name = HeaderName::try_from(name);
                if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
                    answer.headers_mut().insert(name, value);
                }
            }
        }
        answer.headers_mut().insert(&CONTEXT_ID, self.id);
        answer.headers_mut().insert(&VERSION, HeaderValue::from_static(headers::PROTOCOL_VERSION));
    }
}

impl Asked {
    /// The context as it is now: with this request as its whole history.
    fn update<B>(self, app: &App, answer: &Response<B>, body: &[u8]) -> Context {
        let now_us = u64::try_from(app.clock.now().0).unwrap_or(0).saturating_mul(1_000);
        let clock = Clock::new(Arc::new(move || now_us), Arc::new(|| 0), Arc::new(|_| {}));
        let Received { context_id, agent_type, goal, user, workspace, session, .. } = self.received;
        let kind = agent_type.as_deref().unwrap_or("generic_agent");
        let mut context = session.unwrap_or_else(|| Context::new(kind, &clock));
        context.context_id = context_id.unwrap_or(context.context_id);
        context.user = user.or(context.user);
        context.workspace = workspace.or(context.workspace);
        context.current_goal = goal.or(context.current_goal);
        let status = answer.status();
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if status.is_client_error() {
            let message = body["error"]["message"].as_str().unwrap_or("The request was refused.");
            context.error_context = Some(sentence(message));
        }
        if status.is_success()
            && let Some(summary) = summary(&body)
        {
            context.context_summary = Some(sentence(&summary));
        }
        context.history.clear();
        let mut metadata = Map::new();
        if let Some(id) = answer.headers().get("request-id").and_then(|id| id.to_str().ok()) {
            metadata.insert("request_id".to_owned(), id.into());
        }
        let endpoint = sentence(&format!("{} {}", self.method, self.uri.path()));
        let result = format!("HTTP {}", status.as_u16());
        context.add_interaction("server_answer", Some(&endpoint), Some(&result), metadata, &clock);
        context
    }
}

fn sentence(text: &str) -> String {
    text.chars().take(SENTENCE_CHARS_MAX).collect()
}

/// What an answer is about, in a few words.
fn summary(body: &Value) -> Option<String> {
    let kind = body["object"].as_str()?;
    let words = kind.replace('_', " ");
    let text = |name: &str| body[name].as_str();
    Some(match kind {
        "cash_balance" => {
            let mode = body["settings"]["reconciliation_mode"].as_str()?;
            format!("cash balance of {}: reconciliation {mode}", text("customer")?)
        }
        "list" | "search_result" => {
            format!("{} of {}", body["data"].as_array()?.len(), text("url")?)
        }
        _ => match (text("id"), text("status")) {
            (Some(id), _) if body["deleted"] == true => format!("{words} {id}: deleted"),
            (Some(id), Some(status)) => format!("{words} {id}: {status}"),
            (Some(id), None) => format!("{words} {id}"),
            (None, _) => words,
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note_of(pairs: &[(&'static str, &[u8])]) -> Option<AgentNote> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        note(&headers)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn session(context: &Value) -> Vec<u8> {
        headers::encode_session(&context.to_string(), false).into_bytes()
    }

    #[test]
    fn requests_without_these_headers_have_no_note() {
        assert_eq!(note_of(&[]), None);
        assert_eq!(note_of(&[("authorization", b"Bearer x"), ("ocp-unknown", b"1")]), None);
        assert_eq!(note_of(&[("ocp-version", b"1.0")]), None, "it says nothing of the agent");
        assert_eq!(note_of(&[("ocp-context-id", b"not an id")]), None);
        assert_eq!(note_of(&[("ocp-session", b"!!!")]), None);
    }

    #[test]
    fn every_part_is_noted() {
        let all: [(&'static str, &[u8]); 6] = [
            ("ocp-context-id", b"ocp-a1b2c3d4"),
            ("ocp-agent-type", b"ide_coding_assistant"),
            ("ocp-version", b"1.0"),
            ("ocp-current-goal", b"reconcile"),
            ("ocp-user", b"Andr\xe9"),
            ("ocp-workspace", "caf\u{e9}".as_bytes()),
        ];
        let expected = AgentNote {
            context_id: some("ocp-a1b2c3d4"),
            agent_type: some("ide_coding_assistant"),
            user: some("André"),
            workspace: some("café"),
            goal: some("reconcile"),
        };
        assert_eq!(note_of(&all), Some(expected));
        let alias = note_of(&[("ocp-agent-goal", b"pay")]).unwrap();
        assert_eq!(alias, AgentNote { goal: some("pay"), ..AgentNote::default() });
    }

    #[test]
    fn the_session_tells_what_no_header_does() {
        let told = session(&json!({
            "context_id": "ocp-0000aaaa", "agent_type": "robot", "user": "bob",
            "workspace": "w".repeat(9 * PART_CHARS_MAX / 8), "current_goal": "照合\nnow",
        }));
        let note = note_of(&[("ocp-user", b"alice"), ("ocp-session", &told)]).unwrap();
        assert_eq!(note.user, some("alice"), "a header goes before the session");
        assert_eq!(note.agent_type, some("robot"));
        assert_eq!(note.goal, some("照合 now"));
        assert_eq!(note.workspace.map(|cut| cut.len()), Some(PART_CHARS_MAX));
    }

    #[test]
    fn answers_are_summed_up() {
        #[rustfmt::skip]
        let table = [
            (json!({ "object": "cash_balance", "customer": "cus_1",
                     "settings": { "reconciliation_mode": "manual" } }),
             some("cash balance of cus_1: reconciliation manual")),
            (json!({ "object": "list", "url": "/v1/events", "data": [1, 2] }),
             some("2 of /v1/events")),
            (json!({ "object": "payment_intent", "id": "pi_1", "status": "succeeded" }),
             some("payment intent pi_1: succeeded")),
            (json!({ "object": "customer", "id": "cus_1", "deleted": true }),
             some("customer cus_1: deleted")),
            (json!({ "object": "customer", "id": "cus_1" }), some("customer cus_1")),
            (json!({ "object": "balance" }), some("balance")),
            (json!({ "error": {} }), None),
            (json!([]), None),
        ];
        for (body, expected) in table {
            assert_eq!(summary(&body), expected, "{body}");
        }
    }
}
