//! The bank profile: who holds the money and at which bank, for each rail.
//!
//! It is read from configuration. A part that is left out is an invented sandbox bank, but a bank
//! that is given is given whole, since half of one bank and half of another would be a bank that
//! does not exist. Text goes to the wire as written, so [`BankProfile::validate`] demands the
//! normal form (no separators, capitals); only a profile that passed it may make addresses.
//! Everything is bounded by [`TEXT_CHARS_MAX`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{check_digits, rail::EuCountry};

/// The longest name or line of an address, in characters: what a payment message has room for.
pub const TEXT_CHARS_MAX: usize = 140;

/// Who holds the virtual accounts, and the bank of each rail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BankProfile {
    /// The holder of every account: the merchant who runs the server.
    pub account_holder: AccountHolder,
    /// The bank for US dollars.
    pub us: UsBank,
    /// The bank for pounds sterling.
    pub gb: GbBank,
    /// The banks for euros, one a country.
    pub eu: EuBanks,
    /// The bank for Japanese yen.
    pub jp: JpBank,
    /// The bank for Mexican pesos.
    pub mx: MxBank,
}

/// The person or company that holds the accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountHolder {
    /// The name that a payer types into a bank form.
    pub name: String,
    /// The address that some banks ask a payer for.
    pub address: Address,
}

/// A postal address as the API writes it: six keys, any of which may be null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    /// City or town.
    pub city: Option<String>,
    /// Two letter country code, in capitals.
    pub country: Option<String>,
    /// Street and number.
    pub line1: Option<String>,
    /// Floor, building or suite.
    pub line2: Option<String>,
    /// ZIP or postal code.
    pub postal_code: Option<String>,
    /// State, county or prefecture.
    pub state: Option<String>,
}

/// The bank for US dollars.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsBank {
    /// The bank's name.
    pub bank_name: String,
    /// Where the bank is.
    pub bank_address: Address,
    /// ABA routing number: nine digits, the last of them a check digit.
    pub routing_number: String,
    /// BIC for transfers from abroad.
    pub swift_code: String,
    /// The kind of account that a payer has to name.
    pub account_type: UsAccountType,
}

/// The kind of an account in the United States.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsAccountType {
    /// A current account.
    Checking,
    /// A savings account.
    Savings,
}

/// The bank for pounds sterling. The API shows no name for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GbBank {
    /// Where the bank is.
    pub bank_address: Address,
    /// Sort code: six digits.
    pub sort_code: String,
}

/// The banks for euros, one for each country that IBANs are issued in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EuBanks {
    /// Germany: `bank_code` is the eight digit Bankleitzahl, there is no branch.
    pub de: EuBank,
    /// France: `bank_code` and `branch_code` are five digits each.
    pub fr: EuBank,
    /// Ireland: `bank_code` is four letters, `branch_code` the six digit sort code.
    pub ie: EuBank,
    /// The Netherlands: `bank_code` is four letters, there is no branch.
    pub nl: EuBank,
}

impl EuBanks {
    /// The bank that issues the IBANs of a country.
    pub fn of(&self, country: EuCountry) -> &EuBank {
        match country {
            EuCountry::De => &self.de,
            EuCountry::Fr => &self.fr,
            EuCountry::Ie => &self.ie,
            EuCountry::Nl => &self.nl,
        }
    }
}

/// A bank for euros. The API shows no name for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EuBank {
    /// Where the bank is.
    pub bank_address: Address,
    /// BIC: 8 or 11 characters.
    pub bic: String,
    /// How the country's IBANs name the bank.
    pub bank_code: String,
    /// How they name the branch; empty where they do not.
    #[serde(default)]
    pub branch_code: String,
}

/// The bank for Japanese yen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JpBank {
    /// The bank's name.
    pub bank_name: String,
    /// Where the bank is.
    pub bank_address: Address,
    /// Zengin code of the bank: four digits.
    pub bank_code: String,
    /// Zengin code of the branch: three digits.
    pub branch_code: String,
    /// The branch's name.
    pub branch_name: String,
    /// The kind of account that a payer has to name.
    pub account_type: JpAccountType,
}

/// The kind of an account in Japan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JpAccountType {
    /// An ordinary account.
    Futsu,
    /// A current account.
    Toza,
}

/// The bank for Mexican pesos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MxBank {
    /// The bank's name.
    pub bank_name: String,
    /// Where the bank is.
    pub bank_address: Address,
    /// How a CLABE names the bank: three digits.
    pub bank_code: String,
    /// How a CLABE names the city: three digits.
    pub plaza: String,
}

/// A profile that must not be used, and where it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// The path of the field, such as `eu.fr.bank_code`.
    pub field: String,
    /// What the field should have been.
    pub must: Must,
}

