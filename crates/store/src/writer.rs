//! The writing side of SQLite: load what a batch needs, save what it decided, commit once.

use std::path::{Path, PathBuf};

use books::id::{Number, Numbers};
use books::journal::{Account, Seal};
use books::{Currency, World};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::keys::Keys;
use crate::lookup;
use crate::purses::Purses;
use crate::rows::{self, Num};
use crate::sqlite::{Access, connect};
use crate::working_set::WorkingSet;

/// One connection that writes. After an error the lane drops it and opens another.
pub(crate) struct Writer {
    db: Connection,
    path: PathBuf,
    lane: i64,
}

impl Writer {
    pub(crate) fn open(path: &Path, lane: i64) -> Result<Writer> {
        Ok(Writer { db: connect(path, Access::Write)?, path: path.to_owned(), lane })
    }

    pub(crate) fn reopen(&self) -> Result<Writer> {
        Writer::open(&self.path, self.lane)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.db
    }

    pub(crate) fn begin(&self) -> Result<()> {
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }

    pub(crate) fn commit(&self) -> Result<()> {
        self.db.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Undoes what is open. An error here changes nothing: the connection is dropped anyway.
    pub(crate) fn rollback(&self) {
        let _ = self.db.execute_batch("ROLLBACK");
    }

    /// Where the lane's numbers go on.
    pub(crate) fn numbers(&self) -> Result<Numbers> {
        let select = "SELECT last_number FROM lane WHERE lane = ?1";
        let last = self.db.query_row(select, [self.lane], |row| row.get(0)).optional()?;
        Ok(Numbers::after(self.lane, last.map_or(Number(0), |Num(last)| last)))
    }

    pub(crate) fn save_numbers(&self, numbers: &Numbers) -> Result<()> {
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO lane (lane, last_number) VALUES (?1, ?2)
             ON CONFLICT (lane) DO UPDATE SET last_number = excluded.last_number",
        )?;
        upsert.execute(params![self.lane, Num(numbers.last())])?;
        Ok(())
    }

    /// Loads everything that the set was told it needs.
    pub(crate) fn load(
        &self,
        set: &mut WorkingSet,
        known: &Purses,
        (keys, cutoff): (&Keys, Number),
    ) -> Result<()> {
        for ((world, customer), slot) in &mut set.purses {
            *slot = match known.last(*world, *customer) {
                Some(purse) => Some(purse),
                None => lookup::purse(&self.db, *world, *customer)?,
            };
        }
        for (key, slot) in &mut set.used {
            *slot = keys.find(&self.db, *key, cutoff)?;
        }
        Ok(())
    }

    pub(crate) fn save_change(&self, world: World, change: &books::Change) -> Result<()> {
        use books::Change;
        match change {
            Change::Customer(customer) => rows::put_customer(&self.db, world, customer),
            Change::Booked(_, None) => Ok(()),
            Change::Booked(_, Some(row)) => rows::insert_cash_transaction(&self.db, world, row),
            Change::Instructions(customer, made) => {
                rows::insert_instructions(&self.db, world, *customer, made)
            }
            Change::BalanceTransaction(row) => {
                rows::insert_balance_transaction(&self.db, world, row)
            }
            Change::Document(document) => rows::put_document(&self.db, world, document),
            Change::TimerSet(timer) => rows::insert_timer(&self.db, world, timer),
            Change::TimerDone(timer) => rows::delete_timer(&self.db, world, timer),
            Change::Looked(look, number) => rows::put_looked(&self.db, world, *look, *number),
            Change::Told(endpoint, upto) => rows::put_told(&self.db, world, *endpoint, *upto),
            Change::Attempt(endpoint, attempt) => {
                rows::insert_attempt(&self.db, world, *endpoint, attempt)
            }
            Change::Event(event) => rows::insert_event(&self.db, world, event),
        }
    }

    pub(crate) fn chain(&self, world: World) -> Result<(Seal, i64)> {
        let mut select = self
            .db
            .prepare_cached("SELECT head, length FROM chain WHERE world = ?1 AND lane = ?2")?;
        let found = select
            .query_row(params![world.0, self.lane], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn save_chain(&self, world: World, head: &Seal, length: i64) -> Result<()> {
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO chain (world, lane, head, length) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (world, lane) DO UPDATE
             SET head = excluded.head, length = excluded.length",
        )?;
        upsert.execute(params![world.0, self.lane, head.as_slice(), length])?;
        Ok(())
    }

    pub(crate) fn house(&self, world: World, account: Account, currency: Currency) -> Result<i64> {
        let mut select = self.db.prepare_cached(
            "SELECT amount FROM house_balance
             WHERE world = ?1 AND account = ?2 AND currency = ?3 AND lane = ?4",
        )?;
        let key = params![world.0, account.code().0, currency.as_str(), self.lane];
        Ok(select.query_row(key, |row| row.get(0)).optional()?.unwrap_or(0))
    }

    pub(crate) fn save_house(
        &self,
        world: World,
        account: Account,
        currency: Currency,
        amount: i64,
    ) -> Result<()> {
        let mut upsert = self.db.prepare_cached(
            "INSERT INTO house_balance (world, account, currency, lane, amount)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (world, account, currency, lane) DO UPDATE SET amount = excluded.amount",
        )?;
        upsert.execute(params![world.0, account.code().0, currency.as_str(), self.lane, amount])?;
        Ok(())
    }
}
