//! The money: entries with their postings, and the cash balance transactions that they book.

use books::World;
use books::audit::{self, Auditor};
use books::cash_balance::CashTransaction;
use books::id::Number;
use books::journal::{Account, Entry, Posting, Seal};
use rusqlite::{Connection, Row, params};

use super::{SPELLED, find, readable};
use crate::error::Result;
use crate::rows::{self, CASH_COLUMNS, Num};

/// Reads the journal, each entry with the transaction that it books.
pub(super) fn entries(
    db: &Connection,
    auditor: &mut Auditor,
    tell: &mut dyn FnMut(),
) -> Result<()> {
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
) -> Result<Option<CashTransaction>> {
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

/// Reads the cash balances, and looks up what their transactions name.
pub(super) fn transactions(
    db: &Connection,
    auditor: &mut Auditor,
    tell: &mut dyn FnMut(),
) -> Result<()> {
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
            let row = audit::Row::CashTransaction(Box::new(transaction));
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
    }
    Ok(())
}
