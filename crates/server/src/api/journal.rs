//! The journal and the accounts of the ledger, as whoever owns the books may read them. These
//! objects are Purser's own: Stripe shows no books.

use books::id::Number;
use books::journal::{Account, Entry, Posting, Seal};
use books::{Currency, Kind, RowKey};
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
        Ok(find(ask, id)?.map(|(entry, _)| entry.number()))
    })?;
    let rows = ask.reader.entries(ask.wire.world, window)?;
    let mut shown = Vec::with_capacity(rows.rows.len());
    for (entry, seal) in &rows.rows {
        shown.push(show_entry(ask, entry, seal)?);
    }
    Ok(ask.page(Rows { rows: shown, has_more: rows.has_more }, |entry| entry))
}

/// Shows one entry.
pub fn entry(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("entry");
    let found = find(ask, id)?;
    let (entry, seal) = found.ok_or_else(|| ApiError::missing("journal entry", id, "entry"))?;
    show_entry(ask, &entry, &seal)
}

/// The entry with an id, which is its number.
fn find(ask: &Ask<'_>, id: &str) -> Result<Option<(Entry, Seal)>, ApiError> {
    match id.parse() {
        Ok(number) => at(ask, Number(number)),
        Err(_) => Ok(None),
    }
}

/// The entry with a number.
pub fn at(ask: &Ask<'_>, number: Number) -> Result<Option<(Entry, Seal)>, ApiError> {
    if !(1..i64::MAX).contains(&number.0) {
        return Ok(None);
    }
    let (above, below) = (Number(number.0 - 1), Number(number.0 + 1));
    let just_it = Window { above, below, ..Window::newest(1) };
    Ok(ask.reader.entries(ask.wire.world, just_it)?.rows.pop())
}

/// Lists the accounts of the ledger with their balances. What belongs to customers, their cash and
/// what open payment intents and sources hold, is one account of each kind. There are a few for
/// each currency, so they come on one page.
pub fn ledger_accounts(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let rows = ask.reader.ledger(ask.wire.world)?;
    Ok(ask.page(Rows { rows, has_more: false }, |(account, currency, balance)| {
        show_account(ask.wire, name(account), currency, balance)
    }))
}

/// An entry, with each posting on its side and the seal in hexadecimal digits.
pub fn show_entry(ask: &Ask<'_>, entry: &Entry, seal: &Seal) -> Result<Json, ApiError> {
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
        // The keys of sources name no customer.
        Account::Source(number) => {
            Some(ids.write(Kind::Source, RowKey { customer: Number(0), number }))
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
        Account::CardNetwork => "card_network",
        Account::BankPending => "bank_pending",
        Account::BankAvailable => "bank_available",
        Account::Source(_) => "source",
    }
}
