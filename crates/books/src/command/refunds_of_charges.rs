//! Refunds of charges of cards and sources.
//!
//! To a card the money is on its way at once, and nobody is asked anything. What a transfer to a
//! source paid goes to a bank that the customer has to name. A charge that was not captured has no
//! money to send back: it is let go. Behaviour follows Stripe's pages "Refunds" and "Testing".

use super::RefundTerms;
use super::book::{Book, Line};
use super::charging;
use super::customers::check_metadata;
use super::refunds::{ask_for_details, begun, later, timer};
use crate::balance::BalanceKind;
use crate::card::{Card, SentBack};
use crate::charge::{CardCharge, Instrument, Stage};
use crate::decision::{Change, Context, Decision, Refusal, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::refund::{Destination, Refund, RefundOrigin, RefundStatus};
use crate::timer::TimerKind;

/// Sends a charge, or a part of it, back to where it came from.
pub(super) fn refund(
    mut charge: CardCharge,
    amount: Option<i64>,
    terms: &RefundTerms,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let money = refundable(&charge, amount)?;
    check_metadata(&terms.metadata)?;
    let mut book = Book::open_any(charge.key.customer, view, ctx)?;
    let refund = match (&charge.stage, charge.instrument.card().cloned()) {
        (Stage::Authorized { .. }, _) => let_go(&mut book, &mut charge, terms),
        (_, Some(card)) => to_card(&mut book, &mut charge, money, &card, terms)?,
        (_, None) => to_bank(&mut book, &mut charge, money, terms)?,
    };
    Ok(book.close(Document::from(refund)))
}

/// How much is sent back, or let go.
fn refundable(charge: &CardCharge, amount: Option<i64>) -> Result<i64, Refusal> {
    let (kind, key) = (charge.spelling(), charge.key);
    let already = Refusal::AlreadyRefunded { kind, charge: key };
    match charge.stage {
        _ if charge.disputed => return Err(Refusal::ChargeDisputed { kind, charge: key }),
        Stage::Failed { .. } => return Err(Refusal::ChargeFailed { kind, charge: key }),
        Stage::Released { .. } => return Err(already),
        Stage::Authorized { .. } if charge.payment_intent.is_some() => {
            return Err(Refusal::ChargeOfIntent);
        }
        Stage::Authorized { .. } => {
            let authorized = charge.amount;
            return match amount {
                Some(amount) if amount != authorized => {
                    Err(Refusal::PartOfAuthorization { authorized })
                }
                _ => Ok(authorized),
            };
        }
        Stage::Captured { .. } => {}
    }
    let unrefunded = charge.unrefunded();
    let step = charge.currency.charge_step();
    match amount.unwrap_or(unrefunded) {
        _ if unrefunded == 0 => Err(already),
        amount if amount > unrefunded => Err(Refusal::RefundTooLarge { unrefunded }),
        amount if amount % step != 0 => Err(Refusal::AmountUneven(charge.currency, step)),
        amount => Ok(amount),
    }
}

/// A refund of a charge as it begins.
fn draft(book: &mut Book<'_, '_>, charge: &CardCharge, amount: i64, terms: &RefundTerms) -> Refund {
    let CardCharge { key, payment_intent, .. } = *charge;
    let origin = RefundOrigin::Charge { charge: key.number, payment_intent };
    begun(book, (amount, charge.currency), origin, terms)
}

/// Lets go of what was set aside: nothing was booked, so nothing is booked now.
fn let_go(book: &mut Book<'_, '_>, charge: &mut CardCharge, terms: &RefundTerms) -> Refund {
    let refund = Refund {
        status: RefundStatus::Succeeded,
        destination: Destination::Card { bounces: false },
        ..draft(book, charge, charge.amount, terms)
    };
    book.put(refund.clone());
    book.tell(EventKind::RefundCreated, refund.clone());
    charging::release(book, charge, EventKind::ChargeRefunded);
    refund
}

/// Sends money back to the card. It leaves the merchant at once, also if it takes its time, or
/// comes back later.
fn to_card(
    book: &mut Book<'_, '_>,
    charge: &mut CardCharge,
    amount: i64,
    card: &Card,
    terms: &RefundTerms,
) -> Result<Refund, Refusal> {
    let acquirer = book.ctx.acquirer.ok_or(Refusal::NoAcquirer)?;
    let sent = acquirer.refund(card, amount, charge.currency);
    let mut refund = draft(book, charge, amount, terms);
    refund.status = match sent {
        SentBack::Arrived | SentBack::Bounces => RefundStatus::Succeeded,
        SentBack::Later => RefundStatus::Pending,
    };
    refund.destination = Destination::Card { bounces: sent == SentBack::Bounces };
    let lines = [(charge.source_type().available(), amount), (Account::Bank, -amount)];
    book.post(EntryKind::CardRefunded, charge.currency, &lines)?;
    if sent != SentBack::Arrived {
        let due = later(book.ctx, book.ctx.rules.bank_delay_days);
        book.note(Change::TimerSet(timer(due, TimerKind::RefundArrives, refund.key)));
    }
    take_from_merchant(book, &mut refund, charge, BalanceKind::Refund);
    Ok(refund)
}

/// Sends what a transfer paid to a bank, which the customer is asked for.
fn to_bank(
    book: &mut Book<'_, '_>,
    charge: &mut CardCharge,
    amount: i64,
    terms: &RefundTerms,
) -> Result<Refund, Refusal> {
    let owner = match &charge.instrument {
        Instrument::Source(source) => source.owner.email.as_deref(),
        Instrument::Card { .. } | Instrument::Method { .. } => None,
    };
    let request = ask_for_details(book, terms, owner)?;
    let mut refund = draft(book, charge, amount, terms);
    let merchant = charge.source_type().available();
    let lines = [(merchant, amount), (Account::RefundsInTransit, -amount)];
    book.post(EntryKind::RefundInitiated, charge.currency, &lines)?;
    book.wait_for_details(&mut refund, request);
    take_from_merchant(book, &mut refund, charge, BalanceKind::PaymentRefund);
    Ok(refund)
}

/// Writes the line that a refund is in the merchant's balance, and notes it at the charge.
fn take_from_merchant(
    book: &mut Book<'_, '_>,
    refund: &mut Refund,
    charge: &mut CardCharge,
    kind: BalanceKind,
) {
    let number = book.ctx.number();
    book.line(number, line(book, refund, charge, kind, -refund.amount));
    refund.balance_transaction = Some(number);
    let before = charge.clone();
    charge.amount_refunded += refund.amount;
    book.put(charge.clone());
    book.put(refund.clone());
    book.tell(EventKind::RefundCreated, refund.clone());
    book.tell_update(EventKind::ChargeRefunded, before, charge.clone());
}

fn line(
    book: &Book<'_, '_>,
    refund: &Refund,
    charge: &CardCharge,
    kind: BalanceKind,
    amount: i64,
) -> Line {
    Line {
        kind,
        currency: refund.currency,
        amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: charge.source_type(),
        source: (refund.spelling(), refund.key),
        description: None,
    }
}

/// A refund is with the holder of the card, or comes back from there.
pub(super) fn arrive(
    book: &mut Book<'_, '_>,
    refund: &mut Refund,
    bounces: bool,
) -> Result<(), Refusal> {
    let before = refund.clone();
    match refund.status {
        RefundStatus::Pending => {
            refund.status = RefundStatus::Succeeded;
            book.put(refund.clone());
            book.tell_progress(before, refund.clone());
        }
        RefundStatus::Succeeded if bounces => {
            let RefundOrigin::Charge { charge, .. } = refund.origin else { return Ok(()) };
            refund.status = RefundStatus::Failed;
            refund.failure_reason = Some("unknown".to_owned());
            give_back(book, refund, charge)?;
            book.put(refund.clone());
            book.tell_progress(before, refund.clone());
            book.tell(EventKind::RefundFailed, refund.clone());
            book.tell_balance();
        }
        _ => {}
    }
    Ok(())
}

/// Gives the merchant back what did not get to where it was sent, and notes it at the charge.
pub(super) fn give_back(
    book: &mut Book<'_, '_>,
    refund: &mut Refund,
    charge: Number,
) -> Result<(), Refusal> {
    let key = RowKey { number: charge, ..refund.key };
    let Some(Document::CardCharge(mut charge)) = book.view.document(Kind::Charge, key) else {
        return Err(Refusal::Missing { kind: Kind::Charge, key, param: "charge" });
    };
    let (entry, from, kind) = match refund.destination {
        Destination::Card { .. } => {
            (EntryKind::CardRefundUndone, Account::Bank, BalanceKind::RefundFailure)
        }
        _ => {
            let kind = BalanceKind::PaymentFailureRefund;
            (EntryKind::RefundUndone, Account::RefundsInTransit, kind)
        }
    };
    let amount = refund.amount;
    let lines = [(from, amount), (charge.source_type().available(), -amount)];
    book.post(entry, refund.currency, &lines)?;
    let number = book.ctx.number();
    book.line(number, line(book, refund, &charge, kind, amount));
    refund.failure_balance_transaction = Some(number);
    charge.amount_refunded -= amount;
    book.put(charge);
    Ok(())
}
