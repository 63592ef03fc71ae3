//! Payouts: sending the merchant's available balance to the merchant's bank.

use std::collections::BTreeMap;

use books::command::{PayoutCommand, PayoutDraft};
use books::payout::PayoutMethod;
use books::{Command, Currency, Kind};
use store::DocumentFilter;

use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, MetadataPatch, NoParams, Page, ParamError, Path, Positive, Str,
    Text, choice, params,
};

choice! {
    /// How fast a payout is.
    pub enum Method {
        /// At once.
        Instant = "instant",
        /// In a business day or more.
        Standard = "standard",
    }
}

choice! {
    /// The part of the balance that a payout comes from.
    pub enum SourceType {
        /// Money of transfers to sources.
        BankAccount = "bank_account",
        /// Money of all other payments: by card, and out of cash balances.
        Card = "card",
        /// Money of FPX payments, of which there is none.
        Fpx = "fpx",
    }
}

choice! {
    /// How far a payout is.
    pub enum Status {
        /// It was given up.
        Canceled = "canceled",
        /// The bank sent it back.
        Failed = "failed",
        /// The bank has it.
        InTransit = "in_transit",
        /// It arrived.
        Paid = "paid",
        /// It waits to be handed to the bank.
        Pending = "pending",
    }
}

params! {
    /// A payout to make.
    pub struct Create {
        /// How much, in the smallest unit of the currency. Forints and Taiwan dollars go out
        /// whole: multiples of 100.
        pub amount: Positive,
        /// The currency of the balance that it comes from.
        pub currency: CurrencyCode,
        /// Anything to remember about the payout.
        pub description: Option<Text>,
        /// The bank account to send it to; the default one for the currency, if left out.
        pub destination: Option<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// How fast it is to be: `standard`, unless it says `instant`. An instant payout takes bank
        /// accounts whose `available_payout_methods` have it, and money of the `card` balance up to
        /// `instant_available`; what of that is pending makes the available balance less than zero
        /// until it is settled.
        pub method: Option<Method>,
        /// The part of the balance to take it from: `card`, unless it says another.
        pub source_type: Option<SourceType>,
        /// What the bank statement is to say, up to 22 characters.
        pub statement_descriptor: Option<Str<22>>,
    }
    refuses { "payout_method" }
    check Create::check
}

params! {
    /// What changes about a payout.
    pub struct Update {
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses {}
}

params! {
    /// What comes with the reversal of a payout.
    pub struct Reverse {
        /// Up to 50 names with values of your own, for the payout that takes the first one back.
        pub metadata: MetadataPatch,
    }
    refuses {}
}

params! {
    /// Which payouts to list.
    pub struct List {
        /// Only those that are expected at the bank in this span of time.
        pub arrival_date: Option<CreatedRange>,
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those to this bank account.
        pub destination: Option<Text>,
        /// Only those that are this far.
        pub status: Option<Status>,
        ..page: Page,
    }
    refuses {}
}

/// Currencies of which banks move whole units only, though they are counted in hundredths.
const WHOLE_UNITS: [&str; 2] = ["huf", "twd"];

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        let currency = params.currency.as_str();
        if WHOLE_UNITS.contains(&currency) && params.amount.0 % 100 != 0 {
            let problem = format!("must be a multiple of 100 for a payout in {currency}");
            return Err(ParamError::invalid("amount", problem));
        }
        Ok(())
    }
}

/// Sends money to the merchant's bank.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let source_type = match params.source_type.unwrap_or(SourceType::Card) {
        SourceType::Card => books::balance::SourceType::Card,
        SourceType::BankAccount => books::balance::SourceType::BankAccount,
        SourceType::Fpx => {
            let message = "The fpx balance is empty: Purser takes no payments by FPX.";
            return Err(ApiError::invalid(400, message).coded("balance_insufficient"));
        }
    };
    let destination = match &params.destination {
        Some(id) => Some(asked.named(Kind::BankAccount, id, "destination")?.number),
        None => None,
    };
    Ok(Command::Payout(PayoutCommand::Create(Box::new(PayoutDraft {
        amount: params.amount.0,
        currency: currency(params.currency),
        destination,
        method: match params.method.unwrap_or(Method::Standard) {
            Method::Instant => PayoutMethod::Instant,
            Method::Standard => PayoutMethod::Standard,
        },
        source_type,
        description: params.description.map(Into::into),
        statement_descriptor: params.statement_descriptor.map(Into::into),
        metadata: new_metadata(params.metadata),
    }))))
}

/// Changes what the merchant keeps with a payout.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let payout = asked.row(Kind::Payout, "payout")?.number;
    let metadata = metadata_patch(params.metadata);
    Ok(Command::Payout(PayoutCommand::Update { payout, metadata }))
}

/// Gives up a payout that has not left.
pub fn cancel(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let payout = asked.row(Kind::Payout, "payout")?.number;
    Ok(Command::Payout(PayoutCommand::Cancel { payout }))
}

/// Takes back a payout that was paid.
pub fn reverse(asked: &Asked<'_>, params: Reverse) -> Result<Command, ApiError> {
    let payout = asked.row(Kind::Payout, "payout")?.number;
    let metadata = new_metadata(params.metadata);
    Ok(Command::Payout(PayoutCommand::Reverse { payout, metadata }))
}

/// Shows a payout.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let payout = ask.document(Kind::Payout, "payout")?;
    Ok(ask.wire.document(&payout))
}

/// Lists payouts.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(id) = &params.destination {
        filter.parent = Some(ask.wire.named(Kind::BankAccount, id, "destination")?.number);
    }
    filter.fields.extend(params.status.map(|status| ("status", status.as_str().to_owned())));
    let arrival = params.arrival_date.map(|span| ("arrival_date", span.from, span.to));
    filter.ranges.extend(arrival);
    ask.documents(Kind::Payout, &filter, params.created, &params.page)
}

/// The currency that a parameter names.
pub(super) fn currency(code: CurrencyCode) -> Currency {
    Currency::parse(code.as_str()).expect("a currency has three letters")
}

/// The metadata of an object that is new.
pub(super) fn new_metadata(patch: MetadataPatch) -> BTreeMap<String, String> {
    match patch {
        MetadataPatch::Keep | MetadataPatch::Clear => BTreeMap::new(),
        MetadataPatch::Change(changes) => {
            changes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
        }
    }
}

/// What changes about the metadata of an object.
pub(super) fn metadata_patch(patch: MetadataPatch) -> books::command::MetadataPatch {
    match patch {
        MetadataPatch::Keep => Some(BTreeMap::new()),
        MetadataPatch::Clear => None,
        MetadataPatch::Change(changes) => Some(changes.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    #[test]
    fn payouts_that_banks_cannot_make_are_refused() {
        let cases = [
            ("amount=250&currency=usd", None),
            ("amount=300&currency=huf&method=standard&source_type=card", None),
            ("amount=250&currency=HUF", Some("amount")),
            ("amount=101&currency=twd", Some("amount")),
            ("amount=0&currency=usd", Some("amount")),
            ("amount=1&currency=usd&method=instant", None),
            ("amount=1&currency=usd&method=soon", Some("method")),
            ("amount=1&currency=usd&payout_method=x", Some("payout_method")),
            ("amount=1&currency=usd&statement_descriptor=1234567890123456789012", None),
            (
                "amount=1&currency=usd&statement_descriptor=12345678901234567890123",
                Some("statement_descriptor"),
            ),
        ];
        for (form, want) in cases {
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|error| error.param).as_deref(), want, "{form}");
        }
    }
}
