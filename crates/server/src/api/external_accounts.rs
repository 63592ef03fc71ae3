//! The merchant's bank accounts, which payouts go to: Stripe's external accounts.
//!
//! An account number is checked, reduced to its last four characters and a fingerprint, and
//! forgotten: it is never stored and never logged.

use bank::{
    AbaRouting, AccountNumberError, Clabe, GbAccount, Iban, SortCode, UsAccount, ZenginAccount,
};
use books::command::{BankAccountDraft, PayoutCommand};
use books::id::{RowKey, random_text};
use books::payout::PayoutFailure;
use books::{Command, Document, Kind, World};
use sha2::{Digest, Sha256};
use store::DocumentFilter;
use store::{Page as Rows, Reader, StoreError, Window};

use super::accounts;
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{
    Country, CurrencyCode, Either, MetadataPatch, NoParams, Page, ParamError, Path, Str, Text,
    choice, params,
};
use super::payouts::{currency, metadata_patch, new_metadata};

choice! {
    /// What kind of external account it is.
    pub enum Object {
        /// A bank account; cards cannot be paid out to.
        BankAccount = "bank_account",
    }
}

choice! {
    /// Who owns a bank account.
    pub enum HolderType {
        /// A business.
        Company = "company",
        /// A person.
        Individual = "individual",
    }
}

params! {
    /// The details of a bank account.
    pub struct Details {
        /// Who owns it.
        pub account_holder_name: Option<Str<300>>,
        /// Whether a person or a business owns it.
        pub account_holder_type: Option<HolderType>,
        /// The number of the account: an IBAN, a CLABE or what the country uses. It is not kept.
        pub account_number: Str<64>,
        /// The country that the account is in, as two letters.
        pub country: Country,
        /// The currency that it takes.
        pub currency: CurrencyCode,
        /// Always `bank_account`.
        pub object: Object,
        /// Routing number, sort code or the like, where the country has one.
        pub routing_number: Option<Str<64>>,
    }
    refuses { "account_type", "documents" }
}

