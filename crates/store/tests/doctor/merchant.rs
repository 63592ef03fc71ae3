//! Tampering with the merchant's lines, with timers, and with what reconciliation reads.

use crate::life::lived;
use crate::{
    ALIKE, AVAILABLE, AWAITED, Case, FEES, NAMED, PAYABLE, PAYOUTS, PENDING, READ, SETTLES,
    SPELLED, TIMER, TOPPED_UP, check_on,
};

const LINES: &[Case] = &[
    (
        "amount of a line",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE number = :line",
        AVAILABLE,
    ),
    (
        "amount of a line, against its payment",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE number = :line",
        ALIKE,
    ),
    (
        "amount of a line that is pending",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE number = :newline",
        PENDING,
    ),
    ("fee", "UPDATE balance_transaction SET fee = fee + 1 WHERE number = :line", FEES),
    (
        "fee, against the net",
        "UPDATE balance_transaction SET fee = 0 WHERE number = :line",
        AVAILABLE,
    ),
    (
        "amount and fee",
        "UPDATE balance_transaction SET amount = amount + 1, fee = fee + 1 WHERE number = :line",
        FEES,
    ),
    ("type", "UPDATE balance_transaction SET type = 'payout' WHERE number = :line", ALIKE),
    ("currency", "UPDATE balance_transaction SET currency = 'eur' WHERE number = :line", AVAILABLE),
    (
        "currency in capitals",
        "UPDATE balance_transaction SET currency = 'USD' WHERE number = :line",
        SPELLED,
    ),
    (
        "day of a line that is pending",
        "UPDATE balance_transaction SET available_on = available_on + 86400
             WHERE number = :newline",
        SETTLES,
    ),
    (
        "day of a line, against its timer",
        "UPDATE balance_transaction SET available_on = available_on + 86400
             WHERE number = :newline",
        ALIKE,
    ),
    ("a line that is gone", "DELETE FROM balance_transaction WHERE number = :line", NAMED),
    (
        "a line that is gone, against the journal",
        "DELETE FROM balance_transaction WHERE number = :line",
        AVAILABLE,
    ),
    (
        "a line that is gone, against its timer",
        "DELETE FROM balance_transaction WHERE number = :newline",
        TIMER,
    ),
    (
        "a line that was made up",
        "INSERT INTO balance_transaction SELECT world, 9, type, currency, amount, fee, 0,
             source_kind, source_customer, source, description, source_type
             FROM balance_transaction WHERE number = :line",
        AVAILABLE,
    ),
    (
        "a line that was made up about a refund",
        "INSERT INTO balance_transaction SELECT world, 9, type, currency, amount, fee, 0,
             source_kind, source_customer, source, description, source_type
             FROM balance_transaction WHERE source = :refunded ORDER BY number LIMIT 1",
        ALIKE,
    ),
    (
        "a line that was made up about a payout",
        "INSERT INTO balance_transaction SELECT world, 9, type, currency, amount, fee, 0,
             source_kind, source_customer, source, description, source_type
             FROM balance_transaction WHERE source = :arrived ORDER BY number LIMIT 1",
        ALIKE,
    ),
    (
        "a line that was made up about unclaimed money",
        "INSERT INTO balance_transaction SELECT world, 9, type, currency, amount, fee, 0,
             source_kind, source_customer, source, description, source_type
             FROM balance_transaction WHERE source = :moved ORDER BY number LIMIT 1",
        ALIKE,
    ),
    (
        "a line about nothing",
        "UPDATE balance_transaction SET source = 9 WHERE number = :line",
        NAMED,
    ),
    (
        "a line about another payout",
        "UPDATE balance_transaction SET source = :before WHERE source = :arrived",
        ALIKE,
    ),
    (
        "a line about another refund",
        "UPDATE balance_transaction SET source = :waiting WHERE source = :refunded",
        ALIKE,
    ),
    (
        "a line without a source",
        "UPDATE balance_transaction SET source = NULL WHERE number = :line",
        READ,
    ),
    (
        "a type that is none",
        "UPDATE balance_transaction SET type = 'gift' WHERE number = :line",
        READ,
    ),
    (
        "a currency that is none",
        "UPDATE balance_transaction SET currency = '123' WHERE number = :line",
        READ,
    ),
    (
        "where the money of a line came from",
        "UPDATE balance_transaction SET source_type = 'bank_account' WHERE number = :line",
        AVAILABLE,
    ),
    (
        "where a payout came from, against its line",
        "UPDATE balance_transaction SET source_type = 'bank_account' WHERE source = :arrived",
        ALIKE,
    ),
    (
        "a type of source that is none",
        "UPDATE balance_transaction SET source_type = 'fpx' WHERE number = :line",
        READ,
    ),
    (
        "what an instant payout cost",
        "UPDATE balance_transaction SET fee = 0 WHERE source = :instant",
        FEES,
    ),
    ("no lines", "DELETE FROM balance_transaction", AVAILABLE),
];

