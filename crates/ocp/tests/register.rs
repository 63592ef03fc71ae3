//! Registering: rows 70 and 74 of the upstream cases, what is kept and for whom, and what is refused.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{Reply, START_US, Seen, Server, reply, stripe};
use ocp_agent::agent::Builder;
use ocp_agent::{Agent, CallOptions, Clock, Error, Registration};
use serde_json::json;

fn builder(server: &Server) -> Builder {
    Agent::builder().clock(common::clock()).registry_url(&server.url)
}

fn keeping(server: &Server, folder: &Path) -> Agent {
    builder(server).storage_at(folder).build()
}

fn key() -> Registration {
    Registration::with_header("Authorization", "Bearer sk_test_1")
}

fn balance(agent: &Agent) -> u16 {
    agent.call_tool("getBalance", json!({}), CallOptions::default()).expect("an answer").status
}

/// A document, and its ETag where it has one.
fn document(server_url: &str, seen: &Seen, etag: Option<&str>) -> Reply {
    let path = |name: &str| json!({"get": {"operationId": name, "responses": {}}});
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "T", "version": "2"},
        "servers": [{"url": server_url}],
        "paths": {"/v1/users": path("listUsers"), "/v1/items": path("listItems")},
    });
    if etag.is_some() && seen.header("If-None-Match").as_deref() == etag {
        return reply(304, "");
    }
    let (status, mut headers, body) = reply(200, document.to_string());
    headers.extend(etag.map(|etag| ("ETag".to_owned(), etag.to_owned())));
    (status, headers, body)
}

#[test]
fn row_70_names_are_trimmed_and_in_small_letters() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/registry/github" => reply(200, common::stripe_entry(url).to_string()),
        _ => stripe(url, seen),
    });
    let mut agent = builder(&server).no_storage().build();
    agent.register_api("GitHuB", key()).expect("registered");
    agent.register_api("  stripe  ", key()).expect("registered");
    assert_eq!(agent.apis().collect::<Vec<_>>(), ["github", "stripe"]);
    assert_eq!(agent.list_tools(Some(" GITHUB ")).map(|tools| tools.len()), Ok(3));
    assert_eq!(agent.list_tools(None).map(|tools| tools.len()), Ok(6));
    agent.register_api("STRIPE", key()).expect("again");
    assert_eq!(agent.apis().count(), 2);
}

#[test]
fn row_74_the_history_says_what_was_registered() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/openapi.json?key=k" => document(url, seen, None),
        _ => stripe(url, seen),
    });
    let mut agent = builder(&server).no_storage().build();
    agent.register_api("stripe", key()).expect("registered");
    let spec_url = format!("{}/openapi.json?key=k", server.url);
    let by_url = Registration { spec_url: Some(spec_url), ..key() };
    agent.register_api("my.api", by_url).expect("registered");
    let context = agent.context();
    let history = serde_json::to_value(&context.history).expect("JSON");
    let expected = json!([
        {"timestamp": history[0]["timestamp"], "action": "api_registered",
            "api_endpoint": "registry:stripe", "result": "Discovered 3 tools",
            "metadata": {"api_name": "stripe", "api_title": "Stripe API", "tool_count": 3,
                "base_url": server.url, "source": "registry"}},
        {"timestamp": history[1]["timestamp"], "action": "api_registered",
            "api_endpoint": format!("{}/openapi.json", server.url),
            "result": "Discovered 2 tools",
            "metadata": {"api_name": "my.api", "api_title": "T", "tool_count": 2,
                "base_url": server.url, "source": "openapi"}},
    ]);
    assert_eq!(history, expected);
    assert_eq!(context.api_specs["stripe"], "registry:stripe");
    assert_eq!(context.api_specs["my-api"], format!("{}/openapi.json", server.url));
    let value = serde_json::to_value(&context).expect("JSON");
    assert_eq!(ocp_agent::context::schema::validate(&value), [""; 0]);
}

