//! What a store does with decisions, in memory: state for the next command, rows for the auditor,
//! and what has to be true of every change, whatever it is about.

mod audit;
mod later;

use std::collections::{BTreeMap, BTreeSet};

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause};
use books::charge::CardCharge;
use books::event::{Event, EventObject};
use books::funding::Instructions;
use books::id::Numbers;
use books::journal::{Account, Entry, EntryKind, Seal, seal};
use books::limits::Tally;
use books::reconciliation::Payable;
use books::time::Millis;
use books::timer::{Look, Lot, Timer};
use books::{
    Change, Command, Context, Currency, Customer, Decision, Document, IdKey, Kind, Number, Purse,
    Refusal, Reply, RowKey, Rules, View, World,
};

use crate::acquirer::Network;

pub use audit::Rows;

pub const WORLD: World = World(3);
pub const LANE: i64 = 2;

/// The causes of entries that bring new money into a cash balance: each such entry is a lot.
const CREDITS: [EntryKind; 2] = [EntryKind::Funded, EntryKind::RefundedFromPayment];

/// An entry as it is stored: with its seal and the transaction that it books.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub entry: Entry,
    pub booked: Option<CashTransaction>,
    pub seal: Seal,
}

/// A customer with its money.
#[derive(Default)]
pub struct Holder {
    pub customer: Customer,
    pub available: Balances,
}

/// The store.
pub struct Ledger {
    pub ids: IdKey,
    pub rules: Rules,
    pub now_ms: i64,
    numbers: Numbers,
    pub holders: BTreeMap<Number, Holder>,
    pub documents: BTreeMap<Number, Document>,
    instructions: BTreeMap<(Number, Currency, String), Instructions>,
    taken: BTreeSet<String>,
    pub entries: Vec<Sealed>,
    pub lines: BTreeMap<Number, BalanceTransaction>,
    pub events: Vec<Event>,
    pub timers: BTreeSet<Timer>,
    looked: BTreeMap<Look, Number>,
    /// What keys moved on a day.
    spent: BTreeMap<(String, i64, Tally), i64>,
    pub sums: BTreeMap<(Account, Currency), i64>,
}

impl Ledger {
    pub fn new(rules: Rules, now_s: i64) -> Ledger {
        Ledger {
            ids: IdKey::new([5; 16]),
            rules,
            now_ms: now_s * 1000,
            numbers: Numbers::after(LANE, Number(0)),
            holders: BTreeMap::new(),
            documents: BTreeMap::new(),
            instructions: BTreeMap::new(),
            taken: BTreeSet::new(),
            entries: Vec::new(),
            lines: BTreeMap::new(),
            events: Vec::new(),
            timers: BTreeSet::new(),
            looked: BTreeMap::new(),
            spent: BTreeMap::new(),
            sums: BTreeMap::new(),
        }
    }

    /// Decides a command twice, which must give the same, and takes over what it changes.
    pub fn step(&mut self, command: &Command) -> Result<Reply, Refusal> {
        let before = self.counts();
        let mut numbers = self.numbers.clone();
        let first = self.decide(command, &mut numbers);
        let mut again = self.numbers.clone();
        assert_eq!(first, self.decide(command, &mut again), "a decision varies");
        self.numbers = numbers;
        let sums = first.and_then(|decision| {
            let sums = self.sums_after(&decision).ok_or(Refusal::AmountTooLarge)?;
            Ok((decision, sums))
        });
        let (decision, sums) = match sums {
            Ok(decided) => decided,
            Err(refusal) => {
                assert_eq!(self.counts(), before, "a refusal changes something");
                return Err(refusal);
            }
        };
        self.sums = sums;
        for change in &decision.changes {
            self.apply(change.clone());
        }
        Ok(decision.reply)
    }

    /// How much of everything there is.
    fn counts(&self) -> [usize; 6] {
        let rows = [self.entries.len(), self.lines.len(), self.events.len()];
        let [entries, lines, events] = rows;
        [entries, lines, events, self.documents.len(), self.timers.len(), self.holders.len()]
    }

    /// The sums of all accounts; a store refuses what would not fit.
    fn sums_after(&self, decision: &Decision) -> Option<BTreeMap<(Account, Currency), i64>> {
        let mut sums = self.sums.clone();
        for change in &decision.changes {
            let Change::Booked(entry, _) = change else {
                continue;
            };
            for posting in entry.postings() {
                let sum = sums.entry((posting.account, posting.currency)).or_default();
                *sum = sum.checked_add(posting.amount_minor)?;
            }
        }
        Some(sums)
    }

