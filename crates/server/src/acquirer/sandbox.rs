//! The network of test cards: it knows no others, and moves no money.

use books::Currency;
use books::card::{
    Acquirer, Approved, Authorization, Authorized, Card, Check, Checks, Decline, Risk, SentBack,
};
use sha2::{Digest, Sha256};

use super::test_cards::{self, Checked, Does, TestCard};

/// When test cards expire that nobody typed: month and year.
const EXPIRES: (u8, u16) = (12, 2034);

/// Takes test cards.
pub struct Sandbox {
    /// What fingerprints and authorization codes are made with.
    pub secret: [u8; 16],
}

impl Sandbox {
    /// What is known of a test card.
    pub fn card(&self, of: &TestCard) -> Card {
        Card {
            brand: of.brand,
            country: of.country.to_owned(),
            exp_month: EXPIRES.0,
            exp_year: EXPIRES.1,
            fingerprint: self.derive(&[b"fingerprint", of.number.as_bytes()], 16),
            funding: of.funding,
            last4: of.number[of.number.len() - 4..].to_owned(),
            reference: of.names[0].to_owned(),
            name: None,
            address: None,
            // As if its holder had typed the security code.
            checks: Checks { cvc: Some(Check::Unchecked), ..Checks::default() },
        }
    }

    /// So many base 62 characters that follow from the secret and these.
    fn derive(&self, parts: &[&[u8]], chars: usize) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        for part in parts {
            hash.update((part.len() as u32).to_be_bytes());
            hash.update(part);
        }
        books::id::random_text(&hash.finalize(), chars)
    }

    fn does(card: &Card) -> Does {
        let unknown = Does::Declines("card_declined", Some("test_mode_live_card"));
        test_cards::referred(&card.reference).map_or(unknown, |card| card.does)
    }

    fn approved(&self, ask: &Authorization<'_>, does: Does) -> Approved {
        let amount = ask.amount.to_be_bytes();
        let code = self.derive(&[b"code", ask.card.reference.as_bytes(), &amount], 6);
        Approved {
            code: code.to_uppercase(),
            risk: if does == Does::LooksRisky { Risk::Elevated } else { Risk::Normal },
            settles_at_once: does == Does::PaysAtOnce,
            is_disputed: does == Does::Disputes,
        }
    }
}

fn decline(code: &str, decline_code: Option<&str>) -> Decline {
    Decline { code: code.to_owned(), decline_code: decline_code.map(str::to_owned) }
}

impl Acquirer for Sandbox {
    fn verify(&self, card: &Card) -> Result<Checks, Decline> {
        let does = Sandbox::does(card);
        if let Does::Declines(code, decline_code) = does {
            return Err(decline(code, decline_code));
        }
        let result = |of: &[Checked]| match does {
            Does::FailsCheck(failed) if of.contains(&failed) => Check::Fail,
            _ => Check::Pass,
        };
        let of_address = |of: &[Checked]| match does {
            Does::ChecksNoAddress => Check::Unavailable,
            _ => result(of),
        };
        let address = card.address.as_ref();
        let line1 = address.and_then(|address| address.line1.as_ref());
        let postal_code = address.and_then(|address| address.postal_code.as_ref());
        Ok(Checks {
            cvc: card.checks.cvc.map(|_| result(&[Checked::Cvc])),
            line1: line1.map(|_| of_address(&[Checked::Line1, Checked::Address])),
            postal_code: postal_code.map(|_| of_address(&[Checked::PostalCode, Checked::Address])),
        })
    }

    fn authorize(&self, ask: &Authorization<'_>) -> Authorized {
        let does = Sandbox::does(ask.card);
        let declined =
            |(code, decline_code)| Authorized::Declined(decline(code, decline_code), Risk::Normal);
        match does {
            Does::Declines(code, reason) | Does::DeclinesLater(code, reason) => {
                declined((code, reason))
            }
            Does::IsBlocked => {
                Authorized::Declined(decline("card_declined", Some("fraudulent")), Risk::Highest)
            }
            Does::Asks { unless_set_up, then } => {
                let passes = ask.is_authenticated || (unless_set_up && ask.is_set_up);
                match (passes, then) {
                    (true, Some(reason)) => declined(reason),
                    (true, None) => Authorized::Approved(self.approved(ask, does)),
                    (false, _) if ask.holder_is_there => Authorized::NeedsHolder,
                    (false, _) => {
                        declined(("authentication_required", Some("authentication_required")))
                    }
                }
            }
            Does::AsksWhoIsThere if ask.holder_is_there && !ask.is_authenticated => {
                Authorized::NeedsHolder
            }
            _ => Authorized::Approved(self.approved(ask, does)),
        }
    }

    fn capture(&self, _: &Card, _: i64, _: Currency) -> Result<(), Decline> {
        Ok(())
    }

    fn void(&self, _: &Card, _: i64, _: Currency) {}

    fn refund(&self, card: &Card, _: i64, _: Currency) -> SentBack {
        match Sandbox::does(card) {
            Does::RefundsLater => SentBack::Later,
            Does::RefundsBounce => SentBack::Bounces,
            _ => SentBack::Arrived,
        }
    }
}
