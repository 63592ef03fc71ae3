//! Requests: what goes out for which arguments, and which arguments never go out. Rows 60, 61, 71
//! and 72 are of the cases that the first agents' suites share.

use ocp_agent::request::{HttpRequest, build};
use ocp_agent::{Error, Tool};
use serde_json::{Map, Value, json};

const BASE: &str = "https://api.example.com/";

fn tool(method: &str, path: &str, parameters: Value) -> Tool {
    let whole = json!({ "name": "t", "description": "", "method": method, "path": path,
        "parameters": parameters });
    serde_json::from_value(whole).unwrap()
}

fn form(path: &str, parameters: Value) -> Tool {
    let mut tool = tool("POST", path, parameters);
    tool.body_encoding = ocp_agent::tool::BodyEncoding::Form;
    tool
}

fn call(tool: &Tool, arguments: Value) -> Result<HttpRequest, Error> {
    build(tool, BASE, arguments.as_object().unwrap_or(&Map::new()))
}

fn faults(tool: &Tool, arguments: Value) -> Vec<String> {
    match call(tool, arguments) {
        Err(Error::Arguments(faults)) => faults,
        other => panic!("{other:?} instead of faults"),
    }
}

fn parameter(location: &str, rest: Value) -> Value {
    let mut whole = json!({ "location": location, "type": "string" });
    for (key, value) in rest.as_object().unwrap() {
        whole[key] = value.clone();
    }
    whole
}

#[test]
fn urls_are_the_base_and_the_path() {
    let rows = [
        (60, "/users", "https://api.example.com/users"),
        (60, "users", "https://api.example.com/users"),
        (61, "https://other.example/a", "https://other.example/a"),
        (71, "/a b/é#c", "https://api.example.com/a%20b/%C3%A9%23c"),
    ];
    for (row, path, url) in rows {
        let request = call(&tool("get", path, json!({})), json!({})).unwrap();
        assert_eq!((request.url.as_str(), request.method.as_str()), (url, "GET"), "row {row}");
        assert_eq!((request.headers, request.body), (Vec::new(), None));
    }
    for base in ["", "ftp://h", "api.example.com", "https://h/?a=b", "https://{region}.h"] {
        let error = build(&tool("GET", "/", json!({})), base, &Map::new()).unwrap_err();
        assert!(error.to_string().contains("base URL"), "{base}: {error}");
    }
}

#[test]
fn parameters_go_to_their_places() {
    let limit = json!({ "limit": parameter("query", json!({ "type": "integer" })) });
    let request = call(&tool("GET", "/items", limit.clone()), json!({ "limit": 10 })).unwrap();
    assert_eq!(request.url, "https://api.example.com/items?limit=10", "row 71");
    let request = call(&tool("GET", "/items?a=b", limit), json!({ "limit": 10.0 })).unwrap();
    assert_eq!(request.url, "https://api.example.com/items?a=b&limit=10");

    let id = json!({ "id": parameter("path", json!({ "required": true })) });
    let request = call(&tool("GET", "/items/{id}", id), json!({ "id": 7 })).unwrap();
    assert_eq!(request.url, "https://api.example.com/items/7", "row 71");

    let body = json!({ "name": parameter("body", json!({})),
        "Idempotency-Key": parameter("header", json!({})) });
    let arguments = json!({ "name": "n", "Idempotency-Key": "k-1" });
    let request = call(&tool("POST", "/items", body), arguments).unwrap();
    assert_eq!(request.body.as_deref(), Some(&b"{\"name\":\"n\"}"[..]), "row 71");
    let expected = [("Idempotency-Key", "k-1"), ("Content-Type", "application/json")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.headers, expected, "row 71");

    // A place that no parameter is for takes the argument of its name, and asks for it.
    let lost = tool("POST", "/items/{id}", json!({ "id": parameter("body", json!({})) }));
    let request = call(&lost, json!({ "id": "a" })).unwrap();
    assert_eq!(request.url, "https://api.example.com/items/a");
    assert_eq!(
        faults(&tool("GET", "/{id}", json!({})), json!({})),
        ["Missing required parameter: id"]
    );
    let renamed = json!({ "id": parameter("path", json!({ "required": true })),
        "id_body": parameter("body", json!({ "x-name": "id" })) });
    let arguments = json!({ "id": "a", "id_body": "b" });
    let request = call(&tool("POST", "/items/{id}", renamed), arguments).unwrap();
    assert_eq!(request.url, "https://api.example.com/items/a");
    assert_eq!(request.body.as_deref(), Some(&b"{\"id\":\"b\"}"[..]));
}

