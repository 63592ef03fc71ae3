//! Commands about top-ups: the merchant puts money into the balance, out of a bank account.
//!
//! Nobody's bank is debited here: a top-up only simulates that, so the caller sees to it that it is
//! one of test mode.

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::book::{Book, Line};
use super::customers::{check_metadata, patch_metadata};
use crate::balance::{BalanceKind, SourceType};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::payout::PayoutFailure;
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};
use crate::topup::{Topup, TopupStatus};

/// What can be asked about top-ups.
#[derive(Clone, Debug, PartialEq)]
pub enum TopupCommand {
    /// Have money come out of a bank account.
    Create(Box<TopupDraft>),
    /// Change what is kept with one.
    Update {
        /// Which.
        topup: Number,
        /// The new description; nothing where it stays, none where there is to be none.
        description: Option<Option<String>>,
        /// What changes.
        metadata: MetadataPatch,
    },
    /// Give it up before it is there.
    Cancel {
        /// Which.
        topup: Number,
    },
}

/// A top-up that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct TopupDraft {
    /// How much, in smallest units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// What becomes of it, where a bank account for tests is named: nothing or a failure. Where
    /// none is, the merchant's default bank account for the currency decides, if there is one.
    pub named: Option<Option<PayoutFailure>>,
    /// For people.
    pub description: Option<String>,
    /// What the bank statement is to say.
    pub statement_descriptor: Option<String>,
    /// A name that payments which belong together share.
    pub transfer_group: Option<String>,
    /// What the merchant keeps with it.
    pub metadata: BTreeMap<String, String>,
}

pub(super) fn decide(
    command: &TopupCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_for(None, "customer", view, ctx)?;
    let topup = match command {
        TopupCommand::Create(draft) => create(&mut book, draft)?,
        TopupCommand::Update { topup, description, metadata } => {
            let mut topup = find(view, *topup)?;
            if let Some(description) = description {
                topup.description = description.clone();
            }
            patch_metadata(&mut topup.metadata, metadata)?;
            book.put(topup.clone());
            topup
        }
        TopupCommand::Cancel { topup } => cancel(&mut book, *topup)?,
    };
    Ok(book.close(Document::from(topup)))
}

fn find(view: &dyn View, number: Number) -> Result<Topup, Refusal> {
    let key = of_the_account(number);
    match view.document(Kind::Topup, key) {
        Some(Document::Topup(topup)) => Ok(*topup),
        _ => Err(Refusal::Missing { kind: Kind::Topup, key, param: "topup" }),
    }
}

fn of_the_account(number: Number) -> RowKey {
    RowKey { customer: Number(0), number }
}

fn arrives(topup: &Topup) -> Timer {
    let due = topup.expected_availability_date;
    Timer { due, kind: TimerKind::TopupArrives, key: of_the_account(topup.number) }
}

fn create(book: &mut Book<'_, '_>, draft: &TopupDraft) -> Result<Topup, Refusal> {
    check_metadata(&draft.metadata)?;
    let fails = draft.named.unwrap_or_else(|| {
        let accounts = book.view.bank_accounts();
        accounts.iter().find_map(|document| match document {
            Document::BankAccount(account)
                if account.currency == draft.currency && account.default_for_currency =>
            {
                account.fails
            }
            _ => None,
        })
    });
    let topup = Topup {
        number: book.ctx.number(),
        amount: draft.amount,
        currency: draft.currency,
        status: TopupStatus::Pending,
        expected_availability_date: Timestamp(
            book.ctx.second().0 + book.ctx.rules.bank_delay_days * DAY_S,
        ),
        balance_transaction: None,
        fails,
        description: draft.description.clone(),
        statement_descriptor: draft.statement_descriptor.clone(),
        transfer_group: draft.transfer_group.clone(),
        metadata: draft.metadata.clone(),
    };
    book.note(Change::TimerSet(arrives(&topup)));
    book.put(topup.clone());
    book.tell(EventKind::TopupCreated, topup.clone());
    Ok(topup)
}

fn cancel(book: &mut Book<'_, '_>, number: Number) -> Result<Topup, Refusal> {
    let mut topup = find(book.view, number)?;
    if topup.status != TopupStatus::Pending {
        return Err(Refusal::TopupState(topup.status));
    }
    book.note(Change::TimerDone(arrives(&topup)));
    topup.status = TopupStatus::Canceled;
    book.put(topup.clone());
    book.tell(EventKind::TopupCanceled, topup.clone());
    Ok(topup)
}

/// A top-up is there, or fails.
pub(super) fn arrive(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_for(None, "customer", view, ctx)?;
    book.note(Change::TimerDone(timer));
    let mut topup = find(view, timer.key.number)?;
    if topup.status != TopupStatus::Pending {
        return Ok(book.close(Reply::Done));
    }
    if topup.fails.is_some() {
        topup.status = TopupStatus::Failed;
        book.put(topup.clone());
        book.tell(EventKind::TopupFailed, topup);
        return Ok(book.close(Reply::Done));
    }
    let Topup { amount, currency, .. } = topup;
    let of = SourceType::Card;
    let lines = [(Account::Bank, amount), (of.available(), -amount)];
    book.post(EntryKind::ToppedUp, currency, &lines)?;
    let number = book.ctx.number();
    let line = Line {
        kind: BalanceKind::Topup,
        currency,
        amount,
        fee: 0,
        available_on: book.ctx.second(),
        source_type: of,
        source: (Kind::Topup, timer.key),
        description: topup.description.clone(),
    };
    book.line(number, line);
    topup.status = TopupStatus::Succeeded;
    topup.balance_transaction = Some(number);
    book.put(topup.clone());
    book.tell(EventKind::TopupSucceeded, topup);
    book.tell_balance();
    Ok(book.close(Reply::Done))
}
