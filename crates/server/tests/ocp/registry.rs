//! The registry as an API: rows 81 and 82, and what nobody should ask it.

use std::collections::HashSet;
use std::thread;

use serde_json::{Value, json};

use super::support::http::Answer;
use super::support::raw::{Raw, ask, request};
use super::support::server::Server;
use super::{at, customer, decode_entry, get, started, tool};

fn of(base: &str, target: &str) -> Value {
    let answer = get(base, target);
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    super::json(&answer)
}

/// Row 81, but for its writes, which this registry does not take.
#[test]
fn it_answers_like_the_first_registry() {
    let (_server, base) = started(&[]);
    for prefix in ["", "/api/v1", "//", "/api//v1/", "//api/v1//"] {
        let of = |target: &str| of(&base, &format!("{prefix}{target}"));
        assert_eq!(of("/health"), json!({ "status": "healthy", "service": "ocp-registry" }));
        let list = of("/registry");
        let names: Vec<&Value> = list.as_array().unwrap().iter().map(|e| &e["name"]).collect();
        assert_eq!(names, ["stripe", "purser"]);
        assert!(at(&list, "0.tools").is_null(), "lists are short");
        assert_eq!(of("/search?q=stripe")["total"], 1);
        assert_eq!(of("/search?q=LEDGER")["results"][0]["name"], "purser");
        assert_eq!(of("/search")["total"], 2, "everything is found without a query");
        assert_eq!(at(&of("/categories"), "0.category"), "finance");
        assert_eq!(of("/categories/finance"), list);
        let stats = of("/stats");
        for key in ["total_apis", "active_apis", "categories", "most_popular"] {
            assert!(!stats[key].is_null(), "{key} is missing: {stats}");
        }
        let status = of("/registry/purser/status");
        assert_eq!(status["valid"], true);
        assert_eq!(status["tool_count"], of("/registry/purser")["tool_count"]);
    }
    assert_eq!(of(&base, "/api/v1")["api"], format!("{base}/api/v1"));
    assert_eq!(of(&base, "/registry/"), of(&base, "/registry"));
    assert_eq!(of(&base, "/registry?category=finance&status=active"), of(&base, "/registry"));
    assert_eq!(of(&base, "/registry?category=social"), json!([]));
    assert_eq!(of(&base, "/registry?status=deprecated"), json!([]));
}

#[test]
fn every_operation_is_a_tool_of_one_entry() {
    let (_server, base) = started(&[]);
    let described = of(&base, "/openapi.json");
    let mut operations: HashSet<&str> = HashSet::new();
    for methods in described["paths"].as_object().unwrap().values() {
        let of_path = methods.as_object().unwrap().values();
        operations.extend(of_path.filter_map(|operation| operation["operationId"].as_str()));
    }
    let mut found = 0;
    for (name, below) in [("stripe", "/v1/"), ("purser", "/purser/v1/")] {
        let entry = of(&base, &format!("/registry/{name}"));
        found += decode_entry(&entry, &base).unwrap();
        for tool in entry["tools"].as_array().unwrap() {
            assert!(operations.contains(tool["operation_id"].as_str().unwrap()), "{tool}");
            assert!(tool["path"].as_str().unwrap().starts_with(below), "{}", tool["path"]);
        }
    }
    assert_eq!(found, operations.len());
}

/// Row 82. The public registry's tools cannot write: their settings have no place in a request.
/// Here a call that is built as the first agents build it changes what it is to change.
#[test]
fn a_write_through_a_tool_has_a_body() {
    let (_server, base) = started(&[]);
    let customer = customer(&base);
    let entry = of(&base, "/registry/stripe");
    let tool = tool(&entry, "postCustomersCustomerCashBalance");
    let modes = &tool["parameters"]["settings"]["properties"]["reconciliation_mode"]["enum"];
    assert!(modes.as_array().unwrap().contains(&"manual".into()), "{modes}");
    let address = &self::tool(&entry, "postCustomers")["parameters"]["address"]["schema"];
    assert!(address["anyOf"][0]["properties"]["city"].is_object(), "{address}");
    let arguments = json!({
        "customer": customer, "settings": { "reconciliation_mode": "manual" }, "expand": null,
    });
    let (mut path, mut body) = (tool["path"].as_str().unwrap().to_owned(), json!({}));
    for (name, value) in arguments.as_object().unwrap() {
        match tool["parameters"][name]["location"].as_str() {
            Some("path") => {
                path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap());
            }
            Some("body") => body[name] = value.clone(),
            other => panic!("{name} goes to {other:?}"),
        }
    }
    let kind = [("Content-Type", "application/json")];
    let method = tool["method"].as_str().unwrap();
    let answer = ask(&base, &request(method, &path, &kind, &body.to_string()));
    let balance = super::json(&answer);
    assert_eq!(balance["settings"]["reconciliation_mode"], "manual", "{balance}");
}

