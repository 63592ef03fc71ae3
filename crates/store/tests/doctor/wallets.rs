//! A database of customers with cards and sources, and tampering with what they name as default.

use books::Kind;
use books::command::Given;
use books::payment_intent::InstrumentKey;

use crate::support::Bench;
use crate::support::wallets::{fresh, give, make_source, take_away};
use crate::{ALIKE, COLUMNS, Case, NAMED, Names, check_on, examine};

/// Ada has a card, Bob a source. Eve had one, and has none.
fn with_wallets() -> (Bench, Names) {
    let bench = Bench::new();
    let (ada, bob, eve) = (bench.customer(), bench.customer(), bench.customer());
    let card = bench.make(give(ada, fresh()), "card", Kind::Card);
    let source = bench.make(make_source(), "source...", Kind::Source);
    bench.expect(give(bob, Given::Source(source)), "source...");
    let gone = bench.make(give(eve, fresh()), "card", Kind::Card);
    bench.expect(take_away(eve, InstrumentKey::Card(gone)), "card");
    let names = [
        (":ada", ada),
        (":bob", bob),
        (":eve", eve),
        (":card", card.number),
        (":source", source.number),
        (":gone", gone.number),
    ];
    (bench, names.into_iter().map(|(name, number)| (name, number.0)).collect())
}

#[test]
fn wallets_are_clean() {
    let (bench, _) = with_wallets();
    assert_eq!(examine(&bench.location()).findings, []);
}

const TAMPERING: &[Case] = &[
    ("a default that is not there", "DELETE FROM document WHERE number = :card", NAMED),
    ("a source that is not there", "DELETE FROM document WHERE number = :source", NAMED),
    (
        "a default that was taken away",
        "UPDATE document SET data = json_set(data, '$.deleted', json('true')), parent = NULL
             WHERE number = :card",
        ALIKE,
    ),
    (
        "a card that was taken away becomes a default",
        "UPDATE customer SET data = json_set(data, '$.default_source',
             json_object('card', json_object('customer', :eve, 'number', :gone)))
             WHERE number = :eve",
        ALIKE,
    ),
    (
        "somebody else's card",
        "UPDATE customer SET data = json_set(data, '$.default_source.card.customer', :bob)
             WHERE number = :ada",
        NAMED,
    ),
    (
        "somebody else's source",
        "UPDATE document SET data = json_set(data, '$.customer', :ada), parent = :ada
             WHERE number = :source",
        ALIKE,
    ),
    (
        "a source that was detached",
        "UPDATE document SET data = json_remove(data, '$.customer'), parent = NULL
             WHERE number = :source",
        ALIKE,
    ),
    (
        "a source that is listed under somebody else",
        "UPDATE document SET parent = :ada WHERE number = :source",
        COLUMNS,
    ),
];

#[test]
fn what_customers_pay_with() {
    check_on(with_wallets(), TAMPERING);
}