#[test]
fn nothing_secret_goes_to_a_registry_or_for_a_document() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/openapi.json" => document(url, seen, None),
        _ => stripe(url, seen),
    });
    let mut agent = builder(&server).no_storage().build();
    agent.register_api("stripe", key()).expect("registered");
    let spec_url = Some(format!("{}/openapi.json", server.url));
    agent.register_api("users", Registration { spec_url, ..key() }).expect("registered");
    for seen in server.seen() {
        for (name, value) in &seen.headers {
            let name = name.to_lowercase();
            assert!(!name.starts_with("ocp-") && name != "authorization", "{name}");
            assert!(!String::from_utf8_lossy(value).contains("sk_test"));
        }
    }
}

#[test]
fn headers_survive_a_hit_of_what_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(stripe);
    let mut agent = keeping(&server, folder.path());
    agent.register_api("stripe", key()).expect("registered");
    assert_eq!(balance(&agent), 200);
    assert_eq!(server.lines(), ["GET /registry/stripe", "GET /v1/balance"]);
    let mut agent = keeping(&server, folder.path());
    agent.register_api("stripe", key()).expect("registered");
    assert_eq!(balance(&agent), 200);
    assert_eq!(server.lines(), ["GET /v1/balance"], "the registry was not asked again");
    let text = std::fs::read_to_string(folder.path().join("cache/apis/stripe.json"));
    assert!(!text.expect("a file").contains("sk_test"), "headers are not kept on disk");
}

#[test]
fn what_was_kept_is_for_one_source_and_base_url_and_seven_days() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (Server::start(stripe), Server::start(stripe));
    let day = Arc::new(AtomicU64::new(0));
    let register = |server: &Server, base_url: Option<&str>| {
        let now = day.clone();
        let now = move || START_US + now.load(Ordering::SeqCst) * 86_400_000_000;
        let clock = Clock::new(Arc::new(now), Arc::new(|| 7), Arc::new(|_| {}));
        let agent = Agent::builder().clock(clock).registry_url(&server.url);
        let mut agent = agent.storage_at(folder.path()).build();
        let base_url = base_url.map(str::to_owned);
        let registration = Registration { base_url, ..key() };
        let api = agent.register_api("stripe", registration).expect("registered");
        (api.base_url.clone(), server.lines().len())
    };
    assert_eq!(register(&one, None), (one.url.clone(), 1));
    assert_eq!(register(&one, None), (one.url.clone(), 0));
    assert_eq!(register(&other, None), (other.url.clone(), 1), "another registry");
    let base_url = "http://localhost:1";
    assert_eq!(register(&other, Some(base_url)), (base_url.to_owned(), 1), "another base URL");
    assert_eq!(register(&other, Some(base_url)), (base_url.to_owned(), 0));
    day.store(7, Ordering::SeqCst);
    assert_eq!(register(&other, Some(base_url)), (base_url.to_owned(), 0));
    day.store(8, Ordering::SeqCst);
    assert_eq!(register(&other, Some(base_url)), (base_url.to_owned(), 1), "too old");
}

#[test]
fn a_source_with_an_etag_is_asked_whether_something_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let visits = Arc::new(AtomicU64::new(0));
    let count = visits.clone();
    let server = Server::start(move |url, seen| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => document(url, seen, Some("\"1\"")),
        2 => document(url, seen, Some("\"2\"")),
        3 => reply(503, "{}"),
        _ => (0, vec![], String::new()),
    });
    let asked = |expected: Option<&str>| {
        let mut agent = keeping(&server, folder.path());
        let spec_url = Some(format!("{}/openapi.json", server.url));
        let registration = Registration { spec_url, ..key() };
        let api = agent.register_api("users", registration).expect("registered");
        assert_eq!(api.tools.len(), 2);
        let seen = server.seen();
        assert_eq!(seen[0].header("If-None-Match").as_deref(), expected);
    };
    asked(None);
    asked(Some("\"1\""));
    asked(Some("\"1\""));
    asked(Some("\"2\""));
    asked(Some("\"2\""));
    assert!(visits.load(Ordering::SeqCst) >= 5, "away and lost were played too");
}