#[test]
fn it_can_only_be_read() {
    let (_server, base) = started(&[]);
    let entry = r#"{"name": "mine", "display_name": "Mine", "base_url": "http://127.0.0.1"}"#;
    for (method, target) in [
        ("POST", "/registry"),
        ("POST", "/api/v1/registry"),
        ("PUT", "/registry/stripe"),
        ("DELETE", "/registry/stripe"),
        ("PATCH", "/api/v1/registry/nobody"),
        ("POST", "/search"),
        ("POST", "/validate"),
        ("GET", "/api/v1/validate"),
        ("BREW", "/registry"),
    ] {
        let kind = [("Content-Type", "application/json")];
        let answer = ask(&base, &request(method, target, &kind, entry));
        assert_eq!(answer.status, 405, "{method} {target}: {}", answer.body);
        assert!(super::json(&answer)["detail"].is_string(), "{method} {target}");
        let validates = target.ends_with("validate");
        let allowed = if validates { "OPTIONS" } else { "GET, HEAD, OPTIONS" };
        assert_eq!(answer.header_value("allow"), Some(allowed), "{method} {target}");
    }
    assert_eq!(of(&base, "/stats")["total_apis"], 2);
}

#[test]
fn what_is_not_there_is_said_in_the_registrys_words() {
    let (_server, base) = started(&[]);
    let long = "x".repeat(5_000);
    for (target, detail) in [
        ("/registry/nobody", "API 'nobody' not found"),
        ("/registry/Stripe", "API 'Stripe' not found"),
        ("/registry/a%20b", "API 'a b' not found"),
        ("/registry/%22%3Cscript%3E", "API '\"<script>' not found"),
        ("/registry/%C3%A9%F0%9F%98%80", "API 'é😀' not found"),
        ("/registry/%ff%00", "API '\u{fffd}\0' not found"),
        ("/registry/..", "API '..' not found"),
        ("/registry/stripe%2Fstatus", "API 'stripe/status' not found"),
        ("/registry/%", "API '%' not found"),
        ("/registry/nobody/status", "API 'nobody' not found"),
        ("/categories/social", "Category 'social' not found"),
        ("/registry/stripe/tools", "Not Found"),
        ("/registry/a/b/c/d/e/f/g/h/i/j/k/l", "Not Found"),
        ("/api/v1/nothing", "Not Found"),
        (&format!("/registry/{long}"), &format!("API '{}' not found", &long[..100])),
    ] {
        let answer = get(&base, target);
        assert_eq!(answer.status, 404, "{target}: {}", answer.body);
        assert_eq!(super::json(&answer), json!({ "detail": detail }), "{target}");
    }
}

#[test]
fn wrong_queries_are_named() {
    let (_server, base) = started(&[]);
    let long = "x".repeat(5_000);
    for (target, about) in [
        ("/search?per_page=101", "per_page"),
        ("/search?per_page=0", "per_page"),
        ("/search?per_page=-1", "per_page"),
        ("/search?per_page=ten", "per_page"),
        ("/search?per_page=", "per_page"),
        ("/search?per_page=99999999999999999999", "per_page"),
        ("/search?page=0", "page"),
        ("/search?page=1.5", "page"),
        ("/search?q=a&q=b", "q"),
        ("/search?q[a]=b", "q"),
        ("/search?q=%00", "q"),
        (&format!("/search?q={long}"), "q"),
        (&format!("/registry?category={long}"), "category"),
    ] {
        let answer = get(&base, target);
        assert_eq!(answer.status, 422, "{target}: {}", answer.body);
        assert_eq!(at(&super::json(&answer), "detail.0.loc.1"), about, "{target}");
    }
    for (target, total, results) in [
        ("/search?q=*&per_page=100", 2, 2),
        ("/search?q=&per_page=1", 2, 1),
        ("/search?per_page=1&page=2", 2, 1),
        ("/search?per_page=1&page=3", 2, 0),
        ("/search?per_page=100&page=18446744073709551615", 2, 0),
        ("/search?q=%25_%5C&unknown=1", 0, 0),
    ] {
        let found = of(&base, target);
        assert_eq!(found["total"], total, "{target}");
        assert_eq!(found["results"].as_array().unwrap().len(), results, "{target}");
    }
}

