//! The auditor: what must always be true of the rows of a database.
//!
//! Rows are fed in the order of their keys, one at a time, so that the audit of a large database
//! needs little memory: one customer's balances, one seal per chain, one sum per house account.
//! Two things take more, each as much as is under way and not as there ever was: a sum for each
//! payment intent that is paid in part, and an entry for each timer of a refund or payout.
//! Findings are counted in full and kept up to [`FINDINGS_MAX`].
//!
//! The journal, the cash balances and the sums can be audited alone. Whoever feeds documents,
//! balance transactions and timers as well, in this order and after the journal, ends with
//! [`Auditor::all_was_fed`].

mod rows;
mod under_way;

use std::collections::BTreeMap;

use crate::World;
use crate::cash_balance::{Balances, CashTransaction, Cause};
use crate::currency::Currency;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, Entry, Seal, seal};
use crate::time::Timestamp;
use crate::timer::TimerKind;

pub use rows::{Found, Row};

/// How many findings are kept with their text; further ones are only counted.
pub const FINDINGS_MAX: usize = 100;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which invariant is broken, in a few words.
    pub invariant: &'static str,
    /// Where, and how.
    pub detail: String,
}

/// What the audit found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Journal entries read.
    pub entries: u64,
    /// Cash balance transactions read.
    pub transactions: u64,
    /// Documents read.
    pub documents: u64,
    /// Balance transactions read.
    pub lines: u64,
    /// Findings in all.
    pub broken: u64,
    /// The first findings.
    pub findings: Vec<Finding>,
}

/// Checks rows as they are fed.
#[derive(Default)]
pub struct Auditor {
    report: Report,
    chains: BTreeMap<(World, i64), (Seal, i64)>,
    /// What the journal says of the house accounts, and of each payment intent that holds money.
    house: BTreeMap<(World, Account, Currency), i64>,
    /// What documents and balance transactions say of the accounts that are about them.
    told: BTreeMap<(World, Account, Currency), i64>,
    /// Timers of refunds and payouts that there must be, with their moment where it is known.
    awaited: BTreeMap<(World, TimerKind, RowKey), Option<Timestamp>>,
    owed: BTreeMap<(World, Currency), i64>,
    customer: Option<(World, Number)>,
    available: Balances,
    booked: u64,
}

