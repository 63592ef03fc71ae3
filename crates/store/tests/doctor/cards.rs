//! A database in which cards were charged in every way, and tampering with what it says of that.

use std::time::Duration;

use books::{Kind, Rules};

use crate::support::Bench;
use crate::support::cards::{capture, charge, refund_charge, set_aside};
use crate::{
    ALIKE, AVAILABLE, AWAITED, Case, NAMED, NETWORK, Names, PENDING, REFUNDED, TAKEN, check_on,
    examine,
};

/// Charges that are settled, refunded, set aside, let go, declined, disputed.
fn charged() -> (Bench, Names) {
    let rules = Rules { fee_bps: 290, fee_fixed: 30, ..Rules::default() };
    let bench = Bench::with_rules(rules);
    let taken = |does: &str, amount: i64| {
        bench.make(charge(does, amount, "usd"), &format!("charge {amount}/{amount}"), Kind::Charge)
    };
    bench.expect(charge("declined", 100, "usd"), "declined 100");
    let settled = taken("pays", 1000);
    let expired = bench.make(set_aside("pays", 500, "usd"), "charge 0/500", Kind::Charge);
    pass_days(&bench, 8);
    let at_once = taken("at_once", 700);
    let disputed = taken("disputed", 800);
    let refund = |key, amount: i64, status: &str| {
        let want = format!("refund {status} {amount}");
        bench.make(refund_charge(key, Some(amount)), &want, Kind::Refund)
    };
    let refunded = refund(settled, 400, "succeeded");
    let bouncing = taken("bounces", 900);
    let failed = refund(bouncing, 300, "succeeded");
    pass_days(&bench, 1);
    let part = bench.make(set_aside("pays", 600, "usd"), "charge 0/600", Kind::Charge);
    bench.expect(capture(part, 450), "charge 450/600");
    let let_go = bench.make(set_aside("pays", 650, "usd"), "charge 0/650", Kind::Charge);
    let released = bench.make(refund_charge(let_go, None), "refund succeeded 650", Kind::Refund);
    let aside = bench.make(set_aside("pays", 550, "usd"), "charge 0/550", Kind::Charge);
    let late = taken("later", 1100);
    let pending = refund(late, 100, "pending");
    let back = taken("bounces", 1200);
    let coming = refund(back, 200, "succeeded");
    let names = [
        (":settled", settled),
        (":expired", expired),
        (":atonce", at_once),
        (":disputed", disputed),
        (":refunded", refunded),
        (":bouncing", bouncing),
        (":failed", failed),
        (":part", part),
        (":letgo", let_go),
        (":released", released),
        (":aside", aside),
        (":late", late),
        (":pending", pending),
        (":coming", coming),
    ];
    let names = names.into_iter().map(|(name, key)| (name, key.number.0)).collect();
    (bench, names)
}

fn pass_days(bench: &Bench, days: u32) {
    bench.clock.forward(days * Duration::from_secs(24 * 60 * 60));
    bench.run_timers();
}

#[test]
fn charges_of_all_kinds_are_clean() {
    let (bench, _) = charged();
    let report = examine(&bench.location());
    assert_eq!(report.findings, []);
    let of_cards = "SELECT count(*) FROM balance_transaction WHERE source_kind = 'card_charge'";
    assert_eq!(bench.one::<i64>(of_cards), 8, "seven captures and a dispute");
    // And what is under way comes to its end.
    pass_days(&bench, 8);
    assert_eq!(examine(&bench.location()).findings, []);
    let owed = "SELECT coalesce(sum(amount), 0) FROM house_balance WHERE account = 13";
    assert_eq!(bench.one::<i64>(owed), 0, "the networks paid all");
}

