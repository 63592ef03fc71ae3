//! Checkpoints: moving what is in the write-ahead log into the database, beside the lane.
//!
//! A checkpoint inside a commit would stall every waiting command for tens of milliseconds. So a
//! thread with its own connection copies the bulk while the lane goes on, and the lane itself only
//! copies the short rest between two batches, after which the log starts over from its beginning.
//! SQLite waits for the disk only when a checkpoint reached the end of the log, which would be the
//! lane's; so the thread waits for the disk itself, and leaves the lane only the rest of that too.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::{Access, connect};
use crate::error::{Result, StoreError};

/// Pages in the log from which on it is worth copying: 128 MiB of pages of 4 KiB.
const PAGES_WANTED: i64 = 32 << 10;
/// How often the log is gone through before the lane copies the rest: each pass is much shorter
/// than the one before, which it catches up with.
const PASSES: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The thread; it stops when this is dropped.
pub(crate) struct Checkpointer {
    stop: Arc<AtomicBool>,
    tail_wanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(path: PathBuf) -> Result<Checkpointer> {
        let db = connect(&path, Access::Write)?.0;
        let file = File::open(&path).map_err(|e| StoreError::Disk(e.to_string()))?;
        // Closing any descriptor of the file would let go of the locks that SQLite holds on it in
        // this process, so this one stays open for as long as the process lives.
        let file: &'static File = Box::leak(Box::new(file));
        let stop = Arc::new(AtomicBool::new(false));
        let tail_wanted = Arc::new(AtomicBool::new(false));
        let (stopped, tail) = (stop.clone(), tail_wanted.clone());
        let run = move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(LOOK_EVERY);
                if waiting_pages(&db) >= PAGES_WANTED {
                    for _ in 0..PASSES {
                        passive(&db);
                        // A failure here shows again in the lane's own checkpoint.
                        let _ = file.sync_data();
                    }
                    tail.store(true, Ordering::Relaxed);
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(run)
            .map_err(|e| StoreError::Other(format!("no thread can be started: {e}")))?;
        Ok(Checkpointer { stop, tail_wanted, thread: Some(thread) })
    }

    /// Set when the lane should copy the rest.
    pub(crate) fn tail_wanted(&self) -> Arc<AtomicBool> {
        self.tail_wanted.clone()
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Pages in the log that are not in the database yet; 0 where it cannot be told.
fn waiting_pages(db: &Connection) -> i64 {
    let look = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    db.query_row("PRAGMA wal_checkpoint(NOOP)", [], look).unwrap_or(0)
}

/// Copies what can be copied without waiting for anybody. A failure loses nothing: the log still
/// has everything, and the next attempt comes soon.
pub(crate) fn passive(db: &Connection) {
    let _ = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
}
