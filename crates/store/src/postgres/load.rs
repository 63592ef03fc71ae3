//! What a batch needs, locked and loaded in one round trip.

use books::RowKey;
use books::id::Number;
use tokio_postgres::Row as PgRow;

use super::connection::{Ask, PgDb};
use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::job::{Kept, Used};
use crate::rows;
use crate::working_set::WorkingSet;

// Each of these looks the rows of its keys up one by one, in the order of the keys, whatever the
// database believes about the size of its tables: that is what `LATERAL` with a lock or an `OFFSET`
// is for.

/// Locks the customers of a batch, in order.
const LOCK_CUSTOMERS: &str = "SELECT c.world, c.number, c.data
    FROM unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
    CROSS JOIN LATERAL (SELECT world, number, data FROM customer
        WHERE world = k.world AND number = k.number FOR UPDATE) c";

/// Locks the worlds of commands that are about an account itself.
const LOCK_WORLDS: &str =
    "SELECT world FROM world WHERE world = ANY(?1::bigint[]) ORDER BY world FOR UPDATE";

const LOAD_BALANCES: &str = "SELECT t.currency, t.ending_balance, t.others, k.world, k.number
    FROM unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
    CROSS JOIN LATERAL (SELECT currency, ending_balance, others FROM cash_transaction
        WHERE world = k.world AND customer = k.number ORDER BY number DESC LIMIT 1) t";

const LOAD_PAYABLES: &str = "SELECT p.intent, p.currency, p.remaining, p.since, p.invoice, p.until,
        k.world, k.number
    FROM unnest(?1::bigint[], ?2::bigint[]) AS k(world, number)
    CROSS JOIN LATERAL (SELECT intent, currency, remaining, since, invoice, until FROM payable
        WHERE world = k.world AND customer = k.number OFFSET 0) p";

/// Timers that are there still; nobody else is done with them before this batch is over.
const LOCK_TIMERS: &str = "SELECT t.due, t.world, t.number, t.kind, t.customer
    FROM unnest(?1::bigint[], ?2::bigint[], ?3::bigint[], ?4::bigint[], ?5::text[])
        AS k(world, due, number, customer, kind)
    CROSS JOIN LATERAL (SELECT due, world, number, kind, customer FROM timer
        WHERE world = k.world AND due = k.due AND number = k.number AND customer = k.customer
            AND kind = k.kind FOR UPDATE) t";

const LOAD_KEYS: &str = "SELECT k.world, k.key, i.fingerprint, i.request_id, i.customer, i.row,
        a.status, a.body
    FROM unnest(?1::bigint[], ?2::bytea[]) AS k(world, key)
    CROSS JOIN LATERAL (SELECT fingerprint, number, request_id, customer, row FROM idempotency
        WHERE world = k.world AND key = k.key AND number >= ?3 OFFSET 0) i
    LEFT JOIN LATERAL (SELECT status, body FROM answer
        WHERE world = k.world AND number = i.number OFFSET 0) a ON true";

/// Each statement sees what was committed before it, whatever the database's own default is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Up to which number the lane has committed, which nobody raises before this batch is over; and
/// how far any lane is. Asked after the locks, so that what a batch can see is older than what it
/// writes, whatever the clocks say.
const LOAD_LAST: &str = "SELECT last_number, (SELECT max(last_number) FROM lane) FROM lane
    WHERE lane = ?1 AND epoch = ?2 FOR UPDATE";

/// Where the lane may go on.
pub(super) struct GoOn {
    /// After the last number that it committed.
    pub(super) last: Number,
    /// And after what the others did, whose clocks may be ahead: the newest transaction of a
    /// customer is that with the largest number, and an endpoint is told of what came after it.
    pub(super) newest: Number,
}

