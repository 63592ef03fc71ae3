//! The page of a card's holder: what it shows, where it leads, and what it leaves behind.

use serde_json::Value;

use super::support::http::{Answer, Request};
use super::{SECRETS, Shop, hides, path, shows, text};

const BACK: &str = "https://shop.example:8443/back?cart=7#top";

/// A payment that waits for the holder of a card, and the path of the page for it.
fn waiting(shop: &Shop, card: &str, more: &[(&str, &str)]) -> (Value, String) {
    let mut params = vec![
        ("amount", "2000"),
        ("currency", "usd"),
        ("customer", shop.customer.as_str()),
        ("description", SECRETS[3]),
        ("metadata[a]", SECRETS[2]),
        ("payment_method", card),
        ("confirm", "true"),
    ];
    params.extend_from_slice(more);
    let payment = shop.post("/v1/payment_intents", &params);
    assert_eq!(payment["status"], "requires_action", "{payment}");
    let action = &payment["next_action"];
    let url = match action["type"].as_str() {
        Some("redirect_to_url") => &action["redirect_to_url"]["url"],
        _ => &action["use_stripe_sdk"]["stripe_js"],
    };
    let page = path(&text(url));
    (payment, page)
}

fn now(shop: &Shop, payment: &Value) -> Value {
    shop.api("GET", &format!("/v1/payment_intents/{}", text(&payment["id"])), &[])
}

fn press(shop: &Shop, page: &str, outcome: &str) -> Answer {
    shop.fill_in(page, &[("outcome", outcome)])
}

/// The address that a holder comes back to.
fn back(payment: &Value, status: &str) -> String {
    format!(
        "https://shop.example:8443/back?cart=7&payment_intent={}&payment_intent_client_secret={}\
         &redirect_status={status}#top",
        text(&payment["id"]),
        text(&payment["client_secret"])
    )
}

#[test]
fn a_holder_authenticates_and_goes_back() {
    let shop = Shop::open();
    let with_url = [("return_url", BACK)];
    for (outcome, card, status, redirect) in [
        ("succeeded", "pm_card_authenticationRequired", "succeeded", "succeeded"),
        ("failed", "pm_card_authenticationRequired", "requires_payment_method", "failed"),
        (
            "succeeded",
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "requires_payment_method",
            "failed",
        ),
    ] {
        let (payment, page) = waiting(&shop, card, &with_url);
        let shown = shop.visit(&page);
        assert_eq!(shown.status, 200, "{}", shown.body);
        shows(&shown.body, &["20.00 USD", "Complete authentication", "Fail authentication"]);
        shows(&shown.body, &["This is a test", "the card that ends in "]);
        hides(&shown.body, &SECRETS);
        hides(&shown.body, &["pi_", "pm_", "secret", "<script>", "onclick"]);
        let policy = shown.header_value("content-security-policy").expect("a policy");
        shows(policy, &["form-action 'self' https://shop.example:8443;", "default-src 'none'"]);
        let sent = press(&shop, &page, outcome);
        let to = back(&payment, redirect);
        assert_eq!((sent.status, sent.header_value("location")), (303, Some(&*to)), "{card}");
        assert_eq!(sent.header_value("set-cookie"), None);
        assert_eq!(now(&shop, &payment)["status"], status, "{card}");
        // Pressed once more, it leads to the same place and changes nothing.
        let again = press(&shop, &page, "succeeded");
        assert_eq!((again.status, again.header_value("location")), (303, Some(&*to)), "{card}");
        assert_eq!(now(&shop, &payment)["status"], status, "{card}");
        let over = shop.page(&page);
        shows(&over, &["Back to the merchant"]);
        hides(&over, &["<form"]);
        hides(&over, &SECRETS);
    }
    hides(&shop.server.log(), &["/payments/authentication/", "_secret_"]);
}

#[test]
fn without_an_address_the_page_says_how_it_went() {
    let shop = Shop::open();
    let (payment, page) = waiting(&shop, "pm_card_threeDSecure2Required", &[]);
    let shown = shop.visit(&page);
    let policy = shown.header_value("content-security-policy").expect("a policy").to_owned();
    shows(&policy, &["form-action 'self';"]);
    shows(&shown.body, &["the card that ends in 3220"]);
    let sent = press(&shop, &page, "succeeded");
    assert_eq!((sent.status, sent.header_value("location")), (303, Some(&*page)));
    assert_eq!(now(&shop, &payment)["status"], "succeeded");
    shows(&shop.page(&page), &["The payment went through", "You can close this page"]);

    let (payment, page) =
        waiting(&shop, "pm_card_threeDSecure2Required", &[("capture_method", "manual")]);
    press(&shop, &page, "failed");
    assert_eq!(
        now(&shop, &payment)["last_payment_error"]["code"],
        "payment_intent_authentication_failure"
    );
    shows(&shop.page(&page), &["did not go through"]);
    let id = text(&payment["id"]);
    shop.post(&format!("/v1/payment_intents/{id}/cancel"), &[]);
    shows(&shop.page(&page), &["was given up"]);
}

#[test]
fn what_is_pressed_leaves_a_trail() {
    let shop = Shop::open();
    let (payment, page) = waiting(&shop, "pm_card_threeDSecure2Required", &[]);
    press(&shop, &page, "succeeded");
    let trail = shop.api("GET", "/purser/v1/requests", &[]);
    let row = &trail["data"][0];
    assert_eq!(row["agent"]["type"], "hosted page", "{trail}");
    let id = text(&payment["id"]);
    assert_eq!(row["path"], format!("/purser/v1/payment_intents/{id}/authenticate"));
}

#[test]
fn forms_of_other_places_and_strange_ones_are_refused() {
    let shop = Shop::open();
    let (payment, page) = waiting(&shop, "pm_card_threeDSecure2Required", &[("return_url", BACK)]);
    let params = [("outcome".to_owned(), "succeeded".to_owned())];
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "https://shop.example:8443"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let request = Request::new("POST", &page, &params).header(name, value);
        let answer = shop.client.send(&request).expect("the server runs");
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
    let large = "1".repeat(2 << 10);
    for outcome in ["", "maybe", "succeeded&outcome=failed", large.as_str()] {
        assert_eq!(press(&shop, &page, outcome).status, 400, "{outcome}");
    }
    assert_eq!(shop.fill_in(&page, &[]).status, 400);
    // The link of one page does not open another.
    let token = page.rsplit('/').next().expect("a token");
    for folder in ["/bank_transfers/instructions/", "/refunds/details/"] {
        assert_eq!(shop.visit(&format!("{folder}{token}")).status, 404, "{folder}");
    }
    assert_eq!(shop.visit(&format!("{page}0")).status, 404);
    assert_eq!(now(&shop, &payment)["status"], "requires_action");
}