params! {
    /// A bank account to add.
    pub struct Create {
        /// Whether payouts in its currency go there from now on, unless they name another. The
        /// first account of a currency is its default anyway.
        pub default_for_currency: Option<bool>,
        /// The details of the bank account.
        pub external_account: Either<Text, Details>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses {}
    check Create::check
}

params! {
    /// What changes about a bank account.
    pub struct Update {
        /// True makes it the default for its currency. False changes nothing: the default goes
        /// when another account becomes it.
        pub default_for_currency: Option<bool>,
        /// Up to 50 names with values of your own.
        pub metadata: MetadataPatch,
    }
    refuses {
        "account_holder_name", "account_holder_type", "account_type", "address_city",
        "address_country", "address_line1", "address_line2", "address_state", "address_zip",
        "documents", "exp_month", "exp_year", "name",
    }
}

params! {
    /// Which external accounts to list.
    pub struct List {
        /// Only those of this kind; there is one.
        pub object: Option<Object>,
        ..page: Page,
    }
    refuses {}
}

impl Create {
    fn check(params: &Create, _at: &Path) -> Result<(), ParamError> {
        match &params.external_account {
            Either::Hash(details) => details.number().map(drop),
            Either::Scalar(_) => Err(ParamError::invalid(
                "external_account",
                "must be a hash with the details of the bank account: Purser makes no tokens of \
                 accounts, so there are none to name",
            )),
        }
    }
}

/// The numbers of an account, checked as far as its country lets them be.
#[derive(Debug, PartialEq)]
struct Numbers {
    routing: Option<String>,
    account: String,
}

/// How the numbers of a country are built.
enum Scheme {
    Us,
    Gb,
    Jp,
    Iban,
    Clabe,
    /// Nobody here knows: only letters and digits.
    Other,
}

const ACCOUNT_AT: &str = "external_account[account_number]";
const ROUTING_AT: &str = "external_account[routing_number]";

fn wrong_account(error: AccountNumberError) -> ParamError {
    ParamError::coded("account_number_invalid", ACCOUNT_AT, error)
}

fn wrong_routing(error: AccountNumberError) -> ParamError {
    ParamError::coded("routing_number_invalid", ROUTING_AT, error)
}

impl Details {
    fn scheme(&self) -> Scheme {
        let number = self.account_number.trim_start();
        match self.country.0.as_str() {
            "US" => Scheme::Us,
            "JP" => Scheme::Jp,
            "MX" => Scheme::Clabe,
            // British accounts have both, and the euro takes the IBAN.
            "GB" if !number.starts_with(|first: char| first.is_ascii_alphabetic()) => Scheme::Gb,
            country if has_ibans(country) => Scheme::Iban,
            _ => Scheme::Other,
        }
    }

    /// The numbers in normal form, if they are plausible.
    fn number(&self) -> Result<Numbers, ParamError> {
        let routing = || {
            let given = self.routing_number.as_deref();
            given.ok_or_else(|| ParamError::missing(ROUTING_AT))
        };
        let number = &*self.account_number;
        let (routing, account) = match self.scheme() {
            Scheme::Us => {
                let routing = AbaRouting::parse(routing()?).map_err(wrong_routing)?;
                let account = UsAccount::parse(number).map_err(wrong_account)?;
                (Some(routing.to_string()), account.to_string())
            }
            Scheme::Gb => {
                let sort_code = SortCode::parse(routing()?).map_err(wrong_routing)?;
                let account = GbAccount::parse(number).map_err(wrong_account)?;
                (Some(sort_code.to_string()), account.to_string())
            }
            Scheme::Jp => {
                // Bank and branch together have as many digits as an account.
                let bank = ZenginAccount::parse(routing()?).map_err(wrong_routing)?;
                let account = ZenginAccount::parse(number).map_err(wrong_account)?;
                (Some(bank.to_string()), account.to_string())
            }
            Scheme::Iban => (None, self.iban()?),
            Scheme::Clabe => (None, Clabe::parse(number).map_err(wrong_account)?.to_string()),
            Scheme::Other => return self.plain(),
        };
        if routing.is_none() && self.routing_number.is_some() {
            let problem = "is not needed here: the account number says which bank it is at";
            return Err(ParamError::coded("routing_number_invalid", ROUTING_AT, problem));
        }
        Ok(Numbers { routing, account })
    }

    fn iban(&self) -> Result<String, ParamError> {
        // The accounts for tests are IBANs of which some have wrong check digits.
        let plain = compact(&self.account_number);
        if plain.starts_with(&self.country.0) && test_account(None, &plain).is_some() {
            return Ok(plain);
        }
        let iban = Iban::parse(&self.account_number).map_err(wrong_account)?;
        if iban.country() != self.country.0 {
            let problem = format!("is an IBAN of {}, not of {}", iban.country(), self.country.0);
            return Err(ParamError::coded("account_number_invalid", ACCOUNT_AT, problem));
        }
        Ok(iban.to_string())
    }

    fn plain(&self) -> Result<Numbers, ParamError> {
        let check = |text: &str, code, at, min| {
            let plain = compact(text);
            match plain.len() >= min && plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                true => Ok(plain),
                false => {
                    let problem = format!("must have {min} or more letters and digits, only those");
                    Err(ParamError::coded(code, at, problem))
                }
            }
        };
        let routing = self.routing_number.as_deref();
        let routing = routing.map(|text| check(text, "routing_number_invalid", ROUTING_AT, 3));
        let account = check(&self.account_number, "account_number_invalid", ACCOUNT_AT, 4)?;
        Ok(Numbers { routing: routing.transpose()?, account })
    }
}

/// Whether accounts of a country are written as IBANs.
fn has_ibans(country: &str) -> bool {
    // A code alone is too short for an IBAN, but parsing it tells whether the code is known.
    Iban::parse(country) != Err(AccountNumberError::UnknownCountry)
}

