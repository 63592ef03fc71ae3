//! A small blocking HTTP client: what is sent and what came back, nothing hidden.
//!
//! No error on 4xx and 5xx, no retries, no redirects, and a new connection for every request, so
//! that a killed server shows as an error of exactly the request that met it.

use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, http};

const TIMEOUT: Duration = Duration::from_secs(60);

/// One request. `target` is the path with its query.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

impl Request {
    /// Parameters go into the body of a POST and into the query of anything else.
    pub fn new(method: &str, path: &str, params: &[(String, String)]) -> Self {
        let encoded = form(params);
        let (method, mut target) = (method.to_owned(), path.to_owned());
        let (mut headers, mut body) = (Vec::new(), None);
        if method == "POST" {
            let form_type = "application/x-www-form-urlencoded";
            headers.push(("Content-Type".to_owned(), form_type.to_owned()));
            body = Some(encoded);
        } else if !encoded.is_empty() {
            target = format!("{target}?{encoded}");
        }
        Self { method, target, headers, body }
    }

    /// Replaces the body by JSON.
    pub fn json(mut self, text: &str) -> Self {
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        self.body = Some(text.to_owned());
        self.header("Content-Type", "application/json")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// One answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header_value(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.body)
            .map_err(|why| format!("the body is not JSON: {why}\n{}", self.body))
    }
}

/// A client of one server; clones are cheap and may be used from other threads.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    pub fn new(base: &str) -> Self {
        Self::with_timeout(base, TIMEOUT)
    }

    /// A client that gives up a request after so long.
    pub fn with_timeout(base: &str, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .timeout_global(Some(timeout));
        Self { agent: config.build().into(), base: base.to_owned() }
    }

    pub fn send(&self, request: &Request) -> Result<Answer, String> {
        let mut message = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{}{}", self.base, request.target));
        for (name, value) in &request.headers {
            message = message.header(name, value);
        }
        let sent = match &request.body {
            Some(body) => self.agent.run(message.body(body.as_str()).map_err(text)?),
            None => self.agent.run(message.body(()).map_err(text)?),
        };
        let mut response = sent.map_err(text)?;
        let headers = response.headers().iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let (headers, status) = (headers.collect(), response.status().as_u16());
        let body = response.body_mut().read_to_string().map_err(text)?;
        Ok(Answer { status, headers, body })
    }
}

fn form(params: &[(String, String)]) -> String {
    let pairs = params.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escape(text: &str) -> String {
    let escaped = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    escaped.collect()
}

/// The value of a header; capitals do not matter.
pub fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
