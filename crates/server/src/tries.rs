//! Slows down whoever guesses: so many wrong tries for a subject in a while, such as a name, an
//! address or a link; then nothing is even looked at until the while is over.
//!
//! Each try counts before it is judged, so that many at once count too; one that was right is taken
//! back. Bound: [`SUBJECTS_MAX`] subjects, of which the oldest are forgotten first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// Wrong tries for a subject in [`WINDOW`], at most.
pub const TRIES_MAX: u32 = 10;
/// How long they count, from the first.
pub const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Subjects that are remembered, at most.
pub const SUBJECTS_MAX: usize = 10_000;

/// Who tried, and how often. Moments are spans since one that the caller chooses.
pub struct Tries<S>(Mutex<HashMap<S, Count>>);

#[derive(Clone, Copy)]
struct Count {
    since: Duration,
    wrong: u32,
}

impl Count {
    fn left(&self, now: Duration) -> Duration {
        (self.since + WINDOW).saturating_sub(now)
    }
}

impl<S> Default for Tries<S> {
    fn default() -> Tries<S> {
        Tries(Mutex::default())
    }
}

impl<S: Clone + Eq + Hash> Tries<S> {
    /// Counts a try as a wrong one; if there were too many, gives how long it is until the next.
    pub fn count(&self, subjects: &[S], now: Duration) -> Result<(), Duration> {
        let mut known = self.lock();
        let left = |subject: &S| {
            let count = known.get(subject).filter(|count| count.wrong >= TRIES_MAX)?;
            Some(count.left(now)).filter(|left| !left.is_zero())
        };
        if let Some(left) = subjects.iter().filter_map(left).max() {
            return Err(left);
        }
        for subject in subjects {
            if known.len() >= SUBJECTS_MAX && !known.contains_key(subject) {
                make_room(&mut known, now);
            }
            let fresh = Count { since: now, wrong: 0 };
            let count = known.entry(subject.clone()).or_insert(fresh);
            if count.left(now).is_zero() {
                *count = fresh;
            }
            count.wrong += 1;
        }
        Ok(())
    }

    /// Takes a try back that was right.
    pub fn forgive(&self, subjects: &[S]) {
        let mut known = self.lock();
        for subject in subjects {
            if let Some(count) = known.get_mut(subject) {
                count.wrong = count.wrong.saturating_sub(1);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<S, Count>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Forgets what counts no more, and the oldest where that is not enough.
fn make_room<S: Clone + Eq + Hash>(known: &mut HashMap<S, Count>, now: Duration) {
    known.retain(|_, count| !count.left(now).is_zero());
    if known.len() >= SUBJECTS_MAX {
        let oldest = known.iter().min_by_key(|(_, count)| count.since);
        let oldest = oldest.map(|(subject, _)| subject.clone());
        oldest.and_then(|subject| known.remove(&subject));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn too_many_tries_wait_until_the_while_is_over() {
        let tries = Tries::default();
        for second in 0..TRIES_MAX {
            assert_eq!(tries.count(&["ada"], NOW + second * SECOND), Ok(()));
        }
        let later = NOW + 100 * SECOND;
        assert_eq!(tries.count(&["ada"], later), Err(WINDOW - 100 * SECOND));
        assert_eq!(tries.count(&["bob"], later), Ok(()));
        let both = ["bob", "ada"];
        assert_eq!(tries.count(&both, NOW + WINDOW - SECOND), Err(SECOND));
        assert_eq!(tries.count(&both, NOW + WINDOW), Ok(()));
    }

    #[test]
    fn a_try_that_is_taken_back_makes_room_for_one() {
        let tries = Tries::default();
        for at in 0..TRIES_MAX {
            assert_eq!(tries.count(&[1], NOW), Ok(()), "{at}");
        }
        let later = NOW + WINDOW / 2;
        assert_eq!(tries.count(&[1], later), Err(WINDOW / 2));
        assert_eq!(tries.count(&[2], later), Ok(()));
        tries.forgive(&[1]);
        assert_eq!(tries.count(&[1], later), Ok(()));
        assert_eq!(tries.count(&[1], later), Err(WINDOW / 2));
        assert_eq!(tries.count(&[1], NOW + WINDOW), Ok(()));
    }

    #[test]
    fn right_ones_are_taken_back() {
        let tries = Tries::default();
        for _ in 0..3 * TRIES_MAX {
            assert_eq!(tries.count(&["ada"], NOW), Ok(()));
            tries.forgive(&["ada"]);
        }
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let tries = Tries::default();
        for _ in 0..TRIES_MAX {
            tries.count(&[usize::MAX], NOW).unwrap();
        }
        for at in 0..SUBJECTS_MAX + 10 {
            tries.count(&[at], NOW + SECOND).unwrap();
        }
        let held = || tries.0.lock().unwrap().len();
        assert_eq!(held(), SUBJECTS_MAX);
        tries.count(&[usize::MAX - 1], NOW + 2 * WINDOW).unwrap();
        assert_eq!(held(), 1);
    }
}
