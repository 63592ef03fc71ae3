//! What a lane needs of a database: load what a batch needs, save what it decided, commit once.

use std::collections::HashMap;

use books::id::{Number, Numbers};
use books::journal::Seal;
use books::{Change, World};

use crate::db::Db;
use crate::error::Result;
use crate::job::{Idempotency, Kept};
use crate::positions::{IdlePurses, Posted};
use crate::search::IndexRows;
use crate::working_set::WorkingSet;

/// What a batch is going to write.
#[derive(Default)]
pub(crate) struct Batch {
    /// In order; entries of the journal with their seals.
    pub(crate) changes: Vec<(World, Change, Option<Seal>)>,
    pub(crate) used: Vec<(World, Idempotency, Number, Kept)>,
    /// The lane's sums of the accounts, as they will be.
    pub(crate) posted: Posted,
    /// Purses that came to hold cash, or ceased to.
    pub(crate) idle: IdlePurses,
    /// What becomes of the index of searches.
    pub(crate) index: IndexRows,
    /// The last seal and the length of each of the lane's chains, as they will be.
    pub(crate) chains: HashMap<World, (Seal, i64)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.used.is_empty()
    }
}

/// One connection that writes, for one lane.
pub(crate) trait Writer: Send {
    /// Whose numbers these are, and where they go on.
    fn numbers(&self) -> Result<Numbers>;

    /// The lane, and how often it changed hands: what is in memory is true of one pair only.
    fn hands(&self) -> (i64, i64);

    /// Opens a transaction.
    fn begin(&mut self) -> Result<()>;

    /// Loads everything that the set was told it needs; keys that were used before `cutoff` are
    /// forgotten. From here on nobody else changes what the commands of the batch are about.
    /// `numbers` go on where the lane may go on.
    fn load(&mut self, set: &mut WorkingSet, cutoff: Number, numbers: &mut Numbers) -> Result<()>;

    /// The connection, for what a decision asks for beyond that.
    fn db(&self) -> &dyn Db;

    /// Writes a batch; tells after each change how many there were.
    fn save(&mut self, batch: &Batch, numbers: &Numbers, passed: &dyn Fn(usize)) -> Result<()>;

    /// Commits: when this returns, it is on disk.
    fn commit(&mut self) -> Result<()>;

    /// Tells readers what the batch left behind.
    fn publish(&mut self, set: &WorkingSet);

    /// Undoes what is open. What is in memory is as it was, and still good.
    fn rollback(&mut self);

    /// After a fault nothing in memory is trusted: forgets it and connects anew.
    fn reopen(&mut self) -> Result<()>;

    /// Takes the next step in forgetting keys and events that are older than these.
    fn forget(&mut self, keys: Number, events: Number) -> Result<()>;

    /// What is to be done now and then, outside of any transaction; `always` does it in any case.
    fn tidy(&mut self, always: bool) -> Result<()>;
}
