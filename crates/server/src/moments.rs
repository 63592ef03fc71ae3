//! Spans and moments of time as people write them.

use books::Timestamp;

use crate::api::clock::ADVANCE_S_MAX;

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
const DAY_S: i64 = 24 * HOUR_S;
/// Days from 0000-03-01, where this reckoning of years begins, to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats itself.
const CYCLE_DAYS: i64 = 146_097;

/// Reads a span such as 2d, 90m or 1d12h, in seconds.
pub fn parse_span(text: &str) -> Result<i64, String> {
    let wrong = || format!("'{text}' is no span of time: write one like 2d, 90m or 1d12h");
    let mut seconds = 0i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        let mut letters = rest[digits..].chars();
        let unit = match letters.next() {
            Some('s') => 1,
            Some('m') => MINUTE_S,
            Some('h') => HOUR_S,
            Some('d') => DAY_S,
            Some('w') => 7 * DAY_S,
            _ => return Err(wrong()),
        };
        rest = letters.as_str();
        seconds = count.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or_else(wrong)?;
    }
    match seconds {
        1..=ADVANCE_S_MAX => Ok(seconds),
        0 => Err(wrong()),
        _ => Err(format!("'{text}' is more than {} (ten years)", show_span(ADVANCE_S_MAX))),
    }
}

/// Writes a span in the way that [`parse_span`] reads.
pub fn show_span(seconds: i64) -> String {
    let mut text = String::new();
    let mut rest = seconds;
    for (unit_s, letter) in [(DAY_S, 'd'), (HOUR_S, 'h'), (MINUTE_S, 'm'), (1, 's')] {
        let count = rest / unit_s;
        rest %= unit_s;
        if count != 0 || (unit_s == 1 && text.is_empty()) {
            text.push_str(&format!("{count}{letter}"));
        }
    }
    text
}

/// Reads seconds of Unix time, a date, or a date and time as RFC 3339 has them.
pub fn parse_moment(text: &str) -> Result<Timestamp, String> {
    let read = || {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok();
        }
        match text.split_at_checked(10)? {
            (date, "") => parse_date(date),
            (date, time) => parse_date(date)?.checked_add(parse_time(time)?),
        }
    };
    read().map(Timestamp).ok_or_else(|| {
        format!(
            "'{text}' is no moment: write seconds of Unix time, 2031-01-31, or \
             2031-01-31T09:00:00Z"
        )
    })
}

/// The first second of a date, in UTC.
fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4)?;
    let (month, day) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let days = days_from_date(year, month, day);
    let exists = (1..=12).contains(&month) && date_from_days(days) == (year, month, day);
    (parts.next().is_none() && exists).then_some(days * DAY_S)
}

/// Seconds that `T09:00:00Z`, or with another offset, comes after the start of its date in UTC.
fn parse_time(text: &str) -> Option<i64> {
    let clock = text.strip_prefix(['T', 't', ' '])?;
    let (clock, zone) = clock.split_at_checked(8)?;
    let mut parts = clock.split(':');
    let mut part = |below: i64| parts.next().and_then(|t| number(t, 2)).filter(|n| *n < below);
    let seconds = part(24)? * HOUR_S + part(60)? * MINUTE_S + part(60)?;
    let zone = match zone.strip_prefix('.') {
        // The clock of the sandbox is moved to full seconds.
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
            Some(zone).filter(|zone| zone.len() < fraction.len())?
        }
        None => zone,
    };
    if matches!(zone, "Z" | "z") {
        return Some(seconds);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let hours = number(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    Some(seconds - sign * (hours * HOUR_S + minutes * MINUTE_S))
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Writes a moment as RFC 3339 has it, in UTC.
pub fn show_moment(at: Timestamp) -> String {
    let (year, month, day) = date_from_days(at.0.div_euclid(DAY_S));
    let second = at.0.rem_euclid(DAY_S);
    let (hour, minute) = (second / HOUR_S, second % HOUR_S / MINUTE_S);
    let second = second % MINUTE_S;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days from 1970-01-01 to a date. Years are counted from March, so that a leap day is the last
/// day of its year.
fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    cycle * CYCLE_DAYS + year * 365 + year / 4 - year / 100 + day_of_year - EPOCH_DAYS
}

/// The year, month and day so many days after 1970-01-01.
fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (cycle, day) = (days.div_euclid(CYCLE_DAYS), days.rem_euclid(CYCLE_DAYS));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (year, month + 3),
        _ => (year + 1, month - 9),
    };
    (cycle * 400 + year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown() {
        for (text, want) in [
            ("2d", Some(172_800)),
            ("1d12h", Some(129_600)),
            ("90m", Some(5_400)),
            ("1w", Some(604_800)),
            ("1h1m1s", Some(3_661)),
            ("45s", Some(45)),
            ("3650d", Some(ADVANCE_S_MAX)),
            ("3650d1s", None),
            ("", None),
            ("0d", None),
            ("2", None),
            ("d", None),
            ("-2d", None),
            ("2 d", None),
            ("2y", None),
            ("2d3", None),
            ("2ü", None),
            ("99999999999999999999s", None),
            ("9223372036854775807w", None),
        ] {
            assert_eq!(parse_span(text).ok(), want, "{text}");
        }
        for (seconds, want) in
            [(0, "0s"), (61, "1m1s"), (129_600, "1d12h"), (604_800, "7d"), (3_600, "1h")]
        {
            assert_eq!(show_span(seconds), want);
        }
    }

    #[test]
    fn moments_are_read() {
        for (text, want) in [
            ("0", Some(0)),
            ("1924905600", Some(1_924_905_600)),
            ("1970-01-01", Some(0)),
            ("2031-01-31", Some(1_927_584_000)),
            ("2028-02-29", Some(1_835_395_200)),
            ("2031-01-31T09:00:00Z", Some(1_927_616_400)),
            ("2031-01-31 09:00:00.25z", Some(1_927_616_400)),
            ("2031-01-31T10:30:00+01:30", Some(1_927_616_400)),
            ("2031-01-30T23:00:00-10:00", Some(1_927_616_400)),
            ("2031-01-31T09:00:00", None),
            ("2031-01-31T09:00Z", None),
            ("2031-01-31T24:00:00Z", None),
            ("2031-01-31T09:00:00.Z", None),
            ("2031-01-31T09:00:00+0130", None),
            ("2031-02-29", None),
            ("2031-13-01", None),
            ("2031-00-01", None),
            ("2031-1-31", None),
            ("31-01-2031", None),
            ("tomorrow", None),
            ("übermorgen", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(parse_moment(text).ok(), want.map(Timestamp), "{text}");
        }
    }

    #[test]
    fn every_day_comes_back() {
        for days in -800_000..800_000 {
            let (year, month, day) = date_from_days(days);
            assert_eq!(days_from_date(year, month, day), days, "{year}-{month}-{day}");
        }
        assert_eq!(show_moment(Timestamp(951_827_696)), "2000-02-29T12:34:56Z");
        assert_eq!(show_moment(Timestamp(4_107_542_400)), "2100-03-01T00:00:00Z");
    }
}
