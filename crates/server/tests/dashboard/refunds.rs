//! The pages of refunds, and what can be done there.

use serde_json::Value;

use crate::desk::{Desk, text};

/// A payment that is paid in full.
fn paid(desk: &Desk, customer: &str, amount: i64, currency: &str) -> String {
    desk.fund(customer, amount, currency);
    let id = desk.payment(customer, amount, currency, "");
    assert_eq!(desk.get(&format!("/v1/payment_intents/{id}"))["status"], "succeeded");
    id
}

/// A refund of cash that waits for a bank account.
fn waiting(desk: &Desk, currency: &str) -> String {
    let customer = desk.customer("email=ada@example.com");
    desk.fund(&customer, 5000, currency);
    let cash = format!("origin=customer_balance customer={customer}");
    desk.make("/v1/refunds", &format!("{cash} amount=5000 currency={currency}"))
}

fn refund(desk: &Desk, id: &str) -> Value {
    desk.get(&format!("/v1/refunds/{id}"))
}

#[test]
fn a_payment_is_refunded_to_the_bank() {
    let desk = Desk::new();
    let customer = desk.customer("email=ada@example.com");
    let payment = paid(&desk, &customer, 1000, "usd");
    let (page, action) = (format!("/payments/{payment}"), format!("/payments/{payment}/refund"));
    desk.send(&page, &action, &[("amount", "10.01")]).assert_refused(&page, "there is 10.00 USD");
    desk.send(&page, &action, &[("amount", "1.001")]).assert_refused(&page, "is no amount");
    let wrong = [("amount", "1"), ("instructions_email", "nobody")];
    desk.send(&page, &action, &wrong).assert_refused(&page, "instructions_email");
    assert_eq!(desk.get("/v1/refunds")["data"].as_array().unwrap().len(), 0);

    let fields = [("amount", "4"), ("reason", "duplicate"), ("instructions_email", "b@c.co")];
    let sent = desk.send(&page, &action, &fields);
    desk.assert_trail("POST", "/v1/refunds");
    let made = desk.get("/v1/refunds")["data"][0].clone();
    let id = made["id"].as_str().unwrap();
    sent.assert_done(&format!("/refunds/{id}"), "4.00 USD");
    assert_eq!((&made["amount"], &made["reason"]), (&400.into(), &"duplicate".into()));
    let shown = desk.page(&sent.to);
    for part in ["Refund of 4.00 USD", "Waits for a bank account.", "b@c.co", &payment] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(desk.page(&page).contains(id), "the payment names its refund");
    assert!(desk.page("/refunds").contains(id), "the list, too");
    let rest = [("amount", "6.00")];
    desk.send(&page, &action, &rest);
    assert!(!desk.offers(&page, &action), "nothing is left to refund");
}

#[test]
fn without_an_address_one_is_asked_for() {
    let desk = Desk::new();
    let customer = desk.customer("");
    let payment = paid(&desk, &customer, 1000, "usd");
    let shown = desk.page(&format!("/payments/{payment}"));
    assert!(shown.contains("no address is known"), "{shown}");
}

#[test]
fn a_payment_is_refunded_to_the_cash_balance() {
    let desk = Desk::new();
    let customer = desk.customer("name=Ada");
    let payment = paid(&desk, &customer, 1000, "usd");
    let page = format!("/payments/{payment}");
    let action = format!("{page}/refund-to-cash-balance");
    desk.send(&page, &action, &[("amount", "11")]).assert_refused(&page, "there is 10.00 USD");
    let sent = desk.send(&page, &action, &[("amount", "2.50"), ("reason", "duplicate")]);
    sent.assert_done(&page, "2.50 USD went back to the cash balance.");
    let path = format!("/purser/v1/payment_intents/{payment}/refund_to_cash_balance");
    desk.assert_trail("POST", &path);
    assert_eq!(desk.cash(&customer, "usd"), 250);
    let made = format!("/refunds/{}", text(&desk.get("/v1/refunds")["data"][0], "id"));
    let shown = desk.page(&made);
    assert!(shown.contains("The money is there."), "{shown}");
    assert!(shown.contains("<dt>To</dt><dd>cash balance</dd>"), "{shown}");
    assert!(!desk.can_do(&made), "there is nothing left to do");
    let moved = desk.get(&format!("/v1/customers/{customer}/cash_balance_transactions"));
    let row = moved["data"][0]["id"].as_str().unwrap();
    assert!(desk.page(&page).contains(&format!("/dashboard/transactions/{customer}/{row}")));
}

