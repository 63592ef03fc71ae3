//! Tells one endpoint: a task that reads events, sends up to [`DELIVERIES_AT_ONCE`] at a time and
//! reports what became of them. While the lane is behind, all begin at a common pace.
//!
//! In memory are at most one batch of events, [`RESULTS_MAX`] results that wait to be reported,
//! and the numbers of [`LINE_MAX`] events from the first that is not done. One report is on its
//! way at a time, so what the store knows only ever moves forward. Whatever ends a task, nothing
//! is lost: the store has the cursor and the timers, and what was not reported is told again.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use books::command::{Attempted, REPORT_MAX, Report, WebhookCommand};
use books::time::Millis;
use books::timer::Timer;
use books::webhook::{Attempt, WebhookEndpoint};
use books::{Command, Kind, Number, RowKey};
use hyper::header::HeaderValue;
use store::StoreError;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::Context;
use super::client::{Answer, Client};
use super::desk::Key;
use super::door::{Verdict, send};
use super::giving_up::{LOOK_BACK_MAX, Past, has_run_out};
use super::line::Line;
use super::reading::{EVENTS_MAX, Read, Reason, Telling, read_again, read_new};
use super::signature::sign;
use crate::api::wire::Wire;

/// Requests that are on their way to one endpoint, at most.
pub const DELIVERIES_AT_ONCE: usize = 16;
/// Results that wait to be reported, at most; then nothing more is sent.
pub const RESULTS_MAX: usize = 2 * REPORT_MAX;
/// Events from the first that is not done to the last that was read, at most.
pub const LINE_MAX: usize = 16_384;
/// How long a result may wait for others to be reported with.
const REPORT_AFTER: Duration = Duration::from_millis(50);
/// Events that are none of the endpoint's business, before the cursor moves for their sake alone.
const PASSED_MAX: usize = 4096;
/// How long the store is left alone after an error: at first, and at most.
const STORE_PAUSE: Duration = Duration::from_secs(1);
const STORE_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How long requests on their way may still be answered when the task is told to end, and how long
/// the last reports may take.
pub const GRACE: Duration = Duration::from_secs(1);
pub const LAST_REPORTS_WITHIN: Duration = Duration::from_secs(2);
/// The value of [`Teller::waiting_since`] when nothing waits.
pub const NOTHING_WAITS: i64 = i64::MAX;

/// What a task works with.
pub struct Teller {
    /// What all share.
    pub context: Arc<Context>,
    /// Which endpoint.
    pub key: Key,
    /// How its world is shown.
    pub wire: Wire,
    /// The endpoint as it stands; closed when it is to be told no more.
    pub endpoint: watch::Receiver<Arc<WebhookEndpoint>>,
    /// Changes when there may be something new.
    pub ring: watch::Receiver<u64>,
    /// When the oldest event happened that is not done, in seconds.
    pub waiting_since: Arc<AtomicI64>,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was told to.
    Told,
    /// The endpoint is removed.
    Removed,
    /// The store took no report; whoever takes over starts from what it knows.
    Broken,
}

/// Something that was seen to.
struct Done {
    event: Number,
    reason: Reason,
    first_at: Option<Millis>,
    /// None where the event is gone.
    made: Option<Attempted>,
}

/// A report on its way.
struct Outgoing {
    sent: JoinHandle<Result<Verdict, StoreError>>,
    events: Vec<Number>,
    timers: Vec<Timer>,
    told: Number,
    gives_up: bool,
}

/// What a task knows.
struct Work {
    teller: Teller,
    now: Arc<WebhookEndpoint>,
    client: Arc<Client>,
    line: Line,
    /// The part of the line that is ready to be sent.
    ready: VecDeque<Telling>,
    /// Whether there may be events after the line.
    may_be_more: bool,
    /// Events from the start of their request until the store knows of it.
    busy: HashSet<Number>,
    going: JoinSet<Done>,
    results: Vec<Done>,
    report_at: Option<Instant>,
    outgoing: Option<Outgoing>,
    /// What the store has as its cursor.
    reported: Number,
    /// Events that were passed since.
    passed: usize,
    /// The store is left alone until then.
    pause: Option<Instant>,
    /// When the next request may begin, once that was reserved.
    slot: Option<Instant>,
    /// Whose turn it is: new events and retries take turns.
    retries_first: bool,
    noted_since: Millis,
    success: Option<Millis>,
}

impl Teller {
    /// Tells until the endpoint is to be told no more.
    pub async fn run(self) -> End {
        let (context, key) = (self.context.clone(), self.key);
        let waiting_since = self.waiting_since.clone();
        let end = match Work::new(self).await {
            Some(mut work) => work.run().await,
            None => End::Told,
        };
        context.desk.forget_retries(key);
        waiting_since.store(NOTHING_WAITS, Ordering::Relaxed);
        end
    }
}

