//! What a store does with decisions, in memory: state for the next command, and rows for the
//! auditor.

use std::collections::{BTreeMap, BTreeSet};

use books::audit::{Auditor, Report};
use books::cash_balance::{Balances, CashTransaction, ReconciliationMode};
use books::command::View;
use books::funding::Instructions;
use books::id::Numbers;
use books::journal::{Account, Entry, Seal, seal};
use books::time::Millis;
use books::{
    Change, Command, Context, Currency, Customer, Decision, IdKey, Number, Purse, Refusal, Reply,
    RowKey, World,
};

pub const WORLD: World = World(3);
pub const LANE: i64 = 2;
const START_MS: i64 = 1_767_225_600_000;

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

pub struct Ledger {
    ids: IdKey,
    numbers: Numbers,
    pub now_ms: i64,
    pub holders: BTreeMap<Number, Holder>,
    instructions: BTreeMap<Number, Instructions>,
    taken: BTreeSet<String>,
    pub entries: Vec<Sealed>,
    pub events: Vec<books::event::Event>,
    last: Number,
    house: BTreeMap<(Account, Currency), i64>,
}

/// Everything that the auditor looks at.
#[derive(Clone)]
pub struct Rows {
    pub entries: Vec<Sealed>,
    /// By customer, then by number.
    pub transactions: Vec<CashTransaction>,
    pub house: Vec<(Account, Currency, i64)>,
    pub head: (Seal, i64),
}

impl Ledger {
    pub fn new() -> Ledger {
        Ledger {
            ids: IdKey::new([5; 16]),
            numbers: Numbers::after(LANE, Number(0)),
            now_ms: START_MS,
            holders: BTreeMap::new(),
            instructions: BTreeMap::new(),
            taken: BTreeSet::new(),
            entries: Vec::new(),
            events: Vec::new(),
            last: Number(0),
            house: BTreeMap::new(),
        }
    }

    /// Decides a command twice, which must give the same, and takes over what it changes.
    pub fn step(&mut self, command: &Command) -> Result<Reply, Refusal> {
        let mut numbers = self.numbers.clone();
        let first = self.decide(command, &mut numbers);
        let mut again = self.numbers.clone();
        assert_eq!(first, self.decide(command, &mut again), "a decision varies");
        self.numbers = numbers;
        let decision = first?;
        self.house = self.house_after(&decision).ok_or(Refusal::AmountTooLarge)?;
        for change in decision.changes {
            self.apply(change);
        }
        Ok(decision.reply)
    }

    /// The sums of the house accounts; a store refuses what would not fit.
    fn house_after(&self, decision: &Decision) -> Option<BTreeMap<(Account, Currency), i64>> {
        let mut house = self.house.clone();
        for change in &decision.changes {
            let Change::Booked(entry, _) = change else {
                continue;
            };
            for posting in entry.postings().iter().filter(|p| p.account.is_house()) {
                let sum = house.entry((posting.account, posting.currency)).or_default();
                *sum = sum.checked_add(posting.amount_minor)?;
            }
        }
        Some(house)
    }

    fn decide(&self, command: &Command, numbers: &mut Numbers) -> Result<Decision, Refusal> {
        let customer = command.customer();
        let taken = |key: &str| self.taken.contains(key);
        let holder = customer.and_then(|number| self.holders.get(&number));
        let purse = holder.map(|holder| Purse {
            standing: holder.customer.standing(),
            available: holder.available.clone(),
        });
        let view = View {
            purse: purse.as_ref(),
            // As a store does: the whole document only for those who change it.
            customer: holder.map(|holder| &holder.customer).filter(|_| command.changes_customer()),
            instructions: customer.and_then(|number| self.instructions.get(&number)),
            taken: &taken,
        };
        let mut ctx = Context {
            now: Millis(self.now_ms),
            numbers,
            ids: &self.ids,
            default_mode: ReconciliationMode::Automatic,
            cause: None,
        };
        books::decide(command, &view, &mut ctx)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Customer(customer) => {
                let number = customer.number;
                self.holders.entry(number).or_default().customer = *customer;
            }
            Change::Booked(entry, booked) => self.book(entry, booked),
            Change::Instructions(customer, made) => {
                let fresh = self.taken.insert(made.account_key.clone());
                assert!(fresh, "an account number was given out twice");
                self.instructions.insert(customer, made);
            }
            Change::Event(event) => {
                self.follow(event.number);
                self.events.push(event);
            }
        }
    }

    fn book(&mut self, entry: Entry, booked: Option<CashTransaction>) {
        self.follow(entry.number());
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for posting in entry.postings() {
            *sums.entry(posting.currency).or_default() += i128::from(posting.amount_minor);
        }
        assert!(entry.postings().len() >= 2 && sums.values().all(|sum| *sum == 0), "{entry:?}");
        let row = booked.as_ref().expect("each entry books a transaction");
        assert_eq!(row.key.number, entry.number());
        let holder = self.holders.get_mut(&row.key.customer).expect("a customer");
        let mut after = holder.available.clone();
        let was = after.get(row.currency);
        assert_eq!(was.checked_add(row.net_amount), Some(row.ending_balance), "{row:?}");
        after.0.insert(row.currency, row.ending_balance);
        assert_eq!(row.available(), after, "{row:?}");
        holder.available = after;
        let before = self.entries.last().map_or([0; 32], |last| last.seal);
        let seal = seal(&before, WORLD.0, &entry, booked.as_ref());
        self.entries.push(Sealed { entry, booked, seal });
    }

    /// Numbers grow from row to row, whatever the clock does.
    fn follow(&mut self, number: Number) {
        assert!(number > self.last && number.lane() == LANE, "{number:?}");
        self.last = number;
    }

    pub fn rows(&self) -> Rows {
        let mut transactions: Vec<CashTransaction> =
            self.entries.iter().filter_map(|sealed| sealed.booked.clone()).collect();
        transactions.sort_by_key(|row| row.key);
        let head = self.entries.last().map_or([0; 32], |last| last.seal);
        let sums = self.house.iter();
        Rows {
            entries: self.entries.clone(),
            transactions,
            house: sums.map(|((account, currency), sum)| (*account, *currency, *sum)).collect(),
            head: (head, self.entries.len() as i64),
        }
    }
}

impl Rows {
    /// Feeds the auditor, as the doctor does.
    pub fn audit(&self) -> Report {
        let mut auditor = Auditor::default();
        for Sealed { entry, seal, .. } in &self.entries {
            let owner = entry.postings().iter().find_map(|posting| match posting.account {
                Account::CustomerCash(customer) => Some(customer),
                _ => None,
            });
            let number = entry.number();
            let key = owner.map(|customer| RowKey { customer, number });
            let booked = self.transactions.iter().find(|row| Some(row.key) == key);
            auditor.entry(WORLD, entry, booked, seal);
        }
        for row in &self.transactions {
            auditor.transaction(WORLD, row);
        }
        for (account, currency, sum) in &self.house {
            auditor.house_balance(WORLD, *account, *currency, *sum);
        }
        if self.head.1 > 0 {
            auditor.chain_head(WORLD, LANE, &self.head.0, self.head.1);
        }
        auditor.finish()
    }
}
