//! When writing fails: nothing half written, and the lane comes back by itself.

use books::{Document, Kind};

use crate::support::asks::{cancel, pay};
use crate::support::{Bench, create, fund};

#[test]
fn a_batch_that_cannot_be_written_leaves_nothing_behind() {
    let bench = Bench::new();
    let ada = bench.customer();
    assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
    // Events are written after entries and transactions.
    let sql = bench.sql();
    sql.execute_batch("ALTER TABLE event RENAME TO away").unwrap();
    bench.check([(fund(ada, 2, "usd").key("K", "2"), "failed: ..."), (create(), "failed: ...")]);
    sql.execute_batch("ALTER TABLE away RENAME TO event").unwrap();
    bench.assert_healthy();
    bench.check([(fund(ada, 2, "usd").key("K", "2"), "funded usd 2 -> 3"), (create(), "customer")]);
    bench.assert_healthy();
    bench.restart().assert_healthy();
}

#[test]
fn a_command_that_hits_a_constraint_leaves_its_neighbours_alone() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let trigger = format!(
        "CREATE TRIGGER no_money_for_ada BEFORE INSERT ON cash_transaction
         WHEN NEW.customer = {} BEGIN SELECT RAISE(ABORT, 'no'); END",
        ada.0
    );
    bench.sql().execute_batch(&trigger).unwrap();
    bench.check([
        (fund(bob, 1, "usd").key("K", "1"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd").key("L", "2"), "failed: Constraint..."),
        (fund(bob, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    bench.sql().execute_batch("DROP TRIGGER no_money_for_ada").unwrap();
    bench.check([
        (fund(bob, 1, "usd").key("K", "1"), "replay of req_K: a row"),
        (fund(ada, 2, "usd").key("L", "2"), "funded usd 2 -> 2"),
    ]);
    bench.assert_healthy();
}

/// The commit itself fails: a deferred foreign key is broken only then.
#[test]
fn a_commit_that_fails_is_answered_as_failed() {
    let bench = Bench::new();
    let ada = bench.customer();
    let sql = bench.sql();
    sql.execute_batch(
        "CREATE TABLE promise (parent INTEGER NOT NULL
             REFERENCES schema_migration (version) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER broken_promise AFTER INSERT ON entry
         BEGIN INSERT INTO promise VALUES (99); END",
    )
    .unwrap();
    bench.check([
        (fund(ada, 1, "usd").key("K", "1"), "failed: Constraint..."),
        (fund(ada, 2, "usd"), "failed: Constraint..."),
        (create(), "customer"),
    ]);
    sql.execute_batch("DROP TRIGGER broken_promise; DROP TABLE promise").unwrap();
    bench.check([
        (fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd"), "funded usd 2 -> 3"),
    ]);
    bench.assert_healthy();
}

/// Takes as long as the lane waits for a lock: five seconds.
#[test]
fn a_lane_that_is_locked_out_fails_and_comes_back() {
    let bench = Bench::new();
    let ada = bench.customer();
    let sql = bench.sql();
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(bench.available(ada), "", "readers go on");
    let told = bench.tell(fund(ada, 1, "usd").key("K", "1"));
    assert!(told.starts_with("failed: Locked"), "{told}");
    sql.execute_batch("COMMIT").unwrap();
    bench.check([(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1"), (create(), "customer")]);
    bench.assert_healthy();
}

#[test]
fn a_batch_that_fails_is_reported_as_failed() {
    let bench = Bench::new();
    let sql = bench.sql();
    sql.execute_batch("ALTER TABLE event RENAME TO away").unwrap();
    assert!(bench.tell(create()).starts_with("failed: "));
    sql.execute_batch("ALTER TABLE away RENAME TO event").unwrap();
    assert_eq!(bench.tell(create()), "customer");
    let reports = bench.reports.lock().unwrap();
    let failed: Vec<bool> = reports.iter().map(|report| report.failed).collect();
    assert_eq!(failed, [true, false]);
}

/// One document that cannot be read is the trouble of its own commands only.
#[test]
fn a_damaged_row_leaves_its_neighbours_alone() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let damage = format!("UPDATE customer SET data = 'x' WHERE number = {}", ada.0);
    bench.sql().execute_batch(&damage).unwrap();
    // What was in memory is not looked up.
    let bench = bench.restart();
    bench.check([
        (fund(bob, 1, "usd"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd"), "failed: Corrupt..."),
        (fund(bob, 4, "usd"), "funded usd 4 -> 5"),
    ]);
}

/// The answer that a key was given is gone: that is no reason to fail the others.
#[test]
fn a_lost_answer_leaves_its_neighbours_alone() {
    let bench = Bench::new();
    let bob = bench.customer();
    assert_eq!(bench.tell(create().key("K", "new")), "customer");
    bench.sql().execute_batch("DELETE FROM answer").unwrap();
    bench.check([
        (fund(bob, 1, "usd"), "funded usd 1 -> 1"),
        (create().key("K", "new"), "failed: ..."),
        (fund(bob, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM customer"), 2);
}

/// A document that cannot be read is the trouble of those who ask for it, whether to decide or to
/// answer: they write nothing, and their neighbours do.
#[test]
fn a_damaged_document_leaves_its_neighbours_alone() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let intent = bench.make(pay(ada, 100, "usd"), "requires_action 0/100", Kind::PaymentIntent);
    let damage = format!("UPDATE document SET data = 'x' WHERE number = {}", intent.number.0);
    let was: String = bench.one("SELECT data FROM document WHERE kind = 'payment_intent'");
    bench.sql().execute_batch(&damage).unwrap();
    let look = fund(bob, 2, "usd").seeing(move |view| {
        let found = view.document(Kind::PaymentIntent, intent);
        found.map_or("nothing".into(), |document: Document| document.to_text())
    });
    bench.check([
        (fund(bob, 1, "usd").key("K", "1"), "funded usd 1 -> 1"),
        (cancel(intent), "failed: Corrupt..."),
        (fund(ada, 100, "usd").key("L", "100"), "failed: Corrupt..."),
        (look.clone(), "failed: Corrupt..."),
        (fund(ada, 7, "eur"), "funded eur 7 -> 7"),
        (fund(bob, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM entry"), 3);
    let mend = "UPDATE document SET data = ?1 WHERE number = ?2";
    bench.sql().execute(mend, rusqlite::params![was, intent.number.0]).unwrap();
    bench.check([
        (fund(bob, 1, "usd").key("K", "1"), "replay of req_K: a row"),
        (fund(ada, 100, "usd").key("L", "100"), "funded usd 100 -> 100"),
        (cancel(intent), "IntentState..."),
    ]);
    assert_eq!(bench.available(ada), "eur 7, usd 0");
    bench.assert_healthy();
}

/// What is not about one row fails the whole batch, and nothing of it is there.
#[test]
fn a_read_that_fails_drops_the_batch() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    bench.expect(pay(ada, 100, "usd"), "requires_action 0/100");
    let sql = bench.sql();
    sql.execute_batch("ALTER TABLE payable RENAME TO away").unwrap();
    bench.check([
        (create(), "failed: ..."),
        (fund(ada, 100, "usd").key("K", "100"), "failed: ..."),
        (fund(bob, 1, "usd"), "failed: ..."),
    ]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM entry"), 0);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM customer"), 2);
    sql.execute_batch("ALTER TABLE away RENAME TO payable").unwrap();
    bench.check([
        (create(), "customer"),
        (fund(ada, 100, "usd").key("K", "100"), "funded usd 100 -> 100"),
        (fund(bob, 1, "usd"), "funded usd 1 -> 1"),
    ]);
    bench.assert_healthy();
}
