//! The reading side: small snapshots that never wait for the lane.
//!
//! A connection keeps its snapshot open from one read to the next for as long as it is not old:
//! until the lane commits again, and for [`HOLD_MAX`] at the most, so that what other processes
//! write is seen soon and the log can start over.
//!
//! Each method reads one thing; every list is bounded by its [`Window`] and reads only the rows it
//! returns, along the primary key or one named index.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction};
use books::customer::{Customer, Standing};
use books::event::Event;
use books::id::{Number, RowKey};
use books::journal::Account;
use books::{Currency, Purse, World};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::de::DeserializeOwned;

use crate::admin::{self, ApiKey};
use crate::error::{Result, StoreError};
use crate::purses::{Purses, is_running};
use crate::rows::{self, BALANCE_COLUMNS, CASH_COLUMNS, Cur, EVENT_COLUMNS, Num};
use crate::sqlite::{Access, connect};

/// How long a snapshot is used again while this process commits nothing.
pub const HOLD_MAX: Duration = Duration::from_millis(10);

/// A fixed set of reading connections.
pub struct Readers {
    path: PathBuf,
    purses: Arc<Purses>,
    slots: Vec<Mutex<Option<Reader>>>,
    next: AtomicUsize,
}

impl Readers {
    /// Opens `count` connections. `purses` is the lane's.
    pub fn open(path: PathBuf, count: usize, purses: Arc<Purses>) -> Result<Readers> {
        let open = |_| Reader::open(&path, purses.clone()).map(|reader| Mutex::new(Some(reader)));
        let slots = (0..count.max(1)).map(open).collect::<Result<Vec<_>>>()?;
        Ok(Readers { path, purses, slots, next: AtomicUsize::new(0) })
    }

    /// Runs `with` on one snapshot of the database. Takes a free connection; where all are busy
    /// it waits for one. A connection that met an error is opened anew.
    pub fn snapshot<T>(&self, with: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let free = (0..self.slots.len())
            .find_map(|step| self.slots[(start + step) % self.slots.len()].try_lock().ok());
        let mut slot = match free {
            Some(slot) => slot,
            None => self.slots[start].lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
        };
        let reader = match slot.take() {
            Some(reader) => reader,
            None => Reader::open(&self.path, self.purses.clone())?,
        };
        let result = reader.let_go_if_old().and_then(|()| with(&reader));
        if result.is_ok() {
            *slot = Some(reader);
        }
        result
    }

    /// Lets go of snapshots that are old and that nobody uses. To be called now and then.
    pub fn release(&self) {
        for slot in &self.slots {
            let Ok(mut slot) = slot.try_lock() else { continue };
            if slot.as_ref().is_some_and(|reader| reader.let_go_if_old().is_err()) {
                *slot = None;
            }
        }
    }
}

/// A connection that reads, all of it from one snapshot, which begins with the first read.
pub struct Reader {
    db: Connection,
    purses: Arc<Purses>,
    /// When the open snapshot began, and how many commits there had been.
    began: Cell<Option<(Instant, u64)>>,
}

/// Which rows of a list: those with numbers strictly between two bounds, from one end.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Only rows with larger numbers.
    pub above: Number,
    /// Only rows with smaller numbers.
    pub below: Number,
    /// Take the oldest rows of the window rather than the newest; they come newest first anyway.
    pub from_oldest: bool,
    /// At most so many.
    pub limit: usize,
}

impl Window {
    /// The newest rows of all.
    pub fn newest(limit: usize) -> Window {
        Window { above: Number(-1), below: Number(i64::MAX), from_oldest: false, limit }
    }
}

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more in the direction of reading.
    pub has_more: bool,
}

/// Filters of the list of balance transactions.
#[derive(Clone, Debug, Default)]
pub struct BalanceFilter {
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only those paid out by this automatic payout.
    pub payout: Option<String>,
    /// Only those caused by this object.
    pub source: Option<String>,
    /// Only this type.
    pub type_name: Option<String>,
}

impl Reader {
    fn open(path: &Path, purses: Arc<Purses>) -> Result<Reader> {
        Ok(Reader { db: connect(path, Access::Read)?, purses, began: Cell::new(None) })
    }

