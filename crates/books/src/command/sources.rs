//! Sources: cards and accounts to charge, the transfers that such accounts receive, and what
//! becomes of a source that is charged.
//!
//! An account of a source is found by its number like that of a customer: its funding instructions
//! are kept under the number of the source. What it received is on a ledger account of its own
//! until it is charged, or goes back to the sender. Rules: Stripe's pages "Sources" and "ACH Credit
//! Transfer payments with Sources".

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::book::Book;
use super::cards::CardGiven;
use super::customers::{check_metadata, patch_metadata};
use super::intents::SEPA_COUNTRIES;
use super::transfers::{find_or_draw, may_be_pulled_back};
use crate::cash_balance::{BankTransfer, Sender};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::journal::{Account, EntryKind};
use crate::source::{
    Owner, Receiver, RefundAttributes, Source, SourceKind, SourceStatus, SourceTransaction,
};

/// What can be asked about sources.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceCommand {
    /// Make one.
    Create(Box<SourceDraft>),
    /// Change one.
    Update(Box<SourceEdit>),
    /// The account of a source received a transfer.
    Receive {
        /// Which.
        source: RowKey,
        /// How much, in smallest units of the currency of the source; above zero.
        amount: i64,
        /// What the bank told.
        transfer: BankTransfer,
    },
    /// The sender's bank pulls a transfer back.
    PullBack {
        /// Which.
        transaction: RowKey,
    },
    /// The bank sent money of a source back to where it came from.
    SendBack {
        /// Which.
        source: RowKey,
        /// How much; all that it holds, if not given.
        amount: Option<i64>,
    },
}

/// A source that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceDraft {
    /// What it is to be.
    pub given: SourceGiven,
    /// Whether it can be charged more than once.
    pub is_reusable: bool,
    /// What is to be paid with it.
    pub amount: Option<i64>,
    /// In which currency; that of an account is always given.
    pub currency: Option<Currency>,
    /// Who owns it.
    pub owner: Owner,
    /// What the bank statement is to say.
    pub statement_descriptor: Option<String>,
    /// What the merchant keeps with it.
    pub metadata: BTreeMap<String, String>,
    /// A test transfer that arrives at once.
    pub simulated: Option<i64>,
}

/// What a source is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceGiven {
    /// A card.
    Card(CardGiven),
    /// An account that takes transfers.
    Receiver(SourceKind, RefundAttributes),
}

/// What changes about a source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceEdit {
    /// Which.
    pub source: RowKey,
    /// What is to be paid with it.
    pub amount: Option<i64>,
    /// Who owns it: what is there is set.
    pub owner: Owner,
    /// What the merchant keeps with it.
    pub metadata: MetadataPatch,
    /// A test transfer that arrives at once, if it is an account that takes some.
    pub simulated: Option<i64>,
}

impl SourceCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        // What is attached to a customer is a field of the source, so all of them are the
        // account's.
        None
    }
}

pub(super) fn decide(
    command: &SourceCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_any(Number(0), view, ctx)?;
    let reply: Document = match command {
        SourceCommand::Create(draft) => create(&mut book, draft)?.into(),
        SourceCommand::Update(edit) => update(&mut book, edit)?.into(),
        SourceCommand::Receive { source, amount, transfer } => {
            let mut source = source_at(view, *source, "source")?;
            receive(&mut book, &mut source, *amount, transfer)?.into()
        }
        SourceCommand::PullBack { transaction } => pull_back(&mut book, *transaction)?.into(),
        SourceCommand::SendBack { source, amount } => {
            let mut source = source_at(view, *source, "source")?;
            let held = source.receiver.as_ref().map_or(0, Receiver::held);
            give_back(&mut book, &mut source, amount.unwrap_or(held))?;
            source.into()
        }
    };
    Ok(book.close(reply))
}

fn source_at(view: &dyn View, key: RowKey, param: &'static str) -> Result<Box<Source>, Refusal> {
    match view.document(Kind::Source, key) {
        Some(Document::Source(source)) => Ok(source),
        _ => Err(Refusal::Missing { kind: Kind::Source, key, param }),
    }
}

