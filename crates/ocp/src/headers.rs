//! The seven headers that carry a context: `OCP-Context-ID`, `OCP-Agent-Type`, `OCP-Version`,
//! `OCP-Current-Goal`, `OCP-User`, `OCP-Workspace` and `OCP-Session`.
//!
//! Reading never fails and never panics: what cannot be read is as if it were absent, since a
//! request is to be answered whatever its context looks like. Nothing that is read may be used to
//! decide what somebody may do, and the value of a session belongs into no log.
//! Reading costs at most [`SESSION_BYTES_MAX`] bytes of base64 and [`INFLATED_BYTES_MAX`] of JSON.

mod session;
mod write;

use std::borrow::Cow;

pub use session::{INFLATED_BYTES_MAX, SESSION_BYTES_MAX, decode_session, encode_session};
pub use write::{COMPRESS_CHARS, SESSION_BYTES_SENT_MAX, Scope, write};

use crate::context::Context;

/// Id of the conversation.
pub const CONTEXT_ID: &str = "OCP-Context-ID";
/// Kind of the agent.
pub const AGENT_TYPE: &str = "OCP-Agent-Type";
/// Version of the protocol.
pub const VERSION: &str = "OCP-Version";
/// What the conversation is for.
pub const CURRENT_GOAL: &str = "OCP-Current-Goal";
/// For whom.
pub const USER: &str = "OCP-User";
/// In which project.
pub const WORKSPACE: &str = "OCP-Workspace";
/// The whole context, encoded.
pub const SESSION: &str = "OCP-Session";
/// An older name of [`CURRENT_GOAL`]: read, never written.
pub const AGENT_GOAL: &str = "OCP-Agent-Goal";
/// All names that are written.
pub const NAMES: [&str; 7] =
    [CONTEXT_ID, AGENT_TYPE, VERSION, CURRENT_GOAL, USER, WORKSPACE, SESSION];
/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: &str = "1.0";

/// Characters of an id; a longer one is ignored, as a part of it would be somebody else's.
pub const CONTEXT_ID_CHARS_MAX: usize = 64;
/// Characters of an agent's type; a longer one is cut.
pub const AGENT_TYPE_CHARS_MAX: usize = 128;
/// Characters of a version; a longer one is cut.
pub const VERSION_CHARS_MAX: usize = 16;
/// Characters of a goal; a longer one is cut.
pub const GOAL_CHARS_MAX: usize = 256;
/// Characters of a user's name; a longer one is cut.
pub const USER_CHARS_MAX: usize = 64;
/// Characters of a workspace; a longer one is cut.
pub const WORKSPACE_CHARS_MAX: usize = 128;

/// What the headers of a request or an answer said.
///
/// Texts are without control characters and no longer than the constants of this module say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Of 1 to 64 letters, digits, `-` and `_`.
    pub context_id: Option<String>,
    /// What kind of agent asks.
    pub agent_type: Option<String>,
    /// `1.0`.
    pub version: Option<String>,
    /// What for.
    pub goal: Option<String>,
    /// For whom.
    pub user: Option<String>,
    /// In which project.
    pub workspace: Option<String>,
    /// The whole context, where it could be read. Its id is that of the header where there is one.
    pub session: Option<Context>,
}

/// Reads the headers. None where none of them is an OCP header. The first of a repeated one counts.
pub fn read<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Received> {
    let mut received = Received::default();
    let (mut any, mut alias, mut session) = (false, None, None);
    for (name, value) in headers {
        let Some(name) = known(name) else { continue };
        any = true;
        let (place, chars_max) = match name {
            CONTEXT_ID => {
                received.context_id = received.context_id.or_else(|| read_id(value));
                continue;
            }
            SESSION => {
                session = session.or(Some(value));
                continue;
            }
            AGENT_TYPE => (&mut received.agent_type, AGENT_TYPE_CHARS_MAX),
            VERSION => (&mut received.version, VERSION_CHARS_MAX),
            CURRENT_GOAL => (&mut received.goal, GOAL_CHARS_MAX),
            USER => (&mut received.user, USER_CHARS_MAX),
            WORKSPACE => (&mut received.workspace, WORKSPACE_CHARS_MAX),
            _ => (&mut alias, GOAL_CHARS_MAX),
        };
        if place.is_none() {
            *place = short(value, chars_max);
        }
    }
    if !any {
        return None;
    }
    received.goal = received.goal.or(alias);
    received.session = session
        .and_then(decode_session)
        .and_then(|value| Context::read(&value, received.context_id.as_deref()));
    if let (Some(session), Some(id)) = (&mut received.session, &received.context_id) {
        session.context_id.clone_from(id);
    }
    Some(received)
}

/// The context that headers carry, as the existing agents read it: both the id and the session have
/// to be there, and the id of the session counts.
pub fn decode<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Context> {
    let (mut id, mut session) = (None, None);
    for (name, value) in headers {
        match known(name) {
            Some(CONTEXT_ID) => id = id.or(short(value, CONTEXT_ID_CHARS_MAX)),
            Some(SESSION) => session = session.or(Some(value)),
            _ => {}
        }
    }
    Context::read(&decode_session(session?)?, Some(&id?))
}

/// The headers of a context beside others. Where both name the same, the context's counts, so that
/// nobody passes for another by a header of his own.
pub fn merge(
    others: &[(String, String)],
    context: &Context,
    scope: &Scope,
) -> Vec<(String, String)> {
    let mut merged = strip(others);
    merged.extend(write(context, scope));
    merged
}

/// The headers that are none of OCP's.
pub fn strip(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers.iter().filter(|(name, _)| known(name).is_none()).cloned().collect()
}

/// The headers in one line, for people.
pub fn summary<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let received = read(headers).unwrap_or_default();
    let or = |value: Option<String>, otherwise: &str| value.unwrap_or(otherwise.to_owned());
    format!(
        "OCP Context: {} | Agent: {} | Goal: {} | Workspace: {}",
        or(received.context_id, "unknown"),
        or(received.agent_type, "unknown"),
        or(received.goal, "none"),
        or(received.workspace, "none"),
    )
}

/// The name of one of OCP's headers as this module writes it.
fn known(name: &str) -> Option<&'static str> {
    let all = NAMES.iter().chain(std::iter::once(&AGENT_GOAL));
    all.copied().find(|known| known.eq_ignore_ascii_case(name))
}

/// The text of a header's bytes: UTF-8 where it is that, else Latin-1.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// The text of a short header, cut; None where nothing is left.
fn short(bytes: &[u8], chars_max: usize) -> Option<String> {
    // A character has at most four bytes; what is cut off at the fifth cannot be part of the text.
    let bytes = trim(bytes);
    let text = text(bytes.get(..chars_max * 8).unwrap_or(bytes));
    let printable = text.chars().take(chars_max);
    let printable: String =
        printable.map(|char| if char.is_control() { ' ' } else { char }).collect();
    let trimmed = printable.trim();
    if trimmed.is_empty() { None } else { Some(trimmed.to_owned()) }
}

fn read_id(bytes: &[u8]) -> Option<String> {
    let bytes = trim(bytes);
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if bytes.is_empty() || bytes.len() > CONTEXT_ID_CHARS_MAX || !bytes.iter().all(known) {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}
