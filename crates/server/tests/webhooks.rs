//! Webhooks: what happened is told to whoever wants to know, signed, at least once, whatever
//! becomes of the receiver and of the server in between.

#[path = "webhooks/chaos.rs"]
mod chaos;
#[path = "webhooks/delivery.rs"]
mod delivery;
#[path = "webhooks/receiver.rs"]
mod receiver;
#[path = "webhooks/refusals.rs"]
mod refusals;
#[path = "webhooks/signature.rs"]
mod signature;
mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long it rests before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const KEY: &str = "sk_test_webhooks";
/// The type that endpoints of these tests mostly ask for: FUND causes exactly one of it.
const TRANSACTION: &str = "customer_cash_balance_transaction.created";
/// After how many seconds each retry follows in test mode.
const RETRIES_S: [i64; 3] = [60, 600, 3600];

/// A client of a running server; a restarted one needs another.
#[derive(Clone)]
struct Api(Client);

impl Api {
    fn new(server: &Server) -> Api {
        Api(Client::new(server.base().expect("it runs")))
    }

    fn answer(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        self.try_answer(method, path, params).expect("the server runs")
    }

    /// None if the server did not answer.
    fn try_answer(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Option<Answer> {
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let request = Request::new(method, path, &params);
        let request = request.header("Authorization", &format!("Bearer {KEY}"));
        self.0.send(&request).ok()
    }

    fn try_ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Option<Value> {
        let answer = self.try_answer(method, path, params)?;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        Some(answer.json().unwrap_or_else(|why| panic!("{why}")))
    }

    fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        self.try_ask(method, path, params).expect("the server runs")
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &[])
    }

    /// Adds an endpoint, as the only answer with its secret shows it.
    fn endpoint(&self, url: &str, events: &str) -> Value {
        let params = [("url", url), ("enabled_events[]", events)];
        self.ask("POST", "/v1/webhook_endpoints", &params)
    }

    fn customer(&self) -> String {
        text(&self.ask("POST", "/v1/customers", &[]), "id")
    }

    /// Gives the transaction; none if the server did not answer.
    fn try_fund(&self, customer: &str) -> Option<String> {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        let funded = self.try_ask("POST", &path, &[("amount", "100"), ("currency", "usd")])?;
        Some(text(&funded, "id"))
    }

    fn fund(&self, customer: &str) -> String {
        self.try_fund(customer).expect("the server runs")
    }

    fn advance(&self, seconds: i64) {
        self.ask("POST", "/purser/v1/clock", &[("advance_s", &seconds.to_string())]);
    }

    fn pending(&self, event: &str) -> i64 {
        let event = self.get(&format!("/v1/events/{event}"));
        event["pending_webhooks"].as_i64().expect("a number")
    }

    /// The attempts to tell anybody of an event.
    fn attempts(&self, event: &str) -> Vec<Value> {
        let list = self.get(&format!("/purser/v1/events/{event}/attempts"));
        list["data"].as_array().expect("a list").clone()
    }

    /// All events so far.
    fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events.last().map(|event| text(event, "id"));
            let mut params = vec![("limit", "100")];
            params.extend(after.as_ref().map(|id| ("starting_after", id.as_str())));
            let page = self.ask("GET", "/v1/events", &params);
            events.extend(page["data"].as_array().expect("a list").iter().cloned());
            if page["has_more"] == false {
                return events;
            }
        }
    }
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// Waits until `what` comes true.
#[track_caller]
fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
