//! When an endpoint is given up: the attempts for an event have run out, and nothing at all got
//! through since the first of them.

use books::Timestamp;
use books::command::Attempted;
use books::time::Millis;
use books::webhook::Attempt;

/// Attempts that are looked back on, at most.
pub const LOOK_BACK_MAX: usize = 1000;

/// Whether an attempt failed and no other follows from it.
pub fn has_run_out(made: &Attempted, livemode: bool, now: Timestamp) -> bool {
    let is_by_itself = made.turn.is_some();
    is_by_itself && !made.attempt.succeeded() && made.retry_at(livemode, now).is_none()
}

/// What is known of an endpoint's past.
pub struct Past<'a> {
    /// Since when its successes are noted in memory.
    pub noted_since: Millis,
    /// The last of them.
    pub success: Option<Millis>,
    /// Its newest attempts, the newest first, at most [`LOOK_BACK_MAX`].
    pub newest: &'a [Attempt],
}

impl Past<'_> {
    /// Whether it is certain that nothing got through since a moment. Where too much happened
    /// since then to look back on, and the server was restarted, something may have.
    pub fn is_silent_since(&self, moment: Millis) -> bool {
        let heard = |at: Millis| at >= moment;
        if self.success.is_some_and(heard) {
            return false;
        }
        if self.newest.iter().any(|attempt| attempt.succeeded() && heard(attempt.at)) {
            return false;
        }
        self.noted_since <= moment
            || self.newest.len() < LOOK_BACK_MAX
            || self.newest.last().is_some_and(|oldest| oldest.at < moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use books::Number;

    fn attempt(at: i64, status: u16) -> Attempt {
        Attempt {
            event: Number(1),
            attempt: 4,
            at: Millis(at),
            latency_ms: 1,
            status: Some(status),
            answer: String::new(),
            by_hand: false,
        }
    }

    #[test]
    fn the_last_attempt_is_told_from_others() {
        for (turn, status, livemode, want) in [
            (Some(4), 500, false, true),
            (Some(4), 302, false, true),
            (Some(4), 204, false, false),
            (Some(4), 500, true, false),
            (Some(3), 500, false, false),
            (None, 500, false, false),
        ] {
            let made = Attempted { attempt: attempt(0, status), turn };
            assert_eq!(has_run_out(&made, livemode, Timestamp(0)), want, "{made:?}");
        }
    }

    #[test]
    fn silence_is_certain_or_it_is_none() {
        let silent = |noted_since: i64, success: Option<i64>, newest: &[Attempt]| {
            let success = success.map(Millis);
            Past { noted_since: Millis(noted_since), success, newest }.is_silent_since(Millis(100))
        };
        let failures = |count: usize, oldest: i64| {
            let mut all = vec![attempt(900, 500); count];
            all.push(attempt(oldest, 500));
            all
        };
        assert!(silent(50, None, &[]));
        assert!(silent(50, Some(99), &failures(10, 120)));
        assert!(!silent(50, Some(100), &failures(10, 120)));
        assert!(silent(500, None, &failures(10, 120)), "all attempts are looked back on");
        assert!(silent(500, None, &[attempt(900, 500), attempt(99, 200)]));
        assert!(!silent(500, None, &[attempt(900, 500), attempt(100, 200)]));
        assert!(!silent(500, None, &failures(LOOK_BACK_MAX - 1, 120)), "there may be more");
        assert!(silent(500, None, &failures(LOOK_BACK_MAX - 1, 99)));
        assert!(silent(50, None, &failures(LOOK_BACK_MAX - 1, 120)));
    }
}
