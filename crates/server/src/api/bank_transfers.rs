//! Transfers as banks report them: the way in which real rails feed the cash balances, with live
//! keys as with test keys.
//!
//! A transfer is told by the account that it arrived at, in the words of the funding instructions.
//! The account is a customer's, or a source has it (`ach_credit_transfer`, `sepa_credit_transfer`).
//! Account numbers are looked up and forgotten; an error shows their last four characters only.

use bank::{
    AbaRouting, AccountNumberError, BankProfile, Clabe, GbAccount, Iban, Rail, SortCode, UsAccount,
    ZenginAccount,
};
use books::cash_balance::{BankTransfer, Sender};
use books::command::SourceCommand;
use books::funding::Instructions;
use books::source::Source;
use books::{Command, Document, Kind, Number, World};
use store::{Reader, StoreError};

use super::error::ApiError;
use super::execute::Asked;
use super::funding::TRANSFER_MAX;
use super::params::{Between, CurrencyCode, NoParams, ParamError, Path, Str, choice, params};
use super::payouts::currency;

choice! {
    /// The network that a transfer in dollars came over.
    pub enum Network {
        /// Batch transfers. Only these can be reversed.
        Ach = "ach",
        /// Wires.
        DomesticWireUs = "domestic_wire_us",
        /// FedNow.
        Fednow = "fednow",
        /// The real-time payments network.
        Rtp = "rtp",
        /// Wires from abroad.
        Swift = "swift",
    }
}

params! {
    /// The sender of a transfer over SEPA.
    pub struct EuSender {
        /// The BIC of the sender's bank.
        pub bic: Option<Str<11>>,
        /// The last four characters of the sender's IBAN.
        pub iban_last4: Option<Str<4>>,
        /// The sender's name.
        pub sender_name: Option<Str<500>>,
    }
    refuses {}
}

params! {
    /// The sender of a transfer over Faster Payments or Bacs.
    pub struct GbSender {
        /// The last four digits of the sender's account number.
        pub account_number_last4: Option<Str<4>>,
        /// The sender's name.
        pub sender_name: Option<Str<500>>,
        /// The sort code of the sender's bank.
        pub sort_code: Option<Str<8>>,
    }
    refuses {}
}

params! {
    /// The sender of a transfer over Zengin.
    pub struct JpSender {
        /// The sender's bank.
        pub sender_bank: Option<Str<500>>,
        /// The branch of the sender's bank.
        pub sender_branch: Option<Str<500>>,
        /// The sender's name.
        pub sender_name: Option<Str<500>>,
    }
    refuses {}
}

params! {
    /// The sender of a transfer in dollars.
    pub struct UsSender {
        /// The network; `ach`, if left out.
        pub network: Option<Network>,
        /// The sender's name.
        pub sender_name: Option<Str<500>>,
    }
    refuses {}
}

params! {
    /// A transfer that arrived at the bank.
    pub struct Report {
        /// The number of the account that it arrived at, as in the funding instructions or in a
        /// source: an IBAN, a CLABE or an account number. Codes of the bank that go with it have
        /// parameters of their own, and are those of the bank profile if left out.
        pub account_number: Str<64>,
        /// How much arrived, in the smallest unit of the currency.
        pub amount: Between<1, TRANSFER_MAX>,
        /// The code of the bank, for an account in Japan: 4 digits.
        pub bank_code: Option<Str<4>>,
        /// The code of the branch, for an account in Japan: 3 digits.
        pub branch_code: Option<Str<3>>,
        /// The currency, which must be that of the account.
        pub currency: CurrencyCode,
        /// The sender of a transfer over SEPA.
        pub eu_bank_transfer: Option<EuSender>,
        /// The sender of a transfer over Faster Payments or Bacs.
        pub gb_bank_transfer: Option<GbSender>,
        /// The sender of a transfer over Zengin.
        pub jp_bank_transfer: Option<JpSender>,
        /// What the sender wrote as the reference.
        pub reference: Option<Str<500>>,
        /// The routing number of the bank, for an account in the United States.
        pub routing_number: Option<Str<64>>,
        /// The sort code of the bank, for an account in the United Kingdom.
        pub sort_code: Option<Str<64>>,
        /// The sender of a transfer in dollars.
        pub us_bank_transfer: Option<UsSender>,
    }
    refuses {}
    check Report::check
}

const ACCOUNT_AT: &str = "account_number";

