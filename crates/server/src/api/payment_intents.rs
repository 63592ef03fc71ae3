//! Payment intents: what is to be paid, from a cash balance or by card.
//!
//! [`methods`] is about what pays, [`profile`] about the rest; [`after`] has what happens to a
//! payment by card later.

pub mod after;
pub mod methods;
pub mod profile;
pub mod refusals;

use books::command::{CardEdit, Confirmation, IntentCommand, IntentDraft, IntentEdit, PayWith};
use books::id::{Number, RowKey};
use books::payment_intent::{InstrumentKey, IntentProfile, PaymentIntent};
use books::{Command, Document, Kind};
use store::DocumentFilter;

use self::methods::MethodType::CustomerBalance;
use self::methods::{
    FutureUsage, MethodData, MethodOptions, MethodType, OffSession, check_one_method, check_rail,
    check_types, pay_with,
};
pub use self::profile::Shipping;
use self::profile::{CardTerms, Edits, Profile, future_usage};
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, Email, Page, ParamError, Patch, Path, Positive, Text, choice,
    params,
};
use super::payouts::currency;

choice! {
    /// When the money is taken.
    pub enum CaptureMethod {
        /// As soon as there is enough.
        Automatic = "automatic",
        /// The same here: nobody waits for it.
        AutomaticAsync = "automatic_async",
        /// When the payment is captured. Not for cash balances.
        Manual = "manual",
    }
}

choice! {
    /// Who confirms.
    pub enum ConfirmationMethod {
        /// Whoever has the key or the client secret.
        Automatic = "automatic",
    }
}

choice! {
    /// Whether payment methods that always lead the customer elsewhere are wanted; none here does.
    pub enum AllowRedirects {
        /// They are.
        Always = "always",
        /// They are not.
        Never = "never",
    }
}

choice! {
    /// Why a payment is given up.
    pub enum CancellationReason {
        /// The customer went away.
        Abandoned = "abandoned",
        /// There is another one for the same thing.
        Duplicate = "duplicate",
        /// It is a fraud.
        Fraudulent = "fraudulent",
        /// The customer asked for it.
        RequestedByCustomer = "requested_by_customer",
    }
}

params! {
    /// Whether Purser picks the payment methods.
    pub struct AutomaticMethods {
        /// Whether payment methods that always lead the customer elsewhere are wanted; none here
        /// does.
        pub allow_redirects: Option<AllowRedirects>,
        /// Whether it does.
        pub enabled: bool,
    }
    refuses {}
}

params! {
    /// A payment to make.
    pub struct Create {
        /// Of the payment methods that Purser picks, only these.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// What is to be paid, in the smallest unit of the currency.
        pub amount: Positive,
        /// Whether Purser picks the payment methods. It does unless `payment_method_types` does.
        pub automatic_payment_methods: Option<AutomaticMethods>,
        /// When the money is taken: that of a cash balance always at once.
        pub capture_method: Option<CaptureMethod>,
        /// Whether to confirm it at once. It needs a payment method then.
        pub confirm: Option<bool>,
        /// Who confirms.
        pub confirmation_method: Option<ConfirmationMethod>,
        /// The currency. Cash balances pay in usd, eur, gbp, jpy and mxn.
        pub currency: CurrencyCode,
        /// The customer who pays. A cash balance is a customer's; a card needs none.
        pub customer: Option<Text>,
        /// What pays: a payment method of a card, a card or a source.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// Options for each type of payment method.
        pub payment_method_options: Option<MethodOptions>,
        /// The payment methods that can be used: `card` and `customer_balance`.
        pub payment_method_types: Option<Vec<MethodType>>,
        ..terms: CardTerms,
        ..profile: Profile,
    }
    refuses {
        "amount_details", "application_fee_amount", "confirmation_token", "customer_account",
        "excluded_payment_method_types", "hooks", "mandate", "mandate_data", "on_behalf_of",
        "payment_details", "payment_method_configuration", "radar_options", "transfer_data",
    }
    check Create::check
}

