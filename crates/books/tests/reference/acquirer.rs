//! Whoever takes cards here: a card says with its reference what it does.

use books::Currency;
use books::card::{
    Acquirer, Approved, Authorization, Authorized, Brand, Card, Checks, Decline, Funding, Risk,
    SentBack,
};

use crate::ops::Plastic;

/// Knows the cards of [`card`].
pub struct Network;

/// What is known of a card.
pub fn card(plastic: Plastic) -> Card {
    Card {
        brand: Brand::Visa,
        country: "US".into(),
        exp_month: 12,
        exp_year: 2034,
        fingerprint: "f".into(),
        funding: Funding::Credit,
        last4: "4242".into(),
        reference: format!("{plastic:?}"),
        name: None,
        address: None,
        checks: Checks::default(),
    }
}

fn is(card: &Card, plastic: Plastic) -> bool {
    card.reference == format!("{plastic:?}")
}

fn declined() -> Decline {
    Decline { code: "card_declined".into(), decline_code: None }
}

impl Acquirer for Network {
    fn verify(&self, card: &Card) -> Result<Checks, Decline> {
        if is(card, Plastic::Declines) { Err(declined()) } else { Ok(Checks::default()) }
    }

    fn authorize(&self, ask: &Authorization<'_>) -> Authorized {
        let asks = is(ask.card, Plastic::Asks) || is(ask.card, Plastic::AsksInVain);
        if asks && !ask.is_authenticated && ask.holder_is_there {
            return Authorized::NeedsHolder;
        }
        if is(ask.card, Plastic::Declines)
            || is(ask.card, Plastic::DeclinesLater)
            || is(ask.card, Plastic::AsksInVain)
            || (asks && !ask.is_authenticated)
        {
            return Authorized::Declined(declined(), Risk::Normal);
        }
        Authorized::Approved(Approved {
            settles_at_once: is(ask.card, Plastic::PaysAtOnce),
            is_disputed: is(ask.card, Plastic::Disputes),
            ..Approved::default()
        })
    }

    fn capture(&self, _: &Card, _: i64, _: Currency) -> Result<(), Decline> {
        Ok(())
    }

    fn void(&self, _: &Card, _: i64, _: Currency) {}

    fn refund(&self, card: &Card, _: i64, _: Currency) -> SentBack {
        if is(card, Plastic::RefundsLater) {
            SentBack::Later
        } else if is(card, Plastic::RefundsBounce) {
            SentBack::Bounces
        } else {
            SentBack::Arrived
        }
    }
}
