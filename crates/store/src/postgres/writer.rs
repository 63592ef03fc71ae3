//! The writing side of PostgreSQL.

use std::time::{Duration, Instant};

use books::id::{Number, Numbers};

use super::address::Address;
use super::connection::{Ask, PgDb};
use super::leases::{self, RENEW_EVERY};
use super::load::{GoOn, load};
use super::rows::Sheets;
use crate::changes::{self, Writes};
use crate::db::{Db, one, values};
use crate::error::{Result, StoreError};
use crate::tables;
use crate::working_set::WorkingSet;
use crate::writer::{Batch, Writer};

/// How long to wait between two attempts to connect, at first and at the most.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// One connection that writes, and the lane that it writes for.
pub(super) struct PgWriter {
    db: PgDb,
    address: Address,
    holder: String,
    lane: i64,
    epoch: i64,
    /// The lane's last number as it was when the batch was loaded.
    last: Number,
    /// Keys used before this are forgotten.
    cutoff: Number,
    is_open: bool,
    /// Something went wrong on the connection, and no other was had yet.
    is_broken: bool,
    renewed: Instant,
    backoff: Duration,
    not_before: Instant,
}

impl PgWriter {
    pub(super) fn open(address: &Address, holder: &str) -> Result<PgWriter> {
        let db = PgDb::own(address)?.by_key()?;
        let (lane, epoch) = leases::claim_lane(&db, holder)?;
        Ok(PgWriter {
            db,
            address: address.clone(),
            holder: holder.to_owned(),
            lane,
            epoch,
            last: Number(0),
            cutoff: Number(0),
            is_open: false,
            is_broken: false,
            renewed: Instant::now(),
            backoff: BACKOFF_MIN,
            not_before: Instant::now(),
        })
    }

    /// Connects anew, and takes the lane anew: a commit that is still under way on the old
    /// connection is over before, or fails.
    fn connect(&mut self) -> Result<()> {
        let now = Instant::now();
        if now < self.not_before {
            return Err(StoreError::Unreachable("it could not be reached a moment ago".into()));
        }
        let connected = PgDb::own(&self.address).and_then(PgDb::by_key).and_then(|db| {
            let sql = "UPDATE lane SET epoch = epoch + 1 WHERE lane = ?1 AND epoch = ?2";
            let claimed = match db.execute(sql, &values![self.lane, self.epoch])? {
                1 => (self.lane, self.epoch + 1),
                _ => leases::claim_lane(&db, &self.holder)?,
            };
            Ok((db, claimed))
        });
        match connected {
            Ok((db, claimed)) => {
                (self.db, (self.lane, self.epoch)) = (db, claimed);
                (self.is_open, self.is_broken) = (false, false);
                self.backoff = BACKOFF_MIN;
                Ok(())
            }
            Err(error) => {
                self.not_before = Instant::now() + self.backoff;
                self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
                Err(error)
            }
        }
    }

    fn kept_last(&self) -> Result<Number> {
        let sql = "SELECT last_number FROM lane WHERE lane = ?1 AND epoch = ?2";
        let last = one(&self.db, sql, &values![self.lane, self.epoch], |row| row.number(0))?;
        last.ok_or_else(|| self.is_lost())
    }

    fn is_lost(&self) -> StoreError {
        StoreError::Unreachable(format!("lane {} is somebody else's by now", self.lane))
    }
}

/// Says up to which number the lane has committed, if it is still ours.
const SAVE_LAST: &str = "UPDATE lane SET last_number = ?1
    WHERE lane = ?2 AND epoch = ?3 AND last_number = ?4";

impl Writer for PgWriter {
    fn numbers(&self) -> Result<Numbers> {
        Ok(Numbers::after(self.lane, self.kept_last()?))
    }

    fn hands(&self) -> (i64, i64) {
        (self.lane, self.epoch)
    }

    fn begin(&mut self) -> Result<()> {
        match self.is_broken {
            true => self.connect(),
            // The transaction begins with what is loaded.
            false => Ok(()),
        }
    }

    fn load(&mut self, set: &mut WorkingSet, cutoff: Number, numbers: &mut Numbers) -> Result<()> {
        self.cutoff = cutoff;
        self.is_open = true;
        let go_on = load(&self.db, set, cutoff, (self.lane, self.epoch))?;
        let GoOn { last, newest } = go_on.ok_or_else(|| self.is_lost())?;
        self.last = last;
        let after = last.max(newest);
        if numbers.lane() != self.lane || numbers.last() < after {
            *numbers = Numbers::after(self.lane, after);
        }
        Ok(())
    }

