//! The transport that comes with the crate: ureq, with rustls and Mozilla's root certificates.

use std::time::Duration;

use ureq::http;

use super::{HttpResponse, Transport};
use crate::error::Error;
use crate::redact;
use crate::request::HttpRequest;

/// Seconds that one try takes at most, from the look-up of the name to the last byte of the answer.
pub const TIMEOUT_S: u64 = 30;
/// Bytes of an answer's body.
pub const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of an answer's headers.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

/// An HTTP client with a pool of connections.
#[derive(Clone, Debug)]
pub struct Http {
    agent: ureq::Agent,
}

impl Http {
    /// With the usual limits.
    pub fn new() -> Http {
        Http::with_timeout(Duration::from_secs(TIMEOUT_S))
    }

    /// With another time for one try.
    pub fn with_timeout(timeout: Duration) -> Http {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADER_BYTES_MAX)
            .user_agent(concat!("ocp-agent/", env!("CARGO_PKG_VERSION")))
            .build();
        Http { agent: config.into() }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http::new()
    }
}

impl Transport for Http {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, Error> {
        let at = redact::url(&request.url);
        let failed = |problem: ureq::Error| Error::Transport(reason(&at, &problem));
        let mut answer = match &request.body {
            Some(body) => self.agent.run(build(request, body.as_slice())?).map_err(failed)?,
            None => self.agent.run(build(request, ())?).map_err(failed)?,
        };
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect();
        let body = answer.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_vec();
        let body = body.map_err(|problem| match problem {
            ureq::Error::BodyExceedsLimit(_) => Error::Local(format!(
                "the answer of {at} has more than {BODY_BYTES_MAX} bytes (BODY_BYTES_MAX)"
            )),
            other => failed(other),
        })?;
        Ok(HttpResponse { status: answer.status().as_u16(), headers, body })
    }
}

fn build<B>(request: &HttpRequest, body: B) -> Result<http::Request<B>, Error> {
    let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        let bytes: Option<Vec<u8>> =
            value.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
        let value = bytes.and_then(|bytes| http::HeaderValue::from_bytes(&bytes).ok());
        let value = value.ok_or_else(|| {
            Error::Local(format!("the header {name} has a character that cannot be sent"))
        })?;
        builder = builder.header(name, value);
    }
    // The words of the builder could repeat a value, so they are not passed on.
    builder.body(body).map_err(|_| {
        let at = redact::url(&request.url);
        Error::Local(format!("{} {at} is no request that can be sent", request.method))
    })
}

fn reason(at: &str, problem: &ureq::Error) -> String {
    match problem {
        ureq::Error::Timeout(_) => format!("{at} did not answer in time"),
        ureq::Error::HostNotFound => format!("{at} cannot be found"),
        ureq::Error::Io(problem) => format!("{at} cannot be reached: {}", problem.kind()),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => format!("{at} is no URL to send to"),
        other => format!("{at} cannot be reached: {other}"),
    }
}
