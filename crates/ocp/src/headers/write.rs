//! Writing a context into headers: scoped to one API, without secrets, and within a budget.

use serde_json::Value;

use super::{
    AGENT_TYPE, AGENT_TYPE_CHARS_MAX, CONTEXT_ID, CURRENT_GOAL, GOAL_CHARS_MAX, PROTOCOL_VERSION,
    SESSION, USER, USER_CHARS_MAX, VERSION, WORKSPACE, WORKSPACE_CHARS_MAX, encode_session,
};
use crate::context::{Context, Interaction, spec_name};
use crate::redact;

/// Bytes of a session that is sent. With the six short headers all stay below 8 KiB.
pub const SESSION_BYTES_SENT_MAX: usize = 7_168;
/// Characters of JSON above which a session is packed.
pub const COMPRESS_CHARS: usize = 1_000;
/// Entries of the history that are sent at most, the newest.
const HISTORY_SENT_MAX: usize = 100;
/// Characters of a text field that are sent where the whole does not fit.
const TEXT_CHARS_WHEN_FULL: usize = 256;

/// To whom headers go.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// The API that gets them. Of what was done with others, it sees only what and when, not where
    /// and with which parameters. None: everything is sent, for a server or API of one's own.
    pub api: Option<String>,
    /// Whether a long session is packed.
    pub compress: bool,
}

impl Scope {
    /// For one API.
    pub fn api(name: &str) -> Scope {
        Scope { api: Some(name.to_owned()), compress: true }
    }

    /// For nobody in particular: nothing is left out but secrets.
    pub fn all() -> Scope {
        Scope { api: None, compress: true }
    }
}

/// The headers of a context, in the order that the existing agents send.
///
/// A short value that is not Latin-1, has a control character, or is too long is left out (a goal is
/// cut); the session has it all the same. A session that does not fit loses its oldest history
/// first. Values under names like `token` or `password` are replaced.
pub fn write(context: &Context, scope: &Scope) -> Vec<(String, String)> {
    let goal: Option<String> =
        context.current_goal.as_deref().map(|goal| goal.chars().take(GOAL_CHARS_MAX).collect());
    let short = [
        (CONTEXT_ID, Some(context.context_id.as_str()), super::CONTEXT_ID_CHARS_MAX),
        (AGENT_TYPE, Some(context.agent_type.as_str()), AGENT_TYPE_CHARS_MAX),
        (VERSION, Some(PROTOCOL_VERSION), 3),
        (CURRENT_GOAL, goal.as_deref(), GOAL_CHARS_MAX),
        (USER, context.user.as_deref(), USER_CHARS_MAX),
        (WORKSPACE, context.workspace.as_deref(), WORKSPACE_CHARS_MAX),
    ];
    let mut headers: Vec<(String, String)> = short
        .into_iter()
        .filter_map(|(name, value, max)| Some((name.to_owned(), sendable(value?, max)?)))
        .collect();
    if let Some(session) = write_session(context, scope) {
        headers.push((SESSION.to_owned(), session));
    }
    headers
}

fn sendable(value: &str, chars_max: usize) -> Option<String> {
    let value = value.trim();
    let fits = !value.is_empty() && value.chars().count() <= chars_max;
    let latin = value.chars().all(|char| !char.is_control() && u32::from(char) <= 0xff);
    (fits && latin).then(|| value.to_owned())
}

/// Tries with less and less history, then with shorter texts. None where even that does not fit.
fn write_session(context: &Context, scope: &Scope) -> Option<String> {
    let newest = context.history.len().saturating_sub(HISTORY_SENT_MAX);
    let mut sent = without_history(context);
    sent.history = context.history[newest..].iter().map(|entry| scoped(entry, scope)).collect();
    if let Some(api) = &scope.api {
        let own = spec_name(api);
        sent.api_specs.retain(|name, _| *name == own);
    }
    let mut encoded = encode(&sent, scope);
    while encoded.len() > SESSION_BYTES_SENT_MAX && !sent.history.is_empty() {
        // About as much as is over, and at least one entry: a few turns are enough.
        let fitting = sent.history.len() * SESSION_BYTES_SENT_MAX / encoded.len();
        let keep = fitting.min(sent.history.len() - 1);
        sent.history.drain(..sent.history.len() - keep);
        encoded = encode(&sent, scope);
    }
    if encoded.len() > SESSION_BYTES_SENT_MAX {
        shorten(&mut sent);
        encoded = encode(&sent, scope);
    }
    (encoded.len() <= SESSION_BYTES_SENT_MAX).then_some(encoded)
}

/// The history may be long, so it is not copied first to be dropped then.
fn without_history(context: &Context) -> Context {
    Context {
        context_id: context.context_id.clone(),
        agent_type: context.agent_type.clone(),
        user: context.user.clone(),
        workspace: context.workspace.clone(),
        current_file: context.current_file.clone(),
        session: context.session.clone(),
        history: Vec::new(),
        current_goal: context.current_goal.clone(),
        context_summary: context.context_summary.clone(),
        error_context: context.error_context.clone(),
        recent_changes: context.recent_changes.clone(),
        api_specs: context.api_specs.clone(),
        created_at: context.created_at.clone(),
        last_updated: context.last_updated.clone(),
    }
}

fn encode(context: &Context, scope: &Scope) -> String {
    let json = serde_json::to_string(context).unwrap_or_default();
    encode_session(&json, scope.compress && json.chars().count() > COMPRESS_CHARS)
}

/// An entry as the API of the scope may see it.
fn scoped(entry: &Interaction, scope: &Scope) -> Interaction {
    let owner = entry.metadata.get("api_name").and_then(Value::as_str);
    let mut sent = Interaction {
        timestamp: entry.timestamp.clone(),
        action: entry.action.clone(),
        api_endpoint: None,
        result: entry.result.clone(),
        metadata: serde_json::Map::new(),
    };
    match (&scope.api, owner) {
        (Some(api), Some(owner)) if api != owner => {
            sent.metadata.insert("api_name".to_owned(), owner.into());
        }
        // Nobody knows whose parameters these are.
        (Some(_), None) => {
            sent.api_endpoint.clone_from(&entry.api_endpoint);
            sent.metadata = redact::object(&entry.metadata);
            sent.metadata.shift_remove("parameters");
        }
        _ => {
            sent.api_endpoint.clone_from(&entry.api_endpoint);
            sent.metadata = redact::object(&entry.metadata);
        }
    }
    sent
}

fn shorten(context: &mut Context) {
    context.recent_changes.clear();
    context.api_specs.clear();
    context.session.rest.clear();
    let texts = [
        &mut context.user,
        &mut context.workspace,
        &mut context.current_file,
        &mut context.current_goal,
        &mut context.context_summary,
        &mut context.error_context,
    ];
    for text in texts.into_iter().flatten() {
        *text = text.chars().take(TEXT_CHARS_WHEN_FULL).collect();
    }
}
