//! Lots: money that came into cash balances, by age. The journal itself is their list.

use books::id::{Number, RowKey};
use books::timer::{Look, Lot};
use books::{Timestamp, World};

use super::Reader;
use crate::db::{all, one, values};
use crate::error::Result;

/// Kinds of entries that bring new money into a cash balance: each is a lot, whose age counts.
const CREDITS: &str = "('funded', 'refunded_from_payment')";

impl Reader {
    /// Lots that a look is due for and that were not looked at, oldest first; and the number up
    /// to which everything that is due is among them, to be noted when they are done with.
    pub fn lots_due(
        &self,
        world: World,
        look: Look,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Lot>, Option<Number>)> {
        let (looked, newest) = (self.looked(world, look)?, Lot::newest_due(look, now));
        let lots = self.lots(world, (looked, newest), limit)?;
        let upto = match lots.last() {
            Some(last) if lots.len() == limit => Some(last.key.number),
            Some(_) => Some(newest),
            // Noting that there was nothing costs a write, so that is done now and then only.
            None => {
                let sql = "SELECT number FROM entry WHERE world = ?1 AND number > ?2
                           AND number <= ?3 ORDER BY number LIMIT 1 OFFSET 1000";
                let at = &values![world, looked, newest];
                one(self.db()?, sql, at, |_| Ok(newest))?
            }
        };
        Ok((lots, upto))
    }

    /// When the next look of a kind is due in a world.
    pub fn next_lot(&self, world: World, look: Look) -> Result<Option<Timestamp>> {
        let lots = self.lots(world, (self.looked(world, look)?, Number(i64::MAX)), 1)?;
        Ok(lots.first().map(|lot| lot.due(look)))
    }

    fn looked(&self, world: World, look: Look) -> Result<Number> {
        let sql = "SELECT number FROM looked WHERE world = ?1 AND days = ?2";
        let at = &values![world, look.days()];
        let found = one(self.db()?, sql, at, |row| row.number(0))?;
        Ok(found.unwrap_or_default())
    }

    fn lots(
        &self,
        world: World,
        (after, upto): (Number, Number),
        limit: usize,
    ) -> Result<Vec<Lot>> {
        let sql = format!(
            "SELECT e.number, p.owner, p.currency, -p.amount FROM entry e
             JOIN posting p ON p.world = e.world AND p.entry = e.number AND p.account = 2
             WHERE e.world = ?1 AND e.number > ?2 AND e.number <= ?3 AND e.kind IN {CREDITS}
             ORDER BY e.number LIMIT ?4"
        );
        let at = &values![world, after, upto, limit];
        all(self.db()?, &sql, at, |row| {
            let key = RowKey { number: row.number(0)?, customer: row.number(1)? };
            Ok(Lot { key, currency: row.currency(2)?, amount: row.int(3)? })
        })
    }
}
