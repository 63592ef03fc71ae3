//! What an agent should do about an error: one sentence below the message of the API.

use serde_json::Value;

use super::tools::{Tool, Tools};

/// How a call failed.
pub struct Failure<'a> {
    /// HTTP status.
    pub status: u16,
    /// The idempotency key that the request had.
    pub key: Option<&'a str>,
    /// How an API key is given.
    pub key_advice: &'a str,
}

/// The advice, where there is any. `error` is Stripe's error object.
pub fn advice(tools: &Tools, tool: &Tool, error: &Value, failure: &Failure<'_>) -> Option<String> {
    let name = &tool.name;
    let param = error["param"].as_str();
    let same = failure.key.map(|key| format!("the same arguments and idempotency_key \"{key}\""));
    match (error["code"].as_str(), failure.status) {
        // Only a dry run goes without a key, and nobody was asked.
        (Some("approval_required"), _) if tool.keyed && failure.key.is_none() => {
            Some(format!("Call {name} without dry_run to ask a person for approval."))
        }
        (Some("approval_required"), _) => {
            let with = same.unwrap_or_else(|| "the same arguments".to_owned());
            Some(format!("A person has to approve this. After that, call {name} with {with}."))
        }
        (Some("resource_missing"), _) => {
            let finder = tools.finder(tool, param?)?;
            Some(format!("Find the right id with {}.", finder.name))
        }
        (Some("parameter_unknown"), _) => {
            let param = param?;
            let place = param.rfind('[').map(|end| format!("`{}` of ", &param[..end]));
            let place = place.unwrap_or_default();
            let names = tool.names_beside(param).join(", ");
            Some(format!("These are the names that {place}{name} takes: {names}."))
        }
        (_, 401) => Some(failure.key_advice.to_owned()),
        (_, 403) => Some("Look for no way around it: ask a person for what is missing.".to_owned()),
        (_, 400) if error["type"] == "idempotency_error" => {
            Some("A new call needs no idempotency_key: leave it out.".to_owned())
        }
        (_, 409 | 429 | 500..) => Some(match same {
            Some(with) => format!(
                "Wait a moment, then call {name} with {with}: it is carried out once at most."
            ),
            None if tool.route.method == hyper::Method::GET => {
                format!("Wait a moment, then call {name} again.")
            }
            None => "Look whether it was carried out before you call it again.".to_owned(),
        }),
        (_, 400) => {
            let root = param?.split('[').next().unwrap_or_default();
            let known = tool.names_beside(root).contains(&root);
            known.then(|| format!("See `{root}` in the input schema of {name}."))
        }
        _ => None,
    }
}
