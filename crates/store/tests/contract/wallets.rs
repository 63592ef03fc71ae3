//! The cards and sources that customers have, as commands see them: what commands before them did,
//! in the same batch or in another one.

use books::command::{Given, SOURCES_MAX};
use books::payment_intent::InstrumentKey;
use books::{Command, Document, Kind, Number};

use crate::support::wallets::{
    fresh, give, make_default, make_source, rename, replace_default, take_away,
};
use crate::support::{Ask, Bench, delete};

/// Tells what a customer has, newest first, with a star at the default.
fn wallet(customer: Number) -> Ask {
    Ask::from(Command::UpdateCashBalance { customer, mode: None }).seeing(move |view| {
        let default = view.customer(customer).and_then(|customer| customer.default_source);
        let each = view.wallet(customer).into_iter().map(|document| {
            let name = match &document {
                Document::Card(card) => card.card.name.as_deref().unwrap_or("card"),
                Document::Source(source) => source.status.as_str(),
                _ => "nothing of the kind",
            };
            let is_default =
                default.map(InstrumentKey::named) == Some((document.kind(), document.key()));
            format!("{name}{}", if is_default { "*" } else { "" })
        });
        each.collect::<Vec<_>>().join(" ")
    })
}

#[test]
fn cards_come_and_go() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let first = InstrumentKey::Card(bench.make(give(ada, fresh()), "card", Kind::Card));
    bench.check([
        (wallet(ada), "card*"),
        (rename(ada, first, "first"), "card"),
        (give(ada, fresh()), "card"),
        (wallet(ada), "card first*"),
        (wallet(bob), ""),
        (take_away(bob, first), "Missing..."),
        (take_away(ada, first), "card"),
        (wallet(ada), "card*"),
        (take_away(ada, first), "Missing..."),
        (make_default(ada, first), "Missing..."),
    ]);
    bench.check([
        (wallet(ada), "card*"),
        (give(ada, fresh()), "card"),
        (wallet(ada), "card card*"),
        (replace_default(ada), "customer"),
        (wallet(ada), "card* card"),
    ]);
    bench.assert_healthy();
}

#[test]
fn sources_are_of_one_customer() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let source = bench.make(make_source(), "source...", Kind::Source);
    let (given, named) = (|| Given::Source(source), InstrumentKey::Source(source));
    bench.check([
        (give(ada, given()), "source..."),
        (give(bob, given()), "NotTheCustomers..."),
        (give(ada, given()), "source..."),
        (wallet(ada), "chargeable*"),
        (give(ada, fresh()), "card"),
        (wallet(ada), "card chargeable*"),
    ]);
    bench.check([
        (take_away(ada, named), "source..."),
        (wallet(ada), "card*"),
        (give(bob, given()), "SourceState..."),
        (wallet(bob), ""),
    ]);
    bench.check([(delete(ada), "deleted")]);
    assert_eq!(bench.documents(Kind::Card, &Default::default()).len(), 1);
    bench.assert_healthy();
}

#[test]
fn a_customer_has_so_many_and_no_more() {
    let bench = Bench::new();
    let ada = bench.customer();
    let first = InstrumentKey::Card(bench.make(give(ada, fresh()), "card", Kind::Card));
    for _ in 1..SOURCES_MAX {
        bench.expect(give(ada, fresh()), "card");
    }
    bench.check([
        (give(ada, fresh()), "TooManySources"),
        // One goes for it.
        (replace_default(ada), "customer"),
        (give(ada, fresh()), "TooManySources"),
        (take_away(ada, first), "Missing..."),
    ]);
    let newest = InstrumentKey::Card(bench.newest(Kind::Card));
    bench.check([
        (take_away(ada, newest), "card"),
        (give(ada, fresh()), "card"),
        (give(ada, fresh()), "TooManySources"),
        (delete(ada), "deleted"),
    ]);
    bench.assert_healthy();
}
