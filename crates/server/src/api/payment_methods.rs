//! Payment methods. There is one type, `customer_balance`: it is made on the way by the payment
//! that it pays, pays nothing else, and can be looked at. What payments ask about it is here too.

use books::payment_intent::{self, MethodType};
use books::{Document, Kind};
use store::DocumentFilter;

use super::customers::Address;
use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{Email, NoParams, Page, Patch, Text, Trimmed, params};

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

params! {
    /// Which payment methods of a customer to list.
    pub struct List {
        /// Only those of this type. All are of the type `customer_balance`.
        pub r#type: Option<Text>,
        ..page: Page,
    }
    refuses { "allow_redisplay" }
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

/// Shows a payment method.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let method = ask.document(Kind::PaymentMethod, "payment_method")?;
    Ok(ask.wire.document(&method))
}

/// Lists the payment methods of a customer.
pub fn list_of_customer(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let filter = DocumentFilter { customer: Some(customer), ..DocumentFilter::default() };
    if params.r#type.is_some_and(|wanted| *wanted != *MethodType::CustomerBalance.as_str()) {
        let none = store::Page { rows: Vec::<Document>::new(), has_more: false };
        return Ok(ask.page(none, |method| ask.wire.document(&method)));
    }
    ask.documents(Kind::PaymentMethod, &filter, None, &params.page)
}

/// Shows a payment method of a customer.
pub fn retrieve_of_customer(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let method = ask.document(Kind::PaymentMethod, "payment_method")?;
    if method.key().customer != customer {
        let id = ask.id("payment_method");
        return Err(ApiError::missing("payment_method", id, "payment_method"));
    }
    Ok(ask.wire.document(&method))
}
