//! What was to be done later: timers that are due, and looks at money that nobody claims.

use std::collections::BTreeMap;

use super::book::{Book, Line, balance_event, entry};
use super::refunds::send_back;
use super::{RefundTerms, owner};
use crate::balance::{BalanceKind, SourceType};
use crate::cash_balance::{BankTransfer, Cause, Sender};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::id::{Kind, Number};
use crate::journal::{Account, EntryKind};
use crate::refund::DetailsRequest;
use crate::time::Timestamp;
use crate::timer::{DAY_S, Look, Lot, Timer, TimerKind};

/// Timers of one command, at most.
pub const SETTLE_MAX: usize = 500;
/// Lots that are looked at to tell what of some money came over SWIFT, at most. What is older is
/// taken to have come otherwise.
const LOTS_MAX: usize = 100;

/// Something that time brings.
#[derive(Clone, Debug, PartialEq)]
pub enum LaterCommand {
    /// These balance transactions, all of one world, may be paid out from now on; at most
    /// [`SETTLE_MAX`].
    Settle(Vec<Timer>),
    /// A timer of another kind is due.
    Due(Timer),
    /// A lot is old.
    Look(Look, Lot),
    /// All lots up to this number were looked at.
    Looked(Look, Number),
}

impl LaterCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match self {
            LaterCommand::Settle(_) | LaterCommand::Looked(..) => None,
            // Its key names an endpoint in place of a customer.
            LaterCommand::Due(timer) if timer.kind == TimerKind::Redeliver => None,
            LaterCommand::Due(timer) => owner(timer.key.customer),
            LaterCommand::Look(_, lot) => owner(lot.key.customer),
        }
    }
}

pub(super) fn decide(
    command: &LaterCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        LaterCommand::Settle(timers) => settle(timers, view, ctx),
        LaterCommand::Due(timer) => match timer.kind {
            TimerKind::Settle => settle(&[*timer], view, ctx),
            TimerKind::RefundExpires => super::refunds::expire(*timer, view, ctx),
            TimerKind::RefundArrives => super::refunds::arrive(*timer, view, ctx),
            TimerKind::PayoutLeaves => super::payouts::leave(*timer, view, ctx),
            TimerKind::PayoutArrives => super::payouts::arrive(*timer, view, ctx),
            TimerKind::AuthorizationEnds => super::charges::expire(*timer, view, ctx),
            TimerKind::TopupArrives => super::topups::arrive(*timer, view, ctx),
            TimerKind::InvoiceOverdue => super::invoices::overdue(*timer, view, ctx),
            // Whoever delivers takes these, and reports what came of it; what is left over is that
            // of an endpoint that is removed.
            TimerKind::Redeliver => {
                Ok(Decision { changes: vec![Change::TimerDone(*timer)], reply: Reply::Done })
            }
        },
        LaterCommand::Look(look, lot) => look_at(*look, *lot, view, ctx),
        LaterCommand::Looked(look, number) => {
            Ok(Decision { changes: vec![Change::Looked(*look, *number)], reply: Reply::Done })
        }
    }
}

