//! Discovery of all that is there: what the first agents do not see, and what bounds it.

use ocp_agent::discovery::{
    DEPTH_MAX, Mode, OPERATIONS_MAX, PARAMETERS_MAX, discover, discover_from,
};
use ocp_agent::tool::BodyEncoding;
use ocp_agent::{Api, Location, Tool};
use serde_json::{Map, Value, json};

fn full(spec: &Value) -> Api {
    discover(spec, "t", None, Mode::Full).unwrap()
}

fn spec(paths: Value) -> Value {
    json!({ "openapi": "3.1.0", "info": { "title": "T", "version": 2 }, "paths": paths })
}

fn only(spec: &Value) -> Tool {
    let mut tools = full(spec).tools;
    assert_eq!(tools.len(), 1);
    tools.remove(0)
}

/// The tool of `POST /x` with this body.
fn with_body(content: Value, components: Value) -> Tool {
    let body = json!({ "content": content, "required": true });
    let mut spec = spec(json!({ "/x": { "post": { "requestBody": body } } }));
    spec["components"] = components;
    only(&spec)
}

fn names(tool: &Tool) -> Vec<&str> {
    tool.parameters.keys().map(String::as_str).collect()
}

#[test]
fn bodies_of_every_kind_are_seen() {
    let fields = json!({ "schema": { "type": "object", "required": ["a"],
        "properties": { "a": { "type": "string" }, "b": { "type": "array", "items": {} } } },
        "encoding": { "b": { "style": "deepObject", "explode": true } } });
    let form = "application/x-www-form-urlencoded";
    let tool = with_body(json!({ form: fields }), Value::Null);
    assert_eq!((names(&tool), tool.body_encoding), (vec!["a", "b"], BodyEncoding::Form));
    assert!(tool.parameters["a"].required && !tool.parameters["b"].required);
    assert_eq!(tool.parameters["b"].rest["x-style"], "deepObject");

    let both = json!({ form: fields, "application/json; charset=utf-8": fields });
    assert_eq!(with_body(both, Value::Null).body_encoding, BodyEncoding::Json);
    let vendor = with_body(json!({ "application/vnd.x+json": fields }), Value::Null);
    assert_eq!((names(&vendor), vendor.body_encoding), (vec!["a", "b"], BodyEncoding::Json));

    let whole =
        |schema: Value| with_body(json!({ "application/json": { "schema": schema } }), Value::Null);
    let list = whole(json!({ "type": "array", "items": { "type": "integer" } }));
    assert!(list.parameters["body"].is_whole_body() && list.parameters["body"].required);
    assert_eq!(list.parameters["body"].kind, "array");
    let either = whole(json!({ "oneOf": [{ "type": "object" }, { "type": "string" }] }));
    assert_eq!(either.parameters["body"].kind, json!(["object", "string"]));

    let file = with_body(json!({ "multipart/form-data": fields }), Value::Null);
    assert!(file.parameters.is_empty() && file.description.contains("multipart/form-data"));
    let read_only = whole(json!({ "properties": { "id": { "readOnly": true }, "n": {} } }));
    assert_eq!(names(&read_only), ["n"]);
}

#[test]
fn references_and_all_of_are_followed_everywhere() {
    let spec = json!({ "openapi": "3.0.3", "paths": {
        "/a/{id}": {
            "parameters": [{ "$ref": "#/components/parameters/Id" },
                { "name": "q", "in": "query", "description": "of the path" }],
            "put": { "operationId": "put",
                "parameters": [{ "name": "q", "in": "query", "description": "of the operation" }],
                "requestBody": { "$ref": "#/components/requestBodies/B" },
                "responses": { "200": { "$ref": "#/components/responses/R" } } } },
        "/b": { "$ref": "#/paths/~1c" },
        "/c": { "delete": { "requestBody": { "$ref": "#/components/requestBodies/B" } } } },
        "components": {
            "parameters": { "Id": { "name": "id", "in": "path", "required": true,
                "schema": { "type": "integer", "minimum": 1, "maximum": 9 } } },
            "requestBodies": { "B": { "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/a~1b" } } } } },
            "responses": { "R": { "description": "", "content": { "application/hal+json": {
                "schema": { "$ref": "#/components/schemas/Base" } } } } },
            "schemas": {
                "Base": { "type": "object", "required": ["kind"],
                    "properties": { "kind": { "type": "string", "enum": ["k"] } } },
                "a/b": { "allOf": [{ "$ref": "#/components/schemas/Base" },
                    { "required": ["size"], "properties": { "size": { "type": "integer" } } }],
                    "properties": { "more": { "$ref": "#/components/schemas/Base",
                        "description": "beside" } } } } } });
    let tools = full(&spec).tools;
    assert_eq!(tools.len(), 3);
    let put = &tools[0];
    assert_eq!(names(put), ["id", "q", "kind", "size", "more"]);
    assert_eq!(put.parameters["id"].rest["maximum"], 9);
    assert_eq!(put.parameters["q"].description, "of the operation");
    assert!(put.parameters["kind"].required && put.parameters["size"].required);
    let more = &put.parameters["more"];
    assert_eq!((more.description.as_str(), &more.kind), ("beside", &json!("object")));
    assert_eq!(more.rest["x-required"], json!(["kind"]));
    assert_eq!(more.schema()["required"], json!(["kind"]));
    assert_eq!(put.response_schema.as_ref().unwrap()["type"], "object");
    assert_eq!(names(&tools[1]), ["kind", "size", "more"], "a body of DELETE, behind ~1");
    assert_eq!((tools[1].name.as_str(), tools[2].name.as_str()), ("deleteB", "deleteC"));
}

