//! Tokens: card data that can be used once, in place of the number of the card.

use books::command::CardCommand;
use books::{Command, Kind};

use super::cards::TokenCard;
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{Either, NoParams, ParamError, Path, Text, params};

params! {
    /// A new token.
    pub struct Create {
        /// The card that the token stands for.
        pub card: Either<Text, TokenCard>,
    }
    refuses { "account", "bank_account", "customer", "cvc_update", "person", "pii" }
    check Create::check
}

impl Create {
    fn check(params: &Create, at: &Path) -> Result<(), ParamError> {
        match params.card {
            Either::Hash(_) => Ok(()),
            Either::Scalar(_) => Err(ParamError::invalid(
                at.key("card"),
                "must be a hash with the number of a card: tokens of cards that customers have \
                 are made for connected accounts, and there are none",
            )),
        }
    }
}

/// Makes a token of a card.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    let Either::Hash(typed) = params.card else {
        unreachable!("a name was refused when the parameters were read");
    };
    let card = Box::new(typed.card(asked)?);
    Ok(Command::Card(CardCommand::MakeToken { card }))
}

/// Shows a token.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    Ok(ask.wire.document(&ask.document(Kind::Token, "token")?))
}
