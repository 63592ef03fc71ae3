//! What the commands of a batch see: what is on disk, and over it what earlier commands of the same
//! batch decided, so that a later command sees what an earlier one did before anything is
//! committed.
//!
//! Purses and idempotency keys, which every command needs, are loaded for the whole batch; the
//! rest is read when a decision asks for it. A read that fails shows nothing, and the batch is
//! dropped.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause};
use books::funding::Instructions;
use books::journal::Account;
use books::limits::Tally;
use books::reconciliation::Payable;
use books::timer::{Lot, Timer};
use books::{
    Change, Command, Currency, Customer, Document, Kind, Number, Purse, RowKey, View, World,
};

use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::job::{Job, Used};
use crate::lookup;

type InstructionsKey = (World, Number, Currency, String);

/// State that commands are decided on. A key that is present with `None` is known to be absent.
#[derive(Clone, Default)]
pub(crate) struct WorkingSet {
    pub(crate) purses: HashMap<(World, Number), Option<Purse>>,
    pub(crate) used: HashMap<(World, [u8; 16]), Option<Used>>,
    /// Accounts of which something is changed that is no customer's.
    pub(crate) accounts: BTreeSet<World>,
    /// Whether timers are there still, as far as that was looked up.
    pub(crate) timers: HashMap<(World, Timer), Option<bool>>,
    customers: HashMap<(World, Number), Option<Customer>>,
    instructions: HashMap<InstructionsKey, Option<Instructions>>,
    taken: HashMap<(World, String), bool>,
    /// Open places for money on disk, where they were loaded for the whole batch.
    pub(crate) payables: HashMap<(World, Number), Vec<Payable>>,
    documents: HashMap<(World, Number), Option<Document>>,
    /// Documents that this batch wrote, by customer.
    written: HashMap<(World, Number), Vec<Number>>,
    /// Rows that this batch wrote.
    cash: BTreeMap<(World, Number, Number), CashTransaction>,
    lines: HashMap<(World, Number), BalanceTransaction>,
    /// What is counted of keys, by the day.
    spent: HashMap<(World, String, i64, Tally), i64>,
    /// What this batch posted to the house accounts.
    posted: BTreeMap<(World, Account, Currency), i64>,
    failed: Option<StoreError>,
}

impl WorkingSet {
    /// Notes what a job needs in any case.
    pub(crate) fn need(&mut self, job: &dyn Job) {
        let world = job.world();
        if let Some(customer) = job.command().customer() {
            self.purses.entry((world, customer)).or_default();
        }
        if job.command().is_about_account() {
            self.accounts.insert(world);
        }
        for timer in job.command().timers() {
            self.timers.entry((world, *timer)).or_default();
        }
        if let Some(key) = job.idempotency() {
            self.used.entry((world, key.key)).or_default();
        }
    }

    /// Takes in a customer's document; of its purse the balances are still to come.
    pub(crate) fn customer_was_read(&mut self, key: (World, Number), data: &str) -> Result<()> {
        let standing = serde_json::from_str(data)?;
        self.purses.insert(key, Some(Purse { standing, available: Balances::default() }));
        Ok(())
    }

    /// A command without the timers that somebody was done with before; none if that is all.
    pub(crate) fn still_due<'c>(
        &self,
        world: World,
        command: &'c Command,
    ) -> Option<Cow<'c, Command>> {
        let is_there = |timer: &&Timer| self.timers.get(&(world, **timer)) != Some(&Some(false));
        let all = command.timers();
        match all.iter().all(|timer| is_there(&timer)) {
            true => Some(Cow::Borrowed(command)),
            false => {
                let left = all.iter().filter(is_there).copied().collect();
                command.with_timers(left).map(Cow::Owned)
            }
        }
    }

    /// The first read that failed, if one did.
    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        self.failed.take()
    }

    /// Takes over what a decision changed.
    pub(crate) fn apply(&mut self, world: World, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Customer(customer) => {
                    let (key, standing) = ((world, customer.number), customer.standing());
                    let purse = self.purses.entry(key).or_default();
                    let available = purse.take().map(|purse| purse.available).unwrap_or_default();
                    *purse = Some(Purse { standing, available });
                    self.customers.insert(key, Some((**customer).clone()));
                }
                Change::Booked(entry, booked) => {
                    for posting in entry.postings().iter().filter(|p| p.account.is_house()) {
                        let key = (world, posting.account, posting.currency);
                        let sum = self.posted.entry(key).or_default();
                        *sum = sum.saturating_add(posting.amount_minor);
                    }
                    if let Some(row) = booked {
                        let RowKey { customer, number } = row.key;
                        if let Some(Some(purse)) = self.purses.get_mut(&(world, customer)) {
                            purse.available = row.available();
                        }
                        self.cash.insert((world, customer, number), row.clone());
                    }
                }
                Change::BalanceTransaction(row) => {
                    self.lines.insert((world, row.number), (**row).clone());
                }
                Change::Instructions(customer, made) => {
                    let key = (world, *customer, made.currency, made.country.clone());
                    self.instructions.insert(key, Some(made.clone()));
                    self.taken.insert((world, made.account_key.clone()), true);
                }
                Change::Document(document) => {
                    let RowKey { customer, number } = document.key();
                    self.documents.insert((world, number), Some(document.clone()));
                    self.written.entry((world, customer)).or_default().push(number);
                }
                Change::TimerDone(timer) => {
                    self.timers.insert((world, *timer), Some(false));
                }
                Change::TimerSet(timer) => {
                    self.timers.insert((world, *timer), Some(true));
                }
                Change::Spent(spent) => {
                    let key = (world, spent.key.to_string(), spent.day, spent.tally);
                    self.spent.insert(key, spent.total);
                }
                Change::Looked(..)
                | Change::Told(..)
                | Change::Attempt(..)
                | Change::Event(_)
                | Change::Request(_) => {}
            }
        }
    }
}

