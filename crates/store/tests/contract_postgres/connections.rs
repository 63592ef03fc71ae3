//! Connections that break, and servers that do not answer in time: what was under way fails as
//! such, nothing is half written, and everything comes back by itself.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use books::Number;
use store::admin::hash_key;

use crate::support::{Bench, Home, create, eventually, fund, told};

/// Ends connections of Purser, as an administrator or a failover does.
fn terminate(bench: &Bench, which: &str) -> i64 {
    bench.one(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'purser' AND {which}"
    ))
}

/// What is available, as soon as readers have connections again.
fn available(bench: &Bench, customer: Number) -> String {
    let mut found = None;
    eventually("readers are back", || {
        let purse = bench.readers.snapshot(|reader| reader.purse(bench.world, customer));
        found = purse.ok().flatten();
        found.is_some()
    });
    let balances = found.expect("a customer").available.0;
    let each = balances.iter().map(|(currency, amount)| format!("{currency} {amount}"));
    each.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn assert_unreachable(told: &str) {
    assert!(told.starts_with("failed: Unreachable"), "{told}");
}

#[test]
fn connections_that_end_between_batches_are_made_anew() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 1, "usd"), "funded usd 1 -> 1");
    assert!(terminate(&bench, "true") >= 4, "a lane, two readers, rare writes, duties");
    // The first batch may be what notices.
    let first = bench.tell(fund(ada, 2, "usd").key("K", "2"));
    if first != "funded usd 2 -> 3" {
        assert_unreachable(&first);
        bench.expect(fund(ada, 2, "usd").key("K", "2"), "funded usd 2 -> 3");
    }
    assert_eq!(available(&bench, ada), "usd 3");
    eventually("keys can be read", || {
        bench.readers.snapshot(|reader| reader.api_key(&hash_key("none"))) == Ok(None)
    });
    bench.assert_healthy();
}

#[test]
fn rare_writes_come_back_too() {
    let bench = Bench::new();
    terminate(&bench, "true");
    eventually("worlds can be read", || bench.admin.worlds().is_ok());
    terminate(&bench, "true");
    eventually("the clock can be moved", || bench.admin.save_clock_offset_ms(7).is_ok());
    assert_eq!(bench.admin.clock_offset_ms(), Ok(7));
}

#[test]
fn a_connection_that_ends_in_the_middle_of_a_batch_leaves_nothing_behind() {
    let bench = Bench::new();
    let ada = bench.customer();
    let (held, waiting) = bench.hold_in(fund(ada, 1, "usd").key("K", "1"));
    assert_eq!(terminate(&bench, "state = 'idle in transaction'"), 1);
    drop(held);
    assert_unreachable(&told(&waiting));
    assert_eq!(available(&bench, ada), "");
    bench.check([(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1"), (create(), "customer")]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM cash_transaction"), 1);
    bench.assert_healthy();
}

/// Connections of two servers end again and again while both write about the same customer: what
/// was answered is there, once.
#[test]
fn what_was_answered_survives_connections_that_end() {
    const WRITES: usize = 20;
    let bench = Bench::new();
    let other = bench.beside();
    let ada = bench.customer();
    thread::scope(|scope| {
        let writers = [(&bench, 1), (&other, 2)].map(|(bench, own)| {
            scope.spawn(move || {
                for at in 0..WRITES {
                    // Both use some of the keys.
                    let who = if at % 5 == 0 { 0 } else { own };
                    let key: &'static str = format!("key {who} {at}").leak();
                    let mut told = String::new();
                    eventually("it is written", || {
                        told = bench.tell(fund(ada, 1, "usd").key(key, "1"));
                        !told.starts_with("failed: Unreachable")
                    });
                    let fine = told.starts_with("funded usd 1 -> ")
                        || told == format!("replay of req_{key}: a row");
                    assert!(fine, "{told}");
                }
            })
        });
        while !writers.iter().all(|writer| writer.is_finished()) {
            terminate(&bench, "true");
            thread::sleep(Duration::from_millis(20));
        }
    });
    let keys = 2 * WRITES - WRITES / 5;
    assert_eq!(available(&bench, ada), format!("usd {keys}"));
    assert_eq!(bench.one::<usize>("SELECT count(*) FROM cash_transaction"), keys);
    bench.assert_healthy();
}

fn impatient() -> Bench {
    let timeout = Duration::from_millis(300);
    Bench::at(Home::database().with(|address| address.statement_timeout = timeout))
}

/// Somebody holds a customer for too long: what is about that customer fails, in time.
#[test]
fn a_statement_that_takes_too_long_fails() {
    let bench = impatient();
    let (ada, bob) = (bench.customer(), bench.customer());
    let number = ada.0;
    thread::scope(|scope| {
        let held = scope.spawn(|| {
            bench.run(&format!(
                "BEGIN; SELECT 1 FROM customer WHERE number = {number} FOR UPDATE;
                 SELECT pg_sleep(1.5); COMMIT"
            ));
        });
        let sleeps = "SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event = 'PgSleep'";
        eventually("she is held", || bench.one::<i64>(sleeps) == 1);
        let began = Instant::now();
        let told = bench.tell(fund(ada, 1, "usd").key("K", "1"));
        assert!(told.starts_with("failed: "), "{told}");
        assert!(began.elapsed() < Duration::from_millis(1200), "{:?}", began.elapsed());
        bench.expect(fund(bob, 1, "usd"), "funded usd 1 -> 1");
        held.join().expect("she is let go");
    });
    bench.expect(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1");
    bench.assert_healthy();
}

/// A server of ours that stands still in the middle of a batch does not keep others out.
#[test]
fn a_batch_that_stands_still_is_ended() {
    let bench = impatient();
    let two = bench.beside();
    let ada = bench.customer();
    let (held, waiting) = bench.hold_in(fund(ada, 1, "usd").key("K", "1"));
    eventually("others go on", || two.tell(fund(ada, 2, "usd")) == "funded usd 2 -> 2");
    drop(held);
    assert_unreachable(&told(&waiting));
    bench.expect(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 3");
    bench.assert_healthy();
}

/// Readers do not notice that a lane lost its connection.
#[test]
fn readers_go_on_without_the_lane() {
    let bench = Bench::new();
    let ada = bench.customer();
    let (held, waiting) = bench.hold_in(fund(ada, 1, "usd"));
    terminate(&bench, "state = 'idle in transaction'");
    assert_eq!(available(&bench, ada), "");
    let events = bench.readers.snapshot(|r| r.events(bench.world, store::Window::newest(9)));
    assert_eq!(events.map(|page| page.rows.len()), Ok(1));
    drop(held);
    assert_unreachable(&told(&waiting));
    let failed = bench.reports.lock().unwrap().iter().filter(|report| report.failed).count();
    assert_eq!(failed, 1);
    assert_eq!(bench.clock.ms.load(Ordering::SeqCst), crate::support::NEW_YEAR_MS);
}
