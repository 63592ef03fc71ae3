//! What happens to a payment by card after it was confirmed: it is captured, or its holder
//! authenticates.

use books::Command;
use books::command::{Capture as Taken, IntentCommand, IntentEdit};

use super::intent;
use super::profile::Edits;
use crate::api::error::ApiError;
use crate::api::execute::Asked;
use crate::api::params::{MetadataPatch, ParamError, Path, Positive, Str, Text, choice, params};
use crate::api::payouts::metadata_patch;
use crate::api::routes::Task;

choice! {
    /// What came of asking the holder of a card.
    pub enum Authenticated {
        /// It was not the holder, or the holder did not want to.
        Failed = "failed",
        /// It was the holder.
        Succeeded = "succeeded",
    }
}

params! {
    /// What of an authorized payment is taken.
    pub struct Capture {
        /// How much, in the smallest unit of the currency; all of it if left out. The rest is let
        /// go.
        pub amount_to_capture: Option<Positive>,
        /// Always true: what is not taken is let go.
        pub final_capture: Option<bool>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// What the customer's bank statement is to say, up to 22 characters.
        pub statement_descriptor: Option<Str<22>>,
        /// What is added to the statement, up to 22 characters.
        pub statement_descriptor_suffix: Option<Str<22>>,
    }
    refuses {
        "amount_details", "application_fee_amount", "hooks", "payment_details", "transfer_data",
    }
    check Capture::check
}

params! {
    /// More money to set aside for a payment.
    pub struct Increment {
        /// What is to be set aside altogether, in the smallest unit of the currency.
        pub amount: Positive,
        /// Anything to remember about the payment.
        pub description: Option<Text>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
        /// What the customer's bank statement is to say, up to 22 characters.
        pub statement_descriptor: Option<Str<22>>,
    }
    refuses {
        "amount_details", "application_fee_amount", "hooks", "payment_details", "transfer_data",
    }
}

params! {
    /// What came of asking the holder of a card.
    pub struct Authenticate {
        /// What came of it.
        pub outcome: Authenticated,
    }
    refuses {}
}

impl Capture {
    fn check(params: &Capture, _at: &Path) -> Result<(), ParamError> {
        match params.final_capture {
            Some(false) => {
                let problem = "cannot be false: the cards here are captured once";
                Err(ParamError::invalid("final_capture", problem))
            }
            _ => Ok(()),
        }
    }
}

/// Takes what was set aside for a payment intent.
pub fn capture(asked: &Asked<'_>, params: Capture) -> Result<Command, ApiError> {
    let mut edits = Edits::default();
    if params.metadata != MetadataPatch::Keep {
        edits.0.push(IntentEdit::Metadata(metadata_patch(params.metadata)));
    }
    let said = params.statement_descriptor.map(String::from);
    edits.0.extend(said.map(|said| IntentEdit::StatementDescriptor(Some(said))));
    let said = params.statement_descriptor_suffix.map(String::from);
    edits.0.extend(said.map(|said| IntentEdit::StatementDescriptorSuffix(Some(said))));
    let amount = params.amount_to_capture.map(|amount| amount.0);
    let capture = Box::new(Taken { amount, edits: edits.0 });
    Ok(Command::Intent(IntentCommand::Capture { intent: intent(asked)?, capture }))
}

/// Sets more money aside: no card here lets that be done.
pub fn increment(asked: &Asked<'_>, _: Increment) -> Result<Task, ApiError> {
    intent(asked)?;
    let message = "The amount of an authorization cannot grow: no card here offers that \
                   (payment_method_details[card][incremental_authorization] of the charge says \
                   unavailable). Cancel the payment and make another.";
    Err(ApiError::invalid(400, message))
}

/// Tells, in the place of the holder of a test card, whether the authentication went well.
pub fn authenticate(asked: &Asked<'_>, params: Authenticate) -> Result<Command, ApiError> {
    asked.takes_test_cards()?;
    let succeeded = params.outcome == Authenticated::Succeeded;
    Ok(Command::Intent(IntentCommand::Authenticate { intent: intent(asked)?, succeeded }))
}
