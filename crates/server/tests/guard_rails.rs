//! What stands between an agent and the money: limits, approvals, dry runs and the log of what was
//! asked, attacked over real HTTP. The scenarios `agents_*` tell the same as stories; here is what
//! takes many requests at once, every operation, a crash, or a look past the server.

#[path = "guard_rails/approvals.rs"]
mod approvals;
#[path = "guard_rails/card_numbers.rs"]
mod card_numbers;
#[path = "guard_rails/days.rs"]
mod days;
#[path = "guard_rails/dry_runs.rs"]
mod dry_runs;
#[path = "guard_rails/fixtures.rs"]
mod fixtures;
#[path = "guard_rails/log.rs"]
mod log;
#[path = "guard_rails/reads.rs"]
mod reads;
#[path = "guard_rails/store.rs"]
mod store;
mod support;
#[path = "guard_rails/tables.rs"]
mod tables;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::server::Server;

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
const PERSON: &str = "sk_test_person";

/// A client with a key.
#[derive(Clone)]
struct Api {
    client: Client,
    key: String,
}

impl Api {
    /// Somebody whose key has no limits.
    fn person(server: &Server) -> Api {
        Api::with_key(server, PERSON)
    }

    /// Somebody with a fresh key that has these limits: flags of `purser keys create`.
    fn agent(server: &Server, flags: &[&str]) -> Api {
        let words = ["keys", "create", "--json", "--name", "agent"];
        let made = server.purser(&[&words, flags].concat());
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{flags:?}: {said}");
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        Api::with_key(server, made["key"].as_str().expect("a key"))
    }

    fn with_key(server: &Server, key: &str) -> Api {
        let client = Client::new(server.base().expect("it runs"));
        Api { client, key: key.to_owned() }
    }

    /// The same key at another server, or at one that was started again.
    fn at(&self, server: &Server) -> Api {
        Api::with_key(server, &self.key)
    }

    fn try_send(&self, request: Request) -> Result<Answer, String> {
        self.client.send(&request.header("Authorization", &format!("Bearer {}", self.key)))
    }

    fn send(&self, request: Request) -> Answer {
        self.try_send(request).expect("the server runs")
    }

    fn call(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Answer {
        self.send(Request::new(method, path, &owned(params)))
    }

    /// A request that has to succeed.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let answer = self.call(method, path, params);
        assert_eq!(answer.status, 200, "{method} {path} {params:?}: {}", answer.body);
        json(&answer)
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &[])
    }

    /// A customer with this much money, in cents of euros.
    fn customer(&self, cash: i64) -> String {
        let customer = text(&self.ask("POST", "/v1/customers", &[("email", "a@b.co")]), "id");
        if cash > 0 {
            let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
            self.ask("POST", &path, &[("amount", &cash.to_string()), ("currency", "eur")]);
        }
        customer
    }

    fn cash(&self, customer: &str) -> i64 {
        let balance = self.get(&format!("/v1/customers/{customer}/cash_balance"));
        balance["available"]["eur"].as_i64().unwrap_or(0)
    }

    /// Asks for an approval of a payment; gives its id.
    #[track_caller]
    fn held(&self, customer: &str, amount: i64, key: &str) -> String {
        let answer = self.send(payment(customer, amount, key));
        assert_eq!(answer.status, 403, "{}", answer.body);
        text(&json(&answer)["error"], "approval")
    }

    fn approve(&self, approval: &str) -> Answer {
        self.call("POST", &format!("/purser/v1/approvals/{approval}/approve"), &[])
    }
}

/// A payment from a cash balance, with an idempotency key.
fn payment(customer: &str, amount: i64, key: &str) -> Request {
    let params = [
        ("amount", amount.to_string()),
        ("currency", "eur".into()),
        ("customer", customer.into()),
        ("confirm", "true".into()),
        ("payment_method_types[]", "customer_balance".into()),
        ("payment_method_data[type]", "customer_balance".into()),
    ];
    let params = params.map(|(name, value)| (name.to_owned(), value));
    Request::new("POST", "/v1/payment_intents", &params).header("Idempotency-Key", key)
}

fn owned(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn json(answer: &Answer) -> Value {
    answer.json().unwrap_or_else(|why| panic!("{why}"))
}

#[track_caller]
fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// The code of an error.
fn code(answer: &Answer) -> String {
    json(answer)["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Does so many things at the same moment; `what` is told which.
fn at_once<T: Send>(count: usize, what: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(count);
    let start = |at| {
        barrier.wait();
        what(at)
    };
    thread::scope(|scope| {
        let start = &start;
        let all: Vec<_> = (0..count).map(|at| scope.spawn(move || start(at))).collect();
        all.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

/// Asks until the answer is another than to try again.
fn until_told(ask: impl Fn() -> Answer) -> Answer {
    let began = Instant::now();
    loop {
        let answer = ask();
        let again = matches!(answer.status, 409 | 429 | 503);
        if !again || began.elapsed() > DEADLINE {
            return answer;
        }
    }
}

/// Waits until `what` comes true.
#[track_caller]
fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        thread::sleep(Duration::from_millis(10));
    }
}
