//! The table of operations as tools: a name, schemas of arguments and answer, and hints.
//!
//! Every operation is one tool; a new row in the table is a new tool. The table is made once, in
//! some milliseconds, and never changes.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::Method;
use rmcp::model::{JsonObject, Tool as Described, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::answer_schema;
use crate::api::idempotency::KEY_CHARS_MAX;
use crate::api::openapi::Objects;
use crate::api::params::{INTEGER_MAX, TEXT_CHARS_MAX};
use crate::api::routes::{Action, Route, Shape, all};

/// Characters of an id in a path, at most.
pub const ID_CHARS_MAX: usize = 255;
/// Tools on one page of the list, at most.
pub const PAGE_TOOLS_MAX: usize = 40;

/// The last words of paths that end something, or do what nobody can take back.
const ENDS: &[&str] = &[
    "cancel",
    "clock",
    "detach",
    "expire",
    "mark_uncollectible",
    "reject",
    "return",
    "reverse",
    "roll_secret",
    "void",
];

/// Bounds of whole numbers that say no more than that they are such.
const WIDE: [(&str, i64); 2] = [("minimum", -INTEGER_MAX), ("maximum", INTEGER_MAX)];

/// One operation as a tool.
pub struct Tool {
    /// How agents call it, by the rules of the Open Context Protocol: the operation id with a
    /// small first letter.
    pub name: String,
    /// The row of the table.
    pub route: Route,
    /// The names in the path, in their order.
    pub ids: Vec<&'static str>,
    /// Whether a repetition with the same idempotency key is answered from memory.
    pub keyed: bool,
    /// Whether it can be tried without effect.
    pub rehearsed: bool,
    /// What clients are told of it.
    pub described: Described,
}

/// All tools, in the order of the table.
pub struct Tools {
    list: Vec<Tool>,
    by_name: HashMap<String, usize>,
}

impl Default for Tools {
    fn default() -> Tools {
        Tools::new()
    }
}

impl Tools {
    /// Makes the tools.
    pub fn new() -> Tools {
        let components = Objects::load().components();
        let list: Vec<Tool> =
            all().into_iter().map(|route| Tool::new(route, &components)).collect();
        let by_name = list.iter().enumerate().map(|(at, tool)| (tool.name.clone(), at)).collect();
        Tools { list, by_name }
    }

    /// All of them.
    pub fn list(&self) -> &[Tool] {
        &self.list
    }

    /// The tool of this name.
    pub fn find(&self, name: &str) -> Option<&Tool> {
        self.by_name.get(name).map(|&at| &self.list[at])
    }

    /// The page that begins at a cursor, and the cursor of the next; none where no page begins.
    pub fn page(&self, cursor: Option<&str>) -> Option<(Vec<Described>, Option<String>)> {
        let from = match cursor {
            None => 0,
            Some(text) => {
                let begins =
                    |at: &usize| *at < self.list.len() && at.is_multiple_of(PAGE_TOOLS_MAX);
                text.parse().ok().filter(begins)?
            }
        };
        let rest = &self.list[from..];
        let page = rest.iter().take(PAGE_TOOLS_MAX).map(|tool| tool.described.clone()).collect();
        let next = (rest.len() > PAGE_TOOLS_MAX).then(|| (from + PAGE_TOOLS_MAX).to_string());
        Some((page, next))
    }

    /// The tool that lists the objects which an argument of another tool names.
    pub fn finder(&self, tool: &Tool, argument: &str) -> Option<&Tool> {
        // Some errors call the one id of a path just that.
        let own = || tool.ids.last().filter(|_| argument == "id" && !tool.ids.contains(&"id"));
        let argument = own().copied().unwrap_or(argument);
        let lists = || self.list.iter().filter(|tool| tool.route.shape == Shape::List);
        let of_path = || {
            let (before, _) = tool.route.path.split_once(&format!("/{{{argument}}}"))?;
            let collection = before.rsplit('/').next()?;
            lists().find(|list| list.route.path.rsplit('/').next() == Some(collection))
        };
        let name = argument.rsplit('[').next().unwrap_or_default().trim_end_matches(']');
        of_path().or_else(|| lists().find(|list| list.route.answer == name))
    }
}

impl Tool {
    fn new(route: Route, components: &Map<String, Value>) -> Tool {
        let ids = ids_in(route.path).collect();
        let written = matches!(route.action, Action::Write(_));
        let keyed = written && route.method == Method::POST;
        let name = ocp_agent::name::normalize(route.operation);
        let input = input_schema(&route, keyed, written);
        let described = Described::new(name.clone(), description(&route, &input), Arc::new(input))
            .with_title(route.summary)
            .with_raw_output_schema(Arc::new(answer_schema::of(components, &route)))
            .with_annotations(hints(&route));
        Tool { name, ids, keyed, rehearsed: written, described, route }
    }

    /// The names that it takes where a parameter such as `a[b]` stands: those of `a`.
    pub fn names_beside(&self, param: &str) -> Vec<&str> {
        let mut segments = param.split('[').map(|segment| segment.trim_end_matches(']'));
        segments.next_back();
        let mut names = named(self.described.input_schema.get("properties"));
        for segment in segments {
            // A place in a list leads to what lies in all of them.
            if let Some((_, schema)) = names.iter().find(|(name, _)| *name == segment) {
                names = inside(schema);
            }
        }
        names.into_iter().map(|(name, _)| name).collect()
    }
}

type Names<'a> = Vec<(&'a str, &'a Value)>;

fn named(properties: Option<&Value>) -> Names<'_> {
    let fields = properties.and_then(Value::as_object);
    fields.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema)).collect()
}

