//! Funding instructions: the virtual account that one customer pays into, in the API's shape.
//!
//! The account number is a function of the profile, the rail, the country and a seed. Nothing here
//! remembers which numbers are taken: a caller that finds [`FundingAddresses::account_key`] taken
//! asks again with another seed. Every number made from a valid profile passes the parser of its
//! kind in [`crate::account_number`]. A call makes at most two addresses.

use serde::{Deserialize, Serialize};

use crate::check_digits;
use crate::profile::{Address, BankProfile, JpAccountType, UsAccountType};
use crate::rail::{EuCountry, Rail};

/// One virtual account and every address under which it can be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FundingAddresses {
    /// The rail that it was made for.
    pub rail: Rail,
    /// The two letter code of the country that the account is in.
    pub country: String,
    /// What tells this account from every other and is looked up when a transfer arrives. In
    /// normal form: the IBAN, the CLABE, `routing:account`, `sort_code:account` or
    /// `bank:branch:account`.
    pub account_key: String,
    /// The addresses in the order in which the API lists them.
    pub financial_addresses: Vec<FinancialAddress>,
}

/// An entry of `bank_transfer.financial_addresses`: a `type`, the networks that reach it and a
/// hash named like the type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FinancialAddress {
    /// For domestic transfers in the United States.
    Aba {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        aba: AbaAddress,
    },
    /// For transfers to the United States from abroad.
    Swift {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        swift: SwiftAddress,
    },
    /// For transfers in the United Kingdom.
    SortCode {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        sort_code: SortCodeAddress,
    },
    /// For SEPA transfers.
    Iban {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        iban: IbanAddress,
    },
    /// For transfers in Japan.
    Zengin {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        zengin: ZenginAddress,
    },
    /// For transfers in Mexico.
    Spei {
        /// Which transfers reach it.
        supported_networks: Vec<Network>,
        /// The details to pay to.
        spei: SpeiAddress,
    },
}

impl FinancialAddress {
    /// Which kind of address this is.
    pub fn address_type(&self) -> AddressType {
        match self {
            Self::Aba { .. } => AddressType::Aba,
            Self::Swift { .. } => AddressType::Swift,
            Self::SortCode { .. } => AddressType::SortCode,
            Self::Iban { .. } => AddressType::Iban,
            Self::Zengin { .. } => AddressType::Zengin,
            Self::Spei { .. } => AddressType::Spei,
        }
    }
}

/// A network whose transfers reach an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Batch transfers in the United States.
    Ach,
    /// Wires in the United States.
    DomesticWireUs,
    /// International wires.
    Swift,
    /// Batch transfers in the United Kingdom.
    Bacs,
    /// Faster Payments in the United Kingdom.
    Fps,
    /// Euro transfers in Europe.
    Sepa,
    /// Transfers in Japan.
    Zengin,
    /// Transfers in Mexico.
    Spei,
}

/// A kind of address: the `type` of an entry, and what `requested_address_types` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressType {
    /// US account and routing number.
    Aba,
    /// US account number and BIC.
    Swift,
    /// UK account number and sort code.
    SortCode,
    /// IBAN and BIC.
    Iban,
    /// Japanese bank, branch and account.
    Zengin,
    /// CLABE.
    Spei,
}

/// What every address says: who holds the account and where the bank is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// The holder's address.
    pub account_holder_address: Address,
    /// The holder's name.
    pub account_holder_name: String,
    /// The bank's address.
    pub bank_address: Address,
}

/// Details of an account in the United States, for payers there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbaAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// 12 digits.
    pub account_number: String,
    /// The kind of account.
    pub account_type: UsAccountType,
    /// The bank's name.
    pub bank_name: String,
    /// ABA routing number, 9 digits.
    pub routing_number: String,
}

/// Details of the same account for payers abroad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwiftAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// 12 digits, the same as in the `aba` entry.
    pub account_number: String,
    /// The kind of account.
    pub account_type: UsAccountType,
    /// The bank's name.
    pub bank_name: String,
    /// The bank's BIC.
    pub swift_code: String,
}

/// Details of an account in the United Kingdom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortCodeAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// 8 digits.
    pub account_number: String,
    /// 6 digits.
    pub sort_code: String,
}

