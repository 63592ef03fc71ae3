//! What clients are told of the tools.

use std::collections::HashSet;

use purser::api::routes;
use serde_json::Value;

use crate::support::server::Server;
use crate::{Agent, tools};

/// Bytes of all tools together. Whoever adds much should know.
const LIST_BYTES_MAX: usize = 420_000;
/// Bytes of what a model reads: names, descriptions and input schemas.
const READ_BYTES_MAX: usize = 160_000;

#[test]
fn every_operation_is_a_tool_exactly_once() {
    let server = Server::started();
    let tools = tools(&Agent::of(&server));
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let wanted: Vec<String> = routes::all()
        .iter()
        .map(|route| route.operation[..1].to_lowercase() + &route.operation[1..])
        .collect();
    assert_eq!(names, wanted);
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    let valid = |name: &&str| name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    assert!(names.iter().all(valid), "{names:?}");
}

#[test]
fn schemas_are_valid_and_closed() {
    let server = Server::started();
    for tool in tools(&Agent::of(&server)) {
        let name = &tool["name"];
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            assert_eq!(schema["type"], "object", "{name}");
            assert!(!schema.to_string().contains("$ref"), "{name} refers to something");
            assert!(jsonschema::draft202012::meta::validate(schema).is_ok(), "{name}: {schema}");
        }
        let input = &tool["inputSchema"];
        assert_eq!(input["additionalProperties"], false, "{name}");
        let properties = input["properties"].as_object().unwrap();
        for required in input["required"].as_array().into_iter().flatten() {
            assert!(properties.contains_key(required.as_str().unwrap()), "{name}: {required}");
        }
        assert_eq!(tool["description"].as_str().unwrap().chars().last(), Some('.'), "{name}");
    }
}

#[test]
fn arguments_are_those_of_path_and_table() {
    let server = Server::started();
    let tools = tools(&Agent::of(&server));
    for (tool, route) in tools.iter().zip(routes::all()) {
        let (method, path) = (route.method.as_str(), route.path);
        let mut wanted: Vec<String> = path
            .split('/')
            .filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
            .collect();
        let declared = (route.params)().to_json_schema();
        wanted
            .extend(declared["properties"].as_object().into_iter().flatten().map(|f| f.0.clone()));
        let own = !matches!(route.action, routes::Action::Write(_));
        let more: &[&str] = match method {
            "GET" => &["expand"],
            "DELETE" => &["dry_run"],
            _ if own => &["expand"],
            _ => &["expand", "idempotency_key", "dry_run"],
        };
        wanted.extend(more.iter().map(|&name| name.to_owned()));
        let properties = tool["inputSchema"]["properties"].as_object().unwrap();
        let has: Vec<&String> = properties.keys().collect();
        assert_eq!(has, wanted.iter().collect::<Vec<_>>(), "{method} {path}");
    }
}

#[test]
fn hints_follow_one_rule() {
    let server = Server::started();
    let tools = tools(&Agent::of(&server));
    let hints = |name: &str| {
        let tool = tools.iter().find(|tool| tool["name"] == name).expect(name);
        let hint = |hint: &str| tool["annotations"][hint].as_bool().expect(hint);
        assert!(!hint("openWorldHint"));
        (hint("readOnlyHint"), hint("destructiveHint"), hint("idempotentHint"))
    };
    #[rustfmt::skip]
    let cases = [
        ("getBalance", (true, false, true)),
        ("postCustomers", (false, false, false)),
        ("postCustomersCustomer", (false, false, true)),
        ("deleteCustomersCustomer", (false, true, true)),
        ("postPaymentIntentsIntentCancel", (false, true, false)),
        ("postInvoicesInvoiceVoid", (false, true, false)),
        ("postPurserBankTransfersTransactionReverse", (false, true, false)),
        ("postPurserClock", (false, true, false)),
        ("postRefunds", (false, false, false)),
    ];
    for (name, wanted) in cases {
        assert_eq!(hints(name), wanted, "{name}");
    }
    let reads = tools.iter().filter(|tool| tool["annotations"]["readOnlyHint"] == true);
    assert!(reads.clone().all(|tool| tool["name"].as_str().unwrap().starts_with("get")));
    assert_eq!(reads.count(), routes::all().iter().filter(|route| route.method == "GET").count());
}

#[test]
fn the_list_is_small_enough() {
    let server = Server::started();
    let tools = tools(&Agent::of(&server));
    let whole: usize = tools.iter().map(|tool| tool.to_string().len()).sum();
    let read = |tool: &Value| {
        let parts = ["name", "description", "inputSchema"];
        parts.iter().map(|part| tool[part].to_string().len()).sum::<usize>()
    };
    let read: usize = tools.iter().map(read).sum();
    println!("{} tools, {whole} bytes, of which a model reads {read}", tools.len());
    assert!(whole <= LIST_BYTES_MAX, "{whole} bytes");
    assert!(read <= READ_BYTES_MAX, "{read} bytes");
}
