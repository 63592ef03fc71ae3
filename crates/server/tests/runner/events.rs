//! An event on one line: its type, what it is about, the fields that tell most, and what changed.

use serde_json::Value;

use super::layout::flat;

/// `object` is what the event is about, with names for ids; `before` are its former values.
pub fn line(kind: &str, object: &Value, before: Option<&Value>) -> String {
    let mut line = format!("event: {kind}{}", about(kind, object));
    if let Some(before) = before {
        line.push_str(&format!(" before: {}", flat(before)));
    }
    line
}

fn about(kind: &str, object: &Value) -> String {
    let of = |member: &str| match &object[member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let all = |members: &[&str]| members.iter().map(|m| format!(" {}", of(m))).collect::<String>();
    let made = kind.ends_with(".created");
    match of("object").as_str() {
        "customer_cash_balance_transaction" => {
            all(&["id", "type", "currency", "net_amount"]) + " -> " + &of("ending_balance")
        }
        "cash_balance" => all(&["customer"]) + " " + &flat(&object["available"]),
        "payment_intent" => all(&["id", "status", "amount", "currency"]) + &remaining(object),
        "charge" if object["amount_refunded"] == 0 => all(&["id", "status", "amount", "currency"]),
        "charge" => all(&["id", "amount_refunded"]) + " of " + &of("amount"),
        "refund" | "payout" | "topup" if made => all(&["id", "status", "amount", "currency"]),
        "refund" | "payout" | "topup" => all(&["id", "status"]),
        "invoice" => all(&["id", "status", "amount_paid"]) + " of " + &of("amount_due"),
        "source" => all(&["id", "status"]),
        "source_transaction" => all(&["id", "status", "amount", "currency"]),
        "balance" => sums(object, "available") + &sums(object, "pending"),
        _ => all(&["id"]),
    }
}

/// What an intent still waits for, where that is not its whole amount.
fn remaining(intent: &Value) -> String {
    let left = &intent["next_action"]["display_bank_transfer_instructions"]["amount_remaining"];
    let told = left.is_number() && *left != intent["amount"];
    if told { format!(", {left} remaining") } else { String::new() }
}

/// A part of the balance, by currency.
fn sums(balance: &Value, part: &str) -> String {
    let entries = balance[part].as_array().map(Vec::as_slice).unwrap_or_default();
    let sums = entries.iter().filter_map(|entry| {
        Some((entry["currency"].as_str()?.to_owned(), entry["amount"].clone()))
    });
    format!(" {part} {}", flat(&sums.collect()))
}

#[test]
fn events_tell_what_matters() {
    let check = |kind: &str, object: &str, wanted: &str| {
        let object = serde_json::from_str(object).expect("JSON");
        assert_eq!(line(kind, &object, None), format!("event: {kind} {wanted}"));
    };
    check("customer.created", r#"{"id": "cus_1", "object": "customer"}"#, "cus_1");
    let row = r#"{"id": "ccsbtxn_1", "object": "customer_cash_balance_transaction",
        "type": "funded", "currency": "usd", "net_amount": 5, "ending_balance": 7}"#;
    check("a.b", row, "ccsbtxn_1 funded usd 5 -> 7");
    let cash = r#"{"object": "cash_balance", "customer": "cus_1",
        "available": {"eur": 1, "usd": 2}}"#;
    check("a.b", cash, r#"cus_1 {"eur": 1, "usd": 2}"#);
    let intent = r#"{"id": "pi_1", "object": "payment_intent", "status": "requires_action",
        "amount": 9, "currency": "usd",
        "next_action": {"display_bank_transfer_instructions": {"amount_remaining": 4}}}"#;
    check("a.b", intent, "pi_1 requires_action 9 usd, 4 remaining");
    check("a.b", &intent.replace("4}", "9}"), "pi_1 requires_action 9 usd");
    let charge = r#"{"id": "py_1", "object": "charge", "status": "succeeded", "amount": 9,
        "amount_refunded": 4, "currency": "usd"}"#;
    check("charge.refunded", charge, "py_1 4 of 9");
    check("charge.succeeded", &charge.replace(": 4", ": 0"), "py_1 succeeded 9 usd");
    let refund = r#"{"id": "pyr_1", "object": "refund", "status": "canceled", "amount": 9,
        "currency": "usd"}"#;
    check("refund.created", refund, "pyr_1 canceled 9 usd");
    check("refund.updated", refund, "pyr_1 canceled");
    let balance = r#"{"object": "balance", "available": [{"amount": 9, "currency": "usd"}],
        "pending": []}"#;
    check("balance.available", balance, r#"available {"usd": 9} pending {}"#);
}
