//! The cash balance of a customer and its transactions.

use books::{Command, Kind};

use super::customers::CashBalanceSettings;
use super::error::ApiError;
use super::execute::Asked;
use super::json::Json;
use super::list::Ask;
use super::params::{NoParams, Page, params};

params! {
    /// New settings of a cash balance.
    pub struct Update {
        /// The settings to change.
        pub settings: Option<CashBalanceSettings>,
    }
    refuses {}
}

params! {
    /// Which transactions to list.
    pub struct List {
        ..page: Page,
    }
    refuses {}
}

/// Shows a cash balance.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    Ok(ask.wire.purse(&ask.purse()?))
}

/// Changes the settings of a cash balance.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let customer = asked.customer("customer")?;
    let mode = params.settings.and_then(CashBalanceSettings::mode);
    Ok(Command::UpdateCashBalance { customer, mode })
}

/// Lists the transactions of a cash balance, all currencies in one list.
pub fn transactions(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let name = "customer_cash_balance_transaction";
    let window = ask.window(&params.page, None, name, |id| {
        let key = ask.wire.ids.read(Kind::CashTransaction, id);
        let Some(key) = key.filter(|key| key.customer == customer) else {
            return Ok(None);
        };
        Ok(ask.reader.cash_transaction(ask.wire.world, key)?.map(|row| row.key.number))
    })?;
    let rows = ask.reader.cash_transactions(ask.wire.world, customer, window)?;
    Ok(ask.page(rows, |row| ask.wire.cash_transaction(&row)))
}

/// Shows one transaction.
pub fn transaction(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let customer = ask.purse()?.standing.number;
    let id = ask.id("transaction");
    let key = ask.wire.ids.read(Kind::CashTransaction, id);
    let found = match key.filter(|key| key.customer == customer) {
        Some(key) => ask.reader.cash_transaction(ask.wire.world, key)?,
        None => None,
    };
    let name = "customer_cash_balance_transaction";
    let row = found.ok_or_else(|| ApiError::missing(name, id, "transaction"))?;
    Ok(ask.wire.cash_transaction(&row))
}