#[test]
fn documents_come_from_files_too_and_resources_are_filtered() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("api.yaml");
    let yaml = "openapi: 3.0.3\ninfo: {title: Y, version: '1'}\nservers: [{url: 'https://y.test/'}]\n\
        paths:\n  /v1/users: {get: {operationId: listUsers}}\n  /v1/items: {get: {operationId: x}}\n";
    std::fs::write(&path, yaml).expect("written");
    let mut agent = Agent::builder().clock(common::clock()).no_storage().build();
    let registration = Registration {
        spec_url: Some(path.to_string_lossy().into_owned()),
        resources: vec!["Users".to_owned()],
        path_prefix: Some("/v1".to_owned()),
        ..Registration::default()
    };
    let api = agent.register_api("y", registration.clone()).expect("registered");
    assert_eq!((api.base_url.as_str(), api.tools.len()), ("https://y.test", 1));
    assert_eq!(api.tools[0].name, "listUsers");

    let text = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(text("x.txt"), "{}").expect("written");
    for (spec_url, expected) in [
        (text("missing.json"), "File not found"),
        (text("x.txt"), "Supported formats: .json, .yaml, .yml"),
        ("ftp://a.test/openapi.json".to_owned(), "neither a URL of http or https nor a file"),
        ("http://127.0.0.1:1/x?token=t0p".to_owned(), "Failed to fetch OpenAPI spec from"),
    ] {
        let refused = agent
            .register_api("z", Registration { spec_url: Some(spec_url), ..registration.clone() });
        let text = refused.expect_err("nothing there").to_string();
        assert!(text.contains(expected) && !text.contains("t0p"), "{text}");
    }
    assert_eq!(agent.apis().count(), 1);
}

#[test]
fn what_cannot_be_an_api_is_refused() {
    let server = Server::start(|url, seen| match seen.target.as_str() {
        "/registry/odd" => reply(200, json!({"name": "odd", "base_url": "ftp://x"}).to_string()),
        "/registry/none" => reply(200, json!({"name": "none"}).to_string()),
        _ => stripe(url, seen),
    });
    let mut agent = builder(&server).no_storage().build();
    let base =
        |url: &str| Registration { base_url: Some(url.to_owned()), ..Registration::default() };
    let header = Registration::with_header;
    let table = [
        ("  ", Registration::default(), "the name of an API has 1 to 100 characters"),
        ("stripe", base("file:///etc/passwd"), "is no base URL"),
        ("stripe", base("https://u:s3cr3t@a.test"), "is no base URL"),
        ("stripe", base("https://a.test?x=s3cr3t"), "is no base URL"),
        ("stripe", header("Authorization", "s3cr3t\r\nX: y"), "cannot be sent"),
        ("stripe", header("Host", "elsewhere"), "the header Host cannot be given"),
        ("stripe", header("A B", "x"), "the name of a header"),
        ("odd", Registration::default(), "no base URL"),
        ("none", Registration::default(), "no base URL"),
    ];
    for (name, registration, expected) in table {
        let text = agent.register_api(name, registration).expect_err(expected).to_string();
        assert!(text.contains(expected) && !text.contains("s3cr3t"), "{text}");
    }
    let unknown = agent.register_api("../x", Registration::default());
    assert!(matches!(unknown, Err(Error::ApiNotFound { .. })), "{unknown:?}");
    let wrong = Agent::builder().registry_url("registry.test").no_storage().build();
    assert!(matches!(wrong.registry(), Err(Error::Local(_))));
    let debug = format!("{:?}", header("Authorization", "s3cr3t"));
    assert!(debug.contains("Authorization") && !debug.contains("s3cr3t"), "{debug}");
    assert_eq!(agent.context().history, []);
}
