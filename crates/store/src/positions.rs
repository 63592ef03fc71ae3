//! Where money stands and stood: the sums of the accounts, day by day, and the purses that hold
//! cash, by age.
//!
//! Each lane writes its own sums, once a batch for each account and day that it touched, so no two
//! lanes write the same row. A purse is written only when it comes to hold cash or ceases to; one
//! that does both in a batch is not. What is read is bounded: by the days asked for and the lanes,
//! or by a page.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use books::cash_balance::CashTransaction;
use books::id::Number;
use books::journal::Account;
use books::{Change, Currency, World};

use crate::changes::Writes;
use crate::db::{all, one, values};
use crate::error::Result;
use crate::list::{Page, Window};
use crate::reader::Reader;
use crate::rows;
use crate::tables;

/// A lane's sum of an account; of those that customers and payment intents have, of all of them.
pub(crate) type SumKey = (World, Account, Currency);

/// What the postings of a batch make of the lane's sums.
#[derive(Clone, Default)]
pub(crate) struct Posted {
    /// What was posted in all.
    pub(crate) sums: HashMap<SumKey, i64>,
    /// What that was at the end of each day of the batch.
    days: HashMap<(SumKey, i64), i64>,
}

impl Posted {
    /// Adds the postings of a decision. `known` looks up the sums of before the batch. `false` if a
    /// sum would overflow, and then nothing is added.
    pub(crate) fn add(
        &mut self,
        world: World,
        changes: &[Change],
        known: impl Fn(&SumKey) -> Result<i64>,
    ) -> Result<bool> {
        let mut fresh = Posted::default();
        for change in changes {
            let Change::Booked(entry, _) = change else { continue };
            let day = entry.number().day();
            for posting in entry.postings() {
                let key = (world, posting.account.of_all(), posting.currency);
                let sum = match fresh.sums.get(&key).or_else(|| self.sums.get(&key)) {
                    Some(sum) => *sum,
                    None => known(&key)?,
                };
                let Some(sum) = sum.checked_add(posting.amount_minor) else { return Ok(false) };
                fresh.sums.insert(key, sum);
                fresh.days.insert((key, day), sum);
            }
        }
        self.sums.extend(fresh.sums);
        self.days.extend(fresh.days);
        Ok(true)
    }

    /// Writes the lane's rows.
    pub(crate) fn write<'a>(&self, lane: i64, into: &mut impl Writes<'a>) -> Result<()> {
        for ((world, account, currency), sum) in &self.sums {
            if account.is_house() {
                let row = values![*world, account.code().0, *currency, lane, *sum];
                into.put(&tables::HOUSE_BALANCE, row)?;
            }
        }
        for (((world, account, currency), day), sum) in &self.days {
            let row = values![*world, account.code().0, *currency, lane, *day, *sum];
            into.put(&tables::DAY_BALANCE, row)?;
        }
        Ok(())
    }
}

/// What a batch does to the purses that hold cash.
#[derive(Default)]
pub(crate) struct IdlePurses(HashMap<(World, Number, Currency), Idle>);

struct Idle {
    /// Whether the purse held cash before the batch.
    held_cash: bool,
    /// Since which transaction it does after the batch.
    since: Option<Number>,
}

impl IdlePurses {
    /// Follows a transaction; they come in order.
    pub(crate) fn follow(&mut self, world: World, row: &CashTransaction) {
        let held_cash = row.ending_balance.saturating_sub(row.net_amount) > 0;
        let holds_cash = row.ending_balance > 0;
        if held_cash != holds_cash {
            let key = (world, row.key.customer, row.currency);
            let idle = self.0.entry(key).or_insert(Idle { held_cash, since: None });
            idle.since = holds_cash.then_some(row.key.number);
        }
    }

    /// Writes what is left of it, and how many customers came to have cash in all.
    pub(crate) fn write<'a>(&self, lane: i64, into: &mut impl Writes<'a>) -> Result<()> {
        let mut more: HashMap<(World, Currency), i64> = HashMap::new();
        for ((world, customer, currency), idle) in &self.0 {
            let (world, customer, currency) = (*world, *customer, *currency);
            if let Some(since) = idle.since {
                into.put(&tables::IDLE_PURSE, values![world, customer, currency, since])?;
            } else if idle.held_cash {
                into.remove(&tables::IDLE_PURSE, values![world, customer, currency])?;
            }
            *more.entry((world, currency)).or_default() +=
                i64::from(idle.since.is_some()) - i64::from(idle.held_cash);
        }
        for ((world, currency), customers) in more.into_iter().filter(|(_, more)| *more != 0) {
            into.put(&tables::IDLE_COUNT, values![world, currency, lane, customers])?;
        }
        Ok(())
    }
}

