//! The reading side: small snapshots that never wait for a lane.
//!
//! Each method reads one thing; every list is bounded by its [`Window`] and reads only the rows it
//! returns, along the primary key or one named index.

mod find;
pub mod glance;
mod lots;
pub(crate) mod search;
pub(crate) mod whole;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use books::balance::BalanceTransaction;
use books::cash_balance::CashTransaction;
use books::customer::Customer;
use books::event::{Event, EventKind};
use books::funding::Instructions;
use books::id::{Kind, Number, RowKey};
use books::journal::{Account, Entry, Posting, Seal};
use books::timer::Timer;
use books::webhook::{Attempt, WebhookEndpoint};
use books::{Currency, Document, Purse, RequestRow, Timestamp, World};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::admin::{self, ApiKey};
use crate::db::{Db, Row, all, one, values};
use crate::error::{Result, StoreError};
use crate::list::{BalanceFilter, DocumentFilter, Filter, Page, RequestFilter, Window};
use crate::lookup;
use crate::rows::{
    self, ATTEMPT_COLUMNS, BALANCE_COLUMNS, CASH_COLUMNS, DOCUMENT_COLUMNS, EVENT_COLUMNS,
    TIMER_COLUMNS,
};
use crate::store::Store;

pub use find::{REFERENCES_MAX, SEARCH_CANDIDATES_MAX};

/// How long nobody connects again to a database that could not be reached.
const DOWN_FOR: Duration = Duration::from_millis(500);

/// A fixed set of reading connections.
pub struct Readers {
    store: Store,
    /// Whether a read waits for another machine, maybe.
    is_remote: bool,
    slots: Vec<Mutex<Option<Reader>>>,
    /// When the database could last not be reached.
    failed: Mutex<Option<Instant>>,
    next: AtomicUsize,
}

impl Readers {
    /// Opens `count` connections.
    pub fn open(store: &Store, count: usize) -> Result<Readers> {
        let open = |_| Reader::open(store).map(|reader| Mutex::new(Some(reader)));
        let slots = (0..count.max(1)).map(open).collect::<Result<Vec<_>>>()?;
        let is_remote = store.connections().is_some();
        Ok(Readers {
            store: store.clone(),
            is_remote,
            slots,
            failed: Mutex::new(None),
            next: AtomicUsize::new(0),
        })
    }

    /// Runs `with` on one snapshot of the database. Takes a free connection; where all are busy
    /// it waits for one. A connection that met an error is opened anew.
    pub fn snapshot<T>(&self, with: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        match self.is_remote && is_on_many_threads() {
            // Others go on with what this thread of the network was about to do.
            true => tokio::task::block_in_place(|| self.read(with)),
            false => self.read(with),
        }
    }

    fn read<T>(&self, with: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let free = (0..self.slots.len())
            .find_map(|step| self.slots[(start + step) % self.slots.len()].try_lock().ok());
        let mut slot = match free {
            Some(slot) => slot,
            None => self.slots[start].lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
        };
        let (kept, is_down) = (slot.take(), self.is_down());
        if kept.is_none() && is_down {
            // Somebody tried a moment ago: whoever waits is told at once, not one after the other.
            return Err(StoreError::Unreachable("it could not be reached a moment ago".into()));
        }
        let kept = kept.filter(|reader| reader.snapshots.let_go_if_old().is_ok());
        let reader = match kept {
            Some(reader) => reader,
            None => self.note(Reader::open(&self.store))?,
        };
        let result = self.note(with(&reader));
        // Whoever read may have made an answer of a fault; the connection still shows it.
        if result.is_ok() && self.note(reader.snapshots.used()).is_ok() {
            *slot = Some(reader);
        }
        result
    }

    /// Notes where the database cannot be reached.
    fn note<T>(&self, result: Result<T>) -> Result<T> {
        if self.is_remote && matches!(result, Err(StoreError::Unreachable(_))) {
            *self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
                Some(Instant::now());
        }
        result
    }

