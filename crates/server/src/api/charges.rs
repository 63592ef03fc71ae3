//! Charges: what cards and sources are charged, with a payment intent or without one, and what
//! payment intents become that a cash balance paid. The latter are part of their intents, and
//! shown from them.

use books::charge::ChargeProfile;
use books::command::{ChargeCommand, ChargeDraft, ChargeEdit, Payer};
use books::id::{Number, RowKey};
use books::payment_intent::InstrumentKey;
use books::{Command, Kind};
use store::{DocumentFilter, Page as Rows};

use super::error::{self, ApiError};
use super::execute::Asked;
use super::instruments::{self, Named};
use super::json::Json;
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, Email, MetadataPatch, NoParams, Page, ParamError, Patch, Path,
    Positive, Str, Text, choice, params,
};
use super::payment_intents::{self, Shipping};
use super::payouts::{currency, metadata_patch, new_metadata};

choice! {
    /// What the merchant says of a charge.
    pub enum UserReport {
        /// It is a fraud.
        Fraudulent = "fraudulent",
        /// It is none.
        Safe = "safe",
    }
}

params! {
    /// What describes a charge.
    pub struct Profile {
        /// Anything to remember about the charge.
        pub description: Patch<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// The address that a receipt would go to.
        pub receipt_email: Patch<Email>,
        /// Where what is paid for goes.
        pub shipping: Patch<Shipping>,
        /// A name that payments which belong together share.
        pub transfer_group: Patch<Text>,
    }
    refuses {}
}

params! {
    /// What the bank statement of whoever pays is to say.
    pub struct Statement {
        /// What the statement is to say, up to 22 characters.
        pub statement_descriptor: Patch<Str<22>>,
        /// What is added to the statement, up to 22 characters.
        pub statement_descriptor_suffix: Patch<Str<22>>,
    }
    refuses {}
}

params! {
    /// A charge to make.
    pub struct Create {
        /// How much, in the smallest unit of the currency.
        pub amount: Positive,
        /// Whether to take the money at once. If not, it is set aside for 7 days, within which it
        /// can be captured.
        pub capture: Option<bool>,
        /// The currency.
        pub currency: CurrencyCode,
        /// The customer who pays, with the default source unless `source` names another one.
        pub customer: Option<Text>,
        /// What is charged: a token or a source, or with `customer` a card or a source of that
        /// customer.
        pub source: Option<Text>,
        ..profile: Profile,
        ..statement: Statement,
    }
    refuses {
        "application_fee", "application_fee_amount", "destination", "on_behalf_of",
        "radar_options", "transfer_data",
    }
    check Create::check
}

params! {
    /// How the money that was set aside for a charge is taken.
    pub struct Capture {
        /// How much of it, in the smallest unit of the currency; all of it, if left out. The rest
        /// is let go.
        pub amount: Option<Positive>,
        /// The address that a receipt would go to.
        pub receipt_email: Patch<Email>,
        /// A name that payments which belong together share.
        pub transfer_group: Patch<Text>,
        ..statement: Statement,
    }
    refuses { "application_fee", "application_fee_amount", "transfer_data" }
}

params! {
    /// What the merchant says of a charge.
    pub struct FraudDetails {
        /// Whether it is a fraud.
        pub user_report: Patch<UserReport>,
    }
    refuses {}
}

params! {
    /// Changes to a charge. What is left out stays as it is; what is sent empty is unset.
    pub struct Update {
        /// What the merchant says of it.
        pub fraud_details: Option<FraudDetails>,
        ..profile: Profile,
    }
    refuses { "customer" }
}

params! {
    /// Which charges to list.
    pub struct List {
        /// Only charges made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only charges of this customer.
        pub customer: Option<Text>,
        /// Only charges of this payment intent.
        pub payment_intent: Option<Text>,
        ..page: Page,
    }
    refuses { "transfer_group" }
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        match (&params.customer, &params.source) {
            (None, None) => Err(ParamError {
                code: Some("parameter_missing"),
                ..ParamError::whole(
                    "Somebody has to be charged: send `source` or `customer`, or both.",
                )
            }),
            _ => Ok(()),
        }
    }
}

