//! How money comes in: funding instructions, and simulated bank transfers in the sandbox.

use bank::{EuCountry, Rail};
use books::funding::Instructions as Kept;
use books::{Command, Currency};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::execute::Asked;
use super::params::{Between, CurrencyCode, ParamError, Path, Str, Text, choice, params};

/// How many account numbers are drawn for a new customer before Purser gives up finding a free one.
const CANDIDATES: u32 = 8;
/// A simulated transfer, at most: 12 digits, so that sums stay far from the end of 64 bits.
pub const TRANSFER_MAX: i64 = 999_999_999_999;

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
    /// A way to write a bank account.
    pub enum AddressType {
        /// International Bank Account Number.
        Iban = "iban",
        /// Sort code and account number.
        SortCode = "sort_code",
        /// CLABE.
        Spei = "spei",
        /// Bank, branch and account number.
        Zengin = "zengin",
    }
}

params! {
    /// What only SEPA needs to know.
    pub struct EuTransfer {
        /// The country of the account: DE, FR, IE or NL.
        pub country: Text,
    }
    refuses {}
}

params! {
    /// The kind of bank transfer.
    pub struct BankTransfer {
        /// What only SEPA needs to know.
        pub eu_bank_transfer: Option<EuTransfer>,
        /// Show only accounts written in these ways.
        pub requested_address_types: Option<Vec<AddressType>>,
        /// The rail.
        pub r#type: TransferType,
    }
    refuses {}
}

params! {
    /// Which instructions are wanted.
    pub struct Instructions {
        /// The kind of bank transfer.
        pub bank_transfer: BankTransfer,
        /// The currency that the rail moves.
        pub currency: CurrencyCode,
        /// How the money comes.
        pub funding_type: FundingType,
    }
    refuses {}
    check Instructions::check_rail
}

params! {
    /// A transfer to simulate.
    pub struct Fund {
        /// How much arrives, in the smallest unit of the currency.
        pub amount: Between<1, TRANSFER_MAX>,
        /// The currency: usd, eur, gbp, jpy or mxn.
        pub currency: CurrencyCode,
        /// What the sender wrote as the reference. One in dollars that begins with `reversal_` is
        /// pulled back right after it arrived.
        pub reference: Option<Str<500>>,
    }
    refuses {}
}

impl Instructions {
    fn rail(&self) -> Rail {
        Rail::from_transfer_type(self.bank_transfer.r#type.as_str()).expect("each type is a rail")
    }

    fn country(&self) -> Option<EuCountry> {
        let named = self.bank_transfer.eu_bank_transfer.as_ref()?;
        EuCountry::from_code(&named.country.to_ascii_uppercase())
    }

    fn check_rail(params: &Instructions, _at: &Path) -> Result<(), ParamError> {
        let rail = params.rail();
        let transfer = &params.bank_transfer;
        if rail.currency() != params.currency.as_str() {
            let problem = format!("must be {} for a {}", rail.currency(), rail.transfer_type());
            return Err(ParamError::invalid("currency", problem));
        }
        let at = "bank_transfer[eu_bank_transfer][country]";
        match (rail, &transfer.eu_bank_transfer) {
            (Rail::Eu, None) => return Err(ParamError::missing(at)),
            (Rail::Eu, Some(_)) if params.country().is_none() => {
                let codes = EuCountry::ALL.map(EuCountry::code);
                return Err(ParamError::choice(at, &codes));
            }
            (Rail::Eu, Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                let at = "bank_transfer[eu_bank_transfer]";
                let problem = "goes with the type eu_bank_transfer only";
                return Err(ParamError::invalid(at, problem));
            }
        }
        let own = match rail {
            Rail::Eu => "iban",
            Rail::Gb => "sort_code",
            Rail::Mx => "spei",
            Rail::Jp => "zengin",
            Rail::Us => "",
        };
        match &transfer.requested_address_types {
            Some(types) if !types.is_empty() && !types.iter().any(|kind| kind.as_str() == own) => {
                let problem = format!("names no address that a {} has", rail.transfer_type());
                Err(ParamError::invalid("bank_transfer[requested_address_types]", problem))
            }
            _ => Ok(()),
        }
    }
}

/// Gives the accounts that a customer sends money to.
pub fn instructions(asked: &Asked<'_>, params: Instructions) -> Result<Command, ApiError> {
    let customer = asked.customer("customer")?;
    let (rail, country) = (params.rail(), params.country());
    let draw = |attempt: u32| {
        let seed = seed(&asked.app.secret, asked.wire.world.0, customer.0, attempt);
        let drawn = bank::addresses(&asked.app.bank, rail, country, seed);
        let financial_addresses =
            serde_json::to_value(&drawn.financial_addresses).expect("addresses are plain data");
        Kept {
            currency: Currency::parse(rail.currency()).expect("a rail has a currency"),
            country: drawn.country,
            transfer_type: rail.transfer_type().to_owned(),
            account_key: drawn.account_key,
            financial_addresses,
        }
    };
    let types = params.bank_transfer.requested_address_types.unwrap_or_default();
    Ok(Command::GetInstructions {
        customer,
        candidates: (0..CANDIDATES).map(draw).collect(),
        address_types: types.iter().map(|kind| kind.as_str().to_owned()).collect(),
    })
}

/// Account numbers are drawn from a secret, so that nobody can tell one customer's from another's.
fn seed(secret: &[u8; 16], world: i64, customer: i64, attempt: u32) -> u64 {
    let mut hash = Sha256::new();
    hash.update(secret);
    hash.update(world.to_be_bytes());
    hash.update(customer.to_be_bytes());
    hash.update(attempt.to_be_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    u64::from_be_bytes(bytes[..8].try_into().expect("8 of 32 bytes"))
}

/// Simulates a transfer. Test helpers do not exist for live keys.
pub fn fund(asked: &Asked<'_>, params: Fund) -> Result<Command, ApiError> {
    if asked.access.livemode {
        return Err(ApiError::invalid(
            400,
            "Test helpers simulate things and work with test mode keys only.",
        ));
    }
    let currency = Currency::parse(params.currency.as_str()).expect("a currency has three letters");
    Ok(Command::Fund {
        customer: asked.customer("customer")?,
        amount_minor: params.amount.0,
        currency,
        reference: params.reference.map(Into::into),
    })
}
