//! The description of the API, made from the table of operations and the field tables.
//!
//! `openapi.json` at the top of the project is what [`describe`] gives; a test holds them
//! together, and the server hands the file out as it is.

use serde_json::{Map, Value, json};

use super::expand::RESOURCES;
use super::params::Schema;
use super::routes::{Route, all};
use super::wire::API_VERSION;

/// The description as it was generated and committed.
pub const JSON: &[u8] = include_bytes!("../../../../openapi.json");

/// Makes the description anew.
pub fn describe() -> Value {
    let mut paths = Map::new();
    for route in all() {
        let method = route.method.as_str().to_ascii_lowercase();
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        operations[method] = operation(&route);
    }
    let mut schemas = Map::new();
    for (object, text) in RESOURCES {
        let table: Value = serde_json::from_str(text).expect("a field table is JSON");
        schemas.insert(object.to_owned(), fields_schema(&table));
    }
    let error = include_str!("../../wire/resources/error.json");
    let error: Value = serde_json::from_str(error).expect("a field table is JSON");
    schemas.insert("error".to_owned(), fields_schema(&error));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Purser",
            "version": API_VERSION,
            "description": "Customer cash balances over the Stripe API, self-hosted. Purser is \
                            independent of Stripe and not endorsed by it.",
        },
        "servers": [{ "url": "http://127.0.0.1:12111" }],
        "security": [{ "bearer": [] }, { "basic": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let schema = json!({ "type": "string", "maxLength": 5000 });
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    let mut described = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "responses": {
            "200": { "description": "The object.", "content": json_content(answer(route)) },
            "default": {
                "description": "What is wrong.",
                "content": json_content(reference("error")),
            },
        },
    });
    let expand = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 50 });
    match (route.method.as_str(), (route.params)()) {
        ("GET", Schema::Hash { fields, .. }) => {
            for field in fields {
                parameters.push(json!({
                    "name": field.name, "in": "query", "required": field.required,
                    "style": "deepObject", "description": field.description,
                    "schema": field.schema.to_json_schema(),
                }));
            }
            parameters.push(json!({
                "name": "expand", "in": "query", "required": false, "style": "deepObject",
                "description": "Paths of ids to answer with whole objects.", "schema": expand,
            }));
        }
        ("POST", schema) => {
            let mut schema = schema.to_json_schema();
            schema["properties"]["expand"] = expand;
            described["requestBody"] = json!({ "content": {
                "application/x-www-form-urlencoded": {
                    "schema": schema,
                    "encoding": {},
                },
                "application/json": { "schema": schema },
            } });
        }
        _ => {}
    }
    described["parameters"] = parameters.into();
    described
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn reference(object: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{object}") })
}

fn answer(route: &Route) -> Value {
    let one = reference(route.answer);
    if route.list {
        return json!({
            "type": "object",
            "required": ["object", "data", "has_more", "url"],
            "properties": {
                "object": { "const": "list" },
                "data": { "type": "array", "items": one },
                "has_more": { "type": "boolean" },
                "url": { "type": "string" },
            },
        });
    }
    match route.method.as_str() {
        "DELETE" => reference(&format!("deleted_{}", route.answer)),
        "GET" if route.answer == "customer" => {
            json!({ "anyOf": [one, reference("deleted_customer")] })
        }
        _ => one,
    }
}

/// The schema of an object, from its table of fields.
fn fields_schema(table: &Value) -> Value {
    let fields = table.as_object().expect("a field table is an object");
    let required: Vec<&String> =
        fields.iter().filter(|(_, spec)| spec["optional"] != true).map(|(name, _)| name).collect();
    let properties: Map<_, _> =
        fields.iter().map(|(name, spec)| (name.clone(), field_schema(spec))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn field_schema(spec: &Value) -> Value {
    let schema = bare_schema(spec);
    match spec["nullable"] == true {
        true => json!({ "anyOf": [schema, { "type": "null" }] }),
        false => schema,
    }
}

fn bare_schema(spec: &Value) -> Value {
    let known = |name: &str| RESOURCES.iter().any(|(object, _)| *object == name);
    let refer = |name: &str| {
        if known(name) { reference(name) } else { json!({ "type": "object" }) }
    };
    if let Some(name) = spec["$ref"].as_str() {
        return refer(name);
    }
    if let Some(kinds) = spec["any_of"].as_array() {
        return json!({ "anyOf": kinds.iter().map(field_schema).collect::<Vec<_>>() });
    }
    if let Some(kinds) = spec["expandable"].as_array() {
        let mut any = vec![json!({ "type": "string" })];
        any.extend(kinds.iter().filter_map(Value::as_str).filter(|k| known(k)).map(refer));
        return json!({ "anyOf": any });
    }
    match spec["type"].as_str() {
        Some("integer") => json!({ "type": "integer" }),
        Some("boolean") => json!({ "type": "boolean" }),
        Some("string" | "decimal_string") => match (spec["enum"].as_array(), &spec["open_enum"]) {
            (Some(words), open) if *open != true => json!({ "type": "string", "enum": words }),
            (Some(words), _) => json!({ "type": "string", "examples": words }),
            _ => json!({ "type": "string" }),
        },
        Some("object") if spec.get("fields").is_some() => fields_schema(&spec["fields"]),
        Some("map") => {
            json!({ "type": "object", "additionalProperties": field_schema(&spec["values"]) })
        }
        Some("array") => json!({ "type": "array", "items": field_schema(&spec["items"]) }),
        Some("list" | "object") => json!({ "type": "object" }),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BLESS=1 cargo test` writes the file anew.
    #[test]
    fn the_committed_description_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
        let fresh = serde_json::to_string_pretty(&describe()).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == fresh, "openapi.json is not what the table of operations gives");
    }
}
