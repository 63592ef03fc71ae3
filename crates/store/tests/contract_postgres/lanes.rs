//! Lanes of several servers: who has one, where its numbers go on, and that whoever follows events
//! by their numbers is told of all of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use books::Number;
use store::Window;

use crate::support::{Bench, create, eventually, fund, told};

const SECOND: Duration = Duration::from_secs(1);

fn last_number(bench: &Bench, lane: i64) -> Number {
    Number(bench.one(&format!("SELECT last_number FROM lane WHERE lane = {lane}")))
}

fn events_after(bench: &Bench, after: Number) -> Vec<Number> {
    let events = bench.readers.snapshot(|r| r.events_after(bench.world, after, 1000));
    events.expect("events can be read").iter().map(|event| event.number).collect()
}

fn all_events(bench: &Bench) -> Vec<Number> {
    let events = bench.readers.snapshot(|r| r.events(bench.world, Window::newest(1000)));
    events.expect("events can be read").rows.iter().rev().map(|event| event.number).collect()
}

#[test]
fn each_server_has_lanes_of_its_own_and_gives_them_back() {
    let one = Bench::new();
    let two = one.beside();
    let (first, second) = (one.customer(), two.customer());
    assert_eq!((first.lane(), second.lane()), (0, 1));
    drop(one);
    let three = two.beside();
    let third = three.customer();
    assert_eq!(third.lane(), 0);
    assert!(third > second, "its numbers go on after all others");
    let taken = "SELECT count(*) FROM lane WHERE holder IS NOT NULL";
    assert_eq!(two.one::<i64>(taken), 2);
    two.assert_healthy();
}

/// A server that was thought dead writes nothing any more, and goes on with another lane.
#[test]
fn a_lane_that_was_taken_over_is_left() {
    let bench = Bench::new();
    let ada = bench.customer();
    let steal = "UPDATE lane SET epoch = epoch + 1, holder = 'another',
                     expires_ms = CAST(extract(epoch FROM now()) * 1000 AS BIGINT) + 60000
                 WHERE lane = (SELECT max(lane) FROM lane)";
    // Between two batches: the next one notices, unless the lane just renewed its lease.
    bench.run(steal);
    let told_first = bench.tell(fund(ada, 1, "usd").key("K", "1"));
    if told_first != "funded usd 1 -> 1" {
        assert!(told_first.starts_with("failed: Unreachable"), "{told_first}");
        bench.expect(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1");
    }
    // Between a decision and its commit, when the database lets go of the lane.
    let (held, waiting) = bench.hold_in(fund(ada, 2, "usd").key("L", "2"));
    bench.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND state = 'idle in transaction'",
    );
    bench.run(steal);
    drop(held);
    let failed = told(&waiting);
    assert!(failed.starts_with("failed: Unreachable"), "{failed}");
    assert_eq!(bench.available(ada), "usd 1");
    bench.expect(fund(ada, 2, "usd").key("L", "2"), "funded usd 2 -> 3");
    let lanes: Vec<i64> = all_events(&bench).iter().map(|number| number.lane()).collect();
    assert_eq!(lanes, [0, 1, 1, 2, 2], "the customer, the first transfer, the second");
    bench.assert_healthy();
}

/// The lease is renewed as long as the lane lives, whether it has anything to do or not.
#[test]
fn an_idle_lane_keeps_its_lease() {
    let bench = Bench::new();
    let until = || bench.one::<i64>("SELECT expires_ms FROM lane");
    let before = until();
    eventually("the lease is renewed", || until() > before);
    bench.run("UPDATE lane SET expires_ms = 0");
    eventually("it is renewed again", || until() > before);
    assert_eq!(bench.beside().customer().lane(), 1);
}

/// A lane that nobody renews is there for the next server, and goes on with its chain; until its
/// lease runs out it is nobody's.
#[test]
fn a_dead_servers_lane_is_taken_over() {
    let one = Bench::new();
    let ada = one.customer();
    one.expect(fund(ada, 5, "usd"), "funded usd 5 -> 5");
    let newest = last_number(&one, 0);
    let two = one.beside();
    drop(one);
    let dies = |in_ms: i64| {
        two.run(&format!(
            "UPDATE lane SET holder = 'dead', expires_ms = {in_ms} +
                 CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) WHERE lane = 0"
        ));
    };
    dies(60_000);
    assert_eq!(two.beside().customer().lane(), 2);
    dies(-1);
    let three = two.beside();
    assert_eq!(three.customer().lane(), 0);
    three.expect(fund(ada, 5, "usd"), "funded usd 5 -> 10");
    two.expect(fund(ada, 5, "usd"), "funded usd 5 -> 15");
    assert!(last_number(&two, 0) > newest);
    assert_eq!(two.one::<i64>("SELECT length FROM chain WHERE lane = 0"), 2);
    two.assert_healthy();
}

