//! Names for what differs from run to run, so that answers can be written down.
//!
//! An id becomes its prefix and a number, in the order of first appearance; account numbers become
//! `<iban 1: DE, 22 characters>` and the like; what belongs to an intent becomes `<reference 1>`,
//! `<client_secret pi_1>` or `<hosted_url pi_1>`; times become `<now>` or their distance from it,
//! those of the next days also in the middle of a sentence; secret keys made in the scenario become
//! `$name`, and their ids are kept as `$name_id`. Ids can be named in requests, and so can the
//! values that `set:` kept; `real_text` turns them back.

use std::collections::HashMap;

use serde_json::Value;

use super::layout;
use super::moments::Moments;

/// The prefixes of ids and how many characters follow them. A shorter one is no id: `cus_unknown`.
const IDS: &[(&str, usize)] = &[
    ("acct", 16),
    ("apr", 24),
    ("ba", 24),
    ("card", 24),
    ("ccsbtxn", 24),
    ("ch", 24),
    ("cus", 14),
    ("evt", 24),
    ("ii", 24),
    ("il", 24),
    ("in", 24),
    ("pi", 24),
    ("pm", 24),
    ("po", 24),
    ("py", 24),
    ("pyr", 24),
    ("re", 24),
    ("req", 14),
    ("src", 24),
    ("srctxn", 24),
    ("tok", 24),
    ("tu", 24),
    ("txn", 24),
    ("we", 24),
];

/// Members whose texts are made anew for every customer.
const NUMBERS: &[&str] = &[
    "account_number",
    "address",
    "authorization_code",
    "clabe",
    "fingerprint",
    "iban",
    "invoice_prefix",
    "seal",
];

/// Characters of a reference that the server made up, and of its invoice prefixes.
const REFERENCE_CHARS: usize = 12;
const INVOICE_PREFIX_CHARS: usize = 8;

/// No name has a longer number; anything longer is a real id or an invented one.
const NAME_DIGITS_MAX: usize = 4;

pub fn id_length(prefix: &str) -> Option<usize> {
    IDS.iter().find(|(known, _)| *known == prefix).map(|(_, length)| *length)
}

#[derive(Default)]
pub struct Names {
    named: HashMap<String, String>,
    real: HashMap<String, String>,
    counts: HashMap<String, usize>,
    secrets: HashMap<String, String>,
    /// What `set:` kept: as it came, and as the file writes it.
    kept: HashMap<String, (String, String)>,
    /// Texts of more than one word that have a name.
    texts: Vec<(String, String)>,
    pub moments: Moments,
}

impl Names {
    /// Remembers a secret key under a name such as `$live`.
    pub fn keep_secret(&mut self, name: &str, secret: &str) {
        self.secrets.insert(name.to_owned(), secret.to_owned());
    }

    pub fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    /// Keeps a value of an answer for `$name` in later lines.
    pub fn keep(&mut self, name: &str, raw: &Value, named: &Value) {
        let text = |value: &Value| value.as_str().map_or(layout::flat(value), str::to_owned);
        self.kept.insert(name.to_owned(), (text(raw), text(named)));
    }

    /// An expectation with the kept values in place of their names, as the file writes them.
    pub fn fill(&self, text: &str) -> String {
        let kept = |name: &str| self.kept.get(name).map(|(_, named)| named.clone());
        fill(text, |name| Ok(kept(name))).expect("no name is refused")
    }

    /// The value as a scenario writes it.
    pub fn name_value(&mut self, value: &Value) -> Value {
        self.name_member("", value, &Value::Null)
    }

