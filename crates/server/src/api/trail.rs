//! The trail of a cash balance transaction: what moved the money, whom it was told, who asked.

use books::event::{Event, EventObject};
use books::{Kind, RowKey};

use super::error::ApiError;
use super::events;
use super::journal;
use super::json::{Json, object};
use super::list::Ask;
use super::params::NoParams;

/// Events that are looked at for one trail, at most. Those of a commit follow on its entry.
const EVENTS_MAX: usize = 100;

/// Shows the journal entry that a transaction is, the events that were written with it, and the
/// request behind it where that was noted.
pub fn trail(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let (reader, world) = (ask.reader, ask.wire.world);
    let id = ask.id("transaction");
    let missing = || ApiError::missing("customer_cash_balance_transaction", id, "transaction");
    let key = ask.wire.ids.read(Kind::CashTransaction, id);
    // What a deleted customer moved stays in the books, and so does where it came from.
    let owner = ask.wire.ids.read_customer(ask.id("customer"));
    let key = key.filter(|key| Some(key.customer) == owner).ok_or_else(missing)?;
    reader.cash_transaction(world, key)?.ok_or_else(missing)?;
    // An entry and its cash balance transaction have one number.
    let (entry, seal) = journal::at(ask, key.number)?.ok_or_else(missing)?;
    let request = match entry.request() {
        Some(request_id) => reader.request(world, request_id)?,
        None => None,
    };
    let endpoints = reader.webhook_endpoints_of(world)?;
    let mut behind = reader.events_behind(world, key.number, EVENTS_MAX)?;
    behind.retain(|event| event.number >= events::oldest(ask.now()));
    let mut told = Vec::new();
    for event in of_the_commit(&behind, key) {
        told.push(events::show(reader, ask.wire, event, &endpoints)?);
    }
    Ok(object! {
        "object": "purser.trail",
        "entry": journal::show_entry(ask, &entry, &seal)?,
        "events": told,
        "livemode": ask.wire.livemode,
        "request": request.map(|request| ask.wire.request(&request)),
    })
}

/// The events about a transaction, and others of the request that made it.
fn of_the_commit(behind: &[Event], key: RowKey) -> impl Iterator<Item = &Event> {
    let is_about = move |event: &Event| match &event.object {
        EventObject::CashTransaction(row) | EventObject::CashBalance(row, _) => *row == key,
        _ => false,
    };
    let request = |event: &Event| event.cause.as_ref().map(|cause| cause.request_id.clone());
    let asked = behind.iter().find(|event| is_about(event)).and_then(request);
    behind
        .iter()
        .filter(move |event| is_about(event) || (asked.is_some() && request(event) == asked))
}