const TAMPERING: &[Case] = &[
    (
        "more captured than was set aside",
        "UPDATE document SET data = json_set(data, '$.amount_captured', 601) WHERE number = :part",
        TAKEN,
    ),
    (
        "another part captured, against its line",
        "UPDATE document SET data = json_set(data, '$.amount_captured', 451) WHERE number = :part",
        ALIKE,
    ),
    (
        "something captured of what is set aside",
        "UPDATE document SET data = json_set(data, '$.amount_captured', 5) WHERE number = :aside",
        TAKEN,
    ),
    (
        "more refunded than was captured",
        "UPDATE document SET data = json_set(data, '$.amount_refunded', 451) WHERE number = :part",
        TAKEN,
    ),
    (
        "no line",
        "UPDATE document SET data = json_remove(data, '$.balance_transaction')
             WHERE number = :settled",
        TAKEN,
    ),
    (
        "a dispute of what was not captured",
        "UPDATE document SET data = json_set(data, '$.disputed', json('true'))
             WHERE number = :aside",
        TAKEN,
    ),
    (
        "a dispute that is forgotten, against its line",
        "UPDATE document SET data = json_remove(data, '$.disputed') WHERE number = :disputed",
        ALIKE,
    ),
    (
        "another currency",
        "UPDATE document SET data = json_set(data, '$.currency', 'eur') WHERE number = :settled",
        ALIKE,
    ),
    (
        "less refunded at the charge",
        "UPDATE document SET data = json_set(data, '$.amount_refunded', 399)
             WHERE number = :settled",
        REFUNDED,
    ),
    (
        "something refunded where nothing was",
        "UPDATE document SET data = json_set(data, '$.amount_refunded', 1) WHERE number = :atonce",
        REFUNDED,
    ),
    (
        "another amount of a refund, against the charge",
        "UPDATE document SET data = json_set(data, '$.amount', 401) WHERE number = :refunded",
        REFUNDED,
    ),
    (
        "another amount of a refund, against its line",
        "UPDATE document SET data = json_set(data, '$.amount', 401) WHERE number = :refunded",
        ALIKE,
    ),
    (
        "a part of what was let go",
        "UPDATE document SET data = json_set(data, '$.amount', 649) WHERE number = :released",
        REFUNDED,
    ),
    (
        "a refund that failed and is there",
        "UPDATE document SET data = json_set(data, '$.status', 'succeeded')
             WHERE number = :failed",
        REFUNDED,
    ),
    (
        "a refund of another charge",
        "UPDATE document SET parent = :late,
             data = json_set(data, '$.origin.charge.charge', :late) WHERE number = :refunded",
        REFUNDED,
    ),
    (
        "a refund of no charge",
        "UPDATE document SET parent = 9,
             data = json_set(data, '$.origin.charge.charge', 9) WHERE number = :refunded",
        NAMED,
    ),
    (
        "a refund that goes to a bank",
        "UPDATE document SET data = json_set(data, '$.destination', 'bank_to_be_named')
             WHERE number = :refunded",
        ALIKE,
    ),
    ("a charge that is gone", "DELETE FROM document WHERE number = :settled", NAMED),
    ("nothing lets go of what is set aside", "DELETE FROM timer WHERE number = :aside", AWAITED),
    ("a moment that is put off", "UPDATE timer SET due = due + 1 WHERE number = :aside", AWAITED),
    ("a refund that never arrives", "DELETE FROM timer WHERE number = :pending", AWAITED),
    ("a refund that never comes back", "DELETE FROM timer WHERE number = :coming", AWAITED),
    (
        "set aside again",
        "UPDATE document SET data = json_set(data, '$.stage',
             json('{\"authorized\":{\"approved\":{},\"until\":1}}')) WHERE number = :expired",
        AWAITED,
    ),
    (
        "another amount of a line, against what networks owe",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE source = :part",
        NETWORK,
    ),
    (
        "another amount of a line, against what is pending",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE source = :part",
        PENDING,
    ),
    (
        "another amount of a line, against the charge",
        "UPDATE balance_transaction SET amount = amount + 1 WHERE source = :atonce",
        ALIKE,
    ),
    (
        "another amount of a dispute",
        "UPDATE balance_transaction SET amount = amount + 1
             WHERE source = :disputed AND amount < 0",
        AVAILABLE,
    ),
    (
        "a line of another charge",
        "UPDATE balance_transaction SET source = :late WHERE source = :part",
        ALIKE,
    ),
    (
        "a line of the other spelling",
        "UPDATE balance_transaction SET source_kind = 'charge' WHERE source = :part",
        ALIKE,
    ),
];

#[test]
fn what_is_said_of_charges() {
    check_on(charged(), TAMPERING);
}
