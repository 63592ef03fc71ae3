//! The description of the API, made from the table of operations, the field tables and the
//! dictionary: [`describe`] in OpenAPI 3.1 and [`describe_30`] in 3.0.3, which every agent reads.
//!
//! `openapi.json` and `openapi-3.1.json` at the top of the project are what these give; a test
//! holds them together, and the server hands the files out with its own address in them.
//!
//! Agents make tools of the 3.0.3 form by simple rules: parameters stand inline at their operation,
//! bodies are flat objects, once as a form and once as JSON.

mod objects;
mod older;
mod served;
#[cfg(test)]
mod tests;
mod words;

use serde_json::{Map, Value, json};

use super::params::Schema;
use super::routes::{Route, all};
use super::wire::API_VERSION;
use objects::reference;
pub use objects::{Objects, TEXT_CHARS_MAX, answer, is_moment};
pub use served::Document;

/// Address in the committed files; the server writes its own in its place.
const SAMPLE_URL: &str = "http://127.0.0.1:12111";
/// What agents of the Open Context Protocol call themselves unless told otherwise. Any other name
/// is as good.
const AGENT_TYPES: [&str; 3] = ["ai_agent", "generic_agent", "cli_agent"];
/// For users, at the top.
const ABOUT: &str = "Customer cash balances over the Stripe API, self-hosted. Purser is \
    independent of Stripe and not endorsed by it.\n\n\
    Amounts are integers in the smallest unit of their currency: 1000 is 10.00 EUR and 1000 JPY. \
    Moments are seconds since 1970, UTC. Bodies are forms or JSON, as you like.\n\n\
    Headers that every operation takes: `Stripe-Version` with a version of the API, \
    `Stripe-Account` with the account to act for, and the seven `OCP-` headers of the Open \
    Context Protocol, which are never needed and never an error. Writes take `Idempotency-Key`: \
    a request that is sent again with the same key is answered with the first answer. Writes also \
    take `Purser-Dry-Run: true`: the request is decided and answered, and nothing is committed.";

/// Makes the description anew, in OpenAPI 3.0.3.
pub fn describe_30() -> Value {
    older::to_30(describe())
}

/// Makes the description anew, in OpenAPI 3.1.
pub fn describe() -> Value {
    let objects = Objects::load();
    let routes = all();
    let mut paths = Map::new();
    let mut tags: Vec<&str> = Vec::new();
    for route in &routes {
        let method = route.method.as_str().to_ascii_lowercase();
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        operations[method] = operation(route, &objects);
        if !tags.contains(&route.resource) {
            tags.push(route.resource);
        }
    }
    tags.sort_unstable();
    let tag = |name: &&str| json!({ "name": name, "description": objects.words().tags.get(*name) });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Purser",
            "version": API_VERSION,
            "description": ABOUT,
            "x-ocp-enabled": true,
            "x-ocp-context-aware": true,
            "x-ocp-version": "1.0",
            "x-ocp-agent-types": AGENT_TYPES,
        },
        "servers": [{ "url": SAMPLE_URL }],
        "security": [{ "bearer": [] }, { "basic": [] }],
        "tags": tags.iter().map(tag).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": objects.components(),
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The key as the user name, and no password.",
                },
                "bearer": { "type": "http", "scheme": "bearer", "description": "The key." },
            },
        },
    })
}

fn operation(route: &Route, objects: &Objects) -> Value {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({
                "name": name, "in": "path", "required": true, "style": "simple",
                "description": objects.words().path_ids.get(name),
                "schema": { "type": "string", "maxLength": TEXT_CHARS_MAX },
            })
        })
        .collect();
    let writes = route.method.as_str() != "GET";
    let mut described = json!({
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.resource],
        "parameters": [],
    });
    match (route.method.as_str(), (route.params)()) {
        ("GET", Schema::Hash { fields, .. }) => {
            for field in fields {
                let schema = field.schema.to_json_schema();
                parameters.push(query(field.name, field.required, &field.description, schema));
            }
            parameters.push(query("expand", false, EXPAND, expand()));
        }
        ("POST", schema) => {
            parameters.push(idempotency_key());
            described["requestBody"] = body(schema.to_json_schema());
        }
        _ => {}
    }
    described["parameters"] = parameters.into();
    described["responses"] = json!({
        "200": {
            "description": "The answer.",
            "headers": headers(),
            "content": json_content(answer(route)),
            "x-ocp-context-updated": false,
        },
        "default": {
            "description": "What is wrong.",
            "headers": headers(),
            "content": json_content(reference("error")),
            "x-ocp-context-updated": false,
        },
    });
    if writes {
        // The goal is written down with what moves money, so that people can see why it moved.
        described["x-ocp-context"] = json!({
            "enhances_with": ["agent_goal"],
            "updates_context": [],
            "requires_context": false,
        });
    }
    described
}

const EXPAND: &str = "Which fields of the answer shall be whole objects instead of their ids. \
    Dots lead deeper, `data.customer` in lists.";

fn expand() -> Value {
    let path = json!({ "type": "string", "maxLength": TEXT_CHARS_MAX });
    json!({ "type": "array", "items": path, "maxItems": super::params::EXPAND_MAX })
}

/// Whether a value of this schema has parts, which go into a form or a query as `name[part]`.
fn has_parts(schema: &Value) -> bool {
    let kind = |kind: &str| schema["type"] == kind;
    let any = schema["anyOf"].as_array();
    kind("array") || kind("object") || any.is_some_and(|any| any.iter().any(has_parts))
}

fn query(name: &str, required: bool, description: &str, schema: Value) -> Value {
    let style = if has_parts(&schema) { "deepObject" } else { "form" };
    json!({
        "name": name, "in": "query", "required": required, "style": style, "explode": true,
        "description": description, "schema": schema,
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false, "style": "simple",
        "description": "A text of your choice, new for each write. Sent again with the same key, \
                        the write is not done twice: the first answer comes back.",
        "schema": {
            "type": "string", "minLength": 1, "maxLength": super::idempotency::KEY_CHARS_MAX,
        },
    })
}

fn body(mut schema: Value) -> Value {
    schema["properties"]["expand"] = expand();
    schema["properties"]["expand"]["description"] = EXPAND.into();
    let parts = schema["properties"].as_object().into_iter().flatten();
    let encoding: Map<String, Value> = parts
        .filter(|(_, schema)| has_parts(schema))
        .map(|(name, _)| (name.clone(), json!({ "style": "deepObject", "explode": true })))
        .collect();
    json!({
        "required": schema.get("required").is_some(),
        "content": {
            "application/x-www-form-urlencoded": { "schema": schema, "encoding": encoding },
            "application/json": { "schema": schema },
        },
    })
}

fn headers() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "Request-Id": { "description": "Names this request in the log.", "schema": text },
        "Stripe-Version": {
            "description": "The version of the API that the answer is in.",
            "schema": text,
        },
    })
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}
