//! A decision about one customer's money while it is being made.
//!
//! The book remembers what the decision has done so far: each cash balance transaction goes on from
//! the one before it, with its journal entry and its event beside it; each intent that is paid in
//! full gets its charge, its line of the merchant's balance and its timer. Every rule of money
//! moves it through here.

use super::purse;
use crate::balance::{BalanceKind, BalanceTransaction, SourceType};
use crate::cash_balance::{Balances, CashTransaction, Cause, ReconciliationMode};
use crate::currency::Currency;
use crate::customer::{Customer, Purse, Standing};
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::{EventKind, EventObject};
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, Entry, EntryKind, Posting};
use crate::payment_intent::{
    BillingDetails, Charge, ChargeRow, IntentStatus, PaymentIntent, PaymentMethod,
};
use crate::reconciliation::{self, Arrival};
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};

/// A decision that is being made.
pub(super) struct Book<'a, 'c> {
    /// The moment, numbers and rules.
    pub ctx: &'a mut Context<'c>,
    /// What was there before.
    pub view: &'a dyn View,
    /// The customer's purse, as the decision so far left it.
    pub purse: Purse,
    changes: Vec<Change>,
    /// The transaction that the purse is the result of, if this decision made one.
    last: Option<RowKey>,
    /// Intents that this decision changes by itself, so that reconciliation leaves them alone.
    handled: Vec<Number>,
}

/// A line of the merchant's balance that is to be written.
pub(super) struct Line {
    pub kind: BalanceKind,
    pub currency: Currency,
    pub amount: i64,
    pub fee: i64,
    pub available_on: Timestamp,
    pub source_type: SourceType,
    pub source: (Kind, RowKey),
    /// For people.
    pub description: Option<String>,
}

impl<'a, 'c> Book<'a, 'c> {
    /// Opens the book of a customer that exists and is not deleted.
    pub fn open(
        customer: Number,
        param: &'static str,
        view: &'a dyn View,
        ctx: &'a mut Context<'c>,
    ) -> Result<Book<'a, 'c>, Refusal> {
        Ok(Book::of(purse(view, customer, param)?, view, ctx))
    }

    /// Opens the book of a customer, deleted or not, or of nobody (0): for what goes on without
    /// it.
    pub fn open_any(
        customer: Number,
        view: &'a dyn View,
        ctx: &'a mut Context<'c>,
    ) -> Result<Book<'a, 'c>, Refusal> {
        let missing = Refusal::CustomerMissing { param: "customer" };
        if customer == Number(0) {
            let purse = Purse { standing: Standing::default(), available: Balances::default() };
            return Ok(Book::of(purse, view, ctx));
        }
        Ok(Book::of(view.purse(customer).ok_or(missing)?, view, ctx))
    }

    /// Opens the book of a customer that exists and is not deleted, or one about nobody's money:
    /// that of payments which no customer makes.
    pub fn open_for(
        customer: Option<Number>,
        param: &'static str,
        view: &'a dyn View,
        ctx: &'a mut Context<'c>,
    ) -> Result<Book<'a, 'c>, Refusal> {
        match customer {
            Some(customer) => Book::open(customer, param, view, ctx),
            None => Book::open_any(Number(0), view, ctx),
        }
    }

    fn of(purse: Purse, view: &'a dyn View, ctx: &'a mut Context<'c>) -> Book<'a, 'c> {
        let changes = Vec::with_capacity(8);
        Book { ctx, view, purse, changes, last: None, handled: Vec::new() }
    }

    /// Whose book it is.
    pub fn customer(&self) -> Number {
        self.purse.standing.number
    }

    /// A key for a new row of this customer.
    pub fn new_key(&mut self) -> RowKey {
        RowKey { customer: self.customer(), number: self.ctx.number() }
    }

    /// The transaction that the purse is the result of, if this decision made one.
    pub fn last(&self) -> Option<RowKey> {
        self.last
    }

    /// What is available in a currency.
    pub fn available(&self, currency: Currency) -> i64 {
        self.purse.available.get(currency)
    }

    /// Whether money finds its payments by itself.
    pub fn is_automatic(&self) -> bool {
        let settings = self.purse.standing.settings(self.ctx.rules.default_mode);
        settings.reconciliation_mode == ReconciliationMode::Automatic
    }

    /// Everything that was decided, and the answer.
    pub fn close(self, reply: impl Into<Reply>) -> Decision {
        Decision { changes: self.changes, reply: reply.into() }
    }

