//! Account numbers as people and files write them: text of any kind in, a checked number out.
//!
//! A value of one of these types is normalised (no separators, capital letters) and has passed
//! every check that needs no directory of banks; there is no other way to make one. Spaces and
//! hyphens are dropped and lower case is raised, because that is how numbers are copied from
//! letters. Input over [`INPUT_BYTES_MAX`] is refused before it is read, and no input panics.

use std::fmt;

use crate::check_digits;

/// The longest input that is looked at, in bytes, separators included. The longest IBAN has 34
/// characters, so this leaves room for a separator after nearly every one.
pub const INPUT_BYTES_MAX: usize = 64;

/// Why text is not an account number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNumberError {
    /// The input has more than [`INPUT_BYTES_MAX`] bytes.
    TooLong,
    /// A character is none that this kind of number can have at its place.
    IllegalCharacter {
        /// How many characters stand before it, separators not counted.
        position: usize,
    },
    /// An IBAN does not start with the code of a SEPA country.
    UnknownCountry,
    /// The number of characters is wrong, separators not counted.
    WrongLength {
        /// The fewest characters that would do.
        min: usize,
        /// The most characters that would do.
        max: usize,
        /// The characters that were given.
        found: usize,
    },
    /// The check digits do not match the rest: most likely a typing mistake.
    WrongCheckDigits,
}

impl fmt::Display for AccountNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {INPUT_BYTES_MAX} bytes"),
            Self::IllegalCharacter { position } => {
                write!(f, "has an illegal character after {position} characters")
            }
            Self::UnknownCountry => write!(f, "does not start with the code of a SEPA country"),
            Self::WrongLength { min, max, found } if min == max => {
                write!(f, "must have {min} characters and has {found}")
            }
            Self::WrongLength { min, max, found } => {
                write!(f, "must have {min} to {max} characters and has {found}")
            }
            Self::WrongCheckDigits => write!(f, "has wrong check digits"),
        }
    }
}

impl std::error::Error for AccountNumberError {}

/// Declares one kind of number: its text, normalised, and what every kind can do.
macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The whole number, normalised.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The last four characters, the part that may be shown to anyone.
            pub fn last4(&self) -> &str {
                &self.0[self.0.len() - 4..]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

number_type! {
    /// An International Bank Account Number of a SEPA country.
    Iban
}

impl Iban {
    /// Checks the country, its length and pattern, and the two ISO check digits.
    ///
    /// National check digits are not looked at; see [`Iban::national_digits_hold`].
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        let text = normalised(input)?;
        let country = text.get(..2).unwrap_or("");
        let (_, pattern) = SEPA_PATTERNS
            .iter()
            .find(|(code, _)| *code == country)
            .ok_or(AccountNumberError::UnknownCountry)?;
        let bban_length: usize = pattern.iter().map(|(count, _)| count).sum();
        check_length(&text, 4 + bban_length, 4 + bban_length)?;
        let kinds = pattern.iter().flat_map(|(count, kind)| std::iter::repeat_n(*kind, *count));
        check_characters(&text, [Letter, Letter, Digit, Digit].into_iter().chain(kinds))?;
        if check_digits::iban_holds(&text) {
            Ok(Self(text))
        } else {
            Err(AccountNumberError::WrongCheckDigits)
        }
    }

    /// The two letter code of the country that issued it.
    pub fn country(&self) -> &str {
        &self.0[..2]
    }

    /// The national part, everything after the check digits.
    pub fn bban(&self) -> &str {
        &self.0[4..]
    }

    /// Whether the national check digits hold too; `None` where there are none to judge.
    ///
    /// A hint for people, as [`check_digits::national_digits_hold`] explains.
    pub fn national_digits_hold(&self) -> Option<bool> {
        check_digits::national_digits_hold(self.country(), self.bban())
    }
}

number_type! {
    /// A Mexican CLABE: bank 3 digits, plaza 3, account 11, control digit.
    Clabe
}

impl Clabe {
    /// Checks for 18 digits and the control digit.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        let text = digits(input, 18, 18)?;
        if check_digits::clabe_holds(&text) {
            Ok(Self(text))
        } else {
            Err(AccountNumberError::WrongCheckDigits)
        }
    }
}

number_type! {
    /// The routing number of a bank in the United States.
    AbaRouting
}

impl AbaRouting {
    /// Checks for nine digits and their 3-7-1 sum.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        let text = digits(input, 9, 9)?;
        if check_digits::aba_holds(&text) {
            Ok(Self(text))
        } else {
            Err(AccountNumberError::WrongCheckDigits)
        }
    }
}

number_type! {
    /// An account number of the United States. It has no check digit.
    UsAccount
}

impl UsAccount {
    /// Checks for 4 to 17 digits, the most that an ACH file has room for.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        digits(input, 4, 17).map(Self)
    }
}

number_type! {
    /// The sort code of a bank branch in the United Kingdom.
    SortCode
}

impl SortCode {
    /// Checks for six digits, such as `108800` or `10-88-00`.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        digits(input, 6, 6).map(Self)
    }
}

