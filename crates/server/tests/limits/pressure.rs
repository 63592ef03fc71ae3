//! Slow clients, hasty clients, and too many of them.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::raw::{Raw, ask, error};
use crate::support::server::Server;
use crate::{FORM, customer, get, post, started};

#[test]
fn nobody_waits_for_slow_clients() {
    let (_server, base) = started();
    let mut slow: Vec<Raw> = (0..100).map(|_| Raw::connect(&base)).collect();
    for (at, one) in slow.iter_mut().enumerate() {
        match at % 3 {
            0 => one.send("GET /v1/bal"),
            1 => one.send("POST /v1/customers HTTP/1.1\r\nHost: purser\r\nX-"),
            _ => one.send(b"POST /v1/customers HTTP/1.1\r\nContent-Length: 10\r\n\r\nname"),
        };
    }
    let began = Instant::now();
    for _ in 0..20 {
        customer(&base);
    }
    assert!(began.elapsed() < Duration::from_secs(9), "the slow ones were waited for");
    // Whoever does not finish its headers is let go; hyper may say why before.
    let first = &mut slow[0];
    let told = first.answer().is_none_or(|answer| answer.status == 408);
    assert!(told && first.is_over(), "a slow client may stay for ever");
}

/// All places are taken by clients that say nothing: they are let go, and others get in.
#[test]
fn silent_clients_do_not_keep_their_places() {
    let mut server = Server::new();
    server.serve(&["--connections-max".into(), "3".into()]);
    let base = server.base().expect("it runs").to_owned();
    let silent: Vec<Raw> = (0..3).map(|_| Raw::connect(&base)).collect();
    assert_eq!(ask(&base, &get("/v1/balance")).status, 200);
    drop(silent);
}

#[test]
fn requests_may_come_before_their_answers() {
    let (_server, base) = started();
    let id = customer(&base);
    let path = format!("/v1/test_helpers/customers/{id}/fund_cash_balance");
    let mut bytes = Vec::new();
    for count in 1..=50 {
        bytes.extend(post(&path, &[FORM], &format!("amount={count}&currency=usd")));
        bytes.extend(get("/v1/nowhere"));
        bytes.extend(get("/healthz"));
    }
    let mut raw = Raw::connect(&base);
    raw.send(&bytes);
    let mut sum = 0;
    for count in 1..=50 {
        sum += count;
        let funded = raw.answer().expect("an answer");
        assert_eq!(funded.json().unwrap()["ending_balance"], sum, "{}", funded.body);
        assert_eq!(raw.answer().map(|answer| answer.status), Some(404));
        let health = raw.answer().expect("an answer");
        assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    }
    // An older client, and one that waits to be told to go on.
    let old = b"GET /healthz HTTP/1.0\r\n\r\n";
    assert_eq!(ask(&base, old).status, 200);
    let mut raw = Raw::connect(&base);
    raw.send(post("/v1/customers", &[("Expect", "100-continue")], "name=Ada"));
    assert_eq!(raw.answer().map(|answer| answer.status), Some(200));
}

/// More writers than there are places: each is answered, and the answer is true.
#[test]
fn a_full_queue_says_so() {
    let mut server = Server::new();
    let flags = ["--queue-max", "1", "--batch-max", "1", "--linger-us", "0"];
    server.serve(&flags.map(String::from));
    let base = server.base().expect("it runs").to_owned();
    let id = customer(&base);
    let path = format!("/v1/test_helpers/customers/{id}/fund_cash_balance");
    let funded: usize = thread::scope(|scope| {
        let write = || {
            let mut raw = Raw::connect(&base);
            let taken = (0..20).map(|_| {
                raw.send(post(&path, &[FORM], "amount=1&currency=usd"));
                let answer = raw.answer().expect("an answer");
                if answer.status == 429 {
                    assert_eq!(error(&answer)["code"], "rate_limit", "{}", answer.body);
                    assert!(answer.body.contains("queue_max"), "{}", answer.body);
                    assert_eq!(answer.header_value("stripe-should-retry"), Some("true"));
                }
                assert!(matches!(answer.status, 200 | 429), "{}", answer.body);
                usize::from(answer.status == 200)
            });
            taken.sum::<usize>()
        };
        let writers: Vec<_> = (0..12).map(|_| scope.spawn(write)).collect();
        writers.into_iter().map(|writer| writer.join().expect("no other status")).sum()
    });
    let balance = ask(&base, &get(&format!("/v1/customers/{id}/cash_balance")));
    assert_eq!(balance.json().unwrap()["available"]["usd"], funded);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
