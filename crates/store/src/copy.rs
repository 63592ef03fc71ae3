//! A whole database into another, of the same kind or the other.
//!
//! All of it comes from one snapshot of the source, so servers may go on writing there; what they
//! write later is not in the copy. The target is empty at first. It bears a mark from before the
//! first row until everything was compared, and whoever meets the mark refuses the database: half
//! a copy is never taken for a whole one. Rows go in chunks of at most [`CHUNK_ROWS`] and about
//! [`CHUNK_BYTES`], each in a transaction of its own.
//!
//! Two tables differ. SQLite keeps used keys in two tables, and a key may be in both: the newest
//! use counts, and the copy has it in `idempotency` alone. On PostgreSQL a lane has a holder, which
//! stays behind; SQLite has one lane that writes, and it goes on after the newest number of all.
//! Leases stay behind too.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use books::audit::Report;

use crate::admin;
use crate::db::{Cell, Db, Row, Value, one, values};
use crate::doctor;
use crate::error::{Result, StoreError};
use crate::store::{Access, Location, Store, open_existing, open_unfinished};
use crate::tables::{self, Table, Type};

/// Rows that are written in one transaction, at most.
const CHUNK_ROWS: usize = 2000;
/// Bytes of texts after which a transaction is ended in any case.
const CHUNK_BYTES: usize = 1 << 20;
/// How often progress is told: every so many rows.
const TELL_EVERY: u64 = 10_000;
/// Pages after which SQLite moves its log into the file.
const CHECKPOINT_PAGES: usize = 4000;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows are read here and written there.
    Copying,
    /// The copy is read again and held against what was read first.
    Comparing,
    /// The doctor examines the snapshot that was copied.
    ExaminingSource,
    /// The doctor examines the copy.
    ExaminingCopy,
}

/// Is told how many rows are done, and how many there are.
pub type Tell<'a> = &'a mut dyn FnMut(Step, u64, u64);

/// A copy that was made.
pub struct Copied {
    /// The rows of each table.
    pub rows: Vec<(&'static str, u64)>,
    /// What the doctor says of the source and of the copy, if he was asked.
    pub reports: Option<(Report, Report)>,
}

/// Copies. With `verify` the doctor examines both sides before the copy counts as finished.
pub fn copy(from: &Location, to: &Location, verify: bool, tell: Tell<'_>) -> Result<Copied> {
    refuse_same(from, to)?;
    let source = open_existing(from, Access::Examine)?;
    let source = &*source;
    source.begin_snapshot()?;
    let target = Target::open(to, admin::secret(source)?)?;
    target.begin(from)?;
    fill(source, &target, verify, tell).map_err(|why| {
        StoreError::Other(format!("{why}; {to} holds half a copy now, which nothing will serve"))
    })
}

fn fill(source: &dyn Db, target: &Target, verify: bool, tell: Tell<'_>) -> Result<Copied> {
    let read = target.take_all(source, &mut |done, all| tell(Step::Copying, done, all))?;
    let copy = open_unfinished(&target.location, Access::Examine)?;
    let copy = &*copy;
    copy.begin_snapshot()?;
    compare(&read, copy, &mut |done, all| tell(Step::Comparing, done, all))?;
    let mut reports = None;
    if verify {
        let of_source = doctor::examine_snapshot(source, &mut |done, all| {
            tell(Step::ExaminingSource, done, all);
        })?;
        let of_copy = doctor::examine_snapshot(copy, &mut |done, all| {
            tell(Step::ExaminingCopy, done, all);
        })?;
        refuse_worse(&of_source, &of_copy)?;
        reports = Some((of_source, of_copy));
    }
    copy.batch("COMMIT")?;
    target.finish()?;
    Ok(Copied { rows: read.iter().map(|sum| (sum.table.name, sum.rows)).collect(), reports })
}

/// A database that is damaged may be copied as it is; the copy may not be worse.
fn refuse_worse(source: &Report, copy: &Report) -> Result<()> {
    let counts = |report: &Report| (report.entries, report.transactions);
    if counts(source) == counts(copy) && copy.broken <= source.broken {
        return Ok(());
    }
    let first = copy.findings.first().map(|it| format!("{}: {}", it.invariant, it.detail));
    let first = first.unwrap_or_else(|| "it has more or fewer entries".into());
    Err(StoreError::Corrupt(format!("the doctor finds the copy worse than its source: {first}")))
}

fn refuse_same(from: &Location, to: &Location) -> Result<()> {
    let one_name = |location: &Location| match location {
        Location::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        other => other.to_string().into(),
    };
    for location in [from, to] {
        if *location == Location::Temporary {
            let what = "a database in memory belongs to its server alone; name a file";
            return Err(StoreError::Other(what.into()));
        }
    }
    match one_name(from) == one_name(to) {
        true => Err(StoreError::Other(format!("{from} cannot be copied into itself"))),
        false => Ok(()),
    }
}

type Cells = Vec<Value<'static>>;

/// What was read of a table: two that agree have the same rows, in whatever order.
struct Sum {
    table: &'static Table,
    rows: u64,
    digest: u64,
}

impl Sum {
    fn of(table: &'static Table) -> Sum {
        Sum { table, rows: 0, digest: 0 }
    }

