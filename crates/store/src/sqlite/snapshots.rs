//! The reading side of SQLite.
//!
//! A connection keeps its snapshot open from one read to the next for as long as it is not old:
//! until the lane commits again, and for [`HOLD_MAX`] at the most, so that what other processes
//! write is seen soon and the log can start over.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use books::{Number, Purse, World};

use super::purses::{Purses, is_running};
use super::{Access, SqliteDb, connect};
use crate::db::Db;
use crate::error::Result;
use crate::reader::Snapshots;

/// How long a snapshot is used again while this process commits nothing.
const HOLD_MAX: Duration = Duration::from_millis(10);

/// A connection that reads.
pub(crate) struct SqliteSnapshots {
    db: SqliteDb,
    purses: Arc<Purses>,
    /// When the open snapshot began, and how many commits there had been.
    began: Cell<Option<(Instant, u64)>>,
}

impl SqliteSnapshots {
    pub(super) fn open(path: &Path, purses: Arc<Purses>) -> Result<SqliteSnapshots> {
        Ok(SqliteSnapshots { db: connect(path, Access::Read)?, purses, began: Cell::new(None) })
    }
}

impl Snapshots for SqliteSnapshots {
    fn db(&self) -> Result<&dyn Db> {
        if self.began.get().is_none() {
            let commits = self.purses.commits();
            self.db.execute("BEGIN", &[])?;
            self.began.set(Some((Instant::now(), commits)));
        }
        Ok(&self.db)
    }

    fn let_go(&self) -> Result<()> {
        if self.began.take().is_some() {
            self.db.execute("COMMIT", &[])?;
        }
        Ok(())
    }

    fn let_go_if_old(&self) -> Result<()> {
        let Some((at, commits)) = self.began.get() else { return Ok(()) };
        let old = is_running(commits) || commits != self.purses.commits();
        match old || at.elapsed() > HOLD_MAX {
            true => self.let_go(),
            false => Ok(()),
        }
    }

    fn purse(&self, world: World, customer: Number) -> Option<Purse> {
        self.purses.get(world, customer)
    }

    fn found(&self, world: World, purse: &Purse) {
        if let Some((_, commits)) = self.began.get() {
            self.purses.add(world, purse, commits);
        }
    }
}
