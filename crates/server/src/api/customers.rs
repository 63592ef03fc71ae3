//! Customers: create, retrieve, update, delete, list.

use std::collections::BTreeMap;

use books::cash_balance::ReconciliationMode;
use books::command::{DefaultMethod, Edit, ModeChange};
use books::customer::{self, CustomField};
use books::{Command, Kind};

use super::customer_sources::{self, TypedCard};
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    Between, Country, CreatedRange, Either, Email, MetadataPatch, NoParams, Page, Patch, Str, Text,
    Trimmed, choice, params,
};
use super::payment_methods;

choice! {
    /// How a customer's money is matched to payments.
    pub enum Mode {
        /// By Purser.
        Automatic = "automatic",
        /// By hand.
        Manual = "manual",
        /// As the account's default says.
        MerchantDefault = "merchant_default",
    }
}

choice! {
    /// Whether the customer pays taxes.
    pub enum TaxExempt {
        /// Pays none.
        Exempt = "exempt",
        /// Pays as usual.
        NotExempt = "none",
        /// Owes them itself.
        Reverse = "reverse",
    }
}

choice! {
    /// How amounts with tax are shown on invoices.
    pub enum AmountTaxDisplay {
        /// Without tax.
        ExcludeTax = "exclude_tax",
        /// With the tax that is included.
        IncludeInclusiveTax = "include_inclusive_tax",
    }
}

params! {
    /// A postal address.
    pub struct Address {
        /// City or town.
        pub city: Patch<Text>,
        /// Country, as two letters.
        pub country: Patch<Country>,
        /// First line: street and number.
        pub line1: Patch<Text>,
        /// Second line: flat, suite or building.
        pub line2: Patch<Text>,
        /// Postal code.
        pub postal_code: Patch<Text>,
        /// State, county or province.
        pub state: Patch<Text>,
    }
    refuses {}
}

params! {
    /// Where goods go.
    pub struct Shipping {
        /// The address.
        pub address: Address,
        /// Who receives them.
        pub name: Text,
        /// The receiver's phone number.
        pub phone: Patch<Trimmed>,
    }
    refuses {}
}

params! {
    /// A line that is printed on every invoice.
    pub struct InvoiceField {
        /// What it is called.
        pub name: Str<40>,
        /// What it says.
        pub value: Str<140>,
    }
    refuses {}
}

params! {
    /// How invoices look.
    pub struct Rendering {
        /// How amounts with tax are shown.
        pub amount_tax_display: Patch<AmountTaxDisplay>,
        /// The template's id.
        pub template: Patch<Text>,
    }
    refuses {}
}

params! {
    /// Defaults of the customer's invoices.
    pub struct InvoiceSettings {
        /// Up to four lines for every invoice.
        pub custom_fields: Patch<Vec<InvoiceField>>,
        /// The payment method of the customer (`pm_...`) that is used where none is named.
        pub default_payment_method: Patch<Text>,
        /// The footer of every invoice.
        pub footer: Patch<Text>,
        /// How invoices look.
        pub rendering_options: Patch<Rendering>,
    }
    refuses {}
}

params! {
    /// Settings of a cash balance.
    pub struct CashBalanceSettings {
        /// How incoming money is matched to payments.
        pub reconciliation_mode: Option<Mode>,
    }
    refuses {}
}

params! {
    /// The customer's cash balance.
    pub struct CashBalance {
        /// Its settings.
        pub settings: Option<CashBalanceSettings>,
    }
    refuses {}
}

params! {
    /// What describes a customer.
    pub struct Profile {
        /// The customer's address.
        pub address: Patch<Address>,
        /// The name of the customer's business, up to 150 characters.
        pub business_name: Patch<Str<150>>,
        /// The cash balance and its settings.
        pub cash_balance: Option<CashBalance>,
        /// Anything to remember about the customer.
        pub description: Patch<Text>,
        /// The customer's e-mail address, up to 512 characters.
        pub email: Patch<Email>,
        /// The customer's own full name, up to 150 characters.
        pub individual_name: Patch<Str<150>>,
        /// What invoice numbers begin with: 3 to 12 upper-case letters and digits.
        pub invoice_prefix: Option<Str<12>>,
        /// Defaults of the customer's invoices.
        pub invoice_settings: Option<InvoiceSettings>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Full name, or the name of the business.
        pub name: Patch<Trimmed>,
        /// The number that the next invoice gets.
        pub next_invoice_sequence: Option<Between<1, 999_999_999>>,
        /// Phone number.
        pub phone: Patch<Trimmed>,
        /// Preferred languages, best first.
        pub preferred_locales: Option<Vec<Str<64>>>,
        /// Where goods go.
        pub shipping: Patch<Shipping>,
        /// The token of a card (`tok_...`), a source (`src_...`), or a test card by its number.
        /// It becomes the default. On an update it takes the place of the default that was there,
        /// which goes.
        pub source: Option<Either<Text, TypedCard>>,
        /// Whether the customer pays taxes.
        pub tax_exempt: Patch<TaxExempt>,
    }
    refuses { "balance", "tax", "validate" }
    check Profile::check_invoices
}

