//! Wallets: the cards and sources that a customer has, and which of them is charged where none is
//! named (`default_source`). Rules follow Stripe's pages "Cards" and "Sources".

use std::collections::BTreeMap;

use super::book::Book;
use super::cards::CardGiven;
use super::charging::verified;
use super::customers::{Edit, check_metadata, patch_metadata};
use super::{MetadataPatch, customer};
use crate::card::{Card, Decline};
use crate::customer::Customer;
use crate::decision::{Context, Decision, Refusal, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Number, RowKey};
use crate::payment_intent::InstrumentKey;
use crate::source::{CustomerCard, Owner, Receiver, Source, SourceStatus};

/// Cards and sources that a customer can have at once.
pub const SOURCES_MAX: usize = 100;

/// What a customer is given to pay with.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A card, which becomes the customer's.
    Card(CardGiven),
    /// A source (`src_`) that is nobody's yet.
    Source(RowKey),
}

/// What can be asked about the cards and sources of a customer.
#[derive(Clone, Debug, PartialEq)]
pub enum WalletCommand {
    /// Give a customer a card or a source. The first one becomes the default.
    Add {
        /// Whom.
        customer: Number,
        /// Which.
        given: Given,
        /// What the merchant keeps with it.
        metadata: BTreeMap<String, String>,
    },
    /// Change what is known of a card or a source.
    Update {
        /// Whose.
        customer: Number,
        /// Which.
        named: InstrumentKey,
        /// What changes; each is for what was named.
        edits: Vec<WalletEdit>,
    },
    /// Take a card or a source away. If it was the default, the newest that is left becomes it.
    Remove {
        /// Whose.
        customer: Number,
        /// Which.
        named: InstrumentKey,
    },
}

/// One change to a card, or to a source.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum WalletEdit {
    City(Option<String>),
    Country(Option<String>),
    Line1(Option<String>),
    Line2(Option<String>),
    State(Option<String>),
    Zip(Option<String>),
    ExpMonth(u8),
    ExpYear(u16),
    Name(Option<String>),
    Metadata(MetadataPatch),
    /// The owner of a source: what is given replaces what was there.
    Owner(Owner),
}

impl WalletCommand {
    pub(super) fn customer(&self) -> Number {
        match self {
            WalletCommand::Add { customer, .. }
            | WalletCommand::Update { customer, .. }
            | WalletCommand::Remove { customer, .. } => *customer,
        }
    }
}

pub(super) fn decide(
    command: &WalletCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let before = customer(view, command.customer(), "customer")?;
    let mut book = Book::open(before.number, "customer", view, ctx)?;
    let mut now = before.clone();
    let reply = match command {
        WalletCommand::Add { given, metadata, .. } => {
            let (document, is_new) = add(&mut book, before.number, given, metadata, 0)?;
            if is_new {
                book.tell(EventKind::CustomerSourceCreated, document.clone());
                now.default_source = now.default_source.or(named(&document));
            }
            document
        }
        WalletCommand::Update { named, edits, .. } => {
            let document = own(view, before.number, *named, "id")?;
            update(&mut book, document, edits)?
        }
        WalletCommand::Remove { named, .. } => {
            let document = own(view, before.number, *named, "id")?;
            let (gone, told) = remove(&mut book, document)?;
            book.tell(EventKind::CustomerSourceDeleted, told);
            if now.default_source == Some(*named) {
                now.default_source = next_default(view, before.number, *named);
            }
            gone
        }
    };
    book.note_customer(before, &now);
    Ok(book.close(reply))
}

/// What changes of a customer say of its wallet: a new default that takes the place of the old one,
/// which goes, or another default out of what is there. Back comes what is to be told of it.
pub(super) fn follow(
    book: &mut Book<'_, '_>,
    customer: &mut Customer,
    edits: &[Edit],
) -> Result<Vec<(EventKind, Document)>, Refusal> {
    let mut told = Vec::new();
    for edit in edits {
        match edit {
            Edit::Source(given) => {
                let leaves = usize::from(customer.default_source.is_some());
                let none = BTreeMap::new();
                let (document, is_new) = add(book, customer.number, given, &none, leaves)?;
                let new = named(&document);
                if is_new {
                    told.push((EventKind::CustomerSourceCreated, document));
                }
                if let Some(old) = customer.default_source.filter(|old| Some(*old) != new) {
                    let old = own(book.view, customer.number, old, "source")?;
                    let (_, gone) = remove(book, old)?;
                    told.push((EventKind::CustomerSourceDeleted, gone));
                }
                customer.default_source = new;
            }
            Edit::DefaultSource(wanted) => {
                let document = own(book.view, customer.number, *wanted, "default_source")?;
                if let Document::Source(source) = &document {
                    check_usable(source, "made the default", "default_source")?;
                }
                customer.default_source = Some(*wanted);
            }
            _ => {}
        }
    }
    Ok(told)
}

