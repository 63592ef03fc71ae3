//! Rows: how each kind of row is read from and written to its table.

use books::balance::{BalanceKind, BalanceTransaction};
use books::cash_balance::{Balances, CashTransaction, Cause, Settings};
use books::customer::Customer;
use books::event::{Event, EventKind, EventObject, RequestCause};
use books::funding::Instructions;
use books::id::{Kind, Number, RowKey};
use books::journal::{Account, Entry, EntryKind, Posting, Seal};
use books::reconciliation::{Payable, PayableKind};
use books::time::Millis;
use books::timer::{Look, Timer, TimerKind};
use books::webhook::Attempt;
use books::{Currency, Document, Timestamp, World};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Result, StoreError};

/// A number in a column.
#[derive(Clone, Copy)]
pub(crate) struct Num(pub Number);

impl ToSql for Num {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.0.into())
    }
}

impl FromSql for Num {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Num> {
        value.as_i64().map(|number| Num(Number(number)))
    }
}

/// A currency in a column.
pub(crate) struct Cur(pub Currency);

impl FromSql for Cur {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Cur> {
        Currency::parse(value.as_str()?).map(Cur).ok_or(FromSqlError::InvalidType)
    }
}

pub(crate) const CASH_COLUMNS: &str =
    "number, type, currency, net_amount, ending_balance, others, detail";

/// Reads [`CASH_COLUMNS`].
pub(crate) fn cash_transaction(row: &Row<'_>, customer: Number) -> Result<CashTransaction> {
    let Num(number) = row.get(0)?;
    let type_name = row.get_ref(1)?.as_str().map_err(unreadable)?;
    let detail = row.get_ref(6)?.as_str_or_null().map_err(unreadable)?;
    let others = row.get_ref(5)?.as_str_or_null().map_err(unreadable)?;
    Ok(CashTransaction {
        key: RowKey { customer, number },
        currency: row.get::<_, Cur>(2)?.0,
        net_amount: row.get(3)?,
        ending_balance: row.get(4)?,
        others: Balances::from_text(others)?,
        cause: Cause::from_store(type_name, detail).map_err(StoreError::Corrupt)?,
    })
}

fn unreadable(error: FromSqlError) -> StoreError {
    StoreError::Corrupt(format!("a column holds what it must not: {error}"))
}

pub(crate) fn insert_cash_transaction(
    db: &Connection,
    world: World,
    row: &CashTransaction,
) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO cash_transaction (world, customer, number, type, currency, net_amount,
             ending_balance, others, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        world.0,
        Num(row.key.customer),
        Num(row.key.number),
        row.cause.type_name(),
        row.currency.as_str(),
        row.net_amount,
        row.ending_balance,
        row.others.to_text(),
        row.cause.detail(),
    ])?;
    Ok(())
}

pub(crate) fn insert_entry(
    db: &Connection,
    world: World,
    entry: &Entry,
    seal: &Seal,
) -> Result<()> {
    let number = Num(entry.number());
    let mut insert =
        db.prepare_cached("INSERT INTO entry (world, number, kind, seal) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![world.0, number, entry.kind().as_str(), seal.as_slice()])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO posting (world, entry, line, account, owner, currency, amount)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (line, posting) in entry.postings().iter().enumerate() {
        let (account, owner) = posting.account.code();
        insert.execute(params![
            world.0,
            number,
            line as i64,
            account,
            Num(owner),
            posting.currency.as_str(),
            posting.amount_minor
        ])?;
    }
    Ok(())
}

/// Reads `account, owner, currency, amount`.
pub(crate) fn posting(row: &Row<'_>, first: usize) -> Result<Posting> {
    let (code, Num(owner)) = (row.get(first)?, row.get(first + 1)?);
    let account = Account::from_code(code, owner)
        .ok_or_else(|| StoreError::Corrupt(format!("no account has the code {code}")))?;
    Ok(Posting {
        account,
        currency: row.get::<_, Cur>(first + 2)?.0,
        amount_minor: row.get(first + 3)?,
    })
}

/// Reads a kind of entry.
pub(crate) fn entry_kind(text: &str) -> Result<EntryKind> {
    EntryKind::parse(text)
        .ok_or_else(|| StoreError::Corrupt(format!("no entry is of kind '{text}'")))
}

