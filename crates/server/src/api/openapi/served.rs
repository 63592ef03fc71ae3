//! Hands the committed descriptions out, with the address in them at which the server was asked.
//!
//! Who asks again with the `ETag` of the last answer is told that nothing has changed. Pages of
//! other sites may read them too: they are the same for everybody, and public.

use std::sync::OnceLock;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH,
};
use hyper::{HeaderMap, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::SAMPLE_URL;
use crate::api::serve::Answer;

/// One of the committed files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `openapi.json`, OpenAPI 3.0.3.
    V30,
    /// `openapi-3.1.json`.
    V31,
}

impl Document {
    /// As it was generated and committed.
    pub fn committed(self) -> &'static str {
        match self {
            Document::V30 => include_str!("../../../../../openapi.json"),
            Document::V31 => include_str!("../../../../../openapi-3.1.json"),
        }
    }

    /// Answers a request with these headers, with `base` as the address of the server.
    pub fn answer(self, base: &str, headers: &HeaderMap) -> Answer {
        let tag = self.tag(base);
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let fresh = known.flat_map(|value| value.split(',')).any(|known| {
            let known = known.trim();
            known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
        });
        let body = if fresh { Bytes::new() } else { self.with_base(base).into() };
        let mut answer = Response::new(Full::new(body));
        if fresh {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        answer
    }

    /// The address stands there once, as a text in JSON.
    fn with_base(self, base: &str) -> String {
        let quoted = serde_json::Value::from(base).to_string();
        self.committed().replacen(&format!("\"{SAMPLE_URL}\""), &quoted, 1)
    }

    /// Changes with the file and with the address. The file is read once.
    fn tag(self, base: &str) -> String {
        static FILES: [OnceLock<[u8; 32]>; 2] = [const { OnceLock::new() }; 2];
        let file = FILES[self as usize].get_or_init(|| Sha256::digest(self.committed()).into());
        let digest = Sha256::new().chain_update(file).chain_update(base).finalize();
        let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}
