//! How reports get into the books: through the lane, without a request.

use std::time::Duration;

use books::{Command, Refusal, World};
use store::{Job, Lanes, Outcome, StoreError};
use tokio::sync::oneshot;

use crate::errand::Errand;

/// How long a full queue is left alone.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// What the books say.
#[derive(Debug)]
pub enum Verdict {
    /// It is on disk.
    Done,
    /// They refuse it.
    Refused(Refusal),
}

/// Has a command decided, and waits until its effects are on disk.
pub async fn send(lane: &Lanes, world: World, command: Command) -> Result<Verdict, StoreError> {
    let (outbox, inbox) = oneshot::channel();
    // Whoever waited may have given up; the effects are on disk all the same.
    let tell = |outcome| drop(outbox.send(outcome));
    let mut errand: Box<dyn Job> = Box::new(Errand { world, command, tell });
    loop {
        match lane.submit(errand) {
            Ok(()) => break,
            Err((back, StoreError::QueueFull(_))) => errand = back,
            Err((_, error)) => return Err(error),
        }
        tokio::time::sleep(QUEUE_PAUSE).await;
    }
    // A job that is dropped without an outcome was met by a lane that has stopped.
    match inbox.await.unwrap_or(Outcome::Failed(StoreError::Stopped)) {
        Outcome::Decided { result: Ok(_), .. } => Ok(Verdict::Done),
        Outcome::Decided { result: Err(refusal), .. } => Ok(Verdict::Refused(refusal)),
        Outcome::Failed(error) => Err(error),
        Outcome::Replay(_) | Outcome::KeyReused => {
            Err(StoreError::Bug("a command without an idempotency key was replayed".into()))
        }
    }
}
