//! Refunds: sending payments and cash back to customers.

use books::command::{RefundCommand, RefundOf, RefundTerms};
use books::id::{Number, RowKey};
use books::payment_intent::PaymentIntent;
use books::refund::{RefundAccount, RefundStatus};
use books::{Command, Document, Kind};
use store::DocumentFilter;

use super::error::{ApiError, refused};
use super::execute::Asked;
use super::funding::check_test_mode;
use super::guard::check_whole;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{
    CreatedRange, CurrencyCode, Email, MetadataPatch, NoParams, Page, ParamError, Path, Positive,
    Text, choice, params,
};
use super::payment_intents;
use super::payouts::{currency, metadata_patch, new_metadata};
use super::refund_accounts::{BankAccount, Checked};
use crate::hosted::links::Purpose;

choice! {
    /// Where the money comes from, if not from a payment.
    pub enum Origin {
        /// The customer's cash balance.
        CustomerBalance = "customer_balance",
    }
}

choice! {
    /// Why money goes back.
    pub enum Reason {
        /// It was paid twice.
        Duplicate = "duplicate",
        /// The payment was a fraud.
        Fraudulent = "fraudulent",
        /// The customer asked for it.
        RequestedByCustomer = "requested_by_customer",
    }
}

params! {
    /// A payment, or cash of a customer, to send back: to the card that paid, or to the customer's
    /// bank.
    pub struct Create {
        /// How much, in the smallest unit of the currency. For a payment: all that is left, if
        /// left out.
        pub amount: Option<Positive>,
        /// The charge to refund.
        pub charge: Option<Text>,
        /// The currency, of cash.
        pub currency: Option<CurrencyCode>,
        /// The customer, of cash.
        pub customer: Option<Text>,
        /// Where the customer is asked for bank details, if the money goes to a bank; the
        /// customer's own address, if left out.
        pub instructions_email: Option<Email>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// `customer_balance` sends cash back rather than a payment. It takes `customer`, `amount`
        /// and `currency`.
        pub origin: Option<Origin>,
        /// The payment intent to refund.
        pub payment_intent: Option<Text>,
        /// Why.
        pub reason: Option<Reason>,
    }
    refuses { "refund_application_fee", "reverse_transfer" }
    check Create::check
}

params! {
    /// A payment to put back into the customer's cash balance.
    pub struct ToCashBalance {
        /// How much, in the smallest unit of the currency; all that is left, if left out.
        pub amount: Option<Positive>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// Why.
        pub reason: Option<Reason>,
    }
    refuses {}
}

params! {
    /// What changes about a refund.
    pub struct Update {
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses {}
}

params! {
    /// What a customer enters who is asked for bank details.
    pub struct BankDetails {
        /// The bank account that the refund is to go to.
        pub bank_account: BankAccount,
    }
    refuses {}
}

params! {
    /// Which refunds to list.
    pub struct List {
        /// Only refunds of this charge.
        pub charge: Option<Text>,
        /// Only refunds made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only refunds of this payment intent.
        pub payment_intent: Option<Text>,
        ..page: Page,
    }
    refuses {}
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        let payments = [
            ("charge", params.charge.is_some()),
            ("payment_intent", params.payment_intent.is_some()),
        ];
        let named = payments.iter().find(|(_, given)| *given);
        match (params.origin, named) {
            (Some(_), Some((name, _))) => {
                let problem = "does not go with `origin`: refund a payment, or send cash back";
                Err(ParamError::coded("parameters_exclusive", name, problem))
            }
            (Some(_), None) => [
                ("customer", params.customer.is_some()),
                ("amount", params.amount.is_some()),
                ("currency", params.currency.is_some()),
            ]
            .iter()
            .find(|(_, given)| !given)
            .map_or(Ok(()), |(name, _)| Err(ParamError::missing(name))),
            (None, None) => Err(ParamError {
                code: Some("parameter_missing"),
                ..ParamError::whole(
                    "A refund is of a payment or of cash: send `payment_intent` or `charge`, or \
                     `origin=customer_balance` with `customer`, `amount` and `currency`.",
                )
            }),
            (None, Some(_)) => check_of_payment(params),
        }
    }

    fn terms(self) -> RefundTerms {
        RefundTerms {
            instructions_email: self.instructions_email.map(Into::into),
            reason: self.reason.map(|reason| reason.as_str().to_owned()),
            metadata: new_metadata(self.metadata),
        }
    }
}

