//! Commands in one batch: each sees what was decided before it, and none harms another.

use books::cash_balance::ReconciliationMode;
use books::command::{Edit, ModeChange};
use books::{Command, Number, Timestamp};

use crate::support::asks::instructions;
use crate::support::{Ask, Bench, create, delete, eventually, fund, told};
use store::StoreError;

fn mode(customer: Number, mode: ReconciliationMode) -> Ask {
    let mode = Some(ModeChange::Own(mode));
    Command::UpdateCashBalance { customer, mode }.into()
}

fn name(customer: Number, name: &str) -> Ask {
    let edits = vec![Edit::Name(Some(name.into()))];
    Command::UpdateCustomer { customer, edits }.into()
}

#[test]
fn a_refused_command_leaves_its_neighbours_alone() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let missing = Number(ada.0 - 1);
    bench.check([
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (delete(ada), "CustomerHoldsCash"),
        (fund(missing, 5, "usd"), "CustomerMissing..."),
        (fund(bob, 5, "cad"), "NoTransferIn(cad)"),
        (fund(ada, i64::MAX, "usd"), "AmountTooLarge"),
        (fund(bob, 5, "usd"), "funded usd 5 -> 5"),
        (create(), "customer"),
    ]);
    assert_eq!(bench.available(ada), "usd 100");
    assert_eq!(bench.available(bob), "usd 5");
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM cash_transaction"), 2);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM customer"), 3);
    bench.assert_healthy();
}

