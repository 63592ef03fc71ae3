//! What stands between a key with limits and the books: which customers it reaches, what it may
//! move, dry runs, and the note that is taken of what agents ask.
//!
//! Amounts are judged by the books, where the decision is made (`books::limits`). Here is what can
//! be told before. What an agent says of itself explains a request and entitles to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bank::card_number::hidden;
use books::approval::{AskedFor, PARAMS_BYTES_MAX};
use books::command::{Guarded, PayoutCommand, Stage};
use books::{AgentNote, Command, Kind as IdKind, Number, RequestRow, RowKey, World};
use hyper::{HeaderMap, Method};
use store::{Reader, StoreError};

use super::auth::Access;
use super::error::ApiError;
use super::form::Node;
use super::routes::Route;
use super::wire::Wire;
use crate::app::App;
use crate::errand::Errand;

/// The header that asks for a dry run.
pub const DRY_RUN: &str = "purser-dry-run";

/// Parameters of lists that name what the list is about.
const ABOUT: [&str; 4] = ["customer", "payment_intent", "charge", "source"];

/// Whether a request is only to be tried.
pub fn dry_run(headers: &HeaderMap) -> Result<bool, ApiError> {
    let mut values = headers.get_all(DRY_RUN).iter().map(|value| value.as_bytes());
    match (values.next(), values.next()) {
        (None, _) | (Some(b"false"), None) => Ok(false),
        (Some(b"true"), None) => Ok(true),
        // Said twice it is not clear either, and nothing is done that may not have been meant.
        _ => Err(ApiError::invalid(400, "The header Purser-Dry-Run is either true or false.")),
    }
}

/// Refuses a key with limits what only whole keys may do.
pub fn check_whole(access: &Access) -> Result<(), ApiError> {
    match &access.limits {
        None => Ok(()),
        Some(_) => Err(forbidden(format!(
            "The key '{}' has limits, and this can be done only with a key that has none.",
            access.masked
        ))),
    }
}

/// Reads that look at the customers of the key alone, by themselves.
const KEEPS_TO_REACH: [&str; 4] = [
    "/purser/v1/customer_search",
    "/v1/charges/search",
    "/v1/customers/search",
    "/v1/payment_intents/search",
];

/// Refuses a read that goes beyond the customers of a key.
pub fn check_read(
    (app, access, wire): (&App, &Access, &Wire),
    (route, ids): (&Route, &matchit::Params<'_, '_>),
    tree: &Node,
) -> Result<(), ApiError> {
    let customers = reach(access);
    if customers.is_empty() || KEEPS_TO_REACH.contains(&route.path) {
        return Ok(());
    }
    let parent = |kind, key| app.readers.snapshot(|reader| parent(reader, wire.world, kind, key));
    let named = ABOUT.iter().filter_map(|name| tree.get(name)?.as_text());
    let mut is_about_some = false;
    for id in ids.iter().map(|(_, id)| id).chain(named) {
        is_about_some = true;
        if !owner_of(wire, id, parent)?.is_some_and(|it| customers.contains(&it)) {
            return Err(out_of_reach());
        }
    }
    match is_about_some {
        true => Ok(()),
        false => Err(out_of_reach()),
    }
}

/// The customer whose an object is: as its id says or, of what may come to a customer and go
/// again, as the object does. `parent` looks up what a row is listed under.
fn owner_of(
    wire: &Wire,
    id: &str,
    parent: impl Fn(IdKind, RowKey) -> Result<Option<Number>, StoreError>,
) -> Result<Option<Number>, ApiError> {
    if let Some(customer) = customer_of(wire, id) {
        return Ok(Some(customer));
    }
    let Some((kind, key)) = IdKind::of(id).and_then(|kind| Some((kind, wire.ids.read(kind, id)?)))
    else {
        return Ok(None);
    };
    Ok(match kind {
        IdKind::PaymentMethod | IdKind::Source => parent(kind, key)?,
        IdKind::SourceTransaction => match parent(kind, key)? {
            Some(number) => parent(IdKind::Source, RowKey { number, ..key })?,
            None => None,
        },
        _ => None,
    })
}

/// The number of the row that a document is listed under.
fn parent(
    reader: &Reader,
    world: World,
    kind: IdKind,
    key: RowKey,
) -> Result<Option<Number>, StoreError> {
    Ok(reader.document(world, kind, key)?.and_then(|document| document.parent()))
}

/// The customer whose an object is, as its id says.
pub fn customer_of(wire: &Wire, id: &str) -> Option<Number> {
    let kind = IdKind::of(id)?;
    let key = wire.ids.read(kind, id)?;
    match kind {
        IdKind::Customer => Some(key.number),
        _ => Some(key.customer).filter(|customer| *customer != Number(0)),
    }
}

/// The only customers that a key may be about; none named for a key that reaches all.
pub fn reach(access: &Access) -> &[Number] {
    access.limits.as_ref().map_or(&[], |of| &of.limits.customers)
}

