//! Who pays with a payment method.

use books::payment_intent;

use super::customers::Address;
use super::params::{Email, Patch, Text, Trimmed, params};

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