pub(crate) fn put_customer(db: &Connection, world: World, customer: &Customer) -> Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO customer (world, number, deleted, email, data) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (world, number) DO UPDATE
         SET deleted = excluded.deleted, email = excluded.email, data = excluded.data",
    )?;
    upsert.execute(params![
        world.0,
        Num(customer.number),
        customer.deleted,
        customer.profile.email,
        serde_json::to_string(customer)?,
    ])?;
    Ok(())
}

pub(crate) fn insert_instructions(
    db: &Connection,
    world: World,
    customer: Number,
    made: &Instructions,
) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO funding_instructions
             (world, customer, currency, country, account_key, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    insert.execute(params![
        world.0,
        Num(customer),
        made.currency.as_str(),
        made.country,
        made.account_key,
        serde_json::to_string(made)?,
    ])?;
    Ok(())
}

/// The part of an event that is copied rather than referred to, on its way in.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Copy<'a> {
    Settings(&'a Settings),
    Customer { now: &'a Customer, before: Option<&'a Customer> },
    Document { kind: &'static str, now: &'a Document, before: Option<&'a Document> },
    Balance(Vec<(i64, Currency, i64)>),
}

/// The same on its way out.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Copied {
    Settings(Settings),
    Customer { now: Box<Customer>, before: Option<Box<Customer>> },
    Document { kind: String, now: Value, before: Option<Value> },
    Balance(Vec<(i64, Currency, i64)>),
}

pub(crate) fn insert_event(db: &Connection, world: World, event: &Event) -> Result<()> {
    let (key, copy) = match &event.object {
        EventObject::CashTransaction(key) => (Some(key), None),
        EventObject::CashBalance(key, settings) => (Some(key), Some(Copy::Settings(settings))),
        EventObject::Customer { now, before } => {
            (None, Some(Copy::Customer { now, before: before.as_deref() }))
        }
        EventObject::Document { now, before } => {
            let kind = now.kind().object();
            (None, Some(Copy::Document { kind, now, before: before.as_ref() }))
        }
        EventObject::Balance(house) => {
            let sum = |(account, currency, sum): &(Account, Currency, i64)| {
                (account.code().0, *currency, *sum)
            };
            (None, Some(Copy::Balance(house.iter().map(sum).collect())))
        }
    };
    let mut insert = db.prepare_cached(
        "INSERT INTO event (world, number, type, customer, row, data, request_id,
             idempotency_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let cause = event.cause.as_deref();
    insert.execute(params![
        world.0,
        Num(event.number),
        event.kind.as_str(),
        key.map(|key| Num(key.customer)),
        key.map(|key| Num(key.number)),
        copy.map(|copy| serde_json::to_string(&copy)).transpose()?,
        cause.map(|cause| cause.request_id.as_str()),
        cause.and_then(|cause| cause.idempotency_key.as_deref()),
    ])?;
    Ok(())
}

pub(crate) const EVENT_COLUMNS: &str =
    "number, type, customer, row, data, request_id, idempotency_key";

/// Reads [`EVENT_COLUMNS`].
pub(crate) fn event(row: &Row<'_>) -> Result<Event> {
    let type_name: String = row.get(1)?;
    let kind = EventKind::parse(&type_name)
        .ok_or_else(|| StoreError::Corrupt(format!("no event is of type '{type_name}'")))?;
    let key = match (row.get::<_, Option<Num>>(2)?, row.get::<_, Option<Num>>(3)?) {
        (Some(Num(customer)), Some(Num(number))) => Some(RowKey { customer, number }),
        _ => None,
    };
    let data = row.get_ref(4)?.as_str_or_null().map_err(unreadable)?;
    let object = match (key, data.map(serde_json::from_str).transpose()?) {
        (Some(key), None) => EventObject::CashTransaction(key),
        (Some(key), Some(Copied::Settings(settings))) => EventObject::CashBalance(key, settings),
        (None, Some(Copied::Customer { now, before })) => EventObject::Customer { now, before },
        (None, Some(Copied::Document { kind, now, before })) => {
            let kind = document_kind(&kind)?;
            let now = Document::read(kind, now)?;
            let before = before.map(|before| Document::read(kind, before)).transpose()?;
            EventObject::Document { now, before }
        }
        (None, Some(Copied::Balance(house))) => {
            let sum = |(code, currency, sum)| {
                Account::from_code(code, Number(0)).map(|account| (account, currency, sum))
            };
            EventObject::Balance(house.into_iter().filter_map(sum).collect())
        }
        _ => return Err(StoreError::Corrupt("an event is about nothing".into())),
    };
    let request_id: Option<String> = row.get(5)?;
    let idempotency_key = row.get(6)?;
    let cause = request_id.map(|request_id| RequestCause { request_id, idempotency_key }.into());
    Ok(Event { number: row.get::<_, Num>(0)?.0, kind, object, cause })
}

pub(crate) const BALANCE_COLUMNS: &str = "number, type, currency, amount, fee, available_on, \
    source_kind, source_customer, source, description";

/// Reads [`BALANCE_COLUMNS`].
pub(crate) fn balance_transaction(row: &Row<'_>) -> Result<BalanceTransaction> {
    let type_name = row.get_ref(1)?.as_str().map_err(unreadable)?;
    let kind = BalanceKind::parse(type_name).ok_or_else(|| {
        StoreError::Corrupt(format!("no balance transaction is of type '{type_name}'"))
    })?;
    let source_kind = row.get_ref(6)?.as_str_or_null().map_err(unreadable)?;
    let source = match (source_kind, row.get::<_, Option<Num>>(7)?, row.get::<_, Option<Num>>(8)?) {
        (Some(kind), Some(Num(customer)), Some(Num(number))) => {
            Some((document_kind(kind)?, RowKey { customer, number }))
        }
        _ => None,
    };
    Ok(BalanceTransaction {
        number: row.get::<_, Num>(0)?.0,
        kind,
        currency: row.get::<_, Cur>(2)?.0,
        amount: row.get(3)?,
        fee: row.get(4)?,
        available_on: Timestamp(row.get(5)?),
        source,
        description: row.get(9)?,
    })
}

pub(crate) fn insert_balance_transaction(
    db: &Connection,
    world: World,
    row: &BalanceTransaction,
) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO balance_transaction (world, number, type, currency, amount, fee,
             available_on, source_kind, source_customer, source, description)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    insert.execute(params![
        world.0,
        Num(row.number),
        row.kind.as_str(),
        row.currency.as_str(),
        row.amount,
        row.fee,
        row.available_on.0,
        row.source.map(|(kind, _)| kind.object()),
        row.source.map(|(_, key)| Num(key.customer)),
        row.source.map(|(_, key)| Num(key.number)),
        row.description,
    ])?;
    Ok(())
}

