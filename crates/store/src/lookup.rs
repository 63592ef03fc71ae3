//! Looking rows up: the questions that both the lane and readers ask, one function each.

use books::balance::BalanceTransaction;
use books::cash_balance::{Balances, CashTransaction, Cause};
use books::customer::Standing;
use books::funding::Instructions;
use books::journal::{Account, Seal};
use books::limits::Tally;
use books::reconciliation::Payable;
use books::timer::Lot;
use books::{Currency, Customer, Document, Kind, Number, Purse, RowKey, World};
use serde::de::DeserializeOwned;

use crate::db::{Db, all, one, values};
use crate::error::Result;
use crate::rows::{self, BALANCE_COLUMNS, CASH_COLUMNS, DOCUMENT_COLUMNS, PAYABLE_COLUMNS};

/// A customer's purse, deleted or not.
pub(crate) fn purse(db: &dyn Db, world: World, number: Number) -> Result<Option<Purse>> {
    // Three fields of the document are read, the rest is skipped.
    let Some(standing) = customer_data::<Standing>(db, world, number)? else { return Ok(None) };
    Ok(Some(Purse { standing, available: available(db, world, number)? }))
}

/// A customer's document.
pub(crate) fn customer(db: &dyn Db, world: World, number: Number) -> Result<Option<Customer>> {
    customer_data(db, world, number)
}

fn customer_data<T: DeserializeOwned>(
    db: &dyn Db,
    world: World,
    number: Number,
) -> Result<Option<T>> {
    let sql = "SELECT data FROM customer WHERE world = ?1 AND number = ?2";
    one(db, sql, &values![world, number], |row| Ok(serde_json::from_str(row.text(0)?)?))
}

fn available(db: &dyn Db, world: World, customer: Number) -> Result<Balances> {
    let sql = "SELECT currency, ending_balance, others FROM cash_transaction
               WHERE world = ?1 AND customer = ?2 ORDER BY number DESC LIMIT 1";
    let newest = one(db, sql, &values![world, customer], rows::balances)?;
    Ok(newest.unwrap_or_default())
}

/// A customer's funding instructions in a currency and country.
pub(crate) fn instructions(
    db: &dyn Db,
    world: World,
    customer: Number,
    (currency, country): (Currency, &str),
) -> Result<Option<Instructions>> {
    let sql = "SELECT data FROM funding_instructions
               WHERE world = ?1 AND customer = ?2 AND currency = ?3 AND country = ?4";
    one(db, sql, &values![world, customer, currency.as_str(), country], |row| {
        Ok(serde_json::from_str(row.text(0)?)?)
    })
}

/// Who has an account number, and the instructions that it is part of.
pub(crate) fn account_owner(
    db: &dyn Db,
    world: World,
    account_key: &str,
) -> Result<Option<(Number, Instructions)>> {
    let sql = "SELECT customer, data FROM funding_instructions
               WHERE world = ?1 AND account_key = ?2";
    one(db, sql, &values![world, account_key], |row| {
        Ok((row.number(0)?, serde_json::from_str(row.text(1)?)?))
    })
}

/// The open places for money of a customer.
pub(crate) fn payables(db: &dyn Db, world: World, customer: Number) -> Result<Vec<Payable>> {
    let sql = format!("SELECT {PAYABLE_COLUMNS} FROM payable WHERE world = ?1 AND customer = ?2");
    all(db, &sql, &values![world, customer], rows::payable)
}

/// What was counted of a key on a day.
pub(crate) fn spent(
    db: &dyn Db,
    world: World,
    key: &str,
    (day, tally): (i64, Tally),
) -> Result<i64> {
    let sql = "SELECT amount FROM spent
               WHERE world = ?1 AND key = ?2 AND day = ?3 AND tally = ?4";
    let at = &values![world, key, day, tally.as_str()];
    Ok(one(db, sql, at, |row| row.int(0))?.unwrap_or_default())
}

/// The document with this number.
pub(crate) fn document(db: &dyn Db, world: World, number: Number) -> Result<Option<Document>> {
    let sql = format!("SELECT {DOCUMENT_COLUMNS} FROM document WHERE world = ?1 AND number = ?2");
    one(db, &sql, &values![world, number], rows::document)
}

/// All documents of a kind: only for kinds of which there are few.
pub(crate) fn of_the_account(db: &dyn Db, world: World, kind: Kind) -> Result<Vec<Document>> {
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM document WHERE world = ?1 AND kind = ?2 ORDER BY number"
    );
    all(db, &sql, &values![world, kind.object()], rows::document)
}

/// The cards and sources of a customer: a bounded number (`books::command::SOURCES_MAX`).
pub(crate) fn wallet(db: &dyn Db, world: World, customer: Number) -> Result<Vec<Document>> {
    // Each kind by itself, along the index of what is listed under a row.
    let mut found = Vec::new();
    for kind in [Kind::Card, Kind::Source] {
        let sql = format!(
            "SELECT {DOCUMENT_COLUMNS} FROM document
             WHERE world = ?1 AND parent = ?2 AND parent IS NOT NULL AND kind = '{}'",
            kind.object()
        );
        found.extend(all(db, &sql, &values![world, customer], rows::document)?);
    }
    Ok(found)
}

