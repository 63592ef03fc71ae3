//! Payment intents: what `customer_balance` does at each step of their life. What a card does is in
//! [`super::card_intents`].

use std::sync::Arc;

use super::book::{Book, intent};
use super::card_intents::{self, Capture, CardEdit, PayWith, Presence, must_take};
use super::customers::check_metadata;
use super::intent_edits::{IntentEdit, edit};
use super::intent_methods::{
    changes_payment, check_methods, check_sums, named_methods, pick_methods, usual_transfer,
};
use super::later::given_back;
use super::owner;
use super::transfers::find_or_draw;
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{
    BillingDetails, Cancellation, InstrumentKey, IntentProfile, IntentStatus, MethodType,
    PaymentError, PaymentIntent, TransferOptions,
};

/// Countries in which customers get SEPA accounts (Stripe's `eu_bank_transfer[country]`).
pub(super) const SEPA_COUNTRIES: [&str; 4] = ["DE", "FR", "IE", "NL"];

/// What can be asked about payment intents.
#[derive(Clone, Debug, PartialEq)]
pub enum IntentCommand {
    /// Make one, and confirm it if asked to.
    Create {
        /// Who pays; 0 for nobody that is known.
        customer: Number,
        /// What.
        draft: Box<IntentDraft>,
        /// Whether to confirm it at once.
        confirm: bool,
    },
    /// Change one.
    Update {
        /// Which.
        intent: RowKey,
        /// What changes.
        edits: Vec<IntentEdit>,
    },
    /// Pay it from the cash balance, or begin to await a transfer; or charge a card.
    Confirm {
        /// Which.
        intent: RowKey,
        /// What changes on the way.
        confirmation: Box<Confirmation>,
    },
    /// Give it up; what it holds goes back.
    Cancel {
        /// Which.
        intent: RowKey,
        /// `cancellation_reason` as given.
        reason: Option<String>,
    },
    /// Move money from the cash balance to it by hand.
    Apply {
        /// Which.
        intent: RowKey,
        /// How much; all that remains, as far as the balance goes, if not given.
        amount: Option<i64>,
        /// The currency that the caller takes it to be in.
        currency: Option<Currency>,
    },
    /// Take what a card's bank set aside.
    Capture {
        /// Which.
        intent: RowKey,
        /// How much, and what is said with it.
        capture: Box<Capture>,
    },
    /// Tell whether the holder of the card authenticated.
    Authenticate {
        /// Which.
        intent: RowKey,
        /// Whether it went well.
        succeeded: bool,
    },
}

/// A payment intent that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct IntentDraft {
    /// What is to be paid.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// `payment_method_types` where they were named.
    pub methods: Vec<MethodType>,
    /// How a transfer is awaited when the cash balance does not suffice.
    pub transfer: Option<TransferOptions>,
    /// A payment method (`payment_method_data`), if there is one yet: who pays.
    pub method: Option<BillingDetails>,
    /// Made with `automatic_payment_methods`: its `allow_redirects`.
    pub automatic_methods: Option<String>,
    /// How it is paid by card.
    pub card: Vec<CardEdit>,
    /// Where the holder of the card is.
    pub presence: Presence,
    /// What describes it.
    pub profile: IntentProfile,
}

/// What a confirmation brings along.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confirmation {
    /// The payment method (`pm_`) that it names: a card, or the intent's own.
    pub payment_method: Option<RowKey>,
    /// Changes that come with it, such as a payment method or how a transfer is awaited; never of
    /// the amount or the currency.
    pub edits: Vec<IntentEdit>,
    /// Where the holder of the card is.
    pub presence: Presence,
    /// Whether a card is known to be about to pay, so that what is no customer's by its key may
    /// change, such as a payment method.
    pub is_by_card: bool,
}

/// States in which it is not decided yet what pays.
pub(super) const OPEN: &[IntentStatus] = &[
    IntentStatus::RequiresPaymentMethod,
    IntentStatus::RequiresConfirmation,
    IntentStatus::RequiresAction,
];

/// States in which it can be given up.
const CANCELABLE: &[IntentStatus] = &[
    IntentStatus::RequiresPaymentMethod,
    IntentStatus::RequiresConfirmation,
    IntentStatus::RequiresAction,
    IntentStatus::RequiresCapture,
];

