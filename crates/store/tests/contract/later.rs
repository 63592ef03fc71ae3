//! What is to happen later: the due-list, lots of unclaimed money, the clock.

use std::sync::atomic::Ordering;
use std::time::Duration;

use books::command::LaterCommand;
use books::timer::{DAY_S, Look, TimerKind};
use books::{Kind, Number, Timestamp, World};

use crate::support::asks::{details, email, later, pay, refund, send_back};
use crate::support::{Bench, create, fund};

const DAY: Duration = Duration::from_secs(DAY_S as u64);

fn due(bench: &Bench, now: i64, limit: usize) -> Vec<(World, TimerKind, i64)> {
    let due = bench.readers.snapshot(|r| r.due_timers(Timestamp(now), limit)).unwrap();
    due.iter().map(|(world, timer)| (*world, timer.kind, timer.due.0)).collect()
}

fn next(bench: &Bench) -> Option<i64> {
    bench.readers.snapshot(|r| r.next_timer()).unwrap().map(|due| due.0)
}

/// The oldest comes first, whatever world it is of and whenever it was set.
#[test]
fn timers_are_due_in_the_order_of_their_moments() {
    let bench = Bench::new();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    assert_eq!(next(&bench), None);
    let ada = bench.customer();
    bench.expect(email(ada), "customer");
    bench.expect(create().world(other), "customer");
    let of_other = format!("SELECT number FROM customer WHERE world = {}", other.0);
    let bob = Number(bench.one(&of_other));
    let began = bench.clock.now().seconds().0;
    // 45 days, 2 days, and a day later 2 days again.
    bench.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    bench.expect(send_back(ada, 100, "usd"), "refund requires_action 100");
    bench.expect(fund(bob, 900, "usd").world(other), "funded usd 900 -> 900");
    bench.expect(pay(bob, 900, "usd").world(other), "succeeded 900/900");
    bench.clock.forward(DAY);
    bench.expect(pay(ada, 400, "usd"), "succeeded 400/400");
    let [first, second, last] = [2, 3, 45].map(|days| began + days * DAY_S);
    let bench = bench.restart();
    assert_eq!(next(&bench), Some(first));
    let all = [
        (other, TimerKind::Settle, first),
        (bench.world, TimerKind::Settle, second),
        (bench.world, TimerKind::RefundExpires, last),
    ];
    assert_eq!(due(&bench, last, 9), all);
    assert_eq!(due(&bench, last, 2), all[..2]);
    assert_eq!(due(&bench, second, 9), all[..2]);
    assert_eq!(due(&bench, second - 1, 9), all[..1]);
    assert_eq!(due(&bench, first - 1, 9), []);
    bench.assert_healthy();
}

/// A timer goes in the commit of its effect; one that is late finds nothing to do.
#[test]
fn a_timer_is_done_once() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(email(ada), "customer");
    bench.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    let paid = bench.make(pay(ada, 900, "usd"), "succeeded 900/900", Kind::PaymentIntent);
    bench.clock.forward(3 * DAY);
    assert_eq!(bench.run_timers(), 1, "it is settled");
    let asked = bench.make(refund(paid, 100), "refund requires_action 100", Kind::Refund);
    bench.expect(details(asked, false), "refund pending 100");
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM timer"), 1, "nobody is waited for");
    let now = bench.clock.now().seconds();
    bench.clock.forward(2 * DAY);
    let due = bench.readers.snapshot(|r| r.due_timers(Timestamp(now.0 + DAY_S), 9)).unwrap();
    let again = || later(LaterCommand::Due(due[0].1));
    bench.check([(again(), "done"), (again(), "done")]);
    assert_eq!(next(&bench), None);
    let paid = "SELECT count(*) FROM entry WHERE kind = 'refund_paid'";
    assert_eq!(bench.one::<i64>(paid), 1);
    bench.assert_healthy();
}

