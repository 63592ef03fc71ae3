//! Payment intents: what `customer_balance` does at each step of their life.

use std::sync::Arc;

use super::MetadataPatch;
use super::book::{Book, intent};
use super::customers::{check_metadata, patch_metadata};
use super::later::given_back;
use super::transfers::find_or_draw;
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{
    BillingDetails, Cancellation, IntentProfile, IntentShipping, IntentStatus, PaymentError,
    PaymentIntent, TransferOptions,
};

/// A payment, at most: eight digits (Stripe's page "Currencies").
pub const AMOUNT_MAX: i64 = 99_999_999;

/// Countries in which customers get SEPA accounts (Stripe's `eu_bank_transfer[country]`).
pub(super) const SEPA_COUNTRIES: [&str; 4] = ["DE", "FR", "IE", "NL"];

/// What can be asked about payment intents.
#[derive(Clone, Debug, PartialEq)]
pub enum IntentCommand {
    /// Make one, and confirm it if asked to.
    Create {
        /// Who pays.
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
    /// Pay it from the cash balance, or begin to await a transfer.
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
}

/// A payment intent that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct IntentDraft {
    /// What is to be paid.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// How a transfer is awaited when the cash balance does not suffice.
    pub transfer: Option<TransferOptions>,
    /// A payment method (`payment_method_data`), if there is one yet: who pays.
    pub method: Option<BillingDetails>,
    /// Made with `automatic_payment_methods`: its `allow_redirects`.
    pub automatic_methods: Option<String>,
    /// What describes it.
    pub profile: IntentProfile,
}

/// One change to a payment intent.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum IntentEdit {
    Amount(i64),
    Currency(Currency),
    Transfer(Option<TransferOptions>),
    /// A new payment method of type `customer_balance`.
    Method(BillingDetails),
    CaptureMethod(String),
    Description(Option<String>),
    Metadata(MetadataPatch),
    ReceiptEmail(Option<String>),
    Shipping(Option<IntentShipping>),
    StatementDescriptor(Option<String>),
    StatementDescriptorSuffix(Option<String>),
    TransferGroup(Option<String>),
}

/// What a confirmation brings along.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confirmation {
    /// The payment method (`pm_`) that it names: must be the intent's own.
    pub payment_method: Option<RowKey>,
    /// Changes that come with it, such as a payment method or how a transfer is awaited; never of
    /// the amount or the currency.
    pub edits: Vec<IntentEdit>,
}

const OPEN: &[IntentStatus] = &[
    IntentStatus::RequiresPaymentMethod,
    IntentStatus::RequiresConfirmation,
    IntentStatus::RequiresAction,
];

