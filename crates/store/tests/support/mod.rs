//! A store in a place of its own with its lane, jobs that tell what became of them, and a clock
//! that stands still until somebody moves it. Which store that is, `home` at the root of each test
//! target says.

#![allow(dead_code, reason = "every test target uses its own part of this module")]

pub mod asks;
mod bank;
pub mod card_intents;
pub mod cards;
mod home;
mod job;
pub mod wallets;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use books::command::{LaterCommand, SETTLE_MAX};
use books::time::Millis;
use books::timer::{Look, TimerKind};
use books::{Document, IdKey, Kind, Number, RowKey, Rules, Timestamp, World};
use store::admin::Admin;
use store::duties::{Duties, Hear};
use store::lane::BatchReport;
use store::{
    DocumentFilter, Lane, LaneOptions, Location, Readers, Result, Store, StoreError, Window,
};

pub use asks::{create, delete, fund};
pub use bank::Bank;
pub use home::Home;
pub use job::Ask;

/// 2026-01-01T00:00:00Z.
pub const NEW_YEAR_MS: i64 = 1_767_225_600_000;
/// How long a test waits for what is sure to come.
const DEADLINE: Duration = Duration::from_secs(60);

/// A clock that stands still. Once, it may tell a moment that no decision can bear.
pub struct Clock {
    pub ms: AtomicI64,
    pub wrong_once: AtomicBool,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { ms: AtomicI64::new(NEW_YEAR_MS), wrong_once: AtomicBool::new(false) }
    }
}

impl Clock {
    pub fn now(&self) -> Millis {
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
    pub bank: Arc<Bank>,
    pub reports: Arc<Mutex<Vec<BatchReport>>>,
    /// What the lane does right after its next commit, before anybody is answered.
    pub after_commit: Arc<Mutex<Option<AfterCommit>>>,
    pub store: Store,
    pub queue_max: usize,
    pub rules: Rules,
    pub duties: Duties,
    pub home: Arc<Home>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with_queue(1000)
    }

    pub fn with_queue(queue_max: usize) -> Bench {
        Bench::with(queue_max, Rules::default())
    }

    pub fn with_rules(rules: Rules) -> Bench {
        Bench::with(1000, rules)
    }

    fn with(queue_max: usize, rules: Rules) -> Bench {
        Bench::open(Arc::new(crate::home()), Arc::default(), queue_max, rules)
    }

    /// The same in a place that has something special to it.
    pub fn at(home: Home) -> Bench {
        Bench::open(Arc::new(home), Arc::default(), 1000, Rules::default())
    }

    /// Another server on the same database.
    pub fn beside(&self) -> Bench {
        Bench::open(self.home.clone(), self.clock.clone(), self.queue_max, self.rules.clone())
    }

    fn open(home: Arc<Home>, clock: Arc<Clock>, queue_max: usize, rules: Rules) -> Bench {
        let store = Store::open(&home.location(), [7; 16]).expect("the store opens");
        let admin = Admin::of(&store).expect("the store is there");
        let reports = Arc::new(Mutex::new(Vec::new()));
        let after_commit: Arc<Mutex<Option<AfterCommit>>> = Arc::default();
        let bank = Arc::new(Bank::default());
        let (told, ticks, after) = (reports.clone(), clock.clone(), after_commit.clone());
        let options = LaneOptions {
            batch_max: 256,
            queue_max,
            linger: Duration::ZERO,
            rules: rules.clone(),
            accounts: bank.clone(),
            clock: Arc::new(move || ticks.now()),
            observe: Arc::new(move |report| {
                told.lock().unwrap().push(*report);
                let what = after.lock().unwrap().take();
                what.into_iter().for_each(|what| what());
            }),
            hold_key_prefix: None,
        };
        let ids = IdKey::new(store.secret());
        let lane = Lane::start(&store, ids, options).expect("the lane starts");
        let readers = Readers::open(&store, 2).expect("the readers open");
        let ticks = clock.clone();
        let hear = Hear {
            news: Arc::new(|| {}),
            clock_offset_ms: Arc::new(|_| {}),
            now: Arc::new(move || Millis(ticks.ms.load(Ordering::SeqCst))),
        };
        let duties = Duties::start(&store, hear).expect("the duties start");
        Bench {
            lane,
            duties,
            readers: Arc::new(readers),
            world: admin.world("acct_1", false, Timestamp(0)).expect("a world is made"),
            admin,
            clock,
            bank,
            reports,
            after_commit,
            store,
            queue_max,
            rules,
            home,
        }
    }

