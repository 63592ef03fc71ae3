//! What a customer may be sent about a cash balance in one currency: what there was, what came and
//! went, and what there is.

use books::cash_balance::CashTransaction;
use books::{Currency, Number, Timestamp, World};
use store::{Reader, StoreError, Window};

/// Transactions of a span that are read for a statement, of all currencies: as many as a page that
/// is not slow to load can show.
pub const ROWS_MAX: usize = 500;

/// A statement.
pub struct Statement {
    /// What was available before.
    pub opening: i64,
    /// What was available in the end.
    pub closing: i64,
    /// The transactions in between, oldest first.
    pub rows: Vec<CashTransaction>,
    /// Whether there are more than are read.
    pub has_more: bool,
}

/// Reads a statement, in one snapshot; both ends of the span are part of it.
pub fn read(
    reader: &Reader,
    (world, customer): (World, Number),
    currency: Currency,
    (from, upto): (Timestamp, Timestamp),
) -> Result<Statement, StoreError> {
    let above = Number(Number::first_at(from).0 - 1);
    let below = Number::first_at(Timestamp(upto.0.saturating_add(1)));
    let newest_below = |below: Number| {
        let window = Window { below, ..Window::newest(1) };
        let page = reader.cash_transactions(world, customer, window)?;
        // A transaction says what is available in all currencies.
        let available = page.rows.first().map(|newest| newest.available().get(currency));
        Ok::<_, StoreError>(available.unwrap_or_default())
    };
    let window = Window { above, below, from_oldest: true, limit: ROWS_MAX };
    let mut page = reader.cash_transactions(world, customer, window)?;
    page.rows.retain(|row| row.currency == currency);
    page.rows.reverse();
    Ok(Statement {
        opening: newest_below(Number(above.0 + 1))?,
        closing: newest_below(below)?,
        rows: page.rows,
        has_more: page.has_more,
    })
}