params! {
    /// Changes to a payment. What is left out stays as it is; what is sent empty is unset.
    pub struct Update {
        /// Payment methods that can be used from now on.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// What is to be paid. What a payment holds already goes back to the cash balance.
        pub amount: Option<Positive>,
        /// When the money is taken: that of a cash balance always at once.
        pub capture_method: Option<CaptureMethod>,
        /// The currency. Cash balances pay in usd, eur, gbp, jpy and mxn.
        pub currency: Option<CurrencyCode>,
        /// The customer whose payment it is. It cannot become another one's.
        pub customer: Option<Text>,
        /// What pays: a payment method of a card, a card or a source.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// Options for each type of payment method.
        pub payment_method_options: Option<MethodOptions>,
        /// The payment methods that can be used: `card` and `customer_balance`.
        pub payment_method_types: Option<Vec<MethodType>>,
        /// How the card is to be used again. It becomes the customer's once it paid.
        pub setup_future_usage: Patch<FutureUsage>,
        ..profile: Profile,
    }
    refuses {
        "amount_details", "application_fee_amount", "customer_account",
        "excluded_payment_method_types", "hooks", "payment_details",
        "payment_method_configuration", "transfer_data",
    }
    check Update::check
}

params! {
    /// What a confirmation brings along.
    pub struct Confirm {
        /// Payment methods that can be used from now on.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// When the money is taken: that of a cash balance always at once.
        pub capture_method: Option<CaptureMethod>,
        /// What pays: a payment method of a card, a card or a source, or the payment's own
        /// payment method.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// Options for each type of payment method.
        pub payment_method_options: Option<MethodOptions>,
        /// The address that a receipt would go to.
        pub receipt_email: Patch<Email>,
        /// Where what is paid for goes.
        pub shipping: Patch<Shipping>,
        ..terms: CardTerms,
    }
    refuses {
        "amount_details", "amount_to_confirm", "confirmation_token",
        "excluded_payment_method_types", "hooks", "mandate", "mandate_data", "payment_details",
        "radar_options",
    }
    check Confirm::check
}

params! {
    /// Why a payment is given up.
    pub struct Cancel {
        /// The reason.
        pub cancellation_reason: Option<CancellationReason>,
    }
    refuses {}
}

params! {
    /// Money to move from the cash balance to a payment.
    pub struct Apply {
        /// How much, in the smallest unit of the currency. If left out, what the payment still
        /// takes and the balance has.
        pub amount: Option<Positive>,
        /// The currency of the payment.
        pub currency: Option<CurrencyCode>,
    }
    refuses {}
}

params! {
    /// How a payment is looked at.
    pub struct Retrieve {
        /// The payment's client secret. With a secret key it is not needed.
        pub client_secret: Option<Text>,
    }
    refuses {}
}

params! {
    /// Which payments to list.
    pub struct List {
        /// Only payments made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only payments of this customer.
        pub customer: Option<Text>,
        ..page: Page,
    }
    refuses { "customer_account" }
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        check_types(&params.allowed_payment_method_types, "allowed_payment_method_types")?;
        check_types(&params.payment_method_types, "payment_method_types")?;
        let automatic = params.automatic_payment_methods.as_ref();
        if params.payment_method_types.is_some() && automatic.is_some_and(|it| it.enabled) {
            let problem = "excludes `payment_method_types`: send one of the two";
            let code = "parameters_exclusive";
            return Err(ParamError::coded(code, "automatic_payment_methods", problem));
        }
        check_one_method(params.payment_method.is_some(), params.payment_method_data.is_some())?;
        if params.is_from_cash() {
            check_cash(params)?;
        }
        check_rail(&params.payment_method_options, Some(params.currency))
    }

    /// The types that are named.
    fn types(&self) -> Option<&Vec<MethodType>> {
        self.payment_method_types.as_ref().or(self.allowed_payment_method_types.as_ref())
    }

    /// Whether only a cash balance can pay.
    fn is_from_cash(&self) -> bool {
        let made = self.payment_method_data.as_ref().map(|data| data.r#type);
        let is_cash = |types: &Vec<MethodType>| types.iter().all(|it| *it == CustomerBalance);
        made == Some(CustomerBalance) || self.types().is_some_and(is_cash)
    }
}

