//! Card numbers: published test numbers, typing mistakes, and anything at all.

use bank::card_number::{CardNumber, CardNumberError, HIDDEN, Scheme, hidden};
use proptest::prelude::*;

#[test]
fn numbers_are_read_as_people_write_them() {
    use CardNumberError::{NoNumber, WrongCheckDigit, WrongLength};
    let cases = [
        ("4242424242424242", Ok(("4242424242424242", Some(Scheme::Visa), 3))),
        ("4242 4242 4242 4242", Ok(("4242424242424242", Some(Scheme::Visa), 3))),
        (" 4242-4242-4242-4242 ", Ok(("4242424242424242", Some(Scheme::Visa), 3))),
        ("3782 822463 10005", Ok(("378282246310005", Some(Scheme::Amex), 4))),
        ("5555555555554444", Ok(("5555555555554444", Some(Scheme::Mastercard), 3))),
        ("2223003122003222", Ok(("2223003122003222", Some(Scheme::Mastercard), 3))),
        ("6011111111111117", Ok(("6011111111111117", Some(Scheme::Discover), 3))),
        ("3056930009020004", Ok(("3056930009020004", Some(Scheme::Diners), 3))),
        ("36227206271667", Ok(("36227206271667", Some(Scheme::Diners), 3))),
        ("3566002020360505", Ok(("3566002020360505", Some(Scheme::Jcb), 3))),
        ("6200000000000005", Ok(("6200000000000005", Some(Scheme::Unionpay), 3))),
        ("6205500000000000004", Ok(("6205500000000000004", Some(Scheme::Unionpay), 3))),
        ("4242424242424241", Err(WrongCheckDigit)),
        ("424242424242", Err(WrongLength)),
        ("42424242424242424242", Err(WrongLength)),
        ("", Err(WrongLength)),
        ("0", Err(WrongLength)),
        ("4242.4242.4242.4242", Err(NoNumber)),
        ("4242 4242 4242 424é", Err(NoNumber)),
        ("４２４２４２４２４２４２４２４２", Err(NoNumber)),
        ("tok_visa", Err(NoNumber)),
    ];
    for (text, want) in cases {
        let got = CardNumber::parse(text);
        let got = got.as_ref().map(|it| (it.digits(), it.scheme(), it.cvc_digits()));
        assert_eq!(got, want.as_ref().map(|it| *it), "{text}");
    }
    assert_eq!(CardNumber::parse(&"4".repeat(65)), Err(NoNumber));
}

#[test]
fn one_wrong_digit_and_two_that_changed_places_are_found() {
    let sample = "4000056655665556";
    for (place, old) in sample.char_indices() {
        for new in ('0'..='9').filter(|new| *new != old) {
            let mut wrong = sample.to_owned();
            wrong.replace_range(place..=place, new.encode_utf8(&mut [0; 4]));
            assert!(CardNumber::parse(&wrong).is_err(), "{wrong}");
        }
    }
    assert!(CardNumber::parse("4000065655665556").is_err());
}

#[test]
fn a_number_does_not_show() {
    let number = CardNumber::parse("4242 4242 4242 4242").unwrap();
    assert_eq!(format!("{number:?}"), "CardNumber(...4242)");
    for (text, want) in [
        ("No such source: '4242424242424242'", "No such source: '[redacted]'"),
        ("4242 4242 4242 4242, 123", "[redacted], 123"),
        ("a 4242-4242-4242-4242 b 378282246310005", "a [redacted] b [redacted]"),
        ("4242424242424241 is none", "4242424242424241 is none"),
        ("amount 99999999, at most", "amount 99999999, at most"),
        ("zwölf 4242424242424242é", "zwölf [redacted]é"),
        ("- - 1 - 2", "- - 1 - 2"),
        ("", ""),
    ] {
        assert_eq!(hidden(text), want);
    }
}

proptest! {
    #[test]
    fn no_text_panics(
        bytes: Vec<u8>,
        text: String,
        close in "[ -]{0,3}[0-9 -]{0,40}[a-zé]?",
    ) {
        for text in [&*String::from_utf8_lossy(&bytes), &text, &close] {
            let before = text.matches(HIDDEN).count();
            if let Ok(number) = CardNumber::parse(text) {
                prop_assert_eq!(CardNumber::parse(number.digits()), Ok(number.clone()));
                let shown = format!("{:?}", number);
                prop_assert!(!shown.contains(number.digits()));
                prop_assert!(!hidden(number.digits()).contains(number.digits()));
            }
            let shown = hidden(text);
            let hid = shown.matches(HIDDEN).count() - before;
            prop_assert_eq!(hid == 0, *shown == *text);
        }
    }
}
