//! Where an API is: its base URL as its document says it.

use serde_json::Value;

use super::{Family, Mode};

/// The URL of the first server; empty where the document has none.
pub(super) fn url(spec: &Value, family: Family, mode: Mode, source: Option<&str>) -> String {
    let source = source.filter(|_| mode == Mode::Full).and_then(Place::of);
    let stated = match family {
        Family::Swagger2 => swagger2(spec, source.as_ref()),
        Family::OpenApi3 => openapi3(spec, mode),
    };
    match source {
        Some(place) => place.resolve(&stated),
        None => stated,
    }
}

fn swagger2(spec: &Value, source: Option<&Place>) -> String {
    let word = |key: &str| spec[key].as_str().unwrap_or_default();
    match (word("host"), source) {
        ("", None) => String::new(),
        ("", Some(_)) => word("basePath").to_owned(),
        (host, _) => {
            let scheme = spec["schemes"][0].as_str().unwrap_or("https");
            format!("{scheme}://{host}{}", word("basePath"))
        }
    }
}

fn openapi3(spec: &Value, mode: Mode) -> String {
    let server = &spec["servers"][0];
    let url = server["url"].as_str().unwrap_or_default();
    match (mode, server["variables"].as_object()) {
        (Mode::Full, Some(variables)) => {
            // Each name is replaced once, so a default cannot bring in another name.
            let mut filled = String::new();
            let mut rest = url;
            while let Some((before, after)) = rest.split_once('{') {
                let Some((name, after)) = after.split_once('}') else { break };
                filled.push_str(before);
                match variables.get(name).and_then(|variable| super::text(&variable["default"])) {
                    Some(default) => filled.push_str(&default),
                    None => filled.push_str(&format!("{{{name}}}")),
                }
                rest = after;
            }
            filled + rest
        }
        _ => url.to_owned(),
    }
}

/// The URL of a document in its parts.
struct Place<'a> {
    scheme: &'a str,
    authority: &'a str,
    /// Up to the last slash.
    folder: &'a str,
}

impl<'a> Place<'a> {
    fn of(url: &'a str) -> Option<Place<'a>> {
        let (scheme, rest) = url.split_once("://")?;
        if !matches!(scheme, "http" | "https") {
            return None;
        }
        let rest = rest.split(['?', '#']).next()?;
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let folder = path.rfind('/').map_or("", |slash| &path[..slash]);
        Some(Place { scheme, authority, folder })
    }

    fn resolve(&self, stated: &str) -> String {
        let Place { scheme, authority, folder } = self;
        if stated.contains("://") {
            return stated.to_owned();
        }
        if let Some(elsewhere) = stated.strip_prefix("//") {
            return format!("{scheme}://{elsewhere}");
        }
        let path = match stated {
            // Without a server it is the root of where the document is.
            "" => String::new(),
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            relative => format!("{folder}/{relative}"),
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path: String = parts.iter().map(|part| format!("/{part}")).collect();
        format!("{scheme}://{authority}{path}")
    }
}