    fn add(&mut self, row: &Cells) {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        self.rows += 1;
        self.digest = self.digest.wrapping_add(hasher.finish());
    }
}

/// Tells of progress, now and then.
struct Progress<'a> {
    done: u64,
    total: u64,
    tell: &'a mut dyn FnMut(u64, u64),
}

impl Progress<'_> {
    fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(TELL_EVERY) {
            (self.tell)(self.done, self.total.max(self.done));
        }
    }

    fn end(self) {
        (self.tell)(self.done, self.done);
    }
}

/// The rows of a table, in the order of its key, the oldest first where a key is there twice.
fn rows_of(table: &Table) -> String {
    let (from, order) = match table.name {
        "meta" => (format!("meta WHERE name <> '{}'", admin::COPYING), ""),
        "idempotency" => ("used_key".to_owned(), ", number"),
        name => (name.to_owned(), ""),
    };
    format!("SELECT {} FROM {from} ORDER BY {}{order}", table.names(), table.key.join(", "))
}

/// Reads a table, each key once: the last row is the one that counts.
fn read(
    db: &dyn Db,
    table: &'static Table,
    each: &mut dyn FnMut(Cells) -> Result<()>,
) -> Result<()> {
    let places: Vec<usize> = table.key_places().collect();
    let mut last: Option<Cells> = None;
    db.scan(&rows_of(table), &mut |row| {
        let row = cells(row, table)?;
        let is_again = |last: &Cells| places.iter().all(|at| last[*at] == row[*at]);
        let again = last.as_ref().is_some_and(is_again);
        if let Some(done) = last.replace(row)
            && !again
        {
            each(done)?;
        }
        Ok(true)
    })?;
    last.map_or(Ok(()), each)
}

fn cells(row: &dyn Row, table: &Table) -> Result<Cells> {
    let cell = |(at, (name, kind)): (usize, &(&str, Type))| match (row.cell(at), kind) {
        (Cell::Null, _) => Ok(Value::Null),
        (Cell::Int(value), Type::Int) => Ok(Value::Int(value)),
        (Cell::Text(text), Type::Text) => Ok(Value::Text(Cow::Owned(text.to_owned()))),
        (Cell::Bytes(bytes), Type::Bytes) => Ok(Value::Bytes(Cow::Owned(bytes.to_owned()))),
        _ => Err(StoreError::Corrupt(format!("{}.{name} holds something odd", table.name))),
    };
    table.columns.iter().enumerate().map(cell).collect()
}

fn bytes_of(row: &Cells) -> usize {
    let size = |value: &Value<'_>| match value {
        Value::Null | Value::Int(_) => 8,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    };
    row.iter().map(size).sum()
}

