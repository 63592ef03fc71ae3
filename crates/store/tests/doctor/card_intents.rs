//! A database in which cards paid payments, and tampering with what it says of that.

use std::time::Duration;

use books::{Kind, Number};

use crate::support::Bench;
use crate::support::asks::cancel;
use crate::support::card_intents::{
    authenticate, capture_intent, confirm_with_card, confirm_with_cash, pay_by_card, reserve,
};
use crate::support::fund;
use crate::{ALIKE, AWAITED, COMPLETE, Case, NAMED, Names, check_on, examine};

const KNOWS: &str = "a payment intent knows what its card paid";

/// Payments that succeeded, are authorized, wait for a holder, failed, were given up or ran out.
fn paid() -> (Bench, Names) {
    let bench = Bench::new();
    let ada = bench.customer();
    let made = |ask, want: &str| bench.make(ask, want, Kind::PaymentIntent);
    let nobodys = made(pay_by_card(Number(0), "pays", 900, "usd"), "succeeded 0/900");
    let expired = made(reserve(ada, "pays", 500, "usd"), "requires_capture 0/500");
    pass_days(&bench, 8);
    let taken = made(reserve(ada, "pays", 800, "usd"), "requires_capture 0/800");
    bench.expect(capture_intent(taken, 700), "succeeded 0/800");
    let letgo = made(reserve(ada, "pays", 650, "usd"), "requires_capture 0/650");
    bench.expect(cancel(letgo), "canceled 0/650");
    let aside = made(reserve(ada, "pays", 550, "usd"), "requires_capture 0/550");
    let waits = made(pay_by_card(ada, "asks", 300, "usd"), "requires_action 0/300");
    let asked = made(pay_by_card(ada, "asks", 310, "usd"), "requires_action 0/310");
    bench.expect(authenticate(asked, true), "succeeded 0/310");
    let refused = made(pay_by_card(ada, "asks", 320, "usd"), "requires_action 0/320");
    bench.expect(authenticate(refused, false), "requires_payment_method 0/320");
    // One that failed, then took a part of the cash, gave it back and was paid by card.
    let mixed = made(pay_by_card(ada, "pays", 1000, "usd"), "succeeded 0/1000");
    bench.expect(fund(ada, 60, "usd"), "funded usd 60 -> 60");
    let declined = pay_by_card(ada, "declined", 1100, "usd");
    let got = bench.tell(declined);
    assert!(got.contains("requires_payment_method"), "{got}");
    let switched = bench.newest(Kind::PaymentIntent);
    bench.expect(confirm_with_cash(switched), "requires_action 60/1100");
    bench.expect(confirm_with_card(switched, "pays"), "succeeded 0/1100");
    // And one that failed with a card, and was then paid with cash.
    let got = bench.tell(pay_by_card(ada, "declined", 50, "usd"));
    assert!(got.contains("requires_payment_method"), "{got}");
    let cash = bench.newest(Kind::PaymentIntent);
    bench.expect(confirm_with_cash(cash), "succeeded 50/50");
    let names = [
        (":nobodys", nobodys),
        (":expired", expired),
        (":taken", taken),
        (":letgo", letgo),
        (":aside", aside),
        (":waits", waits),
        (":asked", asked),
        (":refused", refused),
        (":mixed", mixed),
        (":switched", switched),
        (":cash", cash),
    ];
    let names = names.into_iter().map(|(name, key)| (name, key.number.0)).collect();
    (bench, names)
}

fn pass_days(bench: &Bench, days: u32) {
    bench.clock.forward(days * Duration::from_secs(24 * 60 * 60));
    bench.run_timers();
}

#[test]
fn payments_by_card_are_clean() {
    let (bench, _) = paid();
    assert_eq!(examine(&bench.location()).findings, []);
    let status = |wanted: &str| {
        bench.one::<i64>(&format!(
            "SELECT count(*) FROM document WHERE kind = 'payment_intent'
                 AND data LIKE '%\"status\":\"{wanted}\"%'"
        ))
    };
    assert_eq!(status("succeeded"), 6);
    assert_eq!(status("canceled"), 2);
    // And what is set aside comes to its end.
    pass_days(&bench, 8);
    assert_eq!(examine(&bench.location()).findings, []);
    assert_eq!((status("requires_capture"), status("canceled")), (0, 3));
}

const TAMPERING: &[Case] = &[
    (
        "more received than was to be paid",
        "UPDATE document SET data = json_set(data, '$.card.received', 901)
             WHERE number = :nobodys",
        KNOWS,
    ),
    (
        "less received than was captured",
        "UPDATE document SET data = json_set(data, '$.card.received', 699) WHERE number = :taken",
        ALIKE,
    ),
    (
        "something received of what is set aside",
        "UPDATE document SET data = json_set(data, '$.card.received', 5) WHERE number = :waits",
        KNOWS,
    ),
    (
        "more to capture than was set aside",
        "UPDATE document SET data = json_set(data, '$.card.capturable', 551)
             WHERE number = :aside",
        KNOWS,
    ),
    (
        "less to capture than was set aside",
        "UPDATE document SET data = json_set(data, '$.card.capturable', 549)
             WHERE number = :aside",
        ALIKE,
    ),
    (
        "something to capture of what was let go",
        "UPDATE document SET data = json_set(data, '$.card.capturable', 650)
             WHERE number = :letgo",
        KNOWS,
    ),
    (
        "another charge",
        "UPDATE document SET data = json_set(data, '$.card.latest_charge',
             (SELECT json_extract(data, '$.card.latest_charge') FROM document
              WHERE number = :taken)) WHERE number = :asked",
        ALIKE,
    ),
    (
        "a charge that nobody made",
        "UPDATE document SET data = json_set(data, '$.card.latest_charge', 9)
             WHERE number = :mixed",
        NAMED,
    ),
    (
        "a card that nobody has",
        "UPDATE document SET data = json_set(data, '$.card.instrument.method.number', 9)
             WHERE number = :waits",
        NAMED,
    ),
    (
        "no card, and paid all the same",
        "UPDATE document SET data = json_remove(data, '$.card.instrument')
             WHERE number = :switched",
        COMPLETE,
    ),
    (
        "a payment by card that holds cash",
        "UPDATE document SET data = json_set(data, '$.applied', 60) WHERE number = :switched",
        COMPLETE,
    ),
    (
        "nothing lets go of what is set aside",
        "DELETE FROM timer WHERE number IN
         (SELECT json_extract(data, '$.card.latest_charge') FROM document
          WHERE number = :aside)",
        AWAITED,
    ),
];

#[test]
fn what_is_said_of_payments_by_card() {
    check_on(paid(), TAMPERING);
}
