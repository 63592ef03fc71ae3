//! Forgetting events, the attempts to tell of them, and notes of requests that moved nothing: what
//! nobody can see any more, or asks for.

use books::{Number, Timestamp, World};

use crate::db::{Db, one, values};
use crate::error::Result;
use crate::tables;

/// Events that are forgotten in one step, at most.
const ROWS_MAX: u64 = 1000;

/// The number that an event must have at least to be kept at `now`.
pub(crate) fn cutoff(now: Timestamp) -> Number {
    let days = books::webhook::RETENTION_DAYS;
    Number::first_at(Timestamp(now.0 - days * books::timer::DAY_S))
}

/// Forgets what is old in the world after one, in steps. Gives the world to go on after.
pub(crate) fn forget(db: &dyn Db, after: World, cutoff: Number) -> Result<World> {
    let sql = "SELECT world FROM world WHERE world > ?1 ORDER BY world LIMIT 1";
    let Some(world) = one(db, sql, &values![after], |row| row.world(0))? else {
        return Ok(World(0));
    };
    let delete = |table: &str, key: &str, which: &str| {
        let sql = format!(
            "DELETE FROM {table} WHERE world = ?1 AND {key} <= (SELECT max({key}) FROM
                 (SELECT {key} FROM {table} WHERE world = ?1 AND {key} < ?2 {which}
                  ORDER BY {key} LIMIT ?3) AS old) {which}"
        );
        db.execute(&sql, &values![world, cutoff, ROWS_MAX as i64])
    };
    let attempts = delete("delivery_attempt", "event", "")?;
    let events = delete("event", "number", "")?;
    let requests = delete("request", "number", "AND lasting = 0")?;
    if events > 0 {
        db.execute(tables::FORGOTTEN.insert(), &values![world, cutoff])?;
    }
    // Where there may be more, the next step begins with the same world.
    Ok(if attempts.max(events).max(requests) >= ROWS_MAX { after } else { world })
}