    fn decide(&self, command: &Command, numbers: &mut Numbers) -> Result<Decision, Refusal> {
        let mut ctx = Context {
            now: Millis(self.now_ms),
            numbers,
            ids: &self.ids,
            rules: &self.rules,
            accounts: &Bank,
            acquirer: Some(&Network),
            cause: None,
        };
        books::decide(command, self, &mut ctx)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Customer(customer) => {
                let number = customer.number;
                self.holders.entry(number).or_default().customer = *customer;
            }
            Change::Booked(entry, booked) => self.book(entry, booked),
            Change::BalanceTransaction(line) => {
                let number = line.number;
                assert!(self.lines.insert(number, *line).is_none(), "a line is written once");
            }
            Change::Instructions(customer, made) => {
                let fresh = self.taken.insert(made.account_key.clone());
                assert!(fresh, "an account number was given out twice");
                let key = (customer, made.currency, made.country.clone());
                let before = self.instructions.insert(key, made);
                assert_eq!(before, None, "instructions never change");
            }
            Change::Document(document) => self.keep(document),
            Change::TimerSet(timer) => {
                assert!(self.timers.insert(timer), "{timer:?} is set twice");
            }
            Change::TimerDone(timer) => drop(self.timers.remove(&timer)),
            Change::Looked(look, number) => {
                let before = self.looked.insert(look, number);
                assert!(before.is_none_or(|before| before <= number), "it looks back");
            }
            Change::Event(event) => {
                let last = self.events.last().map(|event| event.number);
                assert!(last.is_none_or(|last| last < event.number), "events are out of order");
                let is_update = match &event.object {
                    EventObject::Customer { now, before } => before.as_ref() != Some(now),
                    EventObject::Document { now, before } => before.as_ref() != Some(now),
                    _ => true,
                };
                assert!(is_update, "nothing was updated: {event:?}");
                self.events.push(event);
            }
            Change::Spent(spent) => {
                let key = (spent.key.to_string(), spent.day, spent.tally);
                let before = self.spent.insert(key, spent.total);
                assert!(before.unwrap_or(0) < spent.total, "a key spent less than before");
            }
            #[allow(unreachable_patterns, reason = "what other commands change")]
            other => unreachable!("nobody asked for {other:?}"),
        }
    }

    fn keep(&mut self, document: Document) {
        let (kind, key) = (document.kind(), document.key());
        let kept = Document::from_text(kind, &document.to_text()).expect("it can be read");
        assert_eq!(kept, document, "a document does not survive the store");
        if let Some(payable) = document.payable() {
            assert!(payable.remaining > 0, "{document:?} takes money and needs none");
        }
        let before = self.documents.insert(key.number, document);
        if let Some(before) = before {
            assert_eq!((before.kind(), before.key()), (kind, key), "two share a number");
        }
    }

    fn book(&mut self, entry: Entry, booked: Option<CashTransaction>) {
        let last = self.entries.last().map(|sealed| sealed.entry.number());
        assert!(last.is_none_or(|last| last < entry.number()), "entries are out of order");
        assert_eq!(entry.number().lane(), LANE);
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for posting in entry.postings() {
            *sums.entry(posting.currency).or_default() += i128::from(posting.amount_minor);
            assert_ne!(posting.amount_minor, 0, "{entry:?} moves nothing");
        }
        assert!(entry.postings().len() >= 2 && sums.values().all(|sum| *sum == 0), "{entry:?}");
        if let Some(row) = &booked {
            assert_eq!(row.key.number, entry.number());
            let holder = self.holders.get_mut(&row.key.customer).expect("a customer");
            let mut after = holder.available.clone();
            let was = after.get(row.currency);
            assert_eq!(was.checked_add(row.net_amount), Some(row.ending_balance), "{row:?}");
            after.0.insert(row.currency, row.ending_balance);
            assert_eq!(row.available(), after, "{row:?}");
            holder.available = after;
        }
        let before = self.entries.last().map_or([0; 32], |last| last.seal);
        let seal = seal(&before, WORLD.0, &entry, booked.as_ref());
        self.entries.push(Sealed { entry, booked, seal });
    }

    /// The cash balance transactions of all customers, in the order in which they were made.
    pub fn cash(&self) -> impl DoubleEndedIterator<Item = &CashTransaction> {
        self.entries.iter().filter_map(|sealed| sealed.booked.as_ref())
    }

    /// The keys of all documents of a kind, in the order in which they were made.
    pub fn keys(&self, kind: Kind) -> Vec<RowKey> {
        let documents = self.documents.values().filter(|document| document.kind() == kind);
        documents.map(Document::key).collect()
    }

    /// The charges of cards and sources, in the order in which they were made.
    pub fn card_charges(&self) -> impl Iterator<Item = &CardCharge> {
        self.documents.values().filter_map(|document| match document {
            Document::CardCharge(charge) => Some(&**charge),
            _ => None,
        })
    }

    /// The keys of all transfers that arrived.
    pub fn transfers(&self) -> Vec<RowKey> {
        let funded = self.cash().filter(|row| matches!(row.cause, Cause::Funded(_)));
        funded.map(|row| row.key).collect()
    }
}