/// Begins a transaction, locks what the commands of a batch are about and fills the set. Nothing
/// comes back where the lane is somebody else's by now.
pub(super) fn load(
    db: &PgDb,
    set: &mut WorkingSet,
    cutoff: Number,
    (lane, epoch): (i64, i64),
) -> Result<Option<GoOn>> {
    let mut customers: Vec<_> = set.purses.keys().collect();
    customers.sort_unstable();
    let (worlds, customers): (Vec<i64>, Vec<i64>) =
        customers.into_iter().map(|(world, customer)| (world.0, customer.0)).unzip();
    let accounts: Vec<i64> = set.accounts.iter().map(|world| world.0).collect();
    let (key_worlds, keys): (Vec<i64>, Vec<&[u8]>) =
        set.used.keys().map(|(world, key)| (world.0, key.as_slice())).unzip();
    let timers = Timers::of(set);
    // What is locked comes first, so that the others see what was committed by then.
    let of_customers =
        |sql| Ask { sql, values: vec![&worlds, &customers], is_needed: !worlds.is_empty() };
    let asks = [
        Ask { sql: LOCK_WORLDS, values: vec![&accounts], is_needed: !accounts.is_empty() },
        of_customers(LOCK_CUSTOMERS),
        timers.ask(),
        of_customers(LOAD_BALANCES),
        of_customers(LOAD_PAYABLES),
        Ask {
            sql: LOAD_KEYS,
            values: vec![&key_worlds, &keys, &cutoff.0],
            is_needed: !keys.is_empty(),
        },
        Ask { sql: LOAD_LAST, values: vec![&lane, &epoch], is_needed: true },
    ];
    let answers = db.together(Some(BEGIN), &asks)?;
    let [_, customers, timers, balances, payables, used, last] = answers.as_slice() else {
        return Err(StoreError::Other("an answer is missing".into()));
    };
    for row in each(customers) {
        set.customer_was_read((row.world(0)?, row.number(1)?), row.text(2)?)?;
    }
    set.timers.values_mut().for_each(|is_there| *is_there = Some(false));
    for row in each(timers) {
        set.timers.insert(rows::timer(row)?, Some(true));
    }
    for row in each(balances) {
        if let Some(Some(purse)) = set.purses.get_mut(&(row.world(3)?, row.number(4)?)) {
            purse.available = rows::balances(row)?;
        }
    }
    set.payables = set.purses.keys().map(|key| (*key, Vec::new())).collect();
    for row in each(payables) {
        let key = (row.world(6)?, row.number(7)?);
        set.payables.entry(key).or_default().push(rows::payable(row)?);
    }
    for row in each(used) {
        set.used.insert((row.world(0)?, row.array(1)?), Some(read_used(row)?));
    }
    let go_on = |row: &dyn Row| Ok(GoOn { last: row.number(0)?, newest: row.number(1)? });
    each(last).next().map(go_on).transpose()
}

fn each((rows, _): &(Vec<PgRow>, u64)) -> impl Iterator<Item = &dyn Row> {
    rows.iter().map(|row| row as &dyn Row)
}

/// The timers of a batch, a column each.
#[derive(Default)]
struct Timers {
    worlds: Vec<i64>,
    dues: Vec<i64>,
    numbers: Vec<i64>,
    customers: Vec<i64>,
    kinds: Vec<&'static str>,
}

impl Timers {
    fn of(set: &WorkingSet) -> Timers {
        let mut columns = Timers::default();
        let mut timers: Vec<_> = set.timers.keys().collect();
        timers.sort_unstable();
        for (world, timer) in timers {
            columns.worlds.push(world.0);
            columns.dues.push(timer.due.0);
            columns.numbers.push(timer.key.number.0);
            columns.customers.push(timer.key.customer.0);
            columns.kinds.push(timer.kind.as_str());
        }
        columns
    }

    fn ask(&self) -> Ask<'_> {
        let Timers { worlds, dues, numbers, customers, kinds } = self;
        Ask {
            sql: LOCK_TIMERS,
            values: vec![worlds, dues, numbers, customers, kinds],
            is_needed: !worlds.is_empty(),
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
