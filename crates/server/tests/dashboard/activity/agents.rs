//! What agents ask for: the log of it, and the approvals that wait for a person.

use super::browser::{Browser, eventually, text};
use super::{HARMLESS, HOSTILE};
use crate::support::http::Answer;

const AGENT: [(&str, &str); 5] = [
    ("OCP-Agent-Type", "billing-agent"),
    ("OCP-Agent-Goal", HOSTILE),
    ("OCP-User", "ada"),
    ("OCP-Context-ID", "ctx-1"),
    ("OCP-Workspace", "acme"),
];

/// Asks for a payment from a cash balance, as an agent does.
fn pay(browser: &Browser, key: &str, customer: &str, amount: &str, named: &str) -> Answer {
    let params = [
        ("amount", amount),
        ("currency", "eur"),
        ("customer", customer),
        ("confirm", "true"),
        ("payment_method_types[]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
        ("description", HOSTILE),
    ];
    let headers = [&AGENT[..], &[("Idempotency-Key", named)]].concat();
    browser.send(key, ("POST", "/v1/payment_intents"), &params, &headers)
}

/// Asks for more than the key may move by itself; gives the approval's id.
#[track_caller]
fn held(browser: &Browser, key: &str, customer: &str, named: &str) -> String {
    let answer = pay(browser, key, customer, "1500", named);
    assert_eq!(answer.status, 403, "{}", answer.body);
    text(&answer.json().expect("JSON")["error"], "approval")
}

fn cash(browser: &Browser, customer: &str) -> i64 {
    let balance = browser.get(&format!("/v1/customers/{customer}/cash_balance"));
    balance["available"]["eur"].as_i64().unwrap_or_default()
}

#[test]
fn requests_say_who_asked_for_what_and_why() {
    let browser = Browser::new();
    let customer = browser.customer(5000);
    let ask = |context, params: &[(&str, &str)]| {
        let mut headers = AGENT;
        headers[3].1 = context;
        let path = format!("/v1/customers/{customer}");
        browser.send("sk_test_person", ("POST", &path), params, &headers)
    };
    assert_eq!(ask("ctx-1", &[("name", "Ada")]).status, 200);
    assert_eq!(ask("ctx-2", &[("email", "nonsense")]).status, 400);
    // Nobody waits for the note of a request that had no effects.
    eventually("both are noted", || browser.rows("/requests") == 2);
    let shown = ["billing-agent", "for ada", HARMLESS, "Update a customer", "email_invalid"];
    browser.sees("/requests", &shown, &[]);
    browser.sees("/requests?context=ctx-1", &["succeeded"], &["email_invalid"]);
    browser.sees("/requests?context=ctx-2", &["email_invalid"], &["succeeded"]);
    browser.sees("/requests?context=%22%3E", &["value=\"&quot;&gt;\""], &["billing-agent"]);
    let of_customer = format!("/requests?customer={customer}");
    browser.sees(&of_customer, &["billing-agent"], &["asked for.</p>"]);
    assert_eq!(browser.look("/requests?customer=cus_nobody").status, 404);

    let newest = browser.get("/purser/v1/requests")["data"][0].clone();
    let path = format!("/requests/{}", text(&newest, "id"));
    let by_context = "href=\"/dashboard/requests?context=ctx-2\"";
    let shown = ["email_invalid", "400", HARMLESS, "acme", by_context];
    browser.sees(&path, &shown, &[]);
}

#[test]
fn what_people_do_here_is_in_the_log_and_pages_of_it_can_be_turned() {
    let browser = Browser::new();
    let wants = [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "*")];
    let made = text(&browser.api("POST", "/v1/webhook_endpoints", &wants), "id");
    let path = format!("/webhooks/{made}");
    for _ in 0..13 {
        browser.press(&path, "Disable", &[], "told nothing");
        browser.press(&path, "Enable", &[], "is enabled");
    }
    browser.sees("/requests", &["dashboard", "Update a webhook endpoint"], &[]);
    assert_eq!(browser.rows("/requests"), 25);
    let second = browser.target("/requests", "Older").expect("a second page");
    assert_eq!(browser.rows(&second), 1);
    let first = browser.target(&second, "Newer").expect("the way back");
    assert_eq!(browser.rows(&first), 25);
}

