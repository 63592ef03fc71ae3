//! Looking rows up: the questions that both the lane and readers ask, one function each.

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause};
use books::customer::Standing;
use books::funding::Instructions;
use books::journal::Account;
use books::reconciliation::Payable;
use books::timer::Lot;
use books::{Currency, Customer, Document, Kind, Number, Purse, RowKey, World};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde::de::DeserializeOwned;

use crate::error::{Result, StoreError};
use crate::rows::{self, BALANCE_COLUMNS, CASH_COLUMNS, Cur, DOCUMENT_COLUMNS, Num};

/// A customer's purse, deleted or not.
pub(crate) fn purse(db: &Connection, world: World, number: Number) -> Result<Option<Purse>> {
    // Three fields of the document are read, the rest is skipped.
    let Some(standing) = customer_data::<Standing>(db, world, number)? else { return Ok(None) };
    Ok(Some(Purse { standing, available: available(db, world, number)? }))
}

/// A customer's document.
pub(crate) fn customer(db: &Connection, world: World, number: Number) -> Result<Option<Customer>> {
    customer_data(db, world, number)
}

fn customer_data<T: DeserializeOwned>(
    db: &Connection,
    world: World,
    number: Number,
) -> Result<Option<T>> {
    let mut select =
        db.prepare_cached("SELECT data FROM customer WHERE world = ?1 AND number = ?2")?;
    let mut rows = select.query(params![world.0, Num(number)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let text = row.get_ref(0)?.as_str().map_err(|e| StoreError::Corrupt(e.to_string()))?;
    Ok(Some(serde_json::from_str(text)?))
}

fn available(db: &Connection, world: World, customer: Number) -> Result<Balances> {
    let mut select = db.prepare_cached(
        "SELECT currency, ending_balance, others FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 ORDER BY number DESC LIMIT 1",
    )?;
    let newest = select
        .query_row(params![world.0, Num(customer)], |row| {
            Ok((row.get::<_, Cur>(0)?.0, row.get(1)?, row.get::<_, Option<String>>(2)?))
        })
        .optional()?;
    let Some((currency, amount, others)) = newest else {
        return Ok(Balances::default());
    };
    let mut balances = Balances::from_text(others.as_deref())?;
    balances.0.insert(currency, amount);
    Ok(balances)
}

/// The first row of a query, if it has one.
pub(crate) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows of a query: only for what is few.
pub(crate) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A customer's funding instructions in a currency and country.
pub(crate) fn instructions(
    db: &Connection,
    world: World,
    customer: Number,
    (currency, country): (Currency, &str),
) -> Result<Option<Instructions>> {
    let sql = "SELECT data FROM funding_instructions
               WHERE world = ?1 AND customer = ?2 AND currency = ?3 AND country = ?4";
    one(db, sql, params![world.0, Num(customer), currency.as_str(), country], |row| {
        Ok(serde_json::from_str(&row.get::<_, String>(0)?)?)
    })
}

/// Who has an account number, and the instructions that it is part of.
pub(crate) fn account_owner(
    db: &Connection,
    world: World,
    account_key: &str,
) -> Result<Option<(Number, Instructions)>> {
    let sql = "SELECT customer, data FROM funding_instructions
               WHERE world = ?1 AND account_key = ?2";
    one(db, sql, params![world.0, account_key], |row| {
        let data: String = row.get(1)?;
        Ok((row.get::<_, Num>(0)?.0, serde_json::from_str(&data)?))
    })
}

/// The open places for money of a customer.
pub(crate) fn payables(db: &Connection, world: World, customer: Number) -> Result<Vec<Payable>> {
    let sql = "SELECT intent, currency, remaining, since, invoice, until FROM payable
               WHERE world = ?1 AND customer = ?2";
    all(db, sql, params![world.0, Num(customer)], rows::payable)
}

/// The document with this number.
pub(crate) fn document(db: &Connection, world: World, number: Number) -> Result<Option<Document>> {
    let sql = "SELECT kind, data FROM document WHERE world = ?1 AND number = ?2";
    debug_assert!(sql.contains(DOCUMENT_COLUMNS));
    one(db, sql, params![world.0, Num(number)], rows::document)
}

/// All documents of a kind: only for kinds of which there are few.
pub(crate) fn of_the_account(db: &Connection, world: World, kind: Kind) -> Result<Vec<Document>> {
    let sql = "SELECT kind, data FROM document WHERE world = ?1 AND kind = ?2 ORDER BY number";
    all(db, sql, params![world.0, kind.object()], rows::document)
}

/// A line of the merchant's balance.
pub(crate) fn balance_transaction(
    db: &Connection,
    world: World,
    number: Number,
) -> Result<Option<BalanceTransaction>> {
    let sql = format!(
        "SELECT {BALANCE_COLUMNS} FROM balance_transaction WHERE world = ?1 AND number = ?2"
    );
    one(db, &sql, params![world.0, Num(number)], rows::balance_transaction)
}

/// A cash balance transaction.
pub(crate) fn cash_transaction(
    db: &Connection,
    world: World,
    key: RowKey,
) -> Result<Option<CashTransaction>> {
    let sql = format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number = ?3"
    );
    let at = params![world.0, Num(key.customer), Num(key.number)];
    one(db, &sql, at, |row| rows::cash_transaction(row, key.customer))
}

/// Whether the transfer behind a transaction was pulled back. Reads what came after it, and is
/// only asked about the last days.
pub(crate) fn is_reversed(db: &Connection, world: World, funded: RowKey) -> Result<bool> {
    let sql = format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number > ?3 AND type = 'funding_reversed'"
    );
    let after = params![world.0, Num(funded.customer), Num(funded.number)];
    let reversals = all(db, &sql, after, |row| rows::cash_transaction(row, funded.customer))?;
    let cause = Cause::FundingReversed { funded: Some(funded.number) };
    Ok(reversals.iter().any(|row| row.cause == cause))
}