/// A write of a key with limits, as the books judge it.
pub fn guarded(
    command: Command,
    access: &Access,
    asked: AskedFor,
    tried: bool,
) -> Result<Command, ApiError> {
    let Some(of) = &access.limits else { return Ok(command) };
    // Here already: who knows a key that somebody else used must not get that answer either.
    if !of.limits.reaches(command.customer()) {
        return Err(out_of_reach());
    }
    if redirects_payouts(&command) {
        check_whole(access)?;
    }
    let asked = AskedFor { key: of.key.to_string(), ..asked };
    if asked.params.len() > PARAMS_BYTES_MAX {
        let message = format!(
            "The parameters of a request of a key with limits are at most {PARAMS_BYTES_MAX} bytes \
             (params_bytes_max)."
        );
        return Err(ApiError::invalid(400, message));
    }
    Ok(Command::Guarded(Box::new(Guarded {
        command,
        key: of.key.clone(),
        limits: of.limits.clone(),
        asked: Box::new(asked),
        stage: if tried { Stage::Tried } else { Stage::Asked },
    })))
}

/// Whether a command changes where later payouts go: no amount says how much that moves.
fn redirects_payouts(command: &Command) -> bool {
    matches!(
        command,
        Command::Payout(
            PayoutCommand::CreateBankAccount(_)
                | PayoutCommand::UpdateBankAccount { .. }
                | PayoutCommand::DeleteBankAccount { .. }
        )
    )
}

/// The error where a key does not reach as far.
pub fn out_of_reach() -> ApiError {
    let message =
        "This key is for some customers only (customers), and this is not about one of them.";
    forbidden(message.into()).coded("key_limit_exceeded")
}

fn forbidden(message: String) -> ApiError {
    ApiError::invalid(403, message)
}

/// A request that is noted: with its effects, or by itself where it has none.
pub struct Noted {
    world: World,
    row: RequestRow,
    /// Whether it went along with effects.
    is_written: AtomicBool,
}

/// What of a request is noted.
pub struct About<'a> {
    /// `POST` or `DELETE`.
    pub method: &'a Method,
    /// The path, ids included.
    pub path: &'a str,
    /// The operation.
    pub route: &'a Route,
    /// The request's id.
    pub request_id: &'a str,
    /// The idempotency key.
    pub key: Option<&'a str>,
    /// Whether it is only tried.
    pub dry_run: bool,
}

impl Noted {
    /// Takes a note, if an agent asks or a key with limits.
    pub fn take(
        access: &Access,
        agent: Option<AgentNote>,
        about: &About<'_>,
    ) -> Option<Arc<Noted>> {
        if agent.is_none() && access.limits.is_none() {
            return None;
        }
        let row = RequestRow {
            request_id: about.request_id.to_owned(),
            method: about.method.as_str().to_owned(),
            path: hidden(about.path).into_owned(),
            operation: about.route.operation.to_owned(),
            key: access.masked.clone(),
            idempotency_key: about.key.map(str::to_owned),
            dry_run: about.dry_run,
            agent: agent.unwrap_or_default(),
            ..RequestRow::default()
        };
        Some(Arc::new(Noted { world: access.world, row, is_written: AtomicBool::new(false) }))
    }

    /// The request, as a person would be asked about it.
    pub fn asked(&self, params: String) -> AskedFor {
        let RequestRow { request_id, method, path, operation, idempotency_key, agent, key, .. } =
            self.row.clone();
        AskedFor {
            request_id,
            method,
            path,
            operation,
            params,
            idempotency_key,
            key: String::new(),
            key_masked: key,
            agent,
        }
    }

    /// The note, with what came of the request. It is written with its effects.
    pub fn with(&self, status: u16, code: Option<&str>) -> RequestRow {
        self.is_written.store(true, Ordering::Relaxed);
        RequestRow { status, code: code.map(str::to_owned), ..self.row.clone() }
    }

    /// Whoever waited is told that the request may yet be carried out: then it is noted by the
    /// lane, and only once.
    pub fn leave_to_lane(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Notes a request that had no effects. Nobody waits for that, and where the lane is too busy
    /// for it the note is dropped.
    pub fn write_alone(&self, app: &App, status: u16, code: Option<&str>) {
        if self.is_written.load(Ordering::Relaxed) {
            return;
        }
        let command = Command::Note(Box::new(self.with(status, code)));
        let errand = Errand { world: self.world, command, tell: |_| {} };
        let _ = app.lanes.submit(Box::new(errand));
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_dry_run_is_asked_for_clearly_or_not_at_all() {
        for (values, want) in [
            (&[][..], Some(false)),
            (&["false"], Some(false)),
            (&["true"], Some(true)),
            (&["True"], None),
            (&["1"], None),
            (&[""], None),
            (&["false", "true"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(DRY_RUN, HeaderValue::from_static(value));
            }
            assert_eq!(dry_run(&headers).ok(), want, "{values:?}");
        }
    }
}
