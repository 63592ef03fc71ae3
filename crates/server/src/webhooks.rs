//! Delivering events to webhook endpoints: everything that happened, told at least once.
//!
//! The events are the outbox. Each enabled endpoint has a task that reads on from its cursor in the
//! store, sends signed requests, and reports attempts, cursor and timers of retries in one commit;
//! so whatever ends the server, nothing is lost, and only what was not reported is told twice.
//! A slow receiver delays nobody else: tasks share one thread and nothing that they would wait for.
//!
//! All of it runs on one thread, so delivering never takes more than one core. What bounds it is
//! said in `webhooks::teller` for each endpoint, and in `webhooks::conductor` for all.

mod address;
mod url;

mod client;
pub mod signature;

mod conductor;
mod desk;
mod door;
mod giving_up;
mod line;
mod pace;
mod reading;
mod teller;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use books::cash_balance::ReconciliationMode;
use books::{IdKey, Number, World};
use store::admin::Admin;
use store::{Duties, Duty, Lanes, Readers, StoreError};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::news::News;
use client::Network;
use conductor::Conductor;
use desk::{Desk, TooManyResends};

pub use client::{TIMEOUT_S, USER_AGENT};
pub use desk::{RESENDS_MAX, RETRIES_IN_HAND_MAX};
pub use pace::{BEHIND_ABOVE, BUSY_STARTS_PER_S, Pace};
pub use teller::{DELIVERIES_AT_ONCE, LINE_MAX, RESULTS_MAX};
pub use url::{URL_CHARS_MAX, check_url};

/// Threads that look names up, at most.
const LOOKUPS_MAX: usize = 64;
/// How often one looks whose duty it is.
const DUTY_TICK: Duration = Duration::from_millis(100);
/// How long the thread rests after a panic.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// What delivering needs.
pub struct Setup {
    /// The way in, for reports.
    pub lane: Arc<Lanes>,
    /// The way out.
    pub readers: Arc<Readers>,
    /// Knows whose worlds there are.
    pub admin: Arc<Admin>,
    /// The clock service: retries follow it.
    pub clock: Clock,
    /// Writes ids, and knows the secrets that sign.
    pub ids: IdKey,
    /// How customers without a mode of their own are reconciled: events show it.
    pub default_mode: ReconciliationMode,
    /// Where people reach the server: events show links to pages.
    pub public_url: Arc<str>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Whether endpoints may be at addresses that are not public.
    pub allow_private: bool,
    /// Tells of commits.
    pub news: News,
    /// Whether it is this server that delivers.
    pub duties: Duties,
    /// How fast deliveries begin: the lane says how far behind it is.
    pub pace: Pace,
}

/// What the tasks share.
struct Context {
    lane: Arc<Lanes>,
    readers: Arc<Readers>,
    admin: Arc<Admin>,
    clock: Clock,
    ids: IdKey,
    default_mode: ReconciliationMode,
    public_url: Arc<str>,
    metrics: Arc<Metrics>,
    network: Arc<Network>,
    news: News,
    pace: Pace,
    duties: Duties,
    desk: Desk,
}

/// Why nothing is told once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResend {
    /// [`RESENDS_MAX`] resends wait for the endpoint.
    Full,
    /// It is another server's duty to deliver.
    Elsewhere,
}

/// The handle of the running engine. To be dropped before the lane.
pub struct Webhooks {
    context: Arc<Context>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Webhooks {
    /// Starts the thread that delivers. It begins with what was not told before.
    pub fn start(setup: Setup) -> Result<Webhooks, StoreError> {
        let context = Arc::new(Context {
            lane: setup.lane,
            readers: setup.readers,
            admin: setup.admin,
            clock: setup.clock,
            ids: setup.ids,
            default_mode: setup.default_mode,
            public_url: setup.public_url,
            metrics: setup.metrics,
            network: Arc::new(Network::new(setup.allow_private)),
            news: setup.news,
            pace: setup.pace,
            duties: setup.duties,
            desk: Desk::default(),
        });
        let stop = watch::Sender::new(false);
        let (theirs, stopped) = (context.clone(), stop.subscribe());
        let thread = std::thread::Builder::new()
            .name("webhooks".into())
            .spawn(move || run(&theirs, &stopped))
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        Ok(Webhooks { context, stop, thread: Some(thread) })
    }

    /// Has a look taken at what is new or due: after the clock was moved, for instance.
    pub fn wake(&self) {
        self.context.news.tell();
    }

    /// Tells an endpoint of an event once more, soon and once. An endpoint that is disabled is
    /// told nothing, which is noted as an attempt; one that is not there is forgotten about.
    pub fn resend(&self, world: World, event: Number, endpoint: Number) -> Result<(), NoResend> {
        if !self.context.duties.has(Duty::Webhooks) {
            return Err(NoResend::Elsewhere);
        }
        self.context
            .desk
            .resend((world, endpoint), event)
            .map_err(|TooManyResends| NoResend::Full)?;
        self.wake();
        Ok(())
    }

    /// Ends delivering: what is on its way gets a moment, and what is known is reported.
    pub fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Conducts until told to stop, or until it is another server's duty.
async fn conduct(context: &Arc<Context>, mut stop: watch::Receiver<bool>) {
    let leave = watch::Sender::new(false);
    let mut conductor = Conductor::new(context.clone());
    let mut conducting = std::pin::pin!(conductor.run(leave.subscribe()));
    loop {
        tokio::select! {
            () = &mut conducting => return,
            _ = stop.wait_for(|stop| *stop), if !*leave.borrow() => drop(leave.send_replace(true)),
            () = tokio::time::sleep(DUTY_TICK) => {
                if !context.duties.has(Duty::Webhooks) {
                    leave.send_replace(true);
                }
            }
        }
    }
}

/// Conducts until told to stop, while that is this server's duty. A panic costs what was on its
/// way, which is told again.
fn run(context: &Arc<Context>, stop: &watch::Receiver<bool>) {
    while !*stop.borrow() {
        if !context.duties.has(Duty::Webhooks) {
            std::thread::sleep(DUTY_TICK);
            continue;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(LOOKUPS_MAX)
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "no runtime can be started: webhooks are not delivered");
                std::thread::sleep(PANIC_PAUSE);
                continue;
            }
        };
        let conduct = || runtime.block_on(conduct(context, stop.clone()));
        let ended = catch_unwind(AssertUnwindSafe(conduct));
        // A lookup that hangs must not hold up the end.
        runtime.shutdown_background();
        if ended.is_err() {
            tracing::error!("delivering webhooks panicked");
            std::thread::sleep(PANIC_PAUSE);
        }
    }
}