/// What the accounts held in a currency at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayBalances {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Debits less credits; of customers' cash, payment intents and sources the sum over all
    /// owners.
    pub sums: BTreeMap<Account, i64>,
}

/// Cash that a customer has in a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdlePurse {
    /// Whose it is.
    pub customer: Number,
    /// The currency.
    pub currency: Currency,
    /// How much it is now.
    pub amount: i64,
    /// The transaction that took it above zero.
    pub since: Number,
}

/// The cash of all customers in a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleTotal {
    /// The currency.
    pub currency: Currency,
    /// What they have together, less what some of them owe.
    pub amount: i64,
    /// How many have any.
    pub customers: i64,
    /// What is oldest of it: the transaction that took that purse above zero.
    pub oldest: Option<Number>,
}

/// A lane's sum at the end of a day.
struct Sum {
    lane: i64,
    day: i64,
    amount: i64,
}

/// The accounts that have owners, each over all of them.
const OWNED: [Account; 3] = [Account::ALL_CASH, Account::ALL_INTENTS, Account::ALL_SOURCES];

/// Later than any day: of each lane only the newest sum.
const NEWEST: i64 = i64::MAX;

impl Reader {
    /// The accounts of the ledger, each summed over its lanes; those of customers, of payment
    /// intents and of sources over all owners, too.
    pub fn ledger(&self, world: World) -> Result<Vec<(Account, Currency, i64)>> {
        let mut ledger = self.house_balances(world)?;
        for currency in self.currencies(world)? {
            for account in OWNED {
                let sums = self.sums(world, account, currency, NEWEST)?;
                if !sums.is_empty() {
                    ledger.push((account, currency, together(sums.iter().map(|sum| sum.amount))));
                }
            }
        }
        ledger.sort_unstable();
        Ok(ledger)
    }

    /// What the accounts held in a currency at the end of each day from `first` to `last`, oldest
    /// first; of the days before any money was there, none.
    pub fn day_balances(
        &self,
        world: World,
        currency: Currency,
        (first, last): (i64, i64),
    ) -> Result<Vec<DayBalances>> {
        let house = self.house_balances(world)?.into_iter();
        let house = house.filter(|(_, of, _)| *of == currency).map(|(account, _, _)| account);
        let mut histories = Vec::new();
        for account in house.chain(OWNED) {
            let sums = self.sums(world, account, currency, first)?;
            histories.extend((!sums.is_empty()).then_some((account, sums)));
        }
        let begun = histories.iter().filter_map(|(_, sums)| Some(sums.first()?.day)).min();
        let Some(begun) = begun else { return Ok(Vec::new()) };
        let days = first.max(begun)..=last;
        let mut rows: Vec<DayBalances> =
            days.clone().map(|day| DayBalances { day, sums: BTreeMap::new() }).collect();
        for (account, sums) in histories {
            for (row, sum) in rows.iter_mut().zip(carried(&sums, days.clone())) {
                row.sums.insert(account, sum);
            }
        }
        Ok(rows)
    }

    /// Purses that hold cash, oldest first; of one currency or of all.
    pub fn idle_purses(
        &self,
        world: World,
        currency: Option<Currency>,
        window: Window,
    ) -> Result<Page<IdlePurse>> {
        let currencies = match currency {
            Some(currency) => vec![currency],
            None => self.currencies(world)?,
        };
        let mut rows = Vec::new();
        // One walk along the index for each.
        for currency in currencies {
            rows.extend(self.idle_purses_in(world, currency, window)?);
        }
        rows.sort_unstable_by_key(|purse| purse.since);
        let has_more = rows.len() > window.limit;
        match window.from_oldest {
            true => rows.truncate(window.limit),
            false => drop(rows.drain(..rows.len().saturating_sub(window.limit))),
        }
        Ok(Page { rows, has_more })
    }

