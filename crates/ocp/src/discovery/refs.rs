//! References: a schema with what its `$ref`s point at put in their place.
//!
//! A reference that leads back into itself is cut, so every answer is finite. Three limits keep it
//! small: [`DEPTH_MAX`], [`LINKS_MAX`] and [`NODES_MAX`]. A target is walked once and then copied.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::Mode;
use crate::Error;

/// Levels of a schema that are kept. It stays under what JSON readers accept (128), so that a
/// tool that was written to a file can be read again.
pub const DEPTH_MAX: usize = 100;
/// References that are followed one inside the other.
pub const LINKS_MAX: usize = 100;
/// JSON values in all the schemas of one document, after its references were followed.
pub const NODES_MAX: usize = 2_000_000;
/// JSON values after which one schema follows no more references ([`Mode::Full`] only).
pub const SCHEMA_NODES_MAX: usize = 20_000;

const VARIANTS: [&str; 3] = ["anyOf", "oneOf", "allOf"];

/// Follows the references of one document.
pub struct Refs<'a> {
    root: &'a Value,
    mode: Mode,
    known: HashMap<(String, bool, bool), Known>,
    nodes: usize,
    nodes_before: usize,
}

#[derive(Clone)]
struct Known {
    value: Value,
    nodes: usize,
    height: usize,
}

/// Where a walk is.
#[derive(Clone, Copy)]
struct At {
    depth: usize,
    /// Inside of `anyOf` and its like: a reference to an object stays a reference.
    keeps_objects: bool,
    /// Inside of a request: every reference is followed, because arguments are checked by it.
    of_request: bool,
}

impl At {
    fn below(self) -> At {
        At { depth: self.depth + 1, ..self }
    }
}

type Walked = Result<(Value, usize), Error>;

impl<'a> Refs<'a> {
    /// Nothing is read before it is asked for.
    pub fn new(root: &'a Value, mode: Mode) -> Refs<'a> {
        Refs { root, mode, known: HashMap::new(), nodes: 0, nodes_before: 0 }
    }

    /// A schema of an answer, without references but for objects among alternatives.
    pub fn answer(&mut self, schema: &Value) -> Result<Value, Error> {
        self.start(schema, false)
    }

    /// A schema of what is sent.
    pub fn request(&mut self, schema: &Value) -> Result<Value, Error> {
        self.start(schema, true)
    }

    fn start(&mut self, schema: &Value, of_request: bool) -> Result<Value, Error> {
        self.nodes_before = self.nodes;
        let at = At { depth: 0, keeps_objects: false, of_request };
        self.walk(schema, &mut Vec::new(), at).map(|(value, _)| value)
    }

    /// What an object that may be a reference stands for (parameters, bodies, answers, paths).
    pub fn object(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..LINKS_MAX {
            match value["$ref"].as_str().and_then(|path| self.look_up(path)) {
                Some(target) => value = target,
                None => return value,
            }
        }
        value
    }

    fn look_up(&self, path: &str) -> Option<&'a Value> {
        let path = path.strip_prefix("#/")?;
        let mut found = self.root;
        for part in path.split('/') {
            found = match self.mode {
                Mode::Upstream => found.as_object()?.get(part)?,
                Mode::Full => step(found, part)?,
            };
        }
        (!found.is_null()).then_some(found)
    }

