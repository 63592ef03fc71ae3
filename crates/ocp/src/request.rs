//! Requests: what a call of a tool sends, made and checked before anything goes out.
//!
//! Every fault of the arguments is found and told at once, and a request with a fault is never
//! made. A value cannot leave its place: in a path it is one part of it, in a header one line.
//! Null is absent, but in a JSON body where the tool says that null is a value of its own.

mod check;
mod encode;

use std::fmt;

use serde_json::{Map, Value};

pub use check::{ARGUMENT_DEPTH_MAX, FAULTS_MAX};

use crate::tool::BodyEncoding;
use crate::{Error, Location, Parameter, Tool};
use check::{Goes, plain};

/// Bytes of a URL. Servers rarely read more.
pub const URL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a body.
pub const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Headers that say where a message ends and to whom it goes: never a parameter.
const NOT_PARAMETERS: [&str; 8] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A request that is ready to be sent.
#[derive(Clone, PartialEq)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Absolute, with the query.
    pub url: String,
    /// Names as they were given; no line break is in a value.
    pub headers: Vec<(String, String)>,
    /// None where nothing is sent, not even a media type.
    pub body: Option<Vec<u8>>,
}

/// What was sent may be secret, so only its shape is shown.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.split('?').next().unwrap_or_default())
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .finish()
    }
}

/// Makes the request of a call.
///
/// Errors: [`Error::Arguments`] with every fault of the arguments; [`Error::Discovery`] where the
/// tool itself cannot be called (no base URL, a header that is no header).
pub fn build(
    tool: &Tool,
    base_url: &str,
    arguments: &Map<String, Value>,
) -> Result<HttpRequest, Error> {
    let faults = faults(tool, arguments);
    if !faults.is_empty() {
        return Err(Error::Arguments(faults));
    }
    let (mut query, mut headers) = (Vec::new(), Vec::new());
    for (name, parameter) in &tool.parameters {
        let Some(value) = arguments.get(name).filter(|value| !value.is_null()) else { continue };
        let on_wire = parameter.wire_name(name);
        match parameter.location {
            Location::Query => encode::add(&mut query, on_wire, value, parameter),
            Location::Header => headers.push((on_wire.to_owned(), listed(value, |text| text))),
            Location::Path | Location::Body | Location::Cookie => {}
        }
    }
    let mut url = address(tool, base_url, arguments)?;
    if !query.is_empty() {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&encode::pairs(&query));
    }
    if url.len() > URL_BYTES_MAX {
        let fault = format!("the URL is longer than {URL_BYTES_MAX} bytes (URL_BYTES_MAX)");
        return Err(Error::Arguments(vec![fault]));
    }
    let body = body(tool, arguments);
    if body.as_ref().is_some_and(|body| body.len() > BODY_BYTES_MAX) {
        let fault = format!("the body is longer than {BODY_BYTES_MAX} bytes (BODY_BYTES_MAX)");
        return Err(Error::Arguments(vec![fault]));
    }
    if body.is_some() {
        let media_type = match tool.body_encoding {
            BodyEncoding::Json => "application/json",
            BodyEncoding::Form => "application/x-www-form-urlencoded",
        };
        headers.push(("Content-Type".to_owned(), media_type.to_owned()));
    }
    Ok(HttpRequest { method: tool.method.to_uppercase(), url, headers, body })
}

