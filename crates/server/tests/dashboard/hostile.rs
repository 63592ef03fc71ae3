//! What somebody could try who is no friend: everything at once, too much, or from elsewhere.

use serde_json::Value;
use ureq::Agent;

use crate::browser::Browser;
use crate::support::http::{Client, Request};
use crate::support::server::{Kind, Server};

const WEEK_S: i64 = 7 * 24 * 60 * 60;

fn offset_s(server: &Server) -> i64 {
    let client = Client::new(server.base().expect("it runs"));
    let asked = Request::new("GET", "/purser/v1/clock", &[]);
    let clock = client.send(&asked.header("Authorization", "Bearer sk_test_clock"));
    let clock: Value = clock.expect("the server runs").json().expect("a clock");
    clock["offset_s"].as_i64().expect("a number")
}

#[test]
fn a_form_that_is_sent_twice_at_once_moves_the_clock_once() {
    let server = Server::started();
    let mut browser = Browser::new(&server);
    let token = browser.token("/dashboard/clock");
    let week = WEEK_S.to_string();
    let fields = [("token", &*token), ("offset_s", "0"), ("advance_s", &*week), ("key", "once")];
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let mut browser = browser.clone();
            scope.spawn(move || browser.post("/dashboard/clock", &fields));
        }
    });
    let offset_s = offset_s(&server);
    assert!((WEEK_S - 2..=WEEK_S + 2).contains(&offset_s), "{offset_s}");
}

/// Browsers drop a cookie of more than 4,096 bytes, and what was wrong would be told to nobody.
#[test]
fn what_was_wrong_is_said_whatever_was_typed() {
    let server = Server::started();
    let mut browser = Browser::new(&server);
    let token = browser.token("/dashboard/clock");
    let typed = "\u{1f4b8}".repeat(600);
    let fields = [("token", &*token), ("offset_s", "0"), ("to", &typed)];
    let fields = [&fields[..], &[("back", "/dashboard/clock")]].concat();
    let answer = browser.post("/dashboard/clock", &fields);
    let cookie = answer.header_value("set-cookie").expect("a notice");
    assert!(cookie.len() < 4_096, "{} bytes", cookie.len());
    let page = browser.get("/dashboard/clock").body;
    assert!(page.contains("notice failed") && page.contains("\u{1f4b8}"), "{page}");
}

#[test]
fn streams_say_what_a_browser_may_do_with_them() {
    let server = Server::started();
    let url = format!("{}/dashboard/live", server.base().expect("it runs"));
    let agent: Agent = Agent::config_builder().max_idle_connections(0).build().into();
    let answer = agent.get(url).call().expect("a stream");
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        let found = answer.headers().get(name).and_then(|found| found.to_str().ok());
        assert_eq!(found, Some(value), "{name}");
    }
}

/// Whoever is slowed cannot claim to be elsewhere, however the proxy adds what it saw.
#[test]
fn an_address_that_somebody_claims_does_not_count() {
    let mut server = Server::on(Kind::Sqlite);
    server.serve(&["--public-url", "http://purser.test"].map(str::to_owned));
    let from = |claimed: usize| {
        let browser = Browser::new(&server).with("X-Forwarded-For", &format!("8.8.8.{claimed}"));
        browser.with("X-Forwarded-For", "10.9.8.7")
    };
    for claimed in 0..10 {
        assert_eq!(from(claimed).sign_in(&[("key", "sk_live_guess")]).status, 403);
    }
    assert_eq!(from(11).sign_in(&[("key", "sk_live_guess")]).status, 429);
}
