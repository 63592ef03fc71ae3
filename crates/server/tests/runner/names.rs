//! Names for what differs from run to run, so that answers can be written down.
//!
//! An id becomes its prefix and a number, in the order of first appearance; account numbers become
//! `<iban 1: DE, 22 characters>` and the like; times near now become `<now>`; secret keys made in
//! the scenario become `$name`. Ids can be named in requests; `real` turns them back.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// The prefixes of ids and how many characters follow them. A shorter one is no id: `cus_unknown`.
const IDS: &[(&str, usize)] = &[
    ("acct", 16),
    ("ba", 24),
    ("card", 24),
    ("ccsbtxn", 24),
    ("ch", 24),
    ("cus", 14),
    ("evt", 24),
    ("in", 24),
    ("pi", 24),
    ("pm", 24),
    ("po", 24),
    ("py", 24),
    ("pyr", 24),
    ("re", 24),
    ("req", 14),
    ("src", 24),
    ("tok", 24),
    ("txn", 24),
    ("we", 24),
];

/// Members whose texts are made anew for every customer.
const NUMBERS: &[&str] = &["account_number", "clabe", "iban", "invoice_prefix"];

/// How far from now a time may be and still be called `<now>`.
const NOW_WITHIN_S: u64 = 600;

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
}

impl Names {
    /// Remembers a secret key under a name such as `$live`.
    pub fn keep_secret(&mut self, name: &str, secret: &str) {
        self.secrets.insert(name.to_owned(), secret.to_owned());
    }

    pub fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(String::as_str)
    }

    /// The value as a scenario writes it.
    pub fn name_value(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let members = object.iter().map(|(key, value)| {
                    let value = match value.as_str() {
                        Some(text) if NUMBERS.contains(&key.as_str()) => self.number(key, text),
                        _ => self.name_value(value),
                    };
                    (key.clone(), value)
                });
                members.collect()
            }
            Value::Array(items) => items.iter().map(|item| self.name_value(item)).collect(),
            Value::String(text) => Value::from(self.name_text(text)),
            Value::Number(_) if value.as_u64().is_some_and(near_now) => Value::from("<now>"),
            other => other.clone(),
        }
    }

    /// The text with a name in place of every id and every secret, masked ones too.
    pub fn name_text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, secret) in &self.secrets {
            let shown = format!("*{}", &secret[secret.len().saturating_sub(4)..]);
            text = text.replace(secret, name).replace(&shown, &format!("*{name}"));
        }
        pieces(&text).map(|piece| self.name_word(piece)).collect()
    }

    /// The text with a name in place of every id that has one already.
    pub fn known_text(&self, text: &str) -> String {
        let name = |piece| self.named.get(piece).map_or(piece, String::as_str);
        pieces(text).map(name).collect()
    }

    /// The text with the real id in place of every name; a name that is not known is an error.
    pub fn real_text(&self, text: &str) -> Result<String, String> {
        let real = pieces(text).map(|piece| match split(piece) {
            Some((_, tail)) if is_number(tail) => {
                self.real.get(piece).cloned().ok_or(format!("nothing is called {piece} so far"))
            }
            _ => Ok(piece.to_owned()),
        });
        real.collect()
    }

    fn name_word(&mut self, word: &str) -> String {
        if let Some(name) = self.named.get(word) {
            return name.clone();
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

/// A known prefix and what follows it.
fn split(word: &str) -> Option<(&str, &str)> {
    word.rsplit_once('_').filter(|(prefix, _)| id_length(prefix).is_some())
}

fn is_number(tail: &str) -> bool {
    (1..=NAME_DIGITS_MAX).contains(&tail.len()) && tail.bytes().all(|byte| byte.is_ascii_digit())
}

fn near_now(time_s: u64) -> bool {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    time_s.abs_diff(now_s) < NOW_WITHIN_S
}
