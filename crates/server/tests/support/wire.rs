//! Holds an answer against the field tables in `wire/resources`, one table for each object.
//!
//! A value says by its `object` member which table is meant; lists and events are checked inside,
//! too. Wrong are: a field that no table knows, a field that is missing but not optional, a wrong
//! type, null where it may not be, and a word outside a closed set. Open sets may grow.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Everything that is wrong with this answer; empty when it is as the tables say.
pub fn check(answer: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    check_object(answer, "$", &mut wrong);
    wrong
}

fn check_object(value: &Value, path: &str, wrong: &mut Vec<String>) {
    let Some(object) = value.as_object() else {
        return wrong.push(format!("{path}: not an object"));
    };
    let kind = match object.get("object").and_then(Value::as_str) {
        None if object.contains_key("error") => "error".to_owned(),
        None => return wrong.push(format!("{path}: says not what it is")),
        Some(kind) if object.get("deleted") == Some(&Value::Bool(true)) => {
            format!("deleted_{kind}")
        }
        Some(kind) => kind.to_owned(),
    };
    if kind != "search_result" {
        let Some(table) = tables().get(&kind) else {
            return wrong.push(format!("{path}: there is no table for \"{kind}\""));
        };
        check_fields(object, table, path, wrong);
    }
    if kind == "list" || kind == "search_result" {
        for (i, item) in items(value).iter().enumerate() {
            check_object(item, &format!("{path}.data[{i}]"), wrong);
        }
    } else if kind == "event" {
        check_object(&value["data"]["object"], &format!("{path}.data.object"), wrong);
    }
}

fn check_fields(object: &Map<String, Value>, table: &Value, path: &str, wrong: &mut Vec<String>) {
    let table = table.as_object().expect("a table maps names to rules");
    for name in object.keys().filter(|name| !table.contains_key(*name)) {
        wrong.push(format!("{path}.{name}: no such field"));
    }
    for (name, rule) in table {
        match object.get(name) {
            Some(value) => check_value(value, rule, &format!("{path}.{name}"), wrong),
            None if flag(rule, "optional") => (),
            None => wrong.push(format!("{path}.{name}: missing")),
        }
    }
}

fn check_value(value: &Value, rule: &Value, path: &str, wrong: &mut Vec<String>) {
    let kind = rule["type"].as_str().unwrap_or_default();
    if value.is_null() {
        if !flag(rule, "nullable") && kind != "any" {
            wrong.push(format!("{path}: null"));
        }
    } else if rule.get("$ref").is_some() || (rule.get("expandable").is_some() && value.is_object())
    {
        check_object(value, path, wrong);
    } else if let Some(choices) = rule["any_of"].as_array() {
        let outcomes = choices.iter().map(|choice| {
            let mut wrong = Vec::new();
            check_value(value, choice, path, &mut wrong);
            wrong
        });
        wrong.extend(outcomes.min_by_key(Vec::len).unwrap_or_default());
    } else {
        check_kind(value, kind, rule, path, wrong);
    }
}

fn check_kind(value: &Value, kind: &str, rule: &Value, path: &str, wrong: &mut Vec<String>) {
    let right = match kind {
        "string" | "decimal_string" => value.is_string(),
        "integer" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" | "map" => value.is_object(),
        "array" => value.is_array(),
        "list" => value["object"] == "list",
        _ => true,
    };
    if !right {
        return wrong.push(format!("{path}: {value} is not of type {kind}"));
    }
    match value {
        Value::Object(object) if kind == "object" && rule.get("fields").is_some() => {
            check_fields(object, &rule["fields"], path, wrong);
        }
        Value::Object(object) if kind == "map" => {
            for (key, value) in object {
                check_value(value, &rule["values"], &format!("{path}[{key}]"), wrong);
            }
        }
        Value::Array(_) | Value::Object(_) if kind == "array" || kind == "list" => {
            for (i, item) in items(value).iter().enumerate() {
                check_value(item, &rule["items"], &format!("{path}[{i}]"), wrong);
            }
        }
        _ => check_word(value, rule, path, wrong),
    }
}

fn check_word(value: &Value, rule: &Value, path: &str, wrong: &mut Vec<String>) {
    if let Some(words) = rule["enum"].as_array()
        && !flag(rule, "open_enum")
        && !words.contains(value)
    {
        wrong.push(format!("{path}: {value} is none of {}", rule["enum"]));
    }
}

/// The items of a JSON array, or those of a list object.
fn items(value: &Value) -> &[Value] {
    let array = value.as_array().or_else(|| value["data"].as_array());
    array.map(Vec::as_slice).unwrap_or_default()
}

fn flag(rule: &Value, name: &str) -> bool {
    rule[name] == Value::Bool(true)
}

/// All tables by name, read once.
fn tables() -> &'static HashMap<String, Value> {
    static TABLES: OnceLock<HashMap<String, Value>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/resources");
        let files = fs::read_dir(&folder).expect("the folder of the tables");
        let tables = files.map(|file| {
            let path = file.expect("a table").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a readable table");
            (name, serde_json::from_str(&text).expect("a table is JSON"))
        });
        tables.collect()
    })
}

#[test]
fn faults_are_found() {
    let good = r#"{"object": "cash_balance", "available": {"usd": 1}, "customer": "cus_1",
        "customer_account": null, "livemode": false,
        "settings": {"reconciliation_mode": "manual", "using_merchant_default": false}}"#;
    let with = |from: &str, to: &str, fault: &str| {
        assert!(good.contains(from), "{from}");
        let value = serde_json::from_str(&good.replace(from, to)).expect("JSON");
        let wrong = check(&value);
        let found = wrong.iter().map(|text| text.split(':').next().unwrap_or_default());
        assert_eq!(found.collect::<Vec<_>>().join(" "), fault, "{to}");
    };
    with("cus_1", "cus_1", "");
    with("manual", "an_open_set_may_grow", "");
    with("{\"usd\": 1}", "null", "");
    with("\"usd\": 1", "\"usd\": \"1\"", "$.available[usd]");
    with("\"cus_1\"", "null", "$.customer");
    with("\"livemode\": false", "\"livemode\": 0", "$.livemode");
    with("\"livemode\": false", "\"mood\": 1", "$.mood $.livemode");
    with("\"cash_balance\"", "\"purse\"", "$");
    let list = format!(r#"{{"object": "list", "data": [{good}, 1], "has_more": 0, "url": ""}}"#);
    let wrong = self::check(&serde_json::from_str(&list).expect("JSON"));
    assert_eq!(wrong, ["$.has_more: 0 is not of type boolean", "$.data[1]: not an object"]);
}