impl IntentCommand {
    pub(super) fn customer(&self) -> Number {
        match self {
            IntentCommand::Create { customer, .. } => *customer,
            IntentCommand::Update { intent, .. }
            | IntentCommand::Confirm { intent, .. }
            | IntentCommand::Cancel { intent, .. }
            | IntentCommand::Apply { intent, .. }
            | IntentCommand::Capture { intent, .. }
            | IntentCommand::Authenticate { intent, .. } => intent.customer,
        }
    }

    /// Whether it may change what is no customer's by its key.
    pub(super) fn is_about_account(&self) -> bool {
        let chooses = |edit: &CardEdit| matches!(edit, CardEdit::Instrument(_));
        match self {
            IntentCommand::Create { draft, .. } => draft.card.iter().any(chooses),
            IntentCommand::Update { edits, .. } => card_intents::touches_instruments(edits),
            IntentCommand::Confirm { confirmation, .. } => {
                confirmation.is_by_card || card_intents::touches_instruments(&confirmation.edits)
            }
            IntentCommand::Authenticate { .. } => true,
            IntentCommand::Cancel { .. }
            | IntentCommand::Apply { .. }
            | IntentCommand::Capture { .. } => false,
        }
    }
}

pub(super) fn decide(
    command: &IntentCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        IntentCommand::Create { customer, draft, confirm } => {
            create(*customer, draft, *confirm, view, ctx)
        }
        IntentCommand::Update { intent, edits } => update(*intent, edits, view, ctx),
        IntentCommand::Confirm { intent, confirmation } => {
            confirm(*intent, confirmation, view, ctx)
        }
        IntentCommand::Cancel { intent, reason } => cancel(*intent, reason, view, ctx),
        IntentCommand::Apply { intent, amount, currency } => {
            apply(*intent, *amount, *currency, view, ctx)
        }
        IntentCommand::Capture { intent, capture } => {
            card_intents::capture(*intent, capture, view, ctx)
        }
        IntentCommand::Authenticate { intent, succeeded } => {
            card_intents::authenticate(*intent, *succeeded, view, ctx)
        }
    }
}

/// An intent that is there, in its customer's book.
pub(super) fn open<'a, 'c>(
    key: RowKey,
    view: &'a dyn View,
    ctx: &'a mut Context<'c>,
) -> Result<(Book<'a, 'c>, PaymentIntent), Refusal> {
    let intent = intent(view, key, "intent")?;
    Ok((Book::open_any(key.customer, view, ctx)?, intent))
}

/// Refuses what an intent that is paid, or over, cannot do.
pub(super) fn must_be_open(intent: &PaymentIntent, action: &'static str) -> Result<(), Refusal> {
    must_be(intent, OPEN, action)
}

/// Refuses what an intent in another state cannot do.
pub(super) fn must_be(
    intent: &PaymentIntent,
    allowed: &'static [IntentStatus],
    action: &'static str,
) -> Result<(), Refusal> {
    match allowed.contains(&intent.status) {
        true => Ok(()),
        false => Err(Refusal::IntentState { action, status: intent.status, allowed }),
    }
}

/// Refuses to move the money of a customer that was deleted.
pub(super) fn must_have_customer(book: &Book<'_, '_>) -> Result<(), Refusal> {
    match book.purse.standing.deleted {
        true => Err(Refusal::CustomerMissing { param: "customer" }),
        false => Ok(()),
    }
}

fn create(
    customer: Number,
    draft: &IntentDraft,
    confirm: bool,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_for(owner(customer), "customer", view, ctx)?;
    check_metadata(&draft.profile.metadata)?;
    let mut intent = PaymentIntent {
        key: book.new_key(),
        amount: draft.amount,
        currency: draft.currency,
        status: IntentStatus::RequiresPaymentMethod,
        applied: 0,
        transfer: draft.transfer.clone(),
        payment_method: None,
        confirmed: None,
        instructions: None,
        charge: None,
        billed: None,
        canceled: None,
        last_error: None,
        methods: named_methods(&draft.methods),
        card: None,
        automatic_methods: draft.automatic_methods.clone(),
        billing_details: BillingDetails::default(),
        profile: draft.profile.clone(),
    };
    if intent.automatic_methods.is_some() {
        intent.methods = pick_methods(&book, &intent, &draft.methods);
    }
    check_methods(&book, &intent)?;
    check_sums(&intent)?;
    for edit in draft.card.iter().cloned() {
        card_intents::edit(&mut book, &mut intent, edit)?;
    }
    if let Some(details) = &draft.method {
        must_take(&intent, MethodType::CustomerBalance, Some("payment_method_data[type]"))?;
        book.give_method(&mut intent, details);
    }
    if confirm && intent.payment_method.is_none() && intent.instrument().is_none() {
        return Err(Refusal::NoPaymentMethod);
    }
    book.tell(EventKind::PaymentIntentCreated, intent.clone());
    match confirm {
        true => pay(book, intent, draft.presence),
        false => Ok(finish(book, intent)),
    }
}

