use serde_json::json;

use super::*;

fn made(tool: &str, arguments: Value) -> (Request<Bytes>, Option<String>) {
    let tools = Tools::new();
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let tool = tools.find(tool).expect("a tool");
    let entropy = Entropy::from_seed([7; 32]);
    request(&entropy, tool, arguments, HeaderMap::new()).expect("a request")
}

#[test]
fn reads_go_by_the_query() {
    let (request, key) = made(
        "getCustomers",
        json!({ "limit": 3, "email": "a+b@c.d", "created": { "gte": 1, "lt": 9 },
                "expand": ["a", "b"], "starting_after": null }),
    );
    assert_eq!(
        request.uri(),
        "/v1/customers?limit=3&email=a%2Bb%40c%2Ed&created[gte]=1&created[lt]=9\
         &expand[]=a&expand[]=b&starting%5Fafter="
    );
    assert!(request.body().is_empty() && key.is_none());
}

#[test]
fn writes_go_by_the_body_and_have_a_key() {
    let (request, key) = made(
        "postCustomersCustomer",
        json!({ "name": "Ada", "customer": "cus_1?x", "metadata": { "a": "b" } }),
    );
    assert_eq!(request.uri(), "/v1/customers/cus%5F1%3Fx");
    assert_eq!(&request.body()[..], br#"{"name":"Ada","metadata":{"a":"b"}}"#);
    assert_eq!(request.headers()["idempotency-key"], key.as_deref().unwrap());
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
    let (request, key) = made("postCustomers", json!({ "idempotency_key": "mine" }));
    assert_eq!(key.as_deref(), Some("mine"));
    assert_eq!(request.headers()["idempotency-key"], "mine");
}

#[test]
fn a_rehearsal_leaves_the_key_unused() {
    let arguments = json!({ "dry_run": true, "idempotency_key": "mine" });
    let (request, key) = made("postCustomers", arguments);
    assert_eq!(request.headers()[DRY_RUN], "true");
    assert!(key.is_none() && request.headers().get("idempotency-key").is_none());
    let (request, key) = made("postCustomers", json!({ "dry_run": false }));
    assert!(key.is_some() && request.headers().get(DRY_RUN).is_none());
    let (request, key) =
        made("deleteCustomersCustomer", json!({ "customer": "c", "dry_run": true }));
    assert_eq!((request.headers()[DRY_RUN].as_bytes(), key), (&b"true"[..], None));
    assert_eq!(request.uri(), "/v1/customers/c");
}

#[test]
fn errors_of_later_times_have_their_advice() {
    let tools = Tools::new();
    let tool = tools.find("postRefunds").unwrap();
    let read = tools.find("getRefunds").unwrap();
    let clock = tools.find("postPurserClock").unwrap();
    let said = |tool: &Tool, status, code: &str, key: Option<&str>| {
        let error = json!({ "code": code, "type": "invalid_request_error", "message": "No." });
        let failure = Failure { status, key, key_advice: "Give a key." };
        advice(&tools, tool, &error, &failure).unwrap_or_default()
    };
    #[rustfmt::skip]
    let cases = [
        (tool, 402, "approval_required", Some("mcp-1"),
            "A person has to approve this. After that, call postRefunds with the same arguments \
             and idempotency_key \"mcp-1\"."),
        (tool, 403, "approval_required", None,
            "Call postRefunds without dry_run to ask a person for approval."),
        (tool, 429, "rate_limit", Some("mcp-1"),
            "Wait a moment, then call postRefunds with the same arguments and idempotency_key \
             \"mcp-1\": it is carried out once at most."),
        (read, 503, "", None, "Wait a moment, then call getRefunds again."),
        (clock, 503, "", None, "Look whether it was carried out before you call it again."),
        (tool, 401, "", None, "Give a key."),
        (tool, 402, "", None, ""),
    ];
    for (tool, status, code, key, wanted) in cases {
        assert_eq!(said(tool, status, code, key), wanted);
    }
}
