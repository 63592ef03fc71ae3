//! Webhook endpoints: who is told of events, and what became of telling them.
//!
//! The events themselves are the outbox. An endpoint notes up to which event it was told, so an
//! event costs nothing more for being told; what fails gets a timer. Names and meanings follow
//! Stripe's `WebhookEndpoint` type and its page "Webhooks".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::EventKind;
use crate::id::{IdKey, Number};
use crate::time::{Millis, Timestamp};

/// Characters of a signing secret after its prefix.
const SECRET_CHARS: usize = 32;
/// What keeps signing secrets apart from other secrets of a row.
const SECRET: u8 = b'w';
/// Seconds after which each further attempt in test mode follows the one before.
pub const RETRIES_TEST_S: &[i64] = &[60, 10 * 60, 60 * 60];
/// The same in live mode: three days in all.
pub const RETRIES_LIVE_S: &[i64] = &[
    5 * 60,
    30 * 60,
    2 * HOUR_S,
    5 * HOUR_S,
    10 * HOUR_S,
    12 * HOUR_S,
    12 * HOUR_S,
    12 * HOUR_S,
    12 * HOUR_S,
];
const HOUR_S: i64 = 60 * 60;
/// Days for which events, and the attempts to tell them, are kept.
pub const RETENTION_DAYS: i64 = 30;
/// Bytes of a receiver's answer that are kept, at most.
pub const ANSWER_BYTES_MAX: usize = 500;

/// A webhook endpoint as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Its number.
    pub number: Number,
    /// Where events go.
    pub url: String,
    /// The types that it is told of; `*` for all.
    pub enabled_events: Vec<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the merchant keeps with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The API version that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Whether it is told nothing.
    #[serde(default, skip_serializing_if = "crate::payment_intent::is_false")]
    pub disabled: bool,
    /// Only events after this are told: those since it was made, or enabled again.
    pub since: Number,
    /// What signs, the newest first. The secrets follow from these and are not kept.
    pub signing: Vec<SigningKey>,
    /// Whether it was removed.
    #[serde(default, skip_serializing_if = "crate::payment_intent::is_false")]
    pub deleted: bool,
}

/// A secret that signs, by the number that it follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Drawn when the secret was made.
    pub number: Number,
    /// Until when it signs beside its successor; none for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl SigningKey {
    /// The secret, as receivers know it.
    pub fn secret(&self, ids: &IdKey) -> String {
        format!("whsec_{}", ids.row_secret(SECRET, self.number, SECRET_CHARS))
    }
}

impl WebhookEndpoint {
    /// Whether it is told of events of a type.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.enabled_events.iter().any(|name| name == "*" || name == kind.as_str())
    }

    /// Whether it is told of anything.
    pub fn is_enabled(&self) -> bool {
        !self.disabled && !self.deleted
    }

    /// The keys that sign at a moment.
    pub fn signing_at(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.signing.iter().filter(move |key| key.until.is_none_or(|until| now < until))
    }
}

/// One attempt to tell an endpoint of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The event.
    pub event: Number,
    /// Which attempt it is, from 1.
    pub attempt: i64,
    /// When it began.
    pub at: Millis,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// The HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// The first bytes of the answer, or why there was none.
    pub answer: String,
    /// Whether somebody asked for it by hand: then no retry follows from it.
    pub by_hand: bool,
}

impl Attempt {
    /// Whether the receiver took the event: any status of 2xx.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// When the attempt after this one is due, counting those that nobody asked for from 1; none when
/// there is no further one.
pub fn retry_at(attempt: i64, livemode: bool, now: Timestamp) -> Option<Timestamp> {
    let schedule = if livemode { RETRIES_LIVE_S } else { RETRIES_TEST_S };
    let wait_s = schedule.get(usize::try_from(attempt - 1).ok()?)?;
    Some(Timestamp(now.0 + wait_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_end() {
        let live: Vec<i64> =
            (1..20).map_while(|n| retry_at(n, true, Timestamp(0))).map(|at| at.0).collect();
        assert_eq!(live, RETRIES_LIVE_S);
        assert!(RETRIES_LIVE_S.iter().sum::<i64>() <= 72 * HOUR_S);
        assert_eq!(retry_at(1, false, Timestamp(100)), Some(Timestamp(160)));
        assert_eq!(retry_at(4, false, Timestamp(100)), None);
        assert_eq!(retry_at(0, false, Timestamp(100)), None);
    }
}
