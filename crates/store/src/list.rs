//! Lists: which rows of one are wanted, and what comes back.

use books::Currency;
use books::balance::BalanceKind;
use books::id::{Kind, Number, RowKey};

use crate::db::Value;

/// Which rows of a list: those with numbers strictly between two bounds, from one end.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Only rows with larger numbers.
    pub above: Number,
    /// Only rows with smaller numbers.
    pub below: Number,
    /// Take the oldest rows of the window rather than the newest; they come newest first anyway.
    pub from_oldest: bool,
    /// At most so many.
    pub limit: usize,
}

impl Window {
    /// The newest rows of all.
    pub fn newest(limit: usize) -> Window {
        Window { above: Number(-1), below: Number(i64::MAX), from_oldest: false, limit }
    }
}

/// A page of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there are more in the direction of reading.
    pub has_more: bool,
}

/// Filters of the list of balance transactions.
#[derive(Clone, Debug, Default)]
pub struct BalanceFilter {
    /// Only this currency.
    pub currency: Option<Currency>,
    /// Only those caused by this object.
    pub source: Option<(Kind, RowKey)>,
    /// Only this type.
    pub kind: Option<BalanceKind>,
}

/// Filters of a list of documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentFilter {
    /// Only those of this customer.
    pub customer: Option<Number>,
    /// Only those listed under this row.
    pub parent: Option<Number>,
    /// Only those in which a field of the document has this text.
    pub fields: Vec<(&'static str, String)>,
    /// Only those in which a field of the document is left out.
    pub absent: Vec<&'static str>,
    /// Only those in which a field of the document is a number between two, both included.
    pub ranges: Vec<(&'static str, i64, i64)>,
}

/// Filters of the list of requests.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Only those of this conversation.
    pub context: Option<String>,
    /// Only those about this customer.
    pub customer: Option<Number>,
}

/// Conditions of a list beside its window, with the values that they compare with.
#[derive(Default)]
pub(crate) struct Filter<'a> {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Filter<'a> {
    /// Values of the window, which come first.
    const BEFORE: usize = 4;

    pub(crate) fn and(
        mut self,
        left: &str,
        operator: &str,
        right: impl Into<Value<'a>>,
    ) -> Filter<'a> {
        self.values.push(right.into());
        self.sql += &format!(" AND {left} {operator} ?{}", Filter::BEFORE + self.values.len());
        self
    }
}