params! {
    /// A new customer.
    pub struct Create {
        /// A payment method (`pm_...`) to attach to the customer. It is no default by that.
        pub payment_method: Option<Text>,
        ..profile: Profile,
    }
    refuses { "tax_id_data", "test_clock" }
}

params! {
    /// Changes to a customer. What is left out stays as it is; what is sent empty is unset.
    pub struct Update {
        /// The card or source (`card_...`, `src_...`) of the customer that is charged where none
        /// is named.
        pub default_source: Option<Text>,
        ..profile: Profile,
    }
    refuses {}
    check Update::check_sources
}

params! {
    /// Which customers to list.
    pub struct List {
        /// Only customers made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only customers with exactly this e-mail address.
        pub email: Option<Text>,
        ..page: Page,
    }
    refuses { "test_clock" }
}

const INVOICE_FIELDS_MAX: usize = 4;

impl Update {
    fn check_sources(
        params: &Update,
        _at: &super::params::Path,
    ) -> Result<(), super::params::ParamError> {
        if params.default_source.is_some() && params.profile.source.is_some() {
            let problem = "cannot be sent with source, which becomes the default itself";
            return Err(super::params::ParamError::invalid("default_source", problem));
        }
        Ok(())
    }
}

impl Profile {
    fn check_invoices(
        profile: &Profile,
        _at: &super::params::Path,
    ) -> Result<(), super::params::ParamError> {
        use super::params::ParamError;
        if let Some(prefix) = &profile.invoice_prefix {
            let plain = prefix.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            if !plain || !(3..=12).contains(&prefix.len()) {
                let problem = "must be 3 to 12 upper-case letters or digits";
                return Err(ParamError::invalid("invoice_prefix", problem));
            }
        }
        let fields = profile.invoice_settings.as_ref().map(|settings| &settings.custom_fields);
        match fields {
            Some(Patch::Set(fields)) if fields.len() > INVOICE_FIELDS_MAX => {
                let problem = format!("can have at most {INVOICE_FIELDS_MAX} items");
                Err(ParamError::invalid("invoice_settings[custom_fields]", problem))
            }
            _ => Ok(()),
        }
    }

    /// What changes. `attached` is the payment method that comes along.
    fn edits(self, asked: &Asked<'_>, attached: Option<&str>) -> Result<Vec<Edit>, ApiError> {
        let mut edits = Vec::new();
        if let Some(id) = attached {
            edits.push(Edit::Method(payment_methods::given(asked, id, "payment_method")?));
        }
        if let Some(source) = self.source {
            edits.push(Edit::Source(customer_sources::given(asked, source)?));
        }
        patch(&mut edits, self.address.map(customer::Address::from), Edit::Address);
        patch(&mut edits, self.business_name, Edit::BusinessName);
        patch(&mut edits, self.description, Edit::Description);
        patch(&mut edits, self.email, Edit::Email);
        patch(&mut edits, self.individual_name, Edit::IndividualName);
        patch(&mut edits, self.name, Edit::Name);
        patch(&mut edits, self.phone, Edit::Phone);
        patch(&mut edits, self.shipping.map(customer::Shipping::from), Edit::Shipping);
        patch(&mut edits, self.tax_exempt.map(|word| word.as_str()), Edit::TaxExempt);
        if let Some(settings) = self.invoice_settings {
            match settings.default_payment_method {
                Patch::Keep => {}
                Patch::Clear => edits.push(Edit::DefaultMethod(DefaultMethod::Nothing)),
                Patch::Set(id) if attached == Some(&*id) => {
                    edits.push(Edit::DefaultMethod(DefaultMethod::Given));
                }
                Patch::Set(id) => {
                    let at = "invoice_settings[default_payment_method]";
                    let key = asked.named(Kind::PaymentMethod, &id, at)?;
                    edits.push(Edit::DefaultMethod(DefaultMethod::Kept(key)));
                }
            }
            let fields = settings
                .custom_fields
                .map(|fields| fields.into_iter().map(CustomField::from).collect::<Vec<_>>());
            patch(&mut edits, fields, Edit::InvoiceCustomFields);
            patch(&mut edits, settings.footer, Edit::InvoiceFooter);
            let look = settings.rendering_options.map(customer::RenderingOptions::from);
            patch(&mut edits, look, Edit::InvoiceRendering);
        }
        edits.extend(self.invoice_prefix.map(|prefix| Edit::InvoicePrefix(Some(prefix.into()))));
        edits.extend(self.next_invoice_sequence.map(|next| Edit::NextInvoiceSequence(next.0)));
        edits.extend(self.preferred_locales.map(|locales| {
            Edit::PreferredLocales(locales.into_iter().map(String::from).collect())
        }));
        let mode = self.cash_balance.and_then(|balance| balance.settings);
        edits.extend(mode.and_then(CashBalanceSettings::mode).map(Edit::Mode));
        match self.metadata {
            MetadataPatch::Keep => {}
            MetadataPatch::Clear => edits.push(Edit::Metadata(None)),
            MetadataPatch::Change(changes) => {
                edits.push(Edit::Metadata(Some(BTreeMap::from_iter(changes))));
            }
        }
        Ok(edits)
    }
}

