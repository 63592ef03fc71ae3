//! The doctor: reads a whole database, online, and holds it against the invariants of the books.
//!
//! It works on one snapshot, so a server may go on writing. It reads every row once, in key order,
//! looks up by its key what a row names, and reports progress by rows. What the auditor keeps
//! meanwhile is bounded by what is under way (see there); what SQLite sorts for the queries below
//! goes to a temporary file, of the size of the cash balances at the most.

mod documents;
mod journal;

use std::path::Path;

use books::audit::{self, Auditor, Found, Report};
use books::id::{Kind, Number, RowKey};
use books::journal::Account;
use books::{Document, World};
use rusqlite::{Connection, Row};

use crate::error::{Result, StoreError};
use crate::lookup;
use crate::rows::Cur;
use crate::sqlite::{Access, open_existing};

/// How often progress is told: every so many rows.
const TELL_EVERY: u64 = 10_000;

/// The invariant that rows are written in one way only, which the seals rest on.
const SPELLED: &str = "every row is spelled as Purser writes it";

/// Tables whose rows count as progress.
const TABLES: [&str; 5] = ["entry", "cash_transaction", "document", "balance_transaction", "timer"];

/// What must hold between tables: what it is called, and a query for the rows that break it.
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
        "every document belongs to a customer",
        "SELECT d.world, d.number FROM document d WHERE d.customer > 0 AND NOT EXISTS
             (SELECT 1 FROM customer c WHERE c.world = d.world AND c.number = d.customer)",
    ),
    (
        "open places for money are what the payment intents say",
        "SELECT p.world, p.intent FROM payable p WHERE NOT EXISTS
             (SELECT 1 FROM document d WHERE d.world = p.world AND d.number = p.intent
              AND d.kind = 'payment_intent' AND d.customer = p.customer)",
    ),
    (
        // What cannot be read is called so elsewhere, and only passed over here.
        "payments from a cash balance are what the payment intents say",
        // The cast gives SQLite a type to index.
        "WITH moved AS (SELECT world, customer, sum(-net_amount) AS applied,
                 CAST(CASE WHEN json_valid(detail) THEN detail ->> '$.payment_intent' END
                     AS INTEGER) AS intent
             FROM cash_transaction WHERE type IN ('applied_to_payment', 'unapplied_from_payment')
             GROUP BY world, customer, intent)
         SELECT d.world, d.number FROM document d LEFT JOIN moved m
             ON m.world = d.world AND m.customer = d.customer AND m.intent = d.number
         WHERE d.kind = 'payment_intent' AND coalesce(m.applied, 0) <>
             CASE WHEN json_valid(d.data) THEN coalesce(d.data ->> '$.applied', 0)
             ELSE coalesce(m.applied, 0) END",
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
         WHERE t.number >= coalesce(
             (SELECT f.number FROM forgotten f WHERE f.world = t.world), 0) AND t.number NOT IN
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
    db.pragma_update(None, "temp_store", "FILE")?;
    db.execute_batch("BEGIN")?;
    let mut auditor = Auditor::default();
    integrity(&db, &mut auditor)?;
    let mut total = 0;
    for table in TABLES {
        let count = format!("SELECT count(*) FROM {table}");
        total += db.query_row(&count, [], |row| row.get::<_, i64>(0))? as u64;
    }
    let mut done = 0;
    let mut tell = || {
        done += 1;
        if done % TELL_EVERY == 0 || done == total {
            progress(done, total);
        }
    };
    journal::entries(&db, &mut auditor, &mut tell)?;
    journal::transactions(&db, &mut auditor, &mut tell)?;
    documents::documents(&db, &mut auditor, &mut tell)?;
    documents::lines(&db, &mut auditor, &mut tell)?;
    documents::timers(&db, &mut auditor, &mut tell)?;
    auditor.all_was_fed();
    documents::customers(&db, &mut auditor)?;
    documents::instructions(&db, &mut auditor)?;
    documents::events(&db, &mut auditor)?;
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

/// Looks up what a row names. What cannot be read is there, and called unreadable by whoever comes
/// past it.
fn find(db: &Connection, world: World, kind: Kind, key: RowKey) -> Result<Found> {
    let found = match kind {
        Kind::CashTransaction => lookup::cash_transaction(db, world, key)
            .map(|row| row.map(|row| audit::Row::CashTransaction(Box::new(row)))),
        Kind::BalanceTransaction => lookup::balance_transaction(db, world, key.number)
            .map(|line| line.map(|line| audit::Row::BalanceTransaction(Box::new(line)))),
        _ => {
            let is_it = |document: &Document| (document.kind(), document.key()) == (kind, key);
            lookup::document(db, world, key.number)
                .map(|document| document.filter(is_it).map(audit::Row::Document))
        }
    };
    match found {
        Ok(Some(row)) => Ok(Found::Row(row)),
        Ok(None) => Ok(Found::Nothing),
        Err(StoreError::Corrupt(_) | StoreError::Other(_)) => Ok(Found::Something),
        Err(error) => Err(error),
    }
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
