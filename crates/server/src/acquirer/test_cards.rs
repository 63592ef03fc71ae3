//! Stripe's test cards: numbers, names and what each one does (Stripe's page "Testing").
//!
//! Their numbers are no secrets. What is kept of one is its first name, as the acquirer's reference.

use books::card::{Brand, Funding};

/// A test card.
#[derive(Debug)]
pub struct TestCard {
    /// Its number.
    pub number: &'static str,
    /// What follows `tok_` and `pm_card_` in names that stand for it. The first is its reference.
    pub names: &'static [&'static str],
    /// The scheme.
    pub brand: Brand,
    /// Whose money it spends.
    pub funding: Funding,
    /// Where it was issued.
    pub country: &'static str,
    /// What it does.
    pub does: Does,
}

/// What a test card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It pays.
    Pays,
    /// It pays, and the money may be paid out at once.
    PaysAtOnce,
    /// It is declined with a code and a decline code, already when it is to be kept.
    Declines(&'static str, Option<&'static str>),
    /// It can be kept, and is declined when it is charged.
    DeclinesLater(&'static str, Option<&'static str>),
    /// Its holder authenticates each payment, and those while away unless agreed to before.
    Asks {
        /// Whether payments that were agreed to before go through without.
        unless_set_up: bool,
        /// What happens then: it pays, or is declined with these codes.
        then: Option<(&'static str, Option<&'static str>)>,
    },
    /// It pays, and its holder disputes it.
    Disputes,
    /// It pays, and what is sent back to it takes its time.
    RefundsLater,
    /// It pays, and what is sent back to it bounces.
    RefundsBounce,
    /// It pays, though a check of what was typed fails.
    FailsCheck(Checked),
    /// It pays, and looks risky.
    LooksRisky,
    /// It looks so risky that it is not let through.
    IsBlocked,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is what its name says")]
pub enum Checked {
    Cvc,
    Line1,
    PostalCode,
    Address,
}

macro_rules! cards {
    ($($number:literal [$($name:literal),+] $brand:ident $funding:ident $country:literal $does:expr;)+) => {
        &[$(TestCard {
            number: $number,
            names: &[$($name),+],
            brand: Brand::$brand,
            funding: Funding::$funding,
            country: $country,
            does: $does,
        }),+]
    };
}

use Does::{
    Asks, Declines, DeclinesLater, Disputes, FailsCheck, IsBlocked, LooksRisky, Pays, PaysAtOnce,
    RefundsBounce, RefundsLater,
};

/// All of them.
#[rustfmt::skip]
pub static ALL: &[TestCard] = cards! {
    "4242424242424242" ["visa", "us"] Visa Credit "US" Pays;
    "4000056655665556" ["visa_debit"] Visa Debit "US" Pays;
    "5555555555554444" ["mastercard"] Mastercard Credit "US" Pays;
    "5200828282828210" ["mastercard_debit"] Mastercard Debit "US" Pays;
    "5105105105105100" ["mastercard_prepaid"] Mastercard Prepaid "US" Pays;
    "378282246310005" ["amex"] Amex Credit "US" Pays;
    "6011111111111117" ["discover"] Discover Credit "US" Pays;
    "3056930009020004" ["diners"] Diners Credit "US" Pays;
    "3566002020360505" ["jcb"] Jcb Credit "JP" Pays;
    "6200000000000005" ["unionpay"] Unionpay Credit "CN" Pays;
    "4000002760000016" ["de"] Visa Credit "DE" Pays;
    "4000008260000000" ["gb"] Visa Credit "GB" Pays;
    "4000002500000003" ["fr"] Visa Credit "FR" Pays;
    "4000000000000077" ["bypassPending"] Visa Credit "US" PaysAtOnce;
    "4000000000000002" ["chargeDeclined", "visa_chargeDeclined"] Visa Credit "US" Declines("card_declined", Some("generic_decline"));
    "4000000000009995" ["chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"] Visa Credit "US" Declines("card_declined", Some("insufficient_funds"));
    "4000000000009987" ["visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"] Visa Credit "US" Declines("card_declined", Some("lost_card"));
    "4000000000009979" ["visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"] Visa Credit "US" Declines("card_declined", Some("stolen_card"));
    "4000000000000069" ["chargeDeclinedExpiredCard"] Visa Credit "US" Declines("expired_card", None);
    "4000000000000127" ["chargeDeclinedIncorrectCvc"] Visa Credit "US" Declines("incorrect_cvc", None);
    "4000000000000119" ["chargeDeclinedProcessingError"] Visa Credit "US" Declines("processing_error", None);
    "4000000000006975" ["visa_chargeDeclinedVelocityLimitExceeded"] Visa Credit "US" Declines("card_declined", Some("card_velocity_exceeded"));
    "4000000000000341" ["chargeCustomerFail"] Visa Credit "US" DeclinesLater("card_declined", Some("generic_decline"));
    "4000000000003220" ["threeDSecure2Required"] Visa Credit "US" Asks { unless_set_up: false, then: None };
    "4000002500003155" ["authenticationRequiredOnSetup"] Visa Credit "US" Asks { unless_set_up: true, then: None };
    "4000002760003184" ["authenticationRequired"] Visa Credit "US" Asks { unless_set_up: false, then: None };
    "4000008260003178" ["authenticationRequiredChargeDeclinedInsufficientFunds"] Visa Credit "US" Asks { unless_set_up: false, then: Some(("card_declined", Some("insufficient_funds"))) };
    "4000008400001629" ["threeDSecureRequiredChargeDeclined"] Visa Credit "US" Asks { unless_set_up: false, then: Some(("card_declined", Some("generic_decline"))) };
    "4000000000000259" ["createDispute"] Visa Credit "US" Disputes;
    "4000000000007726" ["pendingRefund"] Visa Credit "US" RefundsLater;
    "4000000000005126" ["refundFail"] Visa Credit "US" RefundsBounce;
    "4000000000000101" ["cvcCheckFail"] Visa Credit "US" FailsCheck(Checked::Cvc);
    "4000000000000036" ["avsZipFail"] Visa Credit "US" FailsCheck(Checked::PostalCode);
    "4000000000000028" ["avsLine1Fail"] Visa Credit "US" FailsCheck(Checked::Line1);
    "4000000000000010" ["avsFail"] Visa Credit "US" FailsCheck(Checked::Address);
    "4000000000009235" ["riskLevelElevated"] Visa Credit "US" LooksRisky;
    "4100000000000019" ["radarBlock"] Visa Credit "US" IsBlocked;
};

/// The test card with a number.
pub fn with_number(number: &str) -> Option<&'static TestCard> {
    ALL.iter().find(|card| card.number == number)
}

/// The test card with one of these names.
pub fn called(name: &str) -> Option<&'static TestCard> {
    ALL.iter().find(|card| card.names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_names_are_their_own() {
        let mut seen = HashSet::new();
        for card in ALL {
            assert!(seen.insert(card.number), "{}", card.number);
            assert!(card.names.iter().all(|name| seen.insert(name)), "{:?}", card.names);
        }
    }
}
