//! Duties: of what only one server does at a time each has exactly one, and another takes over
//! from one that goes away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use books::Timestamp;
use store::Duty;

use crate::support::asks::pay;
use crate::support::{Bench, create, eventually, fund};

/// Who has which duty, server by server.
fn held(benches: &[&Bench]) -> Vec<Vec<Duty>> {
    let of = |bench: &Bench| {
        let mut duties = Duty::ALL.to_vec();
        duties.retain(|duty| bench.duties.has(*duty));
        duties
    };
    benches.iter().map(|bench| of(bench)).collect()
}

#[test]
fn each_duty_is_had_once_and_handed_on() {
    let one = Bench::new();
    eventually("the first has all", || held(&[&one])[0].len() == Duty::ALL.len());
    let (two, three) = (one.beside(), one.beside());
    for _ in 0..20 {
        let all = held(&[&one, &two, &three]);
        assert_eq!([all[0].len(), all[1].len(), all[2].len()], [3, 0, 0]);
        thread::sleep(Duration::from_millis(60));
    }
    // A server that stops gives them back at once.
    drop(one);
    eventually("another has each", || held(&[&two, &three]).concat().len() == Duty::ALL.len());
    let names = "SELECT count(*) FROM lease";
    assert_eq!(two.one::<usize>(names), Duty::ALL.len());
}

/// A server that died gives nothing back: what it had runs out.
#[test]
fn duties_of_a_dead_server_run_out() {
    let bench = Bench::new();
    eventually("it has all", || held(&[&bench])[0].len() == Duty::ALL.len());
    bench.run(
        "UPDATE lease SET holder = 'dead',
             expires_ms = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + 1500",
    );
    eventually("it sees that it has none", || held(&[&bench])[0].is_empty());
    eventually("it has them again", || held(&[&bench])[0].len() == Duty::ALL.len());
    let dead = "SELECT count(*) FROM lease WHERE holder = 'dead'";
    assert_eq!(bench.one::<i64>(dead), 0);
}

/// Whoever loses the database for a while has no duties then.
#[test]
fn duties_come_back_after_a_connection_ended() {
    let bench = Bench::new();
    eventually("it has all", || held(&[&bench])[0].len() == Duty::ALL.len());
    bench.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'purser'",
    );
    let until = bench.one::<i64>("SELECT max(expires_ms) FROM lease");
    let renewed = "SELECT min(expires_ms) FROM lease";
    eventually("they are renewed", || bench.one::<i64>(renewed) > until);
    assert_eq!(held(&[&bench])[0].len(), Duty::ALL.len());
}

/// Lowers a flag at the end, however that comes.
struct Lower<'f>(&'f AtomicBool);

impl Drop for Lower<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// Servers come and go while others write: no lane is had twice, and nothing is lost.
#[test]
fn servers_come_and_go_while_others_write() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    let coming = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _done = Lower(&coming);
            for _ in 0..6 {
                let guest = one.beside();
                assert_eq!(guest.tell(create()), "customer");
                let told = guest.tell(fund(ada, 1, "usd"));
                assert!(told.starts_with("funded usd 1 -> "), "{told}");
            }
        });
        let coming = &coming;
        for bench in [&one, &two] {
            scope.spawn(move || {
                while coming.load(Ordering::SeqCst) {
                    for customer in [ada, bob] {
                        let told = bench.tell(fund(customer, 1, "usd"));
                        assert!(told.starts_with("funded usd 1 -> "), "{told}");
                    }
                }
            });
        }
    });
    let count = |customer: books::Number| {
        let of = customer.0;
        one.one::<i64>(&format!("SELECT count(*) FROM cash_transaction WHERE customer = {of}"))
    };
    for customer in [ada, bob] {
        assert_eq!(one.available(customer), format!("usd {}", count(customer)));
    }
    let held = "SELECT count(*) FROM lane WHERE holder IS NOT NULL";
    assert_eq!(one.one::<i64>(held), 2, "guests gave theirs back");
    assert!(one.one::<i64>("SELECT count(*) FROM lane") <= 4, "lanes are used again");
    one.assert_healthy();
}

/// What is due is shown to whoever asks, in the order of its moments, whichever lane set it.
#[test]
fn timers_of_all_servers_are_due_together() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    for (bench, customer) in [(&one, ada), (&two, bob)] {
        bench.expect(fund(customer, 900, "usd"), "funded usd 900 -> 900");
        bench.expect(pay(customer, 900, "usd"), "succeeded 900/900");
        bench.clock.forward(Duration::from_secs(24 * 3600));
    }
    let due = two.readers.snapshot(|r| r.due_timers(Timestamp(i64::MAX), 9)).unwrap();
    assert_eq!(due.len(), 2);
    assert!(due[0].1.due < due[1].1.due);
    one.clock.forward(Duration::from_secs(9 * 24 * 3600));
    assert_eq!(two.run_timers(), 2);
    one.assert_healthy();
}
