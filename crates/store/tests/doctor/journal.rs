//! Tampering with the journal and the transactions that it books.

use crate::{
    AGREE, BALANCED, CHAIN, CUSTOMER, Case, ENDING, ENTRY, HEAD, HOUSE, JOURNAL, SPELLED, check,
};

const CHANGED_AMOUNTS: &[Case] = &[
    (
        "one line of an entry",
        "UPDATE posting SET amount = amount + 1 WHERE entry = :euros AND line = 0",
        BALANCED,
    ),
    (
        "both lines of an entry: seal",
        "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
        CHAIN,
    ),
    (
        "both lines of an entry: its transaction",
        "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
        AGREE,
    ),
    (
        "both lines of an entry: the house",
        "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
        HOUSE,
    ),
    (
        "both lines of an entry: the customers",
        "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
        JOURNAL,
    ),
    ("net_amount", "UPDATE cash_transaction SET net_amount = 8 WHERE number = :euros", AGREE),
    (
        "net_amount, against what follows",
        "UPDATE cash_transaction SET net_amount = 8 WHERE number = :euros",
        ENDING,
    ),
    (
        "the last ending_balance",
        "UPDATE cash_transaction SET ending_balance = 1000000 WHERE number = :last",
        ENDING,
    ),
    (
        "the last ending_balance, against the seal",
        "UPDATE cash_transaction SET ending_balance = 1000000 WHERE number = :last",
        CHAIN,
    ),
    (
        "an ending_balance of a currency that was left",
        "UPDATE cash_transaction SET ending_balance = 9 WHERE number = :euros",
        ENDING,
    ),
    ("others", "UPDATE cash_transaction SET others = '{\"eur\":700}' WHERE number = :last", ENDING),
    ("others left out", "UPDATE cash_transaction SET others = NULL WHERE number = :last", CHAIN),
    (
        "everything that names the amount, but for the seal",
        "UPDATE posting SET amount = amount * 2 WHERE entry = :last;
             UPDATE cash_transaction SET net_amount = 10, ending_balance = 110
                 WHERE number = :last;
             UPDATE house_balance SET amount = amount + 5 WHERE world = 1 AND currency = 'usd'",
        CHAIN,
    ),
    (
        "a sum of the house",
        "UPDATE house_balance SET amount = amount + 1 WHERE currency = 'jpy'",
        HOUSE,
    ),
    ("a sum of the house that is gone", "DELETE FROM house_balance WHERE currency = 'eur'", HOUSE),
    (
        "a sum of the house that was made up",
        "INSERT INTO house_balance VALUES (1, 5, 'usd', 0, -1000)",
        HOUSE,
    ),
    (
        "a sum of the house on another lane",
        "INSERT INTO house_balance VALUES (1, 1, 'usd', 3, 1)",
        HOUSE,
    ),
];

#[test]
fn changed_amounts() {
    check(CHANGED_AMOUNTS);
}

const CHANGED_TEXTS_AND_OWNERS: &[Case] = &[
    (
        "detail",
        "UPDATE cash_transaction SET detail = replace(detail, 'John', 'Mary')
             WHERE number = :first",
        CHAIN,
    ),
    (
        "type",
        "UPDATE cash_transaction SET type = 'funding_reversed', detail = NULL
             WHERE number = :euros",
        CHAIN,
    ),
    ("kind", "UPDATE entry SET kind = 'funding_reversed' WHERE number = :euros", CHAIN),
    (
        "kind, against the transaction",
        "UPDATE entry SET kind = 'funding_reversed' WHERE number = :euros",
        AGREE,
    ),
    ("currency of an entry", "UPDATE posting SET currency = 'gbp' WHERE entry = :euros", AGREE),
    (
        "currency of one line",
        "UPDATE posting SET currency = 'gbp' WHERE entry = :euros AND line = 1",
        BALANCED,
    ),
    (
        "currency of a transaction",
        "UPDATE cash_transaction SET currency = 'gbp' WHERE number = :end",
        AGREE,
    ),
    ("account", "UPDATE posting SET account = 5 WHERE entry = :last AND line = 0", CHAIN),
    (
        "account, against the house",
        "UPDATE posting SET account = 5 WHERE entry = :last AND line = 0",
        HOUSE,
    ),
    (
        "owner of a line",
        "UPDATE posting SET owner = :bob WHERE entry = :euros AND account = 2",
        AGREE,
    ),
    (
        "owner of a transaction",
        "UPDATE cash_transaction SET customer = :bob WHERE number = :euros",
        AGREE,
    ),
    (
        "owner of a transaction and of its line",
        "UPDATE posting SET owner = :bob WHERE entry = :euros AND account = 2;
             UPDATE cash_transaction SET customer = :bob WHERE number = :euros",
        CHAIN,
    ),
    (
        "owner who does not exist",
        "UPDATE cash_transaction SET customer = 77 WHERE number = :euros",
        CUSTOMER,
    ),
    (
        "world of an entry",
        "UPDATE entry SET world = 2 WHERE number = :euros;
             UPDATE posting SET world = 2 WHERE entry = :euros;
             UPDATE cash_transaction SET world = 2 WHERE number = :euros",
        CHAIN,
    ),
    (
        "moment of an entry",
        "UPDATE entry SET number = number + 1000 WHERE number = :end;
             UPDATE posting SET entry = entry + 1000 WHERE entry = :end;
             UPDATE cash_transaction SET number = number + 1000 WHERE number = :end",
        CHAIN,
    ),
];

