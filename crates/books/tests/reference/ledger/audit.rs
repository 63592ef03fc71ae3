//! The auditor is fed as the doctor feeds it, and whatever names something names what exists.

use books::audit::{Auditor, Report};
use books::cash_balance::{CashTransaction, Cause};
use books::event::EventObject;
use books::journal::{Account, Seal};
use books::payout::Payout;
use books::refund::{Refund, RefundOrigin};
use books::{Change, Currency, Document, Kind, Number, RowKey, View};

use super::{LANE, Ledger, Sealed, WORLD};

/// Everything that the auditor looks at.
#[derive(Clone)]
pub struct Rows {
    pub entries: Vec<Sealed>,
    /// By customer, then by number.
    pub transactions: Vec<CashTransaction>,
    /// The sums of the house accounts, and what each payment intent holds.
    pub house: Vec<(Account, Currency, i64)>,
    pub head: (Seal, i64),
}

impl Ledger {
    pub fn rows(&self) -> Rows {
        let mut transactions: Vec<CashTransaction> = self.cash().cloned().collect();
        transactions.sort_by_key(|row| row.key);
        let mut house = self.house();
        // A part-paid intent tells itself what it holds.
        house.extend(self.documents.values().filter_map(|document| match document {
            Document::PaymentIntent(intent) if intent.status.is_open() && intent.applied > 0 => {
                let account = Account::PaymentIntent(intent.key.number);
                Some((account, intent.currency, -intent.applied))
            }
            _ => None,
        }));
        let head = self.entries.last().map_or([0; 32], |last| last.seal);
        let length = self.entries.len() as i64;
        Rows { entries: self.entries.clone(), transactions, house, head: (head, length) }
    }

    /// Everything that was just written and names something names what is there by now.
    pub fn check_references(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Booked(_, Some(row)) => self.check_cause(row),
                Change::BalanceTransaction(line) => {
                    let (kind, key) = line.source.expect("a line has a cause");
                    assert!(self.has(kind, key), "{line:?}");
                }
                Change::Document(document) => self.check_document(document),
                Change::Event(event) => match &event.object {
                    EventObject::CashTransaction(key) | EventObject::CashBalance(key, _) => {
                        assert!(self.has(Kind::CashTransaction, *key), "{event:?}");
                    }
                    EventObject::Customer { now, before } => {
                        assert!(self.holders.contains_key(&now.number), "{event:?}");
                        assert_ne!(before.as_ref(), Some(now), "nothing was updated");
                    }
                    EventObject::Document { now, before } => {
                        assert!(self.has(now.kind(), now.key()), "{event:?}");
                        assert_ne!(before.as_ref(), Some(now), "nothing was updated");
                    }
                    EventObject::Balance(_) => {}
                },
                _ => {}
            }
        }
    }

    fn check_cause(&self, row: &CashTransaction) {
        let own = |number| RowKey { number, ..row.key };
        let named = match &row.cause {
            Cause::AppliedToPayment { payment_intent }
            | Cause::UnappliedFromPayment { payment_intent } => {
                self.has(Kind::PaymentIntent, own(*payment_intent))
            }
            Cause::RefundedFromPayment { refund } => self.has(Kind::Refund, own(*refund)),
            Cause::FundingReversed { funded } => {
                funded.is_some_and(|funded| self.has(Kind::CashTransaction, own(funded)))
            }
            Cause::TransferredToBalance { balance_transaction } => {
                self.is_line_of(*balance_transaction, (Kind::CashTransaction, row.key))
            }
            Cause::AdjustedForOverdraft { balance_transaction, linked_transaction } => {
                self.is_line_of(*balance_transaction, (Kind::CashTransaction, row.key))
                    && self.has(Kind::CashTransaction, own(*linked_transaction))
            }
            Cause::Funded(_) | Cause::ReturnInitiated | Cause::ReturnCanceled => true,
        };
        assert!(named, "{row:?}");
    }

    fn check_document(&self, document: &Document) {
        let key = document.key();
        let own = |number| RowKey { number, ..key };
        let named = match document {
            Document::PaymentIntent(intent) => {
                intent.payment_method.is_none_or(|it| self.has(Kind::PaymentMethod, own(it)))
                    && intent.billed.as_ref().is_none_or(|b| self.has(Kind::Invoice, own(b.invoice)))
                    && intent.charge.as_ref().is_none_or(|charge| {
                        let of = (Kind::Charge, own(charge.number));
                        self.has(of.0, of.1) && self.is_line_of(charge.balance_transaction, of)
                    })
            }
            Document::Charge(charge) => self.has(Kind::PaymentIntent, own(charge.payment_intent)),
            Document::PaymentMethod(method) => {
                self.has(Kind::PaymentIntent, own(method.payment_intent))
            }
            Document::Refund(refund) => self.check_refund(refund),
            Document::Payout(payout) => self.check_payout(payout),
            Document::BankAccount(_) => true,
            Document::Invoice(invoice) => {
                invoice.payment_intent.is_none_or(|it| self.has(Kind::PaymentIntent, own(it)))
            }
            Document::InvoiceItem(item) => {
                item.invoice.is_none_or(|invoice| self.has(Kind::Invoice, own(invoice)))
            }
        };
        assert!(named, "{document:?}");
    }

    fn check_refund(&self, refund: &Refund) -> bool {
        let own = |number| RowKey { number, ..refund.key };
        let lines = [refund.balance_transaction, refund.failure_balance_transaction];
        let of_refund = |number| self.is_line_of(number, (Kind::Refund, refund.key));
        lines.into_iter().flatten().all(of_refund)
            && match refund.origin {
                RefundOrigin::Payment { payment_intent, charge, payment_method } => {
                    self.has(Kind::PaymentIntent, own(payment_intent))
                        && self.has(Kind::Charge, own(charge))
                        && self.has(Kind::PaymentMethod, own(payment_method))
                }
                RefundOrigin::CashBalance { lot } => {
                    lot.is_none_or(|lot| self.has(Kind::CashTransaction, own(lot)))
                }
            }
    }

    fn check_payout(&self, payout: &Payout) -> bool {
        let key = |number| RowKey { customer: Number(0), number };
        let others = [payout.original_payout, payout.reversed_by];
        let lines = [Some(payout.balance_transaction), payout.failure_balance_transaction];
        let of_payout = |number| self.is_line_of(number, (Kind::Payout, key(payout.number)));
        self.has(Kind::BankAccount, key(payout.destination))
            && others.into_iter().flatten().all(|other| self.has(Kind::Payout, key(other)))
            && lines.into_iter().flatten().all(of_payout)
    }

    fn is_line_of(&self, line: Number, source: (Kind, RowKey)) -> bool {
        self.lines.get(&line).is_some_and(|line| line.source == Some(source))
    }

    fn has(&self, kind: Kind, key: RowKey) -> bool {
        match kind {
            Kind::CashTransaction => self.cash_transaction(key).is_some(),
            _ => self.document(kind, key).is_some(),
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
