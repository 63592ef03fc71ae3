//! Moments as a scenario writes them: `<now>`, and others by how far they are from it.
//!
//! A test takes seconds, so a moment says when it happened only roughly: what is less than ten
//! minutes from now is `<now>`, and what is less than ten minutes from a full number of hours from
//! now is `<now+2d>` or `<now-1d3h>`. Midnights are `<today+3d>`, and anything else is written to
//! the minute. Now is what the server's clock says, also after it was moved.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

const WITHIN_S: i64 = 600;
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;

/// A number in a sentence is a moment if it is no further from now.
const TEXT_WITHIN_S: u64 = 3 * 24 * 60 * 60;

/// Numbers in members that end like this are moments, however far they are from now.
const ENDINGS: &[&str] = &["_at", "_on", "_date"];
const MEMBERS: &[&str] = &[
    "capture_before",
    "created",
    "date",
    "end",
    "now",
    "oldest",
    "period_end",
    "period_start",
    "since",
    "start",
];

/// Follows the server's clock, which may have been moved ahead of the real one.
#[derive(Default)]
pub struct Moments {
    ahead_s: i64,
}

impl Moments {
    pub fn now_s(&self) -> i64 {
        real_now_s() + self.ahead_s
    }

    /// Takes over what the server's clock says now.
    pub fn follow(&mut self, server_now_s: i64) {
        self.ahead_s = server_now_s - real_now_s();
    }

    /// The moment as a scenario writes it; nothing if the number is none. Any number that is close
    /// to now is one.
    pub fn name(&self, member: &str, value: &Value) -> Option<String> {
        let (at_s, now_s) = (value.as_i64()?, self.now_s());
        if member == "day" {
            // A midnight, also when it is just now.
            return Some(day(at_s, now_s));
        }
        let of_time = MEMBERS.contains(&member) || ENDINGS.iter().any(|e| member.ends_with(e));
        (of_time || close(at_s, now_s)).then(|| relative(at_s, now_s))
    }

    /// The same for a word of a sentence, if it is a number that is close to these days.
    pub fn name_in_text(&self, word: &str) -> Option<String> {
        let at_s = word.parse::<i64>().ok()?;
        let is_near = at_s.abs_diff(self.now_s()) < TEXT_WITHIN_S;
        is_near.then(|| relative(at_s, self.now_s()))
    }
}

fn real_now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    since.as_secs().try_into().expect("before the sun burns out")
}

fn close(at_s: i64, to_s: i64) -> bool {
    at_s.abs_diff(to_s) < WITHIN_S.unsigned_abs()
}

fn relative(at_s: i64, now_s: i64) -> String {
    if close(at_s, now_s) {
        return "<now>".to_owned();
    }
    let away_s = at_s - now_s;
    // At midnight itself, whole days from now are also midnights.
    if at_s % DAY_S == 0 && !close(rounded(away_s, DAY_S), away_s) {
        return day(at_s, now_s);
    }
    let (hours, minutes) = (rounded(away_s, HOUR_S), rounded(away_s, MINUTE_S));
    let away_s = if close(hours, away_s) { hours } else { minutes };
    let sign = if away_s < 0 { '-' } else { '+' };
    let size = away_s.abs();
    let parts =
        [(size / DAY_S, 'd'), (size % DAY_S / HOUR_S, 'h'), (size % HOUR_S / MINUTE_S, 'm')];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let span: String = parts.map(|(count, unit)| format!("{count}{unit}")).collect();
    format!("<now{sign}{span}>")
}

fn day(at_s: i64, now_s: i64) -> String {
    let days = at_s.div_euclid(DAY_S) - now_s.div_euclid(DAY_S);
    if days == 0 { "<today>".to_owned() } else { format!("<today{days:+}d>") }
}

fn rounded(span_s: i64, unit_s: i64) -> i64 {
    (span_s + unit_s / 2).div_euclid(unit_s) * unit_s
}

#[test]
fn moments_are_told_by_their_distance() {
    const NOON: i64 = 1_900_065_600;
    let check = |away_s: i64, wanted: &str| {
        assert_eq!(relative(NOON + away_s, NOON), wanted, "{away_s} seconds from noon");
    };
    assert_eq!(NOON % DAY_S, DAY_S / 2);
    check(0, "<now>");
    check(599, "<now>");
    check(-599, "<now>");
    check(2 * DAY_S - 3, "<now+2d>");
    check(-2 * DAY_S - 60, "<now-2d>");
    check(27 * HOUR_S + 599, "<now+1d3h>");
    check(-45 * DAY_S, "<now-45d>");
    check(90 * MINUTE_S, "<now+1h30m>");
    check(-90 * MINUTE_S, "<now-1h30m>");
    check(12 * HOUR_S, "<today+1d>");
    check(-12 * HOUR_S, "<today>");
    check(-36 * HOUR_S, "<today-1d>");
    let midnight = NOON + DAY_S / 2;
    assert_eq!(relative(midnight - 2 * DAY_S, midnight + 3), "<now-2d>");
    assert_eq!(relative(midnight + DAY_S, midnight + 12 * HOUR_S), "<today+1d>");
}
