//! Forgetting events, and the attempts to tell of them, that nobody can see any more.

use books::{Number, Timestamp, World};
use rusqlite::{Connection, params};

use crate::error::Result;
use crate::lookup;
use crate::rows::Num;

/// Events that are forgotten in one step, at most.
const ROWS_MAX: i64 = 1000;

/// The number that an event must have at least to be kept at `now`.
pub(crate) fn cutoff(now: Timestamp) -> Number {
    let days = books::webhook::RETENTION_DAYS;
    Number::first_at(Timestamp(now.0 - days * books::timer::DAY_S))
}

/// Forgets what is old in the world after one, in steps. Gives the world to go on after.
pub(crate) fn forget(db: &Connection, after: World, cutoff: Number) -> Result<World> {
    let sql = "SELECT world FROM world WHERE world > ?1 ORDER BY world LIMIT 1";
    let Some(world) = lookup::one(db, sql, [after.0], |row| Ok(World(row.get(0)?)))? else {
        return Ok(World(0));
    };
    let delete = |table: &str, key: &str| -> Result<usize> {
        let sql = format!(
            "DELETE FROM {table} WHERE world = ?1 AND {key} <= (SELECT max({key}) FROM
                 (SELECT {key} FROM {table} WHERE world = ?1 AND {key} < ?2
                  ORDER BY {key} LIMIT ?3))"
        );
        Ok(db.prepare_cached(&sql)?.execute(params![world.0, Num(cutoff), ROWS_MAX])?)
    };
    let attempts = delete("delivery_attempt", "event")?;
    let events = delete("event", "number")?;
    if events > 0 {
        let mut upsert = db.prepare_cached(
            "INSERT INTO forgotten (world, number) VALUES (?1, ?2)
             ON CONFLICT (world) DO UPDATE SET number = max(number, excluded.number)",
        )?;
        upsert.execute(params![world.0, Num(cutoff)])?;
    }
    // Where there may be more, the next step begins with the same world.
    let more = attempts.max(events) as i64 >= ROWS_MAX;
    Ok(if more { after } else { world })
}
