//! Tampering with sources, with what they received, and with their accounts.

use books::Kind;

use crate::support::Bench;
use crate::support::asks::{lose, receive, receiver};
use crate::{ALIKE, Case, EVENT, INSTRUCTIONS, NAMED, Names, check_on, examine};

const HOLDS: &str = "a source holds what it received";
const LEADS: &str = "the account of a source leads to it";
const RECEIVED: &str = "a source knows what it received";

/// A source with two transfers, one of which was pulled back; and one without any.
fn filled() -> (Bench, Names) {
    let bench = Bench::new();
    let source = bench.make(receiver(), "source pending 0", Kind::Source);
    let first = bench.make(receive(source, 70), "source_transaction", Kind::SourceTransaction);
    let second = bench.make(receive(source, 30), "source_transaction", Kind::SourceTransaction);
    bench.expect(lose(first), "source_transaction");
    let empty = bench.make(receiver(), "source pending 0", Kind::Source);
    let names = [(":full", source), (":first", first), (":second", second), (":empty", empty)];
    (bench, names.map(|(name, key)| (name, key.number.0)).to_vec())
}

const SOURCES: &[Case] = &[
    (
        "more than it received",
        "UPDATE document SET data = json_set(data, '$.receiver.amount_received', 101)
             WHERE number = :full",
        RECEIVED,
    ),
    (
        "more than it received, against the journal",
        "UPDATE document SET data = json_set(data, '$.receiver.amount_received', 101)
             WHERE number = :full",
        HOLDS,
    ),
    (
        "something charged that was not",
        "UPDATE document SET data = json_set(data, '$.receiver.amount_charged', 30)
             WHERE number = :full",
        HOLDS,
    ),
    (
        "less returned than was pulled back",
        "UPDATE document SET data = json_set(data, '$.receiver.amount_returned', 69)
             WHERE number = :full",
        RECEIVED,
    ),
    (
        "another amount of a transfer",
        "UPDATE document SET data = json_set(data, '$.amount', 31) WHERE number = :second",
        RECEIVED,
    ),
    (
        "a transfer to another source",
        "UPDATE document SET data = json_set(data, '$.source', :empty), parent = :empty
             WHERE number = :second",
        RECEIVED,
    ),
    (
        "a transfer in another currency",
        "UPDATE document SET data = json_set(data, '$.currency', 'eur') WHERE number = :second",
        ALIKE,
    ),
    ("a transfer that is gone", "DELETE FROM document WHERE number = :second", RECEIVED),
    ("a transfer whose event is left", "DELETE FROM document WHERE number = :second", EVENT),
    ("a source that is gone", "DELETE FROM document WHERE number = :full", NAMED),
    ("an account of no source", "DELETE FROM document WHERE number = :empty", INSTRUCTIONS),
    (
        "a customer who is none",
        "UPDATE document SET data = json_set(data, '$.customer', 9), parent = 9
             WHERE number = :empty",
        NAMED,
    ),
    ("an account that is gone", "DELETE FROM funding_instructions WHERE customer = :empty", LEADS),
    (
        "the account of another source",
        "UPDATE funding_instructions SET customer = 7 WHERE customer = :empty",
        LEADS,
    ),
];

#[test]
fn sources_that_nobody_touched_are_clean() {
    let (bench, _) = filled();
    let report = examine(&bench.location());
    assert_eq!(report.findings, []);
}

#[test]
fn what_sources_hold() {
    check_on(filled(), SOURCES);
}
