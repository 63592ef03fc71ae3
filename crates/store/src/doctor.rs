//! The doctor: reads a whole database, online, and holds it against the invariants of the books.
//!
//! It works on one snapshot, so a server may go on writing. It reads every row once, in key order,
//! looks up by its key what a row names, and reports progress by rows. What the auditor keeps
//! meanwhile is bounded by what is under way (see there); what SQLite sorts for the queries below
//! goes to a temporary file, of the size of the cash balances at the most.

mod documents;
mod journal;
mod positions;
mod search;

use std::collections::BTreeMap;

use books::audit::{self, Auditor, Found, Report};
use books::id::{Kind, Number, RowKey};
use books::journal::Account;
use books::{Currency, Document, World};

use crate::db::{Db, Row, one};
use crate::error::{Result, StoreError};
use crate::lookup;
use crate::store::{Access, Location, Store, open_existing};

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
        "every set of funding instructions belongs to a customer or a source",
        "SELECT i.world, i.customer FROM funding_instructions i WHERE NOT EXISTS
             (SELECT 1 FROM customer c WHERE c.world = i.world AND c.number = i.customer)
             AND NOT EXISTS (SELECT 1 FROM document d WHERE d.world = i.world
                 AND d.number = i.customer AND d.customer = 0 AND d.kind = 'source')",
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
        "every event is about something that exists",
        "SELECT e.world, e.number FROM event e WHERE e.row IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM cash_transaction t
              WHERE t.world = e.world AND t.customer = e.customer AND t.number = e.row)",
    ),
    (
        "every cash balance transaction was told as an event",
        "SELECT t.world, t.number FROM cash_transaction t
         LEFT JOIN forgotten f ON f.world = t.world
         LEFT JOIN event e ON e.world = t.world AND e.row = t.number
             AND e.type = 'customer_cash_balance_transaction.created'
         WHERE t.number >= coalesce(f.number, 0) AND e.number IS NULL",
    ),
    (
        "every kept answer shows something that exists",
        "SELECT u.world, u.number FROM used_key u WHERE CASE WHEN u.row IS NULL
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

/// Examines a database. `progress` is told how many rows are done and how many there are.
pub fn examine(location: &Location, progress: &mut dyn FnMut(u64, u64)) -> Result<Report> {
    let db = open_existing(location, Access::Examine)?;
    db.begin_snapshot()?;
    examine_snapshot(&*db, progress)
}

/// An examination of a database that this process serves, over a connection of its own.
pub struct Examination(Box<dyn Db + Send>);

impl Examination {
    /// Connects, so that what follows needs nothing of the store.
    pub fn of(store: &Store) -> Result<Examination> {
        store.examine().map(Examination)
    }

    /// Examines the database as it is now. It takes its time, and writers do not wait for it.
    pub fn run(self, progress: &mut dyn FnMut(u64, u64)) -> Result<Report> {
        self.0.begin_snapshot()?;
        examine_snapshot(&*self.0, progress)
    }
}

/// The same with a snapshot that is open already.
pub(crate) fn examine_snapshot(db: &dyn Db, progress: &mut dyn FnMut(u64, u64)) -> Result<Report> {
    let mut auditor = Auditor::default();
    for line in db.damage()? {
        auditor.found("the file is intact", line);
    }
    let mut total = 0;
    for table in TABLES {
        let count = format!("SELECT count(*) FROM {table}");
        total += one(db, &count, &[], |row| row.int(0))?.unwrap_or(0) as u64;
    }
    let mut done = 0;
    let mut tell = || {
        done += 1;
        if done % TELL_EVERY == 0 || done == total {
            progress(done, total);
        }
    };
    journal::entries(db, &mut auditor, &mut tell)?;
    journal::transactions(db, &mut auditor, &mut tell)?;
    let mut searched = search::Expected::default();
    documents::documents(db, &mut auditor, &mut searched, &mut tell)?;
    documents::lines(db, &mut auditor, &mut tell)?;
    documents::timers(db, &mut auditor, &mut tell)?;
    auditor.all_was_fed();
    documents::customers(db, &mut auditor, &mut searched)?;
    documents::instructions(db, &mut auditor)?;
    documents::events(db, &mut auditor)?;
    searched.compare(db, &mut auditor)?;
    sums(db, &mut auditor)?;
    references(db, &mut auditor)?;
    positions::positions(db, &mut auditor)?;
    Ok(auditor.finish())
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
fn find(db: &dyn Db, world: World, kind: Kind, key: RowKey) -> Result<Found> {
    let found = match kind {
        Kind::CashTransaction => lookup::cash_transaction(db, world, key)
            .map(|row| row.map(|row| audit::Row::CashTransaction(Box::new(row)))),
        Kind::BalanceTransaction => lookup::balance_transaction(db, world, key.number)
            .map(|line| line.map(|line| audit::Row::BalanceTransaction(Box::new(line)))),
        Kind::Customer => {
            let there = lookup::purse(db, world, key.number)?.is_some();
            return Ok(if there { Found::Something } else { Found::Nothing });
        }
        _ => {
            let is_it =
                |document: &Document| (document.kind(), document.key()) == (kind.stored(), key);
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

fn sums(db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
    // Added here, because what somebody wrote there may add up to more than a number holds.
    let sql = "SELECT world, account, currency, amount FROM house_balance";
    let mut sums: BTreeMap<(World, Account, Currency), i64> = BTreeMap::new();
    db.scan(sql, &mut |row| {
        let code = row.int(1)?;
        let account = Account::from_code(code, Number(0)).filter(|account| account.is_house());
        match (account, row.currency(2)) {
            (Some(account), Ok(currency)) => {
                let sum = sums.entry((row.world(0)?, account, currency)).or_default();
                *sum = sum.saturating_add(row.int(3)?);
            }
            _ => {
                auditor.found("every row can be read", format!("a house balance of account {code}"))
            }
        }
        Ok(true)
    })?;
    for ((world, account, currency), sum) in sums {
        auditor.house_balance(world, account, currency, sum);
    }
    db.scan("SELECT world, lane, head, length FROM chain", &mut |row| {
        auditor.chain_head(row.world(0)?, row.int(1)?, &row.array(2)?, row.int(3)?);
        Ok(true)
    })
}

fn references(db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
    for (invariant, query) in REFERENCES {
        breaks(db, auditor, invariant, query, numbered)?;
    }
    // What cannot be read is called so elsewhere, and only passed over here. The cast gives SQLite
    // a type to index.
    let payments = format!(
        "WITH moved AS (SELECT world, customer, sum(-net_amount) AS applied, {} AS intent
             FROM cash_transaction WHERE type IN ('applied_to_payment', 'unapplied_from_payment')
             GROUP BY world, customer, intent)
         SELECT d.world, d.number FROM document d LEFT JOIN moved m
             ON m.world = d.world AND m.customer = d.customer AND m.intent = d.number
         WHERE d.kind = 'payment_intent' AND {} AND coalesce(m.applied, 0) <> coalesce({}, 0)",
        db.found_int("detail", "payment_intent"),
        db.is_json("d.data"),
        db.found_int("d.data", "applied"),
    );
    let invariant = "payments from a cash balance are what the payment intents say";
    breaks(db, auditor, invariant, &payments, numbered)
}

/// Reads `world, number` of a row that breaks an invariant.
fn numbered(row: &dyn Row) -> Result<String> {
    Ok(format!("number {} in world {}", row.int(1)?, row.int(0)?))
}

/// Calls what a query finds a break of an invariant, also that it cannot be answered: then there
/// are amounts that nobody can add.
fn breaks(
    db: &dyn Db,
    auditor: &mut Auditor,
    invariant: &'static str,
    query: &str,
    name: impl Fn(&dyn Row) -> Result<String>,
) -> Result<()> {
    let scanned = db.scan(query, &mut |row| {
        auditor.found(invariant, name(row)?);
        Ok(true)
    });
    match scanned {
        Err(StoreError::Other(why)) => {
            auditor.found(invariant, why);
            Ok(())
        }
        scanned => scanned,
    }
}
