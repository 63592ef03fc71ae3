//! A store in a temporary folder with its lane, jobs that tell what became of them, and a clock
//! that stands still until somebody moves it.

#![allow(dead_code, reason = "every test target uses its own part of this module")]

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use books::cash_balance::ReconciliationMode;
use books::event::RequestCause;
use books::time::Millis;
use books::{Command, Currency, IdKey, Number, Refusal, Reply, Timestamp, World};
use rusqlite::Connection;
use store::admin::Admin;
use store::lane::BatchReport;
use store::{
    Answer, Idempotency, Job, Kept, Lane, LaneOptions, Location, Outcome, Readers, Result, Store,
    StoreError, WorkingSet,
};
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
pub const NEW_YEAR_MS: i64 = 1_767_225_600_000;
/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);

/// A clock that stands still. Once, it may tell a moment that no decision can bear.
#[derive(Default)]
pub struct Clock {
    pub ms: AtomicI64,
    pub wrong_once: AtomicBool,
}

impl Clock {
    fn now(&self) -> Millis {
        match self.wrong_once.swap(false, Ordering::SeqCst) {
            true => Millis(i64::MIN),
            false => Millis(self.ms.load(Ordering::SeqCst)),
        }
    }

    pub fn forward(&self, by: Duration) {
        self.ms.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }
}

pub type AfterCommit = Box<dyn FnOnce() + Send>;

