//! Keeping secrets and bulk out of what is remembered and sent.
//!
//! What looks like a secret is replaced by [`REDACTED`]: values under telling names, and texts that
//! begin like the usual keys. Rather one value too many than one too few.

use serde_json::{Map, Value};

/// Stands in for a secret.
pub const REDACTED: &str = "[redacted]";
/// Characters of a text that are remembered; the rest becomes `...`.
pub const TEXT_CHARS_MAX: usize = 200;
/// Entries of an array or object that are remembered.
pub const ENTRIES_MAX: usize = 32;
/// Levels of nesting that are remembered.
pub const DEPTH_MAX: usize = 6;

/// Parts of names, compared without case and without `_`, `-` and the like.
const NAME_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "authorization",
    "credential",
    "cookie",
    "cardnumber",
    "securitycode",
    "accountnumber",
    "routingnumber",
    "signature",
];
/// Whole names.
const NAMES: &[&str] =
    &["auth", "pin", "pan", "cvc", "cvv", "otp", "ssn", "iban", "jwt", "key", "pwd", "pass"];
/// How keys of well-known makers begin.
const VALUE_PREFIXES: &[&str] = &[
    "sk_",
    "rk_",
    "whsec_",
    "ghp_",
    "gho_",
    "github_pat_",
    "xoxb-",
    "xoxp-",
    "eyJ",
    "AKIA",
    "AIza",
];
/// How the values of `Authorization` begin, compared without case.
const SCHEMES: &[&str] = &["bearer ", "basic ", "digest "];

/// Whether what stands under a name is to be kept secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|char| char.to_ascii_lowercase())
        .collect();
    NAMES.contains(&plain.as_str()) || NAME_PARTS.iter().any(|part| plain.contains(part))
}

/// Whether a text looks like a key.
pub fn is_secret_text(text: &str) -> bool {
    let text = text.trim_start();
    let scheme = |scheme: &&str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    VALUE_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        || SCHEMES.iter().any(scheme)
        || is_card_number(text)
}

/// An object without its secrets, and of a size that can be remembered.
pub fn object(object: &Map<String, Value>) -> Map<String, Value> {
    object_at(object, 0)
}

/// A value without its secrets, and of a size that can be remembered.
pub fn value(value: &Value) -> Value {
    value_at(value, 0)
}

/// Headers for people: secrets are replaced, and so is the session, which tells of other calls.
pub fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let shown = |(name, value): &(String, String)| {
        let keyed = name.eq_ignore_ascii_case("Idempotency-Key");
        let secret = is_secret_name(name)
            || is_secret_text(value)
            || name.eq_ignore_ascii_case(crate::headers::SESSION);
        let value = if secret && !keyed { REDACTED } else { value };
        (name.clone(), value.to_owned())
    };
    headers.iter().map(shown).collect()
}

/// A URL without its user, password, query and fragment.
pub fn url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    let Some(at) = url.find("://").map(|at| at + 3) else { return url.to_owned() };
    let authority = url[at..].find('/').map_or(url.len(), |slash| at + slash);
    match url[at..authority].rfind('@') {
        Some(user) => format!("{}{}", &url[..at], &url[at + user + 1..]),
        None => url.to_owned(),
    }
}

fn object_at(object: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let entries = object.iter().take(ENTRIES_MAX).map(|(name, value)| {
        let kept = if is_secret_name(name) { REDACTED.into() } else { value_at(value, depth + 1) };
        (name.clone(), kept)
    });
    entries.collect()
}

fn value_at(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) if is_secret_text(text) => REDACTED.into(),
        Value::String(text) => text_of(text).into(),
        Value::Array(_) | Value::Object(_) if depth > DEPTH_MAX => "...".into(),
        Value::Array(items) => {
            items.iter().take(ENTRIES_MAX).map(|item| value_at(item, depth + 1)).collect()
        }
        Value::Object(object) => Value::Object(object_at(object, depth)),
        other => other.clone(),
    }
}

/// Twelve to nineteen digits whose check digit is right, with blanks or dashes between them.
fn is_card_number(text: &str) -> bool {
    let digits: Option<Vec<u32>> = text
        .trim_end()
        .chars()
        .filter(|char| !matches!(char, ' ' | '-'))
        .map(|char| char.to_digit(10))
        .take(20)
        .collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else {
        return false;
    };
    let sum = digits.iter().rev().enumerate().map(|(at, digit)| match at % 2 {
        0 => *digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    });
    sum.sum::<u32>() % 10 == 0
}

fn text_of(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_known_by_name_or_by_look() {
        let given = json!({
            "customer": "cus_1", "api_key": "abc", "Authorization": "x", "X-API-Key": "y",
            "card": {"number": "4242", "cvc": "123"}, "clientSecret": "s", "author": "Ann",
            "note": "sk_test_123", "list": ["Bearer abc", "fine", "4242 4242-4242 4242", "4242424242424243"], "amount": 5, "long": "a".repeat(201),
        });
        let expected = json!({
            "customer": "cus_1", "api_key": REDACTED, "Authorization": REDACTED,
            "X-API-Key": REDACTED, "card": {"number": "4242", "cvc": REDACTED},
            "clientSecret": REDACTED, "author": "Ann", "note": REDACTED,
            "list": [REDACTED, "fine", REDACTED, "4242424242424243"], "amount": 5, "long": format!("{}...", "a".repeat(200)),
        });
        assert_eq!(value(&given), expected);
        assert_eq!(value(&expected), expected, "once is enough");
    }

    #[test]
    fn urls_lose_what_may_be_secret() {
        let table = [
            ("https://u:p@a.test/b?c=d#e", "https://a.test/b"),
            ("https://a.test/b@c", "https://a.test/b@c"),
            ("/v1/x?key=1", "/v1/x"),
            ("https://a.test", "https://a.test"),
        ];
        for (given, expected) in table {
            assert_eq!(url(given), expected);
        }
    }
}
