//! What the history says of calls: enough to go on from, without secrets, small.

use serde_json::{Map, Value, json};
use ureq::http::StatusCode;

use super::Agent;
use crate::error::Error;
use crate::redact;
use crate::request::HttpRequest;
use crate::tool::{Api, Tool};
use crate::transport::HttpResponse;

/// A call, as entries of the history name it.
pub struct Call<'a> {
    pub api: &'a Api,
    pub tool: &'a Tool,
    pub request: &'a HttpRequest,
}

impl Agent {
    pub(super) fn record_registered(&self, api: &Api, place: &str, source: &str) {
        let metadata = json!({
            "api_name": api.name,
            "api_title": api.title,
            "tool_count": api.tools.len(),
            "base_url": api.base_url,
            "source": source,
        });
        let result = format!("Discovered {} tools", api.tools.len());
        self.with_context(|context| {
            context.add_api_spec(&api.name, place, &self.clock);
            let metadata = object(metadata);
            let result = Some(result.as_str());
            context.add_interaction("api_registered", Some(place), result, metadata, &self.clock);
        });
    }

    /// Before the request, so that it is in what the request sends.
    pub(super) fn record_call(&self, call: &Call, arguments: &Map<String, Value>) {
        let metadata = json!({
            "tool_name": call.tool.name,
            "api_name": call.api.name,
            "parameters": redact::object(arguments),
            "method": call.request.method,
        });
        let url = redact::url(&call.request.url);
        self.note(&format!("tool_call:{}", call.tool.name), &url, Some("executing"), metadata);
    }

    pub(super) fn record_answer(&self, call: &Call, answer: &HttpResponse) {
        let url = redact::url(&call.request.url);
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let metadata = json!({
            "api_name": call.api.name,
            "method": call.request.method,
            "url": url,
            "domain": domain,
            "success": answer.is_success(),
            "status_code": answer.status,
        });
        let action = format!("api_call_{}", call.request.method.to_lowercase());
        let endpoint = format!("{} {path}", call.request.method);
        let result = format!("HTTP {}", answer.status);
        self.note(&action, &endpoint, Some(&result), metadata);

        let reason = StatusCode::from_u16(answer.status).ok();
        let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let metadata = json!({
            "api_name": call.api.name,
            "status_code": answer.status,
            "success": answer.is_success(),
            "response_size": answer.body.len(),
        });
        let result = format!("{} {reason}", answer.status);
        let action = format!("tool_response:{}", call.tool.name);
        self.note(&action, &url, Some(result.trim_end()), metadata);
    }

    pub(super) fn record_failure(&self, call: &Call, problem: &Error) {
        let url = redact::url(&call.request.url);
        let metadata = json!({"api_name": call.api.name, "method": call.request.method});
        let action = format!("tool_error:{}", call.tool.name);
        self.note(&action, &url, Some(&problem.to_string()), metadata);
    }

    fn note(&self, action: &str, endpoint: &str, result: Option<&str>, metadata: Value) {
        self.with_context(|context| {
            let metadata = object(metadata);
            context.add_interaction(action, Some(endpoint), result, metadata, &self.clock);
        });
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