    /// One row more than the window holds, to know whether there are more.
    fn idle_purses_in(
        &self,
        world: World,
        currency: Currency,
        window: Window,
    ) -> Result<Vec<IdlePurse>> {
        let order = if window.from_oldest { "ASC" } else { "DESC" };
        let newest = |column| {
            format!(
                "(SELECT {column} FROM cash_transaction t WHERE t.world = i.world
                  AND t.customer = i.customer ORDER BY number DESC LIMIT 1)"
            )
        };
        let sql = format!(
            "SELECT {}, {}, {}, i.customer, i.since FROM idle_purse i
             WHERE i.world = ?1 AND i.currency = ?2 AND i.since > ?3 AND i.since < ?4
             ORDER BY i.since {order} LIMIT ?5",
            newest("currency"),
            newest("ending_balance"),
            newest("others"),
        );
        let at = values![world, currency, window.above, window.below, window.limit + 1];
        all(self.db()?, &sql, &at, |row| {
            let amount = rows::balances(row)?.get(currency);
            Ok(IdlePurse { customer: row.number(3)?, currency, amount, since: row.number(4)? })
        })
    }

    /// Since which transaction a customer has had cash in a currency, if there is any.
    pub fn idle_since(
        &self,
        world: World,
        customer: Number,
        currency: Currency,
    ) -> Result<Option<Number>> {
        let sql = "SELECT since FROM idle_purse WHERE world = ?1 AND customer = ?2
                   AND currency = ?3";
        one(self.db()?, sql, &values![world, customer, currency], |row| row.number(0))
    }

    /// The cash of all customers, by currency.
    pub fn idle_totals(&self, world: World) -> Result<Vec<IdleTotal>> {
        let mut totals = Vec::new();
        for currency in self.currencies(world)? {
            let sums = self.sums(world, Account::ALL_CASH, currency, NEWEST)?;
            let amount = together(sums.iter().map(|sum| sum.amount)).saturating_neg();
            let at = values![world, currency];
            let sql = "SELECT CAST(coalesce(sum(customers), 0) AS BIGINT) FROM idle_count
                       WHERE world = ?1 AND currency = ?2";
            let customers = one(self.db()?, sql, &at, |row| row.int(0))?.unwrap_or_default();
            let sql = "SELECT since FROM idle_purse WHERE world = ?1 AND currency = ?2
                       ORDER BY since LIMIT 1";
            let oldest = one(self.db()?, sql, &at, |row| row.number(0))?;
            totals.push(IdleTotal { currency, amount, customers, oldest });
        }
        Ok(totals)
    }

    /// The currencies in which money ever moved: all of it came through an account of the house.
    fn currencies(&self, world: World) -> Result<Vec<Currency>> {
        let sql = "SELECT DISTINCT currency FROM house_balance WHERE world = ?1 ORDER BY currency";
        all(self.db()?, sql, &values![world], |row| row.currency(0))
    }

    /// Sums of an account by day: of each lane the newest one of `first` or before, and all later
    /// ones.
    fn sums(
        &self,
        world: World,
        account: Account,
        currency: Currency,
        first: i64,
    ) -> Result<Vec<Sum>> {
        // A lane that booked anything has a chain. Each lane's rows are a range of the key, which a
        // cross join has SQLite see.
        let sql = "SELECT d.lane, d.day, d.amount FROM chain c CROSS JOIN day_balance d
                   WHERE c.world = ?1 AND d.world = c.world AND d.account = ?2
                       AND d.currency = ?3 AND d.lane = c.lane AND d.day >= coalesce(
                           (SELECT max(b.day) FROM day_balance b WHERE b.world = c.world
                            AND b.account = ?2 AND b.currency = ?3 AND b.lane = c.lane
                            AND b.day <= ?4), ?4)
                   ORDER BY d.day";
        let at = values![world, account.code().0, currency, first];
        all(self.db()?, sql, &at, |row| {
            Ok(Sum { lane: row.int(0)?, day: row.int(1)?, amount: row.int(2)? })
        })
    }
}

/// The sum over all lanes at the end of each day: of each lane the newest one by then.
fn carried(sums: &[Sum], days: RangeInclusive<i64>) -> impl Iterator<Item = i64> {
    let mut sums = sums.iter().peekable();
    let mut of_lanes = HashMap::new();
    days.map(move |day| {
        while let Some(sum) = sums.next_if(|sum| sum.day <= day) {
            of_lanes.insert(sum.lane, sum.amount);
        }
        together(of_lanes.values().copied())
    })
}

fn together(amounts: impl Iterator<Item = i64>) -> i64 {
    amounts.fold(0, i64::saturating_add)
}
