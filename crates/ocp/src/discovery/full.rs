//! The mapping that leaves nothing out that can be sent.
//!
//! What a schema says beyond its type goes to [`Parameter::rest`] under its own name. Four keys are
//! ours, because they have no name there: `x-style` and `x-explode` (how a list or an object is
//! written), `x-name` (the name on the wire, where two parameters would have had the same),
//! `x-whole` (the value is the body itself, not a field of it), `x-required` (the names that an
//! object must have; `required` is taken).

use serde_json::{Map, Value, json};

use super::refs::Refs;
use super::{Family, Source};
use crate::{Error, Location, Parameter, Tool};

mod body;
mod schema;

/// OpenAPI says that these are not parameters, whatever a document says.
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

pub(super) fn tool<'a>(
    source: &Source<'a>,
    item: &'a Value,
    refs: &mut Refs<'a>,
) -> Result<Option<Tool>, Error> {
    let Some(mut tool) = source.tool() else { return Ok(None) };
    let stated = parameters(source, item, refs);
    for parameter in &stated {
        if let Some((name, parameter)) = parameter_of(parameter, refs)? {
            add(&mut tool, &name, parameter);
        }
    }
    match source.family {
        Family::Swagger2 => body::of_swagger2(&mut tool, source, &stated, refs)?,
        Family::OpenApi3 => body::of_openapi3(&mut tool, source, refs)?,
    }
    tool.response_schema = answer(source, refs)?;
    Ok(Some(tool))
}

/// The parameters of the operation, and those of its path that it does not state anew.
fn parameters<'a>(source: &Source<'a>, item: &'a Value, refs: &Refs<'a>) -> Vec<&'a Value> {
    let list = |value: &'a Value| value["parameters"].as_array().into_iter().flatten();
    let own: Vec<&Value> = list(source.operation).map(|value| refs.object(value)).collect();
    let is = |a: &Value, b: &Value| a["name"] == b["name"] && a["in"] == b["in"];
    let of_path: Vec<&Value> = list(item)
        .map(|value| refs.object(value))
        .filter(|value| !own.iter().any(|other| is(other, value)))
        .collect();
    of_path.into_iter().chain(own).collect()
}

fn parameter_of(stated: &Value, refs: &mut Refs) -> Result<Option<(String, Parameter)>, Error> {
    let Some(name) = stated["name"].as_str().filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let location = match stated["in"].as_str() {
        None | Some("query") => Location::Query,
        Some("path") => Location::Path,
        Some("header") if NOT_PARAMETERS.contains(&name.to_lowercase().as_str()) => {
            return Ok(None);
        }
        Some("header") => Location::Header,
        Some("cookie") => Location::Cookie,
        Some(_) => return Ok(None),
    };
    let content = stated["content"].as_object().and_then(|content| content.values().next());
    let schema = match (stated.get("schema"), content) {
        (Some(schema), _) => refs.request(schema)?,
        (None, Some(content)) => refs.request(&content["schema"])?,
        // Swagger 2 writes the schema into the parameter itself.
        (None, None) => refs.request(&own_schema(stated))?,
    };
    let required = location == Location::Path || stated["required"] == true;
    let description = stated["description"].as_str().unwrap_or_default();
    let mut parameter = schema::parameter(&schema, description, required, location);
    style(stated, &mut parameter.rest);
    if stated.get("schema").is_none() && content.is_some() {
        parameter.rest.insert("x-style".to_owned(), "json".into());
    }
    Ok(Some((name.to_owned(), parameter)))
}

fn own_schema(stated: &Value) -> Value {
    let mut schema = stated.as_object().cloned().unwrap_or_default();
    for key in ["name", "in", "required", "description"] {
        schema.shift_remove(key);
    }
    Value::Object(schema)
}

/// How a list or an object is written. `collectionFormat` is Swagger 2's word for it.
fn style(stated: &Value, rest: &mut Map<String, Value>) {
    let (style, explode) = match stated["collectionFormat"].as_str() {
        Some("multi") => (json!("form"), json!(true)),
        Some("ssv") => (json!("spaceDelimited"), json!(false)),
        Some("pipes") => (json!("pipeDelimited"), json!(false)),
        Some(_) => (json!("form"), json!(false)),
        None if stated["type"] == "array" && stated.get("schema").is_none() => {
            (json!("form"), json!(false))
        }
        None => (stated["style"].clone(), stated["explode"].clone()),
    };
    if style.is_string() {
        rest.insert("x-style".to_owned(), style);
    }
    if explode.is_boolean() {
        rest.insert("x-explode".to_owned(), explode);
    }
}

/// Adds a parameter; one whose name is taken by another place gets the name of its own place, too.
fn add(tool: &mut Tool, name: &str, mut parameter: Parameter) {
    let mut free = name.to_owned();
    if tool.parameters.contains_key(&free) {
        let place = parameter.location.name();
        free = format!("{name}_{place}");
        parameter.rest.insert("x-name".to_owned(), name.into());
    }
    tool.parameters.entry(free).or_insert(parameter);
}

/// The media type of JSON, in any of its spellings.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    essence == "application/json" || essence == "*/*" || essence.ends_with("+json")
}

fn is_form(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    essence == "application/x-www-form-urlencoded"
}

fn answer<'a>(source: &Source<'a>, refs: &mut Refs<'a>) -> Result<Option<Value>, Error> {
    for (status, answer) in source.operation["responses"].as_object().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        let answer = refs.object(answer);
        let schema = match source.family {
            Family::Swagger2 => answer.get("schema"),
            Family::OpenApi3 => {
                let content = answer["content"].as_object().into_iter().flatten();
                let mut json = content.filter(|(media_type, _)| is_json(media_type));
                json.next().and_then(|(_, content)| content.get("schema"))
            }
        };
        if let Some(schema) = schema {
            return refs.answer(schema).map(Some);
        }
    }
    Ok(None)
}
