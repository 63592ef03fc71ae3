//! Check digits: the arithmetic that catches mistyped account numbers.
//!
//! Every function takes text and answers `None` or `false` when the text has the wrong length or
//! holds anything but the expected digits and capital letters, so none of them can panic. Each is
//! one pass over its input with a running remainder: no big numbers, no table larger than a line.
//!
//! What is missing, is missing for a reason. In Germany and the United Kingdom each bank picks its
//! own method for the digits inside an account number, from lists that change every few months; a
//! program without those lists cannot judge them. Ireland has no national check digit at all.

const WEIGHTS_ABA: [u32; 9] = [3, 7, 1, 3, 7, 1, 3, 7, 1];
const WEIGHTS_CLABE: [u32; 17] = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7];
const WEIGHTS_ELEVEN_TEST: [u32; 9] = [10, 9, 8, 7, 6, 5, 4, 3, 2];
const WEIGHTS_SPAIN: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];

/// The two check digits of an IBAN, `02` to `98`, by ISO 7064 mod 97-10.
///
/// `country` is the two letter code and `bban` everything after the check digits.
pub fn iban_check_digits(country: &str, bban: &str) -> Option<String> {
    let moved = bban.bytes().chain(country.bytes()).chain(*b"00");
    Some(format!("{:02}", 98 - remainder_97(moved)?))
}

/// Whether an IBAN without spaces carries its own check digits.
///
/// The digits are computed and compared rather than tested for remainder 1, because the remainder
/// alone would also accept `00`, `01` and `99`, which no bank issues.
pub fn iban_holds(iban: &str) -> bool {
    let parts = (iban.get(..2), iban.get(2..4), iban.get(4..));
    let (Some(country), Some(given), Some(bban)) = parts else {
        return false;
    };
    iban_check_digits(country, bban).is_some_and(|computed| computed == given)
}

/// The ninth digit of an ABA routing number, from its first eight digits.
pub fn aba_check_digit(first_eight: &str) -> Option<u32> {
    weighted_sum(first_eight, &WEIGHTS_ABA[..8]).map(to_next_ten)
}

/// Whether a routing number is nine digits whose 3-7-1 sum is a multiple of ten.
pub fn aba_holds(routing_number: &str) -> bool {
    weighted_sum(routing_number, &WEIGHTS_ABA).is_some_and(|sum| sum.is_multiple_of(10))
}

/// The control digit of a CLABE, from its first seventeen digits.
pub fn clabe_control_digit(first_seventeen: &str) -> Option<u32> {
    weighted_sum(first_seventeen, &WEIGHTS_CLABE).map(to_next_ten)
}

/// Whether a CLABE is eighteen digits of which the last is the control digit.
pub fn clabe_holds(clabe: &str) -> bool {
    let parts = clabe.split_at_checked(17);
    parts.is_some_and(|(body, given)| is_number(given, clabe_control_digit(body), 1))
}

/// The French RIB key, 1 to 97, from the 21 characters of bank, branch and account.
///
/// Letters count as digits here (A and J are 1, B, K and S are 2 and so on), not as the two digit
/// numbers of an IBAN.
pub fn rib_key(first_21: &str) -> Option<u32> {
    if first_21.len() != 21 {
        return None;
    }
    let digits: Option<Vec<u8>> = first_21.bytes().map(rib_digit).collect();
    Some(97 - remainder_97(digits?.into_iter().chain(*b"00"))?)
}

/// The last digit of a Dutch account number, from its first nine digits, by the eleven test.
///
/// One number in eleven has no such digit and is not issued: the answer is then `None`.
pub fn eleven_test_digit(first_nine: &str) -> Option<u32> {
    let sum = weighted_sum(first_nine, &WEIGHTS_ELEVEN_TEST)?;
    Some((11 - sum % 11) % 11).filter(|digit| *digit < 10)
}

/// The Belgian check number, 1 to 97, from the ten digits of bank and account.
pub fn belgian_check_number(first_ten: &str) -> Option<u32> {
    weighted_sum(first_ten, &[0; 10])?;
    let remainder = remainder_97(first_ten.bytes())?;
    Some(if remainder == 0 { 97 } else { remainder })
}

/// The two Spanish control digits, 0 to 99, from the eight digits of bank and branch and the ten
/// of the account.
pub fn spanish_control_digits(bank_and_branch: &str, account: &str) -> Option<u32> {
    let control = |sum: u32| match 11 - sum % 11 {
        11 => 0,
        10 => 1,
        digit => digit,
    };
    let first = control(weighted_sum(bank_and_branch, &WEIGHTS_SPAIN[2..])?);
    let second = control(weighted_sum(account, &WEIGHTS_SPAIN)?);
    Some(first * 10 + second)
}

/// Whether the national check digits inside a BBAN hold; `None` where the country has none that
/// can be judged, which is every country but BE, ES, FR, MC and NL.
///
/// A hint and not a reason to refuse: old Dutch giro accounts never passed the eleven test, and
/// published test IBANs often keep the ISO digits while breaking the national ones.
pub fn national_digits_hold(country: &str, bban: &str) -> Option<bool> {
    let part = |from: usize, to: usize| bban.get(from..to).unwrap_or("");
    let rest = |from: usize| bban.get(from..).unwrap_or("");
    match country {
        "BE" => Some(is_number(rest(10), belgian_check_number(part(0, 10)), 2)),
        "ES" => {
            let computed = spanish_control_digits(part(0, 8), rest(10));
            Some(is_number(part(8, 10), computed, 2))
        }
        "FR" | "MC" => Some(is_number(rest(21), rib_key(part(0, 21)), 2)),
        "NL" => Some(is_number(rest(13), eleven_test_digit(part(4, 13)), 1)),
        _ => None,
    }
}

/// The remainder modulo 97 of the number that the characters spell, where `A` is 10 and `Z` is 35.
fn remainder_97(characters: impl Iterator<Item = u8>) -> Option<u32> {
    characters.into_iter().try_fold(0, |remainder: u32, byte| match byte {
        b'0'..=b'9' => Some((remainder * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((remainder * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    })
}

/// The sum of each digit times its weight; `None` unless there is exactly one digit per weight.
fn weighted_sum(digits: &str, weights: &[u32]) -> Option<u32> {
    if digits.len() != weights.len() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.bytes().zip(weights).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum())
}

fn to_next_ten(sum: u32) -> u32 {
    (10 - sum % 10) % 10
}

fn is_number(given: &str, computed: Option<u32>, width: usize) -> bool {
    computed.is_some_and(|number| format!("{number:0width$}") == given)
}

fn rib_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte),
        b'A'..=b'I' => Some(byte - b'A' + b'1'),
        b'J'..=b'R' => Some(byte - b'J' + b'1'),
        b'S'..=b'Z' => Some(byte - b'S' + b'2'),
        _ => None,
    }
}
