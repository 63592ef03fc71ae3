//! Objects as JSON Schema 2020-12, made from the field tables in `wire/resources`.
//!
//! A table says what a field is; Stripe's description says the same in its own way, and tools are
//! generated from that: fields that may be null are not among the required ones, hashes have
//! titles, `x-expandableFields` names what `expand` reaches, and an id that can be expanded is
//! "a text, or that object".

use serde_json::{Map, Value, json};

use super::words::Words;
use crate::api::expand::{PAYMENT_SOURCES, RESOURCES};
use crate::api::routes::{Route, Shape};

/// Most characters of a text in an answer.
pub const TEXT_CHARS_MAX: usize = 5000;

/// Integers that are moments, beside those whose names end in `_at`.
const MOMENTS: [&str; 19] = [
    "arrival_date",
    "available_on",
    "capture_before",
    "created",
    "current_deadline",
    "date",
    "due_date",
    "end",
    "end_date",
    "expected_availability_date",
    "finished",
    "next_payment_attempt",
    "now",
    "period_end",
    "period_start",
    "start",
    "start_date",
    "started",
    "subscription_proration_date",
];

/// The schemas of all objects.
pub struct Objects {
    tables: Vec<(&'static str, Value)>,
    words: Words,
}

impl Default for Objects {
    fn default() -> Objects {
        Objects::load()
    }
}

impl Objects {
    /// Reads the tables and the dictionary that are part of the program.
    pub fn load() -> Objects {
        let error = ("error", include_str!("../../../wire/resources/error.json"));
        let read = |(object, text)| {
            let table: Value = serde_json::from_str(text).expect("a field table is JSON");
            (object, table)
        };
        let tables = RESOURCES.into_iter().chain([error]).map(read).collect();
        Objects { tables, words: Words::load() }
    }

    /// The dictionary.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// All schemas by their names, as `components` has them.
    pub fn components(&self) -> Map<String, Value> {
        let one = |(object, _): &(&str, Value)| ((*object).to_owned(), self.object(object));
        self.tables.iter().map(one).collect()
    }

    fn object(&self, object: &str) -> Value {
        let table = self.tables.iter().find(|(name, _)| *name == object);
        let (_, table) = table.unwrap_or_else(|| panic!("there is no table of {object}"));
        let maker = Maker { objects: self };
        let mut schema = maker.hash(table, object);
        // Stripe's own title of this one is its name.
        let title = if object == "cash_balance" { object.into() } else { pascal(object) };
        schema["title"] = title.into();
        schema["description"] = self.words.objects.get(object).cloned().into();
        if table.get("object").is_some() {
            schema["x-resourceId"] = object.into();
        }
        schema
    }

