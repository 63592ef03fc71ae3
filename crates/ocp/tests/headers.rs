//! Rows 38 to 48 and 55 to 56 of the upstream cases, the vectors of the existing agents, and what
//! damaged sessions become.

mod common;

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{clock, pairs};
use ocp_agent::Context;
use ocp_agent::context::HISTORY_MAX;
use ocp_agent::headers::{self, Received, Scope};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const V1: &str = include_str!("data/v1_python.json");
const V3: &str = include_str!("data/v3_session.txt");

fn plain() -> Scope {
    Scope { api: None, compress: false }
}

fn get<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn read(headers: &[(&str, &[u8])]) -> Option<Received> {
    headers::read(headers.iter().copied())
}

fn session_of(value: &[u8]) -> Option<Context> {
    read(&[("OCP-Context-ID", b"ocp-a1b2c3d4"), ("OCP-Session", value)])?.session
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}

fn sha(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn row_38_a_minimal_context_has_four_headers() {
    let headers = headers::write(&Context::new("ai_agent", &clock()), &Scope::all());
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["OCP-Context-ID", "OCP-Agent-Type", "OCP-Version", "OCP-Session"]);
    assert_eq!(get(&headers, "OCP-Version"), Some("1.0"));
    assert_eq!(get(&headers, "OCP-Agent-Type"), Some("ai_agent"));
}

#[test]
fn row_39_goal_user_and_workspace_have_headers() {
    let mut context = Context::new("ai_agent", &clock());
    context.update_goal("reconcile", None, &clock());
    context.user = Some("alice".to_owned());
    context.workspace = Some("payments".to_owned());
    let headers = headers::write(&context, &Scope::all());
    assert_eq!(get(&headers, "OCP-Current-Goal"), Some("reconcile"));
    assert_eq!(get(&headers, "OCP-User"), Some("alice"));
    assert_eq!(get(&headers, "OCP-Workspace"), Some("payments"));
    assert_eq!(headers.len(), 7);
}

#[test]
fn rows_40_and_41_sessions_are_plain_or_packed() {
    let mut context = Context::new("ai_agent", &clock());
    let headers = headers::write(&context, &plain());
    let json = STANDARD.decode(get(&headers, "OCP-Session").expect("a session")).expect("base64");
    let value: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(value["context_id"], context.context_id.as_str());

    context.context_summary = Some("a long story. ".repeat(100));
    let headers = headers::write(&context, &Scope::all());
    let session = get(&headers, "OCP-Session").expect("a session");
    assert!(session.starts_with("gzip:"), "{session}");
    assert_eq!(headers::decode(pairs(&headers)).as_ref(), Some(&context));
    let headers = headers::write(&context, &plain());
    assert!(!get(&headers, "OCP-Session").expect("a session").starts_with("gzip:"));
}

#[test]
fn rows_42_and_43_id_and_session_are_needed_in_any_case_of_letters() {
    let context = Context::new("ai_agent", &clock());
    let headers = headers::write(&context, &Scope::all());
    let mixed: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase().replace("ocp", "oCp"), value.clone()))
        .collect();
    assert_eq!(headers::decode(pairs(&mixed)), Some(context));
    for only in ["OCP-Session", "OCP-Context-ID"] {
        let one: Vec<_> = headers.iter().filter(|(name, _)| name == only).cloned().collect();
        assert_eq!(headers::decode(pairs(&one)), None, "{only}");
    }
}

