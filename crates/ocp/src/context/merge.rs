//! Taking over what a server sends back.

use serde_json::Value;

use super::{Context, Interaction};
use crate::clock::Clock;
use crate::headers;
use crate::redact;

/// Entries of the history that one answer can add.
pub const MERGED_MAX: usize = 20;
/// Characters of a goal, summary or error that are taken over.
pub const TAKEN_CHARS_MAX: usize = 1_000;

impl Context {
    /// Takes over what the headers of an answer say: goal, summary, error, and entries of the
    /// history that are not yet there (told apart by time, action and endpoint).
    ///
    /// The id and everything else stay. New entries belong to `api` from then on, so that no other
    /// API sees them in full. Says whether the headers held a context at all.
    pub fn update_from_headers<'a>(
        &mut self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        api: Option<&str>,
        clock: &Clock,
    ) -> bool {
        let Some(received) = headers::read(headers) else { return false };
        let session = received.session;
        let goal = session.as_ref().and_then(|session| session.current_goal.clone());
        let goal = goal.or(received.goal).filter(|goal| !goal.is_empty());
        if session.is_none() && goal.is_none() {
            return false;
        }
        if let Some(goal) = goal {
            self.current_goal = Some(cut(&goal));
        }
        if let Some(session) = session {
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            if let Some(summary) = filled(session.context_summary) {
                self.context_summary = Some(cut(&summary));
            }
            if let Some(error) = filled(session.error_context) {
                self.error_context = Some(cut(&error));
            }
            self.merge_history(session.history, api);
        }
        self.touch(clock);
        true
    }

    fn merge_history(&mut self, entries: Vec<Interaction>, api: Option<&str>) {
        let newest = entries.len().saturating_sub(MERGED_MAX);
        for mut entry in entries.into_iter().skip(newest) {
            if self.history.iter().any(|known| is_same(known, &entry)) {
                continue;
            }
            // A small header can unpack to a lot, and what a server sends is kept for long.
            entry.action = redact::text(&entry.action);
            entry.api_endpoint = entry.api_endpoint.as_deref().map(redact::text);
            entry.result = entry.result.as_deref().map(redact::text);
            entry.metadata = redact::bounded(&entry.metadata);
            if let Some(api) = api {
                entry.metadata.insert("api_name".to_owned(), Value::from(api));
            }
            self.history.push(entry);
        }
        self.bound();
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TAKEN_CHARS_MAX).collect()
}

/// Entries of other APIs are sent without their endpoint, so one that comes back without matches.
fn is_same(known: &Interaction, entry: &Interaction) -> bool {
    known.timestamp == entry.timestamp
        && known.action == entry.action
        && (entry.api_endpoint.is_none() || known.api_endpoint == entry.api_endpoint)
}
