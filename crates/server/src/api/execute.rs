//! Writes: from a handler's command through the lane to an answer.

use std::sync::Arc;
use std::time::Duration;

use books::approval::ApprovalStatus;
use books::card::Acquirer;
use books::event::RequestCause;
use books::{
    Change, Command, Document, Kind as IdKind, Number, Refusal, Reply, RequestRow, RowKey,
    Timestamp, View, World,
};
use store::{Idempotency, Job, Kept, Outcome, Sight, StoreError};
use tokio::sync::oneshot;

use super::approvals::Approving;
use super::auth::Access;
use super::customer_sources;
use super::error::ApiError;
use super::expand::{Source, expand};
use super::guard::Noted;
use super::idempotency::{self, Flight};
use super::json::{Json, object};
use super::wire::Wire;
use crate::acquirer::sandbox::Sandbox;
use crate::app::App;
use crate::settings::REQUEST_TIMEOUT_S;

/// The status of an answer that says that the request waits for a person.
const HELD: u16 = 403;

/// What a handler of a write knows.
#[derive(Clone, Copy)]
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
        Ok(self.wire.named(IdKind::Customer, id, param)?.number)
    }

    /// The network of test cards, in test mode; else the refusal of whatever needs a card.
    pub fn takes_test_cards(&self) -> Result<&Sandbox, ApiError> {
        match self.wire.livemode {
            false => Ok(self.app.acquirers.sandbox()),
            true => Err(super::error::refused(Refusal::NoAcquirer, None, self.wire)),
        }
    }

    /// The row that the id in a segment of the path names.
    pub fn row(&self, kind: IdKind, name: &str) -> Result<RowKey, ApiError> {
        self.named(kind, self.ids.get(name).unwrap_or_default(), name)
    }

    /// The row that an id in a parameter names.
    pub fn named(&self, kind: IdKind, id: &str, param: &str) -> Result<RowKey, ApiError> {
        self.wire.named(kind, id, param)
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
    /// Whether it is only tried.
    pub dry_run: bool,
    /// What is noted of it.
    pub note: Option<Arc<Noted>>,
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
    match Approving::of(&write.command) {
        Some(approving) => carry_out(app, write, approving).await,
        None => ask(app, write).await,
    }
}

/// Runs what is asked for.
async fn ask(app: &App, write: Write) -> Result<Answered, ApiError> {
    let Write { command, wire, expand, request_id, key, dry_run, note } = write;
    let (world, customer) = (wire.world, command.customer());
    let (text, idempotency, flight) = match key {
        None => (None, None, None),
        Some((text, fingerprint)) => {
            let hash = match &command {
                // Such a key can neither use up nor guess what others use.
                Command::Guarded(guarded) => idempotency::key_hash_of(&guarded.key, &text),
                _ => idempotency::key_hash(&text),
            };
            let flight = app.in_flight.take_off(world, hash, &text)?;
            let kept = Idempotency { key: hash, fingerprint, request_id: request_id.clone() };
            (Some(text), Some(kept), Some(flight))
        }
    };
    let (answer, outcome) = oneshot::channel();
    let execution = Execution {
        cause: Arc::new(RequestCause { request_id, idempotency_key: text.clone() }),
        customer,
        now: app.clock.now().seconds(),
        command,
        acquirer: app.acquirers.of(wire.livemode),
        wire: wire.clone(),
        expand,
        idempotency,
        flight,
        dry_run,
        note,
        approving: None,
        answer,
    };
    match submitted(app, execution, outcome).await? {
        Outcome::Decided { kept: Some(Kept::Bytes { status, body }), .. } => {
            Ok(Answered { status, body, original: None })
        }
        Outcome::Decided { result: Ok(reply), .. } => {
            let (status, value) = render(&wire, &reply);
            Ok(Answered { status, body: value.to_bytes(), original: None })
        }
        Outcome::Decided { result: Err(refusal), .. } => {
            Err(super::error::refused(refusal, customer, &wire))
        }
        Outcome::Replay(first) => {
            let (status, body) = replayed(app, &wire, first.kept)?;
            Ok(Answered { status, body, original: Some(first.request_id) })
        }
        Outcome::KeyReused => Err(idempotency::reused(text.as_deref().unwrap_or_default())),
        Outcome::Failed(error) => Err(error.into()),
    }
}

