//! Audits that a server makes of its own database.

use serde_json::Value;

use crate::support::server::{Kind, Server};
use crate::{Api, DEADLINE, eventually, json};

const AUDITS: &str = "/purser/v1/audits";
/// What a server remembers.
const AUDITS_MAX: usize = 10;

crate::support::on_both! {
    audits_are_made_beside_the_work
    an_audit_tells_what_is_broken
    nobody_waits_for_an_audit_at_the_end
}

/// Starts an audit and waits for its end.
#[track_caller]
fn audited(api: &Api) -> Value {
    let started = api.call("POST", AUDITS, &[]);
    assert_eq!(started.status, 200, "{}", started.body);
    let started = json(&started);
    assert_eq!((&started["status"], &started["finished"]), (&"running".into(), &Value::Null));
    let wrong = crate::support::wire::check(&started);
    assert!(wrong.is_empty(), "{wrong:?}");
    eventually("the end of an audit", || newest(api)["status"] != "running");
    let done = newest(api);
    let wrong = crate::support::wire::check(&done);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(done["finished"].as_i64() >= started["started"].as_i64(), "{done}");
    done
}

fn newest(api: &Api) -> Value {
    json(&api.get(AUDITS))["data"][0].clone()
}

fn audits_are_made_beside_the_work(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    assert_eq!(json(&api.get(AUDITS))["data"], Value::Array(Vec::new()));
    let customer = api.customer();
    for at in 0..3 {
        assert_eq!(api.fund(&customer, 5, &format!("k{at}")).status, 200);
    }
    let audit = audited(&api);
    assert_eq!(audit["status"], "clean", "{audit}");
    assert_eq!(audit["findings"], Value::Array(Vec::new()));
    let checked = &audit["checked"];
    assert_eq!(
        (&checked["entries"], &checked["cash_balance_transactions"]),
        (&3.into(), &3.into())
    );
    assert_eq!(checked["rows"], checked["rows_total"], "{audit}");
    for _ in 0..AUDITS_MAX {
        audited(&api);
    }
    let known = json(&api.get(AUDITS));
    assert_eq!(known["data"].as_array().map(Vec::len), Some(AUDITS_MAX), "{known}");
}

fn an_audit_tells_what_is_broken(kind: Kind) {
    let server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    assert_eq!(api.fund(&customer, 5, "k").status, 200);
    let damage = "UPDATE house_balance SET amount = amount + 1";
    match kind {
        Kind::Postgres => drop(server.database().sql(damage)),
        Kind::Sqlite => {
            let db = rusqlite::Connection::open(server.home().join("purser.db"));
            assert!(db.expect("the database").execute(damage, []).expect("a write") > 0);
        }
    }
    let audit = audited(&api);
    assert_eq!(audit["status"], "broken", "{audit}");
    let findings = audit["findings"].as_array().expect("findings");
    assert_eq!(audit["findings_total"], findings.len());
    let told = |name: &str| findings[0][name].as_str().is_some_and(|text| !text.is_empty());
    assert!(told("check") && told("detail"), "{audit}");
}

fn nobody_waits_for_an_audit_at_the_end(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    assert_eq!(api.fund(&customer, 5, "k").status, 200);
    assert_eq!(api.call("POST", AUDITS, &[]).status, 200);
    server.signal("TERM");
    let ended = server.ended(DEADLINE).expect("it ends");
    assert_eq!(ended.code(), Some(0), "{}", server.log());
    server.restart();
    let api = Api::new(&server);
    assert_eq!(json(&api.get(AUDITS))["data"], Value::Array(Vec::new()), "kept in memory only");
    assert_eq!(audited(&api)["status"], "clean");
}
