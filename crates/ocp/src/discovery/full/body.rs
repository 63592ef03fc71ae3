//! The body of a request as parameters.

use serde_json::{Map, Value};

use super::{add, is_form, is_json, own_schema, schema};
use crate::discovery::Source;
use crate::discovery::refs::Refs;
use crate::tool::BodyEncoding;
use crate::{Error, Location, Tool};

/// Name of the one parameter of a body that is not an object with known fields.
const WHOLE: &str = "body";

/// The `requestBody` of OpenAPI 3. Where it may be JSON or a form it is JSON, which loses nothing.
pub fn of_openapi3<'a>(
    tool: &mut Tool,
    source: &Source<'a>,
    refs: &mut Refs<'a>,
) -> Result<(), Error> {
    let Some(body) = source.operation.get("requestBody") else { return Ok(()) };
    // A body of GET has no meaning in HTTP; documents have empty ones.
    if source.method == "GET" {
        return Ok(());
    }
    let body = refs.object(body);
    let content: Vec<(&String, &Value)> =
        body["content"].as_object().into_iter().flatten().collect();
    let json = content.iter().find(|(media_type, _)| is_json(media_type));
    let form = content.iter().find(|(media_type, _)| is_form(media_type));
    let (encoding, content) = match (json, form, content.first()) {
        (Some((_, content)), _, _) => (BodyEncoding::Json, content),
        (None, Some((_, content)), _) => (BodyEncoding::Form, content),
        (None, None, Some((media_type, _))) => {
            cannot_send(tool, media_type);
            return Ok(());
        }
        (None, None, None) => return Ok(()),
    };
    tool.body_encoding = encoding;
    let schema = refs.request(&content["schema"])?;
    let required = body["required"] == true;
    add_schema(tool, &schema, required, content["encoding"].as_object());
    Ok(())
}

/// The parameters of Swagger 2 that are the body (`in: body`) or its fields (`in: formData`).
pub fn of_swagger2<'a>(
    tool: &mut Tool,
    source: &Source<'a>,
    stated: &[&'a Value],
    refs: &mut Refs<'a>,
) -> Result<(), Error> {
    let mut types = source.operation["consumes"].as_array();
    types = types.or_else(|| source.spec["consumes"].as_array());
    let types: Vec<&str> = types.into_iter().flatten().filter_map(Value::as_str).collect();
    for parameter in stated {
        let required = parameter["required"] == true;
        match parameter["in"].as_str() {
            Some("body") => {
                if !types.is_empty() && !types.iter().any(|media_type| is_json(media_type)) {
                    cannot_send(tool, types[0]);
                    continue;
                }
                let body = refs.request(&parameter["schema"])?;
                add_schema(tool, &body, required, None);
            }
            Some("formData") => {
                let is_file = parameter["type"] == "file";
                let multipart = types.iter().find(|media_type| media_type.starts_with("multipart"));
                let form = types.is_empty() || types.iter().any(|media_type| is_form(media_type));
                if is_file || (!form && multipart.is_some()) {
                    cannot_send(tool, "multipart/form-data");
                    continue;
                }
                let Some(name) = parameter["name"].as_str() else { continue };
                let schema = refs.request(&own_schema(parameter))?;
                let description = parameter["description"].as_str().unwrap_or_default();
                let mut field = schema::parameter(&schema, description, required, Location::Body);
                super::style(parameter, &mut field.rest);
                tool.body_encoding = BodyEncoding::Form;
                add(tool, name, field);
            }
            _ => {}
        }
    }
    Ok(())
}

fn add_schema(
    tool: &mut Tool,
    body: &Value,
    required: bool,
    encoding: Option<&Map<String, Value>>,
) {
    let fields = body["properties"].as_object();
    let varies = body.get("anyOf").is_some() || body.get("oneOf").is_some();
    let Some(fields) = fields.filter(|_| !varies) else {
        let free_of_fields = body["type"] == "object" && body["additionalProperties"].is_null();
        let nothing = body.is_null() || (free_of_fields && !required && !varies);
        if !nothing {
            let mut whole = schema::parameter(body, "", required, Location::Body);
            whole.rest.insert("x-whole".to_owned(), true.into());
            add(tool, WHOLE, whole);
        }
        return;
    };
    let names = body["required"].as_array();
    for (name, field) in fields {
        if field["readOnly"] == true {
            continue;
        }
        let is_required = names.is_some_and(|names| names.iter().any(|other| other == name));
        let mut parameter = schema::parameter(field, "", is_required, Location::Body);
        if let Some(encoding) = encoding.and_then(|encoding| encoding.get(name)) {
            super::style(encoding, &mut parameter.rest);
        }
        add(tool, name, parameter);
    }
}

/// A model should know why a tool that needs a file has no parameter for it.
fn cannot_send(tool: &mut Tool, media_type: &str) {
    let note = format!(" (Its body is {media_type}, which this agent does not send.)");
    if !tool.description.ends_with(&note) {
        tool.description.push_str(&note);
    }
}
