//! Checks arguments against what a tool takes, before anything is sent. All faults are found.

use serde_json::{Map, Value};

use crate::near::nearest;
use crate::tool::kind_of;

/// Levels of an argument.
pub const ARGUMENT_DEPTH_MAX: usize = 64;
/// Faults that are listed.
pub const FAULTS_MAX: usize = 100;
/// Characters of a pattern; a longer one is not checked.
const PATTERN_CHARS_MAX: usize = 1_000;
/// Values of an enumeration, or names, that a fault shows.
const SHOWN_MAX: usize = 20;

/// Where a value goes: to JSON, which has types, or to text, where `5` and `"5"` are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    ToJson,
    ToText,
}

/// Adds what is wrong with a value; `name` says which it is, `settings[mode]` for a part of one.
pub fn value(name: &str, value: &Value, schema: &Value, goes: Goes, faults: &mut Vec<String>) {
    if faults.len() < FAULTS_MAX {
        Check { goes, faults }.value(name, value, schema);
    }
}

/// Whether a value has more levels than [`ARGUMENT_DEPTH_MAX`].
pub fn is_too_deep(value: &Value, level: usize) -> bool {
    let below = |value| is_too_deep(value, level + 1);
    level > ARGUMENT_DEPTH_MAX
        || match value {
            Value::Array(items) => items.iter().any(below),
            Value::Object(map) => map.values().any(below),
            _ => false,
        }
}

/// A fault for a name that is not known.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let near = nearest(name, known.clone(), 3);
    if !near.is_empty() {
        return format!("Unknown {what}: {name}. Did you mean {}?", near.join(", "));
    }
    let all: Vec<&str> = known.collect();
    match all.len() {
        0 => format!("Unknown {what}: {name}. There are none"),
        1..=SHOWN_MAX => format!("Unknown {what}: {name}. There are: {}", all.join(", ")),
        count => format!("Unknown {what}: {name}. None of the {count} that there are is like it"),
    }
}

struct Check<'f> {
    goes: Goes,
    faults: &'f mut Vec<String>,
}

