//! Moments, as whole seconds of Unix time, the unit of every timestamp on the wire.

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Milliseconds since 1970-01-01T00:00:00Z, as the clock service gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// The second that this moment lies in.
    pub fn seconds(self) -> Timestamp {
        Timestamp(self.0.div_euclid(1000))
    }
}
