//! Balances, customers, transactions and unreconciled money: the pages show what was done through
//! the API, and what is done on them arrives there.

use serde_json::Value;

use crate::desk::{Desk, text};

const HOSTILE: &str = "<script>alert('x')</script>\"&";

/// Fills in the form of a page that leads to `action`, sends it, and gives the path of the page
/// after it and what that says.
#[track_caller]
fn submit(desk: &Desk, path: &str, action: &str, fields: &[(&str, &str)]) -> (String, String) {
    let sent = desk.send(path, action, fields);
    (sent.to, sent.notice.1)
}

/// The newest transaction of a customer.
fn newest(desk: &Desk, customer: &str) -> Value {
    desk.get(&format!("/v1/customers/{customer}/cash_balance_transactions"))["data"][0].clone()
}

fn page_of(customer: &str) -> String {
    format!("/customers/{customer}")
}

#[test]
fn an_empty_sandbox_says_how_to_begin() {
    let desk = Desk::new();
    let line = "curl -u sk_test_me: http://127.0.0.1:";
    desk.shows("", &["No money has moved yet", line, "Nothing has happened yet"]);
    desk.shows("/customers", &["There are no customers yet."]);
    desk.shows("/unreconciled", &["No money waits.", "75 days", "90 days"]);
}

#[test]
fn the_balances_say_what_there_is_and_how_it_went() {
    let desk = Desk::new();
    let ada = desk.customer("");
    desk.fund(&ada, 123_456, "usd");
    desk.fund(&ada, 700, "jpy");
    desk.later(3);
    // A payment takes what there is, holds it, and waits for the rest.
    desk.payment(&ada, 200_000, "usd", "");
    desk.fund(&ada, 4, "usd");
    let day = desk.page("?days=7");
    for part in [
        "700 JPY",
        "Unreconciled, of 1 customer, the oldest for 3 days",
        "Held for payments",
        "1,234.60 USD",
        "<svg",
        "payment_intent.partially_funded",
        "These numbers as a table",
    ] {
        assert!(day.contains(part), "{part} is not in {day}");
    }
    // A row for each day since the first money; the picture goes on until now.
    assert_eq!(day.matches("class=\"hit\"").count(), 2 * (4 + 1), "{day}");
    desk.shows("?days=7", &["<desc>Customers' cash: 1,234.56 USD on"]);
}

#[test]
fn pages_stay_small_whatever_the_span() {
    let desk = Desk::new();
    let ada = desk.customer("");
    for currency in ["usd", "eur", "gbp", "jpy", "mxn"] {
        desk.fund(&ada, 123_456_789, currency);
    }
    for _ in 0..4 {
        desk.later(90);
    }
    for days in ["7", "30", "90", "365", "4", "x"] {
        desk.page(&format!("?days={days}"));
    }
    desk.shows("?days=365", &["in the last 365 days"]);
    desk.shows("?days=4", &["in the last 30 days"]);
}

#[test]
fn customers_are_listed_searched_for_and_made() {
    let desk = Desk::new();
    let bob = desk.customer(&[("name", HOSTILE), ("email", "bob@example.com")]);
    let page = "/customers";
    desk.shows(page, &[&bob, "&lt;script&gt;", "bob@example.com"]);
    let fields = [("name", "Ada Byron"), ("email", "ada@example.com")];
    let (to, notice) = submit(&desk, page, page, &fields);
    assert_eq!(notice, "The customer was made.");
    let ada = to.strip_prefix("/customers/").expect("the page of the customer");
    assert_eq!(desk.get(&format!("/v1/customers/{ada}"))["name"], "Ada Byron");
    desk.shows(&to, &["<h1>Ada Byron</h1>", "ada@example.com"]);
    for query in ["byr", "ada%40example.com", ada] {
        let found = desk.page(&format!("{page}?query={query}"));
        assert!(found.contains(&page_of(ada)) && !found.contains(&bob), "{query}: {found}");
    }
    desk.shows(&format!("{page}?query=nobody"), &["Nobody was found."]);
    let (to, notice) = submit(&desk, page, page, &[("name", " "), ("email", "")]);
    assert_eq!(
        (to.as_str(), notice.as_str()),
        (page, "A customer needs a name or an e-mail address.")
    );
}

