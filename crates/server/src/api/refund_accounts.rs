//! The bank account that a customer names for a refund.
//!
//! Its number is checked, reduced to its last four characters, and forgotten: it is never stored
//! and never logged, and no message repeats it. In test mode only the test accounts of Stripe's
//! page "Refund customer balance payments" exist, and each is known to keep the money or to send
//! it back.

use bank::{
    AbaRouting, AccountNumberError, Clabe, GbAccount, Iban, Rail, SortCode, UsAccount,
    ZenginAccount,
};

use super::params::{ParamError, Path, Str, params};

params! {
    /// A bank account as its country writes it. Dollars: `account_number` and `routing_number`;
    /// pounds: `account_number` and `sort_code`; euros: `iban`; pesos: `clabe`; yen:
    /// `account_number` and `routing_number`.
    pub struct BankAccount {
        /// The number of the account.
        pub account_number: Option<Str<64>>,
        /// The CLABE, in Mexico.
        pub clabe: Option<Str<64>>,
        /// The International Bank Account Number.
        pub iban: Option<Str<64>>,
        /// The bank's routing number; in Japan four digits of the bank and three of its branch.
        pub routing_number: Option<Str<64>>,
        /// The sort code of the branch, in the United Kingdom.
        pub sort_code: Option<Str<64>>,
    }
    refuses {}
}

/// An account that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The last four characters of its number.
    pub last4: String,
    /// Whether the bank will send the money back.
    pub bounces: bool,
}

/// Digits of a Japanese bank and its branch.
const ZENGIN_ROUTING_DIGITS: usize = 7;

/// The accounts of a rail that exist in test mode.
struct TestAccounts {
    rail: Rail,
    /// Routing number or sort code.
    bank: &'static str,
    keeps: &'static str,
    bounces: &'static [&'static str],
}

/// Of an IBAN all that follows the country, which may be any.
const TEST_ACCOUNTS: [TestAccounts; 5] = [
    TestAccounts {
        rail: Rail::Eu,
        bank: "",
        keeps: "89370400440532013000",
        bounces: &[
            "62370400440532013001",
            "89370400440532013002",
            "89370400440532013003",
            "89370400440532013004",
            "89370400440532013005",
        ],
    },
    TestAccounts {
        rail: Rail::Jp,
        bank: "1100000",
        keeps: "0001234",
        bounces: &["1111113", "1111116", "3333335", "4444440"],
    },
    TestAccounts {
        rail: Rail::Mx,
        bank: "",
        keeps: "000000001234567897",
        bounces: &[
            "000000111111111117",
            "000000111111111133",
            "000000222222222224",
            "000000333333333331",
            "000000444444444448",
        ],
    },
    TestAccounts {
        rail: Rail::Gb,
        bank: "108800",
        keeps: "00012345",
        bounces: &["11111113", "11111116", "22222227", "33333335", "44444440"],
    },
    TestAccounts {
        rail: Rail::Us,
        bank: "110000000",
        keeps: "000123456789",
        bounces: &["000111111113", "000111111116", "000222222227", "000333333335", "000444444440"],
    },
];

impl BankAccount {
    /// Checks that it is an account which a transfer on this rail can reach. `at` is the hash.
    pub fn check(&self, rail: Rail, live: bool, at: &Path) -> Result<Checked, ParamError> {
        let (bank_name, number_name) = names(rail);
        for (name, value) in self.fields() {
            let wanted = name == number_name || Some(name) == bank_name;
            if value.is_some() && !wanted {
                let problem = format!("does not go with a {}", rail.transfer_type());
                return Err(ParamError::invalid(at.key(name), problem));
            }
            if value.is_none() && wanted {
                return Err(ParamError::missing(at.key(name)));
            }
        }
        let given = |wanted: &str| {
            let mut fields = self.fields().into_iter();
            fields.find_map(|(name, value)| value.filter(|_| name == wanted)).unwrap_or_default()
        };
        let bank = bank_name.map(|name| (name, given(name)));
        match live {
            true => check_live(rail, bank, (number_name, given(number_name)), at),
            false => check_test(rail, bank, (number_name, given(number_name)), at),
        }
    }

