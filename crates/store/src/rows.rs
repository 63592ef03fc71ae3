//! Rows: how each kind of row is read from and written to its table.

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause, Settings};
use books::customer::Customer;
use books::event::{Event, EventKind, EventObject, RequestCause};
use books::funding::Instructions;
use books::id::{Number, RowKey};
use books::journal::{Account, Entry, EntryKind, Posting, Seal};
use books::{Currency, Timestamp, World};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params};
use serde::{Deserialize, Serialize};

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

/// The part of an event that is copied rather than referred to.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Copied {
    Settings(Settings),
    Customer { now: Box<Customer>, before: Option<Box<Customer>> },
}

pub(crate) fn insert_event(db: &Connection, world: World, event: &Event) -> Result<()> {
    let (key, copied) = match &event.object {
        EventObject::CashTransaction(key) => (Some(key), None),
        EventObject::CashBalance(key, settings) => (Some(key), Some(Copied::Settings(*settings))),
        EventObject::Customer { now, before } => {
            (None, Some(Copied::Customer { now: now.clone(), before: before.clone() }))
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
        copied.map(|copied| serde_json::to_string(&copied)).transpose()?,
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
        _ => return Err(StoreError::Corrupt("an event is about nothing".into())),
    };
    let request_id: Option<String> = row.get(5)?;
    let idempotency_key = row.get(6)?;
    let cause = request_id.map(|request_id| RequestCause { request_id, idempotency_key }.into());
    Ok(Event { number: row.get::<_, Num>(0)?.0, kind, object, cause })
}

pub(crate) const BALANCE_COLUMNS: &str =
    "number, type, currency, amount, fee, available_on, source, payout, data";

/// Reads [`BALANCE_COLUMNS`].
pub(crate) fn balance_transaction(row: &Row<'_>) -> Result<BalanceTransaction> {
    Ok(BalanceTransaction {
        number: row.get::<_, Num>(0)?.0,
        type_name: row.get(1)?,
        currency: row.get::<_, Cur>(2)?.0,
        amount: row.get(3)?,
        fee: row.get(4)?,
        available_on: Timestamp(row.get(5)?),
        source: row.get(6)?,
        payout: row.get(7)?,
        details: serde_json::from_str(row.get_ref(8)?.as_str().map_err(unreadable)?)?,
    })
}
