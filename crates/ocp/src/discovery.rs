//! Discovery: the operations of an OpenAPI document (2, 3.0, 3.1, 3.2) as tools.
//!
//! [`Mode::Upstream`] finds exactly what the first agents of the protocol find, so that what they
//! are given can be compared with what they make themselves. [`Mode::Full`] finds what is really
//! there: bodies that are forms, parameters behind references, types of every version.
//! Nothing here waits or reads but [`read_file`]. The cost is linear in the size of the document
//! with its references followed, which [`NODES_MAX`] bounds; [`OPERATIONS_MAX`] and
//! [`PARAMETERS_MAX`] bound the rest. A document that is not as it should be loses the part that
//! is wrong; it never makes this panic.

mod base;
mod file;
mod find;
mod full;
mod refs;
mod upstream;

use std::collections::HashSet;

use serde_json::Value;

pub use file::{FILE_BYTES_MAX, parse, read_file};
pub use find::{documentation, of_resources, search};
pub use refs::{DEPTH_MAX, LINKS_MAX, NODES_MAX, SCHEMA_NODES_MAX};

use crate::{Api, Error, Tool};

/// Operations of one document.
pub const OPERATIONS_MAX: usize = 10_000;
/// Parameters of one operation.
pub const PARAMETERS_MAX: usize = 1_000;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// How a document is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As the first agents do, with what they do not see.
    Upstream,
    /// All of it.
    Full,
}

/// Which of the two families a document is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Swagger2,
    OpenApi3,
}

/// Makes tools of the operations of a document, in its order. `base_url` goes before what the
/// document says.
///
/// Errors: [`Error::Discovery`] where the version is none that is understood, or a limit is hit.
pub fn discover(
    spec: &Value,
    name: &str,
    base_url: Option<&str>,
    mode: Mode,
) -> Result<Api, Error> {
    discover_from(spec, name, base_url, mode, None)
}

/// As [`discover`]; `source` is the URL that the document was read from. [`Mode::Full`] needs it
/// where the document names its server relative to itself.
pub fn discover_from(
    spec: &Value,
    name: &str,
    base_url: Option<&str>,
    mode: Mode,
    source: Option<&str>,
) -> Result<Api, Error> {
    let family = family(spec)?;
    let base_url = match base_url.filter(|url| !url.is_empty()) {
        Some(url) => url.to_owned(),
        None => base::url(spec, family, mode, source),
    };
    let info = &spec["info"];
    Ok(Api {
        name: name.to_owned(),
        title: text(&info["title"]).unwrap_or_else(|| "Unknown API".to_owned()),
        version: text(&info["version"]).unwrap_or_else(|| "1.0.0".to_owned()),
        base_url: base_url.trim_end_matches('/').to_owned(),
        description: text(&info["description"]).filter(|text| !text.is_empty()),
        tools: tools(spec, family, mode)?,
    })
}

fn family(spec: &Value) -> Result<Family, Error> {
    let unsupported = |what, version: &Value| {
        let version = text(version).unwrap_or_else(|| version.to_string());
        Err(Error::Discovery(format!("Unsupported {what} version: {version}")))
    };
    let is = |version: &Value, starts: &[&str]| {
        version.as_str().is_some_and(|text| starts.iter().any(|start| text.starts_with(start)))
    };
    match (spec.get("swagger"), spec.get("openapi")) {
        (Some(version), _) if is(version, &["2."]) => Ok(Family::Swagger2),
        (Some(version), _) => unsupported("Swagger", version),
        (_, Some(version)) if is(version, &["3.0", "3.1", "3.2"]) => Ok(Family::OpenApi3),
        (_, Some(version)) => unsupported("OpenAPI", version),
        (None, None) => Err(Error::Discovery(
            "Unable to detect spec version: missing 'swagger' or 'openapi' field".to_owned(),
        )),
    }
}

fn tools(spec: &Value, family: Family, mode: Mode) -> Result<Vec<Tool>, Error> {
    let mut refs = refs::Refs::new(spec, mode);
    let mut tools = Vec::new();
    let mut names = HashSet::new();
    for (path, item) in spec["paths"].as_object().into_iter().flatten() {
        let item = match mode {
            Mode::Upstream => item,
            Mode::Full => refs.object(item),
        };
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.to_lowercase().as_str()) || !operation.is_object() {
                continue;
            }
            let source = Source { spec, family, path, method: method.to_uppercase(), operation };
            let tool = match mode {
                Mode::Upstream => upstream::tool(&source, &mut refs)?,
                Mode::Full => full::tool(&source, item, &mut refs)?,
            };
            let Some(mut tool) = tool else { continue };
            if mode == Mode::Full {
                tool.name = unused(tool.name, &names);
            }
            check_size(&tool, tools.len())?;
            names.insert(tool.name.clone());
            tools.push(tool);
        }
    }
    Ok(tools)
}

/// An operation where it stands.
struct Source<'a> {
    spec: &'a Value,
    family: Family,
    path: &'a str,
    /// In capitals.
    method: String,
    operation: &'a Value,
}

impl Source<'_> {
    /// The tool without its parameters and its answer; None where no name can be made.
    fn tool(&self) -> Option<Tool> {
        let id = self.operation["operationId"].as_str();
        let word = |key: &str| self.operation[key].as_str().filter(|text| !text.is_empty());
        let description = word("summary").or_else(|| word("description"));
        let tags = self.operation["tags"].as_array().into_iter().flatten();
        Some(Tool {
            name: crate::name::of_operation(id, &self.method, self.path)?,
            description: description.unwrap_or("No description provided").to_owned(),
            method: self.method.clone(),
            path: self.path.to_owned(),
            parameters: indexmap::IndexMap::new(),
            response_schema: None,
            operation_id: id.map(str::to_owned),
            tags: tags.filter_map(text).collect(),
            body_encoding: crate::tool::BodyEncoding::Json,
        })
    }
}

fn check_size(tool: &Tool, before: usize) -> Result<(), Error> {
    if before >= OPERATIONS_MAX {
        return Err(Error::Discovery(format!(
            "the description has more than {OPERATIONS_MAX} operations (OPERATIONS_MAX)"
        )));
    }
    if tool.parameters.len() > PARAMETERS_MAX {
        return Err(Error::Discovery(format!(
            "{} {} has more than {PARAMETERS_MAX} parameters (PARAMETERS_MAX)",
            tool.method, tool.path
        )));
    }
    Ok(())
}

/// The name, or the first of `name2`, `name3`, ... that is free. A tool that cannot be told from
/// another one could not be called.
fn unused(name: String, names: &HashSet<String>) -> String {
    let mut free = name.clone();
    let mut number = 2;
    // At most OPERATIONS_MAX names are taken.
    while names.contains(&free) {
        free = format!("{name}{number}");
        number += 1;
    }
    free
}

/// A text, also where the document has a number (YAML's `version: 1.0`).
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
