//! The JSON Schema of a context, as a function: strict, where [`Context::read`] is lenient.

use serde_json::{Map, Value};

use super::{Context, RECENT_CHANGES_MAX};
use crate::timestamp;

const FIELDS: &[&str] = &[
    "context_id",
    "agent_type",
    "user",
    "workspace",
    "current_file",
    "session",
    "history",
    "current_goal",
    "context_summary",
    "error_context",
    "recent_changes",
    "api_specs",
    "created_at",
    "last_updated",
];
const TEXTS: &[&str] =
    &["user", "workspace", "current_file", "current_goal", "context_summary", "error_context"];
const INTERACTION_FIELDS: &[&str] = &["timestamp", "action", "api_endpoint", "result", "metadata"];
/// Faults that are listed; the rest is left out.
pub const FAULTS_MAX: usize = 20;

/// What is wrong with a context, at most [`FAULTS_MAX`] faults; empty where nothing is.
pub fn validate(value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    match value.as_object() {
        None => faults.push("a context is an object".to_owned()),
        Some(object) => validate_object(object, &mut faults),
    }
    faults.truncate(FAULTS_MAX);
    faults
}

/// Repairs what can be repaired without guessing: an id without its `ocp-`, and a session, a
/// history or API descriptions of a wrong type. What is then still wrong is listed.
pub fn fix(value: &Value) -> Result<Context, Vec<String>> {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        fix_object(object);
    }
    let faults = validate(&value);
    if !faults.is_empty() {
        return Err(faults);
    }
    Context::read(&value, None).ok_or_else(|| vec!["a context is an object".to_owned()])
}

fn fix_object(object: &mut Map<String, Value>) {
    if let Some(Value::String(id)) = object.get_mut("context_id")
        && !id.starts_with("ocp-")
    {
        id.insert_str(0, "ocp-");
    }
    let created = object.get("created_at").cloned().unwrap_or(timestamp::UNKNOWN.into());
    let agent_type = object.get("agent_type").cloned().unwrap_or_default();
    if object.get("session").is_some_and(|session| !session.is_object()) {
        let fresh = [
            ("start_time".to_owned(), created),
            ("interaction_count".to_owned(), 0.into()),
            ("agent_type".to_owned(), agent_type),
        ];
        object.insert("session".to_owned(), Value::Object(fresh.into_iter().collect()));
    }
    if object.get("history").is_some_and(|history| !history.is_array()) {
        object.insert("history".to_owned(), Value::Array(Vec::new()));
    }
    if object.get("api_specs").is_some_and(|specs| !specs.is_object()) {
        object.insert("api_specs".to_owned(), Value::Object(Map::new()));
    }
}

fn validate_object(object: &Map<String, Value>, faults: &mut Vec<String>) {
    unknown_keys(object, FIELDS, "", faults);
    match object.get("context_id").and_then(Value::as_str) {
        Some(id) if is_context_id(id) => {}
        _ => faults.push("context_id is 'ocp-' and 8 or more of 0-9 and a-f".to_owned()),
    }
    if !object.get("agent_type").is_some_and(Value::is_string) {
        faults.push("agent_type is a string".to_owned());
    }
    for key in ["created_at", "last_updated"] {
        time(object, key, "", faults);
    }
    for key in TEXTS {
        text_or_null(object, key, "", faults);
    }
    match object.get("session").map(Value::as_object) {
        None => {}
        Some(Some(session)) => validate_session(session, faults),
        Some(None) => faults.push("session is an object".to_owned()),
    }
    match object.get("history").map(Value::as_array) {
        None => {}
        Some(Some(items)) => items.iter().take(super::HISTORY_MAX).for_each(|item| {
            validate_interaction(item, faults);
        }),
        Some(None) => faults.push("history is an array".to_owned()),
    }
    validate_lists(object, faults);
}

fn validate_session(session: &Map<String, Value>, faults: &mut Vec<String>) {
    time(session, "start_time", "session.", faults);
    if !session.get("interaction_count").is_some_and(Value::is_u64) {
        faults.push("session.interaction_count is an integer of 0 or more".to_owned());
    }
    if !session.get("agent_type").is_some_and(Value::is_string) {
        faults.push("session.agent_type is a string".to_owned());
    }
}

fn validate_interaction(item: &Value, faults: &mut Vec<String>) {
    let Some(item) = item.as_object() else {
        faults.push("an entry of history is an object".to_owned());
        return;
    };
    unknown_keys(item, INTERACTION_FIELDS, "history[].", faults);
    time(item, "timestamp", "history[].", faults);
    if !item.get("action").is_some_and(Value::is_string) {
        faults.push("history[].action is a string".to_owned());
    }
    for key in ["api_endpoint", "result"] {
        text_or_null(item, key, "history[].", faults);
    }
    if item.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        faults.push("history[].metadata is an object".to_owned());
    }
}

fn validate_lists(object: &Map<String, Value>, faults: &mut Vec<String>) {
    if let Some(changes) = object.get("recent_changes") {
        match changes.as_array() {
            Some(changes) if changes.len() > RECENT_CHANGES_MAX => {
                faults.push(format!("recent_changes has at most {RECENT_CHANGES_MAX} entries"));
            }
            Some(changes) if changes.iter().all(Value::is_string) => {}
            _ => faults.push("recent_changes is an array of strings".to_owned()),
        }
    }
    if let Some(specs) = object.get("api_specs") {
        match specs.as_object() {
            Some(specs) => {
                if !specs.keys().all(|name| is_api_name(name)) {
                    faults.push("names in api_specs are of A-Z a-z 0-9 _ and -".to_owned());
                }
                if !specs.values().all(Value::is_string) {
                    faults.push("values in api_specs are strings".to_owned());
                }
            }
            None => faults.push("api_specs is an object".to_owned()),
        }
    }
}

fn unknown_keys(
    object: &Map<String, Value>,
    known: &[&str],
    prefix: &str,
    faults: &mut Vec<String>,
) {
    let unknown = object.keys().filter(|key| !known.contains(&key.as_str())).take(FAULTS_MAX);
    faults.extend(unknown.map(|key| format!("{prefix}{key} is not a field of a context")));
}

fn time(object: &Map<String, Value>, key: &str, prefix: &str, faults: &mut Vec<String>) {
    if !object.get(key).and_then(Value::as_str).is_some_and(timestamp::is_valid) {
        faults.push(format!("{prefix}{key} is an RFC 3339 time"));
    }
}

fn text_or_null(object: &Map<String, Value>, key: &str, prefix: &str, faults: &mut Vec<String>) {
    if object.get(key).is_some_and(|value| !value.is_string() && !value.is_null()) {
        faults.push(format!("{prefix}{key} is a string or null"));
    }
}

/// Whether a text is an id of a context, as the schema writes it.
pub fn is_context_id(id: &str) -> bool {
    id.strip_prefix("ocp-").is_some_and(|digits| {
        digits.len() >= 8 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn is_api_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !name.is_empty() && name.bytes().all(known)
}
