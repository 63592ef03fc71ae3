//! What clients and the worker ask, and how it goes through the lane.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use books::card::Acquirer;
use books::event::RequestCause;
use books::{Command, Refusal, Reply, View, World};
use store::{Idempotency, Job, Kept, Outcome, Sight};

use crate::cards::Network;

/// A request, or an errand of the worker.
#[derive(Clone, Debug)]
pub struct Ask {
    pub world: World,
    pub command: Command,
    /// The idempotency key.
    pub key: Option<String>,
    /// Who asks; nobody for the worker.
    pub client: Option<usize>,
}

impl Ask {
    pub fn fingerprint(&self) -> [u8; 16] {
        hash(&format!("{:?}", self.command))
    }
}

fn hash(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (half, salt) in bytes.chunks_mut(8).zip([1u8, 2]) {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        half.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    bytes
}

/// What was decided, seen from inside: it may never be answered.
#[derive(Clone, Debug)]
pub struct Decided {
    pub result: Result<Reply, Refusal>,
    pub kept: Option<Kept>,
    pub at_ms: i64,
}

/// What was decided of each command of a wave.
pub type Spy = Arc<Mutex<Vec<Option<Decided>>>>;

/// A command on its way through the lane.
pub struct SimJob {
    pub ask: Ask,
    /// Its place in the wave.
    pub at: usize,
    pub request_id: String,
    pub idempotency: Option<Idempotency>,
    pub clock: Arc<AtomicI64>,
    pub spy: Spy,
    pub tell: Sender<(usize, Outcome)>,
}

impl SimJob {
    pub fn idempotency(ask: &Ask, request_id: &str) -> Option<Idempotency> {
        ask.key.as_ref().map(|key| Idempotency {
            key: hash(key),
            fingerprint: ask.fingerprint(),
            request_id: request_id.to_owned(),
        })
    }

    /// As the server does: what is missing is not kept, an immutable row is kept by its key.
    fn answer(&self, result: &Result<Reply, Refusal>, books: &Sight<'_>) -> Option<Kept> {
        match result {
            Err(
                Refusal::CustomerMissing { .. }
                | Refusal::CustomerDeleted
                | Refusal::Missing { .. },
            ) => None,
            _ if self.ask.key.is_none() => None,
            Ok(Reply::CashTransaction(row)) => Some(Kept::CashTransaction(row.key)),
            other => {
                let purse = self.ask.command.customer().and_then(|number| books.purse(number));
                let body = format!("{other:?}; the purse is {purse:?}").into_bytes();
                Some(Kept::Bytes { status: if other.is_ok() { 200 } else { 400 }, body })
            }
        }
    }
}

impl Job for SimJob {
    fn world(&self) -> World {
        self.ask.world
    }

    fn command(&self) -> &Command {
        &self.ask.command
    }

    fn cause(&self) -> Option<Arc<RequestCause>> {
        self.ask.client?;
        let (request_id, idempotency_key) = (self.request_id.clone(), self.ask.key.clone());
        Some(Arc::new(RequestCause { request_id, idempotency_key }))
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    fn keep(&self, result: &Result<Reply, Refusal>, books: &Sight<'_>) -> Option<Kept> {
        let kept = self.answer(result, books);
        let at_ms = self.clock.load(Ordering::SeqCst);
        let decided = Decided { result: result.clone(), kept: kept.clone(), at_ms };
        self.spy.lock().expect("no test panics here")[self.at] = Some(decided);
        kept
    }

    fn acquirer(&self) -> Option<Arc<dyn Acquirer>> {
        Some(Arc::new(Network))
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        // The run may be over.
        let _ = self.tell.send((self.at, outcome));
    }
}
