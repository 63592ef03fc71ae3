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
    bench.run("ALTER TABLE event RENAME TO away");
    bench.check([(fund(ada, 2, "usd").key("K", "2"), "failed: ..."), (create(), "failed: ...")]);
    bench.run("ALTER TABLE away RENAME TO event");
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
    let check = format!(
        "ALTER TABLE cash_transaction ADD CONSTRAINT no_money_for_ada CHECK (customer <> {})",
        ada.0
    );
    bench.home.run_as(&trigger, &check);
    bench.check([
        (fund(bob, 1, "usd").key("K", "1"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd").key("L", "2"), "failed: Constraint..."),
        (fund(bob, 4, "usd"), "funded usd 4 -> 5"),
    ]);
    bench.home.run_as(
        "DROP TRIGGER no_money_for_ada",
        "ALTER TABLE cash_transaction DROP CONSTRAINT no_money_for_ada",
    );
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
    bench.home.run_as(
        "CREATE TABLE promise (parent INTEGER NOT NULL
             REFERENCES schema_migration (version) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER broken_promise AFTER INSERT ON entry
         BEGIN INSERT INTO promise VALUES (99); END",
        "CREATE TABLE promise (number BIGINT PRIMARY KEY);
         ALTER TABLE entry ADD CONSTRAINT broken_promise FOREIGN KEY (number)
             REFERENCES promise (number) DEFERRABLE INITIALLY DEFERRED",
    );
    bench.check([
        (fund(ada, 1, "usd").key("K", "1"), "failed: Constraint..."),
        (fund(ada, 2, "usd"), "failed: Constraint..."),
        (create(), "customer"),
    ]);
    bench
        .home
        .run_as("DROP TRIGGER broken_promise; DROP TABLE promise", "DROP TABLE promise CASCADE");
    bench.check([
        (fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1"),
        (fund(ada, 2, "usd"), "funded usd 2 -> 3"),
    ]);
    bench.assert_healthy();
}

#[test]
fn a_batch_that_fails_is_reported_as_failed() {
    let bench = Bench::new();
    bench.run("ALTER TABLE event RENAME TO away");
    assert!(bench.tell(create()).starts_with("failed: "));
    bench.run("ALTER TABLE away RENAME TO event");
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
    bench.run(&damage);
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
    bench.run("DELETE FROM answer");
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
    bench.run(&damage);
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
    let (was, number) = (was.replace('\'', "''"), intent.number.0);
    bench.run(&format!("UPDATE document SET data = '{was}' WHERE number = {number}"));
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
    bench.run("ALTER TABLE document RENAME TO away");
    bench.check([
        (create(), "failed: ..."),
        (fund(ada, 100, "usd").key("K", "100"), "failed: ..."),
        (fund(bob, 1, "usd"), "failed: ..."),
    ]);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM entry"), 0);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM customer"), 2);
    bench.run("ALTER TABLE away RENAME TO document");
    bench.check([
        (create(), "customer"),
        (fund(ada, 100, "usd").key("K", "100"), "funded usd 100 -> 100"),
        (fund(bob, 1, "usd"), "funded usd 1 -> 1"),
    ]);
    bench.assert_healthy();
}
