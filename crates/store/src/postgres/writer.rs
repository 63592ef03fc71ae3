//! The writing side of PostgreSQL.

use std::time::{Duration, Instant};

use books::RowKey;
use books::id::{Number, Numbers};

use super::address::Address;
use super::connection::{Ask, PgDb};
use super::leases::{self, RENEW_EVERY};
use super::rows::Sheets;
use crate::changes::{self, Writes};
use crate::db::{Db, Row, one, values};
use crate::error::{Result, StoreError};
use crate::job::{Kept, Used};
use crate::rows;
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
        let db = PgDb::own(address)?;
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
        let connected = PgDb::own(&self.address).and_then(|db| {
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

/// Locks the customers of a batch, in order.
const LOCK_CUSTOMERS: &str = "SELECT c.world, c.number, c.data FROM customer c
    JOIN unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
        ON c.world = k.world AND c.number = k.number
    ORDER BY c.world, c.number FOR UPDATE OF c";

/// Locks the worlds of commands that are about an account itself.
const LOCK_WORLDS: &str =
    "SELECT world FROM world WHERE world = ANY(?1::bigint[]) ORDER BY world FOR UPDATE";

const LOAD_BALANCES: &str = "SELECT t.currency, t.ending_balance, t.others, k.world, k.number
    FROM unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
    CROSS JOIN LATERAL (SELECT currency, ending_balance, others FROM cash_transaction
        WHERE world = k.world AND customer = k.number ORDER BY number DESC LIMIT 1) t";

const LOAD_PAYABLES: &str = "SELECT p.intent, p.currency, p.remaining, p.since, p.invoice, p.until,
        p.world, p.customer
    FROM unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
    JOIN payable p ON p.world = k.world AND p.customer = k.number";

/// Timers that are there still; nobody else is done with them before this batch is over.
const LOCK_TIMERS: &str = "SELECT t.due, t.world, t.number, t.kind, t.customer FROM timer t
    JOIN unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::bigint[], ?5::text[])
        AS k(world, due, number, customer, kind)
        ON t.world = k.world AND t.due = k.due AND t.number = k.number
            AND t.customer = k.customer AND t.kind = k.kind
    ORDER BY t.world, t.due, t.number, t.customer, t.kind FOR UPDATE OF t";

const LOAD_KEYS: &str = "SELECT i.world, i.key, i.fingerprint, i.request_id, i.customer, i.row,
        a.status, a.body
    FROM unnest(?1::bigint[], ?2::bytea[]) AS k(world, key)
    JOIN idempotency i ON i.world = k.world AND i.key = k.key AND i.number >= ?3
    LEFT JOIN answer a ON a.world = i.world AND a.number = i.number";

/// Each statement sees what was committed before it, whatever the database's own default is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Up to which number the lane has committed. Nobody raises that before this batch is over.
const LOAD_LAST: &str = "SELECT last_number FROM lane WHERE lane = ?1 AND epoch = ?2 FOR UPDATE";

/// Says up to which number the lane has committed, if it is still ours.
const SAVE_LAST: &str = "UPDATE lane SET last_number = ?1
    WHERE lane = ?2 AND epoch = ?3 AND last_number = ?4";

impl Writer for PgWriter {
    fn numbers(&self) -> Result<Numbers> {
        Ok(Numbers::after(self.lane, self.kept_last()?))
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
        let (worlds, customers): (Vec<i64>, Vec<i64>) =
            set.purses.keys().map(|(world, customer)| (world.0, customer.0)).unzip();
        let accounts: Vec<i64> = set.accounts.iter().map(|world| world.0).collect();
        let (key_worlds, keys): (Vec<i64>, Vec<&[u8]>) =
            set.used.keys().map(|(world, key)| (world.0, key.as_slice())).unzip();
        // What is locked comes first, so that the others see what was committed by then.
        let (mut timer_worlds, mut dues, mut numbers_due, mut owners, mut kinds) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (world, timer) in set.timers.keys() {
            timer_worlds.push(world.0);
            dues.push(timer.due.0);
            numbers_due.push(timer.key.number.0);
            owners.push(timer.key.customer.0);
            kinds.push(timer.kind.as_str());
        }
        let at = |sql| Ask { sql, values: vec![&worlds, &customers] };
        let lane = Ask { sql: LOAD_LAST, values: vec![&self.lane, &self.epoch] };
        let asks = [
            Ask { sql: LOCK_WORLDS, values: vec![&accounts] },
            at(LOCK_CUSTOMERS),
            Ask {
                sql: LOCK_TIMERS,
                values: vec![&timer_worlds, &dues, &numbers_due, &owners, &kinds],
            },
            at(LOAD_BALANCES),
            at(LOAD_PAYABLES),
            Ask { sql: LOAD_KEYS, values: vec![&key_worlds, &keys, &cutoff.0] },
            lane,
        ];
        self.is_open = true;
        let answers = self.db.together(Some(BEGIN), &asks)?;
        let [_, locked, timers, balances, payables, used, last] = answers.as_slice() else {
            return Err(StoreError::Other("an answer is missing".into()));
        };
        fn each(rows: &[tokio_postgres::Row]) -> impl Iterator<Item = &dyn Row> {
            rows.iter().map(|row| row as &dyn Row)
        }
        for row in each(&locked.0) {
            set.customer_was_read((row.world(0)?, row.number(1)?), row.text(2)?)?;
        }
        set.timers.values_mut().for_each(|is_there| *is_there = Some(false));
        for row in each(&timers.0) {
            set.timers.insert(rows::timer(row)?, Some(true));
        }
        for row in each(&balances.0) {
            if let Some(Some(purse)) = set.purses.get_mut(&(row.world(3)?, row.number(4)?)) {
                purse.available = rows::balances(row)?;
            }
        }
        set.payables = set.purses.keys().map(|key| (*key, Vec::new())).collect();
        for row in each(&payables.0) {
            let key = (row.world(6)?, row.number(7)?);
            set.payables.entry(key).or_default().push(rows::payable(row)?);
        }
        for row in each(&used.0) {
            let key = (row.world(0)?, row.array(1)?);
            set.used.insert(key, Some(read_used(row)?));
        }
        let last = each(&last.0).next().ok_or_else(|| self.is_lost())?.number(0)?;
        self.last = last;
        match numbers.lane() == self.lane && numbers.last() >= last {
            true => Ok(()),
            false => {
                *numbers = Numbers::after(self.lane, last);
                Ok(())
            }
        }
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
        for ((world, account, currency), amount) in &batch.house {
            let code = account.code().0;
            let row = values![*world, code, currency.as_str(), self.lane, *amount];
            sheets.put(&tables::HOUSE_BALANCE, row)?;
        }
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
        for sheet in &sheets.0 {
            statements.extend(sheet.delete().map(|(sql, arrays)| (sql, arrays, None)));
        }
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
        let mut asks: Vec<Ask<'_>> = statements
            .iter()
            .map(|(sql, arrays, _)| Ask { sql, values: arrays.iter().map(|a| a.value()).collect() })
            .collect();
        if let Some(at) = cutoff {
            asks[at].values.push(&self.cutoff.0);
        }
        asks.push(Ask {
            sql: SAVE_LAST,
            values: vec![&newest.0, &self.lane, &self.epoch, &self.last.0],
        });
        let answers = self.db.together(None, &asks)?;
        let wanted = statements.iter().map(|(_, _, wanted)| *wanted).chain([Some(1)]);
        for ((_, touched), wanted) in answers.iter().zip(wanted) {
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

fn read_used(row: &dyn Row) -> Result<Used> {
    let shown: Option<RowKey> = rows::row_key(row.opt_number(4)?, row.opt_number(5)?);
    let kept = match (shown, row.opt_int(6)?) {
        (Some(key), _) => Kept::CashTransaction(key),
        (None, Some(status)) => Kept::Bytes {
            status: u16::try_from(status)
                .map_err(|_| StoreError::Corrupt("a status is out of range".into()))?,
            body: row.bytes(7)?.to_owned(),
        },
        (None, None) => {
            return Err(StoreError::Corrupt("the answer to an idempotency key is gone".into()));
        }
    };
    Ok(Used { fingerprint: row.array(2)?, request_id: row.text(3)?.to_owned(), kept })
}
