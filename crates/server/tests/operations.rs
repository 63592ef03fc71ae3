//! Running Purser: starting and stopping it, watching it, keys, copies, and bad days.

#[path = "operations/audits.rs"]
mod audits;
#[path = "operations/disk_full.rs"]
mod disk_full;
#[path = "operations/keys.rs"]
mod keys;
#[path = "operations/refusals.rs"]
mod refusals;
#[path = "operations/stopping.rs"]
mod stopping;
mod support;
#[path = "operations/watching.rs"]
mod watching;

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);

/// A client with a key.
#[derive(Clone)]
struct Api {
    client: Client,
    key: String,
}

impl Api {
    fn new(server: &Server) -> Api {
        Api::with_key(server, "sk_test_operations")
    }

    fn with_key(server: &Server, key: &str) -> Api {
        let client = Client::new(server.base().expect("it runs"));
        Api { client, key: key.to_owned() }
    }

    fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        self.send(Request::new(method, path, &owned(params)))
    }

    /// Posts with an idempotency key.
    fn post(&self, path: &str, params: &[(&str, &str)], key: &str) -> Answer {
        self.send(Request::new("POST", path, &owned(params)).header("Idempotency-Key", key))
    }

    fn send(&self, request: Request) -> Answer {
        let request = request.header("Authorization", &format!("Bearer {}", self.key));
        self.client.send(&request).expect("the server runs")
    }

    fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[])
    }

    fn customer(&self) -> String {
        let made = self.call("POST", "/v1/customers", &[]);
        assert_eq!(made.status, 200, "{}", made.body);
        json(&made)["id"].as_str().expect("an id").to_owned()
    }

    fn fund(&self, customer: &str, amount: i64, key: &str) -> Answer {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.post(&path, &[("amount", &amount.to_string()), ("currency", "usd")], key)
    }

    fn available(&self, customer: &str) -> i64 {
        let answer = self.get(&format!("/v1/customers/{customer}/cash_balance"));
        json(&answer)["available"]["usd"].as_i64().unwrap_or(0)
    }
}

fn owned(params: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    pairs.collect()
}

fn json(answer: &Answer) -> Value {
    answer.json().unwrap_or_else(|why| panic!("{why}"))
}

/// Everything that a command said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[track_caller]
fn assert_healthy(server: &Server) {
    let doctor = server.purser(&["doctor"]);
    assert!(doctor.status.success(), "{}", said(&doctor));
}

/// Waits until `what` comes true.
#[track_caller]
fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
