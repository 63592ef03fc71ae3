//! What is not the journal: documents, the merchant's lines, timers, customers, instructions,
//! events. Each row has to be readable and written as Purser writes it, its columns have to agree
//! with what it holds, and what it names has to be there.

use books::audit::{self, Auditor, Found};
use books::balance::BalanceTransaction;
use books::funding::Instructions;
use books::id::{Kind, RowKey};
use books::payment_intent::PaymentIntent;
use books::reconciliation::Payable;
use books::refund::RefundStatus;
use books::{Customer, Document, World};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::{SPELLED, find, readable};
use crate::error::{Result, StoreError};
use crate::rows::{self, BALANCE_COLUMNS, EVENT_COLUMNS, Num};

/// The invariant of the columns that lists filter by.
const COLUMNS: &str = "the columns of a row agree with its data";

/// The invariant of the table that reconciliation reads.
const PAYABLE: &str = "open places for money are what the payment intents say";

/// Reads all documents, each intent with its place for money.
pub(super) fn documents(
    db: &Connection,
    auditor: &mut Auditor,
    tell: &mut dyn FnMut(),
) -> Result<()> {
    let mut select = db.prepare(
        "SELECT p.intent, p.currency, p.remaining, p.since, p.invoice, p.until,
                d.kind, d.data, d.world, d.number, d.customer, d.parent
         FROM document d LEFT JOIN payable p
             ON p.world = d.world AND p.customer = d.customer AND p.intent = d.number
         ORDER BY d.world, d.number",
    )?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let world = World(row.get(8)?);
        if let Some(document) = readable(document(row), auditor) {
            let name = |document: &Document| {
                let (kind, number) = (document.kind().object(), document.key().number.0);
                format!("{kind} {number} in world {}", world.0)
            };
            if row.get::<_, String>(7)? != document.to_text() {
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
            if let Document::PaymentIntent(intent) = &document {
                refunds(db, world, intent, auditor)?;
            }
            let row = audit::Row::Document(document);
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
    }
    Ok(())
}

fn document(row: &Row<'_>) -> Result<Document> {
    let (name, data): (String, String) = (row.get(6)?, row.get(7)?);
    let kind = Kind::from_object(&name)
        .ok_or_else(|| StoreError::Corrupt(format!("no object is of the kind '{name}'")))?;
    Ok(Document::from_text(kind, &data)?)
}

fn columns_agree(row: &Row<'_>, document: &Document) -> Result<bool> {
    let Num(number) = row.get(9)?;
    let Num(customer) = row.get(10)?;
    let parent = row.get::<_, Option<Num>>(11)?.map(|Num(parent)| parent);
    Ok(document.key() == RowKey { customer, number } && document.parent() == parent)
}

fn payable(row: &Row<'_>) -> Result<Option<Payable>> {
    match row.get_ref(0)?.data_type() {
        Type::Null => Ok(None),
        _ => {
            let payable = rows::payable(row)?;
            match row.get::<_, String>(1)? == payable.currency.as_str() {
                true => Ok(Some(payable)),
                false => Err(StoreError::Corrupt("a currency is spelled another way".into())),
            }
        }
    }
}

/// Sums what was refunded of a payment, along the index of what is listed under an intent.
fn refunds(
    db: &Connection,
    world: World,
    intent: &PaymentIntent,
    auditor: &mut Auditor,
) -> Result<()> {
    if intent.charge.is_none() {
        return Ok(());
    }
    let mut select = db.prepare_cached(
        "SELECT kind, data FROM document WHERE world = ?1 AND parent = ?2 AND kind = 'refund'",
    )?;
    let mut found = select.query(params![world.0, Num(intent.key.number)])?;
    let mut sum = 0i64;
    while let Some(row) = found.next()? {
        // One that cannot be read is called so when its own turn comes.
        if let Ok(Document::Refund(refund)) = rows::document(row)
            && !matches!(refund.status, RefundStatus::Failed | RefundStatus::Canceled)
        {
            sum = sum.saturating_add(refund.amount);
        }
    }
    auditor.refunded(world, intent, sum);
    Ok(())
}

/// Reads the merchant's balance, and sees which of its lines are still to be settled.
pub(super) fn lines(db: &Connection, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let newest = "SELECT coalesce(max(last_number), 0) FROM lane";
    let Num(newest) = db.query_row(newest, [], |row| row.get(0))?;
    let columns: Vec<String> =
        BALANCE_COLUMNS.split(", ").map(|name| format!("b.{name}")).collect();
    let mut select = db.prepare(&format!(
        "SELECT {}, b.world, EXISTS (SELECT 1 FROM timer t WHERE t.due = b.available_on
             AND t.world = b.world AND t.number = b.number AND t.kind = 'settle')
         FROM balance_transaction b ORDER BY b.world, b.number",
        columns.join(", ")
    ))?;
    let (world_at, settles_at) = (columns.len(), columns.len() + 1);
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let world = World(row.get(world_at)?);
        if let Some(line) = readable(line(row), auditor) {
            if row.get::<_, String>(2)? != line.currency.as_str() {
                auditor.found(SPELLED, format!("balance transaction {}", line.number.0));
            }
            auditor.line(world, &line, row.get(settles_at)?, newest.created());
            let row = audit::Row::BalanceTransaction(Box::new(line));
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
    }
    Ok(())
}

