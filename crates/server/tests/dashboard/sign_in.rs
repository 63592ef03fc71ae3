//! Who gets in, who does not, and what ends it.

#[path = "sign_in/doors.rs"]
mod doors;
#[path = "sign_in/ends.rs"]
mod ends;
#[path = "sign_in/people.rs"]
mod people;
#[path = "sign_in/secrets.rs"]
mod secrets;

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::browser::Browser;
use crate::support::server::{Kind, Server};

const PASSWORD: &str = "correct horse battery";
/// Where nobody signs in otherwise, this makes it necessary: somebody far away may be asking.
const FAR: [&str; 2] = ["--public-url", "http://purser.test"];

fn production() -> Server {
    let mut server = Server::on(Kind::Sqlite);
    server.serve(&["--production".to_owned()]);
    server
}

/// A sandbox in which one has to sign in.
fn far_sandbox() -> Server {
    let mut server = Server::on(Kind::Sqlite);
    server.serve(&FAR.map(str::to_owned));
    server
}

/// Runs `purser dashboard-user` with a password on its standard input.
fn users(server: &Server, words: &[&str], password: &str) -> Output {
    let mut command = server.command();
    command.arg("dashboard-user").args(words).args(["--store", server.store()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("piped");
    // Whoever does not ask for it closes its end.
    let _ = writeln!(input, "{password}");
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn add(server: &Server, name: &str, role: &str) {
    let added = users(server, &["add", name, "--role", role, "--password-stdin"], PASSWORD);
    assert!(added.status.success(), "{added:?}");
}

#[track_caller]
fn as_user(server: &Server, name: &str) -> Browser {
    let mut browser = Browser::new(server);
    let answer = browser.sign_in(&[("name", name), ("password", PASSWORD)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

#[track_caller]
fn as_key(server: &Server, key: &str) -> Browser {
    let mut browser = Browser::new(server);
    let answer = browser.sign_in(&[("key", key)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

/// Makes a key with `purser keys create`.
fn key(server: &Server, words: &[&str]) -> Value {
    let made = server.purser(&[&["keys", "create", "--json", "--name", "till"], words].concat());
    assert!(made.status.success(), "{made:?}");
    serde_json::from_slice(&made.stdout).expect("JSON")
}

fn secret(key: &Value) -> &str {
    key["key"].as_str().expect("a key")
}

/// The pages and actions of the dashboard, with something in the place of ids.
fn rows() -> Vec<(&'static str, String)> {
    let table = include_str!("../../src/dashboard/routes.rs");
    let rows = table.lines().filter_map(|line| {
        let (kind, rest) = line.trim().split_once("!(\"/")?;
        let path = rest.split('"').next()?;
        let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = format!("/dashboard/{}", parts.collect::<Vec<_>>().join("/"));
        let method = if kind.ends_with("action") { "POST" } else { "GET" };
        Some((method, path.trim_end_matches('/').to_owned()))
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.contains(&("GET", "/dashboard".to_owned())), "{rows:?}");
    rows
}
