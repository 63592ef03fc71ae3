//! Duties: what only one of the servers on a database does at a time.
//!
//! On SQLite there is only one server. On PostgreSQL each duty is a lease that its holder renews
//! every second; when a server dies, another has its duties after [`LEASE`] at the most. A holder
//! stops to believe in its lease before anybody else can have it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use books::Number;

use crate::error::{Result, StoreError};
use crate::postgres::leases::Leases;
use crate::store::Store;

/// How long a lease lasts that nobody renews.
pub const LEASE: Duration = Duration::from_secs(5);
/// How often leases are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often one looks whether another server wrote something.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Something that only one server does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// What is due: settlement, expiry, sweeps.
    Timers,
    /// Telling webhook endpoints of events.
    Webhooks,
    /// Forgetting what is old. The store sees to it itself.
    Forgetting,
}

impl Duty {
    /// All of them.
    pub const ALL: [Duty; 3] = [Duty::Timers, Duty::Webhooks, Duty::Forgetting];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Duty::Timers => "timers",
            Duty::Webhooks => "webhooks",
            Duty::Forgetting => "forgetting",
        }
    }
}

/// What happens in a database that others may write to as well.
#[derive(Clone)]
pub struct Hear {
    /// Somebody committed something.
    pub news: Arc<dyn Fn() + Send + Sync>,
    /// The sandbox clock is ahead by so many milliseconds.
    pub clock_offset_ms: Arc<dyn Fn(i64) + Send + Sync>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> books::time::Millis + Send + Sync>,
}

/// The duties that this server has now.
#[derive(Clone)]
pub struct Duties {
    held: Option<Arc<Held>>,
    /// The thread that renews them; it stops with the last handle.
    _keeper: Option<Arc<Keeper>>,
}

struct Held {
    began: Instant,
    /// Until when each is held, in milliseconds since `began`.
    until_ms: [AtomicI64; Duty::ALL.len()],
}

struct Keeper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Duties {
    /// Starts to ask for duties, and to hear of what others do.
    pub fn start(store: &Store, hear: Hear) -> Result<Duties> {
        let Some(leases) = store.leases()? else {
            return Ok(Duties::of_the_only_server());
        };
        let held = Arc::new(Held { began: Instant::now(), until_ms: Default::default() });
        let stop = Arc::new(AtomicBool::new(false));
        let mut watch = Watch {
            leases,
            hear,
            held: held.clone(),
            stop: stop.clone(),
            newest: Number(0),
            offset_ms: 0,
        };
        let thread = std::thread::Builder::new().name("duties".into()).spawn(move || watch.run());
        let thread =
            thread.map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        let keeper = Keeper { stop, thread: Some(thread) };
        Ok(Duties { held: Some(held), _keeper: Some(Arc::new(keeper)) })
    }

    fn of_the_only_server() -> Duties {
        Duties { held: None, _keeper: None }
    }

    /// Whether this server has this duty.
    pub fn has(&self, duty: Duty) -> bool {
        self.held.as_ref().is_none_or(|held| held.has(duty))
    }
}

impl Held {
    fn has(&self, duty: Duty) -> bool {
        let until = self.until_ms[duty as usize].load(Ordering::Relaxed);
        (self.began.elapsed().as_millis() as i64) < until
    }
}

/// The thread's own.
struct Watch {
    leases: Leases,
    hear: Hear,
    held: Arc<Held>,
    stop: Arc<AtomicBool>,
    newest: Number,
    offset_ms: i64,
}

impl Watch {
    fn run(&mut self) {
        let mut renewed = None::<Instant>;
        while !self.stop.load(Ordering::Relaxed) {
            if renewed.is_none_or(|at| at.elapsed() >= RENEW_EVERY) {
                renewed = Some(Instant::now());
                // A fault is tried again a second later, on a new connection.
                let _ = self.renew();
            }
            if let Ok(newest) = self.leases.look()
                && newest > self.newest
            {
                self.newest = newest;
                (self.hear.news)();
            }
            std::thread::sleep(LOOK_EVERY);
        }
        self.leases.give_back();
    }

    fn renew(&mut self) -> Result<()> {
        for duty in Duty::ALL {
            // Counted from before the lease was asked for, so that it ends here first.
            let asked_ms = self.held.began.elapsed().as_millis() as i64;
            let until_ms = match self.leases.renew(duty)? {
                true => asked_ms + (LEASE.as_millis() as i64) * 4 / 5,
                false => 0,
            };
            self.held.until_ms[duty as usize].store(until_ms, Ordering::Relaxed);
        }
        let offset_ms = self.leases.clock_offset_ms()?;
        if offset_ms > self.offset_ms {
            self.offset_ms = offset_ms;
            (self.hear.clock_offset_ms)(offset_ms);
        }
        match self.held.has(Duty::Forgetting) {
            true => self.leases.forget((self.hear.now)()),
            false => Ok(()),
        }
    }
}