/// What a cash balance cannot do.
fn check_cash(params: &Create) -> Result<(), ParamError> {
    if params.customer.is_none() {
        return Err(ParamError::missing("customer"));
    }
    if params.capture_method == Some(CaptureMethod::Manual) {
        let problem = "cannot be manual: a cash balance cannot be charged later";
        return Err(ParamError::invalid("capture_method", problem));
    }
    if params.terms.off_session == Some(OffSession(true)) {
        let problem = "cannot be true: a cash balance cannot be saved for later payments";
        return Err(ParamError::invalid("off_session", problem));
    }
    if matches!(params.terms.setup_future_usage, Patch::Set(_)) {
        let problem = "cannot be set: a cash balance cannot be saved for later payments";
        return Err(ParamError::invalid("setup_future_usage", problem));
    }
    Ok(())
}

impl Update {
    fn check(params: &Update, _at: &Path) -> Result<(), ParamError> {
        check_types(&params.allowed_payment_method_types, "allowed_payment_method_types")?;
        check_types(&params.payment_method_types, "payment_method_types")?;
        check_one_method(params.payment_method.is_some(), params.payment_method_data.is_some())?;
        check_rail(&params.payment_method_options, params.currency)
    }
}

impl Confirm {
    fn check(params: &Confirm, _at: &Path) -> Result<(), ParamError> {
        check_types(&params.allowed_payment_method_types, "allowed_payment_method_types")?;
        check_one_method(params.payment_method.is_some(), params.payment_method_data.is_some())
    }
}

/// Makes a payment intent.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let customer = match &params.customer {
        Some(id) => asked.named(Kind::Customer, id, "customer")?.number,
        None => Number(0),
    };
    let redirects = |allowed: Option<AllowRedirects>| {
        allowed.unwrap_or(AllowRedirects::Always).as_str().to_owned()
    };
    let automatic = match &params.automatic_payment_methods {
        Some(picks) => picks.enabled.then(|| redirects(picks.allow_redirects)),
        None => params.payment_method_types.is_none().then(|| redirects(None)),
    };
    let methods = params.types().into_iter().flatten().map(|it| it.of_books()).collect();
    let mut card = params.terms.edits();
    card.extend(params.payment_method_options.iter().flat_map(MethodOptions::of_card));
    if let Some(id) = &params.payment_method {
        card.push(CardEdit::Instrument(pay_with(asked, id)?));
    }
    let method = params.payment_method_data.as_ref().and_then(MethodData::cash);
    if let Some(data) = params.payment_method_data {
        card.extend(data.card(asked)?);
    }
    let options = params.payment_method_options.map(MethodOptions::transfer);
    let draft = IntentDraft {
        amount: params.amount.0,
        currency: currency(params.currency),
        methods,
        transfer: options.and_then(Patch::into_option),
        method,
        automatic_methods: automatic,
        card,
        presence: params.terms.presence(),
        profile: IntentProfile {
            capture_method: params.capture_method.map(|how| how.as_str().to_owned()),
            ..params.profile.into()
        },
    };
    let confirm = params.confirm.unwrap_or(false);
    Ok(Command::Intent(IntentCommand::Create { customer, draft: Box::new(draft), confirm }))
}

/// Changes a payment intent.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let intent = intent(asked)?;
    if let Some(id) = &params.customer
        && asked.named(Kind::Customer, id, "customer")?.number != intent.customer
    {
        let message = "The customer of a payment intent cannot change: cancel it and make another.";
        return Err(ApiError::invalid(400, message).about("customer"));
    }
    let mut edits = Edits::default();
    edits.0.extend(params.amount.map(|amount| IntentEdit::Amount(amount.0)));
    edits.0.extend(params.currency.map(|code| IntentEdit::Currency(currency(code))));
    edits.types(params.payment_method_types.or(params.allowed_payment_method_types));
    edits.capture(params.capture_method);
    edits.options(params.payment_method_options);
    edits.cards(future_usage(params.setup_future_usage));
    if let Some(id) = &params.payment_method {
        edits.cards([CardEdit::Instrument(pay_with(asked, id)?)]);
    }
    edits.data(asked, params.payment_method_data)?;
    edits.profile(params.profile);
    Ok(Command::Intent(IntentCommand::Update { intent, edits: edits.0 }))
}

