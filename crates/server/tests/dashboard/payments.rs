//! The pages of payments, and what can be done there.

use crate::desk::{Desk, PERSON};

fn held(desk: &Desk, payment: &str) -> i64 {
    let intent = desk.get(&format!("/v1/payment_intents/{payment}"));
    let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
    intent["amount"].as_i64().unwrap() - awaited["amount_remaining"].as_i64().unwrap()
}

/// A customer whose money waits to be given to payments by hand.
fn by_hand(desk: &Desk, cash: i64, currency: &str) -> String {
    let customer = desk.customer("email=ada@example.com name=Ada");
    let path = format!("/v1/customers/{customer}/cash_balance");
    desk.api("POST", &path, "settings[reconciliation_mode]=manual");
    if cash > 0 {
        desk.fund(&customer, cash, currency);
    }
    customer
}

#[test]
fn lists_show_payments_of_all_or_of_one() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer("name=Ada"), desk.customer("name=Bob"));
    assert!(desk.page("/payments").contains("There are no payments yet."));
    let first = desk.payment(&ada, 123_456, "usd", "description=Engines");
    let second = desk.payment(&bob, 5000, "jpy", "");
    let all = desk.page("/payments");
    for shown in ["1,234.56 USD", "5,000 JPY", "requires action", "Ada", "Bob", "Engines"] {
        assert!(all.contains(shown), "{shown}:\n{all}");
    }
    let of_ada = desk.page(&format!("/payments?customer={ada}"));
    assert!(of_ada.contains(&first) && !of_ada.contains(&second), "{of_ada}");
    let of_none = desk.page("/payments?customer=cus_%22%3E%3Cscript%3E");
    assert!(of_none.contains("No such customer") && !of_none.contains("\"><script>"), "{of_none}");
}

#[test]
fn long_lists_go_back_and_forth() {
    let desk = Desk::new();
    let customer = desk.customer("");
    let made: Vec<String> = (0..26).map(|_| desk.payment(&customer, 1000, "usd", "")).collect();
    let here = format!("/payments?customer={customer}");
    let newest = desk.page(&here);
    assert!(newest.contains(&made[25]) && !newest.contains(&made[0]));
    let (_, older) = newest.split_once("rel=\"next\" href=\"/dashboard").expect("older ones");
    let older = older.split('"').next().expect("a link").replace("&amp;", "&");
    let oldest = desk.page(&older);
    assert!(oldest.contains(&made[0]) && !oldest.contains(&made[1]));
    assert!(oldest.contains("rel=\"prev\""), "{oldest}");
}

