//! Who asks: from an API key to an account, a mode and what the key may do.
//!
//! In the sandbox every `sk_test_...` key opens the same account, and `Stripe-Account` opens a
//! world of its own. In production keys are made with `purser keys`, kept as hashes, and compared
//! in constant time. A key never appears whole in an answer or a log.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use books::{Limits, Timestamp, World};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ocp_agent::name::normalize;
use subtle::ConstantTimeEq;

use super::error::ApiError;
use crate::app::App;

/// How many worlds a sandbox opens before it refuses more.
pub const WORLDS_MAX: usize = 100_000;
/// What a scope begins with that grants one operation, by the name that agents know it under.
pub const TOOL: &str = "tool";
const KEY_BYTES_MAX: usize = 255;
const ACCOUNT_BYTES_MAX: usize = 64;

/// What a key opens.
#[derive(Clone, Debug)]
pub struct Access {
    /// The account's id.
    pub account: Arc<str>,
    /// The mode.
    pub livemode: bool,
    /// Its books.
    pub world: World,
    /// What a restricted key may do, such as `customers:read`; `None` for everything.
    pub scopes: Option<Vec<String>>,
    /// The key with its middle left out.
    pub masked: String,
    /// What the key may move; `None` for everything.
    pub limits: Option<KeyLimits>,
}

/// The limits of a key.
#[derive(Clone, Debug)]
pub struct KeyLimits {
    /// Id of the key.
    pub key: Arc<str>,
    /// What it may move.
    pub limits: Arc<Limits>,
}

impl Access {
    /// Checks that the key may do this with that resource, or carry out that very operation.
    pub fn allow(&self, resource: &str, write: bool, operation: &str) -> Result<(), ApiError> {
        let Some(scopes) = &self.scopes else {
            return Ok(());
        };
        let grants = |scope: &String| match scope.split_once(':') {
            Some((TOOL, name)) => name == normalize(operation),
            Some((name, right)) => {
                (name == resource || name == "*") && (right == "write" || !write && right == "read")
            }
            None => false,
        };
        if scopes.iter().any(grants) {
            return Ok(());
        }
        let need = format!("{resource}:{}", if write { "write" } else { "read" });
        let message = format!(
            "The provided key '{}' does not have the required permissions for this endpoint. \
             It needs the scope '{need}' or '{TOOL}:{}'.",
            self.masked,
            normalize(operation)
        );
        Err(ApiError::invalid(403, message))
    }
}

/// Finds out who asks.
pub fn authenticate(app: &App, headers: &HeaderMap) -> Result<Access, ApiError> {
    let key = presented_key(headers)?;
    let masked = mask(&key);
    let sandbox_key = !app.settings.production && key.starts_with("sk_test_");
    let Opened { account, livemode, scopes, limits } = match sandbox_key {
        true => {
            let account = app.account.clone();
            Opened { account, livemode: false, scopes: None, limits: None }
        }
        false => known_key(app, &key, &masked)?,
    };
    let is_fixed = app.settings.production || limits.is_some();
    let account = chosen_account(headers, account, is_fixed, &masked)?;
    let world = world(app, &account, livemode)?;
    Ok(Access { account, livemode, world, scopes, masked, limits })
}

struct Opened {
    account: Arc<str>,
    livemode: bool,
    scopes: Option<Vec<String>>,
    limits: Option<KeyLimits>,
}

fn known_key(app: &App, key: &str, masked: &str) -> Result<Opened, ApiError> {
    let hash = store::admin::hash_key(key);
    let found = app.readers.snapshot(|reader| reader.api_key(&hash))?;
    match found.filter(|found| bool::from(found.hash.ct_eq(&hash))) {
        None => {
            let message = format!("Invalid API Key provided: {masked}");
            Err(ApiError::invalid(401, message))
        }
        Some(found) if found.revoked.is_some() => {
            let message = format!("The API key {masked} was revoked.");
            Err(ApiError::invalid(401, message).coded("api_key_expired"))
        }
        Some(found) => Ok(Opened {
            account: found.account.into(),
            livemode: found.livemode,
            scopes: found.scopes,
            limits: found
                .limits
                .map(|limits| KeyLimits { key: found.id.into(), limits: limits.into() }),
        }),
    }
}

