//! Documents as text: JSON, and YAML from files.

use std::path::Path;

use serde_json::Value;

use crate::Error;

/// Bytes of a document.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reads a document from a file. The end of its name says what it is: `.json`, `.yaml`, `.yml`.
pub fn read_file(path: &Path) -> Result<Value, Error> {
    let shown = path.display();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let ending = ending.unwrap_or_default();
    if !path.exists() {
        return Err(Error::Discovery(format!("File not found: {shown}")));
    }
    if !matches!(ending.as_str(), "json" | "yaml" | "yml") {
        return Err(Error::Discovery(format!(
            "Unsupported file format: .{ending}. Supported formats: .json, .yaml, .yml"
        )));
    }
    let size = std::fs::metadata(path).map(|data| data.len());
    if size.is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(Error::Discovery(format!(
            "{shown} is longer than {FILE_BYTES_MAX} bytes (FILE_BYTES_MAX)"
        )));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Discovery(format!("{shown} cannot be read: {error}")))?;
    match ending.as_str() {
        "json" => json(&text)
            .map_err(|error| Error::Discovery(format!("Invalid JSON in file {shown}: {error}"))),
        _ => yaml(&text)
            .map_err(|error| Error::Discovery(format!("Invalid YAML in file {shown}: {error}"))),
    }
}

/// Reads a document that is JSON or, if it is not, YAML.
pub fn parse(text: &str) -> Result<Value, Error> {
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(Error::Discovery(format!(
            "the document is longer than {FILE_BYTES_MAX} bytes (FILE_BYTES_MAX)"
        )));
    }
    json(text).or_else(|problem| match text.trim_start().starts_with(['{', '[', '<']) {
        true => Err(Error::Discovery(format!("the document is not valid JSON: {problem}"))),
        false => yaml(text).ok().filter(Value::is_object).ok_or_else(|| {
            Error::Discovery("the document is neither valid JSON nor valid YAML".to_owned())
        }),
    })
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The reader bounds how often aliases may be repeated and how deep lists may be nested.
fn yaml(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| {
        let shown = error.to_string();
        // The reader shows the place in many lines; the first says what is wrong.
        shown.lines().next().unwrap_or_default().to_owned()
    })
}