/// Details of an account in a SEPA country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IbanAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// The bank's BIC.
    pub bic: String,
    /// The two letter code of the account's country.
    pub country: String,
    /// The IBAN, without spaces.
    pub iban: String,
}

/// Details of an account in Japan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZenginAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// 7 digits.
    pub account_number: String,
    /// The kind of account.
    pub account_type: JpAccountType,
    /// 4 digits.
    pub bank_code: String,
    /// The bank's name.
    pub bank_name: String,
    /// 3 digits.
    pub branch_code: String,
    /// The branch's name.
    pub branch_name: String,
}

/// Details of an account in Mexico.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeiAddress {
    /// Holder and bank.
    #[serde(flatten)]
    pub parties: Parties,
    /// 3 digits, the first three of the CLABE.
    pub bank_code: String,
    /// The bank's name.
    pub bank_name: String,
    /// 18 digits.
    pub clabe: String,
}

/// Makes the virtual account of a seed, and its addresses.
///
/// The same arguments always give the same account, and neighbouring seeds give numbers that look
/// unrelated. `country` matters to [`Rail::Eu`] alone, where `None` means Ireland.
///
/// # Panics
///
/// May panic on a profile that [`BankProfile::validate`] refuses, because check digits cannot be
/// computed over codes of the wrong shape. Using such a profile is a bug of the caller.
pub fn addresses(
    profile: &BankProfile,
    rail: Rail,
    country: Option<EuCountry>,
    seed: u64,
) -> FundingAddresses {
    match rail {
        Rail::Us => us(profile, seed),
        Rail::Gb => gb(profile, seed),
        Rail::Eu => eu(profile, country.unwrap_or(EuCountry::Ie), seed),
        Rail::Jp => jp(profile, seed),
        Rail::Mx => mx(profile, seed),
    }
}

/// The addresses of the requested types, in their own order; all of them when none is requested.
///
/// The answer is empty when the rail has no address of a requested type.
pub fn narrow(addresses: &[FinancialAddress], requested: &[AddressType]) -> Vec<FinancialAddress> {
    let wanted = |address: &&FinancialAddress| {
        requested.is_empty() || requested.contains(&address.address_type())
    };
    addresses.iter().filter(wanted).cloned().collect()
}

fn us(profile: &BankProfile, seed: u64) -> FundingAddresses {
    let bank = &profile.us;
    let parties = parties(profile, &bank.bank_address);
    let account_number = account_digits("US", seed, 12);
    let account_key = format!("{}:{account_number}", bank.routing_number);
    let aba = AbaAddress {
        parties: parties.clone(),
        account_number: account_number.clone(),
        account_type: bank.account_type,
        bank_name: bank.bank_name.clone(),
        routing_number: bank.routing_number.clone(),
    };
    let swift = SwiftAddress {
        parties,
        account_number,
        account_type: bank.account_type,
        bank_name: bank.bank_name.clone(),
        swift_code: bank.swift_code.clone(),
    };
    let domestic = vec![Network::Ach, Network::DomesticWireUs];
    let financial_addresses = vec![
        FinancialAddress::Aba { supported_networks: domestic, aba },
        FinancialAddress::Swift { supported_networks: vec![Network::Swift], swift },
    ];
    FundingAddresses { rail: Rail::Us, country: "US".to_owned(), account_key, financial_addresses }
}

fn gb(profile: &BankProfile, seed: u64) -> FundingAddresses {
    let bank = &profile.gb;
    let account_number = account_digits("GB", seed, 8);
    let account_key = format!("{}:{account_number}", bank.sort_code);
    let sort_code = SortCodeAddress {
        parties: parties(profile, &bank.bank_address),
        account_number,
        sort_code: bank.sort_code.clone(),
    };
    let supported_networks = vec![Network::Bacs, Network::Fps];
    let financial_addresses = vec![FinancialAddress::SortCode { supported_networks, sort_code }];
    FundingAddresses { rail: Rail::Gb, country: "GB".to_owned(), account_key, financial_addresses }
}

