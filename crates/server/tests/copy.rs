//! `purser copy`: a database that has lived moves from SQLite to PostgreSQL and back, and nobody
//! can tell; a copy that was interrupted is not taken for a whole one.

#[path = "copy/life.rs"]
mod life;
#[path = "copy/refusals.rs"]
mod refusals;
mod support;

use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::server::{Kind, Server};

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
/// Where people find a server, whichever port it has: links to pages name it.
const PUBLIC_URL: [&str; 2] = ["--public-url", "http://127.0.0.1:12111"];

/// Runs `purser copy` with these words.
fn copy(from: &str, to: &str, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_purser"));
    command.args(["copy", "--from", from, "--to", to]).args(words).stdin(Stdio::null());
    command.output().expect("the binary starts")
}

/// The same, which has to succeed: what it reports.
#[track_caller]
fn copied(from: &Server, to: &Server) -> Value {
    report(&copy(from.store(), to.store(), &["--json"]))
}

#[track_caller]
fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The same, which has to be refused with these words.
#[track_caller]
fn refused(from: &str, to: &str, why: &str) {
    let output = copy(from, to, &[]);
    assert!(!output.status.success(), "{}", said(&output));
    assert!(said(&output).contains(why), "not '{why}': {}", said(&output));
}

/// Everything that a command said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[track_caller]
fn assert_healthy(server: &Server) {
    let doctor = server.purser(&["doctor"]);
    assert!(doctor.status.success(), "{}", said(&doctor));
}

fn flags(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// From SQLite to PostgreSQL, where several lanes write, to another PostgreSQL, back to SQLite, and
/// once more to PostgreSQL: each time everything reads as before, and life goes on.
#[test]
fn a_database_moves_and_nobody_can_tell() {
    let mut homes = [
        Server::new(),
        Server::on(Kind::Postgres),
        Server::on(Kind::Postgres),
        Server::new(),
        Server::on(Kind::Postgres),
    ];
    let begun = homes[0].purser(&["keys", "create", "--name", "till"]);
    assert!(begun.status.success(), "{}", said(&begun));
    homes[0].serve(&flags(&PUBLIC_URL));
    let mut life = life::Life::begin(&homes[0]);
    for at in 1..homes.len() {
        let (before, after) = homes.split_at_mut(at);
        let (from, to) = (&mut before[at - 1], &mut after[0]);
        let keys = from.purser(&["keys", "list", "--json"]).stdout;
        let known = life::everything(from);
        // The source is served all the while.
        let report = copied(from, to);
        assert_eq!(report["doctor"]["to"]["healthy"], true, "{report}");
        assert_eq!(report["doctor"]["to"], report["doctor"]["from"], "{report}");
        from.kill9();

        assert_eq!(to.purser(&["keys", "list", "--json"]).stdout, keys);
        to.serve(&flags(&[&["--store-lanes", "4"], &PUBLIC_URL[..]].concat()));
        life::assert_same(&known, &life::everything(to));
        life.assert_replayed(to);
        life.go_on(to);
        assert_healthy(to);
        if to.store().starts_with("postgres:") {
            let lanes = to.database().sql("SELECT count(DISTINCT lane) > 1 FROM chain");
            assert_eq!(lanes, "t", "several lanes wrote");
        }
    }
}

/// What a table of the report says, and that nothing is in the target but what was copied.
#[test]
fn rows_are_reported() {
    let mut from = Server::started();
    let life = life::Life::begin(&from);
    from.kill9();
    let to = Server::on(Kind::Postgres);
    let report = copied(&from, &to);
    let customers = report["tables"]["customer"].as_u64();
    assert_eq!(customers, Some(life.customers() as u64), "{report}");
    for table in ["customer", "entry", "idempotency", "event", "document", "delivery_attempt"] {
        let counted = to.database().sql(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(report["tables"][table].to_string(), counted, "{table}");
    }
    let twice = copy(from.store(), to.store(), &["--no-verify"]);
    assert!(said(&twice).contains("is not empty"), "{}", said(&twice));

    let plain = Server::new();
    let output = copy(to.store(), plain.store(), &["--no-verify"]);
    assert!(output.status.success(), "{}", said(&output));
    let shown = said(&output);
    assert!(shown.contains("TABLE") && shown.contains("not examined"), "{shown}");
    assert_healthy(&plain);
}

/// What is written while the copy is made is not in it, not even in part.
#[test]
fn a_copy_is_of_one_moment() {
    for (kind, other) in [(Kind::Sqlite, Kind::Postgres), (Kind::Postgres, Kind::Sqlite)] {
        let (mut from, to) = (Server::on(kind), Server::on(other));
        from.serve(&[]);
        let customers = life::Life::begin(&from).customers() as u64;
        let (is_done, funded) = (AtomicBool::new(false), AtomicU64::new(0));
        let output = std::thread::scope(|scope| {
            scope.spawn(|| life::fund_new_customers(&from, &is_done, &funded));
            let began = Instant::now();
            while funded.load(Ordering::Relaxed) < 10 && began.elapsed() < DEADLINE {
                std::thread::yield_now();
            }
            let output = copy(from.store(), to.store(), &["--json"]);
            is_done.store(true, Ordering::Relaxed);
            output
        });
        let report = report(&output);
        let (copied, all) = (&report["tables"]["customer"], funded.load(Ordering::Relaxed));
        let copied = copied.as_u64().expect("a count") - customers;
        assert!(copied >= 10 && copied < all, "{copied} of {all} customers");
        assert_healthy(&from);
        assert_healthy(&to);
    }
}
