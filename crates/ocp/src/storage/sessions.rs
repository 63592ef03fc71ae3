//! Contexts of conversations, one file each.

use std::path::PathBuf;

use super::Storage;
use super::files::{list, name_of, read_json, stem, to_value};
use crate::context::Context;
use crate::error::Error;

/// Sessions that a clean-up keeps where nobody says how many.
pub const SESSIONS_KEPT: usize = 50;

/// A session in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSummary {
    /// The name it was saved under.
    pub id: String,
    /// The context's own id.
    pub context_id: String,
    /// What kind of agent.
    pub agent_type: String,
    /// For whom.
    pub user: Option<String>,
    /// In which project.
    pub workspace: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub last_updated: String,
    /// How often a goal was set.
    pub interaction_count: u64,
}

impl Storage {
    fn sessions_folder(&self) -> PathBuf {
        self.root.join("sessions")
    }

    /// Keeps a context under a name.
    ///
    /// Errors: [`Error::Local`] where the file cannot be written.
    pub fn save_session(&self, id: &str, context: &Context) -> Result<(), Error> {
        let mut file = to_value(context)?;
        file["session_id"] = id.into();
        self.write(&self.sessions_folder(), &stem(id)?, &file)
    }

    /// A context that was kept.
    pub fn load_session(&self, id: &str) -> Option<Context> {
        Context::read(&self.read(&self.sessions_folder(), &stem(id).ok()?)?, None)
    }

    /// Sessions, the newest first; at most `limit` where one is given.
    pub fn list_sessions(&self, limit: Option<usize>) -> Vec<SessionSummary> {
        let files = list(&self.sessions_folder()).into_iter().take(limit.unwrap_or(usize::MAX));
        files
            .filter_map(|(stem, path)| {
                let context = Context::read(&read_json(&path)?, None)?;
                Some(SessionSummary {
                    id: name_of(&stem),
                    context_id: context.context_id,
                    agent_type: context.agent_type,
                    user: context.user,
                    workspace: context.workspace,
                    created_at: context.created_at,
                    last_updated: context.last_updated,
                    interaction_count: context.session.interaction_count,
                })
            })
            .collect()
    }

    /// Removes all sessions but the newest `keep`. Says how many went.
    pub fn cleanup_sessions(&self, keep: usize) -> usize {
        let old = list(&self.sessions_folder()).into_iter().skip(keep);
        old.filter(|(_, path)| std::fs::remove_file(path).is_ok()).count()
    }
}
