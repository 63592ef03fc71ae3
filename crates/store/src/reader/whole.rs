//! What somebody needs who reads the whole journal in small steps while others write: where it
//! ends, what the accounts of the house held there, and whose accounts there are.

use books::id::Number;
use books::journal::Account;
use books::{Currency, World};

use super::Reader;
use crate::db::{all, one, values};
use crate::error::Result;
use crate::lookup;
use crate::rows;

/// Where the journal of a world ends at a moment.
#[derive(Clone, Debug)]
pub struct JournalEnd {
    /// The number of the last entry; nothing up to there can still be committed.
    pub last: Number,
    /// How many entries there are.
    pub entries: i64,
    /// What the accounts of the house hold after that entry.
    pub house: Vec<(Account, Currency, i64)>,
}

impl Reader {
    /// Where the journal ends, in one snapshot.
    pub fn journal_end(&self, world: World) -> Result<JournalEnd> {
        let db = self.db()?;
        let sql = "SELECT number FROM entry WHERE world = ?1 AND number <= ?2
                   ORDER BY number DESC LIMIT 1";
        let last = one(db, sql, &values![world, self.snapshots.horizon()?], |row| row.number(0))?;
        let last = last.unwrap_or_default();
        let sql = "SELECT CAST(coalesce(sum(length), 0) AS BIGINT) FROM chain WHERE world = ?1";
        let entries = one(db, sql, &values![world], |row| row.int(0))?.unwrap_or_default();
        let mut house = lookup::house_balances(db, world)?;
        // Other lanes may be ahead of the horizon: what they booked there comes after the end.
        let sql = "SELECT account, owner, currency, amount FROM posting
                   WHERE world = ?1 AND entry > ?2";
        for young in all(db, sql, &values![world, last], |row| rows::posting(row, 0))? {
            let of_it = |(account, currency, _): &&mut (Account, Currency, i64)| {
                (*account, *currency) == (young.account, young.currency)
            };
            if let Some((_, _, balance)) = house.iter_mut().find(of_it) {
                *balance = balance.saturating_sub(young.amount_minor);
            }
        }
        Ok(JournalEnd { last, entries, house })
    }

    /// The numbers of customers, deleted ones included, between two (the second included), oldest
    /// first.
    pub fn customer_numbers(
        &self,
        world: World,
        (after, upto): (Number, Number),
        limit: usize,
    ) -> Result<Vec<Number>> {
        let sql = "SELECT number FROM customer WHERE world = ?1 AND number > ?2 AND number <= ?3
                   ORDER BY number LIMIT ?4";
        all(self.db()?, sql, &values![world, after, upto, limit], |row| row.number(0))
    }
}
