//! Payment intents: what a customer is to pay from the cash balance.

use books::command::{Confirmation, IntentCommand, IntentDraft, IntentEdit};
use books::id::{Number, RowKey};
use books::payment_intent::{IntentProfile, IntentShipping, PaymentIntent};
use books::{Command, Document, Kind};
use store::DocumentFilter;

use super::customers::Address;
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, Email, MetadataPatch, Page, ParamError, Patch, Path, Positive, Str,
    Text, Trimmed, choice, params,
};
use super::payment_methods::{MethodData, MethodOptions, MethodType};
use super::payouts::{currency, metadata_patch, new_metadata};

choice! {
    /// When the money is taken.
    pub enum CaptureMethod {
        /// As soon as there is enough.
        Automatic = "automatic",
        /// The same for payments from a cash balance.
        AutomaticAsync = "automatic_async",
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
    /// Whether payment methods that lead the customer elsewhere are wanted; none here does.
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
        /// Whether payment methods that lead the customer elsewhere are wanted; none here does.
        pub allow_redirects: Option<AllowRedirects>,
        /// Whether it does.
        pub enabled: bool,
    }
    refuses {}
}

params! {
    /// Where what is paid for goes.
    pub struct Shipping {
        /// The address.
        pub address: Address,
        /// Who carries it.
        pub carrier: Patch<Text>,
        /// Who receives it.
        pub name: Text,
        /// The receiver's phone number.
        pub phone: Patch<Trimmed>,
        /// The carrier's number for it.
        pub tracking_number: Patch<Text>,
    }
    refuses {}
}

params! {
    /// What describes a payment.
    pub struct Profile {
        /// Anything to remember about the payment.
        pub description: Patch<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// The address that a receipt would go to.
        pub receipt_email: Patch<Email>,
        /// Where what is paid for goes.
        pub shipping: Patch<Shipping>,
        /// What the customer's bank statement is to say, up to 22 characters.
        pub statement_descriptor: Patch<Str<22>>,
        /// What is added to the statement, up to 22 characters.
        pub statement_descriptor_suffix: Patch<Str<22>>,
        /// A name that payments which belong together share.
        pub transfer_group: Patch<Text>,
    }
    refuses {}
}

params! {
    /// A payment to make.
    pub struct Create {
        /// What is to be paid, in the smallest unit of the currency.
        pub amount: Positive,
        /// Payment methods that may be used: `customer_balance`, as there is no other yet.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// Whether Purser picks the payment methods. It does unless `payment_method_types` does.
        pub automatic_payment_methods: Option<AutomaticMethods>,
        /// When the money is taken: a cash balance cannot be charged later.
        pub capture_method: Option<CaptureMethod>,
        /// Whether to confirm it at once. It needs a payment method then.
        pub confirm: Option<bool>,
        /// Who confirms.
        pub confirmation_method: Option<ConfirmationMethod>,
        /// The currency: usd, eur, gbp, jpy or mxn.
        pub currency: CurrencyCode,
        /// The customer whose cash balance pays.
        pub customer: Text,
        /// Whether the customer is away: always false, as a cash balance cannot be saved.
        pub off_session: Option<bool>,
        /// A payment method that exists cannot be used again: send `payment_method_data`.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// What is to happen when the cash balance is too low.
        pub payment_method_options: Option<MethodOptions>,
        /// The payment methods that can be used: `customer_balance`, as there is no other yet.
        pub payment_method_types: Option<Vec<MethodType>>,
        /// Where a customer who was led elsewhere comes back to. Nobody is, by a cash balance.
        pub return_url: Option<Text>,
        ..profile: Profile,
    }
    refuses {
        "amount_details", "application_fee_amount", "confirmation_token", "customer_account",
        "error_on_requires_action", "excluded_payment_method_types", "hooks", "mandate",
        "mandate_data", "on_behalf_of", "payment_details", "payment_method_configuration",
        "radar_options", "setup_future_usage", "transfer_data", "use_stripe_sdk",
    }
    check Create::check
}

