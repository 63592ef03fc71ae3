//! Stripe's test cards: numbers, names and what each one does (Stripe's page "Testing").
//!
//! Their numbers are no secrets. What is kept of one is its first name, which is the acquirer's
//! reference.

use books::card::{Brand, Funding};

/// A test card.
#[derive(Debug)]
pub struct TestCard {
    /// Its number.
    pub number: &'static str,
    /// What follows `tok_` and `pm_card_` in names that stand for it. The first is its reference;
    /// where that begins with `#`, Stripe gave the card no name, and there is its number only.
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
    /// Its holder authenticates payments while there; those while away go through.
    AsksWhoIsThere,
    /// It pays, and its holder disputes it.
    Disputes,
    /// It pays, and what is sent back to it takes its time.
    RefundsLater,
    /// It pays, and what is sent back to it bounces.
    RefundsBounce,
    /// It pays, though a check of what was typed fails.
    FailsCheck(Checked),
    /// It pays, though its bank checks no addresses.
    ChecksNoAddress,
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
    ($(
        $number:literal [$($name:literal),+]
        $brand:ident $funding:ident $country:literal $does:expr;
    )+) => {
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
    Asks, AsksWhoIsThere, ChecksNoAddress, Declines, DeclinesLater, Disputes, FailsCheck,
    IsBlocked, LooksRisky, Pays, PaysAtOnce, RefundsBounce, RefundsLater,
};

/// All of them.
#[rustfmt::skip]
pub static ALL: &[TestCard] = cards! {
    "4242424242424242" ["visa", "us"] Visa Credit "US" Pays;
    "4000056655665556" ["visa_debit"] Visa Debit "US" Pays;
    "5555555555554444" ["mastercard"] Mastercard Credit "US" Pays;
    "2223003122003222" ["#mastercard-3222"] Mastercard Credit "US" Pays;
    "5200828282828210" ["mastercard_debit"] Mastercard Debit "US" Pays;
    "5105105105105100" ["mastercard_prepaid"] Mastercard Prepaid "US" Pays;
    "378282246310005" ["amex", "amex_threeDSecureNotSupported"] Amex Credit "US" Pays;
    "371449635398431" ["#amex-8431"] Amex Credit "US" Pays;
    "6011111111111117" ["discover"] Discover Credit "US" Pays;
    "6011000990139424" ["#discover-9424"] Discover Credit "US" Pays;
    "6011981111111113" ["#discover-1113"] Discover Debit "US" Pays;
    "3056930009020004" ["diners"] Diners Credit "US" Pays;
    "36227206271667" ["#diners-1667"] Diners Credit "US" Pays;
    "3566002020360505" ["jcb"] Jcb Credit "JP" Pays;
    "3530111333300000" ["#jcb-0000"] Jcb Credit "JP" Pays;
    "6200000000000005" ["unionpay"] Unionpay Credit "CN" Pays;
    "6200000000000047" ["#unionpay-0047"] Unionpay Debit "CN" Pays;
    "6205500000000000004" ["#unionpay-0004"] Unionpay Credit "CN" Pays;
    "4000002500001001" ["visa_cartesBancaires"] Visa Credit "FR" Pays;
    "5555552500001001" ["mastercard_cartesBancaires"] Mastercard Credit "FR" Pays;
    "4000050360000001" ["visa_debit_eftposAuCoBranded"] Visa Debit "AU" Pays;
    "5555050360000080" ["mastercard_debit_eftposAuCoBranded"] Mastercard Debit "AU" Pays;
    "4000000320000021" ["ar"] Visa Credit "AR" Pays;
    "4000000760000002" ["br"] Visa Credit "BR" Pays;
    "4000001240000000" ["ca"] Visa Credit "CA" Pays;
    "4000001520000001" ["cl"] Visa Credit "CL" Pays;
    "4000001700000003" ["co"] Visa Credit "CO" Pays;
    "4000001880000005" ["cr"] Visa Credit "CR" Pays;
    "4000002180000000" ["ec"] Visa Credit "EC" Pays;
    "4000004840008001" ["mx"] Visa Credit "MX" Pays;
    "4000005910000000" ["pa"] Visa Credit "PA" Pays;
    "4000006000000066" ["py"] Visa Credit "PY" Pays;
    "4000006040000068" ["pe"] Visa Credit "PE" Pays;
    "4000008580000003" ["uy"] Visa Credit "UY" Pays;
    "4000007840000001" ["ae"] Visa Credit "AE" Pays;
    "4000000400000008" ["at"] Visa Credit "AT" Pays;
    "4000000560000004" ["be"] Visa Credit "BE" Pays;
    "4000001000000000" ["bg"] Visa Credit "BG" Pays;
    "4000001120000005" ["by"] Visa Credit "BY" Pays;
    "4000001910000009" ["hr"] Visa Credit "HR" Pays;
    "4000001960000008" ["cy"] Visa Credit "CY" Pays;
    "4000002030000002" ["cz"] Visa Credit "CZ" Pays;
    "4000002080000001" ["dk"] Visa Credit "DK" Pays;
    "4000002330000009" ["ee"] Visa Credit "EE" Pays;
    "4000002460000001" ["fi"] Visa Credit "FI" Pays;
    "4000002500000003" ["fr"] Visa Credit "FR" Pays;
    "4000002760000016" ["de"] Visa Credit "DE" Pays;
    "4000002920000005" ["gi"] Visa Credit "GI" Pays;
    "4000003000000030" ["gr"] Visa Credit "GR" Pays;
    "4000003480000005" ["hu"] Visa Credit "HU" Pays;
    "4000003720000005" ["ie"] Visa Credit "IE" Pays;
    "4000003800000008" ["it"] Visa Credit "IT" Pays;
    "4000004280000005" ["lv"] Visa Credit "LV" Pays;
    "4000004380000004" ["li"] Visa Credit "LI" Pays;
    "4000004400000000" ["lt"] Visa Credit "LT" Pays;
    "4000004420000006" ["lu"] Visa Credit "LU" Pays;
    "4000004700000007" ["mt"] Visa Credit "MT" Pays;
    "4000005280000002" ["nl"] Visa Credit "NL" Pays;
    "4000005780000007" ["no"] Visa Credit "NO" Pays;
    "4000006160000005" ["pl"] Visa Credit "PL" Pays;
    "4000006200000007" ["pt"] Visa Credit "PT" Pays;
    "4000006420000001" ["ro"] Visa Credit "RO" Pays;
    "4000006430000009" ["ru"] Visa Credit "RU" Pays;
    "4000006820000007" ["sa"] Visa Credit "SA" Pays;
    "4000007050000006" ["si"] Visa Credit "SI" Pays;
    "4000007030000001" ["sk"] Visa Credit "SK" Pays;
    "4000007240000007" ["es"] Visa Credit "ES" Pays;
    "4000007520000008" ["se"] Visa Credit "SE" Pays;
    "4000007560000009" ["ch"] Visa Credit "CH" Pays;
    "4000008260000000" ["gb"] Visa Credit "GB" Pays;
    "4000000360000006" ["au"] Visa Credit "AU" Pays;
    "4000001560000002" ["cn"] Visa Credit "CN" Pays;
    "4000003440000004" ["hk"] Visa Credit "HK" Pays;
    "4000003560000008" ["in"] Visa Credit "IN" Pays;
    "4000003920000003" ["jp"] Visa Credit "JP" Pays;
    "4000004580000002" ["my"] Visa Credit "MY" Pays;
    "4000005540000008" ["nz"] Visa Credit "NZ" Pays;
    "4000007020000003" ["sg"] Visa Credit "SG" Pays;
    "4000007640000003" ["th"] Visa Credit "TH" Pays;
    "5200007840000022" ["#ae-0022"] Mastercard Credit "AE" Pays;
    "4000058260000005" ["gb_debit"] Visa Debit "GB" Pays;
    "5555558265554449" ["#gb-4449"] Mastercard Credit "GB" Pays;
    "4000057640000008" ["#th-0008"] Visa Debit "TH" Pays;
    "4000000000000077" ["bypassPending"] Visa Credit "US" PaysAtOnce;
    "4000003720000278" ["bypassPendingInternational"] Visa Credit "IE" PaysAtOnce;
    "4000000000000093" ["domesticPricing"] Visa Credit "US" Pays;
    "4000000000000002" ["chargeDeclined", "visa_chargeDeclined"]
        Visa Credit "US" Declines("card_declined", Some("generic_decline"));
    "4000000000009995" ["chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"]
        Visa Credit "US" Declines("card_declined", Some("insufficient_funds"));
    "4000000000009987" ["visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"]
        Visa Credit "US" Declines("card_declined", Some("lost_card"));
    "4000000000009979" ["visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"]
        Visa Credit "US" Declines("card_declined", Some("stolen_card"));
    "4000000000000069" ["chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"]
        Visa Credit "US" Declines("expired_card", None);
    "4000000000000127" ["chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"]
        Visa Credit "US" Declines("incorrect_cvc", None);
    "4000000000000119" ["chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"]
        Visa Credit "US" Declines("processing_error", None);
    "4000000000006975" [
        "visa_chargeDeclinedVelocityLimitExceeded",
        "chargeDeclinedVelocityLimitExceeded"
    ]
        Visa Credit "US" Declines("card_declined", Some("card_velocity_exceeded"));
    "4000000000000341" ["chargeCustomerFail", "visa_chargeCustomerFail"]
        Visa Credit "US" DeclinesLater("card_declined", Some("generic_decline"));
    "4100000000000019" ["radarBlock", "chargeDeclinedFraudulent"] Visa Credit "US" IsBlocked;
    "4000000000004954" ["riskLevelHighest"] Visa Credit "US" IsBlocked;
    "4000000000009235" ["riskLevelElevated"] Visa Credit "US" LooksRisky;
    "4000000000003220" ["threeDSecure2Required"]
        Visa Credit "US" Asks { unless_set_up: false, then: None };
    "4000000000003063" ["threeDSecureRequired"]
        Visa Credit "US" Asks { unless_set_up: false, then: None };
    "4000002500003155" ["authenticationRequiredOnSetup"]
        Visa Credit "FR" Asks { unless_set_up: true, then: None };
    "4000002760003184" ["authenticationRequired"]
        Visa Credit "DE" Asks { unless_set_up: false, then: None };
    "4000008260003178" ["authenticationRequiredChargeDeclinedInsufficientFunds"]
        Visa Credit "GB" Asks {
            unless_set_up: false,
            then: Some(("card_declined", Some("insufficient_funds"))),
        };
    "4000008400001629" ["threeDSecureRequiredChargeDeclined"]
        Visa Credit "US" Asks {
            unless_set_up: false,
            then: Some(("card_declined", Some("generic_decline"))),
        };
    "4000008400001280" ["threeDSecureRequiredProcessingError"]
        Visa Credit "US" Asks { unless_set_up: false, then: Some(("processing_error", None)) };
    "4000003800000446" ["authenticationRequiredSetupForOffSession"] Visa Credit "IT" AsksWhoIsThere;
    "4000000000003055" ["threeDSecureOptional"] Visa Credit "US" Pays;
    "4000000000003097" ["threeDSecureOptionalProcessingError"] Visa Credit "US" Pays;
    "4000000032200000" ["#visa-0000"] Visa Credit "US" Pays;
    "4000000000000259" ["createDispute"] Visa Credit "US" Disputes;
    "4000000000002685" ["createDisputeProductNotReceived"] Visa Credit "US" Disputes;
    "4000000000001976" ["createDisputeInquiry"] Visa Credit "US" Disputes;
    "4000000404000079" ["createMultipleDisputes"] Visa Credit "AT" Disputes;
    "4000000404000038" ["createCe3EligibleDispute"] Visa Credit "AT" Disputes;
    "4000008400000779" ["createComplianceDispute"] Visa Credit "US" Disputes;
    "4000000000005423" ["createIssuerFraudRecord"] Visa Credit "US" Pays;
    "4000000000007726" ["pendingRefund"] Visa Credit "US" RefundsLater;
    "4000000000005126" ["refundFail"] Visa Credit "US" RefundsBounce;
    "4000000000000101" ["cvcCheckFail"] Visa Credit "US" FailsCheck(Checked::Cvc);
    "4000000000000036" ["avsZipFail"] Visa Credit "US" FailsCheck(Checked::PostalCode);
    "4000000000000044" ["avsUnchecked"] Visa Credit "US" ChecksNoAddress;
    "4000000000000028" ["avsLine1Fail"] Visa Credit "US" FailsCheck(Checked::Line1);
    "4000000000000010" ["avsFail"] Visa Credit "US" FailsCheck(Checked::Address);
};

/// The test card with a number.
pub fn with_number(number: &str) -> Option<&'static TestCard> {
    ALL.iter().find(|card| card.number == number)
}

