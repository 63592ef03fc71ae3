//! Virtual accounts: the shape on the wire, valid numbers, and numbers that stay the same.

use std::collections::HashSet;

use bank::AddressType::{self, *};
use bank::check_digits::national_digits_hold;
use bank::{
    AbaRouting, BankProfile, Clabe, EuCountry, FinancialAddress, FundingAddresses, GbAccount, Iban,
    Rail, SortCode, UsAccount, ZenginAccount, addresses, narrow,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Every kind of account that can be made.
const KINDS: [(Rail, Option<EuCountry>); 8] = [
    (Rail::Us, None),
    (Rail::Gb, None),
    (Rail::Eu, Some(EuCountry::De)),
    (Rail::Eu, Some(EuCountry::Fr)),
    (Rail::Eu, Some(EuCountry::Ie)),
    (Rail::Eu, Some(EuCountry::Nl)),
    (Rail::Jp, None),
    (Rail::Mx, None),
];

fn make(rail: Rail, country: Option<EuCountry>, seed: u64) -> FundingAddresses {
    addresses(&BankProfile::default(), rail, country, seed)
}

fn wire(addresses: &[FinancialAddress]) -> Value {
    serde_json::to_value(addresses).expect("plain data")
}

/// Panics unless every number of the account passes the parser of its kind, unchanged.
fn check_numbers(made: &FundingAddresses) {
    for address in wire(&made.financial_addresses).as_array().expect("a list") {
        let kind = address["type"].as_str().expect("text");
        for (name, value) in address[kind].as_object().expect("a hash") {
            let Some(text) = value.as_str() else { continue };
            let parsed = match (kind, name.as_str()) {
                ("aba", "routing_number") => AbaRouting::parse(text).map(|it| it.to_string()),
                ("aba" | "swift", "account_number") => {
                    assert_eq!(text.len(), 12);
                    UsAccount::parse(text).map(|it| it.to_string())
                }
                ("sort_code", "sort_code") => SortCode::parse(text).map(|it| it.to_string()),
                ("sort_code", "account_number") => GbAccount::parse(text).map(|it| it.to_string()),
                ("iban", "iban") => Iban::parse(text).map(|it| it.to_string()),
                ("zengin", "account_number") => ZenginAccount::parse(text).map(|it| it.to_string()),
                ("spei", "clabe") => Clabe::parse(text).map(|it| it.to_string()),
                _ => continue,
            };
            assert_eq!(parsed.as_deref(), Ok(text), "{kind} {name}");
        }
    }
    if made.rail == Rail::Eu {
        let bban = &made.account_key[4..];
        assert_ne!(national_digits_hold(&made.country, bban), Some(false), "{}", made.account_key);
    }
}

#[test]
fn rails_are_found_from_their_names() {
    let check = |rail: Rail, transfer_type: &str, currency: &str| {
        assert_eq!((rail.transfer_type(), rail.currency()), (transfer_type, currency));
        assert_eq!(Rail::from_transfer_type(transfer_type), Some(rail));
        assert_eq!(Rail::for_currency(currency), Some(rail));
    };
    check(Rail::Us, "us_bank_transfer", "usd");
    check(Rail::Gb, "gb_bank_transfer", "gbp");
    check(Rail::Eu, "eu_bank_transfer", "eur");
    check(Rail::Jp, "jp_bank_transfer", "jpy");
    check(Rail::Mx, "mx_bank_transfer", "mxn");
    assert_eq!(Rail::from_transfer_type("ca_bank_transfer"), None);
    assert_eq!(Rail::for_currency("cad"), None);
    for country in EuCountry::ALL {
        assert_eq!(EuCountry::from_code(country.code()), Some(country));
    }
    assert_eq!(["ES", "BE", "de", ""].map(EuCountry::from_code), [None; 4]);
}

/// The numbers of seed 42 for the sandbox bank. They are in the hands of payers: a change that
/// alters them breaks every installation.
#[test]
fn numbers_never_change() {
    let keys = KINDS.map(|(rail, country)| make(rail, country, 42).account_key);
    assert_eq!(
        keys,
        [
            "110099998:054173306511",
            "108800:61385297",
            "DE24100999006149836267",
            "FR7699990000014597491316167",
            "IE82PURS99000132724536",
            "NL69PURS8014348826",
            "9999:001:4008617",
            "999180990164249563",
        ]
    );
}

/// Compares the whole answer for seed 42, both written and read back.
fn check_shape(rail: Rail, country: Option<EuCountry>, key_country: &str, expected: Value) {
    let made = make(rail, country, 42);
    assert_eq!((made.rail, made.country.as_str()), (rail, key_country));
    assert_eq!(wire(&made.financial_addresses), expected);
    let read: Vec<FinancialAddress> = serde_json::from_value(expected).expect("the same shape");
    assert_eq!(read, made.financial_addresses);
}

/// An address of the sandbox: six keys, absent values null.
fn address(city: &str, postal_code: &str, state: Value, country: &str) -> Value {
    json!({"city": city, "country": country, "line1": "1 Sandbox Street", "line2": null,
        "postal_code": postal_code, "state": state})
}

fn dublin() -> Value {
    address("Dublin", "D02 X000", Value::Null, "IE")
}

#[test]
fn the_shape_of_dollar_addresses() {
    let new_york = address("New York", "10001", json!("NY"), "US");
    check_shape(
        Rail::Us,
        None,
        "US",
        json!([
            {"type": "aba", "supported_networks": ["ach", "domestic_wire_us"], "aba": {
                "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                "bank_address": new_york, "bank_name": "Purser Sandbox Bank",
                "account_number": "054173306511", "account_type": "checking",
                "routing_number": "110099998"}},
            {"type": "swift", "supported_networks": ["swift"], "swift": {
                "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                "bank_address": new_york, "bank_name": "Purser Sandbox Bank",
                "account_number": "054173306511", "account_type": "checking",
                "swift_code": "PURSUS30XXX"}},
        ]),
    );
}

#[test]
fn the_shape_of_pound_and_euro_addresses() {
    check_shape(
        Rail::Gb,
        None,
        "GB",
        json!([
            {"type": "sort_code", "supported_networks": ["bacs", "fps"], "sort_code": {
                "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                "bank_address": address("London", "EC1A 1AA", Value::Null, "GB"),
                "account_number": "61385297", "sort_code": "108800"}},
        ]),
    );
    // No country means Ireland.
    for country in [None, Some(EuCountry::Ie)] {
        check_shape(
            Rail::Eu,
            country,
            "IE",
            json!([
                {"type": "iban", "supported_networks": ["sepa"], "iban": {
                    "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                    "bank_address": dublin(), "bic": "PURSIE20XXX", "country": "IE",
                    "iban": "IE82PURS99000132724536"}},
            ]),
        );
    }
}

#[test]
fn the_shape_of_yen_and_peso_addresses() {
    check_shape(
        Rail::Jp,
        None,
        "JP",
        json!([
            {"type": "zengin", "supported_networks": ["zengin"], "zengin": {
                "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                "bank_address": address("Chiyoda-ku", "100-0001", json!("Tokyo"), "JP"),
                "account_number": "4008617", "account_type": "futsu", "bank_code": "9999",
                "bank_name": "Purser Sandbox Bank", "branch_code": "001",
                "branch_name": "Head Office"}},
        ]),
    );
    check_shape(
        Rail::Mx,
        None,
        "MX",
        json!([
            {"type": "spei", "supported_networks": ["spei"], "spei": {
                "account_holder_address": dublin(), "account_holder_name": "Purser sandbox",
                "bank_address": address("Ciudad de México", "06000", json!("CDMX"), "MX"),
                "bank_code": "999", "bank_name": "Purser Sandbox Bank",
                "clabe": "999180990164249563"}},
        ]),
    );
}

#[test]
fn a_country_has_its_own_bank_and_numbers() {
    for country in EuCountry::ALL {
        let made = make(Rail::Eu, Some(country), 1);
        let entry = &wire(&made.financial_addresses)[0]["iban"];
        assert_eq!(made.country, country.code());
        assert_eq!(entry["country"], country.code());
        assert!(made.account_key.starts_with(country.code()));
        assert_eq!(&entry["bic"].as_str().expect("text")[4..6], country.code());
    }
}

#[test]
fn ten_thousand_seeds_hardly_collide() {
    for (rail, country) in KINDS {
        let keys: HashSet<String> =
            (0..10_000).map(|seed| make(rail, country, seed).account_key).collect();
        // Chance alone takes about 5 of the ten million Japanese numbers twice.
        assert!(keys.len() > 9_980, "{rail:?} {country:?}: {} of 10000", keys.len());
    }
}

#[test]
fn requested_types_narrow_the_answer() {
    let us = make(Rail::Us, None, 1).financial_addresses;
    let check = |requested: &[AddressType], expected: &[AddressType]| {
        let kept: Vec<_> = narrow(&us, requested).iter().map(|it| it.address_type()).collect();
        assert_eq!(kept, expected, "{requested:?}");
    };
    check(&[], &[Aba, Swift]);
    check(&[Swift, Aba], &[Aba, Swift]);
    check(&[Swift], &[Swift]);
    check(&[Iban, SortCode, Spei, Zengin], &[]);
    for (rail, country) in KINDS {
        for address in make(rail, country, 1).financial_addresses {
            let kind = address.address_type();
            assert_eq!(json!(kind), wire(std::slice::from_ref(&address))[0]["type"]);
            assert_eq!(narrow(std::slice::from_ref(&address), &[kind]), [address]);
        }
    }
}

proptest! {
    #[test]
    fn every_number_is_valid_and_the_same_again(seed: u64) {
        for (rail, country) in KINDS {
            let made = make(rail, country, seed);
            check_numbers(&made);
            let again = make(rail, country, seed);
            prop_assert_eq!(&made.account_key, &again.account_key);
            let bytes = |made: &FundingAddresses| wire(&made.financial_addresses).to_string();
            prop_assert_eq!(bytes(&made), bytes(&again));
        }
    }

    #[test]
    fn a_valid_profile_makes_valid_numbers(
        seed: u64,
        digits in "[0-9]{8}",
        letters in "[A-Z]{4}",
    ) {
        let mut profile = BankProfile::default();
        profile.gb.sort_code = digits[..6].to_owned();
        profile.eu.de.bank_code = digits.clone();
        profile.eu.fr.bank_code = digits[..5].to_owned();
        profile.eu.fr.branch_code = digits[3..].to_owned();
        profile.eu.ie.bank_code = letters.clone();
        profile.eu.ie.branch_code = digits[2..].to_owned();
        profile.eu.nl.bank_code = letters;
        profile.jp.bank_code = digits[..4].to_owned();
        profile.jp.branch_code = digits[4..7].to_owned();
        profile.mx.bank_code = digits[..3].to_owned();
        profile.mx.plaza = digits[3..6].to_owned();
        prop_assert_eq!(profile.validate(), Ok(()));
        for (rail, country) in KINDS {
            check_numbers(&addresses(&profile, rail, country, seed));
        }
    }
}
