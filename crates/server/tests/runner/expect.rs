//! What must hold about an answer, whatever was blessed.
//!
//! ```text
//! status 400
//! header Idempotent-Replayed = true        also: absent header X, present header X
//! error.code = parameter_unknown           also: !=, and ~ for a part of a text
//! absent error.param                       also: present
//! bank.iban is iban DE                     a kind of value: see `shape`
//! count data = 3                           the items of a list
//! sum data[*].net_amount = 300             the same of all items, added up
//! unique data[*].id                        no two are equal
//! chain data                               transactions, newest first and from the very first:
//!                                          each ending balance is the one before plus the net
//! body as in original                      byte for byte the answer with this label
//! available not as in original             the value at this path, in both answers
//! events = customer.created, a.b           the events of this step, in any order; or `none`
//! events has 2 customer.created            so many of this type
//! executed = 1                             answers that are no replays and no errors
//! distinct = 1                             different answers to many parallel requests
//! ```
//!
//! Ids are compared by their names in the file; `~` also looks at the real text.

use std::collections::HashMap;

use serde_json::Value;

use super::shape::Shape;
use crate::support::http::{Answer, find};

/// One answer, as it came and as the file would write it: with names for ids.
#[derive(Clone)]
pub struct Reply {
    pub answer: Answer,
    pub raw: Value,
    pub named: Value,
    pub named_headers: Vec<(String, String)>,
}

/// All that a rule may look at.
pub struct Seen<'a> {
    pub reply: &'a Reply,
    pub labels: &'a HashMap<String, Reply>,
    pub events: &'a [String],
    pub executed: usize,
    pub distinct: usize,
}

pub enum Rule {
    Status(u16),
    Header(String, Wanted),
    Field(String, Wanted),
    Is(String, Shape),
    Count(String, usize),
    Sum(String, i64),
    Unique(String),
    Chain(String),
    AsIn { path: String, label: String, same: bool },
    Events(Vec<String>),
    EventsHas(usize, String),
    Executed(usize),
    Distinct(usize),
}

pub enum Wanted {
    Absent,
    Present,
    Equal(Value),
    Other(Value),
    Part(String),
}

