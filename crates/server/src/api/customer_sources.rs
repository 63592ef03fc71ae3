//! The cards and sources that a customer has: add, retrieve, update, remove, list.
//!
//! A card comes by a token (`tok_`), which is used up, or by the number of a test card; a source
//! (`src_`) was made before. Both are kinds of Stripe's `PaymentSource`; bank accounts, the third
//! kind, are not kept for customers.

use bank::card_number;
use books::command::{CardGiven, Given, WalletCommand, WalletEdit};
use books::payment_intent::InstrumentKey;
use books::{Command, Document, Kind, Number, Timestamp, source};
use store::{DocumentFilter, Page as Rows, Reader, StoreError, Window};

use super::cards::{self, TokenCard};
use super::customers::Address;
use super::error::ApiError;
use super::execute::Asked;
use super::instruments::{self, Named};
use super::json::{Json, object};
use super::list::{Ask, merged};
use super::params::{
    Either, Email, MetadataPatch, NoParams, Page, ParamError, Patch, Str, Text, Trimmed, choice,
    params,
};
use super::payouts::{metadata_patch, new_metadata};
use super::routes::Task;
use super::wire::Wire;

/// How many cards and sources a customer shows that is expanded.
const SHOWN: usize = 10;

choice! {
    /// Kinds of what a customer pays with.
    pub enum Object {
        /// Bank accounts: there are none.
        BankAccount = "bank_account",
        /// Cards.
        Card = "card",
        /// Sources.
        Source = "source",
    }
}

choice! {
    /// What is given by its details: a card.
    pub enum Typed {
        /// A card.
        Card = "card",
    }
}

params! {
    /// A card by its number.
    pub struct TypedCard {
        /// Always `card`.
        pub object: Typed,
        ..card: TokenCard,
    }
    refuses {}
}

params! {
    /// A card or a source for a customer.
    pub struct Create {
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// The token of a card (`tok_...`), a source (`src_...`), or a test card by its number.
        pub source: Either<Text, TypedCard>,
    }
    refuses { "validate" }
}

params! {
    /// Who owns a source. What is left out stays as it is.
    pub struct Owner {
        /// The owner's address.
        pub address: Option<Address>,
        /// The owner's e-mail address.
        pub email: Option<Email>,
        /// The owner's full name.
        pub name: Option<Trimmed>,
        /// The owner's phone number.
        pub phone: Option<Trimmed>,
    }
    refuses {}
}

params! {
    /// What changes about a card, or about a source: of a source these are `metadata` and `owner`,
    /// of a card all but `owner`.
    pub struct Update {
        /// City or town of the card's billing address.
        pub address_city: Patch<Text>,
        /// Country of the card's billing address.
        pub address_country: Patch<Text>,
        /// First line of the card's billing address: street and number.
        pub address_line1: Patch<Text>,
        /// Second line of the card's billing address: flat, suite or building.
        pub address_line2: Patch<Text>,
        /// State, county or province of the card's billing address.
        pub address_state: Patch<Text>,
        /// Postal code of the card's billing address.
        pub address_zip: Patch<Text>,
        /// The month in which the card expires.
        pub exp_month: Option<i64>,
        /// The year in which the card expires, with two or four digits.
        pub exp_year: Option<i64>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Who holds the card.
        pub name: Patch<Str<300>>,
        /// Who owns the source.
        pub owner: Option<Owner>,
    }
    refuses { "account_holder_name", "account_holder_type" }
}

params! {
    /// What arrived at a bank account that is to be verified.
    pub struct Verify {
        /// The two amounts, in the smallest unit.
        pub amounts: Option<Vec<i64>>,
    }
    refuses {}
}

params! {
    /// Which cards and sources of a customer to list.
    pub struct List {
        /// Only those of this kind.
        pub object: Option<Object>,
        ..page: Page,
    }
    refuses {}
}

impl From<Owner> for source::Owner {
    fn from(params: Owner) -> source::Owner {
        source::Owner {
            address: params.address.map(Into::into),
            email: params.email.map(Into::into),
            name: params.name.map(Into::into),
            phone: params.phone.map(Into::into),
        }
    }
}

