//! The journal and the accounts of the ledger, as whoever owns the books may read them. These
//! objects are Purser's own: Stripe shows no books.

use books::id::{Number, RowKey};
use books::journal::{Account, Entry, Posting, Seal};
use books::{Currency, Kind};
use store::{Page as Rows, Window};

use super::error::ApiError;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, params};
use super::wire::Wire;

params! {
    /// Which entries to list.
    pub struct List {
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        ..page: Page,
    }
    refuses {}
}

/// Lists the entries of the journal.
pub fn entries(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let window = ask.window(&params.page, params.created, "journal entry", |id| {
        let Some(number) = id.parse().ok().filter(|number| (1..i64::MAX).contains(number)) else {
            return Ok(None);
        };
        let (above, below) = (Number(number - 1), Number(number + 1));
        let just_it = Window { above, below, ..Window::newest(1) };
        let found = ask.reader.entries(ask.wire.world, just_it)?;
        Ok(found.rows.first().map(|(entry, _)| entry.number()))
    })?;
    let rows = ask.reader.entries(ask.wire.world, window)?;
    Ok(ask.page(rows, |(entry, seal)| show_entry(ask.wire, &entry, &seal)))
}

/// Lists the accounts of the house with their balances. There are a few for each currency, so
/// they come on one page.
pub fn ledger_accounts(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let rows = ask.reader.house_balances(ask.wire.world)?;
    let rows = Rows { rows, has_more: false };
    Ok(ask.page(rows, |(account, currency, balance)| {
        show_account(ask.wire, name(account), currency, balance)
    }))
}

/// An entry, with each posting on its side and the seal in hexadecimal digits.
fn show_entry(wire: &Wire, entry: &Entry, seal: &Seal) -> Json {
    let customer = entry.postings().iter().find_map(|posting| match posting.account {
        Account::CustomerCash(customer) => Some(customer),
        _ => None,
    });
    let postings = entry.postings().iter().map(|posting| show_posting(wire, posting, customer));
    object! {
        "id": entry.number().0.to_string(),
        "object": "purser.entry",
        "created": entry.number().created(),
        "kind": entry.kind().as_str(),
        "livemode": wire.livemode,
        "postings": postings.collect::<Vec<_>>(),
        "seal": seal.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    }
}

/// A line of an entry. `customer` is whose cash moved, which is also who pays an intent: an entry
/// that moves no cash does not say whose intent it is about, and shows no owner.
fn show_posting(wire: &Wire, posting: &Posting, customer: Option<Number>) -> Json {
    let Posting { account, amount_minor, currency } = *posting;
    let owner = match account {
        Account::CustomerCash(customer) => Some(wire.ids.customer(customer)),
        Account::PaymentIntent(number) => {
            let key = customer.map(|customer| RowKey { customer, number });
            key.map(|key| wire.ids.write(Kind::PaymentIntent, key))
        }
        _ => None,
    };
    object! {
        "account": name(account),
        "credit": (-amount_minor).max(0),
        "currency": currency,
        "debit": amount_minor.max(0),
        "owner": owner,
    }
}

fn show_account(wire: &Wire, account: &'static str, currency: Currency, balance: i64) -> Json {
    object! {
        "object": "purser.ledger_account",
        "account": account,
        "balance": balance,
        "currency": currency,
        "livemode": wire.livemode,
    }
}

/// What an account is called.
fn name(account: Account) -> &'static str {
    match account {
        Account::Bank => "bank",
        Account::CustomerCash(_) => "customer_cash",
        Account::PaymentIntent(_) => "payment_intent",
        Account::MerchantPending => "merchant_pending",
        Account::MerchantAvailable => "merchant_available",
        Account::Fees => "fees",
        Account::RefundsInTransit => "refunds_in_transit",
        Account::PayoutsInTransit => "payouts_in_transit",
        Account::ConnectReserved => "connect_reserved",
        Account::Issuing => "issuing",
        Account::PrefundingAvailable => "prefunding_available",
        Account::PrefundingPending => "prefunding_pending",
    }
}
