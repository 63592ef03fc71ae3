//! Discovery as the first agents do it: rows 15 to 37 of the cases that their suites share, and
//! three operations of Stripe's whose tool objects are known.

use ocp_agent::discovery::{
    Mode, discover, discover_from, documentation, of_resources, read_file, search,
};
use ocp_agent::{Api, Error, Tool};
use serde_json::{Value, json};

fn spec(paths: Value) -> Value {
    json!({ "openapi": "3.0.0", "info": { "title": "T", "version": "1" }, "paths": paths })
}

fn upstream(spec: &Value) -> Api {
    discover(spec, "t", None, Mode::Upstream).unwrap()
}

/// The only tool of a document, as a registry would hand it out.
fn only(spec: &Value) -> Value {
    let mut tools = upstream(spec).tools;
    assert_eq!(tools.len(), 1);
    serde_json::to_value(tools.remove(0)).unwrap()
}

#[test]
fn an_operation_becomes_a_tool() {
    let object = json!({ "type": "object", "required": ["name", "email"],
        "properties": { "name": { "type": "string" }, "email": { "type": "string" } } });
    let json_body = json!({ "content": { "application/json": { "schema": object } } });
    let answer = |status: &str, kind: &str| {
        let schema = json!({ "schema": { "type": kind } });
        json!({ status: { "content": { "application/json": schema } } })
    };
    let limit = json!({ "name": "limit", "in": "query", "schema": { "type": "integer" } });
    let id =
        json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
    let rows: &[(u8, &str, Value, &str, Value)] = &[
        (12, "get", json!({ "operationId": "" }), "/operation_id", json!("")),
        (14, "get", json!({ "operationId": "meta/root" }), "/name", json!("metaRoot")),
        (14, "get", json!({ "operationId": "meta/root" }), "/operation_id", json!("meta/root")),
        (
            15,
            "get",
            json!({ "parameters": [limit] }),
            "/parameters/limit",
            json!({ "description": "", "required": false, "location": "query", "type": "integer" }),
        ),
        (
            16,
            "get",
            json!({ "parameters": [id] }),
            "/parameters/id",
            json!({ "description": "", "required": true, "location": "path", "type": "string" }),
        ),
        (
            17,
            "post",
            json!({ "requestBody": json_body }),
            "/parameters/name",
            json!({ "description": "", "required": true, "location": "body", "type": "string" }),
        ),
        (
            17,
            "post",
            json!({ "requestBody": json_body }),
            "/parameters/email/required",
            json!(true),
        ),
        (
            18,
            "get",
            json!({ "responses": answer("200", "array") }),
            "/response_schema/type",
            json!("array"),
        ),
        (
            18,
            "get",
            json!({ "responses": answer("201", "object") }),
            "/response_schema/type",
            json!("object"),
        ),
        (19, "get", json!({ "summary": "S", "description": "D" }), "/description", json!("S")),
        (19, "get", json!({ "description": "D" }), "/description", json!("D")),
        (19, "get", json!({}), "/description", json!("No description provided")),
    ];
    for (row, method, operation, at, expected) in rows {
        let tool = only(&spec(json!({ "/x": { *method: operation } })));
        assert_eq!(tool.pointer(at), Some(expected), "row {row}: {tool}");
    }
}

#[test]
fn five_operations_are_five_tools() {
    let get = |id: &str| json!({ "get": { "operationId": id } });
    let paths = json!({ "/1": get("a"), "/2": get("api-v1/users_list.all"),
        "/3": get("get_API_HTTP_URL"), "/4": get("///"), "/5": get("") });
    let api = upstream(&spec(paths));
    let names: Vec<&str> = api.tools.iter().map(|tool| tool.name.as_str()).collect();
    let expected = ["a", "apiV1UsersListAll", "getApiHttpUrl", "get4", "get5"];
    assert_eq!(names, expected, "row 13");
}

fn answer_of(schema: Value, schemas: Value) -> Value {
    let answer = json!({ "content": { "application/json": { "schema": schema } } });
    let mut spec = spec(json!({ "/x": { "get": { "responses": { "200": answer } } } }));
    spec["components"] = json!({ "schemas": schemas });
    only(&spec)["response_schema"].clone()
}