    /// Writes down a change.
    pub fn note(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Writes down a document.
    pub fn put(&mut self, document: impl Into<Document>) {
        self.note(Change::Document(document.into()));
    }

    /// A document that this decision wrote, as it left it.
    pub fn written(&self, kind: Kind, key: RowKey) -> Option<Document> {
        self.changes.iter().rev().find_map(|change| match change {
            Change::Document(document) if (document.kind(), document.key()) == (kind, key) => {
                Some(document.clone())
            }
            _ => None,
        })
    }

    /// Tells of something.
    pub fn tell_of(&mut self, kind: EventKind, object: EventObject) {
        let event = self.ctx.event(kind, object);
        self.note(Change::Event(event));
    }

    /// Writes a customer down and tells of it, if it changed.
    pub fn note_customer(&mut self, before: Customer, now: &Customer) {
        if before != *now {
            let now = Box::new(now.clone());
            self.note(Change::Customer(now.clone()));
            let object = EventObject::Customer { now, before: Some(Box::new(before)) };
            self.tell_of(EventKind::CustomerUpdated, object);
        }
    }

    /// Tells of a document as it is now.
    pub fn tell(&mut self, kind: EventKind, now: impl Into<Document>) {
        let object = EventObject::Document { now: now.into(), before: None };
        let event = self.ctx.event(kind, object);
        self.note(Change::Event(event));
    }

    /// Tells of a change to a document.
    pub fn tell_update(
        &mut self,
        kind: EventKind,
        before: impl Into<Document>,
        now: impl Into<Document>,
    ) {
        let object = EventObject::Document { now: now.into(), before: Some(before.into()) };
        let event = self.ctx.event(kind, object);
        self.note(Change::Event(event));
    }

    /// Moves `net_amount` between an account and the cash balance: above zero comes in.
    pub fn cash(
        &mut self,
        kind: EntryKind,
        cause: Cause,
        (net_amount, currency): (i64, Currency),
        other: Account,
    ) -> Result<CashTransaction, Refusal> {
        let too_large = Refusal::AmountTooLarge;
        let was = self.available(currency);
        let ending_balance = was.checked_add(net_amount).ok_or(too_large.clone())?;
        let mut others = self.purse.available.clone();
        others.0.remove(&currency);
        let key = self.new_key();
        let accounts = (other, Account::CustomerCash(key.customer));
        let entry = Entry::transfer(key.number, kind, accounts, net_amount, currency)
            .map_err(|_| too_large)?;
        let transaction =
            CashTransaction { key, currency, net_amount, ending_balance, others, cause };
        self.purse.available.0.insert(currency, ending_balance);
        self.last = Some(key);
        self.note(Change::Booked(entry, Some(transaction.clone())));
        let told = EventKind::CustomerCashBalanceTransactionCreated;
        let event = self.ctx.event(told, EventObject::CashTransaction(key));
        self.note(Change::Event(event));
        Ok(transaction)
    }

    /// Posts an entry that touches no cash balance.
    pub fn post(
        &mut self,
        kind: EntryKind,
        currency: Currency,
        lines: &[(Account, i64)],
    ) -> Result<(), Refusal> {
        let entry = entry(self.ctx, kind, currency, lines)?;
        self.note(Change::Booked(entry, None));
        Ok(())
    }

    /// Writes a line of the merchant's balance under a number that was drawn for it.
    pub fn line(&mut self, number: Number, line: Line) {
        self.note(Change::BalanceTransaction(Box::new(balance_transaction(number, line))));
    }

    /// Moves cash to an intent, which is completed when that is all it took. Tells nothing about
    /// a part, and leaves it to the caller to write the intent down.
    pub fn pay(&mut self, intent: &mut PaymentIntent, amount: i64) -> Result<(), Refusal> {
        let number = intent.key.number;
        let cause = Cause::AppliedToPayment { payment_intent: number };
        let (kind, other) = (EntryKind::AppliedToPayment, Account::PaymentIntent(number));
        self.cash(kind, cause, (-amount, intent.currency), other)?;
        intent.applied += amount;
        if intent.applied == intent.amount { self.complete(intent) } else { Ok(()) }
    }

    /// Gives back what an intent holds.
    pub fn unapply(&mut self, intent: &mut PaymentIntent) -> Result<i64, Refusal> {
        let held = std::mem::take(&mut intent.applied);
        if held > 0 {
            let number = intent.key.number;
            let cause = Cause::UnappliedFromPayment { payment_intent: number };
            let (kind, other) = (EntryKind::UnappliedFromPayment, Account::PaymentIntent(number));
            self.cash(kind, cause, (held, intent.currency), other)?;
        }
        Ok(held)
    }

    /// Makes a payment method for an intent.
    pub fn give_method(&mut self, intent: &mut PaymentIntent, details: &BillingDetails) {
        let key = self.new_key();
        self.put(PaymentMethod::cash_balance(key, intent.key.number, details.clone()));
        intent.payment_method = Some(key.number);
        intent.billing_details = details.clone();
        if let Some(card) = &mut intent.card {
            card.instrument = None;
        }
        if intent.status == IntentStatus::RequiresPaymentMethod {
            intent.status = IntentStatus::RequiresConfirmation;
        }
    }

    fn complete(&mut self, intent: &mut PaymentIntent) -> Result<(), Refusal> {
        if intent.payment_method.is_none() {
            // That of an invoice, which nobody confirms.
            self.give_method(intent, &BillingDetails::default());
        }
        let (rules, now) = (self.ctx.rules, self.ctx.second());
        let fee = fee(rules.fee_bps, rules.fee_fixed, intent.amount);
        let at_once = rules.settlement_delay_days == 0;
        let available_on = Timestamp(now.0 + rules.settlement_delay_days * DAY_S);
        let merchant = match at_once {
            true => Account::MerchantAvailable,
            false => Account::MerchantPending,
        };
        let from = (Account::PaymentIntent(intent.key.number), intent.amount);
        let to = [from, (merchant, fee - intent.amount), (Account::Fees, -fee)];
        self.post(EntryKind::PaymentCompleted, intent.currency, &to)?;
        let (key, balance_transaction) = (self.new_key(), self.ctx.number());
        self.line(
            balance_transaction,
            Line {
                kind: BalanceKind::Payment,
                currency: intent.currency,
                amount: intent.amount,
                fee,
                available_on,
                source_type: SourceType::Card,
                source: (Kind::Charge, key),
                description: intent.profile.description.clone(),
            },
        );
        if !at_once {
            let key = RowKey { customer: Number(0), number: balance_transaction };
            let settle = Timer { due: available_on, kind: TimerKind::Settle, key };
            self.note(Change::TimerSet(settle));
        }
        self.put(Document::Charge(ChargeRow { key, payment_intent: intent.key.number }));
        intent.charge = Some(Charge {
            number: key.number,
            balance_transaction,
            amount_refunded: 0,
            description: intent.profile.description.clone(),
            metadata: intent.profile.metadata.clone(),
        });
        intent.status = IntentStatus::Succeeded;
        intent.instructions = None;
        intent.last_error = None;
        self.tell(EventKind::ChargeSucceeded, intent.clone());
        self.tell(EventKind::PaymentIntentSucceeded, intent.clone());
        super::invoices::intent_succeeded(self, intent);
        if at_once && fee < intent.amount {
            self.tell_balance();
        }
        Ok(())
    }

    /// Tells that the merchant's balance grew.
    pub fn tell_balance(&mut self) {
        let event = balance_event(self.ctx, self.view, &self.changes);
        self.note(Change::Event(event));
    }

    /// Leaves an intent alone when money is matched: this decision changes it by itself.
    pub fn handle(&mut self, intent: Number) {
        self.handled.push(intent);
    }

    /// Whether this decision changes an intent by itself.
    pub fn handles(&self, intent: Number) -> bool {
        self.handled.contains(&intent)
    }

    /// Matches money that came in to what is open, and tells of what is left.
    pub fn reconcile(
        &mut self,
        money: (i64, Currency),
        reference: Option<&str>,
    ) -> Result<(), Refusal> {
        self.pay_with(money, reference)?;
        self.tell_what_is_left(money.1);
        Ok(())
    }

    /// Matches money that came in, or came back, to what is open.
    pub fn pay_with(
        &mut self,
        (amount, currency): (i64, Currency),
        reference: Option<&str>,
    ) -> Result<(), Refusal> {
        let available = self.available(currency);
        if !self.is_automatic() || available <= 0 {
            return Ok(());
        }
        let mut payables = self.view.payables(self.customer());
        payables.retain(|payable| !self.handles(payable.intent));
        let now = self.ctx.second();
        let arrival = Arrival { currency, amount, available, reference, now };
        let ids = self.ctx.ids;
        let reference_of = |intent| ids.transfer_reference(intent);
        for (number, amount) in reconciliation::plan(&arrival, &payables, &reference_of) {
            let key = RowKey { customer: self.customer(), number };
            let mut intent = intent(self.view, key, "payment_intent")?;
            self.pay(&mut intent, amount)?;
            if intent.status.is_open() {
                self.tell(EventKind::PaymentIntentPartiallyFunded, intent.clone());
            }
            self.put(intent);
        }
        Ok(())
    }

    /// Tells that the cash balance has money, if it has any after what this decision did.
    pub fn tell_what_is_left(&mut self, currency: Currency) {
        if let Some(last) = self.last
            && self.available(currency) > 0
        {
            let settings = self.purse.standing.settings(self.ctx.rules.default_mode);
            let object = EventObject::CashBalance(last, settings);
            let event = self.ctx.event(EventKind::CashBalanceFundsAvailable, object);
            self.note(Change::Event(event));
        }
    }
}

impl From<Document> for Reply {
    fn from(document: Document) -> Reply {
        Reply::Document(document)
    }
}

/// An entry of this moment; lines of nothing are left out.
pub(super) fn entry(
    ctx: &mut Context<'_>,
    kind: EntryKind,
    currency: Currency,
    lines: &[(Account, i64)],
) -> Result<Entry, Refusal> {
    let posting =
        |&(account, amount_minor): &(Account, i64)| Posting { account, amount_minor, currency };
    let postings = lines.iter().filter(|(_, amount)| *amount != 0).map(posting).collect();
    Entry::new(ctx.number(), kind, postings).map_err(|_| Refusal::AmountTooLarge)
}

/// A line of the merchant's balance.
pub(super) fn balance_transaction(number: Number, line: Line) -> BalanceTransaction {
    BalanceTransaction {
        number,
        kind: line.kind,
        currency: line.currency,
        amount: line.amount,
        fee: line.fee,
        available_on: line.available_on,
        source_type: line.source_type,
        source: Some(line.source),
        description: line.description,
    }
}

/// Tells what the merchant has, as the decision so far leaves it.
pub(super) fn balance_event(
    ctx: &mut Context<'_>,
    view: &dyn View,
    changes: &[Change],
) -> crate::event::Event {
    let mut house = view.house();
    let booked = changes.iter().filter_map(|change| match change {
        Change::Booked(entry, _) => Some(entry.postings()),
        _ => None,
    });
    for posting in booked.flatten().filter(|posting| posting.account.is_house()) {
        let of = |(account, currency, _): &(Account, Currency, i64)| {
            (*account, *currency) == (posting.account, posting.currency)
        };
        match house.iter().position(of) {
            Some(at) => house[at].2 = house[at].2.saturating_add(posting.amount_minor),
            None => house.push((posting.account, posting.currency, posting.amount_minor)),
        }
    }
    house.sort_unstable_by_key(|(account, currency, _)| (*account, *currency));
    ctx.event(EventKind::BalanceAvailable, EventObject::Balance(house))
}

/// A payment intent that exists.
pub(super) fn intent(
    view: &dyn View,
    key: RowKey,
    param: &'static str,
) -> Result<PaymentIntent, Refusal> {
    match view.document(Kind::PaymentIntent, key) {
        Some(Document::PaymentIntent(intent)) => Ok(*intent),
        _ => Err(Refusal::Missing { kind: Kind::PaymentIntent, key, param }),
    }
}

/// What a payment costs: hundredths of a percent, rounded half up, and a fixed part; never more
/// than the payment.
pub(super) fn fee(bps: i64, fixed: i64, amount: i64) -> i64 {
    let share = (i128::from(amount) * i128::from(bps) + 5_000) / 10_000;
    (share + i128::from(fixed)).clamp(0, i128::from(amount)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_half_up_and_never_exceed_the_payment() {
        let cases = [
            ((0, 0, 1000), 0),
            ((290, 30, 1000), 59),
            ((50, 0, 100), 1),
            ((49, 0, 100), 0),
            ((0, 500, 100), 100),
            ((10_000, 1, i64::MAX), i64::MAX),
        ];
        for ((bps, fixed, amount), want) in cases {
            assert_eq!(fee(bps, fixed, amount), want, "{bps} {fixed} {amount}");
        }
    }
}