params! {
    /// Changes to a payment. What is left out stays as it is; what is sent empty is unset.
    pub struct Update {
        /// Payment methods that may be used: `customer_balance`, as there is no other yet.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// What is to be paid. What a payment holds already goes back to the cash balance.
        pub amount: Option<Positive>,
        /// When the money is taken: a cash balance cannot be charged later.
        pub capture_method: Option<CaptureMethod>,
        /// The currency: usd, eur, gbp, jpy or mxn.
        pub currency: Option<CurrencyCode>,
        /// The customer whose payment it is. It cannot become another one's.
        pub customer: Option<Text>,
        /// A payment method that exists cannot be used again: send `payment_method_data`.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// What is to happen when the cash balance is too low.
        pub payment_method_options: Option<MethodOptions>,
        /// The payment methods that can be used: `customer_balance`, as there is no other yet.
        pub payment_method_types: Option<Vec<MethodType>>,
        ..profile: Profile,
    }
    refuses {
        "amount_details", "application_fee_amount", "customer_account",
        "excluded_payment_method_types", "hooks", "payment_details",
        "payment_method_configuration", "setup_future_usage", "transfer_data",
    }
    check Update::check
}

params! {
    /// What a confirmation brings along.
    pub struct Confirm {
        /// Payment methods that may be used: `customer_balance`, as there is no other yet.
        pub allowed_payment_method_types: Option<Vec<MethodType>>,
        /// When the money is taken: a cash balance cannot be charged later.
        pub capture_method: Option<CaptureMethod>,
        /// Whether the customer is away: always false, as a cash balance cannot be saved.
        pub off_session: Option<bool>,
        /// The payment method: the one that was made for this payment.
        pub payment_method: Option<Text>,
        /// The payment method to make for this payment.
        pub payment_method_data: Option<MethodData>,
        /// What is to happen when the cash balance is too low.
        pub payment_method_options: Option<MethodOptions>,
        /// The address that a receipt would go to.
        pub receipt_email: Patch<Email>,
        /// Where a customer who was led elsewhere comes back to. Nobody is, by a cash balance.
        pub return_url: Option<Text>,
        /// Where what is paid for goes.
        pub shipping: Patch<Shipping>,
    }
    refuses {
        "amount_details", "amount_to_confirm", "confirmation_token", "error_on_requires_action",
        "excluded_payment_method_types", "hooks", "mandate", "mandate_data", "payment_details",
        "radar_options", "setup_future_usage", "use_stripe_sdk",
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
        check_off_session(params.off_session)?;
        check_no_method(&params.payment_method)?;
        check_rail(&params.payment_method_options, Some(params.currency))
    }
}

impl Update {
    fn check(params: &Update, _at: &Path) -> Result<(), ParamError> {
        check_types(&params.allowed_payment_method_types, "allowed_payment_method_types")?;
        check_types(&params.payment_method_types, "payment_method_types")?;
        check_no_method(&params.payment_method)?;
        check_rail(&params.payment_method_options, params.currency)
    }
}

impl Confirm {
    fn check(params: &Confirm, _at: &Path) -> Result<(), ParamError> {
        check_types(&params.allowed_payment_method_types, "allowed_payment_method_types")?;
        check_off_session(params.off_session)?;
        if params.payment_method.is_some() && params.payment_method_data.is_some() {
            let problem = "excludes `payment_method_data`: send one of the two";
            return Err(ParamError::coded("parameters_exclusive", "payment_method", problem));
        }
        Ok(())
    }
}

fn check_types(types: &Option<Vec<MethodType>>, at: &str) -> Result<(), ParamError> {
    match types.as_deref() {
        Some([]) => Err(ParamError::empty(at)),
        _ => Ok(()),
    }
}

fn check_off_session(off_session: Option<bool>) -> Result<(), ParamError> {
    match off_session {
        Some(true) => {
            let problem = "cannot be true: a cash balance cannot be saved for later payments";
            Err(ParamError::invalid("off_session", problem))
        }
        _ => Ok(()),
    }
}

fn check_no_method(named: &Option<Text>) -> Result<(), ParamError> {
    match named {
        Some(_) => {
            let problem = "cannot name a payment method that exists: one of type \
                           customer_balance pays only the payment that it was made for. Send \
                           payment_method_data[type]=customer_balance";
            Err(ParamError::invalid("payment_method", problem))
        }
        None => Ok(()),
    }
}

/// The rail of a transfer moves one currency. A currency without a rail is the books' to refuse.
fn check_rail(
    options: &Option<MethodOptions>,
    currency: Option<CurrencyCode>,
) -> Result<(), ParamError> {
    let rail = options.as_ref().and_then(MethodOptions::rail);
    match (rail, currency.map(CurrencyCode::as_str)) {
        (Some(rail), Some(code))
            if rail.currency() != code && bank::Rail::for_currency(code).is_some() =>
        {
            let at = "payment_method_options[customer_balance][bank_transfer][type]";
            let problem = format!("moves {}, and the payment is in {code}", rail.currency());
            Err(ParamError::invalid(at, problem))
        }
        _ => Ok(()),
    }
}

