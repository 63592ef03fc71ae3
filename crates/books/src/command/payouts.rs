//! Payouts, and the bank accounts that they go to.

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::book::{Line, balance_event, balance_transaction, entry};
use super::customers::{check_metadata, patch_metadata};
use crate::balance::{BalanceKind, SourceType, instant_available};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::{EventKind, EventObject};
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::payout::{
    BankAccount, INSTANT_S, Payout, PayoutFailure, PayoutMethod, PayoutStatus, instant_fee,
    largest_instant,
};
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};

/// What can be asked about payouts and bank accounts.
#[derive(Clone, Debug, PartialEq)]
pub enum PayoutCommand {
    /// Send money to the merchant's bank.
    Create(Box<PayoutDraft>),
    /// Change what the merchant keeps with it.
    Update {
        /// Which.
        payout: Number,
        /// What changes.
        metadata: MetadataPatch,
    },
    /// Give it up before it leaves.
    Cancel {
        /// Which.
        payout: Number,
    },
    /// Take it back after it was paid, by debiting the bank account.
    Reverse {
        /// Which.
        payout: Number,
        /// What the merchant keeps with the reversal.
        metadata: BTreeMap<String, String>,
    },
    /// Add a bank account.
    CreateBankAccount(Box<BankAccountDraft>),
    /// Change what the merchant keeps with a bank account, or make it the default.
    UpdateBankAccount {
        /// Which.
        account: Number,
        /// What changes.
        metadata: MetadataPatch,
        /// Whether it becomes the default for its currency.
        default_for_currency: bool,
    },
    /// Remove a bank account.
    DeleteBankAccount {
        /// Which.
        account: Number,
    },
}

/// A payout that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PayoutDraft {
    /// How much.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// To which bank account; the default one for the currency, if not given.
    pub destination: Option<Number>,
    /// How fast it is to be.
    pub method: PayoutMethod,
    /// Which part of the balance it is to come from.
    pub source_type: SourceType,
    /// For people.
    pub description: Option<String>,
    /// What the bank statement is to say.
    pub statement_descriptor: Option<String>,
    /// What the merchant keeps with it.
    pub metadata: BTreeMap<String, String>,
}

/// A bank account that is to be added.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the bank account")]
pub struct BankAccountDraft {
    pub country: String,
    pub currency: Currency,
    pub last4: String,
    pub routing_number: Option<String>,
    pub fingerprint: String,
    pub account_holder_name: Option<String>,
    pub account_holder_type: Option<String>,
    /// Whether it becomes the default for its currency; the first one does anyway.
    pub default_for_currency: bool,
    pub metadata: BTreeMap<String, String>,
    pub fails: Option<PayoutFailure>,
}

pub(super) fn decide(
    command: &PayoutCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut desk = Desk { view, ctx, changes: Vec::with_capacity(6) };
    let reply = match command {
        PayoutCommand::Create(draft) => desk.create(draft)?.into(),
        PayoutCommand::Update { payout, metadata } => {
            let mut payout = desk.payout(*payout)?;
            let before = payout.clone();
            patch_metadata(&mut payout.metadata, metadata)?;
            if payout != before {
                desk.keep(EventKind::PayoutUpdated, &payout, Some(before));
            }
            payout.into()
        }
        PayoutCommand::Cancel { payout } => desk.cancel(*payout)?.into(),
        PayoutCommand::Reverse { payout, metadata } => desk.reverse(*payout, metadata)?.into(),
        PayoutCommand::CreateBankAccount(draft) => desk.add_account(draft)?.into(),
        PayoutCommand::UpdateBankAccount { account, metadata, default_for_currency } => {
            let mut account = desk.account(*account, "id")?;
            patch_metadata(&mut account.metadata, metadata)?;
            if *default_for_currency && !account.default_for_currency {
                desk.no_other_default(account.currency);
                account.default_for_currency = true;
            }
            desk.changes.push(Change::Document(account.clone().into()));
            account.into()
        }
        PayoutCommand::DeleteBankAccount { account } => {
            let mut account = desk.account(*account, "id")?;
            account.deleted = true;
            desk.changes.push(Change::Document(account.clone().into()));
            if account.default_for_currency {
                desk.make_another_default(&account);
            }
            account.into()
        }
    };
    Ok(Decision { changes: desk.changes, reply: Reply::Document(reply) })
}

/// A payout leaves for the bank.
pub(super) fn leave(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut desk = Desk { view, ctx, changes: vec![Change::TimerDone(timer)] };
    let mut payout = desk.payout(timer.key.number)?;
    if payout.status == PayoutStatus::Pending {
        let before = payout.clone();
        payout.status = PayoutStatus::InTransit;
        desk.keep(EventKind::PayoutUpdated, &payout, Some(before));
    }
    Ok(Decision { changes: desk.changes, reply: Reply::Done })
}