/// The key from `Authorization`: as a bearer token, or as the user name of basic credentials.
fn presented_key(headers: &HeaderMap) -> Result<String, ApiError> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let key = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.to_owned()),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("basic") => user_name(token),
        _ => None,
    };
    match key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()) {
        Some(key) if key.len() <= KEY_BYTES_MAX => Ok(key),
        Some(_) => Err(ApiError::invalid(401, "Invalid API Key provided: it is too long.")),
        None => Err(ApiError::invalid(
            401,
            "No API key came with this request. Send one in the Authorization header, as \
             'Bearer YOUR_SECRET_KEY', or as the user name of basic credentials.",
        )),
    }
}

fn user_name(token: &str) -> Option<String> {
    let bytes = STANDARD.decode(token.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split(':').next().unwrap_or_default().to_owned())
}

/// A key as people may see it: its beginning and its last four characters.
pub fn mask(key: &str) -> String {
    let kind = key.match_indices('_').nth(1).map_or(0, |(at, _)| at + 1).min(8);
    match key.is_ascii() {
        true if key.len() >= kind + 12 => {
            format!("{}****{}", &key[..kind], &key[key.len() - 4..])
        }
        true => format!("{}****", &key[..kind]),
        false => "****".to_owned(),
    }
}

/// `Stripe-Account` (or the newer `Stripe-Context`) names another account than the key's own, which
/// it may where the key is not fixed to that.
fn chosen_account(
    headers: &HeaderMap,
    own: Arc<str>,
    is_fixed: bool,
    masked: &str,
) -> Result<Arc<str>, ApiError> {
    let named = headers.get("stripe-account").or_else(|| headers.get("stripe-context"));
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        return Ok(own);
    };
    let named = named.to_str().unwrap_or("");
    if named == &*own || (is_account(named) && !is_fixed) {
        return Ok(named.into());
    }
    let message = format!(
        "The provided key '{masked}' does not have access to the account named in \
         Stripe-Account, or there is no such account."
    );
    Err(ApiError::invalid(403, message).coded("account_invalid"))
}

/// Whether a text can name an account.
pub fn is_account(named: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    named.len() <= ACCOUNT_BYTES_MAX
        && named.strip_prefix("acct_").is_some_and(|rest| !rest.is_empty())
        && named.bytes().all(plain)
}

/// The worlds that are known to this process.
#[derive(Default)]
pub struct Worlds(RwLock<HashMap<AccountInMode, (World, Timestamp)>>);

type AccountInMode = (Arc<str>, bool);

impl Worlds {
    /// The world of an account in a mode, and when it was opened, if it ever was.
    pub fn get(&self, account: &str, livemode: bool) -> Option<(World, Timestamp)> {
        let known = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.get(&(account.into(), livemode)).copied()
    }

    /// Knows a world from now on.
    pub fn remember(&self, account: &str, livemode: bool, world: World, created: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.insert((account.into(), livemode), (world, created));
    }

    /// The account and the mode that a world is of.
    fn of(&self, world: World) -> Option<AccountInMode> {
        let known = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.iter().find(|(_, (known, _))| *known == world).map(|(whose, _)| whose.clone())
    }

    fn len(&self) -> usize {
        self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).len()
    }
}

/// The books of an account in a mode, opened if they are new.
pub fn world(app: &App, account: &Arc<str>, livemode: bool) -> Result<World, ApiError> {
    if let Some((world, _)) = app.worlds.get(account, livemode) {
        return Ok(world);
    }
    if app.worlds.len() >= WORLDS_MAX {
        let message = format!("This sandbox has opened {WORLDS_MAX} worlds (worlds_max) already.");
        return Err(ApiError::invalid(400, message));
    }
    let now = app.clock.now().seconds();
    let world = app.admin.world(account, livemode, now)?;
    app.worlds.remember(account, livemode, world, app.admin.world_made(world)?);
    Ok(world)
}

/// The account and the mode that a world is of; `None` where there is no such world.
pub fn whose(app: &App, world: World) -> Result<Option<(Arc<str>, bool)>, ApiError> {
    if let Some(known) = app.worlds.of(world) {
        return Ok(Some(known));
    }
    // Another server on this database may have opened it.
    for (account, livemode, world, created) in app.admin.worlds()? {
        app.worlds.remember(&account, livemode, world, created);
    }
    Ok(app.worlds.of(world))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_no_secret() {
        for (key, want) in [
            ("sk_test_4eC39HqLyjWDarjtT1zdp7dc", "sk_test_****p7dc"),
            ("sk_live_short", "sk_live_****"),
            ("nonsense", "****"),
            ("a_b_ü", "****"),
        ] {
            assert_eq!(mask(key), want);
        }
    }
}
