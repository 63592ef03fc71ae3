//! The worker: does what was to be done later, when its time has come.
//!
//! One thread asks at least every [`TICK`] for timers that are due and for lots of money that
//! nobody claimed, and has the lane carry them out, until nothing is due. What fails is logged,
//! held back for a while and tried again, and keeps nothing else from being done. What is due
//! happens exactly once because a timer goes in the commit of its effect: the worker may be
//! stopped, or crash, anywhere.
//!
//! In the sandbox the clock can be moved. Then everything that becomes due on the way is done in
//! order, each at its own moment, before the move ends.

mod agenda;
mod door;
mod held;
mod steps;
#[cfg(test)]
mod tests;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use books::time::Millis;
use store::admin::Admin;
use store::{Duties, Duty, Lanes, Readers, StoreError};

use crate::clock::Clock;
use door::StoreDoor;
use held::pause;
use work::Work;

pub use door::JOBS_MAX;
pub use held::HELD_MAX;
pub use steps::{STEP_S, next_stop};
pub use work::{LOTS_MAX, TIMERS_MAX};

/// How often the worker looks whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// After failures of the store as a whole: the longest pause, as a power of two, in ticks.
const STORE_PAUSE_MAX: u32 = 6;

/// The handle of the running worker. To be dropped before the lane.
pub struct Worker {
    shared: Arc<Mutex<Work<StoreDoor>>>,
    stopping: Arc<AtomicBool>,
    /// Dropping it wakes the thread.
    awake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the worker's thread. What was due while no server ran is done first.
    pub fn start(
        lanes: Arc<Lanes>,
        readers: Arc<Readers>,
        admin: Arc<Admin>,
        clock: Clock,
        duties: Duties,
    ) -> Result<Worker, StoreError> {
        let stopping = Arc::new(AtomicBool::new(false));
        let work = Work::new(StoreDoor { lanes, readers, admin }, clock, stopping.clone());
        let shared = Arc::new(Mutex::new(work));
        let (awake, sleep) = channel();
        let theirs = shared.clone();
        let run = move || {
            let mut ticks = Ticks::default();
            loop {
                if duties.has(Duty::Timers) {
                    ticks.tick(&theirs);
                }
                match sleep.recv_timeout(TICK) {
                    Err(RecvTimeoutError::Timeout) | Ok(()) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("worker".into())
            .spawn(run)
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        Ok(Worker { shared, stopping, awake: Some(awake), thread: Some(thread) })
    }

    /// Moves the clock to `target` and does everything that is due by then, before it returns. It
    /// blocks its thread; of several moves each waits for the one before. A target that has
    /// passed moves nothing, and what is due is done all the same.
    ///
    /// When the store fails the clock stays where it is by then, and the worker does the rest
    /// later.
    pub fn move_clock(&self, target: Millis) -> Result<(), StoreError> {
        locked(&self.shared).move_clock(target)
    }

    /// Ends what is being done at the next safe point; a move that is going on fails. To be called
    /// when the server stops, before it waits for open requests, which may be such moves.
    pub fn interrupt(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// The same, and waits for it.
    pub fn stop(&mut self) {
        self.interrupt();
        self.awake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

fn locked(shared: &Mutex<Work<StoreDoor>>) -> MutexGuard<'_, Work<StoreDoor>> {
    shared.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The regular rounds, which pause when the store fails.
#[derive(Default)]
struct Ticks {
    failures: u32,
    idle: u64,
}

impl Ticks {
    fn tick(&mut self, shared: &Mutex<Work<StoreDoor>>) {
        let mut work = locked(shared);
        work.held.tick();
        if self.idle > 0 {
            self.idle -= 1;
            return;
        }
        let done = catch_unwind(AssertUnwindSafe(|| work.catch_up()));
        let done = done.unwrap_or_else(|_| Err(StoreError::Bug("the worker panicked".into())));
        match done {
            Ok(()) => self.failures = 0,
            Err(StoreError::Stopped) if work.stopping.load(Ordering::Acquire) => {}
            Err(error) => {
                self.failures = (self.failures + 1).min(STORE_PAUSE_MAX);
                self.idle = pause(self.failures);
                tracing::error!(%error, again_in_s = self.idle, "what is due cannot be done");
            }
        }
    }
}