/// Runs a request that waited, as it was asked, for somebody who agrees to it. The answer is the
/// approval; whoever agrees twice agrees once.
async fn carry_out(app: &App, write: Write, approving: Approving) -> Result<Answered, ApiError> {
    let Write { command, wire, dry_run, note, .. } = write;
    let (approval, customer) = (approving.approval, command.customer());
    let (answer, outcome) = oneshot::channel();
    let execution = Execution {
        cause: Arc::new(approving.cause.clone()),
        customer,
        now: app.clock.now().seconds(),
        command,
        acquirer: app.acquirers.of(wire.livemode),
        wire: wire.clone(),
        expand: approving.expand.clone(),
        idempotency: None,
        flight: None,
        dry_run,
        note,
        approving: Some(approving),
        answer,
    };
    match submitted(app, execution, outcome).await? {
        Outcome::Failed(error) => Err(error.into()),
        Outcome::Decided { kept: Some(Kept::Bytes { status, body }), .. } if dry_run => {
            Ok(Answered { status, body, original: None })
        }
        Outcome::Decided { result: Err(Refusal::ApprovalState(status)), .. }
            if !matches!(status, ApprovalStatus::Approved | ApprovalStatus::Failed) =>
        {
            Err(super::error::refused(Refusal::ApprovalState(status), customer, &wire))
        }
        _ => super::approvals::answered(app, &wire, approval),
    }
}

/// Hands a write to the lane and waits for what becomes of it.
async fn submitted(
    app: &App,
    execution: Execution,
    outcome: oneshot::Receiver<Outcome>,
) -> Result<Outcome, ApiError> {
    let note = execution.note.clone();
    app.lanes.submit(Box::new(execution)).map_err(|(_, error)| error)?;
    let waited = tokio::time::timeout(Duration::from_secs(REQUEST_TIMEOUT_S), outcome).await;
    let outcome = waited.map_err(|_| {
        note.iter().for_each(|note| note.leave_to_lane());
        ApiError::unavailable(format!(
            "This write is still waiting after {REQUEST_TIMEOUT_S} seconds (request_timeout_s). \
             It may yet be carried out: ask again with the same Idempotency-Key."
        ))
    })?;
    Ok(outcome.unwrap_or(Outcome::Failed(StoreError::Stopped)))
}

/// The answer that was kept; where the request had to wait, what became of it.
fn replayed(app: &App, wire: &Wire, kept: Kept) -> Result<(u16, Vec<u8>), ApiError> {
    match kept {
        Kept::Bytes { status, body } => {
            let resumed = match status {
                HELD => super::approvals::resumed(app, wire, &body),
                _ => None,
            };
            resumed.unwrap_or(Ok((status, body)))
        }
        Kept::CashTransaction(key) => {
            let row = app.readers.snapshot(|reader| reader.cash_transaction(wire.world, key))?;
            let row =
                row.ok_or_else(|| StoreError::Corrupt("a kept answer's row is gone".into()))?;
            Ok((200, wire.cash_transaction(&row).to_bytes()))
        }
    }
}

