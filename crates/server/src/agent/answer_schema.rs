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
use crate::api::routes::Route;

/// Bytes of a schema with two levels of fields, at most; larger ones get one level.
const TWO_LEVELS_BYTES_MAX: usize = 2_000;

/// The description of the API, to take schemas from.
pub struct Answers {
    document: Value,
}

impl Answers {
    /// Reads the description that was generated and committed.
    pub fn load() -> Answers {
        let document = serde_json::from_slice(openapi::JSON).expect("openapi.json is JSON");
        Answers { document }
    }

    /// The schema of what a tool answers with.
    pub fn of(&self, route: &Route) -> JsonObject {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &self.document["paths"][route.path][method];
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let lists = usize::from(route.list);
        let two = self.lean(answer, 2 + lists);
        let lean = match two.to_string().len() <= TWO_LEVELS_BYTES_MAX {
            true => two,
            false => self.lean(answer, 1 + lists),
        };
        let mut schema = JsonObject::new();
        schema.insert("type".to_owned(), "object".into());
        match lean {
            Value::Object(lean) => schema.extend(lean),
            _ => unreachable!("a schema is an object"),
        }
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        properties["error"] = json!({ "type": "object" });
        schema
    }

    /// The schema with this many levels of fields, without words for people.
    fn lean(&self, schema: &Value, levels: usize) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            return match levels {
                0 => json!({ "type": "object" }),
                _ => self.lean(&self.document["components"]["schemas"][name], levels),
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
            lean.insert("items".to_owned(), self.lean(items, levels));
        }
        if let Some(fields) = schema["properties"].as_object().filter(|_| levels > 0) {
            let field =
                |(name, schema): (&String, &Value)| (name.clone(), self.lean(schema, levels - 1));
            let fields: Map<String, Value> = fields.iter().map(field).collect();
            lean.insert("properties".to_owned(), fields.into());
        }
        lean.into()
    }

    /// One of several: a list of types where that says it all, such as an id or its object.
    fn any(&self, any: &[Value], levels: usize) -> Value {
        let expandable = any.iter().any(|one| *one == json!({ "type": "string" }));
        let levels = if expandable { 0 } else { levels };
        let mut each: Vec<Value> = any.iter().map(|one| self.lean(one, levels)).collect();
        each.dedup();
        let plain = |one: &Value| one.as_object().is_some_and(|one| one.len() == 1);
        let mut types = Vec::new();
        for one in each.iter().filter(|one| plain(one)) {
            match &one["type"] {
                Value::Array(several) => types.extend(several.iter().cloned()),
                one => types.push(one.clone()),
            }
        }
        match types.iter().any(Value::is_null) || !each.iter().all(plain) {
            true if each.len() == 1 => each.remove(0),
            true => json!({ "anyOf": each }),
            false => {
                types.dedup();
                json!({ "type": types })
            }
        }
    }
}
