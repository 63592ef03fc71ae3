//! What is not the journal: documents, the merchant's lines, timers, customers, instructions,
//! events. Each row has to be readable and written as Purser writes it, its columns have to agree
//! with what it holds, and what it names has to be there.

use books::audit::{self, Auditor, Found};
use books::balance::BalanceTransaction;
use books::funding::Instructions;
use books::id::{Kind, Number, RowKey};
use books::reconciliation::Payable;
use books::refund::RefundStatus;
use books::source::Source;
use books::{Customer, Document, World};

use super::search::Expected;
use super::{SPELLED, find, readable};
use crate::db::{Cell, Db, Row, all, one, values};
use crate::error::{Result, StoreError};
use crate::lookup;
use crate::rows::{self, BALANCE_COLUMNS, EVENT_COLUMNS, TIMER_COLUMNS};

/// The invariant of the columns that lists filter by.
const COLUMNS: &str = "the columns of a row agree with its data";

/// The invariant of the table that reconciliation reads.
const PAYABLE: &str = "open places for money are what the payment intents say";

/// Reads all documents, each intent with its place for money.
pub(super) fn documents(
    db: &dyn Db,
    auditor: &mut Auditor,
    searched: &mut Expected,
    tell: &mut dyn FnMut(),
) -> Result<()> {
    let sql = "SELECT p.intent, p.currency, p.remaining, p.since, p.invoice, p.until,
                d.kind, d.data, d.world, d.number, d.customer, d.parent
         FROM document d LEFT JOIN payable p
             ON p.world = d.world AND p.customer = d.customer AND p.intent = d.number
         ORDER BY d.world, d.number";
    db.scan(sql, &mut |row| {
        let world = row.world(8)?;
        if let Some(document) = readable(document(row), auditor) {
            let name = |document: &Document| {
                let (kind, number) = (document.kind().object(), document.key().number.0);
                format!("{kind} {number} in world {}", world.0)
            };
            if row.text(7)? != document.to_text() {
                auditor.found(SPELLED, name(&document));
            }
            if !columns_agree(row, &document)? {
                auditor.found(COLUMNS, name(&document));
            }
            if let Some(kept) = readable(payable(row), auditor)
                && kept != document.payable()
            {
                auditor.found(PAYABLE, name(&document));
            }
            auditor.document(world, &document);
            searched.document(world, &document);
            match &document {
                Document::Source(source) => received(db, world, source, auditor)?,
                Document::PaymentIntent(intent) if intent.charge.is_some() => {
                    let sum = refunds(db, world, intent.key.number)?;
                    auditor.refunded(world, intent, sum);
                }
                Document::CardCharge(charge) => {
                    let sum = refunds(db, world, charge.key.number)?;
                    auditor.charge_refunded(world, charge, sum);
                }
                _ => {}
            }
            let row = audit::Row::Document(document);
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
        Ok(true)
    })
}

fn document(row: &dyn Row) -> Result<Document> {
    Ok(Document::from_text(rows::document_kind(row.text(6)?)?, row.text(7)?)?)
}

fn columns_agree(row: &dyn Row, document: &Document) -> Result<bool> {
    let key = RowKey { customer: row.number(10)?, number: row.number(9)? };
    Ok(document.key() == key && document.parent() == row.opt_number(11)?)
}

fn payable(row: &dyn Row) -> Result<Option<Payable>> {
    if row.cell(0) == Cell::Null {
        return Ok(None);
    }
    let payable = rows::payable(row)?;
    match row.text(1)? == payable.currency.as_str() {
        true => Ok(Some(payable)),
        false => Err(StoreError::Corrupt("a currency is spelled another way".into())),
    }
}

/// Sums what was refunded of a payment or a charge, along the index of what is listed under it.
fn refunds(db: &dyn Db, world: World, parent: Number) -> Result<i64> {
    let sql =
        "SELECT kind, data FROM document WHERE world = ?1 AND parent = ?2 AND kind = 'refund'";
    // One that cannot be read is called so when its own turn comes.
    let refunds = all(db, sql, &values![world, parent], |row| Ok(rows::document(row).ok()))?;
    let mut sum = 0i64;
    for refund in refunds.iter().flatten() {
        if let Document::Refund(refund) = refund
            && !matches!(refund.status, RefundStatus::Failed | RefundStatus::Canceled)
        {
            sum = sum.saturating_add(refund.amount);
        }
    }
    Ok(sum)
}

/// Sums what a source received, along the same index, and sees that its account leads to it.
fn received(db: &dyn Db, world: World, source: &Source, auditor: &mut Auditor) -> Result<()> {
    let Some(receiver) = &source.receiver else { return Ok(()) };
    let number = source.key.number;
    let sql = "SELECT kind, data FROM document
               WHERE world = ?1 AND parent = ?2 AND kind = 'source_transaction'";
    let transactions = all(db, sql, &values![world, number], |row| Ok(rows::document(row).ok()))?;
    let (mut sum, mut pulled_back) = (0i64, 0i64);
    for transaction in transactions.iter().flatten() {
        if let Document::SourceTransaction(transaction) = transaction {
            sum = sum.saturating_add(transaction.amount);
            if transaction.reversed {
                pulled_back = pulled_back.saturating_add(transaction.amount);
            }
        }
    }
    auditor.received(world, source, sum, pulled_back);
    let leads_to_it = match lookup::account_owner(db, world, &receiver.instructions.account_key) {
        Ok(found) => {
            found.is_some_and(|(owner, made)| (owner, &made) == (number, &receiver.instructions))
        }
        // Instructions that cannot be read are called so when their own turn comes.
        Err(StoreError::Corrupt(_) | StoreError::Other(_)) => true,
        Err(error) => return Err(error),
    };
    if !leads_to_it {
        let detail = format!("source {} in world {}", number.0, world.0);
        auditor.found("the account of a source leads to it", detail);
    }
    Ok(())
}

/// Reads the merchant's balance, and sees which of its lines are still to be settled.
pub(super) fn lines(db: &dyn Db, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let newest = "SELECT coalesce(max(last_number), 0) FROM lane";
    let newest = one(db, newest, &[], |row| row.number(0))?.unwrap_or_default();
    let columns: Vec<String> =
        BALANCE_COLUMNS.split(", ").map(|name| format!("b.{name}")).collect();
    let sql = format!(
        "SELECT {}, b.world, CASE WHEN EXISTS (SELECT 1 FROM timer t WHERE t.due = b.available_on
             AND t.world = b.world AND t.number = b.number AND t.kind = 'settle')
             THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END
         FROM balance_transaction b ORDER BY b.world, b.number",
        columns.join(", ")
    );
    let (world_at, settles_at) = (columns.len(), columns.len() + 1);
    db.scan(&sql, &mut |row| {
        let world = row.world(world_at)?;
        if let Some(line) = readable(line(row), auditor) {
            if row.text(2)? != line.currency.as_str() {
                auditor.found(SPELLED, format!("balance transaction {}", line.number.0));
            }
            auditor.line(world, &line, row.flag(settles_at)?, newest.created());
            let row = audit::Row::BalanceTransaction(Box::new(line));
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
        Ok(true)
    })
}

/// A line that names half a source names none, and none is without one.
fn line(row: &dyn Row) -> Result<BalanceTransaction> {
    let line = rows::balance_transaction(row)?;
    match line.source {
        Some(_) => Ok(line),
        None => {
            let number = line.number.0;
            Err(StoreError::Corrupt(format!("balance transaction {number} names no source")))
        }
    }
}

/// Reads what is to happen later.
pub(super) fn timers(db: &dyn Db, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let sql = format!("SELECT {TIMER_COLUMNS} FROM timer ORDER BY due, world, number, kind");
    db.scan(&sql, &mut |row| {
        if let Some((world, timer)) = readable(rows::timer(row), auditor) {
            auditor.timer(world, &timer);
            let row = audit::Row::Timer(timer);
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
        Ok(true)
    })
}

/// Reads the customers.
pub(super) fn customers(db: &dyn Db, auditor: &mut Auditor, searched: &mut Expected) -> Result<()> {
    let sql = "SELECT data, number, deleted, email, world FROM customer";
    each(db, sql, auditor, &mut |row, auditor| {
        let data = row.text(0)?;
        let customer: Customer = serde_json::from_str(data)?;
        let name = format!("customer {}", customer.number.0);
        let agrees = row.number(1)? == customer.number
            && row.flag(2)? == customer.deleted
            && row.opt_text(3)? == customer.profile.email.as_deref();
        if !agrees {
            auditor.found(COLUMNS, name.clone());
        }
        if serde_json::to_string(&customer)? != data {
            auditor.found(SPELLED, name);
        }
        let world = row.world(4)?;
        searched.customer(world, &customer);
        let row = audit::Row::Customer(Box::new(customer));
        auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))
    })
}