fn to(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[test]
fn references_are_replaced() {
    let object =
        |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } } });
    let queue = answer_of(to("Queue"), json!({ "Queue": object("sid") }));
    assert_eq!(queue, object("sid"), "row 20");

    let children = json!({ "type": "array", "items": to("Node") });
    let node = json!({ "type": "object", "properties": { "children": children } });
    let node = answer_of(to("Node"), json!({ "Node": node }));
    let items = &node["properties"]["children"]["items"];
    assert_eq!(*items, json!({ "type": "object", "description": "Circular reference" }), "row 21");

    let plain = json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
    assert_eq!(answer_of(plain.clone(), json!({})), plain, "row 22");
    let schemas = json!({ "A": object("a"), "B": object("b"), "C": object("c"),
        "S": { "type": "string" } });
    let objects = json!({ "anyOf": [to("A"), to("B"), to("C")] });
    assert_eq!(answer_of(objects.clone(), schemas.clone()), objects, "row 22");

    // A word among alternatives is put in, an object is not, also further down.
    let mixed =
        json!({ "description": "d", "oneOf": [to("S"), { "type": "array", "items": to("A") }] });
    let expected = json!({ "oneOf": [{ "type": "string" }, { "type": "array", "items": to("A") }],
        "description": "d" });
    let found = answer_of(mixed, schemas.clone());
    assert_eq!(found.to_string(), expected.to_string(), "the alternatives come first");

    for kept in [to("Missing"), json!({ "$ref": "other.json#/A" })] {
        assert_eq!(answer_of(kept.clone(), schemas.clone()), kept);
    }
    let beside = json!({ "$ref": "#/components/schemas/S", "description": "d" });
    assert_eq!(answer_of(beside.clone(), schemas), beside, "a reference that is not alone stays");
}

#[test]
fn the_base_url_is_found() {
    let servers = json!([{ "url": "https://api.example.com" }]);
    let three = json!({ "openapi": "3.0.0", "servers": servers, "paths": {} });
    let two = |schemes: Value| {
        let mut spec = json!({ "swagger": "2.0", "host": "api.example.com", "basePath": "/v1" });
        if !schemes.is_null() {
            spec["schemes"] = schemes;
        }
        spec
    };
    let rows: &[(u8, Value, Option<&str>, &str)] = &[
        (23, three.clone(), Some("http://127.0.0.1:1"), "http://127.0.0.1:1"),
        (24, three, None, "https://api.example.com"),
        (24, json!({ "openapi": "3.0.0" }), None, ""),
        (25, two(json!(["https"])), None, "https://api.example.com/v1"),
        (26, two(json!(["http", "https"])), None, "http://api.example.com/v1"),
        (26, two(json!([])), None, "https://api.example.com/v1"),
        (26, two(Value::Null), None, "https://api.example.com/v1"),
        (26, json!({ "swagger": "2.0", "basePath": "/v1" }), None, ""),
    ];
    for (row, spec, base_url, expected) in rows {
        let api = discover(spec, "t", *base_url, Mode::Upstream).unwrap();
        assert_eq!(api.base_url, *expected, "row {row}");
    }
}

#[test]
fn swagger_2_bodies_are_fields() {
    let body = json!({ "name": "body", "in": "body", "required": true, "schema": {
        "type": "object", "required": ["name"],
        "properties": { "name": { "type": "string" }, "age": { "type": "integer" } } } });
    let spec = json!({ "swagger": "2.0", "host": "h",
        "paths": { "/x": { "post": { "parameters": [body] } } } });
    let tool = only(&spec);
    let name = json!({ "description": "", "required": true, "location": "body", "type": "string" });
    assert_eq!(tool["parameters"]["name"], name, "row 27");
    assert_eq!(tool["parameters"]["age"]["required"], false, "row 27");
}

#[test]
fn versions_are_known() {
    let version = |key: &str, version: Value| {
        discover(&json!({ key: version }), "t", None, Mode::Upstream).map(|_| ())
    };
    for (key, text) in
        [("swagger", "2.0"), ("openapi", "3.0.0"), ("openapi", "3.1.0"), ("openapi", "3.2.0")]
    {
        assert_eq!(version(key, json!(text)), Ok(()), "row 28: {key} {text}");
    }
    let rows = [
        ("swagger", json!("1.2"), "Unsupported Swagger version: 1.2"),
        ("openapi", json!("4.0"), "Unsupported OpenAPI version: 4.0"),
        ("openapi", json!(3.0), "Unsupported OpenAPI version: 3.0"),
        ("info", json!({}), "Unable to detect spec version: missing 'swagger' or 'openapi' field"),
    ];
    for (key, value, message) in rows {
        let expected = Err(Error::Discovery(message.to_owned()));
        assert_eq!(version(key, value), expected, "row 28: {key}");
    }
}

#[test]
fn documents_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let json =
        "{\"openapi\": \"3.0.0\", \"paths\": {\"/x\": {\"get\": {\"responses\": {\"200\": {}}}}}}";
    let yaml = "openapi: 3.0.0\npaths:\n  /x:\n    get:\n      responses:\n        200: {}\n";
    let expected: Value = serde_json::from_str(json).unwrap();
    for (name, text) in [("a.json", json), ("a.yaml", yaml), ("a.YML", yaml)] {
        assert_eq!(read_file(&write(name, text)), Ok(expected.clone()), "row 29: {name}");
    }
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
        c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
        e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
        g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    let rows = [
        (folder.path().join("none.json"), "File not found: "),
        (
            write("a.txt", json),
            "Unsupported file format: .txt. Supported formats: .json, .yaml, .yml",
        ),
        (write("bad.json", "{"), "Invalid JSON in file "),
        (write("bad.yaml", "a: [b"), "Invalid YAML in file "),
        (write("laughs.yaml", laughs), "Invalid YAML in file "),
    ];
    for (path, message) in rows {
        let error = read_file(&path).expect_err(&path.display().to_string()).to_string();
        assert!(error.starts_with(message), "row 30: {error}");
    }
}

