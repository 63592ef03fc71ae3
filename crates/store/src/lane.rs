//! A lane: the thread through which every write goes.
//!
//! It takes up to [`LaneOptions::batch_max`] waiting commands, decides them one after the other
//! against a working set that sees the earlier decisions, writes everything, commits once, and
//! only then answers. Bounds: the queue holds [`LaneOptions::queue_max`] commands and refuses
//! more; a batch is one transaction. Invariants: nothing is answered that is not on disk; a command
//! that is refused, or that meets a bug, writes nothing and leaves its neighbours untouched; the
//! same idempotency key gives the answer that was committed with the effects.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use books::decision::AccountNumbers;
use books::id::{Number, Numbers};
use books::journal::{Seal, seal};
use books::time::Millis;
use books::{Change, Context, Decision, IdKey, Refusal, Reply, Rules, World};

use crate::error::{Result, StoreError};
use crate::job::{Answer, Job, Outcome, Used};
use crate::lookup;
use crate::positions::SumKey;
use crate::retention;
use crate::search::IndexRows;
use crate::store::Store;
use crate::working_set::{Sight, WorkingSet};
use crate::writer::{Batch, Writer};

/// How long an idempotency key is remembered, as Stripe documents it.
pub(crate) const KEY_LIFETIME_S: i64 = 24 * 60 * 60;
/// How often there is a step of forgetting old keys: each takes up to 1,000 rows, which is 10,000 a
/// second and more than a lane can add for long.
const FORGET_EVERY: Duration = Duration::from_millis(100);

/// How often a batch is decided when others write the same at the same time, and the pause after
/// the first time; it grows by itself.
const TRIES_MAX: u32 = 8;
const CONFLICT_PAUSE: Duration = Duration::from_millis(2);

/// How a lane works.
#[derive(Clone)]
pub struct LaneOptions {
    /// Commands in a batch, at most.
    pub batch_max: usize,
    /// Commands waiting, at most.
    pub queue_max: usize,
    /// How long a lane that is busy waits for a fuller batch.
    pub linger: Duration,
    /// The rules of the books.
    pub rules: Rules,
    /// Draws account numbers.
    pub accounts: Arc<dyn AccountNumbers + Send + Sync>,
    /// The clock service.
    pub clock: Arc<dyn Fn() -> Millis + Send + Sync>,
    /// Told of every batch.
    pub observe: Arc<dyn Fn(&BatchReport) + Send + Sync>,
    /// For crash tests only: after committing a request whose key starts like this, stand still.
    pub hold_key_prefix: Option<String>,
}

/// A place between two steps of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Nothing is in hand, and the next batch may be taken.
    Waiting,
    /// So many commands were taken out of the queue.
    Taken(usize),
    /// The transaction is open.
    Begun,
    /// What every command of the batch needs is loaded.
    Loaded,
    /// The command at this place of the batch is decided.
    Decided(usize),
    /// So many of the changes are written.
    Written(usize),
    /// Everything is written, and nothing committed.
    Saved,
    /// The batch is on disk, and nothing in memory knows it.
    Committed,
    /// Memory knows what was committed, and nobody is answered.
    Published,
    /// The command at this place of the batch was answered.
    Answered(usize),
    /// The log was copied into the database.
    Checkpointed,
    /// Old keys and events are removed, but that is not committed.
    Forgetting,
    /// They are forgotten.
    Forgotten,
}

/// For simulations only: told of every [`Point`] that a lane passes. `true` ends its thread right
/// there, as a crash would: what is open is not committed, what waits is never answered.
pub type Faults = Arc<dyn Fn(Point) -> bool + Send + Sync>;

/// Figures of one batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchReport {
    /// Commands in it.
    pub jobs: usize,
    /// Commands that wait now.
    pub waiting: usize,
    /// Loading, deciding and writing.
    pub work: Duration,
    /// The commit: until it is on disk.
    pub commit: Duration,
    /// Whether it failed.
    pub failed: bool,
}

/// The handle of a running lane.
pub struct Lane {
    queue: Option<SyncSender<Box<dyn Job>>>,
    queue_max: usize,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    /// Starts a lane's thread.
    pub fn start(store: &Store, ids: IdKey, options: LaneOptions) -> Result<Lane> {
        Lane::start_with(store, ids, options, None)
    }

    /// The same for simulations, with faults. So that a run can be repeated, nothing goes by the
    /// time of day: nothing is done in the background, and what a lane does now and then it does
    /// after every batch.
    pub fn start_with_faults(
        store: &Store,
        ids: IdKey,
        options: LaneOptions,
        faults: Faults,
    ) -> Result<Lane> {
        Lane::start_with(store, ids, options, Some(faults))
    }

