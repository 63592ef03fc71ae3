//! One call of a tool: its arguments -> a request to the API -> the result that the agent sees.
//!
//! A call runs the very way of an HTTP request, so that what holds for one holds for the other:
//! keys, scopes, limits, idempotency, and parameters that are checked before anything happens.
//! What is checked here is what only tools have: ids, `idempotency_key` and `dry_run`.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Builder;
use hyper::{HeaderMap, Method, Request, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, MetaObject};
use serde_json::Value;

use super::advice::{Failure, advice};
use super::tools::{ID_CHARS_MAX, Tool, Tools};
use crate::api::error::ApiError;
use crate::api::idempotency::KEY_CHARS_MAX;
use crate::entropy::Entropy;

/// The header that asks for an answer without effect.
pub const DRY_RUN: &str = "purser-dry-run";

/// The way from a tool to the API.
pub trait Door: Send + Sync + 'static {
    /// Sends a request of a tool and waits for its answer. Whatever keeps it from being answered
    /// is a sentence.
    fn send(
        &self,
        tool: &Tool,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<Response<Bytes>, String>> + Send;

    /// Where fresh idempotency keys come from.
    fn entropy(&self) -> &Entropy;

    /// How whoever set up this way gives it an API key.
    fn key_advice(&self) -> &'static str;
}

/// Calls a tool. `headers` are those of the agent's own request that are meant for the API.
pub async fn call<D: Door>(
    door: &D,
    tools: &Tools,
    tool: &Tool,
    arguments: JsonObject,
    headers: HeaderMap,
) -> CallToolResult {
    let refused = |error: &ApiError| {
        let body = serde_json::from_slice(&error.body().to_bytes()).unwrap_or_default();
        let failure = Failure { status: error.status, key: None, key_advice: door.key_advice() };
        failed(tools, tool, body, &failure)
    };
    let (request, key) = match request(door.entropy(), tool, arguments, headers) {
        Ok(made) => made,
        Err(error) => return refused(&error),
    };
    let key = key.as_deref();
    let answer = match door.send(tool, request).await {
        Ok(answer) => answer,
        Err(message) => {
            let error = ApiError::unavailable(message);
            let body = serde_json::from_slice(&error.body().to_bytes()).unwrap_or_default();
            let failure = Failure { status: error.status, key, key_advice: door.key_advice() };
            let mut result = failed(tools, tool, body, &failure);
            result.meta = Some(meta(&HeaderMap::new(), key));
            return result;
        }
    };
    let (parts, body) = answer.into_parts();
    let text = String::from_utf8_lossy(&body).into_owned();
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut result = match parts.status.as_u16() {
        200 => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
            result.structured_content = Some(value);
            result
        }
        status => {
            let failure = Failure { status, key, key_advice: door.key_advice() };
            failed(tools, tool, value, &failure)
        }
    };
    result.meta = Some(meta(&parts.headers, key));
    result
}

fn failed(tools: &Tools, tool: &Tool, body: Value, failure: &Failure<'_>) -> CallToolResult {
    let message = body["error"]["message"].as_str().unwrap_or("The server answers no JSON.");
    let text = match advice(tools, tool, &body["error"], failure) {
        Some(advice) => format!("{message}\n{advice}"),
        None => message.to_owned(),
    };
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(body);
    result
}

/// What a client may want to know to repeat the call, or to ask what became of it.
fn meta(headers: &HeaderMap, key: Option<&str>) -> MetaObject {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut meta = MetaObject::new();
    if let Some(id) = header("request-id") {
        meta.0.insert("purser/request_id".to_owned(), id.into());
    }
    if let Some(key) = key {
        meta.0.insert("purser/idempotency_key".to_owned(), key.into());
        let replayed = header("idempotent-replayed") == Some("true");
        meta.0.insert("purser/replayed".to_owned(), replayed.into());
    }
    meta
}

type Made = (Request<Bytes>, Option<String>);