#[test]
fn it_can_be_too_late_for_a_refund() {
    let desk = Desk::new();
    let customer = desk.customer("email=ada@example.com");
    let payment = paid(&desk, &customer, 1000, "usd");
    let page = format!("/payments/{payment}");
    desk.later(180);
    assert!(desk.offers(&page, &format!("{page}/refund")), "the last day");
    desk.later(1);
    let shown = desk.page(&page);
    assert!(shown.contains("too late to refund"), "{shown}");
    assert!(!desk.offers(&page, &format!("{page}/refund")));
    assert!(!desk.offers(&page, &format!("{page}/refund-to-cash-balance")));
}

#[test]
fn bank_details_are_given_in_every_currency() {
    let desk = Desk::new();
    for (currency, fields) in [
        ("usd", &["routing_number", "account_number"][..]),
        ("eur", &["iban"]),
        ("gbp", &["sort_code", "account_number"]),
        ("jpy", &["routing_number", "account_number"]),
        ("mxn", &["clabe"]),
    ] {
        let id = waiting(&desk, currency);
        let (page, action) = (format!("/refunds/{id}"), format!("/refunds/{id}/bank-details"));
        let names: Vec<_> = fields.iter().map(|name| format!("bank_account[{name}]")).collect();
        let wrong: Vec<_> = names.iter().map(|name| (name.as_str(), "99887766")).collect();
        let refused = desk.send(&page, &action, &wrong);
        refused.assert_refused(&page, "test");
        assert!(!refused.notice.1.contains("99887766"), "{refused:?}");
        assert_eq!(refund(&desk, &id)["status"], "requires_action");

        // The page says which account works in test mode.
        let shown = desk.page(&page);
        let samples = fields.iter().map(|name| sample(&shown, name));
        let given: Vec<_> = names.iter().map(String::as_str).zip(samples).collect();
        desk.send(&page, &action, &given).assert_done(&page, "on its way");
        desk.assert_trail("POST", &format!("/purser/v1/refunds/{id}/bank_details"));
        assert_eq!(refund(&desk, &id)["status"], "pending", "{currency}");
        assert!(desk.page(&page).contains("The bank has it."));
        for gone in ["bank-details", "cancel", "expire"] {
            assert!(!desk.offers(&page, &format!("/refunds/{id}/{gone}")), "{gone}");
        }
    }
}

fn sample<'p>(page: &'p str, field: &str) -> &'p str {
    let (_, hint) = page.split_once(&format!("id=\"{field}-hint\">")).expect("a hint");
    let hint = hint.split('<').next().expect("its end");
    hint.split_once("For tests: ").expect("a sample").1
}

#[test]
fn money_that_comes_back_needs_another_account() {
    let desk = Desk::new();
    let id = waiting(&desk, "usd");
    let (page, action) = (format!("/refunds/{id}"), format!("/refunds/{id}/bank-details"));
    let fields = [
        ("bank_account[routing_number]", "110000000"),
        ("bank_account[account_number]", "000111111113"),
    ];
    desk.send(&page, &action, &fields).assert_done(&page, "on its way");
    desk.api("POST", "/purser/v1/clock", "advance_s=1000000");
    let shown = desk.page(&page);
    assert!(shown.contains("The bank sent the money back"), "{shown}");
    assert!(desk.offers(&page, &action), "another account is asked for");
}

#[test]
fn a_refund_is_canceled() {
    let desk = Desk::new();
    let id = waiting(&desk, "usd");
    let page = format!("/refunds/{id}");
    desk.send(&page, &format!("{page}/cancel"), &[]).assert_done(&page, "canceled");
    desk.assert_trail("POST", &format!("/v1/refunds/{id}/cancel"));
    let after = refund(&desk, &id);
    assert_eq!(after["status"], "canceled");
    let customer = after["customer"].as_str().unwrap();
    assert_eq!(desk.cash(customer, "usd"), 5000);
    assert!(!desk.can_do(&page), "there is nothing left to do");
}

#[test]
fn a_refund_expires_in_the_sandbox() {
    let desk = Desk::new();
    let id = waiting(&desk, "eur");
    let page = format!("/refunds/{id}");
    desk.send(&page, &format!("{page}/expire"), &[]).assert_done(&page, "expired");
    desk.assert_trail("POST", &format!("/v1/test_helpers/refunds/{id}/expire"));
    assert_eq!(refund(&desk, &id)["status"], "failed");
    assert!(desk.page(&page).contains("It failed."));
}
