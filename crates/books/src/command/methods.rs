//! Payment methods of cards: made, changed, attached to a customer and detached.
//!
//! One that is attached can be charged again and again; one that is nobody's pays once, and one
//! that was detached never again. A payment method that a deleted customer had stays as it was:
//! nothing can be charged to it, as its customer is gone. Those of cash balances are made by their
//! payments and stay with them.

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::book::Book;
use super::cards::CardGiven;
use super::charging::verified;
use super::customers::{Edit, check_metadata, patch_metadata};
use crate::card::{Card, Check, Decline};
use crate::customer::{Address, Customer};
use crate::decision::{Context, Decision, Refusal, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{BillingDetails, PaymentMethod};

/// A payment method that is to be made of a card.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodDraft {
    /// The card.
    pub card: CardGiven,
    /// The parameter that named it.
    pub param: &'static str,
    /// Who pays.
    pub billing_details: BillingDetails,
    /// `allow_redisplay`; none for `unspecified`.
    pub allow_redisplay: Option<String>,
    /// What the merchant keeps with it.
    pub metadata: BTreeMap<String, String>,
}

/// Which payment method is attached.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodGiven {
    /// One that is there.
    Kept(RowKey),
    /// A new one of a card.
    Fresh(Box<Card>),
}

/// The default payment method that a customer is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultMethod {
    /// None.
    Nothing,
    /// One that the customer has.
    Kept(RowKey),
    /// The one that the same request attaches.
    Given,
}

/// One change to a payment method.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum MethodEdit {
    Address(Option<Address>),
    AllowRedisplay(Option<String>),
    Email(Option<String>),
    ExpMonth(u8),
    ExpYear(u16),
    Metadata(MetadataPatch),
    Name(Option<String>),
    Phone(Option<String>),
    TaxId(Option<String>),
}

/// What can be asked about payment methods.
///
/// `owner` is the customer that the payment method was seen attached to: that customer is locked.
#[derive(Clone, Debug, PartialEq)]
pub enum MethodCommand {
    /// Make one of a card.
    Create(Box<MethodDraft>),
    /// Change one that is attached.
    Update {
        /// Which.
        method: RowKey,
        /// Whose.
        owner: Option<Number>,
        /// What changes.
        edits: Vec<MethodEdit>,
    },
    /// Attach one to a customer.
    Attach {
        /// Which.
        method: MethodGiven,
        /// To whom.
        customer: Number,
    },
    /// Take one away from its customer.
    Detach {
        /// Which.
        method: RowKey,
        /// Whose.
        owner: Option<Number>,
    },
}

impl MethodCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match self {
            MethodCommand::Create(_) => None,
            MethodCommand::Update { owner, .. } | MethodCommand::Detach { owner, .. } => *owner,
            MethodCommand::Attach { customer, .. } => Some(*customer),
        }
    }
}

pub(super) fn decide(
    command: &MethodCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    if let MethodCommand::Attach { customer, .. } = command {
        super::customer(view, *customer, "customer")?;
    }
    let mut book = Book::open_any(Number(0), view, ctx)?;
    let method = match command {
        MethodCommand::Create(draft) => make(&mut book, draft)?,
        MethodCommand::Update { method, owner, edits } => {
            update(&mut book, attached(view, *method, *owner)?, edits)?
        }
        MethodCommand::Attach { method, customer } => {
            let (method, is_new) = attach(&mut book, method, *customer, "payment_method")?;
            if is_new {
                book.tell(EventKind::PaymentMethodAttached, method.clone());
            }
            method
        }
        MethodCommand::Detach { method, owner } => {
            let before = attached(view, *method, *owner)?;
            detach(&mut book, before)
        }
    };
    Ok(book.close(Document::from(method)))
}

/// Makes a payment method of a card. It is nobody's yet.
pub(super) fn make(book: &mut Book<'_, '_>, draft: &MethodDraft) -> Result<PaymentMethod, Refusal> {
    check_metadata(&draft.metadata)?;
    let (_, mut card) = book.spend(&draft.card, draft.param)?;
    let mut details = draft.billing_details.clone();
    // What was told with a token holds unless something else is told now; banks check addresses.
    details.address = details.address.or(card.address.take());
    details.name = details.name.or(card.name.take());
    let address = details.address.as_ref();
    let checked = |is_there: bool| is_there.then_some(Check::Unchecked);
    card.checks.line1 = checked(address.is_some_and(|address| address.line1.is_some()));
    card.checks.postal_code = checked(address.is_some_and(|address| address.postal_code.is_some()));
    card.address = details.address.clone();
    card.name = details.name.clone();
    let key = RowKey { customer: Number(0), number: book.ctx.number() };
    let method = PaymentMethod {
        payment_intent: None,
        card: Some(card),
        // What nobody said is left out, whoever asks.
        allow_redisplay: draft.allow_redisplay.clone().filter(|said| said != "unspecified"),
        metadata: draft.metadata.clone(),
        ..PaymentMethod::cash_balance(key, Number(0), details)
    };
    book.put(method.clone());
    Ok(method)
}

