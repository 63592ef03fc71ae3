//! A schema as a parameter.

use serde_json::{Map, Value, json};

use crate::tool::kind_of;
use crate::{Location, Parameter};

/// What a parameter keeps of its schema.
const KEPT: [&str; 25] = [
    "enum",
    "const",
    "format",
    "items",
    "prefixItems",
    "properties",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "default",
    "nullable",
    "deprecated",
    "anyOf",
    "oneOf",
];

/// The parameter that takes what this schema describes. A description beside the schema goes
/// before its own.
pub fn parameter(
    schema: &Value,
    description: &str,
    required: bool,
    location: Location,
) -> Parameter {
    let own = schema["description"].as_str().unwrap_or_default();
    let description = if description.is_empty() { own } else { description };
    let mut rest = Map::new();
    for key in KEPT {
        if let Some(value) = schema.get(key) {
            rest.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(names) = schema.get("required").filter(|names| names.is_array()) {
        rest.insert("x-required".to_owned(), names.clone());
    }
    Parameter {
        description: description.to_owned(),
        required,
        location,
        kind: kind(schema, location),
        rest,
    }
}

/// The type: as stated, or as the rest of the schema lets one know it.
fn kind(schema: &Value, location: Location) -> Value {
    if let Some(kind) = schema.get("type") {
        return kind.clone();
    }
    match (known(schema), location) {
        (Some(kinds), _) if kinds.len() == 1 => kinds[0].into(),
        (Some(kinds), _) => json!(kinds),
        (None, Location::Body) => json!(["string", "number", "boolean", "object", "array"]),
        (None, _) => "string".into(),
    }
}

fn known(schema: &Value) -> Option<Vec<&str>> {
    if let Some(kind) = schema.get("type") {
        return match kind {
            Value::String(kind) => Some(vec![kind]),
            Value::Array(kinds) => Some(kinds.iter().filter_map(Value::as_str).collect()),
            _ => None,
        };
    }
    if schema["properties"].is_object() || schema["additionalProperties"].is_object() {
        return Some(vec!["object"]);
    }
    if schema["items"].is_object() {
        return Some(vec!["array"]);
    }
    let values = schema["enum"].as_array().map(Vec::as_slice);
    let values = values.or_else(|| schema.get("const").map(std::slice::from_ref));
    let mut kinds = Vec::new();
    if let Some(values) = values {
        kinds.extend(values.iter().map(|value| -> &str { kind_of(value) }));
    } else {
        let variants = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array())?;
        for variant in variants {
            kinds.extend(known(variant)?);
        }
    }
    let mut once: Vec<&str> = Vec::new();
    for kind in kinds {
        if !once.contains(&kind) {
            once.push(kind);
        }
    }
    (!once.is_empty()).then_some(once)
}
