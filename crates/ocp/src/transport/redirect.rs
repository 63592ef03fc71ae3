//! Redirects: followed where they change nothing about who sees what.

use super::{HttpResponse, Transport};
use crate::error::Error;
use crate::request::HttpRequest;

/// Redirects that are followed one after the other.
pub const REDIRECTS_MAX: usize = 5;

/// Which redirects are followed. Only those of GET and HEAD are; any other comes back as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// To the same scheme, host and port: for requests with credentials.
    SameOrigin,
    /// To anywhere but from https to http: for requests that hold nothing secret.
    Anywhere,
}

/// Scheme, host and port of an http or https URL, in small letters; None for any other.
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "http" => "80",
        "https" => "443",
        _ => return None,
    };
    let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.to_ascii_lowercase();
    // The colons of an IPv6 address stand before its bracket.
    let after_bracket = host.rfind(']').unwrap_or(0);
    let has_port = host[after_bracket..].contains(':');
    let known = |char: char| char.is_ascii_graphic();
    if host.is_empty() || host.starts_with(':') || !host.chars().all(known) {
        return None;
    }
    Some(if has_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") })
}

/// Sends a request and follows what may be followed.
pub(crate) fn send_following(
    transport: &dyn Transport,
    request: &HttpRequest,
    redirects: Redirects,
) -> Result<HttpResponse, Error> {
    let mut answer = transport.send(request)?;
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Ok(answer);
    }
    let mut next = request.clone();
    for _ in 0..REDIRECTS_MAX {
        let Some(target) = target(&answer, &next.url, redirects) else { break };
        next.url = target;
        answer = transport.send(&next)?;
    }
    Ok(answer)
}

fn target(answer: &HttpResponse, from: &str, redirects: Redirects) -> Option<String> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.header("Location")?;
    let target = resolve(from, location.trim())?;
    let (old, new) = (origin(from)?, origin(&target)?);
    let allowed = match redirects {
        Redirects::SameOrigin => old == new,
        Redirects::Anywhere => new.starts_with("https:") || old.starts_with("http:"),
    };
    allowed.then_some(target)
}

/// An absolute URL, or a path of the same origin. Paths relative to a path are rare and not followed.
fn resolve(from: &str, location: &str) -> Option<String> {
    if location.contains("://") {
        return Some(location.to_owned());
    }
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{}://{rest}", from.split_once("://")?.0));
    }
    location.starts_with('/').then_some(())?;
    let authority = from.find("://")? + 3;
    let end = from[authority..].find(['/', '?', '#']).map_or(from.len(), |at| authority + at);
    Some(format!("{}{location}", &from[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let table = [
            ("https://API.test/x", Some("https://api.test:443")),
            ("https://api.test:443", Some("https://api.test:443")),
            ("http://api.test:8080/x?y", Some("http://api.test:8080")),
            ("http://u:p@api.test", Some("http://api.test:80")),
            ("http://api.test\\@evil.test", Some("http://api.test:80")),
            ("http://[::1]/x", Some("http://[::1]:80")),
            ("http://[::1]:81/x", Some("http://[::1]:81")),
            ("ftp://api.test", None),
            ("file:///etc/passwd", None),
            ("api.test", None),
            ("http://", None),
            ("http://:80", None),
            ("http://a b/", None),
        ];
        for (url, expected) in table {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn locations_are_made_absolute() {
        let table = [
            ("https://b.test/x", Some("https://b.test/x")),
            ("/x?y", Some("https://a.test/x?y")),
            ("//b.test/x", Some("https://b.test/x")),
            ("x", None),
        ];
        for (location, expected) in table {
            assert_eq!(resolve("https://a.test/1/2?3", location).as_deref(), expected);
        }
    }
}
