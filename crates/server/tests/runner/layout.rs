//! JSON for readers: what fits on a line stands on one line.

use serde_json::Value;

const WIDTH: usize = 100;

/// The lines of a value.
pub fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    lay_out(value, "", "", "", &mut lines);
    lines
}

/// The value on one line.
pub fn flat(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let members = object.iter().map(|(key, value)| format!("{}{}", lead(key), flat(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn lay_out(value: &Value, indent: &str, lead_in: &str, end: &str, lines: &mut Vec<String>) {
    let line = format!("{indent}{lead_in}{}{end}", flat(value));
    let inner = format!("{indent}  ");
    let comma = |i: usize, count: usize| if i + 1 < count { "," } else { "" };
    match value {
        _ if line.chars().count() <= WIDTH => lines.push(line),
        Value::Object(object) => {
            lines.push(format!("{indent}{lead_in}{{"));
            for (i, (key, value)) in object.iter().enumerate() {
                lay_out(value, &inner, &lead(key), comma(i, object.len()), lines);
            }
            lines.push(format!("{indent}}}{end}"));
        }
        Value::Array(items) => {
            lines.push(format!("{indent}{lead_in}["));
            for (i, item) in items.iter().enumerate() {
                lay_out(item, &inner, "", comma(i, items.len()), lines);
            }
            lines.push(format!("{indent}]{end}"));
        }
        _ => lines.push(line),
    }
}

fn lead(key: &str) -> String {
    format!("{}: ", Value::from(key))
}
