//! Sessions: who signed in, for how long, and what the browser keeps of it.
//!
//! The browser has 32 random bytes in a cookie that no script can read; the database has their
//! hash. At each request it is looked up anew whether what opened the session still does: whoever
//! revokes a key, removes a user or changes a password ends it. Bounds: it ends [`IDLE_S`] after
//! the last page that a person asked for, and [`LAST_S`] after it began.

use std::sync::Arc;

use books::Timestamp;
use hyper::http::request::Parts;
use sha2::{Digest, Sha256};
use store::admin::ApiKey;
use store::dashboard::{Holder, Role, Session, User};
use store::reader::Reader;
use subtle::ConstantTimeEq;

use super::{Entry, Who, host, token};
use crate::api::auth::{self, Access, KeyLimits};
use crate::app::App;
use crate::dashboard::door::{COOKIE_RULES, cookie};
use crate::dashboard::live;
use crate::dashboard::visit::Failure;

/// The cookie with the token.
pub const COOKIE: &str = "purser_session";
/// A session ends when nobody looked for so many seconds: twelve hours.
const IDLE_S: i64 = 12 * 60 * 60;
/// And so many seconds after it began in any case: seven days.
const LAST_S: i64 = 7 * 24 * 60 * 60;
/// The end is moved when that is worth a write.
const MOVE_S: i64 = 5 * 60;
/// The script says with this header that no person asked.
pub const LIVE: &str = "purser-live";

/// What somebody signed in with, and what they get to see first.
pub struct Opening {
    /// What it is.
    pub holder: Holder,
    /// Its hash.
    pub proof: [u8; 32],
    /// The account to look at.
    pub account: String,
    /// The mode to look at.
    pub livemode: bool,
}

/// What a session was opened with, as it is now.
enum Opened {
    User(User),
    Key(Box<ApiKey>),
    Sandbox(String),
}

/// Finds out whose session a request belongs to, if to any that has not ended.
pub async fn find(app: &Arc<App>, parts: &Parts) -> Result<Option<Who>, Failure> {
    let Some(hash) = presented(parts) else { return Ok(None) };
    let now = app.clock.now().seconds();
    let found = app.readers.snapshot(|reader| opened(reader, &hash, now)).map_err(broken)?;
    let Some((session, opened)) = found else { return Ok(None) };
    let by_person = !parts.headers.contains_key(LIVE) && parts.uri.path() != live::PATH;
    let expires = end(session.created, now);
    if by_person && expires.0 >= session.expires.0 + MOVE_S {
        write(app, move |admin| admin.extend_session(&hash, expires)).await?;
    }
    who(app, &session, opened)
}

fn opened(
    reader: &Reader,
    hash: &[u8; 32],
    now: Timestamp,
) -> store::Result<Option<(Session, Opened)>> {
    let is_same = |one: &[u8; 32], other: &[u8; 32]| bool::from(one.ct_eq(other));
    let session = reader.dashboard_session(hash)?;
    let Some(session) = session.filter(|it| is_same(&it.token, hash) && it.expires > now) else {
        return Ok(None);
    };
    let opened = match &session.holder {
        Holder::User(name) => reader
            .dashboard_user(name)?
            .filter(|user| is_same(&user.proof(), &session.proof))
            .map(Opened::User),
        Holder::Key(id) => reader
            .api_key_of(id)?
            .filter(|key| key.revoked.is_none() && is_same(&key.hash, &session.proof))
            .map(|key| Opened::Key(Box::new(key))),
        Holder::Sandbox(masked) => Some(Opened::Sandbox(masked.clone())),
    };
    Ok(opened.map(|opened| (session, opened)))
}

fn who(app: &App, session: &Session, opened: Opened) -> Result<Option<Who>, Failure> {
    let in_sandbox = !app.settings.production;
    let (own, chosen) = (app.account.clone(), session.account.as_str());
    let (name, role, own, livemode, scopes, limits) = match opened {
        Opened::User(User { name, role, .. }) => {
            (name, role, own, session.livemode, scopes_of(role), None)
        }
        Opened::Key(key) => {
            let ApiKey { id, masked, account, livemode, scopes, limits, .. } = *key;
            let limits =
                limits.map(|limits| KeyLimits { key: id.into(), limits: Arc::new(limits) });
            (masked, role_of(scopes.as_deref()), account.into(), livemode, scopes, limits)
        }
        Opened::Sandbox(masked) if in_sandbox => (masked, Role::Operator, own, false, None, None),
        Opened::Sandbox(_) => return Ok(None),
    };
    // What was chosen while this was a sandbox counts for nothing in production.
    let account = if in_sandbox && limits.is_none() { chosen.into() } else { own };
    let world = auth::world(app, &account, livemode)
        .map_err(|error| Failure::new(error.status, error.message))?;
    let entry = match session.holder {
        Holder::User(_) => Entry::Password(session.token),
        _ => Entry::Key(session.token),
    };
    let access = Access { account, livemode, world, scopes, masked: name.clone(), limits };
    Ok(Some(Who { name, role, access, token: token(app, &session.token), entry }))
}

