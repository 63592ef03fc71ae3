//! API keys: made, listed, revoked; what each may do; and that nobody ever sees one again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::server::{Kind, Server};
use crate::{Api, eventually, json, said};

/// Runs `purser keys` and gives what it prints.
fn keys(server: &Server, words: &[&str]) -> String {
    let output = server.purser(&[&["keys"], words].concat());
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn create(server: &Server, words: &[&str]) -> Value {
    let words = [&["create", "--json"], words].concat();
    serde_json::from_str(&keys(server, &words)).expect("JSON")
}

fn production(kind: Kind) -> Server {
    let mut server = Server::on(kind);
    server.serve(&["--production".to_owned()]);
    server
}

fn secret(key: &Value) -> &str {
    key["key"].as_str().expect("the key is shown once")
}

crate::support::on_both! {
    keys_are_made_listed_and_revoked
    keys_count_from_the_first_moment_to_the_last
    production_knows_only_its_own_keys
    restricted_keys_do_what_their_scopes_say
    nobody_sees_a_key_again
}

fn keys_are_made_listed_and_revoked(kind: Kind) {
    // Keys come before the first start.
    let mut server = Server::on(kind);
    let shown = keys(&server, &["create", "--name", "till"]);
    let first = shown.lines().next().expect("the key").to_owned();
    assert!(first.starts_with("sk_test_") && first.len() == 40, "{first}");
    let live = create(&server, &["--name", "shop", "--mode", "live"]);
    assert!(secret(&live).starts_with("sk_live_"), "{live}");
    assert_eq!((&live["livemode"], &live["scopes"]), (&true.into(), &Value::Null));

    server.serve(&["--production".to_owned()]);
    for (key, livemode) in [(first.as_str(), false), (secret(&live), true)] {
        let balance = Api::with_key(&server, key).get("/v1/balance");
        assert_eq!((balance.status, &json(&balance)["livemode"]), (200, &livemode.into()));
    }
    let listed: Value = serde_json::from_str(&keys(&server, &["list", "--json"])).expect("JSON");
    let names: Vec<&Value> =
        listed.as_array().expect("a list").iter().map(|k| &k["name"]).collect();
    assert!(names.contains(&&"till".into()) && names.contains(&&"shop".into()), "{listed}");
    for text in [listed.to_string(), keys(&server, &["list"])] {
        assert!(!text.contains(&first) && !text.contains(secret(&live)), "{text}");
        assert!(text.contains(&first[first.len() - 4..]), "nobody can tell them apart: {text}");
    }

    let id = live["id"].as_str().expect("an id");
    assert!(keys(&server, &["revoke", id]).contains(id));
    let refused = Api::with_key(&server, secret(&live)).get("/v1/balance");
    assert_eq!(
        (refused.status, &json(&refused)["error"]["code"]),
        (401, &"api_key_expired".into())
    );
    assert_eq!(Api::with_key(&server, &first).get("/v1/balance").status, 200);
    let again = server.purser(&["keys", "revoke", id]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains(id), "{}", said(&again));
    let text = keys(&server, &["list"]);
    assert!(text.contains("revoked") && text.contains("works"), "{text}");
}

/// Other requests go on all the time: a key works as soon as it is shown, and no longer as soon
/// as it is revoked.
fn keys_count_from_the_first_moment_to_the_last(kind: Kind) {
    let server = production(kind);
    let other = create(&server, &["--name", "other"]);
    let over = AtomicBool::new(false);
    let busy = Api::with_key(&server, secret(&other));
    let statuses = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                assert_eq!(busy.get("/v1/balance").status, 200);
            }
        });
        let trial = |count: usize| {
            let key = create(&server, &["--name", &format!("number {count}")]);
            let api = Api::with_key(&server, secret(&key));
            let first = api.get("/v1/balance").status;
            keys(&server, &["revoke", key["id"].as_str().expect("an id")]);
            (first, api.get("/v1/balance").status)
        };
        let statuses: Vec<(u16, u16)> = (0..15).map(trial).collect();
        over.store(true, Ordering::SeqCst);
        statuses
    });
    assert_eq!(statuses, [(200, 401); 15]);
}

fn production_knows_only_its_own_keys(kind: Kind) {
    let server = production(kind);
    let key = create(&server, &["--name", "own"]);
    for stranger in ["sk_test_123", "sk_live_123", "nonsense", &secret(&key)[..39]] {
        let refused = Api::with_key(&server, stranger).get("/v1/balance");
        assert_eq!(refused.status, 401, "{stranger}: {}", refused.body);
    }
    let own = Api::with_key(&server, secret(&key));
    let elsewhere = crate::Request::new("GET", "/v1/balance", &[]);
    let refused = own.send(elsewhere.header("Stripe-Account", "acct_other"));
    assert_eq!(refused.status, 403, "{}", refused.body);
}