impl IntentCommand {
    pub(super) fn customer(&self) -> Number {
        match self {
            IntentCommand::Create { customer, .. } => *customer,
            IntentCommand::Update { intent, .. }
            | IntentCommand::Confirm { intent, .. }
            | IntentCommand::Cancel { intent, .. }
            | IntentCommand::Apply { intent, .. } => intent.customer,
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
    }
}

/// An intent that is there, in its customer's book.
fn open<'a, 'c>(
    key: RowKey,
    view: &'a dyn View,
    ctx: &'a mut Context<'c>,
) -> Result<(Book<'a, 'c>, PaymentIntent), Refusal> {
    let intent = intent(view, key, "intent")?;
    Ok((Book::open_any(key.customer, view, ctx)?, intent))
}

/// Refuses what an intent that is over cannot do.
fn must_be_open(intent: &PaymentIntent, action: &'static str) -> Result<(), Refusal> {
    match intent.status.is_open() {
        true => Ok(()),
        false => Err(Refusal::IntentState { action, status: intent.status, allowed: OPEN }),
    }
}

/// Refuses to move the money of a customer that was deleted.
fn must_have_customer(book: &Book<'_, '_>) -> Result<(), Refusal> {
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
    let mut book = Book::open(customer, "customer", view, ctx)?;
    check_amount(draft.amount, draft.currency)?;
    check_transfer(draft.transfer.as_ref(), draft.currency)?;
    check_metadata(&draft.profile.metadata)?;
    if confirm && draft.method.is_none() {
        return Err(Refusal::NoPaymentMethod);
    }
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
        methods: Vec::new(),
        card: None,
        automatic_methods: draft.automatic_methods.clone(),
        billing_details: BillingDetails::default(),
        profile: draft.profile.clone(),
    };
    if let Some(details) = &draft.method {
        book.give_method(&mut intent, details);
    }
    book.tell(EventKind::PaymentIntentCreated, intent.clone());
    match confirm {
        true => pay_or_await(book, intent),
        false => Ok(finish(book, intent)),
    }
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
fn give_to_others(book: &mut Book<'_, '_>, money: (i64, Currency)) -> Result<(), Refusal> {
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

/// Whether what was confirmed is not what is asked for any more.
fn changes_payment(before: &PaymentIntent, now: &PaymentIntent) -> bool {
    before.amount != now.amount
        || before.currency != now.currency
        || before.transfer != now.transfer
        || before.payment_method != now.payment_method
}

fn edit(
    book: &mut Book<'_, '_>,
    intent: &mut PaymentIntent,
    edits: &[IntentEdit],
) -> Result<(), Refusal> {
    for edit in edits.iter().cloned() {
        match edit {
            IntentEdit::Amount(amount) if amount == intent.amount => {}
            IntentEdit::Amount(amount) => {
                must_be_open(intent, "given another amount")?;
                must_not_be_billed(intent)?;
                intent.amount = amount;
            }
            IntentEdit::Currency(currency) if currency == intent.currency => {}
            IntentEdit::Currency(currency) => {
                must_be_open(intent, "given another currency")?;
                must_not_be_billed(intent)?;
                intent.currency = currency;
            }
            IntentEdit::Transfer(transfer) if transfer == intent.transfer => {}
            IntentEdit::Transfer(transfer) => {
                must_be_open(intent, "given other payment method options")?;
                must_not_be_billed(intent)?;
                intent.transfer = transfer;
            }
            IntentEdit::Method(details) => {
                must_be_open(intent, "given another payment method")?;
                must_not_be_billed(intent)?;
                book.give_method(intent, &details);
            }
            IntentEdit::CaptureMethod(value) => {
                must_be_open(intent, "given another capture method")?;
                intent.profile.capture_method = Some(value);
            }
            other => describe(&mut intent.profile, other)?,
        }
    }
    // An invoice may be of less than a payment by itself.
    if intent.billed.is_none() {
        check_amount(intent.amount, intent.currency)?;
    }
    check_transfer(intent.transfer.as_ref(), intent.currency)
}

/// Edits that have nothing to do with money.
fn describe(profile: &mut IntentProfile, edit: IntentEdit) -> Result<(), Refusal> {
    match edit {
        IntentEdit::Description(value) => profile.description = value,
        IntentEdit::Metadata(patch) => patch_metadata(&mut profile.metadata, &patch)?,
        IntentEdit::ReceiptEmail(value) => profile.receipt_email = value,
        IntentEdit::Shipping(value) => profile.shipping = value,
        IntentEdit::StatementDescriptor(value) => profile.statement_descriptor = value,
        IntentEdit::StatementDescriptorSuffix(value) => profile.statement_descriptor_suffix = value,
        IntentEdit::TransferGroup(value) => profile.transfer_group = value,
        IntentEdit::Amount(_)
        | IntentEdit::Currency(_)
        | IntentEdit::Transfer(_)
        | IntentEdit::Method(_)
        | IntentEdit::CaptureMethod(_) => unreachable!("these are about the payment"),
    }
    Ok(())
}

fn must_not_be_billed(intent: &PaymentIntent) -> Result<(), Refusal> {
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
        let (kind, param) = (Kind::PaymentMethod, "payment_method");
        return Err(Refusal::Missing { kind, key: named, param });
    }
    let is_money =
        |edit: &IntentEdit| matches!(edit, IntentEdit::Amount(_) | IntentEdit::Currency(_));
    assert!(!confirmation.edits.iter().any(is_money), "a confirmation changes no amount");
    edit(&mut book, &mut intent, &confirmation.edits)?;
    if intent.payment_method.is_none() {
        return Err(Refusal::NoPaymentMethod);
    }
    pay_or_await(book, intent)
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

/// The transfer of a currency where none was chosen. For SEPA the account is in the customer's
/// country, else in the merchant's, else in Ireland.
fn usual_transfer(book: &Book<'_, '_>, currency: Currency) -> Result<TransferOptions, Refusal> {
    let usual = TransferOptions::usual(currency);
    let mut usual = usual.ok_or(Refusal::NoTransferIn(currency))?;
    if usual.country.is_some() {
        let customer = book.view.customer(book.customer());
        let address = customer.and_then(|customer| customer.profile.address);
        let lives_in = address.and_then(|address| address.country);
        let countries = [lives_in.unwrap_or_default(), book.ctx.rules.country.clone()];
        let has_accounts = |country: &String| SEPA_COUNTRIES.contains(&country.as_str());
        usual.country = countries.into_iter().find(has_accounts).or(usual.country);
    }
    Ok(usual)
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
    must_be_open(&intent, "canceled")?;
    must_not_be_billed(&intent)?;
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
    let awaits = intent.status == IntentStatus::RequiresAction || intent.billed.is_some();
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

/// Payments are of an amount between the least and the most (Stripe's page "Currencies").
fn check_amount(amount: i64, currency: Currency) -> Result<(), Refusal> {
    let minimum = match currency {
        Currency::USD | Currency::EUR => 50,
        Currency::GBP => 30,
        Currency::JPY => 50,
        Currency::MXN => 1000,
        other => return Err(Refusal::NoTransferIn(other)),
    };
    if amount < minimum {
        return Err(Refusal::AmountBelowMinimum(currency, minimum));
    }
    if amount > AMOUNT_MAX {
        return Err(Refusal::AmountAboveMaximum(currency, AMOUNT_MAX));
    }
    Ok(())
}

fn check_transfer(transfer: Option<&TransferOptions>, currency: Currency) -> Result<(), Refusal> {
    let usual = TransferOptions::usual(currency).map(|usual| usual.transfer_type);
    match transfer {
        Some(given) if usual.as_ref() != Some(&given.transfer_type) => {
            Err(Refusal::TransferCurrency(currency))
        }
        _ => Ok(()),
    }
}