fn create(book: &mut Book<'_, '_>, draft: &SourceDraft) -> Result<Box<Source>, Refusal> {
    check_metadata(&draft.metadata)?;
    let key = book.new_key();
    let mut source = Box::new(Source {
        key,
        kind: SourceKind::Card,
        status: SourceStatus::Pending,
        is_reusable: draft.is_reusable,
        customer: None,
        amount: draft.amount,
        currency: draft.currency,
        card: None,
        receiver: None,
        owner: draft.owner.clone(),
        statement_descriptor: draft.statement_descriptor.clone(),
        metadata: draft.metadata.clone(),
    });
    match &draft.given {
        SourceGiven::Card(given) => {
            let (_, card) = book.spend(given, "token")?;
            source.card = Some(card);
            source.status = SourceStatus::Chargeable;
            book.put(source.clone());
            book.tell(EventKind::SourceChargeable, source.clone());
        }
        SourceGiven::Receiver(kind, refund_attributes) => {
            source.kind = *kind;
            source.receiver = Some(open_account(book, key.number, *kind, *refund_attributes)?);
            book.put(source.clone());
            simulate(book, &mut source, draft.simulated)?;
        }
    }
    Ok(source)
}

/// An account that takes transfers for a source alone.
fn open_account(
    book: &mut Book<'_, '_>,
    number: Number,
    kind: SourceKind,
    refund_attributes: RefundAttributes,
) -> Result<Receiver, Refusal> {
    let rail = kind.rail().ok_or(Refusal::NoAccountNumberLeft)?;
    // In the account's own country, where there are such accounts; else where the rail has most.
    let home = Some(book.ctx.rules.country.as_str())
        .filter(|home| kind == SourceKind::SepaCreditTransfer && SEPA_COUNTRIES.contains(home));
    let (instructions, _) = find_or_draw(number, rail, home, book.view, book.ctx)?;
    book.note(Change::Instructions(number, instructions.clone()));
    Ok(Receiver {
        instructions,
        amount_received: 0,
        amount_charged: 0,
        amount_returned: 0,
        refund_attributes,
    })
}

fn update(book: &mut Book<'_, '_>, edit: &SourceEdit) -> Result<Box<Source>, Refusal> {
    let mut source = source_at(book.view, edit.source, "source")?;
    let before = source.clone();
    if let Some(amount) = edit.amount {
        if source.receiver.is_none() || source.status != SourceStatus::Pending {
            let Source { key, status, .. } = *source;
            let action = "given another amount";
            return Err(Refusal::SourceState { source: key, action, status, param: "amount" });
        }
        source.amount = Some(amount);
    }
    patch_metadata(&mut source.metadata, &edit.metadata)?;
    source.owner.take_over(edit.owner.clone());
    if source != before {
        ripen(book, &mut source);
        book.put(source.clone());
        tell_owner(book, before, &source);
    }
    simulate(book, &mut source, edit.simulated)?;
    Ok(source)
}

/// A test transfer arrives, if the source is an account that takes some.
fn simulate(
    book: &mut Book<'_, '_>,
    source: &mut Box<Source>,
    amount: Option<i64>,
) -> Result<(), Refusal> {
    let sender = source.currency.and_then(Sender::simulated);
    if let (Some(amount), Some(sender), Some(_)) = (amount, sender, &source.receiver) {
        receive(book, source, amount, &BankTransfer { reference: None, sender })?;
    }
    Ok(())
}

/// A transfer arrived. Money that a bank reports is there, whatever became of the source.
fn receive(
    book: &mut Book<'_, '_>,
    source: &mut Box<Source>,
    amount: i64,
    transfer: &BankTransfer,
) -> Result<SourceTransaction, Refusal> {
    let before = source.clone();
    let Source { key, kind, .. } = **source;
    let missing = Refusal::Missing { kind: Kind::Source, key, param: "source" };
    let receiver = source.receiver.as_mut().ok_or(missing)?;
    let currency = receiver.instructions.currency;
    receiver.amount_received =
        receiver.amount_received.checked_add(amount).ok_or(Refusal::AmountTooLarge)?;
    let lines = [(Account::Bank, amount), (Account::Source(key.number), -amount)];
    book.post(EntryKind::SourceFunded, currency, &lines)?;
    let transaction = SourceTransaction {
        key: book.new_key(),
        source: key.number,
        kind,
        amount,
        currency,
        transfer: transfer.clone(),
        reversed: false,
    };
    book.put(transaction.clone());
    book.tell(EventKind::SourceTransactionCreated, transaction.clone());
    ripen(book, source);
    book.put(source.clone());
    tell_owner(book, before, source);
    Ok(transaction)
}

