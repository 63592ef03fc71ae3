//! Rows: how each kind of row is read.

use books::balance::{BalanceKind, BalanceTransaction, SourceType};
use books::cash_balance::{Balances, CashTransaction, Cause, Settings};
use books::customer::Customer;
use books::event::{Event, EventKind, EventObject, RequestCause};
use books::id::{Kind, Number, RowKey};
use books::journal::{Account, EntryKind, Posting};
use books::reconciliation::{Payable, PayableKind};
use books::time::Millis;
use books::timer::{Timer, TimerKind};
use books::webhook::Attempt;
use books::{Currency, Document, RequestRow, World};
use serde::Deserialize;
use serde_json::Value;

use crate::db::Row;
use crate::error::{Result, StoreError};

pub(crate) const CASH_COLUMNS: &str =
    "number, type, currency, net_amount, ending_balance, others, detail";

/// Reads [`CASH_COLUMNS`].
pub(crate) fn cash_transaction(row: &dyn Row, customer: Number) -> Result<CashTransaction> {
    let cause = Cause::from_store(row.text(1)?, row.opt_text(6)?);
    Ok(CashTransaction {
        key: RowKey { customer, number: row.number(0)? },
        currency: row.currency(2)?,
        net_amount: row.int(3)?,
        ending_balance: row.int(4)?,
        others: Balances::from_text(row.opt_text(5)?)?,
        cause: cause.map_err(StoreError::Corrupt)?,
    })
}

/// Reads `currency, ending_balance, others` of a customer's newest transaction: the cash balance.
pub(crate) fn balances(row: &dyn Row) -> Result<Balances> {
    let mut balances = Balances::from_text(row.opt_text(2)?)?;
    balances.0.insert(row.currency(0)?, row.int(1)?);
    Ok(balances)
}

/// Reads `account, owner, currency, amount`.
pub(crate) fn posting(row: &dyn Row, first: usize) -> Result<Posting> {
    Ok(Posting {
        account: account(row.int(first)?, row.number(first + 1)?)?,
        currency: row.currency(first + 2)?,
        amount_minor: row.int(first + 3)?,
    })
}

/// The account with a code.
pub(crate) fn account(code: i64, owner: Number) -> Result<Account> {
    Account::from_code(code, owner)
        .ok_or_else(|| StoreError::Corrupt(format!("no account has the code {code}")))
}

/// Reads a kind of entry.
pub(crate) fn entry_kind(text: &str) -> Result<EntryKind> {
    EntryKind::parse(text)
        .ok_or_else(|| StoreError::Corrupt(format!("no entry is of kind '{text}'")))
}

/// The part of an event that is copied rather than referred to.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Copied {
    Settings(Settings),
    Customer { now: Box<Customer>, before: Option<Box<Customer>> },
    Document { kind: String, now: Value, before: Option<Value> },
    Balance(Vec<(i64, Currency, i64)>),
}

pub(crate) const EVENT_COLUMNS: &str =
    "number, type, customer, row, data, request_id, idempotency_key";

