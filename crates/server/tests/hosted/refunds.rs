//! Where a refund is to go: the form, what is wrong with it, and what it leaves behind.

use serde_json::Value;

use super::support::http::Request;
use super::{SECRETS, Shop, hides, shows, text};

/// Fields of a form, and what is typed into them.
type Fields = &'static [(&'static str, &'static str)];

/// For each currency the test account that keeps the money, as the form takes it.
const ACCOUNTS: [(&str, &str, Fields); 5] = [
    ("usd", "20.00 USD", &[("account_number", "000123456789"), ("routing_number", "110000000")]),
    ("eur", "20.00 EUR", &[("iban", "DE89370400440532013000")]),
    ("gbp", "20.00 GBP", &[("account_number", "00012345"), ("sort_code", "108800")]),
    ("jpy", "2,000 JPY", &[("account_number", "0001234"), ("routing_number", "1100000")]),
    ("mxn", "20.00 MXN", &[("clabe", "000000001234567897")]),
];

fn fields<'a>(given: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    given.iter().map(|(name, value)| (format!("bank_account[{name}]"), *value)).collect()
}

fn borrowed<'a>(fields: &'a [(String, &'a str)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (name.as_str(), *value)).collect()
}

fn refund(shop: &Shop, id: &str) -> Value {
    shop.api("GET", &format!("/v1/refunds/{id}"), &[])
}

#[test]
fn in_each_currency_a_customer_says_where_the_refund_goes() {
    let shop = Shop::open();
    for (currency, amount, account) in ACCOUNTS {
        let (id, path) = shop.refund("2000", currency);
        let page = shop.page(&path);
        shows(&page, &[amount, "Where should your refund go?", "What happens next"]);
        hides(&page, &SECRETS);
        hides(&page, &[id.as_str()]);
        for (name, _) in account {
            shows(&page, &[&format!("label for=\"{name}\""), &format!("\"{name}-hint\"")]);
        }
        let sent = shop.fill_in(&path, &borrowed(&fields(account)));
        assert_eq!((sent.status, sent.header_value("location")), (303, Some(&*path)), "{currency}");
        assert_eq!(sent.header_value("set-cookie"), None);
        let now = refund(&shop, &id);
        assert_eq!(now["status"], "pending", "{now}");
        let page = shop.page(&path);
        shows(&page, &["is on its way", amount]);
        let number = account[0].1;
        hides(&page, &["<form", number]);
        // Sent once more, it changes nothing.
        assert_eq!(shop.fill_in(&path, &borrowed(&fields(account))).status, 303);
    }
    let log = shop.server.log();
    hides(&log, &["0532013000", "000123456789", "/refunds/details/"]);
}

#[test]
fn what_was_given_leaves_a_trail() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "usd");
    shop.fill_in(&path, &borrowed(&fields(ACCOUNTS[0].2)));
    let trail = shop.api("GET", "/purser/v1/requests", &[]);
    let row = &trail["data"][0];
    assert_eq!(row["agent"]["type"], "hosted page", "{trail}");
    assert_eq!(row["path"], format!("/purser/v1/refunds/{id}/bank_details"));
    hides(&trail.to_string(), &["000123456789"]);
}

#[test]
fn what_is_wrong_is_said_beside_its_field() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "usd");
    for (account, at, says) in [
        (
            [("account_number", "000123456789"), ("routing_number", "021000021")],
            "routing_number",
            "Routing number must be",
        ),
        (
            [("account_number", "9988776655"), ("routing_number", "110000000")],
            "account_number",
            "Account number must be",
        ),
        (
            [("account_number", ""), ("routing_number", "110000000")],
            "account_number",
            "Account number is required",
        ),
    ] {
        let answer = shop.fill_in(&path, &borrowed(&fields(&account)));
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(answer.header_value("cache-control"), Some("no-store"));
        let wrong = format!("aria-describedby=\"{at}-wrong {at}-hint\" aria-invalid=\"true\"");
        shows(&answer.body, &[&wrong, says, &format!("id=\"{at}-wrong\"")]);
        assert_eq!(answer.body.matches("aria-invalid").count(), 1);
        for (_, value) in account {
            shows(&answer.body, &[&format!("value=\"{value}\"")]);
        }
    }
    let hostile = "\"><script>alert(1)</script>";
    let answer = shop.fill_in(&path, &[("bank_account[account_number]", hostile)]);
    hides(&answer.body, &["<script>alert"]);
    assert_eq!(refund(&shop, &id)["status"], "requires_action");
}

