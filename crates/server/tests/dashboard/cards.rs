//! Cards, sources and top-ups on every page, and what can be done with them.

use crate::desk::{Desk, PERSON};

/// A charge of a test card.
fn charge(desk: &Desk, more: &str) -> String {
    desk.make("/v1/charges", &format!("amount=2000 currency=usd {more}"))
}

/// A payment by a test card, confirmed.
fn by_card(desk: &Desk, card: &str, more: &str) -> String {
    let terms = format!(
        "amount=5000 currency=usd payment_method={card} payment_method_types[]=card confirm=true
         return_url=https://shop.example/back {more}"
    );
    desk.make("/v1/payment_intents", &terms)
}

/// An object of every kind that cards and sources brought.
fn all_kinds(desk: &Desk) -> String {
    let ada = desk.customer("name=Ada email=ada@example.com source=tok_visa");
    let method = "payment_method=pm_card_chargeDeclined payment_method_types[]=card confirm=true";
    for (path, with) in
        [("/v1/charges", "source=tok_chargeDeclined"), ("/v1/payment_intents", method)]
    {
        let terms = format!("amount=100 currency=usd {with}");
        assert_eq!(desk.ask(PERSON, ("POST", path), &terms, &[]).status, 402);
    }
    let whole = charge(desk, "source=tok_visa");
    charge(desk, "source=tok_mastercard capture=false");
    charge(desk, &format!("customer={ada}"));
    charge(desk, "source=tok_createDispute");
    charge(desk, "source=tok_bypassPending");
    by_card(desk, "pm_card_visa", &format!("customer={ada}"));
    by_card(desk, "pm_card_visa", "capture_method=manual");
    by_card(desk, "pm_card_threeDSecure2Required", "");
    let method = desk.make("/v1/payment_methods", "type=card card[token]=tok_amex");
    desk.api("POST", &format!("/v1/payment_methods/{method}/attach"), &format!("customer={ada}"));
    desk.make("/v1/refunds", &format!("charge={whole} amount=500"));
    desk.make("/v1/topups", "amount=3000 currency=usd description=More");
    receiver(desk, &format!("customer={ada}"));
    ada
}

/// A source with money, which it charged in part; gives the charge.
fn receiver(desk: &Desk, of: &str) -> String {
    let terms = "type=ach_credit_transfer currency=usd owner[email]=jenny@example.com";
    let source = desk.api("POST", "/v1/sources", terms);
    let id = source["id"].as_str().unwrap();
    if let Some(customer) = of.strip_prefix("customer=") {
        desk.api("POST", &format!("/v1/customers/{customer}/sources"), &format!("source={id}"));
    }
    let account = source["ach_credit_transfer"]["account_number"].as_str().unwrap();
    let transfer = format!("amount=1000 currency=usd account_number={account}");
    desk.api("POST", "/purser/v1/bank_transfers", &transfer);
    desk.make("/v1/charges", &format!("amount=600 currency=usd source={id} {of}"))
}

