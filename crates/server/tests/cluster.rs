//! Several servers on one PostgreSQL: whichever of them is asked, and whatever becomes of one of
//! them or of the database, what was acknowledged is there, once.
//!
//! All of it goes through real processes and real HTTP. Waits are polls that say what they wait
//! for; how long something took is printed.

#[path = "ledger_over_http/conservation.rs"]
#[allow(dead_code, reason = "not all of what it reads is needed here")]
mod conservation;
#[path = "cluster/failover.rs"]
mod failover;
#[path = "cluster/far.rs"]
mod far;
#[path = "cluster/fleet.rs"]
mod fleet;
#[path = "cluster/killed.rs"]
mod killed;
#[path = "cluster/load.rs"]
mod load;
#[path = "cluster/outage.rs"]
mod outage;
#[path = "cluster/paused.rs"]
mod paused;
#[path = "webhooks/receiver.rs"]
#[allow(dead_code, reason = "receivers do more elsewhere")]
mod receiver;
#[path = "cluster/same_key.rs"]
mod same_key;
#[path = "event_stream/stream.rs"]
#[allow(dead_code, reason = "streams are refused elsewhere")]
mod stream;
mod support;
#[path = "cluster/telling.rs"]
mod telling;
#[path = "cluster/timers.rs"]
mod timers;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};

/// How long a test waits for what is sure to come. Far more than it takes.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long a lease lasts that nobody renews, and what may come on top until another server does
/// what the holder did: looks every second, and a machine that is busy with other tests.
const TAKEOVER_MAX: Duration = Duration::from_secs(5 + 10);
const KEY: &str = "sk_test_cluster";

/// A client of one server, with a key.
#[derive(Clone)]
struct Api {
    client: Client,
    base: String,
    key: String,
}

impl Api {
    fn at(base: &str) -> Api {
        Api { client: Client::new(base), base: base.to_owned(), key: KEY.to_owned() }
    }

    fn with_timeout(self, timeout: Duration) -> Api {
        Api { client: Client::with_timeout(&self.base, timeout), ..self }
    }

    fn send(&self, request: Request) -> Result<Answer, String> {
        self.client.send(&request.header("Authorization", &format!("Bearer {}", self.key)))
    }

    /// Posts with an idempotency key.
    fn post(&self, path: &str, params: &Params, key: &str) -> Result<Answer, String> {
        self.send(Request::new("POST", path, params).header("Idempotency-Key", key))
    }

    /// A request that has to succeed.
    fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.send(Request::new(method, path, &pairs(params)));
        let answer = answer.expect("the server runs");
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json().unwrap_or_else(|why| panic!("{why}"))
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &[])
    }

    fn customer(&self) -> String {
        text(&self.ask("POST", "/v1/customers", &[]), "id")
    }

    fn fund(&self, customer: &str, amount: i64) -> Value {
        let amount = amount.to_string();
        self.ask("POST", &funding(customer), &[("amount", &amount), ("currency", "usd")])
    }

    fn now(&self) -> i64 {
        self.get(CLOCK)["now"].as_i64().expect("a moment")
    }

    /// The ids of all events so far, the oldest first.
    fn events(&self) -> Vec<String> {
        let events = conservation::all(&|path| self.get(path), "/v1/events");
        events.iter().rev().map(|event| text(event, "id")).collect()
    }
}

const CLOCK: &str = "/purser/v1/clock";

type Params = [(String, String)];

fn funding(customer: &str) -> String {
    format!("/v1/test_helpers/customers/{customer}/fund_cash_balance")
}

fn pairs(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// Waits until `what` comes true; gives how long that took.
#[track_caller]
fn eventually(name: &str, what: impl FnMut() -> bool) -> Duration {
    within(DEADLINE, name, what)
}

/// The same with less patience.
#[track_caller]
fn within(limit: Duration, name: &str, mut what: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {name}");
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}
