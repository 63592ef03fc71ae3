//! What servers on one database agree on: who has which lane and which duty, and up to which
//! number everything is committed.
//!
//! The *horizon* is the smallest of the lanes' last numbers: nothing with a number up to there can
//! still be committed, so whoever tells of rows in the order of their numbers stops there. A lane
//! holds its row while it works on a batch; one that has nothing to do would hold the horizon back,
//! so its last number is raised for it, and it goes on from there.

use std::time::Duration;

use books::time::Millis;
use books::{Number, Timestamp, World};

use super::PgDb;
use super::address::Address;
use super::connection::Ask;
use crate::admin;
use crate::db::{Db, all, one, values};
use crate::duties::{Duty, LEASE};
use crate::error::{Result, StoreError};
use crate::lane::KEY_LIFETIME_S;
use crate::retention;

/// The moment, by the clock of the database.
const NOW_MS: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
/// How often something is tried that others do at the same moment, and the pause in between.
const TRIES_MAX: usize = 20;
const TRY_PAUSE: Duration = Duration::from_millis(50);
/// Keys that are forgotten in one step, and steps in a row.
const FORGET_ROWS_MAX: i64 = 1000;
const FORGET_STEPS_MAX: usize = 10;

/// Takes a lane that nobody has, or makes one; gives its number and epoch.
pub(super) fn claim_lane(db: &PgDb, holder: &str) -> Result<(i64, i64)> {
    again(|| {
        db.batch("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let claimed = claim(db, holder);
        db.batch(if claimed.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        claimed
    })
}

/// Does something again while others do the same at the same moment.
pub(super) fn again<T>(mut what: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES_MAX {
        match what() {
            Err(StoreError::Conflict(_)) => std::thread::sleep(TRY_PAUSE),
            done => return done,
        }
    }
    what()
}

fn claim(db: &PgDb, holder: &str) -> Result<(i64, i64)> {
    // All lanes are held for a moment: so none commits a number beyond the one from which the
    // new owner goes on.
    let sql = format!(
        "SELECT lane, last_number, epoch, CASE WHEN holder IS NULL OR expires_ms < {NOW_MS}
             THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END FROM lane ORDER BY lane FOR UPDATE"
    );
    let lanes =
        all(db, &sql, &[], |row| Ok((row.int(0)?, row.number(1)?, row.int(2)?, row.flag(3)?)))?;
    let newest = lanes.iter().map(|lane| lane.1).max().unwrap_or_default();
    let lease_ms = LEASE.as_millis() as i64;
    if let Some((lane, _, epoch, _)) = lanes.iter().find(|lane| lane.3) {
        let sql = format!(
            "UPDATE lane SET last_number = ?1, epoch = ?2, holder = ?3, expires_ms = {NOW_MS} + ?4
             WHERE lane = ?5"
        );
        db.execute(&sql, &values![newest, epoch + 1, holder, lease_ms, *lane])?;
        return Ok((*lane, epoch + 1));
    }
    let lane = lanes.last().map_or(0, |lane| lane.0 + 1);
    if lane >= books::id::LANES_MAX {
        let max = books::id::LANES_MAX;
        return Err(StoreError::Other(format!("all {max} lanes of the database are taken")));
    }
    let sql = format!(
        "INSERT INTO lane (lane, last_number, epoch, holder, expires_ms)
         VALUES (?1, ?2, 1, ?3, {NOW_MS} + ?4)"
    );
    db.execute(&sql, &values![lane, newest, holder, lease_ms])?;
    Ok((lane, 1))
}

/// Says that a lane's owner is alive.
pub(super) fn renew_lane(db: &PgDb, lane: i64, epoch: i64) -> Result<()> {
    let sql = format!("UPDATE lane SET expires_ms = {NOW_MS} + ?1 WHERE lane = ?2 AND epoch = ?3");
    match db.execute(&sql, &values![LEASE.as_millis() as i64, lane, epoch])? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict(format!("lane {lane} is somebody else's by now"))),
    }
}

/// Gives a lane back.
pub(super) fn release_lane(db: &PgDb, lane: i64, epoch: i64) -> Result<()> {
    let sql = "UPDATE lane SET holder = NULL, epoch = epoch + 1 WHERE lane = ?1 AND epoch = ?2";
    db.execute(sql, &values![lane, epoch]).map(drop)
}

/// Nothing up to this number can still be committed.
pub(super) fn horizon(db: &dyn Db) -> Result<Number> {
    let sql = "SELECT coalesce(min(last_number), 0) FROM lane";
    Ok(one(db, sql, &[], |row| row.number(0))?.unwrap_or_default())
}

/// A server's part in the leases.
pub(crate) struct Leases {
    address: Address,
    holder: String,
    db: Option<PgDb>,
    /// Where forgetting goes on: keys, and worlds.
    forget_keys: (i64, Vec<u8>),
    forget_after: World,
}

impl Leases {
    pub(super) fn new(address: &Address, holder: &str) -> Leases {
        let (address, holder) = (address.clone(), holder.to_owned());
        Leases { address, holder, db: None, forget_keys: (0, Vec::new()), forget_after: World(0) }
    }

