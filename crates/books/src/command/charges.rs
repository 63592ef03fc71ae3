//! Charges: money taken from a card or a source without a payment intent, and what becomes of what
//! a card's bank set aside. Parameters and errors follow Stripe's pages "The Charge object" and
//! "Error codes".

use super::MetadataPatch;
use super::book::{Book, intent};
use super::cards::{CardGiven, instrument};
use super::charging::{self, Ask, Holder, Outcome};
use super::customers::{check_metadata, patch_metadata};
use super::intents::give_up;
use super::owner;
use crate::card::{Card, Decline, Risk};
use crate::charge::{CardCharge, ChargeProfile, Instrument, Stage};
use crate::currency::Currency;
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::{
    BillingDetails, ChargeRow, InstrumentKey, IntentShipping, IntentStatus, PaymentIntent,
};
use crate::timer::Timer;

/// `cancellation_reason` of an intent whose money was let go because nobody captured it in time.
const NOT_CAPTURED: &str = "automatic";

/// What can be asked about charges.
#[derive(Clone, Debug, PartialEq)]
pub enum ChargeCommand {
    /// Take money, or set it aside.
    Create {
        /// From whom.
        payer: Payer,
        /// What.
        draft: Box<ChargeDraft>,
    },
    /// Take what was set aside, or a part of it; the rest is let go.
    Capture {
        /// Of which charge.
        charge: RowKey,
        /// How much; all of it, if not given.
        amount: Option<i64>,
        /// What changes on the way.
        edits: Vec<ChargeEdit>,
    },
    /// Change what describes it.
    Update {
        /// Which.
        charge: RowKey,
        /// What changes.
        edits: Vec<ChargeEdit>,
    },
}

/// Who pays a charge, and with what.
#[derive(Clone, Debug, PartialEq)]
pub enum Payer {
    /// A customer, with the default source.
    Default(Number),
    /// A customer, with this card or source.
    Customer(Number, InstrumentKey),
    /// Nobody in particular, with a card that the request brings along.
    Given(CardGiven),
    /// Nobody in particular, with a source.
    Source(RowKey),
}

/// A charge that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ChargeDraft {
    /// How much, in smallest units.
    pub amount: i64,
    /// In which currency.
    pub currency: Currency,
    /// Whether to take the money at once.
    pub capture: bool,
    /// What describes it.
    pub profile: ChargeProfile,
}

/// One change to a charge.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
#[allow(clippy::large_enum_variant, reason = "a request brings few of them")]
pub enum ChargeEdit {
    Description(Option<String>),
    /// `fraud_details[user_report]`.
    UserReport(Option<String>),
    Metadata(MetadataPatch),
    ReceiptEmail(Option<String>),
    Shipping(Option<IntentShipping>),
    StatementDescriptor(Option<String>),
    StatementDescriptorSuffix(Option<String>),
    TransferGroup(Option<String>),
}

impl ChargeEdit {
    /// The parameter that it comes from.
    fn param(&self) -> &'static str {
        match self {
            ChargeEdit::Description(_) => "description",
            ChargeEdit::UserReport(_) => "fraud_details",
            ChargeEdit::Metadata(_) => "metadata",
            ChargeEdit::ReceiptEmail(_) => "receipt_email",
            ChargeEdit::Shipping(_) => "shipping",
            ChargeEdit::StatementDescriptor(_) => "statement_descriptor",
            ChargeEdit::StatementDescriptorSuffix(_) => "statement_descriptor_suffix",
            ChargeEdit::TransferGroup(_) => "transfer_group",
        }
    }
}

impl ChargeCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match self {
            ChargeCommand::Create { payer, .. } => payer.customer(),
            ChargeCommand::Capture { charge, .. } | ChargeCommand::Update { charge, .. } => {
                owner(charge.customer)
            }
        }
    }
}

impl Payer {
    fn customer(&self) -> Option<Number> {
        match self {
            Payer::Default(customer) | Payer::Customer(customer, _) => Some(*customer),
            Payer::Given(_) | Payer::Source(_) => None,
        }
    }
}

pub(super) fn decide(
    command: &ChargeCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        ChargeCommand::Create { payer, draft } => create(payer, draft, view, ctx),
        ChargeCommand::Capture { charge, amount, edits } => {
            capture(*charge, *amount, edits, view, ctx)
        }
        ChargeCommand::Update { charge, edits } => update(*charge, edits, view, ctx),
    }
}

