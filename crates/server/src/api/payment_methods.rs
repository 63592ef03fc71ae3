//! Payment methods by themselves: made of a card, attached to a customer, changed, detached,
//! listed. Those of cash balances are made by the payment that they pay, and are only shown.

use books::command::{MethodCommand, MethodDraft, MethodEdit, MethodGiven};
use books::{Command, Document, Kind, Number, RowKey, payment_intent};
use store::DocumentFilter;

use super::cards::{self, MethodCard};
use super::customers::Address;
use super::error::ApiError;
use super::execute::Asked;
use super::form::Node;
use super::json::Json;
use super::list::{Ask, merged};
use super::params::{
    Email, MetadataPatch, NoParams, Page, Param, ParamError, Patch, Path, Schema, Text, Trimmed,
    choice, params,
};
use super::payouts::{metadata_patch, new_metadata};
use crate::acquirer::test_cards;

/// How the ids of test cards begin, each use of which makes a payment method.
const TEST_CARD: &str = "pm_card_";

params! {
    /// Who pays.
    pub struct BillingDetails {
        /// The payer's address.
        pub address: Patch<Address>,
        /// The payer's e-mail address.
        pub email: Patch<Email>,
        /// The payer's full name.
        pub name: Patch<Trimmed>,
        /// The payer's phone number.
        pub phone: Patch<Trimmed>,
        /// The payer's tax number.
        pub tax_id: Patch<Text>,
    }
    refuses {}
}

impl From<BillingDetails> for payment_intent::BillingDetails {
    fn from(details: BillingDetails) -> payment_intent::BillingDetails {
        payment_intent::BillingDetails {
            address: details.address.into_option().map(Into::into),
            email: details.email.into_option().map(Into::into),
            name: details.name.into_option().map(Into::into),
            phone: details.phone.into_option().map(Into::into),
            tax_id: details.tax_id.into_option().map(Into::into),
        }
    }
}

/// The type of a payment method that is made: `card`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardType;

impl Param for CardType {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        match node.as_text() {
            Some("card") => Ok(CardType),
            Some("") => Err(ParamError::empty(at)),
            Some("customer_balance") => {
                let problem = "cannot be customer_balance here: a payment makes the payment method \
                               of its cash balance itself, with payment_method_data";
                Err(ParamError::invalid(at, problem))
            }
            _ => {
                let problem = "must be card: Purser takes payments by card and from cash balances, \
                               and by no other method";
                Err(ParamError::invalid(at, problem))
            }
        }
    }

    fn schema() -> Schema {
        Schema::Choice(&["card"])
    }
}

choice! {
    /// Whether a customer may be shown a payment method again.
    pub enum AllowRedisplay {
        /// Wherever the customer pays.
        Always = "always",
        /// Only where the customer agreed to.
        Limited = "limited",
        /// Nobody said.
        Unspecified = "unspecified",
    }
}

params! {
    /// A new payment method.
    pub struct Create {
        /// Whether the customer may be shown the card again.
        pub allow_redisplay: Option<AllowRedisplay>,
        /// Who pays.
        pub billing_details: Option<BillingDetails>,
        /// The card.
        pub card: MethodCard,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Always `card`.
        pub r#type: CardType,
    }
    refuses {
        "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
        "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto",
        "cashapp", "crypto", "custom", "customer", "customer_balance", "eps", "fpx", "giropay",
        "grabpay", "ideal", "interac_present", "kakao_pay", "klarna", "konbini", "kr_card", "link",
        "mb_way", "mobilepay", "multibanco", "naver_pay", "nz_bank_account", "oxxo", "p24",
        "pay_by_bank", "payco", "payment_method", "paynow", "paypal", "paypay", "payto", "pix",
        "promptpay", "radar_options", "revolut_pay", "samsung_pay", "satispay", "scalapay",
        "sepa_debit", "sequra", "sofort", "sunbit", "swish", "twint", "upi", "us_bank_account",
        "wechat_pay", "zip",
    }
}

params! {
    /// What changes about a card.
    pub struct CardChanges {
        /// Month of its expiry, from 1.
        pub exp_month: Option<i64>,
        /// Year of its expiry, as two or four digits.
        pub exp_year: Option<i64>,
    }
    refuses { "networks" }
}