    fn count(&mut self, nodes: usize) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(nodes);
        match self.nodes > NODES_MAX {
            true => Err(Error::Discovery(format!(
                "the description has more than {NODES_MAX} values (NODES_MAX) once its references \
                 are followed"
            ))),
            false => Ok(()),
        }
    }

    /// Whether a schema, or all of them, has enough: from here on references stay.
    fn is_large(&self, more: usize) -> bool {
        self.nodes - self.nodes_before + more > SCHEMA_NODES_MAX
            || self.nodes + more > NODES_MAX / 2
    }

    fn walk(&mut self, value: &Value, stack: &mut Vec<String>, at: At) -> Walked {
        self.count(1)?;
        match value {
            Value::Object(_) | Value::Array(_) if at.depth >= DEPTH_MAX => Ok((too_deep(), 1)),
            Value::Object(map) if self.mode == Mode::Full => self.walk_schema(map, stack, at),
            Value::Object(map) => self.walk_as_upstream(value, map, stack, at),
            Value::Array(items) => self.walk_list(items, stack, at.below()),
            plain => Ok((plain.clone(), 0)),
        }
    }

    fn walk_list(&mut self, items: &[Value], stack: &mut Vec<String>, at: At) -> Walked {
        let mut list = Vec::with_capacity(items.len());
        let mut height = 0;
        for item in items {
            let (item, below) = self.walk(item, stack, at)?;
            height = height.max(below);
            list.push(item);
        }
        Ok((Value::Array(list), height + 1))
    }

    fn walk_as_upstream(
        &mut self,
        value: &Value,
        map: &Map<String, Value>,
        stack: &mut Vec<String>,
        at: At,
    ) -> Walked {
        let variants = VARIANTS.iter().find(|key| map.get(**key).is_some_and(Value::is_array));
        if let (None, 1, Some(Value::String(path))) = (variants, map.len(), map.get("$ref")) {
            return self.follow(path, value, stack, at);
        }
        let mut whole = Map::with_capacity(map.len());
        let mut height = 0;
        // The alternatives come first, whatever the order of the source.
        let first = variants.and_then(|key| map.get_key_value(*key));
        let others = map.iter().filter(|(key, _)| Some(&key.as_str()) != variants);
        for (key, value) in first.into_iter().chain(others) {
            let keeps_objects = at.keeps_objects || Some(&key.as_str()) == variants;
            let (value, below) = self.walk(value, stack, At { keeps_objects, ..at.below() })?;
            height = height.max(below);
            whole.insert(key.clone(), value);
        }
        Ok((Value::Object(whole), height + 1))
    }

    fn walk_schema(&mut self, map: &Map<String, Value>, stack: &mut Vec<String>, at: At) -> Walked {
        let mut whole = Map::with_capacity(map.len());
        let mut height = 0;
        if let Some(Value::String(path)) = map.get("$ref") {
            let original = json!({ "$ref": path });
            let (target, below) = self.follow(path, &original, stack, at)?;
            height = height.max(below);
            merge(&mut whole, target);
        }
        if let Some(Value::Array(parts)) = map.get("allOf") {
            for part in parts {
                let inline = At { keeps_objects: false, ..at };
                let (part, below) = self.walk(part, stack, inline)?;
                height = height.max(below);
                merge(&mut whole, part);
            }
        }
        let mut own = Map::new();
        for (key, value) in map {
            let (value, below) = match (key.as_str(), value) {
                ("$ref", Value::String(_)) | ("allOf", Value::Array(_)) => continue,
                ("enum" | "const" | "default" | "example" | "examples", plain) => {
                    let (nodes, height) = measure(plain);
                    self.count(nodes)?;
                    match at.depth + 1 + height > DEPTH_MAX {
                        true => continue,
                        false => (plain.clone(), height),
                    }
                }
                ("properties" | "patternProperties", Value::Object(properties)) => {
                    self.walk_properties(properties, stack, at.below())?
                }
                ("anyOf" | "oneOf", value) => {
                    self.walk(value, stack, At { keeps_objects: !at.of_request, ..at.below() })?
                }
                (_, value) => self.walk(value, stack, at.below())?,
            };
            height = height.max(below + 1);
            own.insert(key.clone(), value);
        }
        merge(&mut whole, Value::Object(own));
        Ok((Value::Object(whole), height))
    }

    fn walk_properties(
        &mut self,
        properties: &Map<String, Value>,
        stack: &mut Vec<String>,
        at: At,
    ) -> Walked {
        let mut whole = Map::with_capacity(properties.len());
        let mut height = 0;
        for (name, schema) in properties {
            let (schema, below) = self.walk(schema, stack, at.below())?;
            height = height.max(below);
            whole.insert(name.clone(), schema);
        }
        Ok((Value::Object(whole), height + 1))
    }

    fn follow(&mut self, path: &str, original: &Value, stack: &mut Vec<String>, at: At) -> Walked {
        let kept = Ok((original.clone(), 1));
        let Some(target) = self.look_up(path) else { return kept };
        if at.keeps_objects && names_an_object(target) {
            return kept;
        }
        let full = self.mode == Mode::Full;
        let key = (path.to_owned(), full && at.of_request, full && at.keeps_objects);
        if let Some(known) = self.known.get(&key) {
            let (nodes, height) = (known.nodes, known.height);
            if full && self.is_large(nodes) {
                return kept;
            }
            if at.depth + height > DEPTH_MAX {
                return Ok((too_deep(), 1));
            }
            let value = known.value.clone();
            self.count(nodes)?;
            return Ok((value, height));
        }
        if stack.iter().any(|link| link == path) {
            let cut = circular(target, self.mode);
            if !full {
                let known = Known { value: cut.clone(), nodes: 3, height: 1 };
                self.known.insert(key, known);
            }
            return Ok((cut, 1));
        }
        if full && self.is_large(0) {
            return kept;
        }
        if stack.len() >= LINKS_MAX {
            return Ok((unresolved(), 1));
        }
        let before = self.nodes;
        stack.push(path.to_owned());
        let walked = self.walk(target, stack, at);
        stack.pop();
        let (value, height) = walked?;
        let whole = !full || !self.is_large(0);
        if whole {
            let known = Known { value: value.clone(), nodes: self.nodes - before, height };
            self.known.insert(key, known);
        }
        Ok((value, height))
    }
}