#[test]
fn many_customers_are_paged_through() {
    let desk = Desk::new();
    let all: Vec<String> = (0..30).map(|_| desk.customer("")).collect();
    let first = desk.page("/customers");
    assert!(first.contains(&all[29]) && first.contains(&all[5]) && !first.contains(&all[4]));
    let older = format!("/customers?after={}", all[5]);
    assert!(first.contains(&older), "{first}");
    let second = desk.page(&older);
    assert!(second.contains(&all[4]) && second.contains(&all[0]) && !second.contains("after="));
}

#[test]
fn a_customer_is_shown_with_all_there_is() {
    let desk = Desk::new();
    let ada = desk.customer(&[
        ("name", HOSTILE),
        ("email", "ada@example.com"),
        ("metadata[plan]", HOSTILE),
        ("cash_balance[settings][reconciliation_mode]", "manual"),
    ]);
    let path = format!("/v1/test_helpers/customers/{ada}/fund_cash_balance");
    let funded = desk.make(&path, "amount=150000 currency=usd reference=INV-7");
    let payment = desk.payment(&ada, 100_000, "usd", "");
    let payment = desk.get(&format!("/v1/payment_intents/{payment}"));
    let told = &payment["next_action"]["display_bank_transfer_instructions"];
    let reference = told["reference"].as_str().expect("a reference");
    desk.shows(
        &page_of(&ada),
        &[
            "<h1>&lt;script&gt;",
            "&lt;script&gt;alert('x')&lt;/script&gt;&quot;&amp;</li>",
            "ada@example.com",
            "1,500.00 USD",
            "<title>Cash balance in USD</title>",
            &format!("/dashboard/transactions/{ada}/{funded}"),
            "Transfer from John Doe by ACH, reference <code>INV-7</code>",
            "+1,500.00 USD",
            &format!("/dashboard/payments/{}", text(&payment, "id")),
            reference,
            "1,000.00 USD</span> of 1,000.00 USD to pay",
            &format!("/dashboard/customers/{ada}/statement"),
            &format!("/dashboard/exports/transactions.csv?customer={ada}"),
            "Simulate a transfer",
        ],
    );
}

#[test]
fn a_transfer_is_simulated_and_leaves_its_trail() {
    let desk = Desk::new();
    let ada = desk.customer("");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/fund"));
    let fields = [("amount", "1,234.5"), ("currency", "eur"), ("reference", HOSTILE)];
    let (next, notice) = submit(&desk, &page, &to, &fields);
    assert_eq!((next, notice.as_str()), (page.clone(), "A transfer of 1,234.50 EUR arrived."));
    assert_eq!(desk.cash(&ada, "eur"), 123_450);
    let funded = newest(&desk, &ada);
    assert_eq!(funded["funded"]["bank_transfer"]["reference"], HOSTILE);
    desk.shows(
        &format!("/transactions/{ada}/{}", text(&funded, "id")),
        &[
            "<h1>Transaction of 1,234.50 EUR</h1>",
            ">bank</td>",
            ">customer cash</td>",
            &format!("/dashboard/customers/{ada}"),
            "customer_cash_balance_transaction.created",
            "<dt>Agent</dt><dd>dashboard</dd>",
            "fund_cash_balance",
            "/dashboard/requests/",
            "&lt;script&gt;",
        ],
    );
}

#[test]
fn a_payment_is_paid_by_hand_in_parts() {
    let desk = Desk::new();
    let ada = desk.customer(&[("cash_balance[settings][reconciliation_mode]", "manual")]);
    desk.fund(&ada, 1500, "usd");
    let payment = desk.payment(&ada, 1000, "usd", "");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/apply"));
    let (_, notice) = submit(&desk, &page, &to, &[("amount", "4")]);
    assert_eq!(notice, "4.00 USD were paid. The payment waits for the rest.");
    desk.shows(&page, &["6.00 USD</span> of 10.00 USD to pay"]);
    let (next, notice) = submit(&desk, &page, &to, &[("amount", "6.01")]);
    assert_eq!(next, page);
    assert!(notice.contains("more"), "{notice}");
    let (_, notice) = submit(&desk, &page, &to, &[("amount", "6.00")]);
    assert_eq!(notice, "6.00 USD were paid. The payment is complete.");
    let paid = desk.get(&format!("/v1/payment_intents/{payment}"));
    assert_eq!((&paid["status"], desk.cash(&ada, "usd")), (&"succeeded".into(), 500));
    desk.shows(&page, &["No payment waits for money.", "Paid to the payment", "-6.00 USD"]);
}