#[test]
fn row_44_and_damaged_sessions_are_read_as_far_as_they_can_be() {
    let packed = gzip(b"{\"agent_type\":\"x\"}");
    let bomb = gzip(&vec![b' '; 300 * 1024]);
    let b64 = |bytes: &[u8]| STANDARD.encode(bytes).into_bytes();
    let gz = |bytes: &[u8]| [b"gzip:".to_vec(), b64(bytes)].concat();
    let small = br#"{"agent_type":"x","created_at":"never","history":7}"#;
    let table: &[(&str, Vec<u8>, bool)] = &[
        ("row 44: not base64", b"invalid-base64-data".to_vec(), false),
        ("row 44: not JSON", b64(b"invalid json"), false),
        ("missing", b"".to_vec(), false),
        ("marks", b"!!!".to_vec(), false),
        ("no padding", b64(small).into_iter().filter(|byte| *byte != b'=').collect(), true),
        ("for URLs", URL_SAFE_NO_PAD.encode(br#"{"user":"???>>>~~~"}"#).into_bytes(), true),
        ("white space", [b" ", &b64(small)[..12], b" ", &b64(small)[12..]].concat(), true),
        ("gzip without prefix", b64(&packed), true),
        ("gzip", gz(&packed), true),
        ("upper case", [b"GZIP:".to_vec(), b64(&packed)].concat(), false),
        ("not gzip", gz(b"hello"), false),
        ("cut", gz(&packed[..packed.len() / 2]), false),
        ("bomb", gz(&bomb), false),
        ("array", b64(b"[]"), false),
        ("text", b64(b"\"x\""), false),
        ("null", b64(b"null"), false),
        ("empty object", b64(b"{}"), false),
        ("part of a context", b64(br#"{"user":"alice"}"#), true),
        ("unknown key", b64(br#"{"user":"alice","new":1}"#), true),
        ("bad date", b64(small), true),
        ("too long", vec![b'A'; 8_193], false),
        ("not even text", vec![0xff, 0xfe, 0x00], false),
        ("deep", b64("[".repeat(4_000).as_bytes()), false),
    ];
    for (name, value, readable) in table {
        assert_eq!(session_of(value).is_some(), *readable, "{name}");
    }
    let read = session_of(&b64(small)).expect("a session");
    assert_eq!(read.created_at, "1970-01-01T00:00:00+00:00");
    assert_eq!(read.context_id, "ocp-a1b2c3d4", "the header stands in");
}

#[test]
fn row_45_a_full_context_comes_back_equal() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    context.update_goal("reconcile", Some("half done"), &clock);
    context.set_error_context("it broke", Some("src/main.rs"), &clock);
    for at in 0..5 {
        let metadata: Map<String, Value> = [("at".to_owned(), at.into())].into_iter().collect();
        context.add_interaction("look", Some("GET /x"), Some("ok"), metadata, &clock);
    }
    for change in ["one", "two", "three"] {
        context.add_recent_change(change, &clock);
    }
    context.add_api_spec("stripe", "registry:stripe", &clock);
    context.add_api_spec("github", "https://api.test/openapi.json", &clock);
    let headers = headers::write(&context, &Scope::all());
    assert_eq!(headers::decode(pairs(&headers)), Some(context));
}

#[test]
fn rows_46_to_48_merge_strip_and_summary() {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let others =
        vec![own("Authorization", "Bearer x"), own("ocp-user", "mallory"), own("Accept", "*/*")];
    let before = others.clone();
    let mut context = Context::new("ai_agent", &clock());
    context.user = Some("alice".to_owned());
    let merged = headers::merge(&others, &context, &Scope::all());
    assert_eq!(others, before);
    assert_eq!(get(&merged, "Authorization"), Some("Bearer x"));
    assert_eq!(get(&merged, "OCP-User"), Some("alice"), "nobody passes for another");
    assert_eq!(get(&merged, "ocp-user"), None);

    let stripped = headers::strip(&merged);
    assert_eq!(stripped, [own("Authorization", "Bearer x"), own("Accept", "*/*")]);

    let line = headers::summary(pairs(&merged));
    let expected = format!(
        "OCP Context: {} | Agent: ai_agent | Goal: none | Workspace: none",
        context.context_id
    );
    assert_eq!(line, expected);
    let nothing = "OCP Context: unknown | Agent: unknown | Goal: none | Workspace: none";
    assert_eq!(headers::summary(pairs(&[])), nothing);
}

#[test]
fn row_55_any_script_comes_back_and_only_latin_1_is_in_short_headers() {
    let mut context = Context::new("ai_agent", &clock());
    context.user = Some("用户".to_owned());
    context.workspace = Some("проект".to_owned());
    context.current_goal = Some("André".to_owned());
    let headers = headers::write(&context, &Scope::all());
    assert_eq!(get(&headers, "OCP-User"), None);
    assert_eq!(get(&headers, "OCP-Workspace"), None);
    assert_eq!(get(&headers, "OCP-Current-Goal"), Some("André"));
    assert_eq!(headers::decode(pairs(&headers)), Some(context.clone()));

    context.user = Some("two\r\nlines".to_owned());
    context.current_goal = Some("g".repeat(9_000));
    let headers = headers::write(&context, &Scope::all());
    assert_eq!(get(&headers, "OCP-User"), None);
    assert_eq!(get(&headers, "OCP-Current-Goal").map(str::len), Some(256));
}

#[test]
fn row_56_an_answer_updates_the_context_and_is_not_applied_twice() {
    let clock = clock();
    let mut mine = Context::new("ai_agent", &clock);
    let id = mine.context_id.clone();
    mine.add_interaction("look", Some("GET /x"), None, Map::new(), &clock);
    let mut theirs = Context::new("server", &clock);
    theirs.update_goal("new goal", Some("settled"), &clock);
    theirs.history.clone_from(&mine.history);
    theirs.history[0].api_endpoint = None;
    theirs.add_interaction("settled", Some("POST /y"), Some("done"), Map::new(), &clock);
    let headers = headers::write(&theirs, &Scope::all());
    for _ in 0..2 {
        assert!(mine.update_from_headers(pairs(&headers), Some("stripe"), &clock));
        assert_eq!(mine.context_id, id);
        assert_eq!(mine.current_goal.as_deref(), Some("new goal"));
        assert_eq!(mine.context_summary.as_deref(), Some("settled"));
        assert_eq!(mine.history.len(), 2);
    }
    assert_eq!(mine.history[1].metadata["api_name"], "stripe");
    let others = [("Content-Type".to_owned(), "text/plain".to_owned())];
    assert!(!mine.update_from_headers(pairs(&others), None, &clock));
    let echo = [("OCP-Context-ID".to_owned(), id), ("OCP-Version".to_owned(), "1.0".to_owned())];
    assert!(!mine.update_from_headers(pairs(&echo), None, &clock), "an echo says nothing new");
}

#[test]
fn a_small_header_cannot_fill_the_context() {
    let clock = clock();
    let mut theirs = Context::new("server", &clock);
    theirs.context_summary = Some("s".repeat(20_000));
    for at in 0..22 {
        let metadata = json!({"note": "n".repeat(3_000), "list": vec!["x".repeat(100); 30]});
        let action = format!("{at} {}", "a".repeat(3_000));
        let metadata = metadata.as_object().expect("an object").clone();
        theirs.add_interaction(&action, Some("GET /x"), None, metadata, &clock);
    }
    let session = serde_json::to_string(&theirs).expect("JSON");
    let session = headers::encode_session(&session, true);
    assert!(session.len() < 8_192, "{}", session.len());
    let headers = [("OCP-Session".to_owned(), session)];
    let mut mine = Context::new("ai_agent", &clock);
    assert!(mine.update_from_headers(pairs(&headers), Some("x"), &clock));
    assert_eq!(mine.context_summary.as_ref().map(String::len), Some(1_000));
    assert_eq!(mine.history.len(), 20);
    let size = serde_json::to_string(&mine.history).expect("JSON").len();
    assert!(size < 20 * 1_000, "{size}");
    assert_eq!(mine.history[0].metadata["..."], "too large");
    let debug = format!("{theirs:?} {:?}", theirs.history[0].metadata.len());
    assert!(!debug.contains("sss"), "{debug}");
}

#[test]
fn the_session_of_the_python_agent_is_written_and_read() {
    let value: Value = serde_json::from_str(V1).expect("JSON");
    let context = Context::read(&value, None).expect("a context");
    let headers = headers::write(&context, &Scope::all());
    let session = get(&headers, "OCP-Session").expect("a session");
    assert_eq!(session.len(), 620);
    let expected = "a71f6d0e8e743b0714e8a28fec62127932d7b2f40eccd580766e49ccf9475fea";
    assert_eq!(sha(session), expected);
    assert_eq!(headers::decode(pairs(&headers)), Some(context));
}

#[test]
fn the_session_of_the_javascript_agent_is_written_and_read() {
    let text = V1.trim_end().replace("10:00:00+00:00", "10:00:00.000Z");
    let text = text.replace("01.250000+00:00", "01.250Z");
    assert_eq!(text.len(), 454);
    let context = Context::read(&serde_json::from_str(&text).expect("JSON"), None);
    let headers = headers::write(context.as_ref().expect("a context"), &Scope::all());
    let session = get(&headers, "OCP-Session").expect("a session");
    let expected = "9548e81cbc99c72e350dc7c4119d66919c1688b5d1fcee9f8b86699dc6fda23f";
    assert_eq!(sha(session), expected);
    assert_eq!(headers::decode(pairs(&headers)), context);
}

#[test]
fn a_packed_session_of_the_python_agent_is_read() {
    let read = session_of(V3.trim_end().as_bytes()).expect("a session");
    assert_eq!(read.user.as_deref(), Some("alice"));
    assert_eq!(read.current_goal, None);
    assert_eq!(read.history.len(), 4);
    assert_eq!(read.history[0].action, "tool_call:getBalance");
}

#[test]
fn bytes_of_short_headers_are_utf_8_or_latin_1() {
    let received = read(&[
        ("ocp-user", b"Andr\xe9"),
        ("OCP-Workspace", "照合".as_bytes()),
        ("OCP-Agent-Goal", b" settle\x00it "),
        ("OCP-Agent-Type", b""),
        ("OCP-Context-ID", b"not an id"),
        ("Authorization", b"Bearer x"),
    ]);
    let expected = Received {
        user: Some("André".to_owned()),
        workspace: Some("照合".to_owned()),
        goal: Some("settle it".to_owned()),
        ..Received::default()
    };
    assert_eq!(received, Some(expected));
    assert_eq!(read(&[("Authorization", b"Bearer x"), ("OCP-Else", b"x")]), None);
    let long = "é".repeat(9_000);
    let goal = read(&[("OCP-Current-Goal", long.as_bytes()), ("OCP-Agent-Goal", b"old")]);
    assert_eq!(goal.and_then(|read| read.goal), Some("é".repeat(256)));
}

#[test]
fn a_long_history_is_read_from_its_end() {
    let items: Vec<Value> =
        (0..1_500).map(|at| json!({"action": at.to_string(), "timestamp": "x"})).collect();
    let context = json!({"agent_type": "x", "history": items}).to_string();
    let packed = format!("gzip:{}", STANDARD.encode(gzip(context.as_bytes())));
    assert!(packed.len() < 8_192, "{}", packed.len());
    let read = session_of(packed.as_bytes()).expect("a session");
    assert_eq!(read.history.len(), HISTORY_MAX);
    assert_eq!(read.history[0].action, "500");
}

#[test]
fn other_apis_see_neither_parameters_nor_places() {
    let clock = clock();
    let mut context = Context::new("ai_agent", &clock);
    for (api, at) in [(Some("bank"), "GET /b"), (Some("shop"), "GET /s"), (None, "GET /n")] {
        let mut metadata = Map::new();
        metadata.insert("parameters".to_owned(), json!({"customer": "cus_9", "token": "t0p"}));
        if let Some(api) = api {
            metadata.insert("api_name".to_owned(), api.into());
        }
        context.add_interaction("tool_call:x", Some(at), None, metadata, &clock);
        context.add_api_spec(api.unwrap_or("none"), "https://api.test/?k=1", &clock);
    }
    let sent = headers::decode(pairs(&headers::write(&context, &Scope::api("shop"))));
    let sent = serde_json::to_value(sent.expect("a context")).expect("JSON");
    let expected = json!([
        {"api_endpoint": null, "metadata": {"api_name": "bank"}},
        {"api_endpoint": "GET /s", "metadata":
            {"parameters": {"customer": "cus_9", "token": "[redacted]"}, "api_name": "shop"}},
        {"api_endpoint": "GET /n", "metadata": {}},
    ]);
    for (sent, expected) in sent["history"]
        .as_array()
        .into_iter()
        .flatten()
        .zip(expected.as_array().into_iter().flatten())
    {
        assert_eq!(sent["api_endpoint"], expected["api_endpoint"]);
        assert_eq!(sent["metadata"], expected["metadata"]);
    }
    assert_eq!(sent["history"].as_array().map(Vec::len), Some(3));
    assert_eq!(sent["api_specs"], json!({"shop": "https://api.test/?k=1"}));
}

#[test]
fn what_cannot_fit_is_cut_and_never_sent_too_long() {
    // A text that does not pack: digests of numbers.
    let noise = |bytes: usize| (0..bytes / 64).map(|at| sha(&at.to_string())).collect::<String>();
    let mut context = Context::new("ai_agent", &clock());
    context.context_summary = Some(noise(40_000));
    let sent = headers::decode(pairs(&headers::write(&context, &Scope::all())));
    let summary = sent.and_then(|sent| sent.context_summary).expect("a summary");
    assert_eq!(summary.len(), 256);

    context.agent_type = noise(40_000);
    let headers = headers::write(&context, &Scope::all());
    assert_eq!(get(&headers, "OCP-Session"), None);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(
        name in 0..9_usize,
        value in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
    ) {
        let name = headers::NAMES.get(name).copied().unwrap_or("OCP-Agent-Goal");
        let packed = [b"gzip:".to_vec(), STANDARD.encode(&value).into_bytes()].concat();
        let _ = read(&[("OCP-Context-ID", b"x"), (name, &value), ("OCP-Session", &packed)]);
        let _ = session_of(&STANDARD.encode(&value).into_bytes());
    }
}
