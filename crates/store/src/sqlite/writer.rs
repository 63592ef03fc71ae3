//! The writing side of SQLite.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use books::World;
use books::id::{Number, Numbers};

use super::checkpoint::{self, Checkpointer};
use super::keys::{Keys, Step};
use super::purses::Purses;
use super::{Access, SqliteDb, connect};
use crate::changes::{self, Writes};
use crate::db::{Db, Value, one, values};
use crate::error::Result;
use crate::lookup;
use crate::retention;
use crate::tables::{self, Table};
use crate::working_set::WorkingSet;
use crate::writer::{Batch, Writer};

/// Rows looked at in one step of forgetting old keys.
const PRUNE_ROWS_MAX: i64 = 1000;

/// The one lane of an embedded database.
const LANE: i64 = 0;

/// One connection that writes. After an error the lane drops it and opens another.
pub(crate) struct SqliteWriter {
    db: SqliteDb,
    path: PathBuf,
    purses: Arc<Purses>,
    keys: Keys,
    /// What the batch that is open does to the keys.
    step: Step,
    /// Where forgetting goes on.
    prune_from: (i64, Vec<u8>),
    forget_after: World,
    tail_wanted: Arc<AtomicBool>,
    _checkpointer: Option<Checkpointer>,
}

impl SqliteWriter {
    pub(super) fn open(
        path: &Path,
        purses: Arc<Purses>,
        checkpointer: Option<Checkpointer>,
    ) -> Result<SqliteWriter> {
        let db = connect(path, Access::Write)?;
        let keys = Keys::load(&db.0)?;
        Ok(SqliteWriter {
            db,
            path: path.to_owned(),
            purses,
            keys,
            step: Step::default(),
            prune_from: (0, Vec::new()),
            forget_after: World(0),
            tail_wanted: checkpointer.as_ref().map(Checkpointer::tail_wanted).unwrap_or_default(),
            _checkpointer: checkpointer,
        })
    }
}

impl Writer for SqliteWriter {
    fn numbers(&self) -> Result<Numbers> {
        let sql = "SELECT last_number FROM lane WHERE lane = ?1";
        let last = one(&self.db, sql, &values![LANE], |row| row.number(0))?;
        Ok(Numbers::after(LANE, last.unwrap_or_default()))
    }

    fn hands(&self) -> (i64, i64) {
        (LANE, 0)
    }

    fn begin(&mut self) -> Result<()> {
        self.db.execute("BEGIN IMMEDIATE", &[]).map(drop)
    }

    fn load(&mut self, set: &mut WorkingSet, cutoff: Number, _: &mut Numbers) -> Result<()> {
        for ((world, customer), slot) in &mut set.purses {
            *slot = match self.purses.last(*world, *customer) {
                Some(purse) => Some(purse),
                None => lookup::purse(&self.db, *world, *customer)?,
            };
        }
        for (key, slot) in &mut set.used {
            *slot = self.keys.find(&self.db.0, *key, cutoff)?;
        }
        Ok(())
    }

    fn db(&self) -> &dyn Db {
        &self.db
    }

    fn save(&mut self, batch: &Batch, numbers: &Numbers, passed: &dyn Fn(usize)) -> Result<()> {
        for (at, (world, change, seal)) in batch.changes.iter().enumerate() {
            changes::write(*world, change, seal.as_ref(), &mut Rows(&self.db))?;
            passed(at + 1);
        }
        for (world, key, number, kept) in &batch.used {
            self.keys.append(&self.db, (*world, key, *number), kept, &mut self.step)?;
        }
        self.keys.advance(&self.db.0, &mut self.step)?;
        let mut rows = Rows(&self.db);
        for (world, (head, length)) in &batch.chains {
            rows.put(&tables::CHAIN, values![*world, LANE, head, *length])?;
        }
        batch.posted.write(LANE, &mut rows)?;
        batch.idle.write(LANE, &mut rows)?;
        batch.index.write(&mut rows)?;
        if !batch.is_empty() {
            rows.put(&tables::LANE, values![LANE, numbers.last()])?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.purses.commit_begins();
        self.db.execute("COMMIT", &[])?;
        self.keys.committed(std::mem::take(&mut self.step));
        Ok(())
    }

    fn publish(&mut self, set: &WorkingSet) {
        let purses = set.purses.iter();
        self.purses.publish(purses.filter_map(|(key, purse)| Some((key, purse.as_ref()?))));
    }

    fn rollback(&mut self) {
        // An error here changes nothing: what follows fails likewise, and the lane connects anew.
        let _ = self.db.batch("ROLLBACK");
        self.step = Step::default();
        self.purses.commit_ends();
    }

    fn reopen(&mut self) -> Result<()> {
        self.rollback();
        self.purses.clear();
        self.prune_from = (0, Vec::new());
        self.db = connect(&self.path, Access::Write)?;
        self.keys = Keys::load(&self.db.0)?;
        Ok(())
    }

    fn forget(&mut self, keys: Number, events: Number) -> Result<()> {
        let from = std::mem::take(&mut self.prune_from);
        let next = self.keys.prune(&self.db.0, from, keys, PRUNE_ROWS_MAX)?;
        self.prune_from = next.unwrap_or_default();
        self.forget_after = retention::forget(&self.db, self.forget_after, events)?;
        Ok(())
    }

    fn tidy(&mut self, always: bool) -> Result<()> {
        if self.tail_wanted.swap(false, Ordering::Relaxed) || always {
            checkpoint::passive(&self.db.0);
        }
        Ok(())
    }
}

/// Rows go straight into their tables.
struct Rows<'d>(&'d SqliteDb);

impl<'a> Writes<'a> for Rows<'_> {
    fn put<const N: usize>(&mut self, table: &'static Table, row: [Value<'a>; N]) -> Result<()> {
        self.0.execute(table.insert(), &row).map(drop)
    }

    fn remove<const N: usize>(&mut self, table: &'static Table, key: [Value<'a>; N]) -> Result<()> {
        self.0.execute(table.delete(), &key).map(drop)
    }
}