#[test]
fn types_of_every_version_are_understood() {
    let query = |rest: Value| {
        let mut parameter = json!({ "name": "p", "in": "query" });
        parameter.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let three = spec(json!({ "/x": { "get": { "parameters": [parameter] } } }));
        only(&three).parameters.swap_remove("p").unwrap()
    };
    let rows = [
        (json!({ "schema": { "type": ["integer", "null"] } }), json!(["integer", "null"])),
        (
            json!({ "schema": { "anyOf": [{ "type": "string" }, { "items": {} }] } }),
            json!(["string", "array"]),
        ),
        (json!({ "schema": { "enum": [1, "a"] } }), json!(["integer", "string"])),
        (json!({ "schema": { "const": true } }), json!("boolean")),
        (json!({ "schema": { "properties": { "a": {} } } }), json!("object")),
        (json!({ "schema": {} }), json!("string")),
        (json!({}), json!("string")),
        (
            json!({ "content": { "application/json": { "schema": { "type": "object" } } } }),
            json!("object"),
        ),
    ];
    for (rest, kind) in rows {
        assert_eq!(query(rest.clone()).kind, kind, "{rest}");
    }
    let all = json!({ "format": "f", "minLength": 1, "maxLength": 2, "pattern": "p", "default": "d",
        "enum": ["d"] });
    assert_eq!(Value::Object(query(json!({ "schema": all.clone() })).rest), {
        let mut sorted = Map::new();
        for key in ["enum", "format", "minLength", "maxLength", "pattern", "default"] {
            sorted.insert(key.to_owned(), all[key].clone());
        }
        Value::Object(sorted)
    });
    let styled = query(json!({ "schema": {}, "style": "form", "explode": false }));
    assert_eq!(
        (&styled.rest["x-style"], &styled.rest["x-explode"]),
        (&json!("form"), &json!(false))
    );

    let two = json!({ "swagger": "2.0", "host": "h",
        "consumes": ["application/x-www-form-urlencoded"],
        "paths": { "/x": { "post": { "parameters": [
            { "name": "ids", "in": "query", "type": "array", "items": { "type": "integer" } },
            { "name": "tags", "in": "query", "type": "array", "items": {},
                "collectionFormat": "multi" },
            { "name": "n", "in": "formData", "type": "integer", "required": true, "maximum": 3 },
            { "name": "Accept", "in": "header", "type": "string" }],
            "responses": { "200": { "schema": { "type": "object" } } } } } } });
    let tool = only(&two);
    assert_eq!(names(&tool), ["ids", "tags", "n"], "Accept is no parameter");
    assert_eq!(tool.parameters["ids"].kind, "array");
    assert_eq!(tool.parameters["ids"].rest["x-explode"], false);
    assert_eq!(tool.parameters["tags"].rest["x-explode"], true);
    let field = &tool.parameters["n"];
    assert_eq!((field.location, &field.kind), (Location::Body, &json!("integer")));
    assert_eq!((tool.body_encoding, field.required), (BodyEncoding::Form, true));
    let body = json!({ "name": "whatever", "in": "body", "schema": { "type": "object",
        "properties": { "a": { "type": "string" } } } });
    let two = json!({ "swagger": "2.0", "paths": { "/x": { "post": { "parameters": [body] } } } });
    assert_eq!(names(&only(&two)), ["a"], "the body is not a parameter beside its fields");
}

#[test]
fn names_are_told_apart() {
    let get = json!({ "get": { "operationId": "list users" } });
    let paths = json!({ "/a": get, "/b": get, "/c": { "get": { "operationId": "listUsers2" } } });
    let api = full(&spec(paths));
    let found: Vec<&str> = api.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(found, ["listUsers", "listUsers2", "listUsers22"]);

    let schema = json!({ "type": "object", "properties": { "id": { "type": "string" } } });
    let body = json!({ "content": { "application/json": { "schema": schema } } });
    let id = json!([{ "name": "id", "in": "path", "required": true }]);
    let put = json!({ "put": { "parameters": id, "requestBody": body } });
    let tool = only(&spec(json!({ "/x/{id}": put })));
    assert_eq!(names(&tool), ["id", "id_body"]);
    assert_eq!(tool.parameters["id_body"].wire_name("id_body"), "id");
}

