//! The bank profile: its defaults, how configuration replaces parts of it, and its refusals.

use bank::BankProfile;
use serde_json::{Value, json};

/// Reads the profile and names what is wrong with it: the answer of `serde` or of `validate`.
fn check(profile: Value) -> Result<BankProfile, String> {
    let profile: BankProfile =
        serde_json::from_value(profile).map_err(|error| error.to_string())?;
    profile.validate().map_err(|error| error.to_string())?;
    Ok(profile)
}

/// The default profile with one field changed, given by its path.
fn with(path: &str, value: Value) -> Value {
    let mut profile = serde_json::to_value(BankProfile::default()).expect("plain data");
    *profile.pointer_mut(path).expect("a path of the profile") = value;
    profile
}

#[test]
fn the_sandbox_bank_is_valid_and_survives_a_round_trip() {
    assert_eq!(check(json!({})), Ok(BankProfile::default()));
    let written = serde_json::to_value(BankProfile::default()).expect("plain data");
    assert_eq!(check(written), Ok(BankProfile::default()));
}

#[test]
fn one_bank_is_replaced_and_the_others_stay() {
    let gb = json!({"bank_address": {"city": "Leeds"}, "sort_code": "040004"});
    let profile = check(json!({"gb": gb})).expect("valid");
    assert_eq!(profile.gb.sort_code, "040004");
    assert_eq!(profile.gb.bank_address.line1, None);
    assert_eq!(profile.us, BankProfile::default().us);
    let de = json!({"bank_address": {}, "bic": "COBADEFFXXX", "bank_code": "37040044"});
    let profile = check(json!({"eu": {"de": de}})).expect("valid");
    assert_eq!(profile.eu.de.bank_code, "37040044");
    assert_eq!(profile.eu.fr, BankProfile::default().eu.fr);
}

#[test]
fn configuration_is_refused_when_it_is_not_understood() {
    let check = |profile: Value, part: &str| {
        let error = check(profile).expect_err("not understood");
        assert!(error.contains(part), "{error}");
    };
    check(json!({"usa": {}}), "unknown field `usa`");
    check(json!({"gb": {"sort_code": "108800"}}), "missing field `bank_address`");
    check(json!({"eu": {"be": {}}}), "unknown field `be`");
    check(with("/us/account_type", json!("futsu")), "unknown variant `futsu`");
}

/// The field, a wrong value for it, and what the refusal says after the field's name.
const WRONG: &str = "
    account_holder.name             |             | be 1 to 140 characters on one line
    us.bank_name                    | a\u{7}b     | be 1 to 140 characters on one line
    gb.bank_address.line2           |             | be 1 to 140 characters on one line
    account_holder.address.country  | ie          | be a country code of two capital letters
    us.routing_number               | 11009999    | be 9 digits
    us.routing_number               | 110099999   | end in the right check digit
    us.swift_code                   | PURSUS3     | be a BIC of 8 or 11 capital letters and digits
    eu.nl.bic                       | PURSN1A0XXX | be a BIC of 8 or 11 capital letters and digits
    gb.sort_code                    | 10-88-00    | be 6 digits
    eu.de.bank_code                 | 1009990     | be 8 digits
    eu.fr.bank_code                 | 9999A       | be 5 digits
    eu.ie.bank_code                 | PUR1        | be 4 capital letters
    eu.nl.bank_code                 | purs        | be 4 capital letters
    eu.fr.branch_code               |             | be 5 digits
    eu.ie.branch_code               | 12345       | be 6 digits
    eu.de.branch_code               | 1           | be left out, because these IBANs name no branch
    eu.nl.branch_code               | 1           | be left out, because these IBANs name no branch
    jp.bank_code                    | 99999       | be 4 digits
    jp.branch_code                  | 00é         | be 3 digits
    mx.bank_code                    | 99          | be 3 digits
    mx.plaza                        | ٣٣٣         | be 3 digits
";

#[test]
fn wrong_fields_are_named() {
    for line in WRONG.lines().skip(1) {
        let [field, value, must] = line.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("not three columns: {line}");
        };
        let path = format!("/{}", field.replace('.', "/"));
        let expected = format!("bank profile: {field} must {must}");
        assert_eq!(check(with(&path, json!(value))), Err(expected));
    }
    let long = check(with("/jp/bank_name", json!("x".repeat(141)))).expect_err("too long");
    assert_eq!(long, "bank profile: jp.bank_name must be 1 to 140 characters on one line");
}
