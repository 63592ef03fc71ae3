//! Events: listed, found by type, paged; one with its contents and who was told.

use super::webhooks::receiver;
use crate::desk::{Desk, eventually, text};

#[test]
fn events_are_listed_by_type_and_page_by_page() {
    let desk = Desk::new();
    let customers: Vec<String> = (0..30).map(|_| desk.customer("")).collect();
    desk.fund(&customers[0], 1234, "eur");
    let transaction = "customer_cash_balance_transaction.created";
    desk.sees("/events", &["customer.created", transaction, &customers[29]], &[&customers[1]]);

    let by_type = "/events?type=customer.*";
    desk.sees(by_type, &[&customers[29]], &[">customer_cash_balance"]);
    assert_eq!(desk.rows(by_type), 25);
    assert_eq!(desk.target(by_type, "Newer"), None);
    let second = desk.target(by_type, "Older").expect("a second page");
    assert!(second.contains("type="), "{second}");
    assert_eq!(desk.rows(&second), 5);
    assert_eq!(desk.target(&second, "Older"), None);
    let first = desk.target(&second, "Newer").expect("the way back");
    desk.sees(&first, &[&customers[29], &customers[5]], &[&customers[4]]);

    let nothing = "There are no such events";
    desk.sees("/events?type=payout.failed", &[nothing], &[]);
    desk.sees("/events?type=%3Cb%3E%22", &[nothing, "value=\"&lt;b&gt;&quot;\""], &[]);
}

#[test]
fn an_event_shows_what_happened_and_who_was_told() {
    let desk = Desk::new();
    let (url, told) = receiver();
    let wants = [("url", &*url), ("enabled_events[]", "customer.created")];
    let endpoint = text(&desk.api("POST", "/v1/webhook_endpoints", &wants), "id");
    let name = [("name", super::HOSTILE)];
    let customer = text(&desk.api("POST", "/v1/customers", &name), "id");
    let event = desk.get("/v1/events?type=customer.created");
    let path = format!("/events/{}", text(&event["data"][0], "id"));
    let request = text(&event["data"][0]["request"], "id");
    let about = format!("href=\"/dashboard/customers/{customer}\"");
    // In the contents, quotes are escaped once more.
    let harmless = super::HARMLESS.replace("&quot;", "\\&quot;");
    desk.sees(&path, &["customer.created", &about, &request, &endpoint, &url, &harmless], &[]);
    eventually("the attempt is shown", || desk.page(&path).contains("thank you"));
    desk.sees(&path, &["succeeded", "200"], &["by hand"]);

    desk.press(&path, "Tell it again", &[], "is told again");
    eventually("the resend is shown", || desk.page(&path).contains("by hand"));
    assert_eq!(told.lock().expect("no panic").len(), 2);
    let attempts = desk.get(&format!("/purser/v1{path}/attempts"));
    assert_eq!(attempts["data"].as_array().map(Vec::len), Some(2));
}
