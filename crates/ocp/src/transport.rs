//! Transport: one request goes out, one answer comes back.
//!
//! A transport follows no redirect and repeats nothing: who may see what, and what may be sent twice,
//! is decided above it, the same for every transport.

mod http;
mod redirect;
mod retry;

use std::borrow::Cow;
use std::fmt;

pub use http::{BODY_BYTES_MAX, HEADER_BYTES_MAX, Http, TIMEOUT_S};
pub(crate) use redirect::send_following;
pub use redirect::{REDIRECTS_MAX, Redirects, origin};
pub use retry::{RETRY_AFTER_S_MAX, Retries, is_repeatable, send_with_retries};

use crate::error::Error;
use crate::request::HttpRequest;

/// Sends requests. Whoever has an HTTP client of his own implements this for it.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the answer, whatever its status is. Redirects are answers.
    ///
    /// Characters of headers up to U+00FF go out as one byte each.
    ///
    /// Errors: [`Error::Transport`] where no answer came, and [`Error::Local`] where another try
    /// would fare no better: the request cannot be sent, or the answer is too large.
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, Error>;
}

/// An answer.
#[derive(Clone, PartialEq)]
pub struct HttpResponse {
    /// 200, ...
    pub status: u16,
    /// In the order in which they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Unpacked, where it was packed.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A header by its name, in any case of letters; the first of several.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(match std::str::from_utf8(value) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(value.iter().map(|byte| char::from(*byte)).collect()),
        })
    }

    /// The headers, as [`crate::headers::read`] takes them.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Headers and bodies may hold what belongs into no log.
impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
