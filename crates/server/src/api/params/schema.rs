//! What a parameter may be, as data: the source of the published API documentation.

use serde_json::{Map, Value, json};

use books::command::METADATA_KEYS_MAX;

use super::{METADATA_KEY_CHARS_MAX, METADATA_VALUE_CHARS_MAX, Param};

/// The values that a parameter accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// A text that is not empty.
    Text {
        /// Most characters.
        max_chars: usize,
        /// Regular expression that the text must match.
        pattern: Option<&'static str>,
        /// Name of a well-known format, such as `email`.
        format: Option<&'static str>,
    },
    /// An integer in decimal digits.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Value when the parameter is left out, if there is one.
        default: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of such values.
    List(Box<Schema>),
    /// A hash with these names and no others.
    Hash {
        /// In the order of their declaration.
        fields: Vec<Field>,
        /// Names that Stripe knows and Purser refuses.
        refuses: Vec<&'static str>,
    },
    /// A hash with names of the client's choice, whose values are texts.
    Metadata,
    /// Any of these.
    AnyOf(Vec<Schema>),
    /// Such a value, or the empty text, which unsets.
    Emptyable(Box<Schema>),
}

/// One declared name of a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// For users of the API.
    pub description: String,
    /// Whether it must be sent.
    pub required: bool,
    /// What it accepts.
    pub schema: Schema,
}

impl Field {
    /// The declared field of type `T`, described by the lines of its doc comment.
    pub fn of<T: Param>(name: &'static str, doc_lines: &[&str]) -> Field {
        let lines: Vec<&str> = doc_lines.iter().map(|line| line.trim()).collect();
        let description = lines.join("\n").trim().to_owned();
        Field { name, description, required: T::REQUIRED, schema: T::schema() }
    }

    /// Its JSON Schema, description included.
    pub fn to_json_schema(&self) -> Value {
        let mut schema = self.schema.to_json_schema();
        if !self.description.is_empty() {
            schema["description"] = self.description.as_str().into();
        }
        schema
    }
}

impl Schema {
    /// A text with a limit and no further rules.
    pub fn text(max_chars: usize) -> Schema {
        Schema::Text { max_chars, pattern: None, format: None }
    }

    /// JSON Schema as OpenAPI 3.1 uses it. A refused name is not among the properties; it stands
    /// in `x-purser-refuses`.
    pub fn to_json_schema(&self) -> Value {
        match self {
            Schema::Text { max_chars, pattern, format } => {
                let mut schema = json!({ "type": "string", "minLength": 1 });
                schema["maxLength"] = (*max_chars).into();
                if let Some(pattern) = pattern {
                    schema["pattern"] = (*pattern).into();
                }
                if let Some(format) = format {
                    schema["format"] = (*format).into();
                }
                schema
            }
            Schema::Integer { min, max, default } => {
                let mut schema = json!({ "type": "integer", "minimum": min, "maximum": max });
                if let Some(default) = default {
                    schema["default"] = (*default).into();
                }
                schema
            }
            Schema::Boolean => json!({ "type": "boolean" }),
            Schema::Choice(words) => json!({ "type": "string", "enum": words }),
            Schema::List(items) => json!({
                "type": "array",
                "items": items.to_json_schema(),
                "maxItems": crate::api::form::ITEMS_MAX,
            }),
            Schema::Hash { fields, refuses } => hash_schema(fields, refuses),
            Schema::Metadata => json!({
                "type": "object",
                "propertyNames": {
                    "minLength": 1,
                    "maxLength": METADATA_KEY_CHARS_MAX,
                    "pattern": "^[^\\[\\]]+$",
                },
                "additionalProperties": {
                    "type": "string",
                    "maxLength": METADATA_VALUE_CHARS_MAX,
                },
                "maxProperties": METADATA_KEYS_MAX,
            }),
            Schema::AnyOf(schemas) => {
                let each: Vec<Value> = schemas.iter().map(Schema::to_json_schema).collect();
                json!({ "anyOf": each })
            }
            Schema::Emptyable(schema) => json!({
                "anyOf": [schema.to_json_schema(), { "type": "string", "enum": [""] }],
            }),
        }
    }
}

fn hash_schema(fields: &[Field], refuses: &[&'static str]) -> Value {
    let property = |field: &Field| (field.name.to_owned(), field.to_json_schema());
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema["additionalProperties"] = false.into();
    if !refuses.is_empty() {
        schema["x-purser-refuses"] = refuses.into();
    }
    schema
}