#[test]
fn a_refund_that_came_back_is_asked_about_again() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "eur");
    let bounces = [("bank_account[iban]", "DE62370400440532013001")];
    assert_eq!(shop.fill_in(&path, &bounces).status, 303);
    shop.move_clock(10);
    assert_eq!(refund(&shop, &id)["status"], "requires_action");
    shows(&shop.page(&path), &["Your bank sent the money back", "<form"]);
    assert_eq!(shop.fill_in(&path, &borrowed(&fields(ACCOUNTS[1].2))).status, 303);
    shop.move_clock(10);
    let sent = refund(&shop, &id);
    assert_eq!(sent["status"], "succeeded");
    let reference = text(&sent["destination_details"]["eu_bank_transfer"]["reference"]);
    shows(&shop.page(&path), &["was sent", &reference]);
}

#[test]
fn a_canceled_refund_takes_nothing() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "mxn");
    shop.post(&format!("/v1/refunds/{id}/cancel"), &[]);
    let page = shop.page(&path);
    shows(&page, &["does not wait for bank details"]);
    hides(&page, &["<form"]);
    assert_eq!(shop.fill_in(&path, &borrowed(&fields(ACCOUNTS[4].2))).status, 303);
    assert_eq!(refund(&shop, &id)["status"], "canceled");
}

#[test]
fn forms_of_other_places_and_large_ones_are_refused() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "usd");
    let own = shop.server.base().expect("it runs").to_owned();
    for (name, value, status) in [
        ("Origin", "https://evil.example", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "same-site", 403),
        ("Origin", "null", 400),
        ("Origin", own.as_str(), 400),
        ("Sec-Fetch-Site", "same-origin", 400),
    ] {
        let request = Request::new("POST", &path, &[]).header(name, value);
        let answer = shop.client.send(&request).expect("the server runs");
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    let large = "1".repeat(16 << 10);
    assert_eq!(shop.fill_in(&path, &[("bank_account[account_number]", &large)]).status, 413);
    assert_eq!(refund(&shop, &id)["status"], "requires_action");
}

#[test]
fn tries_at_once_count_like_others() {
    let shop = Shop::open();
    let (_, path) = shop.refund("2000", "eur");
    let wrong = [("bank_account[iban]", "DE00370400440532013000")];
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries = (0..40).map(|_| scope.spawn(|| shop.fill_in(&path, &wrong).status));
        let tries: Vec<_> = tries.collect();
        tries.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let judged = statuses.iter().filter(|status| **status == 400).count();
    assert_eq!(judged, 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| [400, 429].contains(status)), "{statuses:?}");
}

#[test]
fn whoever_tries_too_often_has_to_wait() {
    let shop = Shop::open();
    let (id, path) = shop.refund("2000", "eur");
    let (_, other) = shop.refund("2000", "usd");
    let wrong = [("bank_account[iban]", "DE00370400440532013000")];
    for at in 0..10 {
        assert_eq!(shop.fill_in(&path, &wrong).status, 400, "{at}");
    }
    let right = fields(ACCOUNTS[1].2);
    let answer = shop.fill_in(&path, &borrowed(&right));
    assert_eq!(answer.status, 429);
    shows(&answer.body, &["too many tries"]);
    let after: u64 = answer.header_value("retry-after").expect("a header").parse().unwrap();
    assert!((1..=600).contains(&after), "{after}");
    assert_eq!(refund(&shop, &id)["status"], "requires_action");
    // Another link does not have to.
    assert_eq!(shop.fill_in(&other, &borrowed(&fields(ACCOUNTS[0].2))).status, 303);
}
