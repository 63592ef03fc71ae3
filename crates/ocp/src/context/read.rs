//! Reading a context that somebody else wrote: what can be read is kept, the rest is left out.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{AGENT_TYPE_UNKNOWN, Context, HISTORY_MAX, Interaction, RECENT_CHANGES_MAX, Session};
use crate::timestamp;

impl Context {
    /// Reads the object of a context leniently.
    ///
    /// Unknown keys are dropped, fields of a wrong type are as if they were absent, times that are
    /// none fall back to others that are there. None where the value is no object or an empty one.
    /// `id` stands in for an absent or malformed `context_id`.
    pub fn read(value: &Value, id: Option<&str>) -> Option<Context> {
        let object = value.as_object().filter(|object| !object.is_empty())?;
        let session = object.get("session").and_then(Value::as_object);
        let start = session.and_then(|session| time(session, "start_time"));
        let updated = time(object, "last_updated");
        let created = time(object, "created_at").or(start).or(updated);
        let created = created.unwrap_or(timestamp::UNKNOWN);
        let agent_type = text(object, "agent_type").unwrap_or(AGENT_TYPE_UNKNOWN);
        let own_id = text(object, "context_id").filter(|id| !id.is_empty());
        let last_updated = updated.unwrap_or(created).to_owned();
        let mut context = Context {
            context_id: own_id.or(id).unwrap_or_default().to_owned(),
            agent_type: agent_type.to_owned(),
            user: owned(object, "user"),
            workspace: owned(object, "workspace"),
            current_file: owned(object, "current_file"),
            session: read_session(session, created, agent_type),
            history: read_history(object.get("history"), &last_updated),
            current_goal: owned(object, "current_goal"),
            context_summary: owned(object, "context_summary"),
            error_context: owned(object, "error_context"),
            recent_changes: read_changes(object.get("recent_changes")),
            api_specs: read_specs(object.get("api_specs")),
            created_at: created.to_owned(),
            last_updated,
        };
        context.bound();
        Some(context)
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

fn owned(object: &Map<String, Value>, key: &str) -> Option<String> {
    text(object, key).map(str::to_owned)
}

fn time<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    text(object, key).filter(|text| timestamp::is_valid(text))
}

fn read_session(session: Option<&Map<String, Value>>, created: &str, agent_type: &str) -> Session {
    let mut rest = session.cloned().unwrap_or_default();
    let start_time = time(&rest, "start_time").unwrap_or(created).to_owned();
    let interaction_count = rest.get("interaction_count").and_then(Value::as_u64).unwrap_or(0);
    let agent_type = text(&rest, "agent_type").unwrap_or(agent_type).to_owned();
    for known in ["start_time", "interaction_count", "agent_type"] {
        rest.shift_remove(known);
    }
    Session { start_time, interaction_count, agent_type, rest }
}

/// The newest [`HISTORY_MAX`] items that say what was done.
fn read_history(history: Option<&Value>, otherwise: &str) -> Vec<Interaction> {
    let items = history.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let newest = &items[items.len().saturating_sub(HISTORY_MAX)..];
    newest.iter().filter_map(|item| read_interaction(item.as_object()?, otherwise)).collect()
}

fn read_interaction(item: &Map<String, Value>, otherwise: &str) -> Option<Interaction> {
    Some(Interaction {
        timestamp: time(item, "timestamp").unwrap_or(otherwise).to_owned(),
        action: owned(item, "action")?,
        api_endpoint: owned(item, "api_endpoint"),
        result: owned(item, "result"),
        metadata: item.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default(),
    })
}

fn read_changes(changes: Option<&Value>) -> Vec<String> {
    let items = changes.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let newest = &items[items.len().saturating_sub(RECENT_CHANGES_MAX)..];
    newest.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn read_specs(specs: Option<&Value>) -> IndexMap<String, String> {
    let specs = specs.and_then(Value::as_object).into_iter().flatten();
    specs.filter_map(|(name, uri)| Some((name.clone(), uri.as_str()?.to_owned()))).collect()
}
