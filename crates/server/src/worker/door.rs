//! What the worker needs of the store, and how it gets it: reads from snapshots, commands through
//! the lane.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use books::command::LaterCommand;
use books::timer::{Look, Lot, Timer};
use books::{Command, Number, Timestamp, World};
use store::admin::Admin;
use store::{Job, Lanes, Outcome, Readers, Result, StoreError};

use crate::errand::Errand;

/// Commands of the worker that wait in the lane at once: customers' requests find room beside them.
pub const JOBS_MAX: usize = 256;
/// How long a full queue is left alone.
const QUEUE_PAUSE: Duration = Duration::from_millis(2);

/// What became of one command: done, or why not, in words for the log.
pub type Verdict = std::result::Result<(), String>;

/// The store, as far as the worker needs it. Errors are those of the store as a whole: then nothing
/// else will work either, for the moment.
pub trait Door {
    /// Timers that are due at `now`, in their order.
    fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>>;

    /// All worlds.
    fn worlds(&self) -> Result<Vec<World>>;

    /// The earliest moment of such a look in each of these worlds, where there is any.
    fn next_lots(&self, worlds: &[World], look: Look) -> Result<Vec<Option<Timestamp>>>;

    /// Lots whose look is due and of which something may be left, and the number up to which
    /// nothing else is due.
    fn lots_due(
        &self,
        world: World,
        look: Look,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Lot>, Option<Number>)>;

    /// Has commands decided in this order and waits until their effects are on disk.
    fn run(&self, commands: Vec<(World, LaterCommand)>) -> Result<Vec<Verdict>>;

    /// Keeps the offset of the clock.
    fn save_clock_offset_ms(&self, offset_ms: i64) -> Result<()>;
}

/// The real one.
pub struct StoreDoor {
    /// The way in.
    pub lanes: Arc<Lanes>,
    /// The way out.
    pub readers: Arc<Readers>,
    /// Keeps the clock's offset.
    pub admin: Arc<Admin>,
}

impl Door for StoreDoor {
    fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        self.readers.snapshot(|reader| reader.due_timers(now, limit))
    }

    fn worlds(&self) -> Result<Vec<World>> {
        self.readers.snapshot(|reader| reader.worlds())
    }

    fn next_lots(&self, worlds: &[World], look: Look) -> Result<Vec<Option<Timestamp>>> {
        self.readers
            .snapshot(|reader| worlds.iter().map(|world| reader.next_lot(*world, look)).collect())
    }

    fn lots_due(
        &self,
        world: World,
        look: Look,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Lot>, Option<Number>)> {
        self.readers.snapshot(|reader| {
            let (lots, upto) = reader.lots_due(world, look, now, limit)?;
            let mut left = Vec::new();
            for lot in lots {
                // What a lot brought is spent for good once its currency was at zero.
                let purse = reader.purse(world, lot.key.customer)?;
                if purse.is_some_and(|purse| purse.available.get(lot.currency) > 0) {
                    left.push(lot);
                }
            }
            Ok((left, upto))
        })
    }

    fn run(&self, commands: Vec<(World, LaterCommand)>) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter();
        loop {
            let batch: Vec<_> = commands.by_ref().take(JOBS_MAX).collect();
            if batch.is_empty() {
                return Ok(verdicts);
            }
            verdicts.extend(self.run_batch(batch)?);
        }
    }

    fn save_clock_offset_ms(&self, offset_ms: i64) -> Result<()> {
        self.admin.save_clock_offset_ms(offset_ms)
    }
}

impl StoreDoor {
    fn run_batch(&self, batch: Vec<(World, LaterCommand)>) -> Result<Vec<Verdict>> {
        // A job that is dropped without an outcome was met by a lane that has stopped.
        let mut outcomes: Vec<_> = batch.iter().map(|_| Err(StoreError::Stopped)).collect();
        let (outbox, inbox) = channel();
        for (at, (world, command)) in batch.into_iter().enumerate() {
            let (command, outbox) = (Command::Later(command), outbox.clone());
            // Whoever waited may have given up; the effects are on disk all the same.
            let tell = move |outcome| drop(outbox.send((at, outcome)));
            self.submit(Box::new(Errand { world, command, tell }))?;
        }
        drop(outbox);
        for (at, outcome) in inbox {
            outcomes[at] = judge(outcome);
        }
        outcomes.into_iter().collect()
    }

    /// Waits for a place in the queue where it is full.
    fn submit(&self, errand: Box<dyn Job>) -> Result<()> {
        let mut errand = errand;
        loop {
            match self.lanes.submit(errand) {
                Ok(()) => return Ok(()),
                Err((back, StoreError::QueueFull(_))) => errand = back,
                Err((_, error)) => return Err(error),
            }
            std::thread::sleep(QUEUE_PAUSE);
        }
    }
}

fn judge(outcome: Outcome) -> Result<Verdict> {
    match outcome {
        Outcome::Decided { result: Ok(_), .. } => Ok(Ok(())),
        Outcome::Decided { result: Err(refusal), .. } => {
            Ok(Err(format!("the books refuse it: {refusal:?}")))
        }
        Outcome::Failed(error) if error.is_about_one_command() => Ok(Err(error.to_string())),
        Outcome::Failed(error) => Err(error),
        Outcome::Replay(_) | Outcome::KeyReused => Ok(Err("it has no idempotency key".into())),
    }
}
