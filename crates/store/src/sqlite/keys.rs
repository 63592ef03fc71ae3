//! Idempotency keys: how a random key is kept without a random page for each write.
//!
//! A key that was just used is appended to `recent_key`, in the order of use, and its place is
//! kept in memory. Once there are [`RECENT_MAX`] in memory, a hand goes round through them in the
//! order of the keys, and each batch moves the next few to `idempotency`, the table sorted by key:
//! neighbours go to the same page, so many keys share what one write of a page costs. A row in
//! `recent_key` is removed when the hand has gone round once since it was appended.
//!
//! Nothing here decides whether a key counts: it is in one table or in both, always in the commit
//! of its effects, and after a crash memory is filled from `recent_key` again.

use std::collections::BTreeMap;
use std::ops::Bound;

use books::World;
use books::id::Number;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::SqliteDb;
use crate::changes;
use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::job::{Idempotency, Kept, Used};
use crate::tables;

/// Keys kept in memory before they are moved: about 50 bytes each.
const RECENT_MAX: usize = 100_000;
/// Rows that one batch moves, at most, and removes, at most.
const MOVES_MAX: usize = 1024;
const REMOVALS_MAX: i64 = 1024;

type Key = (World, [u8; 16]);

/// A number in a column.
#[derive(Clone, Copy)]
struct Num(Number);

impl ToSql for Num {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.0.into())
    }
}

impl FromSql for Num {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Num> {
        value.as_i64().map(|number| Num(Number(number)))
    }
}

/// The keys that are in memory, and where the hand is.
pub(crate) struct Keys {
    recent: BTreeMap<Key, Number>,
    recent_max: usize,
    hand: Bound<Key>,
    /// The newest row when the hand last began a round.
    round_began: Number,
    /// Rows up to this one are in the sorted table, and not removed yet.
    removable: Number,
}

/// What a batch does for the tables to stay in order; to be told once it is committed.
#[derive(Default)]
pub(crate) struct Step {
    added: Vec<(Key, Number)>,
    moved: Vec<Key>,
    wrapped: bool,
    removed_all: bool,
}

impl Keys {
    /// Fills the memory from the rows that were not moved for sure.
    pub(crate) fn load(db: &Connection) -> Result<Keys> {
        Keys::with_max(db, RECENT_MAX)
    }

    fn with_max(db: &Connection, recent_max: usize) -> Result<Keys> {
        let mut select = db.prepare("SELECT world, key, number FROM recent_key")?;
        let mut rows = select.query([])?;
        let (mut recent, mut newest) = (BTreeMap::new(), Number(0));
        while let Some(row) = rows.next()? {
            let Num(number) = row.get(2)?;
            recent.insert((World(row.get(0)?), row.get(1)?), number);
            newest = newest.max(number);
        }
        let hand = Bound::Unbounded;
        Ok(Keys { recent, recent_max, hand, round_began: newest, removable: Number(0) })
    }

    /// What a key was used for, unless that was before `cutoff`.
    pub(crate) fn find(&self, db: &Connection, key: Key, cutoff: Number) -> Result<Option<Used>> {
        let (World(world), hash) = key;
        let found = match self.recent.get(&key) {
            Some(number) => db
                .prepare_cached(
                    "SELECT fingerprint, number, request_id, customer, row
                     FROM recent_key WHERE number = ?1",
                )?
                .query_row([Num(*number)], read)
                .optional()?,
            None => db
                .prepare_cached(
                    "SELECT fingerprint, number, request_id, customer, row
                     FROM idempotency WHERE world = ?1 AND key = ?2",
                )?
                .query_row(params![world, hash.as_slice()], read)
                .optional()?,
        };
        let Some(found) = found.filter(|found| found.number >= cutoff) else { return Ok(None) };
        let kept = match found.row {
            Some(key) => Kept::CashTransaction(key),
            None => answer(db, key.0, found.number)?,
        };
        Ok(Some(Used { fingerprint: found.fingerprint, request_id: found.request_id, kept }))
    }

