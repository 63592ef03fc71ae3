//! Payment intents that a card pays, or a source of one.
//!
//! The bank of the card is asked in the commit that writes its answer. What the intent holds of the
//! customer's cash goes back before: an intent is paid by one thing, whole.

use std::collections::BTreeMap;

use super::book::Book;
use super::cards::instrument;
use super::charging::{self, Ask, Holder, Outcome};
use super::customers::patch_metadata;
use super::intent_edits::IntentEdit;
use super::intents::{give_to_others, must_be, must_have_customer, must_not_be_billed, open};
use super::methods::{self, MethodDraft};
use crate::card::{Card, Decline};
use crate::charge::{CardCharge, ChargeProfile, Instrument};
use crate::customer::Address;
use crate::decision::{Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{
    BillingDetails, InstrumentKey, IntentStatus, MethodType, PaymentError, PaymentIntent,
    PaymentMethod,
};

/// One change to how a payment intent is paid by card.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum CardEdit {
    /// What is to be charged.
    Instrument(PayWith),
    ReturnUrl(String),
    UseStripeSdk(bool),
    SetupFutureUsage(Option<String>),
    RequestThreeDSecure(Option<String>),
    /// That of `payment_method_options[card]`.
    CaptureMethod(Option<String>),
}

/// What a payment intent is to be paid with, if it is not a cash balance.
#[derive(Clone, Debug, PartialEq)]
pub enum PayWith {
    /// Something that is there.
    Kept(InstrumentKey),
    /// A payment method to make.
    New(Box<MethodDraft>),
}

/// Where the holder of a card is while a payment is confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Away (`off_session`).
    pub off_session: bool,
    /// Cannot be asked for anything (`error_on_requires_action`).
    pub cannot_act: bool,
}

/// What of an authorized payment is taken, and what is said with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// How much, in the smallest unit; all of it if not given. The rest is let go.
    pub amount: Option<i64>,
    /// Changes that come with it; only those that have nothing to do with money.
    pub edits: Vec<IntentEdit>,
}

/// States in which there is something to capture.
const CAPTURABLE: &[IntentStatus] = &[IntentStatus::RequiresCapture];

/// Changes how an intent is paid by card.
pub(super) fn edit(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    edit: CardEdit,
) -> Result<(), Refusal> {
    must_be(intent, super::intents::OPEN, "paid in another way")?;
    must_not_be_billed(intent)?;
    let card = match edit {
        CardEdit::Instrument(with) => return choose(book, intent, &with),
        _ => intent.card.get_or_insert_default(),
    };
    match edit {
        CardEdit::Instrument(_) => {}
        CardEdit::ReturnUrl(url) => card.return_url = Some(url),
        CardEdit::UseStripeSdk(uses) => card.use_stripe_sdk = uses,
        CardEdit::SetupFutureUsage(usage) => card.setup_future_usage = usage,
        CardEdit::RequestThreeDSecure(when) => card.request_three_d_secure = when,
        CardEdit::CaptureMethod(method) => card.capture_method = method,
    }
    Ok(())
}

/// Makes something what an intent is paid with.
fn choose(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    with: &PayWith,
) -> Result<(), Refusal> {
    let key = match with {
        PayWith::Kept(InstrumentKey::Method(key)) if is_cash(book.view, *key) => {
            return match intent.payment_method == Some(key.number) {
                true => Ok(()),
                false => Err(Refusal::MethodOfOnePayment { param: "payment_method" }),
            };
        }
        PayWith::Kept(named) => {
            let found = instrument(book.view, *named, intent.customer(), "payment_method")?;
            must_pay_intents(&found, intent)?;
            must_take_cards(intent, "payment_method")?;
            *named
        }
        PayWith::New(new) => {
            must_take_cards(intent, new.param)?;
            InstrumentKey::Method(methods::make(book, new)?.key)
        }
    };
    intent.card.get_or_insert_default().instrument = Some(key);
    intent.payment_method = None;
    intent.billing_details = BillingDetails::default();
    if intent.status == IntentStatus::RequiresPaymentMethod {
        intent.status = IntentStatus::RequiresConfirmation;
    }
    Ok(())
}

