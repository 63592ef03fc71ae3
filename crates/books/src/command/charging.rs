//! What happens when a card or a source is charged, whoever asks for it: a charge by itself or a
//! payment intent.
//!
//! A card is charged in two steps, though often in one decision: its bank sets the money aside,
//! and nothing is booked; then it is captured, which is when the merchant has it. What the card
//! networks owe is an account until the day of settlement.

use super::book::{Book, Line, fee};
use super::sources;
use crate::balance::BalanceKind;
use crate::card::{Approved, Authorization, Authorized, Card, Decline, Risk};
use crate::charge::{AUTHORIZATION_DAYS, CardCharge, ChargeProfile, Instrument, Stage};
use crate::currency::Currency;
use crate::decision::{Change, Refusal};
use crate::event::EventKind;
use crate::id::{Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::payment_intent::BillingDetails;
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};

/// A charge that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub amount: i64,
    pub currency: Currency,
    pub instrument: Instrument,
    pub payment_intent: Option<Number>,
    /// Whether to take the money at once. That of a source that received it is always.
    pub capture: bool,
    pub holder: Holder,
    pub billing_details: BillingDetails,
    pub profile: ChargeProfile,
}

/// What the holder of a card did, and can do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holder {
    /// Can authenticate now.
    pub is_there: bool,
    /// Has authenticated for this payment.
    pub is_authenticated: bool,
    /// Agreed before to payments while away.
    pub is_set_up: bool,
}

/// What came of it. What is written down is told, too.
pub(super) enum Outcome {
    /// The money is there, or set aside.
    Charged(CardCharge),
    /// It is not, and the charge says why.
    Failed(CardCharge, Decline),
    /// The holder has to authenticate first. Nothing was written.
    NeedsHolder,
}

/// A card or a source can be charged any amount between the least and the most (Stripe's page
/// "Supported currencies").
pub(super) fn check_amount(amount: i64, currency: Currency) -> Result<(), Refusal> {
    let (least, most) = (currency.least_charge(), currency.most_charge());
    let step = currency.charge_step();
    match amount {
        _ if amount < least => Err(Refusal::AmountBelowMinimum(currency, least)),
        _ if amount > most => Err(Refusal::AmountAboveMaximum(currency, most)),
        _ if amount % step != 0 => Err(Refusal::AmountUneven(currency, step)),
        _ => Ok(()),
    }
}

/// Charges a card, or a source.
pub(super) fn charge(book: &mut Book<'_, '_>, mut ask: Ask) -> Result<Outcome, Refusal> {
    if let Instrument::Source(source) = &mut ask.instrument {
        let param = if ask.payment_intent.is_some() { "payment_method" } else { "source" };
        *source = sources::before_charge(book, source.key, (ask.amount, ask.currency), param)?;
    }
    let approved = match ask.instrument.card() {
        None => Ok(Approved::default()),
        Some(card) => {
            let acquirer = book.ctx.acquirer.ok_or(Refusal::NoAcquirer)?;
            let Ask { amount, currency, holder, .. } = ask;
            match acquirer.authorize(&Authorization {
                card,
                amount,
                currency,
                holder_is_there: holder.is_there,
                is_authenticated: holder.is_authenticated,
                is_set_up: holder.is_set_up,
            }) {
                Authorized::Approved(approved) => Ok(approved),
                Authorized::Declined(decline, risk) => Err((decline, risk)),
                Authorized::NeedsHolder => return Ok(Outcome::NeedsHolder),
            }
        }
    };
    match approved {
        Ok(approved) => succeed(book, ask, approved).map(Outcome::Charged),
        Err((decline, risk)) => {
            let charge = fail(book, ask, decline.clone(), risk);
            Ok(Outcome::Failed(charge, decline))
        }
    }
}

/// A payment that failed before its bank was asked, or because of what it answered.
pub(super) fn fail(book: &mut Book<'_, '_>, ask: Ask, decline: Decline, risk: Risk) -> CardCharge {
    let charge = drawn_up(book, ask, Stage::Failed { decline, risk });
    book.put(charge.clone());
    book.tell(EventKind::ChargeFailed, charge.clone());
    charge
}

fn succeed(
    book: &mut Book<'_, '_>,
    mut ask: Ask,
    approved: Approved,
) -> Result<CardCharge, Refusal> {
    if let Instrument::Source(source) = &mut ask.instrument {
        sources::after_charge(book, source, ask.amount);
    }
    let until = Timestamp(book.ctx.second().0 + AUTHORIZATION_DAYS * DAY_S);
    let captures = ask.capture || ask.instrument.card().is_none();
    let mut charge = drawn_up(book, ask, Stage::Authorized { approved, until });
    if captures {
        let amount = charge.amount;
        take(book, &mut charge, amount)?;
    } else {
        book.note(Change::TimerSet(authorization_ends(&charge, until)));
    }
    book.put(charge.clone());
    book.tell(EventKind::ChargeSucceeded, charge.clone());
    dispute_if_holder_will(book, &mut charge)?;
    Ok(charge)
}

fn drawn_up(book: &mut Book<'_, '_>, ask: Ask, stage: Stage) -> CardCharge {
    CardCharge {
        key: book.new_key(),
        amount: ask.amount,
        currency: ask.currency,
        instrument: ask.instrument,
        stage,
        payment_intent: ask.payment_intent,
        amount_captured: 0,
        amount_refunded: 0,
        balance_transaction: None,
        disputed: false,
        billing_details: ask.billing_details,
        profile: ask.profile,
    }
}