/// A line that names half a source names none, and none is without one.
fn line(row: &Row<'_>) -> Result<BalanceTransaction> {
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
pub(super) fn timers(db: &Connection, auditor: &mut Auditor, tell: &mut dyn FnMut()) -> Result<()> {
    let sql = "SELECT due, world, number, kind, customer FROM timer
               ORDER BY due, world, number, kind";
    let mut select = db.prepare(sql)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        if let Some((world, timer)) = readable(rows::timer(row), auditor) {
            auditor.timer(world, &timer);
            let row = audit::Row::Timer(timer);
            auditor.names(world, &row, &mut |kind, key| find(db, world, kind, key))?;
        }
        tell();
    }
    Ok(())
}

/// Reads the customers.
pub(super) fn customers(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let sql = "SELECT data, number, deleted, email FROM customer";
    each(db, sql, auditor, &mut |row, auditor| {
        let data: String = row.get(0)?;
        let customer: Customer = serde_json::from_str(&data)?;
        let name = format!("customer {}", customer.number.0);
        let agrees = row.get::<_, Num>(1)?.0 == customer.number
            && row.get::<_, bool>(2)? == customer.deleted
            && row.get::<_, Option<String>>(3)? == customer.profile.email;
        if !agrees {
            auditor.found(COLUMNS, name.clone());
        }
        if serde_json::to_string(&customer)? != data {
            auditor.found(SPELLED, name);
        }
        Ok(())
    })
}

/// Reads the bank accounts that customers send money to.
pub(super) fn instructions(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let sql = "SELECT data, currency, country, account_key, customer FROM funding_instructions";
    each(db, sql, auditor, &mut |row, auditor| {
        let data: String = row.get(0)?;
        let made: Instructions = serde_json::from_str(&data)?;
        let name = || -> Result<String> {
            Ok(format!("funding instructions of customer {}", row.get::<_, Num>(4)?.0.0))
        };
        let agrees = row.get::<_, String>(1)? == made.currency.as_str()
            && row.get::<_, String>(2)? == made.country
            && row.get::<_, String>(3)? == made.account_key;
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
pub(super) fn events(db: &Connection, auditor: &mut Auditor) -> Result<()> {
    let sql = format!("SELECT {EVENT_COLUMNS}, world FROM event");
    let world_at = EVENT_COLUMNS.split(", ").count();
    each(db, &sql, auditor, &mut |row, auditor| {
        let event = audit::Row::Event(Box::new(rows::event(row)?));
        let world = World(row.get(world_at)?);
        auditor.names(world, &event, &mut |kind, key| exists(db, world, kind, key))
    })
}

/// Whether there is a row, without reading it.
fn exists(db: &Connection, world: World, kind: Kind, key: RowKey) -> Result<Found> {
    let there = match kind {
        Kind::CashTransaction => true,
        Kind::Customer => {
            let sql = "SELECT 1 FROM customer WHERE world = ?1 AND number = ?2";
            let mut select = db.prepare_cached(sql)?;
            select.exists(params![world.0, Num(key.number)])?
        }
        _ => {
            let sql = "SELECT 1 FROM document WHERE world = ?1 AND number = ?2 AND customer = ?3
                       AND kind = ?4";
            let mut select = db.prepare_cached(sql)?;
            let at = params![world.0, Num(key.number), Num(key.customer), kind.object()];
            select.exists(at)?
        }
    };
    Ok(if there { Found::Something } else { Found::Nothing })
}

fn each(
    db: &Connection,
    query: &str,
    auditor: &mut Auditor,
    read: &mut dyn FnMut(&Row<'_>, &mut Auditor) -> Result<()>,
) -> Result<()> {
    let mut select = db.prepare(query)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let was_read = read(row, auditor);
        readable(was_read, auditor);
    }
    Ok(())
}