#[test]
fn a_bug_in_one_decision_harms_no_other() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.check([
        (fund(ada, 1, "usd").derange(&bench.clock), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd"), "failed: Bug(\"a decision panicked\")"),
        (fund(ada, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    bench.assert_healthy();
    assert_eq!(bench.tell(fund(ada, 8, "usd")), "funded usd 8 -> 13");
}

/// The answer is made in the lane, too, and is kept with the effects: without it, no effects.
#[test]
fn a_bug_in_one_answer_harms_no_other() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.check([
        (fund(ada, 1, "usd"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd").panic_in_keep(), "failed: Bug..."),
        (fund(ada, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    bench.assert_healthy();
    assert_eq!(bench.tell(fund(ada, 8, "usd")), "funded usd 8 -> 13");
}

#[test]
fn commands_of_one_batch_see_each_other() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let gone = "CustomerMissing...";
    bench.check([
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (fund(ada, 7, "eur"), "funded eur 7 -> 7"),
        (fund(ada, 50, "usd"), "funded usd 50 -> 150"),
        (mode(ada, ReconciliationMode::Manual), "manual"),
        (name(ada, "Ada"), "customer"),
        (delete(bob), "deleted"),
        (fund(bob, 1, "usd"), gone),
        (name(bob, "Bob"), "Customer..."),
    ]);
    assert_eq!(bench.available(ada), "eur 7, usd 150");
    let kept = bench.readers.snapshot(|reader| {
        let purse = reader.purse(bench.world, ada)?.expect("she has one");
        Ok((reader.customer(bench.world, ada)?.expect("she is there"), purse))
    });
    let (kept, purse) = kept.unwrap();
    assert_eq!(kept.reconciliation_mode, Some(ReconciliationMode::Manual));
    assert_eq!(kept.profile.name.as_deref(), Some("Ada"));
    assert_eq!(purse.standing, kept.standing());
    // The next batch goes on from there.
    bench.check([(fund(bob, 1, "usd"), gone), (fund(ada, 1, "usd"), "funded usd 1 -> 151")]);
    bench.assert_healthy();
}

#[test]
fn an_account_number_is_given_out_once() {
    let bench = Bench::new();
    let (ada, bob, cem) = (bench.customer(), bench.customer(), bench.customer());
    let of = |customer| instructions(customer, "mx_bank_transfer");
    bench.bank.offer(&["one", "two"]);
    bench.check([
        (of(ada), "one"),
        (of(bob), "two"),
        (of(cem), "NoAccountNumberLeft"),
        (of(ada), "one"),
    ]);
    bench.bank.offer(&["three"]);
    bench.check([(of(ada), "one")]);
    let bench = bench.restart();
    bench.bank.offer(&["two", "three"]);
    bench.check([(of(cem), "three")]);
    bench.bank.offer(&["four"]);
    bench.check([(of(bob), "two")]);
    bench.assert_healthy();
}

#[test]
fn a_key_is_executed_once() {
    let bench = Bench::new();
    let ada = bench.customer();
    let elsewhere = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    bench.check([
        (fund(ada, 5, "usd").key("K", "5 usd"), "funded usd 5 -> 5"),
        (fund(ada, 5, "usd").key("K", "5 usd"), "replay of req_K: a row"),
        (fund(ada, 6, "usd").key("K", "6 usd"), "key reused"),
        (fund(ada, 5, "usd").key("L", "5 usd"), "funded usd 5 -> 10"),
        (create().key("C", "new"), "customer"),
        (create().key("C", "new"), "replay of req_C: 200 customer"),
        (create().world(elsewhere).key("K", "new"), "customer"),
    ]);
    let again = |bench: &Bench| {
        bench.check([
            (fund(ada, 5, "usd").key("K", "5 usd"), "replay of req_K: a row"),
            (fund(ada, 6, "usd").key("K", "6 usd"), "key reused"),
            (create().key("C", "new"), "replay of req_C: 200 customer"),
        ]);
        assert_eq!(bench.available(ada), "usd 10");
        assert_eq!(bench.one::<i64>("SELECT count(*) FROM customer"), 3);
    };
    again(&bench);
    again(&bench.restart());
}

#[test]
fn a_refusal_is_kept_but_not_that_there_is_no_such_customer() {
    let bench = Bench::new();
    let ada = bench.customer();
    let missing = "CustomerMissing...";
    bench.check([
        (fund(ada, 5, "usd"), "funded usd 5 -> 5"),
        (delete(ada).key("D", "ada"), "CustomerHoldsCash"),
        (fund(Number(1), 5, "usd").key("M", "one"), missing),
    ]);
    bench.check([
        (delete(ada).key("D", "ada"), "replay of req_D: 400 CustomerHoldsCash"),
        (fund(ada, 5, "usd").key("M", "ada"), "funded usd 5 -> 10"),
    ]);
    bench.assert_healthy();
}

#[test]
fn a_full_queue_refuses_at_once() {
    let bench = Bench::with_queue(2);
    let held = bench.hold();
    let waiting = [bench.submit(create()), bench.submit(create())];
    let (job, told_nothing) = create().into_job(bench.world, &bench.readers);
    let (job, error) = bench.lane.submit(job).expect_err("the queue is full");
    assert_eq!(error, StoreError::QueueFull(2));
    assert_eq!(bench.lane.waiting(), 2);
    drop(job);
    assert!(told_nothing.recv().is_err(), "a job that was given back ran");
    drop(held);
    for one in &waiting {
        assert_eq!(told(one), "customer");
    }
    eventually("the queue is empty", || bench.lane.waiting() == 0);
    assert_eq!(bench.tell(create()), "customer");
}

#[test]
fn a_lane_that_stops_finishes_what_waits() {
    let mut bench = Bench::new();
    let held = bench.hold();
    let waiting: Vec<_> = (0..20).map(|_| bench.submit(create())).collect();
    drop(held);
    bench.lane.stop();
    for one in &waiting {
        assert_eq!(one.try_recv().as_deref(), Ok("customer"));
    }
    let (job, _) = create().into_job(bench.world, &bench.readers);
    let refused = bench.lane.submit(job).err().map(|(_, error)| error);
    assert_eq!(refused, Some(StoreError::Stopped));
}

#[test]
fn worlds_are_separate() {
    let bench = Bench::new();
    let ada = bench.customer();
    let live = bench.admin.world("acct_1", true, Timestamp(0)).unwrap();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    assert!(bench.world != live && bench.world != other && live != other);
    let missing = "CustomerMissing...";
    bench.check([
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (fund(ada, 100, "usd").world(live), missing),
        (fund(ada, 100, "usd").world(other), missing),
        (create().world(other), "customer"),
    ]);
    let bench = bench.restart();
    assert_eq!(bench.admin.world("acct_2", false, Timestamp(9)), Ok(other));
    for (world, customers, house) in [(bench.world, 1, 1), (live, 0, 0), (other, 1, 0)] {
        let seen = bench.readers.snapshot(|reader| {
            let window = store::Window::newest(9);
            let listed = reader.customers(world, None, window)?.rows.len();
            Ok((listed, reader.house_balances(world)?.len()))
        });
        assert_eq!(seen, Ok((customers, house)), "{world:?}");
    }
    let strangers = bench.readers.snapshot(|reader| reader.customer(other, ada));
    assert_eq!(strangers, Ok(None));
    bench.assert_healthy();
}
