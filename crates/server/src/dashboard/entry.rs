//! Coming in and going: the sign-in page, signing out, and which books are looked at. These are
//! the forms that cookies follow from, and that need no right to act.
//!
//! Whoever signs in has a cookie from the sign-in page, and a token made from it in the form: a
//! page of somebody else's can sign nobody in. Passwords are hashed on threads that may wait,
//! [`HASHING_MAX`] at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use maud::{Markup, html};
use store::dashboard::Holder;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::door::{self, bare, cookie, is_dashboard, set_cookie, tell};
use super::visit::{Failure, Form};
use super::who::guesses::Subject;
use super::who::session::{self, Opening};
use super::who::{self, ACCOUNT_COOKIE, Entry, Who, host, password};
use crate::api::auth;
use crate::api::serve::Answer;
use crate::app::App;
use crate::tries::Tries;
use crate::web;
use crate::web::parts::field;

/// Where one signs in.
pub const SIGN_IN: &str = "/dashboard/sign-in";
/// Where one signs out.
pub const SIGN_OUT: &str = "/dashboard/sign-out";
/// Where one goes from test mode to live mode and back.
pub const MODE: &str = "/dashboard/mode";
/// Where one looks at another account.
pub const ACCOUNT: &str = "/dashboard/account";
/// The cookie of somebody who is about to sign in.
const VISITOR: &str = "purser_visitor";
/// Passwords that are hashed at once, at most.
const HASHING_MAX: usize = 2;
/// How long one waits for the others.
const HASHING_WAIT: Duration = Duration::from_secs(10);
/// Bytes of a name, at most; no longer one is anybody's.
const NAME_BYTES_MAX: usize = 64;
/// What is said of everything that was not right, so that nobody learns what was.
const WRONG: &str = "That is not right. Please try again.";

/// Where people sign in.
pub struct Desk {
    guesses: Tries<Subject>,
    hashing: Semaphore,
}

impl Default for Desk {
    fn default() -> Desk {
        Desk { guesses: Tries::default(), hashing: Semaphore::new(HASHING_MAX) }
    }
}

/// Whether somebody can be called this: it stands in headers, tables and logs.
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+@".contains(&b);
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain)
}