/// What a field of a profile has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// So many digits and nothing else.
    BeDigits(usize),
    /// So many capital letters and nothing else.
    BeLetters(usize),
    /// Empty, because IBANs of this country name no branch.
    BeEmpty,
    /// A routing number whose check digit matches.
    PassChecksum,
    /// A BIC, in capitals.
    BeBic,
    /// A two letter country code, in capitals.
    BeCountry,
    /// Text of 1 to [`TEXT_CHARS_MAX`] characters on one line.
    BeText,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bank profile: {} must ", self.field)?;
        match self.must {
            Must::BeDigits(count) => write!(f, "be {count} digits"),
            Must::BeLetters(count) => write!(f, "be {count} capital letters"),
            Must::BeEmpty => write!(f, "be left out, because these IBANs name no branch"),
            Must::PassChecksum => write!(f, "end in the right check digit"),
            Must::BeBic => write!(f, "be a BIC of 8 or 11 capital letters and digits"),
            Must::BeCountry => write!(f, "be a country code of two capital letters"),
            Must::BeText => write!(f, "be 1 to {TEXT_CHARS_MAX} characters on one line"),
        }
    }
}

impl std::error::Error for ProfileError {}

impl BankProfile {
    /// Refuses a profile from which no valid account numbers could be made, naming the first
    /// field that is wrong. Call it once, at the start of the program.
    pub fn validate(&self) -> Result<(), ProfileError> {
        let holder = &self.account_holder;
        check("account_holder.name", is_text(&holder.name), Must::BeText)?;
        check_address("account_holder.address", &holder.address)?;
        self.check_us()?;
        check_address("gb.bank_address", &self.gb.bank_address)?;
        check_digits_in("gb.sort_code", &self.gb.sort_code, 6)?;
        for country in EuCountry::ALL {
            check_eu(country, self.eu.of(country))?;
        }
        self.check_jp()?;
        check("mx.bank_name", is_text(&self.mx.bank_name), Must::BeText)?;
        check_address("mx.bank_address", &self.mx.bank_address)?;
        check_digits_in("mx.bank_code", &self.mx.bank_code, 3)?;
        check_digits_in("mx.plaza", &self.mx.plaza, 3)
    }

    fn check_us(&self) -> Result<(), ProfileError> {
        let us = &self.us;
        check("us.bank_name", is_text(&us.bank_name), Must::BeText)?;
        check_address("us.bank_address", &us.bank_address)?;
        check_digits_in("us.routing_number", &us.routing_number, 9)?;
        let holds = check_digits::aba_holds(&us.routing_number);
        check("us.routing_number", holds, Must::PassChecksum)?;
        check("us.swift_code", is_bic(&us.swift_code), Must::BeBic)
    }

    fn check_jp(&self) -> Result<(), ProfileError> {
        let jp = &self.jp;
        check("jp.bank_name", is_text(&jp.bank_name), Must::BeText)?;
        check_address("jp.bank_address", &jp.bank_address)?;
        check_digits_in("jp.bank_code", &jp.bank_code, 4)?;
        check_digits_in("jp.branch_code", &jp.branch_code, 3)?;
        check("jp.branch_name", is_text(&jp.branch_name), Must::BeText)
    }
}

fn check_eu(country: EuCountry, bank: &EuBank) -> Result<(), ProfileError> {
    let path = format!("eu.{}", country.code().to_lowercase());
    let bank_code = format!("{path}.bank_code");
    let branch_code = format!("{path}.branch_code");
    check_address(&format!("{path}.bank_address"), &bank.bank_address)?;
    check(&format!("{path}.bic"), is_bic(&bank.bic), Must::BeBic)?;
    match country {
        EuCountry::De => check_digits_in(&bank_code, &bank.bank_code, 8)?,
        EuCountry::Fr => check_digits_in(&bank_code, &bank.bank_code, 5)?,
        EuCountry::Ie | EuCountry::Nl => {
            let is_letters = is_all(&bank.bank_code, 4, |byte| byte.is_ascii_uppercase());
            check(&bank_code, is_letters, Must::BeLetters(4))?;
        }
    }
    match country {
        EuCountry::De | EuCountry::Nl => {
            check(&branch_code, bank.branch_code.is_empty(), Must::BeEmpty)
        }
        EuCountry::Fr => check_digits_in(&branch_code, &bank.branch_code, 5),
        EuCountry::Ie => check_digits_in(&branch_code, &bank.branch_code, 6),
    }
}

