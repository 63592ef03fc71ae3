//! Transfers: the accounts that customers send money to, money that arrives, money that is pulled
//! back.

use super::book::{Book, Line};
use super::purse;
use crate::balance::{BalanceKind, SourceType};
use crate::cash_balance::{BankTransfer, CashTransaction, Cause, Sender};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::funding::Instructions;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::time::Timestamp;
use crate::timer::DAY_S;

/// A test transfer with a reference that starts like this is pulled back right after it arrived,
/// as on Stripe's page about testing bank transfers. Only dollars can be pulled back.
pub const REVERSAL_PREFIX: &str = "reversal_";

/// Days within which a transfer over ACH can be pulled back.
const REVERSAL_DAYS_MAX: i64 = 5;

/// Account numbers that are drawn for a customer before Purser gives up finding a free one.
const DRAWS_MAX: u32 = 8;

/// Gives the accounts that a customer sends money to.
pub(super) fn instructions(
    customer: Number,
    (transfer_type, country): (&str, Option<&str>),
    address_types: &[String],
    view: &dyn View,
    ctx: &Context<'_>,
) -> Result<Decision, Refusal> {
    purse(view, customer, "customer")?;
    let (kept, is_new) = find_or_draw(customer, transfer_type, country, view, ctx)?;
    let changes = match is_new {
        true => vec![Change::Instructions(customer, kept.clone())],
        false => vec![],
    };
    Ok(Decision { changes, reply: Reply::Instructions(kept, address_types.to_vec()) })
}

/// The customer's accounts on a rail, and whether they are new and still to be written down.
pub(super) fn find_or_draw(
    customer: Number,
    transfer_type: &str,
    country: Option<&str>,
    view: &dyn View,
    ctx: &Context<'_>,
) -> Result<(Instructions, bool), Refusal> {
    for attempt in 0..DRAWS_MAX {
        let drawn = ctx.accounts.draw(customer, transfer_type, country, attempt);
        let drawn = drawn.ok_or(Refusal::NoAccountNumberLeft)?;
        if let Some(known) = view.instructions(customer, drawn.currency, &drawn.country) {
            return Ok((known, false));
        }
        if !view.is_taken(&drawn.account_key) {
            return Ok((drawn, true));
        }
    }
    Err(Refusal::NoAccountNumberLeft)
}

/// A transfer arrived: it is booked, matched, and in a test perhaps pulled back.
pub(super) fn fund(
    customer: Number,
    (amount, currency): (i64, Currency),
    transfer: &BankTransfer,
    simulated: bool,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    // Money that a bank reports is there, whatever became of the customer.
    let mut book = match simulated {
        true => Book::open(customer, "customer", view, ctx)?,
        false => Book::open_any(customer, view, ctx)?,
    };
    if Sender::simulated(currency).is_none() {
        return Err(Refusal::NoTransferIn(currency));
    }
    let reference = transfer.reference.as_deref();
    let cause = Cause::Funded(transfer.clone());
    let funded = book.cash(EntryKind::Funded, cause, (amount, currency), Account::Bank)?;
    book.reconcile((amount, currency), reference)?;
    let pulled_back = reference.is_some_and(|text| text.starts_with(REVERSAL_PREFIX));
    if simulated && currency == Currency::USD && pulled_back {
        pull_back(&mut book, &funded)?;
    }
    Ok(book.close(Reply::CashTransaction(funded)))
}

/// The sender's bank pulls a transfer back.
pub(super) fn reverse(
    key: RowKey,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let missing = Refusal::Missing { kind: Kind::CashTransaction, key, param: "transaction" };
    let funded = view.cash_transaction(key).ok_or(missing)?;
    let Cause::Funded(transfer) = &funded.cause else {
        return Err(Refusal::NotReversible);
    };
    if !may_be_pulled_back(transfer, funded.created(), ctx) || view.is_reversed(key) {
        return Err(Refusal::NotReversible);
    }
    let mut book = Book::open_any(key.customer, view, ctx)?;
    let reversed = pull_back(&mut book, &funded)?;
    Ok(book.close(Reply::CashTransaction(reversed)))
}

/// Whether the sender's bank can still pull a transfer back that arrived at a moment.
pub(super) fn may_be_pulled_back(
    transfer: &BankTransfer,
    arrived: Timestamp,
    ctx: &Context<'_>,
) -> bool {
    let Sender::UsBankTransfer { network, .. } = &transfer.sender else { return false };
    network == "ach" && ctx.second().0 - arrived.0 <= REVERSAL_DAYS_MAX * DAY_S
}

/// Takes a transfer back out of the cash balance. What is missing there then, the merchant pays.
fn pull_back(
    book: &mut Book<'_, '_>,
    funded: &CashTransaction,
) -> Result<CashTransaction, Refusal> {
    let CashTransaction { currency, net_amount, key, .. } = *funded;
    let cause = Cause::FundingReversed { funded: Some(key.number) };
    let out = (-net_amount, currency);
    let reversed = book.cash(EntryKind::FundingReversed, cause, out, Account::Bank)?;
    if reversed.ending_balance < 0 {
        let missing = -reversed.ending_balance;
        let balance_transaction = book.ctx.number();
        let linked_transaction = reversed.key.number;
        let cause = Cause::AdjustedForOverdraft { balance_transaction, linked_transaction };
        let (kind, other) = (EntryKind::AdjustedForOverdraft, Account::MerchantAvailable);
        let adjusted = book.cash(kind, cause, (missing, currency), other)?;
        let line = Line {
            kind: BalanceKind::Adjustment,
            currency,
            amount: -missing,
            fee: 0,
            available_on: book.ctx.second(),
            source_type: SourceType::Card,
            source: (Kind::CashTransaction, adjusted.key),
            description: None,
        };
        book.line(balance_transaction, line);
    }
    Ok(reversed)
}
