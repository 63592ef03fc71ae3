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
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use books::decision::AccountNumbers;
use books::id::{Number, Numbers};
use books::journal::{Account, Seal, seal};
use books::time::Millis;
use books::{Change, Context, Currency, IdKey, Refusal, Rules, World};

use crate::checkpoint::Checkpointer;
use crate::error::{Result, StoreError};
use crate::job::{Answer, Idempotency, Job, Kept, Outcome, Used};
use crate::keys::{Keys, Step};
use crate::purses::Purses;
use crate::retention;
use crate::working_set::{Sight, WorkingSet};
use crate::writer::Writer;

/// How long an idempotency key is remembered, as Stripe documents it.
const KEY_LIFETIME_S: i64 = 24 * 60 * 60;
/// Rows looked at in one step of forgetting old keys, and how often there is a step: 10,000 a
/// second, which is more than a lane can add for long.
const PRUNE_ROWS_MAX: i64 = 1000;
const PRUNE_EVERY: Duration = Duration::from_millis(100);

/// How a lane works.
#[derive(Clone)]
pub struct LaneOptions {
    /// The lane's number.
    pub lane: i64,
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
    /// Old keys are removed, but that is not committed.
    Pruning,
    /// Old keys are forgotten.
    Pruned,
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
    purses: Arc<Purses>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    /// Starts the lane's thread on the database at `path`.
    pub fn start(path: PathBuf, ids: IdKey, options: LaneOptions) -> Result<Lane> {
        let checkpointer = Checkpointer::start(path.clone())?;
        Lane::start_with(path, ids, options, Some(checkpointer), None)
    }

    /// The same for simulations, with faults. So that a run can be repeated, nothing goes by the
    /// time of day: no thread makes checkpoints, and what a lane does now and then it does after
    /// every batch.
    pub fn start_with_faults(
        path: PathBuf,
        ids: IdKey,
        options: LaneOptions,
        faults: Faults,
    ) -> Result<Lane> {
        Lane::start_with(path, ids, options, None, Some(faults))
    }