fn check_of_payment(params: &Create) -> Result<(), ParamError> {
    if params.charge.is_some() && params.payment_intent.is_some() {
        let problem = "excludes `payment_intent`: send one of the two";
        return Err(ParamError::coded("parameters_exclusive", "charge", problem));
    }
    let of_cash =
        [("customer", params.customer.is_some()), ("currency", params.currency.is_some())];
    match of_cash.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            let problem = "goes with origin=customer_balance only: a payment has its own";
            Err(ParamError::invalid(name, problem))
        }
        None => Ok(()),
    }
}

/// Sends a payment, or cash, back.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let amount = params.amount.map(|amount| amount.0);
    if let (Some(_), Some(id), Some(amount), Some(code)) =
        (params.origin, &params.customer, amount, params.currency)
    {
        let customer = asked.named(Kind::Customer, id, "customer")?.number;
        let (currency, terms) = (currency(code), params.terms());
        let command = RefundCommand::Return { customer, amount, currency, terms };
        return Ok(Command::Refund(command));
    }
    let of = match (&params.charge, &params.payment_intent) {
        (Some(id), _) => RefundOf::Charge(asked.named(Kind::Charge, id, "charge")?),
        (None, id) => {
            let id = id.as_deref().unwrap_or_default();
            RefundOf::Intent(asked.named(Kind::PaymentIntent, id, "payment_intent")?)
        }
    };
    let terms = params.terms();
    Ok(Command::Refund(RefundCommand::OfPayment { of, amount, terms }))
}

/// Puts a payment back into the customer's cash balance.
pub fn to_cash_balance(asked: &Asked<'_>, params: ToCashBalance) -> Result<Command, ApiError> {
    let of = RefundOf::Intent(asked.row(Kind::PaymentIntent, "intent")?);
    let terms = RefundTerms {
        instructions_email: None,
        reason: params.reason.map(|reason| reason.as_str().to_owned()),
        metadata: new_metadata(params.metadata),
    };
    let amount = params.amount.map(|amount| amount.0);
    Ok(Command::Refund(RefundCommand::ToCashBalance { of, amount, terms }))
}

/// Changes what the merchant keeps with a refund.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let metadata = metadata_patch(params.metadata);
    Ok(Command::Refund(RefundCommand::Update { refund: refund(asked)?, metadata }))
}

/// Gives up a refund for which no bank details are known.
pub fn cancel(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    Ok(Command::Refund(RefundCommand::Cancel { refund: refund(asked)? }))
}

/// Simulates that nobody gave bank details in time.
pub fn expire(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    check_test_mode(asked)?;
    Ok(Command::Refund(RefundCommand::Expire { refund: refund(asked)? }))
}

/// Takes the bank details that a customer gave. In test mode only test accounts are taken, some of
/// which send the money back.
pub fn bank_details(asked: &Asked<'_>, params: BankDetails) -> Result<Command, ApiError> {
    let refund = refund(asked)?;
    let world = asked.wire.world;
    let kept = asked.app.readers.snapshot(|reader| reader.document(world, Kind::Refund, refund))?;
    let Some(Document::Refund(kept)) = kept else {
        let id = asked.ids.get("refund").unwrap_or_default();
        return Err(ApiError::missing("refund", id, "refund"));
    };
    let rail = bank::Rail::for_currency(kept.currency.as_str());
    let none = || refused(books::Refusal::NoTransferIn(kept.currency), None, asked.wire);
    let rail = rail.ok_or_else(none)?;
    let at = Path::top("bank_account");
    let Checked { last4, bounces } = params.bank_account.check(rail, asked.access.livemode, &at)?;
    let account = RefundAccount {
        transfer_type: rail.transfer_type().to_owned(),
        last4,
        reference: asked.wire.ids.transfer_reference(refund.number),
        bounces,
    };
    Ok(Command::Refund(RefundCommand::GiveBankDetails { refund, account }))
}

fn refund(asked: &Asked<'_>) -> Result<RowKey, ApiError> {
    asked.row(Kind::Refund, "refund")
}

