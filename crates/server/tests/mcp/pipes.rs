//! `purser mcp`: the same over standard input and output.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::{Agent, KEY, text, tools};

/// A client that started `purser mcp`.
struct Pipes {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Pipes {
    fn to(server: &Server, words: &[&str]) -> Pipes {
        let mut child = server
            .command()
            .args(["mcp", "--url", server.base().expect("it runs")])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("piped"));
        Pipes { child, input, output: BufReader::new(output).lines() }
    }

    fn greeted(server: &Server, words: &[&str]) -> Pipes {
        let mut pipes = Pipes::to(server, words);
        let client = json!({ "name": "A Client/1", "version": "1" });
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client,
        });
        assert_eq!(pipes.ask("initialize", hello)["result"]["serverInfo"]["name"], "purser");
        pipes.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        pipes
    }

    fn send(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{line}").expect("it reads");
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        self.send(&request.to_string());
        let line = self.output.next().expect("it answers").expect("text");
        serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"))
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))["result"].clone()
    }

    /// Closes the input: then it ends by itself, and well.
    fn end(&mut self) {
        self.input = None;
        let rest: Vec<_> = self.output.by_ref().map_while(Result::ok).collect();
        assert!(rest.is_empty(), "{rest:?}");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_tools_are_the_same() {
    let server = Server::started();
    let mut pipes = Pipes::greeted(&server, &["--api-key", KEY]);
    let agent = Agent::of(&server);
    let first = pipes.ask("tools/list", json!({}))["result"].clone();
    let wanted = tools(&agent);
    let page = first["tools"].as_array().unwrap();
    assert_eq!(page[..], wanted[..page.len()]);
    let made = pipes.call("postCustomers", json!({ "metadata": { "a": "b" } }));
    assert_eq!(made["isError"], false, "{made}");
    let id = made["structuredContent"]["id"].clone();
    let key = made["_meta"]["purser/idempotency_key"].clone();
    let again = json!({ "metadata": { "a": "b" }, "idempotency_key": key });
    assert_eq!(pipes.call("postCustomers", again)["_meta"]["purser/replayed"], true);
    let found = pipes.call("getCustomers", json!({ "limit": 5, "created": { "gt": 1 } }));
    assert_eq!(found["structuredContent"], agent.done("getCustomers", json!({ "limit": 5 })));
    let gone = pipes.call("deleteCustomersCustomer", json!({ "customer": id }));
    assert_eq!(gone["structuredContent"]["deleted"], true, "{gone}");
    let missing = pipes.call("getCustomersCustomer", json!({ "customer": "cus_none" }));
    assert!(text(&missing).ends_with("Find the right id with getCustomers."), "{missing}");
    pipes.end();
}

#[test]
fn keys_and_accounts_are_those_that_were_given() {
    let server = Server::started();
    let agent = Agent::of(&server);
    agent.done("postCustomers", json!({}));
    let mut elsewhere = Pipes::greeted(&server, &["--account", "acct_elsewhere"]);
    let none = elsewhere.call("getCustomers", json!({}));
    assert_eq!(none["structuredContent"]["data"], json!([]), "{none}");
    elsewhere.end();
    let mut stranger = Pipes::greeted(&server, &["--api-key", "nonsense"]);
    let refused = stranger.call("getCustomers", json!({}));
    assert!(text(&refused).contains("--api-key"), "{refused}");
    stranger.end();
}

#[test]
fn a_server_that_is_gone_is_told_and_found_again() {
    let mut server = Server::started();
    let mut pipes = Pipes::greeted(&server, &[]);
    let address = server.base().unwrap().trim_start_matches("http://").to_owned();
    server.kill9();
    let lost = pipes.call("postCustomers", json!({ "name": "Ada" }));
    assert_eq!(lost["isError"], true);
    assert!(text(&lost).contains("Is `purser serve` running there?"), "{lost}");
    let key = lost["_meta"]["purser/idempotency_key"].clone();
    assert!(text(&lost).contains(key.as_str().unwrap()), "{lost}");
    server.serve(&["--listen".to_owned(), address]);
    let made = pipes.call("postCustomers", json!({ "name": "Ada", "idempotency_key": key }));
    assert_eq!((&made["isError"], &made["_meta"]["purser/idempotency_key"]), (&false.into(), &key));
    pipes.end();
}

#[test]
fn lines_that_are_no_messages_harm_nobody() {
    let server = Server::started();
    let mut pipes = Pipes::greeted(&server, &[]);
    pipes.send("nonsense");
    pipes.send(&"x".repeat(2 << 20));
    assert_eq!(pipes.call("getBalance", json!({}))["isError"], false);
    pipes.end();
    Pipes::to(&server, &[]).end();
}
