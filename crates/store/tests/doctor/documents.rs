//! Tampering with documents: what they say of money, what they name, how they are kept.

use crate::life::lived;
use crate::{
    AGREE, ALIKE, COLUMNS, COMPLETE, Case, EVENT, HELD, NAMED, OWNED, PAYABLE, PAYMENTS, READ,
    REFUNDED, REFUNDS, SPELLED, check_on,
};

const WHAT_INTENTS_HOLD: &[Case] = &[
    (
        "less of a part",
        "UPDATE document SET data = json_set(data, '$.applied', 1) WHERE number = :part",
        HELD,
    ),
    (
        "less of a part, against the cash balance",
        "UPDATE document SET data = json_set(data, '$.applied', 1) WHERE number = :part",
        PAYMENTS,
    ),
    (
        "less of a part, against reconciliation",
        "UPDATE document SET data = json_set(data, '$.applied', 1) WHERE number = :part",
        PAYABLE,
    ),
    (
        "another currency",
        "UPDATE document SET data = json_set(data, '$.currency', 'eur') WHERE number = :part",
        HELD,
    ),
    ("an intent that is gone", "DELETE FROM document WHERE number = :part", HELD),
    (
        "a part where none is",
        "UPDATE document SET data = json_set(data, '$.applied', 5) WHERE number = :billed",
        HELD,
    ),
    (
        "more than all",
        "UPDATE document SET data = json_set(data, '$.amount', 20) WHERE number = :byhand",
        COMPLETE,
    ),
    (
        "canceled with a part",
        "UPDATE document SET data = json_set(data, '$.status', 'canceled') WHERE number = :part",
        COMPLETE,
    ),
    (
        "a part of what was canceled",
        "UPDATE document SET data = json_set(data, '$.applied', 1) WHERE number = :givenup",
        COMPLETE,
    ),
    (
        "less of a whole",
        "UPDATE document SET data = json_set(data, '$.applied', 1) WHERE number = :paid",
        COMPLETE,
    ),
    (
        "another whole, against the cash balance",
        "UPDATE document SET data = json_set(data, '$.applied', 7, '$.amount', 7)
             WHERE number = :alsopaid",
        PAYMENTS,
    ),
    (
        "another whole, against the line",
        "UPDATE document SET data = json_set(data, '$.applied', 7, '$.amount', 7)
             WHERE number = :alsopaid",
        ALIKE,
    ),
    (
        "no charge",
        "UPDATE document SET data = json_remove(data, '$.charge') WHERE number = :paid",
        COMPLETE,
    ),
    (
        "paid, but open",
        "UPDATE document SET data = json_set(data, '$.status', 'requires_action')
             WHERE number = :alsopaid",
        HELD,
    ),
    (
        "the account of another intent",
        "UPDATE posting SET owner = :givenup WHERE account = 3 AND owner = :part",
        AGREE,
    ),
    (
        "a payment of somebody else's intent",
        "UPDATE cash_transaction SET detail = json_set(detail, '$.payment_intent', :givenup)
             WHERE detail ->> '$.payment_intent' = :byhand",
        PAYMENTS,
    ),
];

#[test]
fn what_intents_hold() {
    check_on(lived(), WHAT_INTENTS_HOLD);
}

const WHAT_WAS_REFUNDED: &[Case] = &[
    (
        "too little at the charge",
        "UPDATE document SET data = json_set(data, '$.charge.amount_refunded', 1)
             WHERE number = :paid",
        REFUNDED,
    ),
    (
        "something where nothing was",
        "UPDATE document SET data = json_set(data, '$.charge.amount_refunded', 1)
             WHERE number = :alsopaid",
        REFUNDED,
    ),
    (
        "another amount of one that arrived",
        "UPDATE document SET data = json_set(data, '$.amount', 31) WHERE number = :refunded",
        REFUNDED,
    ),
    (
        "another amount, against its line",
        "UPDATE document SET data = json_set(data, '$.amount', 31) WHERE number = :refunded",
        ALIKE,
    ),
    (
        "another amount, against the cash balance",
        "UPDATE document SET data = json_set(data, '$.amount', 51) WHERE number = :tocash",
        ALIKE,
    ),
    (
        "another amount of one under way",
        "UPDATE document SET data = json_set(data, '$.amount', 61) WHERE number = :waiting",
        REFUNDS,
    ),
    (
        "another amount of a return",
        "UPDATE document SET data = json_set(data, '$.amount', 501) WHERE number = :back",
        REFUNDS,
    ),
    (
        "one that did not arrive",
        "UPDATE document SET data = json_set(data, '$.status', 'succeeded')
             WHERE number = :arriving",
        REFUNDS,
    ),
    (
        "one that was canceled",
        "UPDATE document SET data = json_set(data, '$.status', 'succeeded')
             WHERE number = :undone",
        REFUNDED,
    ),
    (
        "one that failed and is pending",
        "UPDATE document SET data = json_set(data, '$.status', 'pending') WHERE number = :undone",
        REFUNDS,
    ),
    ("one that is gone", "DELETE FROM document WHERE number = :refunded", REFUNDED),
    (
        "one that is listed nowhere",
        "UPDATE document SET parent = NULL WHERE number = :refunded",
        REFUNDED,
    ),
];