#[test]
fn a_value_stays_in_its_part_of_the_path() {
    let tool = tool("GET", "/v1/{id}/x", json!({ "id": parameter("path", json!({})) }));
    let rows = [
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("../../balance?x=1#", "..%2F..%2Fbalance%3Fx%3D1%23"),
        ("cus%2F1", "cus%252F1"),
        ("%2e%2e", "%252e%252e"),
        ("é", "%C3%A9"),
        ("$&", "%24%26"),
        ("{id}", "%7Bid%7D"),
        ("a\r\nb", "a%0D%0Ab"),
        ("a\\b", "a%5Cb"),
        ("...", "..."),
    ];
    for (value, written) in rows {
        let request = call(&tool, json!({ "id": value })).unwrap();
        assert_eq!(request.url, format!("https://api.example.com/v1/{written}/x"), "{value:?}");
    }
    for value in [json!(""), json!("."), json!(".."), json!({ "a": 1 }), json!([])] {
        let faults = faults(&tool, json!({ "id": value }));
        assert_eq!(faults.len(), 1, "{value}: {faults:?}");
    }
}

#[test]
fn values_are_written_into_queries_and_forms() {
    let deep = json!({ "x-style": "deepObject", "x-explode": true });
    let comma = json!({ "x-style": "form", "x-explode": false });
    let json_style = json!({ "x-style": "json" });
    let rows = [
        ("k", json!({}), json!(["a", "b"]), "k=a&k=b"),
        ("k", deep.clone(), json!(["a", "b"]), "k%5B%5D=a&k%5B%5D=b"),
        ("k[]", json!({}), json!(["a", "b"]), "k%5B%5D=a&k%5B%5D=b"),
        ("k[]", deep.clone(), json!(["a"]), "k%5B%5D=a"),
        ("k", comma.clone(), json!(["a,b", "c"]), "k=a%2Cb,c"),
        ("k", json!({ "x-style": "spaceDelimited" }), json!(["a", "b"]), "k=a%20b"),
        ("k", json!({ "x-style": "pipeDelimited" }), json!(["a", "b"]), "k=a%7Cb"),
        ("k", json!({}), json!([]), ""),
        ("k", json!({}), json!([{ "a": 1 }, { "a": 2 }]), "k%5B0%5D%5Ba%5D=1&k%5B1%5D%5Ba%5D=2"),
        ("k", json!({}), json!({ "gte": 1, "lt": 2 }), "k%5Bgte%5D=1&k%5Blt%5D=2"),
        ("k", deep, json!({ "a": { "b": [true, null] }, "c": null }), "k%5Ba%5D%5Bb%5D%5B%5D=true"),
        ("k", comma, json!({ "a": 1, "b": 2 }), "k=a,1,b,2"),
        ("k", json!({ "x-style": "form" }), json!({ "a": 1, "b": "x y" }), "a=1&b=x%20y"),
        ("k", json_style, json!({ "a": [1] }), "k=%7B%22a%22%3A%5B1%5D%7D"),
        ("k", json!({}), json!(true), "k=true"),
        ("k", json!({}), json!(null), ""),
        ("k", json!({}), json!("a b&c=d/é"), "k=a%20b%26c%3Dd%2F%C3%A9"),
        ("k", json!({}), json!(1.5), "k=1.5"),
        ("k", json!({}), json!(""), "k="),
        ("a&b", json!({}), json!("c"), "a%26b=c"),
    ];
    for (name, rest, value, expected) in rows {
        let of = |location: &str| {
            let mut parameter = parameter(location, rest.clone());
            parameter["type"] = json!([]);
            json!({ name: parameter })
        };
        let arguments = json!({ name: value });
        let request = call(&tool("GET", "/", of("query")), arguments.clone()).unwrap();
        let query = request.url.strip_prefix("https://api.example.com/").unwrap();
        assert_eq!(query.trim_start_matches('?'), expected, "{name} {rest} {value}");
        let request = call(&form("/", of("body")), arguments).unwrap();
        let body = request.body.map(|body| String::from_utf8(body).unwrap());
        assert_eq!(body.unwrap_or_default(), expected, "form: {name} {rest} {value}");
    }
}