/// A payout is at the bank, or comes back from it.
pub(super) fn arrive(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut desk = Desk { view, ctx, changes: vec![Change::TimerDone(timer)] };
    let mut payout = desk.payout(timer.key.number)?;
    if matches!(payout.status, PayoutStatus::Pending | PayoutStatus::InTransit) {
        let fails = match view.document(Kind::BankAccount, of_the_account(payout.destination)) {
            Some(Document::BankAccount(account)) => account.fails,
            _ => None,
        };
        match fails {
            Some(failure) => {
                payout.status = PayoutStatus::Failed;
                payout.failure = Some(failure);
                desk.give_back(&mut payout, EntryKind::PayoutFailed, BalanceKind::PayoutFailure)?;
                desk.keep(EventKind::PayoutFailed, &payout, None);
                desk.tell_balance();
            }
            None => {
                payout.status = PayoutStatus::Paid;
                let lines =
                    [(Account::PayoutsInTransit, payout.amount), (Account::Bank, -payout.amount)];
                desk.post(EntryKind::PayoutPaid, payout.currency, &lines)?;
                desk.keep(EventKind::PayoutPaid, &payout, None);
            }
        }
    }
    Ok(Decision { changes: desk.changes, reply: Reply::Done })
}

fn of_the_account(number: Number) -> RowKey {
    RowKey { customer: Number(0), number }
}

/// The first moment of the day that is so many working days after `now`.
fn working_day(now: Timestamp, days: i64) -> Timestamp {
    let mut day = now.0.div_euclid(DAY_S);
    let mut left = days;
    while left > 0 {
        day += 1;
        // The first day of Unix time was a Thursday.
        let is_weekend = (day + 3).rem_euclid(7) >= 5;
        left -= i64::from(!is_weekend);
    }
    Timestamp(day * DAY_S)
}

/// Working days from the making of a payout to its arrival: it leaves on the next one.
fn days_to_arrival(ctx: &Context<'_>) -> i64 {
    1 + ctx.rules.bank_delay_days.max(1)
}

/// A decision about the merchant's own money while it is being made.
struct Desk<'a, 'c> {
    view: &'a dyn View,
    ctx: &'a mut Context<'c>,
    changes: Vec<Change>,
}

impl Desk<'_, '_> {
    fn payout(&self, number: Number) -> Result<Payout, Refusal> {
        let key = of_the_account(number);
        match self.view.document(Kind::Payout, key) {
            Some(Document::Payout(payout)) => Ok(*payout),
            _ => Err(Refusal::Missing { kind: Kind::Payout, key, param: "payout" }),
        }
    }

    fn account(&self, number: Number, param: &'static str) -> Result<BankAccount, Refusal> {
        let key = of_the_account(number);
        match self.view.document(Kind::BankAccount, key) {
            Some(Document::BankAccount(account)) if !account.deleted => Ok(*account),
            _ => Err(Refusal::Missing { kind: Kind::BankAccount, key, param }),
        }
    }

    fn post(
        &mut self,
        kind: EntryKind,
        currency: Currency,
        lines: &[(Account, i64)],
    ) -> Result<(), Refusal> {
        let entry = entry(self.ctx, kind, currency, lines)?;
        self.changes.push(Change::Booked(entry, None));
        Ok(())
    }

    /// Writes a line of the merchant's balance for a payout, and gives its number.
    fn line(
        &mut self,
        kind: BalanceKind,
        payout: Number,
        (amount, fee, currency): (i64, i64, Currency),
        source_type: SourceType,
        available_on: Timestamp,
    ) -> Number {
        let number = self.ctx.number();
        let source = (Kind::Payout, of_the_account(payout));
        let description = None;
        let line =
            Line { kind, currency, amount, fee, available_on, source_type, source, description };
        let row = Box::new(balance_transaction(number, line));
        self.changes.push(Change::BalanceTransaction(row));
        number
    }

    /// Writes a payout down and tells of it.
    fn keep(&mut self, kind: EventKind, payout: &Payout, before: Option<Payout>) {
        let (now, before) = (payout.clone().into(), before.map(Document::from));
        self.changes.push(Change::Document(payout.clone().into()));
        let event = self.ctx.event(kind, EventObject::Document { now, before });
        self.changes.push(Change::Event(event));
    }

    /// Tells that the merchant's balance grew.
    fn tell_balance(&mut self) {
        let event = balance_event(self.ctx, self.view, &self.changes);
        self.changes.push(Change::Event(event));
    }

    fn set_timer(&mut self, due: Timestamp, kind: TimerKind, number: Number) {
        self.changes.push(Change::TimerSet(Timer { due, kind, key: of_the_account(number) }));
    }