#[test]
fn accounts_are_given_for_every_rail() {
    let desk = Desk::new();
    let ada = desk.customer("");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/instructions"));
    for (rail, notice, shown) in [
        ("usd", "USD", &["Routing number", "SWIFT code", "USD by ACH, wire"][..]),
        ("eur NL", "EUR", &["IBAN", "BIC", "EUR by SEPA"]),
        ("gbp", "GBP", &["Sort code", "GBP by Bacs, Faster Payments"]),
        ("jpy", "JPY", &["Branch code", "JPY by Zengin"]),
        ("mxn", "MXN", &["CLABE", "MXN by SPEI"]),
    ] {
        let (_, told) = submit(&desk, &page, &to, &[("rail", rail)]);
        assert_eq!(told, format!("The customer has an account for {notice}."));
        desk.shows(&page, shown);
    }
    let made = format!("/v1/customers/{ada}/funding_instructions");
    let params = [
        ("funding_type", "bank_transfer"),
        ("currency", "eur"),
        ("bank_transfer[type]", "eu_bank_transfer"),
        ("bank_transfer[eu_bank_transfer][country]", "NL"),
    ];
    let made = desk.api("POST", &made, &params);
    let iban = &made["bank_transfer"]["financial_addresses"][0]["iban"]["iban"];
    let iban = iban.as_str().expect("an IBAN");
    desk.shows(&page, &[&format!("data-copy=\"{iban}\"")]);
    let (_, notice) = submit(&desk, &page, &to, &[("rail", "chf")]);
    assert_eq!(notice, "There are no accounts in that currency.");
}

#[test]
fn reconciliation_is_switched() {
    let desk = Desk::new();
    let ada = desk.customer("");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/reconciliation"));
    desk.shows(&page, &["value=\"merchant_default\" checked"]);
    for (mode, now, by_default) in [
        ("manual", "manual", false),
        ("automatic", "automatic", false),
        ("merchant_default", "automatic", true),
    ] {
        let (_, notice) = submit(&desk, &page, &to, &[("mode", mode)]);
        assert_eq!(notice, format!("Reconciliation is {now} now."));
        let balance = desk.get(&format!("/v1/customers/{ada}/cash_balance"));
        assert_eq!(balance["settings"]["reconciliation_mode"], now);
        assert_eq!(balance["settings"]["using_merchant_default"], by_default);
        desk.shows(&page, &[&format!("value=\"{mode}\" checked")]);
    }
}

#[test]
fn cash_is_sent_back() {
    let desk = Desk::new();
    let ada = desk.customer("");
    desk.shows(&page_of(&ada), &["There is no cash to send back."]);
    desk.fund(&ada, 500, "usd");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/return"));
    let amount = [("amount", "2"), ("currency", "usd")];
    let (next, notice) = submit(&desk, &page, &to, &amount);
    // Nobody knows where to ask for the bank details.
    assert_eq!(next, page);
    assert!(!notice.is_empty());
    let fields = [amount[0], amount[1], ("email", "ada@example.com")];
    let (next, notice) = submit(&desk, &page, &to, &fields);
    let refund = next.strip_prefix("/refunds/").expect("the page of the refund");
    assert_eq!(notice, "2.00 USD left the cash balance, on the way back to the customer's bank.");
    let refund = desk.get(&format!("/v1/refunds/{refund}"));
    assert_eq!((&refund["amount"], &refund["currency"]), (&200.into(), &"usd".into()));
    assert_eq!(desk.cash(&ada, "usd"), 300);
    desk.shows(&page, &["On its way back to the customer's bank", "-2.00 USD"]);
}