/// Somebody may say that a lane that has nothing to do will not commit anything up to a number.
#[test]
fn a_lane_goes_on_above_the_number_that_it_was_raised_to() {
    let bench = Bench::new();
    let ada = bench.customer();
    let raised = Number(last_number(&bench, 0).0 + (1000 << 22));
    bench.run(&format!("UPDATE lane SET last_number = {}", raised.0));
    let bob = bench.customer();
    assert!(bob > raised, "{bob:?} after {raised:?}");
    bench.expect(fund(ada, 7, "usd"), "funded usd 7 -> 7");
    assert!(all_events(&bench)[2] > bob);
    bench.assert_healthy();
}

/// Numbers of a customer's rows grow, whichever lane they are of and whatever its clock says.
#[test]
fn what_comes_later_has_the_larger_number() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    for round in 0..6 {
        let (bench, sum) = ([&two, &one][round % 2], round + 1);
        bench.expect(fund(ada, 1, "usd"), &format!("funded usd 1 -> {sum}"));
        assert_eq!(one.available(ada), format!("usd {sum}"));
        // The clock of one server is an hour behind that of the other.
        let hour = 3_600_000 * [-1, 1][round % 2];
        one.clock.ms.fetch_add(hour, Ordering::SeqCst);
    }
    one.assert_healthy();
}

/// A lane that works on a batch holds back whoever tells of events: what it decided has smaller
/// numbers than what others commit meanwhile.
#[test]
fn events_of_a_slow_batch_are_not_passed_over() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    let (held, waiting) = one.hold_in(fund(ada, 1, "usd"));
    one.clock.forward(SECOND);
    two.expect(fund(bob, 2, "usd"), "funded usd 2 -> 2");
    let newest = *all_events(&two).last().expect("there are events");
    two.clock.forward(SECOND);
    let mut followed = Vec::new();
    for _ in 0..10 {
        let after = followed.last().copied().unwrap_or_default();
        followed.extend(events_after(&two, after));
        assert!(!followed.contains(&newest), "something older may still come");
        thread::sleep(Duration::from_millis(20));
    }
    drop(held);
    assert_eq!(told(&waiting), "funded usd 1 -> 1");
    let all = all_events(&one);
    eventually("everything is told of", || {
        let after = followed.last().copied().unwrap_or_default();
        followed.extend(events_after(&two, after));
        followed.len() >= all.len()
    });
    assert_eq!(followed, all);
    one.assert_healthy();
}

/// The same with two busy servers and one that has nothing to do.
#[test]
fn whoever_follows_events_misses_none() {
    const WRITES: i64 = 60;
    let one = Bench::new();
    let (two, idle) = (one.beside(), one.beside());
    let holders = [one.customer(), one.customer()];
    let done = AtomicBool::new(false);
    let mut followed = thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut seen: Vec<Number> = Vec::new();
            while !done.load(Ordering::SeqCst) {
                let after = seen.last().copied().unwrap_or_default();
                seen.extend(events_after(&idle, after));
                idle.clock.forward(Duration::from_millis(1));
            }
            seen
        });
        let writers = [(&one, holders[0]), (&two, holders[1])].map(|(bench, holder)| {
            scope.spawn(move || {
                for count in 1..=WRITES {
                    bench.clock.forward(Duration::from_millis(5));
                    bench.expect(fund(holder, 1, "usd"), &format!("funded usd 1 -> {count}"));
                }
            })
        });
        let written = writers.map(|writer| writer.join().is_ok());
        done.store(true, Ordering::SeqCst);
        assert_eq!(written, [true, true]);
        follower.join().expect("it follows")
    });
    one.clock.forward(SECOND);
    let all = all_events(&one);
    eventually("the rest is told of", || {
        let after = followed.last().copied().unwrap_or_default();
        followed.extend(events_after(&idle, after));
        followed.len() >= all.len()
    });
    assert!(followed.windows(2).all(|two| two[0] < two[1]), "they come in order");
    assert_eq!(followed, all);
    assert_eq!(one.tell(create()), "customer");
}
