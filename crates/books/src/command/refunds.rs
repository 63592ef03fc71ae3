//! Refunds: of payments to a bank or to the cash balance, and returns of cash.

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::book::{Book, Line, intent};
use super::customers::{check_metadata, patch_metadata};
use super::refunds_of_charges;
use crate::balance::{BalanceKind, SourceType};
use crate::cash_balance::Cause;
use crate::charge::CardCharge;
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::payment_intent::{Charge, PaymentIntent};
use crate::refund::{
    DETAILS_DAYS_MAX, Destination, DetailsRequest, REFUND_DAYS_MAX, Refund, RefundAccount,
    RefundOrigin, RefundStatus,
};
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};

/// What can be asked about refunds.
#[derive(Clone, Debug, PartialEq)]
pub enum RefundCommand {
    /// Send a payment, or a part of it, back to the customer's bank.
    OfPayment {
        /// Which payment.
        of: RefundOf,
        /// How much; all that is left, if not given.
        amount: Option<i64>,
        /// The rest.
        terms: RefundTerms,
    },
    /// Put a payment, or a part of it, into the customer's cash balance.
    ToCashBalance {
        /// Which payment.
        of: RefundOf,
        /// How much; all that is left, if not given.
        amount: Option<i64>,
        /// The rest.
        terms: RefundTerms,
    },
    /// Send cash back to the customer's bank.
    Return {
        /// Whose.
        customer: Number,
        /// How much.
        amount: i64,
        /// In which currency.
        currency: Currency,
        /// The rest.
        terms: RefundTerms,
    },
    /// Change what the merchant keeps with it.
    Update {
        /// Which.
        refund: RowKey,
        /// What changes.
        metadata: MetadataPatch,
    },
    /// Give it up while no bank details are known.
    Cancel {
        /// Which.
        refund: RowKey,
    },
    /// Nobody gave bank details in time: in tests, at once.
    Expire {
        /// Which.
        refund: RowKey,
    },
    /// Here are the bank details.
    GiveBankDetails {
        /// Which.
        refund: RowKey,
        /// Where the money is to go.
        account: RefundAccount,
    },
}

/// The payment that is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOf {
    /// Named by its payment intent.
    Intent(RowKey),
    /// Named by its charge.
    Charge(RowKey),
}

/// What a refund carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefundTerms {
    /// `instructions_email` as given.
    pub instructions_email: Option<String>,
    /// `reason` as given.
    pub reason: Option<String>,
    /// What the merchant keeps with it.
    pub metadata: BTreeMap<String, String>,
}

impl RefundCommand {
    pub(super) fn customer(&self) -> Number {
        match self {
            RefundCommand::OfPayment { of, .. } | RefundCommand::ToCashBalance { of, .. } => {
                match of {
                    RefundOf::Intent(key) | RefundOf::Charge(key) => key.customer,
                }
            }
            RefundCommand::Return { customer, .. } => *customer,
            RefundCommand::Update { refund, .. }
            | RefundCommand::Cancel { refund }
            | RefundCommand::Expire { refund }
            | RefundCommand::GiveBankDetails { refund, .. } => refund.customer,
        }
    }
}