impl Check<'_> {
    fn fault(&mut self, text: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(text);
        }
    }

    fn value(&mut self, name: &str, value: &Value, schema: &Value) {
        // None of the faults of a value that is absent or unlimited can be known.
        if value.is_null() || !schema.is_object() || schema.get("$ref").is_some() {
            return;
        }
        if let Some(text) = self.wrong_kind(name, value, &schema["type"]) {
            return self.fault(text);
        }
        if let Some(text) = self.not_listed(name, value, schema) {
            return self.fault(text);
        }
        match value {
            Value::Number(number) => self.number(name, number.as_f64(), schema),
            Value::String(text) => self.text(name, text, schema),
            Value::Array(items) => self.items(name, items, schema),
            Value::Object(map) => self.object(name, map, schema),
            Value::Null | Value::Bool(_) => {}
        }
        self.variants(name, value, schema);
    }

    fn wrong_kind(&self, name: &str, value: &Value, kind: &Value) -> Option<String> {
        let kinds: Vec<&str> = match kind {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        if kinds.is_empty() || kinds.iter().any(|kind| self.is_of(value, kind)) {
            return None;
        }
        let kinds = kinds.iter().filter(|kind| **kind != "null").map(|kind| article(kind));
        let kinds: Vec<String> = kinds.collect();
        Some(format!("{name} must be {}, not {}", kinds.join(" or "), article(kind_of(value))))
    }

    fn is_of(&self, value: &Value, kind: &str) -> bool {
        match kind {
            "string" if self.goes == Goes::ToText => !value.is_array() && !value.is_object(),
            "string" => value.is_string(),
            "integer" => {
                value.is_i64()
                    || value.is_u64()
                    || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            // What nobody knows forbids nothing.
            _ => true,
        }
    }

    fn not_listed(&self, name: &str, value: &Value, schema: &Value) -> Option<String> {
        let values = match (schema["enum"].as_array(), schema.get("const")) {
            (Some(values), _) => values.as_slice(),
            (None, Some(only)) => std::slice::from_ref(only),
            (None, None) => return None,
        };
        let same = |other: &Value| {
            other == value
                || (other.is_number() && other.as_f64() == value.as_f64())
                || (self.goes == Goes::ToText && plain(other) == plain(value))
        };
        if values.iter().any(same) {
            return None;
        }
        let shown: Vec<String> = values.iter().take(SHOWN_MAX).map(plain).collect();
        let more = if values.len() > SHOWN_MAX { ", ..." } else { "" };
        let mut text = format!("{name} must be one of {}{more}", shown.join(", "));
        if let Value::String(given) = value {
            let near = nearest(given, values.iter().filter_map(Value::as_str), 1);
            if let [near] = near.as_slice() {
                text.push_str(&format!(". Did you mean {near}?"));
            }
        }
        Some(text)
    }

    fn number(&mut self, name: &str, number: Option<f64>, schema: &Value) {
        let Some(number) = number else { return };
        let limit = |key: &str| schema[key].as_f64();
        // In 3.0 `exclusiveMinimum` is a boolean beside `minimum`, in 3.1 a number of its own.
        let open = |key: &str| schema[key] == true;
        let is_under = |least| number < least || (open("exclusiveMinimum") && number == least);
        if limit("minimum").is_some_and(is_under) {
            let than = if open("exclusiveMinimum") { "more than" } else { "at least" };
            self.fault(format!("{name} must be {than} {}", plain(&schema["minimum"])));
        }
        let is_over = |most| number > most || (open("exclusiveMaximum") && number == most);
        if limit("maximum").is_some_and(is_over) {
            let than = if open("exclusiveMaximum") { "less than" } else { "at most" };
            self.fault(format!("{name} must be {than} {}", plain(&schema["maximum"])));
        }
        if limit("exclusiveMinimum").is_some_and(|least| number <= least) {
            self.fault(format!("{name} must be more than {}", plain(&schema["exclusiveMinimum"])));
        }
        if limit("exclusiveMaximum").is_some_and(|most| number >= most) {
            self.fault(format!("{name} must be less than {}", plain(&schema["exclusiveMaximum"])));
        }
    }

    fn text(&mut self, name: &str, text: &str, schema: &Value) {
        let length = text.chars().count() as u64;
        self.size(name, length, schema, ["minLength", "maxLength"], "characters");
        let Some(pattern) = schema["pattern"].as_str() else { return };
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            return;
        }
        // A pattern that this engine cannot read (it looks ahead or back) checks nothing.
        if regex_lite::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
            self.fault(format!("{name} must match the pattern {pattern}"));
        }
    }

    fn size(&mut self, name: &str, size: u64, schema: &Value, keys: [&str; 2], unit: &str) {
        if let Some(least) = schema[keys[0]].as_u64().filter(|least| size < *least) {
            self.fault(format!("{name} must have at least {least} {unit}, not {size}"));
        }
        if let Some(most) = schema[keys[1]].as_u64().filter(|most| size > *most) {
            self.fault(format!("{name} must have at most {most} {unit}, not {size}"));
        }
    }

    fn items(&mut self, name: &str, items: &[Value], schema: &Value) {
        self.size(name, items.len() as u64, schema, ["minItems", "maxItems"], "items");
        for (at, item) in items.iter().enumerate() {
            self.value(&format!("{name}[{at}]"), item, &schema["items"]);
        }
    }

    fn object(&mut self, name: &str, map: &Map<String, Value>, schema: &Value) {
        let known = schema["properties"].as_object();
        for required in schema["required"].as_array().into_iter().flatten() {
            let Some(required) = required.as_str() else { continue };
            if map.get(required).is_none_or(Value::is_null) {
                self.fault(format!("Missing required parameter: {name}[{required}]"));
            }
        }
        let others = &schema["additionalProperties"];
        let varies = ["anyOf", "oneOf", "allOf"].iter().any(|key| schema.get(key).is_some());
        let named = known.is_some_and(|known| !known.is_empty());
        let closed = *others == false || (others.is_null() && named);
        for (key, value) in map {
            let at = format!("{name}[{key}]");
            match known.and_then(|known| known.get(key)) {
                Some(schema) => self.value(&at, value, schema),
                None if closed && !varies => {
                    let names = known.into_iter().flatten().map(|(name, _)| name.as_str());
                    self.fault(unknown(&format!("parameter of {name}"), key, names));
                }
                None => self.value(&at, value, others),
            }
        }
    }

    /// One of the alternatives is enough, also where the source says exactly one: alternatives
    /// overlap more often than their authors see.
    fn variants(&mut self, name: &str, value: &Value, schema: &Value) {
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.value(name, value, all);
        }
        for key in ["anyOf", "oneOf"] {
            let Some(variants) = schema[key].as_array().filter(|list| !list.is_empty()) else {
                continue;
            };
            let mut nearest: Option<Vec<String>> = None;
            let mut fits = false;
            for variant in variants {
                let mut faults = Vec::new();
                Check { goes: self.goes, faults: &mut faults }.value(name, value, variant);
                fits = fits || faults.is_empty();
                let of_kind = self.wrong_kind(name, value, &variant["type"]).is_none();
                if of_kind && nearest.as_ref().is_none_or(|other| faults.len() < other.len()) {
                    nearest = Some(faults);
                }
            }
            match (fits, nearest) {
                (true, _) => {}
                (false, Some(faults)) => faults.into_iter().for_each(|text| self.fault(text)),
                (false, None) => {
                    self.fault(format!("{name} fits none of the kinds that it may be"));
                }
            }
        }
    }
}

fn article(kind: &str) -> String {
    match kind {
        "array" => "a list".to_owned(),
        "integer" => "an integer".to_owned(),
        "object" => "an object".to_owned(),
        other => format!("a {other}"),
    }
}

/// A value as text: a string without its quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // Integers stay integers, however they were written.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                (float as i64).to_string()
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