pub(crate) const DOCUMENT_COLUMNS: &str = "kind, data";

/// Reads [`DOCUMENT_COLUMNS`].
pub(crate) fn document(row: &Row<'_>) -> Result<Document> {
    let kind = document_kind(row.get_ref(0)?.as_str().map_err(unreadable)?)?;
    let data = row.get_ref(1)?.as_str().map_err(unreadable)?;
    Ok(Document::from_text(kind, data)?)
}

fn document_kind(name: &str) -> Result<Kind> {
    Kind::from_object(name)
        .ok_or_else(|| StoreError::Corrupt(format!("no object is of the kind '{name}'")))
}

/// Writes a document, new or changed, and whether it takes money.
pub(crate) fn put_document(db: &Connection, world: World, document: &Document) -> Result<()> {
    let RowKey { customer, number } = document.key();
    let mut upsert = db.prepare_cached(
        "INSERT INTO document (world, number, kind, customer, parent, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (world, number) DO UPDATE SET parent = excluded.parent, data = excluded.data",
    )?;
    upsert.execute(params![
        world.0,
        Num(number),
        document.kind().object(),
        Num(customer),
        document.parent().map(Num),
        document.to_text(),
    ])?;
    if document.kind() == Kind::PaymentIntent {
        put_payable(db, world, (customer, number), document.payable())?;
    }
    Ok(())
}

fn put_payable(
    db: &Connection,
    world: World,
    (customer, intent): (Number, Number),
    payable: Option<Payable>,
) -> Result<()> {
    let Some(payable) = payable else {
        let mut delete = db.prepare_cached(
            "DELETE FROM payable WHERE world = ?1 AND customer = ?2 AND intent = ?3",
        )?;
        delete.execute(params![world.0, Num(customer), Num(intent)])?;
        return Ok(());
    };
    let mut upsert = db.prepare_cached(
        "INSERT INTO payable (world, customer, intent, currency, remaining, since, invoice, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (world, customer, intent) DO UPDATE
         SET currency = excluded.currency, remaining = excluded.remaining,
             since = excluded.since, invoice = excluded.invoice, until = excluded.until",
    )?;
    let (invoice, until) = match payable.kind {
        PayableKind::Intent => (None, None),
        PayableKind::Invoice { number, until } => (Some(number), until),
    };
    upsert.execute(params![
        world.0,
        Num(customer),
        Num(intent),
        payable.currency.as_str(),
        payable.remaining,
        Num(payable.since),
        invoice,
        until.map(|until| until.0),
    ])?;
    Ok(())
}

