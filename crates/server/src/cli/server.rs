//! The running server that a command talks to, over HTTP without TLS.

use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

/// How long it may take to reach a server.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the server is, and who asks.
#[derive(Args)]
pub struct Address {
    /// The server, which must be running.
    #[arg(long, env = "PURSER_URL", default_value = "http://127.0.0.1:12111", global = true)]
    pub url: String,
    /// A key of it. In the sandbox every sk_test_... key works.
    #[arg(
        long,
        env = "PURSER_KEY",
        hide_env_values = true,
        default_value = "sk_test_purser",
        global = true
    )]
    pub key: String,
}

/// The server at an address.
pub struct Server {
    agent: Agent,
    base: String,
    bearer: String,
}

/// An answer of the server, whatever its status.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The id of the request, `req_...`; empty where there is none.
    pub request_id: String,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// What the server says is wrong with the request.
    pub fn refusal(&self) -> Option<&str> {
        self.body["error"]["message"].as_str()
    }
}

impl Server {
    /// The server there; nothing is sent yet.
    pub fn new(address: &Address) -> Result<Server, String> {
        let url = &address.url;
        if !url.starts_with("http://") {
            return Err(format!("'{url}' does not begin with http://; this command speaks no TLS"));
        }
        // No limit on the time of an answer: a clock that is moved far has much to do on the way.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .proxy(None);
        let base = url.trim_end_matches('/').to_owned();
        Ok(Server { agent: config.build().into(), base, bearer: format!("Bearer {}", address.key) })
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request. Parameters go into the body of a POST and into the query of any other.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let url = format!("{}{path}", self.base);
        let request = Request::builder().method(method).header("Authorization", &self.bearer);
        let form = form(params);
        let sent = match method {
            "POST" => {
                let form_type = "application/x-www-form-urlencoded";
                let request = request.uri(&url).header("Content-Type", form_type);
                self.agent.run(request.body(form).map_err(|e| format!("{url}: {e}"))?)
            }
            _ => {
                let mark = if form.is_empty() { "" } else { "?" };
                let request = request.uri(format!("{url}{mark}{form}"));
                self.agent.run(request.body(()).map_err(|e| format!("{url}: {e}"))?)
            }
        };
        let answer =
            sent.map_err(|error| format!("{url}: {error}; is `purser serve` running there?"))?;
        self.read(&url, answer)
    }

    /// Sends a request that has to be carried out: a refusal is an error.
    pub fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Result<Value, String> {
        let answer = self.send(method, path, params)?;
        match answer.refusal() {
            Some(message) => Err(message.to_owned()),
            None => Ok(answer.body),
        }
    }

    /// Sends a request as it is, to this server and with this key, and reads the whole answer.
    pub fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut parts, body) = request.into_parts();
        let url = format!("{}{}", self.base, parts.uri);
        parts.uri = url.parse().map_err(|e| format!("{url}: {e}"))?;
        let key = self.bearer.parse().map_err(|_| "The key cannot stand in a header.")?;
        parts.headers.insert("authorization", key);
        let sent = match body.is_empty() {
            true => self.agent.run(Request::from_parts(parts, ())),
            false => self.agent.run(Request::from_parts(parts, &body[..])),
        };
        let answer = sent.map_err(|error| {
            format!("{} does not answer: {error}. Is `purser serve` running there?", self.base)
        })?;
        let (parts, mut body) = answer.into_parts();
        let body = body.read_to_vec().map_err(|e| format!("The answer broke off: {e}."))?;
        Ok(Response::from_parts(parts, body.into()))
    }

    /// Begins to read an answer that has no end. A connection without a byte for `silence_max`
    /// is an error of its reader.
    pub fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        silence_max: Duration,
    ) -> Result<Response<Body>, String> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.get(&url).header("Authorization", &self.bearer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.config().timeout_per_read(Some(silence_max)).build();
        request.call().map_err(|error| error.to_string())
    }

    /// Reads a whole answer, which is JSON.
    pub fn read(&self, url: &str, mut answer: Response<Body>) -> Result<Answer, String> {
        let status = answer.status().as_u16();
        let request_id = answer.headers().get("request-id").and_then(|id| id.to_str().ok());
        let request_id = request_id.unwrap_or_default().to_owned();
        let text = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
        let body: Value = serde_json::from_str(&text)
            .map_err(|_| format!("{url} does not answer like a Purser server"))?;
        Ok(Answer { status, request_id, body })
    }
}

/// Writes parameters as a form.
pub fn form(params: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        params.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> impl std::fmt::Display {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
}
