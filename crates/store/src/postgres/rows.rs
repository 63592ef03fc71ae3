//! The rows of a batch on their way into tables: one statement for each table, with an array for
//! each column.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::types::ToSql;

use crate::changes::Writes;
use crate::db::Value;
use crate::error::Result;
use crate::tables::{self, Again, Table, Type};

/// A row's values, in the order of the columns.
pub(super) type Cells<'a> = Vec<Value<'a>>;

/// What is put into a table, and what goes from it before.
pub(super) struct Sheet<'a> {
    pub(super) table: &'static Table,
    puts: Vec<Option<Cells<'a>>>,
    /// Where the newest row of a key is, for tables in which a key can come twice.
    known: HashMap<Cells<'a>, usize>,
    removes: BTreeSet<Cells<'a>>,
}

/// The sheets of a batch.
#[derive(Default)]
pub(super) struct Sheets<'a>(pub(super) Vec<Sheet<'a>>);

impl<'a> Sheets<'a> {
    fn sheet(&mut self, table: &'static Table) -> &mut Sheet<'a> {
        let found = self.0.iter().position(|sheet| std::ptr::eq(sheet.table, table));
        let at = found.unwrap_or_else(|| {
            let (puts, removes) = (Vec::new(), BTreeSet::new());
            self.0.push(Sheet { table, puts, known: HashMap::new(), removes });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl<'a> Writes<'a> for Sheets<'a> {
    fn put<const N: usize>(&mut self, table: &'static Table, row: [Value<'a>; N]) -> Result<()> {
        self.sheet(table).put(Vec::from(row));
        Ok(())
    }

    fn remove<const N: usize>(&mut self, table: &'static Table, key: [Value<'a>; N]) -> Result<()> {
        self.sheet(table).remove(Vec::from(key));
        Ok(())
    }
}

impl<'a> Sheet<'a> {
    fn put(&mut self, row: Cells<'a>) {
        if matches!(self.table.again, Again::Fails) && !self.is_of_timers() {
            return self.puts.push(Some(row));
        }
        let key: Cells<'a> = self.table.key_places().map(|at| row[at].clone()).collect();
        // One statement cannot write a row twice: the newest is what counts.
        match self.known.get(&key) {
            Some(at) => self.puts[*at] = Some(row),
            None => {
                self.known.insert(key, self.puts.len());
                self.puts.push(Some(row));
            }
        }
    }

    fn remove(&mut self, key: Cells<'a>) {
        let put = self.known.remove(&key).map(|at| self.puts[at] = None);
        // A timer that the batch itself set is not there yet. Anything else may be there or not.
        if put.is_none() || !self.is_of_timers() {
            self.removes.insert(key);
        }
    }

    fn is_of_timers(&self) -> bool {
        std::ptr::eq(self.table, &tables::TIMER)
    }

    /// The keys of the rows that go. There are few, and each goes by a statement of its own: one
    /// for all of them may be planned the wrong way round.
    pub(super) fn removes(&self) -> impl Iterator<Item = &Cells<'a>> {
        self.removes.iter()
    }

    /// The statement that writes, and its arrays.
    pub(super) fn insert(&self) -> Option<(String, Vec<Array<'_>>)> {
        let rows: Vec<&Cells<'a>> = self.puts.iter().flatten().collect();
        (!rows.is_empty()).then(|| insert(self.table, &rows))
    }
}

/// The statement that writes rows, each of another key, and its arrays.
pub(super) fn insert<'r>(table: &Table, rows: &[&'r Cells<'_>]) -> (String, Vec<Array<'r>>) {
    let kinds: Vec<Type> = table.columns.iter().map(|(_, kind)| *kind).collect();
    let (into, casts, conflict) = (table.into(), casts(&kinds), table.conflict());
    (format!("{into} SELECT * FROM unnest({casts}){conflict}"), arrays(rows, &kinds))
}

/// `?1::bigint[], ?2::text[]` and so on.
fn casts(kinds: &[Type]) -> String {
    let cast = |(at, kind): (usize, &Type)| {
        let kind = match kind {
            Type::Int => "bigint",
            Type::Text => "text",
            Type::Bytes => "bytea",
        };
        format!("?{}::{kind}[]", at + 1)
    };
    kinds.iter().enumerate().map(cast).collect::<Vec<_>>().join(", ")
}

/// The values of one column.
pub(super) enum Array<'r> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<&'r str>>),
    Bytes(Vec<Option<&'r [u8]>>),
}

impl Array<'_> {
    pub(super) fn value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Array::Int(all) => all,
            Array::Text(all) => all,
            Array::Bytes(all) => all,
        }
    }
}

fn arrays<'r>(rows: &[&'r Cells<'_>], kinds: &[Type]) -> Vec<Array<'r>> {
    let column = |(at, kind): (usize, &Type)| match kind {
        Type::Int => Array::Int(rows.iter().map(|row| int(&row[at])).collect()),
        Type::Text => Array::Text(rows.iter().map(|row| text(&row[at])).collect()),
        Type::Bytes => Array::Bytes(rows.iter().map(|row| bytes(&row[at])).collect()),
    };
    kinds.iter().enumerate().map(column).collect()
}

fn int(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        _ => None,
    }
}

fn text<'r>(value: &'r Value<'_>) -> Option<&'r str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn bytes<'r>(value: &'r Value<'_>) -> Option<&'r [u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