    /// Closes everything and opens it again, on the same file.
    pub fn restart(self) -> Bench {
        let (home, clock, queue_max) = (self.home.clone(), self.clock.clone(), self.queue_max);
        let rules = self.rules.clone();
        drop(self);
        Bench::open(home, clock, queue_max, rules)
    }

    pub fn path(&self) -> std::path::PathBuf {
        self.home.path()
    }

    pub fn location(&self) -> Location {
        self.home.location()
    }

    /// Carries out statements from outside, as somebody with a SQL prompt does.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.home.run(sql);
    }

    /// What one of the two databases spells in its own way.
    pub fn run_as(&self, sqlite: &str, postgres: &str) {
        self.home.run_as(sqlite, postgres);
    }

    /// The only value of the only row of an answer, asked for from outside.
    #[track_caller]
    pub fn one<T: std::str::FromStr>(&self, query: &str) -> T {
        self.home.one(query)
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

    /// Submits one command, and compares what became of it.
    #[track_caller]
    pub fn expect(&self, ask: Ask, want: &str) {
        let got = self.tell(ask);
        assert!(alike(&got, want), "got {got}, want {want}");
    }

    /// Submits a command that makes a document of this kind, and tells where it is.
    #[track_caller]
    pub fn make(&self, ask: Ask, want: &str, kind: Kind) -> RowKey {
        self.expect(ask, want);
        self.newest(kind)
    }

    /// Stops the lane inside a transaction until the answer is dropped.
    pub fn hold(&self) -> Sender<()> {
        // Nobody is there under this number, so the command is refused and writes nothing.
        self.hold_in(delete(Number(1))).0
    }

    /// Stops the lane when it has decided this, until the first answer is dropped. The second one
    /// tells what became of it.
    pub fn hold_in(&self, mut ask: Ask) -> (Sender<()>, Receiver<String>) {
        let (arrived, here) = channel();
        let (release, released) = channel();
        ask.hold = Some((arrived, Arc::new(Mutex::new(released))));
        let told = self.submit(ask);
        here.recv_timeout(DEADLINE).expect("the lane is held");
        (release, told)
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

    /// The newest document of a kind.
    pub fn newest(&self, kind: Kind) -> RowKey {
        self.documents(kind, &DocumentFilter::default()).first().expect("there is one").key()
    }

    /// Documents of a kind, newest first.
    pub fn documents(&self, kind: Kind, filter: &DocumentFilter) -> Vec<Document> {
        let window = Window::newest(1000);
        let page = self.readers.snapshot(|r| r.documents(self.world, kind, filter, window));
        page.expect("documents can be listed").rows
    }

    /// Does what is due, as often as more is; tells how many timers there were.
    pub fn run_timers(&self) -> usize {
        let mut count = 0;
        loop {
            let now = self.clock.now().seconds();
            let due = self.readers.snapshot(|r| r.due_timers(now, SETTLE_MAX)).expect("timers");
            let Some((world, timer)) = due.first().copied() else { return count };
            let alike = |(of, other): &&(World, books::timer::Timer)| {
                timer.kind == TimerKind::Settle && (*of, other.kind) == (world, timer.kind)
            };
            let settle: Vec<_> = due.iter().take_while(alike).map(|(_, timer)| *timer).collect();
            count += settle.len().max(1);
            let command = match settle.is_empty() {
                true => LaterCommand::Due(timer),
                false => LaterCommand::Settle(settle),
            };
            assert_eq!(self.tell(asks::later(command).world(world)), "done", "{timer:?}");
        }
    }

    /// Looks at all lots that it is time for.
    pub fn look_at_lots(&self, look: Look) {
        loop {
            let now = self.clock.now().seconds();
            let due = self.readers.snapshot(|r| r.lots_due(self.world, look, now, 100));
            let (lots, upto) = due.expect("lots");
            for lot in &lots {
                assert_eq!(self.tell(asks::later(LaterCommand::Look(look, *lot))), "done");
            }
            let Some(upto) = upto else { return };
            assert_eq!(self.tell(asks::later(LaterCommand::Looked(look, upto))), "done");
        }
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
        Readers::open(&self.store, 1).expect("the readers open")
    }

    /// What the doctor finds.
    pub fn findings(&self) -> Result<Vec<books::audit::Finding>> {
        store::doctor::examine(&self.location(), &mut |_, _| {}).map(|report| report.findings)
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
        Some(StoreError::Unreachable(_)) => "unreachable",
        Some(_) => "another",
    }
}
