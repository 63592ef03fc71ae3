//! Times as text, RFC 3339.
//!
//! Contexts keep the text that they were given, so that a time goes round unchanged. What is
//! written here has always six digits of a second and `+00:00`, which every agent reads.

const US_PER_S: u64 = 1_000_000;
const S_PER_DAY: u64 = 86_400;
/// The time of things whose time is not known.
pub const UNKNOWN: &str = "1970-01-01T00:00:00+00:00";
/// No time is written longer than this.
const CHARS_MAX: usize = 40;

/// Microseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.ffffff+00:00`.
pub fn format(us: u64) -> String {
    let (seconds, micros) = (us / US_PER_S, us % US_PER_S);
    let (year, month, day) = date_of_day(seconds / S_PER_DAY);
    let second = seconds % S_PER_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// Microseconds since 1970 of an RFC 3339 text; None where it is none, or lies before 1970.
///
/// A time without a zone is taken as UTC, as one of the existing agents writes such times.
pub fn parse(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() > CHARS_MAX || bytes.len() < 19 || !text.is_ascii() {
        return None;
    }
    let separators = [(4, b"-"), (7, b"-"), (10, b"T"), (13, b":"), (16, b":")];
    let separated = separators.iter().all(|(at, wanted)| {
        bytes[*at].to_ascii_uppercase() == wanted[0] || (*at == 10 && bytes[*at] == b' ')
    });
    if !separated {
        return None;
    }
    let (year, month, day) = (number(&text[0..4])?, number(&text[5..7])?, number(&text[8..10])?);
    let (hour, minute) = (number(&text[11..13])?, number(&text[14..16])?);
    let second = number(&text[17..19])?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    if day > days_of_month(year, month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (micros, zone) = fraction(&text[19..])?;
    let local = day_of_date(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second;
    let seconds = i64::try_from(local).ok()? - offset_seconds(zone)?;
    u64::try_from(seconds).ok()?.checked_mul(US_PER_S)?.checked_add(micros)
}

/// Whether a text is a time.
pub fn is_valid(text: &str) -> bool {
    parse(text).is_some()
}

fn number(digits: &str) -> Option<u64> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    if all { digits.parse().ok() } else { None }
}

/// The microseconds of `.123Z`, and the zone behind them.
fn fraction(rest: &str) -> Option<(u64, &str)> {
    let Some(digits) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    let micros = (0..6).fold(0, |sum, at| {
        sum * 10 + digits.as_bytes()[..end].get(at).map_or(0, |digit| u64::from(digit - b'0'))
    });
    Some((micros, &digits[end..]))
}

fn offset_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..6])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(sign * i64::try_from(hours * 3600 + minutes * 60).ok()?)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that a leap day is a year's last.
fn day_of_date(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

fn date_of_day(day: u64) -> (u64, u64, u64) {
    let days = day + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (year * 365 + year / 4 - year / 100);
    let month = (of_year * 5 + 2) / 153;
    let day = of_year - (month * 153 + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        let table: &[(&str, Option<&str>)] = &[
            ("2026-01-04T10:00:00+00:00", Some("2026-01-04T10:00:00.000000+00:00")),
            ("2026-01-04T10:00:00.000Z", Some("2026-01-04T10:00:00.000000+00:00")),
            ("2026-01-04T10:00:01.25Z", Some("2026-01-04T10:00:01.250000+00:00")),
            ("2026-01-04T10:00:01.1234567Z", Some("2026-01-04T10:00:01.123456+00:00")),
            ("2024-02-29T23:59:59+05:30", Some("2024-02-29T18:29:59.000000+00:00")),
            ("2000-02-29t00:00:00z", Some("2000-02-29T00:00:00.000000+00:00")),
            ("2026-01-04 10:00:00", Some("2026-01-04T10:00:00.000000+00:00")),
            ("1970-01-01T00:00:00+00:00", Some("1970-01-01T00:00:00.000000+00:00")),
            ("2100-03-01T00:00:00Z", Some("2100-03-01T00:00:00.000000+00:00")),
            ("1970-01-01T00:00:00+00:01", None),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-04T24:00:00Z", None),
            ("2026-01-04T10:00:00.Z", None),
            ("2026-01-04T10:00:00+0000", None),
            ("2026-01-04", None),
            ("yesterday", None),
            ("", None),
            ("2026-01-04T10:00:0é+00:00", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).map(format).as_deref(), *expected, "{text}");
        }
    }
}
