//! Retries: a request is sent again where that cannot do a thing twice.

use std::time::Duration;

use super::redirect::{Redirects, send_following};
use super::{HttpResponse, Transport};
use crate::clock::Clock;
use crate::error::Error;
use crate::request::HttpRequest;
use crate::timestamp;

/// Seconds that a server may ask to wait; where it asks for more, its answer is passed on.
pub const RETRY_AFTER_S_MAX: u64 = 60;

/// How often and how fast something is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// Tries in all; 1 is none again.
    pub tries_max: u32,
    /// The first wait. It doubles each time, and chance takes up to half of it away.
    pub wait_first: Duration,
    /// No wait is longer, unless a server asks for it.
    pub wait_max: Duration,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries {
            tries_max: 3,
            wait_first: Duration::from_millis(500),
            wait_max: Duration::from_secs(8),
        }
    }
}

impl Retries {
    /// Everything is sent once.
    pub fn none() -> Retries {
        Retries { tries_max: 1, ..Retries::default() }
    }
}

/// Whether a request may be sent twice: it changes nothing, or a key says that it is the same.
pub fn is_repeatable(request: &HttpRequest) -> bool {
    let keyed = request.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("Idempotency-Key") && !value.trim().is_empty()
    });
    keyed || matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// Sends a request, and where [`is_repeatable`] allows it again after 409, 429, 5xx or no answer.
/// Bytes and headers are the same each time. The last answer is the result, whatever it is.
pub fn send_with_retries(
    transport: &dyn Transport,
    request: &HttpRequest,
    redirects: Redirects,
    retries: Retries,
    clock: &Clock,
) -> Result<HttpResponse, Error> {
    let tries = if is_repeatable(request) { retries.tries_max.max(1) } else { 1 };
    let mut tried = 1;
    loop {
        let result = send_following(transport, request, redirects);
        let asked = match &result {
            Ok(answer) if wants_retry(answer) => retry_after(answer, clock),
            Err(Error::Transport(_)) => None,
            _ => return result,
        };
        let too_long = asked.is_some_and(|wait| wait.as_secs() > RETRY_AFTER_S_MAX);
        if tried >= tries || too_long {
            return result;
        }
        let own = backoff(retries, tried, clock.random());
        clock.sleep(asked.map_or(own, |asked| asked.max(own)));
        tried += 1;
    }
}

fn wants_retry(answer: &HttpResponse) -> bool {
    match answer.header("Stripe-Should-Retry").as_deref().map(str::trim) {
        Some("true") => return true,
        Some("false") => return false,
        _ => {}
    }
    // 501 and 505 stay as they are, however often one asks.
    matches!(answer.status, 409 | 429 | 500 | 502 | 503 | 504 | 506..=599)
}

/// What `Retry-After` says: seconds, or a date.
fn retry_after(answer: &HttpResponse, clock: &Clock) -> Option<Duration> {
    let value = answer.header("Retry-After")?;
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date(value)?;
    Some(Duration::from_micros(until.saturating_sub(clock.now_us())))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in microseconds since 1970.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, date) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<&str>>()[..] else {
        return None;
    };
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? / 3 + 1;
    timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

fn backoff(retries: Retries, tried: u32, random: u64) -> Duration {
    let doubled = retries.wait_first.saturating_mul(1 << (tried - 1).min(16));
    let whole = doubled.min(retries.wait_max);
    // Between a half and the whole, so that clients that failed together do not come back together.
    whole.mul_f64(0.5 + (random % 1000) as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        let seconds = http_date("Sun, 06 Nov 1994 08:49:37 GMT").map(|us| us / 1_000_000);
        assert_eq!(seconds, Some(784_111_777));
        for wrong in ["", "Sun, 06 Foo 1994 08:49:37 GMT", "06 Nov 1994", "Sun, 6 anF 1994 x GMT"] {
            assert_eq!(http_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        let retries = Retries::default();
        let table = [(1, 0, 250), (1, 999, 499), (2, 0, 500), (5, 0, 4_000), (60, 0, 4_000)];
        for (tried, random, expected_ms) in table {
            assert_eq!(backoff(retries, tried, random).as_millis(), expected_ms, "try {tried}");
        }
    }
}
