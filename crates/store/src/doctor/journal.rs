//! The money: entries with their postings, and the cash balance transactions that they book.

use std::sync::Arc;

use books::World;
use books::audit::{self, Auditor};
use books::cash_balance::CashTransaction;
use books::id::Number;
use books::journal::{Account, Entry, Posting, Seal};

use super::{SPELLED, find, readable};
use crate::db::{Cell, Db, Row, one, values};
use crate::error::Result;
use crate::rows::{self, CASH_COLUMNS};

/// Reads the journal, each entry with the transaction that it books.
pub(super) fn entries(db: &dyn Db, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let sql =
        "SELECT e.world, e.number, e.kind, e.seal, p.account, p.owner, p.currency, p.amount, p.line,
            e.request
         FROM entry e LEFT JOIN posting p ON p.world = e.world AND p.entry = e.number
         ORDER BY e.world, e.number, p.line";
    let mut open: Option<Opened> = None;
    db.scan(sql, &mut |row| {
        let (world, number) = (row.world(0)?, row.number(1)?);
        if open.as_ref().is_none_or(|o| (o.world, o.number) != (world, number)) {
            if let Some(done) = open.take() {
                done.check(db, auditor)?;
                tell();
            }
            let (kind, seal) = (row.text(2)?.to_owned(), row.array(3)?);
            let request = row.opt_text(9)?.map(Arc::from);
            open = Some(Opened { world, number, kind, seal, request, postings: Vec::new() });
        }
        if let Some(opened) = open.as_mut().filter(|_| row.cell(4) != Cell::Null) {
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
        Ok(true)
    })?;
    if let Some(done) = open.take() {
        done.check(db, auditor)?;
        tell();
    }
    Ok(())
}

fn is_spelled(row: &dyn Row, posting: &Posting, line: i64) -> Result<bool> {
    let (_, owner) = posting.account.code();
    Ok(row.number(5)? == owner && row.text(6)? == posting.currency.as_str() && row.int(8)? == line)
}

/// An entry while its postings are read.
struct Opened {
    world: World,
    number: Number,
    kind: String,
    seal: Seal,
    request: Option<Arc<str>>,
    postings: Vec<Posting>,
}

impl Opened {
    fn check(self, db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
        let name = format!("entry {} in world {}", self.number.0, self.world.0);
        let owner = self.postings.iter().find_map(|posting| match posting.account {
            Account::CustomerCash(customer) => Some(customer),
            _ => None,
        });
        let kind = rows::entry_kind(&self.kind);
        let entry = kind.map(|kind| Entry::new(self.number, kind, self.postings));
        match entry {
            Ok(Ok(mut entry)) => {
                entry.asked_by(self.request);
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
    db: &dyn Db,
    world: World,
    customer: Number,
    number: Number,
    auditor: &mut Auditor,
) -> Result<Option<CashTransaction>> {
    let sql = format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number = ?3"
    );
    let found = one(db, &sql, &values![world, customer, number], |row| {
        Ok(readable(rows::cash_transaction(row, customer), auditor))
    })?;
    Ok(found.flatten())
}

/// Reads the cash balances, and looks up what their transactions name.
pub(super) fn transactions(
    db: &dyn Db,
    auditor: &mut Auditor,
    tell: &mut dyn FnMut(),
) -> Result<()> {
    let sql = format!(
        "SELECT {CASH_COLUMNS}, world, customer FROM cash_transaction
         ORDER BY world, customer, number"
    );
    db.scan(&sql, &mut |row| {
        let (world, customer) = (row.world(7)?, row.number(8)?);
        if let Some(transaction) = readable(rows::cash_transaction(row, customer), auditor) {
            let spelled = row.text(2)? == transaction.currency.as_str()
                && row.opt_text(5)? == transaction.others.to_text().as_deref()
                && row.opt_text(6)? == transaction.cause.detail().as_deref();
            if !spelled {
                auditor.found(SPELLED, format!("transaction {}", transaction.key.number.0));
            }
            auditor.transaction(world, &transaction);
            let row = audit::Row::CashTransaction(Box::new(transaction));
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
        Ok(true)
    })
}
