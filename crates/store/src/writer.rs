//! The writing side of SQLite: load what a batch needs, save what it decided, commit once.

use std::path::{Path, PathBuf};

use books::funding::Instructions;
use books::id::{Number, Numbers};
use books::journal::{Account, Seal};
use books::{Currency, World};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::lane::{Idempotency, Kept, Used};
use crate::purses::Purses;
use crate::reader;
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
    pub(crate) fn load(&self, set: &mut WorkingSet, known: &Purses) -> Result<()> {
        for ((world, customer), slot) in &mut set.purses {
            *slot = match known.get(*world, *customer) {
                Some(purse) => Some(purse),
                None => reader::purse(&self.db, *world, *customer)?,
            };
        }
        for ((world, customer), slot) in &mut set.customers {
            *slot = reader::document(&self.db, *world, *customer)?;
        }
        for ((world, key), slot) in &mut set.used {
            *slot = self.used(*world, key)?;
        }
        for ((world, customer, currency, country), slot) in &mut set.instructions {
            *slot = self.instructions(*world, *customer, *currency, country)?;
        }
        for ((world, account_key), taken) in &mut set.taken {
            let mut select = self.db.prepare_cached(
                "SELECT 1 FROM funding_instructions WHERE world = ?1 AND account_key = ?2",
            )?;
            *taken = select.exists(params![world.0, account_key])?;
        }
        Ok(())
    }

    fn used(&self, world: World, key: &[u8; 16]) -> Result<Option<Used>> {
        let mut select = self.db.prepare_cached(
            "SELECT fingerprint, number, request_id, customer, row
             FROM idempotency WHERE world = ?1 AND key = ?2",
        )?;
        let found = select
            .query_row(params![world.0, key.as_slice()], |row| {
                let key = match (row.get(3)?, row.get(4)?) {
                    (Some(Num(customer)), Some(Num(number))) => {
                        Some(books::RowKey { customer, number })
                    }
                    _ => None,
                };
                Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, Num>(1)?.0, row.get(2)?, key))
            })
            .optional()?;
        let Some((fingerprint, number, request_id, row)) = found else {
            return Ok(None);
        };
        let kept = match row {
            Some(key) => Kept::CashTransaction(key),
            None => self.answer(world, number)?,
        };
        Ok(Some(Used { fingerprint, request_id, kept }))
    }

    fn answer(&self, world: World, number: Number) -> Result<Kept> {
        let mut select = self
            .db
            .prepare_cached("SELECT status, body FROM answer WHERE world = ?1 AND number = ?2")?;
        let kept = select.query_row(params![world.0, Num(number)], |row| {
            Ok(Kept::Bytes { status: row.get(0)?, body: row.get(1)? })
        })?;
        Ok(kept)
    }

    fn instructions(
        &self,
        world: World,
        customer: Number,
        currency: Currency,
        country: &str,
    ) -> Result<Option<Instructions>> {
        let mut select = self.db.prepare_cached(
            "SELECT data FROM funding_instructions
             WHERE world = ?1 AND customer = ?2 AND currency = ?3 AND country = ?4",
        )?;
        let text: Option<String> = select
            .query_row(params![world.0, Num(customer), currency.as_str(), country], |r| r.get(0))
            .optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
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
            Change::Event(event) => rows::insert_event(&self.db, world, event),
        }
    }

    /// Keeps the answer to a request under its idempotency key.
    pub(crate) fn save_used(
        &self,
        world: World,
        key: &Idempotency,
        number: Number,
        kept: &Kept,
    ) -> Result<()> {
        let row = match kept {
            Kept::CashTransaction(row) => Some(row),
            Kept::Bytes { status, body } => {
                let mut insert = self.db.prepare_cached(
                    "INSERT INTO answer (world, number, status, body) VALUES (?1, ?2, ?3, ?4)",
                )?;
                insert.execute(params![world.0, Num(number), status, body])?;
                None
            }
        };
        let mut insert = self.db.prepare_cached(
            "INSERT INTO idempotency (world, key, fingerprint, number, request_id, customer, row)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        insert.execute(params![
            world.0,
            key.key.as_slice(),
            key.fingerprint.as_slice(),
            Num(number),
            key.request_id,
            row.map(|row| Num(row.customer)),
            row.map(|row| Num(row.number)),
        ])?;
        Ok(())
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
             ON CONFLICT (world, lane) DO UPDATE SET head = excluded.head, length = excluded.length",
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

    /// Forgets keys that were used before `before`, looking at `at_most` rows from `from` on.
    /// Gives where to go on, `None` at the end of the table.
    pub(crate) fn prune(
        &self,
        from: (i64, Vec<u8>),
        before: Number,
        at_most: i64,
    ) -> Result<Option<(i64, Vec<u8>)>> {
        let mut select = self.db.prepare_cached(
            "SELECT world, key, number FROM idempotency
             WHERE (world, key) > (?1, ?2) ORDER BY world, key LIMIT ?3",
        )?;
        let rows = select
            .query_map(params![from.0, from.1, at_most], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Num>(2)?))
            })?
            .collect::<std::result::Result<Vec<_>, _>>()?;
        for (world, key, number) in rows.iter().filter(|row| row.2.0 < before) {
            let delete = "DELETE FROM idempotency WHERE world = ?1 AND key = ?2";
            self.db.prepare_cached(delete)?.execute(params![world, key])?;
            let delete = "DELETE FROM answer WHERE world = ?1 AND number = ?2";
            self.db.prepare_cached(delete)?.execute(params![world, number])?;
        }
        let full = rows.len() as i64 == at_most;
        Ok(rows.into_iter().next_back().filter(|_| full).map(|(world, key, _)| (world, key)))
    }
}
