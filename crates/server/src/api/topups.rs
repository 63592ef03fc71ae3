//! Top-ups: the merchant puts money into the balance, out of a bank account.
//!
//! They are simulated, so there are none in live mode: nothing here can debit a bank.

use books::command::{TopupCommand, TopupDraft};
use books::payout::PayoutFailure;
use books::{Command, Kind};
use store::DocumentFilter;

use super::error::ApiError;
use super::execute::Asked;
use super::form::Node;
use super::json::Json;
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, Either, MetadataPatch, NoParams, Page, Param, ParamError, Patch,
    Path, Positive, Schema, Str, Text, choice, params,
};
use super::payouts::{currency, metadata_patch, new_metadata};

choice! {
    /// How far a top-up is.
    pub enum Status {
        /// It was given up.
        Canceled = "canceled",
        /// The bank did not pay.
        Failed = "failed",
        /// The bank is asked.
        Pending = "pending",
        /// The money is in the balance.
        Succeeded = "succeeded",
    }
}

params! {
    /// A top-up to make.
    pub struct Create {
        /// How much, in the smallest unit of the currency.
        pub amount: Positive,
        /// The currency of the balance that it goes to.
        pub currency: CurrencyCode,
        /// Anything to remember about the top-up.
        pub description: Option<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// A bank account for tests by its name, such as `btok_us_verified`. If left out, the
        /// default external account of the currency decides whether the top-up succeeds; without
        /// one it does.
        pub source: Option<Text>,
        /// What the bank statement is to say, up to 15 characters.
        pub statement_descriptor: Option<Str<15>>,
        /// A name that payments which belong together share.
        pub transfer_group: Option<Text>,
    }
    refuses { "payment_method", "payment_method_options" }
}

params! {
    /// What changes about a top-up.
    pub struct Update {
        /// Anything to remember about the top-up.
        pub description: Patch<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses {}
}

params! {
    /// Which top-ups to list.
    pub struct List {
        /// Only those of this amount, or of amounts between two.
        pub amount: Option<AmountRange>,
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those that are this far.
        pub status: Option<Status>,
        ..page: Page,
    }
    refuses {}
}

params! {
    /// The long form of an [`AmountRange`].
    pub struct AmountBounds {
        /// More than this.
        pub gt: Option<i64>,
        /// This or more.
        pub gte: Option<i64>,
        /// Less than this.
        pub lt: Option<i64>,
        /// This or less.
        pub lte: Option<i64>,
    }
    refuses {}
}

/// Amounts from one to another, both included: `amount=1` or `amount[gte]=1&amount[lt]=9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountRange {
    from: i64,
    to: i64,
}

impl Param for AmountRange {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        Ok(match Either::<i64, AmountBounds>::read(node, at)? {
            Either::Scalar(amount) => AmountRange { from: amount, to: amount },
            Either::Hash(AmountBounds { gt, gte, lt, lte }) => AmountRange {
                from: gt.map_or(i64::MIN, |amount| amount + 1).max(gte.unwrap_or(i64::MIN)),
                to: lt.map_or(i64::MAX, |amount| amount - 1).min(lte.unwrap_or(i64::MAX)),
            },
        })
    }

    fn unknown(node: &Node, at: &Path) -> Result<(), ParamError> {
        AmountBounds::unknown(node, at)
    }

    fn schema() -> Schema {
        Either::<i64, AmountBounds>::schema()
    }
}

/// Bank accounts for tests, and what becomes of a top-up out of each. Source: Stripe's page
/// "Testing Connect", on adding funds.
const TEST_BANKS: [(&str, Option<PayoutFailure>); 6] = [
    ("btok_us_verified", None),
    ("btok_us_verified_noAccount", Some(PayoutFailure::NoAccount)),
    ("btok_us_verified_accountClosed", Some(PayoutFailure::AccountClosed)),
    ("btok_us_verified_insufficientFunds", Some(PayoutFailure::InsufficientFunds)),
    ("btok_us_verified_debitNotAuthorized", Some(PayoutFailure::DebitNotAuthorized)),
    ("btok_us_verified_invalidCurrency", Some(PayoutFailure::InvalidCurrency)),
];

/// Has money come out of a bank account.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    if asked.wire.livemode {
        return Err(ApiError::invalid(
            400,
            "There are no top-ups in live mode: this server has no bank that it can debit. Money \
             comes into the balance by payments.",
        ));
    }
    let named = params.source.as_deref().map(|name| {
        let known = TEST_BANKS.iter().find(|(known, _)| *known == name);
        known.map(|(_, fails)| *fails).ok_or_else(|| ApiError::missing("source", name, "source"))
    });
    Ok(Command::Topup(TopupCommand::Create(Box::new(TopupDraft {
        amount: params.amount.0,
        currency: currency(params.currency),
        named: named.transpose()?,
        description: params.description.map(Into::into),
        statement_descriptor: params.statement_descriptor.map(Into::into),
        transfer_group: params.transfer_group.map(Into::into),
        metadata: new_metadata(params.metadata),
    }))))
}

/// Changes what is kept with a top-up.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let topup = asked.row(Kind::Topup, "topup")?.number;
    let metadata = metadata_patch(params.metadata);
    let description = match params.description {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(text) => Some(Some(text.into())),
    };
    Ok(Command::Topup(TopupCommand::Update { topup, description, metadata }))
}

/// Gives up a top-up that is not there yet.
pub fn cancel(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let topup = asked.row(Kind::Topup, "topup")?.number;
    Ok(Command::Topup(TopupCommand::Cancel { topup }))
}

/// Shows a top-up.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let topup = ask.document(Kind::Topup, "topup")?;
    Ok(ask.wire.document(&topup))
}

/// Lists top-ups.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    filter.fields.extend(params.status.map(|status| ("status", status.as_str().to_owned())));
    filter.ranges.extend(params.amount.map(|span| ("amount", span.from, span.to)));
    ask.documents(Kind::Topup, &filter, params.created, &params.page)
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    #[test]
    fn bad_topups_are_refused_by_the_name_of_what_is_wrong() {
        let cases = [
            ("amount=250&currency=usd", None),
            ("amount=250&currency=usd&statement_descriptor=123456789012345", None),
            (
                "amount=250&currency=usd&statement_descriptor=1234567890123456",
                Some("statement_descriptor"),
            ),
            ("amount=0&currency=usd", Some("amount")),
            ("currency=usd", Some("amount")),
            ("amount=1", Some("currency")),
            ("amount=1&currency=usd&payment_method=pm_1", Some("payment_method")),
        ];
        for (form, want) in cases {
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.err().and_then(|error| error.param).as_deref(), want, "{form}");
        }
    }

    #[test]
    fn amounts_are_one_or_a_span() {
        let cases = [
            ("amount=5", Some((5, 5))),
            ("amount[gt]=5&amount[lt]=9", Some((6, 8))),
            ("amount[gte]=5&amount[lte]=9", Some((5, 9))),
            ("amount[gte]=5", Some((5, i64::MAX))),
            ("amount[over]=5", None),
        ];
        for (form, want) in cases {
            let read = read_all::<List>(&parse_form(form.as_bytes()).unwrap());
            let span = read.ok().and_then(|list| list.amount).map(|span| (span.from, span.to));
            assert_eq!(span, want, "{form}");
        }
    }
}
