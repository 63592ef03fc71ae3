//! What an agent has to show: tools, requests, answers.

use std::io::IsTerminal;

use ocp_agent::redact;
use ocp_agent::request::HttpRequest;
use ocp_agent::{Tool, discovery};
use serde_json::{Value, json};

use crate::cli::output;

/// Characters of a description in a table.
const DESCRIPTION_CHARS_MAX: usize = 60;
/// Objects inside of each other whose fields are told.
const INNER_DEPTH_MAX: usize = 6;
/// Fields inside of parameters that are told; the JSON form has them all.
const INNER_FIELDS_MAX: usize = 150;

/// Prints JSON: for people in many lines, for programs in one.
pub fn json(value: &Value) {
    match std::io::stdout().is_terminal() {
        true => output::say!("{value:#}"),
        false => output::say!("{value}"),
    }
}

/// Prints a text that others wrote.
pub fn text(text: &str) {
    output::say!("{}", plain(text));
}

/// A text without what could steer a terminal.
fn plain(text: &str) -> String {
    let harmless = |c: char| c == '\n' || c == '\t' || !c.is_control();
    text.chars().map(|c| if harmless(c) { c } else { '?' }).collect()
}

/// Prints tools with the API that each is of.
pub fn tools(tools: &[(&str, &Tool)], as_json: bool) {
    if as_json {
        let one = |(api, tool): &(&str, &Tool)| {
            json!({ "api": api, "name": tool.name, "description": tool.description,
                "method": tool.method, "path": tool.path })
        };
        return json(&tools.iter().map(one).collect());
    }
    let row = |(api, tool): &(&str, &Tool)| {
        let request = format!("{} {}", tool.method, tool.path);
        vec![(*api).to_owned(), tool.name.clone(), request, short(&tool.description)]
    };
    let rows: Vec<Vec<String>> = tools.iter().map(row).collect();
    output::table(&["API", "TOOL", "REQUEST", "DESCRIPTION"], &rows);
}

/// The first line of a text, cut.
pub fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.chars().count() > DESCRIPTION_CHARS_MAX {
        true => line.chars().take(DESCRIPTION_CHARS_MAX - 3).chain("...".chars()).collect(),
        false => line.to_owned(),
    }
}

/// Prints all that is known of a tool.
pub fn tool(tool: &Tool, as_json: bool) {
    if as_json {
        let mut whole = serde_json::to_value(tool).unwrap_or_default();
        whole["input_schema"] = tool.input_schema();
        return json(&whole);
    }
    output::say!("{}", plain(discovery::documentation(tool).trim_end()));
    let inner = inner_fields(tool);
    if !inner.is_empty() {
        output::say!("\n### Inside of them:\n{}", plain(&inner.join("\n")));
    }
    let example: Vec<String> = tool
        .all_parameters()
        .iter()
        .filter(|(_, parameter)| parameter.required)
        .map(|(name, _)| format!(" {name}=..."))
        .collect();
    output::say!("\n{}", plain(&format!("purser agent call {}{}", tool.name, example.concat())));
}

/// What stands inside of a tool's parameters, named as `purser agent call` takes it.
fn inner_fields(tool: &Tool) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, parameter) in &tool.all_parameters() {
        add_fields(name, &parameter.schema(), INNER_DEPTH_MAX, &mut lines);
    }
    if lines.len() > INNER_FIELDS_MAX {
        lines.truncate(INNER_FIELDS_MAX);
        lines.push("- and more: --json has them all (INNER_FIELDS_MAX)".to_owned());
    }
    lines
}

fn add_fields(name: &str, schema: &Value, depth: usize, lines: &mut Vec<String>) {
    if depth == 0 || lines.len() > INNER_FIELDS_MAX {
        return;
    }
    if schema["items"].is_object() {
        return add_fields(&format!("{name}[0]"), &schema["items"], depth - 1, lines);
    }
    for variants in ["anyOf", "oneOf"] {
        for variant in schema[variants].as_array().into_iter().flatten() {
            add_fields(name, variant, depth - 1, lines);
        }
    }
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{name}[{field}]");
        let told = schema["description"].as_str().unwrap_or_default();
        let choices = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let choices = choices.filter(|choice| !choice.is_empty()).collect::<Vec<_>>().join(", ");
        let one_of = if choices.is_empty() { choices } else { format!(" One of: {choices}.") };
        lines.push(format!("- **{name}**: {told}{one_of}").trim_end().to_owned());
        add_fields(&name, schema, depth - 1, lines);
    }
}

/// Prints a request as it would be sent, but for its secrets.
pub fn request(request: &HttpRequest) {
    output::say!("{} {}", request.method, masked_url(&request.url));
    for (name, value) in redact::headers(&request.headers) {
        output::say!("{name}: {value}");
    }
    if let Some(body) = &request.body {
        text(&format!("\n{}", masked_body(&String::from_utf8_lossy(body))));
    }
}

fn masked_url(url: &str) -> String {
    match url.split_once('?') {
        Some((path, query)) => format!("{path}?{}", masked_form(query)),
        None => url.to_owned(),
    }
}

fn masked_body(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) => masked_form(body),
    }
}

fn masked_form(form: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if is_secret(name, value) => format!("{name}={}", redact::REDACTED),
        _ => pair.to_owned(),
    };
    form.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// The last name of `card%5Bnumber%5D` is `number`; any of them may tell.
fn is_secret(name: &str, value: &str) -> bool {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let name = decode(name);
    name.split(['[', ']']).any(redact::is_secret_name) || redact::is_secret_text(&decode(value))
}

fn mask(value: &mut Value) {
    match value {
        Value::String(text) if redact::is_secret_text(text) => *value = redact::REDACTED.into(),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(map) => {
            for (name, value) in map {
                match redact::is_secret_name(name) {
                    true => *value = redact::REDACTED.into(),
                    false => mask(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        let rows = [
            ("http://h/a?limit=1&api_key=x", "http://h/a?limit=1&api_key=[redacted]"),
            ("http://h/a?a%5Btoken%5D=x", "http://h/a?a%5Btoken%5D=[redacted]"),
            ("http://h/a?b=sk_test_1", "http://h/a?b=[redacted]"),
            ("http://h/a", "http://h/a"),
        ];
        for (url, expected) in rows {
            assert_eq!(masked_url(url), expected);
        }
        let body = "{\"a\":[{\"password\":\"x\",\"b\":\"sk_live_1\"}],\"c\":1}";
        let expected = "{\"a\":[{\"password\":\"[redacted]\",\"b\":\"[redacted]\"}],\"c\":1}";
        assert_eq!(masked_body(body), expected);
    }

    #[test]
    fn descriptions_are_cut() {
        assert_eq!(short("one\ntwo"), "one");
        assert_eq!(short(&"ä".repeat(99)).chars().count(), DESCRIPTION_CHARS_MAX);
    }
}
