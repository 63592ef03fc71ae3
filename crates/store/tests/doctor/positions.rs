//! Tampering with where money stands and stood.

use crate::{Case, DAYS, IDLE, check};

const DAY_BALANCES: &[Case] = &[
    ("a day", "UPDATE day_balance SET amount = amount + 1 WHERE currency = 'jpy'", DAYS),
    (
        "a day of customers' cash",
        "UPDATE day_balance SET amount = amount - 1 WHERE account = 2 AND currency = 'usd'",
        DAYS,
    ),
    ("a day that is gone", "DELETE FROM day_balance WHERE currency = 'eur' AND account = 1", DAYS),
    (
        "a day that was made up",
        "INSERT INTO day_balance SELECT world, account, currency, lane, day - 1, 5
             FROM day_balance WHERE currency = 'jpy'",
        DAYS,
    ),
    ("another day", "UPDATE day_balance SET day = day + 1 WHERE currency = 'jpy'", DAYS),
    ("another lane", "UPDATE day_balance SET lane = lane + 1 WHERE currency = 'jpy'", DAYS),
    (
        "another account",
        "UPDATE day_balance SET account = 5 WHERE currency = 'jpy' AND account = 1",
        DAYS,
    ),
    ("another world", "UPDATE day_balance SET world = 1 WHERE world = 2", DAYS),
];

#[test]
fn day_balances() {
    check(DAY_BALANCES);
}

const IDLE_PURSES: &[Case] = &[
    ("a purse that is gone", "DELETE FROM idle_purse WHERE currency = 'eur'", IDLE),
    ("a purse that was made up", "INSERT INTO idle_purse VALUES (1, :bob, 'chf', :end)", IDLE),
    ("an age", "UPDATE idle_purse SET since = :last WHERE currency = 'usd'", IDLE),
    ("a customer", "UPDATE idle_purse SET customer = :bob WHERE currency = 'eur'", IDLE),
    (
        "a purse that holds nothing",
        "UPDATE cash_transaction SET ending_balance = 0 WHERE currency = 'jpy'",
        IDLE,
    ),
];

#[test]
fn idle_purses() {
    check(IDLE_PURSES);
}