fn restricted_keys_do_what_their_scopes_say(kind: Kind) {
    let server = production(kind);
    let whole = create(&server, &["--name", "whole"]);
    let customer = Api::with_key(&server, secret(&whole)).customer();
    let of = |scope: &str| {
        let words = ["--name", scope, "--restricted", "--scope", scope];
        let key = create(&server, &words);
        assert!(secret(&key).starts_with("rk_test_"), "{key}");
        assert_eq!(key["scopes"], serde_json::json!([scope]));
        Api::with_key(&server, secret(&key))
    };
    let one = format!("/v1/customers/{customer}");
    let cash = format!("/v1/customers/{customer}/cash_balance");
    let cases: [(&str, &str, &str, u16); 12] = [
        ("customers:read", "GET", &one, 200),
        ("customers:read", "POST", &one, 403),
        ("customers:read", "DELETE", &one, 403),
        ("customers:read", "GET", &cash, 403),
        ("customers:write", "GET", &one, 200),
        ("customers:write", "POST", &one, 200),
        ("customers:write", "POST", &cash, 403),
        ("cash_balance:write", "POST", &cash, 200),
        ("*:read", "GET", &cash, 200),
        ("*:read", "GET", "/v1/events", 200),
        ("*:read", "POST", &one, 403),
        ("*:write", "POST", &cash, 200),
    ];
    for (scope, method, path, want) in cases {
        let answer = of(scope).call(method, path, &[]);
        assert_eq!(answer.status, want, "{scope} {method} {path}: {}", answer.body);
        let names_it = answer.body.contains(":write") || answer.body.contains(":read");
        assert!(want == 200 || names_it, "the scope it needs is not named: {}", answer.body);
    }
    for words in [
        &["create", "--name", "x", "--restricted", "--scope", "customers"][..],
        &["create", "--name", "x", "--restricted", "--scope", "nothing:read"],
        &["create", "--name", "x", "--account", "me"],
        &["create", "--name", "x", "--scope", "customers:read"],
    ] {
        let refused = server.purser(&[&["keys"], words].concat());
        assert!(!refused.status.success(), "{words:?}: {}", said(&refused));
        assert!(refused.stdout.is_empty(), "{words:?}: {}", said(&refused));
    }
}

/// A key does not appear in any line of the log, in any answer, in any event, or in the files.
fn nobody_sees_a_key_again(kind: Kind) {
    let mut server = Server::on(kind);
    let flags = ["--production", "--log-level", "trace", "--log-format", "json"];
    server.serve(&flags.map(String::from));
    let whole = create(&server, &["--name", "whole"]);
    let words = ["--name", "part", "--restricted", "--scope", "customers:read"];
    let part = create(&server, &words);
    let revoked = create(&server, &["--name", "gone"]);
    keys(&server, &["revoke", revoked["id"].as_str().expect("an id")]);
    let stranger = "sk_live_51Hfdkjs8473hfdksjh3874hfkjds";
    let secrets = [secret(&whole), secret(&part), secret(&revoked), stranger];
    let mut bodies = Vec::new();
    for key in secrets {
        let api = Api::with_key(&server, key);
        bodies.push(api.call("POST", "/v1/customers", &[("email", "ada@example.com")]).body);
        bodies.push(api.get("/v1/customers?limit=0x").body);
        bodies.push(api.get("/v1/nowhere").body);
        let elsewhere = crate::Request::new("GET", "/v1/account", &[]);
        bodies.push(api.send(elsewhere.header("Stripe-Account", "acct_1")).body);
        bodies.push(api.get("/v1/accounts/acct_2").body);
        let broken = crate::Request::new("POST", "/v1/customers", &[]).json("{");
        bodies.push(api.send(broken).body);
    }
    bodies.push(Api::with_key(&server, secrets[0]).get("/v1/events").body);
    let told = || server.errors().matches("took_us").count();
    eventually("each request is in the log", || told() >= bodies.len());
    let log = server.errors();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let has = |name: &str| line.get(name).is_some();
        assert!(has("timestamp") && has("level") && has("target"), "{line}");
    }
    let files = std::fs::read_dir(server.home()).expect("a folder").flat_map(|file| {
        let bytes = std::fs::read(file.expect("a file").path()).expect("it can be read");
        Some(String::from_utf8_lossy(&bytes).into_owned())
    });
    let texts = bodies.into_iter().chain([server.log()]).chain(files);
    for text in texts {
        for key in secrets {
            let at = text.find(key).map(|at| &text[at.saturating_sub(200)..at]);
            assert_eq!(at, None, "a key is shown");
        }
    }
}
