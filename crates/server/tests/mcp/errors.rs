//! Calls that go wrong, and what an agent is told to do about it.

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::{Agent, text, tools};

#[test]
fn errors_say_what_to_do() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let long = "x".repeat(300);
    let bank = json!({ "iban": "DE89370400440532013000" });
    #[rustfmt::skip]
    let cases: &[(&str, Value, &str, &str)] = &[
        ("getCustomersCustomer", json!({ "customer": "cus_nobody" }), "resource_missing",
            "Find the right id with getCustomers."),
        ("postPurserRefundsRefundBankDetails", json!({ "refund": "re_none", "bank_account": bank }),
            "resource_missing", "Find the right id with getRefunds."),
        ("getCustomersCustomer", json!({}), "parameter_missing", "`customer` is required"),
        ("getCustomersCustomer", json!({ "customer": null }), "parameter_missing", "is required"),
        ("getCustomersCustomer", json!({ "customer": 7 }), "", "`customer` must be a text"),
        ("getCustomersCustomer", json!({ "customer": "" }), "", "`customer` is empty"),
        ("getCustomersCustomer", json!({ "customer": long }), "", "has 300 characters"),
        ("getCustomersCustomer", json!({ "customer": "cus_1/cash_balance" }), "", "is no id"),
        ("getCustomersCustomer", json!({ "customer": ".." }), "resource_missing", "getCustomers"),
        ("getCustomersCustomer", json!({ "customer": "a?b#c%2F" }), "resource_missing", "a?b#c%2F"),
        ("postCustomers", json!({ "emial": "a@b.c" }), "parameter_unknown",
            "the names that postCustomers takes: payment_method, address,"),
        ("postCustomers", json!({ "shipping": { "adress": {} } }), "parameter_unknown",
            "the names that `shipping` of postCustomers takes: address, name, phone."),
        ("getCustomers", json!({ "created": { "since": 1 } }), "parameter_unknown",
            "the names that `created` of getCustomers takes: gt, gte, lt, lte."),
        ("getBalance", json!({ "idempotency_key": "k" }), "parameter_unknown", "idempotency_key"),
        ("getBalance", json!({ "dry_run": true }), "parameter_unknown", "dry_run"),
        ("postCustomers", json!({ "idempotency_key": 7 }), "", "must be a text of 1 to 255"),
        ("postCustomers", json!({ "idempotency_key": "" }), "", "must be a text of 1 to 255"),
        ("postCustomers", json!({ "idempotency_key": "a\nb" }), "", "cannot stand in a header"),
        ("postCustomers", json!({ "dry_run": "yes" }), "", "`dry_run` must be true or false"),
        ("postCustomers", json!({ "email": 7 }), "email_invalid", "See `email`"),
        ("postPaymentIntents", json!({ "amount": "ten", "currency": "eur" }),
            "parameter_invalid_integer", "See `amount` in the input schema of postPaymentIntents."),
        ("getCustomers", json!({ "limit": "many" }), "parameter_invalid_integer", "See `limit`"),
        ("getCustomers", json!({ "email": "x".repeat(70_000) }), "", "too long"),
    ];
    for (tool, arguments, code, part) in cases {
        let result = agent.call(tool, arguments.clone());
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        assert!(text(&result).contains(part), "{tool} {arguments}: {}", text(&result));
        let error = &result["structuredContent"]["error"];
        assert_eq!(error["code"].as_str().unwrap_or(""), *code, "{tool} {arguments}: {error}");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(text(&result).starts_with(error["message"].as_str().unwrap()));
    }
    assert_eq!(agent.done("getCustomers", json!({}))["data"], json!([]), "nothing was made");
}

#[test]
fn errors_fit_the_schema_too() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let error = agent.call("getCustomersCustomer", json!({}))["structuredContent"].clone();
    for tool in tools(&agent) {
        let validator = jsonschema::draft202012::new(&tool["outputSchema"]).expect("a schema");
        assert!(validator.is_valid(&error), "{}", tool["name"]);
    }
}

#[test]
fn without_a_key_the_agent_learns_how_to_give_one() {
    let server = Server::started();
    let agent = Agent::of(&server);
    for key in ["", "Bearer", "Bearer nonsense"] {
        let result = agent.with("Authorization", key).call("getBalance", json!({}));
        assert_eq!(result["isError"], true);
        assert!(text(&result).contains("Authorization: Bearer YOUR_SECRET_KEY"), "{result}");
        assert_eq!(result["structuredContent"]["error"]["type"], "invalid_request_error");
    }
    // What the tools are is no secret.
    assert!(tools(&agent.with("Authorization", "")).len() > 50);
}

#[test]
fn a_key_without_the_right_is_refused() {
    let mut server = Server::started();
    let made = server.purser(&[
        "keys",
        "create",
        "--name",
        "agent",
        "--restricted",
        "--scope",
        "customers:read",
    ]);
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let key = said.split_whitespace().find(|word| word.starts_with("rk_"));
    let key = key.unwrap_or_else(|| panic!("no key: {said}{:?}", made.stderr)).to_owned();
    server.restart();
    let agent = Agent::of(&server).with("Authorization", &format!("Bearer {key}"));
    agent.done("getCustomers", json!({}));
    let result = agent.call("postCustomers", json!({}));
    assert!(text(&result).contains("'customers:write'"), "{result}");
    assert!(text(&result).ends_with("ask a person for what is missing."), "{result}");
}

#[test]
fn unknown_tools_are_errors_of_the_protocol() {
    let server = Server::started();
    let agent = Agent::of(&server);
    for (name, part) in [
        ("GetBalance", "Did you mean getBalance?"),
        ("stealMoney", "tools/list has the names of all tools."),
        ("", "Unknown tool: ."),
    ] {
        let message = agent.ask("tools/call", json!({ "name": name, "arguments": {} }));
        assert_eq!(message["error"]["code"], -32602, "{message}");
        assert!(message["error"]["message"].as_str().unwrap().contains(part), "{message}");
    }
    let message = agent.ask("tools/list", json!({ "cursor": "1" }));
    assert_eq!(message["error"]["code"], -32602, "{message}");
    for cursor in ["-1", "40000", "x", "99999999999999999999999"] {
        let message = agent.ask("tools/list", json!({ "cursor": cursor }));
        assert_eq!(message["error"]["code"], -32602, "{message}");
    }
}
