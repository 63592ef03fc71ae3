//! Where the money for a payment is to go, in every currency and in every state.

use serde_json::Value;

use super::support::http::Answer;
use super::{SECRETS, Shop, hides, instructions, path as path_of, shows, text};

/// The currencies, an amount of each as people read it, and what has to be typed for a transfer.
const CURRENCIES: [(&str, &str, &[&str]); 5] = [
    ("usd", "1,234.56 USD", &["routing_number", "account_number", "bank_name", "swift_code"]),
    ("eur", "1,234.56 EUR", &["iban", "bic", "account_holder_name"]),
    ("gbp", "1,234.56 GBP", &["sort_code", "account_number", "account_holder_name"]),
    ("jpy", "123,456 JPY", &["bank_code", "branch_code", "account_number", "branch_name"]),
    ("mxn", "1,234.56 MXN", &["clabe", "bank_name"]),
];

#[test]
fn each_currency_shows_the_accounts_that_the_api_names() {
    let shop = Shop::open();
    for (currency, amount, names) in CURRENCIES {
        let payment = shop.payment("123456", currency);
        let told = instructions(&payment);
        let page = shop.page(&path_of(&text(&told["hosted_instructions_url"])));
        shows(&page, &[amount, "waiting for your transfer", "This is a test"]);
        hides(&page, &SECRETS);
        hides(&page, &[text(&payment["id"]).as_str()]);
        // Amounts are copied without what stands between their thousands.
        let plain = if currency == "jpy" { "123456" } else { "1234.56" };
        shows(&page, &[&format!("data-copy=\"{plain}\"")]);
        for name in names {
            let mut values = Vec::new();
            collect(&told["financial_addresses"], name, &mut values);
            assert!(!values.is_empty(), "{currency} has no {name}: {told}");
            for value in values {
                shows(&page, &[&format!("data-copy=\"{value}\"")]);
            }
        }
        match told["reference"].as_str() {
            Some(reference) => shows(&page, &[&format!("data-copy=\"{reference}\"")]),
            None => assert_eq!(currency, "jpy"),
        }
        assert_eq!(page.contains("<svg"), currency == "eur", "{currency}");
        assert!(page.len() < 20_000, "{currency}: {} bytes", page.len());
    }
}

/// All texts of this name, wherever they are.
fn collect(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Object(fields) => {
            found.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect(field, name, found));
        }
        _ => {}
    }
}

#[test]
fn the_page_follows_the_payment() {
    let shop = Shop::open();
    let payment = shop.payment("5000", "eur");
    let told = instructions(&payment);
    let path = path_of(&text(&told["hosted_instructions_url"]));
    let (iban, reference) =
        (text(&told["financial_addresses"][0]["iban"]["iban"]), text(&told["reference"]));
    shows(&shop.page(&path), &["Pay 50.00 EUR", &iban, &reference, "data-live="]);

    shop.fund("1200", "eur", &reference);
    let page = shop.page(&path);
    shows(&page, &["Pay 38.00 EUR", "12.00 EUR", "50.00 EUR", "partly paid", &iban]);
    assert_eq!(scanned(&page).lines().nth(7), Some("EUR38.00"));

    shop.fund("3800", "eur", &reference);
    let page = shop.page(&path);
    shows(&page, &["Thank you: 50.00 EUR arrived", "is complete"]);
    hides(&page, &[&iban, &reference, "<svg"]);

    let payment = shop.payment("2000", "gbp");
    let told = instructions(&payment);
    let path = path_of(&text(&told["hosted_instructions_url"]));
    shop.post(&format!("/v1/payment_intents/{}/cancel", text(&payment["id"])), &[]);
    let page = shop.page(&path);
    shows(&page, &["This payment was canceled", "do not send any more money"]);
    hides(&page, &["Sort code", text(&told["reference"]).as_str()]);
}

#[test]
fn the_code_says_what_the_page_says() {
    let shop = Shop::open();
    let payment = shop.payment("123456", "eur");
    let told = instructions(&payment);
    let page = shop.page(&path_of(&text(&told["hosted_instructions_url"])));
    let account = &told["financial_addresses"][0]["iban"];
    let (bic, name, iban) =
        (text(&account["bic"]), text(&account["account_holder_name"]), text(&account["iban"]));
    let reference = text(&told["reference"]);
    let want = format!("BCD\n002\n1\nSCT\n{bic}\n{name}\n{iban}\nEUR1234.56\n\n\n{reference}");
    assert_eq!(scanned(&page), want);
}

/// What an app reads out of the picture on a page.
fn scanned(page: &str) -> String {
    let (_, svg) = page.split_once("<svg").expect("a picture");
    shows(svg, &["role=\"img\"", "aria-label=\"QR code", "fill=\"#ffffff\"", "fill=\"#000000\""]);
    let attribute = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\"")).expect("the attribute");
        rest.split_once('"').expect("its end").0.to_owned()
    };
    let side: usize = attribute("viewBox").rsplit(' ').next().unwrap().parse().unwrap();
    let mut dark = vec![vec![false; side]; side];
    for piece in attribute("d").split_terminator('z') {
        let (start, run) = piece.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = start.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let long: usize = run.split_once('v').unwrap().0.parse().unwrap();
        assert_eq!(run, format!("{long}v1h-{long}"));
        dark[y][x..x + long].fill(true);
    }
    // As a camera would see it: four pixels for a module, found by its corners.
    let (pixels, scale) = (side * 4, 4);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, |x, y| {
        if dark[y / scale][x / scale] { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    let (about, content) = grids[0].decode().expect("it can be read");
    assert_eq!(about.ecc_level, 0, "error correction M is written as 0");
    content
}

#[test]
fn browsers_are_told_to_keep_it_to_themselves() {
    let shop = Shop::open();
    let payment = shop.payment("5000", "eur");
    let path = path_of(&text(&instructions(&payment)["hosted_instructions_url"]));
    let check = |answer: Answer| {
        for (name, want) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer.header_value(name), Some(want), "{name}");
        }
        let policy = answer.header_value("content-security-policy").expect("a policy");
        shows(policy, &["default-src 'none'", "script-src 'self'"]);
        assert_eq!(answer.header_value("access-control-allow-origin"), None);
        shows(&answer.body, &["noindex"]);
        hides(&answer.body, &[" style=", "<style", "javascript:", "onclick", "://"]);
    };
    let mut answer = shop.visit(&path);
    // The name space of pictures is no address.
    answer.body = answer.body.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    check(answer);
    check(shop.visit("/bank_transfers/instructions/nothing"));
}
