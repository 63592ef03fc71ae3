//! The one clock service. Everything that asks for the time asks here.
//!
//! A clock is a source and an offset. The offset is 0 in production and for ever; in the sandbox it
//! grows when somebody moves the clock, and nothing makes it smaller, so time only goes forward.
//! All copies of a clock share the offset. Reading the time is one call and one load.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use books::Timestamp;
use books::time::Millis;

/// 2080-01-01T00:00:00Z: no clock is moved further. Row numbers have room until 2089.
pub const CLOCK_END: Timestamp = Timestamp(3_471_292_800);

/// Tells the time, in milliseconds.
#[derive(Clone)]
pub struct Clock {
    source: fn() -> Millis,
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that reads `source`; only `main` has one that reads the system.
    pub fn new(source: fn() -> Millis) -> Clock {
        Clock { source, offset_ms: Arc::default() }
    }

    /// Now.
    pub fn now(&self) -> Millis {
        Millis((self.source)().0.saturating_add(self.offset_ms()))
    }

    /// How far this clock was moved ahead of its source, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Acquire)
    }

    /// The offset with which this clock would stand at `at` right now; the present one if `at` has
    /// passed.
    pub fn offset_at(&self, at: Millis) -> i64 {
        at.0.saturating_sub((self.source)().0).max(self.offset_ms())
    }

    /// Takes a larger offset. A smaller one changes nothing.
    ///
    /// Whoever moves a clock that has a database keeps the offset there first: what was stamped
    /// with a moved time must not be in the future after a restart.
    pub fn raise_offset(&self, offset_ms: i64) {
        self.offset_ms.fetch_max(offset_ms, Ordering::AcqRel);
    }

    /// Moves the clock forward to `at`; a moment that has passed changes nothing.
    pub fn advance_to(&self, at: Millis) {
        self.raise_offset(self.offset_at(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_goes_forward_and_copies_go_along() {
        let clock = Clock::new(|| Millis(1_000));
        let copy = clock.clone();
        let steps = [
            (Millis(1_000), 0, "to now"),
            (Millis(500), 0, "back"),
            (Millis(61_000), 60_000, "forward"),
            (Millis(31_000), 60_000, "back again"),
            (Millis(61_001), 60_001, "a little further"),
        ];
        for (to, offset_ms, what) in steps {
            clock.advance_to(to);
            assert_eq!(copy.offset_ms(), offset_ms, "{what}");
            assert_eq!(copy.now(), Millis(1_000 + offset_ms), "{what}");
        }
        clock.raise_offset(7);
        assert_eq!(clock.offset_ms(), 60_001, "a smaller offset changes nothing");
    }

    #[test]
    fn the_end_fits_into_row_numbers() {
        assert_eq!(books::Number::first_at(CLOCK_END).created(), CLOCK_END);
    }
}
