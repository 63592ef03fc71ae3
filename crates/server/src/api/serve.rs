//! The way of one request: who asks, what for, with which parameters; then a read from a snapshot
//! or a write through the lane; then the answer's headers. Every rule of the wire that holds for
//! all operations is applied here, once.

use std::sync::Arc;

use books::command::Stage;
use books::{Command, Kind as IdKind};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::auth::{Access, authenticate};
use super::cards::without_secrets;
use super::error::ApiError;
use super::execute::{Answered, Asked, Write, execute};
use super::expand::expand;
use super::form::{self, Node};
use super::guard::{self, About, Noted};
use super::idempotency;
use super::json::Json;
use super::list::{Ask, FromSnapshot};
use super::routes::{Action, Found};
use super::wire::API_VERSION;
use crate::app::App;

/// An answer on its way out.
pub type Answer = Response<Full<Bytes>>;

/// What is known about a request's answer before the answer is.
#[derive(Default)]
struct Outline {
    route: Option<usize>,
    version: Option<HeaderValue>,
    key: Option<HeaderValue>,
    allow: Option<String>,
    dry_run: bool,
    note: Option<Arc<Noted>>,
}

/// Answers a request. Never fails: what goes wrong is an answer too. Gives also the place of the
/// operation in the table, for the counters.
pub async fn serve(app: &App, parts: &Parts, body: Bytes) -> (Answer, Option<usize>) {
    serve_as(app, None, parts, body).await
}

/// The same for somebody who is known already; for nobody, the key in the headers says who asks.
pub async fn serve_as(
    app: &App,
    access: Option<&Access>,
    parts: &Parts,
    body: Bytes,
) -> (Answer, Option<usize>) {
    let request_id = app.entropy.request_id();
    let mut outline = Outline::default();
    let result = respond(app, (access, parts), body, &request_id, &mut outline).await;
    let route = outline.route;
    if let Some(note) = outline.note.take() {
        let (status, code) = match &result {
            Ok(answered) => (answered.status, None),
            Err(error) => (error.status, error.code),
        };
        note.write_alone(app, status, code);
    }
    (finish(result, &request_id, outline), route)
}

async fn respond(
    app: &App,
    (known, parts): (Option<&Access>, &Parts),
    body: Bytes,
    request_id: &str,
    outline: &mut Outline,
) -> Result<Answered, ApiError> {
    if !is_api(parts.uri.path()) {
        // Nothing is there, whoever asks: an agent that has no key yet is to learn just that.
        return Err(unrecognized(404, &parts.method, parts.uri.path()));
    }
    let access = match known {
        Some(access) => access.clone(),
        None => authenticate(app, &parts.headers)?,
    };
    outline.version = Some(version(&parts.headers)?);
    let path = decoded_path(parts.uri.path())?;
    let (index, route, ids) = match app.router.find(&parts.method, &path) {
        Found::Operation(index, route, ids) => (index, route, ids),
        Found::OtherMethods(methods) => {
            outline.allow = Some(methods.join(", "));
            return Err(unrecognized(405, &parts.method, &path));
        }
        Found::Nothing => return Err(unrecognized(404, &parts.method, &path)),
    };
    outline.route = Some(index);
    let is_read = parts.method == Method::GET;
    let agent = if is_read { None } else { crate::agent::context::note(&parts.headers) };
    let key = match parts.method == Method::POST {
        true => idempotency::key(&parts.headers)?,
        false => None,
    };
    outline.key = key.as_deref().and_then(|key| HeaderValue::from_str(key).ok());
    let dry_run = !is_read && guard::dry_run(&parts.headers)?;
    outline.dry_run = dry_run;
    if !is_read {
        let (method, path, key) = (&parts.method, path.as_str(), key.as_deref());
        let about = About { method, path, route, request_id, key, dry_run };
        outline.note = Noted::take(&access, agent, &about);
    }
    access.allow(route.resource, !is_read, route.operation)?;
    let mut tree = parameters(parts, &body)?;
    let params =
        (!is_read && access.limits.is_some()).then(|| without_secrets(&tree).to_json().to_string());
    let fingerprint = key.as_ref().map(|_| tree.fingerprint());
    let paths = super::params::take_expand(&mut tree)?;
    app.fields.check(&paths, route.answer, route.shape)?;
    let wire = app.wire(&access);
    match &route.action {
        Action::Read(handler) => {
            guard::check_read((app, &access, &wire), (route, &ids), &tree)?;
            let asked = Asked { app, access: &access, wire: &wire, ids: &ids };
            read(&asked, *handler, &path, &tree, &paths)
                .map_err(|error| elsewhere(app, &access, error))
        }
        Action::Write(handler) => {
            let asked = Asked { app, access: &access, wire: &wire, ids: &ids };
            let mut command = handler(&asked, &tree)?;
            if let (Some(params), Some(note)) = (params, &outline.note) {
                command = guard::guarded(command, &access, note.asked(params), dry_run)?;
            }
            // What is only tried, and what somebody agrees to, has no answer to keep.
            let is_kept = !dry_run
                && !matches!(command, Command::Guarded(ref guarded)
                if matches!(guarded.stage, Stage::Approved(..)));
            let key = key.filter(|_| is_kept);
            let key = key.zip(fingerprint.map(|hash| idempotency::fingerprint(&path, hash)));
            let (request_id, note) = (request_id.to_owned(), outline.note.clone());
            let write = Write { command, wire, expand: paths, request_id, key, dry_run, note };
            execute(app, write).await.map_err(|error| elsewhere(app, &access, error))
        }
        Action::Own(handler) => {
            guard::check_whole(&access)?;
            if dry_run {
                let message = "This operation cannot be tried with Purser-Dry-Run.";
                return Err(ApiError::invalid(400, message));
            }
            let asked = Asked { app, access: &access, wire: &wire, ids: &ids };
            let task = handler(&asked, &tree)?;
            let done = tokio::task::spawn_blocking(task).await;
            let gone = |_| ApiError::unavailable("This server is shutting down.");
            let body = done.map_err(gone)??.to_bytes();
            Ok(Answered { status: 200, body, original: None })
        }
    }
}

