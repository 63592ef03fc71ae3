//! What several tests need: a clock that stands still, and a small HTTP server.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ocp_agent::Clock;

/// 2026-01-04T10:00:00Z
pub const START_US: u64 = 1_767_520_800_000_000;

/// A clock that goes on by one second at each look, counts instead of rolling dice, and never waits.
pub fn clock() -> Clock {
    let (looks, dice) = (AtomicU64::new(0), AtomicU64::new(0xa1b2_c3d4));
    Clock::new(
        Arc::new(move || START_US + looks.fetch_add(1, Ordering::SeqCst) * 1_000_000),
        Arc::new(move || dice.fetch_add(1, Ordering::SeqCst)),
        Arc::new(|_| {}),
    )
}

pub fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}