/// Money that came in is a lot, until it was looked at.
#[test]
fn lots_are_looked_at_once_and_oldest_first() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let first = bench.clock.now().seconds().0;
    let lots = |look: Look, limit| {
        let now = bench.clock.now().seconds();
        let due = bench.readers.snapshot(|r| r.lots_due(bench.world, look, now, limit)).unwrap();
        let amounts: Vec<i64> = due.0.iter().map(|lot| lot.amount).collect();
        (amounts, due.1, due.0)
    };
    let next = |look| {
        let next = bench.readers.snapshot(|r| r.next_lot(bench.world, look)).unwrap();
        next.map(|due| due.0)
    };
    assert_eq!(next(Look::Return), None);
    bench.check([
        (fund(ada, 10, "usd"), "funded usd 10 -> 10"),
        (fund(bob, 20, "eur"), "funded eur 20 -> 20"),
        (pay(ada, 90, "usd"), "requires_action 10/90"),
    ]);
    bench.clock.forward(DAY);
    bench.expect(fund(ada, 30, "jpy"), "funded jpy 30 -> 30");
    assert_eq!(next(Look::Return), Some(first + 75 * DAY_S));
    assert_eq!(next(Look::Sweep), Some(first + 90 * DAY_S));
    bench.clock.forward(74 * DAY - Duration::from_secs(1));
    assert_eq!(lots(Look::Return, 9).0, [] as [i64; 0]);
    bench.clock.forward(Duration::from_secs(1));
    let (amounts, upto, found) = lots(Look::Return, 9);
    assert_eq!(amounts, [10, 20], "a payment is no lot");
    let newest = books::timer::Lot::newest_due(Look::Return, bench.clock.now().seconds());
    assert_eq!(upto, Some(newest));
    assert!(found[0].key.customer == ada && found[1].key.customer == bob);
    let (amounts, upto, found) = lots(Look::Return, 1);
    assert_eq!((amounts, upto), (vec![10], Some(found[0].key.number)));

    let looked = |look, number| later(LaterCommand::Looked(look, number));
    bench.expect(looked(Look::Return, found[0].key.number), "done");
    assert_eq!(lots(Look::Return, 9).0, [20]);
    bench.expect(looked(Look::Return, newest), "done");
    // It never goes back.
    bench.expect(looked(Look::Return, Number(0)), "done");
    assert_eq!(lots(Look::Return, 9).0, [] as [i64; 0]);
    assert_eq!(next(Look::Return), Some(first + 76 * DAY_S));
    assert_eq!(next(Look::Sweep), Some(first + 90 * DAY_S), "the other look is another matter");
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    bench.clock.forward(99 * DAY);
    assert_eq!(lots(Look::Return, 9).0, [30]);
    let now = bench.clock.now().seconds();
    let elsewhere = bench.readers.snapshot(|r| r.lots_due(other, Look::Sweep, now, 9));
    assert_eq!(elsewhere, Ok((vec![], None)));
    let worlds = bench.fresh_readers().snapshot(|r| r.worlds());
    assert_eq!(worlds, Ok(vec![bench.world, other]));
}

#[test]
fn the_clock_stays_where_it_was_moved_to() {
    let mut bench = Bench::new();
    let offset = |bench: &Bench| bench.admin.clock_offset_ms();
    assert_eq!(offset(&bench), Ok(0));
    // Who knows of less than others does not move it back.
    for (moved, want) in [(1, 1), (86_400_000, 86_400_000), (5, 86_400_000), (i64::MAX, i64::MAX)] {
        bench.admin.save_clock_offset_ms(moved).unwrap();
        assert_eq!(offset(&bench), Ok(want));
        bench = bench.restart();
        assert_eq!(offset(&bench), Ok(want));
    }
    assert_eq!(bench.clock.ms.load(Ordering::SeqCst), crate::support::NEW_YEAR_MS);
    bench.assert_healthy();
}
