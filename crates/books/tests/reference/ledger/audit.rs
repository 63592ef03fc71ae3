//! The auditor is fed as the doctor feeds it.

use std::convert::Infallible;

use books::audit::{Auditor, Found, Report, Row};
use books::balance::BalanceTransaction;
use books::cash_balance::CashTransaction;
use books::event::Event;
use books::journal::{Account, Seal};
use books::refund::{Refund, RefundOrigin, RefundStatus};
use books::timer::{Timer, TimerKind};
use books::{Currency, Document, Kind, Number, RowKey, Timestamp, View};

use super::{LANE, Ledger, Sealed, WORLD};

/// Everything that the auditor looks at.
#[derive(Clone)]
pub struct Rows {
    pub entries: Vec<Sealed>,
    /// By customer, then by number.
    pub transactions: Vec<CashTransaction>,
    pub documents: Vec<Document>,
    pub lines: Vec<BalanceTransaction>,
    pub timers: Vec<Timer>,
    events: Vec<Event>,
    customers: Vec<Number>,
    pub house: Vec<(Account, Currency, i64)>,
    pub head: (Seal, i64),
    now: Timestamp,
}

impl Ledger {
    pub fn rows(&self) -> Rows {
        let mut transactions: Vec<CashTransaction> = self.cash().cloned().collect();
        transactions.sort_by_key(|row| row.key);
        let head = self.entries.last().map_or([0; 32], |last| last.seal);
        Rows {
            entries: self.entries.clone(),
            transactions,
            documents: self.documents.values().cloned().collect(),
            lines: self.lines.values().cloned().collect(),
            timers: self.timers.iter().copied().collect(),
            events: self.events.clone(),
            customers: self.holders.keys().copied().collect(),
            house: self.house(),
            head: (head, self.entries.len() as i64),
            now: self.now(),
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
            let key = owner.map(|customer| RowKey { customer, number: entry.number() });
            let booked = self.transactions.iter().find(|row| Some(row.key) == key);
            auditor.entry(WORLD, entry, booked, seal);
        }
        for row in &self.transactions {
            auditor.transaction(WORLD, row);
            self.names(&mut auditor, Row::CashTransaction(Box::new(row.clone())));
        }
        for document in &self.documents {
            auditor.document(WORLD, document);
            if let Document::PaymentIntent(intent) = document {
                auditor.refunded(WORLD, intent, self.refunded(intent.key.number));
            }
            if let Document::CardCharge(charge) = document {
                auditor.charge_refunded(WORLD, charge, self.refunded(charge.key.number));
            }
            if let Document::Source(source) = document {
                let (sum, pulled_back) = self.received(source.key.number);
                auditor.received(WORLD, source, sum, pulled_back);
            }
            self.names(&mut auditor, Row::Document(document.clone()));
        }
        for line in &self.lines {
            let settles =
                |timer: &Timer| timer.kind == TimerKind::Settle && timer.key.number == line.number;
            auditor.line(WORLD, line, self.timers.iter().any(settles), self.now);
            self.names(&mut auditor, Row::BalanceTransaction(Box::new(line.clone())));
        }
        for timer in &self.timers {
            auditor.timer(WORLD, timer);
            self.names(&mut auditor, Row::Timer(*timer));
        }
        for event in &self.events {
            self.names(&mut auditor, Row::Event(Box::new(event.clone())));
        }
        auditor.all_was_fed();
        for (account, currency, sum) in &self.house {
            auditor.house_balance(WORLD, *account, *currency, *sum);
        }
        if self.head.1 > 0 {
            auditor.chain_head(WORLD, LANE, &self.head.0, self.head.1);
        }
        auditor.finish()
    }

    /// What the transfers to a source are together, and those that were pulled back.
    fn received(&self, source: Number) -> (i64, i64) {
        let (mut sum, mut pulled_back) = (0, 0);
        for document in &self.documents {
            if let Document::SourceTransaction(it) = document
                && it.source == source
            {
                sum += it.amount;
                pulled_back += if it.reversed { it.amount } else { 0 };
            }
        }
        (sum, pulled_back)
    }

    /// What was refunded of what an intent's cash balance, or a charge, paid.
    fn refunded(&self, of: Number) -> i64 {
        let is_its = |refund: &Refund| match refund.origin {
            RefundOrigin::Payment { payment_intent, .. } => payment_intent == of,
            RefundOrigin::Charge { charge, .. } => charge == of,
            RefundOrigin::CashBalance { .. } => false,
        };
        let amounts = self.documents.iter().filter_map(|document| match document {
            Document::Refund(refund) if is_its(refund) => match refund.status {
                RefundStatus::Failed | RefundStatus::Canceled => None,
                _ => Some(refund.amount),
            },
            _ => None,
        });
        amounts.sum()
    }

    fn names(&self, auditor: &mut Auditor, row: Row) {
        let found: Result<(), Infallible> =
            auditor.names(WORLD, &row, &mut |kind, key| Ok(self.find(kind, key)));
        found.expect("looking in memory does not fail");
    }

    fn find(&self, kind: Kind, key: RowKey) -> Found {
        let row = match kind.stored() {
            Kind::Customer => {
                let known = self.customers.contains(&key.number);
                return if known { Found::Something } else { Found::Nothing };
            }
            Kind::CashTransaction => {
                let row = self.transactions.iter().find(|row| row.key == key);
                row.map(|row| Row::CashTransaction(Box::new(row.clone())))
            }
            Kind::BalanceTransaction => {
                let line = self.lines.iter().find(|line| line.number == key.number);
                line.map(|line| Row::BalanceTransaction(Box::new(line.clone())))
            }
            kind => {
                let is_it = |it: &&Document| it.kind() == kind && it.key() == key;
                self.documents.iter().find(is_it).map(|it| Row::Document(it.clone()))
            }
        };
        row.map_or(Found::Nothing, Found::Row)
    }
}
