//! Funding instructions: the bank accounts that a customer sends money to.
//!
//! A customer has one set per currency, and one per country for euros. The first request picks
//! account numbers from candidates that the caller made; later ones get the same set back. So
//! nothing is ever renumbered, whatever becomes of the bank profile.

use serde::{Deserialize, Serialize};

use crate::currency::Currency;

/// A set of funding instructions as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructions {
    /// The currency of the accounts.
    pub currency: Currency,
    /// The country of the accounts, two upper-case letters.
    pub country: String,
    /// The rail, such as `eu_bank_transfer`.
    pub transfer_type: String,
    /// What identifies the account at its bank, for matching transfers that come in.
    pub account_key: String,
    /// The entries of `financial_addresses`, as on the wire.
    pub financial_addresses: serde_json::Value,
}
