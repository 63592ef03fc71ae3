//! Audits of the whole database while it is served: what `purser doctor` checks, in the
//! background.
//!
//! One runs at a time, on a thread and a connection of its own, over one snapshot, so that writers
//! do not wait for it. The last [`AUDITS_MAX`] are known, in memory only. Nobody waits for one when
//! the server stops: it ends with the process, and leaves nothing behind.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use books::Timestamp;
use books::audit::Report;
use store::doctor::Examination;
use store::{Result, Store, StoreError};

use crate::clock::Clock;
use crate::news::News;

/// Audits that are known at once, the newest ones.
pub const AUDITS_MAX: usize = 10;

/// An audit, as far as it has come.
#[derive(Clone)]
pub struct Audit {
    /// When it was started.
    pub started: Timestamp,
    /// Rows that were looked at, and rows that there are.
    pub rows: (u64, u64),
    /// What came of it, and when; nothing while it runs.
    pub end: Option<(Timestamp, End)>,
}

/// How an audit ended.
#[derive(Clone)]
pub enum End {
    /// Everything was looked at.
    Report(Arc<Report>),
    /// It could not be done.
    Failed,
}

/// The audits of this server.
#[derive(Clone, Default)]
pub struct Audits(Arc<Mutex<VecDeque<Audit>>>);

impl Audits {
    /// Starts one, unless one runs: that one, or the new one.
    pub fn start(&self, store: &Store, clock: &Clock, news: &News) -> Result<Audit> {
        let mut known = self.lock();
        if let Some(running) = known.front().filter(|audit| audit.end.is_none()) {
            return Ok(running.clone());
        }
        let examination = Examination::of(store)?;
        let audit = Audit { started: clock.now().seconds(), rows: (0, 0), end: None };
        let (audits, clock, news) = (self.clone(), clock.clone(), news.clone());
        std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || {
                audits.run(examination, &clock);
                news.tell();
            })
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        known.push_front(audit.clone());
        known.truncate(AUDITS_MAX);
        Ok(audit)
    }

    /// The last ones, newest first.
    pub fn last(&self) -> Vec<Audit> {
        self.lock().iter().cloned().collect()
    }

    fn run(&self, examination: Examination, clock: &Clock) {
        let mut progress = |done, total| self.change(|audit| audit.rows = (done, total));
        let done = catch_unwind(AssertUnwindSafe(|| examination.run(&mut progress)));
        let end = match done {
            Ok(Ok(report)) => End::Report(Arc::new(report)),
            Ok(Err(error)) => {
                tracing::error!(%error, "an audit could not be done");
                End::Failed
            }
            Err(_) => {
                tracing::error!("an audit came upon a bug");
                End::Failed
            }
        };
        self.change(|audit| audit.end = Some((clock.now().seconds(), end)));
    }

    /// Changes the audit that runs, which is the newest.
    fn change(&self, how: impl FnOnce(&mut Audit)) {
        if let Some(running) = self.lock().front_mut() {
            how(running);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Audit>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
