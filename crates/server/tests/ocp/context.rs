//! What agents say in their headers: tolerated in any state, never a reason, answered as the level
//! says.

use ocp_agent::headers::{self, Received};
use serde_json::{Value, json};

use super::support::http::Answer;
use super::support::raw::{ask, request};
use super::{customer, json, started};

const ID: (&str, &str) = ("OCP-Context-ID", "ocp-a1b2c3d4");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn ocp_headers(answer: &Answer) -> Vec<(String, String)> {
    let all = answer.headers.iter().filter(|(name, _)| name.starts_with("ocp-"));
    all.cloned().collect()
}

fn received(answer: &Answer) -> Received {
    let pairs = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    headers::read(pairs).expect("a context")
}

/// A GET with these bytes as the value of a header.
fn with_value(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = request("GET", "/v1/balance", &[ID], "");
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(format!("{name}: ").as_bytes());
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

fn gzip_bomb() -> Vec<u8> {
    let text = format!("{{\"context_id\":\"ocp-a1b2c3d4\",\"x\":\"{}\"}}", "0".repeat(4 << 20));
    let packed = headers::encode_session(&text, true).into_bytes();
    assert!(packed.len() < headers::SESSION_BYTES_MAX, "it would not be read at all");
    packed
}

/// The table of odd sessions, and other headers in states that no agent should send.
#[test]
fn no_header_makes_a_request_fail() {
    for level in ["1", "2"] {
        let (_server, base) = started(&["--ocp-level", level]);
        let plain = ask(&base, &request("GET", "/v1/balance", &[], ""));
        let whole = json!({ "context_id": "ocp-a1b2c3d4", "agent_type": "a" }).to_string();
        let encoded = headers::encode_session(&whole, false);
        let packed = headers::encode_session(&whole, true);
        let sessions: Vec<Vec<u8>> = vec![
            b"".to_vec(),
            b"!!!".to_vec(),
            encoded.trim_end_matches('=').into(),
            encoded.replace('e', " e").into(),
            packed.strip_prefix("gzip:").unwrap().into(),
            packed.replace("gzip:", "GZIP:").into(),
            b"gzip:".to_vec(),
            format!("gzip:{encoded}").into(),
            packed[..packed.len() / 2].into(),
            headers::encode_session("[]", false).into(),
            headers::encode_session("null", false).into(),
            headers::encode_session("\"text\"", false).into(),
            headers::encode_session("{}", false).into(),
            headers::encode_session(r#"{"history":7,"session":[],"created_at":"x"}"#, false).into(),
            headers::encode_session(r#"{"context_id":"ocp-ffffffff","zzz":1}"#, false).into(),
            headers::encode_session(&"[".repeat(5000), false).into(),
            b"\xff\xfe\x80".to_vec(),
            vec![b'A'; 200_000],
            gzip_bomb(),
        ];
        let mut cases: Vec<(&str, Vec<u8>)> =
            sessions.into_iter().map(|value| ("OCP-Session", value)).collect();
        for name in headers::NAMES.into_iter().chain([headers::AGENT_GOAL, "OCP-Unheard-Of"]) {
            for value in [&b"Andr\xe9"[..], b"\xe7\x85\xa7", b"", b"{}", &[b'g'; 9_000], b"\t\"'"] {
                cases.push((name, value.to_vec()));
            }
        }
        for (name, value) in cases {
            let answer = ask(&base, &with_value(name, &value));
            let shown = String::from_utf8_lossy(&value[..value.len().min(80)]).into_owned();
            assert_eq!(answer.status, 200, "{name}: {shown}: {}", answer.body);
            assert_eq!(answer.body, plain.body, "{name}: {shown}");
            let bytes: usize = answer.headers.iter().map(|(n, v)| n.len() + v.len() + 4).sum();
            assert!(bytes < 15_000, "{name}: {shown}: {bytes} bytes of headers come back");
        }
    }
}

/// An agent that calls itself an administrator is still nobody.
#[test]
fn no_header_entitles() {
    let (_server, base) = started(&["--production"]);
    let claims = "Host: purser\r\nOCP-Context-ID: ocp-a1b2c3d4\r\nOCP-User: root\r\n\
                  OCP-Agent-Type: administrator\r\nOCP-Session: sk_live_x";
    let asks = format!("GET /v1/balance HTTP/1.1\r\n{claims}\r\n\r\n");
    assert_eq!(ask(&base, asks.as_bytes()).status, 401);
}

#[test]
fn bodies_are_the_same_with_and_without() {
    let (_server, base) = started(&["--ocp-level", "2"]);
    let id = customer(&base);
    let update = format!("/v1/customers/{id}/cash_balance");
    let manual = "settings[reconciliation_mode]=manual";
    for (method, target, form) in [
        ("GET", "/v1/balance", ""),
        ("GET", "/v1/events?limit=3", ""),
        ("POST", &update, manual),
        ("POST", "/v1/customers/cus_missing", "name=x"),
        ("GET", "/v1/nothing", ""),
        ("GET", "/registry", ""),
        ("GET", "/registry/nobody", ""),
    ] {
        let said = [FORM, ID, ("OCP-Current-Goal", "to see"), ("OCP-User", "alice")];
        let without = ask(&base, &request(method, target, &[FORM], form));
        let with = ask(&base, &request(method, target, &said, form));
        assert_eq!((with.status, &with.body), (without.status, &without.body), "{target}");
        assert_eq!(ocp_headers(&without), [], "{target}");
        assert!(!ocp_headers(&with).is_empty(), "{target}");
    }
}

#[test]
fn at_level_1_the_id_comes_back() {
    let (_server, base) = started(&[]);
    let answer = ask(&base, &request("GET", "/v1/balance", &[ID, ("OCP-User", "alice")], ""));
    let expected = [("ocp-context-id", "ocp-a1b2c3d4"), ("ocp-version", "1.0")];
    assert_eq!(ocp_headers(&answer), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    for odd in ["", "not an id", "a\u{e9}", &"x".repeat(65)] {
        let answer = ask(&base, &request("GET", "/v1/balance", &[("OCP-Context-ID", odd)], ""));
        assert_eq!(answer.status, 200);
        assert_eq!(ocp_headers(&answer), [], "{odd}");
    }
}

#[test]
fn at_level_2_an_updated_context_comes_back() {
    let (server, base) = started(&["--ocp-level", "2"]);
    let id = customer(&base);
    let entry = json!({
        "timestamp": "2026-01-04T10:00:00+00:00", "action": "tool_call:x",
        "api_endpoint": "https://elsewhere.example.com", "result": "executing",
        "metadata": { "parameters": { "secret": "hush" } },
    });
    let told = json!({
        "context_id": "ocp-a1b2c3d4", "agent_type": "robot", "user": "alice", "workspace": null,
        "current_goal": "reconcile", "history": vec![entry; 30], "unknown": 1,
        "api_specs": { "stripe": "registry:stripe" },
        "created_at": "2026-01-04T10:00:00+00:00", "last_updated": "2026-01-04T10:00:00+00:00",
    });
    let session = headers::encode_session(&told.to_string(), true);
    let said = [ID, FORM, ("OCP-User", "Andr\u{e9}"), ("OCP-Session", session.as_str())];
    let target = format!("/v1/customers/{id}/cash_balance");
    let manual = "settings[reconciliation_mode]=manual";
    let answer = ask(&base, &request("POST", &target, &said, manual));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let value = answer.header_value("ocp-session").expect("a session");
    assert!(value.len() <= headers::SESSION_BYTES_MAX);
    let back = headers::decode_session(value.as_bytes()).expect("it can be read");
    let keys: Vec<&String> = back.as_object().unwrap().keys().collect();
    #[rustfmt::skip]
    assert_eq!(keys, [
        "context_id", "agent_type", "user", "workspace", "current_file", "session", "history",
        "current_goal", "context_summary", "error_context", "recent_changes", "api_specs",
        "created_at", "last_updated",
    ]);
    assert_eq!(back["context_id"], "ocp-a1b2c3d4");
    assert_eq!(back["user"], "André");
    assert_eq!(back["api_specs"]["stripe"], "registry:stripe");
    let summary = format!("cash balance of {id}: reconciliation manual");
    assert_eq!(back["context_summary"], summary);
    assert_eq!(back["error_context"], Value::Null);
    let history = back["history"].as_array().unwrap();
    assert_eq!(history.len(), 1, "only what happened here");
    assert_eq!(history[0]["api_endpoint"], format!("POST {target}"));
    assert_eq!(history[0]["result"], "HTTP 200");
    let request_id = answer.header_value("request-id").unwrap();
    assert_eq!(history[0]["metadata"], json!({ "request_id": request_id }));
    let short = received(&answer);
    assert_eq!(short.goal.as_deref(), Some("reconcile"));
    assert_eq!(short.agent_type.as_deref(), Some("robot"));
    assert_eq!(short.version.as_deref(), Some("1.0"));

    let refused = ask(&base, &request("GET", "/v1/customers/cus_missing", &[ID], ""));
    let message = json(&refused)["error"]["message"].clone();
    let context = received(&refused).session.expect("a session");
    assert_eq!(context.error_context.as_deref(), message.as_str());
    assert_eq!(context.context_summary, None);
    assert_eq!(context.context_id, "ocp-a1b2c3d4");
    let silent = ask(&base, &request("GET", "/v1/balance", &[("OCP-User", "x")], ""));
    assert_eq!(ocp_headers(&silent), [], "a context without an id gets no answer");
    let log = server.log();
    assert!(!log.contains("hush") && !log.contains(&session), "sessions are not logged");
}

#[test]
fn there_are_two_levels() {
    let server = super::Server::new();
    let (status, said) = server.refusal(&["--ocp-level", "3"]);
    assert!(!status.success() && said.contains("ocp-level"), "{said}");
}
