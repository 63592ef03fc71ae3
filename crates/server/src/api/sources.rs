//! Sources, as Stripe had them before payment methods: a card that a token stands for, or an
//! account of its own that real transfers fill (Stripe's pages "Sources" and "ACH Credit Transfer
//! payments with Sources"). Of all their types, these are the ones that Purser can serve.

use bank::Rail;
use books::command::{SourceCommand, SourceDraft, SourceEdit, SourceGiven};
use books::source::{self, RefundAttributes, SourceKind};
use books::{Command, Document, Kind};
use store::DocumentFilter;

use super::customers::Address;
use super::error::ApiError;
use super::execute::Asked;
use super::funding::TRANSFER_MAX;
use super::instruments::{Named, named};
use super::json::Json;
use super::list::Ask;
use super::params::{
    Between, CurrencyCode, Email, MetadataPatch, NoParams, Page, ParamError, Path, Positive, Str,
    Text, Trimmed, choice, params,
};
use super::payouts::{currency, metadata_patch, new_metadata};
use super::routes::Task;

choice! {
    /// What a source is.
    pub enum Type {
        /// An account that takes transfers in dollars.
        AchCreditTransfer = "ach_credit_transfer",
        /// A card.
        Card = "card",
        /// An account that takes transfers in euros.
        SepaCreditTransfer = "sepa_credit_transfer",
    }
}

choice! {
    /// How often a source can be charged.
    pub enum Usage {
        /// As often as you like.
        Reusable = "reusable",
        /// Once.
        SingleUse = "single_use",
    }
}

choice! {
    /// What has to happen before a source can be charged.
    pub enum Flow {
        /// Its owner enters a code. No source here has that.
        CodeVerification = "code_verification",
        /// Nothing: cards.
        Never = "none",
        /// Its owner sends money: accounts.
        Receiver = "receiver",
        /// Its owner visits a page. No source here has that.
        Redirect = "redirect",
    }
}

choice! {
    /// How the sender is asked where money is to go back to.
    pub enum RefundMethod {
        /// By e-mail.
        Email = "email",
        /// By you.
        Manual = "manual",
        /// Nobody is asked.
        Never = "none",
    }
}

params! {
    /// Who owns a source.
    pub struct Owner {
        /// The owner's address.
        pub address: Option<Address>,
        /// The owner's e-mail address. In test mode, `amount_1000@` and any domain makes a transfer
        /// of 1000 arrive at an account.
        pub email: Option<Email>,
        /// The owner's full name.
        pub name: Option<Trimmed>,
        /// The owner's phone number.
        pub phone: Option<Trimmed>,
    }
    refuses {}
}

params! {
    /// What an account does besides taking transfers.
    pub struct Receiver {
        /// How the sender is asked where money is to go back to; `email`, if left out.
        pub refund_attributes_method: Option<RefundMethod>,
    }
    refuses {}
}

params! {
    /// A source to make.
    pub struct Create {
        /// What is to be paid with it, in the smallest unit of the currency. An account can be
        /// charged as soon as it has received as much; without an amount, as soon as it has
        /// received any. An account for a single use must have one.
        pub amount: Option<Positive>,
        /// The currency: usd for `ach_credit_transfer`, eur for `sepa_credit_transfer`, and for a
        /// card any or none.
        pub currency: Option<CurrencyCode>,
        /// What has to happen before it can be charged. It follows from the type.
        pub flow: Option<Flow>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Who owns it.
        pub owner: Option<Owner>,
        /// What an account does besides taking transfers.
        pub receiver: Option<Receiver>,
        /// What your customer's bank statement is to say.
        pub statement_descriptor: Option<Text>,
        /// The token of the card, for the type `card`. It is used up.
        pub token: Option<Text>,
        /// What it is.
        pub r#type: Type,
        /// How often it can be charged: as often as you like, if left out.
        pub usage: Option<Usage>,
    }
    refuses { "customer", "mandate", "original_source", "redirect", "source_order" }
    check Create::check
}

params! {
    /// What changes about a source.
    pub struct Update {
        /// What is to be paid with it, for an account that waits for money.
        pub amount: Option<Positive>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Who owns it. What is left out stays as it is.
        pub owner: Option<Owner>,
    }
    refuses { "mandate", "source_order" }
}

params! {
    /// How a source is looked at.
    pub struct Retrieve {
        /// The client secret, which is compared with that of the source.
        pub client_secret: Option<Text>,
    }
    refuses {}
}

