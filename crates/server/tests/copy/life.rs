//! A life that a database may have had: money in and out, a clock that was moved, keys that were
//! used; and everything that can be read of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;

use crate::support::http::{Answer, Client, Request};
use crate::support::server::Server;

const KEY: &str = "sk_test_copy";
const CUSTOMERS: usize = 5;
/// Pages of a list, at most.
const PAGES_MAX: usize = 20;

/// A request that was carried out, and its answer.
struct Done {
    path: String,
    params: Vec<(String, String)>,
    key: String,
    body: String,
}

pub struct Life {
    customers: Vec<String>,
    keys: usize,
    /// What was done since the clock was moved.
    done: Vec<Done>,
}

fn send(server: &Server, request: Request) -> Answer {
    let client = Client::new(server.base().expect("it runs"));
    let request = request.header("Authorization", &format!("Bearer {KEY}"));
    client.send(&request).expect("the server runs")
}

#[track_caller]
fn get(server: &Server, path: &str) -> Value {
    let answer = send(server, Request::new("GET", path, &[]));
    assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
    answer.json().unwrap_or_else(|why| panic!("{why}"))
}

fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

const TRANSFER: [(&str, &str); 4] = [
    ("payment_method_types[]", "customer_balance"),
    ("payment_method_data[type]", "customer_balance"),
    ("payment_method_options[customer_balance][funding_type]", "bank_transfer"),
    ("payment_method_options[customer_balance][bank_transfer][type]", "us_bank_transfer"),
];

impl Life {
    /// Customers with money, payments of all kinds, a merchant who is paid out, and an endpoint
    /// that nobody answers at.
    pub fn begin(server: &Server) -> Life {
        let mut life = Life { customers: Vec::new(), keys: 0, done: Vec::new() };
        for at in 0..CUSTOMERS {
            let email = format!("customer{at}@example.com");
            let made = life.post(server, "/v1/customers", &[("email", &email)]);
            life.customers.push(id(&made));
        }
        for customer in life.customers.clone() {
            life.fund(server, &customer, "5000", "usd");
            life.fund(server, &customer, "700", "eur");
            life.pay(server, &customer, "3000");
            // What is missing is still to come.
            life.pay(server, &customer, "9000");
            let path = format!("/v1/customers/{customer}/funding_instructions");
            let wanted = [
                ("currency", "usd"),
                ("funding_type", "bank_transfer"),
                ("bank_transfer[type]", "us_bank_transfer"),
            ];
            life.post(server, &path, &wanted);
        }
        life.bill(server);
        let account = id(&get(server, "/v1/account"));
        let bank = [
            ("external_account[object]", "bank_account"),
            ("external_account[country]", "US"),
            ("external_account[currency]", "usd"),
            ("external_account[account_number]", "000123456789"),
            ("external_account[routing_number]", "110000000"),
        ];
        life.post(server, &format!("/v1/accounts/{account}/external_accounts"), &bank);
        life.go_on(server);
        let endpoint = [("url", "http://127.0.0.1:9/none"), ("enabled_events[]", "*")];
        life.post(server, "/v1/webhook_endpoints", &endpoint);
        life.fund(server, &life.customers[0].clone(), "10", "usd");
        life
    }

    pub fn customers(&self) -> usize {
        self.customers.len()
    }

    /// What happens in every home: a new customer, and old ones who pay and get money back.
    pub fn go_on(&mut self, server: &Server) {
        let before = available(server);
        self.post(server, "/purser/v1/clock", &[("advance_s", "345600")]);
        assert!(available(server) > before, "what was paid is settled");
        self.post(server, "/v1/payouts", &[("amount", "300"), ("currency", "usd")]);
        let made = self.post(server, "/v1/customers", &[("name", "Later")]);
        self.customers.push(id(&made));
        for customer in self.customers.clone() {
            self.fund(server, &customer, "1500", "usd");
        }
        let paid = self.pay(server, &id(&made), "1200");
        assert_eq!(paid["status"], "succeeded", "{paid}");
        let refund =
            [("payment_intent", &*id(&paid)), ("instructions_email", "a@b.co"), ("amount", "400")];
        self.post(server, "/v1/refunds", &refund);
    }

    /// Every key that was used gives the answer that it gave.
    pub fn assert_replayed(&self, server: &Server) {
        for done in &self.done {
            let request = Request::new("POST", &done.path, &done.params);
            let answer = send(server, request.header("Idempotency-Key", &done.key));
            let replayed = answer.header_value("idempotent-replayed");
            assert_eq!(replayed, Some("true"), "{} {}", done.path, done.key);
            assert_eq!(answer.body, done.body, "{} {}", done.path, done.key);
        }
    }