fn with_host(target: &str, host: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// Where the entry leads: to what the request was sent to, if one can be sent there again.
#[test]
fn the_base_url_is_where_the_agent_came_from() {
    let (_server, base) = started(&[]);
    let led = |bytes: &[u8]| super::json(&ask(&base, bytes))["base_url"].clone();
    for (host, expected) in [
        ("purser.example.com", "http://purser.example.com"),
        ("LocalHost:8080", "http://localhost:8080"),
        ("[::1]:12111", "http://[::1]:12111"),
        ("0.0.0.0:12111", base.as_str()),
        ("[::]:12111", &base),
        ("evil.example.com/path", &base),
        ("user@evil.example.com", &base),
        ("a\"b", &base),
        ("", &base),
    ] {
        assert_eq!(led(&with_host("/registry/purser", host)), expected, "{host}");
        let described = super::json(&ask(&base, &with_host("/openapi.json", host)));
        assert_eq!(at(&described, "servers.0.url"), expected, "{host}");
    }
    let proxied = b"GET http://other.example.com/registry/purser HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(led(proxied), "http://other.example.com");
    let old = b"GET /registry/purser HTTP/1.0\r\n\r\n";
    assert_eq!(led(old), base);
    // More addresses than are kept ready.
    for number in 0..50 {
        let host = format!("host{number}:{}", number + 1);
        let expected = format!("http://{host}");
        assert_eq!(led(&with_host("/registry/purser", &host)), expected);
    }
}

#[test]
fn a_public_url_goes_before_the_host() {
    let (_server, base) = started(&["--public-url", "https://pay.example.com/"]);
    let entry = of(&base, "/registry/stripe");
    assert!(decode_entry(&entry, "https://pay.example.com").is_ok());
}

#[test]
fn what_is_known_is_not_sent_again() {
    let (_server, base) = started(&[]);
    for target in ["/registry/stripe", "/registry", "/search?q=stripe", "/stats"] {
        let first = ask(&base, &request("GET", target, &[], ""));
        let tag = first.header_value("etag").expect("a tag").to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let headers = [("If-None-Match", known.as_str())];
            let again = ask(&base, &request("GET", target, &headers, ""));
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{target} {known}");
            assert_eq!(again.header_value("etag"), Some(tag.as_str()));
        }
        let headers = [("If-None-Match", "\"something else\"")];
        assert_eq!(ask(&base, &request("GET", target, &headers, "")).body, first.body);
        let other = ask(&base, &with_host(target, "elsewhere:1"));
        let differs = target.starts_with("/registry");
        assert_eq!(other.header_value("etag") != Some(tag.as_str()), differs, "{target}");
    }
}

#[test]
fn a_head_has_the_headers_of_a_get() {
    let (_server, base) = started(&[]);
    for target in ["/registry/stripe", "/search?q=x", "/registry/nobody"] {
        let whole = ask(&base, &request("GET", target, &[], ""));
        let mut raw = Raw::connect(&base);
        raw.send(request("HEAD", target, &[("Connection", "close")], ""));
        let head = raw.head();
        assert!(head.starts_with(&format!("HTTP/1.1 {} ", whole.status)), "{target}: {head}");
        let length = format!("content-length: {}", whole.body.len());
        assert!(head.contains(&length), "{target}: {head}");
        assert!(raw.is_over(), "{target}: a HEAD has no body");
    }
}

/// Nobody needs a key, and a wrong one does no harm; in production neither.
#[test]
fn it_is_public() {
    let (_server, base) = started(&["--production"]);
    let bare = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: purser\r\n\r\n");
    for target in ["/registry/stripe", "/registry", "/search?q=stripe", "/openapi.json"] {
        assert_eq!(ask(&base, bare(target).as_bytes()).status, 200, "{target}");
        let headers = [("Authorization", "Bearer wrong")];
        assert_eq!(ask(&base, &request("GET", target, &headers, "")).status, 200, "{target}");
    }
    assert_eq!(ask(&base, bare("/v1/balance").as_bytes()).status, 401);
    assert_eq!(ask(&base, bare("/purser/v1/clock").as_bytes()).status, 401);
    assert_eq!(ask(&base, bare("//v1/balance").as_bytes()).status, 401);
}

/// Many ask at once, under several names, on a fresh server: all get the same bytes for one name.
#[test]
fn many_agents_at_once_get_the_same_bytes() {
    const AGENTS: usize = 16;
    const ASKS: usize = 12;
    let server = Server::started();
    let base = server.base().expect("it runs");
    let asked = |agent: usize| -> Vec<Answer> {
        let mut raw = Raw::connect(base);
        let host = format!("name{}", agent % 4);
        let ask = |_| raw.send(with_host("/registry/stripe", &host)).answer().expect("an answer");
        (0..ASKS).map(ask).collect()
    };
    let answers: Vec<Vec<Answer>> = thread::scope(|scope| {
        let agents: Vec<_> = (0..AGENTS).map(|agent| scope.spawn(move || asked(agent))).collect();
        agents.into_iter().map(|agent| agent.join().expect("no agent failed")).collect()
    });
    for (agent, of_agent) in answers.iter().enumerate() {
        for answer in of_agent {
            assert_eq!(answer.status, 200);
            assert!(answer.body == answers[agent % 4][0].body, "agents {agent} and others differ");
        }
    }
}
