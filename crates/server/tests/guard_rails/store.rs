//! What the store keeps of all this: nobody changes it unseen, it goes along with a copy, and a
//! database that was made before there was any of it is taken over as it is.

use rusqlite::Connection;
use testing::migrations::undone_since;
use testing::postgres;

use crate::support::http::Request;
use crate::support::server::{Kind, Server};
use crate::{Api, code, json, payment, text};

crate::support::on_both! {
    whose_money_it_was_cannot_be_changed_unseen
    requests_are_neither_changed_nor_removed
    a_copy_knows_what_was_spent_and_what_waits
    a_database_from_before_is_taken_over
}

/// Statements from outside, of somebody who may do anything.
fn run(server: &Server, kind: Kind, sql: &str) -> Result<(), String> {
    match kind {
        Kind::Sqlite => {
            let db = Connection::open(server.home().join("purser.db")).expect("a file");
            db.execute_batch(sql).map_err(|why| why.to_string())
        }
        Kind::Postgres => {
            postgres::shared().admin_in(server.database().name(), sql);
            Ok(())
        }
    }
}

/// A store in which an agent moved money, and a person did.
fn lived(kind: Kind) -> (Server, String) {
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(5000);
    let agent = Api::agent(&server, &["--max-per-call", "eur=1000"]);
    let paid = agent.send(payment(&customer, 1000, "k"));
    assert_eq!(paid.status, 200, "{}", paid.body);
    let id = paid.header_value("Request-Id").expect("an id").to_owned();
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
    (server, id)
}

fn whose_money_it_was_cannot_be_changed_unseen(kind: Kind) {
    let changes = |id: &str| {
        [
            format!("UPDATE entry SET request = NULL WHERE request = '{id}'"),
            format!("UPDATE entry SET request = 'req_another' WHERE request = '{id}'"),
            format!("UPDATE entry SET request = '{id}' WHERE request IS NULL"),
        ]
    };
    for at in 0..changes("").len() {
        let (mut server, id) = lived(kind);
        if kind == Kind::Sqlite {
            let refused = run(&server, kind, &changes(&id)[at]).expect_err("a trigger refuses it");
            assert!(refused.contains("append-only"), "{refused}");
            run(&server, kind, "DROP TRIGGER entry_is_never_changed").expect("it is gone");
        }
        run(&server, kind, &changes(&id)[at]).expect("it is changed");
        let found = server.stop_and_audit().expect_err("the doctor finds it");
        assert!(found.contains("the hash chain is unbroken"), "{found}");
    }
}

fn requests_are_neither_changed_nor_removed(kind: Kind) {
    let (server, _) = lived(kind);
    // On PostgreSQL a privilege cannot tell what is forgotten in time from what stays.
    let others = if kind == Kind::Sqlite { "DELETE FROM request" } else { "TRUNCATE request" };
    for sql in ["UPDATE request SET data = '{}'", others] {
        let refused = match kind {
            Kind::Sqlite => run(&server, kind, sql),
            Kind::Postgres => server.database().try_sql(sql).map(drop),
        };
        let why = refused.expect_err("it is refused");
        assert!(why.contains("append-only") || why.contains("permission denied"), "{why}");
    }
}

fn a_copy_knows_what_was_spent_and_what_waits(kind: Kind) {
    let other = if kind == Kind::Sqlite { Kind::Postgres } else { Kind::Sqlite };
    let mut from = Server::started_on(kind);
    let person = Api::person(&from);
    let customer = person.customer(100_000);
    let agent = Api::agent(&from, &["--max-per-day", "eur=3000", "--approve-above", "eur=1000"]);
    assert_eq!(agent.send(payment(&customer, 900, "paid")).status, 200);
    let approval = agent.held(&customer, 1500, "held");
    let asked = person.get("/purser/v1/requests");
    from.kill9();

    let mut to = Server::on(other);
    let mut copy = from.command();
    let copied = copy.args(["copy", "--from", from.store(), "--to", to.store()]).output();
    let copied = copied.expect("the binary starts");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    to.serve(&[]);
    let (person, agent) = (person.at(&to), agent.at(&to));
    assert_eq!(person.get("/purser/v1/requests"), asked);
    let much = agent.send(payment(&customer, 1000, "now"));
    assert_eq!(much.status, 200, "{}", much.body);
    let shown = json(&person.approve(&approval));
    assert_eq!(shown["response"]["body"]["error"]["code"], "key_limit_exceeded", "{shown}");
    let refused = agent.send(payment(&customer, 1500, "held"));
    assert_eq!(code(&refused), "key_limit_exceeded", "{}", refused.body);
    let again = agent.send(payment(&customer, 900, "paid"));
    assert_eq!(again.header_value("Idempotent-Replayed"), Some("true"));
    assert_eq!(person.cash(&customer), 100_000 - 1900);
    to.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// A database that never had the migration, nor any after it.
fn a_database_from_before_is_taken_over(kind: Kind) {
    let mut server = Server::started_on(kind);
    let person = Api::person(&server);
    let customer = person.customer(5000);
    assert_eq!(person.send(payment(&customer, 1000, "before")).status, 200);
    let plain = server.purser(&["keys", "create", "--json", "--name", "old"]);
    assert!(plain.status.success());
    let journal = person.get("/purser/v1/journal");
    server.kill9();
    let named = if kind == Kind::Sqlite { "sqlite" } else { "postgres" };
    run(&server, kind, &undone_since(named, "agents")).expect("it is undone");
    server.restart();
    let person = person.at(&server);
    assert_eq!(person.get("/purser/v1/journal"), journal);
    let again = person.send(payment(&customer, 1000, "before"));
    assert_eq!(again.header_value("Idempotent-Replayed"), Some("true"));
    let agent = Api::agent(&server, &["--max-per-day", "eur=1000"]);
    assert_eq!(agent.send(payment(&customer, 1000, "after")).status, 200);
    assert_eq!(code(&agent.send(payment(&customer, 100, "more"))), "key_limit_exceeded");
    let noted = person.send(Request::new("GET", "/purser/v1/requests", &[]));
    assert!(!text(&json(&noted)["data"][0], "id").is_empty());
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
