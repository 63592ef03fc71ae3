//! What no well-behaved client would send: too much, too slow, misspelled or plain garbage.
//!
//! Whatever comes, the answer is below 500, it comes, and nobody else has to wait for it.

#[path = "limits/junk.rs"]
mod junk;
#[path = "limits/pressure.rs"]
mod pressure;
mod support;

use serde_json::{Value, json};
use support::http::Answer;
use support::raw::{Raw, ask, error, request};
use support::server::Server;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");
const MIB: usize = 1 << 20;

/// A request, the status it gets, and a part of the answer's body.
type Case = (&'static str, Vec<u8>, u16, &'static str);

/// Sends each request on a connection of its own.
#[track_caller]
fn check(base: &str, cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for (name, bytes, status, part) in cases {
        let answer = ask(base, &bytes);
        if answer.status != status || !answer.body.contains(part) {
            let Answer { status: got, body, .. } = answer;
            wrong.push(format!("{name}: wanted {status} with \"{part}\", got {got}: {body}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let after = ask(base, &request("GET", "/v1/balance", &[], ""));
    assert_eq!(after.status, 200, "the server is not well afterwards");
}

fn post(target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    request("POST", target, headers, body)
}

fn get(target: &str) -> Vec<u8> {
    request("GET", target, &[], "")
}

fn started() -> (Server, String) {
    let server = Server::started();
    let base = server.base().expect("it runs").to_owned();
    (server, base)
}

fn customer(base: &str) -> String {
    let made = ask(base, &post("/v1/customers", &[], ""));
    assert_eq!(made.status, 200, "{}", made.body);
    made.json().unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn bodies_are_bounded() {
    let (_server, base) = started();
    let padded = |bytes: usize| format!("name={}", "a".repeat(bytes - "name=".len()));
    let json = format!("{{\"name\": \"{}\"}}", "a".repeat(MIB));
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", 2 * MIB, "a".repeat(2 * MIB));
    #[rustfmt::skip]
    let cases = vec![
        ("a full body", post("/v1/customers", &[FORM], &padded(MIB)), 400, "name"),
        ("a byte more", post("/v1/customers", &[FORM], &padded(MIB + 1)), 413, "1048576 bytes"),
        ("much more", post("/v1/customers", &[FORM], &padded(8 * MIB)), 413, "body_bytes_max"),
        ("as JSON", post("/v1/customers", &[JSON], &json), 413, "1048576 bytes"),
        (
            "in chunks",
            post("/v1/customers", &[FORM, ("Transfer-Encoding", "chunked")], &chunked),
            413,
            "1048576 bytes",
        ),
        ("of a GET", request("GET", "/v1/customers", &[], &padded(2 * MIB)), 413, "1048576 bytes"),
        ("of nowhere", post("/nowhere", &[FORM], &padded(2 * MIB)), 413, "1048576 bytes"),
    ];
    check(&base, cases);
}

#[test]
fn headers_are_bounded() {
    let (_server, base) = started();
    let long = |bytes: usize| "x".repeat(bytes);
    let one = |bytes: usize| request("GET", "/v1/balance", &[("X-Context", &long(bytes))], "");
    let several = |count: usize, bytes: usize| {
        let value = long(bytes);
        let names: Vec<String> = (0..count).map(|at| format!("X-Context-{at}")).collect();
        let headers: Vec<(&str, &str)> =
            names.iter().map(|name| (name.as_str(), value.as_str())).collect();
        request("GET", "/v1/balance", &headers, "")
    };
    #[rustfmt::skip]
    let cases = vec![
        ("one of 200 KiB", one(200 << 10), 200, "balance"),
        ("four of 50 KiB", several(4, 50 << 10), 200, "balance"),
        ("150 of them", several(150, 10), 200, "balance"),
        ("one of 300 KiB", one(300 << 10), 431, ""),
        ("one of 2 MiB", one(2 * MIB), 431, ""),
        ("1000 of them", several(1000, 10), 431, ""),
        ("a long query", get(&format!("/v1/customers?email={}", long(50_000))), 400, "email"),
        ("too long a query", get(&format!("/v1/customers?email={}", long(100_000))), 414, ""),
    ];
    check(&base, cases);
}

#[test]
fn paths_are_forgiven_or_refused() {
    let (_server, base) = started();
    let id = customer(&base);
    let absolute = format!("{base}/v1/customers/{id}");
    let of = |path: &str| get(path);
    #[rustfmt::skip]
    let cases = vec![
        ("plain", of(&format!("/v1/customers/{id}")), 200, "\"customer\""),
        ("double slashes", of(&format!("//v1//customers///{id}")), 200, "\"customer\""),
        ("a slash at the end", of(&format!("/v1/customers/{id}/")), 200, "\"customer\""),
        ("escapes", of(&format!("/v1/%63ustomers/{id}")), 200, "\"customer\""),
        ("absolute", of(&absolute), 200, "\"customer\""),
        ("a fragment", of(&format!("/v1/customers/{id}#part")), 200, "\"customer\""),
        ("an empty query", of(&format!("/v1/customers/{id}?")), 200, "\"customer\""),
        ("only marks", of(&format!("/v1/customers/{id}?&&&")), 200, "\"customer\""),
        ("nowhere", of("/v1/nowhere"), 404, "Unrecognized request URL"),
        ("the root", of("/"), 404, "Unrecognized request URL"),
        ("beyond", of(&format!("/v1/customers/{id}/nothing")), 404, "Unrecognized"),
        ("capitals", of("/V1/customers"), 404, "Unrecognized"),
        ("half an escape", of("/v1/customers/%"), 404, "resource_missing"),
        ("no escape", of("/v1/customers/%zz"), 404, "resource_missing"),
        ("no UTF-8", of("/v1/customers/%ff%fe"), 404, "invalid_request_error"),
        ("a NUL", of("/v1/customers/cus%00"), 404, "invalid_request_error"),
        ("an escaped slash", of(&format!("/v1/customers%2f{id}")), 404, "invalid_request_error"),
        ("dots", of("/v1/../v1/customers"), 404, "Unrecognized"),
        ("a long id", of(&format!("/v1/customers/{}", "c".repeat(9000))), 404, "No such customer"),
    ];
    check(&base, cases);
}

#[test]
fn methods_are_named_where_another_is_wrong() {
    let (_server, base) = started();
    let id = customer(&base);
    let cases = [
        ("PUT", "/v1/customers".to_owned(), "GET, POST"),
        ("DELETE", "/v1/customers".to_owned(), "GET, POST"),
        ("PATCH", format!("/v1/customers/{id}"), "DELETE, GET, POST"),
        ("OPTIONS", format!("/v1/customers/{id}"), "DELETE, GET, POST"),
        ("POST", "/v1/balance".to_owned(), "GET"),
        ("BREW", "/v1/balance".to_owned(), "GET"),
    ];
    for (method, path, allow) in cases {
        let answer = ask(&base, &request(method, &path, &[], ""));
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header_value("allow"), Some(allow), "{method} {path}");
        assert_eq!(error(&answer)["type"], "invalid_request_error");
    }
    // A HEAD is answered without a body.
    let mut raw = Raw::connect(&base);
    raw.send(request("HEAD", "/v1/balance", &[("Connection", "close")], ""));
    let head = raw.rest();
    assert!(head.starts_with("HTTP/1.1 405 ") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn versions_are_echoed_or_refused() {
    let (_server, base) = started();
    for (version, status) in [
        ("2024-06-20", 200),
        ("2026-10-28.endive", 200),
        ("2025-03-31.basil; some_beta=v1", 200),
        ("yesterday", 400),
        ("2024-6-20", 400),
        ("2024-06-20.", 400),
        ("2024-06-20 or so", 400),
        ("2024-06-20.\u{e9}", 400),
    ] {
        let headers = [("Stripe-Version", version)];
        let answer = ask(&base, &request("GET", "/v1/balance", &headers, ""));
        assert_eq!(answer.status, status, "{version}: {}", answer.body);
        let echoed = answer.header_value("stripe-version");
        assert!(status != 200 || echoed == Some(version), "{version}: {echoed:?}");
    }
    let answer = ask(&base, &get("/v1/balance"));
    assert!(answer.header_value("stripe-version").is_some(), "the version is not told");
    let empty = ask(&base, &request("GET", "/v1/balance", &[("Stripe-Version", "")], ""));
    assert!(empty.status < 500);
}

#[test]
fn idempotency_keys_have_255_characters() {
    let (_server, base) = started();
    let key = |key: &str| post("/v1/customers", &[("Idempotency-Key", key)], "");
    let fits = "k".repeat(255);
    #[rustfmt::skip]
    let cases = vec![
        ("255", key(&fits), 200, "customer"),
        ("255 wide ones", key(&"\u{e9}".repeat(255)), 200, "customer"),
        ("256", key(&"k".repeat(256)), 400, "255"),
        ("256 wide ones", key(&"\u{e9}".repeat(256)), 400, "255"),
        ("none", key(""), 400, "empty"),
    ];
    check(&base, cases);
    let again = ask(&base, &key(&fits));
    assert_eq!(again.header_value("idempotent-replayed"), Some("true"));
    assert_eq!(again.header_value("idempotency-key"), Some(&*fits));
    // A GET has no use for one.
    let read = request("GET", "/v1/balance", &[("Idempotency-Key", "")], "");
    assert_eq!(ask(&base, &read).status, 200);
}

/// Two keys that are no text are still two keys, or refused: one never gets the other's answer.
#[test]
fn keys_that_are_no_text_are_not_mixed_up() {
    let (_server, base) = started();
    let with_key = |byte: u8| {
        let mut bytes = post("/v1/customers", &[("Idempotency-Key", "@")], "");
        let at = bytes.iter().position(|b| *b == b'@').expect("the key");
        bytes[at] = byte;
        ask(&base, &bytes)
    };
    let (first, second) = (with_key(0xfe), with_key(0xff));
    let refused = first.status == 400 && second.status == 400;
    assert!(refused || first.body != second.body, "one key got the answer of the other");
}

/// Forms, JSON and nothing at all mean the same, also to an idempotency key.
#[test]
fn bodies_may_be_spelled_in_many_ways() {
    let (_server, base) = started();
    let shown = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let mut value = answer.json().expect("JSON");
        value["id"] = Value::Null;
        value["created"] = Value::Null;
        value
    };
    let charset = ("content-type", "Application/JSON; charset=utf-8");
    let nothing: Vec<Value> = [
        post("/v1/customers", &[], ""),
        post("/v1/customers", &[FORM], ""),
        post("/v1/customers", &[JSON], ""),
        post("/v1/customers", &[JSON], "{}"),
        post("/v1/customers", &[charset], " \n{ } "),
        post("/v1/customers", &[("Content-Length", "0")], ""),
        post("/v1/customers", &[("Transfer-Encoding", "chunked")], "0\r\n\r\n"),
    ]
    .iter()
    .map(|bytes| shown(&ask(&base, bytes)))
    .collect();
    assert!(nothing.iter().all(|one| *one == nothing[0]), "{nothing:#?}");

    let key = ("Idempotency-Key", "one request");
    let form = "name=Ada+L%C3%A9vy&metadata[a]=1&metadata[b]=x%26y&preferred_locales[]=fr\
                &preferred_locales[]=en&next_invoice_sequence=7&address[city]=Paris";
    let json = json!({
        "address": { "city": "Paris" }, "metadata": { "b": "x&y", "a": 1 },
        "next_invoice_sequence": 7, "preferred_locales": ["fr", "en"], "name": "Ada L\u{e9}vy",
    })
    .to_string();
    let indexed = form.replacen("[]", "[0]", 1).replace("[]", "[1]");
    let half = form.split_once('&').expect("several pairs");
    let split = format!("/v1/customers?{}", half.0);
    let first = ask(&base, &post("/v1/customers", &[FORM, key], form));
    assert_eq!(shown(&first)["metadata"], json!({ "a": "1", "b": "x&y" }));
    for (name, bytes) in [
        ("JSON", post("/v1/customers", &[JSON, key], &json)),
        ("indices", post("/v1/customers", &[FORM, key], &indexed)),
        ("no type", post("/v1/customers", &[key], form)),
        ("query and body", post(&split, &[FORM, key], half.1)),
        ("query", post(&format!("/v1/customers?{form}"), &[key], "")),
    ] {
        let again = ask(&base, &bytes);
        assert_eq!((again.status, &again.body), (200, &first.body), "{name}");
        assert_eq!(again.header_value("idempotent-replayed"), Some("true"), "{name}");
    }
}

#[test]
fn expansions_may_be_spelled_in_many_ways() {
    let (_server, base) = started();
    let path = format!("/v1/customers/{}", customer(&base));
    let deep = "cash_balance.customer";
    for (query, expanded) in [
        ("expand[]=cash_balance", true),
        ("expand%5B%5D=cash_balance", true),
        ("expand[0]=cash_balance", true),
        ("expand[7]=cash_balance", true),
        ("expand=cash_balance", true),
        ("expand=cash_balance&expand=cash_balance.customer", true),
        ("expand=cash_balance,cash_balance.customer", true),
        ("expand[]=cash_balance&expand[]=cash_balance.customer", true),
        ("expand=", false),
        ("expand", false),
    ] {
        let answer = ask(&base, &get(&format!("{path}?{query}")));
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let balance = answer.json().unwrap()["cash_balance"].take();
        assert_eq!(balance.is_object(), expanded, "{query}");
        assert_eq!(balance["customer"].is_object(), query.contains(deep), "{query}");
    }
    let json = json!({ "expand": ["cash_balance"] }).to_string();
    let updated = ask(&base, &post(&path, &[JSON], &json));
    assert!(updated.json().unwrap()["cash_balance"].is_object(), "{}", updated.body);
    for query in ["expand[]=nothing", "expand[a]=cash_balance", "expand[][]=cash_balance"] {
        let answer = ask(&base, &get(&format!("{path}?{query}")));
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
}

#[test]
fn keys_may_come_in_two_ways() {
    let (_server, base) = started();
    let with = |value: &str| request("GET", "/v1/balance", &[("Authorization", value)], "");
    // sk_test_123: and sk_test_123:secret and sk_test_123 and : and nonsense in base 64.
    #[rustfmt::skip]
    let cases = vec![
        ("bearer", with("Bearer sk_test_123"), 200, "balance"),
        ("in capitals", with("BEARER sk_test_123"), 200, "balance"),
        ("basic", with("Basic c2tfdGVzdF8xMjM6"), 200, "balance"),
        ("with a password", with("basic c2tfdGVzdF8xMjM6c2VjcmV0"), 200, "balance"),
        ("without a colon", with("Basic c2tfdGVzdF8xMjM="), 200, "balance"),
        ("no user", with("Basic Og=="), 401, "No API key"),
        ("no base 64", with("Basic !!!"), 401, "No API key"),
        ("nothing", with(""), 401, "No API key"),
        ("no scheme", with("sk_test_123"), 401, "No API key"),
        ("another scheme", with("Digest sk_test_123"), 401, "No API key"),
        ("unknown", with("Bearer sk_live_123"), 401, "Invalid API Key"),
        ("long", with(&format!("Bearer sk_test_{}", "1".repeat(9000))), 401, "too long"),
    ];
    check(&base, cases);
}

#[test]
fn many_names_and_deep_ones_are_refused() {
    let (_server, base) = started();
    let pairs =
        |count: usize, of: fn(usize) -> String| (0..count).map(of).collect::<Vec<_>>().join("&");
    let form = |body: &str| post("/v1/customers", &[FORM], body);
    let json = |body: &str| post("/v1/customers", &[JSON], body);
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"metadata\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    let values = format!("{{\"preferred_locales\":[{}1]}}", "1,".repeat(9000));
    #[rustfmt::skip]
    let cases = vec![
        ("5000 names", form(&pairs(5000, |at| format!("n{at}=1"))), 400, "_MAX"),
        ("5000 times one", form(&pairs(5000, |_| "name=x".into())), 400, "_MAX"),
        ("5000 items", form(&pairs(5000, |_| "expand[]=x".into())), 400, "_MAX"),
        ("5000 in one", form(&pairs(5000, |at| format!("metadata[{at}]=x"))), 400, "_MAX"),
        ("3000 empty ones", form(&pairs(3000, |_| "=".into())), 400, "name"),
        ("51 in metadata", form(&pairs(51, |at| format!("metadata[k{at}]=x"))), 400, "50"),
        ("a far index", form("expand[999999999999]=x"), 400, "_MAX"),
        ("deep", form(&format!("metadata{}=1", "[a]".repeat(60))), 400, "DEPTH_MAX"),
        ("deep and long", form(&format!("metadata{}=1", "[a]".repeat(9000))), 400, "_MAX"),
        ("deep lists", form(&format!("metadata{}=1", "[]".repeat(60))), 400, "DEPTH_MAX"),
        ("deep JSON", json(&nested("{\"a\":", "}", 100)), 400, "DEPTH_MAX"),
        ("very deep JSON", json(&nested("[", "]", 200_000)), 400, "DEPTH_MAX"),
        ("open JSON", json(&"[".repeat(500_000)), 400, "object"),
        ("open hashes", json(&"{\"a\":".repeat(100_000)), 400, "DEPTH_MAX"),
        ("9000 values", json(&values), 400, "_MAX"),
        ("a long name", form(&format!("{}=1", "n".repeat(5000))), 400, "KEY_BYTES_MAX"),
        ("brackets", form("metadata[[a]=1"), 400, "brackets"),
        ("more brackets", form("metadata]a[=1"), 400, "brackets"),
        ("a value and a hash", form("metadata=1&metadata[a]=1"), 400, "metadata"),
        ("a NUL", form("name=a%00b"), 400, "NUL"),
        ("no UTF-8", form("name=%ff"), 400, "UTF-8"),
        ("no JSON", json("{\"name\":"), 400, "JSON"),
        ("half a pair of surrogates", json("{\"name\":\"\\ud800\"}"), 400, "JSON"),
        ("twice in JSON", json("{\"name\":\"a\",\"name\":\"b\"}"), 400, "twice"),
    ];
    check(&base, cases);
}

/// Bytes that are no request, or contradict themselves: an answer below 500 or a closed door.
#[test]
fn garbage_is_answered_or_hung_up_on() {
    let (server, base) = started();
    let head = |lines: &str| format!("POST /v1/customers HTTP/1.1\r\n{lines}\r\n\r\n").into_bytes();
    let mut cases: Vec<Vec<u8>> = vec![
        b"\r\n\r\n\r\n\r\n".to_vec(),
        b"\0\0\0\0".to_vec(),
        vec![0xff; 4000],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET  / HTTP/1.1\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\n\r\n".to_vec(),
        b"CONNECT purser:443 HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /v1/customers\x01 HTTP/1.1\r\n\r\n".to_vec(),
        "GET /v1/\u{e9} HTTP/1.1\r\n\r\n".into(),
        head("No colon"),
        head("Bad\x01Name: x"),
        head("X: a\r\n folded"),
        head("Content-Length: -1"),
        head("Content-Length: 99999999999999999999"),
        head("Content-Length: 5\r\nContent-Length: 6"),
        head("Content-Length: 5\r\nTransfer-Encoding: chunked"),
        head("Transfer-Encoding: gzip"),
        head("Transfer-Encoding: chunked"),
        head("Authorization: Bearer sk_test_1\r\nContent-Length: 10"),
    ];
    for chunk in ["zz\r\n", "5\r\nabc", "ffffffffffffffffff\r\n", "-1\r\n", "1;a=b\r\nx\r\n"] {
        let mut bytes = head("Transfer-Encoding: chunked");
        bytes.extend_from_slice(chunk.as_bytes());
        cases.push(bytes);
    }
    for bytes in cases {
        let mut raw = Raw::connect(&base);
        raw.send(&bytes).finish();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
        let answer = raw.rest();
        let status = answer.get(9..12).and_then(|code| code.parse::<u16>().ok());
        assert!(status.is_none_or(|status| status < 500), "{shown:?}: {answer}");
    }
    assert_eq!(ask(&base, &get("/v1/balance")).status, 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
