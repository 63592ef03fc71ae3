//! Sees to it that every enabled endpoint has a task that tells it, and hands out retries that are
//! due.
//!
//! It looks when something is committed and every [`TICK`], and after each look it rests for a
//! while that grows with what a look costs. Bounds: a look takes [`RETRIES_LOOK`] retries, and only
//! where all of those belong to endpoints that are busy more, up to [`RETRIES_LOOK_MAX`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use books::command::{LaterCommand, REPORT_MAX, Report, WebhookCommand};
use books::timer::Timer;
use books::webhook::WebhookEndpoint;
use books::{Command, Number, World};
use store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::Context;
use super::desk::{Key, Offered};
use super::door::{Verdict, send};
use super::reading::not_told;
use super::teller::{End, GRACE, LAST_REPORTS_WITHIN, NOTHING_WAITS, Teller};
use crate::api::wire::Wire;

/// How often there is a look when nothing is told.
const TICK: Duration = Duration::from_secs(1);
/// How long after news the next are heard, at least, and how much longer for each endpoint.
const NEWS_PAUSE: Duration = Duration::from_millis(10);
const NEWS_PAUSE_EACH: Duration = Duration::from_micros(50);
/// How often endpoints are read, at most; where that takes long, so many times longer apart.
const REFRESH_PAUSE: Duration = Duration::from_millis(100);
const REFRESH_SHARE: u32 = 20;
/// Retries that are looked at together: as a rule, and at most.
const RETRIES_LOOK: usize = 1024;
const RETRIES_LOOK_MAX: usize = 65_536;
/// How soon there is another look where more retries are due than could be handed out.
const RETRIES_PAUSE: Duration = Duration::from_millis(50);
/// How long a task that broke is not started again.
const RESTART_AFTER: Duration = Duration::from_secs(60);
/// How long a chore may wait for the lane.
const CHORE_TIMEOUT: Duration = Duration::from_secs(10);

/// What it knows.
pub struct Conductor {
    context: Arc<Context>,
    endpoints: HashMap<Key, Arc<WebhookEndpoint>>,
    tellers: HashMap<Key, Running>,
    worlds: HashMap<World, (Arc<str>, bool)>,
    ring: watch::Sender<u64>,
    refresh_at: Instant,
    retries_at: Instant,
    retries_max: usize,
    /// Whether there were news since the endpoints were read.
    is_news: bool,
    offset_ms: i64,
}

/// A task that tells an endpoint.
struct Running {
    /// None once it is told to end.
    endpoint: Option<watch::Sender<Arc<WebhookEndpoint>>>,
    task: JoinHandle<()>,
    /// Whether the task ended as it should.
    is_well: Arc<AtomicBool>,
    waiting_since: Arc<AtomicI64>,
    /// It broke; not to be started again before then.
    broken_until: Option<Instant>,
}

impl Conductor {
    /// Knows nothing yet.
    pub fn new(context: Arc<Context>) -> Conductor {
        let now = Instant::now();
        Conductor {
            context,
            endpoints: HashMap::new(),
            tellers: HashMap::new(),
            worlds: HashMap::new(),
            ring: watch::Sender::new(0),
            refresh_at: now,
            retries_at: now,
            retries_max: RETRIES_LOOK,
            is_news: false,
            offset_ms: 0,
        }
    }

    /// Conducts until told to stop, then waits for the tasks.
    pub async fn run(&mut self, mut stop: watch::Receiver<bool>) {
        let mut news = self.context.news.listen();
        let mut stopped = std::pin::pin!(async move { stop.wait_for(|stop| *stop).await.is_ok() });
        loop {
            tokio::select! {
                () = self.look() => {}
                _ = &mut stopped => break,
            }
            let next = if self.is_news { self.refresh_at } else { Instant::now() + TICK };
            tokio::select! {
                // From when the server is about to stop until it does, the ticks are enough.
                _ = news.hear(), if !news.is_over() => self.is_news = true,
                () = sleep_until(next.min(self.retries_at)) => {}
                _ = &mut stopped => break,
            }
            self.ring.send_modify(|count| *count = count.wrapping_add(1));
            let pause = NEWS_PAUSE + NEWS_PAUSE_EACH * self.tellers.len() as u32;
            tokio::select! {
                () = sleep(pause.min(TICK)) => {}
                _ = &mut stopped => break,
            }
        }
        for running in self.tellers.values_mut() {
            running.endpoint = None;
        }
        let until = Instant::now() + GRACE + LAST_REPORTS_WITHIN;
        for (_, running) in self.tellers.drain() {
            let _ = timeout_at(until, running.task).await;
        }
    }

