//! What comes back from a call.

use std::fmt;

use serde_json::Value;

use crate::error::Error;
use crate::request::HttpRequest;
use crate::transport::HttpResponse;

/// An answer of an API, whatever its status is.
#[derive(Clone, PartialEq)]
pub struct Answer {
    /// What was sent, with everything secret in it.
    pub request: HttpRequest,
    /// 200, ...; 0 where nothing was sent as only a trial was asked for.
    pub status: u16,
    /// In the order in which they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// As it came, unpacked.
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(request: HttpRequest, response: HttpResponse) -> Answer {
        let HttpResponse { status, headers, body } = response;
        Answer { request, status, headers, body }
    }

    pub(super) fn of_trial(request: HttpRequest) -> Answer {
        Answer { request, status: 0, headers: Vec::new(), body: Vec::new() }
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON.
    ///
    /// Errors: [`Error::Transport`] where it is none.
    pub fn json(&self) -> Result<Value, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Error::Transport(format!("the answer ({}) is not JSON", self.status)))
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header by its name, in any case of letters; the first of several.
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// Headers and bodies may hold what belongs into no log.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
