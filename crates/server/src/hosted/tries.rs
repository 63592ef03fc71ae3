//! Wrong bank details, counted by link, so that nobody finds accounts by trying.
//!
//! Each try counts before it is judged, so that many at once count too; one that was not wrong is
//! taken back. Memory is bounded: what is older than a round is forgotten, and beyond [`LINKS_MAX`]
//! links the oldest count goes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
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
    /// Counts a try as a wrong one; if there were too many, gives how long the link has to wait.
    pub fn count(&self, link: i64, now: Instant) -> Result<(), Duration> {
        let mut counts = self.lock();
        if counts.len() >= LINKS_MAX && !counts.contains_key(&link) {
            counts.retain(|_, count| now.duration_since(count.began) < ROUND);
            let oldest = counts.iter().min_by_key(|(_, count)| count.began).map(|(&link, _)| link);
            if let Some(oldest) = oldest.filter(|_| counts.len() >= LINKS_MAX) {
                counts.remove(&oldest);
            }
        }
        let count = counts.entry(link).or_insert(Count { began: now, wrong: 0 });
        let left = ROUND.saturating_sub(now.duration_since(count.began));
        if left.is_zero() {
            *count = Count { began: now, wrong: 0 };
        } else if count.wrong >= TRIES_MAX {
            return Err(left);
        }
        count.wrong += 1;
        Ok(())
    }

    /// Takes a try back that was not wrong.
    pub fn forgive(&self, link: i64) {
        if let Some(count) = self.lock().get_mut(&link) {
            count.wrong = count.wrong.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Count>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_waits_after_too_many_wrong_tries() {
        let (tries, now) = (Tries::default(), Instant::now());
        for at in 0..TRIES_MAX {
            assert_eq!(tries.count(1, now), Ok(()), "{at}");
        }
        let later = now + ROUND / 2;
        assert_eq!(tries.count(1, later), Err(ROUND / 2));
        assert_eq!(tries.count(2, later), Ok(()));
        tries.forgive(1);
        assert_eq!(tries.count(1, later), Ok(()));
        assert_eq!(tries.count(1, later), Err(ROUND / 2));
        assert_eq!(tries.count(1, now + ROUND), Ok(()));
    }

    #[test]
    fn counts_do_not_pile_up() {
        let (tries, now) = (Tries::default(), Instant::now());
        for link in 0..LINKS_MAX as i64 + 10 {
            tries.count(link, now + Duration::from_nanos(link as u64)).unwrap();
        }
        let held = || tries.0.lock().unwrap().len();
        assert_eq!(held(), LINKS_MAX);
        tries.count(-1, now + 2 * ROUND).unwrap();
        assert_eq!(held(), 1);
    }
}
