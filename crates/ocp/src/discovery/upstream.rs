//! The mapping of the first agents, with what they leave out: forms, references to parameters,
//! parameters of a path, everything of a schema but its type, values and format.
//!
//! One thing differs. They keep whatever place a parameter names; here `formData` is the body, and
//! a parameter with a place that nobody knows is left out, because no agent sends it.

use serde_json::Value;

use super::refs::Refs;
use super::{Family, Source};
use crate::{Error, Location, Parameter, Tool};

pub(super) fn tool(source: &Source, refs: &mut Refs) -> Result<Option<Tool>, Error> {
    let Some(mut tool) = source.tool() else { return Ok(None) };
    let operation = source.operation;
    let stated: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    for parameter in &stated {
        if let Some((name, parameter)) = parameter_of(parameter, refs)? {
            tool.parameters.insert(name, parameter);
        }
    }
    if matches!(source.method.as_str(), "POST" | "PUT" | "PATCH") {
        let bodies: Vec<&Value> = match source.family {
            Family::Swagger2 => {
                let bodies = stated.iter().filter(|parameter| parameter["in"] == "body");
                bodies.map(|parameter| &parameter["schema"]).collect()
            }
            Family::OpenApi3 => {
                vec![&operation["requestBody"]["content"]["application/json"]["schema"]]
            }
        };
        for body in bodies {
            add_fields(&mut tool, body, refs)?;
        }
    }
    tool.response_schema = answer(source, refs)?;
    Ok(Some(tool))
}

fn parameter_of(stated: &Value, refs: &mut Refs) -> Result<Option<(String, Parameter)>, Error> {
    let Some(name) = stated["name"].as_str().filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let location = match stated["in"].as_str() {
        None | Some("query") => Location::Query,
        Some("path") => Location::Path,
        Some("header") => Location::Header,
        Some("body" | "formData") => Location::Body,
        Some("cookie") => Location::Cookie,
        Some(_) => return Ok(None),
    };
    let schema = match stated.get("schema") {
        Some(schema) => refs.answer(schema)?,
        None => Value::Null,
    };
    let required = stated["required"].as_bool().unwrap_or_default();
    let description = &stated["description"];
    let parameter = parameter(&schema, description, required, location, &["enum", "format"]);
    Ok(Some((name.to_owned(), parameter)))
}

fn add_fields(tool: &mut Tool, body: &Value, refs: &mut Refs) -> Result<(), Error> {
    let schema = match body.is_object() {
        true => refs.answer(body)?,
        false => return Ok(()),
    };
    if schema["type"] != "object" {
        return Ok(());
    }
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if field.is_object() {
            let required = required.is_some_and(|names| names.iter().any(|other| other == name));
            let description = &field["description"];
            let field = parameter(field, description, required, Location::Body, &["enum"]);
            tool.parameters.insert(name.clone(), field);
        }
    }
    Ok(())
}

fn parameter(
    schema: &Value,
    description: &Value,
    required: bool,
    location: Location,
    kept: &[&str],
) -> Parameter {
    let kept = kept.iter().filter_map(|key| Some(((*key).to_owned(), schema.get(key)?.clone())));
    Parameter {
        description: description.as_str().unwrap_or_default().to_owned(),
        required,
        location,
        kind: schema.get("type").cloned().unwrap_or_else(|| "string".into()),
        rest: kept.collect(),
    }
}

fn answer(source: &Source, refs: &mut Refs) -> Result<Option<Value>, Error> {
    for (status, answer) in source.operation["responses"].as_object().into_iter().flatten() {
        let schema = match source.family {
            Family::Swagger2 => answer.get("schema"),
            Family::OpenApi3 => answer["content"]["application/json"].get("schema"),
        };
        if let (true, Some(schema)) = (status.starts_with('2'), schema) {
            return refs.answer(schema).map(Some);
        }
    }
    Ok(None)
}
