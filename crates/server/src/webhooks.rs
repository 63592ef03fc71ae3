//! Delivering events to webhook endpoints.

use books::{Number, World};
use store::StoreError;

/// Characters of a URL, at most.
pub const URL_CHARS_MAX: usize = 2048;

/// The delivery engine.
#[derive(Default)]
pub struct Webhooks;

impl Webhooks {
    /// Tells again.
    pub fn resend(&self, _: World, _: Number, _: Number) -> Result<(), StoreError> {
        Err(StoreError::Stopped)
    }
}

/// Checks a URL.
pub fn check_url(_: &str, _: bool, _: bool, _: bool) -> Result<(), String> {
    Ok(())
}
