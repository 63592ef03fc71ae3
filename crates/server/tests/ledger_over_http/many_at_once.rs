//! S34 whole: transfers come in, are applied, and are taken away again, all for one customer and
//! all at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::server::{Kind, Server};
use crate::{Api, PARALLEL, text};

const PART: i64 = 100;
/// How long somebody tries to get what is sure to become possible.
const PATIENCE: Duration = Duration::from_secs(60);
/// Others that pay and cancel meanwhile, each with money of its own.
const OTHERS: usize = PARALLEL / 5;
/// Intents that wait for transfers in the automatic mode.
const WAITING: usize = 20;

/// The parameters of a payment from the cash balance.
pub const METHOD: [(&str, &str); 2] =
    [("payment_method_types[]", "customer_balance"), ("payment_method_data[type]", TYPE)];
/// What makes it wait for a transfer in dollars.
pub const WAITS: [(&str, &str); 2] = [
    ("payment_method_options[customer_balance][funding_type]", "bank_transfer"),
    ("payment_method_options[customer_balance][bank_transfer][type]", "us_bank_transfer"),
];
const TYPE: &str = "customer_balance";

crate::support::on_both! {
    money_comes_and_is_applied_at_once
    transfers_find_their_intents_while_these_are_changed
}

/// Fifty transfers of 100 and fifty times `apply_customer_balance amount=100` on one intent of
/// 5000, while others confirm and cancel intents of the same customer.
fn money_comes_and_is_applied_at_once(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.new_customer();
    let path = format!("/v1/customers/{customer}/cash_balance");
    api.made(&path, &[("settings[reconciliation_mode]", "manual")]);
    let whole = PARALLEL as i64 * PART;
    let intent = new_intent(&api, &customer, whole, &WAITS);
    let applied = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (api, customer, intent, applied) = (&api, &customer, &intent, &applied);
        for turn in 0..PARALLEL {
            scope.spawn(move || api.fund_until_taken(customer, PART as usize, "usd"));
            scope.spawn(move || apply_until_taken(api, intent, applied));
            if turn < OTHERS {
                scope.spawn(move || api.fund_until_taken(customer, PART as usize, "usd"));
                scope.spawn(move || pay_at_once(api, customer));
                scope.spawn(move || take_and_give_back(api, customer));
            }
        }
    });
    assert_eq!(applied.into_inner(), PARALLEL);
    let paid = api.get(&format!("/v1/payment_intents/{intent}"));
    assert_eq!((&paid["status"], &paid["amount_received"]), (&"succeeded".into(), &whole.into()));

    let world = api.assert_conserved(std::slice::from_ref(&customer));
    let types = world.types();
    let came = PARALLEL + OTHERS;
    assert_eq!(types["funded"], came);
    let spent: i64 = world.charges.iter().map(|charge| charge["amount"].as_i64().unwrap()).sum();
    let left = came as i64 * PART - spent;
    assert_eq!(world.purses[0].available.get("usd"), Some(&left), "of {types:?}");
    assert!((whole..=whole + OTHERS as i64 * PART).contains(&spent), "{spent}");
    api.assert_one_event_for_each_row(&[&customer]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// The same in the automatic mode: each transfer pays the oldest intents, and people interfere.
fn transfers_find_their_intents_while_these_are_changed(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.new_customer();
    let intents: Vec<String> =
        (0..WAITING).map(|turn| new_intent(&api, &customer, 150 + turn as i64, &WAITS)).collect();
    thread::scope(|scope| {
        let (api, customer) = (&api, &customer);
        for turn in 0..PARALLEL {
            scope.spawn(move || api.fund_until_taken(customer, PART as usize, "usd"));
            let Some(intent) = intents.get(turn) else { continue };
            let path = format!("/v1/payment_intents/{intent}");
            scope.spawn(move || match turn % 4 {
                0 => drop(tried(api, &format!("{path}/cancel"), &[])),
                1 => drop(tried(api, &format!("{path}/apply_customer_balance"), &[])),
                2 => {
                    tried(api, &path, &[("amount", "120")]);
                    tried(api, &format!("{path}/confirm"), &[]);
                }
                _ => drop(tried(api, &format!("{path}/confirm"), &[])),
            });
        }
    });
    let world = api.assert_conserved(std::slice::from_ref(&customer));
    // More came in than all of them take: whoever still waits has nothing to wait for.
    for intent in &world.intents {
        let ended = intent["status"] == "succeeded" || intent["status"] == "canceled";
        assert!(ended, "there was money for {intent}");
    }
    api.assert_one_event_for_each_row(&[&customer]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// An intent that is confirmed; gives its id.
fn new_intent(api: &Api, customer: &str, amount: i64, options: &[(&str, &str)]) -> String {
    let (status, intent) = create(api, customer, amount, options);
    assert_eq!(status, 200, "{intent}");
    text(&intent["id"])
}

fn create(api: &Api, customer: &str, amount: i64, options: &[(&str, &str)]) -> (u16, Value) {
    let amount = amount.to_string();
    let mut params = vec![("amount", amount.as_str()), ("currency", "usd")];
    params.extend([("customer", customer), ("confirm", "true")]);
    params.extend(METHOD.iter().chain(options));
    tried(api, "/v1/payment_intents", &params)
}

/// Applies a part as soon as there is money for it.
fn apply_until_taken(api: &Api, intent: &str, applied: &AtomicUsize) {
    let path = format!("/v1/payment_intents/{intent}/apply_customer_balance");
    let (amount, began) = (PART.to_string(), Instant::now());
    loop {
        let (status, answer) = tried(api, &path, &[("amount", &amount), ("currency", "usd")]);
        if status == 200 {
            applied.fetch_add(1, Ordering::SeqCst);
            return;
        }
        // The only reason not to apply it is that there is too little at this moment.
        assert_eq!(answer["error"]["param"], "amount", "{answer}");
        assert_eq!(answer["error"]["code"], Value::Null, "{answer}");
        assert!(began.elapsed() < PATIENCE, "not applied, although the money came: {answer}");
    }
}

/// A payment without a transfer to wait for: it takes the money there is, or fails.
fn pay_at_once(api: &Api, customer: &str) {
    let (status, answer) = create(api, customer, PART, &[]);
    if status == 200 {
        assert_eq!(answer["status"], "succeeded");
        return;
    }
    let error = &answer["error"];
    assert_eq!(error["code"], "payment_intent_payment_attempt_failed", "{answer}");
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method", "{answer}");
}

/// Takes a part, and gives it back by canceling.
fn take_and_give_back(api: &Api, customer: &str) {
    let path = format!("/v1/payment_intents/{}", new_intent(api, customer, 3 * PART, &WAITS));
    tried(api, &format!("{path}/apply_customer_balance"), &[("amount", "70")]);
    tried(api, &format!("{path}/apply_customer_balance"), &[("amount", "30")]);
    let (status, canceled) = tried(api, &format!("{path}/cancel"), &[]);
    assert_eq!((status, &canceled["status"]), (200, &"canceled".into()), "{canceled}");
}

/// Posts, again while the customer is busy. Gives 200 or 400; anything else is a fault.
pub fn tried(api: &Api, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
    let began = Instant::now();
    loop {
        let (status, answer) = api.call("POST", path, params);
        let busy = status == 429 && answer["error"]["code"] == "lock_timeout";
        if !busy {
            assert!(matches!(status, 200 | 400), "{path} {params:?}: {status} {answer}");
            return (status, answer);
        }
        assert!(began.elapsed() < PATIENCE, "{path}: busy for ever");
    }
}