impl From<Shipping> for IntentShipping {
    fn from(params: Shipping) -> IntentShipping {
        IntentShipping {
            address: params.address.into(),
            carrier: params.carrier.into_option().map(Into::into),
            name: params.name.into(),
            phone: params.phone.into_option().map(Into::into),
            tracking_number: params.tracking_number.into_option().map(Into::into),
        }
    }
}

impl From<Profile> for IntentProfile {
    fn from(params: Profile) -> IntentProfile {
        IntentProfile {
            capture_method: None,
            description: params.description.into_option().map(Into::into),
            metadata: new_metadata(params.metadata),
            receipt_email: params.receipt_email.into_option().map(Into::into),
            shipping: params.shipping.into_option().map(Into::into),
            statement_descriptor: params.statement_descriptor.into_option().map(Into::into),
            statement_descriptor_suffix: params
                .statement_descriptor_suffix
                .into_option()
                .map(Into::into),
            transfer_group: params.transfer_group.into_option().map(Into::into),
        }
    }
}

/// Changes to an intent, as they are collected.
#[derive(Default)]
struct Edits(Vec<IntentEdit>);

impl Edits {
    fn patch<T: Into<U>, U>(&mut self, patch: Patch<T>, edit: fn(Option<U>) -> IntentEdit) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.0.push(edit(None)),
            Patch::Set(value) => self.0.push(edit(Some(value.into()))),
        }
    }

    fn capture(&mut self, how: Option<CaptureMethod>) {
        self.0.extend(how.map(|how| IntentEdit::CaptureMethod(how.as_str().to_owned())));
    }

    fn method(&mut self, options: Option<MethodOptions>, data: Option<MethodData>) {
        if let Some(options) = options {
            self.patch(options.transfer(), IntentEdit::Transfer);
        }
        self.0.extend(data.map(|data| IntentEdit::Method(data.into())));
    }

    fn profile(&mut self, profile: Profile) {
        self.patch(profile.description, IntentEdit::Description);
        self.patch(profile.receipt_email, IntentEdit::ReceiptEmail);
        self.patch(profile.shipping, IntentEdit::Shipping);
        self.patch(profile.statement_descriptor, IntentEdit::StatementDescriptor);
        self.patch(profile.statement_descriptor_suffix, IntentEdit::StatementDescriptorSuffix);
        self.patch(profile.transfer_group, IntentEdit::TransferGroup);
        if profile.metadata != MetadataPatch::Keep {
            self.0.push(IntentEdit::Metadata(metadata_patch(profile.metadata)));
        }
    }
}

/// Makes a payment intent.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let customer = asked.named(Kind::Customer, &params.customer, "customer")?.number;
    let redirects = |allowed: Option<AllowRedirects>| {
        allowed.unwrap_or(AllowRedirects::Always).as_str().to_owned()
    };
    let automatic = match params.automatic_payment_methods {
        Some(picks) => picks.enabled.then(|| redirects(picks.allow_redirects)),
        None => params.payment_method_types.is_none().then(|| redirects(None)),
    };
    let options = params.payment_method_options.map(MethodOptions::transfer);
    let draft = IntentDraft {
        amount: params.amount.0,
        currency: currency(params.currency),
        transfer: options.and_then(Patch::into_option),
        method: params.payment_method_data.map(Into::into),
        automatic_methods: automatic,
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
    edits.capture(params.capture_method);
    edits.method(params.payment_method_options, params.payment_method_data);
    edits.profile(params.profile);
    Ok(Command::Intent(IntentCommand::Update { intent, edits: edits.0 }))
}

/// Pays a payment intent from the cash balance, or begins to await a transfer.
pub fn confirm(asked: &Asked<'_>, params: Confirm) -> Result<Command, ApiError> {
    let intent = intent(asked)?;
    let payment_method = match &params.payment_method {
        Some(id) => Some(asked.named(Kind::PaymentMethod, id, "payment_method")?),
        None => None,
    };
    let mut edits = Edits::default();
    edits.capture(params.capture_method);
    edits.method(params.payment_method_options, params.payment_method_data);
    edits.patch(params.receipt_email, IntentEdit::ReceiptEmail);
    edits.patch(params.shipping, IntentEdit::Shipping);
    let confirmation = Box::new(Confirmation { payment_method, edits: edits.0 });
    Ok(Command::Intent(IntentCommand::Confirm { intent, confirmation }))
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

fn intent(asked: &Asked<'_>) -> Result<RowKey, ApiError> {
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