pub(super) fn decide(
    command: &RefundCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        RefundCommand::OfPayment { of, amount, terms } => match charge_of(*of, view) {
            Some(charge) => refunds_of_charges::refund(*charge, *amount, terms, view, ctx),
            None => of_payment(*of, *amount, terms, view, ctx),
        },
        RefundCommand::ToCashBalance { of, amount, terms } => match charge_of(*of, view) {
            Some(_) => Err(Refusal::NotFromCash),
            None => to_cash_balance(*of, *amount, terms, view, ctx),
        },
        RefundCommand::Return { customer, amount, currency, terms } => {
            let mut book = Book::open(*customer, "customer", view, ctx)?;
            check_metadata(&terms.metadata)?;
            let available = book.available(*currency).max(0);
            let newest = Number(i64::MAX);
            let stays = super::later::came_over_swift(&book, (available, *currency), newest);
            let available = available - stays;
            if *amount > available {
                return Err(Refusal::CashTooLow { available, param: Some("amount") });
            }
            let request = ask_for_details(&book, terms, None)?;
            let refund = send_back(&mut book, (*amount, *currency), None, request, terms)?;
            Ok(book.close(Document::from(refund)))
        }
        RefundCommand::Update { refund, metadata } => {
            let (mut book, mut refund) = open(*refund, view, ctx)?;
            let before = refund.clone();
            patch_metadata(&mut refund.metadata, metadata)?;
            if refund != before {
                book.put(refund.clone());
                book.tell_update(EventKind::RefundUpdated, before, refund.clone());
            }
            Ok(book.close(Document::from(refund)))
        }
        RefundCommand::Cancel { refund } => {
            let (mut book, mut refund) = open(*refund, view, ctx)?;
            must_wait(&refund, "canceled")?;
            undo(&mut book, &mut refund, RefundStatus::Canceled)?;
            Ok(book.close(Document::from(refund)))
        }
        RefundCommand::Expire { refund } => {
            let (mut book, mut refund) = open(*refund, view, ctx)?;
            must_wait(&refund, "expired")?;
            fail_for_want_of_details(&mut book, &mut refund)?;
            Ok(book.close(Document::from(refund)))
        }
        RefundCommand::GiveBankDetails { refund, account } => {
            let (mut book, mut refund) = open(*refund, view, ctx)?;
            must_wait(&refund, "sent to a bank account")?;
            let before = refund.clone();
            book.stop_waiting(&refund);
            refund.status = RefundStatus::Pending;
            refund.destination = Destination::Bank(account.clone());
            let due = later(book.ctx, book.ctx.rules.bank_delay_days);
            book.note(Change::TimerSet(timer(due, TimerKind::RefundArrives, refund.key)));
            book.put(refund.clone());
            book.tell_progress(before, refund.clone());
            Ok(book.close(Document::from(refund)))
        }
    }
}

fn open<'a, 'c>(
    key: RowKey,
    view: &'a dyn View,
    ctx: &'a mut Context<'c>,
) -> Result<(Book<'a, 'c>, Refund), Refusal> {
    match view.document(Kind::Refund, key) {
        Some(Document::Refund(refund)) => Ok((Book::open_any(key.customer, view, ctx)?, *refund)),
        _ => Err(Refusal::Missing { kind: Kind::Refund, key, param: "refund" }),
    }
}

fn must_wait(refund: &Refund, action: &'static str) -> Result<(), Refusal> {
    match refund.status {
        RefundStatus::RequiresAction => Ok(()),
        status => Err(Refusal::RefundState { action, status }),
    }
}

pub(super) fn later(ctx: &Context<'_>, days: i64) -> Timestamp {
    Timestamp(ctx.second().0 + days * DAY_S)
}

pub(super) fn timer(due: Timestamp, kind: TimerKind, key: RowKey) -> Timer {
    Timer { due, kind, key }
}

/// The charge of a card or a source that is to be refunded, if it is one.
fn charge_of(of: RefundOf, view: &dyn View) -> Option<Box<CardCharge>> {
    let key = match of {
        RefundOf::Charge(key) => key,
        RefundOf::Intent(key) => {
            let paying = intent(view, key, "payment_intent").ok()?;
            let by_card = paying.card.filter(|_| paying.charge.is_none())?;
            RowKey { number: by_card.latest_charge?, ..key }
        }
    };
    match view.document(Kind::Charge, key) {
        Some(Document::CardCharge(charge)) => Some(charge),
        _ => None,
    }
}