impl View for Ledger {
    fn purse(&self, customer: Number) -> Option<Purse> {
        let holder = self.holders.get(&customer)?;
        let available = holder.available.clone();
        Some(Purse { standing: holder.customer.standing(), available })
    }

    fn customer(&self, customer: Number) -> Option<Customer> {
        self.holders.get(&customer).map(|holder| holder.customer.clone())
    }

    fn instructions(&self, customer: Number, of: Currency, country: &str) -> Option<Instructions> {
        self.instructions.get(&(customer, of, country.to_owned())).cloned()
    }

    fn is_taken(&self, account_key: &str) -> bool {
        self.taken.contains(account_key)
    }

    /// Newest first: no decision may rest on the order.
    fn payables(&self, customer: Number) -> Vec<Payable> {
        let own = self.documents.values().rev().filter(|d| d.key().customer == customer);
        own.filter_map(Document::payable).collect()
    }

    fn document(&self, kind: Kind, key: RowKey) -> Option<Document> {
        let found = self.documents.get(&key.number)?;
        (found.kind() == kind && found.key() == key).then(|| found.clone())
    }

    fn bank_accounts(&self) -> Vec<Document> {
        let is_there = |d: &&Document| matches!(d, Document::BankAccount(a) if !a.deleted);
        self.documents.values().filter(is_there).cloned().collect()
    }

    fn wallet(&self, customer: Number) -> Vec<Document> {
        let is_own = |d: &&Document| {
            matches!(d, Document::Card(_) | Document::Source(_)) && d.parent() == Some(customer)
        };
        self.documents.values().rev().filter(is_own).cloned().collect()
    }

    /// Nobody asks for webhooks here.
    fn webhook_endpoints(&self) -> Vec<Document> {
        Vec::new()
    }

    fn balance_transaction(&self, number: Number) -> Option<BalanceTransaction> {
        self.lines.get(&number).cloned()
    }

    fn cash_transaction(&self, key: RowKey) -> Option<CashTransaction> {
        self.cash().find(|row| row.key == key).cloned()
    }

    fn is_reversed(&self, funded: RowKey) -> bool {
        let cause = Cause::FundingReversed { funded: Some(funded.number) };
        self.cash().any(|row| row.key.customer == funded.customer && row.cause == cause)
    }

    fn credited_after(&self, customer: Number, of: Currency, after: Number, enough: i64) -> i64 {
        let newer = self.cash().filter(|row| row.key.number > after).filter(is_new);
        let own = newer.filter(|row| row.key.customer == customer && row.currency == of);
        let mut sum = 0i64;
        for row in own {
            // As a store does: it stops counting once it is enough.
            if sum >= enough {
                break;
            }
            sum = sum.saturating_add(row.net_amount);
        }
        sum
    }

    fn lot_before(&self, customer: Number, of: Currency, before: Number) -> Option<Lot> {
        let older = self.cash().rev().filter(|row| row.key.number < before).filter(is_new);
        let mut own = older.filter(|row| row.key.customer == customer && row.currency == of);
        own.next().map(|row| Lot { key: row.key, currency: of, amount: row.net_amount })
    }

    fn spent(&self, key: &str, day: i64, tally: Tally) -> i64 {
        self.spent.get(&(key.to_owned(), day, tally)).copied().unwrap_or(0)
    }

    fn house(&self) -> Vec<(Account, Currency, i64)> {
        let sums = self.sums.iter().filter(|((account, _), sum)| account.is_house() && **sum != 0);
        sums.map(|((account, currency), sum)| (*account, *currency, *sum)).collect()
    }
}

/// Whether a transaction brings new money.
fn is_new(row: &&CashTransaction) -> bool {
    matches!(row.cause, Cause::Funded(_) | Cause::RefundedFromPayment { .. })
}

/// Draws account numbers of which the first choice is always the same, so that they meet.
struct Bank;

impl books::decision::AccountNumbers for Bank {
    fn draw(
        &self,
        customer: Number,
        transfer_type: &str,
        country: Option<&str>,
        attempt: u32,
    ) -> Option<Instructions> {
        let (currency, country) = match transfer_type {
            "us_bank_transfer" => (Currency::USD, "US"),
            "eu_bank_transfer" => (Currency::EUR, country.unwrap_or("IE")),
            "jp_bank_transfer" => (Currency::JPY, "JP"),
            _ => return None,
        };
        let owner = if attempt == 0 { 0 } else { customer.0 };
        Some(Instructions {
            currency,
            country: country.to_owned(),
            transfer_type: transfer_type.to_owned(),
            account_key: format!("{country} {owner} {attempt}"),
            financial_addresses: serde_json::Value::Null,
        })
    }
}