    /// Works on a connection that is made as needed and dropped after a fault.
    fn with<T>(&mut self, what: impl FnOnce(&PgDb) -> Result<T>) -> Result<T> {
        let db = match self.db.take() {
            Some(db) => db,
            None => PgDb::own(&self.address)?,
        };
        let done = what(&db);
        if done.is_ok() {
            self.db = Some(db);
        }
        done
    }

    /// Takes or keeps a duty; `false` where another server has it.
    pub(crate) fn renew(&mut self, duty: Duty) -> Result<bool> {
        let sql = format!(
            "INSERT INTO lease (name, holder, expires_ms) VALUES (?1, ?2, {NOW_MS} + ?3)
             ON CONFLICT (name) DO UPDATE
             SET holder = excluded.holder, expires_ms = excluded.expires_ms
             WHERE lease.holder = excluded.holder OR lease.expires_ms < {NOW_MS}"
        );
        let holder = self.holder.clone();
        let lease_ms = LEASE.as_millis() as i64;
        self.with(|db| Ok(db.execute(&sql, &values![duty.name(), holder, lease_ms])? == 1))
    }

    /// The horizon, after lanes that are idle were raised.
    pub(crate) fn look(&mut self) -> Result<Number> {
        let sql = "SELECT coalesce(min(last_number), 0), coalesce(max(last_number), 0) FROM lane";
        self.with(|db| {
            let found = one(db, sql, &[], |row| Ok((row.number(0)?, row.number(1)?)))?;
            let (least, newest) = found.unwrap_or_default();
            if least == newest {
                return Ok(least);
            }
            // A lane that is at work is left alone: it is about to go on by itself.
            let raise = "UPDATE lane SET last_number = ?1 WHERE lane IN
                (SELECT lane FROM lane WHERE last_number < ?1 FOR UPDATE SKIP LOCKED)";
            db.execute(raise, &values![newest])?;
            horizon(db)
        })
    }

    /// By how much the sandbox clock is ahead.
    pub(crate) fn clock_offset_ms(&mut self) -> Result<i64> {
        self.with(|db| admin::clock_offset_ms(db))
    }

    /// Forgets keys and events that are old, in steps.
    pub(crate) fn forget(&mut self, now: Millis) -> Result<()> {
        let keys = Number::first_at(Timestamp(now.seconds().0 - KEY_LIFETIME_S));
        let events = retention::cutoff(now.seconds());
        for _ in 0..FORGET_STEPS_MAX {
            let (from, after) = (self.forget_keys.clone(), self.forget_after);
            let (next, found, after) = self.with(|db| {
                db.batch("BEGIN")?;
                let (next, found) = forget_keys(db, from, keys)?;
                let after = retention::forget(db, after, events)?;
                db.batch("COMMIT")?;
                Ok((next, found, after))
            })?;
            (self.forget_keys, self.forget_after) = (next, after);
            // Where nothing is old there is no hurry.
            if !found {
                break;
            }
        }
        Ok(())
    }

    /// Gives everything back that this server holds.
    pub(crate) fn give_back(&mut self) {
        let holder = self.holder.clone();
        // What cannot be given back runs out.
        let _ = self.with(|db| db.execute("DELETE FROM lease WHERE holder = ?1", &values![holder]));
    }
}

const FORGET_KEYS: &str = "DELETE FROM idempotency i
    USING unnest(?1::bigint[], ?2::bigint[], ?3::bytea[]) AS k(world, number, key)
    WHERE i.world = k.world AND i.key = k.key AND i.number = k.number";

const FORGET_ANSWERS: &str = "DELETE FROM answer a
    USING unnest(?1::bigint[], ?2::bigint[], ?3::bytea[]) AS k(world, number, key)
    WHERE a.world = k.world AND a.number = k.number";

/// Looks at the next keys in their order and forgets those that were used before `cutoff`; gives
/// where to go on, and whether there were any. An index by age would cost every write a page.
fn forget_keys(db: &PgDb, from: (i64, Vec<u8>), cutoff: Number) -> Result<((i64, Vec<u8>), bool)> {
    let sql = "SELECT world, key, number FROM idempotency WHERE (world, key) > (?1, ?2)
               ORDER BY world, key LIMIT ?3";
    let looked = all(db, sql, &values![from.0, from.1, FORGET_ROWS_MAX], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_owned(), row.number(2)?))
    })?;
    let old: Vec<_> = looked.iter().filter(|row| row.2 < cutoff).collect();
    let found = !old.is_empty();
    if found {
        let worlds: Vec<i64> = old.iter().map(|row| row.0).collect();
        let keys: Vec<&[u8]> = old.iter().map(|row| row.1.as_slice()).collect();
        let numbers: Vec<i64> = old.iter().map(|row| row.2.0).collect();
        let ask = |sql| Ask { sql, values: vec![&worlds, &numbers, &keys], is_needed: true };
        db.together(None, &[ask(FORGET_KEYS), ask(FORGET_ANSWERS)])?;
    }
    let is_full = looked.len() as i64 == FORGET_ROWS_MAX;
    let last = looked.into_iter().next_back().filter(|_| is_full);
    Ok((last.map_or((0, Vec::new()), |(world, key, _)| (world, key)), found))
}

/// How often a lane says that it is alive.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(1);