#[test]
fn what_was_refunded() {
    check_on(lived(), WHAT_WAS_REFUNDED);
}

const NAMES_THAT_LEAD_NOWHERE: &[Case] = &[
    ("an intent of a method", "DELETE FROM document WHERE number = :givenup", NAMED),
    ("a charge", "DELETE FROM document WHERE number = :charge", NAMED),
    ("a payment method", "DELETE FROM document WHERE number = :method", NAMED),
    ("a payment method that was tried", "DELETE FROM document WHERE number = :tried", NAMED),
    ("a refund that a cash balance names", "DELETE FROM document WHERE number = :tocash", NAMED),
    ("a bank account", "DELETE FROM document WHERE number = :account", NAMED),
    ("a payout that is taken back", "DELETE FROM document WHERE number = :arrived", NAMED),
    ("a payout that takes one back", "DELETE FROM document WHERE number = :takenback", NAMED),
    ("an invoice", "DELETE FROM document WHERE number = :invoice", NAMED),
    ("an item", "DELETE FROM document WHERE number = :item", NAMED),
    ("an intent of an invoice", "DELETE FROM document WHERE number = :billed", NAMED),
    (
        "the lot of a return",
        "DELETE FROM cash_transaction WHERE number = (SELECT data ->>
         '$.origin.cash_balance.lot' FROM document WHERE number = :swept)",
        NAMED,
    ),
    (
        "an intent of another kind",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :back)
             WHERE number = :charge",
        NAMED,
    ),
    (
        "an intent of another customer",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :byhand)
             WHERE number = :charge",
        NAMED,
    ),
    ("a document that events tell of", "DELETE FROM document WHERE number = :item", EVENT),
    ("a customer that events tell of", "DELETE FROM customer WHERE number = :bob", EVENT),
    ("a customer with documents", "DELETE FROM customer WHERE number = :bob", OWNED),
];

#[test]
fn names_that_lead_nowhere() {
    check_on(lived(), NAMES_THAT_LEAD_NOWHERE);
}

const NAMES_THAT_LEAD_ELSEWHERE: &[Case] = &[
    (
        "the intent of a charge",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :alsopaid)
             WHERE number = :charge",
        ALIKE,
    ),
    (
        "the intent of a payment method",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :alsopaid)
             WHERE number = :method",
        ALIKE,
    ),
    (
        "the intent of a payment method that was tried",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :alsopaid)
             WHERE number = :tried",
        ALIKE,
    ),
    (
        "the intent of a refund",
        "UPDATE document SET parent = :alsopaid, data = json_set(data,
             '$.origin.payment.payment_intent', :alsopaid) WHERE number = :refunded",
        ALIKE,
    ),
    (
        "the intent of an invoice",
        "UPDATE document SET data = json_set(data, '$.payment_intent', :billed)
             WHERE number = :settledinvoice",
        ALIKE,
    ),
    (
        "the invoice of an intent",
        "UPDATE document SET data = json_set(data, '$.billed.invoice', :settledinvoice)
             WHERE number = :billed",
        ALIKE,
    ),
    (
        "an invoice that is paid and its intent is not",
        "UPDATE document SET data = json_set(data, '$.status', 'paid') WHERE number = :invoice",
        ALIKE,
    ),
    (
        "an invoice that is open and its intent paid",
        "UPDATE document SET data = json_set(data, '$.status', 'open')
             WHERE number = :settledinvoice",
        ALIKE,
    ),
    (
        "the amount of a line of an invoice",
        "UPDATE document SET data = json_set(data, '$.lines[0].amount', 601)
             WHERE number = :invoice",
        ALIKE,
    ),
    (
        "the amount of an item",
        "UPDATE document SET data = json_set(data, '$.amount', 601) WHERE number = :item",
        ALIKE,
    ),
    (
        "a bank account in another currency",
        "UPDATE document SET parent = :euros, data = json_set(data, '$.destination', :euros)
             WHERE number = :arrived",
        ALIKE,
    ),
    (
        "the payout that is taken back",
        "UPDATE document SET data = json_set(data, '$.original_payout', :before)
             WHERE number = :takenback",
        ALIKE,
    ),
    (
        "the line of a refund",
        "UPDATE document SET data = json_set(data, '$.balance_transaction', :line)
             WHERE number = :refunded",
        ALIKE,
    ),
];

