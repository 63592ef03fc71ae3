//! The doctor on PostgreSQL: the same healthy databases, tampered with in the same ways as in
//! `doctor`, by a superuser.

#[path = "../support/mod.rs"]
mod support;

#[path = "../doctor/cards.rs"]
mod cards;
#[path = "../doctor/documents.rs"]
mod documents;
#[path = "../doctor/journal.rs"]
mod journal;
#[path = "../doctor/life.rs"]
mod life;
#[path = "../doctor/merchant.rs"]
mod merchant;
#[path = "../doctor/positions.rs"]
mod positions;
#[path = "../doctor/rows.rs"]
mod rows;
#[path = "../doctor/search.rs"]
mod search;
#[path = "../doctor/sources.rs"]
mod sources;
#[path = "../doctor/tampering.rs"]
mod tampering;
#[path = "../doctor/wallets.rs"]
mod wallets;

use tampering::*;

/// Every fourth case: each takes a tenth of a second here, and differs from its neighbours less
/// than the databases do.
const EACH: usize = 4;

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::database()
}

/// What no cast can read: PostgreSQL ends a whole statement at the first such row.
const GARBAGE: &[Case] = &[
    ("no details", "UPDATE cash_transaction SET detail = '{' WHERE detail IS NOT NULL", READ),
    ("other details", "UPDATE cash_transaction SET detail = '\"payment_intent\":x'", READ),
    (
        "a number beyond all numbers",
        "UPDATE cash_transaction SET detail = '{\"payment_intent\":' || repeat('9', 40) || '}'
             WHERE type = 'applied_to_payment'",
        READ,
    ),
    (
        "a number just beyond",
        "UPDATE document SET data = replace(data, '\"applied\":', '\"applied\":9999999999999999999')
             WHERE number = :part",
        READ,
    ),
    ("no documents", "UPDATE document SET data = 'none'", READ),
    ("nothing at all", "UPDATE document SET data = ''; UPDATE event SET data = '';", READ),
    ("no customers", "UPDATE customer SET data = '[]'; UPDATE customer SET email = 'x'", READ),
    ("no others", "UPDATE cash_transaction SET others = '{\"usd\":\"x\"}'", READ),
    ("largest numbers", "UPDATE posting SET amount = 9223372036854775807", BALANCED),
    (
        "largest sums",
        "UPDATE house_balance SET amount = 9223372036854775807;
         INSERT INTO house_balance SELECT world, account, currency, 77, amount FROM house_balance",
        HOUSE,
    ),
    ("negative owners", "UPDATE document SET customer = -1, number = -number", COLUMNS),
    ("worlds that are none", "UPDATE document SET world = 99; UPDATE timer SET world = 98", TIMER),
];

#[test]
fn garbage_is_not_the_end_of_an_examination() {
    check_each(life::lived(), GARBAGE, 1);
}