impl Rule {
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse::<i64>().map_err(|_| format!("{word}: no number"));
        let size = |word: &str| word.parse::<usize>().map_err(|_| format!("{word}: no number"));
        let own = |word: &str| word.to_owned();
        Ok(match words.as_slice() {
            ["status", status] => {
                Self::Status(status.parse().map_err(|_| format!("{status}: no status"))?)
            }
            ["absent", "header", name] => Self::Header(own(name), Wanted::Absent),
            ["present", "header", name] => Self::Header(own(name), Wanted::Present),
            ["absent", path] => Self::Field(own(path), Wanted::Absent),
            ["present", path] => Self::Field(own(path), Wanted::Present),
            ["count", path, "=", count] => Self::Count(own(path), size(count)?),
            ["sum", path, "=", sum] => Self::Sum(own(path), number(sum)?),
            ["unique", path] => Self::Unique(own(path)),
            ["chain", path] => Self::Chain(own(path)),
            ["events", "has", count, kind] => Self::EventsHas(size(count)?, own(kind)),
            ["events", "=", "none"] => Self::Events(Vec::new()),
            ["events", "=", kinds @ ..] => {
                let kinds = kinds.iter().map(|kind| kind.trim_end_matches(',').to_owned());
                Self::Events(kinds.collect())
            }
            ["executed", "=", count] => Self::Executed(size(count)?),
            ["distinct", "=", count] => Self::Distinct(size(count)?),
            [path, "as", "in", label] => {
                Self::AsIn { path: own(path), label: own(label), same: true }
            }
            [path, "not", "as", "in", label] => {
                Self::AsIn { path: own(path), label: own(label), same: false }
            }
            [path, "is", shape @ ..] => Self::Is(own(path), Shape::parse(shape)?),
            ["header", name, ..] => {
                let rest = &text[text.find(name).expect("a word of it") + name.len()..];
                Self::Header(own(name), Wanted::parse(rest, only_text)?)
            }
            [path, ..] => Self::Field(own(path), Wanted::parse(&text[path.len()..], json_or_text)?),
            [] => return Err("nothing is expected".to_owned()),
        })
    }

    /// Why the rule does not hold; nothing when it does.
    pub fn broken(&self, seen: &Seen) -> Option<String> {
        let reply = seen.reply;
        let raw = |path: &str| look(&reply.raw, path);
        let (held, found) = match self {
            Self::Status(status) => {
                (reply.answer.status == *status, reply.answer.status.to_string())
            }
            Self::Header(name, wanted) => {
                let value = find(&reply.named_headers, name).map(Value::from);
                (wanted.meets(value.as_ref(), value.as_ref()), show(value.as_ref()))
            }
            Self::Field(path, wanted) => {
                let (named, raw) = (look(&reply.named, path), raw(path));
                (wanted.meets(named.as_ref(), raw.as_ref()), show(named.as_ref()))
            }
            Self::Is(path, shape) => {
                let value = raw(path);
                (value.as_ref().is_some_and(|value| shape.fits(value)), show(value.as_ref()))
            }
            Self::Count(path, count) => {
                let found = raw(path).and_then(|value| Some(value.as_array()?.len()));
                (found == Some(*count), format!("{found:?}"))
            }
            Self::Sum(path, sum) => {
                let found = raw(path).and_then(|values| add_up(&values));
                (found == Some(*sum), format!("{found:?}"))
            }
            Self::Unique(path) => {
                let values = raw(path);
                (values.as_ref().is_some_and(all_differ), show(values.as_ref()))
            }
            Self::Chain(path) => match raw(path).map(|rows| chain(&rows)) {
                Some(Ok(())) => (true, String::new()),
                Some(Err(why)) => (false, why),
                None => (false, "nothing there".to_owned()),
            },
            Self::AsIn { path, label, same } => return as_in(seen, path, label, *same),
            Self::Events(kinds) => (same_kinds(kinds, seen.events), seen.events.join(", ")),
            Self::EventsHas(count, kind) => {
                let found = seen.events.iter().filter(|&event| event == kind).count();
                (found == *count, found.to_string())
            }
            Self::Executed(count) => (seen.executed == *count, seen.executed.to_string()),
            Self::Distinct(count) => (seen.distinct == *count, seen.distinct.to_string()),
        };
        (!held).then(|| format!("found {found}"))
    }
}

impl Wanted {
    fn parse(text: &str, read: fn(&str) -> Value) -> Result<Self, String> {
        let (sign, rest) = text.trim().split_once(' ').ok_or("no sign and no value")?;
        match sign {
            "=" => Ok(Self::Equal(read(rest))),
            "!=" => Ok(Self::Other(read(rest))),
            "~" => Ok(Self::Part(rest.to_owned())),
            _ => Err(format!("{sign} is not a sign")),
        }
    }

    fn meets(&self, named: Option<&Value>, raw: Option<&Value>) -> bool {
        let holds = |value: Option<&Value>, part: &str| {
            value.and_then(Value::as_str).is_some_and(|text| text.contains(part))
        };
        match self {
            Self::Absent => named.is_none(),
            Self::Present => named.is_some(),
            Self::Equal(value) => named == Some(value),
            Self::Other(value) => named.is_some_and(|found| found != value),
            Self::Part(part) => holds(named, part) || holds(raw, part),
        }
    }
}

/// A header is a text, also where it looks like a number.
fn only_text(text: &str) -> Value {
    Value::from(text)
}

/// What is not JSON needs no quotes: `available = {"usd": 1}`, but `type = funded`.
fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn as_in(seen: &Seen, path: &str, label: &str, same: bool) -> Option<String> {
    let Some(other) = seen.labels.get(label) else {
        return Some(format!("no answer has the label {label}"));
    };
    if path == "body" {
        let (here, there) = (&seen.reply.answer.body, &other.answer.body);
        return ((here == there) != same).then(|| format!("found {here}\nand   {there}"));
    }
    match (look(&seen.reply.raw, path), look(&other.raw, path)) {
        (Some(here), Some(there)) => {
            ((here == there) != same).then(|| format!("found {here} and {there}"))
        }
        (here, there) => Some(format!("found {here:?} and {there:?}")),
    }
}