    fn start_with(
        store: &Store,
        ids: IdKey,
        options: LaneOptions,
        faults: Option<Faults>,
    ) -> Result<Lane> {
        let writer = store.writer(faults.is_some())?;
        let numbers = writer.numbers()?;
        let (queue, inbox) = sync_channel(options.queue_max);
        let waiting = Arc::new(AtomicUsize::new(0));
        let queue_max = options.queue_max;
        let mut work = Work {
            hands: writer.hands(),
            writer,
            numbers,
            ids,
            options,
            faults,
            inbox,
            waiting: waiting.clone(),
            chains: HashMap::new(),
            sums: HashMap::new(),
            last_batch: 0,
            forgot: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("lane".into())
            .spawn(move || work.run())
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        Ok(Lane { queue: Some(queue), queue_max, waiting, thread: Some(thread) })
    }

    /// Hands a command to the lane. When the queue is full it is given back at once: nothing
    /// grows, and the caller can say so.
    pub fn submit(&self, job: Box<dyn Job>) -> std::result::Result<(), (Box<dyn Job>, StoreError)> {
        let Some(queue) = &self.queue else {
            return Err((job, StoreError::Stopped));
        };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        queue.try_send(job).map_err(|error| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match error {
                TrySendError::Full(job) => (job, StoreError::QueueFull(self.queue_max)),
                TrySendError::Disconnected(job) => (job, StoreError::Stopped),
            }
        })
    }

    /// Commands that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the thread is there to take writes.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Finishes what waits and stops.
    pub fn stop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says in the journal which request of an agent moved the money, and in the note of that request
/// whether money moved.
fn attribute(changes: &mut [Change], more: &mut [Change], request: &Arc<str>) {
    let mut moved = false;
    for change in changes {
        if let Change::Booked(entry, _) = change {
            entry.asked_by(Some(request.clone()));
            moved = true;
        }
    }
    for change in more {
        if let Change::Request(row) = change {
            row.lasting = moved || row.approval.is_some();
        }
    }
}

/// Goes past points, unless the process is to die there: then the thread unwinds, and all that is
/// in memory is gone.
struct Passing<'a>(&'a Option<Faults>);

impl Passing<'_> {
    fn pass(&self, point: Point) {
        if self.0.as_ref().is_some_and(|dies_at| dies_at(point)) {
            resume_unwind(Box::new("the process dies here"));
        }
    }
}

/// The lane's thread.
struct Work {
    writer: Box<dyn Writer>,
    numbers: Numbers,
    ids: IdKey,
    options: LaneOptions,
    faults: Option<Faults>,
    inbox: Receiver<Box<dyn Job>>,
    waiting: Arc<AtomicUsize>,
    /// The last seal and the length of each chain, as committed.
    chains: HashMap<World, (Seal, i64)>,
    /// What this lane posted to each account in all, as committed.
    sums: HashMap<SumKey, i64>,
    /// Whose rows these are.
    hands: (i64, i64),
    last_batch: usize,
    forgot: Instant,
}