params! {
    /// What changes about a payment method that a customer has.
    pub struct Update {
        /// Whether the customer may be shown the card again.
        pub allow_redisplay: Option<AllowRedisplay>,
        /// Who pays. What is left out stays as it is.
        pub billing_details: Option<BillingDetails>,
        /// What changes about the card.
        pub card: Option<CardChanges>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses { "us_bank_account" }
}

params! {
    /// To whom a payment method is attached.
    pub struct Attach {
        /// The customer.
        pub customer: Text,
    }
    refuses { "customer_account" }
}

params! {
    /// Which payment methods of a customer to list.
    pub struct ListOfCustomer {
        /// Only those with this `allow_redisplay`. Cash balances have none.
        pub allow_redisplay: Option<AllowRedisplay>,
        /// Only those of this type: `card` or `customer_balance`.
        pub r#type: Option<Text>,
        ..page: Page,
    }
    refuses {}
}

params! {
    /// Which payment methods to list.
    pub struct List {
        /// Only those of this customer.
        pub customer: Option<Text>,
        ..of: ListOfCustomer,
    }
    refuses { "customer_account" }
}

impl AllowRedisplay {
    /// As the books keep it.
    pub(super) fn kept(self) -> Option<String> {
        match self {
            AllowRedisplay::Unspecified => None,
            said => Some(said.as_str().to_owned()),
        }
    }
}

impl Update {
    fn edits(self, asked: &Asked<'_>) -> Result<Vec<MethodEdit>, ApiError> {
        let mut edits = Vec::new();
        edits.extend(self.allow_redisplay.map(|said| MethodEdit::AllowRedisplay(said.kept())));
        if let Some(details) = self.billing_details {
            let BillingDetails { address, email, name, phone, tax_id } = details;
            patch(&mut edits, address, MethodEdit::Address);
            patch(&mut edits, email, MethodEdit::Email);
            patch(&mut edits, name, MethodEdit::Name);
            patch(&mut edits, phone, MethodEdit::Phone);
            patch(&mut edits, tax_id, MethodEdit::TaxId);
        }
        if let Some(CardChanges { exp_month, exp_year }) = self.card {
            if let Some(month) = exp_month {
                edits.push(MethodEdit::ExpMonth(cards::month(month)?));
            }
            if let Some(year) = exp_year {
                let now = asked.app.clock.now().seconds();
                edits.push(MethodEdit::ExpYear(cards::year(year, now)?));
            }
        }
        edits.push(MethodEdit::Metadata(metadata_patch(self.metadata)));
        Ok(edits)
    }
}

fn patch<T: Into<U>, U>(
    edits: &mut Vec<MethodEdit>,
    patch: Patch<T>,
    edit: fn(Option<U>) -> MethodEdit,
) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => edits.push(edit(None)),
        Patch::Set(value) => edits.push(edit(Some(value.into()))),
    }
}

/// Makes a payment method of a card.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let billing_details = params.billing_details.map(payment_intent::BillingDetails::from);
    let draft = MethodDraft {
        card: params.card.given(asked, "card")?,
        param: "card[token]",
        billing_details: billing_details.unwrap_or_default(),
        allow_redisplay: params.allow_redisplay.and_then(AllowRedisplay::kept),
        metadata: new_metadata(params.metadata),
    };
    Ok(Command::Method(MethodCommand::Create(Box::new(draft))))
}

/// Changes a payment method.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let (method, owner) = of_path(asked)?;
    let edits = params.edits(asked)?;
    Ok(Command::Method(MethodCommand::Update { method, owner, edits }))
}

/// Attaches a payment method to a customer.
pub fn attach(asked: &Asked<'_>, params: Attach) -> Result<Command, ApiError> {
    let customer = asked.named(Kind::Customer, &params.customer, "customer")?.number;
    let method = given(asked, asked.ids.get(AT).unwrap_or_default(), AT)?;
    Ok(Command::Method(MethodCommand::Attach { method, customer }))
}

/// Takes a payment method away from its customer.
pub fn detach(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let (method, owner) = of_path(asked)?;
    Ok(Command::Method(MethodCommand::Detach { method, owner }))
}

/// The name of a payment method in paths.
const AT: &str = "payment_method";

/// The payment method that a parameter gives to a customer.
pub(super) fn given(asked: &Asked<'_>, id: &str, param: &str) -> Result<MethodGiven, ApiError> {
    let sandbox = asked.takes_test_cards()?;
    match id.strip_prefix(TEST_CARD).and_then(test_cards::called) {
        Some(card) => Ok(MethodGiven::Fresh(Box::new(sandbox.card(card)))),
        None => Ok(MethodGiven::Kept(asked.named(Kind::PaymentMethod, id, param)?)),
    }
}

