//! The parameters of payments, as tables.

use books::payment_intent::{IntentShipping, TransferOptions};

use super::*;
use crate::api::form::parse_form;
use crate::api::params::{Param, read_all};

const PAY: &str = "amount=1000&currency=usd&customer=cus_1";
const OPTIONS: &str = "payment_method_options[customer_balance]";

/// What is wrong, as `param code`; nothing where nothing is.
fn fault<T: Param>(form: &str) -> String {
    let Err(ParamError { param, code, .. }) = read_all::<T>(&parse_form(form.as_bytes()).unwrap())
    else {
        return String::new();
    };
    let words = [param.as_deref().unwrap_or_default(), code.unwrap_or_default()];
    words.join(" ").trim().to_owned()
}

#[track_caller]
fn check_create(table: &[(&str, &str)]) {
    for (more, want) in table {
        assert_eq!(fault::<Create>(&format!("{PAY}&{more}")), *want, "{more}");
    }
}

#[test]
fn what_a_payment_must_say() {
    for (form, want) in [
        (PAY, ""),
        ("currency=usd&customer=cus_1", "amount parameter_missing"),
        ("amount=1000&customer=cus_1", "currency parameter_missing"),
        // A card needs no customer, a cash balance does.
        ("amount=1000&currency=usd", ""),
        (
            "amount=1000&currency=usd&payment_method_types[]=customer_balance",
            "customer parameter_missing",
        ),
        (
            "amount=1000&currency=usd&payment_method_data[type]=customer_balance",
            "customer parameter_missing",
        ),
        ("amount=0&currency=usd&customer=cus_1", "amount parameter_invalid_integer"),
        ("amount=-5&currency=usd&customer=cus_1", "amount parameter_invalid_integer"),
        ("amount=10.5&currency=usd&customer=cus_1", "amount parameter_invalid_integer"),
        // What is too little or too much depends on the currency: that is for the books.
        ("amount=49&currency=usd&customer=cus_1", ""),
        ("amount=100000000&currency=usd&customer=cus_1", ""),
        ("amount=1000&currency=abc&customer=cus_1", "currency"),
    ] {
        assert_eq!(fault::<Create>(form), want, "{form}");
    }
}