/// An intent takes cards only where somebody does.
fn must_take_cards(intent: &PaymentIntent, param: &'static str) -> Result<(), Refusal> {
    must_take(intent, MethodType::Card, Some(param))
}

/// Refuses a type of payment method that an intent does not take.
pub(super) fn must_take(
    intent: &PaymentIntent,
    method: MethodType,
    param: Option<&'static str>,
) -> Result<(), Refusal> {
    match intent.methods().contains(&method) {
        true => Ok(()),
        false => Err(Refusal::MethodNotTaken { method, param }),
    }
}

/// Of sources only those of cards pay intents, and only those that the customer has.
fn must_pay_intents(found: &Instrument, intent: &PaymentIntent) -> Result<(), Refusal> {
    let Instrument::Source(source) = found else { return Ok(()) };
    let (kind, key, param) = (Kind::Source, source.key, "payment_method");
    match source {
        _ if source.card.is_none() => Err(Refusal::SourceIsNoCard { source: key, param }),
        _ if source.customer.is_none() || source.customer != intent.customer() => {
            Err(Refusal::NotTheCustomers { kind, key, param })
        }
        _ => Ok(()),
    }
}

/// Whether a payment method is a cash balance.
pub(super) fn is_cash(view: &dyn View, method: RowKey) -> bool {
    matches!(
        view.document(Kind::PaymentMethod, method),
        Some(Document::PaymentMethod(method)) if method.card.is_none()
    )
}

/// What an intent is paid with, as it is now.
struct Chosen {
    instrument: Instrument,
    details: BillingDetails,
    /// The payment method, if it is one.
    method: Option<Box<PaymentMethod>>,
}

fn chosen(book: &Book<'_, '_>, intent: &PaymentIntent) -> Result<Chosen, Refusal> {
    let named = intent.instrument().ok_or(Refusal::NoPaymentMethod)?;
    if let InstrumentKey::Method(key) = named
        // It was made just now; any other may have come to somebody else since, or be used up.
        && book.view.document(Kind::PaymentMethod, key).is_none()
        && let Some(Document::PaymentMethod(method)) = book.written(Kind::PaymentMethod, key)
        && let Some(card) = method.card.clone()
    {
        let (instrument, details) =
            (Instrument::Method { key, card }, method.billing_details.clone());
        return Ok(Chosen { instrument, details, method: Some(method) });
    }
    let instrument = instrument(book.view, named, intent.customer(), "payment_method")?;
    must_pay_intents(&instrument, intent)?;
    let (details, method) = match &instrument {
        Instrument::Card { card, .. } => (printed_on(card), None),
        Instrument::Source(source) => {
            let owner = source.owner.clone();
            let (email, name, phone) = (owner.email, owner.name, owner.phone);
            let address = owner.address;
            (BillingDetails { address, email, name, phone, tax_id: None }, None)
        }
        Instrument::Method { key, .. } => match book.view.document(Kind::PaymentMethod, *key) {
            Some(Document::PaymentMethod(method)) => (method.billing_details.clone(), Some(method)),
            _ => (BillingDetails::default(), None),
        },
    };
    Ok(Chosen { instrument, details, method })
}

/// What a card itself says of who pays.
fn printed_on(card: &Card) -> BillingDetails {
    let address: Option<Address> = card.address.clone();
    BillingDetails { address, name: card.name.clone(), ..BillingDetails::default() }
}