/// Answers what is about coming in and going; nothing for all other paths.
pub async fn answer(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Option<Answer> {
    let done = match (&parts.method, parts.uri.path()) {
        (&Method::GET, SIGN_IN) => Ok(show(app, parts).await),
        (&Method::POST, SIGN_IN) => Ok(sign_in(app, parts, body).await),
        (&Method::POST, SIGN_OUT) => sign_out(app, parts, body).await,
        (&Method::POST, MODE) => switch_mode(app, parts, body).await,
        (&Method::POST, ACCOUNT) => choose_account(app, parts, body).await,
        _ => return None,
    };
    Some(done.unwrap_or_else(|answer| answer))
}

async fn show(app: &Arc<App>, parts: &Parts) -> Answer {
    let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    if who::find(app, parts).await.is_ok() {
        return web::see_other(way_on(&query));
    }
    page(app, parts, &query, None)
}

/// The page, with a word on what was wrong, if something was.
fn page(app: &App, parts: &Parts, form: &Form, wrong: Option<&Failure>) -> Answer {
    let known = cookie(&parts.headers, VISITOR).filter(|visitor| !visitor.is_empty());
    let visitor = known.map_or_else(|| session::hex(&app.entropy.bytes::<32>()), str::to_owned);
    let token = visitor_token(app, &visitor);
    let hidden = html! {
        input type="hidden" name="token" value=(token);
        input type="hidden" name="to" value=(way_on(form));
    };
    let body = html! {
        body.bare {
            main {
                p.brand {
                    img src=(web::assets::ICON.path()) alt="" width="28" height="28";
                    "Purser"
                }
                h1 { "Sign in" }
                @if let Some(wrong) = wrong {
                    p.notice.failed role="alert" { (wrong.message) }
                }
                (with_password(&hidden, form.text("name")))
                (with_key(&hidden, app.settings.production))
            }
        }
    };
    let status = wrong.and_then(|wrong| StatusCode::from_u16(wrong.status).ok());
    let body = web::document("Sign in", &body);
    let mut answer = web::page(status.unwrap_or(StatusCode::OK), body);
    set_cookie(answer.headers_mut(), &session::set(app, parts, VISITOR, &visitor));
    answer
}

fn with_password(hidden: &Markup, name: &str) -> Markup {
    let named = html! {
        input #name name="name" value=(name) required autocomplete="username" autocapitalize="none"
            spellcheck="false" maxlength=(NAME_BYTES_MAX);
    };
    let word = html! {
        input #password name="password" type="password" required
            autocomplete="current-password" maxlength=(password::BYTES_MAX);
    };
    html! {
        section.card.narrow {
            h2 { "With a name and a password" }
            form method="post" action=(SIGN_IN) {
                (hidden)
                (field("Name", "name", &named, ""))
                (field("Password", "password", &word, ""))
                button.button.primary type="submit" { "Sign in" }
            }
        }
    }
}

fn with_key(hidden: &Markup, is_production: bool) -> Markup {
    let key = html! {
        input #key name="key" type="password" required autocomplete="off" maxlength="255"
            aria-describedby="key-hint";
    };
    let hint = match is_production {
        true => "A secret or restricted key of this server. You can do here what it may do.",
        false => "This is a sandbox: any key that begins with sk_test_ will do.",
    };
    html! {
        section.card.narrow {
            h2 { "With an API key" }
            form method="post" action=(SIGN_IN) {
                (hidden)
                (field("API key", "key", &key, hint))
                button.button type="submit" { "Sign in with the key" }
            }
        }
    }
}

async fn sign_in(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Answer {
    let form = match who::read_form(parts, body) {
        Ok(form) => form,
        Err(failure) => return bare(&failure),
    };
    let visitor = cookie(&parts.headers, VISITOR).unwrap_or_default();
    if visitor.is_empty() || !who::is_token(&form, &visitor_token(app, visitor)) {
        let failure = Failure::new(403, "This page was too old. Please try again.");
        return page(app, parts, &form, Some(&failure));
    }
    let name = form.text("name");
    let address = host::address(parts).map(Subject::at);
    let named = is_name(name).then(|| Subject::Name(name.to_owned()));
    let subjects: Vec<Subject> = address.into_iter().chain(named).collect();
    let now = Duration::from_secs(app.clock.now().seconds().0.unsigned_abs());
    if let Err(wait) = app.desk.guesses.count(&subjects, now) {
        let failure = Failure::new(429, "That was tried too often. Please wait some minutes.");
        let mut answer = page(app, parts, &form, Some(&failure));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        return answer;
    }
    let opening = match form.given("key") {
        Some(key) => by_key(app, key),
        None => by_password(app, name, form.text("password")).await,
    };
    let begun = match opening {
        Ok(Some(opening)) => {
            app.desk.guesses.forgive(&subjects);
            begin(app, parts, opening).await
        }
        Ok(None) => Err(Failure::new(403, WRONG)),
        Err(failure) => Err(failure),
    };
    match begun {
        Ok(cookie) => {
            let mut answer = web::see_other(way_on(&form));
            set_cookie(answer.headers_mut(), &cookie);
            let forget = session::set(app, parts, VISITOR, "; Max-Age=0");
            set_cookie(answer.headers_mut(), &forget);
            answer
        }
        Err(failure) => page(app, parts, &form, Some(&failure)),
    }
}

/// Begins a session in the place of the one before, if there was one.
async fn begin(app: &Arc<App>, parts: &Parts, opening: Opening) -> Result<String, Failure> {
    session::finish(app, parts).await?;
    session::begin(app, parts, opening).await
}

fn by_key(app: &App, key: &str) -> Result<Option<Opening>, Failure> {
    let proof = store::admin::hash_key(key);
    if !app.settings.production && key.starts_with("sk_test_") {
        let (holder, account) = (Holder::Sandbox(auth::mask(key)), app.account.to_string());
        return Ok(Some(Opening { holder, proof, account, livemode: false }));
    }
    let found = app.readers.snapshot(|reader| reader.api_key(&proof)).map_err(session::broken)?;
    Ok(found.filter(|key| key.revoked.is_none()).map(|key| {
        let (holder, account) = (Holder::Key(key.id), key.account);
        Opening { holder, proof, account, livemode: key.livemode }
    }))
}

/// A name that is nobody's takes as long as a wrong password.
async fn by_password(
    app: &Arc<App>,
    name: &str,
    password: &str,
) -> Result<Option<Opening>, Failure> {
    let found = match is_name(name) {
        true => app.readers.snapshot(|reader| reader.dashboard_user(name)),
        false => Ok(None),
    };
    let user = found.map_err(session::broken)?;
    let gone = || Failure::new(503, "This server is shutting down.");
    let place = timeout(HASHING_WAIT, app.desk.hashing.acquire()).await;
    let busy = |_| Failure::new(503, "Too many people sign in just now. Please try again.");
    let place = place.map_err(busy)?.map_err(|_| gone())?;
    let kept = user.as_ref().map(|user| user.password.clone());
    let password = password.to_owned();
    let judged =
        tokio::task::spawn_blocking(move || password::is_right(&password, kept.as_deref()));
    let is_right = judged.await.map_err(|_| gone())?;
    drop(place);
    Ok(user.filter(|_| is_right).map(|user| Opening {
        proof: user.proof(),
        holder: Holder::User(user.name),
        account: app.account.to_string(),
        livemode: app.settings.production,
    }))
}

async fn sign_out(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Result<Answer, Answer> {
    known(app, parts, body).await?;
    let cookie = session::finish(app, parts).await.map_err(|failure| bare(&failure))?;
    let mut answer = web::see_other(SIGN_IN);
    set_cookie(answer.headers_mut(), &cookie);
    Ok(answer)
}

async fn switch_mode(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Result<Answer, Answer> {
    let (who, form) = known(app, parts, body).await?;
    let Entry::Password(token) = who.entry else {
        return Err(bare(&Failure::new(403, "A key is for one mode.")));
    };
    let livemode = form.text("livemode") == "true";
    let turned = session::turn(app, token, who.access.account, livemode).await;
    turned.map_err(|failure| bare(&failure))?;
    Ok(web::see_other(door::PATH))
}

async fn choose_account(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Result<Answer, Answer> {
    let (who, form) = known(app, parts, body).await?;
    let account = form.given("account").unwrap_or(&app.account);
    let mut answer = web::see_other(door::PATH);
    if !who.may_choose_account(app) {
        return Err(bare(&Failure::new(403, "You may look at this account only.")));
    }
    if !auth::is_account(account) {
        tell(&mut answer, "failed", "An account begins with acct_, and no signs follow.");
        return Ok(answer);
    }
    match who.entry {
        Entry::Local => {
            let cookie = session::set(app, parts, ACCOUNT_COOKIE, account);
            set_cookie(answer.headers_mut(), &cookie);
        }
        Entry::Password(token) | Entry::Key(token) => {
            let turned = session::turn(app, token, account.into(), who.access.livemode).await;
            turned.map_err(|failure| bare(&failure))?;
        }
    }
    Ok(answer)
}

/// Who sends a form, and the form.
async fn known(app: &Arc<App>, parts: &Parts, body: &Bytes) -> Result<(Who, Form), Answer> {
    let who = who::find(app, parts).await?;
    let form = who::check_form(&who, parts, body).map_err(|failure| bare(&failure))?;
    Ok((who, form))
}

/// What proves that the form to sign in was made for a visitor.
fn visitor_token(app: &App, visitor: &str) -> String {
    who::token(app, format!("sign in {visitor}").as_bytes())
}

/// The page of the dashboard that somebody goes on to.
fn way_on(form: &Form) -> &str {
    let to = form.given("to").filter(|to| is_dashboard(to.split('?').next().unwrap_or_default()));
    to.filter(|to| !to.starts_with(SIGN_IN)).unwrap_or(door::PATH)
}
