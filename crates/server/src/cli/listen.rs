//! `purser listen`: shows events as they happen, and forwards them to a receiver that is being
//! written.
//!
//! Events come from the server's stream, one after the other, and the next one waits until this
//! one is forwarded: a slow receiver loses nothing. When the server goes away, listening goes on
//! after the last event as soon as it is back. The signing secret follows from the key, so that it
//! stays the same from one day to the next.

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use books::event::EventKind;
use books::id::random_text;
use clap::Args;
use sha2::{Digest, Sha256};

use super::Done;
use super::server::{Address, Server};
use crate::api::events::TYPES_MAX;
use crate::clock::Clock;

mod receiver;
mod screen;
mod stream;

use receiver::Receiver;
use screen::Screen;
use stream::{End, Events, Piece};

/// How long the first attempt to reach the server again waits; each further one waits twice as
/// long as the one before.
const RETRY_MIN: Duration = Duration::from_millis(100);
/// How long an attempt to reach the server again waits at most.
const RETRY_MAX: Duration = Duration::from_secs(2);
/// What keeps signing secrets apart from everything else that is made from a key.
const SECRET_LABEL: &str = "purser listen signing secret";
/// Characters of a signing secret after its prefix.
const SECRET_CHARS: usize = 32;

/// What `purser listen` takes.
#[derive(Args)]
pub struct Listen {
    /// Where to forward events to, such as http://127.0.0.1:3000/hook. Without it they are only
    /// shown.
    #[arg(long, value_name = "URL")]
    forward_to: Option<String>,
    /// Only events of these types, with commas between them. A star stands for any ending:
    /// payment_intent.*,refund.created
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    events: Vec<String>,
    #[command(flatten)]
    address: Address,
    /// Print one line of JSON for each event; everything else goes to standard error.
    #[arg(long)]
    json: bool,
    /// Print the whole content of each event below its line.
    #[arg(long, conflicts_with = "json")]
    print: bool,
}

impl Listen {
    /// Listens until it is interrupted.
    pub fn run(&self, clock: Clock) -> Done {
        let server = Server::new(&self.address)?;
        let types = check_types(&self.events)?;
        let secret = secret(&self.address.key);
        let receiver = self.forward_to.as_deref();
        let receiver = receiver.map(|url| Receiver::new(url, &secret, clock)).transpose()?;
        let screen = Screen::new(self.json, self.print);
        let mut post = Post { server, types, receiver, screen, last: None };
        match post.listen(&secret) {
            // Nobody reads on: there is nobody left to show anything to.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            Err(error) => Err(error.to_string()),
            Ok(never) => match never {},
        }
    }
}

/// Events on their way.
struct Post {
    server: Server,
    /// The types of events that are wanted; none for all.
    types: Vec<String>,
    receiver: Option<Receiver>,
    screen: Screen,
    /// The last event that was shown and forwarded, or the newest when listening began. None
    /// while nothing has happened at all.
    last: Option<String>,
}

impl Post {
    /// Shows and forwards events for ever.
    fn listen(&mut self, secret: &str) -> io::Result<Infallible> {
        self.last = stream::newest(&self.server).map_err(io::Error::other)?;
        let mut events = self.open().map_err(io::Error::other)?;
        self.screen.tell(&format!("Ready: signing secret {secret}"));
        loop {
            let end = loop {
                match events.next() {
                    Ok(piece) => self.pass_on(piece)?,
                    Err(end) => break end,
                }
            };
            self.screen.warn(&format!("The stream ended ({end}): connecting again."));
            events = self.reopen()?;
            self.screen.tell("Connected again.");
        }
    }

    fn pass_on(&mut self, piece: Piece) -> io::Result<()> {
        if let Some(data) = &piece.data {
            let forwarded = self.receiver.as_ref().map(|receiver| receiver.forward(data));
            self.screen.show(data, self.receiver.as_ref().zip(forwarded.as_ref()))?;
        }
        self.last = piece.id.or(self.last.take());
        Ok(())
    }

    fn open(&self) -> Result<Events, End> {
        stream::open(&self.server, &self.types, self.last.as_deref())
    }

    /// Opens the stream again, after the last event, however long that takes.
    fn reopen(&mut self) -> io::Result<Events> {
        let mut wait = RETRY_MIN;
        loop {
            sleep(wait);
            wait = (wait * 2).min(RETRY_MAX);
            match self.open() {
                // A stream cannot go on after no event. So the oldest of those that happened
                // meanwhile comes first, and the stream goes on after that.
                Ok(events) if self.last.is_none() => {
                    match stream::oldest(&self.server, &self.types) {
                        Ok(Some(first)) => self.pass_on(first)?,
                        Ok(None) => return Ok(events),
                        Err(_) => {}
                    }
                }
                Ok(events) => return Ok(events),
                // Another database: it does not know that event, and has others.
                Err(End::Refused(404, _)) => {
                    self.screen.warn(
                        "The server does not know the last event any more: going on with its \
                         newest.",
                    );
                    if let Ok(newest) = stream::newest(&self.server) {
                        self.last = newest;
                    }
                }
                Err(end) if !end.may_pass() => return Err(io::Error::other(end)),
                Err(_) => {}
            }
        }
    }
}

/// The secret that signs what is forwarded with a key.
fn secret(key: &str) -> String {
    let hash = Sha256::new().chain_update(SECRET_LABEL).chain_update([0]).chain_update(key);
    format!("whsec_{}", random_text(&hash.finalize(), SECRET_CHARS))
}

/// Types that no event has are mistakes in writing.
fn check_types(types: &[String]) -> Result<Vec<String>, String> {
    let types: Vec<String> = types.iter().map(|name| name.trim().to_owned()).collect();
    if types.len() > TYPES_MAX {
        return Err(format!("--events takes up to {TYPES_MAX} types (types_max)"));
    }
    let exists = |name: &str| {
        EventKind::ALL.iter().any(|kind| match name.split_once('*') {
            Some((start, "")) => kind.as_str().starts_with(start),
            Some(_) => false,
            None => kind.as_str() == name,
        })
    };
    match types.iter().find(|name| !exists(name)) {
        Some(name) => {
            Err(format!("'{name}' is no type of events; `purser trigger --list` prints all"))
        }
        None => Ok(types),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A receiver keeps the secret in its settings, so it must never change.
    #[test]
    fn a_key_has_one_secret() {
        let secrets = ["sk_test_purser", "sk_test_other"].map(secret);
        assert_eq!(
            secrets,
            ["whsec_vUGQTevQz8PtIndcr3azDPNvcbeKDGqC", "whsec_rPGFC9nsmLKBYTvg4ZxZTdaxv8Bz5uX9",]
        );
    }

    #[test]
    fn types_exist() {
        let check = |text: &str| {
            let names: Vec<String> = text.split(',').map(String::from).collect();
            check_types(&names).is_ok()
        };
        for good in ["*", "payment_intent.*", "refund.created", "payment_*,refund.failed, payout.*"]
        {
            assert!(check(good), "{good}");
        }
        for bad in ["", "refund", "refund.create", "refund.*d", "refund.created,", "dispute.*"] {
            assert!(!check(bad), "{bad}");
        }
        assert!(check(&["refund.created"; TYPES_MAX].join(",")));
        assert!(!check(&["refund.created"; TYPES_MAX + 1].join(",")));
    }
}
