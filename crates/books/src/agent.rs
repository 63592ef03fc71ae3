//! What an agent says of itself: it explains a request, and never entitles anybody to anything.

use serde::{Deserialize, Serialize};

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
