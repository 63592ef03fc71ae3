//! `Purser-Dry-Run`: every operation that writes answers as it would, and leaves no trace.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use purser::api::openapi::is_moment;
use purser::api::routes::{Action, all};
use serde_json::Value;

use crate::fixtures::Fixtures;
use crate::support::http::Request;
use crate::support::server::{Kind, Server};
use crate::tables::{Tables, grown, read, read_at_rest};
use crate::{Api, at_once, json, payment};

crate::support::on_both! {
    every_write_can_be_tried_and_leaves_no_trace
    what_is_tried_beside_real_writes_touches_none_of_them
}

fn tried(request: &Request) -> Request {
    request.clone().header("Purser-Dry-Run", "true")
}

/// Tried with an idempotency key, once and again; then done with the same key, once and again.
fn every_write_can_be_tried_and_leaves_no_trace(kind: Kind) {
    let mut server = Server::on(kind);
    server.serve(&["--settlement-delay-days".to_owned(), "0".to_owned()]);
    let person = Api::person(&server);
    let agent = Api::agent(&server, &["--approve-above", "eur=0"]);
    let fixtures = Fixtures { person: person.clone(), agent };
    let mut count = 0;
    for route in all().iter().filter(|route| matches!(route.action, Action::Write(_))) {
        let name = route.operation;
        let request = fixtures.request(name);
        let keyed = match request.method.as_str() {
            "POST" => request.clone().header("Idempotency-Key", &format!("of-{name}")),
            _ => request,
        };
        let before = read_at_rest(&server, kind);
        for _ in 0..2 {
            let answer = person.send(tried(&keyed));
            assert_eq!(answer.status, 200, "{name}: {}", answer.body);
            assert_eq!(answer.header_value("Purser-Dry-Run"), Some("true"), "{name}");
            assert_eq!(answer.header_value("Idempotent-Replayed"), None, "{name}");
            assert!(json(&answer)["object"].is_string(), "{name}: {}", answer.body);
        }
        assert_same(&before, &read(&server, kind), name);
        let would_be = person.send(tried(&keyed));
        let is = person.send(keyed.clone());
        assert_eq!(is.status, 200, "{name}: {}", is.body);
        assert_eq!(is.header_value("Purser-Dry-Run"), None, "{name}");
        assert_eq!(shape(&json(&would_be)), shape(&json(&is)), "{name}");
        if keyed.method == "POST" && !name.starts_with("PostPurserApprovals") {
            let again = person.send(keyed);
            assert_eq!(again.header_value("Idempotent-Replayed"), Some("true"), "{name}");
            assert_eq!(again.body, is.body, "{name}: the answer for good is the real one's");
        }
        count += 1;
    }
    assert!(count >= 38, "only {count} operations write");
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// Tables in which rows are forgotten in the background.
const FORGETS: [&str; 6] =
    ["answer", "idempotency", "recent_key", "used_key", "event", "forgotten"];

#[track_caller]
fn assert_same(before: &Tables, after: &Tables, name: &str) {
    assert_eq!(grown(before, after), BTreeMap::new(), "{name}: rows were written");
    for (table, rows) in after {
        // What is old may be forgotten meanwhile, with the time that passed.
        let same = match FORGETS.contains(&table.as_str()) {
            true => rows.iter().all(|row| before[table].contains(row)),
            false => rows == &before[table],
        };
        assert!(same, "{name}: {table} is not as it was");
    }
}

/// An answer with nothing in it that is made anew each time: ids, and numbers of accounts.
fn shape(value: &Value) -> Value {
    const MADE: &[&str] =
        &["address", "iban", "reference", "hosted_instructions_url", "secret", "number"];
    // The second may end between the two.
    let is_moment = |name: &str, value: &Value| value.is_i64() && (name == "at" || is_moment(name));
    match value {
        Value::Object(members) => {
            let each = members.iter().map(|(name, value)| {
                let made = MADE.contains(&name.as_str()) && value.is_string();
                let kept =
                    if made || is_moment(name, value) { "made".into() } else { shape(value) };
                (name.clone(), kept)
            });
            Value::Object(each.collect())
        }
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(text) => match text.split_once('_') {
            Some((kind, rest)) if rest.len() >= 14 => kind.into(),
            _ => text.as_str().into(),
        },
        other => other.clone(),
    }
}

/// Tried and real requests come at the same time, so that they meet in batches. Each one that is
/// tried sees a balance that was really there, and none of them leaves a cent behind.
fn what_is_tried_beside_real_writes_touches_none_of_them(kind: Kind) {
    const THREADS: usize = 16;
    const EACH: usize = 12;
    let server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(0);
    let fund = |amount: usize| {
        let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
        let params = [("amount".to_owned(), amount.to_string()), ("currency".into(), "eur".into())];
        Request::new("POST", &path, &params)
    };
    let odd = AtomicBool::new(false);
    at_once(THREADS, |at| {
        for round in 0..EACH {
            // What is tried is uneven, and would show in every balance after it.
            let (request, is_tried) = match at % 2 {
                0 => (fund(100), false),
                _ if round % 3 == 0 => (tried(&payment(&customer, 7, "same")), true),
                _ => (tried(&fund(7)), true),
            };
            let answer = person.send(request);
            let ending = json(&answer)["ending_balance"].as_i64();
            let want = if is_tried { 7 } else { 0 };
            if ending.is_some_and(|ending| ending % 100 != want) {
                odd.store(true, Ordering::SeqCst);
            }
        }
    });
    assert!(!odd.load(Ordering::SeqCst), "a balance has money that was only tried");
    assert_eq!(person.cash(&customer), (THREADS / 2 * EACH * 100) as i64);
    let mut server = server;
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