/// What was earned becomes what may be paid out, and the card networks pay for it: one entry for
/// each currency and each of the two.
fn settle(timers: &[Timer], view: &dyn View, ctx: &mut Context<'_>) -> Result<Decision, Refusal> {
    let mut sums: BTreeMap<(Currency, SourceType), i64> = BTreeMap::new();
    let mut owed: BTreeMap<Currency, i64> = BTreeMap::new();
    let mut changes = Vec::with_capacity(timers.len() + 3);
    for timer in timers {
        changes.push(Change::TimerDone(*timer));
        let Some(row) = view.balance_transaction(timer.key.number) else { continue };
        add(sums.entry((row.currency, row.source_type)).or_default(), row.net())?;
        if row.kind == BalanceKind::Charge {
            add(owed.entry(row.currency).or_default(), row.amount)?;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    for (&(currency, of), sum) in &sums {
        let lines = [(of.pending(), *sum), (of.available(), -sum)];
        let entry = entry(ctx, EntryKind::Settled, currency, &lines)?;
        changes.push(Change::Booked(entry, None));
    }
    // The card networks pay the whole of it; what it costs is the merchant's.
    for (currency, sum) in owed {
        let lines = [(Account::Bank, sum), (Account::CardNetwork, -sum)];
        let entry = entry(ctx, EntryKind::Settled, currency, &lines)?;
        changes.push(Change::Booked(entry, None));
    }
    if sums.values().any(|sum| *sum > 0) {
        let event = balance_event(ctx, view, &changes);
        changes.push(Change::Event(event));
    }
    Ok(Decision { changes, reply: Reply::Done })
}

fn add(sum: &mut i64, amount: i64) -> Result<(), Refusal> {
    *sum = sum.checked_add(amount).ok_or(Refusal::AmountTooLarge)?;
    Ok(())
}

/// Looks at an old lot: what is left of it goes back to the customer's bank, or to the merchant.
fn look_at(
    look: Look,
    lot: Lot,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_any(lot.key.customer, view, ctx)?;
    let available = book.available(lot.currency);
    let newer = view.credited_after(lot.key.customer, lot.currency, lot.key.number, available);
    let left = (available - newer).clamp(0, lot.amount);
    if left > 0 {
        let money = (left, lot.currency);
        match look {
            Look::Return if can_be_returned(view, lot) => {
                return_to_sender(&mut book, money, lot.key.number, lot.due(Look::Sweep))?;
            }
            Look::Return | Look::Sweep => sweep(&mut book, money)?,
        }
    }
    Ok(book.close(Reply::Done))
}

/// What of a cash balance has been there for as long as a look takes. The oldest money is spent
/// first, and money that comes back is as old as it was: so that is what is available without
/// what came in since.
fn older_than(book: &Book<'_, '_>, currency: Currency, look: Look) -> i64 {
    let available = book.available(currency);
    let since = Lot::newest_due(look, book.ctx.second());
    let newer = book.view.credited_after(book.customer(), currency, since, available);
    (available - newer).max(0)
}

/// Money came back to the cash balance: if it is old by now, nobody looks at it any more, so
/// what was to become of it becomes of it at once. What comes back from a return is not returned
/// again.
pub(super) fn given_back(
    book: &mut Book<'_, '_>,
    (amount, currency): (i64, Currency),
    may_return: bool,
) -> Result<(), Refusal> {
    let swept = older_than(book, currency, Look::Sweep).min(amount);
    if swept > 0 {
        sweep(book, (swept, currency))?;
    }
    let left = older_than(book, currency, Look::Return).min(amount - swept);
    if may_return && left > 0 {
        let since = Number(Lot::newest_due(Look::Return, book.ctx.second()).0 + 1);
        let stays = came_over_swift(book, (left, currency), since);
        if stays > 0 {
            sweep(book, (stays, currency))?;
        }
        let days = Look::Sweep.days() - Look::Return.days();
        let until = Timestamp(book.ctx.second().0 + days * DAY_S);
        let lot = book.last().map_or(Number(0), |back| back.number);
        if left > stays {
            return_to_sender(book, (left - stays, currency), lot, until)?;
        }
    }
    Ok(())
}

/// How much of the newest money older than a transaction came over SWIFT, which cannot be sent
/// back (Stripe's page "Refund customer balance payments").
pub(super) fn came_over_swift(
    book: &Book<'_, '_>,
    (amount, currency): (i64, Currency),
    mut before: Number,
) -> i64 {
    let (mut left, mut swift) = (amount, 0);
    for _ in 0..LOTS_MAX {
        let lot = match left {
            0 => None,
            _ => book.view.lot_before(book.customer(), currency, before),
        };
        let Some(lot) = lot else { break };
        let part = left.min(lot.amount);
        if !can_be_returned(book.view, lot) {
            swift += part;
        }
        left -= part;
        before = lot.key.number;
    }
    swift
}

/// Money that nobody claims sets out for the customer's bank.
fn return_to_sender(
    book: &mut Book<'_, '_>,
    money: (i64, Currency),
    lot: Number,
    until: Timestamp,
) -> Result<(), Refusal> {
    let customer = book.view.customer(book.customer());
    let sent_to = customer.and_then(|customer| customer.profile.email);
    let request = DetailsRequest { sent_to, sent_at: book.ctx.second(), expires_at: until };
    send_back(book, money, Some(lot), request, &RefundTerms::default()).map(drop)
}

fn can_be_returned(view: &dyn View, lot: Lot) -> bool {
    let cause = view.cash_transaction(lot.key).map(|row| row.cause);
    !matches!(
        cause,
        Some(Cause::Funded(BankTransfer { sender: Sender::UsBankTransfer { network, .. }, .. }))
            if network == "swift"
    )
}

/// Makes cash that nobody claims the merchant's.
pub(super) fn sweep(
    book: &mut Book<'_, '_>,
    (amount, currency): (i64, Currency),
) -> Result<(), Refusal> {
    let number = book.ctx.number();
    let cause = Cause::TransferredToBalance { balance_transaction: number };
    let (kind, to) = (EntryKind::TransferredToBalance, Account::MerchantAvailable);
    let moved = book.cash(kind, cause, (-amount, currency), to)?;
    let line = Line {
        kind: BalanceKind::PaymentUnreconciled,
        currency,
        amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: SourceType::Card,
        source: (Kind::CashTransaction, moved.key),
        description: None,
    };
    book.line(number, line);
    book.tell_balance();
    Ok(())
}