impl Report {
    fn check(params: &Report, _at: &Path) -> Result<(), ParamError> {
        params.rail().map(drop)
    }

    /// The rail that the account is on, from the way in which it is written.
    fn rail(&self) -> Result<Rail, ParamError> {
        let jp = self.bank_code.is_some() || self.branch_code.is_some();
        match (self.routing_number.is_some(), self.sort_code.is_some(), jp) {
            (true, false, false) => Ok(Rail::Us),
            (false, true, false) => Ok(Rail::Gb),
            (false, false, true) => Ok(Rail::Jp),
            (false, false, false) => self.bare_rail(),
            _ => Err(ParamError::whole(
                "An account is in one country: send routing_number, sort_code, or bank_code with \
                 branch_code, and not several of them.",
            )),
        }
    }

    fn bare_rail(&self) -> Result<Rail, ParamError> {
        const CLABE_DIGITS: usize = 18;
        let number = self.account_number.trim_start();
        if number.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Ok(Rail::Eu);
        }
        if number.bytes().filter(u8::is_ascii_digit).count() == CLABE_DIGITS {
            return Ok(Rail::Mx);
        }
        match Rail::for_currency(self.currency.as_str()) {
            Some(rail @ (Rail::Us | Rail::Gb | Rail::Jp)) => Ok(rail),
            _ => {
                let problem = "must be an IBAN or a CLABE, or come with the codes of its bank";
                Err(ParamError::invalid(ACCOUNT_AT, problem))
            }
        }
    }

    /// What tells the account from every other, as [`bank::FundingAddresses::account_key`] has it.
    fn account_key(&self, profile: &BankProfile) -> Result<String, ParamError> {
        let wrong =
            |at: &'static str| move |error: AccountNumberError| ParamError::invalid(at, error);
        let number = &*self.account_number;
        Ok(match self.rail()? {
            Rail::Eu => Iban::parse(number).map_err(wrong(ACCOUNT_AT))?.to_string(),
            Rail::Mx => Clabe::parse(number).map_err(wrong(ACCOUNT_AT))?.to_string(),
            Rail::Us => {
                let bank = self.routing_number.as_deref().unwrap_or(&profile.us.routing_number);
                let bank = AbaRouting::parse(bank).map_err(wrong("routing_number"))?;
                let account = UsAccount::parse(number).map_err(wrong(ACCOUNT_AT))?;
                format!("{bank}:{account}")
            }
            Rail::Gb => {
                let bank = self.sort_code.as_deref().unwrap_or(&profile.gb.sort_code);
                let bank = SortCode::parse(bank).map_err(wrong("sort_code"))?;
                let account = GbAccount::parse(number).map_err(wrong(ACCOUNT_AT))?;
                format!("{bank}:{account}")
            }
            Rail::Jp => {
                let bank = self.bank_code.as_deref().unwrap_or(&profile.jp.bank_code);
                let branch = self.branch_code.as_deref().unwrap_or(&profile.jp.branch_code);
                let account = ZenginAccount::parse(number).map_err(wrong(ACCOUNT_AT))?;
                format!("{bank}:{branch}:{account}")
            }
        })
    }

    /// Who sent it, in the words of the rail. What the bank does not tell is an empty text.
    fn sender(self, rail: Rail) -> Result<Sender, ParamError> {
        let given = [
            (Rail::Eu, self.eu_bank_transfer.is_some()),
            (Rail::Gb, self.gb_bank_transfer.is_some()),
            (Rail::Jp, self.jp_bank_transfer.is_some()),
            (Rail::Us, self.us_bank_transfer.is_some()),
        ];
        if let Some((other, _)) = given.iter().find(|(other, is_given)| *is_given && *other != rail)
        {
            let problem = format!("does not go with a {}", rail.transfer_type());
            return Err(ParamError::invalid(other.transfer_type(), problem));
        }
        Ok(match rail {
            Rail::Eu => {
                let sender = self.eu_bank_transfer;
                let (bic, iban_last4, name) = sender.map_or((None, None, None), |sender| {
                    (sender.bic, sender.iban_last4, sender.sender_name)
                });
                let (bic, iban_last4, sender_name) = (text(bic), text(iban_last4), text(name));
                Sender::EuBankTransfer { bic, iban_last4, sender_name }
            }
            Rail::Gb => {
                let sender = self.gb_bank_transfer;
                let (last4, name, code) = sender.map_or((None, None, None), |sender| {
                    (sender.account_number_last4, sender.sender_name, sender.sort_code)
                });
                Sender::GbBankTransfer {
                    account_number_last4: text(last4),
                    sender_name: text(name),
                    sort_code: text(code),
                }
            }
            Rail::Jp => {
                let sender = self.jp_bank_transfer;
                let (bank, branch, name) = sender.map_or((None, None, None), |sender| {
                    (sender.sender_bank, sender.sender_branch, sender.sender_name)
                });
                Sender::JpBankTransfer {
                    sender_bank: text(bank),
                    sender_branch: text(branch),
                    sender_name: text(name),
                }
            }
            Rail::Mx => Sender::MxBankTransfer {},
            Rail::Us => {
                let sender = self.us_bank_transfer;
                let (network, name) =
                    sender.map_or((None, None), |sender| (sender.network, sender.sender_name));
                let network = network.unwrap_or(Network::Ach).as_str().to_owned();
                Sender::UsBankTransfer { network, sender_name: text(name) }
            }
        })
    }
}