    fn knows(&self, object: &str) -> bool {
        self.tables.iter().any(|(name, _)| *name == object)
    }
}

/// What an operation answers with, as a reference to a component.
pub fn answer(route: &Route) -> Value {
    let any = |objects: &[String]| {
        let each: Vec<Value> = objects.iter().map(|object| reference(object)).collect();
        json!({ "anyOf": each })
    };
    let one = match route.answer {
        "payment_source" => any(&PAYMENT_SOURCES.map(str::to_owned)),
        object => reference(object),
    };
    match route.shape {
        Shape::One => {}
        Shape::List => return list(one, &format!("{}List", pascal(route.answer))),
        Shape::Found => return found(one, &format!("{}SearchResult", pascal(route.answer))),
    }
    match route.method.as_str() {
        // A card is gone; a source is what it was, and consumed.
        "DELETE" if route.answer == "payment_source" => {
            any(&["deleted_card".to_owned(), "source".to_owned()])
        }
        "DELETE" => reference(&format!("deleted_{}", route.answer)),
        "GET" if route.answer == "customer" => {
            json!({ "anyOf": [one, reference("deleted_customer")] })
        }
        // A transfer arrives at a customer's account, or at that of a source.
        "POST" if route.path.starts_with("/purser/v1/bank_transfers") => {
            json!({ "anyOf": [one, reference("source_transaction")] })
        }
        _ => one,
    }
}

/// A reference to a component.
pub fn reference(object: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{object}") })
}

fn list(items: Value, title: &str) -> Value {
    let text = |words: &str| json!({ "description": words, "type": "string" });
    let mut object = text("Always `list`.");
    object["enum"] = json!(["list"]);
    let mut url = text("Where the list was read from.");
    url["maxLength"] = TEXT_CHARS_MAX.into();
    json!({
        "type": "object",
        "title": title,
        "required": ["data", "has_more", "object", "url"],
        "properties": {
            "data": {
                "description": "The items of this page, newest first unless said otherwise.",
                "type": "array",
                "items": items,
            },
            "has_more": {
                "description": "Whether more items follow. Ask for them with `starting_after` \
                                and the id of the last item.",
                "type": "boolean",
            },
            "object": object,
            "url": url,
        },
        "x-expandableFields": ["data"],
    })
}

/// The objects that a search found.
fn found(items: Value, title: &str) -> Value {
    let mut schema = list(items, title);
    schema["required"] = json!(["data", "has_more", "next_page", "object", "url"]);
    let fields = &mut schema["properties"];
    fields["object"]["description"] = "Always `search_result`.".into();
    fields["object"]["enum"] = json!(["search_result"]);
    fields["data"]["description"] = "The objects of this page, newest first.".into();
    fields["has_more"]["description"] = "Whether there is another page.".into();
    fields["next_page"] = json!({
        "description": "What to give as `page` for the next page. Null on the last one.",
        "type": ["string", "null"],
        "maxLength": TEXT_CHARS_MAX,
    });
    fields["total_count"] = json!({
        "description": "How many objects the query finds, up to 10000. Only there when it is \
                        expanded.",
        "type": "integer",
    });
    schema["x-expandableFields"] = json!(["data", "total_count"]);
    schema
}

/// Makes schemas from the rules of a table.
struct Maker<'o> {
    objects: &'o Objects,
}