/// Every fault of the arguments, in words for the one who made them. Nothing is sent.
pub fn faults(tool: &Tool, arguments: &Map<String, Value>) -> Vec<String> {
    let mut faults = Vec::new();
    let parameters = tool.all_parameters();
    for (name, value) in arguments {
        if !parameters.contains_key(name) {
            let names = parameters.keys().map(String::as_str);
            faults.push(check::unknown("parameter", name, names));
        } else if check::is_too_deep(value, 1) {
            faults.push(format!(
                "{name} has more than {ARGUMENT_DEPTH_MAX} levels (ARGUMENT_DEPTH_MAX)"
            ));
        }
        if faults.len() >= FAULTS_MAX {
            return faults;
        }
    }
    for (name, parameter) in &parameters {
        match arguments.get(name).filter(|value| !value.is_null()) {
            None if parameter.required && parameter.location != Location::Cookie => {
                faults.push(format!("Missing required parameter: {name}"));
            }
            None => {}
            Some(value) if check::is_too_deep(value, 1) => {}
            Some(value) => faults_of(tool, name, parameter, value, &mut faults),
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    faults
}

fn faults_of(
    tool: &Tool,
    name: &str,
    parameter: &Parameter,
    value: &Value,
    faults: &mut Vec<String>,
) {
    let json = parameter.location == Location::Body && tool.body_encoding == BodyEncoding::Json;
    let goes = if json { Goes::ToJson } else { Goes::ToText };
    let before = faults.len();
    check::value(name, value, &parameter.schema(), goes, faults);
    if faults.len() > before {
        return;
    }
    let is_place = tool.path.contains(&format!("{{{}}}", parameter.wire_name(name)));
    match parameter.location {
        Location::Path => place_fault(name, value, faults),
        Location::Header => header_fault(name, parameter.wire_name(name), value, faults),
        Location::Cookie => {
            faults.push(format!("{name} is a cookie: this agent sends none"));
        }
        Location::Body if is_place => place_fault(name, value, faults),
        Location::Query | Location::Body => {}
    }
}

fn place_fault(name: &str, value: &Value, faults: &mut Vec<String>) {
    let nested = match value {
        Value::Array(items) => {
            items.is_empty() || items.iter().any(|item| item.is_array() || item.is_object())
        }
        other => other.is_object(),
    };
    if nested {
        faults.push(format!("{name} is a part of the path: it must be a text or a number"));
    } else if matches!(listed(value, |text| text).as_str(), "" | "." | "..") {
        faults.push(format!(
            "{name} is a part of the path: it cannot be empty, '.' or '..', which would make it \
             another path"
        ));
    }
}

fn header_fault(name: &str, on_wire: &str, value: &Value, faults: &mut Vec<String>) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let text = listed(value, |text| text);
    if on_wire.is_empty() || !on_wire.chars().all(is_token) {
        faults.push(format!("{name} cannot be sent: '{on_wire}' is no name of a header"));
    } else if NOT_PARAMETERS.contains(&on_wire.to_lowercase().as_str()) {
        faults.push(format!("{name} cannot be sent: {on_wire} belongs to the connection"));
    } else if text.chars().any(|c| c.is_control() && c != '\t') {
        faults.push(format!("{name} is a header: no line break or control character may be in it"));
    }
}

/// The URL without what the parameters add to its query.
fn address(tool: &Tool, base_url: &str, arguments: &Map<String, Value>) -> Result<String, Error> {
    let mut path = String::new();
    let mut rest = tool.path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let Some((place, after)) = after.split_once('}') else { break };
        path.push_str(&literal(before));
        let value = argument_of_place(tool, place, arguments);
        path.push_str(&value.map(|value| listed(value, |text| encode::escape(&text))).ok_or_else(
            || Error::Arguments(vec![format!("Missing required parameter: {place}")]),
        )?);
        rest = after;
    }
    path.push_str(&literal(rest));
    let is_absolute = |url: &str| {
        let lower = url.get(..8).unwrap_or(url).to_lowercase();
        lower.starts_with("http://") || lower.starts_with("https://")
    };
    // A path that is a URL of its own goes where it says.
    if is_absolute(&tool.path) {
        return Ok(path);
    }
    let base_url = base_url.trim().trim_end_matches('/');
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#{}\\".contains(c);
    if !is_absolute(base_url) || base_url.contains(odd) {
        return Err(Error::Discovery(format!(
            "'{base_url}' cannot be called: give the API a base URL that begins with http:// or \
             https:// and has no query"
        )));
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(format!("{base_url}{slash}{path}"))
}

/// The value for a place of the path: that of the path parameter of this name on the wire, else
/// the argument of this name. (The first agents lose a path parameter where a field of the body
/// has the same name.)
fn argument_of_place<'a>(
    tool: &Tool,
    place: &str,
    arguments: &'a Map<String, Value>,
) -> Option<&'a Value> {
    let is_it = |(name, parameter): &(&String, &Parameter)| {
        parameter.location == Location::Path && parameter.wire_name(name) == place
    };
    let name = tool.parameters.iter().find(is_it).map_or(place, |(name, _)| name.as_str());
    arguments.get(name).filter(|value| !value.is_null())
}

/// What the tool itself writes into its path, harmless: no space, no fragment, no control.
fn literal(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '!'..='~' if !"\"#<>\\^`{|}".contains(c) => safe.push(c),
            other => safe.push_str(&encode::escape(&other.to_string())),
        }
    }
    safe
}

/// A value, or several with commas between them.
fn listed(value: &Value, write: impl Fn(String) -> String) -> String {
    match value {
        Value::Array(items) => {
            let items = items.iter().filter(|item| !item.is_null());
            items.map(|item| write(plain(item))).collect::<Vec<_>>().join(",")
        }
        other => write(plain(other)),
    }
}

fn body(tool: &Tool, arguments: &Map<String, Value>) -> Option<Vec<u8>> {
    let given =
        tool.parameters.iter().filter(|(_, parameter)| parameter.location == Location::Body);
    let given = given.filter_map(|(name, parameter)| {
        let value = arguments.get(name)?;
        let json_null = tool.body_encoding == BodyEncoding::Json && parameter.may_be_null();
        (!value.is_null() || json_null).then_some((name, parameter, value))
    });
    let mut form = Vec::new();
    let mut fields = Map::new();
    for (name, parameter, value) in given {
        if parameter.is_whole_body() && tool.body_encoding == BodyEncoding::Json {
            return Some(value.to_string().into_bytes());
        }
        let on_wire = parameter.wire_name(name);
        match (tool.body_encoding, value) {
            (BodyEncoding::Json, _) => drop(fields.insert(on_wire.to_owned(), value.clone())),
            (BodyEncoding::Form, Value::Object(map)) if parameter.is_whole_body() => {
                map.iter().for_each(|(key, value)| encode::add(&mut form, key, value, parameter));
            }
            (BodyEncoding::Form, _) => encode::add(&mut form, on_wire, value, parameter),
        }
    }
    match tool.body_encoding {
        BodyEncoding::Json if fields.is_empty() => None,
        BodyEncoding::Json => Some(Value::Object(fields).to_string().into_bytes()),
        BodyEncoding::Form if form.is_empty() => None,
        BodyEncoding::Form => Some(encode::pairs(&form).into_bytes()),
    }
}