/// Attaches a payment method whose card its bank lets be kept. Back comes, too, whether it was not
/// attached to this customer before.
fn attach(
    book: &mut Book<'_, '_>,
    given: &MethodGiven,
    customer: Number,
    param: &'static str,
) -> Result<(PaymentMethod, bool), Refusal> {
    let mut method = match given {
        MethodGiven::Kept(key) => of_card(book.view, *key, param)?,
        MethodGiven::Fresh(card) => {
            let draft = MethodDraft {
                card: CardGiven::Fresh(card.clone()),
                param,
                billing_details: BillingDetails::default(),
                allow_redisplay: None,
                metadata: BTreeMap::new(),
            };
            make(book, &draft)?
        }
    };
    let key = method.key;
    match method.customer {
        Some(owner) if owner == customer => return Ok((method, false)),
        Some(_) => return Err(Refusal::MethodAttached { method: key, param }),
        None if method.is_spent => return Err(Refusal::MethodSpent { method: key, param }),
        None => {}
    }
    if let Some(card) = method.card.take() {
        method.card = Some(verified(card, book.ctx.acquirer, param)?);
    }
    method.customer = Some(customer);
    book.put(method.clone());
    Ok((method, true))
}

fn detach(book: &mut Book<'_, '_>, before: PaymentMethod) -> PaymentMethod {
    let now = PaymentMethod { customer: None, is_spent: true, ..before.clone() };
    book.put(now.clone());
    book.tell_update(EventKind::PaymentMethodDetached, before.clone(), now.clone());
    let owner = before.customer.and_then(|owner| book.view.customer(owner));
    if let Some(owner) = owner.filter(|owner| !owner.deleted)
        && owner.default_method == Some(now.key.number)
    {
        let without = Customer { default_method: None, ..owner.clone() };
        book.note_customer(owner, &without);
    }
    now
}

fn update(
    book: &mut Book<'_, '_>,
    before: PaymentMethod,
    edits: &[MethodEdit],
) -> Result<PaymentMethod, Refusal> {
    let mut now = before.clone();
    for edit in edits {
        apply(&mut now, edit.clone())?;
    }
    if let Some(card) = &mut now.card {
        card.address = now.billing_details.address.clone();
        card.name = now.billing_details.name.clone();
        let expires = |card: &Card| (i64::from(card.exp_year), i64::from(card.exp_month));
        let is_over = expires(card) < book.ctx.second().year_and_month();
        if is_over && before.card.as_ref().map(expires) != Some(expires(card)) {
            let decline = Decline { code: "invalid_expiry_year".to_owned(), decline_code: None };
            return Err(Refusal::CardDeclined { decline, param: "card" });
        }
    }
    if now != before {
        book.put(now.clone());
        book.tell_update(EventKind::PaymentMethodUpdated, before, now.clone());
    }
    Ok(now)
}

fn apply(method: &mut PaymentMethod, edit: MethodEdit) -> Result<(), Refusal> {
    let details = &mut method.billing_details;
    match (edit, &mut method.card) {
        (MethodEdit::Address(value), _) => details.address = value,
        (MethodEdit::AllowRedisplay(value), _) => method.allow_redisplay = value,
        (MethodEdit::Email(value), _) => details.email = value,
        (MethodEdit::ExpMonth(month), Some(card)) => card.exp_month = month,
        (MethodEdit::ExpYear(year), Some(card)) => card.exp_year = year,
        (MethodEdit::ExpMonth(_) | MethodEdit::ExpYear(_), None) => {}
        (MethodEdit::Metadata(patch), _) => patch_metadata(&mut method.metadata, &patch)?,
        (MethodEdit::Name(value), _) => details.name = value,
        (MethodEdit::Phone(value), _) => details.phone = value,
        (MethodEdit::TaxId(value), _) => details.tax_id = value,
    }
    Ok(())
}

/// What changes of a customer say of its payment methods: one that is attached, and which is the
/// default. Back comes what is to be told of it.
pub(super) fn follow(
    book: &mut Book<'_, '_>,
    customer: &mut Customer,
    edits: &[Edit],
) -> Result<Vec<(EventKind, Document)>, Refusal> {
    const PARAM: &str = "invoice_settings[default_payment_method]";
    let mut told = Vec::new();
    let mut given = None;
    for edit in edits {
        if let Edit::Method(method) = edit {
            let (method, is_new) = attach(book, method, customer.number, "payment_method")?;
            given = Some(method.key);
            if is_new {
                told.push((EventKind::PaymentMethodAttached, method.into()));
            }
        }
    }
    for edit in edits {
        let key = match (edit, given) {
            (Edit::DefaultMethod(DefaultMethod::Kept(key)), _) => *key,
            (Edit::DefaultMethod(DefaultMethod::Given), Some(key)) => key,
            (Edit::DefaultMethod(_), _) => {
                customer.default_method = None;
                continue;
            }
            _ => continue,
        };
        let method = match given == Some(key) {
            true => None,
            false => Some(of_card(book.view, key, PARAM)?),
        };
        if method.is_some_and(|method| method.customer != Some(customer.number)) {
            let kind = Kind::PaymentMethod;
            return Err(Refusal::NotTheCustomers { kind, key, param: PARAM });
        }
        customer.default_method = Some(key.number);
    }
    Ok(told)
}

/// A payment method of a card.
fn of_card(view: &dyn View, key: RowKey, param: &'static str) -> Result<PaymentMethod, Refusal> {
    match view.document(Kind::PaymentMethod, key) {
        Some(Document::PaymentMethod(method)) if method.card.is_some() => Ok(*method),
        Some(_) => Err(Refusal::MethodOfCash { method: key, param }),
        None => Err(Refusal::Missing { kind: Kind::PaymentMethod, key, param }),
    }
}

/// A payment method of a card that a customer has, still the one who was seen to have it.
fn attached(view: &dyn View, key: RowKey, owner: Option<Number>) -> Result<PaymentMethod, Refusal> {
    let param = "payment_method";
    let method = of_card(view, key, param)?;
    match method.customer {
        None => Err(Refusal::MethodNotAttached { method: key, param }),
        now if now == owner => Ok(method),
        Some(_) => Err(Refusal::MethodMoved),
    }
}