    /// The connection, with a snapshot that has everything that was committed when it began.
    fn db(&self) -> Result<&Connection> {
        if self.began.get().is_none() {
            let commits = self.purses.commits();
            self.db.prepare_cached("BEGIN")?.execute([])?;
            self.began.set(Some((Instant::now(), commits)));
        }
        Ok(&self.db)
    }

    fn let_go_if_old(&self) -> Result<()> {
        let Some((at, commits)) = self.began.get() else { return Ok(()) };
        let old = is_running(commits) || commits != self.purses.commits();
        match old || at.elapsed() > HOLD_MAX {
            true => self.let_go(),
            false => Ok(()),
        }
    }

    fn let_go(&self) -> Result<()> {
        if self.began.take().is_some() {
            self.db.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }

    /// A customer's purse: from memory where it is at hand, else from the snapshot.
    pub fn purse(&self, world: World, customer: Number) -> Result<Option<Purse>> {
        if let Some(purse) = self.purses.get(world, customer) {
            return Ok(Some(purse));
        }
        let found = purse(self.db()?, world, customer)?;
        if let (Some(purse), Some((_, commits))) = (&found, self.began.get()) {
            self.purses.add(world, purse, commits);
        }
        Ok(found)
    }

    /// A customer, deleted ones included.
    pub fn customer(&self, world: World, number: Number) -> Result<Option<Customer>> {
        document(self.db()?, world, number)
    }

    /// Customers that are not deleted.
    pub fn customers(
        &self,
        world: World,
        email: Option<&str>,
        window: Window,
    ) -> Result<Page<Customer>> {
        let filter = match email {
            Some(_) => "email = ?4 AND deleted = 0",
            None => "?4 IS NULL AND deleted = 0",
        };
        self.page("customer", "data", filter, (world, window, email), |row| {
            Ok(serde_json::from_str(&row.get::<_, String>(0)?)?)
        })
    }

    /// One cash balance transaction.
    pub fn cash_transaction(&self, world: World, key: RowKey) -> Result<Option<CashTransaction>> {
        let sql = format!(
            "SELECT {CASH_COLUMNS} FROM cash_transaction
             WHERE world = ?1 AND customer = ?2 AND number = ?3"
        );
        let key_params = params![world.0, Num(key.customer), Num(key.number)];
        self.one(&sql, key_params, |row| rows::cash_transaction(row, key.customer))
    }

    /// The cash balance transactions of a customer, of all currencies.
    pub fn cash_transactions(
        &self,
        world: World,
        customer: Number,
        window: Window,
    ) -> Result<Page<CashTransaction>> {
        let at = (world, window, customer.0);
        self.page("cash_transaction", CASH_COLUMNS, "customer = ?4", at, |row| {
            rows::cash_transaction(row, customer)
        })
    }

    /// One event.
    pub fn event(&self, world: World, number: Number) -> Result<Option<Event>> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE world = ?1 AND number = ?2");
        self.one(&sql, params![world.0, Num(number)], rows::event)
    }

    /// Events of all types.
    pub fn events(&self, world: World, window: Window) -> Result<Page<Event>> {
        let at = (world, window, None::<i64>);
        self.page("event", EVENT_COLUMNS, "?4 IS NULL", at, rows::event)
    }

    /// One balance transaction.
    pub fn balance_transaction(
        &self,
        world: World,
        number: Number,
    ) -> Result<Option<BalanceTransaction>> {
        let sql = format!(
            "SELECT {BALANCE_COLUMNS} FROM balance_transaction WHERE world = ?1 AND number = ?2"
        );
        self.one(&sql, params![world.0, Num(number)], rows::balance_transaction)
    }

