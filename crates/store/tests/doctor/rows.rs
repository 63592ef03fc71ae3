//! Rows that are gone, made up, without a partner, or not to be read.

use crate::{
    AGREE, BALANCED, CHAIN, CUSTOMER, Case, ENDING, ENTRY, EVENT, HEAD, INSTRUCTIONS, JOURNAL,
    KEPT, POSTING, READ, TOLD, check,
};

const LAST_OF_JOURNAL: &str = "DELETE FROM entry WHERE number = :end;
                           DELETE FROM posting WHERE entry = :end";
const MIDDLE: &str = "DELETE FROM entry WHERE number = :euros;
                  DELETE FROM posting WHERE entry = :euros";
const SLIPPED_IN: &str = "INSERT INTO entry (world, number, kind, seal)
         VALUES (1, :last + 1, 'funded', zeroblob(32));
                      INSERT INTO posting VALUES (1, :last + 1, 0, 1, 0, 'usd', 5);
                      INSERT INTO posting VALUES (1, :last + 1, 1, 2, :ada, 'usd', -5);";
const A_TRANSACTION: &str = "INSERT INTO cash_transaction VALUES
        (1, :ada, :last + 1, 'funding_reversed', 'usd', 5, 110, '{\"eur\":7}', NULL)";

const GONE_OR_MADE_UP: &[Case] = &[
    ("the last entry: head", LAST_OF_JOURNAL, HEAD),
    ("the last entry: its transaction", LAST_OF_JOURNAL, ENTRY),
    ("the last entry without its lines", "DELETE FROM entry WHERE number = :end", POSTING),
    ("a middle entry: chain", MIDDLE, CHAIN),
    ("a middle entry: its transaction", MIDDLE, ENTRY),
    ("a line", "DELETE FROM posting WHERE entry = :last AND line = 1", BALANCED),
    ("all lines", "DELETE FROM posting WHERE entry = :last", BALANCED),
    (
        "two more lines",
        "INSERT INTO posting VALUES (1, :last, 2, 5, 0, 'usd', 9);
             INSERT INTO posting VALUES (1, :last, 3, 1, 0, 'usd', -9)",
        CHAIN,
    ),
    ("the last transaction", "DELETE FROM cash_transaction WHERE number = :last", AGREE),
    ("its event", "DELETE FROM cash_transaction WHERE number = :last", EVENT),
    ("a middle transaction", "DELETE FROM cash_transaction WHERE number = :euros", ENDING),
    ("all journal", "DELETE FROM entry; DELETE FROM posting", HEAD),
    (
        "all of a world but its head",
        "DELETE FROM entry WHERE world = 2; DELETE FROM posting WHERE world = 2;
             DELETE FROM cash_transaction WHERE world = 2; DELETE FROM event WHERE world = 2;
             DELETE FROM house_balance WHERE world = 2",
        HEAD,
    ),
    ("an entry made up: chain", SLIPPED_IN, CHAIN),
    ("an entry made up: agreement", SLIPPED_IN, AGREE),
    ("a transaction made up", A_TRANSACTION, ENTRY),
    ("a transaction made up, untold", A_TRANSACTION, TOLD),
    ("a transaction made up, against the journal", A_TRANSACTION, JOURNAL),
    ("a customer", "DELETE FROM customer WHERE number = :ada", CUSTOMER),
    ("a customer with instructions", "DELETE FROM customer WHERE number = :ada", INSTRUCTIONS),
];

#[test]
fn rows_that_are_gone_or_made_up() {
    check(GONE_OR_MADE_UP);
}

const REFERENCES_TO_NOTHING: &[Case] = &[
    (
        "an event about no row",
        "INSERT INTO event VALUES
                 (1, 4, 'customer_cash_balance_transaction.created', :ada, 77, NULL, NULL, NULL)",
        EVENT,
    ),
    (
        "an event about somebody else's row",
        "UPDATE event SET customer = :bob WHERE row = :euros",
        EVENT,
    ),
    ("an untold transaction", "DELETE FROM event WHERE row = :last", TOLD),
    ("no events at all", "DELETE FROM event", TOLD),
    (
        "a kept answer about no row",
        "INSERT INTO idempotency VALUES (1, zeroblob(16), zeroblob(16), 4, 'req', :ada, 77)",
        KEPT,
    ),
    (
        "a key without an answer",
        "INSERT INTO idempotency VALUES (1, zeroblob(16), zeroblob(16), 4, 'req', NULL, NULL)",
        KEPT,
    ),
    ("a kept answer that is gone", "DELETE FROM answer", KEPT),
    ("the row of a kept answer", "DELETE FROM cash_transaction WHERE number = :first", KEPT),
];

#[test]
fn references_to_nothing() {
    check(REFERENCES_TO_NOTHING);
}

/// A row that cannot be read is a finding, and not the end of the examination.
const ROWS_THAT_CANNOT_BE_READ: &[Case] = &[
    ("a detail", "UPDATE cash_transaction SET detail = '{' WHERE number = :first", READ),
    ("others", "UPDATE cash_transaction SET others = 'none' WHERE number = :last", READ),
    ("a type", "UPDATE cash_transaction SET type = 'found' WHERE number = :last", READ),
    ("a kind", "UPDATE entry SET kind = 'found' WHERE number = :last", READ),
    ("a currency of a line", "UPDATE posting SET currency = '123'", READ),
    ("an account of a line", "UPDATE posting SET account = 99 WHERE line = 0", READ),
    ("a currency of a transaction", "UPDATE cash_transaction SET currency = '123'", READ),
    (
        "a currency of the house",
        "UPDATE house_balance SET currency = '123' WHERE currency = 'gbp'",
        READ,
    ),
    ("an account of the house", "INSERT INTO house_balance VALUES (1, 99, 'usd', 0, 0)", READ),
    ("a customer", "UPDATE customer SET data = '{' WHERE number = :ada", READ),
    ("an event", "UPDATE event SET data = '{' WHERE data IS NOT NULL", READ),
    ("a type of an event", "UPDATE event SET type = 'nothing.happened'", READ),
    ("funding instructions", "UPDATE funding_instructions SET data = '{'", READ),
];

#[test]
fn rows_that_cannot_be_read() {
    check(ROWS_THAT_CANNOT_BE_READ);
}