/// Capitals and digits, without the separators that people write.
fn compact(text: &str) -> String {
    let kept = text.chars().filter(|letter| !matches!(letter, ' ' | '-'));
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

/// The accounts for tests, by the routing number (none before an IBAN), and what becomes of a
/// payout to each. Source: Stripe's page "Testing Connect".
#[rustfmt::skip]
const TEST_ACCOUNTS: [(Option<&str>, &str, Option<PayoutFailure>); 18] = [
    (Some("110000000"), "000123456789", None),
    (Some("110000000"), "000111111116", Some(PayoutFailure::NoAccount)),
    (Some("110000000"), "000111111113", Some(PayoutFailure::AccountClosed)),
    (Some("110000000"), "000222222227", Some(PayoutFailure::InsufficientFunds)),
    (Some("110000000"), "000333333335", Some(PayoutFailure::DebitNotAuthorized)),
    (Some("110000000"), "000444444440", Some(PayoutFailure::InvalidCurrency)),
    (Some("108800"), "00012345", None),
    (Some("108800"), "11111116", Some(PayoutFailure::NoAccount)),
    (Some("108800"), "11111113", Some(PayoutFailure::AccountClosed)),
    (Some("108800"), "22222227", Some(PayoutFailure::InsufficientFunds)),
    (Some("108800"), "33333335", Some(PayoutFailure::DebitNotAuthorized)),
    (Some("108800"), "44444440", Some(PayoutFailure::InvalidCurrency)),
    (None, "DE89370400440532013000", None),
    (None, "DE62370400440532013001", Some(PayoutFailure::NoAccount)),
    (None, "DE89370400440532013002", Some(PayoutFailure::AccountClosed)),
    (None, "DE89370400440532013003", Some(PayoutFailure::InsufficientFunds)),
    (None, "DE89370400440532013004", Some(PayoutFailure::DebitNotAuthorized)),
    (None, "DE89370400440532013005", Some(PayoutFailure::InvalidCurrency)),
];

/// What becomes of a payout to an account for tests; the outer `None` for all other accounts.
fn test_account(routing: Option<&str>, account: &str) -> Option<Option<PayoutFailure>> {
    let known = |(bank, number, _): &&(_, &str, _)| *bank == routing && *number == account;
    TEST_ACCOUNTS.iter().find(known).map(|(_, _, outcome)| *outcome)
}

/// Same for the same account, and tells nothing else about it.
fn fingerprint(secret: &[u8; 16], country: &str, numbers: &Numbers) -> String {
    const CHARS: usize = 16;
    let mut hash = Sha256::new();
    hash.update(b"external account");
    hash.update(secret);
    for part in [country, numbers.routing.as_deref().unwrap_or_default(), &numbers.account] {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let bytes: [u8; 32] = hash.finalize().into();
    random_text(&bytes, CHARS)
}

/// Adds a bank account.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    accounts::check_own(asked.access, asked.ids.get("account").unwrap_or_default())?;
    let Either::Hash(details) = params.external_account else {
        return Err(ParamError::missing("external_account").into());
    };
    let numbers = details.number()?;
    let known = test_account(numbers.routing.as_deref(), &numbers.account);
    let simulates = !asked.app.settings.production && !asked.access.livemode;
    if known.is_some() && !simulates {
        let problem = "is an account for tests, which exists in the sandbox only";
        let error = ParamError::coded("account_number_invalid", ACCOUNT_AT, problem);
        return Err(error.into());
    }
    let country: String = details.country.into();
    let last4 = numbers.account.len().saturating_sub(4);
    Ok(Command::Payout(PayoutCommand::CreateBankAccount(Box::new(BankAccountDraft {
        currency: currency(details.currency),
        last4: numbers.account[last4..].to_owned(),
        fingerprint: fingerprint(&asked.app.secret, &country, &numbers),
        country,
        routing_number: numbers.routing,
        account_holder_name: details.account_holder_name.map(Into::into),
        account_holder_type: details.account_holder_type.map(|kind| kind.as_str().to_owned()),
        default_for_currency: params.default_for_currency.unwrap_or(false),
        metadata: new_metadata(params.metadata),
        fails: known.flatten(),
    }))))
}

/// Changes what the merchant keeps with a bank account, or makes it the default.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let account = row(asked)?.number;
    let metadata = metadata_patch(params.metadata);
    let default_for_currency = params.default_for_currency.unwrap_or(false);
    let command = PayoutCommand::UpdateBankAccount { account, metadata, default_for_currency };
    Ok(Command::Payout(command))
}

/// Removes a bank account.
pub fn delete(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    Ok(Command::Payout(PayoutCommand::DeleteBankAccount { account: row(asked)?.number }))
}

fn row(asked: &Asked<'_>) -> Result<RowKey, ApiError> {
    accounts::check_own(asked.access, asked.ids.get("account").unwrap_or_default())?;
    asked.row(Kind::BankAccount, "id")
}

/// Shows a bank account.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    accounts::check_own(ask.access, ask.id("account"))?;
    let account = ask.document(Kind::BankAccount, "id")?;
    match is_removed(&account) {
        true => Err(ApiError::missing(Kind::BankAccount.object(), ask.id("id"), "id")),
        false => Ok(ask.wire.document(&account)),
    }
}

/// Lists bank accounts.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    accounts::check_own(ask.access, ask.id("account"))?;
    let world = ask.wire.world;
    let window = ask.window(&params.page, None, Kind::BankAccount.object(), |id| {
        let Some(key) = ask.wire.ids.read(Kind::BankAccount, id) else {
            return Ok(None);
        };
        let found = ask.reader.document(world, Kind::BankAccount, key)?;
        Ok(found.map(|account| account.key().number))
    })?;
    let rows = present(ask.reader, world, window)?;
    Ok(ask.page(rows, |account| ask.wire.document(&account)))
}