#[test]
fn servers_are_found() {
    let at = "https://h.example/docs/openapi.json?x#y";
    let rows = [
        (json!({ "servers": [{ "url": "/v1/" }] }), Some(at), "https://h.example/v1"),
        (json!({ "servers": [{ "url": "v1" }] }), Some(at), "https://h.example/docs/v1"),
        (json!({ "servers": [{ "url": "../../v1" }] }), Some(at), "https://h.example/v1"),
        (
            json!({ "servers": [{ "url": "//other.example/v1" }] }),
            Some(at),
            "https://other.example/v1",
        ),
        (
            json!({ "servers": [{ "url": "http://other.example" }] }),
            Some(at),
            "http://other.example",
        ),
        (json!({}), Some(at), "https://h.example"),
        (json!({}), Some("/tmp/openapi.json"), ""),
        (json!({ "servers": [{ "url": "/v1" }] }), None, "/v1"),
        (
            json!({ "servers": [{ "url": "https://{r}.h/{v}/{x}",
            "variables": { "r": { "default": "{v}" }, "v": { "default": "v2" } } }] }),
            None,
            "https://{v}.h/v2/{x}",
        ),
    ];
    for (mut spec, source, expected) in rows {
        spec["openapi"] = json!("3.0.0");
        let api = discover_from(&spec, "t", None, Mode::Full, source).unwrap();
        assert_eq!(api.base_url, expected, "{spec} {source:?}");
    }
    let two = json!({ "swagger": "2.0", "basePath": "/v2" });
    let api = discover_from(&two, "t", None, Mode::Full, Some(at)).unwrap();
    assert_eq!(api.base_url, "https://h.example/v2");
}

fn height(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(height).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        _ => 0,
    }
}

/// A document whose answer is the schema `S0`.
fn with_schemas(schemas: Map<String, Value>) -> Value {
    let schema = json!({ "schema": { "$ref": "#/components/schemas/S0" } });
    let answer = json!({ "200": { "content": { "application/json": schema } } });
    let mut spec = spec(json!({ "/x": { "get": { "responses": answer } } }));
    spec["components"] = json!({ "schemas": schemas });
    spec
}

fn to(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/S{number}") })
}

#[test]
fn what_leads_far_is_cut() {
    // Each schema holds the next one, a thousand times over.
    let deep = (0..1_000).map(|n| {
        (format!("S{n}"), json!({ "type": "object", "properties": { "next": to(n + 1) } }))
    });
    let deep = with_schemas(deep.collect());
    // Each reference is only the next reference.
    let chain = with_schemas((0..10_000).map(|n| (format!("S{n}"), to(n + 1))).collect());
    // Each schema leads to all the others.
    let all: Map<String, Value> = (0..40).map(|n| (format!("p{n}"), to(n))).collect();
    let all = json!({ "type": "object", "properties": all });
    let tangle = with_schemas((0..40).map(|n| (format!("S{n}"), all.clone())).collect());
    for spec in [deep, chain, tangle] {
        for mode in [Mode::Upstream, Mode::Full] {
            // A document may be refused for its size; then the limit is named.
            match discover(&spec, "t", None, mode) {
                Ok(api) => {
                    let text = serde_json::to_string(&api).unwrap();
                    assert!(height(&serde_json::to_value(&api).unwrap()) <= DEPTH_MAX + 6);
                    assert!(serde_json::from_str::<Api>(&text).is_ok(), "what is written is read");
                }
                Err(error) => assert!(error.to_string().contains("NODES_MAX"), "{error}"),
            }
        }
    }
}

#[test]
fn what_grows_is_refused() {
    // Ten times ten times ten ...
    let grows = |n: usize| {
        let ten: Map<String, Value> = (0..10).map(|p| (format!("p{p}"), to(n + 1))).collect();
        (format!("S{n}"), json!({ "type": "object", "properties": ten }))
    };
    let laughs = with_schemas((0..20).map(grows).collect());
    let error = discover(&laughs, "t", None, Mode::Upstream).unwrap_err().to_string();
    assert!(error.contains("NODES_MAX"), "{error}");
    let answer = only(&laughs).response_schema.unwrap().to_string();
    assert!(answer.len() < 10_000_000 && answer.contains("$ref"), "references stay in time");

    let get = json!({ "get": {} });
    let paths: Map<String, Value> =
        (0..=OPERATIONS_MAX).map(|n| (format!("/p{n}"), get.clone())).collect();
    let error = discover(&spec(Value::Object(paths)), "t", None, Mode::Full).unwrap_err();
    assert!(error.to_string().contains("OPERATIONS_MAX"), "{error}");
    let parameters: Vec<Value> =
        (0..=PARAMETERS_MAX).map(|n| json!({ "name": format!("p{n}"), "in": "query" })).collect();
    let paths = json!({ "/x": { "get": { "parameters": parameters } } });
    let error = discover(&spec(paths), "t", None, Mode::Full).unwrap_err();
    assert!(error.to_string().contains("PARAMETERS_MAX"), "{error}");
}