    /// Balance transactions that pass a filter.
    pub fn balance_transactions(
        &self,
        world: World,
        filter: &BalanceFilter,
        window: Window,
    ) -> Result<Page<BalanceTransaction>> {
        let wanted = [
            ("currency", filter.currency.map(|currency| currency.to_string())),
            ("payout", filter.payout.clone()),
            ("source", filter.source.clone()),
            ("type", filter.type_name.clone()),
        ];
        let wanted: serde_json::Map<_, _> = wanted
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
            .collect();
        let mut sql = String::from("?4 IS NOT NULL");
        for name in wanted.keys() {
            sql += &format!(" AND {name} = ?4 ->> '$.{name}'");
        }
        let at = (world, window, serde_json::Value::from(wanted).to_string());
        self.page("balance_transaction", BALANCE_COLUMNS, &sql, at, rows::balance_transaction)
    }

    /// The API key with this hash, revoked or not, as it is at this moment: keys are made and
    /// revoked by other processes, so this looks at a new snapshot.
    pub fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        self.let_go()?;
        admin::find_key(self.db()?, hash)
    }

    /// The house accounts, each summed over its lanes.
    pub fn house_balances(&self, world: World) -> Result<Vec<(Account, Currency, i64)>> {
        let mut select = self.db()?.prepare_cached(
            "SELECT account, currency, sum(amount) FROM house_balance WHERE world = ?1
             GROUP BY account, currency ORDER BY account, currency",
        )?;
        let mut found = select.query([world.0])?;
        let mut balances = Vec::new();
        while let Some(row) = found.next()? {
            let code: i64 = row.get(0)?;
            let account = Account::from_code(code, Number(0))
                .ok_or_else(|| StoreError::Corrupt(format!("no account has the code {code}")))?;
            balances.push((account, row.get::<_, Cur>(1)?.0, row.get(2)?));
        }
        Ok(balances)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut select = self.db()?.prepare_cached(sql)?;
        let mut rows = select.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// Reads one row more than the page holds, to know whether there are more. `filter` may use
    /// `?4`, the third part of `at`.
    fn page<T>(
        &self,
        table: &str,
        columns: &str,
        filter: &str,
        at: (World, Window, impl rusqlite::ToSql),
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let (world, window, argument) = at;
        let order = if window.from_oldest { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT {columns} FROM {table}
             WHERE world = ?1 AND number > ?2 AND number < ?3 AND {filter}
             ORDER BY number {order} LIMIT ?5"
        );
        let mut select = self.db()?.prepare_cached(&sql)?;
        let mut found = select.query(params![
            world.0,
            Num(window.above),
            Num(window.below),
            argument,
            window.limit as i64 + 1
        ])?;
        let mut rows = Vec::with_capacity(window.limit + 1);
        while let Some(row) = found.next()? {
            rows.push(read(row)?);
        }
        let has_more = rows.len() > window.limit;
        rows.truncate(window.limit);
        if window.from_oldest {
            rows.reverse();
        }
        Ok(Page { rows, has_more })
    }
}

pub(crate) fn purse(db: &Connection, world: World, number: Number) -> Result<Option<Purse>> {
    // Three fields of the document are read, the rest is skipped.
    let Some(standing) = document::<Standing>(db, world, number)? else { return Ok(None) };
    Ok(Some(Purse { standing, available: available(db, world, number)? }))
}

pub(crate) fn document<T: DeserializeOwned>(
    db: &Connection,
    world: World,
    number: Number,
) -> Result<Option<T>> {
    let mut select =
        db.prepare_cached("SELECT data FROM customer WHERE world = ?1 AND number = ?2")?;
    let mut rows = select.query(params![world.0, Num(number)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let text = row.get_ref(0)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(Some(serde_json::from_str(text)?))
}

fn available(db: &Connection, world: World, customer: Number) -> Result<Balances> {
    let mut select = db.prepare_cached(
        "SELECT currency, ending_balance, others FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 ORDER BY number DESC LIMIT 1",
    )?;
    let newest = select
        .query_row(params![world.0, Num(customer)], |row| {
            Ok((row.get::<_, Cur>(0)?.0, row.get(1)?, row.get::<_, Option<String>>(2)?))
        })
        .optional()?;
    let Some((currency, amount, others)) = newest else {
        return Ok(Balances::default());
    };
    let mut balances = Balances::from_text(others.as_deref())?;
    balances.0.insert(currency, amount);
    Ok(balances)
}