/// Takes everything away from a customer that is deleted, and tells of it.
pub(super) fn empty(book: &mut Book<'_, '_>, customer: Number) -> Result<(), Refusal> {
    for document in book.view.wallet(customer) {
        let (_, told) = remove(book, document)?;
        book.tell(EventKind::CustomerSourceDeleted, told);
    }
    Ok(())
}

/// Gives a customer something to pay with, unless it has it already; then it says so. `leaves` are
/// those that this decision takes away.
fn add(
    book: &mut Book<'_, '_>,
    customer: Number,
    given: &Given,
    metadata: &BTreeMap<String, String>,
    leaves: usize,
) -> Result<(Document, bool), Refusal> {
    let param = "source";
    let is_full = book.view.wallet(customer).len() >= SOURCES_MAX + leaves;
    let document: Document = match given {
        Given::Source(key) => {
            let missing = Refusal::Missing { kind: crate::Kind::Source, key: *key, param };
            let found = book.view.document(crate::Kind::Source, *key);
            let Some(Document::Source(mut source)) = found else { return Err(missing) };
            let (kind, key) = (crate::Kind::Source, *key);
            match source.customer {
                Some(owner) if owner == customer => return Ok((source.into(), false)),
                Some(_) => return Err(Refusal::NotTheCustomers { kind, key, param }),
                None => check_usable(&source, "attached", param)?,
            }
            if let Some(card) = source.card.take() {
                source.card = Some(verified(card, book.ctx.acquirer, param)?);
            }
            source.customer = Some(customer);
            source.metadata.extend(metadata.clone());
            check_metadata(&source.metadata)?;
            source.into()
        }
        Given::Card(given) => {
            check_metadata(metadata)?;
            let (number, card) = book.spend(given, param)?;
            let card = verified(card, book.ctx.acquirer, param)?;
            let (key, metadata) = (RowKey { customer, number }, metadata.clone());
            CustomerCard { key, card, metadata, deleted: false }.into()
        }
    };
    if is_full {
        return Err(Refusal::TooManySources);
    }
    book.put(document.clone());
    Ok((document, true))
}

/// Takes a card or a source away. Back comes what is left of it, and what is told: a card as it
/// was, and whose source it was.
fn remove(book: &mut Book<'_, '_>, document: Document) -> Result<(Document, Document), Refusal> {
    let (gone, told): (Document, Document) = match document {
        Document::Card(card) => {
            // Of somebody's card no more is kept than which it was: charges know what they charged.
            let known = Card { name: None, address: None, ..card.card.clone() };
            let (metadata, key) = (BTreeMap::new(), card.key);
            let gone = CustomerCard { key, card: known, metadata, deleted: true };
            (gone.into(), card.into())
        }
        Document::Source(mut source) => {
            let held = source.receiver.as_ref().map_or(0, Receiver::held);
            if held > 0 {
                let source = source.key;
                return Err(Refusal::SourceHoldsMoney { source, held });
            }
            source.status = SourceStatus::Consumed;
            let gone = Source { customer: None, ..(*source).clone() };
            (gone.into(), source.into())
        }
        _ => unreachable!("a wallet has cards and sources only"),
    };
    book.put(gone.clone());
    Ok((gone, told))
}

