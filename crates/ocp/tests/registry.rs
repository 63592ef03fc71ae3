//! Rows 65 to 69 of the upstream cases.

mod common;

use std::sync::Arc;

use common::{Reply, Seen, Server, reply};
use ocp_agent::Error;
use ocp_agent::registry::{Fetched, Registry};
use ocp_agent::transport::Http;
use serde_json::json;

fn httpbin() -> String {
    json!({
        "name": "httpbin", "display_name": "HTTPBin", "description": null,
        "base_url": "https://httpbin.test/", "category": null,
        "tools": [
            {"name": "getIp", "description": "IP", "method": "GET", "path": "/ip",
                "parameters": null, "response_schema": null, "operation_id": null, "tags": null},
            {"name": "postX", "description": "X", "method": "POST", "path": "/x",
                "parameters": {"a": {"type": "string", "required": true, "location": "body"}}},
            {"name": "broken", "description": "no path"},
        ],
    })
    .to_string()
}

fn answer(_: &str, seen: &Seen) -> Reply {
    match seen.target.as_str() {
        "/api/v1/registry/httpbin" => {
            if seen.header("If-None-Match").as_deref() == Some("\"v1\"") {
                return reply(304, "");
            }
            let (status, mut headers, body) = reply(200, httpbin());
            headers.push(("ETag".to_owned(), "\"v1\"".to_owned()));
            (status, headers, body)
        }
        "/api/v1/registry/moved" => {
            let location = ("Location".to_owned(), "/api/v1/registry/httpbin".to_owned());
            (302, vec![location], String::new())
        }
        "/api/v1/registry/broken" => reply(200, "<html>"),
        "/api/v1/registry/failing" => reply(500, "{}"),
        "/api/v1/search?q=httpbon&per_page=10" => {
            reply(200, json!({"results": [{"name": "httpbin"}, {"x": 1}]}).to_string())
        }
        "/api/v1/search?q=htt&per_page=10" => {
            let names: Vec<_> = ["a", "b", "c", "d"].map(|name| json!({"name": name})).into();
            reply(200, json!({"results": names}).to_string())
        }
        "/api/v1/registry" => reply(200, json!([{"name": "a"}, {"name": "b"}]).to_string()),
        "/api/v1/registry?category=finance" => reply(200, "[]"),
        "/api/v1/categories" => reply(200, "[{\"category\":\"finance\"}]"),
        "/api/v1/stats" => reply(200, "{\"total_apis\":2}"),
        target if target.starts_with("/api/v1/search") => reply(200, "{\"results\":[]}"),
        _ => reply(404, "{}"),
    }
}

fn registry(server: &Server) -> Registry {
    let url = format!("{}/api/v1/", server.url);
    Registry::new(Some(&url), Arc::new(Http::new())).expect("a URL")
}

#[test]
fn row_65_and_66_an_entry_is_an_api() {
    let server = Server::start(answer);
    let registry = registry(&server);
    let api = registry.get("httpbin", None).expect("there");
    assert_eq!((api.title.as_str(), api.version.as_str()), ("HTTPBin", "1.0.0"));
    assert_eq!(api.base_url, "https://httpbin.test");
    assert_eq!(api.tools.len(), 2);
    assert_eq!(server.lines(), ["GET /api/v1/registry/httpbin"], "the path of the URL stays");
    let api = registry.get("httpbin", Some("http://127.0.0.1:1/")).expect("there");
    assert_eq!(api.base_url, "http://127.0.0.1:1");
    assert_eq!(registry.get("moved", None).map(|api| api.tools.len()), Ok(2));
}

#[test]
fn an_entry_that_did_not_change_is_not_sent_again() {
    let server = Server::start(answer);
    let registry = registry(&server);
    let Ok(Fetched::Entry(_, Some(etag))) = registry.fetch("httpbin", None, None) else {
        panic!("an entry with an ETag")
    };
    assert_eq!(registry.fetch("httpbin", None, Some(&etag)), Ok(Fetched::Unchanged));
    assert!(matches!(registry.fetch("httpbin", None, Some("x")), Ok(Fetched::Entry(..))));
}

#[test]
fn rows_67_and_69_unknown_names_get_suggestions() {
    let server = Server::start(answer);
    let registry = registry(&server);
    let suggestions = |name: &str| match registry.get(name, None) {
        Err(Error::ApiNotFound { suggestions, .. }) => suggestions,
        other => panic!("{other:?}"),
    };
    assert_eq!(suggestions("httpbon"), ["httpbin"]);
    server.lines();
    assert_eq!(suggestions("httpxx"), ["a", "b", "c"], "at most three");
    let expected = [
        "GET /api/v1/registry/httpxx",
        "GET /api/v1/search?q=httpxx&per_page=10",
        "GET /api/v1/search?q=htt&per_page=10",
    ];
    assert_eq!(server.lines(), expected);
    assert_eq!(suggestions("xy"), [""; 0]);
    let expected = ["GET /api/v1/registry/xy", "GET /api/v1/search?q=xy&per_page=10"];
    assert_eq!(server.lines(), expected, "two letters have no beginning of three");
    let text = registry.get("httpbon", None).expect_err("unknown").to_string();
    assert_eq!(text, "the registry has no API 'httpbon'. Did you mean httpbin?");
}

#[test]
fn row_68_a_registry_that_is_away_is_named() {
    let registry = Registry::new(Some("http://127.0.0.1:1"), Arc::new(Http::new())).expect("a URL");
    let Err(Error::RegistryUnavailable { url, .. }) = registry.get("x", None) else {
        panic!("nobody listens there")
    };
    assert_eq!(url, "http://127.0.0.1:1");
    assert_eq!(registry.search_names("x"), [""; 0]);
    assert_eq!(registry.list_names(), [""; 0]);

    let server = Server::start(answer);
    let registry = self::registry(&server);
    for name in ["broken", "failing"] {
        let result = registry.get(name, None);
        assert!(matches!(result, Err(Error::RegistryUnavailable { .. })), "{name}: {result:?}");
    }
}

#[test]
fn lists_categories_and_figures() {
    let server = Server::start(answer);
    let registry = registry(&server);
    assert_eq!(registry.list_names(), ["a", "b"]);
    assert_eq!(registry.list(Some("finance"), None), Ok(vec![]));
    assert_eq!(registry.categories(), Ok(json!([{"category": "finance"}])));
    assert_eq!(registry.stats(), Ok(json!({"total_apis": 2})));
    assert_eq!(registry.entry("httpbin").map(|entry| entry["name"].clone()), Ok(json!("httpbin")));
    assert_eq!(registry.search("a b&c", Some(2), None), Ok(json!({"results": []})));
    let last = server.lines().pop();
    assert_eq!(last.as_deref(), Some("GET /api/v1/search?q=a%20b%26c&page=2"));
    let escaped = registry.entry_url("../x");
    assert!(escaped.ends_with("/api/v1/registry/%2E%2E%2Fx"), "{escaped}");
}
