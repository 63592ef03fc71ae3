//! What an agent says of itself: it explains a request, and never entitles anybody to anything.

use serde::{Deserialize, Serialize};

use crate::id::{Number, RowKey};

/// Characters of each part, at most; longer ones are cut.
pub const PART_CHARS_MAX: usize = 256;

/// What came with a request in the headers of the Open Context Protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentNote {
    /// The conversation, such as `ocp-a1b2c3d4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_id: Option<String>,
    /// What kind of agent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
    /// For whom it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// On what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<String>,
}

/// A request of an agent, or of a key with limits, as it is noted: what was asked, by whom, why,
/// and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRow {
    /// Its number; given when it is written.
    pub number: Number,
    /// The request's id.
    pub request_id: String,
    /// `POST` or `DELETE`.
    pub method: String,
    /// The path, ids included.
    pub path: String,
    /// The operation's id; empty where the path named none.
    pub operation: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// The code of the error, if it was one that has a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The API key, as people may see it.
    pub key: String,
    /// The idempotency key that it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The customer that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Number>,
    /// Whether it moved money, or may when a person agrees: then it is kept as long as the journal.
    #[serde(default)]
    pub lasting: bool,
    /// Whether it was only tried.
    #[serde(default)]
    pub dry_run: bool,
    /// The approval that it had to wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<RowKey>,
    /// What the agent said of itself.
    pub agent: AgentNote,
}
