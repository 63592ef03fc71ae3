//! Events: what happened.

use books::Kind;
use books::event::{Event, EventObject};

use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, params};

params! {
    /// Which events to list.
    pub struct List {
        /// Only events of this span of time.
        pub created: Option<CreatedRange>,
        ..page: Page,
    }
    refuses { "delivery_success", "type", "types" }
}

/// Lists events.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let window = ask.window(&params.page, params.created, "event", |id| {
        let Some(key) = ask.wire.ids.read(Kind::Event, id) else {
            return Ok(None);
        };
        Ok(ask.reader.event(ask.wire.world, key.number)?.map(|event| event.number))
    })?;
    let rows = ask.reader.events(ask.wire.world, window)?;
    let mut shown = Vec::with_capacity(rows.rows.len());
    for event in &rows.rows {
        shown.push(show(ask, event)?);
    }
    Ok(ask.page(store::Page { rows: shown, has_more: rows.has_more }, |event| event))
}

/// Shows one event.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("id");
    let found = match ask.wire.ids.read(Kind::Event, id) {
        Some(key) => ask.reader.event(ask.wire.world, key.number)?,
        None => None,
    };
    show(ask, &found.ok_or_else(|| ApiError::missing("event", id, "id"))?)
}

/// An event that refers to a row is shown from that row, which never changes.
fn show(ask: &Ask<'_>, event: &Event) -> Result<Json, ApiError> {
    let referred = match &event.object {
        EventObject::CashTransaction(key) | EventObject::CashBalance(key, _) => {
            ask.reader.cash_transaction(ask.wire.world, *key)?
        }
        EventObject::Customer { .. }
        | EventObject::Document { .. }
        | EventObject::Balance(_) => None,
    };
    Ok(ask.wire.event(event, referred.as_ref()))
}
