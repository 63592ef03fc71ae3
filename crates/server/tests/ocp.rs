//! The Open Context Protocol, served: the registry, what agents say in their headers, and every
//! request that the first agents were seen to send.

#[path = "ocp/context.rs"]
mod context;
#[path = "ocp/pages.rs"]
mod pages;
#[path = "ocp/registry.rs"]
mod registry;
#[path = "ocp/replays.rs"]
mod replays;
mod support;

use serde_json::Value;
use support::http::Answer;
use support::raw::{ask, request};
use support::server::Server;

/// A running server, and where it is.
fn started(flags: &[&str]) -> (Server, String) {
    let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
    let mut server = Server::new();
    server.serve(&flags);
    let base = server.base().expect("it runs").to_owned();
    (server, base)
}

fn json(answer: &Answer) -> Value {
    answer.json().expect("JSON")
}

/// A GET as an agent sends it before it has a key.
fn get(base: &str, target: &str) -> Answer {
    let host = base.strip_prefix("http://").expect("an address");
    ask(base, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
}

fn made(base: &str, target: &str, form: &str) -> Value {
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = ask(base, &request("POST", target, &kind, form));
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    json(&answer)
}

fn customer(base: &str) -> String {
    made(base, "/v1/customers", "")["id"].as_str().expect("an id").to_owned()
}

/// What a path such as `results.0.name` leads to.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, step| match step.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[step],
    })
}

/// Decodes an entry as the first agents do: what they need has to be there, and of its type.
fn decode_entry(entry: &Value, base: &str) -> Result<usize, String> {
    let text = |value: &Value, name: &str| match value[name].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("{name} is no text: {}", value[name])),
    };
    for name in ["name", "display_name", "description"] {
        text(entry, name)?;
    }
    if text(entry, "base_url")? != base {
        return Err(format!("base_url is {}, not {base}", entry["base_url"]));
    }
    if text(entry, "openapi_url")? != format!("{base}/openapi.json") {
        return Err(format!("openapi_url is {}", entry["openapi_url"]));
    }
    let tools = entry["tools"].as_array().ok_or("tools is no list")?;
    for tool in tools {
        let name = text(tool, "name")?;
        let wrong = |what: &str| Err(format!("{name}: {what}"));
        for part in ["description", "method", "operation_id"] {
            text(tool, part)?;
        }
        if !tool["response_schema"].is_object() || !tool["tags"].is_array() {
            return wrong("no schema of the answer, or no tags");
        }
        let path = text(tool, "path")?;
        let parameters = tool["parameters"].as_object().ok_or("parameters is no object")?;
        for place in path.split(['{', '}']).skip(1).step_by(2) {
            let parameter = &tool["parameters"][place];
            if parameter["location"] != "path" || parameter["required"] != true {
                return wrong(&format!("{place} is no required parameter of the path"));
            }
        }
        for (of, parameter) in parameters {
            let known = ["path", "query", "header", "body"].map(Value::from);
            if !known.contains(&parameter["location"])
                || !parameter["required"].is_boolean()
                || !parameter["description"].is_string()
                || parameter["type"].is_null()
            {
                return wrong(&format!("the parameter {of} is incomplete: {parameter}"));
            }
        }
    }
    if entry["tool_count"] != tools.len() {
        return Err(format!("{} tools, but tool_count is {}", tools.len(), entry["tool_count"]));
    }
    Ok(tools.len())
}

fn tool<'e>(entry: &'e Value, name: &str) -> &'e Value {
    let tools = entry["tools"].as_array().expect("tools");
    tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("no tool {name}"))
}
