//! The journal as hledger and beancount read it: a transaction for each entry.
//!
//! Debits are positive, as both tools have it, so what is owed to customers is negative. Customers
//! share an account, and each line names its customer; or each has an account of their own. At the
//! end stands what the ledger itself says that each account holds, so that the tools find out if
//! the entries come to anything else.

use std::collections::BTreeMap;

use books::id::Number;
use books::journal::{Account, Entry};
use books::{Currency, IdKey, Kind, RowKey, Timestamp};
use store::JournalEnd;

use super::csv::decimal;
use super::wanted::{Format, Wanted};
use super::{Books, Line};
use crate::moments::show_moment;

/// Above what belongs to all customers.
const CUSTOMERS: &str = "Liabilities:Customers";
const CASH: &str = "Cash";
const PAYMENTS: &str = "Payments";
/// What sources received is somebody's who paid, and no customer's of their own.
const SOURCES: &str = "Liabilities:Customers:Sources";
/// When accounts of the house are opened: before anything can have happened.
const FIRST_DAY: &str = "1970-01-01";
const DAY_S: i64 = 86_400;

const HOUSE: [Account; 13] = [
    Account::Bank,
    Account::MerchantPending,
    Account::MerchantAvailable,
    Account::Fees,
    Account::RefundsInTransit,
    Account::PayoutsInTransit,
    Account::ConnectReserved,
    Account::Issuing,
    Account::PrefundingAvailable,
    Account::PrefundingPending,
    Account::CardNetwork,
    Account::BankPending,
    Account::BankAvailable,
];

/// What an account of the house is called, and one that all customers share.
fn shared(account: Account) -> &'static str {
    match account {
        Account::Bank => "Assets:Bank",
        Account::CustomerCash(_) => "Liabilities:Customers:Cash",
        Account::PaymentIntent(_) => "Liabilities:Customers:Payments",
        Account::MerchantPending => "Liabilities:Merchant:Pending",
        Account::MerchantAvailable => "Liabilities:Merchant:Available",
        Account::Fees => "Income:Fees",
        Account::RefundsInTransit => "Liabilities:RefundsInTransit",
        Account::PayoutsInTransit => "Liabilities:Merchant:PayoutsInTransit",
        Account::ConnectReserved => "Liabilities:Merchant:ConnectReserved",
        Account::Issuing => "Liabilities:Merchant:Issuing",
        Account::PrefundingAvailable => "Liabilities:Merchant:PrefundingAvailable",
        Account::PrefundingPending => "Liabilities:Merchant:PrefundingPending",
        Account::CardNetwork => "Assets:CardNetwork",
        Account::BankPending => "Liabilities:Merchant:BankPending",
        Account::BankAvailable => "Liabilities:Merchant:BankAvailable",
        Account::Source(_) => SOURCES,
    }
}

/// An account of one customer.
fn own(format: Format, ids: &IdKey, customer: Number, what: &str) -> String {
    let id = ids.customer(customer);
    match format {
        // Names begin with a capital there and have no underscores.
        Format::Beancount => {
            format!("{CUSTOMERS}:Cus-{}:{what}", id.trim_start_matches(Kind::Customer.prefix()))
        }
        _ => format!("{CUSTOMERS}:{id}:{what}"),
    }
}

/// What is above all entries: where they come from, currencies, and accounts.
pub fn heading(format: Format, books: &Books, wanted: &Wanted, end: &JournalEnd) -> String {
    let span = match (wanted.from, wanted.upto) {
        (None, None) => format!("up to {}", show_moment(end.last.created())),
        (from, upto) => {
            let first = from.map_or("the beginning".to_owned(), show_moment);
            let last = upto.unwrap_or(end.last.created()).min(end.last.created());
            format!("from {first} to {}", show_moment(last))
        }
    };
    let mut text = format!(
        "; The journal of {} ({} mode) as Purser keeps it, {span}.\n\
         ; Debits are positive. Times are in UTC.\n\n",
        books.account,
        books.mode()
    );
    let currencies = end.house.iter().map(|(_, currency, _)| *currency);
    let mut currencies: Vec<Currency> = currencies.filter(|c| is_wanted(wanted, *c)).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if format == Format::Beancount {
        text += &format!("option \"title\" \"{} ({} mode)\"\n", books.account, books.mode());
    } else {
        text += "decimal-mark .\n";
    }
    for currency in currencies {
        let code = code(currency);
        text += &match format {
            Format::Beancount => format!("option \"operating_currency\" \"{code}\"\n"),
            _ if currency.digits() == 0 => format!("commodity 1000. {code}\n"),
            _ => format!("commodity {} {code}\n", decimal(123_456, currency)),
        };
    }
    text.push('\n');
    let of_house = HOUSE.iter().map(|account| shared(*account));
    let of_customers: &[&str] = match wanted.has_customer_accounts() {
        true => &[CUSTOMERS, SOURCES],
        false => &[
            CUSTOMERS,
            SOURCES,
            shared(Account::CustomerCash(Number(0))),
            shared(Account::PaymentIntent(Number(0))),
        ],
    };
    for account in of_house.chain(of_customers.iter().copied()) {
        text += &declare(format, FIRST_DAY, account);
    }
    text
}