    async fn look(&mut self) {
        let offset_ms = self.context.clock.offset_ms();
        if offset_ms != self.offset_ms {
            // Somebody moved the clock: retries are due all of a sudden.
            self.offset_ms = offset_ms;
            self.retries_at = Instant::now();
        }
        let retries = self.retries_at <= Instant::now();
        if retries || (self.is_news && self.refresh_at <= Instant::now()) {
            let began = Instant::now();
            self.is_news = false;
            if let Err(error) = self.refresh() {
                tracing::error!(%error, "webhook endpoints cannot be read");
                (self.refresh_at, self.retries_at) = (began + TICK, began + TICK);
                return;
            }
            let pause = (began.elapsed() * REFRESH_SHARE).clamp(REFRESH_PAUSE, TICK);
            self.refresh_at = Instant::now() + pause;
            self.see_to_resends().await;
        }
        if retries {
            self.retries_at = Instant::now() + TICK;
            if let Err(error) = self.hand_out_retries().await {
                tracing::error!(%error, "webhooks cannot be told again");
            }
            self.gauge_wait();
        }
    }

    /// Reads all endpoints, and starts and ends tasks.
    fn refresh(&mut self) -> Result<(), StoreError> {
        let found = self.context.readers.snapshot(|reader| reader.webhook_endpoints())?;
        let mut endpoints = HashMap::with_capacity(found.len());
        for (world, endpoint) in found {
            let key = (world, endpoint.number);
            let before = self.endpoints.remove(&key).filter(|before| **before == endpoint);
            endpoints.insert(key, before.unwrap_or_else(|| Arc::new(endpoint)));
        }
        self.endpoints = endpoints;
        self.end_tasks();
        let enabled: Vec<(Key, Arc<WebhookEndpoint>)> = self
            .endpoints
            .iter()
            .filter(|(_, endpoint)| endpoint.is_enabled())
            .map(|(key, endpoint)| (*key, endpoint.clone()))
            .collect();
        for (key, endpoint) in enabled {
            match self.tellers.get(&key) {
                Some(running) => running.take(endpoint),
                None => self.start_task(key, endpoint)?,
            }
        }
        Ok(())
    }

    /// Tells tasks to end whose endpoints are not enabled, and forgets those that have ended.
    fn end_tasks(&mut self) {
        let (endpoints, now) = (&self.endpoints, Instant::now());
        self.tellers.retain(|key, running| {
            if !endpoints.get(key).is_some_and(|endpoint| endpoint.is_enabled()) {
                running.endpoint = None;
            }
            !running.task.is_finished() || running.is_to_rest(now)
        });
    }

    fn start_task(&mut self, key: Key, endpoint: Arc<WebhookEndpoint>) -> Result<(), StoreError> {
        let Some(wire) = self.wire(key.0)? else { return Ok(()) };
        let (tell, endpoint) = watch::channel(endpoint);
        let waiting_since = Arc::new(AtomicI64::new(NOTHING_WAITS));
        let teller = Teller {
            context: self.context.clone(),
            key,
            wire,
            endpoint,
            ring: self.ring.subscribe(),
            waiting_since: waiting_since.clone(),
        };
        let is_well = Arc::new(AtomicBool::new(false));
        let ends_well = is_well.clone();
        let task = tokio::spawn(async move {
            let end = teller.run().await;
            ends_well.store(end != End::Broken, Ordering::Release);
        });
        let endpoint = Some(tell);
        let running = Running { endpoint, task, is_well, waiting_since, broken_until: None };
        self.tellers.insert(key, running);
        Ok(())
    }

    /// How a world is shown.
    fn wire(&mut self, world: World) -> Result<Option<Wire>, StoreError> {
        if !self.worlds.contains_key(&world) {
            for (account, livemode, world, _) in self.context.admin.worlds()? {
                self.worlds.entry(world).or_insert_with(|| (account.into(), livemode));
            }
        }
        let context = &self.context;
        Ok(self.worlds.get(&world).map(|(account, livemode)| Wire {
            ids: context.ids.clone(),
            world,
            account: account.clone(),
            livemode: *livemode,
            default_mode: context.default_mode,
            public_url: context.public_url.clone(),
        }))
    }

    fn is_told(&self, key: &Key) -> bool {
        self.tellers
            .get(key)
            .is_some_and(|running| running.endpoint.is_some() && running.broken_until.is_none())
    }

