//! The committed files are fresh, every word of the dictionary is needed and none is missing.

use std::collections::HashSet;

use hyper::HeaderMap;
use hyper::header::{ETAG, HOST, HeaderValue, IF_NONE_MATCH};

use super::*;

/// `BLESS=1 cargo test` writes the files anew.
#[test]
fn the_committed_descriptions_are_fresh() {
    let files = [
        ("openapi.json", Document::V30, describe_30()),
        ("openapi-3.1.json", Document::V31, describe()),
    ];
    for (name, document, description) in files {
        let fresh = serde_json::to_string_pretty(&description).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, &fresh).unwrap();
        } else {
            assert!(document.committed() == fresh, "{name} is not what the table gives");
        }
        let sample = format!("\"{SAMPLE_URL}\"");
        assert_eq!(fresh.matches(&sample).count(), 1, "the server puts its address in once");
    }
}