impl Maker<'_> {
    fn hash(&self, table: &Value, path: &str) -> Value {
        let fields = table.as_object().expect("a field table is an object");
        let is = |spec: &Value, what: &str| spec[what] == true;
        let required: Vec<&String> = fields
            .iter()
            .filter(|(_, spec)| !is(spec, "optional") && !is(spec, "nullable"))
            .map(|(name, _)| name)
            .collect();
        let expandable: Vec<&String> =
            fields.iter().filter(|(_, spec)| is_expandable(spec)).map(|(name, _)| name).collect();
        let properties: Map<_, _> = fields
            .iter()
            .map(|(name, spec)| {
                let path = format!("{path}.{name}");
                let mut schema = self.field(spec, name, &path);
                schema["description"] = self.objects.words.field(&path).into();
                (name.clone(), schema)
            })
            .collect();
        let mut schema = json!({ "type": "object", "title": pascal(path) });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema["properties"] = properties.into();
        schema["x-expandableFields"] = json!(expandable);
        schema
    }

    /// The schema of a field or of an item, without its description.
    fn field(&self, spec: &Value, name: &str, path: &str) -> Value {
        let mut schema = self.bare(spec, name, path);
        let told = |key: &str| key == "title" || key == "format" || key.starts_with("x-");
        for (key, value) in spec.as_object().into_iter().flatten().filter(|(key, _)| told(key)) {
            schema[key] = value.clone();
        }
        if schema.get("format").is_some()
            && let Some(schema) = schema.as_object_mut()
        {
            schema.remove("maxLength");
        }
        if spec["nullable"] == true {
            allow_null(&mut schema);
        }
        schema
    }

    fn bare(&self, spec: &Value, name: &str, path: &str) -> Value {
        let kinds = |what: &str| spec[what].as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(object) = spec["$ref"].as_str() {
            return json!({ "anyOf": [self.refer(object)] });
        }
        if !kinds("any_of").is_empty() {
            let each = kinds("any_of").iter().map(|kind| match kind["$ref"].as_str() {
                Some(object) => self.refer(object),
                None => self.field(kind, name, path),
            });
            return json!({ "anyOf": each.collect::<Vec<_>>() });
        }
        if !kinds("expandable").is_empty() {
            return self.expandable(kinds("expandable"));
        }
        match spec["type"].as_str() {
            Some("integer") if is_moment(name) => {
                json!({ "type": "integer", "format": "unix-time" })
            }
            // The tables call it so, but it has a fraction.
            Some("integer") if name == "exchange_rate" => json!({ "type": "number" }),
            Some("integer") => json!({ "type": "integer" }),
            Some("boolean") => json!({ "type": "boolean" }),
            Some("decimal_string") => json!({ "type": "string", "format": "decimal" }),
            Some("string") => match spec["enum"].as_array() {
                Some(words) => json!({ "type": "string", "enum": words }),
                None => json!({ "type": "string", "maxLength": TEXT_CHARS_MAX }),
            },
            Some("object") if spec.get("fields").is_some() => self.hash(&spec["fields"], path),
            Some("map") => json!({
                "type": "object",
                "additionalProperties": self.field(&spec["values"], name, path),
            }),
            Some("array") => {
                json!({ "type": "array", "items": self.item(&spec["items"], name, path) })
            }
            Some("list") => {
                let title = format!("{}List", pascal(path));
                list(self.item(&spec["items"], name, path), &title)
            }
            Some("object" | "file") => json!({ "type": "object" }),
            _ => json!({}),
        }
    }

    /// An item has no description beside its reference, so that it can be one plainly.
    fn item(&self, spec: &Value, name: &str, path: &str) -> Value {
        match spec["$ref"].as_str() {
            Some(object) => self.refer(object),
            None => self.field(spec, name, path),
        }
    }

    fn refer(&self, object: &str) -> Value {
        match self.objects.knows(object) {
            true => reference(object),
            false => json!({ "type": "object" }),
        }
    }

    /// Objects that Purser does not have stay ids, whatever `expand` says.
    fn expandable(&self, kinds: &[Value]) -> Value {
        let id = json!({ "type": "string", "maxLength": TEXT_CHARS_MAX });
        let names = kinds.iter().filter_map(Value::as_str);
        let known: Vec<Value> =
            names.filter(|name| self.objects.knows(name)).map(reference).collect();
        if known.is_empty() {
            return id;
        }
        let mut any = vec![id];
        any.extend(known.iter().cloned());
        json!({ "anyOf": any, "x-expansionResources": { "oneOf": known } })
    }
}

/// What `expand` may name: ids of objects, and hashes, alone or in a list.
fn is_expandable(spec: &Value) -> bool {
    let is_kind = |kind: &str| spec["type"] == kind;
    spec.get("expandable").is_some()
        || spec.get("$ref").is_some()
        || spec.get("any_of").is_some_and(|kinds| {
            kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_expandable))
        })
        || is_kind("list")
        || (is_kind("object") && spec.get("fields").is_some())
        || (is_kind("array") && is_expandable(&spec["items"]))
}

/// Whether an integer of this name is a moment, in seconds since 1970.
pub fn is_moment(name: &str) -> bool {
    name.ends_with("_at") || MOMENTS.contains(&name)
}

fn allow_null(schema: &mut Value) {
    let null = json!({ "type": "null" });
    if let Some(any) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        return any.push(null);
    }
    // Without a type anything fits, null too.
    let Some(kind) = schema.get("type").cloned() else { return };
    schema["type"] = json!([kind, "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
}

/// `refund.destination_details` as `RefundDestinationDetails`.
pub fn pascal(path: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    path.split(['.', '_', '/']).filter_map(capital).collect()
}