impl Update {
    /// What changes. A name that is of the other kind is refused.
    fn edits(self, is_card: bool, now: Timestamp) -> Result<Vec<WalletEdit>, ApiError> {
        type Text = (&'static str, Patch<String>, fn(Option<String>) -> WalletEdit);
        let mut edits = Vec::new();
        let texts: [Text; 7] = [
            ("address_city", self.address_city.map(Into::into), WalletEdit::City),
            ("address_country", self.address_country.map(Into::into), WalletEdit::Country),
            ("address_line1", self.address_line1.map(Into::into), WalletEdit::Line1),
            ("address_line2", self.address_line2.map(Into::into), WalletEdit::Line2),
            ("address_state", self.address_state.map(Into::into), WalletEdit::State),
            ("address_zip", self.address_zip.map(Into::into), WalletEdit::Zip),
            ("name", self.name.map(Into::into), WalletEdit::Name),
        ];
        for (name, patch, edit) in texts {
            match patch {
                Patch::Keep => {}
                Patch::Clear => edits.push((name, edit(None))),
                Patch::Set(text) if card_number::hidden(&text) != text => {
                    return Err(ParamError::invalid(name, "holds the number of a card").into());
                }
                Patch::Set(text) => edits.push((name, edit(Some(text)))),
            }
        }
        if let Some(month) = self.exp_month {
            // The books look at both together: one may stay as it is.
            edits.push(("exp_month", WalletEdit::ExpMonth(cards::month(month)?)));
        }
        if let Some(year) = self.exp_year {
            edits.push(("exp_year", WalletEdit::ExpYear(cards::year(year, now)?)));
        }
        if let (Some((name, _)), false) = (edits.first(), is_card) {
            let problem = "is of cards; of a source only metadata and owner change here";
            return Err(ParamError::invalid(name, problem).into());
        }
        if self.owner.is_some() && is_card {
            let problem = "is of sources; a card has name and address_* instead";
            return Err(ParamError::invalid("owner", problem).into());
        }
        let mut edits: Vec<WalletEdit> = edits.into_iter().map(|(_, edit)| edit).collect();
        edits.extend(self.owner.map(|owner| WalletEdit::Owner(owner.into())));
        edits.push(WalletEdit::Metadata(metadata_patch(self.metadata)));
        Ok(edits)
    }
}

/// What `source` gives to a customer.
pub(super) fn given(asked: &Asked<'_>, source: Either<Text, TypedCard>) -> Result<Given, ApiError> {
    match source {
        Either::Scalar(id) => named(asked, &id, "source"),
        Either::Hash(typed) => {
            let card = typed.card.card(asked)?;
            Ok(Given::Card(CardGiven::Fresh(Box::new(card))))
        }
    }
}

/// What an id gives to a customer.
fn named(asked: &Asked<'_>, id: &str, param: &str) -> Result<Given, ApiError> {
    asked.takes_test_cards()?;
    if !matches!(Kind::of(id), Some(Kind::Token | Kind::Source)) {
        let problem = "must be the token of a card (tok_...) or a source (src_...)";
        return Err(ParamError::invalid(param, problem).into());
    }
    match instruments::named(asked, id, param)? {
        Named::Given(card) => Ok(Given::Card(card)),
        Named::Kept(InstrumentKey::Source(key)) => Ok(Given::Source(key)),
        Named::Kept(_) | Named::FreshMethod(_) => Err(ApiError::missing("source", id, param)),
    }
}

/// A card or a source that an id names, of whomever it is.
pub(super) fn kept(wire: &Wire, id: &str, param: &str) -> Result<InstrumentKey, ApiError> {
    let missing = || ApiError::missing("source", id, param);
    let kind = Kind::of(id).ok_or_else(missing)?;
    let key = wire.ids.read(kind, id).ok_or_else(missing)?;
    match kind {
        Kind::Card => Ok(InstrumentKey::Card(key)),
        Kind::Source => Ok(InstrumentKey::Source(key)),
        _ => Err(missing()),
    }
}

/// Gives a customer a card or a source.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let customer = asked.customer("customer")?;
    let given = given(asked, params.source)?;
    let metadata = new_metadata(params.metadata);
    Ok(Command::Wallet(WalletCommand::Add { customer, given, metadata }))
}