/// A line of the merchant's balance.
pub(crate) fn balance_transaction(
    db: &dyn Db,
    world: World,
    number: Number,
) -> Result<Option<BalanceTransaction>> {
    let sql = format!(
        "SELECT {BALANCE_COLUMNS} FROM balance_transaction WHERE world = ?1 AND number = ?2"
    );
    one(db, &sql, &values![world, number], rows::balance_transaction)
}

/// A cash balance transaction.
pub(crate) fn cash_transaction(
    db: &dyn Db,
    world: World,
    key: RowKey,
) -> Result<Option<CashTransaction>> {
    let sql = format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number = ?3"
    );
    let at = &values![world, key.customer, key.number];
    one(db, &sql, at, |row| rows::cash_transaction(row, key.customer))
}

/// Whether the transfer behind a transaction was pulled back. Reads what came after it, and is
/// only asked about the last days.
pub(crate) fn is_reversed(db: &dyn Db, world: World, funded: RowKey) -> Result<bool> {
    let sql = format!(
        "SELECT {CASH_COLUMNS} FROM cash_transaction
         WHERE world = ?1 AND customer = ?2 AND number > ?3 AND type = 'funding_reversed'"
    );
    let after = &values![world, funded.customer, funded.number];
    let reversals = all(db, &sql, after, |row| rows::cash_transaction(row, funded.customer))?;
    let cause = Cause::FundingReversed { funded: Some(funded.number) };
    Ok(reversals.iter().any(|row| row.cause == cause))
}

/// What new money came into a cash balance after a transaction; stops counting at `enough`.
pub(crate) fn credited_after(
    db: &dyn Db,
    world: World,
    (customer, after): (Number, Number),
    currency: Currency,
    enough: i64,
) -> Result<i64> {
    let sql = "SELECT net_amount FROM cash_transaction
               WHERE world = ?1 AND customer = ?2 AND number > ?3 AND currency = ?4
                 AND type IN ('funded', 'refunded_from_payment')";
    let mut sum = 0i64;
    db.each(sql, &values![world, customer, after, currency.as_str()], &mut |row| {
        sum = sum.saturating_add(row.int(0)?);
        Ok(sum < enough)
    })?;
    Ok(sum)
}

/// The newest lot of a cash balance that is older than a transaction.
pub(crate) fn lot_before(
    db: &dyn Db,
    world: World,
    (customer, before): (Number, Number),
    currency: Currency,
) -> Result<Option<Lot>> {
    let sql = "SELECT number, net_amount FROM cash_transaction
               WHERE world = ?1 AND customer = ?2 AND number < ?3 AND currency = ?4
                 AND type IN ('funded', 'refunded_from_payment')
               ORDER BY number DESC LIMIT 1";
    let at = &values![world, customer, before, currency.as_str()];
    one(db, sql, at, |row| {
        let key = RowKey { customer, number: row.number(0)? };
        Ok(Lot { key, currency, amount: row.int(1)? })
    })
}

/// The house accounts, each summed over its lanes.
pub(crate) fn house_balances(db: &dyn Db, world: World) -> Result<Vec<(Account, Currency, i64)>> {
    let sql = "SELECT account, currency, CAST(sum(amount) AS BIGINT) FROM house_balance
               WHERE world = ?1 GROUP BY account, currency ORDER BY account, currency";
    all(db, sql, &values![world], |row| {
        Ok((rows::account(row.int(0)?, Number(0))?, row.currency(1)?, row.int(2)?))
    })
}

/// The last seal and the length of a lane's chain.
pub(crate) fn chain(db: &dyn Db, world: World, lane: i64) -> Result<(Seal, i64)> {
    let sql = "SELECT head, length FROM chain WHERE world = ?1 AND lane = ?2";
    let found = one(db, sql, &values![world, lane], |row| Ok((row.array(0)?, row.int(1)?)))?;
    Ok(found.unwrap_or_default())
}

/// What a lane posted to an account in all. Of the house that is a row of its own, of all other
/// owners together the row of the newest day.
pub(crate) fn posted(
    db: &dyn Db,
    (world, account, currency): (World, Account, Currency),
    lane: i64,
) -> Result<i64> {
    let sql = match account.is_house() {
        true => {
            "SELECT amount FROM house_balance
             WHERE world = ?1 AND account = ?2 AND currency = ?3 AND lane = ?4"
        }
        false => {
            "SELECT amount FROM day_balance
             WHERE world = ?1 AND account = ?2 AND currency = ?3 AND lane = ?4
             ORDER BY day DESC LIMIT 1"
        }
    };
    let at = values![world, account.code().0, currency, lane];
    Ok(one(db, sql, &at, |row| row.int(0))?.unwrap_or(0))
}
