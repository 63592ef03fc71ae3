//! What a parameter names that can be charged: tokens, cards, sources, payment methods, and the
//! names of test cards, each use of which makes a new one (Stripe's page "Testing").

use books::Kind;
use books::command::CardGiven;
use books::payment_intent::InstrumentKey;

use super::error::ApiError;
use super::execute::Asked;
use crate::acquirer::test_cards;

/// What an id or a name leads to.
pub enum Named {
    /// A card that is given with the request: `tok_`.
    Given(CardGiven),
    /// A new payment method of a test card: `pm_card_visa`.
    FreshMethod(Box<books::card::Card>),
    /// Something that is kept: `card_`, `src_`, `pm_`.
    Kept(InstrumentKey),
}

/// Reads what a parameter names.
pub fn named(asked: &Asked<'_>, id: &str, param: &str) -> Result<Named, ApiError> {
    let sandbox = asked.takes_test_cards()?;
    if let Some(card) = id.strip_prefix("tok_").and_then(test_cards::called) {
        return Ok(Named::Given(CardGiven::Fresh(Box::new(sandbox.card(card)))));
    }
    if let Some(card) = id.strip_prefix("pm_card_").and_then(test_cards::called) {
        return Ok(Named::FreshMethod(Box::new(sandbox.card(card))));
    }
    let key = |kind| asked.named(kind, id, param);
    match Kind::of(id) {
        Some(Kind::Token) => Ok(Named::Given(CardGiven::Token(key(Kind::Token)?))),
        Some(Kind::Card) => Ok(Named::Kept(InstrumentKey::Card(key(Kind::Card)?))),
        Some(Kind::Source) => Ok(Named::Kept(InstrumentKey::Source(key(Kind::Source)?))),
        Some(Kind::PaymentMethod) => {
            Ok(Named::Kept(InstrumentKey::Method(key(Kind::PaymentMethod)?)))
        }
        _ => Err(ApiError::missing(param, id, param)),
    }
}
