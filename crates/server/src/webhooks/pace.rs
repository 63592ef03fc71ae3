//! How fast deliveries begin: as fast as they can, unless the lane is behind with its writes.
//! Money comes first: then all endpoints together begin [`BUSY_STARTS_PER_S`] a second.
//!
//! Each task reserves its next start, in the order in which they ask, so an endpoint with many
//! events takes no turns from the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store::lane::BatchReport;
use tokio::time::Instant;

/// Deliveries that begin in a second while the lane is behind, at most.
pub const BUSY_STARTS_PER_S: u32 = 2_500;
/// The lane is behind where more commands than this waited for it to take them, or still wait.
/// What is reported of deliveries is one command at a time, so it never makes the lane behind.
pub const BEHIND_ABOVE: usize = 4;
/// How late a start that was reserved may be without being lost, so that timers which are a
/// little late do not slow anything down.
const LATE_MAX: Duration = Duration::from_millis(10);

/// Shared by the lane, which says whether it is behind, and by all who deliver.
#[derive(Clone, Default)]
pub struct Pace(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_behind: AtomicBool,
    /// The first start that nobody has reserved.
    free: Mutex<Option<Instant>>,
}

impl Pace {
    /// A batch was committed. Costs next to nothing and never waits.
    pub fn batch(&self, batch: &BatchReport) {
        let is_behind = batch.jobs.max(batch.waiting) > BEHIND_ABOVE;
        self.0.is_behind.store(is_behind, Ordering::Relaxed);
    }

    /// Whether writes wait, so that starts have to be reserved.
    pub fn is_behind(&self) -> bool {
        self.0.is_behind.load(Ordering::Relaxed)
    }

    /// Reserves the next start.
    pub fn reserve(&self, now: Instant) -> Instant {
        let mut free = self.0.free.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let earliest = now.checked_sub(LATE_MAX).unwrap_or(now);
        let start = free.map_or(now, |free| free.max(earliest));
        *free = Some(start + Duration::from_secs(1) / BUSY_STARTS_PER_S);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lane_is_behind_while_many_wait() {
        let pace = Pace::default();
        assert!(!pace.is_behind());
        let few = BEHIND_ABOVE;
        for (jobs, waiting, want) in
            [(few, few, false), (1, few + 1, true), (1, 0, false), (few + 1, 0, true)]
        {
            let (work, commit) = Default::default();
            pace.batch(&BatchReport { jobs, waiting, work, commit, failed: false });
            assert_eq!(pace.is_behind(), want, "{jobs} {waiting}");
        }
    }

    #[test]
    fn a_second_has_so_many_starts() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..BUSY_STARTS_PER_S {
            pace.reserve(now);
        }
        assert_eq!(pace.reserve(now), now + Duration::from_secs(1));
        // Who comes a little late loses nothing, and who rests for long saves nothing up.
        let later = now + Duration::from_secs(60);
        let at_once = (0..BUSY_STARTS_PER_S).map(|_| pace.reserve(later));
        let most = LATE_MAX.as_micros() as usize * BUSY_STARTS_PER_S as usize / 1_000_000 + 1;
        assert_eq!(at_once.filter(|start| *start <= later).count(), most);
    }
}