/// The view of one command: the working set of its batch over the database.
pub struct Sight<'a> {
    pub(crate) world: World,
    pub(crate) db: &'a dyn Db,
    pub(crate) set: &'a RefCell<WorkingSet>,
}

impl Sight<'_> {
    /// Documents of a kind that belong to the account itself: there are few.
    fn of_the_account(&self, kind: Kind) -> Vec<Document> {
        let on_disk = self.found(lookup::of_the_account(self.db, self.world, kind));
        let set = self.set.borrow();
        let mut all: BTreeMap<Number, Document> =
            on_disk.into_iter().map(|document| (document.key().number, document)).collect();
        for number in set.written.get(&(self.world, Number(0))).into_iter().flatten() {
            match set.documents.get(&(self.world, *number)) {
                Some(Some(document)) if document.kind() == kind.stored() => {
                    all.insert(*number, document.clone());
                }
                _ => {}
            }
        }
        all.into_values().collect()
    }

    /// What a read found, or nothing and a note of the failure.
    fn found<T: Default>(&self, read: Result<T>) -> T {
        read.unwrap_or_else(|error| {
            self.set.borrow_mut().failed.get_or_insert(error);
            T::default()
        })
    }
}

/// Looks a key up in one table of the set, and reads what is not there yet.
macro_rules! look_up {
    ($sight:ident.$table:ident[$key:expr], $read:expr) => {{
        let key = $key;
        let known = $sight.set.borrow().$table.get(&key).cloned();
        match known {
            Some(known) => known,
            None => {
                let read = $sight.found($read);
                $sight.set.borrow_mut().$table.insert(key, read.clone());
                read
            }
        }
    }};
}

impl Sight<'_> {
    /// The document with this number, as it is before what is being decided.
    pub(crate) fn document_at(&self, number: Number) -> Option<Document> {
        look_up!(
            self.documents[(self.world, number)],
            lookup::document(self.db, self.world, number)
        )
    }
}