fn count(db: &dyn Db, sql: &str) -> Result<i64> {
    Ok(one(db, sql, &[], |row| row.int(0))?.unwrap_or(0))
}

fn total(db: &dyn Db) -> Result<u64> {
    let mut total = 0;
    for table in tables::ALL {
        total += count(db, &format!("SELECT count(*) FROM {}", table.name))? as u64;
    }
    Ok(total)
}

/// Holds the copy against what was read of the source. A chain is a row, with its newest seal and
/// its length; so the ends of all chains agree when this is done.
fn compare(read_before: &[Sum], copy: &dyn Db, tell: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let mut progress = Progress { done: 0, total: read_before.iter().map(|s| s.rows).sum(), tell };
    for before in read_before {
        let table = before.table;
        // A lane may have been there before, or be the one that SQLite goes on with.
        if std::ptr::eq(table, &tables::LANE) {
            continue;
        }
        let mut now = Sum::of(table);
        read(copy, table, &mut |row| {
            now.add(&row);
            progress.step();
            Ok(())
        })?;
        if (now.rows, now.digest) != (before.rows, before.digest) {
            return Err(StoreError::Corrupt(format!(
                "the copy of table '{}' is not what was read: {} rows there, {} here",
                table.name, now.rows, before.rows
            )));
        }
    }
    progress.end();
    Ok(())
}

/// The newest number that any lane has used.
fn newest(db: &dyn Db) -> Result<i64> {
    count(db, "SELECT coalesce(max(last_number), 0) FROM lane")
}

/// Where the copy is made. No server can have the file meanwhile.
struct Target {
    location: Location,
    store: Store,
    db: Box<dyn Db + Send>,
}

impl Target {
    /// Opens a database, or makes one.
    fn open(location: &Location, secret: [u8; 16]) -> Result<Target> {
        let mut location = location.clone();
        if let Location::Postgres(address) = &mut location {
            // Reading all of a large table takes as long as it takes.
            address.statement_timeout = Duration::ZERO;
        }
        let store = Store::open(&location, secret)?;
        let db = store.connect()?;
        if store.file().is_some() {
            db.batch(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}"))?;
        }
        Ok(Target { location, store, db })
    }

    fn is_file(&self) -> bool {
        self.store.file().is_some()
    }

    /// Runs something in a transaction.
    fn within(&self, what: impl FnOnce(&dyn Db) -> Result<()>) -> Result<()> {
        self.db.batch("BEGIN")?;
        let done = what(&*self.db).and_then(|()| self.db.batch("COMMIT"));
        if done.is_err() {
            // The first error is the one that tells.
            let _ = self.db.batch("ROLLBACK");
        }
        done
    }

    /// Sets the mark on a database that is empty and that nobody serves.
    fn begin(&self, from: &Location) -> Result<()> {
        self.within(|db| {
            let mark = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            let from = from.to_string().into_bytes();
            if db.execute(mark, &values![admin::COPYING, from])? == 0 {
                admin::refuse_unfinished(db)?;
                return Err(StoreError::Locked("another copy ended here just now".into()));
            }
            self.refuse_served()?;
            for table in tables::ALL {
                let name = table.name;
                let any = format!("SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT 1) AS first");
                if !["meta", "lane"].contains(&name) && count(db, &any)? > 0 {
                    return Err(StoreError::Other(format!(
                        "{} is not empty: its table '{name}' has rows; copy into a new database",
                        self.location
                    )));
                }
            }
            db.execute("DELETE FROM meta WHERE name <> ?1", &values![admin::COPYING]).map(drop)
        })
    }

    /// Refuses a database that a server has opened. A file is locked, which says it already.
    fn refuse_served(&self) -> Result<()> {
        let held = "SELECT count(*) FROM lane WHERE holder IS NOT NULL AND expires_ms
                    > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
        match self.is_file() || count(&*self.db, held)? == 0 {
            true => Ok(()),
            false => Err(StoreError::Locked(format!("a server runs on {}", self.location))),
        }
    }