fn check_address(path: &str, address: &Address) -> Result<(), ProfileError> {
    let lines = [
        ("city", &address.city),
        ("line1", &address.line1),
        ("line2", &address.line2),
        ("postal_code", &address.postal_code),
        ("state", &address.state),
    ];
    for (name, line) in lines {
        let fits = line.as_deref().is_none_or(is_text);
        check(&format!("{path}.{name}"), fits, Must::BeText)?;
    }
    let is_code = |code: &str| is_all(code, 2, |byte| byte.is_ascii_uppercase());
    let fits = address.country.as_deref().is_none_or(is_code);
    check(&format!("{path}.country"), fits, Must::BeCountry)
}

fn check_digits_in(field: &str, value: &str, count: usize) -> Result<(), ProfileError> {
    check(field, is_all(value, count, |byte| byte.is_ascii_digit()), Must::BeDigits(count))
}

fn check(field: &str, fits: bool, must: Must) -> Result<(), ProfileError> {
    if fits { Ok(()) } else { Err(ProfileError { field: field.to_owned(), must }) }
}

fn is_all(value: &str, count: usize, fits: impl Fn(u8) -> bool) -> bool {
    value.len() == count && value.bytes().all(fits)
}

fn is_text(value: &str) -> bool {
    (1..=TEXT_CHARS_MAX).contains(&value.chars().count()) && !value.chars().any(char::is_control)
}

/// Institution 4 letters, country 2 letters, location 2 and branch 3 letters or digits.
fn is_bic(value: &str) -> bool {
    let fits = |(position, byte): (usize, u8)| match position {
        0..6 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
    };
    matches!(value.len(), 8 | 11) && value.bytes().enumerate().all(fits)
}

// The sandbox bank, invented. Its numbers have the right shape and check digits, so that the
// validators of clients accept them. The eighth character of its BICs is 0, which marks a BIC as
// one for tests.

const SANDBOX_BANK: &str = "Purser Sandbox Bank";

fn sandbox_address(city: &str, postal_code: &str, state: Option<&str>, country: &str) -> Address {
    Address {
        city: Some(city.to_owned()),
        country: Some(country.to_owned()),
        line1: Some("1 Sandbox Street".to_owned()),
        line2: None,
        postal_code: Some(postal_code.to_owned()),
        state: state.map(str::to_owned),
    }
}

impl Default for AccountHolder {
    fn default() -> Self {
        Self {
            name: "Purser sandbox".to_owned(),
            address: sandbox_address("Dublin", "D02 X000", None, "IE"),
        }
    }
}

impl Default for UsBank {
    fn default() -> Self {
        Self {
            bank_name: SANDBOX_BANK.to_owned(),
            bank_address: sandbox_address("New York", "10001", Some("NY"), "US"),
            routing_number: "110099998".to_owned(),
            swift_code: "PURSUS30XXX".to_owned(),
            account_type: UsAccountType::Checking,
        }
    }
}

impl Default for GbBank {
    fn default() -> Self {
        Self {
            bank_address: sandbox_address("London", "EC1A 1AA", None, "GB"),
            sort_code: "108800".to_owned(),
        }
    }
}

impl Default for EuBanks {
    fn default() -> Self {
        let bank = |bank_address, bic: &str, bank_code: &str, branch_code: &str| EuBank {
            bank_address,
            bic: bic.to_owned(),
            bank_code: bank_code.to_owned(),
            branch_code: branch_code.to_owned(),
        };
        let berlin = sandbox_address("Berlin", "10115", None, "DE");
        let paris = sandbox_address("Paris", "75001", None, "FR");
        let dublin = sandbox_address("Dublin", "D02 X000", None, "IE");
        let amsterdam = sandbox_address("Amsterdam", "1011 AA", None, "NL");
        Self {
            de: bank(berlin, "PURSDEB0XXX", "10099900", ""),
            fr: bank(paris, "PURSFRP0XXX", "99990", "00001"),
            ie: bank(dublin, "PURSIE20XXX", "PURS", "990001"),
            nl: bank(amsterdam, "PURSNLA0XXX", "PURS", ""),
        }
    }
}

impl Default for JpBank {
    fn default() -> Self {
        Self {
            bank_name: SANDBOX_BANK.to_owned(),
            bank_address: sandbox_address("Chiyoda-ku", "100-0001", Some("Tokyo"), "JP"),
            bank_code: "9999".to_owned(),
            branch_code: "001".to_owned(),
            branch_name: "Head Office".to_owned(),
            account_type: JpAccountType::Futsu,
        }
    }
}

impl Default for MxBank {
    fn default() -> Self {
        Self {
            bank_name: SANDBOX_BANK.to_owned(),
            bank_address: sandbox_address("Ciudad de México", "06000", Some("CDMX"), "MX"),
            bank_code: "999".to_owned(),
            plaza: "180".to_owned(),
        }
    }
}