fn eu(profile: &BankProfile, country: EuCountry, seed: u64) -> FundingAddresses {
    let bank = profile.eu.of(country);
    let code = country.code();
    let (bank_code, branch_code) = (&bank.bank_code, &bank.branch_code);
    let bban = match country {
        EuCountry::De => format!("{bank_code}{}", account_digits(code, seed, 10)),
        EuCountry::Fr => {
            let body = format!("{bank_code}{branch_code}{}", account_digits(code, seed, 11));
            let key = check_digits::rib_key(&body).expect("the profile is valid");
            format!("{body}{key:02}")
        }
        EuCountry::Ie => format!("{bank_code}{branch_code}{}", account_digits(code, seed, 8)),
        EuCountry::Nl => format!("{bank_code}{}", dutch_account(seed)),
    };
    let digits = check_digits::iban_check_digits(code, &bban).expect("the profile is valid");
    let account_key = format!("{code}{digits}{bban}");
    let iban = IbanAddress {
        parties: parties(profile, &bank.bank_address),
        bic: bank.bic.clone(),
        country: code.to_owned(),
        iban: account_key.clone(),
    };
    let supported_networks = vec![Network::Sepa];
    let financial_addresses = vec![FinancialAddress::Iban { supported_networks, iban }];
    FundingAddresses { rail: Rail::Eu, country: code.to_owned(), account_key, financial_addresses }
}

fn jp(profile: &BankProfile, seed: u64) -> FundingAddresses {
    let bank = &profile.jp;
    let account_number = account_digits("JP", seed, 7);
    let account_key = format!("{}:{}:{account_number}", bank.bank_code, bank.branch_code);
    let zengin = ZenginAddress {
        parties: parties(profile, &bank.bank_address),
        account_number,
        account_type: bank.account_type,
        bank_code: bank.bank_code.clone(),
        bank_name: bank.bank_name.clone(),
        branch_code: bank.branch_code.clone(),
        branch_name: bank.branch_name.clone(),
    };
    let supported_networks = vec![Network::Zengin];
    let financial_addresses = vec![FinancialAddress::Zengin { supported_networks, zengin }];
    FundingAddresses { rail: Rail::Jp, country: "JP".to_owned(), account_key, financial_addresses }
}

fn mx(profile: &BankProfile, seed: u64) -> FundingAddresses {
    let bank = &profile.mx;
    let body = format!("{}{}{}", bank.bank_code, bank.plaza, account_digits("MX", seed, 11));
    let control = check_digits::clabe_control_digit(&body).expect("the profile is valid");
    let account_key = format!("{body}{control}");
    let spei = SpeiAddress {
        parties: parties(profile, &bank.bank_address),
        bank_code: bank.bank_code.clone(),
        bank_name: bank.bank_name.clone(),
        clabe: account_key.clone(),
    };
    let supported_networks = vec![Network::Spei];
    let financial_addresses = vec![FinancialAddress::Spei { supported_networks, spei }];
    FundingAddresses { rail: Rail::Mx, country: "MX".to_owned(), account_key, financial_addresses }
}

fn parties(profile: &BankProfile, bank_address: &Address) -> Parties {
    Parties {
        account_holder_address: profile.account_holder.address.clone(),
        account_holder_name: profile.account_holder.name.clone(),
        bank_address: bank_address.clone(),
    }
}

/// Ten digits that pass the eleven test.
fn dutch_account(seed: u64) -> String {
    let number = account_digits("NL", seed, 9);
    let (head, ninth) = number.split_at(8);
    let ninth = ninth.as_bytes()[0] - b'0';
    // Where no check digit fits, another ninth digit helps: it changes the sum by 2 or by 18,
    // neither of which is a multiple of 11.
    [ninth, (ninth + 1) % 10]
        .into_iter()
        .find_map(|ninth| {
            let first_nine = format!("{head}{ninth}");
            let check_digit = check_digits::eleven_test_digit(&first_nine)?;
            Some(format!("{first_nine}{check_digit}"))
        })
        .expect("one of two ninth digits has a check digit")
}

/// `count` digits, at most 18, drawn from the seed; the country keeps rails from sharing numbers.
fn account_digits(country: &str, seed: u64, count: u32) -> String {
    let salt = country.bytes().fold(0, |salt, byte| salt << 8 | u64::from(byte));
    let number = mix(seed ^ mix(salt)) % 10_u64.pow(count);
    format!("{number:0width$}", width = count as usize)
}

/// The SplitMix64 step: a bijection in which every bit of the input moves every bit of the output.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
