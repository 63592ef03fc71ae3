//! Values as they are written in paths, queries, headers and forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::check::plain;
use crate::Parameter;

/// All but what never has a meaning in a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as a part of a path, a name or a value.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `name=value` of all pairs.
pub fn pairs(pairs: &[(String, String)]) -> String {
    let written = pairs.iter().map(|(name, value)| format!("{}={value}", escape(name)));
    written.collect::<Vec<_>>().join("&")
}

/// Adds a parameter of a query or a form. The values are escaped already, because a comma between
/// two of them is not the same as one inside. Null is absent.
pub fn add(pairs: &mut Vec<(String, String)>, name: &str, value: &Value, parameter: &Parameter) {
    let style = parameter.rest.get("x-style").and_then(Value::as_str);
    let explode = parameter.rest.get("x-explode").and_then(Value::as_bool);
    let one = |value: &Value| escape(&plain(value));
    match (value, style) {
        (value, Some("json")) if !value.is_null() => {
            pairs.push((name.to_owned(), escape(&value.to_string())));
        }
        (Value::Array(items), _) if items.is_empty() => {}
        (Value::Array(items), Some("deepObject" | "brackets")) => {
            add_items(pairs, name.strip_suffix("[]").unwrap_or(name), items);
        }
        (Value::Array(items), _) if items.iter().any(is_nested) => {
            add_items(pairs, name.strip_suffix("[]").unwrap_or(name), items);
        }
        (Value::Array(items), style) => {
            let between = match (style, explode) {
                (Some("spaceDelimited"), _) => Some("%20"),
                (Some("pipeDelimited"), _) => Some("%7C"),
                (_, Some(false)) => Some(","),
                _ => None,
            };
            let values = items.iter().filter(|item| !item.is_null()).map(one);
            match between {
                Some(between) => {
                    let joined = values.collect::<Vec<_>>().join(between);
                    pairs.push((name.to_owned(), joined));
                }
                None => pairs.extend(values.map(|value| (name.to_owned(), value))),
            }
        }
        (Value::Object(map), Some("form")) => {
            let set = map.iter().filter(|(_, value)| !value.is_null());
            if explode == Some(false) {
                let words = set.flat_map(|(key, value)| [escape(key), one(value)]);
                pairs.push((name.to_owned(), words.collect::<Vec<_>>().join(",")));
            } else {
                set.for_each(|(key, value)| add_nested(pairs, key, value));
            }
        }
        (value, _) => add_nested(pairs, name, value),
    }
}

/// In brackets, as most servers of forms read it: `a[b][c]=1`, `a[]=1`, `a[0][b]=1`.
fn add_nested(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => add_items(pairs, name, items),
        Value::Object(map) => {
            for (key, value) in map {
                add_nested(pairs, &format!("{name}[{key}]"), value);
            }
        }
        plain_value => pairs.push((name.to_owned(), escape(&plain(plain_value)))),
    }
}

fn add_items(pairs: &mut Vec<(String, String)>, name: &str, items: &[Value]) {
    // Without numbers one could not tell which fields belong together.
    let numbered = items.iter().any(is_nested);
    for (at, item) in items.iter().enumerate() {
        let name = if numbered { format!("{name}[{at}]") } else { format!("{name}[]") };
        add_nested(pairs, &name, item);
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_array() || value.is_object()
}