/// Shows a refund.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let refund = ask.document(Kind::Refund, "refund")?;
    Ok(ask.wire.document(&refund))
}

/// Shows the link with which a customer says where a refund is to go. It goes into a message to
/// that customer, and to nobody else, so a key that may only read does not get it.
pub fn details_link(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    // Whoever has the link decides where the money goes, past all limits of a key.
    ask.access.allow("refunds", true, "GetPurserRefundsRefundDetailsLink")?;
    check_whole(ask.access)?;
    let document = ask.document(Kind::Refund, "refund")?;
    let waits = match &document {
        Document::Refund(refund) if refund.status == RefundStatus::RequiresAction => {
            refund.details_request.as_ref().map(|request| request.expires_at)
        }
        _ => None,
    };
    let Some(expires_at) = waits else {
        let message = "This refund does not wait for bank details, so there is no link for them.";
        return Err(ApiError::invalid(400, message));
    };
    Ok(object! {
        "object": "purser.refund_details_link",
        "expires_at": expires_at,
        "livemode": ask.wire.livemode,
        "refund": ask.id("refund").to_owned(),
        "url": ask.wire.link(Purpose::RefundDetails, document.key()),
    })
}

/// The row that the refunds of a payment are listed under: the intent, if a cash balance paid it,
/// else the charge.
fn listed_under(intent: &PaymentIntent) -> Number {
    let by_card = intent.card.as_ref().filter(|_| intent.charge.is_none());
    by_card.and_then(|card| card.latest_charge).unwrap_or(intent.key.number)
}

/// Lists refunds.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut parent = None;
    if let Some(id) = &params.payment_intent {
        parent = Some(listed_under(&payment_intents::named(ask, id)?));
    }
    if let Some(id) = &params.charge {
        let of_charge = match ask.named_document(Kind::Charge, id, "charge")? {
            Document::Charge(row) => row.payment_intent,
            Document::CardCharge(charge) => charge.key.number,
            _ => return Err(ApiError::missing("charge", id, "charge")),
        };
        if parent.is_some_and(|parent| parent != of_charge) {
            let message = "The charge is not the one of the payment intent.";
            return Err(ApiError::invalid(400, message).about("charge"));
        }
        parent = Some(of_charge);
    }
    let filter = DocumentFilter { parent, ..DocumentFilter::default() };
    ask.documents(Kind::Refund, &filter, params.created, &params.page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    #[test]
    fn a_refund_is_of_a_payment_or_of_cash() {
        for (form, want) in [
            ("payment_intent=pi_1", ""),
            ("charge=py_1&amount=5&reason=duplicate&instructions_email=a@b.co", ""),
            ("origin=customer_balance&customer=cus_1&amount=5&currency=usd", ""),
            ("", " parameter_missing"),
            ("customer=cus_1&amount=5&currency=usd", " parameter_missing"),
            ("origin=customer_balance&amount=5&currency=usd", "customer parameter_missing"),
            ("origin=customer_balance&customer=cus_1&currency=usd", "amount parameter_missing"),
            ("origin=customer_balance&customer=cus_1&amount=5", "currency parameter_missing"),
            (
                "origin=customer_balance&customer=cus_1&amount=5&currency=usd&charge=py_1",
                "charge parameters_exclusive",
            ),
            ("origin=customer_balance&payment_intent=pi_1", "payment_intent parameters_exclusive"),
            ("origin=card", "origin "),
            ("charge=py_1&payment_intent=pi_1", "charge parameters_exclusive"),
            ("charge=py_1&customer=cus_1", "customer "),
            ("payment_intent=pi_1&currency=usd", "currency "),
            ("payment_intent=pi_1&amount=0", "amount parameter_invalid_integer"),
            ("payment_intent=pi_1&reason=expired", "reason "),
            ("payment_intent=pi_1&instructions_email=a", "instructions_email email_invalid"),
            ("payment_intent=pi_1&reverse_transfer=true", "reverse_transfer "),
        ] {
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            let fault = read.err().map_or_else(String::new, |error| {
                let param = error.param.unwrap_or_default();
                format!("{param} {}", error.code.unwrap_or_default())
            });
            assert_eq!(fault, want, "{form}");
        }
    }
}