/// Reads `intent, currency, remaining, since, invoice, until`.
pub(crate) fn payable(row: &Row<'_>) -> Result<Payable> {
    let until: Option<i64> = row.get(5)?;
    let kind = match row.get::<_, Option<String>>(4)? {
        Some(number) => PayableKind::Invoice { number, until: until.map(Timestamp) },
        None => PayableKind::Intent,
    };
    Ok(Payable {
        intent: row.get::<_, Num>(0)?.0,
        kind,
        currency: row.get::<_, Cur>(1)?.0,
        remaining: row.get(2)?,
        since: row.get::<_, Num>(3)?.0,
    })
}

pub(crate) fn insert_timer(db: &Connection, world: World, timer: &Timer) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO timer (due, world, number, kind, customer) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let Timer { due, kind, key } = timer;
    let (number, customer) = (Num(key.number), Num(key.customer));
    insert.execute(params![due.0, world.0, number, kind.as_str(), customer])?;
    Ok(())
}

pub(crate) fn delete_timer(db: &Connection, world: World, timer: &Timer) -> Result<()> {
    let mut delete = db.prepare_cached(
        "DELETE FROM timer
         WHERE due = ?1 AND world = ?2 AND number = ?3 AND customer = ?4 AND kind = ?5",
    )?;
    let Timer { due, kind, key } = timer;
    let (number, customer) = (Num(key.number), Num(key.customer));
    delete.execute(params![due.0, world.0, number, customer, kind.as_str()])?;
    Ok(())
}

/// Reads `due, world, number, kind, customer`.
pub(crate) fn timer(row: &Row<'_>) -> Result<(World, Timer)> {
    let name = row.get_ref(3)?.as_str().map_err(unreadable)?;
    let kind = TimerKind::parse(name)
        .ok_or_else(|| StoreError::Corrupt(format!("no timer is of the kind '{name}'")))?;
    let key = RowKey { customer: row.get::<_, Num>(4)?.0, number: row.get::<_, Num>(2)?.0 };
    Ok((World(row.get(1)?), Timer { due: Timestamp(row.get(0)?), kind, key }))
}

/// Notes up to which lot a look has come.
pub(crate) fn put_looked(db: &Connection, world: World, look: Look, number: Number) -> Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO looked (world, days, number) VALUES (?1, ?2, ?3)
         ON CONFLICT (world, days) DO UPDATE SET number = max(number, excluded.number)",
    )?;
    upsert.execute(params![world.0, look.days(), Num(number)])?;
    Ok(())
}

/// Notes up to which event an endpoint was told.
pub(crate) fn put_told(
    db: &Connection,
    world: World,
    endpoint: Number,
    upto: Number,
) -> Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO told (world, endpoint, number) VALUES (?1, ?2, ?3)
         ON CONFLICT (world, endpoint) DO UPDATE SET number = max(number, excluded.number)",
    )?;
    upsert.execute(params![world.0, Num(endpoint), Num(upto)])?;
    Ok(())
}

/// Notes an attempt. One that was noted before, by somebody who crashed afterwards, stays.
pub(crate) fn insert_attempt(
    db: &Connection,
    world: World,
    endpoint: Number,
    attempt: &Attempt,
) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO delivery_attempt (world, event, endpoint, attempt, at, latency_ms, status,
             answer, by_hand) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO NOTHING",
    )?;
    insert.execute(params![
        world.0,
        Num(attempt.event),
        Num(endpoint),
        attempt.attempt,
        attempt.at.0,
        attempt.latency_ms,
        attempt.status,
        attempt.answer,
        attempt.by_hand,
    ])?;
    Ok(())
}

pub(crate) const ATTEMPT_COLUMNS: &str =
    "event, attempt, at, latency_ms, status, answer, by_hand, endpoint";

/// Reads [`ATTEMPT_COLUMNS`]: the endpoint, and the attempt.
pub(crate) fn attempt(row: &Row<'_>) -> Result<(Number, Attempt)> {
    let attempt = Attempt {
        event: row.get::<_, Num>(0)?.0,
        attempt: row.get(1)?,
        at: Millis(row.get(2)?),
        latency_ms: row.get(3)?,
        status: row.get(4)?,
        answer: row.get(5)?,
        by_hand: row.get(6)?,
    };
    Ok((row.get::<_, Num>(7)?.0, attempt))
}