#[test]
fn cards_and_cash_balances_pay() {
    check_create(&[
        ("payment_method_types[]=customer_balance", ""),
        ("payment_method_types[]=card", ""),
        ("payment_method_types[]=customer_balance&payment_method_types[]=card", ""),
        ("payment_method_types[]=card&payment_method_types[]=link", "payment_method_types[1]"),
        ("payment_method_types=", "payment_method_types parameter_invalid_empty"),
        ("allowed_payment_method_types[]=customer_balance", ""),
        ("allowed_payment_method_types[]=card", ""),
        ("allowed_payment_method_types[]=link", "allowed_payment_method_types[0]"),
        ("automatic_payment_methods[enabled]=true", ""),
        (
            "automatic_payment_methods[enabled]=true\
             &automatic_payment_methods[allow_redirects]=never",
            "",
        ),
        (
            "automatic_payment_methods[enabled]=true&payment_method_types[]=customer_balance",
            "automatic_payment_methods parameters_exclusive",
        ),
        ("automatic_payment_methods[enabled]=false&payment_method_types[]=customer_balance", ""),
        ("payment_method_data[type]=customer_balance&confirm=true", ""),
        ("payment_method_data[type]=card", "payment_method_data[card] parameter_missing"),
        ("payment_method_data[type]=card&payment_method_data[card][token]=tok_visa", ""),
        ("payment_method_data[type]=link", "payment_method_data[type]"),
        (
            "payment_method_data[type]=customer_balance\
             &payment_method_data[card][token]=tok_visa",
            "payment_method_data[card]",
        ),
        (
            "payment_method_data[type]=customer_balance&payment_method_data[metadata][a]=1",
            "payment_method_data[metadata]",
        ),
        ("payment_method=pm_1", ""),
        (
            "payment_method=pm_1&payment_method_data[type]=customer_balance",
            "payment_method parameters_exclusive",
        ),
        ("payment_method_options[card][request_three_d_secure]=any", ""),
        ("payment_method_options[card][capture_method]=manual", ""),
        (
            "payment_method_options[card][capture_method]=automatic",
            "payment_method_options[card][capture_method]",
        ),
        ("payment_method_options[card][moto]=true", "payment_method_options[card][moto]"),
        ("capture_method=automatic_async", ""),
        ("capture_method=manual", ""),
        ("capture_method=later", "capture_method"),
        ("confirmation_method=automatic", ""),
        ("confirmation_method=manual", "confirmation_method"),
        ("off_session=false", ""),
        ("off_session=true", ""),
        ("off_session=recurring", ""),
        ("off_session=maybe", "off_session"),
        ("setup_future_usage=off_session", ""),
        ("setup_future_usage=never", "setup_future_usage"),
        ("return_url=https://shop.example/back?a=1#top", ""),
        ("return_url=http://127.0.0.1:4242/", ""),
        ("return_url=http://[::1]:4242", ""),
        ("return_url=shop://back", "return_url url_invalid"),
        ("return_url=javascript:alert(1)", "return_url url_invalid"),
        ("return_url=//shop.example", "return_url url_invalid"),
        ("return_url=https://a@shop.example/", "return_url url_invalid"),
        ("return_url=https://shop.example;x/", "return_url url_invalid"),
        ("return_url=https://", "return_url url_invalid"),
        ("return_url=https://shop.example/%250d%250aX", ""),
        ("return_url=https://shop.example/%0d%0aX", "return_url url_invalid"),
        ("return_url=https://shop.example/%C3%A9 b", "return_url url_invalid"),
        ("mandate_data[customer_acceptance][type]=offline", "mandate_data"),
        ("foo=1", "foo parameter_unknown"),
    ]);
}

#[test]
fn a_cash_balance_pays_at_once_and_only_once() {
    let cash = "payment_method_types[]=customer_balance";
    for (more, want) in [
        ("capture_method=manual", "capture_method"),
        ("off_session=true", "off_session"),
        ("off_session=one_off", "off_session"),
        ("setup_future_usage=off_session", "setup_future_usage"),
        ("setup_future_usage=", ""),
    ] {
        check_create(&[(&format!("{cash}&{more}"), want)]);
        check_create(&[(&format!("payment_method_data[type]=customer_balance&{more}"), want)]);
    }
}

#[test]
fn a_transfer_fits_its_payment() {
    let us = "[funding_type]=bank_transfer";
    let rail = |rail: &str| format!("{OPTIONS}{us}&{OPTIONS}[bank_transfer][type]={rail}");
    let missing = format!("{OPTIONS}[bank_transfer][type]");
    let country = format!("{OPTIONS}[bank_transfer][eu_bank_transfer][country]");
    check_create(&[
        (&rail("us_bank_transfer"), ""),
        (&rail("gb_bank_transfer"), &missing),
        (&format!("{OPTIONS}{us}"), &format!("{missing} parameter_missing")),
        (&rail("eu_bank_transfer"), &format!("{country} parameter_missing")),
        (&format!("{}&{country}=ES", rail("eu_bank_transfer")), &country),
        (&format!("{}&{country}=DE", rail("eu_bank_transfer")), &missing),
        (
            &format!("{OPTIONS}[setup_future_usage]=on_session"),
            &format!("{OPTIONS}[setup_future_usage]"),
        ),
    ]);
    // A currency without any rail is the books' to refuse, and so is the currency of an intent
    // that an update does not name.
    let unknown = format!("amount=1&currency=cad&customer=cus_1&{}", rail("us_bank_transfer"));
    assert_eq!(fault::<Create>(&unknown), "");
    assert_eq!(fault::<Update>(&rail("gb_bank_transfer")), "");
    assert_eq!(fault::<Update>(&format!("{}&currency=usd", rail("gb_bank_transfer"))), missing);
}

