//! Idempotency keys: the same key gives the same bytes.
//!
//! The answer to a key is committed with its effects (see the lane in `store`). Here is what
//! comes before: reading the header, the fingerprint of a request, and the set of keys that are
//! being executed, which lives in memory only, so that a crash never leaves a key locked.
//! Rules: Stripe's page "Idempotent requests".

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use books::World;
use hyper::HeaderMap;
use sha2::{Digest, Sha256};

use super::error::{ApiError, Kind};

/// Characters of a key, at most.
pub const KEY_CHARS_MAX: usize = 255;

/// Reads the key of a request.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
        return Err(ApiError::invalid(400, "The header Idempotency-Key is no UTF-8 text."));
    };
    match text.chars().count() {
        0 => Err(ApiError::invalid(400, "The header Idempotency-Key is empty.")),
        1..=KEY_CHARS_MAX => Ok(Some(text.to_owned())),
        count => Err(ApiError::invalid(
            400,
            format!(
                "An Idempotency-Key has up to {KEY_CHARS_MAX} characters; this one has {count}."
            ),
        )),
    }
}

/// The hash under which a key is kept in its world.
pub fn key_hash(key: &str) -> [u8; 16] {
    first_half(Sha256::digest(key.as_bytes()).into())
}

/// The same of the requests of one API key only.
pub fn key_hash_of(api_key: &str, key: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(api_key.as_bytes());
    // No API key has a NUL, so no two pairs give the same bytes.
    hash.update([0]);
    hash.update(key.as_bytes());
    first_half(hash.finalize().into())
}

/// What a key may be used with again: the same method, path and parameters.
pub fn fingerprint(path: &str, parameters: [u8; 32]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(parameters);
    hash.update(path.as_bytes());
    first_half(hash.finalize().into())
}

fn first_half(hash: [u8; 32]) -> [u8; 16] {
    hash[..16].try_into().expect("16 is half of 32")
}

/// The keys that are being executed.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<KeyInWorld>>>);

type KeyInWorld = (World, [u8; 16]);

/// Keeps a key in flight until it is dropped.
pub struct Flight {
    set: InFlight,
    key: KeyInWorld,
}

impl InFlight {
    /// Takes off with a key, unless it is in the air already.
    pub fn take_off(&self, world: World, hash: [u8; 16], key: &str) -> Result<Flight, ApiError> {
        let key_of = (world, hash);
        let mut keys = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !keys.insert(key_of) {
            return Err(ApiError {
                kind: Kind::Idempotency,
                code: Some("idempotency_key_in_use"),
                retry: true,
                ..ApiError::invalid(
                    409,
                    format!(
                        "Another request with the Idempotency-Key '{key}' is being executed \
                             right now. Please try again in a moment."
                    ),
                )
            });
        }
        Ok(Flight { set: self.clone(), key: key_of })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut keys = self.set.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        keys.remove(&self.key);
    }
}

/// The answer where a key was used for something else before.
pub fn reused(key: &str) -> ApiError {
    ApiError {
        kind: Kind::Idempotency,
        ..ApiError::invalid(
            400,
            format!(
                "The Idempotency-Key '{key}' was used with other parameters or on another \
                     endpoint before. A key belongs to one request: use a new one."
            ),
        )
    }
}
