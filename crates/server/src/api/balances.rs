//! The merchant's own balance and its transactions.

use books::{Currency, Kind};
use store::reader::BalanceFilter;

use super::error::ApiError;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, CurrencyCode, NoParams, Page, Text, params};

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
    let house = ask.reader.house_balances(ask.wire.world)?;
    Ok(ask.wire.balance(&house, ask.app.settings.currency))
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
    let filter = BalanceFilter {
        currency: params.currency.and_then(|code| Currency::parse(code.as_str())),
        payout: params.payout.map(Into::into),
        source: params.source.map(Into::into),
        type_name: params.r#type.map(Into::into),
    };
    let rows = ask.reader.balance_transactions(ask.wire.world, &filter, window)?;
    let now = ask.now();
    Ok(ask.page(rows, |row| ask.wire.balance_transaction(&row, now)))
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