fn create(
    payer: &Payer,
    draft: &ChargeDraft,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_for(payer.customer(), "customer", view, ctx)?;
    charging::check_amount(draft.amount, draft.currency)?;
    check_metadata(&draft.profile.metadata)?;
    let instrument = charged(&mut book, payer)?;
    let ask = Ask {
        amount: draft.amount,
        currency: draft.currency,
        billing_details: billing_details(&instrument),
        instrument,
        payment_intent: None,
        capture: draft.capture,
        // Whoever charges without an intent has no page on which a holder could authenticate.
        holder: Holder::default(),
        profile: draft.profile.clone(),
    };
    let charge = match charging::charge(&mut book, ask.clone())? {
        Outcome::Charged(charge) => return Ok(book.close(Document::from(charge))),
        Outcome::Failed(charge, _) => charge,
        Outcome::NeedsHolder => {
            let code = "authentication_required".to_owned();
            let decline = Decline { decline_code: Some(code.clone()), code };
            charging::fail(&mut book, ask, decline, Risk::Normal)
        }
    };
    Ok(book.close(Reply::ChargeFailed(Box::new(charge))))
}

/// What a payer pays with. A token is used up by it, whatever comes of the charge.
fn charged(book: &mut Book<'_, '_>, payer: &Payer) -> Result<Instrument, Refusal> {
    match payer {
        Payer::Default(customer) => {
            let none = Refusal::NoDefaultSource { customer: *customer };
            let kept = book.view.customer(*customer).and_then(|kept| kept.default_source);
            instrument(book.view, kept.ok_or(none)?, Some(*customer), "customer")
        }
        Payer::Customer(customer, named) => {
            let (kind, key) = named.named();
            let not_linked =
                || Refusal::NotLinked { customer: *customer, kind, key, param: "source" };
            match instrument(book.view, *named, Some(*customer), "source") {
                // A source has to be attached: there is no other way to say whose it is.
                Ok(Instrument::Source(source)) if source.customer != Some(*customer) => {
                    Err(not_linked())
                }
                Err(Refusal::Missing { .. } | Refusal::NotTheCustomers { .. }) => Err(not_linked()),
                found => found,
            }
        }
        Payer::Given(given) => {
            let (number, card) = book.spend(given, "source")?;
            let card = checked(card, book);
            Ok(Instrument::Card { key: RowKey { customer: Number(0), number }, card })
        }
        Payer::Source(key) => {
            let found = instrument(book.view, InstrumentKey::Source(*key), None, "source");
            found.map_err(|refusal| match refusal {
                Refusal::NotTheCustomers { kind, key, .. } => {
                    Refusal::CustomerNotNamed { kind, key }
                }
                other => other,
            })
        }
    }
}

/// A card with what its bank says of what was typed. Whether it pays is asked afterwards.
fn checked(mut card: Card, book: &Book<'_, '_>) -> Card {
    if let Some(Ok(checks)) = book.ctx.acquirer.map(|acquirer| acquirer.verify(&card)) {
        card.checks = checks;
    }
    card
}

/// Who pays, as far as the card or the source tells.
fn billing_details(instrument: &Instrument) -> BillingDetails {
    match instrument {
        Instrument::Card { card, .. } | Instrument::Method { card, .. } => BillingDetails {
            name: card.name.clone(),
            address: card.address.clone(),
            ..BillingDetails::default()
        },
        Instrument::Source(source) => {
            let owner = source.owner.clone();
            BillingDetails {
                address: owner.address,
                email: owner.email,
                name: owner.name,
                phone: owner.phone,
                tax_id: None,
            }
        }
    }
}

/// A charge, in either form that it can have.
enum Found {
    /// Of a card or a source.
    Card(Box<CardCharge>),
    /// Of a cash balance: part of this intent.
    OfIntent(Box<PaymentIntent>),
}

fn find(view: &dyn View, key: RowKey) -> Result<Found, Refusal> {
    match view.document(Kind::Charge, key) {
        Some(Document::CardCharge(charge)) => Ok(Found::Card(charge)),
        Some(Document::Charge(ChargeRow { payment_intent: number, .. })) => {
            let intent = intent(view, RowKey { number, ..key }, "charge")?;
            Ok(Found::OfIntent(Box::new(intent)))
        }
        _ => Err(Refusal::Missing { kind: Kind::CardCharge, key, param: "charge" }),
    }
}

