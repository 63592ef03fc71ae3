//! Calls that go well.

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::{Agent, text, tools};

#[test]
fn a_read_answers_what_http_answers() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let result = agent.call("getBalance", json!({}));
    assert_eq!(result["structuredContent"], agent.plain("GET", "/v1/balance"));
    assert_eq!(text(&result), result["structuredContent"].to_string());
    let request = result["_meta"]["purser/request_id"].as_str().unwrap();
    assert!(request.starts_with("req_"), "{request}");
    assert!(result["_meta"].get("purser/idempotency_key").is_none(), "a read has no key");
}

#[test]
fn arguments_of_every_shape_arrive() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let metadata = json!({ "name": "Ada & Söhne", "a b": "[x]=1&y" });
    let made = agent.done(
        "postCustomers",
        json!({ "email": "ada+1@example.com", "metadata": metadata, "preferred_locales": ["de"] }),
    );
    assert_eq!(made["metadata"], metadata);
    assert_eq!(made["preferred_locales"], json!(["de"]));
    let id = made["id"].as_str().unwrap();
    // A list goes by the query: texts with signs, numbers, hashes, and lists.
    let found = agent.done(
        "getCustomers",
        json!({ "email": "ada+1@example.com", "limit": 1, "created": { "gt": 1 },
                "expand": ["data.cash_balance"] }),
    );
    assert_eq!(found["data"][0]["id"], id);
    assert_eq!(found["data"][0]["cash_balance"]["object"], "cash_balance");
    let none = agent.done("getCustomers", json!({ "created": { "lt": 1 } }));
    assert_eq!(none["data"], json!([]));
    let expanded =
        agent.done("getCustomersCustomer", json!({ "customer": id, "expand": ["cash_balance"] }));
    assert_eq!(expanded["cash_balance"]["customer"], id);
}

#[test]
fn money_moves_and_every_answer_fits_its_schema() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let tools = tools(&agent);
    let done = |tool: &str, arguments: Value| {
        let described = tools.iter().find(|known| known["name"] == tool).expect(tool);
        let fits = |part: &str, value: &Value| {
            let validator = jsonschema::draft202012::new(&described[part]).expect("a schema");
            let wrong: Vec<String> = validator.iter_errors(value).map(|e| e.to_string()).collect();
            assert!(wrong.is_empty(), "{tool} {part}: {wrong:?}");
        };
        fits("inputSchema", &arguments);
        let answer = agent.done(tool, arguments);
        fits("outputSchema", &answer);
        answer
    };
    let customer = done("postCustomers", json!({ "name": "Ada", "email": "ada@example.com" }));
    let customer = customer["id"].clone();
    done(
        "postTestHelpersCustomersCustomerFundCashBalance",
        json!({ "customer": customer, "amount": 5000, "currency": "eur" }),
    );
    let intent = done(
        "postPaymentIntents",
        json!({
            "amount": 3000, "currency": "eur", "customer": customer, "confirm": true,
            "payment_method_types": ["customer_balance"],
            "payment_method_data": { "type": "customer_balance" },
            "payment_method_options": { "customer_balance": {
                "funding_type": "bank_transfer",
                "bank_transfer": {
                    "type": "eu_bank_transfer", "eu_bank_transfer": { "country": "DE" },
                },
            } },
        }),
    );
    assert_eq!(intent["status"], "succeeded", "{intent}");
    let refund = done("postRefunds", json!({ "payment_intent": intent["id"], "amount": 100 }));
    let balance = done("getCustomersCustomerCashBalance", json!({ "customer": customer }));
    assert_eq!(balance["available"]["eur"], 2000);
    for (tool, arguments) in [
        ("getBalance", json!({})),
        ("getCustomers", json!({})),
        ("getCustomersCustomerCashBalanceTransactions", json!({ "customer": customer })),
        ("getPaymentIntents", json!({ "expand": ["data.customer"] })),
        ("getPaymentIntentsIntent", json!({ "intent": intent["id"] })),
        ("getRefundsRefund", json!({ "refund": refund["id"], "expand": ["payment_intent"] })),
        ("getCharges", json!({ "expand": ["data.balance_transaction"] })),
        ("getEvents", json!({ "limit": 100 })),
        ("getPurserJournal", json!({})),
        ("getPurserLedgerAccounts", json!({})),
        ("getPurserClock", json!({})),
        ("postPurserClock", json!({ "advance_s": 86_400 * 3 })),
        ("getBalanceTransactions", json!({})),
        ("getAccount", json!({})),
    ] {
        done(tool, arguments);
    }
}

#[test]
fn the_same_key_gives_the_same_answer() {
    let server = Server::started();
    let agent = Agent::of(&server);
    let first = agent.call("postCustomers", json!({ "name": "Ada" }));
    let key = first["_meta"]["purser/idempotency_key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("mcp-") && key.len() == 28, "{key}");
    assert_eq!(first["_meta"]["purser/replayed"], false);
    let again = agent.call("postCustomers", json!({ "name": "Ada", "idempotency_key": key }));
    assert_eq!(again["_meta"]["purser/replayed"], true);
    assert_eq!(again["structuredContent"], first["structuredContent"]);
    let other = agent.call("postCustomers", json!({ "name": "Bob", "idempotency_key": key }));
    assert_eq!(other["isError"], true);
    assert!(text(&other).ends_with("A new call needs no idempotency_key: leave it out."));
    let fresh = agent.call("postCustomers", json!({ "name": "Ada" }));
    assert_ne!(fresh["_meta"]["purser/idempotency_key"], key);
    assert_ne!(fresh["structuredContent"]["id"], first["structuredContent"]["id"]);
    assert_eq!(agent.done("getCustomers", json!({}))["data"].as_array().unwrap().len(), 2);
}

#[test]
fn whoever_asks_is_passed_on() {
    let server = Server::started();
    let agent = Agent::of(&server);
    agent.done("postCustomers", json!({}));
    let elsewhere = agent.with("Stripe-Account", "acct_elsewhere");
    assert_eq!(elsewhere.done("getCustomers", json!({}))["data"], json!([]));
    // Headers of the Open Context Protocol are tolerated in any state.
    let long = "x".repeat(20_000);
    for (name, value) in [
        ("OCP-Context-ID", "ocp-0123abcd"),
        ("OCP-Session", "!!!"),
        ("OCP-Session", long.as_str()),
        ("OCP-Current-Goal", "Refund André"),
        ("OCP-Version", "99"),
    ] {
        let made = agent.with(name, value).call("postCustomers", json!({}));
        assert_eq!(made["isError"], false, "{name}: {made}");
    }
    let wrong = agent.with("Stripe-Version", "yesterday").call("getBalance", json!({}));
    assert!(text(&wrong).starts_with("Invalid Stripe API version: yesterday"), "{wrong}");
}
