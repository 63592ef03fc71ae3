//! Wrong bank details, counted by link, so that nobody finds accounts by trying.
//!
//! Memory is bounded: what is older than a round is forgotten, and beyond [`LINKS_MAX`] links the
//! oldest count goes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong tries of a link in one round. Then it has to wait for the next round.
pub const TRIES_MAX: u32 = 10;
/// How long a round takes, from its first wrong try.
pub const ROUND: Duration = Duration::from_secs(10 * 60);
/// Links whose tries are counted at once.
pub const LINKS_MAX: usize = 10_000;

/// Counts of wrong tries, by the number of what the link leads to.
#[derive(Default)]
pub struct Tries(Mutex<HashMap<i64, Count>>);

struct Count {
    began: Instant,
    wrong: u32,
}

impl Tries {
    /// How long this link has to wait before it may try again; `None` if it may now.
    pub fn wait(&self, link: i64, now: Instant) -> Option<Duration> {
        let counts = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let count = counts.get(&link).filter(|count| count.wrong >= TRIES_MAX)?;
        ROUND.checked_sub(now.duration_since(count.began)).filter(|left| !left.is_zero())
    }

    /// Counts a wrong try.
    pub fn count(&self, link: i64, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if counts.len() >= LINKS_MAX && !counts.contains_key(&link) {
            counts.retain(|_, count| now.duration_since(count.began) < ROUND);
            let oldest = counts.iter().min_by_key(|(_, count)| count.began).map(|(&link, _)| link);
            if let Some(oldest) = oldest.filter(|_| counts.len() >= LINKS_MAX) {
                counts.remove(&oldest);
            }
        }
        let count = counts.entry(link).or_insert(Count { began: now, wrong: 0 });
        if now.duration_since(count.began) >= ROUND {
            *count = Count { began: now, wrong: 0 };
        }
        count.wrong += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_waits_after_too_many_wrong_tries() {
        let (tries, now) = (Tries::default(), Instant::now());
        for at in 0..TRIES_MAX {
            assert_eq!(tries.wait(1, now), None, "{at}");
            tries.count(1, now);
        }
        let later = now + ROUND / 2;
        assert_eq!(tries.wait(1, later), Some(ROUND / 2));
        assert_eq!(tries.wait(2, later), None);
        assert_eq!(tries.wait(1, now + ROUND), None);
        tries.count(1, now + ROUND);
        assert_eq!(tries.wait(1, now + ROUND), None);
    }

    #[test]
    fn counts_do_not_pile_up() {
        let (tries, now) = (Tries::default(), Instant::now());
        for link in 0..LINKS_MAX as i64 + 10 {
            tries.count(link, now + Duration::from_nanos(link as u64));
        }
        let held = || tries.0.lock().unwrap().len();
        assert_eq!(held(), LINKS_MAX);
        tries.count(-1, now + 2 * ROUND);
        assert_eq!(held(), 1);
    }
}
