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

/// Days of 400 years, after which the calendar repeats.
const CYCLE_DAYS: i64 = 146_097;

impl Timestamp {
    /// The year and the month of this moment, UTC.
    pub fn year_and_month(self) -> (i64, i64) {
        // Years are counted from March of the year 0, so that a leap day is the last of its year.
        let days = self.0.div_euclid(24 * 60 * 60) + 719_468;
        let (cycle, day) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        match (5 * day + 2) / 153 {
            month @ 0..=9 => (cycle * 400 + year, month + 3),
            month => (cycle * 400 + year + 1, month - 9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (at, want) in [
            (0, (1970, 1)),
            (-1, (1969, 12)),
            (951_782_399, (2000, 2)),
            (951_868_799, (2000, 2)),
            (951_868_800, (2000, 3)),
            (1_735_689_599, (2024, 12)),
            (1_735_689_600, (2025, 1)),
            (2_051_254_805, (2035, 1)),
        ] {
            assert_eq!(Timestamp(at).year_and_month(), want, "{at}");
        }
    }
}