/// Every path of a page that this page links to.
fn links(page: &str) -> Vec<String> {
    let paths = page.split("href=\"/dashboard").skip(1).filter_map(|rest| rest.split('"').next());
    let paths = paths.filter(|path| !path.contains('.')).map(|path| path.replace("&amp;", "&"));
    paths.map(|path| path.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_page_shows_whatever_cards_and_sources_bring() {
    let desk = Desk::new();
    let ada = all_kinds(&desk);
    let mut seen = std::collections::BTreeSet::new();
    let mut waiting = vec![String::new(), format!("/customers/{ada}")];
    while let Some(path) = waiting.pop() {
        if seen.len() > 400 || !seen.insert(path.clone()) {
            continue;
        }
        let page = desk.page(&path);
        for secret in ["4242424242424242", "cvc\":", "4000000000000002"] {
            assert!(!page.contains(secret), "{path} shows {secret}");
        }
        waiting.extend(links(&page));
    }
    for subject in [
        "/payments/pi_",
        "/charges/ch_",
        "/charges/py_",
        "/refunds/re_",
        "/topups/tu_",
        "/sources/src_",
        "/events/",
    ] {
        assert!(seen.iter().any(|path| path.starts_with(subject)), "{subject}: {seen:?}");
    }
}

#[test]
fn charges_show_what_was_charged_and_are_refunded() {
    let desk = Desk::new();
    assert!(desk.page("/charges").contains("Nothing was charged yet."));
    let id = charge(&desk, "source=tok_visa description=Shoes");
    desk.shows("/charges", &["20.00 USD", "Visa ending in 4242", &id]);
    let (page, action) = (format!("/charges/{id}"), format!("/charges/{id}/refund"));
    desk.sees(&page, &["Charge of 20.00 USD", "Shoes", "normal", "txn_"], &["4242424242424242"]);
    desk.send(&page, &action, &[("amount", "21")]).assert_refused(&page, "there is 20.00 USD");
    let sent = desk.send(&page, &action, &[("amount", "5"), ("reason", "duplicate")]);
    assert!(sent.to.starts_with("/refunds/re_") && sent.notice.0, "{sent:?}");
    desk.assert_trail("POST", "/v1/refunds");
    desk.shows(&sent.to, &["Refund of 5.00 USD", "card", &format!("/dashboard{page}")]);
    desk.shows(&page, &["Refunds", "5.00 USD"]);
    assert_eq!(desk.get(&format!("/v1/charges/{id}"))["amount_refunded"], 500);
    desk.send(&page, &action, &[("amount", "15")]);
    assert!(!desk.offers(&page, &action), "nothing is left");
    desk.shows(&page, &["refunded"]);
}

#[test]
fn money_that_is_set_aside_for_a_charge_is_captured() {
    let desk = Desk::new();
    let id = charge(&desk, "source=tok_visa capture=false");
    let (page, action) = (format!("/charges/{id}"), format!("/charges/{id}/capture"));
    desk.shows(&page, &["20.00 USD is set aside", "It is let go on"]);
    assert!(!desk.offers(&page, &format!("/charges/{id}/refund")));
    desk.send(&page, &action, &[("amount", "20.01")]).assert_refused(&page, "there is 20.00 USD");
    desk.send(&page, &action, &[("amount", "12.34")]).assert_done(&page, "12.34 USD was captured");
    assert_eq!(desk.get(&format!("/v1/charges/{id}"))["amount_captured"], 1234);
    assert!(!desk.offers(&page, &action));
    assert!(desk.offers(&page, &format!("/charges/{id}/refund")));
}

#[test]
fn payments_by_card_are_captured_and_refunded_to_the_card() {
    let desk = Desk::new();
    let id = by_card(&desk, "pm_card_visa", "capture_method=manual");
    let page = format!("/payments/{id}");
    desk.shows(&page, &["requires capture", "50.00 USD aside", "Visa ending in 4242"]);
    for hidden in ["apply", "refund", "refund-to-cash-balance"] {
        assert!(!desk.offers(&page, &format!("/payments/{id}/{hidden}")), "{hidden}");
    }
    let sent = desk.send(&page, &format!("/payments/{id}/capture"), &[("amount", "40")]);
    sent.assert_done(&page, "40.00 USD was captured");
    desk.assert_trail("POST", &format!("/v1/payment_intents/{id}/capture"));
    assert!(!desk.offers(&page, &format!("/payments/{id}/refund-to-cash-balance")));
    let sent = desk.send(&page, &format!("/payments/{id}/refund"), &[("amount", "10")]);
    assert!(sent.to.starts_with("/refunds/re_"), "{sent:?}");
    assert!(sent.notice.1.contains("10.00 USD will go back to the card"), "{sent:?}");
    let charge = desk.get(&format!("/v1/payment_intents/{id}"))["latest_charge"].clone();
    desk.shows(&page, &[&format!("/dashboard/charges/{}", charge.as_str().unwrap())]);
    assert!(!desk.can_do(&format!("/charges/{}", charge.as_str().unwrap())), "the payment does");
}

#[test]
fn payments_by_card_that_wait_or_failed_say_so() {
    let desk = Desk::new();
    let id = by_card(&desk, "pm_card_threeDSecure2Required", "");
    let intent = desk.get(&format!("/v1/payment_intents/{id}"));
    let page = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    let shown = desk.page(&format!("/payments/{id}"));
    assert!(shown.contains("has to authenticate first"), "{shown}");
    assert!(shown.contains(&format!("href=\"{}\"", page.replace('&', "&amp;"))), "{shown}");
    let sent = desk.send(&format!("/payments/{id}"), &format!("/payments/{id}/cancel"), &[]);
    sent.assert_done(&format!("/payments/{id}"), "canceled");

    let terms = "amount=100 currency=usd payment_method_types[]=card confirm=true
        payment_method=pm_card_chargeDeclinedInsufficientFunds";
    assert_eq!(desk.ask(PERSON, ("POST", "/v1/payment_intents"), terms, &[]).status, 402);
    let list = desk.get("/v1/payment_intents?limit=1");
    let id = list["data"][0]["id"].as_str().unwrap();
    let words = ["The payment failed", "insufficient funds", "failed"];
    desk.shows(&format!("/payments/{id}"), &words);
}

#[test]
fn charges_of_sources_are_refunded_by_asking_the_payer() {
    let desk = Desk::new();
    let id = receiver(&desk, "");
    let (page, action) = (format!("/charges/{id}"), format!("/charges/{id}/refund"));
    desk.shows(&page, &["ach credit transfer", "6.00 USD was taken", "E-mail address"]);
    let fields = [("amount", "1"), ("instructions_email", "jenny@example.com")];
    let sent = desk.send(&page, &action, &fields);
    assert!(sent.to.starts_with("/refunds/pyr_"), "{sent:?}");
    desk.shows(&sent.to, &["Refund of 1.00 USD", "jenny@example.com"]);
}

#[test]
fn a_customer_shows_cards_and_sources_and_gives_them_up() {
    let desk = Desk::new();
    let ada = desk.customer("name=Ada source=tok_visa");
    let page = format!("/customers/{ada}");
    let card = desk.get(&format!("/v1/customers/{ada}"))["default_source"].clone();
    let card = card.as_str().unwrap();
    let method = desk.make("/v1/payment_methods", "type=card card[token]=tok_amex");
    desk.api("POST", &format!("/v1/payment_methods/{method}/attach"), &format!("customer={ada}"));
    receiver(&desk, &format!("customer={ada}"));
    let shown = desk.page(&page);
    for words in ["Visa ending in 4242", "American Express ending in", "ach credit transfer to"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(shown.matches("ending in 4242").count(), 1, "once: {shown}");
    assert!(shown.contains(">default<"), "{shown}");
    for (id, ending) in [(card, "Visa ending"), (&*method, "American Express ending")] {
        let action = format!("/customers/{ada}/cards/{id}/remove");
        desk.send(&page, &action, &[]).assert_done(&page, "taken away");
        desk.sees(&page, &[], &[ending]);
    }
}

#[test]
fn a_search_for_an_id_leads_to_its_page() {
    let desk = Desk::new();
    let ada = desk.customer("name=Ada source=tok_visa");
    let card = desk.get(&format!("/v1/customers/{ada}"))["default_source"].clone();
    let of_nobody = charge(&desk, "source=tok_visa");
    let source = receiver_of(&desk, &ada);
    let topup = desk.make("/v1/topups", "amount=3000 currency=usd description=More");
    for (query, leads) in [
        (&*of_nobody, format!("/dashboard/charges/{of_nobody}")),
        (&*topup, format!("/dashboard/topups/{topup}")),
        (card.as_str().unwrap(), format!("/dashboard/customers/{ada}")),
        (&*source, format!("/dashboard/sources/{source}")),
    ] {
        desk.shows(&format!("/customers?query={query}"), &[&leads]);
    }
    for query in ["ch_none", "card_none", "src_none", "pm_..%2F..%2Fbalance", "tu_%22%3E%3Cb%3E"] {
        desk.sees(&format!("/customers?query={query}"), &["Nobody was found."], &["<b>"]);
    }
}

/// The source of a customer that received money.
fn receiver_of(desk: &Desk, customer: &str) -> String {
    let charge = receiver(desk, &format!("customer={customer}"));
    let charge = desk.get(&format!("/v1/charges/{charge}"));
    charge["source"]["id"].as_str().unwrap().to_owned()
}
