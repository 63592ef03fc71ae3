//! The doctor: reads a whole database, online, and holds it against the invariants of the books.
//!
//! It works on one snapshot, so a server may go on writing. It reads every row once, in key order,
//! and reports progress by rows.

use std::path::Path;

use books::audit::{Auditor, Report};
use books::funding::Instructions;
use books::id::Number;
use books::journal::{Account, Entry, Posting, Seal};
use books::{Customer, World};
use rusqlite::{Connection, Row, params};

use crate::error::Result;
use crate::rows::{self, BALANCE_COLUMNS, CASH_COLUMNS, Cur, EVENT_COLUMNS, Num};
use crate::sqlite::{Access, open_existing};

/// How often progress is told: every so many rows.
const TELL_EVERY: u64 = 10_000;

/// References that must lead somewhere: what it is called, and a query for those that do not.
const REFERENCES: &[(&str, &str)] = &[
    (
        "every cash balance transaction belongs to a customer",
        "SELECT t.world, t.number FROM cash_transaction t WHERE NOT EXISTS
             (SELECT 1 FROM customer c WHERE c.world = t.world AND c.number = t.customer)",
    ),
    (
        "every set of funding instructions belongs to a customer",
        "SELECT i.world, i.customer FROM funding_instructions i WHERE NOT EXISTS
             (SELECT 1 FROM customer c WHERE c.world = i.world AND c.number = i.customer)",
    ),
    (
        "every event is about something that exists",
        "SELECT e.world, e.number FROM event e WHERE e.row IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM cash_transaction t
              WHERE t.world = e.world AND t.customer = e.customer AND t.number = e.row)",
    ),
    (
        "every cash balance transaction was told as an event",
        "SELECT t.world, t.number FROM cash_transaction t
         WHERE t.number > (SELECT coalesce(min(number), 0) FROM event) AND t.number NOT IN
             (SELECT e.row FROM event e WHERE e.row IS NOT NULL
              AND e.type = 'customer_cash_balance_transaction.created')",
    ),
    (
        "every kept answer shows something that exists",
        "WITH used AS (SELECT world, number, customer, row FROM idempotency
             UNION ALL SELECT world, number, customer, row FROM recent_key)
         SELECT u.world, u.number FROM used u WHERE CASE WHEN u.row IS NULL
             THEN NOT EXISTS (SELECT 1 FROM answer a
                 WHERE a.world = u.world AND a.number = u.number)
             ELSE NOT EXISTS (SELECT 1 FROM cash_transaction t
                 WHERE t.world = u.world AND t.customer = u.customer AND t.number = u.row) END",
    ),
    (
        "every posting belongs to an entry",
        "SELECT p.world, p.entry FROM posting p WHERE NOT EXISTS
             (SELECT 1 FROM entry e WHERE e.world = p.world AND e.number = p.entry)",
    ),
];

/// Examines the database at `path`. `progress` is told how many rows are done and how many there
/// are.
pub fn examine(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Report> {
    let db = open_existing(path, Access::Examine).or_else(|_| open_existing(path, Access::Read))?;
    db.execute_batch("BEGIN")?;
    let mut auditor = Auditor::default();
    integrity(&db, &mut auditor)?;
    let count = |table: &str| {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
    };
    let total = (count("entry")? + count("cash_transaction")?) as u64;
    let mut done = 0;
    let mut tell = || {
        done += 1;
        if done % TELL_EVERY == 0 || done == total {
            progress(done, total);
        }
    };
    entries(&db, &mut auditor, &mut tell)?;
    transactions(&db, &mut auditor, &mut tell)?;
    documents(&db, &mut auditor)?;
    sums(&db, &mut auditor)?;
    references(&db, &mut auditor)?;
    Ok(auditor.finish())
}

/// The file's own structure, as SQLite sees it.
fn integrity(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let mut check = db.prepare("PRAGMA integrity_check(20)")?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            auditor.found("the file is intact", line);
        }
    }
    Ok(())
}

fn entries(db: &Connection, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let mut select = db.prepare(
        "SELECT e.world, e.number, e.kind, e.seal, p.account, p.owner, p.currency, p.amount, p.line
         FROM entry e LEFT JOIN posting p ON p.world = e.world AND p.entry = e.number
         ORDER BY e.world, e.number, p.line",
    )?;
    let mut found = select.query([])?;
    let mut open: Option<Opened> = None;
    while let Some(row) = found.next()? {
        let (world, Num(number)) = (World(row.get(0)?), row.get(1)?);
        if open.as_ref().is_none_or(|o| (o.world, o.number) != (world, number)) {
            if let Some(done) = open.take() {
                done.check(db, auditor)?;
                tell();
            }
            open = Some(Opened {
                world,
                number,
                kind: row.get(2)?,
                seal: row.get(3)?,
                postings: Vec::new(),
            });
        }
        if let Some(opened) = open.as_mut().filter(|_| row.get_ref(4).is_ok_and(|v| !is_null(v))) {
            match rows::posting(row, 4) {
                Ok(posting) => {
                    let line = opened.postings.len() as i64;
                    if !is_spelled(row, &posting, line)? {
                        auditor.found(SPELLED, format!("a posting of entry {}", number.0));
                    }
                    opened.postings.push(posting);
                }
                Err(error) => auditor.found("every row can be read", error.to_string()),
            }
        }
    }
    if let Some(done) = open.take() {
        done.check(db, auditor)?;
        tell();
    }
    Ok(())
}

