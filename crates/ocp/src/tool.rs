//! Tools: the operations of an API as an agent sees them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