/// The payment that is to be refunded, and how much of it.
fn refundable(
    of: RefundOf,
    amount: Option<i64>,
    view: &dyn View,
    ctx: &Context<'_>,
) -> Result<(PaymentIntent, Charge, i64), Refusal> {
    let (key, param) = match of {
        RefundOf::Intent(key) => (key, "payment_intent"),
        RefundOf::Charge(key) => match view.document(Kind::Charge, key) {
            Some(Document::Charge(row)) => {
                (RowKey { customer: key.customer, number: row.payment_intent }, "charge")
            }
            _ => return Err(Refusal::Missing { kind: Kind::Charge, key, param: "charge" }),
        },
    };
    let intent = intent(view, key, param)?;
    let charge = intent.charge.clone().ok_or(Refusal::NothingToRefund)?;
    let unrefunded = intent.amount - charge.amount_refunded;
    if unrefunded == 0 {
        let charge = RowKey { customer: key.customer, number: charge.number };
        return Err(Refusal::AlreadyRefunded { kind: Kind::Charge, charge });
    }
    let amount = amount.unwrap_or(unrefunded);
    if amount > unrefunded {
        return Err(Refusal::RefundTooLarge { unrefunded });
    }
    if ctx.second().0 - charge.number.created().0 > REFUND_DAYS_MAX * DAY_S {
        return Err(Refusal::RefundTooLate);
    }
    Ok((intent, charge, amount))
}

/// A refund of a payment as it begins.
fn draft(
    book: &mut Book<'_, '_>,
    amount: i64,
    intent: &PaymentIntent,
    terms: &RefundTerms,
) -> Refund {
    let charge = intent.charge.as_ref().map(|charge| charge.number);
    let origin = RefundOrigin::Payment {
        payment_intent: intent.key.number,
        charge: charge.unwrap_or_default(),
        payment_method: intent.payment_method.unwrap_or_default(),
    };
    let refund = begun(book, (amount, intent.currency), origin, terms);
    Refund { balance_transaction: Some(book.ctx.number()), ..refund }
}

/// A refund that waits to be told where to.
pub(super) fn begun(
    book: &mut Book<'_, '_>,
    (amount, currency): (i64, Currency),
    origin: RefundOrigin,
    terms: &RefundTerms,
) -> Refund {
    Refund {
        key: book.new_key(),
        amount,
        currency,
        status: RefundStatus::RequiresAction,
        origin,
        destination: Destination::BankToBeNamed,
        details_request: None,
        instructions_email: terms.instructions_email.clone(),
        reason: terms.reason.clone(),
        metadata: terms.metadata.clone(),
        balance_transaction: None,
        failure_balance_transaction: None,
        failure_reason: None,
    }
}

/// Takes a refund out of the merchant's balance, and notes it at the charge.
fn take_from_merchant(
    book: &mut Book<'_, '_>,
    refund: &Refund,
    intent: &mut PaymentIntent,
) -> Result<(), Refusal> {
    let line = Line {
        kind: BalanceKind::PaymentRefund,
        currency: refund.currency,
        amount: -refund.amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: SourceType::Card,
        source: (Kind::Refund, refund.key),
        description: None,
    };
    book.line(refund.balance_transaction.unwrap_or_default(), line);
    let before = intent.clone();
    if let Some(charge) = &mut intent.charge {
        charge.amount_refunded += refund.amount;
    }
    book.put(intent.clone());
    book.put(refund.clone());
    book.tell(EventKind::RefundCreated, refund.clone());
    book.tell_update(EventKind::ChargeRefunded, before, intent.clone());
    Ok(())
}

fn of_payment(
    of: RefundOf,
    amount: Option<i64>,
    terms: &RefundTerms,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut intent, _, amount) = refundable(of, amount, view, ctx)?;
    check_metadata(&terms.metadata)?;
    let mut book = Book::open_any(intent.key.customer, view, ctx)?;
    let request = ask_for_details(&book, terms, None)?;
    let mut refund = draft(&mut book, amount, &intent, terms);
    let lines = [(Account::MerchantAvailable, amount), (Account::RefundsInTransit, -amount)];
    book.post(EntryKind::RefundInitiated, intent.currency, &lines)?;
    book.wait_for_details(&mut refund, request);
    take_from_merchant(&mut book, &refund, &mut intent)?;
    Ok(book.close(Document::from(refund)))
}

