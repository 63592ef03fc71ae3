//! Cash balance transactions as a table, a row each.

use books::cash_balance::{CashTransaction, Cause};
use books::journal::{Account, Entry};
use books::{Kind, Number, RowKey};
use store::{Reader, StoreError, Window};

use super::csv::{decimal, line, words};
use super::{Export, Read, Rows, gone};
use crate::moments::show_moment;

/// The columns.
pub const COLUMNS: [&str; 17] = [
    "id",
    "created",
    "customer",
    "customer_name",
    "type",
    "currency",
    "net_amount_minor",
    "ending_balance_minor",
    "net_amount",
    "ending_balance",
    "payment_intent",
    "refund",
    "balance_transaction",
    "linked_transaction",
    "transfer_type",
    "reference",
    "sender_name",
];

/// A page of the transactions of one customer.
pub(super) fn of_one(
    export: &Export,
    reader: &Reader,
    customer: Number,
    window: Window,
) -> Result<Read, StoreError> {
    let page = reader.cash_transactions(export.books.world, customer, window)?.rows;
    let name = name(export, reader, customer)?;
    let mut rows = Rows::default();
    for transaction in page.iter().rev() {
        add(export, transaction, &name, &mut rows);
    }
    Ok((rows, page.first().map(|transaction| transaction.key.number), page.len()))
}

/// The transaction that an entry books, where it moves a customer's cash: it has the same number.
pub(super) fn of_entry(
    export: &Export,
    reader: &Reader,
    entry: &Entry,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let customer = entry.postings().iter().find_map(|posting| match posting.account {
        Account::CustomerCash(customer) => Some(customer),
        _ => None,
    });
    let Some(customer) = customer else { return Ok(()) };
    let key = RowKey { customer, number: entry.number() };
    let found = reader.cash_transaction(export.books.world, key)?;
    let transaction = found.ok_or_else(|| gone("cash balance transaction", entry))?;
    add(export, &transaction, &name(export, reader, customer)?, rows);
    Ok(())
}

fn name(export: &Export, reader: &Reader, customer: Number) -> Result<String, StoreError> {
    let found = reader.customer(export.books.world, customer)?;
    Ok(found.and_then(|customer| customer.profile.name).unwrap_or_default())
}

fn add(export: &Export, row: &CashTransaction, name: &str, rows: &mut Rows) {
    if export.wanted.currency.is_some_and(|wanted| wanted != row.currency) {
        return;
    }
    let ids = &export.books.ids;
    let [minor, ending] = [row.net_amount, row.ending_balance];
    let mut cells: [String; 17] = Default::default();
    cells[0] = ids.write(Kind::CashTransaction, row.key);
    cells[1] = show_moment(row.created());
    cells[2] = ids.customer(row.key.customer);
    cells[3] = words(name).into_owned();
    cells[4] = row.cause.type_name().to_owned();
    cells[5] = row.currency.to_string();
    cells[6] = minor.to_string();
    cells[7] = ending.to_string();
    cells[8] = decimal(minor, row.currency);
    cells[9] = decimal(ending, row.currency);
    let of = |kind, number| ids.write(kind, RowKey { customer: row.key.customer, number });
    let line_of_balance =
        |number| ids.write(Kind::BalanceTransaction, RowKey { customer: Number(0), number });
    match &row.cause {
        Cause::AppliedToPayment { payment_intent }
        | Cause::UnappliedFromPayment { payment_intent } => {
            cells[10] = of(Kind::PaymentIntent, *payment_intent);
        }
        Cause::RefundedFromPayment { refund } => cells[11] = of(Kind::Refund, *refund),
        Cause::TransferredToBalance { balance_transaction } => {
            cells[12] = line_of_balance(*balance_transaction);
        }
        Cause::AdjustedForOverdraft { balance_transaction, linked_transaction } => {
            cells[12] = line_of_balance(*balance_transaction);
            cells[13] = of(Kind::CashTransaction, *linked_transaction);
        }
        Cause::FundingReversed { funded: Some(funded) } => {
            cells[13] = of(Kind::CashTransaction, *funded);
        }
        Cause::Funded(transfer) => {
            cells[14] = transfer.sender.transfer_type().to_owned();
            cells[15] = words(transfer.reference.as_deref().unwrap_or_default()).into_owned();
            cells[16] = words(transfer.sender.name().unwrap_or_default()).into_owned();
        }
        Cause::FundingReversed { funded: None }
        | Cause::ReturnInitiated
        | Cause::ReturnCanceled => {}
    }
    rows.add(line(cells.iter().map(String::as_str)));
}