impl CashBalanceSettings {
    /// The change of mode that was asked for.
    pub fn mode(self) -> Option<ModeChange> {
        self.reconciliation_mode.map(|mode| match mode {
            Mode::Automatic => ModeChange::Own(ReconciliationMode::Automatic),
            Mode::Manual => ModeChange::Own(ReconciliationMode::Manual),
            Mode::MerchantDefault => ModeChange::MerchantDefault,
        })
    }
}

fn patch<T: Into<U>, U>(edits: &mut Vec<Edit>, patch: Patch<T>, edit: fn(Option<U>) -> Edit) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => edits.push(edit(None)),
        Patch::Set(value) => edits.push(edit(Some(value.into()))),
    }
}

fn text<T: Into<String>>(patch: Patch<T>) -> Option<String> {
    patch.into_option().map(Into::into)
}

impl From<Address> for customer::Address {
    fn from(params: Address) -> customer::Address {
        customer::Address {
            city: text(params.city),
            country: text(params.country),
            line1: text(params.line1),
            line2: text(params.line2),
            postal_code: text(params.postal_code),
            state: text(params.state),
        }
    }
}

impl From<Shipping> for customer::Shipping {
    fn from(params: Shipping) -> customer::Shipping {
        customer::Shipping {
            address: params.address.into(),
            name: params.name.into(),
            phone: text(params.phone),
        }
    }
}

impl From<InvoiceField> for CustomField {
    fn from(params: InvoiceField) -> CustomField {
        CustomField { name: params.name.into(), value: params.value.into() }
    }
}

impl From<Rendering> for customer::RenderingOptions {
    fn from(params: Rendering) -> customer::RenderingOptions {
        customer::RenderingOptions {
            amount_tax_display: text(params.amount_tax_display.map(|word| word.as_str())),
            template: text(params.template),
        }
    }
}

/// Makes a customer.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let attached = params.payment_method.as_deref();
    Ok(Command::CreateCustomer { edits: params.profile.edits(asked, attached)? })
}

/// Changes a customer.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let customer = asked.customer("id")?;
    let mut edits = params.profile.edits(asked, None)?;
    if let Some(id) = &params.default_source {
        let named = customer_sources::kept(asked.wire, id, "default_source")?;
        edits.push(Edit::DefaultSource(named));
    }
    Ok(Command::UpdateCustomer { customer, edits })
}

/// Deletes a customer that holds no money.
pub fn delete(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    Ok(Command::DeleteCustomer { customer: asked.customer("id")? })
}

/// Shows a customer, or that it was deleted.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("customer");
    let found = match ask.wire.ids.read_customer(id) {
        Some(number) => ask.reader.customer(ask.wire.world, number)?,
        None => None,
    };
    let customer = found.ok_or_else(|| ApiError::missing("customer", id, "id"))?;
    Ok(ask.wire.customer(&customer))
}

/// Lists customers.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let window = ask.window(&params.page, params.created, "customer", |id| {
        let Some(key) = ask.wire.ids.read(Kind::Customer, id) else {
            return Ok(None);
        };
        let found = ask.reader.customer(ask.wire.world, key.number)?;
        Ok(found.map(|customer| customer.number))
    })?;
    let rows = ask.reader.customers(ask.wire.world, params.email.as_deref(), window)?;
    Ok(ask.page(rows, |customer| ask.wire.customer(&customer)))
}
