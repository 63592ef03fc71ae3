//! The contract of the store, held against PostgreSQL: the same tests as in `contract`, and what
//! is promised beyond them where several servers use one database.

#[path = "../support/mod.rs"]
mod support;

#[path = "../contract/agents.rs"]
mod agents;
#[path = "../contract/batches.rs"]
mod batches;
#[path = "../contract/documents.rs"]
mod documents;
#[path = "../contract/faults.rs"]
mod faults;
#[path = "../contract/later.rs"]
mod later;
#[path = "../contract/lists.rs"]
mod lists;
#[path = "../contract/memory.rs"]
mod memory;
#[path = "../contract/parts.rs"]
mod parts;
#[path = "../contract/positions.rs"]
mod positions;
#[path = "../contract/reads.rs"]
mod reads;
#[path = "../contract/search.rs"]
mod search;
#[path = "../contract/texts.rs"]
mod texts;
#[path = "../contract/views.rs"]
mod views;
#[path = "../contract/wallets.rs"]
mod wallets;
#[path = "../contract/words.rs"]
mod words;

mod connections;
mod database;
mod duties;
mod lanes;
mod servers;

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::database()
}
