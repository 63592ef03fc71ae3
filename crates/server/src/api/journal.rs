//! The journal and the accounts of the ledger, as whoever owns the books may read them. These
//! objects are Purser's own: Stripe shows no books.

use std::collections::BTreeMap;

use books::id::Number;
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
    let mut shown = Vec::with_capacity(rows.rows.len());
    for (entry, seal) in &rows.rows {
        shown.push(show_entry(ask, entry, seal)?);
    }
    Ok(ask.page(Rows { rows: shown, has_more: rows.has_more }, |entry| entry))
}

/// Lists the accounts of the house with their balances, and what belongs to all customers: their
/// cash and what open payment intents hold. There are a few for each currency, so they come on
/// one page.
pub fn ledger_accounts(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let house = ask.reader.house_balances(ask.wire.world)?;
    // What is not the house's is the customers': the ledger sums to zero.
    let mut customers: BTreeMap<Currency, i64> = BTreeMap::new();
    for (_, currency, balance) in &house {
        let sum = customers.entry(*currency).or_default();
        *sum = sum.saturating_sub(*balance);
    }
    let of_house = house.iter().map(|(account, currency, balance)| {
        show_account(ask.wire, name(*account), *currency, *balance)
    });
    let of_customers = customers
        .iter()
        .map(|(currency, balance)| show_account(ask.wire, "customers", *currency, *balance));
    let rows = of_house.chain(of_customers).collect();
    Ok(ask.page(Rows { rows, has_more: false }, |account| account))
}

/// An entry, with each posting on its side and the seal in hexadecimal digits.
fn show_entry(ask: &Ask<'_>, entry: &Entry, seal: &Seal) -> Result<Json, ApiError> {
    let mut postings = Vec::with_capacity(entry.postings().len());
    // Books are read debits first.
    let (debits, credits): (Vec<_>, Vec<_>) =
        entry.postings().iter().partition(|posting| posting.amount_minor > 0);
    for posting in debits.into_iter().chain(credits) {
        postings.push(show_posting(ask, posting)?);
    }
    Ok(object! {
        "id": entry.number().0.to_string(),
        "object": "purser.entry",
        "created": entry.number().created(),
        "kind": entry.kind().as_str(),
        "livemode": ask.wire.livemode,
        "postings": postings,
        "request": entry.request().map(str::to_owned),
        "seal": seal.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    })
}

/// A line of an entry.
fn show_posting(ask: &Ask<'_>, posting: &Posting) -> Result<Json, ApiError> {
    let Posting { account, amount_minor, currency } = *posting;
    let ids = &ask.wire.ids;
    let owner = match account {
        Account::CustomerCash(customer) => Some(ids.customer(customer)),
        Account::PaymentIntent(number) => {
            let intent = ask.reader.document_at(ask.wire.world, number)?;
            intent.map(|intent| ids.write(Kind::PaymentIntent, intent.key()))
        }
        _ => None,
    };
    Ok(object! {
        "account": name(account),
        "credit": amount_minor.saturating_neg().max(0),
        "currency": currency,
        "debit": amount_minor.max(0),
        "owner": owner,
    })
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
pub(crate) fn name(account: Account) -> &'static str {
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
