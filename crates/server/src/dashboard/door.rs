//! The way of one request to the dashboard: who looks, at which page; and for an action, whether
//! it was really asked for by that person. Every rule that holds for all pages is applied here.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use maud::html;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::entry;
use super::frame::frame;
use super::routes::{self, Action, Found, Page};
use super::visit::{Came, Done, Failure, Shown, Visit};
use super::who::{self, Who};
use crate::api::serve::Answer;
use crate::app::App;
use crate::web;

/// Below which path the dashboard is.
pub const PATH: &str = "/dashboard";
/// Its name in the counters.
pub const OPERATION: &str = "Dashboard";
/// Carries one sentence from an action to the page that is shown next.
const NOTICE: &str = "purser_notice";
/// Characters of such a sentence, at most.
const NOTICE_CHARS_MAX: usize = 500;
/// Bytes of it as it stands in a cookie, at most: browsers drop cookies of more than 4,096.
const NOTICE_BYTES_MAX: usize = 3_000;

/// Whether a path is one of the dashboard's.
pub fn is_dashboard(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request. Never fails: what goes wrong is a page too.
pub async fn answer(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Answer {
    let began = Instant::now();
    let mut answer = respond(app, parts, body).await;
    let took_ms = began.elapsed().as_secs_f64() * 1000.0;
    if let Ok(took) = HeaderValue::from_str(&format!("page;dur={took_ms:.1}")) {
        answer.headers_mut().insert(HeaderName::from_static("server-timing"), took);
    }
    answer
}

async fn respond(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Answer {
    if let Err(refused) = who::host::check(app, parts) {
        return bare(&refused);
    }
    if let Some(answer) = entry::answer(app, parts, body).await {
        return answer;
    }
    let who = match who::find(app, parts).await {
        Ok(who) => who,
        Err(answer) => return answer,
    };
    let path = parts.uri.path().trim_end_matches('/');
    match routes::find(&parts.method, path) {
        Found::Page(page, ids) => {
            let visit = Visit::new(app, who, ids, parts.uri.query().unwrap_or_default());
            show(visit, page, parts).await
        }
        Found::Action(action, ids) => {
            let visit = Visit::new(app, who, ids, "");
            act(visit, action, parts, body).await
        }
        Found::Nothing => {
            let failure = Failure::new(404, "There is no page at this address.");
            failed(app, &who, path, &failure)
        }
    }
}

async fn show(visit: Visit, page: Page, parts: &Parts) -> Answer {
    let (app, who) = (visit.app.clone(), visit.who.clone());
    let path = parts.uri.path();
    match page(visit).await {
        Ok(Shown { title, body }) => {
            // An open page looks for what changed; what is told is for the page that is next.
            let is_next = !parts.headers.contains_key(who::session::LIVE);
            let notice = notice(&parts.headers).filter(|_| is_next);
            let mut answer =
                web::page(StatusCode::OK, frame(&app, &who, path, &title, notice.as_ref(), &body));
            if notice.is_some() {
                set_cookie(answer.headers_mut(), &format!("{NOTICE}=; Max-Age=0; {COOKIE_RULES}"));
            }
            answer
        }
        Err(failure) => failed(&app, &who, path, &failure),
    }
}

async fn act(visit: Visit, action: Action, parts: &Parts, body: &Bytes) -> Answer {
    let (app, who) = (visit.app.clone(), visit.who.clone());
    let path = parts.uri.path();
    let form = match who::check_form(&who, parts, body)
        .and_then(|form| who.check_may_act().map(|()| form))
    {
        Ok(form) => form,
        Err(failure) => return failed(&app, &who, path, &failure),
    };
    let back = form.text("back").to_owned();
    match action(visit, form).await {
        Ok(Came::Done(Done { to, notice })) => {
            let mut answer = web::see_other(&to);
            tell(&mut answer, "done", &notice);
            answer
        }
        Ok(Came::Shown(Shown { title, body })) => {
            web::page(StatusCode::OK, frame(&app, &who, path, &title, None, &body))
        }
        // Whoever filled in a form of a page gets back to it, with a word about what was wrong.
        Err(failure) if is_dashboard(&back) && failure.status < 500 => {
            let mut answer = web::see_other(&back);
            tell(&mut answer, "failed", &failure.message);
            answer
        }
        Err(failure) => failed(&app, &who, path, &failure),
    }
}

/// A page about what did not come about.
pub fn failed(app: &App, who: &Who, path: &str, failure: &Failure) -> Answer {
    let title = match failure.status {
        404 => "Not found",
        403 => "Not allowed",
        400..500 => "That did not work",
        _ => "Something went wrong",
    };
    let body = html! {
        section.card.narrow {
            p.lead { (failure.message) }
            p { a href=(PATH) { "Back to the balances" } }
        }
    };
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::BAD_REQUEST);
    web::page(status, frame(app, who, path, title, None, &body))
}

/// A refusal for somebody of whom nothing is known.
pub fn bare(failure: &Failure) -> Answer {
    let body =
        html! { body.bare { main { section.card.narrow { p.lead { (failure.message) } } } } };
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::FORBIDDEN);
    web::page(status, web::document("Not allowed", &body))
}

/// What holds for all cookies of the dashboard, beside `Secure` where it is served over TLS.
pub const COOKIE_RULES: &str = "Path=/dashboard; HttpOnly; SameSite=Strict";

/// Leaves a sentence for the page that is shown next: `kind` is `done` or `failed`.
pub fn tell(answer: &mut Answer, kind: &str, sentence: &str) {
    if sentence.is_empty() {
        return;
    }
    let mut kept = String::new();
    for letter in sentence.chars().take(NOTICE_CHARS_MAX) {
        let written =
            utf8_percent_encode(letter.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC).to_string();
        if kept.len() + written.len() > NOTICE_BYTES_MAX {
            break;
        }
        kept += &written;
    }
    let sentence = kept;
    let cookie = format!("{NOTICE}={kind}.{sentence}; Max-Age=60; {COOKIE_RULES}");
    set_cookie(answer.headers_mut(), &cookie);
}

/// A sentence that an action left for this page: whether it went well, and what it is.
pub struct Notice {
    /// Whether the action went well.
    pub is_done: bool,
    /// The sentence.
    pub text: String,
}

fn notice(headers: &HeaderMap) -> Option<Notice> {
    let told = cookie(headers, NOTICE)?;
    let (kind, text) = told.split_once('.')?;
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let text: String = text.chars().take(NOTICE_CHARS_MAX).collect();
    (!text.is_empty()).then(|| Notice { is_done: kind == "done", text })
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// Adds a cookie.
pub fn set_cookie(headers: &mut HeaderMap, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        headers.append(SET_COOKIE, value);
    }
}

/// Whether a browser that asks for the root of the server is to be led here.
pub fn is_visitor(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let accepts = headers.get("accept").and_then(|accept| accept.to_str().ok());
    *method == Method::GET && path == "/" && accepts.is_some_and(|kind| kind.contains("text/html"))
}