/// What a confirmation by card does: the card is charged, or its holder has to authenticate, or
/// the payment fails. What the intent holds of the customer's cash goes back first.
pub(super) fn pay(
    mut book: Book<'_, '_>,
    mut intent: PaymentIntent,
    presence: Presence,
    is_authenticated: bool,
) -> Result<Decision, Refusal> {
    let money = (book.unapply(&mut intent)?, intent.currency);
    book.handle(intent.key.number);
    intent.confirmed = Some(book.ctx.number());
    intent.instructions = None;
    let Chosen { instrument, details, method } = chosen(&book, &intent)?;
    intent.card.get_or_insert_default().off_session = presence.off_session;
    let ask = Ask {
        amount: intent.amount,
        currency: intent.currency,
        instrument: instrument.clone(),
        payment_intent: Some(intent.key.number),
        capture: !intent.captures_later(),
        holder: Holder {
            is_there: !presence.off_session && !presence.cannot_act,
            is_authenticated,
            is_set_up: presence.off_session
                && method.as_ref().is_some_and(|method| method.is_set_up),
        },
        billing_details: details,
        profile: profile(&intent),
    };
    let mut has_failed = false;
    match charging::charge(&mut book, ask)? {
        Outcome::Charged(charge) => {
            charged(&mut book, &mut intent, &charge);
            keep_for_later(&mut book, &intent, method);
        }
        Outcome::Failed(charge, decline) => {
            let card = intent.card.get_or_insert_default();
            card.latest_charge = Some(charge.key.number);
            fail(&mut book, &mut intent, (decline, instrument, Some(charge.key.number)));
            has_failed = true;
        }
        Outcome::NeedsHolder => {
            intent.status = IntentStatus::RequiresAction;
            intent.last_error = None;
            book.tell(EventKind::PaymentIntentRequiresAction, intent.clone());
        }
    }
    book.put(intent.clone());
    give_to_others(&mut book, money)?;
    Ok(book.close(match has_failed {
        true => Reply::PaymentFailed(Box::new(intent)),
        false => Reply::from(Document::from(intent)),
    }))
}

/// What the charge of an intent takes over from it.
fn profile(intent: &PaymentIntent) -> ChargeProfile {
    let of = &intent.profile;
    ChargeProfile {
        description: of.description.clone(),
        fraud_details: BTreeMap::new(),
        metadata: of.metadata.clone(),
        receipt_email: of.receipt_email.clone(),
        shipping: of.shipping.clone(),
        statement_descriptor: of.statement_descriptor.clone(),
        statement_descriptor_suffix: of.statement_descriptor_suffix.clone(),
        transfer_group: of.transfer_group.clone(),
    }
}

/// The card's bank agreed: the money is there, or set aside.
fn charged(book: &mut Book<'_, '_>, intent: &mut PaymentIntent, charge: &CardCharge) {
    let card = intent.card.get_or_insert_default();
    card.latest_charge = Some(charge.key.number);
    intent.last_error = None;
    let told = match charge.is_captured() {
        true => {
            card.received = charge.amount_captured;
            intent.status = IntentStatus::Succeeded;
            EventKind::PaymentIntentSucceeded
        }
        false => {
            card.capturable = charge.amount;
            intent.status = IntentStatus::RequiresCapture;
            EventKind::PaymentIntentAmountCapturableUpdated
        }
    };
    book.tell(told, intent.clone());
}

/// The payment failed, and can be tried with something else.
fn fail(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    (decline, instrument, charge): (Decline, Instrument, Option<Number>),
) {
    intent.card.get_or_insert_default().instrument = None;
    intent.status = IntentStatus::RequiresPaymentMethod;
    let instrument = Box::new(instrument);
    intent.last_error = Some(PaymentError::Declined { decline, instrument, charge });
    book.tell(EventKind::PaymentIntentPaymentFailed, intent.clone());
}

/// A payment method that is to be used again becomes the customer's once it paid. One that is
/// neither that nor attached before cannot be used again.
fn keep_for_later(
    book: &mut Book<'_, '_>,
    intent: &PaymentIntent,
    method: Option<Box<PaymentMethod>>,
) {
    let usage = intent.card.as_ref().and_then(|card| card.setup_future_usage.as_deref());
    let Some(before) = method else { return };
    let mut method = before.clone();
    match (usage, intent.customer()) {
        (Some(usage), Some(customer)) => {
            method.customer = Some(customer);
            method.is_set_up |= usage == "off_session";
        }
        // It can be attached to whoever becomes a customer.
        (Some(_), None) => {}
        (None, _) => method.is_spent = before.customer.is_none(),
    }
    if method != before {
        book.put(method.clone());
    }
    if before.customer.is_none() && method.customer.is_some() {
        book.tell(EventKind::PaymentMethodAttached, method);
    }
}