/// Reads [`EVENT_COLUMNS`].
pub(crate) fn event(row: &dyn Row) -> Result<Event> {
    let type_name = row.text(1)?;
    let kind = EventKind::parse(type_name)
        .ok_or_else(|| StoreError::Corrupt(format!("no event is of type '{type_name}'")))?;
    let key = row_key(row.opt_number(2)?, row.opt_number(3)?);
    let object = match (key, row.opt_text(4)?.map(serde_json::from_str).transpose()?) {
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
    let idempotency_key = row.opt_text(6)?.map(str::to_owned);
    let cause = row.opt_text(5)?.map(|request_id| {
        RequestCause { request_id: request_id.to_owned(), idempotency_key }.into()
    });
    Ok(Event { number: row.number(0)?, kind, object, cause })
}

/// A key of which both halves are there.
pub(crate) fn row_key(customer: Option<Number>, number: Option<Number>) -> Option<RowKey> {
    Some(RowKey { customer: customer?, number: number? })
}

pub(crate) const BALANCE_COLUMNS: &str = "number, type, currency, amount, fee, available_on, \
    source_kind, source_customer, source, description, source_type";

/// Reads [`BALANCE_COLUMNS`].
pub(crate) fn balance_transaction(row: &dyn Row) -> Result<BalanceTransaction> {
    let type_name = row.text(1)?;
    let kind = BalanceKind::parse(type_name).ok_or_else(|| {
        StoreError::Corrupt(format!("no balance transaction is of type '{type_name}'"))
    })?;
    let source = match (row.opt_text(6)?, row_key(row.opt_number(7)?, row.opt_number(8)?)) {
        (Some(kind), Some(key)) => Some((document_kind(kind)?, key)),
        _ => None,
    };
    Ok(BalanceTransaction {
        number: row.number(0)?,
        kind,
        currency: row.currency(2)?,
        amount: row.int(3)?,
        fee: row.int(4)?,
        available_on: row.moment(5)?,
        source_type: match row.opt_text(10)? {
            None => SourceType::Card,
            Some(name) => SourceType::parse(name).ok_or_else(|| {
                StoreError::Corrupt(format!("no money is of the source type '{name}'"))
            })?,
        },
        source,
        description: row.opt_text(9)?.map(str::to_owned),
    })
}

pub(crate) const DOCUMENT_COLUMNS: &str = "kind, data";

/// Reads [`DOCUMENT_COLUMNS`].
pub(crate) fn document(row: &dyn Row) -> Result<Document> {
    Ok(Document::from_text(document_kind(row.text(0)?)?, row.text(1)?)?)
}

/// Reads a kind of object.
pub(crate) fn document_kind(name: &str) -> Result<Kind> {
    Kind::from_name(name)
        .ok_or_else(|| StoreError::Corrupt(format!("no object is of the kind '{name}'")))
}

/// Reads the column `data` of a request.
pub(crate) fn request(row: &dyn Row) -> Result<RequestRow> {
    Ok(serde_json::from_str(row.text(0)?)?)
}

pub(crate) const PAYABLE_COLUMNS: &str = "intent, currency, remaining, since, invoice, until";

/// Reads [`PAYABLE_COLUMNS`].
pub(crate) fn payable(row: &dyn Row) -> Result<Payable> {
    let until = row.opt_int(5)?;
    let kind = match row.opt_text(4)? {
        Some(number) => {
            PayableKind::Invoice { number: number.to_owned(), until: until.map(books::Timestamp) }
        }
        None => PayableKind::Intent,
    };
    Ok(Payable {
        intent: row.number(0)?,
        kind,
        currency: row.currency(1)?,
        remaining: row.int(2)?,
        since: row.number(3)?,
    })
}

pub(crate) const TIMER_COLUMNS: &str = "due, world, number, kind, customer";

/// Reads [`TIMER_COLUMNS`].
pub(crate) fn timer(row: &dyn Row) -> Result<(World, Timer)> {
    let name = row.text(3)?;
    let kind = TimerKind::parse(name)
        .ok_or_else(|| StoreError::Corrupt(format!("no timer is of the kind '{name}'")))?;
    let key = RowKey { customer: row.number(4)?, number: row.number(2)? };
    Ok((row.world(1)?, Timer { due: row.moment(0)?, kind, key }))
}

pub(crate) const ATTEMPT_COLUMNS: &str =
    "event, attempt, at, latency_ms, status, answer, by_hand, endpoint";

/// Reads [`ATTEMPT_COLUMNS`]: the endpoint, and the attempt.
pub(crate) fn attempt(row: &dyn Row) -> Result<(Number, Attempt)> {
    let status = row.opt_int(4)?.map(u16::try_from).transpose();
    let attempt = Attempt {
        event: row.number(0)?,
        attempt: row.int(1)?,
        at: Millis(row.int(2)?),
        latency_ms: row.int(3)?,
        status: status.map_err(|_| StoreError::Corrupt("an HTTP status is too large".into()))?,
        answer: row.text(5)?.to_owned(),
        by_hand: row.flag(6)?,
    };
    Ok((row.number(7)?, attempt))
}