#[test]
fn lines_of_the_merchant() {
    check_on(lived(), LINES);
}

const CASH: &[Case] = &[
    (
        "the line of unclaimed money",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.balance_transaction', 9)
             WHERE number = :moved",
        NAMED,
    ),
    (
        "another line of unclaimed money",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.balance_transaction', :line)
             WHERE number = :moved",
        ALIKE,
    ),
    (
        "the transfer that was pulled back",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.funded', 9)
             WHERE number = :reversal",
        NAMED,
    ),
    (
        "something else that was pulled back",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.funded', :reversal)
             WHERE number = :reversal",
        ALIKE,
    ),
    (
        "what the merchant made good for",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.linked_transaction', 9)
             WHERE number = :adjusted",
        NAMED,
    ),
    (
        "something else that the merchant made good for",
        "UPDATE cash_transaction
             SET detail = json_set(detail, '$.linked_transaction', :pulledback)
             WHERE number = :adjusted",
        ALIKE,
    ),
    (
        "the refund that came back",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.refund', 9)
             WHERE type = 'refunded_from_payment'",
        NAMED,
    ),
    (
        "another refund that came back",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.refund', :refunded)
             WHERE type = 'refunded_from_payment'",
        ALIKE,
    ),
    (
        "the intent that was paid",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.payment_intent', 9)
             WHERE detail ->> '$.payment_intent' = :part",
        NAMED,
    ),
];

#[test]
fn what_cash_transactions_name() {
    check_on(lived(), CASH);
}

const PAYOUTS_UNDER_WAY: &[Case] = &[
    (
        "another amount",
        "UPDATE document SET data = json_set(data, '$.amount', 81) WHERE number = :onitsway",
        PAYOUTS,
    ),
    (
        "one that did not arrive",
        "UPDATE document SET data = json_set(data, '$.status', 'paid') WHERE number = :onitsway",
        PAYOUTS,
    ),
    (
        "one that did not leave",
        "UPDATE document SET data = json_set(data, '$.status', 'pending')
             WHERE number = :onitsway",
        AWAITED,
    ),
    (
        "an instant one that did not arrive",
        "UPDATE document SET data = json_set(data, '$.status', 'paid') WHERE number = :instant",
        PAYOUTS,
    ),
    (
        "one of other money",
        "UPDATE document SET data = json_set(data, '$.source_type', 'bank_account')
             WHERE number = :onitsway",
        ALIKE,
    ),
    (
        "one that is taken back, and paid",
        "UPDATE document SET data = json_set(data, '$.status', 'paid') WHERE number = :reverse",
        PAYOUTS,
    ),
    (
        "one that failed, and is under way",
        "UPDATE document SET data = json_set(data, '$.status', 'in_transit')
             WHERE number = :failed",
        PAYOUTS,
    ),
    (
        "one that was canceled, and failed",
        "UPDATE document SET data = json_set(data, '$.status', 'failed') WHERE number = :called",
        ALIKE,
    ),
];

const TOPUPS: &[Case] = &[
    (
        "another amount",
        "UPDATE document SET data = json_set(data, '$.amount', 501) WHERE number = :there",
        ALIKE,
    ),
    (
        "one that never came",
        "UPDATE document SET data = json_set(data, '$.status', 'succeeded') WHERE number = :dry",
        TOPPED_UP,
    ),
    (
        "one that came, and failed",
        "UPDATE document SET data = json_set(data, '$.status', 'failed') WHERE number = :there",
        TOPPED_UP,
    ),
    (
        "one that waits for longer",
        "UPDATE document SET data = json_set(data, '$.expected_availability_date', 9)
             WHERE number = :coming",
        AWAITED,
    ),
    ("one that nothing waits for", "DELETE FROM timer WHERE number = :coming", AWAITED),
    (
        "another line",
        "UPDATE document SET data = json_set(data, '$.balance_transaction', :line)
             WHERE number = :there",
        ALIKE,
    ),
    (
        "a line about another one",
        "UPDATE balance_transaction SET source = :coming WHERE source = :there",
        ALIKE,
    ),
];

#[test]
fn topups() {
    check_on(lived(), TOPUPS);
}

#[test]
fn payouts_under_way() {
    check_on(lived(), PAYOUTS_UNDER_WAY);
}

