//! The protocol itself: versions, methods, and who may ask at all.

use serde_json::{Value, json};

use crate::Agent;
use crate::support::http::{Client, Request};
use crate::support::server::Server;

fn hello(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    })
}

#[test]
fn a_client_is_greeted_in_its_version() {
    let server = Server::started();
    let agent = Agent::of(&server);
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let result = agent.ask("initialize", hello(version))["result"].clone();
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "purser");
        assert_eq!(result["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(result["capabilities"], json!({ "tools": {} }));
        let instructions = result["instructions"].as_str().unwrap();
        for word in ["smallest unit", "dry_run", "approve", "expand", "idempotency_key"] {
            assert!(instructions.contains(word), "{instructions}");
        }
        let ready = agent.with("MCP-Protocol-Version", version);
        let told = ready.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert_eq!((told.status, told.body.as_str()), (202, ""));
        assert_eq!(ready.ask("ping", json!({}))["result"], json!({}));
    }
    let unknown = agent.ask("initialize", hello("1999-01-01"))["result"].clone();
    assert!(unknown["protocolVersion"].as_str().unwrap() >= "2025-11-25", "{unknown}");
}

/// Since 2026-07-28 there is no greeting: each request says who asks.
#[test]
fn the_newest_clients_need_no_greeting() {
    let server = Server::started();
    let version = "2026-07-28";
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let agent = Agent::of(&server).with("MCP-Protocol-Version", version);
    let found = agent.with("Mcp-Method", "server/discover");
    let found = found.ask("server/discover", json!({ "_meta": meta }))["result"].clone();
    assert!(found["supportedVersions"].to_string().contains(version), "{found}");
    let list = agent.with("Mcp-Method", "tools/list");
    let list = list.ask("tools/list", json!({ "_meta": meta }))["result"].clone();
    assert_eq!(list["tools"].as_array().unwrap().len(), 40, "{list}");
    let call = agent.with("Mcp-Method", "tools/call").with("Mcp-Name", "getBalance");
    let params = json!({ "name": "getBalance", "arguments": {}, "_meta": meta });
    let balance = call.ask("tools/call", params)["result"].clone();
    assert_eq!(balance["structuredContent"]["object"], "balance", "{balance}");
}

#[test]
fn there_are_no_streams_and_no_sessions() {
    let server = Server::started();
    let client = Client::new(server.base().unwrap());
    for method in ["GET", "DELETE", "PUT"] {
        let request = Request::new(method, "/mcp", &[]).header("Accept", "text/event-stream");
        let answer = client.send(&request).unwrap();
        assert_eq!((answer.status, answer.header_value("allow")), (405, Some("POST")), "{method}");
    }
    let agent = Agent::of(&server);
    let first = agent.post(
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello("2025-06-18") })
            .to_string(),
    );
    assert_eq!(first.header_value("mcp-session-id"), None);
    assert_eq!(first.header_value("content-type"), Some("application/json"));
    let listen = agent.ask("subscriptions/listen", json!({ "notifications": {} }));
    assert_eq!(listen["error"]["code"], -32601, "{listen}");
    for method in ["resources/list", "prompts/list"] {
        assert!(agent.ask(method, json!({})).is_object());
    }
    assert_eq!(agent.ask("no/such/method", json!({}))["error"]["code"], -32601);
}

#[test]
fn strangers_get_nothing() {
    let mut server = Server::new();
    let flags = ["--public-url", "https://purser.example.com"];
    server.serve(&flags.map(str::to_owned));
    let agent = Agent::of(&server);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    #[rustfmt::skip]
    let cases = [
        ("Host", "evil.example.com", 403),
        ("Host", "purser.example.com", 200),
        ("Host", "purser.example.com:8443", 200),
        ("Host", "localhost:12111", 200),
        ("Host", "[::1]:12111", 200),
        ("Host", "127.0.0.1.evil.example.com", 403),
        ("Origin", "https://evil.example.com", 403),
        ("Origin", "null", 403),
        ("Origin", "https://purser.example.com", 200),
        ("Origin", "http://purser.example.com", 403),
        ("Origin", "http://localhost:6274", 200),
        ("Accept", "application/json", 406),
        ("Content-Type", "text/plain", 415),
        ("MCP-Protocol-Version", "1999-01-01", 400),
    ];
    for (name, value, status) in cases {
        let answer = agent.with(name, value).post(ping);
        assert_eq!(answer.status, status, "{name}: {value}: {}", answer.body);
        assert!(status != 403 || answer.body.contains("--public-url"), "{}", answer.body);
    }
}

#[test]
fn bodies_are_bounded_and_requests_counted() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let large = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "x".repeat(1 << 20));
    let answer = agent.post(&large);
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("body_bytes_max"), "{}", answer.body);
    agent.done("getBalance", json!({}));
    let client = Client::new(server.base().unwrap());
    let counted = client.send(&Request::new("GET", "/metrics", &[])).unwrap().body;
    for line in [
        "purser_requests_total{operation=\"GetBalance\",status=\"200\"} 1",
        "purser_requests_total{operation=\"Mcp\",status=\"200\"} 1",
    ] {
        assert!(counted.contains(line), "{line} is not in\n{counted}");
    }
}

#[test]
fn nothing_of_it_is_in_the_log() {
    let mut server = Server::new();
    server.serve(&["--log-level", "trace"].map(str::to_owned));
    let agent = Agent::of(&server).with("OCP-Session", "c2VjcmV0LXNlc3Npb24=");
    agent.done("postCustomers", json!({ "email": "secret@example.com" }));
    agent.ask("tools/call", json!({ "name": "secretTool", "arguments": {} }));
    let log = server.log();
    assert!(log.contains("operation=\"Mcp\""), "{log}");
    for secret in [crate::KEY, "secret@", "secretTool", "c2VjcmV0"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