params! {
    /// A code that the owner of a source was sent.
    pub struct Verify {
        /// The code.
        pub values: Vec<Text>,
    }
    refuses {}
}

params! {
    /// Which transfers to list.
    pub struct List {
        ..page: Page,
    }
    refuses {}
}

params! {
    /// What went back to the sender.
    pub struct SendBack {
        /// How much, in the smallest unit of the currency; all that the source holds, if left out.
        pub amount: Option<Between<1, TRANSFER_MAX>>,
    }
    refuses {}
}

impl Type {
    fn kind(self) -> SourceKind {
        match self {
            Type::AchCreditTransfer => SourceKind::AchCreditTransfer,
            Type::Card => SourceKind::Card,
            Type::SepaCreditTransfer => SourceKind::SepaCreditTransfer,
        }
    }

    fn flow(self) -> Flow {
        if self == Type::Card { Flow::Never } else { Flow::Receiver }
    }
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        let kind = params.r#type.as_str();
        let not_with = |name| ParamError::invalid(name, format!("does not go with type {kind}"));
        if let Some(flow) = params.flow.filter(|flow| *flow != params.r#type.flow()) {
            let fits = params.r#type.flow().as_str();
            let problem = format!("can only be {fits} for type {kind}, not {}", flow.as_str());
            return Err(ParamError::invalid("flow", problem));
        }
        let Some(rail) = params.r#type.kind().rail().and_then(Rail::from_transfer_type) else {
            return match (&params.token, &params.receiver) {
                (None, _) => Err(ParamError::missing("token")),
                (_, Some(_)) => Err(not_with("receiver")),
                _ => Ok(()),
            };
        };
        if params.token.is_some() {
            return Err(not_with("token"));
        }
        match params.currency {
            None => return Err(ParamError::missing("currency")),
            Some(currency) if currency.as_str() != rail.currency() => {
                let problem = format!("must be {} for type {kind}", rail.currency());
                return Err(ParamError::invalid("currency", problem));
            }
            Some(_) => {}
        }
        match (params.usage, params.amount) {
            (Some(Usage::SingleUse), None) => Err(ParamError::missing("amount")),
            _ => Ok(()),
        }
    }
}

/// Makes a source.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let given = match params.r#type.kind() {
        SourceKind::Card => {
            let token = params.token.unwrap_or_else(|| Str(String::new()));
            match named(asked, &token, "token")? {
                Named::Given(given) => SourceGiven::Card(given),
                _ => return Err(ApiError::missing("token", &token, "token")),
            }
        }
        kind => {
            let method = params.receiver.and_then(|receiver| receiver.refund_attributes_method);
            SourceGiven::Receiver(kind, method.map_or_else(Default::default, refund_attributes))
        }
    };
    let owner = params.owner.map(source::Owner::from).unwrap_or_default();
    Ok(Command::Source(SourceCommand::Create(Box::new(SourceDraft {
        given,
        is_reusable: params.usage != Some(Usage::SingleUse),
        amount: params.amount.map(|amount| amount.0),
        currency: params.currency.map(currency),
        simulated: simulated(asked, &owner)?,
        owner,
        statement_descriptor: params.statement_descriptor.map(Into::into),
        metadata: new_metadata(params.metadata),
    }))))
}

/// Changes a source.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let owner = params.owner.map(source::Owner::from).unwrap_or_default();
    Ok(Command::Source(SourceCommand::Update(Box::new(SourceEdit {
        source: asked.row(Kind::Source, "source")?,
        amount: params.amount.map(|amount| amount.0),
        simulated: simulated(asked, &owner)?,
        owner,
        metadata: metadata_patch(params.metadata),
    }))))
}

/// The transfer that an e-mail address asks for, in test mode: `amount_1000@example.com`.
fn simulated(asked: &Asked<'_>, owner: &source::Owner) -> Result<Option<i64>, ApiError> {
    let mailbox = owner.email.as_deref().and_then(|email| email.split_once('@'));
    let asks = mailbox.and_then(|(mailbox, _)| mailbox.strip_prefix("amount_"));
    let Some(digits) = asks.filter(|_| !asked.access.livemode) else { return Ok(None) };
    match digits.parse() {
        Ok(amount) if (1..=TRANSFER_MAX).contains(&amount) => Ok(Some(amount)),
        _ => {
            let problem = format!("asks for a transfer of 1 to {TRANSFER_MAX}, as amount_1000@");
            Err(ParamError::invalid("owner[email]", problem).into())
        }
    }
}

