//! The reading side of PostgreSQL: a snapshot for each use.

use std::cell::Cell;

use super::PgDb;
use super::address::Address;
use super::leases;
use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::reader::Snapshots;

/// A connection that reads.
pub(super) struct PgSnapshots {
    db: PgDb,
    is_open: Cell<bool>,
}

impl PgSnapshots {
    pub(super) fn open(address: &Address) -> Result<PgSnapshots> {
        Ok(PgSnapshots { db: PgDb::shared(address)?.by_key()?, is_open: Cell::new(false) })
    }
}

impl Snapshots for PgSnapshots {
    fn db(&self) -> Result<&dyn Db> {
        if !self.is_open.replace(true) {
            self.db.begin_snapshot_later();
        }
        Ok(&self.db)
    }

    fn let_go(&self) -> Result<()> {
        if self.is_open.take() {
            self.db.end_snapshot();
        }
        Ok(())
    }

    fn let_go_if_old(&self) -> Result<()> {
        match self.db.is_closed() {
            true => Err(StoreError::Unreachable("the connection was closed".into())),
            false => Ok(()),
        }
    }

    fn used(&self) -> Result<()> {
        self.let_go()?;
        self.let_go_if_old()
    }

    fn horizon(&self) -> Result<books::Number> {
        leases::horizon(self.db()?)
    }
}