/// The value at a path such as `data[0].funded.bank_transfer` or `data[*].id`.
pub fn look(value: &Value, path: &str) -> Option<Value> {
    let path = path.trim_start_matches('.');
    if path.is_empty() {
        return Some(value.clone());
    }
    if let Some((index, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) {
        let items = value.as_array()?;
        if index == "*" {
            let found = items.iter().map(|item| look(item, rest).unwrap_or(Value::Null));
            return Some(found.collect());
        }
        return look(items.get(index.parse::<usize>().ok()?)?, rest);
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    look(value.get(&path[..end])?, &path[end..])
}

fn add_up(values: &Value) -> Option<i64> {
    values.as_array()?.iter().map(Value::as_i64).sum()
}

fn all_differ(values: &Value) -> bool {
    let Some(values) = values.as_array() else {
        return false;
    };
    (1..values.len()).all(|i| !values[..i].contains(&values[i]))
}

fn chain(rows: &Value) -> Result<(), String> {
    let mut ending: HashMap<&str, i64> = HashMap::new();
    for row in rows.as_array().ok_or("not a list")?.iter().rev() {
        let currency = row["currency"].as_str().ok_or("a row without a currency")?;
        let before = ending.get(currency).copied().unwrap_or_default();
        let after = row["ending_balance"].as_i64().ok_or("a row without a balance")?;
        if row["net_amount"].as_i64() != Some(after - before) {
            return Err(format!("{} does not follow {before} {currency}", row["id"]));
        }
        ending.insert(currency, after);
    }
    if ending.is_empty() { Err("no rows".to_owned()) } else { Ok(()) }
}

fn same_kinds(wanted: &[String], found: &[String]) -> bool {
    let (mut wanted, mut found) = (wanted.to_vec(), found.to_vec());
    wanted.sort();
    found.sort();
    wanted == found
}

fn show(value: Option<&Value>) -> String {
    value.map_or("nothing".to_owned(), Value::to_string)
}

const HOLDING: &[&str] = &[
    "status 200",
    "header idempotent-replayed = true",
    "absent header Original-Request",
    "a.b = cus_1",
    "a.b != cus_2",
    "a.b ~ us_",
    "n = null",
    "absent a.c",
    "count rows = 2",
    "sum rows[*].net_amount = 3",
    "rows[*].id = [\"y\", \"x\"]",
    "unique rows[*].id",
    "chain rows",
    "body as in same",
    "a as in same",
    "events = c, a.b",
    "events has 1 c",
    "executed = 1",
];

const BROKEN: &[&str] = &[
    "status 201",
    "header Idempotent-Replayed = false",
    "present header Original-Request",
    "a.b = 1",
    "a.c != 1",
    "a.c ~ x",
    "absent n",
    "present a.c",
    "a.b is id cus",
    "count rows = 3",
    "count a = 1",
    "sum rows[*].net_amount = 5",
    "sum rows[*].id = 0",
    "unique rows[*].currency",
    "chain a",
    "chain odd",
    "body not as in same",
    "body as in other",
    "c as in same",
    "events = c",
    "events = none",
    "distinct = 2",
];

#[test]
fn rules_hold_and_break() {
    let body = r#"{"a": {"b": "cus_1"}, "n": null,
        "odd": [{"id": "z", "currency": "usd", "net_amount": 1, "ending_balance": 2}],
        "rows": [{"id": "y", "currency": "usd", "net_amount": -2, "ending_balance": 3},
                 {"id": "x", "currency": "usd", "net_amount": 5, "ending_balance": 5}]}"#;
    let headers = vec![("Idempotent-Replayed".to_owned(), "true".to_owned())];
    let answer = Answer { status: 200, headers: Vec::new(), body: body.to_owned() };
    let raw: Value = answer.json().expect("JSON");
    let reply = Reply { answer, named: raw.clone(), raw, named_headers: headers };
    let labels = HashMap::from([("same".to_owned(), reply.clone())]);
    let events = ["a.b".to_owned(), "c".to_owned()];
    let seen = Seen { reply: &reply, labels: &labels, events: &events, executed: 1, distinct: 1 };
    let check = |text: &str, holds: bool| {
        let rule = Rule::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(rule.broken(&seen).is_none(), holds, "{text}");
    };
    HOLDING.iter().for_each(|text| check(text, true));
    BROKEN.iter().for_each(|text| check(text, false));
    assert!(["", "status many", "a.b", "a.b is round"].iter().all(|t| Rule::parse(t).is_err()));
}
