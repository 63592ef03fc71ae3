//! What the two databases have in common: statements with values in, rows with cells out.
//!
//! Statements are written once for both. Parameters are `?1`, `?2` and so on; every integer column
//! is 64 bits wide; sums are cast back to `BIGINT`. What the two spell differently is a method of
//! [`Db`].

use std::borrow::Cow;

use books::{Currency, Number, Timestamp, World};

use crate::error::{Result, StoreError};
use crate::tables::Table;

/// A value on its way into a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Int(value.into())
    }
}

impl From<World> for Value<'_> {
    fn from(value: World) -> Self {
        Value::Int(value.0)
    }
}

impl From<Number> for Value<'_> {
    fn from(value: Number) -> Self {
        Value::Int(value.0)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(value: Timestamp) -> Self {
        Value::Int(value.0)
    }
}

impl From<Currency> for Value<'_> {
    fn from(value: Currency) -> Self {
        Value::Text(value.as_str().to_owned().into())
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Text(value.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Text(value.as_str().into())
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Value::Text(value.into())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(value.into())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Value::Bytes(value.as_slice().into())
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value.into())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

/// A value on its way out of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Something that no column of ours holds.
    Odd(&'static str),
}

/// A row of an answer.
pub(crate) trait Row {
    /// What is in the column at this place, from 0.
    fn cell(&self, at: usize) -> Cell<'_>;
}

/// A cell that is not what it has to be is damage, not a bug: anybody can write to a database.
impl dyn Row + '_ {
    pub(crate) fn opt_int(&self, at: usize) -> Result<Option<i64>> {
        match self.cell(at) {
            Cell::Null => Ok(None),
            Cell::Int(value) => Ok(Some(value)),
            other => Err(misfit(at, "a whole number", other)),
        }
    }

    pub(crate) fn opt_text(&self, at: usize) -> Result<Option<&str>> {
        match self.cell(at) {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value)),
            other => Err(misfit(at, "a text", other)),
        }
    }

    pub(crate) fn bytes(&self, at: usize) -> Result<&[u8]> {
        match self.cell(at) {
            Cell::Bytes(value) => Ok(value),
            other => Err(misfit(at, "bytes", other)),
        }
    }

    pub(crate) fn int(&self, at: usize) -> Result<i64> {
        self.opt_int(at)?.ok_or_else(|| misfit(at, "a whole number", Cell::Null))
    }

    pub(crate) fn text(&self, at: usize) -> Result<&str> {
        self.opt_text(at)?.ok_or_else(|| misfit(at, "a text", Cell::Null))
    }

    pub(crate) fn flag(&self, at: usize) -> Result<bool> {
        Ok(self.int(at)? != 0)
    }

    pub(crate) fn number(&self, at: usize) -> Result<Number> {
        self.int(at).map(Number)
    }

    pub(crate) fn opt_number(&self, at: usize) -> Result<Option<Number>> {
        Ok(self.opt_int(at)?.map(Number))
    }

    pub(crate) fn world(&self, at: usize) -> Result<World> {
        self.int(at).map(World)
    }

    pub(crate) fn moment(&self, at: usize) -> Result<Timestamp> {
        self.int(at).map(Timestamp)
    }

    pub(crate) fn currency(&self, at: usize) -> Result<Currency> {
        let text = self.text(at)?;
        Currency::parse(text).ok_or_else(|| StoreError::Corrupt(format!("'{text}' is no currency")))
    }

    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let bytes = self.bytes(at)?;
        bytes.try_into().map_err(|_| misfit(at, "bytes of the right length", Cell::Bytes(bytes)))
    }
}

fn misfit(at: usize, wanted: &str, found: Cell<'_>) -> StoreError {
    let found = match found {
        Cell::Null => "nothing",
        Cell::Int(_) => "a whole number",
        Cell::Text(_) => "a text",
        Cell::Bytes(_) => "bytes",
        Cell::Odd(kind) => kind,
    };
    StoreError::Corrupt(format!("column {} of a row holds {found}, not {wanted}", at + 1))
}

/// What is told each row of an answer; `false` wants no more.
pub(crate) type Each<'a> = &'a mut dyn FnMut(&dyn Row) -> Result<bool>;

/// A connection to a database.
pub(crate) trait Db {
    /// Runs a query and hands on its rows.
    fn each(&self, sql: &str, values: &[Value<'_>], each: Each<'_>) -> Result<()>;

    /// The same for queries that give more rows than memory should hold, within a transaction:
    /// they come as they are read. Other statements may run meanwhile.
    fn scan(&self, sql: &str, each: Each<'_>) -> Result<()> {
        self.each(sql, &[], each)
    }

    /// Runs a statement; tells how many rows it touched.
    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64>;

    /// Writes rows of a table, each of another key, their values in the order of the columns.
    fn insert_all(&self, table: &'static Table, rows: Vec<Vec<Value<'_>>>) -> Result<()> {
        rows.iter().try_for_each(|row| self.execute(table.insert(), row).map(drop))
    }

    /// Runs statements without parameters or answers.
    fn batch(&self, sql: &str) -> Result<()>;

    /// Whether the other end is known to be gone.
    fn is_closed(&self) -> bool {
        false
    }

    /// Begins a transaction that sees everything as it is now, and changes nothing.
    fn begin_snapshot(&self) -> Result<()>;

    /// What the database itself finds damaged.
    fn damage(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// A field of a JSON document in a column of text, as text.
    fn json_text(&self, column: &str, field: &str) -> String;

    /// The same as a whole number.
    fn json_int(&self, column: &str, field: &str) -> String {
        format!("CAST({} AS BIGINT)", self.json_text(column, field))
    }

    /// The same where the column may hold what is no JSON.
    fn found_int(&self, column: &str, field: &str) -> String;

    /// Whether a text is part of a column of text.
    fn contains(&self, column: &str, part: &str) -> String;

    /// Whether a column holds JSON, as far as the database can tell.
    fn is_json(&self, column: &str) -> String;
}

/// The first row of a query, if it has one.
pub(crate) fn one<T>(
    db: &dyn Db,
    sql: &str,
    values: &[Value<'_>],
    read: impl FnOnce(&dyn Row) -> Result<T>,
) -> Result<Option<T>> {
    let (mut read, mut found) = (Some(read), None);
    db.each(sql, values, &mut |row| {
        if let Some(read) = read.take() {
            found = Some(read(row)?);
        }
        Ok(false)
    })?;
    Ok(found)
}

/// All rows of a query: only for what is few.
pub(crate) fn all<T>(
    db: &dyn Db,
    sql: &str,
    values: &[Value<'_>],
    read: impl Fn(&dyn Row) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    db.each(sql, values, &mut |row| {
        found.push(read(row)?);
        Ok(true)
    })?;
    Ok(found)
}