#[test]
fn bodies_are_written_as_the_tool_says() {
    let settings = parameter("body", json!({ "type": "object", "x-style": "deepObject" }));
    let update = form("/b", json!({ "settings": settings }));
    let arguments = json!({ "settings": { "reconciliation_mode": "manual" } });
    let request = call(&update, arguments).unwrap();
    assert_eq!(request.body.unwrap(), b"settings%5Breconciliation_mode%5D=manual");
    assert_eq!(request.headers[0].1, "application/x-www-form-urlencoded");
    assert_eq!(call(&update, json!({})).unwrap().body, None, "nothing to send, no media type");

    let nullable = json!({ "a": parameter("body", json!({ "nullable": true })),
        "b": parameter("body", json!({})),
        "c": parameter("body", json!({ "type": ["string", "null"] })) });
    let patch = tool("PATCH", "/b", nullable);
    let request = call(&patch, json!({ "a": null, "b": null, "c": null })).unwrap();
    assert_eq!(request.body.unwrap(), b"{\"a\":null,\"c\":null}");

    let list = parameter("body", json!({ "type": "array", "x-whole": true }));
    let request =
        call(&tool("PUT", "/b", json!({ "body": list })), json!({ "body": [1] })).unwrap();
    assert_eq!(request.body.unwrap(), b"[1]");
}

#[test]
fn every_fault_is_told() {
    let of = |location: &str, rest: Value| json!({ "p": parameter(location, rest) });
    let object = json!({ "type": "object", "x-required": ["mode"], "properties": {
        "mode": { "type": "string", "enum": ["automatic", "manual"] },
        "lines": { "type": "array", "items": { "type": "object", "required": ["amount"],
            "properties": { "amount": { "type": "integer", "minimum": 1 } } } } } });
    let either = json!({ "type": ["string", "object"], "anyOf": [
        { "type": "string", "enum": [""] },
        { "type": "object", "properties": { "a": { "type": "integer" } } }] });
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let rows = [
        (72, of("body", json!({ "required": true })), json!({}), "Missing required parameter: p"),
        (
            72,
            of("body", json!({ "required": true })),
            json!({ "p": null }),
            "Missing required parameter: p",
        ),
        (0, of("query", json!({})), json!({ "P": 1 }), "Unknown parameter: P. Did you mean p?"),
        (
            0,
            of("query", json!({})),
            json!({ "zebra": 1 }),
            "Unknown parameter: zebra. There are: p",
        ),
        (0, json!({}), json!({ "a": 1 }), "Unknown parameter: a. There are none"),
        (0, of("body", json!({})), json!({ "p": 1 }), "p must be a string, not an integer"),
        (
            0,
            of("query", json!({ "type": "integer" })),
            json!({ "p": "1" }),
            "p must be an integer, not a string",
        ),
        (
            0,
            of("query", json!({ "type": "integer" })),
            json!({ "p": 1.5 }),
            "p must be an integer, not a number",
        ),
        (
            0,
            of("query", json!({ "type": "array" })),
            json!({ "p": "a" }),
            "p must be a list, not a string",
        ),
        (
            0,
            of("query", json!({ "type": ["integer", "null"] })),
            json!({ "p": true }),
            "p must be an integer, not a boolean",
        ),
        (
            0,
            of("query", json!({ "enum": ["day", "week"] })),
            json!({ "p": "weak" }),
            "p must be one of day, week. Did you mean week?",
        ),
        (
            0,
            of("query", json!({ "type": "integer", "minimum": 1 })),
            json!({ "p": 0 }),
            "p must be at least 1",
        ),
        (
            0,
            of("query", json!({ "type": "integer", "maximum": 9 })),
            json!({ "p": 10 }),
            "p must be at most 9",
        ),
        (
            0,
            of("query", json!({ "type": "number", "minimum": 1, "exclusiveMinimum": true })),
            json!({ "p": 1 }),
            "p must be more than 1",
        ),
        (
            0,
            of("query", json!({ "type": "number", "exclusiveMaximum": 2 })),
            json!({ "p": 2 }),
            "p must be less than 2",
        ),
        (
            0,
            of("query", json!({ "maxLength": 2 })),
            json!({ "p": "äöü" }),
            "p must have at most 2 characters, not 3",
        ),
        (
            0,
            of("query", json!({ "minLength": 2 })),
            json!({ "p": "ä" }),
            "p must have at least 2 characters, not 1",
        ),
        (
            0,
            of("query", json!({ "pattern": "^[a-z]+$" })),
            json!({ "p": "A" }),
            "p must match the pattern ^[a-z]+$",
        ),
        (
            0,
            of("body", json!({ "type": "array", "maxItems": 1 })),
            json!({ "p": [1, 2] }),
            "p must have at most 1 items, not 2",
        ),
        (0, of("body", object.clone()), json!({ "p": {} }), "Missing required parameter: p[mode]"),
        (
            0,
            of("body", object.clone()),
            json!({ "p": { "mode": "manuel" } }),
            "p[mode] must be one of automatic, manual. Did you mean manual?",
        ),
        (
            0,
            of("body", object.clone()),
            json!({ "p": { "mode": "manual", "modes": 1 } }),
            "Unknown parameter of p: modes. Did you mean mode?",
        ),
        (
            0,
            of("body", object),
            json!({ "p": { "mode": "manual", "lines": [{ "amount": 0 }] } }),
            "p[lines][0][amount] must be at least 1",
        ),
        (
            0,
            of("body", either.clone()),
            json!({ "p": { "a": "x" } }),
            "p[a] must be an integer, not a string",
        ),
        (0, of("body", either), json!({ "p": "x" }), "p must be one of "),
        (
            0,
            of("header", json!({})),
            json!({ "p": "a\r\nb: c" }),
            "p is a header: no line break or control character may be in it",
        ),
        (
            0,
            of("header", json!({ "x-name": "Host" })),
            json!({ "p": "a" }),
            "p cannot be sent: Host belongs to the connection",
        ),
        (
            0,
            of("header", json!({ "x-name": "a b" })),
            json!({ "p": "a" }),
            "p cannot be sent: 'a b' is no name of a header",
        ),
        (0, of("cookie", json!({})), json!({ "p": "a" }), "p is a cookie: this agent sends none"),
        (
            0,
            of("body", json!({ "type": [] })),
            json!({ "p": deep }),
            "p has more than 64 levels (ARGUMENT_DEPTH_MAX)",
        ),
    ];
    for (row, parameters, arguments, expected) in rows {
        let found = faults(&tool("POST", "/", parameters), arguments.clone());
        assert_eq!(found, [expected], "row {row}: {arguments}");
    }
    let two = json!({ "a": parameter("body", json!({ "required": true })),
        "b": parameter("body", json!({ "type": "integer" })) });
    let found = faults(&tool("POST", "/", two), json!({ "b": "x", "c": 1 }));
    assert_eq!(found.len(), 3, "all of them: {found:?}");
    let many: Map<String, Value> = (0..1_000).map(|n| (format!("n{n}"), json!(1))).collect();
    assert_eq!(faults(&tool("POST", "/", json!({})), Value::Object(many)).len(), 100);
}