fn to_cash_balance(
    of: RefundOf,
    amount: Option<i64>,
    terms: &RefundTerms,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut intent, _, amount) = refundable(of, amount, view, ctx)?;
    check_metadata(&terms.metadata)?;
    let mut book = Book::open(intent.key.customer, "customer", view, ctx)?;
    let mut refund = draft(&mut book, amount, &intent, terms);
    refund.status = RefundStatus::Succeeded;
    refund.destination = Destination::CashBalance;
    let (money, number) = ((amount, intent.currency), refund.key.number);
    let cause = Cause::RefundedFromPayment { refund: number };
    book.cash(EntryKind::RefundedFromPayment, cause, money, Account::MerchantAvailable)?;
    take_from_merchant(&mut book, &refund, &mut intent)?;
    book.reconcile(money, None)?;
    Ok(book.close(Document::from(refund)))
}

/// The request for bank details that a refund needs: somebody must be there to be asked.
/// `known` is an address that is known otherwise.
pub(super) fn ask_for_details(
    book: &Book<'_, '_>,
    terms: &RefundTerms,
    known: Option<&str>,
) -> Result<DetailsRequest, Refusal> {
    let of_customer = || book.view.customer(book.customer())?.profile.email;
    let given = terms.instructions_email.clone();
    let sent_to = given.or_else(of_customer).or_else(|| known.map(str::to_owned));
    let sent_to = sent_to.ok_or(Refusal::NoEmail)?;
    let expires_at = later(book.ctx, DETAILS_DAYS_MAX);
    Ok(DetailsRequest { sent_to: Some(sent_to), sent_at: book.ctx.second(), expires_at })
}

/// Sends cash back to the customer's bank.
pub(super) fn send_back(
    book: &mut Book<'_, '_>,
    money: (i64, Currency),
    lot: Option<Number>,
    request: DetailsRequest,
    terms: &RefundTerms,
) -> Result<Refund, Refusal> {
    let (amount, currency) = money;
    let out = (-amount, currency);
    book.cash(EntryKind::ReturnInitiated, Cause::ReturnInitiated, out, Account::RefundsInTransit)?;
    let mut refund = begun(book, money, RefundOrigin::CashBalance { lot }, terms);
    book.wait_for_details(&mut refund, request);
    book.put(refund.clone());
    book.tell(EventKind::RefundCreated, refund.clone());
    Ok(refund)
}

/// Gives the money of a refund back to where it came from: it is canceled, or it failed.
pub(super) fn undo(
    book: &mut Book<'_, '_>,
    refund: &mut Refund,
    status: RefundStatus,
) -> Result<(), Refusal> {
    let before = refund.clone();
    book.stop_waiting(refund);
    refund.status = status;
    if status == RefundStatus::Failed {
        refund.failure_reason = Some("unknown".to_owned());
    }
    let money = (refund.amount, refund.currency);
    match refund.origin {
        RefundOrigin::Payment { payment_intent, .. } => {
            let key = RowKey { number: payment_intent, ..refund.key };
            give_merchant_back(book, refund, key)?;
        }
        RefundOrigin::Charge { charge, .. } => {
            refunds_of_charges::give_back(book, refund, charge)?;
        }
        RefundOrigin::CashBalance { .. } => {
            let (kind, cause) = (EntryKind::ReturnCanceled, Cause::ReturnCanceled);
            book.cash(kind, cause, money, Account::RefundsInTransit)?;
        }
    }
    book.put(refund.clone());
    book.tell_progress(before, refund.clone());
    if status == RefundStatus::Failed {
        book.tell(EventKind::RefundFailed, refund.clone());
    }
    match refund.origin {
        // What nobody claimed goes on to the merchant, not to payments.
        RefundOrigin::CashBalance { lot: Some(_) } if status == RefundStatus::Failed => Ok(()),
        RefundOrigin::CashBalance { .. } => {
            book.pay_with(money, None)?;
            super::later::given_back(book, money, false)?;
            book.tell_what_is_left(money.1);
            Ok(())
        }
        RefundOrigin::Payment { .. } | RefundOrigin::Charge { .. } => {
            book.tell_balance();
            Ok(())
        }
    }
}

