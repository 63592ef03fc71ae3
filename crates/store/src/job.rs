//! Jobs: what goes into a lane, and what comes out of it.

use std::sync::Arc;

use books::card::Acquirer;
use books::event::RequestCause;
use books::{Change, Command, Number, Refusal, Reply, RowKey, World};

use crate::error::StoreError;
use crate::working_set::Sight;

/// A command on its way through the lane, and what becomes of its answer.
pub trait Job: Send {
    /// Whose books.
    fn world(&self) -> World;
    /// What is asked.
    fn command(&self) -> &Command;
    /// The request behind it, for its events; none for what happens by itself.
    fn cause(&self) -> Option<Arc<RequestCause>>;
    /// The idempotency key it came with.
    fn idempotency(&self) -> Option<&Idempotency>;
    /// The answer as it is to be kept with the effects; the books are as this command left them.
    /// `None` where no answer need be kept.
    fn keep(&self, result: &std::result::Result<Reply, Refusal>, books: &Sight<'_>)
    -> Option<Kept>;
    /// Who takes cards in this world; none where nobody does.
    fn acquirer(&self) -> Option<Arc<dyn Acquirer>> {
        None
    }
    /// Whether it is only tried: it is decided and answered, and nothing of it is written.
    fn is_tried(&self) -> bool {
        false
    }
    /// The id of the request, where an agent asks: it is noted with the entries of the journal.
    fn agents_request(&self) -> Option<Arc<str>> {
        None
    }
    /// What else is to be written with the effects, or instead of them: the note of a request, the
    /// answer to one that had to wait. `number` gives numbers for new rows.
    fn also(
        &self,
        _result: &std::result::Result<Reply, Refusal>,
        _books: &Sight<'_>,
        _number: &mut dyn FnMut() -> Number,
    ) -> Vec<Change> {
        Vec::new()
    }
    /// Takes the outcome, after the commit.
    fn done(self: Box<Self>, outcome: Outcome);
}

/// An idempotency key, as far as the store needs it.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// A hash of the key, within its world.
    pub key: [u8; 16],
    /// A hash of the method, the path and the parameters.
    pub fingerprint: [u8; 16],
    /// The request that used it.
    pub request_id: String,
}

/// The answer to a request, as it is kept: as the row it shows where that row can never change,
/// else as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// 200, showing this cash balance transaction.
    CashTransaction(RowKey),
    /// These bytes.
    Bytes {
        /// HTTP status.
        status: u16,
        /// The body, whole.
        body: Vec<u8>,
    },
}

/// What a key was used for.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub(crate) fingerprint: [u8; 16],
    pub(crate) request_id: String,
    pub(crate) kept: Kept,
}

/// An answer that was given before.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request that was answered first.
    pub request_id: String,
    /// What it was answered.
    pub kept: Kept,
}

/// What became of a command.
pub enum Outcome {
    /// It was decided, and its effects are on disk.
    Decided {
        /// What it answers, or why it was refused.
        result: std::result::Result<Reply, Refusal>,
        /// The answer that was kept.
        kept: Option<Kept>,
    },
    /// Its key was used before: this was the answer.
    Replay(Answer),
    /// Its key was used before, for something else.
    KeyReused,
    /// Nothing was written.
    Failed(StoreError),
}