    fn db(&self) -> &dyn Db {
        &self.db
    }

    fn save(&mut self, batch: &Batch, numbers: &Numbers, passed: &dyn Fn(usize)) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut sheets = Sheets::default();
        for (at, (world, change, seal)) in batch.changes.iter().enumerate() {
            changes::write(*world, change, seal.as_ref(), &mut sheets)?;
            passed(at + 1);
        }
        for (world, key, number, kept) in &batch.used {
            let (row, answer) = changes::key_values(*world, key, *number, kept);
            sheets.put(&tables::IDEMPOTENCY, row)?;
            if let Some(answer) = answer {
                sheets.put(&tables::ANSWER, answer)?;
            }
        }
        for (world, (head, length)) in &batch.chains {
            sheets.put(&tables::CHAIN, values![*world, self.lane, head, *length])?;
        }
        batch.posted.write(self.lane, &mut sheets)?;
        batch.idle.write(self.lane, &mut sheets)?;
        batch.index.write(&mut sheets)?;
        self.send(&sheets, numbers.last(), batch.used.len() as u64)
    }

    fn commit(&mut self) -> Result<()> {
        match std::mem::take(&mut self.is_open) {
            true => self.db.batch("COMMIT"),
            false => Ok(()),
        }
    }

    fn publish(&mut self, _: &WorkingSet) {}

    fn rollback(&mut self) {
        if std::mem::take(&mut self.is_open) && self.db.batch("ROLLBACK").is_err() {
            self.is_broken = true;
        }
    }

    fn reopen(&mut self) -> Result<()> {
        self.is_broken = true;
        self.connect()
    }

    fn forget(&mut self, _: Number, _: Number) -> Result<()> {
        // Whoever has that duty does it, for all lanes.
        Ok(())
    }

    fn tidy(&mut self, _: bool) -> Result<()> {
        if self.renewed.elapsed() < RENEW_EVERY {
            return Ok(());
        }
        self.renewed = Instant::now();
        if self.is_broken {
            return self.connect();
        }
        leases::renew_lane(&self.db, self.lane, self.epoch)
    }
}

impl PgWriter {
    /// Sends all rows in one go, and sees that each statement did what it had to.
    fn send(&mut self, sheets: &Sheets<'_>, newest: Number, keys: u64) -> Result<()> {
        let mut statements = Vec::new();
        let mut cutoff = None;
        for sheet in &sheets.0 {
            let Some((mut sql, arrays)) = sheet.insert() else { continue };
            let is_keys = std::ptr::eq(sheet.table, &tables::IDEMPOTENCY);
            if is_keys {
                // A key that expired is used again; one that somebody else just used is not.
                sql += &format!(" WHERE idempotency.number < ?{}", arrays.len() + 1);
                cutoff = Some(statements.len());
            }
            statements.push((sql, arrays, is_keys.then_some(keys)));
        }
        let mut asks = Vec::new();
        for sheet in &sheets.0 {
            asks.extend(sheet.removes().map(|key| Ask {
                sql: sheet.table.delete(),
                values: key.iter().map(|value| value as _).collect(),
                is_needed: true,
            }));
        }
        let removed = asks.len();
        asks.extend(statements.iter().map(|(sql, arrays, _)| Ask {
            sql,
            values: arrays.iter().map(|a| a.value()).collect(),
            is_needed: true,
        }));
        if let Some(at) = cutoff {
            asks[removed + at].values.push(&self.cutoff.0);
        }
        asks.push(Ask {
            sql: SAVE_LAST,
            values: vec![&newest.0, &self.lane, &self.epoch, &self.last.0],
            is_needed: true,
        });
        let answers = self.db.together(None, &asks)?;
        let wanted = statements.iter().map(|(_, _, wanted)| *wanted).chain([Some(1)]);
        for ((_, touched), wanted) in answers[removed..].iter().zip(wanted) {
            if wanted.is_some_and(|wanted| wanted != *touched) {
                let what = "a key or the lane is not as it was a moment ago";
                return Err(StoreError::Conflict(what.into()));
            }
        }
        Ok(())
    }
}

impl Drop for PgWriter {
    fn drop(&mut self) {
        self.rollback();
        if !self.is_broken {
            // What cannot be given back runs out.
            let _ = leases::release_lane(&self.db, self.lane, self.epoch);
        }
    }
}
