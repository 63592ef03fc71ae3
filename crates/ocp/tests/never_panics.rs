//! Whatever a document says, discovery answers; whatever the arguments are, a request is made or
//! refused.

use std::panic::catch_unwind;

use ocp_agent::discovery::{Mode, discover_from, documentation};
use ocp_agent::request::build;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Words that mean something where they stand, so that the walk gets somewhere.
const WORDS: [&str; 60] = [
    "openapi",
    "swagger",
    "3.0.0",
    "3.1.0",
    "2.0",
    "paths",
    "/x/{a}",
    "/",
    "get",
    "post",
    "put",
    "parameters",
    "requestBody",
    "content",
    "application/json",
    "schema",
    "type",
    "object",
    "array",
    "string",
    "integer",
    "properties",
    "required",
    "items",
    "$ref",
    "#/components/a",
    "#/paths/~1",
    "#/",
    "components",
    "a",
    "b",
    "allOf",
    "anyOf",
    "oneOf",
    "enum",
    "const",
    "responses",
    "200",
    "name",
    "in",
    "path",
    "query",
    "header",
    "body",
    "formData",
    "cookie",
    "style",
    "deepObject",
    "explode",
    "servers",
    "url",
    "variables",
    "default",
    "/v1",
    "tags",
    "operationId",
    "pattern",
    "additionalProperties",
    "collectionFormat",
    "application/x-www-form-urlencoded",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => prop::collection::vec((word(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// A document that is right as far as the operations, and then anything.
fn document() -> impl Strategy<Value = Value> {
    (json_value(), json_value(), json_value(), json_value(), 0..3_usize).prop_map(
        |(parameter, schema, body, part, version)| {
            let key = ["swagger", "openapi", "openapi"][version];
            let number = ["2.0", "3.0.3", "3.1.0"][version];
            let content = json!({ "schema": schema });
            let operation = json!({
                "parameters": [parameter, { "name": "a", "in": "path", "schema": schema },
                    { "name": "b", "in": "query", "schema": part }, { "$ref": "#/components/a" }],
                "requestBody": { "content": { "application/json": content } },
                "responses": { "200": { "content": { "application/json": content } } } });
            json!({ key: number, "servers": [{ "url": "http://h" }], "components": { "a": part },
                "paths": { "/x/{a}": { "post": operation, "put": body, "parameters": [parameter] },
                    "/y": body } })
        },
    )
}

fn exercise(spec: &Value, arguments: &Map<String, Value>) {
    for mode in [Mode::Upstream, Mode::Full] {
        let Ok(api) = discover_from(spec, "t", None, mode, Some("http://h/a/b.json")) else {
            continue;
        };
        let text = serde_json::to_string(&api).unwrap();
        assert!(serde_json::from_str::<ocp_agent::Api>(&text).is_ok(), "{text}");
        for tool in &api.tools {
            assert!(documentation(tool).contains(&tool.name));
            assert!(tool.input_schema().is_object());
            // Also with every name that the tool knows.
            let mut known = arguments.clone();
            let values: Vec<Value> = arguments.values().cloned().collect();
            for (at, name) in tool.all_parameters().keys().enumerate() {
                let value = values.get(at % values.len().max(1)).cloned();
                known.insert(name.clone(), value.unwrap_or_default());
            }
            known.retain(|name, _| tool.all_parameters().contains_key(name));
            for arguments in [arguments, &known] {
                if let Ok(request) = build(tool, "http://h", arguments) {
                    let clean = |text: &str| !text.contains(['\r', '\n']);
                    assert!(clean(&request.url) && request.url.is_ascii(), "{}", request.url);
                    assert!(
                        request.headers.iter().all(|(name, value)| clean(name) && clean(value))
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn on_any_json(spec in json_value(), arguments in json_value()) {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        prop_assert!(catch_unwind(|| exercise(&spec, &arguments)).is_ok());
    }

    #[test]
    fn on_documents(spec in document(), arguments in json_value()) {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        prop_assert!(catch_unwind(|| exercise(&spec, &arguments)).is_ok());
    }
}