/// Changes to a charge, as they are collected.
#[derive(Default)]
struct Edits(Vec<ChargeEdit>);

impl Edits {
    fn patch<T: Into<U>, U>(&mut self, patch: Patch<T>, edit: fn(Option<U>) -> ChargeEdit) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.0.push(edit(None)),
            Patch::Set(value) => self.0.push(edit(Some(value.into()))),
        }
    }

    fn statement(&mut self, statement: Statement) {
        self.patch(statement.statement_descriptor, ChargeEdit::StatementDescriptor);
        self.patch(statement.statement_descriptor_suffix, ChargeEdit::StatementDescriptorSuffix);
    }
}

/// Takes money from a card or a source, or sets it aside.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    asked.takes_test_cards()?;
    let customer = match &params.customer {
        Some(id) => Some((asked.named(Kind::Customer, id, "customer")?.number, id)),
        None => None,
    };
    let payer = match (customer, &params.source) {
        (Some((customer, _)), None) => Payer::Default(customer),
        (Some((number, customer)), Some(id)) => {
            Payer::Customer(number, of_customer(asked, customer, id)?)
        }
        (None, id) => of_nobody(asked, id.as_deref().unwrap_or_default())?,
    };
    let (profile, statement) = (params.profile, params.statement);
    let draft = ChargeDraft {
        amount: params.amount.0,
        currency: currency(params.currency),
        capture: params.capture.unwrap_or(true),
        profile: ChargeProfile {
            description: profile.description.into_option().map(Into::into),
            fraud_details: Default::default(),
            metadata: new_metadata(profile.metadata),
            receipt_email: profile.receipt_email.into_option().map(Into::into),
            shipping: profile.shipping.into_option().map(Into::into),
            statement_descriptor: statement.statement_descriptor.into_option().map(Into::into),
            statement_descriptor_suffix: statement
                .statement_descriptor_suffix
                .into_option()
                .map(Into::into),
            transfer_group: profile.transfer_group.into_option().map(Into::into),
        },
    };
    Ok(Command::Charge(ChargeCommand::Create { payer, draft: Box::new(draft) }))
}

/// The card or source of a customer that is to be charged.
fn of_customer(asked: &Asked<'_>, customer: &str, id: &str) -> Result<InstrumentKey, ApiError> {
    let not_linked = || error::not_linked(customer, id).about("source");
    match instruments::named(asked, id, "source") {
        Ok(Named::Kept(InstrumentKey::Method(_)) | Named::FreshMethod(_)) => Err(is_method()),
        Ok(Named::Kept(key)) => Ok(key),
        // A token has to be attached first, which makes a card of it.
        Ok(Named::Given(_)) => Err(not_linked()),
        Err(error) if error.missing.is_some() => Err(not_linked()),
        Err(error) => Err(error),
    }
}

/// What is charged without a customer.
fn of_nobody(asked: &Asked<'_>, id: &str) -> Result<Payer, ApiError> {
    match instruments::named(asked, id, "source") {
        Ok(Named::Given(given)) => Ok(Payer::Given(given)),
        Ok(Named::Kept(InstrumentKey::Source(key))) => Ok(Payer::Source(key)),
        Ok(Named::Kept(InstrumentKey::Card(_))) => Err(error::customer_not_named(id)),
        Ok(Named::Kept(InstrumentKey::Method(_)) | Named::FreshMethod(_)) => Err(is_method()),
        Err(error) => Err(error),
    }
}

fn is_method() -> ApiError {
    let message = "A payment method is charged by a payment intent; a charge takes a token, a card \
                   or a source.";
    ApiError::invalid(400, message).about("source")
}