fn text<const MAX: usize>(told: Option<Str<MAX>>) -> Option<String> {
    told.map(Into::into)
}

/// Books a transfer that arrived.
pub fn report(asked: &Asked<'_>, params: Report) -> Result<Command, ApiError> {
    let key = params.account_key(&asked.app.bank)?;
    let world = asked.wire.world;
    let owner = asked.app.readers.snapshot(|reader| holder(reader, world, &key))?;
    let (holder, account) = owner.ok_or_else(|| nobody(&key))?;
    let (amount_minor, currency) = (params.amount.0, currency(params.currency));
    if currency != account.currency {
        let problem = format!("must be {}, the currency of the account", account.currency);
        return Err(ParamError::invalid("currency", problem).into());
    }
    let rail = Rail::from_transfer_type(&account.transfer_type);
    let rail = rail.expect("instructions are made for a rail");
    let reference = params.reference.clone().map(Into::into);
    let transfer = BankTransfer { reference, sender: params.sender(rail)? };
    Ok(match holder {
        Holder::Customer(customer) => {
            Command::Fund { customer, amount_minor, currency, transfer, simulated: false }
        }
        Holder::Source(source) => Command::Source(SourceCommand::Receive {
            source: source.key,
            amount: amount_minor,
            transfer,
        }),
    })
}

/// Who has an account that transfers arrive at.
pub enum Holder {
    /// A customer: it is one of the customer's funding instructions.
    Customer(Number),
    /// A source, whose account it is.
    Source(Box<Source>),
}

/// Who has the account with a key, and what is kept of it.
pub fn holder(
    reader: &Reader,
    world: World,
    account_key: &str,
) -> Result<Option<(Holder, Instructions)>, StoreError> {
    let Some((number, account)) = reader.account_owner(world, account_key)? else {
        return Ok(None);
    };
    let holder = match reader.document_at(world, number)? {
        Some(Document::Source(source)) => Holder::Source(source),
        _ => Holder::Customer(number),
    };
    Ok(Some((holder, account)))
}

/// The accounts that a number may mean, each as [`bank::FundingAddresses::account_key`] has it:
/// an IBAN, a CLABE, or the number of an account at a bank of the profile.
pub fn account_keys(profile: &BankProfile, number: &str) -> Vec<String> {
    let iban = Iban::parse(number).map(|iban| iban.to_string());
    let clabe = Clabe::parse(number).map(|clabe| clabe.to_string());
    let us = AbaRouting::parse(&profile.us.routing_number)
        .and_then(|bank| Ok(format!("{bank}:{}", UsAccount::parse(number)?)));
    let gb = SortCode::parse(&profile.gb.sort_code)
        .and_then(|bank| Ok(format!("{bank}:{}", GbAccount::parse(number)?)));
    let jp = ZenginAccount::parse(number)
        .map(|account| format!("{}:{}:{account}", profile.jp.bank_code, profile.jp.branch_code));
    [iban, clabe, us, gb, jp].into_iter().flatten().collect()
}

/// Nobody has this account.
fn nobody(key: &str) -> ApiError {
    let last4 = &key[key.len().saturating_sub(4)..];
    let message = format!("No such account: no customer was given one that ends in {last4}");
    ApiError::invalid(404, message).coded("resource_missing").about(ACCOUNT_AT)
}