fn is_null(value: rusqlite::types::ValueRef<'_>) -> bool {
    value.data_type() == rusqlite::types::Type::Null
}

/// The invariant that rows are written in one way only, which the seals rest on.
const SPELLED: &str = "every row is spelled as Purser writes it";

fn is_spelled(row: &Row<'_>, posting: &Posting, line: i64) -> Result<bool> {
    let (_, owner) = posting.account.code();
    Ok(row.get::<_, Num>(5)?.0 == owner
        && row.get::<_, String>(6)? == posting.currency.as_str()
        && row.get::<_, i64>(8)? == line)
}

/// An entry while its postings are read.
struct Opened {
    world: World,
    number: Number,
    kind: String,
    seal: Seal,
    postings: Vec<Posting>,
}

impl Opened {
    fn check(self, db: &Connection, auditor: &mut Auditor) -> Result<()> {
        let name = format!("entry {} in world {}", self.number.0, self.world.0);
        let owner = self.postings.iter().find_map(|posting| match posting.account {
            Account::CustomerCash(customer) => Some(customer),
            _ => None,
        });
        let kind = rows::entry_kind(&self.kind);
        let entry = kind.map(|kind| Entry::new(self.number, kind, self.postings));
        match entry {
            Ok(Ok(entry)) => {
                let booked = match owner {
                    Some(customer) => booked(db, self.world, customer, self.number, auditor)?,
                    None => None,
                };
                auditor.entry(self.world, &entry, booked.as_ref(), &self.seal);
            }
            Ok(Err(why)) => auditor.found("postings sum to zero", format!("{name}: {why:?}")),
            Err(error) => auditor.found("every row can be read", format!("{name}: {error}")),
        }
        Ok(())
    }
}

fn booked(
    db: &Connection,
    world: World,
    customer: Number,
    number: Number,
    auditor: &mut Auditor,
) -> Result<Option<books::cash_balance::CashTransaction>> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number = ?3"
    ))?;
    let mut found = select.query(params![world.0, Num(customer), Num(number)])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    Ok(readable(rows::cash_transaction(row, customer), auditor))
}

fn transactions(db: &Connection, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let mut select = db.prepare(&format!(
        "SELECT {CASH_COLUMNS}, world, customer FROM cash_transaction
         ORDER BY world, customer, number"
    ))?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let (world, Num(customer)) = (World(row.get(7)?), row.get(8)?);
        if let Some(transaction) = readable(rows::cash_transaction(row, customer), auditor) {
            let spelled = row.get::<_, String>(2)? == transaction.currency.as_str()
                && row.get::<_, Option<String>>(5)? == transaction.others.to_text()
                && row.get::<_, Option<String>>(6)? == transaction.cause.detail();
            if !spelled {
                auditor.found(SPELLED, format!("transaction {}", transaction.key.number.0));
            }
            auditor.transaction(world, &transaction);
        }
        tell();
    }
    Ok(())
}

/// A row that cannot be read is a finding, not the end of the examination.
fn readable<T>(row: Result<T>, auditor: &mut Auditor) -> Option<T> {
    match row {
        Ok(value) => Some(value),
        Err(error) => {
            auditor.found("every row can be read", error.to_string());
            None
        }
    }
}

/// Rows that are not money: each has to be readable.
fn documents(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let document = |row: &Row<'_>| -> Result<String> { Ok(row.get(0)?) };
    each(db, "SELECT data FROM customer", auditor, &|row| {
        let customer: Customer = serde_json::from_str(&document(row)?)?;
        drop(customer);
        Ok(())
    })?;
    each(db, "SELECT data FROM funding_instructions", auditor, &|row| {
        let made: Instructions = serde_json::from_str(&document(row)?)?;
        drop(made);
        Ok(())
    })?;
    let events = format!("SELECT {EVENT_COLUMNS} FROM event");
    each(db, &events, auditor, &|row| rows::event(row).map(drop))?;
    let lines = format!("SELECT {BALANCE_COLUMNS} FROM balance_transaction");
    each(db, &lines, auditor, &|row| rows::balance_transaction(row).map(drop))
}

fn each(
    db: &Connection,
    query: &str,
    auditor: &mut Auditor,
    read: &dyn Fn(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut select = db.prepare(query)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        readable(read(row), auditor);
    }
    Ok(())
}

fn sums(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let mut select = db.prepare(
        "SELECT world, account, currency, sum(amount) FROM house_balance
         GROUP BY world, account, currency",
    )?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let (code, currency) = (row.get(1)?, row.get::<_, Cur>(2));
        let account = Account::from_code(code, Number(0)).filter(|account| account.is_house());
        let (Some(account), Ok(Cur(currency))) = (account, currency) else {
            let detail = format!("a house balance of account {code}");
            auditor.found("every row can be read", detail);
            continue;
        };
        auditor.house_balance(World(row.get(0)?), account, currency, row.get(3)?);
    }
    let mut select = db.prepare("SELECT world, lane, head, length FROM chain")?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        auditor.chain_head(World(row.get(0)?), row.get(1)?, &row.get(2)?, row.get(3)?);
    }
    Ok(())
}

fn references(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    for (invariant, query) in REFERENCES {
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        for broken in db.prepare(query)?.query_map([], read)? {
            let (world, number) = broken?;
            auditor.found(invariant, format!("number {number} in world {world}"));
        }
    }
    Ok(())
}
