//! The contract of the store: what a lane, its readers and its files promise, whatever is behind
//! them. Nothing here knows how they do it, but for SQL that looks at rows from outside. Here it is
//! held against SQLite; all but `files` against PostgreSQL too, in `contract_postgres`.

#[path = "../support/mod.rs"]
mod support;

mod agents;
mod batches;
mod documents;
mod faults;
mod files;
mod later;
mod lists;
mod memory;
mod parts;
mod positions;
mod reads;
mod search;
mod texts;
mod views;
mod wallets;
mod words;

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::file()
}
