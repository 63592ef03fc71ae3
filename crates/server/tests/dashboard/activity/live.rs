//! Open pages are told that there is more to see, and of nothing else.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ureq::Agent;

use crate::desk::{Desk, PERSON, eventually, text};

/// How long a page waits that is sure to be told.
const DEADLINE: Duration = Duration::from_secs(30);
/// Longer than it takes until a page is told.
const QUIET: Duration = Duration::from_secs(2);

/// An open page.
struct Open(Receiver<()>);

impl Open {
    fn new(desk: &Desk) -> Open {
        let config = Agent::config_builder().max_idle_connections(0);
        let agent: Agent = config.build().into();
        let request = agent.get(format!("{}/dashboard/live", desk.base()));
        let answer = request.header("Sec-Fetch-Site", "same-origin").call();
        let answer = answer.expect("a stream");
        let mut lines = BufReader::new(answer.into_body().into_reader());
        // Its first line says that it listens.
        let mut first = String::new();
        lines.read_line(&mut first).expect("a line");
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let changed = |line: &String| line.starts_with("data: changed");
            for _ in lines.lines().map_while(Result::ok).filter(changed) {
                if tell.send(()).is_err() {
                    return;
                }
            }
        });
        Open(told)
    }

    #[track_caller]
    fn hears(&self, of: &str) {
        assert!(self.0.recv_timeout(DEADLINE).is_ok(), "nothing is heard of {of}");
        // What was done at once may be told in two parts.
        while self.0.recv_timeout(QUIET).is_ok() {}
    }

    #[track_caller]
    fn hears_nothing(&self, of: &str) {
        assert!(self.0.recv_timeout(QUIET).is_err(), "something is heard of {of}");
    }
}

#[test]
fn an_open_page_hears_of_what_it_could_show() {
    let desk = Desk::new();
    let key = desk.agent_key(&["--approve-above", "eur=0"]);
    let customer = desk.customer_with(5000);
    let page = Open::new(&desk);
    page.hears_nothing("what was there before");

    desk.fund(&customer, 70, "eur");
    page.hears("an event");
    let agent = [("OCP-Agent-Type", "billing-agent")];
    let path = format!("/v1/customers/{customer}");
    let asked = desk.ask(PERSON, ("POST", &path), &[("email", "nonsense")], &agent);
    assert_eq!(asked.status, 400);
    page.hears("a request that had no effects");
    let payment = [("amount", "100"), ("currency", "eur"), ("customer", &*customer)];
    let pay = [
        ("confirm", "true"),
        ("payment_method_types[]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
    ];
    let params = [&payment[..], &pay].concat();
    let named = [("Idempotency-Key", "first")];
    let asked = desk.ask(&key, ("POST", "/v1/payment_intents"), &params, &named);
    let approval = text(&asked.json().expect("JSON")["error"], "approval");
    page.hears("an approval");
    desk.api("POST", &format!("/purser/v1/approvals/{approval}/reject"), "");
    page.hears("a rejection");
    let wants = [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "payout.failed")];
    let endpoint = text(&desk.api("POST", "/v1/webhook_endpoints", &wants), "id");
    page.hears("an endpoint");
    let path = format!("/v1/webhook_endpoints/{endpoint}");
    desk.api("POST", &path, &[("disabled", "true")]);
    page.hears("an endpoint that is told nothing");
    desk.api("POST", "/purser/v1/clock", &[("advance_s", "3600")]);
    page.hears("the clock");
    desk.api("POST", "/purser/v1/audits", "");
    page.hears("an audit that ended");
}

#[test]
fn an_open_page_hears_of_deliveries() {
    let desk = Desk::new();
    let (url, told) = super::webhooks::receiver();
    let wants = [("url", &*url), ("enabled_events[]", "customer.created")];
    desk.api("POST", "/v1/webhook_endpoints", &wants);
    desk.customer("");
    eventually("it was told", || {
        desk.get("/v1/events?type=customer.created")["data"][0]["pending_webhooks"] == 0
    });
    let event = text(&desk.get("/v1/events?type=customer.created")["data"][0], "id");
    let endpoint = text(&desk.get("/v1/webhook_endpoints")["data"][0], "id");
    let page = Open::new(&desk);
    page.hears_nothing("what was told before");
    let path = format!("/purser/v1/events/{event}/resend");
    desk.api("POST", &path, &[("webhook_endpoint", &*endpoint)]);
    page.hears("a delivery by hand");
    assert_eq!(told.lock().expect("no panic").len(), 2);
}

#[test]
fn an_open_page_hears_nothing_else() {
    let desk = Desk::new();
    let customer = desk.customer_with(5000);
    let page = Open::new(&desk);
    desk.get(&format!("/v1/customers/{customer}"));
    page.hears_nothing("a read");
    desk.page("/events");
    page.hears_nothing("a look at a page");
    let elsewhere = [("Stripe-Account", "acct_1elsewhere")];
    let made = desk.ask(PERSON, ("POST", "/v1/customers"), "", &elsewhere);
    assert_eq!(made.status, 200, "{}", made.body);
    page.hears_nothing("another account");
    let path = format!("/v1/customers/{customer}");
    let refused = desk.ask(PERSON, ("POST", &path), &[("email", "nonsense")], &[]);
    assert_eq!(refused.status, 400);
    page.hears_nothing("a request that was refused");
}