    fn is_down(&self) -> bool {
        let failed = self.failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        failed.is_some_and(|at| at.elapsed() < DOWN_FOR)
    }

    /// Lets go of snapshots that are old and that nobody uses. To be called now and then.
    pub fn release(&self) {
        for slot in &self.slots {
            let Ok(mut slot) = slot.try_lock() else { continue };
            if slot.as_ref().is_some_and(|reader| reader.snapshots.let_go_if_old().is_err()) {
                *slot = None;
            }
        }
    }
}

/// Whether this is a thread of a runtime that has others.
fn is_on_many_threads() -> bool {
    let runtime = Handle::try_current();
    runtime.is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// A connection that reads from one snapshot at a time.
pub(crate) trait Snapshots: Send {
    /// The connection, with a snapshot that has everything that was committed when it began: now,
    /// if none is open.
    fn db(&self) -> Result<&dyn Db>;

    /// Lets go of the snapshot.
    fn let_go(&self) -> Result<()>;

    /// Lets go of the snapshot if more was committed since it began, or soon may be.
    fn let_go_if_old(&self) -> Result<()>;

    /// Somebody is done with it for now.
    fn used(&self) -> Result<()> {
        Ok(())
    }

    /// Nothing up to this number can still be committed.
    fn horizon(&self) -> Result<Number> {
        Ok(Number(i64::MAX))
    }

    /// A purse that is at hand in memory, and as new as any snapshot.
    fn purse(&self, _world: World, _customer: Number) -> Option<Purse> {
        None
    }

    /// What the snapshot shows, to have it at hand.
    fn found(&self, _world: World, _purse: &Purse) {}
}

/// A connection that reads, all of it from one snapshot, which begins with the first read.
pub struct Reader {
    snapshots: Box<dyn Snapshots>,
}

impl Reader {
    fn open(store: &Store) -> Result<Reader> {
        Ok(Reader { snapshots: store.snapshots()? })
    }

    pub(crate) fn db(&self) -> Result<&dyn Db> {
        self.snapshots.db()
    }

    /// The same with a new snapshot: for what other processes change.
    pub(crate) fn new_db(&self) -> Result<&dyn Db> {
        self.snapshots.let_go()?;
        self.snapshots.db()
    }

    /// A customer's purse: from memory where it is at hand, else from the snapshot.
    pub fn purse(&self, world: World, customer: Number) -> Result<Option<Purse>> {
        if let Some(purse) = self.snapshots.purse(world, customer) {
            return Ok(Some(purse));
        }
        let found = lookup::purse(self.db()?, world, customer)?;
        if let Some(purse) = &found {
            self.snapshots.found(world, purse);
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
        let mut filter = Filter::default().and("deleted", "=", false);
        if let Some(email) = email {
            filter = filter.and("email", "=", email);
        }
        self.page("customer", "data", filter, (world, window), |row| {
            Ok(serde_json::from_str(row.text(0)?)?)
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
        let filter = Filter::default().and("customer", "=", customer);
        self.page("cash_transaction", CASH_COLUMNS, filter, (world, window), |row| {
            rows::cash_transaction(row, customer)
        })
    }

    /// One event.
    pub fn event(&self, world: World, number: Number) -> Result<Option<Event>> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE world = ?1 AND number = ?2");
        one(self.db()?, &sql, &values![world, number], rows::event)
    }

    /// Events of all types.
    pub fn events(&self, world: World, window: Window) -> Result<Page<Event>> {
        self.page("event", EVENT_COLUMNS, Filter::default(), (world, window), rows::event)
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
            let filter = Filter::default().and("type", "=", kind.as_str());
            let page = self.page("event", EVENT_COLUMNS, filter, (world, window), rows::event)?;
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

    /// Events after one of them, oldest first: what somebody is still to be told. None is left
    /// out that may still be committed before one of these.
    pub fn events_after(&self, world: World, after: Number, limit: usize) -> Result<Vec<Event>> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM event WHERE world = ?1 AND number > ?2 AND number <= ?3
             ORDER BY number LIMIT ?4"
        );
        let at = values![world, after, self.snapshots.horizon()?, limit];
        all(self.db()?, &sql, &at, rows::event)
    }

    /// After which event everything that will still happen comes.
    pub fn last_event(&self, world: World) -> Result<Number> {
        let sql = "SELECT number FROM event WHERE world = ?1 AND number <= ?2
                   ORDER BY number DESC LIMIT 1";
        let at = values![world, self.snapshots.horizon()?];
        Ok(one(self.db()?, sql, &at, |row| row.number(0))?.unwrap_or_default())
    }

    /// The webhook endpoints of all worlds that are not removed.
    pub fn webhook_endpoints(&self) -> Result<Vec<(World, WebhookEndpoint)>> {
        let sql = "SELECT kind, data, world FROM document
                   WHERE kind = 'webhook_endpoint' ORDER BY world, number";
        let all = all(self.db()?, sql, &[], |row| Ok((row.world(2)?, rows::document(row)?)))?;
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
        let at = &values![world, endpoint];
        one(self.db()?, sql, at, |row| row.number(0))
    }

    /// The attempts to tell endpoints of an event, by endpoint and in order.
    pub fn attempts(&self, world: World, event: Number) -> Result<Vec<(Number, Attempt)>> {
        let sql = format!(
            "SELECT {ATTEMPT_COLUMNS} FROM delivery_attempt WHERE world = ?1 AND event = ?2
             ORDER BY endpoint, attempt"
        );
        all(self.db()?, &sql, &values![world, event], rows::attempt)
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
        let at = &values![world, endpoint, limit];
        all(self.db()?, &sql, at, |row| Ok(rows::attempt(row)?.1))
    }

    /// Retries that are due, those that have been for longest first.
    pub fn due_retries(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        let sql = format!(
            "SELECT {TIMER_COLUMNS} FROM timer WHERE due <= ?1 AND kind = 'redeliver'
             ORDER BY due, world, number, customer, kind LIMIT ?2"
        );
        all(self.db()?, &sql, &values![now, limit], rows::timer)
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
        let mut sql = Filter::default();
        if let Some(currency) = filter.currency {
            sql = sql.and("currency", "=", currency);
        }
        if let Some(kind) = filter.kind {
            sql = sql.and("type", "=", kind.as_str());
        }
        if let Some((kind, key)) = filter.source {
            sql = sql.and("source", "=", key.number).and("source_kind", "=", kind.name());
        }
        let at = (world, window);
        self.page("balance_transaction", BALANCE_COLUMNS, sql, at, rows::balance_transaction)
    }

    /// The API key with this hash, revoked or not, as it is at this moment: keys are made and
    /// revoked by other processes, so this looks at a new snapshot.
    pub fn api_key(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
        admin::find_key(self.new_db()?, hash)
    }

    /// The house accounts, each summed over its lanes.
    pub fn house_balances(&self, world: World) -> Result<Vec<(Account, Currency, i64)>> {
        lookup::house_balances(self.db()?, world)
    }

    /// One document; `None` if the row is of another kind or customer.
    pub fn document(&self, world: World, kind: Kind, key: RowKey) -> Result<Option<Document>> {
        let found = lookup::document(self.db()?, world, key.number)?;
        Ok(found.filter(|document| document.kind() == kind.stored() && document.key() == key))
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
        // documents along that index. The kind is part of the statement for the same reason.
        let db = self.db()?;
        let mut sql =
            Filter { sql: format!(" AND kind = '{}'", kind.object()), ..Filter::default() };
        if let Some(customer) = filter.customer {
            sql.sql += " AND customer > 0";
            sql = sql.and("customer", "=", customer);
        }
        if let Some(parent) = filter.parent {
            sql.sql += " AND parent IS NOT NULL";
            sql = sql.and("parent", "=", parent);
        }
        for (field, value) in &filter.fields {
            sql = sql.and(&db.json_text("data", field), "=", value);
        }
        for field in &filter.absent {
            sql.sql += &format!(" AND {} IS NULL", db.json_text("data", field));
        }
        for (field, from, to) in &filter.ranges {
            let field = db.json_int("data", field);
            sql = sql.and(&field, ">=", *from).and(&field, "<=", *to);
        }
        self.page("document", DOCUMENT_COLUMNS, sql, (world, window), rows::document)
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
        let (none, at) = (Filter::default(), (world, window));
        let heads = self.page("entry", "number, kind, seal, request", none, at, |row| {
            let request = row.opt_text(3)?.map(Arc::from);
            Ok((row.number(0)?, rows::entry_kind(row.text(1)?)?, row.array(2)?, request))
        })?;
        let mut entries = Vec::with_capacity(heads.rows.len());
        for (number, kind, seal, request) in heads.rows {
            let sql = "SELECT account, owner, currency, amount FROM posting
                       WHERE world = ?1 AND entry = ?2 ORDER BY line";
            let at = &values![world, number];
            let postings: Vec<Posting> = all(self.db()?, sql, at, |row| rows::posting(row, 0))?;
            let mut entry = Entry::new(number, kind, postings).map_err(|why| {
                StoreError::Corrupt(format!("entry {} does not balance: {why:?}", number.0))
            })?;
            entry.asked_by(request);
            entries.push((entry, seal));
        }
        Ok(Page { rows: entries, has_more: heads.has_more })
    }

    /// The API key with an id.
    pub fn api_key_of(&self, id: &str) -> Result<Option<ApiKey>> {
        admin::find_key_of(self.db()?, id)
    }

    /// Requests of agents, and of keys with limits: all, or those of a context or a customer.
    pub fn requests(
        &self,
        world: World,
        filter: &RequestFilter,
        window: Window,
    ) -> Result<Page<RequestRow>> {
        let mut sql = Filter::default();
        if let Some(context) = &filter.context {
            sql = sql.and("context", "=", context.as_str());
        }
        if let Some(customer) = filter.customer {
            sql = sql.and("customer", "=", customer);
        }
        self.page("request", "data", sql, (world, window), rows::request)
    }

    /// The request with an id, if it was noted.
    pub fn request(&self, world: World, request_id: &str) -> Result<Option<RequestRow>> {
        let sql = "SELECT data FROM request WHERE world = ?1 AND request_id = ?2";
        one(self.db()?, sql, &values![world, request_id], rows::request)
    }

    /// Timers that are due, those that have been for longest first; retries of webhooks aside.
    pub fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<(World, Timer)>> {
        let sql = format!(
            "SELECT {TIMER_COLUMNS} FROM timer WHERE due <= ?1 AND kind != 'redeliver'
             ORDER BY due, world, number, customer, kind LIMIT ?2"
        );
        all(self.db()?, &sql, &values![now, limit], rows::timer)
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT due FROM timer WHERE kind != 'redeliver' ORDER BY due LIMIT 1";
        one(self.db()?, sql, &[], |row| row.moment(0))
    }

    /// All worlds.
    pub fn worlds(&self) -> Result<Vec<World>> {
        let sql = "SELECT world FROM world ORDER BY world";
        all(self.db()?, sql, &[], |row| row.world(0))
    }

    /// Reads one row more than the page holds, to know whether there are more.
    fn page<T>(
        &self,
        table: &str,
        columns: &str,
        filter: Filter<'_>,
        (world, window): (World, Window),
        read: impl Fn(&dyn Row) -> Result<T>,
    ) -> Result<Page<T>> {
        let order = if window.from_oldest { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT {columns} FROM {table}
             WHERE world = ?1 AND number > ?2 AND number < ?3{}
             ORDER BY number {order} LIMIT ?4",
            filter.sql
        );
        let mut at = values![world, window.above, window.below, window.limit + 1].to_vec();
        at.extend(filter.values);
        let mut rows = all(self.db()?, &sql, &at, read)?;
        let has_more = rows.len() > window.limit;
        rows.truncate(window.limit);
        if window.from_oldest {
            rows.reverse();
        }
        Ok(Page { rows, has_more })
    }
}