impl Auditor {
    /// Notes a broken invariant.
    pub fn found(&mut self, invariant: &'static str, detail: String) {
        self.report.broken += 1;
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { invariant, detail });
        }
    }

    /// Checks a journal entry; feed them by world and number. `booked` is the cash balance
    /// transaction with the same number.
    pub fn entry(
        &mut self,
        world: World,
        entry: &Entry,
        booked: Option<&CashTransaction>,
        stored: &Seal,
    ) {
        self.report.entries += 1;
        let chain = (world, entry.number().lane());
        let (before, length) = self.chains.get(&chain).copied().unwrap_or_default();
        if seal(&before, world.0, entry, booked) != *stored {
            let detail = format!("entry {} in world {}", entry.number().0, world.0);
            self.found("the hash chain is unbroken", detail);
        }
        self.chains.insert(chain, (*stored, length + 1));
        self.match_cash(world, entry, booked);
        for posting in entry.postings() {
            let sum = match posting.account {
                Account::CustomerCash(_) => self.owed.entry((world, posting.currency)).or_default(),
                house => self.house.entry((world, house, posting.currency)).or_default(),
            };
            *sum = sum.saturating_add(posting.amount_minor);
        }
        // Most payment intents are paid in full, and hold nothing in the end.
        for posting in entry.postings().iter().filter(|posting| !posting.account.is_house()) {
            let key = (world, posting.account, posting.currency);
            if self.house.get(&key) == Some(&0) {
                self.house.remove(&key);
            }
        }
    }

    /// A cash posting needs its transaction, for the same amount with the sign turned and for the
    /// same reason.
    fn match_cash(&mut self, world: World, entry: &Entry, booked: Option<&CashTransaction>) {
        let cash = entry.postings().iter().find_map(|posting| match posting.account {
            Account::CustomerCash(customer) => Some((customer, posting)),
            _ => None,
        });
        let agrees = match (cash, booked) {
            (None, None) => true,
            (Some((customer, posting)), Some(transaction)) => {
                self.booked += 1;
                customer == transaction.key.customer
                    && Some(posting.amount_minor) == transaction.net_amount.checked_neg()
                    && posting.currency == transaction.currency
                    && entry.kind().as_str() == transaction.cause.type_name()
                    && goes_where_it_says(entry, &transaction.cause)
            }
            _ => false,
        };
        if !agrees {
            let detail = format!("entry {} in world {}", entry.number().0, world.0);
            self.found("an entry and its cash balance transaction agree", detail);
        }
    }

    /// Checks a cash balance transaction; feed them by world, customer and number.
    pub fn transaction(&mut self, world: World, transaction: &CashTransaction) {
        self.report.transactions += 1;
        let RowKey { customer, number } = transaction.key;
        if self.customer != Some((world, customer)) {
            self.close_customer();
            self.customer = Some((world, customer));
        }
        let was = self.available.get(transaction.currency);
        let mut others = self.available.clone();
        others.0.remove(&transaction.currency);
        if was.checked_add(transaction.net_amount) != Some(transaction.ending_balance)
            || others != transaction.others
        {
            let detail = format!(
                "transaction {} of customer {} in world {}: {was} {} {:+} does not give {}",
                number.0,
                customer.0,
                world.0,
                transaction.currency,
                transaction.net_amount,
                transaction.ending_balance,
            );
            self.found("each ending balance follows from the one before", detail);
        }
        self.available = transaction.available();
    }

    /// What the journal says the customers are owed must equal what their cash balances say.
    fn close_customer(&mut self) {
        let Some((world, _)) = self.customer.take() else {
            return;
        };
        for (currency, amount) in std::mem::take(&mut self.available).0 {
            let sum = self.owed.entry((world, currency)).or_default();
            *sum = sum.saturating_add(amount);
        }
    }

    /// Checks that what a row names is there and says the same. `find` looks a row up.
    pub fn names<E>(
        &mut self,
        world: World,
        row: &Row,
        find: &mut dyn FnMut(Kind, RowKey) -> Result<Found, E>,
    ) -> Result<(), E> {
        for (kind, key) in row.named() {
            let detail = || {
                let (label, kind, number) = (row.label(), kind.object(), key.number.0);
                format!("{label} in world {} names {kind} {number}", world.0)
            };
            match find(kind, key)? {
                Found::Nothing => {
                    let invariant = match row {
                        Row::Event(_) => "every event is about something that exists",
                        Row::Timer(_) => "every timer is about something that exists",
                        _ => "every row that is named exists",
                    };
                    self.found(invariant, detail());
                }
                Found::Row(other) if !row.agrees_with(&other) => {
                    self.found("rows that name each other agree", detail());
                }
                Found::Something | Found::Row(_) => {}
            }
        }
        Ok(())
    }

    /// Checks the stored sum of a house account over all its lanes.
    pub fn house_balance(&mut self, world: World, account: Account, currency: Currency, sum: i64) {
        let journal = self.house.remove(&(world, account, currency)).unwrap_or_default();
        if journal != sum {
            let detail = format!(
                "{account:?} in world {}: the journal gives {journal} {currency}, the row {sum}",
                world.0
            );
            self.found("house balances equal the journal", detail);
        }
    }

    /// Checks the stored head of a chain.
    pub fn chain_head(&mut self, world: World, lane: i64, head: &Seal, length: i64) {
        if self.chains.remove(&(world, lane)).unwrap_or_default() != (*head, length) {
            let detail = format!("world {}, lane {lane}: entries are missing at its end", world.0);
            self.found("each hash chain ends at its head", detail);
        }
    }

    /// Checks what can only be told at the end, and reports.
    pub fn finish(mut self) -> Report {
        self.close_customer();
        if self.booked != self.report.transactions {
            let (booked, rows) = (self.booked, self.report.transactions);
            let detail = format!("{booked} entries book {rows} transactions");
            self.found("every cash balance transaction has a journal entry", detail);
        }
        for ((world, currency), off) in std::mem::take(&mut self.owed) {
            if off != 0 {
                let detail = format!("world {}: off by {off} {currency}", world.0);
                self.found("cash balances equal the journal", detail);
            }
        }
        for ((world, account, currency), sum) in std::mem::take(&mut self.house) {
            if sum != 0 {
                let detail =
                    format!("{account:?} in world {}: {sum} {currency} have no row", world.0);
                self.found("house balances equal the journal", detail);
            }
        }
        for ((world, lane), _) in std::mem::take(&mut self.chains) {
            let detail = format!("world {}, lane {lane}: there is no head", world.0);
            self.found("each hash chain ends at its head", detail);
        }
        self.report
    }
}

/// Whether the money of a payment went to or came from the intent that is named.
fn goes_where_it_says(entry: &Entry, cause: &Cause) -> bool {
    let (Cause::AppliedToPayment { payment_intent }
    | Cause::UnappliedFromPayment { payment_intent }) = cause
    else {
        return true;
    };
    let intent = Account::PaymentIntent(*payment_intent);
    let on_it = |account| account == intent || matches!(account, Account::CustomerCash(_));
    entry.postings().iter().all(|posting| on_it(posting.account))
}
