//! What agents ask for: the log of it, and the approvals that wait for a person.

use super::{HARMLESS, HOSTILE};
use crate::desk::{Desk, PERSON, eventually, text};
use crate::support::http::Answer;

const AGENT: [(&str, &str); 5] = [
    ("OCP-Agent-Type", "billing-agent"),
    ("OCP-Agent-Goal", HOSTILE),
    ("OCP-User", "ada"),
    ("OCP-Context-ID", "ctx-1"),
    ("OCP-Workspace", "acme"),
];

/// Asks for a payment from a cash balance, as an agent does.
fn pay(desk: &Desk, key: &str, customer: &str, amount: &str, named: &str) -> Answer {
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
    desk.ask(key, ("POST", "/v1/payment_intents"), &params, &headers)
}

/// Asks for more than the key may move by itself; gives the approval's id.
#[track_caller]
fn held(desk: &Desk, key: &str, customer: &str, named: &str) -> String {
    let answer = pay(desk, key, customer, "1500", named);
    assert_eq!(answer.status, 403, "{}", answer.body);
    text(&answer.json().expect("JSON")["error"], "approval")
}

#[test]
fn requests_say_who_asked_for_what_and_why() {
    let desk = Desk::new();
    let customer = desk.customer_with(5000);
    let ask = |context, params: &[(&str, &str)]| {
        let mut headers = AGENT;
        headers[3].1 = context;
        let path = format!("/v1/customers/{customer}");
        desk.ask(PERSON, ("POST", &path), params, &headers)
    };
    assert_eq!(ask("ctx-1", &[("name", "Ada")]).status, 200);
    assert_eq!(ask("ctx-2", &[("email", "nonsense")]).status, 400);
    // Nobody waits for the note of a request that had no effects.
    eventually("both are noted", || desk.rows("/requests") == 2);
    let shown = ["billing-agent", "for ada", HARMLESS, "Update a customer", "email_invalid"];
    desk.sees("/requests", &shown, &[]);
    desk.sees("/requests?context=ctx-1", &["succeeded"], &["email_invalid"]);
    desk.sees("/requests?context=ctx-2", &["email_invalid"], &["succeeded"]);
    desk.sees("/requests?context=%22%3E", &["value=\"&quot;&gt;\""], &["billing-agent"]);
    let of_customer = format!("/requests?customer={customer}");
    desk.sees(&of_customer, &["billing-agent"], &["There are no such requests"]);
    assert_eq!(desk.look("/requests?customer=cus_nobody").status, 404);

    let newest = desk.get("/purser/v1/requests")["data"][0].clone();
    let path = format!("/requests/{}", text(&newest, "id"));
    let by_context = "href=\"/dashboard/requests?context=ctx-2\"";
    let shown = ["email_invalid", "400", HARMLESS, "acme", by_context];
    desk.sees(&path, &shown, &[]);
}

#[test]
fn what_people_do_here_is_in_the_log_and_pages_of_it_can_be_turned() {
    let desk = Desk::new();
    let wants = [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "*")];
    let made = text(&desk.api("POST", "/v1/webhook_endpoints", &wants), "id");
    let path = format!("/webhooks/{made}");
    for _ in 0..13 {
        desk.press(&path, "Disable", &[], "told nothing");
        desk.press(&path, "Enable", &[], "is enabled");
    }
    desk.sees("/requests", &["dashboard", "Update a webhook endpoint"], &[]);
    assert_eq!(desk.rows("/requests"), 25);
    let second = desk.target("/requests", "Older").expect("a second page");
    assert_eq!(desk.rows(&second), 1);
    let first = desk.target(&second, "Newer").expect("the way back");
    assert_eq!(desk.rows(&first), 25);
}

#[test]
fn an_approval_says_what_would_be_done_and_is_approved_once() {
    let desk = Desk::new();
    let key = desk.agent_key(&["--approve-above", "eur=1000"]);
    let customer = desk.customer_with(5000);
    let approval = held(&desk, &key, &customer, "first");
    let path = format!("/approvals/{approval}");
    desk.sees("/approvals", &[&path, "15.00 EUR", HARMLESS, "Nothing was decided"], &[]);
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
    desk.sees(&path, &shown, &[&key]);
    let request = text(&desk.get(&format!("/purser/v1{path}"))["request"], "id");
    desk.sees(&format!("/requests/{request}"), &[&path, "asked a person"], &[]);

    let form = desk.form(&path, "Approve");
    desk.led(&desk.submit(&form, &[]), "approved and carried out");
    assert_eq!(desk.cash(&customer, "eur"), 3500);
    let paid = pay(&desk, &key, &customer, "1500", "first");
    let intent = text(&paid.json().expect("JSON"), "id");
    let made = format!("href=\"/dashboard/payments/{intent}\"");
    desk.sees(&path, &["approved", &made, "the dashboard"], &[">Approve</button>"]);
    desk.sees("/approvals", &["Nothing waits", &path], &[]);
    // Who presses the button again moves nothing.
    let again = desk.submit(&form, &[("key", "another")]);
    assert_eq!(again.status, 303, "{}", again.body);
    assert_eq!(desk.cash(&customer, "eur"), 3500);
}

#[test]
fn an_approval_that_cannot_be_carried_out_says_so() {
    let desk = Desk::new();
    let key = desk.agent_key(&["--approve-above", "eur=1000"]);
    let customer = desk.customer_with(5000);
    let path = format!("/approvals/{}", held(&desk, &key, &customer, "first"));
    // Meanwhile the money is spent otherwise, and the customer leaves.
    let spent = pay(&desk, PERSON, &customer, "5000", "second");
    assert_eq!(spent.status, 200, "{}", spent.body);
    desk.api("DELETE", &format!("/v1/customers/{customer}"), "");
    desk.press(&path, "Approve", &[], "could not be carried out");
    desk.sees(&path, &[">failed</span>", "What came of it"], &[">Approve</button>"]);
}

#[test]
fn a_rejection_tells_the_agent_why() {
    let desk = Desk::new();
    let key = desk.agent_key(&["--approve-above", "eur=1000"]);
    let customer = desk.customer_with(5000);
    let path = format!("/approvals/{}", held(&desk, &key, &customer, "first"));
    desk.press(&path, "Reject", &[("reason", HOSTILE)], "was rejected");
    assert_eq!(desk.cash(&customer, "eur"), 5000);
    let told = pay(&desk, &key, &customer, "1500", "first");
    assert!(told.body.contains("approval_rejected"), "{}", told.body);
    assert!(told.body.contains("alert('x')"), "{}", told.body);
    desk.sees(&path, &["rejected", HARMLESS], &[">Reject</button>"]);
    let (waiting, decided) = ("Nothing waits", format!("href=\"/dashboard{path}\""));
    desk.sees("/approvals", &[waiting, &decided], &[]);
}