type ReadHandler = fn(&Ask<'_>, &Node) -> Result<Json, ApiError>;

fn read(
    asked: &Asked<'_>,
    handler: ReadHandler,
    path: &str,
    tree: &Node,
    paths: &[String],
) -> Result<Answered, ApiError> {
    let Asked { app, access, wire, ids } = *asked;
    // An error of the API goes through the snapshot as a value: it is no fault of the store.
    let answer = app.readers.snapshot(|reader| {
        let ask = Ask { app, reader, access, wire, path, ids, expand: paths };
        Ok(handler(&ask, tree).and_then(|mut value| {
            let source = FromSnapshot { reader, wire, now: ask.now() };
            expand(&mut value, paths, &source)?;
            Ok(value)
        }))
    })??;
    Ok(Answered { status: 200, body: answer.to_bytes(), original: None })
}

/// The parameters of a request: from the query, and for POST and DELETE from the body.
fn parameters(parts: &Parts, body: &Bytes) -> Result<Node, ApiError> {
    let query = form::parse_form(parts.uri.query().unwrap_or_default().as_bytes())
        .map_err(super::params::ParamError::from)?;
    if body.is_empty() || parts.method == Method::GET {
        return Ok(query);
    }
    let json = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
    let parsed = match json {
        true => form::parse_json(body),
        false => form::parse_form(body),
    };
    let merged = parsed.and_then(|body| form::merge(query, body));
    Ok(merged.map_err(super::params::ParamError::from)?)
}

/// Whether a path is one of those for which a key is needed.
pub fn is_api(path: &str) -> bool {
    // Doubled slashes count once, also at the beginning.
    let path = path.trim_start_matches('/');
    ["v1", "purser"].into_iter().any(|first| {
        path.strip_prefix(first).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Checks and echoes the version; one that is well formed is served the one shape there is.
fn version(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    let Some(asked) = headers.get("stripe-version") else {
        return Ok(HeaderValue::from_static(API_VERSION));
    };
    // Names of betas follow a semicolon; they change nothing here.
    let text = asked.as_bytes();
    let text = text.split(|b| *b == b';').next().unwrap_or_default();
    let (date, name) = text.split_at(text.len().min(10));
    let dated = date.len() == 10
        && date.iter().enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    let named = match name {
        [] => true,
        [b'.', rest @ ..] => {
            (1..=40).contains(&rest.len()) && rest.iter().all(|b| b.is_ascii_alphanumeric())
        }
        _ => false,
    };
    match dated && named {
        true => Ok(asked.clone()),
        false => {
            let shown: String = String::from_utf8_lossy(text).chars().take(60).collect();
            Err(ApiError::invalid(400, format!("Invalid Stripe API version: {shown}")))
        }
    }
}

/// The path with its escapes decoded and its slashes single. An escaped slash stays one segment's
/// fault: no id has a slash, so nothing is found.
fn decoded_path(raw: &str) -> Result<String, ApiError> {
    let mut path = String::with_capacity(raw.len());
    for segment in raw.split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        if !segment.contains('%') {
            path.push_str(segment);
            continue;
        }
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8();
        match decoded {
            Ok(text) if !text.contains(['/', '\0']) => path.push_str(&text),
            _ => {
                return Err(ApiError::invalid(404, "Unrecognized request URL: it is malformed."));
            }
        }
    }
    Ok(path)
}

fn unrecognized(status: u16, method: &Method, path: &str) -> ApiError {
    let shown: String = path.chars().take(200).collect();
    let message = match status {
        405 => format!("This URL does not take {method} requests: {shown}"),
        _ => format!("Unrecognized request URL ({method}: {shown}). Is the path spelled right?"),
    };
    ApiError::invalid(status, message)
}

/// Says so when the missing object exists in the other mode of the same account.
fn elsewhere(app: &App, access: &Access, error: ApiError) -> ApiError {
    let Some(id) = error.missing.as_deref() else {
        return error;
    };
    let Some((kind, key)) = IdKind::of(id).and_then(|kind| Some((kind, app.ids.read(kind, id)?)))
    else {
        return error;
    };
    let Some((world, _)) = app.worlds.get(&access.account, !access.livemode) else {
        return error;
    };
    let found = app.readers.snapshot(|reader| {
        Ok(match kind {
            IdKind::Customer => reader.customer(world, key.number)?.is_some(),
            IdKind::CashTransaction => reader.cash_transaction(world, key)?.is_some(),
            IdKind::BalanceTransaction => reader.balance_transaction(world, key.number)?.is_some(),
            IdKind::Event => reader.event(world, key.number)?.is_some(),
            kind => reader.document(world, kind, key)?.is_some(),
        })
    });
    if !found.unwrap_or(false) {
        return error;
    }
    let mode = |live| if live { "live" } else { "test" };
    let message = format!(
        "{}; a similar object exists in {} mode, but a {} mode key was used to make this request.",
        error.message,
        mode(!access.livemode),
        mode(access.livemode)
    );
    ApiError { message, ..error }
}

/// Writes the answer with its headers.
fn finish(result: Result<Answered, ApiError>, request_id: &str, outline: Outline) -> Answer {
    let (status, body, original, retry) = match result {
        Ok(answered) => {
            let Answered { status, body, original } = answered;
            (status, body, original, (status >= 400).then_some(false))
        }
        Err(error) => (error.status, error.body().to_bytes(), None, Some(error.retry)),
    };
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = answer.headers_mut();
    headers.reserve(8);
    let json = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, json);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    let mut set = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let text = |text: &str| HeaderValue::from_str(text).ok();
    set("request-id", text(request_id));
    set("stripe-version", outline.version);
    set("idempotency-key", outline.key);
    set(guard::DRY_RUN, outline.dry_run.then(|| HeaderValue::from_static("true")));
    if let Some(original) = original {
        set("original-request", text(&original));
        set("idempotent-replayed", text("true"));
    }
    set("stripe-should-retry", retry.and_then(|retry| text(if retry { "true" } else { "false" })));
    if let Some(allow) = outline.allow {
        headers.insert(ALLOW, text(&allow).unwrap_or(HeaderValue::from_static("GET")));
    }
    answer
}

/// An answer to a request that failed before it was anybody's operation.
pub fn failed(app: &App, error: ApiError) -> Answer {
    finish(Err(error), &app.entropy.request_id(), Outline::default())
}

/// An answer to a request that could not be read whole.
pub fn unreadable(app: &App, status: u16, message: String) -> Answer {
    failed(app, ApiError::invalid(status, message))
}
