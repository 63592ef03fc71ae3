//! The doctor: a healthy database is clean, and whoever tampers with one is found out.
//!
//! Each case is something that somebody with a SQL prompt could do after dropping the triggers, or
//! with a role that no privilege stops, and the invariant that the doctor must call broken. Here
//! the databases are files of SQLite; in `doctor_postgres` they are of PostgreSQL.

#[path = "../support/mod.rs"]
mod support;

mod card_intents;
mod cards;
mod documents;
mod journal;
mod life;
mod merchant;
mod positions;
mod rows;
mod search;
mod sources;
mod tampering;
mod wallets;

use tampering::*;

/// All cases are held against the doctor.
const EACH: usize = 1;

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::file()
}

/// SQLite looks at what the schema demands of rows that somebody wrote around it.
#[test]
fn a_row_that_breaks_the_schema_is_found() {
    let broken = "PRAGMA ignore_check_constraints = 1; UPDATE world SET livemode = 7";
    check(&[("a world", broken, FILE)]);
}
