//! Counters and histograms, in the text format that Prometheus reads.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use store::lane::BatchReport;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Delivered {
    outcome: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Operation, Histogram>,
    batch_jobs: Histogram,
    batch_work: Histogram,
    batch_commit: Histogram,
    batch_failures: Counter,
    waiting: Gauge<u64, AtomicU64>,
    connections: Gauge<u64, AtomicU64>,
    streams: Gauge<u64, AtomicU64>,
    deliveries: Family<Delivered, Counter>,
    endpoints_disabled: Counter,
    retries_due: Gauge<u64, AtomicU64>,
    webhooks_wait_s: Gauge<u64, AtomicU64>,
}

/// From 50 microseconds to about 3 seconds, each bucket twice the one before.
fn durations() -> Histogram {
    let doubling = (0..17).map(|power| 0.000_05 * f64::from(1 << power));
    Histogram::new(doubling)
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// Starts at zero.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("purser");
        let requests = Family::<Answered, Counter>::default();
        registry.register("requests", "Requests answered", requests.clone());
        let latency = Family::<Operation, Histogram>::new_with_constructor(durations);
        let help = "Time from a request's headers to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, latency.clone());
        let batch_jobs = Histogram::new((0..11).map(|power| f64::from(1 << power)));
        registry.register("lane_batch_jobs", "Writes in one commit", batch_jobs.clone());
        let batch_work = durations();
        let help = "Loading, deciding and writing one batch";
        registry.register_with_unit("lane_work", help, Unit::Seconds, batch_work.clone());
        let batch_commit = durations();
        let help = "Committing one batch, until it is on disk";
        registry.register_with_unit("lane_commit", help, Unit::Seconds, batch_commit.clone());
        let batch_failures = Counter::default();
        registry.register("lane_failures", "Batches that failed whole", batch_failures.clone());
        let waiting = Gauge::default();
        registry.register("lane_waiting", "Writes that wait for the lane", waiting.clone());
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let streams = Gauge::default();
        registry.register("streams", "Open streams of events", streams.clone());
        let deliveries = Family::<Delivered, Counter>::default();
        let help = "Attempts to tell webhook endpoints of events";
        registry.register("webhook_deliveries", help, deliveries.clone());
        let endpoints_disabled = Counter::default();
        let help = "Webhook endpoints that were disabled because nothing got through";
        registry.register("webhook_endpoints_disabled", help, endpoints_disabled.clone());
        let retries_due = Gauge::default();
        let help = "Retries of webhooks that are due, as far as they were looked at";
        registry.register("webhook_retries_due", help, retries_due.clone());
        let webhooks_wait_s = Gauge::default();
        let help = "Age of the oldest event that an endpoint was not told of yet";
        registry.register_with_unit("webhook_wait", help, Unit::Seconds, webhooks_wait_s.clone());
        Metrics {
            registry,
            requests,
            latency,
            batch_jobs,
            batch_work,
            batch_commit,
            batch_failures,
            waiting,
            connections,
            streams,
            deliveries,
            endpoints_disabled,
            retries_due,
            webhooks_wait_s,
        }
    }

    /// Counts a request.
    pub fn request(&self, operation: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Answered { operation, status }).inc();
        self.latency.get_or_create(&Operation { operation }).observe(took.as_secs_f64());
    }

    /// Counts a batch of the lane.
    pub fn batch(&self, batch: &BatchReport) {
        self.batch_jobs.observe(batch.jobs as f64);
        self.batch_work.observe(batch.work.as_secs_f64());
        self.batch_commit.observe(batch.commit.as_secs_f64());
        self.waiting.set(batch.waiting as u64);
        if batch.failed {
            self.batch_failures.inc();
        }
    }

    /// Counts an attempt to tell a webhook endpoint of an event.
    pub fn delivery(&self, succeeded: bool) {
        let outcome = if succeeded { "succeeded" } else { "failed" };
        self.deliveries.get_or_create(&Delivered { outcome }).inc();
    }

    /// Counts a webhook endpoint that was given up.
    pub fn endpoint_disabled(&self) {
        self.endpoints_disabled.inc();
    }

    /// How many retries of webhooks are due.
    pub fn retries_due(&self, count: usize) {
        self.retries_due.set(count as u64);
    }

    /// For how many seconds the oldest event waits that some endpoint was not told of yet.
    pub fn webhooks_wait(&self, seconds: i64) {
        self.webhooks_wait_s.set(seconds.max(0) as u64);
    }

    /// Counts a connection that opened, until the guard is dropped.
    pub fn connection(&self) -> Open {
        Open::new(&self.connections)
    }

    /// Counts a stream of events that opened, until the guard is dropped.
    pub fn stream(&self) -> Open {
        Open::new(&self.streams)
    }

    /// The text that Prometheus reads. `waiting` is how many writes wait right now.
    pub fn text(&self, waiting: usize) -> String {
        self.waiting.set(waiting as u64);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Something that is open, and counted until this is dropped.
pub struct Open(Gauge<u64, AtomicU64>);

impl Open {
    fn new(gauge: &Gauge<u64, AtomicU64>) -> Open {
        gauge.inc();
        Open(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
