//! A description in OpenAPI 3.1 said in the words of 3.0.3, which every agent reads.
//!
//! 3.0.3 has no `null` type, no `const` and no `propertyNames`. The first two become `nullable`
//! and an `enum` of one word; what names a hash may have is then only said by the server.
//!
//! `nullable` counts beside a `type` only, and an `enum` must have null among its words. Stripe's
//! description has it beside `anyOf`, where agents look for it: it stands in both places.

use serde_json::{Map, Value, json};

/// Keywords whose values are schemas by name.
const SCHEMAS_BY_NAME: [&str; 1] = ["properties"];
/// Keywords whose values are data and stay as they are.
const DATA: [&str; 4] = ["enum", "default", "required", "description"];

/// The description in the older words.
pub fn to_30(mut description: Value) -> Value {
    description["openapi"] = "3.0.3".into();
    let schemas = description["components"]["schemas"].as_object_mut();
    schemas.into_iter().flat_map(Map::values_mut).for_each(schema_to_30);
    visit(&mut description["paths"]);
    description
}

/// Finds the schemas below the paths.
fn visit(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "schema" { schema_to_30(value) } else { visit(value) }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(visit),
        _ => {}
    }
}

fn schema_to_30(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    map.remove("propertyNames");
    if let Some(word) = map.remove("const") {
        map.insert("enum".into(), json!([word]));
    }
    let mut nullable = false;
    if let Some(Value::Array(kinds)) = map.get("type") {
        let mut others: Vec<Value> = kinds.iter().filter(|kind| *kind != "null").cloned().collect();
        nullable |= others.len() < kinds.len();
        assert_eq!(others.len(), 1, "OpenAPI 3.0 has one type a schema");
        map.insert("type".into(), others.remove(0));
    }
    if let Some(Value::Array(any)) = map.get_mut("anyOf") {
        let count = any.len();
        any.retain(|one| one["type"] != "null");
        if any.len() < count {
            nullable = true;
            allow_null_in(any);
        }
    }
    if nullable {
        map.insert("nullable".into(), true.into());
    }
    for (key, value) in map {
        if DATA.contains(&key.as_str()) || key.starts_with("x-") {
            continue;
        }
        match value {
            Value::Object(named) if SCHEMAS_BY_NAME.contains(&key.as_str()) => {
                named.values_mut().for_each(schema_to_30);
            }
            Value::Object(_) => schema_to_30(value),
            Value::Array(schemas) => schemas.iter_mut().for_each(schema_to_30),
            _ => {}
        }
    }
}

/// Makes the first kind that has a type take null, or adds one that takes nothing else.
fn allow_null_in(any: &mut Vec<Value>) {
    match any.iter_mut().find(|one| one["type"].is_string()) {
        Some(one) => {
            one["nullable"] = true.into();
            if let Some(words) = one.get_mut("enum").and_then(Value::as_array_mut) {
                words.push(Value::Null);
            }
        }
        None => any.push(json!({ "type": "object", "nullable": true, "enum": [null] })),
    }
}