/// One step of a JSON pointer, its escapes undone.
fn step<'v>(value: &'v Value, part: &str) -> Option<&'v Value> {
    let part = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
    let part = part.replace("~1", "/").replace("~0", "~");
    match value {
        Value::Object(map) => map.get(&part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

fn names_an_object(target: &Value) -> bool {
    match target {
        Value::Object(map) => {
            map.get("type").is_some_and(|kind| kind == "object") || map.contains_key("properties")
        }
        _ => true,
    }
}

fn circular(target: &Value, mode: Mode) -> Value {
    match (mode, &target["type"]) {
        (Mode::Full, Value::Null) => json!({ "description": "Circular reference" }),
        (Mode::Full, kind) => json!({ "type": kind, "description": "Circular reference" }),
        (Mode::Upstream, _) => json!({ "type": "object", "description": "Circular reference" }),
    }
}

fn unresolved() -> Value {
    json!({ "type": "object", "description": "Unresolved reference" })
}

fn too_deep() -> Value {
    json!({ "description": format!("Deeper than {DEPTH_MAX} levels (DEPTH_MAX)") })
}

/// Puts one schema over another: properties and required names are united, the rest is replaced.
fn merge(whole: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (key, value) in part {
        match (key.as_str(), whole.get_mut(&key), value) {
            ("properties", Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            ("required", Some(Value::Array(old)), Value::Array(new)) => {
                let unknown: Vec<_> = new.into_iter().filter(|name| !old.contains(name)).collect();
                old.extend(unknown);
            }
            (_, _, value) => {
                whole.insert(key, value);
            }
        }
    }
}

/// How many values are in a value, and how many levels.
fn measure(value: &Value) -> (usize, usize) {
    let below = |found: Vec<(usize, usize)>| {
        let nodes: usize = found.iter().map(|(nodes, _)| nodes).sum();
        (nodes + 1, found.iter().map(|(_, height)| height + 1).max().unwrap_or(1))
    };
    match value {
        Value::Object(map) => below(map.values().map(measure).collect()),
        Value::Array(items) => below(items.iter().map(measure).collect()),
        _ => (1, 0),
    }
}
