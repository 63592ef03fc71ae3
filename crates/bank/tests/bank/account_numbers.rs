//! Parsing: what is accepted, what each refusal says, and that nothing panics.

use bank::AccountNumberError::{self, *};
use bank::{
    AbaRouting, Clabe, GbAccount, INPUT_BYTES_MAX, Iban, SortCode, UsAccount, ZenginAccount,
};
use proptest::prelude::*;

type Parsed = Result<String, AccountNumberError>;

/// Every parser by name, its answer as text; the only place that names them all.
fn parse(kind: &str, input: &str) -> Parsed {
    match kind {
        "iban" => Iban::parse(input).map(|number| number.to_string()),
        "clabe" => Clabe::parse(input).map(|number| number.to_string()),
        "aba_routing" => AbaRouting::parse(input).map(|number| number.to_string()),
        "us_account" => UsAccount::parse(input).map(|number| number.to_string()),
        "sort_code" => SortCode::parse(input).map(|number| number.to_string()),
        "gb_account" => GbAccount::parse(input).map(|number| number.to_string()),
        "zengin_account" => ZenginAccount::parse(input).map(|number| number.to_string()),
        _ => unreachable!("{kind} is no kind of number"),
    }
}

const SAMPLES: [(&str, &str); 8] = [
    ("iban", "DE89370400440532013000"),
    ("iban", "FR1420041010050500013M02606"),
    ("clabe", "032180000118359719"),
    ("aba_routing", "021000021"),
    ("us_account", "000123456789"),
    ("sort_code", "108800"),
    ("gb_account", "12345678"),
    ("zengin_account", "1234567"),
];

/// The example of each SEPA country in the IBAN registry.
const REGISTRY_EXAMPLES: [&str; 42] = [
    "AD1200012030200359100100",
    "AL47212110090000000235698741",
    "AT611904300234573201",
    "BE68539007547034",
    "BG80BNBG96611020345678",
    "CH9300762011623852957",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DE89370400440532013000",
    "DK5000400440116243",
    "EE382200221020145685",
    "ES9121000418450200051332",
    "FI2112345600000785",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GI75NWBK000000007099453",
    "GR1601101250000000012300695",
    "HR1210010051863000160",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IS140159260076545510730339",
    "IT60X0542811101000000123456",
    "LI21088100002324013AA",
    "LT121000011101001000",
    "LU280019400644750000",
    "LV80BANK0000435195001",
    "MC5811222000010123456789030",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "PL61109010140000071219812874",
    "PT50000201231234567890154",
    "RO49AAAA1B31007593840000",
    "RS35260005601001611379",
    "SE4550000000058398257466",
    "SI56263300012039086",
    "SK3112000000198742637541",
    "SM86U0322509800000000270100",
    "VA59001123000012345678",
];

#[test]
fn every_sepa_country_is_known() {
    for iban in REGISTRY_EXAMPLES {
        assert_eq!(parse("iban", iban), Ok(iban.to_owned()));
        assert!(matches!(parse("iban", &iban[..iban.len() - 1]), Err(WrongLength { .. })));
    }
}

#[test]
fn numbers_are_normalised() {
    let check = |kind: &str, input: &str, expected: &str| {
        assert_eq!(parse(kind, input), Ok(expected.to_owned()), "{kind} {input:?}");
    };
    check("iban", " de89 3704 0044 0532 0130 00 ", "DE89370400440532013000");
    check("iban", "fr14 2004 1010 0505 0001 3m02 606", "FR1420041010050500013M02606");
    check("clabe", "032 180 00011835971 9", "032180000118359719");
    check("aba_routing", "0210-0002-1", "021000021");
    check("sort_code", "10-88-00", "108800");
    check("gb_account", "1234 5678", "12345678");
    check("us_account", "1234", "1234");
    check("us_account", "12345678901234567", "12345678901234567");
    check("zengin_account", "0000001", "0000001");
}

