//! The merchant's own balance and its transactions.

use books::balance::BalanceKind;
use books::{Document, Kind};
use store::Page as Rows;
use store::{BalanceFilter, Window};

use super::error::ApiError;
use super::external_accounts;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, CurrencyCode, NoParams, Page, Text, params};
use super::payouts::currency;
use super::wire::Instant;

/// Bank accounts of which `net_available` is told, the newest, at most.
pub const ACCOUNTS_MAX: usize = 20;

params! {
    /// Which balance transactions to list.
    pub struct List {
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those in this currency.
        pub currency: Option<CurrencyCode>,
        /// Only those that this automatic payout paid out.
        pub payout: Option<Text>,
        /// Only those that this object caused.
        pub source: Option<Text>,
        /// Only those of this type.
        pub r#type: Option<Text>,
        ..page: Page,
    }
    refuses {}
}

/// Shows the balance, every bucket of it.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let world = ask.wire.world;
    let house = ask.reader.house_balances(world)?;
    let kept = external_accounts::present(ask.reader, world, Window::newest(ACCOUNTS_MAX))?;
    let accounts = kept.rows.into_iter().filter_map(|document| match document {
        Document::BankAccount(account) => Some(*account),
        _ => None,
    });
    let accounts: Vec<_> = accounts.collect();
    let settings = &ask.app.settings;
    let instant = Instant { accounts: &accounts, fee_bps: settings.instant_payout_fee_bps };
    Ok(ask.wire.balance(&house, settings.currency, Some(&instant)))
}

/// Lists balance transactions.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let name = "balance transaction";
    let window = ask.window(&params.page, params.created, name, |id| {
        let Some(key) = ask.wire.ids.read(Kind::BalanceTransaction, id) else {
            return Ok(None);
        };
        let found = ask.reader.balance_transaction(ask.wire.world, key.number)?;
        Ok(found.map(|row| row.number))
    })?;
    let rows = match filter(ask, &params)? {
        Some(filter) => ask.reader.balance_transactions(ask.wire.world, &filter, window)?,
        None => Rows { rows: Vec::new(), has_more: false },
    };
    let now = ask.now();
    Ok(ask.page(rows, |row| ask.wire.balance_transaction(&row, now)))
}

/// What the rows of a list must be like; nothing where there can be none of them.
fn filter(ask: &Ask<'_>, params: &List) -> Result<Option<BalanceFilter>, ApiError> {
    let mut filter =
        BalanceFilter { currency: params.currency.map(currency), ..BalanceFilter::default() };
    if let Some(id) = &params.payout {
        // Only automatic payouts tell what they pay out, and there are none of them.
        ask.wire.named(Kind::Payout, id, "payout")?;
        return Ok(None);
    }
    if let Some(id) = &params.source {
        let key = Kind::of(id).and_then(|kind| Some((kind, ask.wire.ids.read(kind, id)?)));
        let Some(key) = key else { return Ok(None) };
        filter.source = Some(key);
    }
    if let Some(word) = &params.r#type {
        // Stripe has more types than happen here.
        let Some(kind) = BalanceKind::parse(word) else { return Ok(None) };
        filter.kind = Some(kind);
    }
    Ok(Some(filter))
}

/// Shows one balance transaction.
pub fn transaction(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let id = ask.id("id");
    let found = match ask.wire.ids.read(Kind::BalanceTransaction, id) {
        Some(key) => ask.reader.balance_transaction(ask.wire.world, key.number)?,
        None => None,
    };
    let row = found.ok_or_else(|| ApiError::missing("balance transaction", id, "id"))?;
    Ok(ask.wire.balance_transaction(&row, ask.now()))
}
