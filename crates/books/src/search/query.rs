//! Reading a query: clauses of a field, an operator and a value, all of them joined by AND or all
//! by OR. Rules: Stripe's page "Search query language".

use std::iter::Peekable;
use std::str::Chars;

use super::{Field, Resource, Type};
use crate::id::Number;
use crate::time::Timestamp;

/// Clauses of a query, at most.
pub const CLAUSES_MAX: usize = 10;
/// Characters of a part of a text that is asked for, at least.
pub const PART_CHARS_MIN: usize = 3;

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whether one clause is enough; otherwise an object has to pass all of them.
    pub any: bool,
    /// What is asked for: at least one clause, at most [`CLAUSES_MAX`].
    pub clauses: Vec<Clause>,
}

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Whether it asks for what does not pass.
    pub negated: bool,
    /// In which field.
    pub field: Field,
    /// Under which key, for metadata.
    pub key: String,
    /// For what.
    pub test: Test,
}

/// What the value of a field is held against. Texts are in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// There is none.
    Null,
    /// It is this.
    Is(String),
    /// It contains this.
    Has(String),
    /// It is so, compared with a number.
    Number(Compare, i64),
    /// It is this customer; none where the text is no id of one.
    Customer(Option<Number>),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Compare {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Compare {
    /// Whether `value` is so, compared with `with`.
    pub fn holds(self, value: i64, with: i64) -> bool {
        match self {
            Compare::Equal => value == with,
            Compare::Less => value < with,
            Compare::LessOrEqual => value <= with,
            Compare::Greater => value > with,
            Compare::GreaterOrEqual => value >= with,
        }
    }

    /// From which number to which one this holds, both included; empty where the first is larger.
    pub(super) fn span(self, with: i64) -> (i64, i64) {
        match self {
            Compare::Equal => (with, with),
            Compare::Less if with == i64::MIN => (i64::MAX, i64::MIN),
            Compare::Less => (i64::MIN, with - 1),
            Compare::LessOrEqual => (i64::MIN, with),
            Compare::Greater if with == i64::MAX => (i64::MAX, i64::MIN),
            Compare::Greater => (with + 1, i64::MAX),
            Compare::GreaterOrEqual => (with, i64::MAX),
        }
    }

    /// The numbers of rows that were made when this holds: above the first, below the second.
    pub(super) fn window(self, with: i64) -> (Number, Number) {
        let (from, to) = self.span(with);
        if from > to {
            return (Number(i64::MAX), Number(0));
        }
        let last = Number::first_at(Timestamp(i64::MAX));
        let above = match from {
            i64::MIN => Number(-1),
            from => Number(Number::first_at(Timestamp(from)).0 - 1),
        };
        match to.checked_add(1).map(|end| Number::first_at(Timestamp(end))) {
            // Numbers of rows end before that.
            None => (above, Number(i64::MAX)),
            Some(below) if below == last => (above, Number(i64::MAX)),
            Some(below) => (above, below),
        }
    }
}

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// At which character, from 1; none where it is about the whole.
    pub at: Option<usize>,
    /// What is wrong, a sentence without its point.
    pub problem: String,
}

impl Query {
    /// Reads a query. `customer` turns the id of a customer into its number.
    pub fn read(
        resource: Resource,
        text: &str,
        customer: &dyn Fn(&str) -> Option<Number>,
    ) -> Result<Query, Mistake> {
        let mut reader = Reader { resource, customer, rest: text.chars().peekable(), at: 1 };
        let mut query = Query { any: false, clauses: Vec::new() };
        let mut joined = None;
        reader.skip_space();
        if reader.peek().is_none() {
            return Err(Mistake { at: None, problem: "the query has no clause".into() });
        }
        loop {
            query.clauses.push(reader.clause()?);
            if query.clauses.len() > CLAUSES_MAX {
                let problem = format!("a query has at most {CLAUSES_MAX} clauses (clauses_max)");
                return Err(Mistake { at: None, problem });
            }
            let Some(any) = reader.join()? else { break };
            if joined.replace(any).is_some_and(|before| before != any) {
                return reader.fail("AND and OR cannot be mixed in one query");
            }
            query.any = any;
        }
        Ok(query)
    }
}

struct Reader<'a> {
    resource: Resource,
    customer: &'a dyn Fn(&str) -> Option<Number>,
    rest: Peekable<Chars<'a>>,
    at: usize,
}

/// A value as it was written.
enum Value {
    Quoted(String),
    Bare(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Colon,
    Tilde,
    Is(Compare),
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.at += usize::from(next.is_some());
        next
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        if is_it {
            self.next();
        }
        is_it
    }

    fn skip_space(&mut self) -> bool {
        let before = self.at;
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
        self.at > before
    }