/// Takes what was set aside for a charge, or a part of it.
pub fn capture(asked: &Asked<'_>, params: Capture) -> Result<Command, ApiError> {
    let mut edits = Edits::default();
    edits.patch(params.receipt_email, ChargeEdit::ReceiptEmail);
    edits.patch(params.transfer_group, ChargeEdit::TransferGroup);
    edits.statement(params.statement);
    let amount = params.amount.map(|amount| amount.0);
    Ok(Command::Charge(ChargeCommand::Capture { charge: charge(asked)?, amount, edits: edits.0 }))
}

/// Changes what describes a charge.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let (profile, mut edits) = (params.profile, Edits::default());
    if let Some(details) = params.fraud_details {
        let report = details.user_report.map(|report| report.as_str().to_owned());
        edits.patch(report, ChargeEdit::UserReport);
    }
    edits.patch(profile.description, ChargeEdit::Description);
    edits.patch(profile.receipt_email, ChargeEdit::ReceiptEmail);
    edits.patch(profile.shipping, ChargeEdit::Shipping);
    edits.patch(profile.transfer_group, ChargeEdit::TransferGroup);
    if profile.metadata != MetadataPatch::Keep {
        edits.0.push(ChargeEdit::Metadata(metadata_patch(profile.metadata)));
    }
    Ok(Command::Charge(ChargeCommand::Update { charge: charge(asked)?, edits: edits.0 }))
}

fn charge(asked: &Asked<'_>) -> Result<RowKey, ApiError> {
    asked.row(Kind::Charge, "charge")
}

/// Shows a charge.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let charge = ask.document(Kind::Charge, "charge")?;
    let missing = || ApiError::missing("charge", ask.id("charge"), "charge");
    ask.show(charge)?.ok_or_else(missing)
}

/// Lists charges.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.customer {
        filter.customer = Some(payment_intents::customer(ask, id)?);
    }
    match &params.payment_intent {
        Some(id) => of_intent(ask, id, filter, &params),
        None => ask.documents(Kind::Charge, &filter, params.created, &params.page),
    }
}

/// The charges of a payment intent: of cards, most of which failed, and the one that its cash
/// balance paid, if that did.
fn of_intent(
    ask: &Ask<'_>,
    id: &str,
    mut filter: DocumentFilter,
    params: &List,
) -> Result<Json, ApiError> {
    let intent = payment_intents::named(ask, id)?;
    let window = ask.window(&params.page, params.created, "charge", |id| {
        let Some(key) = ask.wire.ids.read(Kind::Charge, id) else { return Ok(None) };
        let found = ask.reader.document(ask.wire.world, Kind::Charge, key)?;
        Ok(found.map(|row| row.key().number))
    })?;
    let inside = |number: &Number| window.above < *number && *number < window.below;
    let is_listed = filter.customer.is_none_or(|customer| customer == intent.key.customer);
    let of_cash = intent.charge.as_ref().map(|charge| charge.number);
    filter.parent = Some(intent.key.number);
    let mut by_card = ask.reader.documents(ask.wire.world, Kind::Charge, &filter, window)?;
    let mut shown = Vec::with_capacity(by_card.rows.len() + 1);
    for document in by_card.rows.drain(..) {
        let number = document.key().number;
        shown.extend(ask.show(document)?.map(|charge| (number, charge)));
    }
    if let Some(number) = of_cash.filter(inside)
        && is_listed
    {
        shown.push((number, ask.wire.charge(&intent)));
    }
    shown.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let too_many = shown.len().saturating_sub(params.page.limit.0);
    if window.from_oldest {
        shown.drain(..too_many);
    } else {
        shown.truncate(shown.len() - too_many);
    }
    let rows = Rows { rows: shown, has_more: by_card.has_more || too_many > 0 };
    Ok(ask.page(rows, |(_, charge)| charge))
}