#[test]
fn what_fits_goes_out() {
    let rows = [
        ("query", json!({}), json!(5)),
        ("query", json!({ "enum": ["5"] }), json!(5)),
        ("body", json!({ "type": "integer" }), json!(1.0)),
        ("body", json!({ "type": "file" }), json!({ "any": 1 })),
        ("body", json!({ "type": "object" }), json!({ "free": { "of": [1] } })),
        (
            "body",
            json!({ "type": "object", "properties": { "a": {} },
                "additionalProperties": { "type": "string" } }),
            json!({ "b": "x" }),
        ),
        ("query", json!({ "pattern": "(?=a)b" }), json!("looking ahead is not checked")),
        ("body", json!({ "type": ["string", "null"] }), json!("x")),
    ];
    for (location, rest, value) in rows {
        let tool = tool("POST", "/", json!({ "p": parameter(location, rest) }));
        assert!(call(&tool, json!({ "p": value })).is_ok(), "{value}");
    }
    // A required cookie cannot be sent, so it is not asked for.
    let cookie = json!({ "p": parameter("cookie", json!({ "required": true })) });
    assert!(call(&tool("GET", "/", cookie), json!({})).is_ok());
}

#[test]
fn a_request_does_not_show_its_secrets() {
    let parameters = json!({ "key": parameter("query", json!({})),
        "Authorization": parameter("header", json!({})), "b": parameter("body", json!({})) });
    let arguments = json!({ "key": "SECRET", "Authorization": "SECRET", "b": "SECRET" });
    let request = call(&tool("POST", "/x", parameters), arguments).unwrap();
    let shown = format!("{request:?}");
    assert!(!shown.contains("SECRET") && shown.contains("Authorization"), "{shown}");
}

#[test]
fn a_request_has_a_size() {
    let tool = |place: &str| tool("POST", "/", json!({ "p": parameter(place, json!({})) }));
    let long = faults(&tool("query"), json!({ "p": "x".repeat(70_000) }));
    assert!(long[0].contains("URL_BYTES_MAX"), "{long:?}");
    let large = faults(&tool("body"), json!({ "p": "x".repeat(33 * 1024 * 1024) }));
    assert!(large[0].contains("BODY_BYTES_MAX"), "{large:?}");
}