/// The test card with this name.
pub fn called(name: &str) -> Option<&'static TestCard> {
    if name.starts_with('#') {
        return None;
    }
    ALL.iter().find(|card| card.names.contains(&name))
}

/// The test card that was kept by this reference.
pub fn referred(reference: &str) -> Option<&'static TestCard> {
    ALL.iter().find(|card| card.names[0] == reference)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use bank::CardNumber;
    use bank::card_number::Scheme;

    use super::*;

    #[test]
    fn numbers_and_names_are_their_own() {
        let mut seen = HashSet::new();
        for card in ALL {
            assert!(seen.insert(card.number), "{}", card.number);
            assert!(card.names.iter().all(|name| seen.insert(name)), "{:?}", card.names);
        }
    }

    #[test]
    fn every_card_is_found_by_its_number_and_its_names() {
        for card in ALL {
            let number = CardNumber::parse(card.number).unwrap_or_else(|error| {
                panic!("{} {error}", card.number);
            });
            assert_eq!(number.scheme(), Some(scheme(card.brand)), "{}", card.number);
            let found = with_number(number.digits()).map(|it| it.number);
            assert_eq!(found, Some(card.number));
            assert_eq!(referred(card.names[0]).map(|it| it.number), Some(card.number));
            for name in card.names {
                let want = (!name.starts_with('#')).then_some(card.number);
                assert_eq!(called(name).map(|it| it.number), want, "{name}");
            }
        }
        assert!(called("nobody").is_none() && called("").is_none());
    }

    fn scheme(brand: Brand) -> Scheme {
        match brand {
            Brand::Amex => Scheme::Amex,
            Brand::Diners => Scheme::Diners,
            Brand::Discover => Scheme::Discover,
            Brand::Jcb => Scheme::Jcb,
            Brand::Mastercard => Scheme::Mastercard,
            Brand::Unionpay => Scheme::Unionpay,
            Brand::Visa => Scheme::Visa,
        }
    }
}
