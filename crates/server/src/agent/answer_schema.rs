//! What a tool answers with, as a schema that stands alone and is small enough for a model.
//!
//! The description of the API has every field of every object, at any depth. A tool's schema has
//! the fields of the object itself and, where they are few, of what lies directly in it; deeper,
//! and where an id may be expanded to an object, it only says that there is one. An answer that
//! is an error has the one field `error`, as on the wire: clients hold answers of both kinds
//! against the schema, so no field is required.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use crate::api::openapi;
use crate::api::routes::{Route, Shape};

/// Bytes of a schema with two levels of fields, at most; larger ones get one level.
const TWO_LEVELS_BYTES_MAX: usize = 2_000;

/// The schema of what an operation answers with. `components` are those of the description.
pub fn of(components: &Map<String, Value>, route: &Route) -> JsonObject {
    let answer = openapi::answer(route);
    let lean = |levels| Lean { components }.of(&answer, levels);
    let lists = usize::from(route.shape != Shape::One);
    let two = lean(2 + lists);
    let lean = match two.to_string().len() <= TWO_LEVELS_BYTES_MAX {
        true => two,
        false => lean(1 + lists),
    };
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.extend(lean.as_object().cloned().unwrap_or_default());
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    properties["error"] = json!({ "type": "object" });
    schema
}

/// Makes schemas small.
struct Lean<'a> {
    components: &'a Map<String, Value>,
}

impl Lean<'_> {
    /// The schema with this many levels of fields, without words for people.
    fn of(&self, schema: &Value, levels: usize) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            return match levels {
                0 => json!({ "type": "object" }),
                _ => self.of(&self.components[name], levels),
            };
        }
        if let Some(any) = schema["anyOf"].as_array() {
            return self.any(any, levels);
        }
        let mut lean = Map::new();
        for name in ["type", "const", "enum"] {
            if let Some(value) = schema.get(name) {
                lean.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(items) = schema.get("items") {
            lean.insert("items".to_owned(), self.of(items, levels));
        }
        if let Some(fields) = schema["properties"].as_object().filter(|_| levels > 0) {
            let field =
                |(name, schema): (&String, &Value)| (name.clone(), self.of(schema, levels - 1));
            let fields: Map<String, Value> = fields.iter().map(field).collect();
            lean.insert("properties".to_owned(), fields.into());
        }
        lean.into()
    }

    /// One of several: a list of types where that says it all, such as an id or its object.
    fn any(&self, any: &[Value], levels: usize) -> Value {
        // Beside an id stands the object that it is expanded to.
        let expandable = any.iter().any(|one| one["type"] == "string");
        let levels = if expandable { 0 } else { levels };
        let each: Vec<Value> = any.iter().map(|one| self.of(one, levels)).collect();
        let bare = |one: &Value| one.as_object().is_some_and(|one| one.len() == 1);
        if !each.iter().all(|one| bare(one) && one.get("type").is_some()) {
            return json!({ "anyOf": each });
        }
        let mut types: Vec<Value> = Vec::new();
        for one in &each {
            let several = one["type"].as_array().cloned();
            for one in several.unwrap_or_else(|| vec![one["type"].clone()]) {
                if !types.contains(&one) {
                    types.push(one);
                }
            }
        }
        json!({ "type": types })
    }
}