/// The holder authenticated, or did not.
pub(super) fn authenticate(
    key: RowKey,
    succeeded: bool,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut intent) = open(key, view, ctx)?;
    if !intent.waits_for_holder() {
        return Err(Refusal::HolderNotAwaited);
    }
    if succeeded {
        must_have_customer(&book)?;
        // What came of it is in the intent: that the holder authenticated is done in any case.
        let decision = pay(book, intent, Presence::default(), true)?;
        return Ok(Decision { reply: without_error(decision.reply), ..decision });
    }
    let Chosen { instrument, .. } = chosen(&book, &intent)?;
    let code = "payment_intent_authentication_failure".to_owned();
    let decline = Decline { code, decline_code: None };
    fail(&mut book, &mut intent, (decline, instrument, None));
    book.put(intent.clone());
    Ok(book.close(Document::from(intent)))
}

fn without_error(reply: Reply) -> Reply {
    match reply {
        Reply::PaymentFailed(intent) => Reply::from(Document::PaymentIntent(intent)),
        reply => reply,
    }
}

/// Takes what was set aside for an intent, or a part of it.
pub(super) fn capture(
    key: RowKey,
    capture: &Capture,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut intent) = open(key, view, ctx)?;
    must_be(&intent, CAPTURABLE, "captured")?;
    let mut charge = authorized(view, &intent)?;
    let amount = capture.amount.unwrap_or(charge.amount);
    if amount > charge.amount {
        let (authorized, param) = (charge.amount, "amount_to_capture");
        return Err(Refusal::CaptureTooLarge { authorized, param });
    }
    let step = charge.currency.charge_step();
    if amount % step != 0 {
        return Err(Refusal::AmountUneven(charge.currency, step));
    }
    for edit in &capture.edits {
        match edit.clone() {
            IntentEdit::Metadata(patch) => patch_metadata(&mut intent.profile.metadata, &patch)?,
            IntentEdit::StatementDescriptor(said) => {
                intent.profile.statement_descriptor = said.clone();
                charge.profile.statement_descriptor = said;
            }
            IntentEdit::StatementDescriptorSuffix(said) => {
                intent.profile.statement_descriptor_suffix = said.clone();
                charge.profile.statement_descriptor_suffix = said;
            }
            _ => unreachable!("a capture changes nothing else"),
        }
    }
    charging::capture(&mut book, &mut charge, amount)?;
    intent.card.get_or_insert_default().capturable = 0;
    charged(&mut book, &mut intent, &charge);
    book.put(intent.clone());
    Ok(book.close(Document::from(intent)))
}

/// The charge for which money is set aside.
fn authorized(view: &dyn View, intent: &PaymentIntent) -> Result<CardCharge, Refusal> {
    let number = intent.card.as_ref().and_then(|card| card.latest_charge);
    let key = RowKey { number: number.unwrap_or_default(), ..intent.key };
    match view.document(Kind::Charge, key) {
        Some(Document::CardCharge(charge)) => Ok(*charge),
        _ => Err(Refusal::Missing { kind: Kind::CardCharge, key, param: "intent" }),
    }
}

/// Lets go of what is set aside for an intent that is given up.
pub(super) fn let_go(book: &mut Book<'_, '_>, intent: &mut PaymentIntent) -> Result<(), Refusal> {
    if intent.status == IntentStatus::RequiresCapture {
        let mut charge = authorized(book.view, intent)?;
        charging::release(book, &mut charge, EventKind::ChargeRefunded);
        intent.card.get_or_insert_default().capturable = 0;
    }
    Ok(())
}

/// Whether a command that changes an intent may change what is no customer's by its key: tokens,
/// payment methods, sources.
pub(super) fn touches_instruments(edits: &[IntentEdit]) -> bool {
    edits.iter().any(|edit| matches!(edit, IntentEdit::Card(CardEdit::Instrument(_))))
}