    fn fields(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("account_number", self.account_number.as_deref()),
            ("clabe", self.clabe.as_deref()),
            ("iban", self.iban.as_deref()),
            ("routing_number", self.routing_number.as_deref()),
            ("sort_code", self.sort_code.as_deref()),
        ]
    }
}

/// The parameters that name the bank, where the account number does not, and the account.
fn names(rail: Rail) -> (Option<&'static str>, &'static str) {
    match rail {
        Rail::Eu => (None, "iban"),
        Rail::Gb => (Some("sort_code"), "account_number"),
        Rail::Jp | Rail::Us => (Some("routing_number"), "account_number"),
        Rail::Mx => (None, "clabe"),
    }
}

type Named<'a> = (&'static str, &'a str);

fn check_live(
    rail: Rail,
    bank: Option<Named<'_>>,
    (name, number): Named<'_>,
    at: &Path,
) -> Result<Checked, ParamError> {
    if let Some((name, code)) = bank {
        let wrong = |error: AccountNumberError| ParamError::invalid(at.key(name), error);
        match rail {
            Rail::Us => AbaRouting::parse(code).map(drop).map_err(wrong)?,
            Rail::Gb => SortCode::parse(code).map(drop).map_err(wrong)?,
            _ if is_zengin_routing(code) => {}
            _ => {
                let problem = "must be the four digits of a bank and the three of its branch";
                return Err(ParamError::invalid(at.key(name), problem));
            }
        }
    }
    let last4 = match rail {
        Rail::Eu => Iban::parse(number).map(|it| it.last4().to_owned()),
        Rail::Gb => GbAccount::parse(number).map(|it| it.last4().to_owned()),
        Rail::Jp => ZenginAccount::parse(number).map(|it| it.last4().to_owned()),
        Rail::Mx => Clabe::parse(number).map(|it| it.last4().to_owned()),
        Rail::Us => UsAccount::parse(number).map(|it| it.last4().to_owned()),
    };
    let last4 = last4.map_err(|error| ParamError::invalid(at.key(name), error))?;
    Ok(Checked { last4, bounces: false })
}

