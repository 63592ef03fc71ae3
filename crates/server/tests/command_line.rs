//! Commands that talk to a running server: `purser agent`, `purser listen`, `purser trigger`.

#[path = "command_line/agent.rs"]
mod agent;
#[path = "command_line/child.rs"]
mod child;
#[path = "command_line/listen.rs"]
mod listen;
#[path = "command_line/receiver.rs"]
mod receiver;
mod support;
#[path = "command_line/trigger.rs"]
mod trigger;

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Client, Request};
use support::server::Server;

/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);
const KEY: &str = "sk_test_command_line";

/// Runs `purser` with these words, and where the server is.
fn purser(server: &Server, words: &[&str]) -> Output {
    let base = server.base().expect("it runs");
    let mut command = server.command();
    command.args(words).args(["--url", base]).stdin(Stdio::null()).env("PURSER_KEY", KEY);
    command.output().expect("the binary starts")
}

/// Everything that a command said.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// An answer to a request, which has to be carried out.
#[track_caller]
fn ask(server: &Server, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
    let params: Vec<(String, String)> =
        params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let request = Request::new(method, path, &params);
    let client = Client::new(server.base().expect("it runs"));
    let answer = client.send(&request.header("Authorization", &format!("Bearer {KEY}")));
    let answer = answer.expect("the server runs");
    assert_eq!(answer.status, 200, "{method} {path}: {}", answer.body);
    answer.json().unwrap_or_else(|why| panic!("{why}"))
}

/// The ids of the newest hundred events, the oldest first.
fn events(server: &Server) -> Vec<String> {
    let page = ask(server, "GET", "/v1/events", &[("limit", "100")]);
    page["data"].as_array().expect("a list").iter().rev().map(|it| text(it, "id")).collect()
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}")).to_owned()
}

/// Waits until `what` comes true.
#[track_caller]
fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