/// What a role may do through the API: everything, or whatever changes nothing.
pub fn scopes_of(role: Role) -> Option<Vec<String>> {
    (role == Role::ReadOnly).then(|| vec!["*:read".to_owned()])
}

/// What the holder of a key is here: whoever may write something is shown how.
fn role_of(scopes: Option<&[String]>) -> Role {
    let writes = |scope: &String| {
        scope.split_once(':').is_some_and(|(name, right)| name == auth::TOOL || right == "write")
    };
    match scopes.is_none_or(|scopes| scopes.iter().any(writes)) {
        true => Role::Operator,
        false => Role::ReadOnly,
    }
}

/// Begins a session; gives the cookie for the browser.
pub async fn begin(app: &Arc<App>, parts: &Parts, opening: Opening) -> Result<String, Failure> {
    let bytes: [u8; 32] = app.entropy.bytes();
    let secret = hex(&bytes);
    let created = app.clock.now().seconds();
    let session = Session {
        token: hash(&secret),
        holder: opening.holder,
        proof: opening.proof,
        account: opening.account,
        livemode: opening.livemode,
        created,
        expires: end(created, created),
    };
    write(app, move |admin| admin.begin_session(&session)).await?;
    Ok(set(app, parts, COOKIE, &secret))
}

/// Ends the session of a request, if it has one; gives the cookie that the browser forgets it by.
pub async fn finish(app: &Arc<App>, parts: &Parts) -> Result<String, Failure> {
    if let Some(hash) = presented(parts) {
        write(app, move |admin| admin.end_session(&hash)).await?;
    }
    Ok(set(app, parts, COOKIE, "; Max-Age=0"))
}

/// Has a session look at other books.
pub async fn turn(
    app: &Arc<App>,
    token: [u8; 32],
    account: Arc<str>,
    livemode: bool,
) -> Result<(), Failure> {
    write(app, move |admin| admin.turn_session(&token, &account, livemode)).await
}

/// A cookie of the dashboard, sent over TLS only where that is spoken.
pub fn set(app: &App, parts: &Parts, name: &str, value: &str) -> String {
    let secure = if host::is_https(app, parts) { "; Secure" } else { "" };
    format!("{name}={value}; {COOKIE_RULES}{secure}")
}

/// When a session ends that is in use now.
fn end(created: Timestamp, now: Timestamp) -> Timestamp {
    Timestamp((now.0 + IDLE_S).min(created.0 + LAST_S))
}

fn presented(parts: &Parts) -> Option<[u8; 32]> {
    cookie(&parts.headers, COOKIE).filter(|secret| !secret.is_empty()).map(hash)
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Bytes as text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn write(
    app: &Arc<App>,
    write: impl FnOnce(&store::admin::Admin) -> store::Result<()> + Send + 'static,
) -> Result<(), Failure> {
    let admin = app.admin.clone();
    let written = tokio::task::spawn_blocking(move || write(&admin)).await;
    written.map_err(|_| Failure::new(503, "This server is shutting down."))?.map_err(broken)
}

/// What is told where the database does not answer.
pub fn broken(error: store::StoreError) -> Failure {
    tracing::error!(%error, "the dashboard could not find out who asks");
    Failure::new(503, "The database does not answer. Please try again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_nobody_looks_and_in_any_case() {
        let begun = Timestamp(1_000);
        assert_eq!(end(begun, begun), Timestamp(1_000 + IDLE_S));
        assert_eq!(end(begun, Timestamp(1_000 + LAST_S - 1)), Timestamp(1_000 + LAST_S));
    }

    #[test]
    fn who_may_write_anything_is_shown_how() {
        let role = |scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(|&scope| scope.to_owned()).collect();
            role_of(Some(&scopes))
        };
        assert_eq!(role_of(None), Role::Operator);
        assert_eq!(role(&["*:read"]), Role::ReadOnly);
        assert_eq!(role(&[]), Role::ReadOnly);
        assert_eq!(role(&["customers:read", "refunds:write"]), Role::Operator);
        assert_eq!(role(&["tool:postRefunds"]), Role::Operator);
    }
}
