//! Pages of other origins: what a browser asks before it sends, and what it needs to see after.

use super::support::raw::{Raw, ask, request};
use super::{customer, started};

const PAGE: (&str, &str) = ("Origin", "https://agent.example.com");
const ALLOWED: &str = "access-control-allow-origin";

#[test]
fn browsers_may_send_what_agents_send() {
    let (_server, base) = started(&[]);
    for target in [
        "/v1/balance",
        "/v1/customers/cus_1/cash_balance",
        "/purser/v1/clock",
        "/registry/stripe",
        "/api/v1/search",
        "/openapi.json",
        "/nowhere",
    ] {
        let asks = format!(
            "OPTIONS {target} HTTP/1.1\r\nHost: purser\r\nOrigin: https://agent.example.com\r\n\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization,ocp-session\r\n\r\n"
        );
        let answer = ask(&base, asks.as_bytes());
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{target}");
        assert_eq!(answer.header_value(ALLOWED), Some("*"), "{target}");
        let list = |name: &str| -> Vec<String> {
            let list = answer.header_value(name).unwrap_or_default().to_ascii_lowercase();
            list.split(',').map(|item| item.trim().to_owned()).collect()
        };
        let (methods, sent) =
            (list("access-control-allow-methods"), list("access-control-allow-headers"));
        for method in ["get", "post", "delete"] {
            assert!(methods.iter().any(|known| known == method), "{target}: {method}");
        }
        for name in ocp_agent::headers::NAMES.into_iter().chain([
            "Authorization",
            "Idempotency-Key",
            "Stripe-Version",
            "Stripe-Account",
            "Content-Type",
            "Purser-Dry-Run",
        ]) {
            assert!(sent.contains(&name.to_ascii_lowercase()), "{target}: {name}");
        }
    }
}

#[test]
fn only_pages_get_the_headers_for_pages() {
    let (_server, base) = started(&[]);
    let id = customer(&base);
    for (method, target) in [
        ("GET", "/v1/balance".to_owned()),
        ("GET", "/v1/nothing".to_owned()),
        ("POST", format!("/v1/customers/{id}/cash_balance")),
        ("GET", "/purser/v1/clock".to_owned()),
        ("BREW", "/v1/balance".to_owned()),
    ] {
        let plain = ask(&base, &request(method, &target, &[], ""));
        let of_page = ask(&base, &request(method, &target, &[PAGE], ""));
        assert_eq!(plain.status, of_page.status, "{method} {target}");
        assert_eq!(plain.body, of_page.body, "{method} {target}");
        assert_eq!(of_page.header_value(ALLOWED), Some("*"), "{method} {target}");
        let shown = of_page.header_value("access-control-expose-headers").unwrap_or_default();
        for name in ["Request-Id", "Idempotent-Replayed", "Original-Request"] {
            assert!(shown.contains(name), "{method} {target}: {name}");
        }
        for name in ocp_agent::headers::NAMES {
            assert!(shown.contains(name), "{method} {target}: {name}");
        }
        let others = plain.headers.iter().filter(|(name, _)| name.starts_with("access-control"));
        assert_eq!(others.count(), 0, "{method} {target}");
    }
    let metrics = ask(&base, &request("GET", "/metrics", &[PAGE], ""));
    assert_eq!(metrics.header_value(ALLOWED), None, "no page reads what is for operators");
    let registry = ask(&base, &request("GET", "/registry", &[], ""));
    assert_eq!(registry.header_value(ALLOWED), Some("*"), "the registry is for everybody");
}

/// Without an origin it is no browser's question: the API names its methods as ever, and the
/// registry says the same to all.
#[test]
fn other_questions_for_options() {
    let (_server, base) = started(&[]);
    let answer = ask(&base, &request("OPTIONS", "/v1/balance", &[], ""));
    assert_eq!((answer.status, answer.header_value("allow")), (405, Some("GET")));
    assert_eq!(ask(&base, &request("OPTIONS", "/registry", &[], "")).status, 204);
    let mut raw = Raw::connect(&base);
    raw.send("OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nConnection: close\r\n\r\n");
    assert_eq!(raw.answer().map(|answer| answer.status), Some(204));
}
