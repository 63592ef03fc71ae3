//! Readers: they never wait for the lane, and see at once what it has answered.

use std::sync::mpsc::channel;
use std::thread;

use crate::support::{Bench, eventually, fund, told};

const WRITERS: usize = 4;
const WRITES: usize = 60;

#[test]
fn readers_go_on_while_a_write_is_open() {
    let bench = Bench::new();
    let ada = bench.customer();
    assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
    let held = bench.hold();
    let waiting = bench.submit(fund(ada, 2, "usd"));
    assert_eq!(bench.available(ada), "usd 1");
    drop(held);
    assert_eq!(told(&waiting), "funded usd 2 -> 3");
    assert_eq!(bench.available(ada), "usd 3");
}

/// What a snapshot sees does not change while it lasts.
#[test]
fn a_snapshot_stands_still() {
    let bench = Bench::new();
    let ada = bench.customer();
    let seen = bench.readers.snapshot(|reader| {
        let window = store::Window::newest(9);
        let page = || reader.cash_transactions(bench.world, ada, window);
        let before = page()?.rows.len();
        assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
        Ok((before, page()?.rows.len()))
    });
    assert_eq!(seen, Ok((0, 0)));
    assert_eq!(bench.available(ada), "usd 1");
}

/// A commit is there for all readers or for none: whoever has seen the transaction also sees the
/// balance, though nobody was told of it yet.
#[test]
fn what_one_reader_has_seen_the_next_one_sees() {
    let bench = Bench::new();
    let ada = bench.customer();
    assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
    let (arrived, here) = channel();
    let (release, released) = channel::<()>();
    *bench.after_commit.lock().unwrap() = Some(Box::new(move || {
        let _ = arrived.send(());
        let _ = released.recv();
    }));
    let waiting = bench.submit(fund(ada, 2, "usd"));
    here.recv().expect("the lane commits");
    let listed = bench.fresh_readers().snapshot(|reader| {
        let page = reader.cash_transactions(bench.world, ada, store::Window::newest(9))?;
        Ok(page.rows.len())
    });
    let available = bench.available(ada);
    drop(release);
    assert_eq!(told(&waiting), "funded usd 2 -> 3");
    let want = if listed == Ok(2) { "usd 3" } else { "usd 1" };
    assert_eq!(available, want, "with {listed:?} transactions");
}

/// Many write and read in turns: nobody misses what it was told, whichever connection it gets.
#[test]
fn what_was_answered_is_seen_at_once() {
    let bench = Bench::new();
    let holders: Vec<_> = (0..WRITERS).map(|_| bench.customer()).collect();
    thread::scope(|scope| {
        for holder in holders {
            let bench = &bench;
            scope.spawn(move || {
                for count in 1..=WRITES {
                    let answer = bench.tell(fund(holder, 1, "usd"));
                    assert_eq!(answer, format!("funded usd 1 -> {count}"));
                    assert_eq!(bench.available(holder), format!("usd {count}"));
                }
            });
        }
    });
    bench.assert_healthy();
}

#[test]
fn what_others_write_is_seen_soon() {
    let bench = Bench::new();
    let ada = bench.customer();
    let gone = || {
        let found = bench.readers.snapshot(|reader| reader.customer(bench.world, ada));
        found == Ok(None)
    };
    assert!(!gone());
    bench.run("DELETE FROM customer");
    eventually("it is gone", gone);
}