    /// Copies all tables; gives what was read.
    fn take_all(&self, source: &dyn Db, tell: &mut dyn FnMut(u64, u64)) -> Result<Vec<Sum>> {
        let mut progress = Progress { done: 0, total: total(source)?, tell };
        let mut sums = Vec::new();
        for table in tables::ALL {
            sums.push(self.take(source, table, &mut progress)?);
        }
        progress.end();
        if self.is_file() {
            // The lane of a file is the first one, and its numbers are larger than all others.
            let row = values![0_i64, newest(source)?];
            self.db.execute(tables::LANE.insert(), &row)?;
        }
        Ok(sums)
    }

    fn take(
        &self,
        source: &dyn Db,
        table: &'static Table,
        progress: &mut Progress<'_>,
    ) -> Result<Sum> {
        let (mut sum, mut chunk, mut bytes) = (Sum::of(table), Vec::new(), 0);
        read(source, table, &mut |row| {
            sum.add(&row);
            progress.step();
            bytes += bytes_of(&row);
            chunk.push(row);
            if chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
                return Ok(());
            }
            bytes = 0;
            self.put(table, std::mem::take(&mut chunk))
        })?;
        self.put(table, chunk)?;
        Ok(sum)
    }

    fn put(&self, table: &'static Table, chunk: Vec<Cells>) -> Result<()> {
        match chunk.is_empty() {
            true => Ok(()),
            false => self.within(|db| db.insert_all(table, chunk)),
        }
    }

    /// Takes the mark away: from here on it is a database like any other.
    fn finish(&self) -> Result<()> {
        self.within(|db| {
            self.refuse_served()?;
            db.execute("DELETE FROM meta WHERE name = ?1", &values![admin::COPYING]).map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key may be in both tables, with an older use in the sorted one.
    #[test]
    fn a_key_is_copied_once_and_the_lane_goes_on_after_all() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| Location::File(home.path().join(name));
        let (from, to) = (at("from.db"), at("to.db"));
        let source = Store::open(&from, [7; 16]).unwrap().connect().unwrap();
        source
            .batch(
                "INSERT INTO lane VALUES (0, 40), (1, 900), (2, 30);
                 INSERT INTO idempotency SELECT 1, key, key, number, 'req_old', NULL, NULL FROM
                     (SELECT zeroblob(16) AS key, 10 AS number
                      UNION ALL SELECT CAST('sixteen bytes at' AS BLOB), 50);
                 INSERT INTO recent_key VALUES
                     (20, 1, zeroblob(16), zeroblob(16), 'req_new', NULL, NULL),
                     (50, 1, CAST('sixteen bytes at' AS BLOB), CAST('sixteen bytes at' AS BLOB),
                      'req_old', NULL, NULL),
                     (30, 2, zeroblob(16), zeroblob(16), 'req_other', NULL, NULL)",
            )
            .unwrap();
        let mut told = Vec::new();
        let copied = copy(&from, &to, false, &mut |step, done, all| told.push((step, done, all)));
        let rows = copied.unwrap().rows;
        assert!(rows.contains(&("idempotency", 3)) && rows.contains(&("lane", 3)), "{rows:?}");
        assert!(told.iter().any(|(step, done, _)| *step == Step::Comparing && *done > 3));

        let store = Store::open(&to, [9; 16]).unwrap();
        assert_eq!(store.secret(), [7; 16], "ids stay what they were");
        let db = store.connect().unwrap();
        let texts = |sql: &str| {
            crate::db::all(&*db, sql, &[], |row| Ok(row.text(0)?.to_owned())).unwrap().join(" ")
        };
        let keys = "SELECT world || ':' || number || ':' || request_id FROM idempotency
                    ORDER BY number";
        assert_eq!(texts(keys), "1:20:req_new 2:30:req_other 1:50:req_old");
        assert_eq!(count(&*db, "SELECT count(*) FROM recent_key").unwrap(), 0);
        let lanes = "SELECT lane || ':' || last_number FROM lane ORDER BY lane";
        assert_eq!(texts(lanes), "0:900 1:900 2:30");
    }
}
