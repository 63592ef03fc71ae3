//! Bank account numbers, in both directions; and card numbers, inwards.
//!
//! Inwards, hostile text becomes a checked account number or a refusal. Outwards, a bank profile
//! and a seed become the virtual account that a customer pays into, in the shape of the Stripe API.
//! Everything here is pure: no input or output, no clock, no randomness, so the same arguments
//! give the same bytes for ever. Work and memory are bounded by [`INPUT_BYTES_MAX`].
//!
//! ```
//! let profile = bank::BankProfile::default();
//! let made = bank::addresses(&profile, bank::Rail::Eu, Some(bank::EuCountry::De), 7);
//! let iban = bank::Iban::parse(&made.account_key).expect("what we hand out is valid");
//! assert_eq!(iban.country(), "DE");
//! ```

#![forbid(unsafe_code)]

// In reading order; the empty lines keep rustfmt from sorting them.

pub mod check_digits;

pub mod account_number;

pub mod card_number;

pub mod rail;

pub mod profile;

pub mod instructions;

pub use account_number::{
    AbaRouting, AccountNumberError, Clabe, GbAccount, INPUT_BYTES_MAX, Iban, SortCode, UsAccount,
    ZenginAccount,
};
pub use card_number::{CardNumber, CardNumberError};
pub use instructions::{AddressType, FinancialAddress, FundingAddresses, addresses, narrow};
pub use profile::{Address, BankProfile, ProfileError};
pub use rail::{EuCountry, Rail};
