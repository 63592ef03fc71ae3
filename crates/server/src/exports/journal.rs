//! The journal as a table: a row for each line of each entry.

use books::IdKey;
use books::journal::{Entry, Seal};

use super::Line;
use super::csv::{decimal, line};
use crate::api::journal::name;
use crate::moments::show_moment;

/// The columns.
pub const COLUMNS: [&str; 13] = [
    "entry",
    "created",
    "kind",
    "line",
    "account",
    "owner",
    "currency",
    "debit_minor",
    "credit_minor",
    "debit",
    "credit",
    "request",
    "seal",
];

/// The rows of an entry, in the order in which its seal has them.
pub fn rows(ids: &IdKey, entry: &Entry, seal: &Seal, lines: &[Line]) -> String {
    let number = entry.number();
    let seal: String = seal.iter().map(|byte| format!("{byte:02x}")).collect();
    let row = |one: &Line| {
        let (amount, currency) = (one.posting.amount_minor, one.posting.currency);
        let (debit, credit) = (amount.max(0), amount.saturating_neg().max(0));
        let cells = [
            number.0.to_string(),
            show_moment(number.created()),
            entry.kind().as_str().to_owned(),
            (one.at + 1).to_string(),
            name(one.posting.account).to_owned(),
            one.owner.map(|(kind, key)| ids.write(kind, key)).unwrap_or_default(),
            currency.to_string(),
            debit.to_string(),
            credit.to_string(),
            decimal(debit, currency),
            decimal(credit, currency),
            entry.request().unwrap_or_default().to_owned(),
            seal.clone(),
        ];
        line(cells.iter().map(String::as_str))
    };
    lines.iter().map(row).collect()
}