/// Declares the accounts of a customer.
pub fn declare_customer(format: Format, ids: &IdKey, customer: Number) -> String {
    let since = show_moment(customer.created());
    let declare = |what| declare(format, &since[..10], &own(format, ids, customer, what));
    [CASH, PAYMENTS].map(declare).concat()
}

fn declare(format: Format, since: &str, account: &str) -> String {
    match format {
        Format::Beancount => format!("{since} open {account}\n"),
        _ => format!("account {account}\n"),
    }
}

/// An entry as a transaction.
pub fn entry(
    format: Format,
    ids: &IdKey,
    wanted: &Wanted,
    entry: &Entry,
    lines: &[Line],
) -> String {
    let (number, kind) = (entry.number(), entry.kind().as_str().replace('_', " "));
    let moment = show_moment(number.created());
    let day = &moment[..10];
    // Servers make the ids of requests, of letters and digits.
    let request = entry.request();
    let mut text = match format {
        Format::Beancount => {
            let request = request.map(|id| format!("  request: \"{id}\"\n")).unwrap_or_default();
            format!(
                "\n{day} * \"{kind}\"\n  entry: \"{}\"\n  time: \"{moment}\"\n{request}",
                number.0
            )
        }
        _ => {
            let request = request.map(|id| format!(", request:{id}")).unwrap_or_default();
            format!("\n{day} * ({}) {kind}  ; time:{moment}{request}\n", number.0)
        }
    };
    for line in lines {
        text += &posting(format, ids, wanted, line);
    }
    text
}

fn posting(format: Format, ids: &IdKey, wanted: &Wanted, line: &Line) -> String {
    let (account, currency) = (line.posting.account, line.posting.currency);
    let name = match (account, line.owner) {
        (Account::CustomerCash(_), Some((_, key))) if wanted.has_customer_accounts() => {
            own(format, ids, key.customer, CASH)
        }
        (Account::PaymentIntent(_), Some((_, key))) if wanted.has_customer_accounts() => {
            own(format, ids, key.customer, PAYMENTS)
        }
        _ => shared(account).to_owned(),
    };
    let amount = decimal(line.posting.amount_minor, currency);
    let booked = match format {
        Format::Beancount => format!("  {name}  {amount} {}\n", code(currency)),
        _ => format!("    {name}  {amount} {}", code(currency)),
    };
    let tags = line.owner.map(|(kind, key)| tags(ids, kind, key)).unwrap_or_default();
    let tag = |(name, id): &(&str, String)| match format {
        Format::Beancount => format!("    {name}: \"{id}\"\n"),
        _ => format!("{name}:{id}"),
    };
    let shown: Vec<String> = tags.iter().map(tag).collect();
    match format {
        Format::Beancount => booked + &shown.concat(),
        _ if shown.is_empty() => booked + "\n",
        _ => format!("{booked}  ; {}\n", shown.join(", ")),
    }
}

/// Who a line is about.
fn tags(ids: &IdKey, kind: Kind, key: RowKey) -> Vec<(&'static str, String)> {
    let customer = ("customer", ids.customer(key.customer));
    match kind {
        Kind::PaymentIntent => vec![customer, ("payment", ids.write(kind, key))],
        Kind::Source => vec![("source", ids.write(kind, key))],
        _ => vec![customer],
    }
}

/// What the ledger says that each account holds after the last entry; nothing before the first.
pub fn balances(format: Format, wanted: &Wanted, end: &JournalEnd) -> String {
    if !end.house.iter().any(|(_, currency, _)| is_wanted(wanted, *currency)) {
        return String::new();
    }
    // What is not the house's is the customers': the ledger sums to zero.
    let mut customers: BTreeMap<Currency, i64> = BTreeMap::new();
    for (_, currency, balance) in &end.house {
        let sum = customers.entry(*currency).or_default();
        *sum = sum.saturating_sub(*balance);
    }
    let of_house =
        end.house.iter().map(|(account, currency, held)| (shared(*account), *currency, *held));
    let of_customers = customers.iter().map(|(currency, held)| (CUSTOMERS, *currency, *held));
    let all = of_house.chain(of_customers).filter(|(_, currency, _)| is_wanted(wanted, *currency));
    let moment = end.last.created();
    // A balance of beancount is that at the beginning of a day.
    let next = show_moment(Timestamp(moment.0 + DAY_S));
    let mut text = match format {
        Format::Beancount => "\n".to_owned(),
        _ => format!("\n{} * balances by the ledger\n", &show_moment(moment)[..10]),
    };
    for (account, currency, held) in all {
        let (held, code) = (decimal(held, currency), code(currency));
        text += &match format {
            Format::Beancount => format!("{} balance {account}  {held} ~ 0 {code}\n", &next[..10]),
            _ => format!("    {account}  0 {code} =* {held} {code}\n"),
        };
    }
    text
}

fn is_wanted(wanted: &Wanted, currency: Currency) -> bool {
    wanted.currency.is_none_or(|only| only == currency)
}

fn code(currency: Currency) -> String {
    currency.as_str().to_uppercase()
}
