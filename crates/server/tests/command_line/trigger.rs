//! `purser trigger` makes each type of event really happen.

use books::event::EventKind;
use serde_json::Value;

use crate::support::server::Server;
use crate::{ask, purser, said, text};

/// Triggers an event and gives it, with the steps.
fn trigger(server: &Server, kind: &str) -> (Value, Value) {
    let output = purser(server, &["trigger", kind, "--json"]);
    assert!(output.status.success(), "{kind}: {}", said(&output));
    let done: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    (done["event"].clone(), done["steps"].clone())
}

/// Each type, on a server with these flags.
fn check_every_type(flags: &[&str]) {
    let mut server = Server::new();
    server.serve(&flags.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>());
    for kind in EventKind::ALL {
        let (event, steps) = trigger(&server, kind.as_str());
        assert_eq!(event["type"], kind.as_str());
        let id = text(&event, "id");
        let page = ask(&server, "GET", "/v1/events", &[("type", kind.as_str())]);
        let listed = page["data"].as_array().expect("a list");
        assert!(listed.iter().any(|it| it["id"] == id.as_str()), "{}: {page}", kind.as_str());
        let customer = &steps[0]["answer"]["id"];
        let about = &event["data"]["object"];
        let named = [&about["customer"], &about["id"]];
        // These name no customer, or none any more.
        const OWN: [&str; 6] =
            ["balance", "payout", "refund", "source", "source_transaction", "topup"];
        let is_own = about["object"].as_str().is_some_and(|object| OWN.contains(&object))
            || *kind == EventKind::PaymentMethodDetached;
        assert!(is_own || named.contains(&customer), "{}: {about}", kind.as_str());
    }
    let account = text(&ask(&server, "GET", "/v1/account", &[]), "id");
    let path = format!("/v1/accounts/{account}/external_accounts");
    let banks = ask(&server, "GET", &path, &[]);
    assert_eq!(banks["data"], serde_json::json!([]), "bank accounts are left");
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn every_type_happens() {
    check_every_type(&[]);
}

#[test]
fn every_type_happens_whatever_the_settings() {
    check_every_type(&[
        "--reconciliation-mode=manual",
        "--settlement-delay-days=0",
        "--bank-delay-days=0",
        "--fee-bps=290",
        "--fee-fixed=30",
        "--country=DE",
        "--currency=eur",
    ]);
}

#[test]
fn it_says_what_it_does() {
    let server = Server::started();
    let output = purser(&server, &["trigger", "payout.failed"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = said(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("REQUEST") && lines[0].ends_with("ANSWER"), "{text}");
    let has = |words: &[&str]| {
        let found = lines.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} in\n{text}");
    };
    has(&["POST /v1/customers", "200", "cus_"]);
    has(&["POST /v1/payment_intents", "200", "pi_", "succeeded"]);
    has(&["the sandbox clock moves", "Z to 2"]);
    has(&["POST /v1/payouts", "200", "po_", "pending"]);
    assert!(lines[lines.len() - 1].starts_with("payout.failed happened: evt_"), "{text}");
    // A request that is to be refused is no failure.
    let output = purser(&server, &["trigger", "payment_intent.payment_failed"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("400     payment_intent_payment_attempt_failed"));
}

/// Others are busy with the same: the event is the one that this call caused.
#[test]
fn the_event_is_its_own() {
    let server = Server::started();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for kind in ["customer.created", "payment_intent.succeeded", "invoice.overdue"] {
                    let (event, steps) = trigger(&server, kind);
                    let customer = &steps[0]["answer"]["id"];
                    let about = &event["data"]["object"];
                    assert!([&about["customer"], &about["id"]].contains(&customer), "{about}");
                }
            });
        }
    });
}

#[test]
fn it_lists_all_types() {
    let server = Server::new();
    let run = |words: &[&str]| server.command().args(words).output().expect("it starts");
    let listed = run(&["trigger", "--list"]);
    assert!(listed.status.success(), "{}", said(&listed));
    let text = said(&listed);
    let names: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    let all: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names, all);
    assert!(text.lines().any(|line| line.contains("payout.paid") && line.contains("clock")));
    let listed: Value =
        serde_json::from_slice(&run(&["trigger", "--list", "--json"]).stdout).expect("JSON");
    assert_eq!(listed.as_array().map(Vec::len), Some(all.len()));
    assert_eq!(listed[0], serde_json::json!({ "type": all[0], "moves_clock": true }));
}

#[test]
fn it_says_what_is_wrong() {
    let mut server = Server::new();
    let run = |server: &Server, words: &[&str]| {
        let output = server.command().args(words).output().expect("it starts");
        assert!(!output.status.success(), "{words:?}: {}", said(&output));
        assert!(!said(&output).contains("panicked"), "{}", said(&output));
        said(&output)
    };
    assert!(run(&server, &["trigger"]).contains("<EVENT>"));
    assert!(run(&server, &["trigger", "refund.create"]).contains("--list"));
    let nobody = run(&server, &["trigger", "refund.created", "--url", "http://127.0.0.1:1"]);
    assert!(nobody.contains("is `purser serve` running there?"), "{nobody}");
    let tls = run(&server, &["trigger", "refund.created", "--url", "https://127.0.0.1:1"]);
    assert!(tls.contains("no TLS"), "{tls}");

    server.serve(&["--production".to_owned()]);
    let base = server.base().expect("it runs");
    let stranger = run(&server, &["trigger", "customer.created", "--url", base]);
    assert!(stranger.contains("Invalid API Key"), "{stranger}");
    let words = ["keys", "create", "--json", "--name", "x", "--mode", "live"];
    let made: Value = serde_json::from_slice(&server.purser(&words).stdout).expect("JSON");
    let key = text(&made, "key");
    let refused = run(&server, &["trigger", "charge.succeeded", "--url", base, "--key", &key]);
    assert!(refused.contains("fund_cash_balance was refused: "), "{refused}");
    assert!(refused.contains("POST /v1/customers"), "what was done is not shown: {refused}");
    assert!(!refused.contains(&key), "the key is shown");
}
