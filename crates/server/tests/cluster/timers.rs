//! What is due is done once, whichever server has the duty, and soon after that one is dead.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use testing::postgres::{self, Database};

use crate::conservation::all;
use crate::fleet::Fleet;
use crate::same_key::bank_account;
use crate::support::http::Request;
use crate::{Api, CLOCK, TAKEOVER_MAX, eventually, pairs, text, within};

/// Days from a payment until its money may be paid out.
const FLAGS: &[&str] = &["--store-connections", "4", "--settlement-delay-days", "1"];
const PAYMENTS: usize = 12;
const AMOUNT: i64 = 1000;
/// By how much the clock is moved until payments are settled, and until payouts are there, weekends
/// included. All rounds together are shorter than events are kept.
const SETTLES_S: i64 = 2 * 24 * 60 * 60;
const ARRIVES_S: i64 = 5 * 24 * 60 * 60;
/// How soon a server follows a move of the clock on another one.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(2);

/// Payments, which settle later.
fn pay(api: &Api, customer: &str, count: usize) {
    for _ in 0..count {
        let params = [
            ("amount", AMOUNT.to_string()),
            ("currency", "usd".to_owned()),
            ("customer", customer.to_owned()),
            ("confirm", "true".to_owned()),
            ("payment_method_data[type]", "customer_balance".to_owned()),
        ];
        let params: Vec<(&str, &str)> =
            params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        api.ask("POST", "/v1/payment_intents", &params);
    }
}

/// A customer with money, and a merchant with a bank account.
fn prepare(api: &Api) -> String {
    let path = format!("/v1/accounts/{}/external_accounts", text(&api.get("/v1/account"), "id"));
    let opened = api.post(&path, &bank_account(), "open").expect("it runs");
    assert_eq!(opened.status, 200, "{}", opened.body);
    let customer = api.customer();
    api.fund(&customer, 100 * AMOUNT * PAYMENTS as i64);
    customer
}

fn available(api: &Api) -> i64 {
    let balance = api.get("/v1/balance");
    let sums = balance["available"].as_array().expect("a list");
    sums.iter().find(|it| it["currency"] == "usd").map_or(0, |it| it["amount"].as_i64().unwrap())
}

fn move_to(api: &Api, moment: i64) {
    api.ask("POST", CLOCK, &[("to", &moment.to_string())]);
}

/// The first and the last moment at which something is due.
fn due(database: &Database) -> (i64, i64) {
    let found = database.sql("SELECT min(due), max(due) FROM timer");
    let (first, last) = found.split_once('|').expect("two columns");
    (first.parse().expect("something is due"), last.parse().expect("something is due"))
}

/// How often payouts were said to be there.
fn payouts_paid(api: &Api) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for event in all(&|path| api.get(path), "/v1/events?type=payout.paid") {
        *told.entry(text(&event["data"]["object"], "id")).or_default() += 1;
    }
    told
}

#[test]
fn another_server_does_what_is_due_when_the_one_that_did_is_dead() {
    let database = postgres::shared().database();
    let mut fleet = Fleet::start_with(&database.url(), 1, FLAGS);
    let holder = || database.sql("SELECT holder FROM lease WHERE name = 'timers'");
    eventually("the first has the duty", || !holder().is_empty());
    let dead = holder();
    let others = Fleet::start_with(&database.url(), 1, FLAGS);
    let (first, second) = (fleet.api(0), others.api(0));
    let customer = prepare(&first);
    pay(&second, &customer, PAYMENTS);

    // Everything settles within a few seconds from here, and nobody is asked to see to it.
    let (soon, last) = due(&database);
    move_to(&second, soon - 2);
    assert_eq!(available(&second), 0);
    let (servers, _) = fleet.split();
    servers[0].kill9();
    let began = Instant::now();
    let all_of_it = AMOUNT * PAYMENTS as i64;
    let spread = Duration::from_secs((last - soon + 2) as u64);
    within(TAKEOVER_MAX + spread, "all is settled", || available(&second) == all_of_it);
    println!("timers: settled {:.2?} after the holder's death", began.elapsed());
    assert_ne!(holder(), dead, "the dead one still has the duty");
    assert_eq!(database.sql("SELECT count(*) FROM timer"), "0");
    others.assert_healthy();
}

#[test]
fn all_follow_the_clock_and_what_is_due_is_done_once() {
    let database = postgres::shared().database();
    let fleet = Fleet::start_with(&database.url(), 2, FLAGS);
    let apis = [fleet.api(0), fleet.api(1)];
    let customer = prepare(&apis[0]);
    let account_at = |api: &Api| {
        let request = Request::new("GET", "/v1/account", &[]).header("Stripe-Account", "acct_two");
        api.send(request).expect("it runs").json().expect("JSON")
    };
    let account = account_at(&apis[0]);
    let mut slowest = Duration::ZERO;
    for round in 0..4 {
        pay(&apis[round % 2], &customer, PAYMENTS);
        // Two servers are asked to move the clock, and the one that has the duty looks as well.
        let to = apis[0].now().max(apis[1].now()) + SETTLES_S;
        thread::scope(|scope| {
            scope.spawn(|| move_to(&apis[0], to));
            scope.spawn(|| move_to(&apis[1], to));
        });
        let settled = AMOUNT * PAYMENTS as i64;
        assert_eq!(available(&apis[0]), settled, "round {round}");
        for at in 0..PAYMENTS {
            let amount = AMOUNT.to_string();
            let params = pairs(&[("amount", &amount), ("currency", "usd")]);
            let key = format!("payout {round} {at}");
            let paid = apis[at % 2].post("/v1/payouts", &params, &key).expect("it runs");
            assert_eq!(paid.status, 200, "{}", paid.body);
        }
        // And one is asked alone: the other follows.
        let (one, other) = (&apis[round % 2], &apis[(round + 1) % 2]);
        let to = one.now() + ARRIVES_S;
        move_to(one, to);
        let took = within(FOLLOWS_WITHIN, "the other clock follows", || other.now() >= to);
        slowest = slowest.max(took);
        let told = payouts_paid(other);
        assert_eq!(told.len(), PAYMENTS * (round + 1), "payouts that are there");
        assert!(told.values().all(|times| *times == 1), "told twice: {told:?}");
    }
    println!("timers: the other clock followed within {slowest:.2?}");
    assert_eq!(account_at(&apis[1]), account, "whoever meets an account later");
    let available = all(&|path| apis[0].get(path), "/v1/events?type=balance.available");
    let (charges, lines) = (
        all(&|path| apis[1].get(path), "/v1/charges").len(),
        all(&|path| apis[1].get(path), "/v1/balance_transactions?type=payment").len(),
    );
    assert_eq!((charges, lines), (4 * PAYMENTS, 4 * PAYMENTS));
    println!("timers: {} events about {charges} settlements", available.len());
    assert_eq!(database.sql("SELECT count(*) FROM timer"), "0");
    for (at, server) in fleet.servers.iter().enumerate() {
        let said = server.errors();
        assert!(!said.contains("was not done"), "server {at} complained:\n{said}");
    }
    fleet.assert_healthy();
}
