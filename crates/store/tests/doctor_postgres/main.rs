//! The doctor on PostgreSQL: the same healthy databases, tampered with in the same ways as in
//! `doctor`, by a superuser.

#[path = "../support/mod.rs"]
mod support;

#[path = "../doctor/documents.rs"]
mod documents;
#[path = "../doctor/journal.rs"]
mod journal;
#[path = "../doctor/life.rs"]
mod life;
#[path = "../doctor/merchant.rs"]
mod merchant;
#[path = "../doctor/rows.rs"]
mod rows;
#[path = "../doctor/tampering.rs"]
mod tampering;

use tampering::*;

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::database()
}