fn tools(paths: &[&str]) -> Vec<Tool> {
    let get = json!({ "get": {} });
    let paths: serde_json::Map<_, _> =
        paths.iter().map(|path| ((*path).to_owned(), get.clone())).collect();
    upstream(&spec(Value::Object(paths))).tools
}

#[test]
fn tools_are_filtered_by_resource() {
    let repos =
        &["/repos/{o}/{r}", "/user/repos", "/repos/{o}/{r}/issues", "/orgs/{org}/members"][..];
    let payments = &["/payments", "/payment_methods", "/payment_intents"][..];
    let slack = &["/conversations.replies", "/conversations.history", "/chat.postMessage"][..];
    let versions = &["/v1/payments", "/v1/charges", "/v2/payments"][..];
    let rows: &[(u8, &[&str], &[&str], Option<&str>, usize)] = &[
        (31, repos, &["repos"], None, 2),
        (32, repos, &["REPOS", "Orgs"], None, 3),
        (32, repos, &["payments"], None, 0),
        (32, repos, &[], None, 4),
        (33, payments, &["payment"], None, 0),
        (33, payments, &["payments"], None, 1),
        (34, slack, &["conversations"], None, 2),
        (35, versions, &["payments"], Some("/v1"), 1),
        (35, versions, &["payments"], None, 0),
    ];
    for (row, paths, resources, prefix, expected) in rows {
        let tools = tools(paths);
        let found = of_resources(&tools, resources, *prefix);
        assert_eq!(found.len(), *expected, "row {row}: {resources:?} {prefix:?}");
    }
}

#[test]
fn tools_are_found_and_told_of() {
    let operation = |id: &str, text: &str| json!({ "get": { "operationId": id, "summary": text } });
    let paths = json!({ "/a": operation("listUsers", "List"),
        "/b": operation("create", "Create a USER"),
        "/c": operation("getBalance", "Money") });
    let tools = upstream(&spec(paths)).tools;
    for (text, expected) in [("user", 2), ("create", 1), ("nonexistent", 0)] {
        assert_eq!(search(&tools, text).len(), expected, "row 36: {text}");
    }

    let parameters = json!([
        { "name": "id", "in": "path", "required": true },
        { "name": "kind", "in": "query", "required": true, "description": "K." },
        { "name": "limit", "in": "query" },
    ]);
    let operation = json!({ "summary": "Does it.", "tags": ["a", "b"], "parameters": parameters });
    let tools = upstream(&spec(json!({ "/x/{id}": { "post": operation } }))).tools;
    let expected = "## postXId\n**Method:** POST\n**Path:** /x/{id}\n**Description:** Does it.\n\n\
        ### Parameters:\n- **id** (required) [path]: \n- **kind** (required) [query]: K.\n\
        - **limit** (optional) [query]: \n\n**Tags:** a, b\n";
    assert_eq!(documentation(&tools[0]), expected, "row 37");
    let bare = upstream(&spec(json!({ "/x": { "get": {} } }))).tools;
    let expected =
        "## getX\n**Method:** GET\n**Path:** /x\n**Description:** No description provided\n";
    assert_eq!(documentation(&bare[0]), expected, "row 37");
}

#[test]
fn three_operations_of_stripe_are_the_tools_that_are_known() {
    let spec: Value = serde_json::from_str(include_str!("data/stripe_shaped.json")).unwrap();
    let known: Value = serde_json::from_str(include_str!("data/seed_tools.json")).unwrap();
    let api = discover(&spec, "stripe", None, Mode::Upstream).unwrap();
    assert_eq!(api.base_url, "https://api.stripe.com");
    assert_eq!(api.tools.len(), 3);
    for (tool, known) in api.tools.iter().zip(known.as_array().unwrap()) {
        // As text, because the order of the keys is part of what is known.
        assert_eq!(serde_json::to_string(tool).unwrap(), known.to_string(), "{}", tool.name);
    }
    let full = discover_from(&spec, "stripe", None, Mode::Full, None).unwrap();
    let update: Vec<&String> = full.tools[0].parameters.keys().collect();
    assert_eq!(update, ["customer", "expand", "settings"], "the form is seen");
    assert_eq!(full.tools[0].parameters["settings"].rest["x-style"], "deepObject");
}
