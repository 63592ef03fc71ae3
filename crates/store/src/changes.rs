//! How each change is written: as rows that are put into tables, and rows that are removed.

use books::balance::{BalanceTransaction, SourceType};
use books::cash_balance::{CashTransaction, Settings};
use books::event::{Event, EventObject};
use books::id::{Kind, RowKey};
use books::journal::{Account, Entry, Seal};
use books::reconciliation::PayableKind;
use books::timer::Timer;
use books::webhook::Attempt;
use books::{Change, Currency, Customer, Document, Number, RequestRow, World};
use serde::Serialize;

use crate::db::{Value, values};
use crate::error::Result;
use crate::job::{Idempotency, Kept};
use crate::tables::{self, Table};
use crate::words;

/// Takes rows on their way into tables.
pub(crate) trait Writes<'a> {
    /// A row, its values in the order of the columns.
    fn put<const N: usize>(&mut self, table: &'static Table, row: [Value<'a>; N]) -> Result<()>;
    /// The key of a row that goes.
    fn remove<const N: usize>(&mut self, table: &'static Table, key: [Value<'a>; N]) -> Result<()>;
}

/// Writes a change; an entry of the journal with its seal.
pub(crate) fn write<'a>(
    world: World,
    change: &'a Change,
    seal: Option<&'a Seal>,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    match change {
        Change::Customer(customer) => put_customer(world, customer, into),
        Change::Booked(entry, booked) => {
            put_entry(world, entry, seal, into)?;
            match booked {
                Some(row) => put_cash_transaction(world, row, into),
                None => Ok(()),
            }
        }
        Change::Instructions(customer, made) => into.put(
            &tables::INSTRUCTIONS,
            values![
                world,
                *customer,
                made.currency.as_str(),
                &made.country,
                &made.account_key,
                serde_json::to_string(made)?,
            ],
        ),
        Change::BalanceTransaction(row) => put_balance_transaction(world, row, into),
        Change::Document(document) => put_document(world, document, into),
        Change::TimerSet(timer) => into.put(&tables::TIMER, timer_values(world, timer)),
        Change::TimerDone(timer) => into.remove(&tables::TIMER, timer_values(world, timer)),
        Change::Looked(look, number) => {
            into.put(&tables::LOOKED, values![world, look.days(), *number])
        }
        Change::Told(endpoint, upto) => into.put(&tables::TOLD, values![world, *endpoint, *upto]),
        Change::Attempt(endpoint, attempt) => put_attempt(world, *endpoint, attempt, into),
        Change::Event(event) => put_event(world, event, into),
        Change::Spent(spent) => into.put(
            &tables::SPENT,
            values![world, &*spent.key, spent.day, spent.tally.as_str(), spent.total],
        ),
        Change::Request(row) => put_request(world, row, into),
    }
}

/// The row of a key that was used; and where the answer is kept as bytes, that of the answer.
pub(crate) fn key_values<'a>(
    world: World,
    used: &'a Idempotency,
    number: Number,
    kept: &'a Kept,
) -> ([Value<'a>; 7], Option<[Value<'a>; 4]>) {
    let (row, answer) = match kept {
        Kept::CashTransaction(row) => (Some(row), None),
        Kept::Bytes { status, body } => {
            (None, Some(values![world, number, i64::from(*status), body.as_slice()]))
        }
    };
    let key = values![
        world,
        &used.key,
        &used.fingerprint,
        number,
        &used.request_id,
        row.map(|row| row.customer),
        row.map(|row| row.number),
    ];
    (key, answer)
}

fn put_customer<'a>(
    world: World,
    customer: &'a Customer,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let row = values![
        world,
        customer.number,
        customer.deleted,
        customer.profile.email.as_ref(),
        serde_json::to_string(customer)?,
    ];
    into.put(&tables::CUSTOMER, row)?;
    words::put(world, customer, into)
}

fn put_entry<'a>(
    world: World,
    entry: &'a Entry,
    seal: Option<&'a Seal>,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let number = entry.number();
    into.put(&tables::ENTRY, values![world, number, entry.kind().as_str(), seal, entry.request()])?;
    for (line, posting) in entry.postings().iter().enumerate() {
        let (account, owner) = posting.account.code();
        let currency = posting.currency.as_str();
        let row = values![world, number, line, account, owner, currency, posting.amount_minor];
        into.put(&tables::POSTING, row)?;
    }
    Ok(())
}

