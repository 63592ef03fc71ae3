//! Time and chance: the only file of the crate that asks the machine for either.
//!
//! Whoever wants both under control, a test or a simulation, gives functions of his own.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Gives the time in microseconds since 1970-01-01T00:00:00Z.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;
/// Gives 64 bits that nobody can guess.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;
/// Waits.
pub type Sleep = Arc<dyn Fn(Duration) + Send + Sync>;

/// What an agent cannot know by itself: the time, chance, and how to wait.
#[derive(Clone)]
pub struct Clock {
    now: Now,
    random: Random,
    sleep: Sleep,
}

impl Clock {
    /// A clock made of the caller's functions.
    pub fn new(now: Now, random: Random, sleep: Sleep) -> Clock {
        Clock { now, random, sleep }
    }

    /// The clock and the randomness of this machine.
    pub fn system() -> Clock {
        Clock {
            now: Arc::new(|| {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
            }),
            // An id that repeats would mix two conversations, so there is no answer without chance.
            random: Arc::new(|| getrandom::u64().expect("the system gives random bytes")),
            sleep: Arc::new(std::thread::sleep),
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn now_us(&self) -> u64 {
        (self.now)()
    }

    /// 64 random bits.
    pub fn random(&self) -> u64 {
        (self.random)()
    }

    /// Waits for as long as it is told.
    pub fn sleep(&self, time: Duration) {
        (self.sleep)(time);
    }

    /// The time as contexts write it: `2026-01-04T10:00:00.000000+00:00`.
    pub fn timestamp(&self) -> String {
        crate::timestamp::format(self.now_us())
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