    /// Appends a key, with what it was used for, to the batch that is open.
    pub(crate) fn append(
        &self,
        db: &SqliteDb,
        (world, used, number): (World, &Idempotency, Number),
        kept: &Kept,
        step: &mut Step,
    ) -> Result<()> {
        let ([world_value, key, fingerprint, number_value, request_id, customer, row], answer) =
            changes::key_values(world, used, number, kept);
        if let Some(answer) = answer {
            db.execute(tables::ANSWER.insert(), &answer)?;
        }
        db.execute(
            "INSERT INTO recent_key (number, world, key, fingerprint, request_id, customer, row)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            &[number_value, world_value, key, fingerprint, request_id, customer, row],
        )?;
        step.added.push(((world, used.key), number));
        Ok(())
    }

    /// Moves the hand on by as many keys as are too many, and removes rows that were passed.
    pub(crate) fn advance(&self, db: &Connection, step: &mut Step) -> Result<()> {
        let too_many = (self.recent.len() + step.added.len()).saturating_sub(self.recent_max);
        let next = self.recent.range((self.hand, Bound::Unbounded));
        let count = too_many.min(MOVES_MAX);
        for (key, number) in next.take(count) {
            // A key that expired was used again: the newer use replaces the older one.
            let mut insert = db.prepare_cached(
                "INSERT OR REPLACE INTO idempotency
                     (world, key, fingerprint, number, request_id, customer, row)
                 SELECT world, key, fingerprint, number, request_id, customer, row
                 FROM recent_key WHERE number = ?1",
            )?;
            insert.execute([Num(*number)])?;
            step.moved.push(*key);
        }
        step.wrapped = step.moved.len() < count;
        if self.removable > Number(0) {
            let mut delete = db.prepare_cached(
                "DELETE FROM recent_key WHERE number IN
                     (SELECT number FROM recent_key WHERE number <= ?1 ORDER BY number LIMIT ?2)",
            )?;
            let removed = delete.execute(params![Num(self.removable), REMOVALS_MAX])?;
            step.removed_all = (removed as i64) < REMOVALS_MAX;
        }
        Ok(())
    }

    /// Takes over what a batch did, once it is committed.
    pub(crate) fn committed(&mut self, step: Step) {
        if step.removed_all {
            self.removable = Number(0);
        }
        for key in &step.moved {
            self.recent.remove(key);
        }
        if let Some(last) = step.moved.last() {
            self.hand = Bound::Excluded(*last);
        }
        if step.wrapped {
            self.hand = Bound::Unbounded;
            self.removable = self.round_began;
            self.round_began = self.recent.values().copied().max().unwrap_or_default();
        }
        self.recent.extend(step.added);
    }

    /// Forgets keys that were used before `cutoff`, looking at `at_most` rows of each table; in
    /// the sorted one from `from` on. Gives where to go on, `None` at its end.
    pub(crate) fn prune(
        &mut self,
        db: &Connection,
        from: (i64, Vec<u8>),
        cutoff: Number,
        at_most: i64,
    ) -> Result<Option<(i64, Vec<u8>)>> {
        let old = rows(
            db,
            "SELECT world, key, number FROM recent_key WHERE number < ?1 ORDER BY number LIMIT ?2",
            params![Num(cutoff), at_most],
        )?;
        for (world, key, number) in &old {
            db.prepare_cached("DELETE FROM recent_key WHERE number = ?1")?.execute([number])?;
            // It may have been moved already: then it goes from there too, with its answer.
            let moved = "DELETE FROM idempotency WHERE world = ?1 AND key = ?2 AND number = ?3";
            db.prepare_cached(moved)?.execute(params![world, key, number])?;
            forget_answer(db, *world, number)?;
            if let Ok(key) = key.as_slice().try_into()
                && self.recent.get(&(World(*world), key)) == Some(&number.0)
            {
                self.recent.remove(&(World(*world), key));
            }
        }
        let sorted = rows(
            db,
            "SELECT world, key, number FROM idempotency
             WHERE (world, key) > (?1, ?2) ORDER BY world, key LIMIT ?3",
            params![from.0, from.1, at_most],
        )?;
        for (world, key, number) in sorted.iter().filter(|row| row.2.0 < cutoff) {
            let delete = "DELETE FROM idempotency WHERE world = ?1 AND key = ?2";
            db.prepare_cached(delete)?.execute(params![world, key])?;
            forget_answer(db, *world, number)?;
        }
        let full = sorted.len() as i64 == at_most;
        Ok(sorted.into_iter().next_back().filter(|_| full).map(|(world, key, _)| (world, key)))
    }
}

