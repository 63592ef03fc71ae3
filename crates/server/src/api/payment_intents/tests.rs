//! The parameters of payments, as tables.

use books::payment_intent::TransferOptions;

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
        ("amount=1000&currency=usd", "customer parameter_missing"),
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
fn only_the_cash_balance_pays_and_at_once() {
    check_create(&[
        ("payment_method_types[]=customer_balance", ""),
        ("payment_method_types[]=card", "payment_method_types[0]"),
        (
            "payment_method_types[]=customer_balance&payment_method_types[]=card",
            "payment_method_types[1]",
        ),
        ("payment_method_types=", "payment_method_types parameter_invalid_empty"),
        ("allowed_payment_method_types[]=customer_balance", ""),
        ("allowed_payment_method_types[]=card", "allowed_payment_method_types[0]"),
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
        ("payment_method_data[type]=card", "payment_method_data[type]"),
        ("payment_method=pm_1", "payment_method"),
        (
            "payment_method_options[card][request_three_d_secure]=any",
            "payment_method_options[card]",
        ),
        ("capture_method=automatic_async", ""),
        ("capture_method=manual", "capture_method"),
        ("confirmation_method=automatic", ""),
        ("confirmation_method=manual", "confirmation_method"),
        ("off_session=false", ""),
        ("off_session=true", "off_session"),
        ("off_session=recurring", "off_session"),
        ("setup_future_usage=off_session", "setup_future_usage"),
        ("mandate_data[customer_acceptance][type]=offline", "mandate_data"),
        ("foo=1", "foo parameter_unknown"),
    ]);
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
        ("off_session=true", "off_session"),
        ("capture_method=manual", "capture_method"),
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
    edits.method(params.payment_method_options, params.payment_method_data);
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
    edits.method(params.payment_method_options, params.payment_method_data);
    let usual = TransferOptions::usual(books::Currency::USD);
    assert_eq!(edits.0, [IntentEdit::Transfer(usual)]);
}