    /// Posts with a key of its own.
    #[track_caller]
    fn post(&mut self, server: &Server, path: &str, params: &[(&str, &str)]) -> Value {
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let request = Request::new("POST", path, &params).header("Idempotency-Key", &key);
        let answer = send(server, request);
        assert_eq!(answer.status, 200, "POST {path}: {}", answer.body);
        let object = answer.json().unwrap_or_else(|why| panic!("{why}"));
        match path {
            // Keys are remembered for a day.
            "/purser/v1/clock" => self.done.clear(),
            _ => self.done.push(Done { path: path.to_owned(), params, key, body: answer.body }),
        }
        object
    }

    fn fund(&mut self, server: &Server, customer: &str, amount: &str, currency: &str) {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        self.post(server, &path, &[("amount", amount), ("currency", currency)]);
    }

    fn pay(&mut self, server: &Server, customer: &str, amount: &str) -> Value {
        let mut params = vec![("amount", amount), ("currency", "usd"), ("customer", customer)];
        params.push(("confirm", "true"));
        params.extend(TRANSFER);
        self.post(server, "/v1/payment_intents", &params)
    }

    fn bill(&mut self, server: &Server) {
        let customer = self.customers[0].clone();
        let terms = [("collection_method", "send_invoice"), ("days_until_due", "30")];
        let invoice = [&[("customer", &*customer)], &terms[..]].concat();
        let made = self.post(server, "/v1/invoices", &invoice);
        let item = [("customer", &*customer), ("invoice", &*id(&made)), ("amount", "800")];
        self.post(server, "/v1/invoiceitems", &[&item[..], &[("currency", "usd")]].concat());
        self.post(server, &format!("/v1/invoices/{}/finalize", id(&made)), &[]);
    }
}

/// Makes customers and gives them money until it is told to stop.
pub fn fund_new_customers(server: &Server, is_done: &AtomicBool, made: &AtomicU64) {
    let mut life = Life { customers: Vec::new(), keys: 1000, done: Vec::new() };
    while !is_done.load(Ordering::Relaxed) {
        let customer = id(&life.post(server, "/v1/customers", &[]));
        life.fund(server, &customer, "100", "usd");
        made.fetch_add(1, Ordering::Relaxed);
    }
}

fn available(server: &Server) -> i64 {
    let balance = get(server, "/v1/balance");
    let usd = balance["available"].as_array().expect("a list").iter();
    usd.filter(|it| it["currency"] == "usd").filter_map(|it| it["amount"].as_i64()).sum()
}

/// The answer to each question that can be asked, byte for byte.
pub fn everything(server: &Server) -> BTreeMap<String, String> {
    let account = id(&get(server, "/v1/account"));
    let lists = ["customers", "payment_intents", "charges", "refunds", "payouts", "invoices"]
        .into_iter()
        .chain(["balance_transactions", "invoiceitems", "events", "webhook_endpoints"]);
    let mut open: VecDeque<String> = lists.map(|name| format!("/v1/{name}")).collect();
    open.push_back(format!("/v1/accounts/{account}/external_accounts"));
    let mut known = BTreeMap::new();
    for path in ["/v1/account", "/v1/balance", "/purser/v1/ledger_accounts", "/purser/v1/journal"] {
        note(server, path, &mut known);
    }
    while let Some(list) = open.pop_front() {
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let page = note(server, &format!("{list}?limit=100{after}"), &mut known);
            let objects = page["data"].as_array().expect("a list");
            for object in objects {
                let path = format!("{list}/{}", id(object));
                note(server, &path, &mut known);
                if object["object"] == "customer" {
                    note(server, &format!("{path}/cash_balance"), &mut known);
                    open.push_back(format!("{path}/cash_balance_transactions"));
                    open.push_back(format!("{path}/payment_methods"));
                }
            }
            match objects.last().filter(|_| page["has_more"] == true) {
                Some(last) => after = format!("&starting_after={}", id(last)),
                None => break,
            }
        }
    }
    let offset = get(server, "/purser/v1/clock")["offset_s"].to_string();
    known.insert("the clock's offset".to_owned(), offset);
    known
}

fn note(server: &Server, path: &str, known: &mut BTreeMap<String, String>) -> Value {
    let answer = send(server, Request::new("GET", path, &[]));
    assert_eq!(answer.status, 200, "GET {path}: {}", answer.body);
    let object = answer.json().unwrap_or_else(|why| panic!("{why}"));
    known.insert(path.to_owned(), answer.body);
    object
}

#[track_caller]
pub fn assert_same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
    assert!(before.len() > 100, "there is too little to compare: {}", before.len());
    for (path, body) in before {
        assert_eq!(Some(body), after.get(path), "{path}");
    }
    assert_eq!(before.len(), after.len());
}