fn give_merchant_back(
    book: &mut Book<'_, '_>,
    refund: &mut Refund,
    key: RowKey,
) -> Result<(), Refusal> {
    let amount = refund.amount;
    let lines = [(Account::RefundsInTransit, amount), (Account::MerchantAvailable, -amount)];
    book.post(EntryKind::RefundUndone, refund.currency, &lines)?;
    let number = book.ctx.number();
    let line = Line {
        kind: BalanceKind::PaymentFailureRefund,
        currency: refund.currency,
        amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: SourceType::Card,
        source: (Kind::Refund, refund.key),
        description: None,
    };
    book.line(number, line);
    refund.failure_balance_transaction = Some(number);
    let mut intent = intent(book.view, key, "payment_intent")?;
    if let Some(charge) = &mut intent.charge {
        charge.amount_refunded -= amount;
    }
    book.put(intent);
    Ok(())
}

/// A refund is at the bank, or comes back from it.
pub(super) fn arrive(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut refund) = open(timer.key, view, ctx)?;
    book.note(Change::TimerDone(timer));
    let account = match &refund.destination {
        Destination::Bank(account) => account,
        Destination::Card { bounces } => {
            let bounces = *bounces;
            refunds_of_charges::arrive(&mut book, &mut refund, bounces)?;
            return Ok(book.close(Reply::Done));
        }
        Destination::BankToBeNamed | Destination::CashBalance => {
            return Ok(book.close(Reply::Done));
        }
    };
    if refund.status != RefundStatus::Pending {
        return Ok(book.close(Reply::Done));
    }
    let (before, bounces) = (refund.clone(), account.bounces);
    if bounces {
        refund.status = RefundStatus::RequiresAction;
        refund.destination = Destination::BankToBeNamed;
        refund.failure_reason = Some("declined".to_owned());
        if let Some(mut request) = refund.details_request.clone() {
            request.sent_at = book.ctx.second();
            request.expires_at = later(book.ctx, DETAILS_DAYS_MAX);
            book.wait_for_details(&mut refund, request);
        }
    } else {
        refund.status = RefundStatus::Succeeded;
        refund.failure_reason = None;
        let lines = [(Account::RefundsInTransit, refund.amount), (Account::Bank, -refund.amount)];
        book.post(EntryKind::RefundPaid, refund.currency, &lines)?;
    }
    book.put(refund.clone());
    book.tell_progress(before, refund);
    Ok(book.close(Reply::Done))
}

/// Nobody gave bank details in time.
pub(super) fn expire(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut refund) = open(timer.key, view, ctx)?;
    book.note(Change::TimerDone(timer));
    let due = refund.details_request.as_ref().map(|request| request.expires_at);
    if refund.status == RefundStatus::RequiresAction && due == Some(timer.due) {
        fail_for_want_of_details(&mut book, &mut refund)?;
    }
    Ok(book.close(Reply::Done))
}

/// A refund without bank details fails; if it was money that nobody claims, the merchant gets it.
fn fail_for_want_of_details(book: &mut Book<'_, '_>, refund: &mut Refund) -> Result<(), Refusal> {
    undo(book, refund, RefundStatus::Failed)?;
    match refund.origin {
        RefundOrigin::CashBalance { lot: Some(_) } => {
            super::later::sweep(book, (refund.amount, refund.currency))
        }
        _ => Ok(()),
    }
}

impl Book<'_, '_> {
    /// Sends the request for bank details, and notes when it is too late to answer it.
    pub(super) fn wait_for_details(&mut self, refund: &mut Refund, request: DetailsRequest) {
        let expires = timer(request.expires_at, TimerKind::RefundExpires, refund.key);
        self.note(Change::TimerSet(expires));
        refund.details_request = Some(request);
    }

    /// Bank details do not matter any more.
    fn stop_waiting(&mut self, refund: &Refund) {
        if let Some(request) = &refund.details_request {
            let expires = timer(request.expires_at, TimerKind::RefundExpires, refund.key);
            self.note(Change::TimerDone(expires));
        }
    }

    /// Tells that a refund is further, and of a payment's also as something of its charge.
    pub(super) fn tell_progress(&mut self, before: Refund, now: Refund) {
        let of_payment = !matches!(now.origin, RefundOrigin::CashBalance { .. });
        self.tell_update(EventKind::RefundUpdated, before.clone(), now.clone());
        if of_payment {
            self.tell_update(EventKind::ChargeRefundUpdated, before, now);
        }
    }
}