fn update(
    book: &mut Book<'_, '_>,
    before: Document,
    edits: &[WalletEdit],
) -> Result<Document, Refusal> {
    let mut now = before.clone();
    match &mut now {
        Document::Card(card) => {
            for edit in edits {
                match edit {
                    WalletEdit::Metadata(patch) => patch_metadata(&mut card.metadata, patch)?,
                    other => apply_to_card(&mut card.card, other.clone()),
                }
            }
            let Document::Card(was) = &before else { unreachable!("they are the same card") };
            check_again(book, &was.card, &mut card.card)?;
        }
        Document::Source(source) => {
            for edit in edits {
                match edit {
                    WalletEdit::Metadata(patch) => patch_metadata(&mut source.metadata, patch)?,
                    WalletEdit::Owner(owner) => source.owner.take_over(owner.clone()),
                    _ => unreachable!("of a source only these change"),
                }
            }
        }
        _ => unreachable!("a wallet has cards and sources only"),
    }
    if now != before {
        book.put(now.clone());
        book.tell_update(EventKind::CustomerSourceUpdated, before, now.clone());
    }
    Ok(now)
}

fn apply_to_card(card: &mut Card, edit: WalletEdit) {
    let mut address = card.address.take().unwrap_or_default();
    match edit {
        WalletEdit::City(value) => address.city = value,
        WalletEdit::Country(value) => address.country = value,
        WalletEdit::Line1(value) => address.line1 = value,
        WalletEdit::Line2(value) => address.line2 = value,
        WalletEdit::State(value) => address.state = value,
        WalletEdit::Zip(value) => address.postal_code = value,
        WalletEdit::ExpMonth(month) => card.exp_month = month,
        WalletEdit::ExpYear(year) => card.exp_year = year,
        WalletEdit::Name(name) => card.name = name,
        WalletEdit::Metadata(_) | WalletEdit::Owner(_) => {
            unreachable!("a card has no owner, and its metadata is beside it")
        }
    }
    card.address = Some(address).filter(|address| *address != Default::default());
}

/// A card whose date or address changed is shown to its bank again.
fn check_again(book: &Book<'_, '_>, before: &Card, now: &mut Card) -> Result<(), Refusal> {
    let expires = |card: &Card| (i64::from(card.exp_year), i64::from(card.exp_month));
    if expires(before) != expires(now) && expires(now) < book.ctx.second().year_and_month() {
        let is_this_year = expires(now).0 == book.ctx.second().year_and_month().0;
        let param = if is_this_year { "exp_month" } else { "exp_year" };
        let code = format!("invalid_{}", param.replace("exp", "expiry"));
        return Err(Refusal::CardDeclined { decline: Decline { code, decline_code: None }, param });
    }
    if expires(before) != expires(now) || before.address != now.address {
        *now = verified(now.clone(), book.ctx.acquirer, "id")?;
    }
    Ok(())
}

/// A card or a source that a customer has.
fn own(
    view: &dyn View,
    customer: Number,
    named: InstrumentKey,
    param: &'static str,
) -> Result<Document, Refusal> {
    let (kind, key) = named.named();
    let is_own = |document: &Document| {
        matches!(document, Document::Card(_) | Document::Source(_))
            && document.parent() == Some(customer)
    };
    let found = view.document(kind, key).filter(is_own);
    found.ok_or(Refusal::Missing { kind, key, param })
}

/// Whether a source can be charged, or may be able to be one day.
fn check_usable(source: &Source, action: &'static str, param: &'static str) -> Result<(), Refusal> {
    match is_usable(source) {
        true => Ok(()),
        false => {
            let (source, status) = (source.key, source.status);
            Err(Refusal::SourceState { source, action, status, param })
        }
    }
}

fn is_usable(source: &Source) -> bool {
    matches!(source.status, SourceStatus::Chargeable | SourceStatus::Pending)
}

/// The newest of what a customer has that can be charged, without one that goes.
fn next_default(view: &dyn View, customer: Number, gone: InstrumentKey) -> Option<InstrumentKey> {
    let can_be_charged = |document: &&Document| match document {
        Document::Source(source) => is_usable(source),
        _ => true,
    };
    let all = view.wallet(customer);
    all.iter().filter(can_be_charged).filter_map(named).find(|named| *named != gone)
}

/// How a customer names a card or a source.
fn named(document: &Document) -> Option<InstrumentKey> {
    match document {
        Document::Card(card) => Some(InstrumentKey::Card(card.key)),
        Document::Source(source) => Some(InstrumentKey::Source(source.key)),
        _ => None,
    }
}