impl Work {
    /// Starts where the store says; none if the task is to end before that is known.
    async fn new(mut teller: Teller) -> Option<Work> {
        let now = teller.endpoint.borrow_and_update().clone();
        let context = teller.context.clone();
        let reported = loop {
            match context.readers.snapshot(|reader| reader.told(teller.key.0, teller.key.1)) {
                Ok(told) => break told.unwrap_or_default(),
                Err(error) => tracing::error!(%error, "webhooks cannot be told"),
            }
            let ended = async { while teller.endpoint.changed().await.is_ok() {} };
            tokio::select! {
                () = sleep(STORE_PAUSE) => {}
                () = ended => return None,
            }
        };
        Some(Work {
            client: client(&context, &now),
            line: Line::new(reported.max(now.since)),
            ready: VecDeque::new(),
            may_be_more: true,
            busy: HashSet::new(),
            going: JoinSet::new(),
            results: Vec::new(),
            report_at: None,
            outgoing: None,
            reported,
            passed: 0,
            pause: None,
            slot: None,
            retries_first: false,
            noted_since: context.clock.now(),
            success: None,
            teller,
            now,
        })
    }

    async fn run(&mut self) -> End {
        loop {
            let turn = self.start();
            if self.outgoing.is_none() && self.is_report_due() {
                self.report();
            }
            let report_at = self.report_at.filter(|_| self.outgoing.is_none());
            let wake_at = report_at.into_iter().chain(self.pause).chain(turn).min();
            let is_hungry = turn.is_none() && self.can_start() && self.can_read();
            tokio::select! {
                Some(done) = self.going.join_next() => match done {
                    Ok(done) => self.note(done),
                    Err(_) => return End::Broken,
                },
                verdict = sent(&mut self.outgoing) => {
                    if let Some(end) = self.reported(verdict) {
                        return end;
                    }
                }
                changed = self.teller.endpoint.changed() => match changed {
                    Ok(()) => {
                        let now = self.teller.endpoint.borrow_and_update().clone();
                        self.know(now);
                    }
                    Err(_) => return self.finish().await,
                },
                changed = self.teller.ring.changed() => match changed {
                    Ok(()) => self.may_be_more = true,
                    Err(_) => return self.finish().await,
                },
                () = until(wake_at) => {}
                () = tokio::task::yield_now(), if is_hungry => {}
            }
        }
    }

    /// Takes the endpoint as it stands now.
    fn know(&mut self, now: Arc<WebhookEndpoint>) {
        if now.url != self.now.url {
            self.client = client(&self.teller.context, &now);
        }
        self.now = now;
    }

    fn can_start(&self) -> bool {
        self.going.len() < DELIVERIES_AT_ONCE
            && self.going.len() + self.results.len() < RESULTS_MAX
            && self.pause.is_none()
    }

    /// When the next request may begin, where that is not at once.
    fn turn(&mut self) -> Option<Instant> {
        let pace = &self.teller.context.pace;
        if !pace.is_behind() {
            self.slot = None;
            return None;
        }
        let now = Instant::now();
        Some(*self.slot.get_or_insert_with(|| pace.reserve(now))).filter(|turn| *turn > now)
    }

    fn can_read(&self) -> bool {
        self.ready.is_empty() && self.may_be_more && self.line.len() < LINE_MAX
    }