    fn start_with(
        path: PathBuf,
        ids: IdKey,
        options: LaneOptions,
        checkpointer: Option<Checkpointer>,
        faults: Option<Faults>,
    ) -> Result<Lane> {
        let writer = Writer::open(&path, options.lane)?;
        let numbers = writer.numbers()?;
        let keys = Keys::load(writer.connection())?;
        let (queue, inbox) = sync_channel(options.queue_max);
        let waiting = Arc::new(AtomicUsize::new(0));
        let purses = Arc::new(Purses::default());
        let queue_max = options.queue_max;
        let mut work = Work {
            writer,
            numbers,
            ids,
            tail_wanted: checkpointer.as_ref().map(Checkpointer::tail_wanted).unwrap_or_default(),
            options,
            faults,
            inbox,
            waiting: waiting.clone(),
            purses: purses.clone(),
            keys,
            chains: Chains::new(),
            house: HashMap::new(),
            last_batch: 0,
            prune_from: (0, Vec::new()),
            forget_after: World(0),
            pruned: Instant::now(),
        };
        let run = move || {
            let _checkpointer = checkpointer;
            work.run();
        };
        let thread = std::thread::Builder::new()
            .name("lane".into())
            .spawn(run)
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        Ok(Lane { queue: Some(queue), queue_max, waiting, purses, thread: Some(thread) })
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

    /// The purses that this lane keeps at hand, for readers.
    pub fn purses(&self) -> Arc<Purses> {
        self.purses.clone()
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

type HouseKey = (World, Account, Currency);
type Chains = HashMap<World, (Seal, i64)>;

/// The lane's thread.
struct Work {
    writer: Writer,
    numbers: Numbers,
    ids: IdKey,
    options: LaneOptions,
    faults: Option<Faults>,
    inbox: Receiver<Box<dyn Job>>,
    waiting: Arc<AtomicUsize>,
    purses: Arc<Purses>,
    keys: Keys,
    /// The last seal and the length of each chain, as committed.
    chains: Chains,
    /// This lane's rows of the house accounts, as committed.
    house: HashMap<HouseKey, i64>,
    last_batch: usize,
    tail_wanted: Arc<AtomicBool>,
    prune_from: (i64, Vec<u8>),
    forget_after: World,
    pruned: Instant,
}

/// What a batch is going to write.
#[derive(Default)]
struct Pending {
    changes: Vec<(World, Change)>,
    used: Vec<(World, Idempotency, Number, Kept)>,
    house: HashMap<HouseKey, i64>,
}

impl Work {
    fn run(&mut self) {
        let mut batch = Vec::with_capacity(self.options.batch_max);
        loop {
            self.pass(Point::Waiting);
            match self.inbox.recv_timeout(PRUNE_EVERY) {
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
            if self.tail_wanted.swap(false, Ordering::Relaxed) || always {
                crate::checkpoint::passive(self.writer.connection());
                self.pass(Point::Checkpointed);
            }
            if self.pruned.elapsed() >= PRUNE_EVERY || always {
                self.prune();
            }
        }
    }

    /// Goes past a point, unless the process is to die there: then the thread unwinds, and all
    /// that is in memory is gone.
    fn pass(&self, point: Point) {
        if self.faults.as_ref().is_some_and(|dies_at| dies_at(point)) {
            resume_unwind(Box::new("the process dies here"));
        }
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
        match self.attempt(&jobs) {
            Ok(outcomes) => {
                self.hold(&jobs, &outcomes);
                for (at, (job, outcome)) in jobs.into_iter().zip(outcomes).enumerate() {
                    job.done(outcome);
                    self.pass(Point::Answered(at));
                }
            }
            Err(error) => {
                (self.options.observe)(&BatchReport {
                    jobs: jobs.len(),
                    waiting: self.waiting.load(Ordering::Relaxed),
                    work: Duration::ZERO,
                    commit: Duration::ZERO,
                    failed: true,
                });
                match error.is_about_one_command() {
                    // Nothing is on disk, and memory changes after a commit only: it is still good.
                    true => {
                        self.writer.rollback();
                        self.purses.commit_ends();
                    }
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
        let keys = (&self.keys, self.cutoff());
        self.writer.load(&mut set, &self.purses, keys)?;
        self.pass(Point::Loaded);
        let set = RefCell::new(set);
        let mut pending = Pending::default();
        let mut outcomes = Vec::with_capacity(jobs.len());
        for (at, job) in jobs.iter().enumerate() {
            outcomes.push(self.decide(job.as_ref(), &set, &mut pending)?);
            self.pass(Point::Decided(at));
        }
        let set = set.into_inner();
        let (chains, step) = self.save(&pending)?;
        self.pass(Point::Saved);
        let saved = Instant::now();
        self.purses.commit_begins();
        self.writer.commit()?;
        self.pass(Point::Committed);
        let purses = set.purses.iter();
        self.purses.publish(purses.filter_map(|(key, purse)| Some((key, purse.as_ref()?))));
        (self.options.observe)(&BatchReport {
            jobs: jobs.len(),
            waiting: self.waiting.load(Ordering::Relaxed),
            work: saved - began,
            commit: saved.elapsed(),
            failed: false,
        });
        self.keys.committed(step);
        self.chains.extend(chains);
        self.house.extend(pending.house);
        self.pass(Point::Published);
        Ok(outcomes)
    }

    fn decide(
        &mut self,
        job: &dyn Job,
        set: &RefCell<WorkingSet>,
        pending: &mut Pending,
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
        let mut ctx = Context {
            now: (self.options.clock)(),
            numbers: &mut self.numbers,
            ids: &self.ids,
            rules: &self.options.rules,
            accounts: &*self.options.accounts,
            cause: job.cause(),
        };
        let db = self.writer.connection();
        let sight = Sight { world, db, known: &self.purses, set };
        let decide = || books::decide(job.command(), &sight, &mut ctx);
        let Ok(decided) = catch_unwind(AssertUnwindSafe(decide)) else {
            return Ok(Outcome::Failed(StoreError::Bug("a decision panicked".into())));
        };
        if let Some(error) = set.borrow_mut().take_failure() {
            return Err(error);
        }
        let result = match decided {
            Ok(decision) => match self.post_to_house(world, &decision.changes, pending)? {
                true => {
                    set.borrow_mut().apply(world, &decision.changes);
                    pending.changes.extend(decision.changes.into_iter().map(|c| (world, c)));
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
        if let Some(error) = set.borrow_mut().take_failure() {
            return Err(error);
        }
        if let (Some(key), Some(kept)) = (job.idempotency(), &kept) {
            let number = self.numbers.next((self.options.clock)());
            pending.used.push((world, key.clone(), number, kept.clone()));
            let request_id = key.request_id.clone();
            let used = Used { fingerprint: key.fingerprint, request_id, kept: kept.clone() };
            set.borrow_mut().used.insert((world, key.key), Some(used));
        }
        Ok(Outcome::Decided { result, kept })
    }

    /// Adds the postings on house accounts to their sums; `false` if one would overflow.
    fn post_to_house(
        &self,
        world: World,
        changes: &[Change],
        pending: &mut Pending,
    ) -> Result<bool> {
        let mut sums = Vec::new();
        for change in changes {
            let Change::Booked(entry, _) = change else {
                continue;
            };
            for posting in entry.postings().iter().filter(|p| p.account.is_house()) {
                let key = (world, posting.account, posting.currency);
                let at = sums.iter().position(|(known, _)| *known == key);
                let sum = match at {
                    Some(at) => sums.swap_remove(at).1,
                    None => self.house_sum(&key, pending)?,
                };
                match sum.checked_add(posting.amount_minor) {
                    Some(sum) => sums.push((key, sum)),
                    None => return Ok(false),
                }
            }
        }
        pending.house.extend(sums);
        Ok(true)
    }

    fn house_sum(&self, key: &HouseKey, pending: &Pending) -> Result<i64> {
        match pending.house.get(key).or_else(|| self.house.get(key)) {
            Some(sum) => Ok(*sum),
            None => self.writer.house(key.0, key.1, key.2),
        }
    }

    fn save(&self, pending: &Pending) -> Result<(Chains, Step)> {
        let db = self.writer.connection();
        let mut step = Step::default();
        let mut chains = Chains::new();
        for (at, (world, change)) in pending.changes.iter().enumerate() {
            if let Change::Booked(entry, booked) = change {
                let chain = match chains.get(world).or_else(|| self.chains.get(world)) {
                    Some(chain) => *chain,
                    None => self.writer.chain(*world)?,
                };
                let sealed = seal(&chain.0, world.0, entry, booked.as_ref());
                crate::rows::insert_entry(db, *world, entry, &sealed)?;
                chains.insert(*world, (sealed, chain.1 + 1));
            }
            self.writer.save_change(*world, change)?;
            self.pass(Point::Written(at + 1));
        }
        for (world, key, number, kept) in &pending.used {
            self.keys.append(db, (*world, key, *number), kept, &mut step)?;
        }
        self.keys.advance(db, &mut step)?;
        for (world, (head, length)) in &chains {
            self.writer.save_chain(*world, head, *length)?;
        }
        for ((world, account, currency), amount) in &pending.house {
            self.writer.save_house(*world, *account, *currency, *amount)?;
        }
        if !pending.changes.is_empty() || !pending.used.is_empty() {
            self.writer.save_numbers(&self.numbers)?;
        }
        Ok((chains, step))
    }

    /// After a failure nothing in memory is trusted: roll back, open anew, read again. Where that
    /// fails too, the next batch fails likewise and tries again.
    fn recover(&mut self) {
        self.writer.rollback();
        self.chains.clear();
        self.house.clear();
        self.purses.clear();
        if let Ok(writer) = self.writer.reopen() {
            self.writer = writer;
        }
        if let Ok(keys) = Keys::load(self.writer.connection()) {
            self.keys = keys;
        }
    }

    /// Keys that were used before this are forgotten.
    fn cutoff(&self) -> Number {
        let now = (self.options.clock)().seconds();
        Number::first_at(books::Timestamp(now.0 - KEY_LIFETIME_S))
    }

    fn prune(&mut self) {
        self.pruned = Instant::now();
        let (cutoff, from) = (self.cutoff(), std::mem::take(&mut self.prune_from));
        let pruned = self.writer.begin().and_then(|()| {
            let db = self.writer.connection();
            let next = self.keys.prune(db, from, cutoff, PRUNE_ROWS_MAX)?;
            let oldest = retention::cutoff((self.options.clock)().seconds());
            let world = retention::forget(db, self.forget_after, oldest)?;
            self.pass(Point::Pruning);
            self.writer.commit()?;
            self.pass(Point::Pruned);
            Ok((next, world))
        });
        match pruned {
            Ok((next, world)) => {
                self.prune_from = next.unwrap_or_default();
                self.forget_after = world;
            }
            Err(_) => self.recover(),
        }
    }
}