    fn fail<T>(&self, problem: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake { at: Some(self.at), problem: problem.into() })
    }

    fn word(&mut self, of: impl Fn(char) -> bool) -> String {
        let mut word = String::new();
        while self.peek().is_some_and(&of) {
            word.extend(self.next());
        }
        word
    }

    /// What joins a clause to the next one: whether it is OR; none at the end.
    fn join(&mut self) -> Result<Option<bool>, Mistake> {
        let is_apart = self.skip_space();
        if self.peek().is_none() {
            return Ok(None);
        }
        if !is_apart {
            return self.fail("a space, AND or OR has to stand between two clauses");
        }
        let mut ahead = self.rest.clone();
        let mut word = String::new();
        while let Some(letter) = ahead.next_if(|c| c.is_ascii_alphabetic()) {
            word.push(letter.to_ascii_lowercase());
        }
        let any = match word.as_str() {
            "or" => true,
            "and" => false,
            // A space means AND.
            _ => return Ok(Some(false)),
        };
        if !ahead.peek().is_none_or(|c| c.is_whitespace()) {
            return Ok(Some(false));
        }
        self.rest = ahead;
        self.at += word.len();
        self.skip_space();
        match self.peek() {
            Some(_) => Ok(Some(any)),
            None => self.fail("a clause has to follow AND and OR"),
        }
    }

    fn clause(&mut self) -> Result<Clause, Mistake> {
        let negated = self.takes('-');
        let from = self.at;
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if name.is_empty() {
            return match self.peek() {
                Some('(' | ')') => self.fail("parentheses are not part of the language"),
                _ => self.fail("a clause begins with the name of a field"),
            };
        }
        let Some(field) = self.resource.field(&name) else {
            let fields: Vec<&str> = self.resource.fields().iter().map(|(name, _)| *name).collect();
            let problem = format!(
                "{} cannot be searched by `{name}`, but by these fields: {}",
                self.resource.name(),
                fields.join(", ")
            );
            return Err(Mistake { at: Some(from), problem });
        };
        let key = self.key(field)?;
        self.skip_space();
        let operator = self.operator()?;
        self.skip_space();
        let from = self.at;
        let value = self.value()?;
        let test = self.test(field, operator, value);
        let test = test.map_err(|problem| Mistake { at: Some(from), problem })?;
        Ok(Clause { negated, field, key, test })
    }

    /// `["key"]` after `metadata`.
    fn key(&mut self, field: Field) -> Result<String, Mistake> {
        if field != Field::Metadata {
            return match self.peek() {
                Some('[') => self.fail("only metadata has keys"),
                _ => Ok(String::new()),
            };
        }
        if !self.takes('[') {
            return self.fail("metadata is asked for by a key, as in metadata[\"key\"]:\"value\"");
        }
        let Value::Quoted(key) = self.value()? else {
            return self.fail("the key of metadata stands in quotation marks");
        };
        match self.takes(']') {
            true => Ok(key),
            false => self.fail("a `]` has to follow the key of metadata"),
        }
    }

    fn operator(&mut self) -> Result<Operator, Mistake> {
        let Some(first @ (':' | '~' | '<' | '>')) = self.peek() else {
            return self.fail("one of : ~ < > <= >= has to follow the field");
        };
        self.next();
        let or_equal = matches!(first, '<' | '>') && self.takes('=');
        Ok(match (first, or_equal) {
            ('~', _) => Operator::Tilde,
            ('<', false) => Operator::Is(Compare::Less),
            ('<', true) => Operator::Is(Compare::LessOrEqual),
            ('>', false) => Operator::Is(Compare::Greater),
            ('>', true) => Operator::Is(Compare::GreaterOrEqual),
            _ => Operator::Colon,
        })
    }

    fn value(&mut self) -> Result<Value, Mistake> {
        let Some(mark @ ('"' | '\'')) = self.peek() else {
            let bare = self.word(|c| c.is_ascii_alphanumeric() || "_.-+@".contains(c));
            return match bare.is_empty() {
                true => self.fail("a value is missing"),
                false => Ok(Value::Bare(bare)),
            };
        };
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return self.fail("the quotation mark at the end is missing"),
                },
                Some(end) if end == mark => return Ok(Value::Quoted(text)),
                Some(other) => text.push(other),
                None => return self.fail("the quotation mark at the end is missing"),
            }
        }
    }

    fn test(&self, field: Field, operator: Operator, value: Value) -> Result<Test, String> {
        let kind = field.kind();
        let text = match value {
            Value::Bare(text) if text.eq_ignore_ascii_case("null") => {
                return match operator {
                    Operator::Colon => Ok(Test::Null),
                    _ => Err("null is asked for with a colon".into()),
                };
            }
            Value::Bare(text) if !is_number(&text) => {
                return Err(format!("the value {text} has to stand in quotation marks"));
            }
            Value::Bare(text) | Value::Quoted(text) => text,
        };
        if text.trim().is_empty() {
            return Err("the value is empty; null finds what has none".into());
        }
        match (operator, kind) {
            (Operator::Tilde, Type::Words) => part(&text),
            (Operator::Tilde, _) => Err("~ is for texts such as names, not for this field".into()),
            (Operator::Is(compare), Type::Number) => number(compare, &text),
            (Operator::Is(_), _) => Err("this field is no number, so nothing is larger".into()),
            (Operator::Colon, Type::Number) => number(Compare::Equal, &text),
            (Operator::Colon, Type::Customer) => Ok(Test::Customer((self.customer)(&text))),
            (Operator::Colon, Type::Flag) => match text.to_lowercase() {
                flag if flag == "true" || flag == "false" => Ok(Test::Is(flag)),
                _ => Err("this field is \"true\" or \"false\"".into()),
            },
            (Operator::Colon, Type::Token) if field == Field::ExpMonth => {
                // A card shows 07, and its month is 7.
                Ok(Test::Is(text.trim_start_matches('0').to_owned()))
            }
            (Operator::Colon, Type::Token | Type::Words) => Ok(Test::Is(text.to_lowercase())),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(compare: Compare, text: &str) -> Result<Test, String> {
    let whole = text.parse().ok().filter(|_| is_number(text));
    let value = whole.ok_or_else(|| "this field takes a whole number".to_owned())?;
    Ok(Test::Number(compare, value))
}

fn part(text: &str) -> Result<Test, String> {
    match text.chars().count() >= PART_CHARS_MIN {
        true => Ok(Test::Has(text.to_lowercase())),
        false => Err(format!("a part of a text has at least {PART_CHARS_MIN} characters")),
    }
}
