//! Where a clock that is moved stops on its way.

use books::Timestamp;
use books::time::Millis;

/// Stops are on full minutes: what is due within one is done together, in its order.
pub const STEP_S: i64 = 60;

/// The next stop of a clock that stands at `now` on its way to `target`: the full minute at which
/// what is due next has become due, or the target where that comes first. Never back.
pub fn next_stop(now: Millis, target: Millis, next_due: Option<Timestamp>) -> Millis {
    let minute = next_due.map(|due| {
        let minutes = due.0.div_euclid(STEP_S) + i64::from(due.0.rem_euclid(STEP_S) > 0);
        Millis(minutes.saturating_mul(STEP_S * 1000))
    });
    minute.map_or(target, |minute| minute.min(target)).max(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_at_the_full_minute_of_what_is_due_and_never_beyond_the_target() {
        let (now, target) = (Millis(1_000_500), Millis(2_000_250));
        for (due, want, what) in [
            (None, 2_000_250, "nothing is due on the way"),
            (Some(1_001), 1_020_000, "rounded up"),
            (Some(1_020), 1_020_000, "a full minute stays"),
            (Some(1_021), 1_080_000, "the next minute"),
            (Some(1_999), 2_000_250, "the minute lies beyond the target"),
            (Some(2_000), 2_000_250, "due at the target's second"),
            (Some(9_999), 2_000_250, "due after the target"),
            (Some(960), 1_000_500, "due before now"),
            (Some(i64::MAX / 60), 2_000_250, "due at the end of time"),
        ] {
            assert_eq!(next_stop(now, target, due.map(Timestamp)), Millis(want), "{what}");
        }
        assert_eq!(next_stop(target, now, Some(Timestamp(5))), target, "never back");
    }
}