/// Reads the bank accounts that customers send money to.
pub(super) fn instructions(db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
    let sql = "SELECT data, currency, country, account_key, customer FROM funding_instructions";
    each(db, sql, auditor, &mut |row, auditor| {
        let data = row.text(0)?;
        let made: Instructions = serde_json::from_str(data)?;
        let name = || -> Result<String> {
            Ok(format!("funding instructions of customer {}", row.number(4)?.0))
        };
        let agrees = row.text(1)? == made.currency.as_str()
            && row.text(2)? == made.country
            && row.text(3)? == made.account_key;
        if !agrees {
            auditor.found(COLUMNS, name()?);
        }
        if serde_json::to_string(&made)? != data {
            auditor.found(SPELLED, name()?);
        }
        Ok(())
    })
}

/// Reads the events. What a row tells of a cash balance is looked up by a query of its own.
pub(super) fn events(db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
    let sql = format!("SELECT {EVENT_COLUMNS}, world FROM event");
    let world_at = EVENT_COLUMNS.split(", ").count();
    each(db, &sql, auditor, &mut |row, auditor| {
        let event = audit::Row::Event(Box::new(rows::event(row)?));
        let world = row.world(world_at)?;
        auditor.names(world, &event, &mut |kind, key| exists(db, world, kind, key))
    })
}

/// Whether there is a row, without reading it.
fn exists(db: &dyn Db, world: World, kind: Kind, key: RowKey) -> Result<Found> {
    let there = match kind {
        Kind::CashTransaction => true,
        Kind::Customer => {
            let sql = "SELECT world FROM customer WHERE world = ?1 AND number = ?2";
            one(db, sql, &values![world, key.number], |_| Ok(()))?.is_some()
        }
        _ => {
            let sql = "SELECT world FROM document
                       WHERE world = ?1 AND number = ?2 AND customer = ?3 AND kind = ?4";
            let at = values![world, key.number, key.customer, kind.object()];
            one(db, sql, &at, |_| Ok(()))?.is_some()
        }
    };
    Ok(if there { Found::Something } else { Found::Nothing })
}

fn each(
    db: &dyn Db,
    query: &str,
    auditor: &mut Auditor,
    read: &mut dyn FnMut(&dyn Row, &mut Auditor) -> Result<()>,
) -> Result<()> {
    db.scan(query, &mut |row| {
        let was_read = read(row, auditor);
        readable(was_read, auditor);
        Ok(true)
    })
}
