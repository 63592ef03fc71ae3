//! Parameters with one value: texts, integers, booleans and words from a list.

use std::fmt;
use std::ops::Deref;

use super::{Param, ParamError, Path, SUPPORTED_CURRENCIES, Schema, quote};
use crate::api::form::Node;

/// Most characters of a text without a limit of its own.
pub const TEXT_CHARS_MAX: usize = 5_000;

/// Most characters of an e-mail address.
pub const EMAIL_CHARS_MAX: usize = 512;

/// Greatest integer that every client can read back from JSON; its negative is the least.
pub const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// A text of at most 5000 characters.
pub type Text = Str<TEXT_CHARS_MAX>;

/// An integer of at least 1.
pub type Positive = Between<1, INTEGER_MAX>;

/// An integer of at least 0.
pub type NonNegative = Between<0, INTEGER_MAX>;

/// A text of 1 to `MAX` characters, as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Str<const MAX: usize>(pub String);

impl<const MAX: usize> Param for Str<MAX> {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        read_text(node, at, MAX).map(|text| Str(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::text(MAX)
    }
}

impl<const MAX: usize> Deref for Str<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> From<Str<MAX>> for String {
    fn from(text: Str<MAX>) -> String {
        text.0
    }
}

/// A name or a phone number: space around it does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trimmed(pub String);

impl Param for Trimmed {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match read_text(node, at, TEXT_CHARS_MAX)?.trim() {
            "" => Err(ParamError::empty(at)),
            text => Ok(Trimmed(text.to_owned())),
        }
    }

    fn schema() -> Schema {
        Schema::text(TEXT_CHARS_MAX)
    }
}

impl From<Trimmed> for String {
    fn from(text: Trimmed) -> String {
        text.0
    }
}

/// Like [`Text`].
impl Param for String {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        read_text(node, at, TEXT_CHARS_MAX).map(str::to_owned)
    }

    fn schema() -> Schema {
        Schema::text(TEXT_CHARS_MAX)
    }
}

/// A text that is not empty and not too long.
fn read_text<'n>(node: &'n Node, at: &Path, max_chars: usize) -> Result<&'n str, ParamError> {
    match node {
        Node::Text(text) if text.is_empty() => Err(ParamError::empty(at)),
        // Characters are counted only when there are more bytes than the limit.
        Node::Text(text) if text.len() > max_chars && text.chars().count() > max_chars => {
            let problem = format!("is too long: it can have at most {max_chars} characters");
            Err(ParamError::invalid(at, problem))
        }
        Node::Text(text) => Ok(text),
        Node::List(_) | Node::Map(_) => {
            let problem = format!("must be a text, not {}", quote(node));
            Err(ParamError::invalid(at, problem))
        }
    }
}

impl Param for i64 {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        read_integer(node, at, -INTEGER_MAX, INTEGER_MAX)
    }

    fn schema() -> Schema {
        Schema::Integer { min: -INTEGER_MAX, max: INTEGER_MAX, default: None }
    }
}

/// An integer from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Between<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Param for Between<MIN, MAX> {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        read_integer(node, at, MIN, MAX).map(Between)
    }

    fn schema() -> Schema {
        Schema::Integer { min: MIN, max: MAX, default: None }
    }
}

/// Decimal digits, with a minus sign before them if need be.
pub(super) fn read_integer(node: &Node, at: &Path, min: i64, max: i64) -> Result<i64, ParamError> {
    if node.is_unset() {
        return Err(ParamError::empty(at));
    }
    let text = node.as_text().unwrap_or_default();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let problem = format!("must be an integer in decimal digits, not {}", quote(node));
        return Err(ParamError::integer(at, problem));
    }
    // Digits fail to parse only when the number is beyond i64, on the side of its sign.
    let too_low = match text.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => return Ok(value),
        Ok(value) => value < min,
        Err(_) => text.starts_with('-'),
    };
    let (word, limit) = if too_low { ("least", min) } else { ("most", max) };
    Err(ParamError::integer(at, format_args!("must be at {word} {limit}")))
}

impl Param for bool {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            // Python's own spelling is `True`, and its agents put it into queries.
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some("") => Err(ParamError::empty(at)),
            _ => {
                let problem = format!("must be a boolean, true or false, not {}", quote(node));
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::Boolean
    }
}

/// Reads a word from a list. This is what [`choice!`](super::choice) calls.
pub fn read_choice<T>(
    node: &Node,
    at: &Path,
    words: &[&str],
    from_word: fn(&str) -> Option<T>,
) -> Result<T, ParamError> {
    let chosen = node.as_text().and_then(from_word);
    chosen.ok_or_else(|| match node.is_unset() {
        true => ParamError::empty(at),
        false => ParamError::choice(at, words),
    })
}

/// An e-mail address, trimmed. Only the mail system knows which addresses exist, so the check is
/// for slips: something around one `@`, and no space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(pub String);

impl Param for Email {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        let text = read_text(node, at, EMAIL_CHARS_MAX)?.trim();
        if text.is_empty() {
            return Err(ParamError::empty(at));
        }
        let strange = |letter: char| letter.is_whitespace() || letter.is_control();
        let plausible = text.split_once('@').is_some_and(|(mailbox, domain)| {
            let dots_inside = !domain.starts_with('.') && !domain.ends_with('.');
            let both = !mailbox.is_empty() && !domain.is_empty();
            both && dots_inside && !domain.contains('@') && !text.contains(strange)
        });
        if !plausible {
            let problem = format!("must be an e-mail address, not {}", quote(node));
            return Err(ParamError::coded("email_invalid", at, problem));
        }
        Ok(Email(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::Text { max_chars: EMAIL_CHARS_MAX, pattern: None, format: Some("email") }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> String {
        email.0
    }
}

/// A two-letter country code, in upper case whatever the client wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country(pub String);

impl Param for Country {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some("") => Err(ParamError::empty(at)),
            Some(text) if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) => {
                Ok(Country(text.to_ascii_uppercase()))
            }
            _ => {
                let problem = format!("must be a two-letter country code, not {}", quote(node));
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::Text { max_chars: 2, pattern: Some("^[A-Za-z]{2}$"), format: None }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.0
    }
}

/// One of the [`SUPPORTED_CURRENCIES`], in lower case whatever the client wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CurrencyCode(&'static str);

impl CurrencyCode {
    /// The currency with this code, if it is supported.
    pub fn from_code(code: &str) -> Option<CurrencyCode> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        let lower = letters.map(|letter| letter.to_ascii_lowercase());
        let at = SUPPORTED_CURRENCIES.binary_search_by(|known| known.as_bytes().cmp(&lower));
        at.ok().map(|at| CurrencyCode(SUPPORTED_CURRENCIES[at]))
    }

    /// The code in lower case.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for CurrencyCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CurrencyCode({})", self.0)
    }
}

impl Param for CurrencyCode {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        if node.is_unset() {
            return Err(ParamError::empty(at));
        }
        let code = node.as_text().and_then(CurrencyCode::from_code);
        code.ok_or_else(|| {
            let (sent, known) = (quote(node), SUPPORTED_CURRENCIES.join(", "));
            ParamError::invalid(at, format!("must be a supported currency, not {sent}: {known}"))
        })
    }

    fn schema() -> Schema {
        Schema::Text { max_chars: 3, pattern: Some("^[A-Za-z]{3}$"), format: None }
    }
}