const TIMERS: &[Case] = &[
    ("settling, against the journal", "DELETE FROM timer WHERE number = :newline", PENDING),
    ("settling, against the day", "DELETE FROM timer WHERE number = :newline", SETTLES),
    (
        "settling twice",
        "INSERT INTO timer (due, world, number, kind, customer)
             SELECT available_on, world, number, 'settle', 0 FROM balance_transaction
             WHERE number = :line",
        PENDING,
    ),
    ("settling on another day", "UPDATE timer SET due = due + 1 WHERE number = :newline", ALIKE),
    ("settling for somebody", "UPDATE timer SET customer = :ada WHERE number = :newline", ALIKE),
    ("a refund that waits", "DELETE FROM timer WHERE number = :waiting", AWAITED),
    ("a return that waits", "DELETE FROM timer WHERE number = :back", AWAITED),
    ("a refund that bounced", "DELETE FROM timer WHERE number = :bounced", AWAITED),
    (
        "a refund that waits for longer",
        "UPDATE timer SET due = due + 1 WHERE number = :waiting",
        AWAITED,
    ),
    ("a refund that arrives", "DELETE FROM timer WHERE number = :arriving", AWAITED),
    (
        "a payout that leaves",
        "DELETE FROM timer WHERE number = :leaving AND kind = 'payout_leaves'",
        AWAITED,
    ),
    (
        "a payout that arrives",
        "DELETE FROM timer WHERE number = :leaving AND kind = 'payout_arrives'",
        AWAITED,
    ),
    (
        "a payout that arrives on another day",
        "UPDATE timer SET due = due + 86400 WHERE number = :onitsway",
        AWAITED,
    ),
    (
        "a payout that is taken back",
        "DELETE FROM timer WHERE number = :reverse AND kind = 'payout_arrives'",
        AWAITED,
    ),
    ("an instant payout that arrives", "DELETE FROM timer WHERE number = :instant", AWAITED),
    ("all timers", "DELETE FROM timer", AWAITED),
    (
        "a timer of nothing",
        "INSERT INTO timer (due, world, number, kind, customer)
             VALUES (9, 1, 9, 'refund_expires', :ada)",
        TIMER,
    ),
    (
        "a timer of another kind of row",
        "INSERT INTO timer (due, world, number, kind, customer)
             VALUES (9, 1, :part, 'refund_expires', :ada)",
        TIMER,
    ),
    (
        "a timer of somebody else's row",
        "UPDATE timer SET customer = :bob WHERE number = :waiting",
        TIMER,
    ),
    ("an invoice that is gone", "DELETE FROM document WHERE number = :invoice", TIMER),
    ("a kind that is none", "UPDATE timer SET kind = 'wait' WHERE number = :waiting", READ),
];

#[test]
fn timers() {
    check_on(lived(), TIMERS);
}

const PLACES_FOR_MONEY: &[Case] = &[
    ("one that is gone", "DELETE FROM payable WHERE intent = :part", PAYABLE),
    ("remaining", "UPDATE payable SET remaining = remaining + 1 WHERE intent = :part", PAYABLE),
    ("since", "UPDATE payable SET since = since + 1 WHERE intent = :part", PAYABLE),
    ("currency", "UPDATE payable SET currency = 'eur' WHERE intent = :part", PAYABLE),
    ("currency in capitals", "UPDATE payable SET currency = 'USD' WHERE intent = :part", READ),
    ("an invoice number", "UPDATE payable SET invoice = 'X-1' WHERE intent = :billed", PAYABLE),
    ("no invoice number", "UPDATE payable SET invoice = NULL WHERE intent = :billed", PAYABLE),
    ("until", "UPDATE payable SET until = NULL WHERE intent = :billed", PAYABLE),
    (
        "one that was paid",
        "INSERT INTO payable VALUES (1, :ada, :paid, 'usd', 5, 5, NULL, NULL)",
        PAYABLE,
    ),
    ("of nobody", "INSERT INTO payable VALUES (1, :ada, 5, 'usd', 5, 5, NULL, NULL)", PAYABLE),
    (
        "of somebody else",
        "INSERT INTO payable VALUES (1, :bob, :part, 'usd', 5, 5, NULL, NULL)",
        PAYABLE,
    ),
    (
        "of a refund",
        "INSERT INTO payable VALUES (1, :ada, :waiting, 'usd', 5, 5, NULL, NULL)",
        PAYABLE,
    ),
    (
        "one that was confirmed at another time",
        "UPDATE document SET data = json_set(data, '$.confirmed', 9) WHERE number = :part",
        PAYABLE,
    ),
];

#[test]
fn places_for_money() {
    check_on(lived(), PLACES_FOR_MONEY);
}