/// What a confirmation does with what is to pay.
fn pay(book: Book<'_, '_>, intent: PaymentIntent, presence: Presence) -> Result<Decision, Refusal> {
    if intent.instrument().is_some() {
        return card_intents::pay(book, intent, presence, false);
    }
    if presence.off_session {
        return Err(Refusal::CashNotOffSession);
    }
    pay_or_await(book, intent)
}

/// Writes the intent down and answers with it.
fn finish(mut book: Book<'_, '_>, intent: PaymentIntent) -> Decision {
    book.put(intent.clone());
    book.close(Document::from(intent))
}

fn update(
    key: RowKey,
    edits: &[IntentEdit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut before) = open(key, view, ctx)?;
    let mut intent = before.clone();
    edit(&mut book, &mut intent, edits)?;
    if intent == before {
        return Ok(book.close(Document::from(intent)));
    }
    if before.status != IntentStatus::RequiresAction || !changes_payment(&before, &intent) {
        return Ok(finish(book, intent));
    }
    must_have_customer(&book)?;
    // What it holds goes back as what it is: in the currency of before.
    let money = (book.unapply(&mut before)?, before.currency);
    intent.status = IntentStatus::RequiresConfirmation;
    intent.instructions = None;
    intent.applied = 0;
    book.handle(key.number);
    book.put(intent.clone());
    give_to_others(&mut book, money)?;
    Ok(book.close(Document::from(intent)))
}

/// Money that came back from an intent may pay others, and may be old.
pub(super) fn give_to_others(
    book: &mut Book<'_, '_>,
    money: (i64, Currency),
) -> Result<(), Refusal> {
    match money.0 {
        0 => Ok(()),
        _ => {
            book.pay_with(money, None)?;
            given_back(book, money, true)?;
            book.tell_what_is_left(money.1);
            Ok(())
        }
    }
}

pub(super) fn must_not_be_billed(intent: &PaymentIntent) -> Result<(), Refusal> {
    match intent.billed {
        Some(_) => Err(Refusal::IntentOfInvoice),
        None => Ok(()),
    }
}

fn confirm(
    key: RowKey,
    confirmation: &Confirmation,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut intent) = open(key, view, ctx)?;
    must_be_open(&intent, "confirmed")?;
    must_have_customer(&book)?;
    must_not_be_billed(&intent)?;
    if let Some(named) = confirmation.payment_method
        && intent.payment_method != Some(named.number)
    {
        if card_intents::is_cash(view, named) {
            let (kind, param) = (Kind::PaymentMethod, "payment_method");
            return Err(Refusal::Missing { kind, key: named, param });
        }
        let with = PayWith::Kept(InstrumentKey::Method(named));
        card_intents::edit(&mut book, &mut intent, CardEdit::Instrument(with))?;
    }
    let is_money =
        |edit: &IntentEdit| matches!(edit, IntentEdit::Amount(_) | IntentEdit::Currency(_));
    assert!(!confirmation.edits.iter().any(is_money), "a confirmation changes no amount");
    edit(&mut book, &mut intent, &confirmation.edits)?;
    if intent.payment_method.is_none() && intent.instrument().is_none() {
        return Err(Refusal::NoPaymentMethod);
    }
    pay(book, intent, confirmation.presence)
}

/// What a confirmation does: the cash balance pays, or a transfer is awaited, or the payment
/// fails.
fn pay_or_await(mut book: Book<'_, '_>, mut intent: PaymentIntent) -> Result<Decision, Refusal> {
    intent.confirmed = Some(book.ctx.number());
    book.handle(intent.key.number);
    let available = book.available(intent.currency).max(0);
    let remaining = intent.amount - intent.applied;
    if intent.transfer.is_none() && available >= remaining {
        book.pay(&mut intent, remaining)?;
        return Ok(finish(book, intent));
    }
    if intent.transfer.is_none() && intent.automatic_methods.is_some() {
        intent.transfer = Some(usual_transfer(&book, intent.currency)?);
    }
    let Some(transfer) = intent.transfer.clone() else {
        return fail(book, intent);
    };
    if book.is_automatic() && available > 0 {
        book.pay(&mut intent, available.min(remaining))?;
    }
    if intent.status.is_open() {
        begin_to_await(&mut book, &mut intent, &transfer)?;
        book.tell(EventKind::PaymentIntentRequiresAction, intent.clone());
    }
    Ok(finish(book, intent))
}

