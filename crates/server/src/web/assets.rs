//! The style sheet, the script and the icon. They are part of the program; their paths name their
//! contents, so that browsers may keep them for ever.

use std::sync::LazyLock;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};

use crate::api::serve::Answer;

/// Below which path they are.
const FOLDER: &str = "/assets/";

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("purser", "css", "text/css; charset=utf-8", include_str!("assets/purser.css"))
});
/// What makes pages easier to use where scripts run.
pub static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("purser", "js", "text/javascript; charset=utf-8", include_str!("assets/purser.js"))
});
/// The icon.
pub static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("purser", "svg", "image/svg+xml", include_str!("assets/purser.svg"))
});

/// A file that never changes.
pub struct Asset {
    path: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, text: &'static str) -> Asset {
        let hash = Sha256::digest(text.as_bytes());
        let hash: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Asset { path: format!("{FOLDER}{name}-{hash}.{ending}"), kind, text }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// The asset at a path, if there is one.
pub fn answer(path: &str) -> Option<Answer> {
    path.strip_prefix(FOLDER)?;
    let asset = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.path == path)?;
    let mut answer = Response::new(Full::new(Bytes::from_static(asset.text.as_bytes())));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, forever);
    super::guard(headers);
    Some(answer)
}