/// Pays a payment intent: from the cash balance, by card, or by a transfer that is awaited from
/// then on.
pub fn confirm(asked: &Asked<'_>, params: Confirm) -> Result<Command, ApiError> {
    let intent = intent(asked)?;
    let mut edits = Edits::default();
    edits.types(params.allowed_payment_method_types);
    edits.capture(params.capture_method);
    edits.options(params.payment_method_options);
    edits.cards(params.terms.edits());
    let mut payment_method = None;
    match params.payment_method.map(|id| pay_with(asked, &id)).transpose()? {
        // It may be the payment's own, which is a cash balance.
        Some(PayWith::Kept(InstrumentKey::Method(key))) => payment_method = Some(key),
        Some(with) => edits.cards([CardEdit::Instrument(with)]),
        None => {}
    }
    let made = params.payment_method_data.as_ref().map(|data| data.r#type);
    edits.data(asked, params.payment_method_data)?;
    edits.patch(params.receipt_email, IntentEdit::ReceiptEmail);
    edits.patch(params.shipping, IntentEdit::Shipping);
    let is_by_card = match (payment_method, made) {
        (_, Some(made)) => made == MethodType::Card,
        // Payment methods of cards are no customer's by their keys.
        (Some(key), None) => key.customer == Number(0),
        (None, None) => has_card(asked, intent)?,
    };
    let presence = params.terms.presence();
    let confirmation = Confirmation { payment_method, edits: edits.0, presence, is_by_card };
    let confirmation = Box::new(confirmation);
    Ok(Command::Intent(IntentCommand::Confirm { intent, confirmation }))
}

/// Whether an intent is to be paid by card, as things stand.
fn has_card(asked: &Asked<'_>, intent: RowKey) -> Result<bool, ApiError> {
    let world = asked.wire.world;
    let found =
        asked.app.readers.snapshot(|reader| reader.document(world, Kind::PaymentIntent, intent))?;
    Ok(matches!(found, Some(Document::PaymentIntent(intent)) if intent.instrument().is_some()))
}

/// Gives up a payment intent.
pub fn cancel(asked: &Asked<'_>, params: Cancel) -> Result<Command, ApiError> {
    let reason = params.cancellation_reason.map(|reason| reason.as_str().to_owned());
    Ok(Command::Intent(IntentCommand::Cancel { intent: intent(asked)?, reason }))
}

/// Moves money from the cash balance to a payment intent by hand.
pub fn apply(asked: &Asked<'_>, params: Apply) -> Result<Command, ApiError> {
    Ok(Command::Intent(IntentCommand::Apply {
        intent: intent(asked)?,
        amount: params.amount.map(|amount| amount.0),
        currency: params.currency.map(currency),
    }))
}

pub(super) fn intent(asked: &Asked<'_>) -> Result<RowKey, ApiError> {
    asked.row(Kind::PaymentIntent, "intent")
}

/// Shows a payment intent.
pub fn retrieve(ask: &Ask<'_>, params: Retrieve) -> Result<Json, ApiError> {
    let document = ask.document(Kind::PaymentIntent, "intent")?;
    if let (Document::PaymentIntent(intent), Some(secret)) = (&document, params.client_secret)
        && *secret != *ask.wire.client_secret(intent)
    {
        let message = "The client secret is not the one of this payment intent.";
        return Err(ApiError::invalid(400, message).about("client_secret"));
    }
    Ok(ask.wire.document(&document))
}

/// Lists payment intents.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.customer {
        filter.customer = Some(customer(ask, id)?);
    }
    ask.documents(Kind::PaymentIntent, &filter, params.created, &params.page)
}

/// The customer that a list is narrowed to, deleted or not.
pub(super) fn customer(ask: &Ask<'_>, id: &str) -> Result<Number, ApiError> {
    let found = match ask.wire.ids.read_customer(id) {
        Some(number) => ask.reader.purse(ask.wire.world, number)?,
        None => None,
    };
    let missing = || ApiError { status: 400, ..ApiError::missing("customer", id, "customer") };
    Ok(found.ok_or_else(missing)?.standing.number)
}

/// The payment intent that a list is narrowed to.
pub(super) fn named(ask: &Ask<'_>, id: &str) -> Result<PaymentIntent, ApiError> {
    match ask.named_document(Kind::PaymentIntent, id, "payment_intent")? {
        Document::PaymentIntent(intent) => Ok(*intent),
        _ => Err(ApiError::missing("payment_intent", id, "payment_intent")),
    }
}

#[cfg(test)]
mod tests;