fn is_zengin_routing(code: &str) -> bool {
    let digits = plain(code);
    digits.len() == ZENGIN_ROUTING_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_test(
    rail: Rail,
    bank: Option<Named<'_>>,
    (name, number): Named<'_>,
    at: &Path,
) -> Result<Checked, ParamError> {
    let known = TEST_ACCOUNTS.iter().find(|accounts| accounts.rail == rail);
    let known = known.expect("every rail has test accounts");
    if let Some((name, code)) = bank
        && plain(code) != known.bank
    {
        let problem = format!("must be {} in test mode", known.bank);
        return Err(ParamError::invalid(at.key(name), problem));
    }
    let written = plain(number);
    let number = match rail {
        Rail::Eu => match written.split_at_checked(2) {
            Some((country, rest)) if country.bytes().all(|b| b.is_ascii_uppercase()) => rest,
            _ => "",
        },
        _ => &written,
    };
    let bounces = known.bounces.contains(&number);
    if !bounces && number != known.keeps {
        let keeps = match rail {
            Rail::Eu => format!("DE{}", known.keeps),
            _ => known.keeps.to_owned(),
        };
        let problem = format!(
            "must be a test account in test mode: {keeps}, or one of those that send money back"
        );
        return Err(ParamError::invalid(at.key(name), problem));
    }
    let last4 = number[number.len() - 4..].to_owned();
    Ok(Checked { last4, bounces })
}

/// Without the separators that people write, in capitals.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|character| !matches!(character, ' ' | '-'));
    kept.map(|character| character.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::form::parse_form;
    use crate::api::params::read_all;

    /// What comes out, as `last4`, `last4 bounces` or the parameter at fault.
    #[track_caller]
    fn check(live: bool, table: &[(Rail, &str, &str)]) {
        for (rail, form, want) in table {
            let account: BankAccount = read_all(&parse_form(form.as_bytes()).unwrap()).unwrap();
            let found = match account.check(*rail, live, &Path::top("bank_account")) {
                Ok(Checked { last4, bounces: false }) => last4,
                Ok(Checked { last4, bounces: true }) => format!("{last4} bounces"),
                Err(error) => error.param.unwrap_or_default(),
            };
            assert_eq!(found, *want, "{rail:?} {form}");
        }
    }

    #[test]
    fn in_test_mode_only_test_accounts_exist() {
        let us = |number: &str| format!("account_number={number}&routing_number=110000000");
        let (keeps, bounces, other) = (us("000123456789"), us("000111111113"), us("1234567"));
        check(
            false,
            &[
                (Rail::Us, &keeps, "6789"),
                (Rail::Us, &bounces, "1113 bounces"),
                (Rail::Us, &other, "bank_account[account_number]"),
                (
                    Rail::Us,
                    "account_number=000123456789&routing_number=021000021",
                    "bank_account[routing_number]",
                ),
                (Rail::Us, "account_number=000123456789", "bank_account[routing_number]"),
                (Rail::Us, "", "bank_account[account_number]"),
                (Rail::Us, "iban=DE89370400440532013000", "bank_account[account_number]"),
                (Rail::Eu, "iban=DE89 3704 0044 0532 0130 00", "3000"),
                (Rail::Eu, "iban=fr89370400440532013000", "3000"),
                (Rail::Eu, "iban=DE62370400440532013001", "3001 bounces"),
                (Rail::Eu, "iban=DE89370400440532013005", "3005 bounces"),
                (Rail::Eu, "iban=DE89370400440532013006", "bank_account[iban]"),
                (Rail::Eu, "iban=89370400440532013000", "bank_account[iban]"),
                (Rail::Eu, "iban=é", "bank_account[iban]"),
                (Rail::Eu, &keeps, "bank_account[account_number]"),
                (Rail::Gb, "account_number=00012345&sort_code=10-88-00", "2345"),
                (Rail::Gb, "account_number=44444440&sort_code=108800", "4440 bounces"),
                (Rail::Mx, "clabe=000000001234567897", "7897"),
                (Rail::Mx, "clabe=000000111111111133", "1133 bounces"),
                (Rail::Jp, "account_number=0001234&routing_number=1100000", "1234"),
                (Rail::Jp, "account_number=3333335&routing_number=1100000", "3335 bounces"),
            ],
        );
    }

    #[test]
    fn in_live_mode_check_digits_count() {
        check(
            true,
            &[
                (Rail::Us, "account_number=12345678&routing_number=021000021", "5678"),
                (
                    Rail::Us,
                    "account_number=12345678&routing_number=021000022",
                    "bank_account[routing_number]",
                ),
                (
                    Rail::Us,
                    "account_number=123&routing_number=021000021",
                    "bank_account[account_number]",
                ),
                (Rail::Eu, "iban=DE89370400440532013000", "3000"),
                (Rail::Eu, "iban=DE89370400440532013001", "bank_account[iban]"),
                (Rail::Gb, "account_number=12345678&sort_code=200000", "5678"),
                (Rail::Mx, "clabe=032180000118359719", "9719"),
                (Rail::Mx, "clabe=032180000118359718", "bank_account[clabe]"),
                (Rail::Jp, "account_number=1234567&routing_number=0001001", "4567"),
                (
                    Rail::Jp,
                    "account_number=1234567&routing_number=001",
                    "bank_account[routing_number]",
                ),
            ],
        );
    }

    #[test]
    fn no_message_repeats_a_number() {
        for live in [true, false] {
            let form = "account_number=9988776655x&routing_number=110000000";
            let account: BankAccount = read_all(&parse_form(form.as_bytes()).unwrap()).unwrap();
            let error = account.check(Rail::Us, live, &Path::top("bank_account")).unwrap_err();
            assert!(!error.message.contains("99887"), "{}", error.message);
        }
    }
}
