//! Tokens and sources as the wire shows them.

use books::Kind;
use books::source::{Source, Token};
use books::{Number, RowKey};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// A token.
    pub fn token(&self, token: &Token) -> Json {
        let card = RowKey { customer: Number(0), number: token.card_number };
        object! {
            "id": self.ids.write(Kind::Token, token.key),
            "object": "token",
            "card": self.card(card, &token.card),
            "client_ip": Json::Null,
            "created": token.key.number.created(),
            "livemode": self.livemode,
            "type": "card",
            "used": token.used,
        }
    }

    /// A source.
    pub fn source(&self, source: &Source) -> Json {
        object! { "id": self.ids.write(Kind::Source, source.key), "object": "source" }
    }

    /// The account that a transfer to a source goes to.
    pub(super) fn receiver_details(&self, _source: &Source) -> Json {
        object! {}
    }
}