#[test]
fn an_approval_says_what_would_be_done_and_is_approved_once() {
    let browser = Browser::new();
    let key = browser.agent_key(&["--approve-above", "eur=1000"]);
    let customer = browser.customer(5000);
    let approval = held(&browser, &key, &customer, "first");
    let path = format!("/approvals/{approval}");
    browser.sees("/approvals", &[&path, "15.00 EUR", HARMLESS, "Nothing was decided"], &[]);
    let about = format!("href=\"/dashboard/customers/{customer}\"");
    let shown = [
        "Create a payment intent",
        "15.00 EUR",
        "payment_method_data[type]",
        "/v1/payment_intents",
        HARMLESS,
        "billing-agent",
        "ctx-1",
        "first",
        &about,
        "rk_test_",
        "pending",
    ];
    browser.sees(&path, &shown, &[&key]);
    let request = text(&browser.get(&format!("/purser/v1{path}"))["request"], "id");
    browser.sees(&format!("/requests/{request}"), &[&path, "asked a person"], &[]);

    let form = browser.form(&path, "Approve");
    browser.led(&browser.submit(&form, &[]), "approved and carried out");
    assert_eq!(cash(&browser, &customer), 3500);
    let paid = pay(&browser, &key, &customer, "1500", "first");
    let intent = text(&paid.json().expect("JSON"), "id");
    let made = format!("href=\"/dashboard/payments/{intent}\"");
    browser.sees(&path, &["approved", &made, "the dashboard"], &[">Approve</button>"]);
    browser.sees("/approvals", &["Nothing waits", &path], &[]);
    // Who presses the button again moves nothing.
    let again = browser.submit(&form, &[("key", "another")]);
    assert_eq!(again.status, 303, "{}", again.body);
    assert_eq!(cash(&browser, &customer), 3500);
}

#[test]
fn an_approval_that_cannot_be_carried_out_says_so() {
    let browser = Browser::new();
    let key = browser.agent_key(&["--approve-above", "eur=1000"]);
    let customer = browser.customer(5000);
    let path = format!("/approvals/{}", held(&browser, &key, &customer, "first"));
    // Meanwhile the money is spent otherwise, and the customer leaves.
    let spent = pay(&browser, "sk_test_person", &customer, "5000", "second");
    assert_eq!(spent.status, 200, "{}", spent.body);
    browser.api("DELETE", &format!("/v1/customers/{customer}"), &[]);
    browser.press(&path, "Approve", &[], "could not be carried out");
    browser.sees(&path, &[">failed</span>", "What came of it"], &[">Approve</button>"]);
}

#[test]
fn a_rejection_tells_the_agent_why() {
    let browser = Browser::new();
    let key = browser.agent_key(&["--approve-above", "eur=1000"]);
    let customer = browser.customer(5000);
    let path = format!("/approvals/{}", held(&browser, &key, &customer, "first"));
    browser.press(&path, "Reject", &[("reason", HOSTILE)], "was rejected");
    assert_eq!(cash(&browser, &customer), 5000);
    let told = pay(&browser, &key, &customer, "1500", "first");
    assert!(told.body.contains("approval_rejected"), "{}", told.body);
    assert!(told.body.contains("alert('x')"), "{}", told.body);
    browser.sees(&path, &["rejected", HARMLESS], &[">Reject</button>"]);
    let (waiting, decided) = ("Nothing waits", format!("href=\"/dashboard{path}\""));
    browser.sees("/approvals", &[waiting, &decided], &[]);
}
