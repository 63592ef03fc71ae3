//! Tools: the operations of an API as an agent sees them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// In a `{place}` of the path.
    Path,
    /// In the query.
    Query,
    /// A header.
    Header,
    /// A property of the body.
    Body,
    /// A cookie: known, never sent.
    Cookie,
}

impl Location {
    /// As it is written in a tool object.
    pub fn name(self) -> &'static str {
        match self {
            Location::Path => "path",
            Location::Query => "query",
            Location::Header => "header",
            Location::Body => "body",
            Location::Cookie => "cookie",
        }
    }
}

/// A parameter of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// For the model.
    #[serde(default)]
    pub description: String,
    /// Whether a call without it is refused.
    #[serde(default)]
    pub required: bool,
    /// Where it goes.
    pub location: Location,
    /// `string`, `integer`, ...; a list of these where the source says so.
    #[serde(rename = "type", default = "string_type")]
    pub kind: Value,
    /// What else the source says: `enum`, `format`, `items`, `properties`, `minimum`, ...
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn string_type() -> Value {
    "string".into()
}

impl Parameter {
    /// The JSON Schema of its value.
    pub fn schema(&self) -> Value {
        let own = match self.rest.get("schema") {
            Some(Value::Object(schema)) => schema.clone(),
            _ => Map::new(),
        };
        let mut schema = Map::new();
        schema.insert("type".to_owned(), self.kind.clone());
        if !self.description.is_empty() {
            schema.insert("description".to_owned(), self.description.clone().into());
        }
        schema.extend(own);
        for (key, value) in &self.rest {
            match key.as_str() {
                "x-required" => drop(schema.insert("required".to_owned(), value.clone())),
                "schema" => {}
                key if key.starts_with("x-") => {}
                key => drop(schema.insert(key.to_owned(), value.clone())),
            }
        }
        Value::Object(schema)
    }

    /// Its name in the request; `name` is its name in the tool.
    pub fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.rest.get("x-name").and_then(Value::as_str).unwrap_or(name)
    }

    /// Whether its value is the body itself and not a field of it.
    pub fn is_whole_body(&self) -> bool {
        self.rest.get("x-whole").is_some_and(|whole| *whole == true)
    }

    /// Whether it is a text of which nothing else is known. The first agents, and the registries
    /// that they fill, say this of everything whose type they do not understand.
    pub fn is_bare_text(&self) -> bool {
        self.kind == "string" && self.rest.keys().all(|key| key.starts_with("x-"))
    }

    /// Whether the source says that null is a value like any other.
    pub fn may_be_null(&self) -> bool {
        let in_list = self.kind.as_array().is_some_and(|kinds| kinds.iter().any(|k| k == "null"));
        in_list || self.rest.get("nullable").is_some_and(|nullable| *nullable == true)
    }
}

/// An operation of an API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name, in camel case.
    pub name: String,
    /// For the model.
    pub description: String,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, with `{places}`.
    pub path: String,
    /// In the order of the source.
    #[serde(default)]
    pub parameters: IndexMap<String, Parameter>,
    /// JSON Schema of the answer, where the source has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_schema: Option<Value>,
    /// As the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// Groups it is in.
    #[serde(default)]
    pub tags: Vec<String>,
    /// How the body is encoded; not part of the tool object that registries hand out.
    #[serde(default, skip_serializing_if = "BodyEncoding::is_json")]
    pub body_encoding: BodyEncoding,
}

impl Tool {
    /// Its parameters, and one for each place of its path that no parameter is for. Agents that
    /// see only the parameters of an operation lose those that stand beside its path.
    pub fn all_parameters(&self) -> IndexMap<String, Parameter> {
        let mut all = self.parameters.clone();
        let mut rest = self.path.as_str();
        while let Some((place, after)) =
            rest.split_once('{').and_then(|(_, after)| after.split_once('}'))
        {
            rest = after;
            let known = |(name, parameter): (&String, &Parameter)| {
                parameter.location == Location::Path && parameter.wire_name(name) == place
            };
            if !self.parameters.iter().any(known) {
                let of_body = all.entry(place.to_owned()).or_insert_with(|| Parameter {
                    description: String::new(),
                    required: true,
                    location: Location::Path,
                    kind: string_type(),
                    rest: Map::new(),
                });
                of_body.required = true;
            }
        }
        all
    }

    /// The JSON Schema of its arguments, closed: what is not in it is refused.
    pub fn input_schema(&self) -> Value {
        let parameters = self.all_parameters();
        let sent = parameters.iter().filter(|(_, one)| one.location != Location::Cookie);
        let properties: Map<String, Value> =
            sent.clone().map(|(name, one)| (name.clone(), one.schema())).collect();
        let required: Vec<Value> =
            sent.filter(|(_, one)| one.required).map(|(name, _)| name.as_str().into()).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

/// How a body goes over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyEncoding {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, nested names in brackets.
    Form,
}

impl BodyEncoding {
    fn is_json(&self) -> bool {
        *self == BodyEncoding::Json
    }
}

/// An API with its tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// The name it was registered under.
    pub name: String,
    /// For people.
    pub title: String,
    /// The API's own version.
    pub version: String,
    /// Without a slash at its end.
    pub base_url: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// In the order of the source.
    pub tools: Vec<Tool>,
}

/// The type of a value, as schemas call it.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