/// The names in a hash, in a list of hashes, or in whichever of several is one.
fn inside(schema: &Value) -> Names<'_> {
    let several = schema["anyOf"].as_array().into_iter().flatten();
    let within = several.chain(schema.get("items")).flat_map(inside);
    named(schema.get("properties")).into_iter().chain(within).collect()
}

fn ids_in(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn last_word(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Reads change nothing. Whatever ends something is destructive. What sets the values of an
/// object that it names, or removes it, can be repeated. Nothing reaches beyond this server.
fn hints(route: &Route) -> ToolAnnotations {
    let reads = route.method == Method::GET;
    let deletes = route.method == Method::DELETE;
    let last = last_word(route.path);
    ToolAnnotations::new()
        .read_only(reads)
        .destructive(!reads && (deletes || ENDS.contains(&last)))
        .idempotent(reads || deletes || last.starts_with('{'))
        .open_world(false)
}

fn description(route: &Route, input: &JsonObject) -> String {
    let mut said = format!("{}.", route.summary);
    if route.path.contains("/test_helpers/") || route.path.ends_with("/clock") {
        said += " Works in the sandbox only.";
    }
    if hints(route).is_destructive() {
        said += " This cannot be undone.";
    }
    if input["properties"].get("amount").is_some() {
        said += " The amount is a whole number in the smallest unit of the currency.";
    }
    said
}

fn input_schema(route: &Route, keyed: bool, rehearsed: bool) -> JsonObject {
    let mut properties = JsonObject::new();
    let mut required: Vec<Value> = ids_in(route.path).map(Value::from).collect();
    for id in ids_in(route.path) {
        properties.insert(id.to_owned(), json!({ "type": "string" }));
    }
    let mut params = (route.params)().to_json_schema();
    simplify(&mut params);
    if let Some(Value::Object(declared)) = params.get_mut("properties").map(Value::take) {
        properties.extend(declared);
    }
    required.extend(params["required"].as_array().into_iter().flatten().cloned());
    if route.method != Method::DELETE {
        properties.insert(
            "expand".to_owned(),
            json!({
                "type": "array", "items": { "type": "string" },
                "description": "Fields to answer with whole objects instead of ids.",
            }),
        );
    }
    if keyed {
        properties.insert(
            "idempotency_key".to_owned(),
            json!({
                "type": "string", "maxLength": KEY_CHARS_MAX,
                "description": "Only to repeat a call: the key of its first time.",
            }),
        );
    }
    if rehearsed {
        properties.insert(
            "dry_run".to_owned(),
            json!({ "type": "boolean", "description": "Answer, but change nothing." }),
        );
    }
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// Leaves out what a model need not read: names that are refused, and bounds that nobody meets
/// but by mistake. The API tells whoever does.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.remove("x-purser-refuses");
            let wide = [("minLength", 1), ("maxLength", TEXT_CHARS_MAX as i64)];
            for (name, bound) in wide.into_iter().chain(WIDE) {
                if fields.get(name).is_some_and(|value| *value == bound) {
                    fields.remove(name);
                }
            }
            fields.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