#[test]
fn refusals_say_what_is_wrong() {
    let check = |kind: &str, input: &str, error: AccountNumberError, text: &str| {
        assert_eq!(parse(kind, input), Err(error), "{kind} {input:?}");
        assert_eq!(error.to_string(), text);
    };
    let too_long = " ".repeat(INPUT_BYTES_MAX + 1);
    check("iban", &too_long, TooLong, "is longer than 64 bytes");
    let unknown = "does not start with the code of a SEPA country";
    check("iban", "", UnknownCountry, unknown);
    check("iban", "US89370400440532013000", UnknownCountry, unknown);
    let illegal = |position| IllegalCharacter { position };
    check("iban", "DE89 37é", illegal(6), "has an illegal character after 6 characters");
    check(
        "iban",
        "DE8937040044053201300A",
        illegal(21),
        "has an illegal character after 21 characters",
    );
    check("gb_account", "1234567x", illegal(7), "has an illegal character after 7 characters");
    check(
        "zengin_account",
        "\u{ff11}234567",
        illegal(0),
        "has an illegal character after 0 characters",
    );
    let short = WrongLength { min: 22, max: 22, found: 4 };
    check("iban", "DE89", short, "must have 22 characters and has 4");
    let short = WrongLength { min: 4, max: 17, found: 3 };
    check("us_account", "123", short, "must have 4 to 17 characters and has 3");
    let wrong = "has wrong check digits";
    check("iban", "DE88370400440532013000", WrongCheckDigits, wrong);
    check("clabe", "032180000118359718", WrongCheckDigits, wrong);
    check("aba_routing", "021000020", WrongCheckDigits, wrong);
}

#[test]
fn parts_can_be_read() {
    let iban = Iban::parse("NL91ABNA0417164300").expect("valid");
    assert_eq!((iban.country(), iban.bban(), iban.last4()), ("NL", "ABNA0417164300", "4300"));
    assert_eq!(iban.national_digits_hold(), Some(true));
    // A number for tests: the ISO digits hold, the national ones do not, and it is accepted.
    let iban = Iban::parse("FR8420041010050500013M02607").expect("valid");
    assert_eq!(iban.national_digits_hold(), Some(false));
    assert_eq!(UsAccount::parse("000111111113").expect("valid").last4(), "1113");
}

#[test]
fn one_wrong_digit_is_always_found() {
    for (kind, sample) in SAMPLES.into_iter().take(4) {
        for (place, old) in sample.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
            for new in ('0'..='9').filter(|new| *new != old) {
                let mut wrong = sample.to_owned();
                wrong.replace_range(place..=place, new.encode_utf8(&mut [0; 4]));
                assert_eq!(parse(kind, &wrong), Err(WrongCheckDigits), "{wrong}");
            }
        }
    }
}

/// A small fuzzer that always runs: every sample cut, and every byte of it replaced by every
/// other byte. Whatever a parser accepts, it accepts again unchanged.
#[test]
fn broken_samples_never_panic() {
    for (kind, sample) in SAMPLES {
        for cut in 0..sample.len() {
            accepts_or_refuses(kind, &sample.as_bytes()[..cut]);
            accepts_or_refuses(kind, &sample.as_bytes()[cut..]);
            for byte in 0..=u8::MAX {
                let mut broken = sample.as_bytes().to_vec();
                broken[cut] = byte;
                accepts_or_refuses(kind, &broken);
                broken.insert(cut, byte);
                accepts_or_refuses(kind, &broken);
            }
        }
    }
}

fn accepts_or_refuses(kind: &str, bytes: &[u8]) {
    if let Ok(number) = parse(kind, &String::from_utf8_lossy(bytes)) {
        assert_eq!(parse(kind, &number), Ok(number));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text: String, close in "[A-Z]{2}[0-9A-Za-z -]{0,40}") {
        for (kind, _) in SAMPLES {
            accepts_or_refuses(kind, &bytes);
            accepts_or_refuses(kind, text.as_bytes());
            accepts_or_refuses(kind, close.as_bytes());
        }
    }
}
