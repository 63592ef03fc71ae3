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

use books::balance::{BalanceKind, BalanceTransaction};
use books::cash_balance::CashTransaction;
use books::customer::Customer;
use books::event::{Event, EventKind};
use books::funding::Instructions;
use books::id::{Kind, Number, RowKey};
use books::journal::{Account, Entry, Posting, Seal};
use books::timer::{Look, Lot, Timer};
use books::webhook::{Attempt, WebhookEndpoint};
use books::{Currency, Document, Purse, Timestamp, World};
use rusqlite::{Connection, Row, params};

use crate::admin::{self, ApiKey};
use crate::error::{Result, StoreError};
use crate::lookup;
use crate::purses::{Purses, is_running};
use crate::rows::{
    self, ATTEMPT_COLUMNS, BALANCE_COLUMNS, CASH_COLUMNS, DOCUMENT_COLUMNS, EVENT_COLUMNS, Num,
};
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
    /// Only those caused by this object.
    pub source: Option<(Kind, RowKey)>,
    /// Only this type.
    pub kind: Option<BalanceKind>,
}

/// Filters of a list of documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentFilter {
    /// Only those of this customer.
    pub customer: Option<Number>,
    /// Only those listed under this row.
    pub parent: Option<Number>,
    /// Only those in which a field of the document has this text.
    pub fields: Vec<(&'static str, String)>,
    /// Only those in which a field of the document is left out.
    pub absent: Vec<&'static str>,
    /// Only those in which a field of the document is a number between two, both included.
    pub ranges: Vec<(&'static str, i64, i64)>,
}

/// Kinds of entries that bring new money into a cash balance: each is a lot, whose age counts.
const CREDITS: &str = "('funded', 'refunded_from_payment')";

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
        let found = lookup::purse(self.db()?, world, customer)?;
        if let (Some(purse), Some((_, commits))) = (&found, self.began.get()) {
            self.purses.add(world, purse, commits);
        }
        Ok(found)
    }

    /// A customer, deleted ones included.
    pub fn customer(&self, world: World, number: Number) -> Result<Option<Customer>> {
        lookup::customer(self.db()?, world, number)
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
        lookup::cash_transaction(self.db()?, world, key)
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
        lookup::one(self.db()?, &sql, params![world.0, Num(number)], rows::event)
    }

    /// Events of all types.
    pub fn events(&self, world: World, window: Window) -> Result<Page<Event>> {
        let at = (world, window, None::<i64>);
        self.page("event", EVENT_COLUMNS, "?4 IS NULL", at, rows::event)
    }

    /// Events of some types: one walk along the index for each, and the pages merged.
    pub fn events_of(
        &self,
        world: World,
        kinds: &[EventKind],
        window: Window,
    ) -> Result<Page<Event>> {
        let (mut rows, mut has_more) = (Vec::new(), false);
        for kind in kinds {
            let at = (world, window, kind.as_str());
            let page = self.page("event", EVENT_COLUMNS, "type = ?4", at, rows::event)?;
            has_more |= page.has_more;
            rows.extend(page.rows);
        }
        rows.sort_unstable_by_key(|event: &Event| std::cmp::Reverse(event.number));
        has_more |= rows.len() > window.limit;
        match window.from_oldest {
            true => drop(rows.drain(..rows.len().saturating_sub(window.limit))),
            false => rows.truncate(window.limit),
        }
        Ok(Page { rows, has_more })
    }

    /// Events after one of them, oldest first: what a webhook endpoint is still to be told.
    pub fn events_after(&self, world: World, after: Number, limit: usize) -> Result<Vec<Event>> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM event WHERE world = ?1 AND number > ?2
             ORDER BY number LIMIT ?3"
        );
        let at = params![world.0, Num(after), limit as i64];
        lookup::all(self.db()?, &sql, at, rows::event)
    }

    /// The webhook endpoints of all worlds that are not removed.
    pub fn webhook_endpoints(&self) -> Result<Vec<(World, WebhookEndpoint)>> {
        let sql = "SELECT kind, data, world FROM document
                   WHERE kind = 'webhook_endpoint' ORDER BY world, number";
        let all =
            lookup::all(self.db()?, sql, [], |row| Ok((World(row.get(2)?), rows::document(row)?)))?;
        let endpoint = |(world, document)| match document {
            Document::WebhookEndpoint(endpoint) if !endpoint.deleted => Some((world, *endpoint)),
            _ => None,
        };
        Ok(all.into_iter().filter_map(endpoint).collect())
    }

    /// The webhook endpoints of a world that are not removed.
    pub fn webhook_endpoints_of(&self, world: World) -> Result<Vec<WebhookEndpoint>> {
        let all = lookup::of_the_account(self.db()?, world, Kind::WebhookEndpoint)?;
        let endpoint = |document| match document {
            Document::WebhookEndpoint(endpoint) if !endpoint.deleted => Some(*endpoint),
            _ => None,
        };
        Ok(all.into_iter().filter_map(endpoint).collect())
    }

    /// Up to which event an endpoint was told; `None` before the first.
    pub fn told(&self, world: World, endpoint: Number) -> Result<Option<Number>> {
        let sql = "SELECT number FROM told WHERE world = ?1 AND endpoint = ?2";
        let at = params![world.0, Num(endpoint)];
        lookup::one(self.db()?, sql, at, |row| Ok(row.get::<_, Num>(0)?.0))
    }

    /// The attempts to tell endpoints of an event, by endpoint and in order.
    pub fn attempts(&self, world: World, event: Number) -> Result<Vec<(Number, Attempt)>> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM delivery_attempt WHERE world = ?1 AND event = ?2
             ORDER BY endpoint, attempt"
        );
        lookup::all(self.db()?, &sql, params![world.0, Num(event)], rows::attempt)
    }

    /// The newest attempts to tell an endpoint of anything.
    pub fn attempts_of(
        &self,
        world: World,
        endpoint: Number,
        limit: usize,
    ) -> Result<Vec<Attempt>> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM delivery_attempt WHERE world = ?1 AND endpoint = ?2
             ORDER BY at DESC LIMIT ?3"
        );
        let at = params![world.0, Num(endpoint), limit as i64];
        lookup::all(self.db()?, &sql, at, |row| Ok(rows::attempt(row)?.1))
    }

    /// Retries that are due, those that have been for longest first.
    pub fn due_retries(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        let sql = "SELECT due, world, number, kind, customer FROM timer
                   WHERE due <= ?1 AND kind = 'redeliver'
                   ORDER BY due, world, number, customer, kind LIMIT ?2";
        lookup::all(self.db()?, sql, params![now.0, limit as i64], rows::timer)
    }

    /// One balance transaction.
    pub fn balance_transaction(
        &self,
        world: World,
        number: Number,
    ) -> Result<Option<BalanceTransaction>> {
        lookup::balance_transaction(self.db()?, world, number)
    }

    /// Balance transactions that pass a filter.
    pub fn balance_transactions(
        &self,
        world: World,
        filter: &BalanceFilter,
        window: Window,
    ) -> Result<Page<BalanceTransaction>> {
        let mut wanted = serde_json::Map::new();
        let mut sql = String::from("?4 IS NOT NULL");
        let mut want = |column: &str, value: serde_json::Value| {
            sql += &format!(" AND {column} = ?4 ->> '$.{column}'");
            wanted.insert(column.to_owned(), value);
        };
        if let Some(currency) = filter.currency {
            want("currency", currency.as_str().into());
        }
        if let Some(kind) = filter.kind {
            want("type", kind.as_str().into());
        }
        if let Some((kind, key)) = filter.source {
            want("source", key.number.0.into());
            want("source_kind", kind.object().into());
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
        lookup::house_balances(self.db()?, world)
    }

    /// One document; `None` if the row is of another kind or customer.
    pub fn document(&self, world: World, kind: Kind, key: RowKey) -> Result<Option<Document>> {
        let found = lookup::document(self.db()?, world, key.number)?;
        Ok(found.filter(|document| document.kind() == kind && document.key() == key))
    }

    /// The document with this number, whatever it is.
    pub fn document_at(&self, world: World, number: Number) -> Result<Option<Document>> {
        lookup::document(self.db()?, world, number)
    }

    /// Documents of a kind that pass a filter.
    pub fn documents(
        &self,
        world: World,
        kind: Kind,
        filter: &DocumentFilter,
        window: Window,
    ) -> Result<Page<Document>> {
        // Each filter names its columns, so that one index answers it; the rest is read from the
        // documents along that index.
        let mut sql = format!("kind = '{}' AND ?4 IS NOT NULL", kind.object());
        let mut wanted = serde_json::Map::new();
        if let Some(customer) = filter.customer {
            sql += " AND customer > 0 AND customer = ?4 ->> '$.customer'";
            wanted.insert("customer".to_owned(), customer.0.into());
        }
        if let Some(parent) = filter.parent {
            sql += " AND parent IS NOT NULL AND parent = ?4 ->> '$.parent'";
            wanted.insert("parent".to_owned(), parent.0.into());
        }
        for (field, value) in &filter.fields {
            sql += &format!(" AND data ->> '$.{field}' = ?4 ->> '$.field_{field}'");
            wanted.insert(format!("field_{field}"), value.as_str().into());
        }
        for field in &filter.absent {
            sql += &format!(" AND data ->> '$.{field}' IS NULL");
        }
        for (field, from, to) in &filter.ranges {
            sql += &format!(
                " AND data ->> '$.{field}' BETWEEN ?4 ->> '$.from_{field}' AND \
                 ?4 ->> '$.to_{field}'"
            );
            wanted.insert(format!("from_{field}"), (*from).into());
            wanted.insert(format!("to_{field}"), (*to).into());
        }
        let at = (world, window, serde_json::Value::from(wanted).to_string());
        self.page("document", DOCUMENT_COLUMNS, &sql, at, rows::document)
    }

    /// Who has an account number, and the funding instructions that it is part of.
    pub fn account_owner(
        &self,
        world: World,
        account_key: &str,
    ) -> Result<Option<(Number, Instructions)>> {
        lookup::account_owner(self.db()?, world, account_key)
    }

    /// Entries of the journal with their seals.
    pub fn entries(&self, world: World, window: Window) -> Result<Page<(Entry, Seal)>> {
        let at = (world, window, None::<i64>);
        let heads = self.page("entry", "number, kind, seal", "?4 IS NULL", at, |row| {
            let kind: String = row.get(1)?;
            Ok((row.get::<_, Num>(0)?.0, rows::entry_kind(&kind)?, row.get::<_, Seal>(2)?))
        })?;
        let mut entries = Vec::with_capacity(heads.rows.len());
        for (number, kind, seal) in heads.rows {
            let sql = "SELECT account, owner, currency, amount FROM posting
                       WHERE world = ?1 AND entry = ?2 ORDER BY line";
            let at = params![world.0, Num(number)];
            let postings: Vec<Posting> =
                lookup::all(self.db()?, sql, at, |row| rows::posting(row, 0))?;
            let entry = Entry::new(number, kind, postings).map_err(|why| {
                StoreError::Corrupt(format!("entry {} does not balance: {why:?}", number.0))
            })?;
            entries.push((entry, seal));
        }
        Ok(Page { rows: entries, has_more: heads.has_more })
    }

    /// Timers that are due, those that have been for longest first; retries of webhooks aside.
    pub fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        let sql = "SELECT due, world, number, kind, customer FROM timer
                   WHERE due <= ?1 AND kind != 'redeliver'
                   ORDER BY due, world, number, customer, kind LIMIT ?2";
        lookup::all(self.db()?, sql, params![now.0, limit as i64], rows::timer)
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT due FROM timer WHERE kind != 'redeliver' ORDER BY due LIMIT 1";
        lookup::one(self.db()?, sql, [], |row| Ok(Timestamp(row.get(0)?)))
    }

    /// All worlds.
    pub fn worlds(&self) -> Result<Vec<World>> {
        let sql = "SELECT world FROM world ORDER BY world";
        lookup::all(self.db()?, sql, [], |row| Ok(World(row.get(0)?)))
    }

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
                let at = params![world.0, Num(looked), Num(newest)];
                lookup::one(self.db()?, sql, at, |_| Ok(newest))?
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
        let at = params![world.0, look.days()];
        let found = lookup::one(self.db()?, sql, at, |row| Ok(row.get::<_, Num>(0)?.0))?;
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
        let at = params![world.0, Num(after), Num(upto), limit as i64];
        lookup::all(self.db()?, &sql, at, |row| {
            let key = RowKey { number: row.get::<_, Num>(0)?.0, customer: row.get::<_, Num>(1)?.0 };
            Ok(Lot { key, currency: row.get::<_, rows::Cur>(2)?.0, amount: row.get(3)? })
        })
    }

    /// By how much the sandbox clock is ahead, in milliseconds.
    pub fn clock_offset_ms(&self) -> Result<i64> {
        admin::clock_offset_ms(self.db()?)
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