struct Found {
    fingerprint: [u8; 16],
    number: Number,
    request_id: String,
    row: Option<books::RowKey>,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    let shown = match (row.get(3)?, row.get(4)?) {
        (Some(Num(customer)), Some(Num(number))) => Some(books::RowKey { customer, number }),
        _ => None,
    };
    let Num(number) = row.get(1)?;
    Ok(Found { fingerprint: row.get(0)?, number, request_id: row.get(2)?, row: shown })
}

fn rows(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<(i64, Vec<u8>, Num)>> {
    let mut select = db.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    Ok(select.query_map(params, read)?.collect::<std::result::Result<_, _>>()?)
}

fn answer(db: &Connection, world: World, number: Number) -> Result<Kept> {
    let mut select =
        db.prepare_cached("SELECT status, body FROM answer WHERE world = ?1 AND number = ?2")?;
    let kept = select
        .query_row(params![world.0, Num(number)], |row| {
            Ok(Kept::Bytes { status: row.get(0)?, body: row.get(1)? })
        })
        .optional()?;
    kept.ok_or_else(|| StoreError::Corrupt("the answer to an idempotency key is gone".into()))
}

fn forget_answer(db: &Connection, world: i64, number: &Num) -> Result<()> {
    let delete = "DELETE FROM answer WHERE world = ?1 AND number = ?2";
    db.prepare_cached(delete)?.execute(params![world, number])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses `count` keys in batches of 16 and checks after each batch that every key is found.
    #[test]
    fn every_key_is_found_wherever_it_is() {
        let store = SqliteDb(Connection::open_in_memory().unwrap());
        crate::migrations::migrate(&store, &crate::migrations::SQLITE).unwrap();
        let db = &store.0;
        let mut keys = Keys::with_max(db, 40).unwrap();
        let key = |n: i64| {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&(n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
            key
        };
        let kept = |n: i64| {
            Kept::CashTransaction(books::RowKey { customer: Number(1), number: Number(n) })
        };
        for batch in 0..40 {
            let mut step = Step::default();
            for n in batch * 16 + 1..=batch * 16 + 16 {
                let used = Idempotency {
                    key: key(n),
                    fingerprint: [1; 16],
                    request_id: format!("req_{n}"),
                };
                keys.append(&store, (World(1), &used, Number(n)), &kept(n), &mut step).unwrap();
            }
            keys.advance(db, &mut step).unwrap();
            keys.committed(step);
            assert!(keys.recent.len() <= 40 + 16, "{}", keys.recent.len());
            if batch % 7 == 0 {
                keys = Keys::with_max(db, 40).unwrap();
            }
            for n in 1..=batch * 16 + 16 {
                let found = keys.find(db, (World(1), key(n)), Number(0)).unwrap();
                assert_eq!(found.map(|used| used.kept), Some(kept(n)), "key {n}, batch {batch}");
            }
            assert!(keys.find(db, (World(2), key(1)), Number(0)).unwrap().is_none());
        }
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let appended = count("SELECT count(*) FROM recent_key");
        assert!(appended < 300, "rows that were passed are removed, {appended} are left");
        let twice = "SELECT count(*) FROM idempotency JOIN recent_key USING (number)";
        assert!(count(twice) > 0, "some keys are in both tables");
        let oldest = "SELECT min(number) FROM recent_key";
        let cutoff = Number(count(oldest) + 100);
        let of_recent = format!(
            "SELECT count(*) FROM idempotency WHERE number BETWEEN {} AND {}",
            count(oldest),
            cutoff.0 - 1
        );
        keys.prune(db, (i64::MAX, vec![]), cutoff, 10_000).unwrap();
        assert_eq!(count(&of_recent), 0, "a key that is forgotten is forgotten in both tables");
        keys.prune(db, (0, vec![]), Number(400), 10_000).unwrap();
        assert!(keys.find(db, (World(1), key(399)), Number(0)).unwrap().is_none());
        assert!(keys.find(db, (World(1), key(400)), Number(0)).unwrap().is_some());
        assert!(keys.find(db, (World(1), key(401)), Number(402)).unwrap().is_none());
    }
}
