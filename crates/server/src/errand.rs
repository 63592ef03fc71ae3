//! A command of nobody's, on its way through the lane: no request is behind it, and no idempotency
//! key came with it.

use std::sync::Arc;

use books::event::RequestCause;
use books::{Command, Refusal, Reply, World};
use store::{Idempotency, Job, Kept, Outcome, Sight};

/// A command, and what is done with its outcome. An errand that is dropped was met by a lane that
/// has stopped; then nothing is done, and what the closure holds is dropped, too.
pub struct Errand<F> {
    /// Whose books.
    pub world: World,
    /// What is asked.
    pub command: Command,
    /// Takes the outcome, on the lane's thread: it must not wait.
    pub tell: F,
}

impl<F: FnOnce(Outcome) + Send> Job for Errand<F> {
    fn world(&self) -> World {
        self.world
    }

    fn command(&self) -> &Command {
        &self.command
    }

    fn cause(&self) -> Option<Arc<RequestCause>> {
        None
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn keep(&self, _result: &Result<Reply, Refusal>, _books: &Sight<'_>) -> Option<Kept> {
        None
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        (self.tell)(outcome);
    }
}
