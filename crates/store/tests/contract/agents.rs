//! What keys with limits leave behind: what they spent, seen by the next command of the same batch
//! and by the next batch; and notes of requests, which harm no neighbour.

use std::time::Duration;

use books::Number;
use books::limits::APPROVALS_PER_DAY_MAX;
use store::{RequestFilter, Window};

use crate::support::asks::{limited, note, supervised};
use crate::support::{Bench, eventually, fund};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[test]
fn a_key_spends_its_day_across_batches_and_customers() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    bench.check([
        (limited("one", fund(ada, 60, "usd")), "funded usd 60 -> 60"),
        (limited("one", fund(bob, 41, "usd")), "LimitExceeded..."),
        (limited("two", fund(bob, 100, "usd")), "funded usd 100 -> 100"),
        (fund(ada, 1000, "usd"), "funded usd 1000 -> 1060"),
        (limited("one", fund(bob, 1, "eur")), "LimitExceeded..."),
        (limited("one", fund(bob, 30, "usd")), "funded usd 30 -> 130"),
    ]);
    bench.check([
        (limited("one", fund(ada, 11, "usd")), "LimitExceeded..."),
        (limited("one", fund(ada, 10, "usd")), "funded usd 10 -> 1070"),
        (limited("two", fund(ada, 1, "usd")), "LimitExceeded..."),
    ]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM spent"), 2, "a row a day");
    let bench = bench.restart();
    bench.check([(limited("one", fund(ada, 1, "usd")), "LimitExceeded...")]);
    bench.clock.forward(Duration::from_millis(DAY_MS));
    bench.check([(limited("one", fund(ada, 100, "usd")), "funded usd 100 -> 1170")]);
    assert_eq!(bench.one::<i64>("SELECT CAST(sum(amount) AS BIGINT) FROM spent"), 300);
    bench.assert_healthy();
}

/// A request that was answered as late may be noted twice, by its own effects and by the answer.
#[test]
fn a_note_that_is_there_already_harms_no_neighbour() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.check([
        (fund(ada, 1, "usd"), "funded usd 1 -> 1"),
        (note("req_1", Some("ocp-1"), Some(ada)), "done"),
        (note("req_1", Some("ocp-1"), Some(ada)), "failed: Con..."),
        (fund(ada, 2, "usd"), "funded usd 2 -> 3"),
    ]);
    bench
        .check([(note("req_2", Some("ocp-1"), None), "done"), (note("req_3", None, None), "done")]);
    let list = |context: Option<&str>, customer: Option<Number>| {
        let filter = RequestFilter { context: context.map(str::to_owned), customer };
        let of = |reader: &store::Reader| reader.requests(bench.world, &filter, Window::newest(10));
        let rows = bench.fresh_readers().snapshot(of).expect("rows").rows;
        rows.into_iter().map(|row| row.request_id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, None), ["req_3", "req_2", "req_1"]);
    assert_eq!(list(Some("ocp-1"), None), ["req_2", "req_1"]);
    assert_eq!(list(Some("ocp-1"), Some(ada)), ["req_1"]);
    assert_eq!(list(Some("ocp-2"), None), [""; 0]);
    let of = |id: &str| bench.readers.snapshot(|reader| reader.request(bench.world, id));
    assert_eq!(of("req_2").unwrap().map(|row| row.agent.context_id), Some(Some("ocp-1".into())));
    assert_eq!(of("req_9").unwrap(), None);
    bench.assert_healthy();
}

#[test]
fn a_key_asks_for_so_many_approvals_a_day_and_no_more() {
    let bench = Bench::new();
    let ada = bench.customer();
    let ask = || supervised("one", fund(ada, 1, "usd"));
    let max = usize::try_from(APPROVALS_PER_DAY_MAX).unwrap();
    let mut asks: Vec<_> = (0..max).map(|_| (ask(), "Held...")).collect();
    asks.push((ask(), "TooManyApprovals"));
    asks.push((supervised("two", fund(ada, 1, "usd")), "Held..."));
    bench.check(asks);
    assert_eq!(bench.available(ada), "");
    let asked = "SELECT count(*) FROM document WHERE kind = 'purser.approval'";
    assert_eq!(bench.one::<i64>(asked), APPROVALS_PER_DAY_MAX + 1);
    bench.clock.forward(Duration::from_millis(DAY_MS));
    bench.check([(ask(), "Held...")]);
    bench.assert_healthy();
}

#[test]
fn notes_of_what_moved_nothing_are_forgotten() {
    let bench = Bench::new();
    bench.check([(note("req_idle", None, None), "done")]);
    let left = "SELECT count(*) FROM request";
    assert_eq!(bench.one::<i64>(left), 1);
    bench.clock.forward(Duration::from_millis(40 * DAY_MS));
    eventually("the note is forgotten", || bench.one::<i64>(left) == 0);
}
