//! How money comes in: funding instructions, and simulated bank transfers in the sandbox.

use books::cash_balance::{BankTransfer as Told, Sender};
use books::{Command, Refusal};
use store::Page as Rows;

use super::error::{ApiError, refused};
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{Between, CurrencyCode, NoParams, ParamError, Path, Str, choice, params};
use super::payouts::currency;
use super::transfer_options::{EuTransfer, FundingType, TransferType, check_rail};

/// A simulated transfer, at most: 12 digits, so that sums stay far from the end of 64 bits.
pub const TRANSFER_MAX: i64 = 999_999_999_999;

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
    check Instructions::check
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
    fn check(params: &Instructions, _at: &Path) -> Result<(), ParamError> {
        let transfer = &params.bank_transfer;
        let rail = transfer.r#type.rail();
        if rail.currency() != params.currency.as_str() {
            let problem = format!("must be {} for a {}", rail.currency(), rail.transfer_type());
            return Err(ParamError::invalid("currency", problem));
        }
        let types = transfer.requested_address_types.iter().flatten();
        let types: Vec<&str> = types.map(|kind| kind.as_str()).collect();
        check_rail(rail, transfer.eu_bank_transfer.as_ref(), &types, &Path::top("bank_transfer"))
    }
}

/// Gives the accounts that a customer sends money to.
pub fn instructions(asked: &Asked<'_>, params: Instructions) -> Result<Command, ApiError> {
    let transfer = params.bank_transfer;
    let types = transfer.requested_address_types.unwrap_or_default();
    Ok(Command::GetInstructions {
        customer: asked.customer("customer")?,
        transfer_type: transfer.r#type.as_str().to_owned(),
        country: transfer.eu_bank_transfer.map(|eu| eu.country.0.code().to_owned()),
        address_types: types.iter().map(|kind| kind.as_str().to_owned()).collect(),
    })
}

/// Lists the instructions that were made, and makes none. There is one set for each currency, and
/// for euros one for each country, so they come on one page.
pub fn made_instructions(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let rows = ask.reader.instructions_of(ask.wire.world, customer)?;
    let show = |made| ask.wire.funding_instructions(&made, &[]);
    Ok(ask.page(Rows { rows, has_more: false }, show))
}

/// Simulates a transfer.
pub fn fund(asked: &Asked<'_>, params: Fund) -> Result<Command, ApiError> {
    check_test_mode(asked)?;
    let customer = asked.customer("customer")?;
    let currency = currency(params.currency);
    let none = || refused(Refusal::NoTransferIn(currency), None, asked.wire);
    let sender = Sender::simulated(currency).ok_or_else(none)?;
    let transfer = Told { reference: params.reference.map(Into::into), sender };
    Ok(Command::Fund {
        customer,
        amount_minor: params.amount.0,
        currency,
        transfer,
        simulated: true,
    })
}

/// Refuses a test helper to live keys, for which nothing is simulated.
pub(super) fn check_test_mode(asked: &Asked<'_>) -> Result<(), ApiError> {
    match asked.access.livemode {
        false => Ok(()),
        true => {
            let message = "Test helpers simulate things and work with test mode keys only.";
            Err(ApiError::invalid(400, message))
        }
    }
}
