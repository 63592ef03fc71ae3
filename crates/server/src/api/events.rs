//! Events: what happened.
//!
//! An event can be seen for 30 days. Rules: Stripe's page "Events".

use books::event::{Event, EventKind, EventObject};
use books::webhook::{RETENTION_DAYS, WebhookEndpoint};
use books::{Kind, Number, Timestamp, World};
use store::{Page as Rows, Reader, StoreError, Window};

use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, ParamError, Path, Str, params};
use super::wire::Wire;

/// Types that one request names, at most.
pub const TYPES_MAX: usize = 20;
/// Events that are looked at for one page of `delivery_success`, at most.
const SCAN_MAX: usize = 10_000;

params! {
    /// Which events to list.
    pub struct List {
        /// Only events of this span of time.
        pub created: Option<CreatedRange>,
        /// Only events that all endpoints have taken (`true`), or that some have not (`false`).
        pub delivery_success: Option<bool>,
        /// Only events of this type. A star stands for any ending: `customer.*`.
        pub r#type: Option<Str<100>>,
        /// Only events of one of these types.
        pub types: Option<Vec<Str<100>>>,
        ..page: Page,
    }
    refuses {}
    check List::check_types
}

impl List {
    fn check_types(params: &List, at: &Path) -> Result<(), ParamError> {
        check_types(&params.r#type, &params.types, at)
    }
}

/// One way of naming types is enough.
pub fn check_types(one: &Name, some: &Names, at: &Path) -> Result<(), ParamError> {
    match some {
        Some(_) if one.is_some() => {
            let problem = "cannot be sent together with `type`: leave one of them out";
            Err(ParamError::coded("parameters_exclusive", at.key("types"), problem))
        }
        Some(names) if names.len() > TYPES_MAX => {
            let problem = format!("can name at most {TYPES_MAX} types (types_max)");
            Err(ParamError::invalid(at.key("types"), problem))
        }
        _ => Ok(()),
    }
}

/// A type, perhaps with a star at its end.
type Name = Option<Str<100>>;
/// Several types.
type Names = Option<Vec<Str<100>>>;

/// The types that are asked for; `None` for all.
pub fn kinds(one: &Name, some: &Names) -> Option<Vec<EventKind>> {
    let matching = |name: &Str<100>| -> Vec<EventKind> {
        let fits = |kind: &EventKind| match name.split_once('*') {
            Some((start, _)) => kind.as_str().starts_with(start),
            None => kind.as_str() == &**name,
        };
        EventKind::ALL.iter().copied().filter(fits).collect()
    };
    let mut kinds: Vec<EventKind> = match (one, some) {
        (Some(name), _) => matching(name),
        (None, Some(names)) => names.iter().flat_map(matching).collect(),
        (None, None) => return None,
    };
    kinds.sort_unstable_by_key(|kind| kind.as_str());
    kinds.dedup();
    Some(kinds)
}

/// Lists events.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let (reader, world) = (ask.reader, ask.wire.world);
    let mut window = ask.window(&params.page, params.created, "event", |id| {
        let Some(key) = ask.wire.ids.read(Kind::Event, id) else { return Ok(None) };
        Ok(reader.event(world, key.number)?.map(|event| event.number))
    })?;
    window.above = window.above.max(Number(oldest(ask.now()).0 - 1));
    let kinds = kinds(&params.r#type, &params.types);
    let endpoints = reader.webhook_endpoints_of(world)?;
    let read = |window| match &kinds {
        Some(kinds) => reader.events_of(world, kinds, window),
        None => reader.events(world, window),
    };
    let rows = match params.delivery_success {
        None => read(window)?,
        Some(wanted) => {
            let fits =
                |event: &Event| Ok((pending(reader, world, event, &endpoints)? == 0) == wanted);
            search(window, read, fits)?
        }
    };
    let mut shown = Vec::with_capacity(rows.rows.len());
    for event in &rows.rows {
        shown.push(show(reader, ask.wire, event, &endpoints)?);
    }
    Ok(ask.page(Rows { rows: shown, has_more: rows.has_more }, |event| event))
}

/// Walks through pages for events that fit, and stops at [`SCAN_MAX`]: there may be more then.
fn search(
    window: Window,
    read: impl Fn(Window) -> Result<Rows<Event>, StoreError>,
    fits: impl Fn(&Event) -> Result<bool, StoreError>,
) -> Result<Rows<Event>, StoreError> {
    let (mut found, mut scanned) = (Vec::new(), 0);
    let mut step = Window { limit: 100, ..window };
    loop {
        let mut page = read(step)?;
        scanned += page.rows.len();
        if window.from_oldest {
            page.rows.reverse();
        }
        let last = page.rows.last().map(|event| event.number);
        for event in page.rows {
            if fits(&event)? {
                found.push(event);
            }
        }
        let enough = found.len() > window.limit;
        match last {
            Some(last) if page.has_more && !enough && scanned < SCAN_MAX => {
                let bound = if window.from_oldest { &mut step.above } else { &mut step.below };
                *bound = last;
            }
            _ => {
                let has_more = enough || (page.has_more && scanned >= SCAN_MAX);
                found.truncate(window.limit);
                if window.from_oldest {
                    found.reverse();
                }
                return Ok(Rows { rows: found, has_more });
            }
        }
    }
}

/// Shows one event.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let key = ask.row(Kind::Event, "id")?;
    let found = ask.reader.event(ask.wire.world, key.number)?;
    let found = found.filter(|event| event.number >= oldest(ask.now()));
    let event = found.ok_or_else(|| ApiError::missing("event", ask.id("id"), "id"))?;
    let endpoints = ask.reader.webhook_endpoints_of(ask.wire.world)?;
    Ok(show(ask.reader, ask.wire, &event, &endpoints)?)
}

/// The smallest number of an event that can still be seen.
pub fn oldest(now: Timestamp) -> Number {
    Number::first_at(Timestamp(now.0 - RETENTION_DAYS * 24 * 60 * 60))
}

/// An event with what it is about. One that refers to a row is shown from that row, which never
/// changes.
pub fn show(
    reader: &Reader,
    wire: &Wire,
    event: &Event,
    endpoints: &[WebhookEndpoint],
) -> Result<Json, StoreError> {
    let referred = match &event.object {
        EventObject::CashTransaction(key) | EventObject::CashBalance(key, _) => {
            reader.cash_transaction(wire.world, *key)?
        }
        EventObject::Customer { .. } | EventObject::Document { .. } | EventObject::Balance(_) => {
            None
        }
    };
    let pending = pending(reader, wire.world, event, endpoints)?;
    Ok(wire.event(event, referred.as_ref(), pending))
}

/// How many endpoints have not taken an event yet: `pending_webhooks`.
pub fn pending(
    reader: &Reader,
    world: World,
    event: &Event,
    endpoints: &[WebhookEndpoint],
) -> Result<i64, StoreError> {
    let mut told = endpoints
        .iter()
        .filter(|endpoint| event.number > endpoint.since && endpoint.wants(event.kind))
        .peekable();
    if told.peek().is_none() {
        return Ok(0);
    }
    let attempts = reader.attempts(world, event.number)?;
    let is_pending = |endpoint: &&WebhookEndpoint| {
        let mut own = attempts.iter().filter(|(of, _)| *of == endpoint.number).peekable();
        let was_tried = own.peek().is_some();
        (was_tried || !endpoint.disabled) && !own.any(|(_, attempt)| attempt.succeeded())
    };
    Ok(told.filter(is_pending).count() as i64)
}