/// The request that a call means, and the idempotency key that it carries.
fn request(
    entropy: &Entropy,
    tool: &Tool,
    mut arguments: JsonObject,
    mut headers: HeaderMap,
) -> Result<Made, ApiError> {
    let path = path(tool, &mut arguments)?;
    let given = given_key(tool, &mut arguments)?;
    let rehearsal = rehearsal(tool, &mut arguments)?;
    let key = match tool.keyed && !rehearsal {
        true => Some(given.unwrap_or_else(|| fresh_key(entropy))),
        // A rehearsal must not use up the key of the real call.
        false => None,
    };
    if let Some(key) = &key {
        let value = HeaderValue::from_bytes(key.as_bytes());
        let value = value.map_err(|_| {
            wrong("idempotency_key", "has a character that cannot stand in a header")
        })?;
        headers.insert("idempotency-key", value);
    }
    if rehearsal {
        headers.insert(DRY_RUN, HeaderValue::from_static("true"));
    }
    let mut builder = Request::builder().method(tool.route.method.clone());
    let (target, body) = match tool.route.method == Method::POST {
        false => (query(&path, &arguments), Bytes::new()),
        true => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            (path, Value::Object(arguments).to_string().into())
        }
    };
    builder = builder.uri(target);
    builder.headers_mut().map(|all| std::mem::replace(all, headers));
    Ok((finish(builder, body)?, key))
}

fn finish(builder: Builder, body: Bytes) -> Result<Request<Bytes>, ApiError> {
    // A URI has a maximum of its own, which only the long arguments of a query can meet.
    let too_long = |_| ApiError::invalid(400, "The arguments are too long for this operation.");
    builder.body(body).map_err(too_long)
}

/// `mcp-` and characters by chance.
fn fresh_key(entropy: &Entropy) -> String {
    format!("mcp-{}", books::id::random_text(&entropy.bytes::<24>(), 24))
}

/// Takes the ids out of the arguments and puts them into the path.
fn path(tool: &Tool, arguments: &mut JsonObject) -> Result<String, ApiError> {
    let mut path = String::new();
    for segment in tool.route.path.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let id = id(name, arguments.shift_remove(name))?;
                path.extend(utf8_percent_encode(&id, NON_ALPHANUMERIC));
            }
            None => path.push_str(segment),
        }
    }
    Ok(path)
}

fn id(name: &str, value: Option<Value>) -> Result<String, ApiError> {
    let id = match value {
        Some(Value::String(id)) => id,
        None | Some(Value::Null) => {
            let message = format!("The argument `{name}` is required: the id of an object.");
            return Err(ApiError::invalid(400, message).about(name).coded("parameter_missing"));
        }
        Some(_) => return Err(wrong(name, "must be a text: the id of an object")),
    };
    match id.chars().count() {
        0 => Err(wrong(name, "is empty: it must be the id of an object")),
        count if count > ID_CHARS_MAX => {
            Err(wrong(name, &format!("has {count} characters; an id has up to {ID_CHARS_MAX}")))
        }
        _ if id.contains(|c: char| c == '/' || c.is_control()) => {
            Err(wrong(name, "is no id: it has a character that no id has"))
        }
        _ => Ok(id),
    }
}

fn given_key(tool: &Tool, arguments: &mut JsonObject) -> Result<Option<String>, ApiError> {
    const NAME: &str = "idempotency_key";
    // Where it means nothing it stays, so that the API refuses it like any unknown name.
    match tool.keyed.then(|| arguments.shift_remove(NAME)).flatten() {
        None => Ok(None),
        Some(Value::String(key)) if (1..=KEY_CHARS_MAX).contains(&key.chars().count()) => {
            Ok(Some(key))
        }
        Some(_) => Err(wrong(NAME, &format!("must be a text of 1 to {KEY_CHARS_MAX} characters"))),
    }
}

fn rehearsal(tool: &Tool, arguments: &mut JsonObject) -> Result<bool, ApiError> {
    const NAME: &str = "dry_run";
    match tool.rehearsed.then(|| arguments.shift_remove(NAME)).flatten() {
        None => Ok(false),
        Some(Value::Bool(rehearsal)) => Ok(rehearsal),
        Some(_) => Err(wrong(NAME, "must be true or false")),
    }
}

fn wrong(argument: &str, problem: &str) -> ApiError {
    ApiError::invalid(400, format!("The argument `{argument}` {problem}.")).about(argument)
}

/// The path with the arguments as its query, in the notation of forms.
fn query(path: &str, arguments: &JsonObject) -> String {
    let mut target = path.to_owned();
    for (name, value) in arguments {
        add(&mut target, &escape(name), value);
    }
    target
}

fn add(target: &mut String, name: &str, value: &Value) {
    let text = match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                add(target, &format!("{name}[{}]", escape(key)), value);
            }
            return;
        }
        Value::Array(items) => {
            for item in items {
                add(target, &format!("{name}[]"), item);
            }
            return;
        }
        Value::String(text) => escape(text),
        Value::Null => String::new(),
        other => escape(&other.to_string()),
    };
    target.push(if target.contains('?') { '&' } else { '?' });
    target.push_str(name);
    target.push('=');
    target.push_str(&text);
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests;