#[test]
fn confirmations() {
    for (form, want) in [
        ("", ""),
        ("payment_method=pm_1&return_url=https://a.example", ""),
        ("payment_method_data[type]=customer_balance&shipping=&receipt_email=", ""),
        (
            "payment_method=pm_1&payment_method_data[type]=customer_balance",
            "payment_method parameters_exclusive",
        ),
        ("amount_to_confirm=5", "amount_to_confirm"),
        ("off_session=true&use_stripe_sdk=true&error_on_requires_action=true", ""),
        ("capture_method=manual", ""),
    ] {
        assert_eq!(fault::<Confirm>(form), want, "{form}");
    }
}

#[test]
fn edits_are_what_was_sent() {
    let form = format!(
        "description=&shipping[name]=Ada&shipping[address][city]=Ulm&metadata[a]=&{OPTIONS}=\
         &payment_method_data[type]=customer_balance&payment_method_data[billing_details][name]=Ada"
    );
    let params: Update = read_all(&parse_form(form.as_bytes()).unwrap()).unwrap();
    let mut edits = Edits::default();
    edits.options(params.payment_method_options);
    edits.0.extend(params.payment_method_data.and_then(|data| data.cash()).map(IntentEdit::Method));
    edits.profile(params.profile);
    let shipping = IntentShipping {
        name: "Ada".into(),
        address: books::customer::Address { city: Some("Ulm".into()), ..Default::default() },
        ..IntentShipping::default()
    };
    let details =
        books::payment_intent::BillingDetails { name: Some("Ada".into()), ..Default::default() };
    assert_eq!(
        edits.0,
        [
            IntentEdit::Transfer(None),
            IntentEdit::Method(details),
            IntentEdit::Description(None),
            IntentEdit::Shipping(Some(shipping)),
            IntentEdit::Metadata(Some([("a".to_owned(), None)].into())),
        ]
    );
    let form = format!(
        "{OPTIONS}[funding_type]=bank_transfer&{OPTIONS}[bank_transfer][type]=us_bank_transfer"
    );
    let params: Update = read_all(&parse_form(form.as_bytes()).unwrap()).unwrap();
    let mut edits = Edits::default();
    edits.options(params.payment_method_options);
    let usual = TransferOptions::usual(books::Currency::USD);
    assert_eq!(edits.0, [IntentEdit::Transfer(usual)]);
}

const US: &str = "customer_balance[bank_transfer][type]=us_bank_transfer";

#[test]
fn a_transfer_is_awaited_with_funding_type_and_rail() {
    let (both, usage) = (
        format!("customer_balance[funding_type]=bank_transfer&{US}"),
        format!("{US}&customer_balance[setup_future_usage]=none"),
    );
    for (form, want) in [
        (both.as_str(), ""),
        ("customer_balance=", ""),
        ("customer_balance[setup_future_usage]=none", ""),
        ("customer_balance[setup_future_usage]=", ""),
        (
            "customer_balance[setup_future_usage]=off_session",
            "customer_balance[setup_future_usage]",
        ),
        (&usage, "customer_balance[funding_type] parameter_missing"),
        (
            "customer_balance[funding_type]=bank_transfer",
            "customer_balance[bank_transfer][type] parameter_missing",
        ),
        (
            "customer_balance[funding_type]=bank_transfer\
             &customer_balance[bank_transfer][requested_address_types][]=aba",
            "customer_balance[bank_transfer][type] parameter_missing",
        ),
        (
            "customer_balance[funding_type]=bank_transfer\
             &customer_balance[bank_transfer][type]=eu_bank_transfer",
            "customer_balance[bank_transfer][eu_bank_transfer][country] parameter_missing",
        ),
        ("customer_balance[funding_type]=card", "customer_balance[funding_type]"),
        ("card[request_three_d_secure]=any", ""),
        ("card[request_three_d_secure]=never", "card[request_three_d_secure]"),
        ("card[installments][enabled]=true", "card[installments]"),
        ("cash[a]=1", "cash parameter_unknown"),
    ] {
        assert_eq!(fault::<MethodOptions>(form), want, "{form}");
    }
}