/// A store, everything that works on it, and one world in it.
pub struct Bench {
    pub lane: Lane,
    pub readers: Arc<Readers>,
    pub admin: Admin,
    pub world: World,
    pub clock: Arc<Clock>,
    pub reports: Arc<Mutex<Vec<BatchReport>>>,
    /// What the lane does right after its next commit, before anybody is answered.
    pub after_commit: Arc<Mutex<Option<AfterCommit>>>,
    pub store: Store,
    pub queue_max: usize,
    home: Arc<TempDir>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with_queue(1000)
    }

    pub fn with_queue(queue_max: usize) -> Bench {
        let clock = Arc::new(Clock::default());
        clock.ms.store(NEW_YEAR_MS, Ordering::SeqCst);
        let home = tempfile::tempdir().expect("a temporary folder");
        Bench::open(Arc::new(home), clock, queue_max)
    }

    fn open(home: Arc<TempDir>, clock: Arc<Clock>, queue_max: usize) -> Bench {
        let location = Location::File(home.path().join("purser.db"));
        let store = Store::open(&location, [7; 16]).expect("the store opens");
        let admin = Admin::open(store.path()).expect("the store is there");
        let reports = Arc::new(Mutex::new(Vec::new()));
        let after_commit: Arc<Mutex<Option<AfterCommit>>> = Arc::default();
        let (told, ticks, after) = (reports.clone(), clock.clone(), after_commit.clone());
        let options = LaneOptions {
            lane: 0,
            batch_max: 256,
            queue_max,
            linger: Duration::ZERO,
            default_mode: ReconciliationMode::Automatic,
            clock: Arc::new(move || ticks.now()),
            observe: Arc::new(move |report| {
                told.lock().unwrap().push(*report);
                let what = after.lock().unwrap().take();
                what.into_iter().for_each(|what| what());
            }),
            hold_key_prefix: None,
        };
        let path = store.path().to_owned();
        let ids = IdKey::new(store.secret());
        let lane = Lane::start(path.clone(), ids, options).expect("the lane starts");
        let readers = Readers::open(path, 2, lane.purses()).expect("the readers open");
        Bench {
            lane,
            readers: Arc::new(readers),
            world: admin.world("acct_1", false, Timestamp(0)).expect("a world is made"),
            admin,
            clock,
            reports,
            after_commit,
            store,
            queue_max,
            home,
        }
    }

    /// Closes everything and opens it again, on the same file.
    pub fn restart(self) -> Bench {
        let (home, clock, queue_max) = (self.home.clone(), self.clock.clone(), self.queue_max);
        drop(self);
        Bench::open(home, clock, queue_max)
    }

    pub fn path(&self) -> &std::path::Path {
        self.store.path()
    }

    /// A connection from outside, as somebody with a SQL prompt has it.
    pub fn sql(&self) -> Connection {
        Connection::open(self.path()).expect("the file opens")
    }

    pub fn one<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        let row = self.sql().query_row(query, [], |row| row.get(0));
        row.unwrap_or_else(|why| panic!("{query}: {why}"))
    }

    /// Submits and does not wait.
    pub fn submit(&self, ask: Ask) -> Receiver<String> {
        let (job, told) = ask.into_job(self.world, &self.readers);
        if let Err((_, error)) = self.lane.submit(job) {
            panic!("the lane takes no job: {error}");
        }
        told
    }

    /// Submits one command and waits for what becomes of it.
    pub fn tell(&self, ask: Ask) -> String {
        told(&self.submit(ask))
    }

    /// Stops the lane inside a transaction until the answer is dropped.
    pub fn hold(&self) -> Sender<()> {
        let (arrived, here) = channel();
        let (release, released) = channel();
        // Nobody is there under this number, so the command is refused and writes nothing.
        let mut ask = delete(Number(1));
        ask.hold = Some((arrived, Arc::new(Mutex::new(released))));
        drop(self.submit(ask));
        here.recv_timeout(DEADLINE).expect("the lane is held");
        release
    }

    /// Runs these commands as one batch, and compares what became of each.
    #[track_caller]
    pub fn check<'w>(&self, batch: impl IntoIterator<Item = (Ask, &'w str)>) {
        let (asks, wants): (Vec<Ask>, Vec<&str>) = batch.into_iter().unzip();
        let before = self.reports.lock().unwrap().len();
        let held = self.hold();
        let waiting: Vec<_> = asks.into_iter().map(|ask| self.submit(ask)).collect();
        drop(held);
        let got: Vec<String> = waiting.iter().map(told).collect();
        let wrong = got.iter().zip(&wants).any(|(got, want)| !alike(got, want));
        assert!(!wrong, "got  {got:#?}\nwant {wants:#?}");
        let reports = self.reports.lock().unwrap();
        let sizes: Vec<usize> = reports[before..].iter().map(|report| report.jobs).collect();
        let failed = wants.iter().any(|want| want.starts_with("failed"));
        let alone = failed || sizes == [1, wants.len()];
        assert!(alone, "this was not one batch: {sizes:?}");
    }

    /// Makes a customer.
    pub fn customer(&self) -> Number {
        assert_eq!(self.tell(create()), "customer");
        let window = store::Window::newest(1);
        let newest = self.readers.snapshot(|reader| reader.customers(self.world, None, window));
        newest.expect("customers can be listed").rows[0].number
    }

    /// What is available, as text such as `eur 7, usd 100`.
    pub fn available(&self, customer: Number) -> String {
        let purse = self.readers.snapshot(|reader| reader.purse(self.world, customer));
        let balances = purse.expect("it can be read").expect("a customer").available.0;
        let each = balances.iter().map(|(currency, amount)| format!("{currency} {amount}"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// Readers that have seen nothing yet. The others may look at what was there a moment ago
    /// when somebody else has written since.
    pub fn fresh_readers(&self) -> Readers {
        let path = self.path().to_owned();
        Readers::open(path, 1, self.lane.purses()).expect("the readers open")
    }

    /// What the doctor finds.
    pub fn findings(&self) -> Result<Vec<books::audit::Finding>> {
        store::doctor::examine(self.path(), &mut |_, _| {}).map(|report| report.findings)
    }

    #[track_caller]
    pub fn assert_healthy(&self) {
        assert_eq!(self.findings(), Ok(Vec::new()));
    }
}

/// Waits until `what` comes true.
#[track_caller]
pub fn eventually(name: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "never: {name}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// `...` at the end of what is wanted stands for anything.
fn alike(got: &str, want: &str) -> bool {
    match want.strip_suffix("...") {
        Some(beginning) => got.starts_with(beginning),
        None => got == want,
    }
}

#[track_caller]
pub fn told(waiting: &Receiver<String>) -> String {
    waiting.recv_timeout(DEADLINE).expect("an outcome")
}

type Gate = (Sender<()>, Arc<Mutex<Receiver<()>>>);

/// A command to submit.
#[derive(Clone)]
pub struct Ask {
    pub command: Command,
    world: Option<World>,
    key: Option<(&'static str, &'static str)>,
    hold: Option<Gate>,
    derange: Option<Arc<Clock>>,
    panic: bool,
}

impl From<Command> for Ask {
    fn from(command: Command) -> Ask {
        Ask { command, world: None, key: None, hold: None, derange: None, panic: false }
    }
}

impl Ask {
    /// With an idempotency key and the fingerprint of the request.
    pub fn key(mut self, key: &'static str, fingerprint: &'static str) -> Ask {
        self.key = Some((key, fingerprint));
        self
    }

    pub fn world(mut self, world: World) -> Ask {
        self.world = Some(world);
        self
    }

    /// After this command was decided the clock goes wrong, for the next one.
    pub fn derange(mut self, clock: &Arc<Clock>) -> Ask {
        self.derange = Some(clock.clone());
        self
    }

    /// Making the answer to this command meets a bug.
    pub fn panic_in_keep(mut self) -> Ask {
        self.panic = true;
        self
    }

    /// The job, and where it tells what became of it.
    pub fn into_job(
        self,
        world: World,
        readers: &Arc<Readers>,
    ) -> (Box<dyn Job>, Receiver<String>) {
        let (tell, told) = channel();
        let job = TestJob {
            world: self.world.unwrap_or(world),
            idempotency: self.key.map(|(key, fingerprint)| Idempotency {
                key: padded(key),
                fingerprint: padded(fingerprint),
                request_id: format!("req_{key}"),
            }),
            ask: self,
            readers: readers.clone(),
            tell,
        };
        (Box::new(job), told)
    }
}

fn padded(text: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes
}

pub fn create() -> Ask {
    Command::CreateCustomer { edits: vec![] }.into()
}

pub fn fund(customer: Number, amount_minor: i64, currency: &str) -> Ask {
    let currency = Currency::parse(currency).expect("a currency");
    Command::Fund { customer, amount_minor, currency, reference: None }.into()
}

pub fn delete(customer: Number) -> Ask {
    Command::DeleteCustomer { customer }.into()
}

/// A job as the server has them, whose outcome is a line of text.
struct TestJob {
    ask: Ask,
    world: World,
    idempotency: Option<Idempotency>,
    readers: Arc<Readers>,
    tell: Sender<String>,
}

impl Job for TestJob {
    fn world(&self) -> World {
        self.world
    }

    fn command(&self) -> &Command {
        &self.ask.command
    }

    fn cause(&self) -> Arc<RequestCause> {
        let request_id = "req_test".to_owned();
        Arc::new(RequestCause { request_id, idempotency_key: None })
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.as_ref()
    }

    fn keep(
        &self,
        result: &std::result::Result<Reply, Refusal>,
        _set: &WorkingSet,
    ) -> Option<Kept> {
        if let Some((arrived, released)) = &self.ask.hold {
            let _ = arrived.send(());
            let _ = released.lock().unwrap().recv();
        }
        assert!(!self.ask.panic, "the bug that was asked for");
        if let Some(clock) = &self.ask.derange {
            clock.wrong_once.store(true, Ordering::SeqCst);
        }
        match result {
            Err(Refusal::CustomerMissing { .. }) => None,
            Ok(Reply::CashTransaction(row)) => Some(Kept::CashTransaction(row.key)),
            other => Some(Kept::Bytes {
                status: if other.is_ok() { 200 } else { 400 },
                body: shown(other).into_bytes(),
            }),
        }
    }

    fn done(self: Box<Self>, outcome: Outcome) {
        let text = match &outcome {
            Outcome::Decided { result, .. } if !self.visible(result) => {
                "answered before a reader can see it".into()
            }
            Outcome::Decided { result, .. } => shown(result),
            Outcome::Replay(answer) => replay(answer),
            Outcome::KeyReused => "key reused".into(),
            Outcome::Failed(error) => format!("failed: {error:?}"),
        };
        // The test may have lost its interest.
        let _ = self.tell.send(text);
    }
}

impl TestJob {
    /// Whether what is being answered can be read by others at this very moment.
    fn visible(&self, result: &std::result::Result<Reply, Refusal>) -> bool {
        let seen = self.readers.snapshot(|reader| {
            Ok(match result {
                Ok(Reply::Customer(customer)) => {
                    let found = reader.customer(self.world, customer.number)?;
                    found.is_some_and(|found| !customer.deleted || found.deleted)
                }
                Ok(Reply::CashTransaction(row)) => {
                    reader.cash_transaction(self.world, row.key)?.as_ref() == Some(row)
                }
                _ => true,
            })
        });
        seen == Ok(true)
    }
}

fn shown(result: &std::result::Result<Reply, Refusal>) -> String {
    match result {
        Ok(Reply::Customer(customer)) if customer.deleted => "deleted".into(),
        Ok(Reply::Customer(_)) => "customer".into(),
        Ok(Reply::CashTransaction(row)) => {
            let (net, ends) = (row.net_amount, row.ending_balance);
            format!("{} {} {net} -> {ends}", row.cause.type_name(), row.currency)
        }
        Ok(Reply::CashBalance(_, settings, _)) => settings.reconciliation_mode.as_str().into(),
        Ok(Reply::Instructions(made, _)) => made.account_key.clone(),
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn replay(answer: &Answer) -> String {
    let first = &answer.request_id;
    match &answer.kept {
        Kept::CashTransaction(_) => format!("replay of {first}: a row"),
        Kept::Bytes { status, body } => {
            format!("replay of {first}: {status} {}", String::from_utf8_lossy(body))
        }
    }
}

/// The kind of a fault, without its words.
pub fn fault<T, E: std::borrow::Borrow<StoreError>>(
    result: std::result::Result<T, E>,
) -> &'static str {
    match result.as_ref().err().map(|error| error.borrow()) {
        None => "none",
        Some(StoreError::Locked(_)) => "locked",
        Some(StoreError::Corrupt(_)) => "corrupt",
        Some(StoreError::Schema(_)) => "schema",
        Some(StoreError::ReadOnly(_)) => "read only",
        Some(StoreError::Missing(_)) => "missing",
        Some(_) => "another",
    }
}