#[test]
fn changed_texts_and_owners() {
    check(CHANGED_TEXTS_AND_OWNERS);
}

/// Changes that mean the same to a reader: the seal is over what rows mean, so there is
/// one way only to write them.
const CHANGED_SPELLINGS: &[Case] = &[
    (
        "currency of an entry in capitals",
        "UPDATE posting SET currency = 'EUR' WHERE entry = :euros",
        SPELLED,
    ),
    (
        "currency of a transaction in capitals",
        "UPDATE cash_transaction SET currency = 'EUR' WHERE number = :euros",
        SPELLED,
    ),
    (
        "a field more in the detail",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.note', 'paid twice')
             WHERE number = :first",
        SPELLED,
    ),
    (
        "spaces in others",
        "UPDATE cash_transaction SET others = replace(others, ':', ' : ')
             WHERE number = :last",
        SPELLED,
    ),
    (
        "an owner of a house account",
        "UPDATE posting SET owner = :bob WHERE entry = :last AND account = 1",
        SPELLED,
    ),
    ("lines with gaps", "UPDATE posting SET line = 7 WHERE entry = :last AND line = 1", SPELLED),
];

#[test]
fn changed_spellings() {
    check(CHANGED_SPELLINGS);
}

const SWAP: &str = "CREATE TEMP TABLE was AS SELECT * FROM entry;
                UPDATE entry SET seal = (SELECT seal FROM was
                    WHERE number = CASE entry.number WHEN :euros THEN :first ELSE :euros END)
                WHERE number IN (:first, :euros)";

const SWAPPED_ROWS: &[Case] = &[
    ("seals of two entries", SWAP, CHAIN),
    (
        "owners of two equal transactions",
        "UPDATE cash_transaction SET customer = :bob WHERE number = :first;
             UPDATE cash_transaction SET customer = :ada WHERE number = :equal",
        AGREE,
    ),
    (
        "numbers of two entries",
        "UPDATE posting SET entry = 1 WHERE entry = :first;
             UPDATE posting SET entry = :first WHERE entry = :last;
             UPDATE posting SET entry = :last WHERE entry = 1",
        CHAIN,
    ),
    (
        "numbers of two transactions",
        "UPDATE cash_transaction SET number = 1 WHERE number = :euros;
             UPDATE cash_transaction SET number = :euros WHERE number = :last;
             UPDATE cash_transaction SET number = :last WHERE number = 1",
        ENDING,
    ),
    (
        "lines of an entry",
        "UPDATE posting SET line = 9 WHERE entry = :last AND line = 0;
             UPDATE posting SET line = 0 WHERE entry = :last AND line = 1;
             UPDATE posting SET line = 1 WHERE entry = :last AND line = 9",
        CHAIN,
    ),
];

#[test]
fn swapped_rows() {
    check(SWAPPED_ROWS);
}

const CHAINS_AND_HEADS: &[Case] = &[
    ("a seal", "UPDATE entry SET seal = zeroblob(32) WHERE number = :euros", CHAIN),
    (
        "the seal of the last entry",
        "UPDATE entry SET seal = zeroblob(32) WHERE number = :end",
        HEAD,
    ),
    (
        "the last seal and its head",
        "UPDATE entry SET seal = zeroblob(32) WHERE number = :end;
             UPDATE chain SET head = zeroblob(32) WHERE world = 1",
        CHAIN,
    ),
    ("a head", "UPDATE chain SET head = zeroblob(32) WHERE world = 1", HEAD),
    ("a length", "UPDATE chain SET length = length + 1 WHERE world = 1", HEAD),
    ("no head", "DELETE FROM chain WHERE world = 2", HEAD),
    ("a head without a chain", "INSERT INTO chain VALUES (1, 5, zeroblob(32), 1)", HEAD),
    (
        "the last entry, its head set back",
        "DELETE FROM entry WHERE number = :end; DELETE FROM posting WHERE entry = :end;
             UPDATE chain SET length = length - 1, head = (SELECT seal FROM entry
                 WHERE world = 1 ORDER BY number DESC LIMIT 1) WHERE world = 1",
        ENTRY,
    ),
];

#[test]
fn chains_and_heads() {
    check(CHAINS_AND_HEADS);
}
