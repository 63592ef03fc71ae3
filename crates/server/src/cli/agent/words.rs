//! Arguments of a tool as words: `limit=3`, `settings[reconciliation_mode]=manual`, `a.b=c`.
//!
//! What the tool says of a parameter decides what a word means. A value is JSON where JSON of the
//! parameter's type is written, else text; so `limit=3` is a number and `name=3` a text. A word for
//! a list adds an item to it. Whether the whole fits is checked later, by the tool itself.

use ocp_agent::Tool;
use serde_json::{Map, Value};

/// Names inside of each other in one word.
const NESTED_MAX: usize = 32;

/// Makes arguments of words.
///
/// Errors: a word that has no `=`, names a place that cannot be, or gives a value twice.
pub fn arguments(tool: &Tool, words: &[String]) -> Result<Map<String, Value>, String> {
    let parameters = tool.all_parameters();
    let mut arguments = Value::Object(Map::new());
    for word in words {
        let (name, text) = word
            .split_once('=')
            .ok_or_else(|| format!("'{word}' is no argument: write name=value"))?;
        // A parameter may have a dot or brackets in its own name.
        let path = match parameters.contains_key(name) {
            true => vec![name.to_owned()],
            false => parse_name(name)?,
        };
        let schema = match parameters.get(&path[0]) {
            Some(parameter) => parameter.schema(),
            None => Value::Null,
        };
        let place = place(&mut arguments, &path[0]);
        put(place, &path[1..], &schema, text).map_err(|why| format!("'{word}': {why}"))?;
    }
    match arguments {
        Value::Object(arguments) => Ok(arguments),
        _ => Ok(Map::new()),
    }
}

/// `a[b][0].c` is `a`, `b`, `0`, `c`; `a[]` is `a` and nothing.
fn parse_name(name: &str) -> Result<Vec<String>, String> {
    let mut path = Vec::new();
    let mut rest = name;
    loop {
        let (part, after) = match rest.strip_prefix('[') {
            Some(inside) => inside
                .split_once(']')
                .ok_or_else(|| format!("'{name}' has a bracket that does not close"))?,
            None => rest.split_at(rest.find(['[', '.']).unwrap_or(rest.len())),
        };
        path.push(part.to_owned());
        if path.len() > NESTED_MAX {
            return Err(format!("'{name}' has more than {NESTED_MAX} names (NESTED_MAX)"));
        }
        rest = after.strip_prefix('.').unwrap_or(after);
        if rest.is_empty() {
            break;
        }
    }
    match path[0].is_empty() {
        true => Err(format!("'{name}' begins with no name")),
        false => Ok(path),
    }
}

/// The value under a name; what is no object becomes one.
fn place<'a>(whole: &'a mut Value, name: &str) -> &'a mut Value {
    if !whole.is_object() {
        *whole = Value::Object(Map::new());
    }
    &mut whole[name]
}

fn put(place_of: &mut Value, path: &[String], schema: &Value, text: &str) -> Result<(), String> {
    let is_list = has_kind(schema, "array") || place_of.is_array();
    let Some((next, rest)) = path.split_first() else {
        let value = value(schema, text);
        if is_list && !value.is_array() {
            return push(place_of, item(schema, text));
        }
        if !place_of.is_null() {
            return Err("it is given twice".to_owned());
        }
        *place_of = value;
        return Ok(());
    };
    if next.is_empty() && rest.is_empty() {
        return push(place_of, item(schema, text));
    }
    let at = if next.is_empty() { Ok(usize::MAX) } else { next.parse::<usize>() };
    match at {
        Ok(at) if is_list || next.is_empty() => {
            let items = list(place_of)?;
            let at = if next.is_empty() { items.len() } else { at };
            if at > items.len() {
                return Err(format!("item {at} comes before item {}", items.len()));
            }
            if at == items.len() {
                items.push(Value::Null);
            }
            put(&mut items[at], rest, &schema["items"], text)
        }
        _ => {
            if !place_of.is_null() && !place_of.is_object() {
                return Err("it is a value and an object at once".to_owned());
            }
            put(place(place_of, next), rest, &property(schema, next), text)
        }
    }
}

fn list(place: &mut Value) -> Result<&mut Vec<Value>, String> {
    if place.is_null() {
        *place = Value::Array(Vec::new());
    }
    place.as_array_mut().ok_or_else(|| "it is a value and a list at once".to_owned())
}

fn push(place: &mut Value, item: Value) -> Result<(), String> {
    list(place)?.push(item);
    Ok(())
}

fn item(schema: &Value, text: &str) -> Value {
    value(&schema["items"], text)
}

/// The schema of a property, also where an alternative has it.
fn property(schema: &Value, name: &str) -> Value {
    if let Some(found) = schema["properties"].get(name) {
        return found.clone();
    }
    let variants = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[*key].as_array());
    let found = variants.flatten().find_map(|variant| variant["properties"].get(name));
    found.unwrap_or(&schema["additionalProperties"]).clone()
}

fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn has_kind(schema: &Value, kind: &str) -> bool {
    kinds(schema).contains(&kind)
}

/// JSON where JSON of the right type is written, else text.
fn value(schema: &Value, text: &str) -> Value {
    let json: Option<Value> = serde_json::from_str(text).ok();
    let fits = |json: &Value| {
        let kind = match json {
            Value::Null => return has_kind(schema, "null") || schema["nullable"] == true,
            Value::Bool(_) => "boolean",
            Value::Number(_) => return has_kind(schema, "number") || has_kind(schema, "integer"),
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        has_kind(schema, kind)
    };
    // A text in quotes is as it was written, where the tool wants a text.
    let json = json.filter(fits).filter(|json| !json.is_string());
    json.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tool() -> Tool {
        let settings = json!({ "location": "body", "type": "object", "properties": {
            "reconciliation_mode": { "type": "string" }, "on": { "type": "boolean" },
            "lines": { "type": "array", "items": { "type": "object", "properties": {
                "amount": { "type": "integer" }, "name": { "type": "string" } } } } } });
        let whole = json!({ "name": "t", "description": "", "method": "POST", "path": "/{customer}",
            "parameters": {
                "limit": { "location": "query", "type": "integer" },
                "name": { "location": "body", "type": "string" },
                "maybe": { "location": "body", "type": ["integer", "null"] },
                "expand": { "location": "query", "type": "array", "items": { "type": "string" } },
                "ids": { "location": "query", "type": "array", "items": { "type": "integer" } },
                "k[]": { "location": "query", "type": "array" },
                "a.b": { "location": "query", "type": "string" },
                "metadata": { "location": "body", "type": "object",
                    "additionalProperties": { "type": "string" } },
                "either": { "location": "body", "type": ["object", "string"], "anyOf": [
                    { "type": "string" }, { "properties": { "n": { "type": "integer" } } }] },
                "settings": settings } });
        serde_json::from_value(whole).unwrap()
    }

    fn read(words: &[&str]) -> Result<Value, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        arguments(&tool(), &words).map(Value::Object)
    }

    #[test]
    fn words_become_what_the_tool_takes() {
        let rows = [
            (&["limit=3", "name=3"][..], json!({ "limit": 3, "name": "3" })),
            (&["customer=cus_1"], json!({ "customer": "cus_1" })),
            (&["limit=many"], json!({ "limit": "many" })),
            (&["name="], json!({ "name": "" })),
            (&["name=a=b"], json!({ "name": "a=b" })),
            (&["name=\"a\""], json!({ "name": "\"a\"" })),
            (&["maybe=null", "name=null"], json!({ "maybe": null, "name": "null" })),
            (&["expand=a", "expand=b"], json!({ "expand": ["a", "b"] })),
            (&["expand[]=a", "expand[1]=b"], json!({ "expand": ["a", "b"] })),
            (&["expand=[\"a\",\"b\"]"], json!({ "expand": ["a", "b"] })),
            (&["ids=1", "ids=2"], json!({ "ids": [1, 2] })),
            (&["k[]=x"], json!({ "k[]": ["x"] })),
            (&["a.b=x"], json!({ "a.b": "x" })),
            (
                &["settings[reconciliation_mode]=manual", "settings.on=true"],
                json!({ "settings": { "reconciliation_mode": "manual", "on": true } }),
            ),
            (
                &["settings.lines[0].amount=1", "settings[lines][0][name]=1"],
                json!({ "settings": { "lines": [{ "amount": 1, "name": "1" }] } }),
            ),
            (
                &["settings.lines[].amount=1", "settings.lines[].amount=2"],
                json!({ "settings": { "lines": [{ "amount": 1 }, { "amount": 2 }] } }),
            ),
            (&["settings={\"on\":true}"], json!({ "settings": { "on": true } })),
            (&["metadata.order=7"], json!({ "metadata": { "order": "7" } })),
            (&["metadata[0]=a"], json!({ "metadata": { "0": "a" } })),
            (&["either.n=1"], json!({ "either": { "n": 1 } })),
            (&["unknown.a=1"], json!({ "unknown": { "a": "1" } })),
        ];
        for (words, expected) in rows {
            assert_eq!(read(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        let deep = format!("a{}=1", ".a".repeat(40));
        let rows: &[(&[&str], &str)] = &[
            (&["limit"], "name=value"),
            (&["=1"], "begins with no name"),
            (&["[a]b[=1"], "does not close"),
            (&["limit=1", "limit=2"], "given twice"),
            (&["name=1", "name.a=2"], "value and an object"),
            (&["name=1", "name[]=2"], "value and a list"),
            (&["expand[1]=a"], "item 1 comes before item 0"),
            (&["expand[99999999999]=a"], "comes before item 0"),
            (&[&deep], "NESTED_MAX"),
        ];
        for (words, expected) in rows {
            let why = read(words).unwrap_err();
            assert!(why.contains(expected), "{words:?}: {why}");
        }
    }
}
