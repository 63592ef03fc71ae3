//! Tokens, the cards that customers have, and which card or source a payment names.

use std::collections::BTreeMap;

use super::book::Book;
use crate::card::Card;
use crate::charge::Instrument;
use crate::decision::{Context, Decision, Refusal, View};
use crate::document::Document;
use crate::id::{Kind, Number, RowKey};
use crate::payment_intent::InstrumentKey;
use crate::source::Token;

/// What can be asked about tokens, and the cards that customers have.
#[derive(Clone, Debug, PartialEq)]
pub enum CardCommand {
    /// Make a token of a card.
    MakeToken {
        /// What is known of the card.
        card: Box<Card>,
    },
}

/// A card that a request brings along.
#[derive(Clone, Debug, PartialEq)]
pub enum CardGiven {
    /// One that was not kept before, such as a test card by its name.
    Fresh(Box<Card>),
    /// A token (`tok_`), which is used up.
    Token(RowKey),
}

impl CardCommand {
    pub(super) fn customer(&self) -> Option<Number> {
        match self {
            CardCommand::MakeToken { .. } => None,
        }
    }
}

pub(super) fn decide(
    command: &CardCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        CardCommand::MakeToken { card } => make_token(card, view, ctx),
    }
}

fn make_token(card: &Card, view: &dyn View, ctx: &mut Context<'_>) -> Result<Decision, Refusal> {
    let mut book = Book::open_any(Number(0), view, ctx)?;
    let token = Token {
        key: book.new_key(),
        card_number: book.ctx.number(),
        card: card.clone(),
        metadata: BTreeMap::new(),
        used: false,
    };
    book.put(token.clone());
    Ok(book.close(Document::from(token)))
}

impl Book<'_, '_> {
    /// The card that a request brings along, and the number that it has as a `card_`. A token is
    /// used up by it.
    pub(super) fn spend(
        &mut self,
        given: &CardGiven,
        param: &'static str,
    ) -> Result<(Number, Card), Refusal> {
        let key = match given {
            CardGiven::Fresh(card) => return Ok((self.ctx.number(), (**card).clone())),
            CardGiven::Token(key) => *key,
        };
        let Some(Document::Token(mut token)) = self.view.document(Kind::Token, key) else {
            return Err(Refusal::Missing { kind: Kind::Token, key, param });
        };
        if token.used {
            return Err(Refusal::TokenUsed { token: key, param });
        }
        token.used = true;
        let (number, card) = (token.card_number, token.card.clone());
        self.put(token);
        Ok((number, card))
    }
}

/// What a payment of a customer, or of nobody, names to be charged: a card or a source that the
/// customer has, or a payment method that is nobody else's.
pub(super) fn instrument(
    view: &dyn View,
    named: InstrumentKey,
    customer: Option<Number>,
    param: &'static str,
) -> Result<Instrument, Refusal> {
    let (kind, key) = named.named();
    let missing = Refusal::Missing { kind, key, param };
    match view.document(kind, key) {
        Some(Document::Card(kept)) if !kept.deleted => match customer {
            Some(customer) if customer == key.customer => {
                Ok(Instrument::Card { key, card: kept.card })
            }
            _ => Err(Refusal::NotTheCustomers { kind, key, param }),
        },
        Some(Document::PaymentMethod(method)) => match (method.card, method.customer) {
            (None, _) => Err(missing),
            (Some(_), Some(owner)) if customer != Some(owner) => {
                Err(Refusal::NotTheCustomers { kind, key, param })
            }
            (Some(_), None) if method.is_spent => Err(Refusal::MethodSpent { method: key, param }),
            (Some(card), _) => Ok(Instrument::Method { key, card }),
        },
        Some(Document::Source(source)) => match source.customer {
            Some(owner) if customer != Some(owner) => {
                Err(Refusal::NotTheCustomers { kind, key, param })
            }
            _ => Ok(Instrument::Source(source)),
        },
        _ => Err(missing),
    }
}