    /// The value of a member of `whole`.
    fn name_member(&mut self, member: &str, value: &Value, whole: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut named = serde_json::Map::new();
                for (key, inner) in object {
                    named.insert(key.clone(), self.name_member(key, inner, value));
                }
                Value::Object(named)
            }
            Value::Array(items) => {
                items.iter().map(|item| self.name_member(member, item, whole)).collect()
            }
            Value::String(text) if NUMBERS.contains(&member) => self.number(member, text),
            Value::String(text) => {
                self.learn(member, text, whole);
                Value::from(self.name_text(text))
            }
            Value::Number(_) if member == "offset_s" && *value != 0 => Value::from("<offset>"),
            Value::Number(_) => {
                self.moments.name(member, value).map_or_else(|| value.clone(), Value::from)
            }
            other => other.clone(),
        }
    }

    /// Gives a name to a text that the server made up.
    fn learn(&mut self, member: &str, text: &str, whole: &Value) {
        let known = self.named.contains_key(text) || self.texts.iter().any(|(t, _)| t == text);
        if known {
            return;
        }
        // Where money is awaited or was sent, the reference is the server's, not somebody's.
        let own = whole.get("amount_remaining").or(whole.get("reference_status")).is_some();
        let name = match member {
            "reference" if own && capitals(text, REFERENCE_CHARS) => {
                format!("<reference {}>", self.next("reference"))
            }
            "id" if whole["object"] == "purser.entry" => format!("<entry {}>", self.next("entry")),
            "hosted_instructions_url" => {
                let Some(intent) = self.intent_in(text) else { return };
                format!("<hosted_url {intent}>")
            }
            "url" if whole["object"] == "purser.refund_details_link" => {
                let refund = whole["refund"].as_str().unwrap_or_default();
                format!("<details_url {}>", self.name_word(refund))
            }
            "number" => match text.split_once('-') {
                Some((prefix, _)) if capitals(prefix, INVOICE_PREFIX_CHARS) => {
                    format!("<invoice_number {}>", self.next("invoice_number"))
                }
                _ => return,
            },
            _ => return,
        };
        match pieces(text).count() {
            1 => drop(self.named.insert(text.to_owned(), name)),
            _ => self.texts.push((text.to_owned(), name)),
        }
    }

    /// The intent whose id the last part of an address holds.
    fn intent_in(&mut self, url: &str) -> Option<String> {
        let (_, token) = url.rsplit_once('/')?.1.split_once('_')?;
        let id = format!("pi_{}", token.get(..id_length("pi")?)?);
        Some(self.name_word(&id))
    }

    /// The text with a name in place of every id and every secret, masked ones too.
    pub fn name_text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, secret) in &self.secrets {
            let shown = format!("*{}", &secret[secret.len().saturating_sub(4)..]);
            text = text.replace(secret, name).replace(&shown, &format!("*{name}"));
        }
        for (known, name) in &self.texts {
            text = text.replace(known, name);
        }
        let name = |piece| self.moments.name_in_text(piece).unwrap_or(self.name_word(piece));
        pieces(&text).map(name).collect()
    }

    /// The text with a name in place of every id that has one already.
    pub fn known_text(&self, text: &str) -> String {
        let name = |piece| self.named.get(piece).map_or(piece, String::as_str);
        pieces(text).map(name).collect()
    }

    /// The text with the real id in place of every name, and with the kept values; a name that
    /// is not known is an error.
    pub fn real_text(&self, text: &str) -> Result<String, String> {
        let unknown = |name: &str| format!("nothing is called {name} so far");
        let text = fill(text, |name| match self.kept.get(name) {
            Some((raw, _)) => Ok(Some(raw.clone())),
            None => Err(unknown(&format!("${name}"))),
        })?;
        let real = pieces(&text).map(|piece| match split(piece) {
            Some((_, tail)) if is_number(tail) => {
                self.real.get(piece).cloned().ok_or_else(|| unknown(piece))
            }
            _ => Ok(piece.to_owned()),
        });
        real.collect()
    }

    fn name_word(&mut self, word: &str) -> String {
        if let Some(name) = self.named.get(word) {
            return name.clone();
        }
        if let Some((id, _)) = word.split_once("_secret_") {
            return format!("<client_secret {}>", self.name_word(id));
        }
        match split(word) {
            Some((prefix, tail)) if Some(tail.len()) == id_length(prefix) => {
                let name = format!("{prefix}_{}", self.next(prefix));
                self.named.insert(word.to_owned(), name.clone());
                self.real.insert(name.clone(), word.to_owned());
                name
            }
            _ => word.to_owned(),
        }
    }

    fn number(&mut self, kind: &str, text: &str) -> Value {
        let known = format!("{kind} {text}");
        if !self.named.contains_key(&known) {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let form = format!("{} {}", text.len(), if digits { "digits" } else { "characters" });
            let country = if kind == "iban" { format!("{:.2}, ", text) } else { String::new() };
            let name = format!("<{kind} {}: {country}{form}>", self.next(kind));
            self.named.insert(known.clone(), name);
        }
        Value::from(self.named[&known].as_str())
    }

    fn next(&mut self, kind: &str) -> usize {
        let count = self.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        *count
    }
}