/// A source that waits for money can be charged as soon as all of it is there: as much as is to be
/// paid with it, or any where that is open.
fn ripen(book: &mut Book<'_, '_>, source: &mut Box<Source>) {
    let held = source.receiver.as_ref().map_or(0, Receiver::held);
    if source.status == SourceStatus::Pending && held >= source.amount.unwrap_or(1) {
        source.status = SourceStatus::Chargeable;
        book.tell(EventKind::SourceChargeable, source.clone());
    }
}

/// Tells of a change to a source that a customer has. There is no event of sources by themselves.
fn tell_owner(book: &mut Book<'_, '_>, before: Box<Source>, now: &Source) {
    if now.customer.is_some() && *before != *now {
        book.tell_update(EventKind::CustomerSourceUpdated, before, now.clone());
    }
}

/// The sender's bank pulls a transfer back: only one over ACH, within days, and while the source
/// still has the money.
fn pull_back(book: &mut Book<'_, '_>, key: RowKey) -> Result<Box<SourceTransaction>, Refusal> {
    let missing = Refusal::Missing { kind: Kind::SourceTransaction, key, param: "transaction" };
    let Some(Document::SourceTransaction(mut transaction)) =
        book.view.document(Kind::SourceTransaction, key)
    else {
        return Err(missing);
    };
    let received = key.number.created();
    if transaction.reversed || !may_be_pulled_back(&transaction.transfer, received, book.ctx) {
        return Err(Refusal::NotReversible);
    }
    let at = RowKey { customer: Number(0), number: transaction.source };
    let mut source = source_at(book.view, at, "transaction")?;
    give_back(book, &mut source, transaction.amount)?;
    let before = transaction.clone();
    transaction.reversed = true;
    book.put(transaction.clone());
    book.tell_update(EventKind::SourceTransactionUpdated, before, transaction.clone());
    Ok(transaction)
}

/// Money of a source is no longer there: it went back to the sender.
fn give_back(
    book: &mut Book<'_, '_>,
    source: &mut Box<Source>,
    amount: i64,
) -> Result<(), Refusal> {
    let (before, key) = (source.clone(), source.key);
    let missing = Refusal::Missing { kind: Kind::Source, key, param: "source" };
    let receiver = source.receiver.as_mut().ok_or(missing)?;
    let (available, currency) = (receiver.held(), receiver.instructions.currency);
    if amount > available || amount == 0 {
        return Err(Refusal::SourceTooLow { available, currency });
    }
    receiver.amount_returned += amount;
    let lines = [(Account::Source(key.number), amount), (Account::Bank, -amount)];
    book.post(EntryKind::SourceReturned, currency, &lines)?;
    book.put(source.clone());
    tell_owner(book, before, source);
    Ok(())
}

/// The source as it stands, if so much can be charged to it. `param` is what named it.
pub(super) fn before_charge(
    book: &Book<'_, '_>,
    key: RowKey,
    (amount, currency): (i64, Currency),
    param: &'static str,
) -> Result<Box<Source>, Refusal> {
    let source = source_at(book.view, key, param)?;
    if source.status != SourceStatus::Chargeable {
        let (status, action) = (source.status, "charged");
        return Err(Refusal::SourceState { source: key, action, status, param });
    }
    if let Some(own) = source.currency
        && own != currency
    {
        return Err(Refusal::SourceCurrency(own));
    }
    if let Some(most) = source.amount.filter(|most| !source.is_reusable && amount > *most) {
        return Err(Refusal::SourceAmount { most });
    }
    match source.receiver.as_ref().map(Receiver::held) {
        Some(available) if available < amount => Err(Refusal::SourceTooLow { available, currency }),
        _ => Ok(source),
    }
}

/// What a charge that succeeded, or that its card's bank authorized, leaves of a source: one that
/// is for a single use was used. Writes it down; the charge books the money.
pub(super) fn after_charge(book: &mut Book<'_, '_>, source: &mut Box<Source>, amount: i64) {
    let before = source.clone();
    if let Some(receiver) = &mut source.receiver {
        receiver.amount_charged += amount;
    }
    if !source.is_reusable {
        source.status = SourceStatus::Consumed;
    }
    if *source != before {
        book.put(source.clone());
        tell_owner(book, before, source);
    }
}

#[cfg(test)]
mod tests;
