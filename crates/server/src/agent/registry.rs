//! The registry of the Open Context Protocol: where agents find this server's operations as tools.
//!
//! It has two entries and takes no others: `stripe`, with the operations of Stripe's API, and
//! `purser`, with this server's own. Tools are what the first agents would make of our description,
//! and carry the parameters of bodies, so that writes work. Everything here is public.
//!
//! Each path also works below `/api/v1`, and slashes that are doubled count once, because agents
//! differ in how they join them. Errors are `{"detail": ...}`, as agents expect of a registry.
//! Cost: tools are made at the first request, an entry's bytes once for each address under which
//! it is asked for ([`ADDRESSES_MAX`]); then an answer is a look-up.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

pub mod address;
mod entries;
mod query;

pub use entries::{ADDRESSES_MAX, Registry};
pub use query::{PER_PAGE_MAX, SEARCH_CHARS_MAX};

use super::cors;
use crate::api::serve::Answer;
use crate::app::App;

/// Segments of a path that are looked at; nothing here has as many.
const SEGMENTS_MAX: usize = 8;
/// Characters of a name that an error repeats.
const SHOWN_CHARS_MAX: usize = 100;

/// Under this name requests are counted.
pub const OPERATION: &str = "GetRegistry";

/// What a path means.
enum Place<'p> {
    Root,
    List,
    Entry(&'p str),
    Status(&'p str),
    Search,
    Categories,
    Category(&'p str),
    Stats,
    Health,
    Validate,
    Nothing,
}

/// Why there is no page: a status and what is the matter.
struct Refusal(StatusCode, Value);

/// A page, with its tag where that is known already.
struct Page {
    body: Bytes,
    tag: Option<HeaderValue>,
}

/// Answers a request for the registry; none if it is for something else.
pub fn answer<B>(app: &App, request: &Request<B>) -> Option<Answer> {
    let segments = segments(request.uri().path());
    let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
    let place = place(&segments)?;
    let mut answer = match *request.method() {
        Method::GET | Method::HEAD => match page(app, &place, request) {
            Ok(page) => found(page, request.headers()),
            Err(refusal) => refused(refusal),
        },
        Method::OPTIONS => cors::preflight(),
        _ => read_only(&place),
    };
    cors::allow(answer.headers_mut());
    Some(answer)
}

/// The segments of a path, decoded. Bytes that are no UTF-8 are replaced: no name has them.
fn segments(path: &str) -> Vec<Cow<'_, str>> {
    let raw = path.split('/').filter(|segment| !segment.is_empty()).take(SEGMENTS_MAX);
    raw.map(|raw| percent_encoding::percent_decode_str(raw).decode_utf8_lossy()).collect()
}

fn place<'p>(segments: &[&'p str]) -> Option<Place<'p>> {
    let (prefixed, rest) = match segments {
        ["api", "v1", rest @ ..] => (true, rest),
        all => (false, all),
    };
    Some(match rest {
        [] if prefixed => Place::Root,
        ["registry"] => Place::List,
        ["registry", name] => Place::Entry(name),
        ["registry", name, "status"] => Place::Status(name),
        ["search"] => Place::Search,
        ["categories"] => Place::Categories,
        ["categories", name] => Place::Category(name),
        ["stats"] => Place::Stats,
        ["health"] => Place::Health,
        ["validate"] => Place::Validate,
        ["registry" | "categories", ..] => Place::Nothing,
        _ if prefixed => Place::Nothing,
        _ => return None,
    })
}

fn page<B>(app: &App, place: &Place<'_>, request: &Request<B>) -> Result<Page, Refusal> {
    let registry = &app.registry;
    let base = address::of(app, request.headers(), request.uri());
    let query = request.uri().query().unwrap_or_default();
    let missing = |what: &str, name: &str| {
        let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
        Refusal(StatusCode::NOT_FOUND, format!("{what} '{shown}' not found").into())
    };
    let value = match place {
        Place::Entry(name) => {
            let (body, tag) = registry.entry(name, &base).ok_or_else(|| missing("API", name))?;
            return Ok(Page { body, tag: Some(tag) });
        }
        Place::List => registry.list(&base, &query::Filter::read(query)?),
        Place::Status(name) => registry.status(name).ok_or_else(|| missing("API", name))?,
        Place::Search => registry.search(&query::Search::read(query)?),
        Place::Categories => registry.categories(),
        Place::Category(name) => {
            registry.category(name, &base).ok_or_else(|| missing("Category", name))?
        }
        Place::Stats => registry.stats(),
        Place::Health => json!({ "status": "healthy", "service": "ocp-registry" }),
        Place::Root => json!({
            "message": "The registry of a Purser server. Its entries are stripe and purser.",
            "docs": format!("{base}/openapi.json"),
            "api": format!("{base}/api/v1"),
        }),
        Place::Validate => {
            return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, NO_VALIDATION.into()));
        }
        Place::Nothing => return Err(Refusal(StatusCode::NOT_FOUND, "Not Found".into())),
    };
    Ok(Page { body: value.to_string().into(), tag: None })
}

const NO_VALIDATION: &str = "This registry validates only its own entries: \
                             see /registry/{name}/status.";
const NO_WRITES: &str = "This registry has the entries stripe and purser and takes no others: \
                         it can only be read, with GET.";

/// A page, or word that whoever asks has it already.
fn found(page: Page, asked: &HeaderMap) -> Answer {
    let tag = page.tag.unwrap_or_else(|| entries::tag(&[&page.body]));
    let same = is_known(asked, &tag);
    let mut answer = json_answer(if same { Bytes::new() } else { page.body });
    if same {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        answer.headers_mut().remove(CONTENT_TYPE);
    }
    answer.headers_mut().insert(ETAG, tag);
    // Kept by anybody, but asked for again each time, so that a newer server is noticed at once.
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer.headers_mut().insert("vary", HeaderValue::from_static("Host"));
    answer
}

/// Whether `If-None-Match` names the tag. Tags here have no commas.
fn is_known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let named = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).map(str::trim).any(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known);
        known == "*" || known.as_bytes() == tag.as_bytes()
    })
}

fn refused(Refusal(status, detail): Refusal) -> Answer {
    let mut answer = json_answer(json!({ "detail": detail }).to_string().into());
    *answer.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        // Nothing can be done here at all.
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("OPTIONS"));
    }
    answer
}

fn read_only(place: &Place<'_>) -> Answer {
    let (detail, allow) = match place {
        Place::Validate => (NO_VALIDATION, "OPTIONS"),
        _ => (NO_WRITES, "GET, HEAD, OPTIONS"),
    };
    let mut answer = refused(Refusal(StatusCode::METHOD_NOT_ALLOWED, detail.into()));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    answer
}

fn json_answer(body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    let sniff = HeaderName::from_static("x-content-type-options");
    answer.headers_mut().insert(sniff, HeaderValue::from_static("nosniff"));
    answer
}