fn put_cash_transaction<'a>(
    world: World,
    row: &'a CashTransaction,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let row = values![
        world,
        row.key.customer,
        row.key.number,
        row.cause.type_name(),
        row.currency.as_str(),
        row.net_amount,
        row.ending_balance,
        row.others.to_text(),
        row.cause.detail(),
    ];
    into.put(&tables::CASH_TRANSACTION, row)
}

fn put_balance_transaction<'a>(
    world: World,
    row: &'a BalanceTransaction,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let row = values![
        world,
        row.number,
        row.kind.as_str(),
        row.currency.as_str(),
        row.amount,
        row.fee,
        row.available_on,
        row.source.map(|(kind, _)| kind.name()),
        row.source.map(|(_, key)| key.customer),
        row.source.map(|(_, key)| key.number),
        row.description.as_ref(),
        Some(row.source_type).filter(|of| *of != SourceType::Card).map(SourceType::as_str),
    ];
    into.put(&tables::BALANCE_TRANSACTION, row)
}

/// A document, new or changed, and whether it takes money.
fn put_document<'a>(
    world: World,
    document: &'a Document,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let RowKey { customer, number } = document.key();
    let kind = document.kind();
    let row =
        values![world, number, kind.object(), customer, document.parent(), document.to_text()];
    into.put(&tables::DOCUMENT, row)?;
    if kind != Kind::PaymentIntent {
        return Ok(());
    }
    let Some(payable) = document.payable() else {
        return into.remove(&tables::PAYABLE, values![world, customer, number]);
    };
    let (invoice, until) = match payable.kind {
        PayableKind::Intent => (None, None),
        PayableKind::Invoice { number, until } => (Some(number), until),
    };
    let row = values![
        world,
        customer,
        number,
        payable.currency,
        payable.remaining,
        payable.since,
        invoice,
        until,
    ];
    into.put(&tables::PAYABLE, row)
}

fn timer_values(world: World, timer: &Timer) -> [Value<'static>; 5] {
    let Timer { due, kind, key } = timer;
    values![*due, world, key.number, key.customer, kind.as_str()]
}

/// An attempt. One that was noted before, by somebody who crashed afterwards, stays.
fn put_attempt<'a>(
    world: World,
    endpoint: Number,
    attempt: &'a Attempt,
    into: &mut impl Writes<'a>,
) -> Result<()> {
    let row = values![
        world,
        attempt.event,
        endpoint,
        attempt.attempt,
        attempt.at.0,
        attempt.latency_ms,
        attempt.status.map(i64::from),
        &attempt.answer,
        attempt.by_hand,
    ];
    into.put(&tables::ATTEMPT, row)
}

fn put_request<'a>(world: World, row: &'a RequestRow, into: &mut impl Writes<'a>) -> Result<()> {
    let row = values![
        world,
        row.number,
        &row.request_id,
        row.agent.context_id.as_ref(),
        row.customer,
        row.lasting,
        serde_json::to_string(row)?,
    ];
    into.put(&tables::REQUEST, row)
}

/// The part of an event that is copied rather than referred to.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Copy<'a> {
    Settings(&'a Settings),
    Customer { now: &'a Customer, before: Option<&'a Customer> },
    Document { kind: &'static str, now: &'a Document, before: Option<&'a Document> },
    Balance(Vec<(i64, Currency, i64)>),
}

fn put_event<'a>(world: World, event: &'a Event, into: &mut impl Writes<'a>) -> Result<()> {
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
    let cause = event.cause.as_deref();
    let row = values![
        world,
        event.number,
        event.kind.as_str(),
        key.map(|key| key.customer),
        key.map(|key| key.number),
        copy.map(|copy| serde_json::to_string(&copy)).transpose()?,
        cause.map(|cause| &cause.request_id),
        cause.and_then(|cause| cause.idempotency_key.as_ref()),
    ];
    into.put(&tables::EVENT, row)
}