fn fail(mut book: Book<'_, '_>, mut intent: PaymentIntent) -> Result<Decision, Refusal> {
    let money = (book.unapply(&mut intent)?, intent.currency);
    intent.status = IntentStatus::RequiresPaymentMethod;
    intent.instructions = None;
    let tried = intent.payment_method.take();
    intent.last_error = tried.map(|payment_method| PaymentError::BalanceTooLow { payment_method });
    book.tell(EventKind::PaymentIntentPaymentFailed, intent.clone());
    book.put(intent.clone());
    give_to_others(&mut book, money)?;
    Ok(book.close(Reply::PaymentFailed(Box::new(intent))))
}

/// Shows the customer where to send the money.
pub(super) fn begin_to_await(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    transfer: &TransferOptions,
) -> Result<(), Refusal> {
    if intent.payment_method.is_none() {
        book.give_method(intent, &BillingDetails::default());
    }
    let country = transfer.country.as_deref();
    let (customer, rail) = (book.customer(), &transfer.transfer_type);
    let (kept, is_new) = find_or_draw(customer, rail, country, book.view, book.ctx)?;
    if is_new {
        book.note(Change::Instructions(customer, kept.clone()));
    }
    intent.status = IntentStatus::RequiresAction;
    intent.instructions = Some(Arc::new(kept));
    intent.last_error = None;
    Ok(())
}

fn cancel(
    key: RowKey,
    reason: &Option<String>,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut intent) = open(key, view, ctx)?;
    must_be(&intent, CANCELABLE, "canceled")?;
    must_not_be_billed(&intent)?;
    card_intents::let_go(&mut book, &mut intent)?;
    let money = (book.unapply(&mut intent)?, intent.currency);
    give_up(&mut book, &mut intent, reason.clone());
    give_to_others(&mut book, money)?;
    Ok(book.close(Document::from(intent)))
}

/// Cancels an intent that holds nothing any more.
pub(super) fn give_up(book: &mut Book<'_, '_>, intent: &mut PaymentIntent, reason: Option<String>) {
    intent.status = IntentStatus::Canceled;
    intent.canceled = Some(Cancellation { at: book.ctx.second(), reason });
    intent.instructions = None;
    book.handle(intent.key.number);
    book.put(intent.clone());
    book.tell(EventKind::PaymentIntentCanceled, intent.clone());
}

fn apply(
    key: RowKey,
    amount: Option<i64>,
    currency: Option<Currency>,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let (mut book, mut intent) = open(key, view, ctx)?;
    must_be_open(&intent, "given money from the cash balance")?;
    must_have_customer(&book)?;
    must_take(&intent, MethodType::CustomerBalance, None)?;
    if currency.is_some_and(|currency| currency != intent.currency) {
        return Err(Refusal::OtherCurrency(intent.currency));
    }
    let remaining = intent.amount_remaining();
    let available = book.available(intent.currency).max(0);
    let param = amount.map(|_| "amount");
    let amount = match amount {
        // The money of an invoice comes whole, whatever is asked for.
        _ if intent.billed.is_some() => remaining,
        Some(amount) if amount > remaining => return Err(Refusal::ApplyTooMuch { remaining }),
        Some(amount) => amount,
        None => remaining.min(available),
    };
    if amount > available || amount == 0 {
        return Err(Refusal::CashTooLow { available, param });
    }
    let awaits = intent.status == IntentStatus::RequiresAction && !intent.waits_for_holder()
        || intent.billed.is_some();
    if intent.payment_method.is_none() {
        book.give_method(&mut intent, &BillingDetails::default());
    }
    if !awaits {
        intent.confirmed = Some(book.ctx.number());
    }
    book.pay(&mut intent, amount)?;
    if intent.status.is_open() {
        if !awaits {
            let transfer = match intent.transfer.clone() {
                Some(transfer) => transfer,
                None => usual_transfer(&book, intent.currency)?,
            };
            begin_to_await(&mut book, &mut intent, &transfer)?;
            intent.transfer = Some(transfer);
            book.tell(EventKind::PaymentIntentRequiresAction, intent.clone());
        }
        book.tell(EventKind::PaymentIntentPartiallyFunded, intent.clone());
    }
    Ok(finish(book, intent))
}
