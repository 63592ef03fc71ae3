//! How a customer's transfer is awaited: the rail, its country, the addresses to show. Funding
//! instructions and payments ask for it with the same parameters under different names.

use bank::{EuCountry, Rail};
use books::payment_intent::TransferOptions;

use super::form::Node;
use super::params::{Param, ParamError, Path, Schema, choice, params};

choice! {
    /// How the money comes.
    pub enum FundingType {
        /// By bank transfer.
        BankTransfer = "bank_transfer",
    }
}

choice! {
    /// The rail of the transfer.
    pub enum TransferType {
        /// SEPA.
        Eu = "eu_bank_transfer",
        /// Faster Payments and Bacs.
        Gb = "gb_bank_transfer",
        /// Zengin.
        Jp = "jp_bank_transfer",
        /// SPEI.
        Mx = "mx_bank_transfer",
        /// ACH, Fedwire and SWIFT.
        Us = "us_bank_transfer",
    }
}

choice! {
    /// A way to write a bank account, or the network that reaches it.
    pub enum AddressType {
        /// US routing number and account number.
        Aba = "aba",
        /// International Bank Account Number.
        Iban = "iban",
        /// The network that reaches an IBAN.
        Sepa = "sepa",
        /// Sort code and account number.
        SortCode = "sort_code",
        /// CLABE.
        Spei = "spei",
        /// US account number, for transfers from abroad.
        Swift = "swift",
        /// Bank, branch and account number.
        Zengin = "zengin",
    }
}

params! {
    /// What only SEPA needs to know.
    pub struct EuTransfer {
        /// The country of the account: DE, FR, IE or NL.
        pub country: EuCountryCode,
    }
    refuses {}
}

params! {
    /// The transfer that a payment awaits.
    pub struct BankTransfer {
        /// What only SEPA needs to know.
        pub eu_bank_transfer: Option<EuTransfer>,
        /// Show only accounts written in these ways.
        pub requested_address_types: Option<Vec<AddressType>>,
        /// The rail.
        pub r#type: TransferType,
    }
    refuses {}
    check BankTransfer::check
}

/// A country in which new IBANs can be had, in letters of any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EuCountryCode(pub EuCountry);

impl EuCountryCode {
    const WORDS: &'static [&'static str] = &["DE", "FR", "IE", "NL"];
}

impl Param for EuCountryCode {
    fn read(node: &Node, at: &Path) -> Result<Self, ParamError> {
        let code = node.as_text().map(str::to_ascii_uppercase);
        match code.as_deref().map(EuCountry::from_code) {
            Some(Some(country)) => Ok(EuCountryCode(country)),
            _ if node.is_unset() => Err(ParamError::empty(at)),
            _ => Err(ParamError::choice(at, EuCountryCode::WORDS)),
        }
    }

    fn schema() -> Schema {
        Schema::Choice(EuCountryCode::WORDS)
    }
}

impl TransferType {
    /// The rail with this name.
    pub fn rail(self) -> Rail {
        match self {
            TransferType::Eu => Rail::Eu,
            TransferType::Gb => Rail::Gb,
            TransferType::Jp => Rail::Jp,
            TransferType::Mx => Rail::Mx,
            TransferType::Us => Rail::Us,
        }
    }
}

impl BankTransfer {
    fn check(transfer: &BankTransfer, at: &Path) -> Result<(), ParamError> {
        let types = transfer.requested_address_types.iter().flatten();
        let types: Vec<&str> = types.map(|kind| kind.as_str()).collect();
        check_rail(transfer.r#type.rail(), transfer.eu_bank_transfer.as_ref(), &types, at)
    }

    /// What the books know of it.
    pub fn options(self) -> TransferOptions {
        let mut address_types: Vec<String> = Vec::new();
        for kind in self.requested_address_types.into_iter().flatten().map(AddressType::as_str) {
            if !address_types.iter().any(|known| known == kind) {
                address_types.push(kind.to_owned());
            }
        }
        TransferOptions {
            transfer_type: self.r#type.as_str().to_owned(),
            country: self.eu_bank_transfer.map(|eu| eu.country.0.code().to_owned()),
            address_types,
        }
    }
}

/// Checks what goes together only on some rails. `at` is the hash with the `type`.
pub fn check_rail(
    rail: Rail,
    eu: Option<&EuTransfer>,
    types: &[&str],
    at: &Path,
) -> Result<(), ParamError> {
    match (rail, eu) {
        (Rail::Eu, None) => {
            return Err(ParamError::missing(at.key("eu_bank_transfer").key("country")));
        }
        (Rail::Eu, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            let problem = "goes with the type eu_bank_transfer only";
            return Err(ParamError::invalid(at.key("eu_bank_transfer"), problem));
        }
    }
    let own: &[&str] = match rail {
        Rail::Eu => &["iban", "sepa"],
        Rail::Gb => &["sort_code"],
        Rail::Jp => &["zengin"],
        Rail::Mx => &["spei"],
        Rail::Us => &["aba", "swift"],
    };
    if !types.is_empty() && !types.iter().any(|kind| own.contains(kind)) {
        let problem = format!("names no address that a {} has", rail.transfer_type());
        return Err(ParamError::invalid(at.key("requested_address_types"), problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    #[test]
    fn a_transfer_fits_its_rail() {
        for (form, want) in [
            ("type=us_bank_transfer", ""),
            ("type=us_bank_transfer&requested_address_types[]=swift", ""),
            ("type=us_bank_transfer&requested_address_types[]=iban", "requested_address_types"),
            ("type=us_bank_transfer&eu_bank_transfer[country]=DE", "eu_bank_transfer"),
            ("type=eu_bank_transfer&eu_bank_transfer[country]=de", ""),
            ("type=eu_bank_transfer", "eu_bank_transfer[country]"),
            ("type=eu_bank_transfer&eu_bank_transfer[country]=ES", "eu_bank_transfer[country]"),
            ("type=eu_bank_transfer&eu_bank_transfer[country]=", "eu_bank_transfer[country]"),
            ("type=gb_bank_transfer&requested_address_types[]=fax", "requested_address_types[0]"),
            ("requested_address_types[]=iban", "type"),
        ] {
            let read = read_all::<BankTransfer>(&parse_form(form.as_bytes()).unwrap());
            let param = read.err().and_then(|error| error.param).unwrap_or_default();
            assert_eq!(param, want, "{form}");
        }
    }

    #[test]
    fn the_books_hear_each_address_type_once() {
        let form = "type=eu_bank_transfer&eu_bank_transfer[country]=fr\
                    &requested_address_types[]=sepa&requested_address_types[]=sepa";
        let read = read_all::<BankTransfer>(&parse_form(form.as_bytes()).unwrap()).unwrap();
        let want = TransferOptions {
            transfer_type: "eu_bank_transfer".into(),
            country: Some("FR".into()),
            address_types: vec!["sepa".into()],
        };
        assert_eq!(read.options(), want);
    }
}
