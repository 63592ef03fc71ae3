//! The account numbers that customers send money to, drawn at the bank of the server's profile.
//!
//! A number follows from the secret of the database, the customer and the attempt alone, so it is
//! the same whenever it is drawn, and nobody can tell one customer's from another's.

use std::sync::Arc;

use bank::{BankProfile, EuCountry, Rail};
use books::funding::Instructions;
use books::{Currency, Number};
use sha2::{Digest, Sha256};

/// Draws account numbers.
#[derive(Clone)]
pub struct AccountNumbers {
    /// What numbers are drawn from.
    pub secret: [u8; 16],
    /// The bank at which the accounts are.
    pub bank: Arc<BankProfile>,
}

impl books::decision::AccountNumbers for AccountNumbers {
    /// Only SEPA leaves a choice of country; none named means Ireland there.
    fn draw(
        &self,
        customer: Number,
        transfer_type: &str,
        country: Option<&str>,
        attempt: u32,
    ) -> Option<Instructions> {
        let rail = Rail::from_transfer_type(transfer_type)?;
        let country = match (rail, country) {
            (Rail::Eu, Some(code)) => Some(EuCountry::from_code(code)?),
            _ => None,
        };
        let drawn = bank::addresses(&self.bank, rail, country, self.seed(customer, attempt));
        let financial_addresses =
            serde_json::to_value(&drawn.financial_addresses).expect("addresses are plain data");
        Some(Instructions {
            currency: Currency::parse(rail.currency()).expect("a rail has a currency"),
            country: drawn.country,
            transfer_type: rail.transfer_type().to_owned(),
            account_key: drawn.account_key,
            financial_addresses,
        })
    }
}

impl AccountNumbers {
    /// Numbers of customers are unique over all worlds of a database, so the world is not needed.
    fn seed(&self, customer: Number, attempt: u32) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(customer.0.to_be_bytes());
        hash.update(attempt.to_be_bytes());
        let bytes: [u8; 32] = hash.finalize().into();
        u64::from_be_bytes(bytes[..8].try_into().expect("8 of 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use books::decision::AccountNumbers as _;

    use super::*;

    fn draw(customer: i64, transfer_type: &str, country: Option<&str>, attempt: u32) -> String {
        let numbers = AccountNumbers { secret: [7; 16], bank: Arc::new(BankProfile::default()) };
        let drawn = numbers.draw(Number(customer), transfer_type, country, attempt);
        drawn.map_or_else(String::new, |drawn| drawn.account_key)
    }

    #[test]
    fn numbers_follow_from_customer_and_attempt() {
        let first = draw(5, "us_bank_transfer", None, 0);
        assert_eq!(first, draw(5, "us_bank_transfer", None, 0));
        assert_ne!(first, draw(6, "us_bank_transfer", None, 0));
        assert_ne!(first, draw(5, "us_bank_transfer", None, 1));
        let dutch = draw(5, "eu_bank_transfer", Some("NL"), 0);
        assert!(dutch.starts_with("NL"), "{dutch}");
        assert_eq!(
            draw(5, "eu_bank_transfer", None, 0),
            draw(5, "eu_bank_transfer", Some("IE"), 0)
        );
    }

    #[test]
    fn there_are_no_numbers_where_there_is_no_rail_or_country() {
        for (transfer_type, country) in
            [("ch_bank_transfer", None), ("eu_bank_transfer", Some("ES")), ("", None)]
        {
            assert_eq!(draw(5, transfer_type, country, 0), "", "{transfer_type} {country:?}");
        }
    }
}
