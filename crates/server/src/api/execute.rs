//! Writes: from a handler's command through the lane to an answer.

use std::sync::Arc;
use std::time::Duration;

use books::event::RequestCause;
use books::{Command, Kind as IdKind, Refusal, Reply, World};
use store::{Idempotency, Job, Kept, Outcome, StoreError, WorkingSet};
use tokio::sync::oneshot;

use super::auth::Access;
use super::error::ApiError;
use super::expand::{Source, expand};
use super::idempotency::{self, Flight};
use super::json::Json;
use super::wire::Wire;
use crate::app::App;
use crate::settings::REQUEST_TIMEOUT_S;

/// What a handler of a write knows.
pub struct Asked<'a> {
    /// Everything shared.
    pub app: &'a App,
    /// Who asks.
    pub access: &'a Access,
    /// How objects look.
    pub wire: &'a Wire,
    /// The ids in the path.
    pub ids: &'a matchit::Params<'a, 'a>,
}

impl Asked<'_> {
    /// The number of the customer in the path; `param` is what a 404 names.
    pub fn customer(&self, param: &str) -> Result<books::Number, ApiError> {
        let id = self.ids.get("customer").unwrap_or_default();
        let number = self.wire.ids.read_customer(id);
        number.ok_or_else(|| ApiError::missing("customer", id, param))
    }
}

/// A write on its way: everything that its answer depends on.
pub struct Write {
    /// What is asked.
    pub command: Command,
    /// How objects look.
    pub wire: Wire,
    /// What to expand in the answer.
    pub expand: Vec<String>,
    /// The request.
    pub request_id: String,
    /// Its idempotency key, with the fingerprint of the request.
    pub key: Option<(String, [u8; 16])>,
}

/// An answer to a write.
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The request that was answered first, if this is a replay.
    pub original: Option<String>,
}

/// Runs a write through the lane and waits for its answer, which comes after the commit.
pub async fn execute(app: &App, write: Write) -> Result<Answered, ApiError> {
    let Write { command, wire, expand, request_id, key } = write;
    let world = wire.world;
    let (text, idempotency, flight) = match key {
        None => (None, None, None),
        Some((text, fingerprint)) => {
            let hash = idempotency::key_hash(&text);
            let flight = app.in_flight.take_off(world, hash, &text)?;
            let kept = Idempotency { key: hash, fingerprint, request_id: request_id.clone() };
            (Some(text), Some(kept), Some(flight))
        }
    };
    let (answer, outcome) = oneshot::channel();
    let execution = Execution {
        cause: Arc::new(RequestCause { request_id, idempotency_key: text.clone() }),
        command,
        wire: wire.clone(),
        expand,
        idempotency,
        flight,
        answer,
    };
    app.lane.submit(Box::new(execution)).map_err(|(_, error)| error)?;
    let waited = tokio::time::timeout(Duration::from_secs(REQUEST_TIMEOUT_S), outcome).await;
    let outcome = waited.map_err(|_| {
        ApiError::unavailable(format!(
            "This write is still waiting after {REQUEST_TIMEOUT_S} seconds (request_timeout_s). \
             It may yet be carried out: ask again with the same Idempotency-Key."
        ))
    })?;
    match outcome.unwrap_or(Outcome::Failed(StoreError::Stopped)) {
        Outcome::Decided { kept: Some(Kept::Bytes { status, body }), .. } => {
            Ok(Answered { status, body, original: None })
        }
        Outcome::Decided { result: Ok(reply), .. } => {
            let body = render(&wire, &reply).to_bytes();
            Ok(Answered { status: 200, body, original: None })
        }
        Outcome::Decided { result: Err(refusal), .. } => Err(refusal.into()),
        Outcome::Replay(first) => {
            let (status, body) = match first.kept {
                Kept::Bytes { status, body } => (status, body),
                Kept::CashTransaction(key) => {
                    let row = app.readers.snapshot(|reader| reader.cash_transaction(world, key))?;
                    let gone = || StoreError::Corrupt("a kept answer's row is gone".into());
                    let row = row.ok_or_else(gone)?;
                    (200, wire.cash_transaction(&row).to_bytes())
                }
            };
            Ok(Answered { status, body, original: Some(first.request_id) })
        }
        Outcome::KeyReused => Err(idempotency::reused(text.as_deref().unwrap_or_default())),
        Outcome::Failed(error) => Err(error.into()),
    }
}

fn render(wire: &Wire, reply: &Reply) -> Json {
    match reply {
        Reply::Customer(customer) => wire.customer(customer),
        Reply::CashBalance(customer, settings, available) => {
            wire.cash_balance(*customer, *settings, available)
        }
        Reply::CashTransaction(row) => wire.cash_transaction(row),
        Reply::Instructions(made, types) => wire.funding_instructions(made, types),
    }
}

/// A write as the lane sees it.
struct Execution {
    command: Command,
    wire: Wire,
    expand: Vec<String>,
    cause: Arc<RequestCause>,
    idempotency: Option<Idempotency>,
    flight: Option<Flight>,
    answer: oneshot::Sender<Outcome>,
}

impl Execution {
    /// The answer as bytes, for keeping or because expansions see what this command left.
    fn answer_bytes(&self, result: &Result<Reply, Refusal>, set: &WorkingSet) -> Kept {
        let whole = result.clone().map_err(ApiError::from).and_then(|reply| {
            let mut value = render(&self.wire, &reply);
            expand(&mut value, &self.expand, &FromSet { set, wire: &self.wire })?;
            Ok(value)
        });
        match whole {
            Ok(value) => Kept::Bytes { status: 200, body: value.to_bytes() },
            Err(error) => Kept::Bytes { status: error.status, body: error.body().to_bytes() },
        }
    }
}

impl Job for Execution {
    fn world(&self) -> World {
        self.wire.world
    }

    fn command(&self) -> &Command {
        &self.command
    }

    fn cause(&self) -> Arc<RequestCause> {
        self.cause.clone()
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    fn shows_customer(&self) -> bool {
        !self.expand.is_empty()
    }

    fn keep(&self, result: &Result<Reply, Refusal>, set: &WorkingSet) -> Option<Kept> {
        match result {
            // A missing object is found out before the operation begins; Stripe keeps no such
            // answer either.
            Err(Refusal::CustomerMissing { .. } | Refusal::CustomerDeleted) => None,
            _ if self.idempotency.is_none() && self.expand.is_empty() => None,
            Ok(Reply::CashTransaction(row)) if self.expand.is_empty() => {
                Some(Kept::CashTransaction(row.key))
            }
            other => Some(self.answer_bytes(other, set)),
        }
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        let Execution { answer, flight, .. } = *self;
        // The key has landed before its answer is heard, or the next request with it meets a 409.
        drop(flight);
        // Whoever asked may be gone; the effects are committed all the same.
        let _ = answer.send(outcome);
    }
}

/// Whole objects from the working set of a batch: as this command left them.
struct FromSet<'a> {
    set: &'a WorkingSet,
    wire: &'a Wire,
}

impl Source for FromSet<'_> {
    fn object(&self, id: &str) -> Result<Option<Json>, ApiError> {
        let number = self.wire.ids.read(IdKind::Customer, id).map(|key| key.number);
        let found = number.and_then(|number| self.set.customer(self.wire.world, number));
        Ok(found.map(|customer| self.wire.customer(customer)))
    }

    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let number = self.wire.ids.read_customer(customer);
        let purse = number.and_then(|number| self.set.purse(self.wire.world, number));
        Ok(purse.map(|purse| self.wire.purse(purse)))
    }
}