/// What new money came into a cash balance after a transaction; stops counting at `enough`.
pub(crate) fn credited_after(
    db: &Connection,
    world: World,
    (customer, after): (Number, Number),
    currency: Currency,
    enough: i64,
) -> Result<i64> {
    let mut select = db.prepare_cached(
        "SELECT net_amount FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number > ?3 AND currency = ?4
           AND type IN ('funded', 'refunded_from_payment')",
    )?;
    let mut rows = select.query(params![world.0, Num(customer), Num(after), currency.as_str()])?;
    let mut sum = 0i64;
    while sum < enough
        && let Some(row) = rows.next()?
    {
        sum = sum.saturating_add(row.get(0)?);
    }
    Ok(sum)
}

/// The newest lot of a cash balance that is older than a transaction.
pub(crate) fn lot_before(
    db: &Connection,
    world: World,
    (customer, before): (Number, Number),
    currency: Currency,
) -> Result<Option<Lot>> {
    let sql = "SELECT number, net_amount FROM cash_transaction
               WHERE world = ?1 AND customer = ?2 AND number < ?3 AND currency = ?4
                 AND type IN ('funded', 'refunded_from_payment')
               ORDER BY number DESC LIMIT 1";
    let at = params![world.0, Num(customer), Num(before), currency.as_str()];
    one(db, sql, at, |row| {
        let key = RowKey { customer, number: row.get::<_, Num>(0)?.0 };
        Ok(Lot { key, currency, amount: row.get(1)? })
    })
}

/// The house accounts, each summed over its lanes.
pub(crate) fn house_balances(
    db: &Connection,
    world: World,
) -> Result<Vec<(Account, Currency, i64)>> {
    let sql = "SELECT account, currency, sum(amount) FROM house_balance WHERE world = ?1
               GROUP BY account, currency ORDER BY account, currency";
    all(db, sql, [world.0], |row| {
        let code: i64 = row.get(0)?;
        let account = Account::from_code(code, Number(0))
            .ok_or_else(|| StoreError::Corrupt(format!("no account has the code {code}")))?;
        Ok((account, row.get::<_, Cur>(1)?.0, row.get(2)?))
    })
}