    /// Sends what there is as long as there is room. Gives its next turn where it has to wait.
    fn start(&mut self) -> Option<Instant> {
        if self.pause.is_some_and(|until| until <= Instant::now()) {
            self.pause = None;
        }
        let mut turn = None;
        while self.can_start() {
            turn = self.turn();
            if turn.is_some() {
                break;
            }
            match self.next() {
                Ok(Some(telling)) => self.deliver(telling),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "what webhooks are to tell cannot be read");
                    self.pause = Some(Instant::now() + STORE_PAUSE);
                }
            }
        }
        let first = self.line.first();
        let since = first.map_or(NOTHING_WAITS, |event| event.created().0);
        self.teller.waiting_since.store(since, Ordering::Relaxed);
        turn
    }

    /// What is to be sent next: what was asked for by hand, else new events and retries in turn.
    fn next(&mut self) -> Result<Option<Telling>, StoreError> {
        let (desk, key) = (&self.teller.context.desk, self.teller.key);
        let (line, busy) = (&self.line, &self.busy);
        // Two attempts at the same event would take each other's number.
        let can_be = |event| line.is_past(event) && !busy.contains(&event);
        if let Some(event) = desk.take_resend(key, can_be) {
            return self.read_again(event, Reason::ByHand);
        }
        self.retries_first = !self.retries_first;
        for turn in 0..2 {
            if (turn == 0) != self.retries_first {
                if let Some(telling) = self.next_new()? {
                    return Ok(Some(telling));
                }
                continue;
            }
            let (line, busy) = (&self.line, &self.busy);
            let can_be = |event| line.is_past(event) && !busy.contains(&event);
            let timer = self.teller.context.desk.take_retry(key, can_be);
            if let Some(timer) = timer {
                let found = self.read_again(timer.key.number, Reason::Again(timer))?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    fn next_new(&mut self) -> Result<Option<Telling>, StoreError> {
        if self.can_read() {
            let (context, wire) = (&self.teller.context, &self.teller.wire);
            let read = read_new(&context.readers, wire, self.now.number, self.line.read())?;
            let found = read.map(|read| self.take(read)).unwrap_or_default();
            self.may_be_more = found.len() == EVENTS_MAX;
            self.passed += found.len();
            for (event, telling) in found {
                self.line.push(event, telling.is_none());
                self.ready.extend(telling);
            }
        }
        Ok(self.ready.pop_front())
    }

    fn read_again(&mut self, event: Number, reason: Reason) -> Result<Option<Telling>, StoreError> {
        let (context, wire) = (&self.teller.context, &self.teller.wire);
        let read = read_again(&context.readers, wire, self.now.number, event, reason);
        let is_enabled = |read: &Read<_>| {
            let endpoint: &Option<WebhookEndpoint> = &read.endpoint;
            endpoint.as_ref().is_some_and(WebhookEndpoint::is_enabled)
        };
        if !read.as_ref().is_ok_and(is_enabled) {
            // Whoever sees to endpoints that are not told finds it again.
            let (desk, key) = (&context.desk, self.teller.key);
            match reason {
                Reason::Again(timer) => desk.put_down(key, &[timer]),
                Reason::ByHand => drop(desk.resend(key, event)),
                Reason::New => {}
            }
            self.pause = Some(Instant::now() + STORE_PAUSE);
            return read.map(|_| None);
        }
        let found = self.take(read?);
        if found.is_none() {
            // It is older than events are kept; a report takes its timer away.
            self.note(Done { event, reason, first_at: None, made: None });
        }
        Ok(found)
    }

    /// Takes what was read, and the endpoint with it.
    fn take<T>(&mut self, read: Read<T>) -> T {
        if let Some(now) = read.endpoint
            && now != *self.now
        {
            self.know(Arc::new(now));
        }
        read.found
    }

    fn deliver(&mut self, telling: Telling) {
        self.slot = None;
        self.busy.insert(telling.event);
        let (context, client) = (self.teller.context.clone(), self.client.clone());
        let endpoint = self.now.clone();
        self.going.spawn(async move {
            let (at, began) = (context.clock.now(), Instant::now());
            let secrets = endpoint.signing_at(at.seconds()).map(|key| key.secret(&context.ids));
            let signature = sign(secrets, at.seconds(), &telling.body);
            let answer = match HeaderValue::from_str(&signature) {
                Ok(signature) => client.post(signature, telling.body).await,
                Err(_) => Answer { status: None, text: "It could not be signed.".to_owned() },
            };
            let attempt = Attempt {
                event: telling.event,
                attempt: telling.attempt,
                at,
                latency_ms: began.elapsed().as_millis() as i64,
                status: answer.status,
                answer: answer.text,
                by_hand: telling.reason == Reason::ByHand,
            };
            let (event, reason) = (telling.event, telling.reason);
            let first_at = telling.first_at.or(Some(at));
            Done { event, reason, first_at, made: Some(Attempted { attempt, turn: telling.turn }) }
        });
    }

    /// Keeps a result until it is reported.
    fn note(&mut self, done: Done) {
        if let Some(Attempted { attempt, .. }) = &done.made {
            self.teller.context.metrics.delivery(attempt.succeeded());
            if attempt.succeeded() {
                self.success = self.success.max(Some(attempt.at));
            }
        }
        self.results.push(done);
        self.report_at.get_or_insert_with(|| Instant::now() + REPORT_AFTER);
    }

    fn is_report_due(&self) -> bool {
        self.results.len() >= REPORT_MAX
            || self.report_at.is_some_and(|at| at <= Instant::now())
            || (self.passed >= PASSED_MAX && self.line.told() > self.reported)
    }

    /// Sends a report of what was done first.
    fn report(&mut self) {
        let count = self.results.len().min(REPORT_MAX);
        let done: Vec<Done> = self.results.drain(..count).collect();
        self.report_at = (!self.results.is_empty()).then(Instant::now);
        self.passed = 0;
        let (mut attempts, mut timers) = (Vec::with_capacity(count), Vec::new());
        let events = done.iter().map(|done| done.event).collect();
        let gives_up = self.gives_up(&done);
        for done in done {
            match done.reason {
                Reason::New => self.line.done(done.event),
                Reason::Again(timer) => timers.push(timer),
                Reason::ByHand => {}
            }
            attempts.extend(done.made);
        }
        let told = self.line.told();
        let report = Report {
            endpoint: self.teller.key.1,
            livemode: self.teller.wire.livemode,
            attempts,
            called_by: timers.clone(),
            told: Some(told).filter(|told| *told > self.reported),
            give_up: gives_up,
        };
        let sent = tokio::spawn(send_report(self.teller.context.clone(), self.teller.key, report));
        self.outgoing = Some(Outgoing { sent, events, timers, told, gives_up });
    }

    /// Whether the attempts for one of these events have run out while nothing got through.
    fn gives_up(&self, done: &[Done]) -> bool {
        let (livemode, now) = (self.teller.wire.livemode, self.teller.context.clock.now());
        let run_out = |done: &&Done| {
            done.made.as_ref().is_some_and(|made| has_run_out(made, livemode, now.seconds()))
        };
        let Some(moment) = done.iter().filter(run_out).filter_map(|done| done.first_at).max()
        else {
            return false;
        };
        let (world, endpoint) = self.teller.key;
        let read = self
            .teller
            .context
            .readers
            .snapshot(|reader| reader.attempts_of(world, endpoint, LOOK_BACK_MAX));
        // Where it is not known, it goes on.
        read.is_ok_and(|newest| {
            let (noted_since, success) = (self.noted_since, self.success);
            Past { noted_since, success, newest: &newest }.is_silent_since(moment)
        })
    }

    /// The store has taken a report, or not.
    fn reported(&mut self, verdict: Result<Verdict, StoreError>) -> Option<End> {
        let outgoing = self.outgoing.take()?;
        match verdict {
            Ok(Verdict::Done) => {}
            // The one refusal there is: the endpoint is removed.
            Ok(Verdict::Refused(_)) => return Some(End::Removed),
            Err(StoreError::Stopped) => return Some(End::Told),
            Err(error) => {
                tracing::error!(%error, endpoint = self.id(), "attempts could not be noted");
                return Some(End::Broken);
            }
        }
        self.reported = self.reported.max(outgoing.told);
        for event in outgoing.events {
            self.busy.remove(&event);
        }
        self.teller.context.desk.put_down(self.teller.key, &outgoing.timers);
        if outgoing.gives_up {
            self.teller.context.metrics.endpoint_disabled();
            tracing::warn!(
                endpoint = self.id(),
                "a webhook endpoint is disabled: attempts ran out and none got through"
            );
        }
        None
    }

    /// Waits a moment for answers that are about to come, and reports what is known.
    async fn finish(&mut self) -> End {
        let until = Instant::now() + GRACE;
        while let Ok(Some(done)) = timeout_at(until, self.going.join_next()).await {
            if let Ok(done) = done {
                self.note(done);
            }
        }
        self.going.abort_all();
        let last = async {
            loop {
                if self.outgoing.is_none() {
                    if self.results.is_empty() && self.line.told() <= self.reported {
                        return End::Told;
                    }
                    self.report();
                }
                let verdict = sent(&mut self.outgoing).await;
                if let Some(end) = self.reported(verdict) {
                    return end;
                }
            }
        };
        timeout(LAST_REPORTS_WITHIN, last).await.unwrap_or(End::Told)
    }

    fn id(&self) -> String {
        let key = RowKey { customer: Number(0), number: self.teller.key.1 };
        self.teller.context.ids.write(Kind::WebhookEndpoint, key)
    }
}

fn client(context: &Context, endpoint: &WebhookEndpoint) -> Arc<Client> {
    Arc::new(Client::new(context.network.clone(), &endpoint.url, DELIVERIES_AT_ONCE))
}

/// Waits for what became of a report; for ever where there is none.
async fn sent(outgoing: &mut Option<Outgoing>) -> Result<Verdict, StoreError> {
    match outgoing {
        Some(outgoing) => (&mut outgoing.sent)
            .await
            .unwrap_or_else(|_| Err(StoreError::Bug("sending a report panicked".into()))),
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Sends a report until the store takes it, or says that it never will.
async fn send_report(
    context: Arc<Context>,
    (world, _): Key,
    report: Report,
) -> Result<Verdict, StoreError> {
    let mut pause = STORE_PAUSE;
    loop {
        let command = Command::Webhook(WebhookCommand::Report(Box::new(report.clone())));
        match send(&context.lane, world, command).await {
            Err(error) if !error.is_about_one_command() && error != StoreError::Stopped => {
                tracing::error!(%error, again_in_s = pause.as_secs(), "attempts cannot be noted");
            }
            verdict => return verdict,
        }
        sleep(pause).await;
        pause = (2 * pause).min(STORE_PAUSE_MAX);
    }
}