/// The text cut into words of letters, digits and `_`, and what stands between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = rest.starts_with(of_word);
        let end = rest.find(|c| of_word(c) != word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The text with `value(name)` in place of each `$name` that has a value. A name begins with a
/// letter: `$5` is money.
fn fill(
    text: &str,
    value: impl Fn(&str) -> Result<Option<String>, String>,
) -> Result<String, String> {
    let mut filled = String::new();
    for piece in pieces(text) {
        let named = filled.ends_with('$') && piece.starts_with(|c: char| c.is_ascii_alphabetic());
        match if named { value(piece)? } else { None } {
            Some(value) => {
                filled.pop();
                filled.push_str(&value);
            }
            None => filled.push_str(piece),
        }
    }
    Ok(filled)
}

fn capitals(text: &str, count: usize) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() == count && text.bytes().all(capital)
}

/// A known prefix and what follows it.
fn split(word: &str) -> Option<(&str, &str)> {
    word.rsplit_once('_').filter(|(prefix, _)| id_length(prefix).is_some())
}

fn is_number(tail: &str) -> bool {
    (1..=NAME_DIGITS_MAX).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn what_the_server_makes_up_gets_a_name() {
    let mut names = Names::default();
    let tail = "8J2SuBtcQxVRd5P32hU7yIHf";
    let answer = serde_json::json!({
        "id": format!("pi_{tail}"),
        "client_secret": format!("pi_{tail}_secret_H6ZjRPFNYH29h23XWnVQDzNww"),
        "shown": {
            "amount_remaining": 5,
            "hosted_instructions_url": format!("http://a:1/b/test_{tail}gDI8T4qxoU0ipO"),
            "reference": "Y1DR1FOQXJL0",
        },
        "bank_transfer": {"reference": "MYREFERENCE1"},
        "number": "Y1DR1FOQ-0001",
    });
    let named = names.name_value(&answer);
    assert_eq!(named["client_secret"], "<client_secret pi_1>");
    assert_eq!(named["shown"]["hosted_instructions_url"], "<hosted_url pi_1>");
    assert_eq!(named["shown"]["reference"], "<reference 1>");
    assert_eq!(named["bank_transfer"]["reference"], "MYREFERENCE1");
    assert_eq!(named["number"], "<invoice_number 1>");
    let told = "for Y1DR1FOQXJL0 and Y1DR1FOQ-0001";
    assert_eq!(names.name_text(told), "for <reference 1> and <invoice_number 1>");

    names.keep("ref", &answer["shown"]["reference"], &named["shown"]["reference"]);
    names.keep("left", &answer["shown"]["amount_remaining"], &Value::from(5));
    assert_eq!(names.fill("a = $ref, $left of $5"), "a = <reference 1>, 5 of $5");
    let real = names.real_text("/v1/pi_1?a=$ref&b=$left");
    assert_eq!(real, Ok(format!("/v1/pi_{tail}?a=Y1DR1FOQXJL0&b=5")));
    assert!(names.real_text("$lost").is_err());
}
