//! Requests: what a call of a tool sends, made and checked before anything goes out.

/// A request that is ready to be sent.
#[derive(Clone, PartialEq)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Absolute, with the query.
    pub url: String,
    /// Names as they were given; no line break is in a value.
    pub headers: Vec<(String, String)>,
    /// None where nothing is sent, not even a length.
    pub body: Option<Vec<u8>>,
}
