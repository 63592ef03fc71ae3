//! The context of a conversation: who asks, what for, and what was done so far.
//!
//! Fourteen fields, in the order that goes over the wire. Times are text (RFC 3339) and stay as they
//! came. Every list is bounded: the history keeps the newest [`HISTORY_MAX`] entries, changes the
//! newest [`RECENT_CHANGES_MAX`], descriptions of APIs the first [`API_SPECS_MAX`].

mod merge;
mod read;
pub mod schema;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Clock;

/// Entries of the history that a context keeps; the oldest go first.
pub const HISTORY_MAX: usize = 1_000;
/// Recent changes that a context keeps.
pub const RECENT_CHANGES_MAX: usize = 10;
/// Descriptions of APIs that a context names.
pub const API_SPECS_MAX: usize = 100;
/// What an agent is called that does not say what it is.
pub const AGENT_TYPE: &str = "ai_agent";
/// What a context says of an agent that is not known.
pub const AGENT_TYPE_UNKNOWN: &str = "generic_agent";

/// The context of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// `ocp-` and at least 8 digits of `0-9a-f`.
    pub context_id: String,
    /// What kind of agent asks.
    pub agent_type: String,
    /// For whom.
    pub user: Option<String>,
    /// In which project.
    pub workspace: Option<String>,
    /// What is being worked on.
    pub current_file: Option<String>,
    /// When the conversation began, and how often its goal was set.
    pub session: Session,
    /// What was done, the oldest first.
    pub history: Vec<Interaction>,
    /// What for.
    pub current_goal: Option<String>,
    /// Where the conversation stands.
    pub context_summary: Option<String>,
    /// What went wrong last.
    pub error_context: Option<String>,
    /// The newest last.
    pub recent_changes: Vec<String>,
    /// Names of APIs, and where each was found: a URL or `registry:<name>`.
    pub api_specs: IndexMap<String, String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_updated: String,
}

/// The conversation that a context belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// RFC 3339.
    pub start_time: String,
    /// How often a goal was set.
    pub interaction_count: u64,
    /// As in the context.
    pub agent_type: String,
    /// What else was there.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// RFC 3339.
    pub timestamp: String,
    /// `tool_call:getBalance`, ...
    pub action: String,
    /// A URL, or method and path.
    pub api_endpoint: Option<String>,
    /// In a few words.
    pub result: Option<String>,
    /// What else is worth knowing. `api_name` says to which API the entry belongs.
    pub metadata: Map<String, Value>,
}

impl Context {
    /// The beginning of a conversation.
    pub fn new(agent_type: &str, clock: &Clock) -> Context {
        let now = clock.timestamp();
        Context {
            context_id: new_id(clock),
            agent_type: agent_type.to_owned(),
            user: None,
            workspace: None,
            current_file: None,
            session: Session {
                start_time: now.clone(),
                interaction_count: 0,
                agent_type: agent_type.to_owned(),
                rest: Map::new(),
            },
            history: Vec::new(),
            current_goal: None,
            context_summary: None,
            error_context: None,
            recent_changes: Vec::new(),
            api_specs: IndexMap::new(),
            created_at: now.clone(),
            last_updated: now,
        }
    }

    /// Sets what the conversation is for. An empty summary leaves the one that is there.
    pub fn update_goal(&mut self, goal: &str, summary: Option<&str>, clock: &Clock) {
        self.current_goal = Some(goal.to_owned());
        if let Some(summary) = summary.filter(|summary| !summary.is_empty()) {
            self.context_summary = Some(summary.to_owned());
        }
        self.session.interaction_count = self.session.interaction_count.saturating_add(1);
        self.touch(clock);
    }

    /// Writes down what was done. Secrets do not belong into `metadata`; see [`crate::redact`].
    pub fn add_interaction(
        &mut self,
        action: &str,
        api_endpoint: Option<&str>,
        result: Option<&str>,
        metadata: Map<String, Value>,
        clock: &Clock,
    ) {
        self.history.push(Interaction {
            timestamp: clock.timestamp(),
            action: action.to_owned(),
            api_endpoint: api_endpoint.map(str::to_owned),
            result: result.map(str::to_owned),
            metadata,
        });
        self.bound();
        self.touch(clock);
    }

    /// Sets what went wrong, and in which file where one is given.
    pub fn set_error_context(&mut self, error: &str, file: Option<&str>, clock: &Clock) {
        self.error_context = Some(error.to_owned());
        if let Some(file) = file {
            self.current_file = Some(file.to_owned());
        }
        self.touch(clock);
    }

    /// Adds a change; the oldest beyond [`RECENT_CHANGES_MAX`] goes.
    pub fn add_recent_change(&mut self, change: &str, clock: &Clock) {
        self.recent_changes.push(change.to_owned());
        self.bound();
        self.touch(clock);
    }

    /// Says where an API was found. Beyond [`API_SPECS_MAX`] the oldest goes.
    pub fn add_api_spec(&mut self, name: &str, uri: &str, clock: &Clock) {
        self.api_specs.insert(spec_name(name), uri.to_owned());
        self.bound();
        self.touch(clock);
    }

    /// The same data under a new id: another conversation begins. (`clone` keeps the id.)
    pub fn fork(&self, clock: &Clock) -> Context {
        Context { context_id: new_id(clock), ..self.clone() }
    }

    /// The conversation in one line, for a prompt.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        let named = [
            ("Goal", &self.current_goal),
            ("Error", &self.error_context),
            ("Working on", &self.current_file),
        ];
        for (name, value) in named {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                parts.push(format!("{name}: {value}"));
            }
        }
        if !self.recent_changes.is_empty() {
            let first = self.recent_changes.len().saturating_sub(3);
            parts.push(format!("Recent changes: {}", self.recent_changes[first..].join(", ")));
        }
        if !self.history.is_empty() {
            let first = self.history.len().saturating_sub(3);
            let actions: Vec<&str> =
                self.history[first..].iter().map(|done| done.action.as_str()).collect();
            parts.push(format!("Recent actions: {}", actions.join(", ")));
        }
        if parts.is_empty() { "New conversation".to_owned() } else { parts.join(" | ") }
    }

    pub(crate) fn touch(&mut self, clock: &Clock) {
        self.last_updated = clock.timestamp();
    }

    /// Lets go of what is oldest beyond the limits.
    fn bound(&mut self) {
        let over = self.history.len().saturating_sub(HISTORY_MAX);
        self.history.drain(..over);
        let over = self.recent_changes.len().saturating_sub(RECENT_CHANGES_MAX);
        self.recent_changes.drain(..over);
        while self.api_specs.len() > API_SPECS_MAX {
            self.api_specs.shift_remove_index(0);
        }
    }
}

/// A name as `api_specs` may have it: of letters, digits, `_` and `-`.
pub fn spec_name(name: &str) -> String {
    let known = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    name.chars().map(|char| if known(char) { char } else { '-' }).collect()
}

/// `ocp-` and 16 digits.
fn new_id(clock: &Clock) -> String {
    format!("ocp-{:016x}", clock.random())
}