/// Changes what is known of a card or a source.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let (customer, named) = (asked.customer("customer")?, of_path(asked)?);
    let now = asked.app.clock.now().seconds();
    let edits = params.edits(matches!(named, InstrumentKey::Card(_)), now)?;
    Ok(Command::Wallet(WalletCommand::Update { customer, named, edits }))
}

/// Takes a card or a source away.
pub fn delete(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let (customer, named) = (asked.customer("customer")?, of_path(asked)?);
    Ok(Command::Wallet(WalletCommand::Remove { customer, named }))
}

/// Refuses it: cards and sources are not verified with amounts.
pub fn verify(asked: &Asked<'_>, _: Verify) -> Result<Task, ApiError> {
    asked.customer("customer")?;
    of_path(asked)?;
    let message = "Only bank accounts are verified with amounts, and customers have none here: \
                   money that they send by bank goes to their cash balance.";
    Err(ApiError::invalid(400, message).about("amounts"))
}

fn of_path(asked: &Asked<'_>) -> Result<InstrumentKey, ApiError> {
    kept(asked.wire, asked.ids.get("id").unwrap_or_default(), "id")
}

/// Shows a card or a source.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let id = ask.id("id");
    let (kind, key) = kept(ask.wire, id, "id")?.named();
    let found = ask.reader.document(ask.wire.world, kind, key)?;
    let own = found.filter(|document| document.parent() == Some(customer));
    own.map(|document| ask.wire.document(&document))
        .ok_or_else(|| ApiError::missing("source", id, "id"))
}

/// Lists cards and sources.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let window = ask.window(&params.page, None, "source", |id| {
        let Ok(named) = kept(ask.wire, id, "id") else { return Ok(None) };
        let (kind, key) = named.named();
        let found = ask.reader.document(ask.wire.world, kind, key)?;
        Ok(found.map(|document| document.key().number))
    })?;
    let kinds: &[Kind] = match params.object {
        None => &[Kind::Card, Kind::Source],
        Some(Object::Card) => &[Kind::Card],
        Some(Object::Source) => &[Kind::Source],
        Some(Object::BankAccount) => &[],
    };
    let rows = merged(ask.reader, ask.wire.world, &lists(customer, kinds), window)?;
    Ok(ask.page(rows, |document| ask.wire.document(&document)))
}

/// The lists of cards and sources that a customer has.
fn lists(customer: Number, kinds: &[Kind]) -> Vec<(Kind, DocumentFilter)> {
    let filter = DocumentFilter { parent: Some(customer), ..DocumentFilter::default() };
    kinds.iter().map(|kind| (*kind, filter.clone())).collect()
}

/// `sources` of a customer that is expanded: the newest.
pub(super) fn newest(
    reader: &Reader,
    wire: &Wire,
    customer: Number,
) -> Result<Rows<Document>, StoreError> {
    let lists = lists(customer, &[Kind::Card, Kind::Source]);
    merged(reader, wire.world, &lists, Window::newest(SHOWN))
}

/// The same of all that a customer has.
pub(super) fn newest_of(mut all: Vec<Document>) -> Rows<Document> {
    let has_more = all.len() > SHOWN;
    all.truncate(SHOWN);
    Rows { rows: all, has_more }
}

impl Wire {
    /// `sources` of a customer.
    pub(super) fn sources(&self, customer: Number, found: Rows<Document>) -> Json {
        object! {
            "object": "list",
            "data": found.rows.iter().map(|document| self.document(document)).collect::<Vec<_>>(),
            "has_more": found.has_more,
            "url": format!("/v1/customers/{}/sources", self.ids.customer(customer)),
        }
    }
}