fn refund_attributes(method: RefundMethod) -> RefundAttributes {
    match method {
        RefundMethod::Email => RefundAttributes::Email,
        RefundMethod::Manual => RefundAttributes::Manual,
        RefundMethod::Never => RefundAttributes::None,
    }
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

/// Refuses a code: no type of source here asks its owner for one.
pub fn verify(asked: &Asked<'_>, _: Verify) -> Result<Task, ApiError> {
    let (key, world) = (asked.row(Kind::Source, "source")?, asked.wire.world);
    let found = asked.app.readers.snapshot(|reader| reader.document(world, Kind::Source, key))?;
    let Some(Document::Source(source)) = found else {
        let id = asked.ids.get("source").unwrap_or_default();
        return Err(ApiError::missing("source", id, "source"));
    };
    let message = format!(
        "A source of type {} is not verified with a code: that takes flow code_verification.",
        source.kind.as_str()
    );
    Err(ApiError::invalid(400, message).about("values"))
}

/// Books that the bank sent money of a source back to where it came from.
pub fn send_back(asked: &Asked<'_>, params: SendBack) -> Result<Command, ApiError> {
    let source = asked.row(Kind::Source, "source")?;
    let amount = params.amount.map(|amount| amount.0);
    Ok(Command::Source(SourceCommand::SendBack { source, amount }))
}

/// Shows a source.
pub fn retrieve(ask: &Ask<'_>, params: Retrieve) -> Result<Json, ApiError> {
    let document = ask.document(Kind::Source, "source")?;
    if let (Document::Source(source), Some(secret)) = (&document, params.client_secret)
        && *secret != *ask.wire.source_secret(source)
    {
        let message = "The client secret is not the one of this source.";
        return Err(ApiError::invalid(400, message).about("client_secret"));
    }
    Ok(ask.wire.document(&document))
}

/// Lists the transfers that a source received.
pub fn transactions(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let source = ask.document(Kind::Source, "source")?.key().number;
    let filter = DocumentFilter { parent: Some(source), ..DocumentFilter::default() };
    ask.documents(Kind::SourceTransaction, &filter, None, &params.page)
}

/// Shows a transfer that a source received.
pub fn transaction(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    const NAME: &str = "source_transaction";
    let source = ask.document(Kind::Source, "source")?.key().number;
    let document = ask.document(Kind::SourceTransaction, NAME)?;
    match document.parent() == Some(source) {
        true => Ok(ask.wire.document(&document)),
        false => Err(ApiError::missing(NAME, ask.id(NAME), NAME)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    #[test]
    fn what_does_not_go_together_is_refused() {
        const ACH: &str = "type=ach_credit_transfer&currency=usd";
        let cases = [
            ("type=card&token=tok_visa", None),
            ("type=card&token=tok_visa&flow=none&usage=single_use&amount=5&currency=usd", None),
            ("type=card", Some("token")),
            ("type=card&token=tok_visa&flow=receiver", Some("flow")),
            ("type=card&token=tok_visa&receiver[refund_attributes_method]=none", Some("receiver")),
            ("type=sepa_credit_transfer&currency=eur", None),
            ("type=sepa_credit_transfer&currency=usd", Some("currency")),
            ("type=sepa_credit_transfer", Some("currency")),
            ("type=ach_credit_transfer&currency=eur", Some("currency")),
            ("type=alipay&currency=usd", Some("type")),
            ("currency=usd", Some("type")),
            (&format!("{ACH}&usage=single_use&amount=500&flow=receiver"), None),
            (&format!("{ACH}&usage=single_use"), Some("amount")),
            (&format!("{ACH}&token=tok_visa"), Some("token")),
            (&format!("{ACH}&flow=redirect"), Some("flow")),
            (&format!("{ACH}&redirect[return_url]=https://a.example"), Some("redirect")),
            (&format!("{ACH}&customer=cus_1"), Some("customer")),
            (&format!("{ACH}&original_source=src_1"), Some("original_source")),
            (&format!("{ACH}&amount=0"), Some("amount")),
            (&format!("{ACH}&owner[email]=nobody"), Some("owner[email]")),
            (
                &format!("{ACH}&receiver[refund_attributes_method]=post"),
                Some("receiver[refund_attributes_method]"),
            ),
        ];
        for (form, want) in cases {
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|error| error.param).as_deref(), want, "{form}");
        }
    }
}
