//! Whoever events are forwarded to.

use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::Uri;

use crate::cli::server::CONNECT_TIMEOUT;
use crate::clock::Clock;
use crate::webhooks::USER_AGENT;
use crate::webhooks::signature::sign;

/// How long a receiver may take for its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// What events are sent as.
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// A receiver at a URL.
pub struct Receiver {
    agent: Agent,
    url: String,
    path: String,
    secret: String,
    clock: Clock,
}

/// What became of forwarding an event.
pub struct Forwarded {
    /// The status of the answer, or why there was none.
    pub answer: Result<u16, String>,
    /// How long it took.
    pub took: Duration,
}

impl Forwarded {
    /// Whether the receiver took it.
    pub fn succeeded(&self) -> bool {
        self.answer.as_ref().is_ok_and(|status| (200..300).contains(status))
    }
}

impl Receiver {
    /// The receiver at a URL, which may lack its scheme.
    pub fn new(url: &str, secret: &str, clock: Clock) -> Result<Receiver, String> {
        let whole = match url.contains("://") {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let wrong = || format!("'{url}' is no address such as http://127.0.0.1:3000/hook");
        let uri: Uri = whole.parse().map_err(|_| wrong())?;
        if uri.scheme_str() != Some("http") {
            return Err(format!("'{url}' does not begin with http://; this command speaks no TLS"));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong());
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(ANSWER_TIMEOUT))
            .proxy(None);
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let (agent, secret) = (config.build().into(), secret.to_owned());
        Ok(Receiver { agent, url: whole, path, secret, clock })
    }

    /// The path of its URL.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Forwards an event, exactly as it came.
    pub fn forward(&self, event: &str) -> Forwarded {
        let secrets = std::iter::once(self.secret.clone());
        let signature = sign(secrets, self.clock.now().seconds(), event.as_bytes());
        let began = Instant::now();
        let sent = self
            .agent
            .post(&self.url)
            .header("Content-Type", CONTENT_TYPE)
            .header("User-Agent", USER_AGENT)
            .header("Stripe-Signature", signature)
            .send(event);
        let answer = sent.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string());
        Forwarded { answer, took: began.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_have_addresses() {
        let check = |url: &str| {
            let clock = Clock::new(|| books::time::Millis(0));
            Receiver::new(url, "whsec_", clock).map(|receiver| receiver.url + " " + &receiver.path)
        };
        for (url, want) in [
            ("http://127.0.0.1:3000/hook?a=b", "http://127.0.0.1:3000/hook?a=b /hook?a=b"),
            ("http://localhost:3000", "http://localhost:3000 /"),
            ("localhost:3000/hook", "http://localhost:3000/hook /hook"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000 /"),
        ] {
            assert_eq!(check(url).as_deref(), Ok(want), "{url}");
        }
        for url in ["https://example.com", "ftp://example.com", "", "http://", "a b", "/hook"] {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