number_type! {
    /// An account number of the United Kingdom, without its sort code.
    GbAccount
}

impl GbAccount {
    /// Checks for eight digits. Their check digit cannot be judged; [`check_digits`] says why.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        digits(input, 8, 8).map(Self)
    }
}

number_type! {
    /// A Japanese account number, without its bank and branch codes. It has no check digit.
    ZenginAccount
}

impl ZenginAccount {
    /// Checks for seven digits.
    pub fn parse(input: &str) -> Result<Self, AccountNumberError> {
        digits(input, 7, 7).map(Self)
    }
}

/// What may stand at one place of a number.
#[derive(Clone, Copy)]
enum Kind {
    Digit,
    Letter,
    Either,
}

use Kind::{Digit, Either, Letter};

/// What follows the check digits of an IBAN in each SEPA country, as runs of one kind.
/// Source: the IBAN registry of ISO 13616. Jersey, Guernsey and the Isle of Man use `GB`.
const SEPA_PATTERNS: [(&str, &[(usize, Kind)]); 42] = [
    ("AD", &[(8, Digit), (12, Either)]),
    ("AL", &[(8, Digit), (16, Either)]),
    ("AT", &[(16, Digit)]),
    ("BE", &[(12, Digit)]),
    ("BG", &[(4, Letter), (6, Digit), (8, Either)]),
    ("CH", &[(5, Digit), (12, Either)]),
    ("CY", &[(8, Digit), (16, Either)]),
    ("CZ", &[(20, Digit)]),
    ("DE", &[(18, Digit)]),
    ("DK", &[(14, Digit)]),
    ("EE", &[(16, Digit)]),
    ("ES", &[(20, Digit)]),
    ("FI", &[(14, Digit)]),
    ("FR", &[(10, Digit), (11, Either), (2, Digit)]),
    ("GB", &[(4, Letter), (14, Digit)]),
    ("GI", &[(4, Letter), (15, Either)]),
    ("GR", &[(7, Digit), (16, Either)]),
    ("HR", &[(17, Digit)]),
    ("HU", &[(24, Digit)]),
    ("IE", &[(4, Letter), (14, Digit)]),
    ("IS", &[(22, Digit)]),
    ("IT", &[(1, Letter), (10, Digit), (12, Either)]),
    ("LI", &[(5, Digit), (12, Either)]),
    ("LT", &[(16, Digit)]),
    ("LU", &[(3, Digit), (13, Either)]),
    ("LV", &[(4, Letter), (13, Either)]),
    ("MC", &[(10, Digit), (11, Either), (2, Digit)]),
    ("MD", &[(20, Either)]),
    ("ME", &[(18, Digit)]),
    ("MK", &[(3, Digit), (10, Either), (2, Digit)]),
    ("MT", &[(4, Letter), (5, Digit), (18, Either)]),
    ("NL", &[(4, Letter), (10, Digit)]),
    ("NO", &[(11, Digit)]),
    ("PL", &[(24, Digit)]),
    ("PT", &[(21, Digit)]),
    ("RO", &[(4, Letter), (16, Either)]),
    ("RS", &[(18, Digit)]),
    ("SE", &[(20, Digit)]),
    ("SI", &[(15, Digit)]),
    ("SK", &[(20, Digit)]),
    ("SM", &[(1, Letter), (10, Digit), (12, Either)]),
    ("VA", &[(18, Digit)]),
];

/// The input without separators and in capitals: ASCII letters and digits only.
fn normalised(input: &str) -> Result<String, AccountNumberError> {
    if input.len() > INPUT_BYTES_MAX {
        return Err(AccountNumberError::TooLong);
    }
    let kept = input.chars().filter(|character| !matches!(character, ' ' | '-'));
    kept.enumerate()
        .map(|(position, character)| match character {
            'A'..='Z' | 'a'..='z' | '0'..='9' => Ok(character.to_ascii_uppercase()),
            _ => Err(AccountNumberError::IllegalCharacter { position }),
        })
        .collect()
}

/// The input as `min` to `max` digits.
fn digits(input: &str, min: usize, max: usize) -> Result<String, AccountNumberError> {
    let text = normalised(input)?;
    check_length(&text, min, max)?;
    check_characters(&text, std::iter::repeat_n(Digit, text.len()))?;
    Ok(text)
}

fn check_length(text: &str, min: usize, max: usize) -> Result<(), AccountNumberError> {
    match text.len() {
        found if (min..=max).contains(&found) => Ok(()),
        found => Err(AccountNumberError::WrongLength { min, max, found }),
    }
}

fn check_characters(
    text: &str,
    kinds: impl Iterator<Item = Kind>,
) -> Result<(), AccountNumberError> {
    let fits = |(byte, kind): (u8, Kind)| match kind {
        Digit => byte.is_ascii_digit(),
        Letter => byte.is_ascii_uppercase(),
        Either => true,
    };
    match text.bytes().zip(kinds).position(|pair| !fits(pair)) {
        None => Ok(()),
        Some(position) => Err(AccountNumberError::IllegalCharacter { position }),
    }
}