#[test]
fn a_transfer_is_pulled_back() {
    let desk = Desk::new();
    let ada = desk.customer("");
    let funded = text(&desk.fund(&ada, 500, "usd"), "id");
    let page = format!("/transactions/{ada}/{funded}");
    let (next, notice) = submit(&desk, &page, &format!("{page}/reverse"), &[]);
    assert_eq!(notice, "The transfer was pulled back.");
    assert_eq!(desk.cash(&ada, "usd"), 0);
    desk.shows(&next, &["The sender's bank pulled a transfer back", "-5.00 USD"]);
    desk.shows(&page, &["A program, over the API: request", ">req_"]);
    // Once only.
    let (next, notice) = submit(&desk, &page, &format!("{page}/reverse"), &[]);
    assert_eq!(next, page);
    assert!(!notice.is_empty() && notice != "The transfer was pulled back.", "{notice}");
    // Only what came over ACH can be.
    let euros = text(&desk.fund(&ada, 500, "eur"), "id");
    let page = desk.page(&format!("/transactions/{ada}/{euros}"));
    assert!(!page.contains("/reverse\""), "{page}");
}

#[test]
fn wrong_amounts_lead_back_with_a_word() {
    let desk = Desk::new();
    let ada = desk.customer("");
    let (page, to) = (page_of(&ada), format!("/customers/{ada}/fund"));
    for (amount, currency, word) in [
        ("", "usd", "“” is no amount. Write it like 1,234.50 USD."),
        ("0", "usd", "“0” is no amount. Write it like 1,234.50 USD."),
        ("-5", "usd", "“-5” is no amount. Write it like 1,234.50 USD."),
        ("1.234", "usd", "“1.234” is no amount. Write it like 1,234.50 USD."),
        ("10.5", "jpy", "“10.5” is no amount. Write it like 123,450 JPY."),
        ("<b>", "eur", "“<b>” is no amount. Write it like 1,234.50 EUR."),
    ] {
        let (next, notice) =
            submit(&desk, &page, &to, &[("amount", amount), ("currency", currency)]);
        assert_eq!((next.as_str(), notice.as_str()), (page.as_str(), word));
    }
    let (_, notice) = submit(&desk, &page, &to, &[("amount", "5"), ("currency", "chf")]);
    assert!(!notice.is_empty());
    desk.shows(&page, &["No money has moved yet."]);
}

#[test]
fn unreconciled_money_is_shown_with_its_age() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer(""), desk.customer(""));
    desk.fund(&ada, 500, "usd");
    desk.later(10);
    desk.fund(&bob, 700, "usd");
    desk.fund(&bob, 900, "eur");
    let page = desk.page("/unreconciled");
    for part in ["12.00 USD", "9.00 EUR", "10 days", "less than a day"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let at = |customer: &str| page.find(&page_of(customer)).expect("the customer is listed");
    assert!(at(&ada) < at(&bob), "the longest waiting comes first");
    let euros = desk.page("/unreconciled?currency=eur");
    assert!(euros.contains(&page_of(&bob)) && !euros.contains(&page_of(&ada)), "{euros}");
}

#[test]
fn many_who_wait_are_paged_through() {
    let desk = Desk::new();
    let all: Vec<String> = (0..30).map(|_| desk.customer("")).collect();
    for customer in &all {
        desk.fund(customer, 500, "usd");
    }
    let first = desk.page("/unreconciled");
    assert!(first.contains(&page_of(&all[0])) && !first.contains(&page_of(&all[29])));
    let next = first.split("rel=\"next\" href=\"/dashboard").nth(1).expect("there are more");
    let next = next.split('"').next().unwrap_or_default().replace("&amp;", "&");
    let second = desk.page(&next);
    assert!(second.contains(&page_of(&all[29])) && !second.contains(&page_of(&all[0])));
}

#[test]
fn what_is_not_there_is_not_found() {
    let desk = Desk::new();
    let (ada, bob) = (desk.customer(""), desk.customer(""));
    let funded = text(&desk.fund(&ada, 500, "usd"), "id");
    for path in [
        "/customers/cus_nobody".to_owned(),
        "/customers/%3Cscript%3E".to_owned(),
        format!("/transactions/{ada}/ccsbtxn_none"),
        format!("/transactions/{bob}/{funded}"),
        "/nowhere".to_owned(),
    ] {
        let answer = desk.look(&path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("Not found") && !answer.body.contains("<script>"), "{path}");
    }
    desk.api("DELETE", &format!("/v1/customers/{bob}"), "");
    desk.shows(&page_of(&bob), &["This customer was deleted."]);
}