/// The status and the body that a reply is shown with.
fn render(wire: &Wire, reply: &Reply) -> (u16, Json) {
    let shown = match reply {
        Reply::Customer(customer) => wire.customer(customer),
        Reply::CashBalance(customer, settings, available) => {
            wire.cash_balance(*customer, *settings, available)
        }
        Reply::CashTransaction(row) => wire.cash_transaction(row),
        Reply::Instructions(made, types) => wire.funding_instructions(made, types),
        Reply::Document(document) => wire.document(document),
        Reply::ChargeOfIntent(intent) => wire.charge(intent),
        Reply::WithSecret(endpoint) => {
            let mut shown = wire.webhook_endpoint(endpoint);
            shown.push("secret", endpoint.signing.first().map(|key| key.secret(&wire.ids)));
            shown
        }
        Reply::ChargeFailed(charge) => return super::error::charge_failed(wire, charge),
        Reply::PaymentFailed(intent) => return super::error::payment_failed(wire, intent),
        Reply::Held(approval) => {
            let error = super::error::held(wire, approval);
            return (error.status, error.body());
        }
        Reply::Done => object! {},
    };
    (200, shown)
}

/// Whether a refusal is of the kind that is found before an operation begins: a missing object,
/// a parameter that is wrong by itself. Stripe keeps no such answer under a key either.
fn is_found_before(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::CustomerMissing { .. }
            | Refusal::CustomerDeleted
            | Refusal::Missing { .. }
            | Refusal::AmountBelowMinimum(..)
            | Refusal::AmountAboveMaximum(..)
            | Refusal::AmountUneven(..)
            | Refusal::NoTransferIn(_)
            | Refusal::TransferCurrency(_)
            | Refusal::CashNeedsCustomer
            | Refusal::CashIsTakenAtOnce
            | Refusal::TooManyMetadataKeys(_)
    )
}

/// A write as the lane sees it.
struct Execution {
    command: Command,
    acquirer: Option<Arc<dyn Acquirer>>,
    customer: Option<books::Number>,
    now: Timestamp,
    wire: Wire,
    expand: Vec<String>,
    cause: Arc<RequestCause>,
    idempotency: Option<Idempotency>,
    flight: Option<Flight>,
    dry_run: bool,
    note: Option<Arc<Noted>>,
    approving: Option<Approving>,
    answer: oneshot::Sender<Outcome>,
}

impl Execution {
    /// The answer as bytes, for keeping or because expansions see what this command left.
    fn answer_bytes(&self, result: &Result<Reply, Refusal>, books: &Sight<'_>) -> Kept {
        let refused = |refusal| super::error::refused(refusal, self.customer, &self.wire);
        let whole = result.clone().map_err(refused).and_then(|reply| {
            let (status, mut value) = render(&self.wire, &reply);
            if status == 200 {
                let source = FromBooks { books, wire: &self.wire, now: self.now };
                expand(&mut value, &self.expand, &source)?;
            }
            Ok((status, value))
        });
        match whole {
            Ok((status, value)) => Kept::Bytes { status, body: value.to_bytes() },
            Err(error) => Kept::Bytes { status: error.status, body: error.body().to_bytes() },
        }
    }

    /// The approval with what came of its request; none where it could not be carried out.
    fn settled(&self, result: &Result<Reply, Refusal>, books: &Sight<'_>) -> Option<Change> {
        let approving = self.approving.as_ref()?;
        if matches!(result, Err(Refusal::ApprovalState(_))) {
            return None;
        }
        let found = books.document(IdKind::Approval, approving.approval)?;
        let (Document::Approval(approval), Kept::Bytes { status, body }) =
            (found, self.answer_bytes(result, books))
        else {
            return None;
        };
        Some(Change::Document(approving.settle(*approval, status, body).into()))
    }

    /// The note of the request, with what came of it.
    fn noted(
        &self,
        result: &Result<Reply, Refusal>,
        number: &mut dyn FnMut() -> Number,
    ) -> Option<Change> {
        let note = self.note.as_ref()?;
        let mut approval = None;
        let of = |error: ApiError| (error.status, error.code);
        let (status, code) = match result {
            Ok(Reply::Held(held)) => {
                approval = Some(held.key);
                of(super::error::held(&self.wire, held))
            }
            Ok(reply) => super::error::failed_with(reply)
                .map_or((200, None), |(status, code)| (status, Some(code))),
            Err(refusal) => of(super::error::refused(refusal.clone(), self.customer, &self.wire)),
        };
        let customer = self.customer;
        let row = RequestRow { number: number(), customer, approval, ..note.with(status, code) };
        Some(Change::Request(Box::new(row)))
    }
}