impl View for Sight<'_> {
    fn purse(&self, customer: Number) -> Option<Purse> {
        look_up!(self.purses[(self.world, customer)], lookup::purse(self.db, self.world, customer))
    }

    fn customer(&self, customer: Number) -> Option<Customer> {
        look_up!(
            self.customers[(self.world, customer)],
            lookup::customer(self.db, self.world, customer)
        )
    }

    fn instructions(&self, customer: Number, of: Currency, country: &str) -> Option<Instructions> {
        look_up!(
            self.instructions[(self.world, customer, of, country.to_owned())],
            lookup::instructions(self.db, self.world, customer, (of, country))
        )
    }

    fn is_taken(&self, account_key: &str) -> bool {
        look_up!(
            self.taken[(self.world, account_key.to_owned())],
            lookup::account_owner(self.db, self.world, account_key).map(|owner| owner.is_some())
        )
    }

    fn payables(&self, customer: Number) -> Vec<Payable> {
        let loaded = self.set.borrow().payables.get(&(self.world, customer)).cloned();
        let read = || self.found(lookup::payables(self.db, self.world, customer));
        let mut payables = loaded.unwrap_or_else(read);
        let set = self.set.borrow();
        if let Some(written) = set.written.get(&(self.world, customer)) {
            payables.retain(|payable| !written.contains(&payable.intent));
            let mut written = written.clone();
            written.sort_unstable();
            written.dedup();
            let document = |number: &Number| set.documents.get(&(self.world, *number))?.as_ref();
            payables.extend(written.iter().filter_map(document).filter_map(Document::payable));
        }
        payables
    }

    fn document(&self, kind: Kind, key: RowKey) -> Option<Document> {
        let found = look_up!(
            self.documents[(self.world, key.number)],
            lookup::document(self.db, self.world, key.number)
        );
        found.filter(|document| document.kind() == kind.stored() && document.key() == key)
    }

    fn bank_accounts(&self) -> Vec<Document> {
        let mut all = self.of_the_account(Kind::BankAccount);
        all.retain(|document| matches!(document, Document::BankAccount(it) if !it.deleted));
        all
    }

    fn wallet(&self, customer: Number) -> Vec<Document> {
        let on_disk = self.found(lookup::wallet(self.db, self.world, customer));
        let set = self.set.borrow();
        let mut all: BTreeMap<Number, Document> =
            on_disk.into_iter().map(|document| (document.key().number, document)).collect();
        // The keys of sources name no customer.
        for of in [customer, Number(0)] {
            for number in set.written.get(&(self.world, of)).into_iter().flatten() {
                if let Some(Some(document)) = set.documents.get(&(self.world, *number)) {
                    all.insert(*number, document.clone());
                }
            }
        }
        let is_own = |document: &Document| {
            matches!(document, Document::Card(_) | Document::Source(_))
                && document.parent() == Some(customer)
        };
        all.into_values().rev().filter(is_own).collect()
    }

    fn webhook_endpoints(&self) -> Vec<Document> {
        let mut all = self.of_the_account(Kind::WebhookEndpoint);
        all.retain(|document| matches!(document, Document::WebhookEndpoint(it) if !it.deleted));
        all
    }

    fn balance_transaction(&self, number: Number) -> Option<BalanceTransaction> {
        let known = self.set.borrow().lines.get(&(self.world, number)).cloned();
        known.or_else(|| self.found(lookup::balance_transaction(self.db, self.world, number)))
    }

    fn cash_transaction(&self, key: RowKey) -> Option<CashTransaction> {
        let known = self.set.borrow().cash.get(&(self.world, key.customer, key.number)).cloned();
        known.or_else(|| self.found(lookup::cash_transaction(self.db, self.world, key)))
    }

    fn is_reversed(&self, funded: RowKey) -> bool {
        let set = self.set.borrow();
        let reverses = |row: &CashTransaction| {
            row.cause == Cause::FundingReversed { funded: Some(funded.number) }
        };
        let rows = set.cash.range(newer(self.world, funded.customer, funded.number));
        let in_batch = rows.into_iter().any(|(_, row)| reverses(row));
        drop(set);
        in_batch || self.found(lookup::is_reversed(self.db, self.world, funded))
    }

    fn credited_after(&self, customer: Number, of: Currency, after: Number, enough: i64) -> i64 {
        let on_disk =
            self.found(lookup::credited_after(self.db, self.world, (customer, after), of, enough));
        let set = self.set.borrow();
        let rows = set.cash.range(newer(self.world, customer, after)).map(|(_, row)| row);
        let credits = rows.filter(|row| row.currency == of && is_new_money(row));
        credits.fold(on_disk, |sum, row| sum.saturating_add(row.net_amount))
    }

    fn lot_before(&self, customer: Number, of: Currency, before: Number) -> Option<Lot> {
        let at = (customer, before);
        let on_disk = self.found(lookup::lot_before(self.db, self.world, at, of));
        let set = self.set.borrow();
        let rows = (self.world, customer, Number(0))..(self.world, customer, before);
        let newest = set
            .cash
            .range(rows)
            .rev()
            .map(|(_, row)| row)
            .find(|row| row.currency == of && is_new_money(row));
        let lot = |row: &CashTransaction| Lot {
            key: row.key,
            currency: row.currency,
            amount: row.net_amount,
        };
        newest.map(lot).or(on_disk)
    }

    fn spent(&self, key: &str, day: i64, tally: Tally) -> i64 {
        look_up!(
            self.spent[(self.world, key.to_owned(), day, tally)],
            lookup::spent(self.db, self.world, key, (day, tally))
        )
    }

    fn house(&self) -> Vec<(Account, Currency, i64)> {
        let on_disk = self.found(lookup::house_balances(self.db, self.world));
        let mut sums: BTreeMap<(Account, Currency), i64> = on_disk
            .into_iter()
            .map(|(account, currency, sum)| ((account, currency), sum))
            .collect();
        for ((world, account, currency), sum) in &self.set.borrow().posted {
            if *world == self.world {
                let total = sums.entry((*account, *currency)).or_default();
                *total = total.saturating_add(*sum);
            }
        }
        sums.into_iter().map(|((account, currency), sum)| (account, currency, sum)).collect()
    }
}

/// Whether a transaction is a lot of its own.
fn is_new_money(row: &CashTransaction) -> bool {
    matches!(row.cause, Cause::Funded(_) | Cause::RefundedFromPayment { .. })
}

/// The keys of a customer's rows after one of them.
fn newer(
    world: World,
    customer: Number,
    after: Number,
) -> std::ops::RangeInclusive<(World, Number, Number)> {
    (world, customer, Number(after.0 + 1))..=(world, customer, Number(i64::MAX))
}