#[test]
fn names_that_lead_elsewhere() {
    check_on(lived(), NAMES_THAT_LEAD_ELSEWHERE);
}

const KEPT_IN_ANOTHER_WAY: &[Case] = &[
    (
        "a space",
        "UPDATE document SET data = replace(data, ',', ', ') WHERE number = :paid",
        SPELLED,
    ),
    (
        "a field more",
        "UPDATE document SET data = json_set(data, '$.note', 'hi') WHERE number = :charge",
        SPELLED,
    ),
    (
        "a field that needs not be",
        "UPDATE document SET data = json_set(data, '$.applied', 0) WHERE number = :givenup",
        SPELLED,
    ),
    (
        "a currency in capitals",
        "UPDATE document SET data = json_set(data, '$.currency', 'USD') WHERE number = :back",
        SPELLED,
    ),
    (
        "a customer with a space",
        "UPDATE customer SET data = replace(data, ',', ', ') WHERE number = :ada",
        SPELLED,
    ),
    (
        "instructions with a space",
        "UPDATE funding_instructions SET data = replace(data, ',', ', ') WHERE customer = :ada",
        SPELLED,
    ),
    ("the customer", "UPDATE document SET customer = :bob WHERE number = :part", COLUMNS),
    ("the number", "UPDATE document SET number = 7 WHERE number = :part", COLUMNS),
    ("no parent", "UPDATE document SET parent = NULL WHERE number = :item", COLUMNS),
    ("another parent", "UPDATE document SET parent = 7 WHERE number = :refunded", COLUMNS),
    ("a parent too many", "UPDATE document SET parent = 7 WHERE number = :part", COLUMNS),
    ("the email of a customer", "UPDATE customer SET email = 'me' WHERE number = :ada", COLUMNS),
    ("a deleted customer", "UPDATE customer SET deleted = 1 WHERE number = :ada", COLUMNS),
    (
        "the key of instructions",
        "UPDATE funding_instructions SET account_key = 'mine' WHERE customer = :ada",
        COLUMNS,
    ),
    (
        "the country of instructions",
        "UPDATE funding_instructions SET country = 'XX' WHERE customer = :ada",
        COLUMNS,
    ),
    ("the kind", "UPDATE document SET kind = 'refund' WHERE number = :paid", READ),
    ("a kind that is none", "UPDATE document SET kind = 'thing' WHERE number = :paid", READ),
    ("a kind that is no document", "UPDATE document SET kind = 'event' WHERE number = :paid", READ),
    ("no JSON", "UPDATE document SET data = '{' WHERE number = :paid", READ),
    ("no JSON anywhere", "UPDATE document SET data = ''", READ),
    (
        "a field that is missing",
        "UPDATE document SET data = json_remove(data, '$.amount') WHERE number = :waiting",
        READ,
    ),
    (
        "a status that is none",
        "UPDATE document SET data = json_set(data, '$.status', 'lost') WHERE number = :waiting",
        READ,
    ),
    (
        "the document of an event",
        "UPDATE event SET data = json_set(data, '$.document.now.status', 'lost')
             WHERE type = 'refund.created'",
        READ,
    ),
    (
        "the document before an event",
        "UPDATE event SET data = json_set(data, '$.document.before', json('{}'))
             WHERE type = 'refund.updated'",
        READ,
    ),
    (
        "the balance of an event",
        "UPDATE event SET data = '{\"balance\":7}' WHERE type = 'balance.available'",
        READ,
    ),
];

#[test]
fn kept_in_another_way() {
    check_on(lived(), KEPT_IN_ANOTHER_WAY);
}