    fn create(&mut self, draft: &PayoutDraft) -> Result<Payout, Refusal> {
        let PayoutDraft { amount, currency, method, source_type, .. } = *draft;
        check_metadata(&draft.metadata)?;
        let destination = self.destination(draft.destination, currency)?;
        let is_instant = method == PayoutMethod::Instant;
        if is_instant && !self.account(destination, "destination")?.takes_instant() {
            return Err(Refusal::NoInstantPayouts);
        }
        let fee = self.covered(draft)?;
        let number = self.ctx.number();
        let taken = amount.checked_add(fee).ok_or(Refusal::AmountTooLarge)?;
        let lines = [
            (source_type.available(), taken),
            (Account::PayoutsInTransit, -amount),
            (Account::Fees, -fee),
        ];
        self.post(EntryKind::Payout, currency, &lines)?;
        let now = self.ctx.second();
        let money = (-amount, fee, currency);
        let line = self.line(BalanceKind::Payout, number, money, source_type, now);
        let days = if is_instant { 0 } else { days_to_arrival(self.ctx) };
        let payout = Payout {
            number,
            amount,
            currency,
            // The bank has an instant one at once.
            status: if is_instant { PayoutStatus::InTransit } else { PayoutStatus::Pending },
            destination,
            arrival_date: working_day(now, days),
            balance_transaction: line,
            method,
            source_type,
            description: draft.description.clone(),
            statement_descriptor: draft.statement_descriptor.clone(),
            metadata: draft.metadata.clone(),
            failure: None,
            failure_balance_transaction: None,
            original_payout: None,
            reversed_by: None,
        };
        let arrives = if is_instant { Timestamp(now.0 + INSTANT_S) } else { payout.arrival_date };
        if !is_instant {
            self.set_timer(working_day(now, 1), TimerKind::PayoutLeaves, number);
        }
        self.set_timer(arrives, TimerKind::PayoutArrives, number);
        self.keep(EventKind::PayoutCreated, &payout, None);
        Ok(payout)
    }

    /// What a payout costs, if the part of the balance that it comes from has enough for both. An
    /// instant one may use what is pending: until that is settled, less than nothing is available.
    fn covered(&self, draft: &PayoutDraft) -> Result<i64, Refusal> {
        let PayoutDraft { amount, currency, source_type, .. } = *draft;
        let house = self.view.house();
        let (part, available, fee) = match draft.method {
            PayoutMethod::Standard => {
                let is_its = |(account, of, _): &&(Account, Currency, i64)| {
                    (*account, *of) == (source_type.available(), currency)
                };
                let available = house.iter().find(is_its).map_or(0, |(_, _, sum)| -sum);
                (source_type.as_str(), available, 0)
            }
            PayoutMethod::Instant => {
                let available = match source_type {
                    SourceType::Card => instant_available(&house, currency),
                    SourceType::BankAccount => 0,
                };
                let bps = self.ctx.rules.instant_payout_fee_bps;
                ("instant", largest_instant(bps, available), instant_fee(bps, amount))
            }
        };
        match amount > available {
            true => Err(Refusal::BalanceTooLow { part, available, currency }),
            false => Ok(fee),
        }
    }

    /// The bank account that a payout goes to: the one named, or the default of the currency.
    fn destination(&self, named: Option<Number>, currency: Currency) -> Result<Number, Refusal> {
        if let Some(number) = named {
            let account = self.account(number, "destination")?;
            return match account.currency == currency {
                true => Ok(number),
                false => Err(Refusal::BankAccountCurrency(account.currency)),
            };
        }
        let accounts = self.view.bank_accounts();
        let default = accounts.iter().find_map(|document| match document {
            Document::BankAccount(account)
                if account.currency == currency && account.default_for_currency =>
            {
                Some(account.number)
            }
            _ => None,
        });
        default.ok_or(Refusal::NoBankAccount(currency))
    }

    /// The money of a payout goes back to where in the merchant's balance it came from, with what
    /// the payout cost.
    fn give_back(
        &mut self,
        payout: &mut Payout,
        entry: EntryKind,
        line: BalanceKind,
    ) -> Result<(), Refusal> {
        let Payout { number, amount, currency, source_type, .. } = *payout;
        let fee = self.view.balance_transaction(payout.balance_transaction).map_or(0, |it| it.fee);
        let back = amount.checked_add(fee).ok_or(Refusal::AmountTooLarge)?;
        let lines = [
            (Account::PayoutsInTransit, amount),
            (Account::Fees, fee),
            (source_type.available(), -back),
        ];
        self.post(entry, currency, &lines)?;
        let now = self.ctx.second();
        let line = self.line(line, number, (amount, -fee, currency), source_type, now);
        payout.failure_balance_transaction = Some(line);
        Ok(())
    }