    /// Gives retries that are due to the tasks. Of endpoints that are disabled it is noted that
    /// they were not told; those of endpoints that are removed go.
    async fn hand_out_retries(&mut self) -> Result<(), StoreError> {
        let (now, max) = (self.context.clock.now().seconds(), self.retries_max);
        let due = self.context.readers.snapshot(|reader| reader.due_retries(now, max))?;
        self.context.metrics.retries_due(due.len());
        let (is_full, mut moved, mut waits) = (due.len() == max, false, due.len() == max);
        let mut others: HashMap<Key, Vec<Timer>> = HashMap::new();
        for (world, timer) in due {
            let key = (world, timer.key.customer);
            match self.endpoints.get(&key) {
                Some(endpoint) if endpoint.is_enabled() => {
                    if self.is_told(&key) {
                        let offered = self.context.desk.offer(key, timer);
                        moved |= offered == Offered::Taken;
                        waits |= offered == Offered::Full;
                    }
                }
                _ => others.entry(key).or_default().push(timer),
            }
        }
        moved |= !others.is_empty();
        self.retries_max = match is_full && !moved {
            true => (2 * max).min(RETRIES_LOOK_MAX),
            false => RETRIES_LOOK,
        };
        if waits && moved {
            self.retries_at = Instant::now() + RETRIES_PAUSE;
        }
        for (key, timers) in others {
            self.not_told_again(key, &timers).await?;
        }
        Ok(())
    }

    async fn not_told_again(&mut self, key: Key, timers: &[Timer]) -> Result<(), StoreError> {
        let Some(endpoint) = self.endpoints.get(&key).cloned() else {
            for timer in timers {
                self.chore(key.0, Command::Later(LaterCommand::Due(*timer))).await?;
            }
            return Ok(());
        };
        for timers in timers.chunks(REPORT_MAX) {
            let events: Vec<Number> = timers.iter().map(|timer| timer.key.number).collect();
            self.report_not_told(key, &endpoint, &events, Some(timers)).await?;
        }
        Ok(())
    }

    /// What was asked for by hand of endpoints that no task tells.
    async fn see_to_resends(&mut self) {
        let others = self.context.desk.resends_of_others(|key| {
            self.endpoints.get(key).is_some_and(|endpoint| endpoint.is_enabled())
        });
        for (key, events) in others {
            let Some(endpoint) = self.endpoints.get(&key).cloned() else { continue };
            if let Err(error) = self.report_not_told(key, &endpoint, &events, None).await {
                tracing::error!(%error, "attempts could not be noted");
            }
        }
    }

    /// Notes that an endpoint was not told because it is disabled. `timers` are those that called;
    /// without them it was asked for by hand.
    async fn report_not_told(
        &mut self,
        key: Key,
        endpoint: &WebhookEndpoint,
        events: &[Number],
        timers: Option<&[Timer]>,
    ) -> Result<(), StoreError> {
        let Some(livemode) = self.wire(key.0)?.map(|wire| wire.livemode) else { return Ok(()) };
        let (at, by_hand) = (self.context.clock.now(), timers.is_none());
        let mut attempts = Vec::with_capacity(events.len());
        for event in events {
            let of = (key.0, endpoint);
            attempts.extend(not_told(&self.context.readers, of, (*event, at), by_hand)?);
        }
        let report = Report {
            endpoint: key.1,
            livemode,
            attempts,
            called_by: timers.unwrap_or_default().to_vec(),
            told: None,
            give_up: false,
        };
        self.chore(key.0, Command::Webhook(WebhookCommand::Report(Box::new(report)))).await
    }

    async fn chore(&self, world: World, command: Command) -> Result<(), StoreError> {
        let sent = timeout(CHORE_TIMEOUT, send(&self.context.lane, world, command)).await;
        match sent {
            Ok(Ok(Verdict::Done)) => Ok(()),
            Ok(Ok(Verdict::Refused(refusal))) => {
                tracing::debug!(?refusal, "a webhook endpoint changed meanwhile");
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Other("the lane takes too long".into())),
        }
    }

    /// Publishes for how long the oldest event waits that some endpoint is to be told.
    fn gauge_wait(&self) {
        let since = self
            .tellers
            .values()
            .map(|running| running.waiting_since.load(Ordering::Relaxed))
            .min();
        let now = self.context.clock.now().seconds().0;
        let wait_s = since.map_or(0, |since| now.saturating_sub(since).max(0));
        self.context.metrics.webhooks_wait(wait_s);
    }
}

impl Running {
    /// Tells the task of a change of its endpoint.
    fn take(&self, endpoint: Arc<WebhookEndpoint>) {
        if let Some(tell) = &self.endpoint {
            tell.send_if_modified(|known| {
                let is_new = !Arc::ptr_eq(known, &endpoint);
                *known = endpoint;
                is_new
            });
        }
    }

    /// Whether a task that has ended broke, and is to be left alone for a while.
    fn is_to_rest(&mut self, now: Instant) -> bool {
        if self.is_well.load(Ordering::Acquire) {
            return false;
        }
        let until = *self.broken_until.get_or_insert_with(|| {
            let again_in_s = RESTART_AFTER.as_secs();
            tracing::error!(again_in_s, "telling a webhook endpoint broke off");
            now + RESTART_AFTER
        });
        now < until
    }
}