/// When what is set aside for a charge is let go.
fn authorization_ends(charge: &CardCharge, until: Timestamp) -> Timer {
    Timer { due: until, kind: TimerKind::AuthorizationEnds, key: charge.key }
}

/// Takes what was set aside, or a part of it; the rest is let go. Callers see to it that `amount`
/// is no more than that. Writes the charge down and tells of it.
pub(super) fn capture(
    book: &mut Book<'_, '_>,
    charge: &mut CardCharge,
    amount: i64,
) -> Result<(), Refusal> {
    let before = charge.clone();
    if let Stage::Authorized { until, .. } = charge.stage {
        book.note(Change::TimerDone(authorization_ends(charge, until)));
    }
    take(book, charge, amount)?;
    book.put(charge.clone());
    book.tell_update(EventKind::ChargeCaptured, before, charge.clone());
    dispute_if_holder_will(book, charge)
}

/// Books what is captured, and leaves it to the caller to write the charge down.
fn take(book: &mut Book<'_, '_>, charge: &mut CardCharge, amount: i64) -> Result<(), Refusal> {
    let Stage::Authorized { approved, .. } = charge.stage.clone() else {
        unreachable!("only what is set aside is captured");
    };
    if let (Some(acquirer), Some(card)) = (book.ctx.acquirer, charge.instrument.card()) {
        let declined = |decline| Refusal::CardDeclined { decline, param: "charge" };
        acquirer.capture(card, amount, charge.currency).map_err(declined)?;
    }
    let (rules, now, of) = (book.ctx.rules, book.ctx.second(), charge.source_type());
    let fee = fee(rules.fee_bps, rules.fee_fixed, amount);
    let at_once = rules.settlement_delay_days == 0 || approved.settles_at_once;
    let days = if at_once { 0 } else { rules.settlement_delay_days };
    let available_on = Timestamp(now.0 + days * DAY_S);
    let merchant = if at_once { of.available() } else { of.pending() };
    let (kind, entry, from) = match &charge.instrument {
        Instrument::Source(source) if source.card.is_none() => {
            let holds = Account::Source(source.key.number);
            (BalanceKind::Payment, EntryKind::SourceCharged, holds)
        }
        _ if at_once => (BalanceKind::Charge, EntryKind::CardCharged, Account::Bank),
        _ => (BalanceKind::Charge, EntryKind::CardCharged, Account::CardNetwork),
    };
    let lines = [(from, amount), (merchant, fee - amount), (Account::Fees, -fee)];
    book.post(entry, charge.currency, &lines)?;
    let number = book.ctx.number();
    let line = Line {
        kind,
        currency: charge.currency,
        amount,
        fee,
        available_on,
        source_type: of,
        source: (charge.spelling(), charge.key),
        description: charge.profile.description.clone(),
    };
    book.line(number, line);
    if !at_once {
        let key = RowKey { customer: Number(0), number };
        book.note(Change::TimerSet(Timer { due: available_on, kind: TimerKind::Settle, key }));
    } else if fee < amount {
        book.tell_balance();
    }
    charge.stage = Stage::Captured { approved };
    charge.amount_captured = amount;
    charge.balance_transaction = Some(number);
    Ok(())
}

/// Lets go of what was set aside. Writes the charge down and tells of it: as expired where time did
/// it, else as what becomes of a charge that is given up.
pub(super) fn release(book: &mut Book<'_, '_>, charge: &mut CardCharge, kind: EventKind) {
    let Stage::Authorized { approved, until } = charge.stage.clone() else { return };
    if let (Some(acquirer), Some(card)) = (book.ctx.acquirer, charge.instrument.card()) {
        acquirer.void(card, charge.amount, charge.currency);
    }
    let before = charge.clone();
    book.note(Change::TimerDone(authorization_ends(charge, until)));
    charge.stage = Stage::Released { approved };
    book.put(charge.clone());
    book.tell_update(kind, before, charge.clone());
}

/// The holder of a test card has the money back as soon as it was taken.
fn dispute_if_holder_will(book: &mut Book<'_, '_>, charge: &mut CardCharge) -> Result<(), Refusal> {
    let Stage::Captured { approved: Approved { is_disputed: true, .. } } = charge.stage else {
        return Ok(());
    };
    let (before, amount) = (charge.clone(), charge.amount_captured);
    let lines = [(Account::MerchantAvailable, amount), (Account::Bank, -amount)];
    book.post(EntryKind::CardDisputed, charge.currency, &lines)?;
    let number = book.ctx.number();
    let line = Line {
        kind: BalanceKind::Adjustment,
        currency: charge.currency,
        amount: -amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: charge.source_type(),
        source: (charge.spelling(), charge.key),
        description: Some("The holder of the card disputes the charge".to_owned()),
    };
    book.line(number, line);
    charge.disputed = true;
    book.put(charge.clone());
    book.tell_update(EventKind::ChargeUpdated, before, charge.clone());
    Ok(())
}

/// Whether a card can be kept for a customer, and what its bank says of what was typed.
pub(super) fn verified(
    mut card: Card,
    acquirer: Option<&dyn crate::card::Acquirer>,
    param: &'static str,
) -> Result<Card, Refusal> {
    let verdict = acquirer.ok_or(Refusal::NoAcquirer)?.verify(&card);
    card.checks = verdict.map_err(|decline| Refusal::CardDeclined { decline, param })?;
    Ok(card)
}
