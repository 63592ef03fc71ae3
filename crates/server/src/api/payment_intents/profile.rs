//! What describes a payment and has nothing to do with money, and changes as they are collected.

use books::command::{CardEdit, IntentEdit, Presence};
use books::payment_intent::{IntentProfile, IntentShipping};

use super::CaptureMethod;
use super::methods::{FutureUsage, MethodData, MethodOptions, MethodType, OffSession, ReturnUrl};
use crate::api::customers::Address;
use crate::api::error::ApiError;
use crate::api::execute::Asked;
use crate::api::params::{Email, MetadataPatch, Patch, Str, Text, Trimmed, params};
use crate::api::payouts::{metadata_patch, new_metadata};

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
    /// How a card pays when a payment is confirmed.
    pub struct CardTerms {
        /// Whether the payment fails where the holder of the card would have to authenticate.
        pub error_on_requires_action: Option<bool>,
        /// Whether the customer is away, so that nobody can authenticate: only for cards.
        pub off_session: Option<OffSession>,
        /// Where the holder of the card comes back to after authenticating.
        pub return_url: Option<ReturnUrl>,
        /// How the card is to be used again. It becomes the customer's once it paid.
        pub setup_future_usage: Patch<FutureUsage>,
        /// Whether Stripe.js leads the holder to where the card is authenticated.
        pub use_stripe_sdk: Option<bool>,
    }
    refuses {}
}

impl CardTerms {
    /// Where the holder of the card is.
    pub fn presence(&self) -> Presence {
        Presence {
            off_session: self.off_session.is_some_and(|away| away.0),
            cannot_act: self.error_on_requires_action.unwrap_or(false),
        }
    }

    /// What they say of how the card pays.
    pub fn edits(&self) -> Vec<CardEdit> {
        let mut edits = Vec::new();
        edits.extend(self.return_url.clone().map(|url| CardEdit::ReturnUrl(url.0)));
        edits.extend(self.use_stripe_sdk.map(CardEdit::UseStripeSdk));
        edits.extend(future_usage(self.setup_future_usage.clone()));
        edits
    }
}

/// How a card is to be used again.
pub fn future_usage(usage: Patch<FutureUsage>) -> Option<CardEdit> {
    match usage {
        Patch::Keep => None,
        Patch::Clear => Some(CardEdit::SetupFutureUsage(None)),
        Patch::Set(usage) => Some(CardEdit::SetupFutureUsage(Some(usage.as_str().to_owned()))),
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
pub struct Edits(pub Vec<IntentEdit>);

impl Edits {
    /// Sets what was sent, and unsets what was sent empty.
    pub fn patch<T: Into<U>, U>(&mut self, patch: Patch<T>, edit: fn(Option<U>) -> IntentEdit) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.0.push(edit(None)),
            Patch::Set(value) => self.0.push(edit(Some(value.into()))),
        }
    }

    /// Which types of payment methods can be used.
    pub fn types(&mut self, types: Option<Vec<MethodType>>) {
        let named = |types: Vec<MethodType>| types.into_iter().map(MethodType::of_books).collect();
        self.0.extend(types.map(|types| IntentEdit::Methods(named(types))));
    }

    /// When the money is taken.
    pub fn capture(&mut self, how: Option<CaptureMethod>) {
        self.0.extend(how.map(|how| IntentEdit::CaptureMethod(how.as_str().to_owned())));
    }

    /// Options for each type of payment method.
    pub fn options(&mut self, options: Option<MethodOptions>) {
        let Some(options) = options else { return };
        self.cards(options.of_card());
        self.patch(options.transfer(), IntentEdit::Transfer);
    }

    /// The payment method to make.
    pub fn data(&mut self, asked: &Asked<'_>, data: Option<MethodData>) -> Result<(), ApiError> {
        let Some(data) = data else { return Ok(()) };
        self.0.extend(data.cash().map(IntentEdit::Method));
        self.cards(data.card(asked)?);
        Ok(())
    }

    /// How a card pays.
    pub fn cards(&mut self, edits: impl IntoIterator<Item = CardEdit>) {
        self.0.extend(edits.into_iter().map(IntentEdit::Card));
    }

    /// What describes the payment.
    pub fn profile(&mut self, profile: Profile) {
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
