//! Card numbers as people type them: text of any kind in, a checked number out.
//!
//! A [`CardNumber`] is digits only and its last digit holds (ISO/IEC 7812, the Luhn formula); there
//! is no other way to make one. Nothing here shows a number again by accident: errors do not
//! repeat what was typed, and `Debug` tells the last four digits only. Input over
//! [`INPUT_BYTES_MAX`] is refused before it is read, and no input panics.

use std::borrow::Cow;
use std::fmt;

/// The longest input that is looked at, in bytes, separators included.
pub const INPUT_BYTES_MAX: usize = 64;

/// The fewest digits of a card number.
pub const DIGITS_MIN: usize = 12;

/// The most digits of a card number.
pub const DIGITS_MAX: usize = 19;

/// Stands where a card number was hidden.
pub const HIDDEN: &str = "[redacted]";

/// A card number that was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber(String);

/// Why text is not a card number. None of them tells what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardNumberError {
    /// It has other characters than digits, spaces and hyphens, or far too many.
    NoNumber,
    /// It has fewer than [`DIGITS_MIN`] digits, more than [`DIGITS_MAX`], or not as many as the
    /// scheme that its first digits name.
    WrongLength,
    /// The last digit does not match the rest: most likely a typing mistake.
    WrongCheckDigit,
}

/// The scheme that the first digits of a number name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the scheme with its name")]
pub enum Scheme {
    Amex,
    Diners,
    Discover,
    Jcb,
    Mastercard,
    Unionpay,
    Visa,
}

impl CardNumber {
    /// Drops spaces and hyphens, as cards and people group the digits, and checks the rest.
    pub fn parse(input: &str) -> Result<CardNumber, CardNumberError> {
        if input.len() > INPUT_BYTES_MAX {
            return Err(CardNumberError::NoNumber);
        }
        let mut digits = String::with_capacity(DIGITS_MAX);
        for char in input.chars() {
            match char {
                '0'..='9' => digits.push(char),
                ' ' | '-' => {}
                _ => return Err(CardNumberError::NoNumber),
            }
        }
        let number = CardNumber(digits);
        let length = number.0.len();
        let fits = match number.scheme() {
            Some(scheme) => scheme.lengths().contains(&length),
            None => (DIGITS_MIN..=DIGITS_MAX).contains(&length),
        };
        match fits {
            false => Err(CardNumberError::WrongLength),
            true if luhn_holds(number.0.bytes()) => Ok(number),
            true => Err(CardNumberError::WrongCheckDigit),
        }
    }

    /// All digits. Whoever asks for them sees to it that they are not kept.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The last four digits, the part that may be shown to anyone.
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The scheme; `None` where the first digits are of none that is known here.
    pub fn scheme(&self) -> Option<Scheme> {
        let first = |count: usize| self.0.get(..count).and_then(|text| text.parse::<u32>().ok());
        let (one, two, three) = (first(1)?, first(2)?, first(3)?);
        let (four, six) = (first(4)?, first(6)?);
        Some(match () {
            () if one == 4 => Scheme::Visa,
            () if two == 34 || two == 37 => Scheme::Amex,
            () if (51..=55).contains(&two) || (2221..=2720).contains(&four) => Scheme::Mastercard,
            () if (300..=305).contains(&three) || matches!(two, 36 | 38 | 39) => Scheme::Diners,
            () if (3528..=3589).contains(&four) => Scheme::Jcb,
            () if four == 6011 || (644..=659).contains(&three) => Scheme::Discover,
            () if (622_126..=622_925).contains(&six) => Scheme::Discover,
            () if two == 62 || two == 81 => Scheme::Unionpay,
            () => return None,
        })
    }

    /// How many digits the security code has.
    pub fn cvc_digits(&self) -> usize {
        match self.scheme() {
            Some(Scheme::Amex) => 4,
            _ => 3,
        }
    }
}

impl Scheme {
    /// How many digits its numbers have.
    fn lengths(self) -> &'static [usize] {
        match self {
            Scheme::Amex => &[15],
            Scheme::Diners => &[14, 16, 17, 18, 19],
            Scheme::Discover | Scheme::Jcb | Scheme::Unionpay => &[16, 17, 18, 19],
            Scheme::Mastercard => &[16],
            Scheme::Visa => &[13, 16, 18, 19],
        }
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardNumber(...{})", self.last4())
    }
}

impl fmt::Display for CardNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoNumber => "is not a card number",
            Self::WrongLength => "has not as many digits as a card number",
            Self::WrongCheckDigit => "has a wrong check digit",
        })
    }
}

impl std::error::Error for CardNumberError {}

/// Hides what looks like a card number in a text: digits, grouped or not, whose check digit holds.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut shown = String::new();
    let (mut kept, mut at) = (0, 0);
    while at < bytes.len() {
        let end = end_of_digits(bytes, at);
        let digits = || bytes[at..end].iter().copied().filter(u8::is_ascii_digit);
        if (DIGITS_MIN..=DIGITS_MAX).contains(&digits().count()) && luhn_holds(digits()) {
            shown.push_str(&text[kept..at]);
            shown.push_str(HIDDEN);
            kept = end;
        }
        at = end.max(at + 1);
    }
    match kept {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(shown + &text[kept..]),
    }
}

/// Where the digits end that begin at a place, single spaces and hyphens between them included.
fn end_of_digits(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'0'..=b'9' => end = at + 1,
            b' ' | b'-' if end == at && at > start => {}
            _ => break,
        }
    }
    end
}

/// Whether the sum of the digits, every second one from the right doubled, is a multiple of ten.
fn luhn_holds(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, byte)| match (place % 2, u32::from(byte - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
