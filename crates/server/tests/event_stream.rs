//! The stream of events: what happens arrives at once, in order, and nothing is lost on the way.

#[path = "event_stream/ends.rs"]
mod ends;
#[path = "event_stream/many.rs"]
mod many;
#[path = "event_stream/order.rs"]
mod order;
#[path = "event_stream/refusals.rs"]
mod refusals;
#[path = "event_stream/stream.rs"]
mod stream;
mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
const KEY: &str = "sk_test_stream";

/// A client with a key.
#[derive(Clone)]
struct Api {
    client: Client,
    base: String,
    key: String,
}

impl Api {
    fn new(server: &Server) -> Api {
        Api::with_key(server, KEY)
    }

    fn with_key(server: &Server, key: &str) -> Api {
        let base = server.base().expect("it runs").to_owned();
        Api { client: Client::new(&base), base, key: key.to_owned() }
    }

    fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        self.try_call(method, path, params).expect("the server runs")
    }

    fn try_call(
        &self,
        method: &str,
        path: &str,
        params: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let request = Request::new(method, path, &params);
        self.client.send(&request.header("Authorization", &format!("Bearer {}", self.key)))
    }

    fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.call(method, path, params);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
        answer.json().unwrap_or_else(|why| panic!("{why}"))
    }

    fn customer(&self) -> String {
        text(&self.ask("POST", "/v1/customers", &[]), "id")
    }

    fn fund(&self, customer: &str) {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.ask("POST", &path, &[("amount", "100"), ("currency", "usd")]);
    }

    /// The ids of all events so far, the oldest first.
    fn events(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let mut params = vec![("limit", "100")];
            params.extend(ids.last().map(|id| ("starting_after", id.as_str())));
            let page = self.ask("GET", "/v1/events", &params);
            ids.extend(page["data"].as_array().expect("a list").iter().map(|it| text(it, "id")));
            if page["has_more"] == false {
                ids.reverse();
                return ids;
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
        std::thread::sleep(Duration::from_millis(20));
    }
}
