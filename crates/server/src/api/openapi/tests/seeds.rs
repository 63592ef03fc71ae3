//! The tools that the first agents of the Open Context Protocol make of our description are those
//! that they made of Stripe's, for the three operations that users know them by.
//!
//! `tests/data/ocp/seed_tools.json` has these without their sentences: ours are our own.

use ocp_agent::discovery::{Mode, discover};
use serde_json::Value;

use crate::api::openapi::describe_30;

/// All that differs, and why.
const EXPLAINED: &[(&str, &str)] = &[
    (
        "postCustomersCustomerCashBalance/parameters/Idempotency-Key: new",
        "an agent that tries again must be able to say that it does",
    ),
    (
        "postCustomersCustomerCashBalance/parameters/settings: new",
        "the first agents see no bodies that are forms; ours are JSON, too",
    ),
    ("postCustomersCustomerCashBalance/parameters/expand: new", "as with settings"),
    (
        "postCustomersCustomerCashBalance/tags: [] is [\"cash_balance\"]",
        "our operations are in groups",
    ),
    (
        "getCustomersCustomerCashBalanceTransactionsTransaction/response_schema/properties/funded/\
         properties/bank_transfer/properties/us_bank_transfer/properties/network/enum: \
         [\"ach\",\"domestic_wire_us\",\"swift\"] is \
         [\"ach\",\"domestic_wire_us\",\"fednow\",\"rtp\",\"swift\"]",
        "these two networks are newer than the seeds",
    ),
    (
        "getCustomersCustomerCashBalanceTransactionsTransaction/tags: [] is [\"cash_balance\"]",
        "our operations are in groups",
    ),
    ("getBalance/tags: [] is [\"balance\"]", "our operations are in groups"),
];

#[test]
fn tools_are_those_of_the_seeds() {
    let seeds = include_str!("../../../../tests/data/ocp/seed_tools.json");
    let seeds: Vec<Value> = serde_json::from_str(seeds).unwrap();
    let api = discover(&describe_30(), "stripe", None, Mode::Upstream).unwrap();
    let mut found = Vec::new();
    for seed in &seeds {
        let tool = api.tools.iter().find(|tool| tool.name == seed["name"]).expect("a tool");
        let tool = serde_json::to_value(tool).unwrap();
        compare(seed, &tool, seed["name"].as_str().unwrap(), false, &mut found);
    }
    let explained: Vec<&str> = EXPLAINED.iter().map(|(difference, _)| *difference).collect();
    assert_eq!(found, explained, "differences must be those that are explained");
}

/// Notes where `ours` is not `seed`. Keys that are `names` are those of fields and parameters;
/// others are keywords, of which descriptions do not count.
fn compare(seed: &Value, ours: &Value, path: &str, names: bool, found: &mut Vec<String>) {
    let (Value::Object(seed_map), Value::Object(our_map)) = (seed, ours) else {
        if seed != ours {
            found.push(format!("{path}: {seed} is {ours}"));
        }
        return;
    };
    let counts = |key: &str| names || key != "description";
    for (key, seed) in seed_map.iter().filter(|(key, _)| counts(key)) {
        let path = format!("{path}/{key}");
        match our_map.get(key) {
            Some(ours) => {
                let names = !names && (key == "properties" || key == "parameters");
                compare(seed, ours, &path, names, found);
            }
            None => found.push(format!("{path}: gone")),
        }
    }
    for key in our_map.keys().filter(|key| counts(key) && !seed_map.contains_key(*key)) {
        found.push(format!("{path}/{key}: new"));
    }
}