fn capture(
    key: RowKey,
    amount: Option<i64>,
    edits: &[ChargeEdit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let Found::Card(mut charge) = find(view, key)? else {
        return Err(Refusal::AlreadyCaptured { kind: Kind::Charge, charge: key });
    };
    let mut book = Book::open_any(key.customer, view, ctx)?;
    let kind = charge.spelling();
    match charge.stage {
        Stage::Authorized { .. } if charge.payment_intent.is_some() => {
            return Err(Refusal::ChargeOfIntent);
        }
        Stage::Authorized { .. } => {}
        Stage::Captured { .. } => return Err(Refusal::AlreadyCaptured { kind, charge: key }),
        Stage::Released { .. } => return Err(Refusal::AuthorizationEnded { kind, charge: key }),
        Stage::Failed { .. } => return Err(Refusal::ChargeFailed { kind, charge: key }),
    }
    let amount = amount.unwrap_or(charge.amount);
    if amount > charge.amount {
        return Err(Refusal::CaptureTooLarge { authorized: charge.amount, param: "amount" });
    }
    let step = charge.currency.charge_step();
    if amount % step != 0 {
        return Err(Refusal::AmountUneven(charge.currency, step));
    }
    edit(&mut charge.profile, edits)?;
    charging::capture(&mut book, &mut charge, amount)?;
    Ok(book.close(Document::from(charge)))
}

fn update(
    key: RowKey,
    edits: &[ChargeEdit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let found = find(view, key)?;
    let mut book = Book::open_any(key.customer, view, ctx)?;
    match found {
        Found::Card(mut charge) => {
            let before = charge.clone();
            edit(&mut charge.profile, edits)?;
            if charge != before {
                book.put(charge.clone());
                book.tell_update(EventKind::ChargeUpdated, before, charge.clone());
            }
            Ok(book.close(Document::from(charge)))
        }
        Found::OfIntent(mut intent) => {
            let before = intent.clone();
            edit_of_intent(&mut intent, edits)?;
            if intent != before {
                book.put(intent.clone());
                book.tell_update(EventKind::ChargeUpdated, before, intent.clone());
            }
            Ok(book.close(Reply::ChargeOfIntent(intent)))
        }
    }
}

fn edit(profile: &mut ChargeProfile, edits: &[ChargeEdit]) -> Result<(), Refusal> {
    for edit in edits.iter().cloned() {
        match edit {
            ChargeEdit::Description(value) => profile.description = value,
            ChargeEdit::UserReport(Some(report)) => {
                profile.fraud_details.insert("user_report".to_owned(), report);
            }
            ChargeEdit::UserReport(None) => {
                profile.fraud_details.remove("user_report");
            }
            ChargeEdit::Metadata(patch) => patch_metadata(&mut profile.metadata, &patch)?,
            ChargeEdit::ReceiptEmail(value) => profile.receipt_email = value,
            ChargeEdit::Shipping(value) => profile.shipping = value,
            ChargeEdit::StatementDescriptor(value) => profile.statement_descriptor = value,
            ChargeEdit::StatementDescriptorSuffix(value) => {
                profile.statement_descriptor_suffix = value;
            }
            ChargeEdit::TransferGroup(value) => profile.transfer_group = value,
        }
    }
    Ok(())
}

/// Changes a charge that is part of an intent: it has a description and metadata of its own, the
/// rest is the intent's.
fn edit_of_intent(intent: &mut PaymentIntent, edits: &[ChargeEdit]) -> Result<(), Refusal> {
    let charge = intent.charge.as_mut().ok_or(Refusal::NothingToRefund)?;
    for edit in edits.iter().cloned() {
        match edit {
            ChargeEdit::Description(value) => charge.description = value,
            ChargeEdit::Metadata(patch) => patch_metadata(&mut charge.metadata, &patch)?,
            other => return Err(Refusal::FieldOfIntent { param: other.param() }),
        }
    }
    Ok(())
}

/// What a card's bank set aside is let go: nobody captured it in time. An intent that waited for
/// that is canceled.
pub(super) fn expire(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let found = find(view, timer.key);
    let mut book = Book::open_any(timer.key.customer, view, ctx)?;
    let Ok(Found::Card(mut charge)) = found else {
        book.note(Change::TimerDone(timer));
        return Ok(book.close(Reply::Done));
    };
    match charge.stage {
        Stage::Authorized { until, .. } if until == timer.due => {}
        _ => {
            book.note(Change::TimerDone(timer));
            return Ok(book.close(Reply::Done));
        }
    }
    charging::release(&mut book, &mut charge, EventKind::ChargeExpired);
    if let Some(number) = charge.payment_intent {
        let key = RowKey { number, ..charge.key };
        let mut intent = intent(book.view, key, "payment_intent")?;
        if intent.status == IntentStatus::RequiresCapture {
            intent.card.iter_mut().for_each(|card| card.capturable = 0);
            give_up(&mut book, &mut intent, Some(NOT_CAPTURED.to_owned()));
        }
    }
    Ok(book.close(Reply::Done))
}
