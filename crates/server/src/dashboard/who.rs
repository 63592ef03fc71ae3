//! Who looks at the dashboard, and what they may do.
//!
//! Nobody signs in to a sandbox on their own machine; everywhere else a [`session`] says who looks.
//! [`host`] keeps pages of other sites out, a token in every form does it once more.

use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::Sha256;
pub use store::dashboard::Role;
use subtle::ConstantTimeEq;

use super::door::{bare, cookie};
use super::entry;
use super::visit::{Failure, Form};
use crate::api::auth::{self, Access};
use crate::api::serve::Answer;
use crate::app::App;
use crate::web;

pub mod guesses;
pub mod host;
pub mod password;
pub mod session;

/// Bytes of a form, at most.
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// Characters of the address that somebody goes on to after signing in, at most.
const TO_CHARS_MAX: usize = 2000;
/// The cookie that says which account of a sandbox is looked at, where nobody signs in.
pub const ACCOUNT_COOKIE: &str = "purser_account";

/// Somebody who looks at the dashboard.
#[derive(Clone)]
pub struct Who {
    /// What the trail calls them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What the API lets them see and do.
    pub access: Access,
    /// What a form of theirs has to bring along.
    pub token: String,
    /// How they came in.
    pub entry: Entry,
}

/// How somebody came in; a session is named by the hash of its token.
#[derive(Clone, Copy)]
pub enum Entry {
    /// Without signing in.
    Local,
    /// With a name and a password.
    Password([u8; 32]),
    /// With an API key.
    Key([u8; 32]),
}

impl Who {
    /// Whether forms are shown.
    pub fn may_act(&self) -> bool {
        self.role == Role::Operator
    }

    /// Refuses those who may only look.
    pub fn check_may_act(&self) -> Result<(), Failure> {
        match self.may_act() {
            true => Ok(()),
            false => Err(Failure::new(403, "You may look at everything here, but change nothing.")),
        }
    }

    /// Whether they may go from test mode to live mode and back; a key is for one of them.
    pub fn may_switch_mode(&self) -> bool {
        matches!(self.entry, Entry::Password(_))
    }

    /// Whether they may look at other accounts, as their requests could with `Stripe-Account`.
    pub fn may_choose_account(&self, app: &App) -> bool {
        !app.settings.production && self.access.limits.is_none()
    }
}

/// Finds out who looks; whoever has to sign in first is led there.
pub async fn find(app: &Arc<App>, parts: &Parts) -> Result<Who, Answer> {
    if host::is_local(app, parts) {
        return local(app, parts).map_err(|failure| bare(&failure));
    }
    let found = session::find(app, parts).await.map_err(|failure| bare(&failure))?;
    found.ok_or_else(|| web::see_other(&sign_in(parts)))
}

/// The sign-in page, with the way back to what was asked for.
fn sign_in(parts: &Parts) -> String {
    let asked = parts.uri.path_and_query().map_or("", |asked| asked.as_str());
    if parts.method != Method::GET || asked.len() > TO_CHARS_MAX {
        return entry::SIGN_IN.to_owned();
    }
    format!("{}?to={}", entry::SIGN_IN, utf8_percent_encode(asked, NON_ALPHANUMERIC))
}

/// Whoever uses the sandbox on their own machine.
fn local(app: &App, parts: &Parts) -> Result<Who, Failure> {
    let chosen = cookie(&parts.headers, ACCOUNT_COOKIE).filter(|named| auth::is_account(named));
    let account = chosen.map_or_else(|| app.account.clone(), Into::into);
    let world = auth::world(app, &account, false)
        .map_err(|error| Failure::new(error.status, error.message))?;
    let masked = "the dashboard".to_owned();
    let access = Access { account, livemode: false, world, scopes: None, masked, limits: None };
    let token = token(app, b"sandbox");
    let name = "sandbox".to_owned();
    Ok(Who { name, role: Role::Operator, access, token, entry: Entry::Local })
}

/// Reads a form, if it comes from a page that was made for this person.
pub fn check_form(who: &Who, parts: &Parts, body: &Bytes) -> Result<Form, Failure> {
    let form = read_form(parts, body)?;
    match is_token(&form, &who.token) {
        true => Ok(form),
        false => Err(Failure::new(403, "This form is too old. Please load the page again.")),
    }
}

/// Reads a form of anybody.
pub fn read_form(parts: &Parts, body: &Bytes) -> Result<Form, Failure> {
    let kind = parts.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    if !kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
        return Err(Failure::new(415, "This is not the form of a page."));
    }
    if body.len() > FORM_BYTES_MAX {
        let message = format!("A form has {FORM_BYTES_MAX} bytes at most (form_bytes_max).");
        return Err(Failure::new(413, message));
    }
    Form::read(body).ok_or_else(|| Failure::new(400, "This form cannot be read."))
}

/// Whether a form brings this token along.
pub fn is_token(form: &Form, token: &str) -> bool {
    form.text("token").as_bytes().ct_eq(token.as_bytes()).into()
}

/// What proves that a form was made for a session.
pub fn token(app: &App, session: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&app.secret).expect("any length is a key");
    mac.update(b"dashboard form ");
    mac.update(session);
    session::hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