    fn cancel(&mut self, number: Number) -> Result<Payout, Refusal> {
        let mut payout = self.payout(number)?;
        if payout.original_payout.is_some() {
            return Err(Refusal::PayoutReversed);
        }
        if payout.status != PayoutStatus::Pending {
            return Err(Refusal::PayoutState { action: "canceled", status: payout.status });
        }
        payout.status = PayoutStatus::Canceled;
        self.give_back(&mut payout, EntryKind::PayoutCanceled, BalanceKind::PayoutCancel)?;
        self.keep(EventKind::PayoutCanceled, &payout, None);
        self.tell_balance();
        Ok(payout)
    }

    /// Takes a payout back: a payout of less than nothing, which the merchant's bank is debited
    /// for. What it brings is pending until then.
    fn reverse(
        &mut self,
        number: Number,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Payout, Refusal> {
        let mut original = self.payout(number)?;
        check_metadata(metadata)?;
        if original.reversed_by.is_some() || original.original_payout.is_some() {
            return Err(Refusal::PayoutReversed);
        }
        if original.status != PayoutStatus::Paid {
            return Err(Refusal::PayoutState { action: "reversed", status: original.status });
        }
        let Payout { amount, currency, source_type, .. } = original;
        let number = self.ctx.number();
        let lines = [(Account::PayoutsInTransit, amount), (source_type.pending(), -amount)];
        self.post(EntryKind::PayoutReversed, currency, &lines)?;
        let arrival_date = working_day(self.ctx.second(), days_to_arrival(self.ctx));
        let money = (amount, 0, currency);
        let line = self.line(BalanceKind::Payout, number, money, source_type, arrival_date);
        let before = original.clone();
        let reversal = Payout {
            number,
            amount: -amount,
            status: PayoutStatus::Pending,
            arrival_date,
            balance_transaction: line,
            metadata: metadata.clone(),
            original_payout: Some(original.number),
            method: PayoutMethod::Standard,
            ..original.clone()
        };
        original.reversed_by = Some(number);
        self.set_timer(arrival_date, TimerKind::PayoutArrives, number);
        self.set_timer(arrival_date, TimerKind::Settle, line);
        self.keep(EventKind::PayoutUpdated, &original, Some(before));
        self.keep(EventKind::PayoutCreated, &reversal, None);
        Ok(reversal)
    }

    fn add_account(&mut self, draft: &BankAccountDraft) -> Result<BankAccount, Refusal> {
        check_metadata(&draft.metadata)?;
        let draft = draft.clone();
        let is_first = !self.view.bank_accounts().iter().any(|known| {
            matches!(known, Document::BankAccount(account) if account.currency == draft.currency)
        });
        let is_default = draft.default_for_currency || is_first;
        if is_default {
            self.no_other_default(draft.currency);
        }
        let account = BankAccount {
            number: self.ctx.number(),
            country: draft.country,
            currency: draft.currency,
            last4: draft.last4,
            routing_number: draft.routing_number,
            fingerprint: draft.fingerprint,
            account_holder_name: draft.account_holder_name,
            account_holder_type: draft.account_holder_type,
            default_for_currency: is_default,
            metadata: draft.metadata,
            fails: draft.fails,
            deleted: false,
        };
        self.changes.push(Change::Document(account.clone().into()));
        Ok(account)
    }

    /// The newest of the other bank accounts of a currency becomes its default.
    fn make_another_default(&mut self, than: &BankAccount) {
        let others = self.view.bank_accounts().into_iter().rev();
        let other = others.filter_map(|document| match document {
            Document::BankAccount(account) => Some(account),
            _ => None,
        });
        let mut of_currency =
            other.filter(|it| it.currency == than.currency && it.number != than.number);
        if let Some(mut account) = of_currency.next() {
            account.default_for_currency = true;
            self.changes.push(Change::Document(account.into()));
        }
    }

    /// One bank account of a currency is its default, at most.
    fn no_other_default(&mut self, currency: Currency) {
        for document in self.view.bank_accounts() {
            if let Document::BankAccount(mut account) = document
                && account.currency == currency
                && account.default_for_currency
            {
                account.default_for_currency = false;
                self.changes.push(Change::Document(account.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payouts_do_not_arrive_at_weekends() {
        let friday = 1_795_737_600 + 13 * 3600; // 2026-11-27T13:00:00Z
        let day = |days: i64| working_day(Timestamp(friday), days).0 - 1_795_737_600;
        assert_eq!([0, 1, 2, 3, 6].map(day), [0, 3, 4, 5, 10].map(|days| days * DAY_S));
        let sunday = Timestamp(friday + 2 * DAY_S);
        assert_eq!(working_day(sunday, 1), working_day(Timestamp(friday), 1));
    }
}