impl Job for Execution {
    fn world(&self) -> World {
        self.wire.world
    }

    fn command(&self) -> &Command {
        &self.command
    }

    fn cause(&self) -> Option<Arc<RequestCause>> {
        Some(self.cause.clone())
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    fn keep(&self, result: &Result<Reply, Refusal>, books: &Sight<'_>) -> Option<Kept> {
        if self.dry_run && self.approving.is_some() {
            // Whoever tries to agree sees the approval as it would be then.
            let Change::Document(would_be) = self.settled(result, books)? else { return None };
            let body = self.wire.document(&would_be).to_bytes();
            return Some(Kept::Bytes { status: 200, body });
        }
        match result {
            Err(refusal) if is_found_before(refusal) => None,
            _ if self.idempotency.is_none() && self.expand.is_empty() => None,
            Ok(Reply::CashTransaction(row)) if self.expand.is_empty() => {
                Some(Kept::CashTransaction(row.key))
            }
            other => Some(self.answer_bytes(other, books)),
        }
    }

    fn acquirer(&self) -> Option<Arc<dyn Acquirer>> {
        self.acquirer.clone()
    }

    fn is_tried(&self) -> bool {
        self.dry_run
    }

    fn agents_request(&self) -> Option<Arc<str>> {
        match (&self.note, &self.approving) {
            (None, None) => None,
            _ => Some(self.cause.request_id.as_str().into()),
        }
    }

    fn also(
        &self,
        result: &Result<Reply, Refusal>,
        books: &Sight<'_>,
        number: &mut dyn FnMut() -> Number,
    ) -> Vec<Change> {
        let more = [self.settled(result, books), self.noted(result, number)];
        more.into_iter().flatten().collect()
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        let Execution { answer, flight, .. } = *self;
        // The key has landed before its answer is heard, or the next request with it meets a 409.
        drop(flight);
        // Whoever asked may be gone; the effects are committed all the same.
        let _ = answer.send(outcome);
    }
}

/// Whole objects from the books as this command left them.
struct FromBooks<'a> {
    books: &'a Sight<'a>,
    wire: &'a Wire,
    now: Timestamp,
}

impl Source for FromBooks<'_> {
    fn object(&self, id: &str) -> Result<Option<Json>, ApiError> {
        let kind = IdKind::of(id);
        let Some((kind, key)) = kind.and_then(|kind| Some((kind, self.wire.ids.read(kind, id)?)))
        else {
            return Ok(None);
        };
        let (books, wire) = (self.books, self.wire);
        Ok(match kind {
            IdKind::Customer => books.customer(key.number).map(|found| wire.customer(&found)),
            IdKind::CashTransaction => {
                books.cash_transaction(key).map(|row| wire.cash_transaction(&row))
            }
            IdKind::BalanceTransaction => {
                let row = books.balance_transaction(key.number);
                row.map(|row| wire.balance_transaction(&row, self.now))
            }
            IdKind::Event | IdKind::InvoiceLine => None,
            kind => {
                let document = |kind, key| Ok(books.document(kind, key));
                wire.found(books.document(kind, key), document)?
            }
        })
    }

    fn cash_balance(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let number = self.wire.ids.read_customer(customer);
        let purse = number.and_then(|number| self.books.purse(number));
        Ok(purse.map(|purse| self.wire.purse(&purse)))
    }

    fn sources(&self, customer: &str) -> Result<Option<Json>, ApiError> {
        let number = self.wire.ids.read_customer(customer);
        Ok(number.map(|number| {
            let all = customer_sources::newest_of(self.books.wallet(number));
            self.wire.sources(number, all)
        }))
    }

    /// Lists are read from snapshots only; an answer to a write goes without.
    fn refunds(&self, _charge: &str) -> Result<Option<Json>, ApiError> {
        Ok(None)
    }
}