#[test]
fn a_payment_shows_what_it_waits_for_in_every_currency() {
    let desk = Desk::new();
    let customer = desk.customer("name=Ada");
    for (currency, amount, fields) in [
        ("usd", "50.00 USD", &["account_number", "routing_number"][..]),
        ("eur", "50.00 EUR", &["iban", "bic"]),
        ("gbp", "50.00 GBP", &["account_number", "sort_code"]),
        ("jpy", "5,000 JPY", &["account_number", "bank_code", "branch_code"]),
        ("mxn", "50.00 MXN", &["clabe", "bank_code"]),
    ] {
        let id =
            desk.payment(&customer, 5000, currency, "metadata[<i>a]=<script>alert(1)</script>");
        let page = desk.page(&format!("/payments/{id}"));
        assert!(page.contains(&format!("Payment of {amount}")), "{page}");
        assert!(page.contains(&format!("Nothing came yet. {amount} is missing.")), "{page}");
        let intent = desk.get(&format!("/v1/payment_intents/{id}"));
        let awaited = &intent["next_action"]["display_bank_transfer_instructions"];
        let address = &awaited["financial_addresses"][0];
        let account = &address[address["type"].as_str().unwrap()];
        for field in fields {
            let value = account[*field].as_str().unwrap();
            assert!(page.contains(&format!("data-copy=\"{value}\"")), "{field}:\n{page}");
        }
        if let Some(reference) = awaited["reference"].as_str() {
            assert!(page.contains(&format!("data-copy=\"{reference}\"")), "{page}");
        }
        let hosted = awaited["hosted_instructions_url"].as_str().unwrap();
        assert!(page.contains(&format!("href=\"{hosted}\"")), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(!page.contains("<script>alert") && !page.contains("<i>a"), "{page}");
    }
}

#[test]
fn a_payment_that_is_paid_shows_what_came_of_it() {
    let desk = Desk::new();
    let customer = desk.customer("");
    desk.fund(&customer, 400, "usd");
    let id = desk.payment(&customer, 1000, "usd", "");
    let page = desk.page(&format!("/payments/{id}"));
    assert!(page.contains("4.00 USD of 10.00 USD came, 6.00 USD is missing."), "{page}");
    assert!(page.contains("value=\"400\" max=\"1000\""), "{page}");
    assert!(!page.contains("Refund to"), "{page}");

    desk.fund(&customer, 600, "usd");
    let page = desk.page(&format!("/payments/{id}"));
    assert!(page.contains("10.00 USD came. The payment is complete."), "{page}");
    assert!(!page.contains("Instructions for the bank transfer"), "{page}");
    let intent = desk.get(&format!("/v1/payment_intents/{id}"));
    assert!(page.contains(intent["latest_charge"].as_str().unwrap()), "{page}");
    let lines = desk.get("/v1/balance_transactions");
    assert!(page.contains(lines["data"][0]["id"].as_str().unwrap()), "{page}");
    let moved = desk.get(&format!("/v1/customers/{customer}/cash_balance_transactions"));
    for (row, is_of_it) in [(0, true), (1, false), (2, true), (3, false)] {
        let id = moved["data"][row]["id"].as_str().unwrap();
        let link = format!("/dashboard/transactions/{customer}/{id}");
        assert_eq!(page.contains(&link), is_of_it, "{row}: {page}");
    }
}

#[test]
fn money_is_given_to_a_payment_by_hand() {
    let desk = Desk::new();
    let customer = by_hand(&desk, 100_000, "usd");
    let id = desk.payment(&customer, 150_000, "usd", "");
    assert_eq!(held(&desk, &id), 0);
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/apply"));
    for (amount, said) in [
        ("12,50", "is no amount"),
        ("ten", "is no amount"),
        ("-1", "is no amount"),
        ("0", "is no amount"),
        ("1,000.01", "too much: there is 1,000.00 USD"),
    ] {
        desk.send(&page, &action, &[("amount", amount)]).assert_refused(&page, said);
        assert_eq!(held(&desk, &id), 0, "{amount}");
    }
    let sent = desk.send(&page, &action, &[("amount", "400.5")]);
    sent.assert_done(&page, "1,099.50 USD is missing.");
    assert_eq!(held(&desk, &id), 40_050);
    desk.assert_trail("POST", &format!("/v1/payment_intents/{id}/apply_customer_balance"));

    desk.fund(&customer, 49_950 + 1, "usd");
    desk.fund(&customer, 50_000, "usd");
    desk.send(&page, &action, &[("amount", "1,099.50")]).assert_done(&page, "complete");
    assert_eq!(desk.get(&format!("/v1/payment_intents/{id}"))["status"], "succeeded");
    assert!(!desk.offers(&page, &action), "nothing is missing");
}

#[test]
fn yen_have_no_cents() {
    let desk = Desk::new();
    let customer = by_hand(&desk, 9000, "jpy");
    let id = desk.payment(&customer, 5000, "jpy", "");
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/apply"));
    desk.send(&page, &action, &[("amount", "10.5")]).assert_refused(&page, "like 123,450 JPY");
    desk.send(&page, &action, &[("amount", "1,000")]).assert_done(&page, "4,000 JPY is missing");
    assert_eq!(held(&desk, &id), 1000);
}

#[test]
fn a_form_that_is_sent_twice_counts_once() {
    let desk = Desk::new();
    let customer = by_hand(&desk, 1000, "usd");
    let id = desk.payment(&customer, 1000, "usd", "");
    let path = format!("/v1/payment_intents/{id}/apply_customer_balance");
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/apply"));
    desk.send_times(2, &page, &action, &[("amount", "7")]).assert_done(&page, "3.00 USD is");
    assert_eq!(held(&desk, &id), 700);
    desk.assert_trail("POST", &path);
}

#[test]
fn a_payment_that_nobody_confirmed_can_be_paid_and_begins_to_wait() {
    let desk = Desk::new();
    let customer = by_hand(&desk, 400, "usd");
    let terms = format!("amount=1000 currency=usd customer={customer}");
    let id = desk.make("/v1/payment_intents", &terms);
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/apply"));
    let shown = desk.page(&page);
    assert!(shown.contains("Nobody has confirmed this payment of 10.00 USD yet."), "{shown}");
    assert!(!shown.contains("Instructions for the bank transfer"), "{shown}");
    desk.send(&page, &action, &[("amount", "4")]).assert_done(&page, "6.00 USD is missing.");
    assert!(desk.page(&page).contains("Instructions for the bank transfer"));
}

#[test]
fn a_payment_that_failed_says_why() {
    let desk = Desk::new();
    let customer = desk.customer("");
    let terms = "amount=1000 currency=usd payment_method_types[]=customer_balance
        payment_method_data[type]=customer_balance";
    let id = desk.make("/v1/payment_intents", &format!("{terms} customer={customer}"));
    desk.ask(PERSON, ("POST", &format!("/v1/payment_intents/{id}/confirm")), "", &[]);
    let shown = desk.page(&format!("/payments/{id}"));
    assert!(shown.contains("cash balance is too low for this payment"), "{shown}");
}

#[test]
fn a_payment_is_canceled_with_a_reason() {
    let desk = Desk::new();
    let customer = desk.customer("");
    desk.fund(&customer, 400, "usd");
    let id = desk.payment(&customer, 1000, "usd", "");
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/cancel"));
    let sent = desk.send(&page, &action, &[("cancellation_reason", "duplicate")]);
    sent.assert_done(&page, "canceled");
    desk.assert_trail("POST", &format!("/v1/payment_intents/{id}/cancel"));
    let intent = desk.get(&format!("/v1/payment_intents/{id}"));
    assert_eq!(intent["status"], "canceled");
    assert_eq!(intent["cancellation_reason"], "duplicate");
    let shown = desk.page(&page);
    assert!(shown.contains("It holds no money.") && shown.contains("duplicate"), "{shown}");
    for gone in ["cancel", "apply", "refund", "refund-to-cash-balance"] {
        assert!(!desk.offers(&page, &format!("/payments/{id}/{gone}")), "{gone}");
    }
}

#[test]
fn a_payment_of_an_invoice_shows_it() {
    let desk = Desk::new();
    let customer = by_hand(&desk, 999, "usd");
    let settings = "payment_settings[payment_method_options][customer_balance]";
    let invoice = desk.make(
        "/v1/invoices",
        &format!(
            "customer={customer} collection_method=send_invoice days_until_due=30
             payment_settings[payment_method_types][]=customer_balance
             {settings}[funding_type]=bank_transfer
             {settings}[bank_transfer][type]=us_bank_transfer"
        ),
    );
    let item = format!("customer={customer} invoice={invoice} amount=1000 currency=usd");
    desk.make("/v1/invoiceitems", &item);
    let number =
        desk.api("POST", &format!("/v1/invoices/{invoice}/finalize"), "")["number"].clone();
    let list = desk.get(&format!("/v1/payment_intents?customer={customer}"));
    let id = list["data"][0]["id"].as_str().unwrap();
    let (page, action) = (format!("/payments/{id}"), format!("/payments/{id}/apply"));
    let shown = desk.page(&page);
    assert!(shown.contains(number.as_str().unwrap()) && shown.contains(&invoice), "{shown}");
    assert!(!desk.offers(&page, &format!("/payments/{id}/cancel")), "it ends with the invoice");
    assert!(!desk.offers(&page, &action), "it takes its money whole");
    desk.fund(&customer, 1, "usd");
    desk.send(&page, &action, &[]).assert_done(&page, "complete");
    assert_eq!(desk.get(&format!("/v1/invoices/{invoice}"))["status"], "paid");
    assert!(desk.page(&page).contains(&invoice), "it is still known");

    // Anybody can write what a payment is about; that alone does not make it an invoice's.
    let id = desk.payment(&customer, 2000, "usd", "");
    let words = format!("Payment for Invoice {}", number.as_str().unwrap());
    desk.api("POST", &format!("/v1/payment_intents/{id}"), &[("description", &*words)]);
    let shown = desk.page(&format!("/payments/{id}"));
    assert!(shown.contains(&words) && !shown.contains(&invoice), "{shown}");
}

#[test]
fn payments_of_deleted_customers_can_be_seen() {
    let desk = Desk::new();
    let customer = desk.customer("name=Ada email=ada@example.com");
    desk.fund(&customer, 1000, "usd");
    let id = desk.payment(&customer, 1000, "usd", "");
    desk.api("DELETE", &format!("/v1/customers/{customer}"), "");
    let page = format!("/payments/{id}");
    assert!(desk.page(&page).contains(&customer));
    assert!(desk.offers(&page, &format!("/payments/{id}/refund")), "the bank still takes money");
    assert!(!desk.offers(&page, &format!("/payments/{id}/refund-to-cash-balance")));
}

#[test]
fn unknown_things_are_no_pages() {
    let desk = Desk::new();
    let customer = desk.customer("");
    for path in ["/payments", "/refunds", "/payouts"] {
        for id in ["pi_none", &customer, "..%2F..%2Fbalance", "x%3Fexpand=y", "%22%3E%3Cscript%3E"]
        {
            let answer = desk.look(&format!("{path}/{id}"));
            assert_eq!(answer.status, 404, "{path}/{id}: {}", answer.body);
            assert!(!answer.body.contains("\"><script>"), "{}", answer.body);
        }
    }
}
