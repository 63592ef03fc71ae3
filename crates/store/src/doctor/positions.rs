//! Where money stands and stood, held against the journal and the cash balances: all of it is
//! counted anew, in the way in which the migrations counted it for older databases.

use books::audit::Auditor;

use super::breaks;
use crate::db::{Db, Row};
use crate::error::Result;

const DAYS: &str = "SELECT world, account, currency, lane, day,
       CAST(sum(sum(amount)) OVER (
           PARTITION BY world, account, currency, lane ORDER BY day) AS BIGINT)
FROM (SELECT world, account, currency, amount, (entry >> 14) & 255 AS lane,
             (entry >> 22) / 86400000 + 18262 AS day
      FROM posting) AS p
GROUP BY world, account, currency, lane, day";

const IDLE: &str = "SELECT world, customer, currency, rose
FROM (SELECT world, customer, currency,
             max(CASE WHEN ending_balance > 0 AND ending_balance - net_amount <= 0
                 THEN number END) AS rose,
             max(CASE WHEN ending_balance <= 0 THEN number END) AS emptied
      FROM cash_transaction
      GROUP BY world, customer, currency) AS p
WHERE rose > coalesce(emptied, 0)";

/// Counts both anew.
pub(super) fn positions(db: &dyn Db, auditor: &mut Auditor) -> Result<()> {
    let days = format!(
        "WITH counted (world, account, currency, lane, day, amount) AS ({DAYS})
         SELECT world, account, day FROM counted c
         FULL JOIN day_balance d USING (world, account, currency, lane, day)
         WHERE c.amount IS DISTINCT FROM d.amount"
    );
    breaks(db, auditor, "the balances of days equal the journal", &days, |row: &dyn Row| {
        let (world, account, day) = (row.int(0)?, row.int(1)?, row.int(2)?);
        Ok(format!("account {account} on day {day} in world {world}"))
    })?;
    let idle = format!(
        "WITH counted (world, customer, currency, since) AS ({IDLE})
         SELECT world, customer FROM counted c
         FULL JOIN idle_purse i USING (world, customer, currency)
         WHERE c.since IS DISTINCT FROM i.since"
    );
    let invariant = "purses that hold cash are noted with their age";
    breaks(db, auditor, invariant, &idle, |row: &dyn Row| {
        Ok(format!("customer {} in world {}", row.int(1)?, row.int(0)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_count_as_the_doctor_does() {
        for migration in [
            include_str!("../../migrations/sqlite/0006_balances_over_time.sql"),
            include_str!("../../migrations/postgres/0003_balances_over_time.sql"),
        ] {
            assert!(migration.contains(&format!("{DAYS};")), "{migration}");
            assert!(migration.contains(&format!("{IDLE};")), "{migration}");
        }
    }
}
