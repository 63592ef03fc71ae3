//! Check digits against published numbers.

use bank::check_digits::*;

#[test]
fn iban_digits_are_computed_and_compared() {
    let check = |iban: &str| {
        let digits = iban_check_digits(&iban[..2], &iban[4..]);
        assert_eq!(digits.as_deref(), Some(&iban[2..4]), "{iban}");
        assert!(iban_holds(iban), "{iban}");
    };
    check("DE89370400440532013000");
    check("GB82WEST12345698765432");
    check("FR1420041010050500013M02606");
    check("NL91ABNA0417164300");
    check("IE29AIBK93115212345678");
}

#[test]
fn an_iban_has_only_one_pair_of_check_digits() {
    let check = |bban: &str, issued: &str| {
        let holding = (0..100).map(|digits| format!("{digits:02}"));
        let holding = holding.filter(|digits| iban_holds(&format!("DE{digits}{bban}")));
        assert_eq!(holding.collect::<Vec<_>>(), [issued]);
    };
    check("370400440532013000", "89");
    // The pair that is 97 more or less leaves the remainder 1 as well, but is never issued.
    let bban_with = |digits: &str| {
        let mut bbans = (0..10_000).map(|account| format!("37040044053201{account:04}"));
        let found = bbans.find(|bban| iban_check_digits("DE", bban).as_deref() == Some(digits));
        found.expect("one account in 97 has them")
    };
    for issued in ["02", "97", "98"] {
        check(&bban_with(issued), issued);
    }
}

#[test]
fn aba_digits() {
    for routing_number in ["021000021", "110000000", "011401533"] {
        assert!(aba_holds(routing_number), "{routing_number}");
        let last = u32::from(routing_number.as_bytes()[8] - b'0');
        assert_eq!(aba_check_digit(&routing_number[..8]), Some(last));
    }
    for wrong in ["021000022", "02100002", "0210000210", "02100002A", ""] {
        assert!(!aba_holds(wrong), "{wrong}");
    }
}

#[test]
fn clabe_digits() {
    for clabe in ["032180000118359719", "002010077777777771"] {
        assert!(clabe_holds(clabe), "{clabe}");
    }
    for wrong in ["032180000118359718", "03218000011835971", "0321800001183597190", ""] {
        assert!(!clabe_holds(wrong), "{wrong}");
    }
    assert_eq!(clabe_control_digit("03218000011835971"), Some(9));
}

#[test]
fn national_digits() {
    let check = |iban: &str, expected: Option<bool>| {
        assert_eq!(national_digits_hold(&iban[..2], &iban[4..]), expected, "{iban}");
    };
    check("FR1420041010050500013M02606", Some(true));
    check("FR1420041010050500013M02607", Some(false));
    check("MC5811222000010123456789030", Some(true));
    check("NL91ABNA0417164300", Some(true));
    check("NL91ABNA0417164301", Some(false));
    check("BE68539007547034", Some(true));
    check("BE68539007547035", Some(false));
    check("ES9121000418450200051332", Some(true));
    check("ES9121000418460200051332", Some(false));
    check("DE89370400440532013000", None);
    check("IE29AIBK93115212345678", None);
    check("GB82WEST12345698765432", None);
}

#[test]
fn national_digits_at_their_edges() {
    assert_eq!(rib_key("20041010050500013M026"), Some(6));
    assert_eq!(rib_key("000000000000000000000"), Some(97));
    assert_eq!(belgian_check_number("5390075470"), Some(34));
    assert_eq!(belgian_check_number("0000000097"), Some(97));
    assert_eq!(spanish_control_digits("21000418", "0200051332"), Some(45));
    assert_eq!(eleven_test_digit("041716430"), Some(0));
    // 1 * 10 leaves 10, so the digit is 1; 6 * 2 leaves 1, so the digit would be 10.
    assert_eq!(eleven_test_digit("100000000"), Some(1));
    assert_eq!(eleven_test_digit("000000006"), None);
}

#[test]
fn other_text_has_no_check_digits() {
    for text in ["", "1", "ééééééééééééééééé", "\u{0}\u{ff}", "ABCDEFGHIJKLMNOPQRSTU", "a b"]
    {
        assert_eq!(aba_check_digit(text), None, "{text}");
        assert_eq!(clabe_control_digit(text), None, "{text}");
        assert_eq!(eleven_test_digit(text), None, "{text}");
        assert_eq!(belgian_check_number(text), None, "{text}");
        assert_eq!(spanish_control_digits(text, text), None, "{text}");
        assert!(!iban_holds(text) && !aba_holds(text) && !clabe_holds(text), "{text}");
        for country in ["FR", "MC", "NL", "BE", "ES"] {
            assert_eq!(national_digits_hold(country, text), Some(false), "{country} {text}");
        }
    }
    assert_eq!(iban_check_digits("DE", "12 34"), None);
    assert_eq!(rib_key("20041010050500013m026"), None);
}