/// The bank accounts of a window that were not removed.
pub(super) fn present(
    reader: &Reader,
    world: World,
    window: Window,
) -> Result<Rows<Document>, StoreError> {
    let filter = DocumentFilter { absent: vec!["deleted"], ..DocumentFilter::default() };
    reader.documents(world, Kind::BankAccount, &filter, window)
}

fn is_removed(document: &Document) -> bool {
    matches!(document, Document::BankAccount(account) if account.deleted)
}

#[cfg(test)]
mod tests {
    use super::super::form::parse_form;
    use super::super::params::read_all;
    use super::*;

    fn read(form: &str) -> Result<Create, ParamError> {
        let fields = form.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("external_account[{name}]={value}"),
            None => pair.to_owned(),
        });
        let form = fields.collect::<Vec<_>>().join("&") + "&external_account[object]=bank_account";
        read_all(&parse_form(form.as_bytes()).unwrap())
    }

    #[test]
    fn numbers_are_checked_as_their_country_does() {
        let account = Some(("account_number_invalid", ACCOUNT_AT));
        let routing = Some(("routing_number_invalid", ROUTING_AT));
        let no_routing = Some(("parameter_missing", ROUTING_AT));
        let cases = [
            ("US", "usd", "110000000", "000123456789", None),
            ("US", "usd", "110000001", "000123456789", routing),
            ("US", "usd", "", "000123456789", no_routing),
            ("US", "usd", "110000000", "12x", account),
            ("GB", "gbp", "10-88-00", "00012345", None),
            ("GB", "gbp", "108800", "0001234", account),
            ("GB", "eur", "", "GB82 WEST 1234 5698 7654 32", None),
            ("DE", "eur", "", "DE89 3704 0044 0532 0130 00", None),
            ("DE", "eur", "", "DE89370400440532013005", None),
            ("DE", "eur", "", "DE89370400440532013006", account),
            ("DE", "eur", "", "0532013000", account),
            ("FR", "eur", "", "DE89370400440532013000", account),
            ("FR", "eur", "", "DE89370400440532013005", account),
            ("FR", "eur", "", "IE29AIBK93115212345678", account),
            ("DE", "eur", "37040044", "DE89370400440532013000", routing),
            ("MX", "mxn", "", "032180000118359719", None),
            ("MX", "mxn", "", "032180000118359718", account),
            ("JP", "jpy", "1100000", "0001234", None),
            ("AU", "aud", "110-000", "000123456", None),
            ("AU", "aud", "", "0!", account),
        ];
        for (country, currency, bank, number, want) in cases {
            let mut form = format!("country={country}&currency={currency}&account_number={number}");
            if !bank.is_empty() {
                form += &format!("&routing_number={bank}");
            }
            let got = read(&form).err();
            let got = got.as_ref().map(|e| (e.code.unwrap(), e.param.as_deref().unwrap()));
            assert_eq!(got, want, "{form}");
        }
    }

    #[test]
    fn tokens_and_cards_are_refused() {
        let card = "external_account[object]=card&external_account[account_number]=1234\
                    &external_account[country]=AU&external_account[currency]=aud";
        let cases =
            [("external_account=btok_1", "external_account"), (card, "external_account[object]")];
        for (form, want) in cases {
            let read = read_all::<Create>(&parse_form(form.as_bytes()).unwrap());
            assert_eq!(read.unwrap_err().param.as_deref(), Some(want), "{form}");
        }
    }

    #[test]
    fn a_fingerprint_is_short_and_knows_every_part() {
        let of = |secret: u8, country, routing: Option<&str>, account: &str| {
            let routing = routing.map(str::to_owned);
            let numbers = Numbers { routing, account: account.to_owned() };
            fingerprint(&[secret; 16], country, &numbers)
        };
        let first = of(1, "US", Some("110000000"), "000123456789");
        assert_eq!(first.len(), 16);
        assert_eq!(first, of(1, "US", Some("110000000"), "000123456789"));
        for other in [
            of(2, "US", Some("110000000"), "000123456789"),
            of(1, "CA", Some("110000000"), "000123456789"),
            of(1, "US", Some("110000001"), "000123456789"),
            of(1, "US", Some("11000000"), "0000123456789"),
            of(1, "US", None, "110000000000123456789"),
        ] {
            assert_ne!(first, other);
        }
    }
}
