//! Cards for tests, and who takes them: what a card does is its reference.

use std::sync::Arc;

use books::card::{
    Acquirer, Approved, Authorization, Authorized, Brand, Card, Checks, Decline, Funding, Risk,
    SentBack,
};
use books::charge::ChargeProfile;
use books::command::{
    CardGiven, ChargeCommand, ChargeDraft, Payer, RefundCommand, RefundOf, RefundTerms,
};
use books::{Command, Currency, RowKey};

use super::Ask;
use super::asks::currency;

/// Takes cards by what their reference says: `declined`, `asks` (for its holder), `at_once`,
/// `disputed`, `later`, `bounces`; any other one pays.
struct Takes;

/// Whoever takes the cards of tests.
pub fn acquirer() -> Option<Arc<dyn Acquirer>> {
    Some(Arc::new(Takes))
}

impl Acquirer for Takes {
    fn verify(&self, _: &Card) -> Result<Checks, Decline> {
        Ok(Checks::default())
    }

    fn authorize(&self, ask: &Authorization<'_>) -> Authorized {
        let does = ask.card.reference.as_str();
        if does == "declined" {
            let decline = Decline { code: "card_declined".to_owned(), decline_code: None };
            return Authorized::Declined(decline, Risk::Normal);
        }
        if does == "asks" && ask.holder_is_there && !ask.is_authenticated {
            return Authorized::NeedsHolder;
        }
        Authorized::Approved(Approved {
            settles_at_once: does == "at_once",
            is_disputed: does == "disputed",
            ..Approved::default()
        })
    }

    fn capture(&self, _: &Card, _: i64, _: Currency) -> Result<(), Decline> {
        Ok(())
    }

    fn void(&self, _: &Card, _: i64, _: Currency) {}

    fn refund(&self, card: &Card, _: i64, _: Currency) -> SentBack {
        match card.reference.as_str() {
            "later" => SentBack::Later,
            "bounces" => SentBack::Bounces,
            _ => SentBack::Arrived,
        }
    }
}

/// A card that does something.
pub fn card(does: &str) -> Card {
    Card {
        brand: Brand::Visa,
        country: "US".to_owned(),
        exp_month: 12,
        exp_year: 2034,
        fingerprint: "f".to_owned(),
        funding: Funding::Credit,
        last4: "4242".to_owned(),
        reference: does.to_owned(),
        name: None,
        address: None,
        checks: Checks::default(),
    }
}

/// Charges a card that nobody keeps.
pub fn charge(does: &str, amount: i64, code: &str) -> Ask {
    charge_as(Payer::Given(CardGiven::Fresh(Box::new(card(does)))), amount, code, true)
}

/// Sets money aside on a card that nobody keeps.
pub fn set_aside(does: &str, amount: i64, code: &str) -> Ask {
    charge_as(Payer::Given(CardGiven::Fresh(Box::new(card(does)))), amount, code, false)
}

pub fn charge_as(payer: Payer, amount: i64, code: &str, capture: bool) -> Ask {
    let draft = Box::new(ChargeDraft {
        amount,
        currency: currency(code),
        capture,
        profile: ChargeProfile::default(),
    });
    Command::Charge(ChargeCommand::Create { payer, draft }).into()
}

pub fn capture(charge: RowKey, amount: i64) -> Ask {
    let amount = Some(amount);
    Command::Charge(ChargeCommand::Capture { charge, amount, edits: Vec::new() }).into()
}

pub fn refund_charge(charge: RowKey, amount: Option<i64>) -> Ask {
    let (of, terms) = (RefundOf::Charge(charge), RefundTerms::default());
    Command::Refund(RefundCommand::OfPayment { of, amount, terms }).into()
}