/// The payment method in the path, and the customer that has it now: the books look again, and
/// lock that customer.
fn of_path(asked: &Asked<'_>) -> Result<(RowKey, Option<Number>), ApiError> {
    let id = asked.ids.get(AT).unwrap_or_default();
    let key = asked.named(Kind::PaymentMethod, id, AT)?;
    let world = asked.wire.world;
    let found =
        asked.app.readers.snapshot(|reader| reader.document(world, Kind::PaymentMethod, key))?;
    match found {
        Some(Document::PaymentMethod(method)) => Ok((key, method.customer)),
        _ => Err(ApiError::missing(Kind::PaymentMethod.object(), id, AT)),
    }
}

/// Shows a payment method. The name of a test card shows what each use of it would make.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id(AT);
    if let Some(card) = id.strip_prefix(TEST_CARD).and_then(test_cards::called)
        && !ask.wire.livemode
    {
        let card = ask.app.acquirers.sandbox().card(card);
        let key = RowKey { customer: Number(0), number: Number::first_at(ask.now()) };
        let mut shown = ask.wire.fresh_method(key, card);
        if let Some(name) = shown.get_mut("id") {
            *name = id.to_owned().into();
        }
        return Ok(shown);
    }
    let method = ask.document(Kind::PaymentMethod, AT)?;
    Ok(ask.wire.document(&method))
}

/// Shows a payment method of a customer.
pub fn retrieve_of_customer(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let method = ask.document(Kind::PaymentMethod, AT)?;
    let owner = method.parent().unwrap_or(method.key().customer);
    if owner != customer {
        return Err(ApiError::missing(Kind::PaymentMethod.object(), ask.id(AT), AT));
    }
    Ok(ask.wire.document(&method))
}

/// Lists the payment methods of a customer.
pub fn list_of_customer(ask: &Ask<'_>, params: ListOfCustomer) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    list_filtered(ask, Some(customer), &params)
}

/// Lists payment methods.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let customer = match &params.customer {
        None => None,
        Some(id) => {
            let number = ask.named(Kind::Customer, id, "customer")?.number;
            let found = ask.reader.purse(ask.wire.world, number)?;
            match found.filter(|purse| !purse.standing.deleted) {
                Some(_) => Some(number),
                None => return Err(ApiError::missing("customer", id, "customer")),
            }
        }
    };
    list_filtered(ask, customer, &params.of)
}

fn list_filtered(
    ask: &Ask<'_>,
    customer: Option<Number>,
    params: &ListOfCustomer,
) -> Result<Json, ApiError> {
    let world = ask.wire.world;
    let window = ask.window(&params.page, None, Kind::PaymentMethod.object(), |id| {
        let Some(key) = ask.wire.ids.read(Kind::PaymentMethod, id) else { return Ok(None) };
        let found = ask.reader.document(world, Kind::PaymentMethod, key)?;
        Ok(found.map(|document| document.key().number))
    })?;
    let lists: Vec<(Kind, DocumentFilter)> =
        filters(customer, params).into_iter().map(|filter| (Kind::PaymentMethod, filter)).collect();
    let rows = merged(ask.reader, world, &lists, window)?;
    Ok(ask.page(rows, |document| ask.wire.document(&document)))
}

/// What is listed: the cards that are attached to a customer, and the cash balances that its
/// payments made.
fn filters(customer: Option<Number>, params: &ListOfCustomer) -> Vec<DocumentFilter> {
    let wants = |kind: &str| {
        params.r#type.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
    };
    let mut cards = DocumentFilter { parent: customer, ..DocumentFilter::default() };
    match params.allow_redisplay {
        None => {}
        Some(AllowRedisplay::Unspecified) => cards.absent.push("allow_redisplay"),
        Some(said) => cards.fields.push(("allow_redisplay", said.as_str().to_owned())),
    }
    let cash = DocumentFilter { customer, ..DocumentFilter::default() };
    let takes_cash = wants("customer_balance") && params.allow_redisplay.is_none();
    match customer {
        Some(_) => [(wants("card"), cards), (takes_cash, cash)]
            .into_iter()
            .filter_map(|(is_wanted, filter)| is_wanted.then_some(filter))
            .collect(),
        // Of all there are, cards have no intent, and cash balances have one.
        None => match (wants("card"), takes_cash) {
            (true, true) => vec![cards],
            (true, false) => {
                cards.absent.push("payment_intent");
                vec![cards]
            }
            (false, true) => vec![DocumentFilter { absent: vec!["card"], ..cash }],
            (false, false) => Vec::new(),
        },
    }
}