/// Books that the sender's bank pulls a transfer back.
pub fn reverse(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    let id = asked.ids.get("transaction").unwrap_or_default();
    if Kind::of(id) == Some(Kind::SourceTransaction) {
        let transaction = asked.row(Kind::SourceTransaction, "transaction")?;
        return Ok(Command::Source(SourceCommand::PullBack { transaction }));
    }
    let transaction = asked.row(Kind::CashTransaction, "transaction")?;
    Ok(Command::ReverseTransfer { transaction })
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;
    use bank::{EuCountry, FinancialAddress};

    fn read(form: &str) -> Result<Report, ParamError> {
        read_all(&parse_form(format!("amount=5&{form}").as_bytes()).unwrap())
    }

    #[test]
    fn every_account_that_is_handed_out_is_found_again() {
        let profile = BankProfile::default();
        for (rail, seed) in Rail::ALL.into_iter().flat_map(|rail| [(rail, 1), (rail, 77)]) {
            let made = bank::addresses(&profile, rail, Some(EuCountry::De), seed);
            for address in &made.financial_addresses {
                let forms = match address {
                    FinancialAddress::Aba { aba, .. } => vec![
                        format!("{}&routing_number={}", aba.account_number, aba.routing_number),
                        aba.account_number.clone(),
                    ],
                    FinancialAddress::Swift { swift, .. } => vec![swift.account_number.clone()],
                    FinancialAddress::SortCode { sort_code, .. } => vec![
                        format!("{}&sort_code={}", sort_code.account_number, sort_code.sort_code),
                        sort_code.account_number.clone(),
                    ],
                    FinancialAddress::Iban { iban, .. } => {
                        vec![iban.iban.clone(), iban.iban.to_lowercase()]
                    }
                    FinancialAddress::Zengin { zengin, .. } => vec![
                        format!(
                            "{}&bank_code={}&branch_code={}",
                            zengin.account_number, zengin.bank_code, zengin.branch_code
                        ),
                        zengin.account_number.clone(),
                    ],
                    FinancialAddress::Spei { spei, .. } => vec![spei.clabe.clone()],
                };
                for form in forms {
                    let form = format!("currency={}&account_number={form}", rail.currency());
                    let key = read(&form).and_then(|report| report.account_key(&profile));
                    assert_eq!(key.as_ref(), Ok(&made.account_key), "{form}");
                    let number = form.split(['=', '&']).nth(3).unwrap();
                    let keys = account_keys(&profile, number);
                    assert!(keys.contains(&made.account_key), "{number}: {keys:?}");
                }
            }
        }
    }

    #[test]
    fn accounts_that_cannot_be_are_refused() {
        let cases = [
            ("currency=eur&account_number=12345678", Some(ACCOUNT_AT)),
            ("currency=eur&account_number=DE00370400440532013000", Some(ACCOUNT_AT)),
            ("currency=mxn&account_number=032180000118359718", Some(ACCOUNT_AT)),
            ("currency=usd&account_number=1234&routing_number=110000001", Some("routing_number")),
            ("currency=gbp&account_number=12345678&sort_code=12345", Some("sort_code")),
            ("currency=gbp&account_number=12345678&sort_code=1&routing_number=1", None),
        ];
        for (form, want) in cases {
            let key = read(form).and_then(|report| report.account_key(&BankProfile::default()));
            assert_eq!(key.unwrap_err().param.as_deref(), want, "{form}");
        }
    }

    #[test]
    fn a_sender_speaks_the_words_of_the_rail() {
        let sender = |form: &str, rail| {
            let form = format!("currency=usd&account_number=1234&{form}");
            read(&form).and_then(|report| report.sender(rail))
        };
        let us = |network: &str, name: Option<&str>| {
            let sender_name = name.map(str::to_owned);
            Ok(Sender::UsBankTransfer { network: network.into(), sender_name })
        };
        assert_eq!(sender("", Rail::Us), us("ach", None));
        let wire = "us_bank_transfer[network]=rtp&us_bank_transfer[sender_name]=Ann";
        assert_eq!(sender(wire, Rail::Us), us("rtp", Some("Ann")));
        let error = sender(wire, Rail::Eu).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("us_bank_transfer"));
        assert_eq!(sender("", Rail::Mx), Ok(Sender::MxBankTransfer {}));
    }
}