impl Work {
    fn run(&mut self) {
        let mut batch = Vec::with_capacity(self.options.batch_max);
        loop {
            self.pass(Point::Waiting);
            match self.inbox.recv_timeout(FORGET_EVERY) {
                Ok(job) => batch.push(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !batch.is_empty() {
                self.fill(&mut batch);
                self.last_batch = batch.len();
                self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
                self.pass(Point::Taken(batch.len()));
                self.run_batch(std::mem::take(&mut batch));
            }
            let always = self.faults.is_some();
            if self.writer.tidy(always).is_err() {
                self.recover();
            }
            self.pass(Point::Checkpointed);
            if self.forgot.elapsed() >= FORGET_EVERY || always {
                self.forget();
            }
        }
    }

    /// See [`Passing`].
    fn pass(&self, point: Point) {
        Passing(&self.faults).pass(point);
    }

    /// Takes what waits; a lane that was busy lingers a moment for what is about to come.
    fn fill(&self, batch: &mut Vec<Box<dyn Job>>) {
        let mut quiet_since = Instant::now();
        while batch.len() < self.options.batch_max {
            match self.inbox.try_recv() {
                Ok(job) => {
                    batch.push(job);
                    quiet_since = Instant::now();
                }
                Err(_) if batch.len() >= self.last_batch => return,
                Err(_) if quiet_since.elapsed() >= self.options.linger => return,
                Err(_) => std::thread::yield_now(),
            }
        }
    }

    fn run_batch(&mut self, jobs: Vec<Box<dyn Job>>) {
        match self.attempt_again(&jobs) {
            Ok(outcomes) => {
                self.hold(&jobs, &outcomes);
                for (at, (job, outcome)) in jobs.into_iter().zip(outcomes).enumerate() {
                    job.done(outcome);
                    self.pass(Point::Answered(at));
                }
            }
            Err(error) => {
                self.report_failure(jobs.len());
                match error.is_about_one_command() {
                    // Nothing is on disk, and memory changes after a commit only: it is still good.
                    true => self.writer.rollback(),
                    false => self.recover(),
                }
                let alone = jobs.len() == 1 || !error.is_about_one_command();
                for job in jobs {
                    match alone {
                        true => job.done(Outcome::Failed(error.clone())),
                        false => self.run_batch(vec![job]),
                    }
                }
            }
        }
    }

    /// Decides a batch again, as long as others keep getting in between.
    fn attempt_again(&mut self, jobs: &[Box<dyn Job>]) -> Result<Vec<Outcome>> {
        let mut tries = 1;
        loop {
            match self.attempt(jobs) {
                Err(StoreError::Conflict(_)) if tries < TRIES_MAX => {
                    self.report_failure(jobs.len());
                    self.writer.rollback();
                    std::thread::sleep(CONFLICT_PAUSE * tries);
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    fn report_failure(&self, jobs: usize) {
        (self.options.observe)(&BatchReport {
            jobs,
            waiting: self.waiting.load(Ordering::Relaxed),
            work: Duration::ZERO,
            commit: Duration::ZERO,
            failed: true,
        });
    }

    /// For crash tests: stands still between the commit and its answers.
    fn hold(&self, jobs: &[Box<dyn Job>], outcomes: &[Outcome]) {
        let Some(prefix) = &self.options.hold_key_prefix else {
            return;
        };
        let held = |job: &dyn Job, outcome: &Outcome| {
            matches!(outcome, Outcome::Decided { .. })
                && job.cause().is_some_and(|cause| {
                    cause.idempotency_key.as_ref().is_some_and(|key| key.starts_with(prefix))
                })
        };
        while jobs.iter().zip(outcomes).any(|(job, outcome)| held(job.as_ref(), outcome)) {
            std::thread::park();
        }
    }

    /// Decides and commits a batch, or fails as a whole with nothing written.
    fn attempt(&mut self, jobs: &[Box<dyn Job>]) -> Result<Vec<Outcome>> {
        let began = Instant::now();
        let mut set = WorkingSet::default();
        for job in jobs {
            set.need(job.as_ref());
        }
        self.writer.begin()?;
        self.pass(Point::Begun);
        let cutoff = self.cutoff();
        if self.hands != self.writer.hands() {
            // Somebody else may have written meanwhile.
            self.hands = self.writer.hands();
            self.chains.clear();
            self.sums.clear();
        }
        self.writer.load(&mut set, cutoff, &mut self.numbers)?;
        self.pass(Point::Loaded);
        let set = RefCell::new(set);
        let mut pending = Batch::default();
        let mut outcomes = Vec::with_capacity(jobs.len());
        for (at, job) in jobs.iter().enumerate() {
            outcomes.push(self.decide(job.as_ref(), &set, &mut pending)?);
            self.pass(Point::Decided(at));
        }
        let set = set.into_inner();
        self.seal(&mut pending)?;
        let passed = Passing(&self.faults);
        self.writer.save(&pending, &self.numbers, &|at| passed.pass(Point::Written(at)))?;
        self.pass(Point::Saved);
        let saved = Instant::now();
        self.writer.commit()?;
        self.pass(Point::Committed);
        self.writer.publish(&set);
        (self.options.observe)(&BatchReport {
            jobs: jobs.len(),
            waiting: self.waiting.load(Ordering::Relaxed),
            work: saved - began,
            commit: saved.elapsed(),
            failed: false,
        });
        self.chains.extend(pending.chains);
        self.sums.extend(pending.posted.sums);
        self.pass(Point::Published);
        Ok(outcomes)
    }

    fn decide(
        &mut self,
        job: &dyn Job,
        set: &RefCell<WorkingSet>,
        pending: &mut Batch,
    ) -> Result<Outcome> {
        let world = job.world();
        if let Some(key) = job.idempotency()
            && let Some(Some(used)) = set.borrow().used.get(&(world, key.key))
        {
            return Ok(match used.fingerprint == key.fingerprint {
                true => Outcome::Replay(Answer {
                    request_id: used.request_id.clone(),
                    kept: used.kept.clone(),
                }),
                false => Outcome::KeyReused,
            });
        }
        let command = set.borrow().still_due(world, job.command());
        let newest = self.numbers.last();
        let acquirer = job.acquirer();
        let mut ctx = Context {
            now: (self.options.clock)(),
            numbers: &mut self.numbers,
            ids: &self.ids,
            rules: &self.options.rules,
            accounts: &*self.options.accounts,
            acquirer: acquirer.as_deref(),
            cause: job.cause(),
        };
        let untouched = job.is_tried().then(|| (set.borrow().clone(), pending.posted.clone()));
        let sight = Sight { world, db: self.writer.db(), set };
        let decide = || match &command {
            Some(command) => books::decide(command, &sight, &mut ctx),
            // Somebody was done with it before.
            None => Ok(Decision { changes: Vec::new(), reply: Reply::Done }),
        };
        let Ok(decided) = catch_unwind(AssertUnwindSafe(decide)) else {
            return Ok(Outcome::Failed(StoreError::Bug("a decision panicked".into())));
        };
        if let Some(error) = set.borrow_mut().take_failure() {
            return Err(error);
        }
        let mut changes = Vec::new();
        let mut index = IndexRows::default();
        let result = match decided {
            Ok(decision) => match self.post(world, &decision.changes, pending)? {
                true => {
                    index.follow(&sight, &decision.changes, newest);
                    set.borrow_mut().apply(world, &decision.changes);
                    changes = decision.changes;
                    Ok(decision.reply)
                }
                false => Err(Refusal::AmountTooLarge),
            },
            Err(refusal) => Err(refusal),
        };
        let keep = || job.keep(&result, &sight);
        let Ok(kept) = catch_unwind(AssertUnwindSafe(keep)) else {
            return Err(StoreError::Bug("an answer could not be rendered".into()));
        };
        if let Some((set_before, posted_before)) = untouched {
            let failure = set.replace(set_before).take_failure();
            pending.posted = posted_before;
            return failure.map_or(Ok(Outcome::Decided { result, kept }), Err);
        }
        let number = &mut || self.numbers.next((self.options.clock)());
        let mut more = job.also(&result, &sight, number);
        if let Some(error) = set.borrow_mut().take_failure() {
            return Err(error);
        }
        if let Some(request) = job.agents_request() {
            attribute(&mut changes, &mut more, &request);
        }
        index.follow(&sight, &more, newest);
        pending.index.extend(index);
        set.borrow_mut().apply(world, &more);
        pending.changes.extend(changes.into_iter().chain(more).map(|change| (world, change, None)));
        if let (Some(key), Some(kept)) = (job.idempotency(), &kept) {
            let number = self.numbers.next((self.options.clock)());
            pending.used.push((world, key.clone(), number, kept.clone()));
            let request_id = key.request_id.clone();
            let used = Used { fingerprint: key.fingerprint, request_id, kept: kept.clone() };
            set.borrow_mut().used.insert((world, key.key), Some(used));
        }
        Ok(Outcome::Decided { result, kept })
    }

    /// Adds the postings of a decision to the sums of the lane; `false` if one would overflow.
    fn post(&self, world: World, changes: &[Change], pending: &mut Batch) -> Result<bool> {
        let known = |key: &SumKey| match self.sums.get(key) {
            Some(sum) => Ok(*sum),
            None => lookup::posted(self.writer.db(), *key, self.numbers.lane()),
        };
        pending.posted.add(world, changes, known)
    }

    /// Seals the entries of a batch, each over the one before it in its chain, and follows what
    /// they do to purses.
    fn seal(&self, batch: &mut Batch) -> Result<()> {
        for (world, change, sealed) in &mut batch.changes {
            let Change::Booked(entry, booked) = change else { continue };
            if let Some(row) = booked {
                batch.idle.follow(*world, row);
            }
            let (head, length) = match batch.chains.get(world).or_else(|| self.chains.get(world)) {
                Some(chain) => *chain,
                None => lookup::chain(self.writer.db(), *world, self.numbers.lane())?,
            };
            let next = seal(&head, world.0, entry, booked.as_ref());
            *sealed = Some(next);
            batch.chains.insert(*world, (next, length + 1));
        }
        Ok(())
    }

    /// After a failure nothing in memory is trusted: connect anew, read again. Where that fails
    /// too, the next batch fails likewise and tries again.
    fn recover(&mut self) {
        self.chains.clear();
        self.sums.clear();
        if self.writer.reopen().is_ok()
            && let Ok(kept) = self.writer.numbers()
            && (kept.lane() != self.numbers.lane() || kept.last() > self.numbers.last())
        {
            self.numbers = kept;
        }
    }

    /// Keys that were used before this are forgotten.
    fn cutoff(&self) -> Number {
        let now = (self.options.clock)().seconds();
        Number::first_at(books::Timestamp(now.0 - KEY_LIFETIME_S))
    }

    fn forget(&mut self) {
        self.forgot = Instant::now();
        let (keys, events) = (self.cutoff(), retention::cutoff((self.options.clock)().seconds()));
        let forgotten = self.writer.begin().and_then(|()| {
            self.writer.forget(keys, events)?;
            self.pass(Point::Forgetting);
            self.writer.commit()?;
            self.pass(Point::Forgotten);
            Ok(())
        });
        match forgotten {
            // Nothing that readers know was changed.
            Ok(()) => self.writer.publish(&WorkingSet::default()),
            Err(_) => self.recover(),
        }
    }
}
