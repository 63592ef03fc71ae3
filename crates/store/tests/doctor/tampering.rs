//! Healthy databases, and what is done to them.

use std::collections::BTreeSet;

use books::audit::Report;
use books::command::REVERSAL_PREFIX;
use books::{Number, Timestamp};
use store::Location;
use testing::postgres::shared;

use crate::life::lived;
use crate::support::asks::{fund_as, instructions};
use crate::support::{Bench, Home, create, delete, fund};

pub const AGREE: &str = "an entry and its cash balance transaction agree";
pub const ALIKE: &str = "rows that name each other agree";
pub const AVAILABLE: &str = "what is available equals the lines that are settled";
pub const AWAITED: &str = "what is under way has its timer";
pub const BALANCED: &str = "postings sum to zero";
pub const CHAIN: &str = "the hash chain is unbroken";
pub const COLUMNS: &str = "the columns of a row agree with its data";
pub const COMPLETE: &str = "a payment intent has all its money once it succeeded";
pub const COUNT: &str = "the count of customers who have cash is right";
pub const CUSTOMER: &str = "every cash balance transaction belongs to a customer";
pub const DAYS: &str = "the balances of days equal the journal";
pub const ENDING: &str = "each ending balance follows from the one before";
pub const ENTRY: &str = "every cash balance transaction has a journal entry";
pub const EVENT: &str = "every event is about something that exists";
pub const FEES: &str = "fees equal those of the balance transactions";
#[allow(dead_code, reason = "only SQLite looks at itself")]
pub const FILE: &str = "the file is intact";
pub const HEAD: &str = "each hash chain ends at its head";
pub const HELD: &str = "a payment intent holds what was applied to it";
pub const HOUSE: &str = "house balances equal the journal";
pub const IDLE: &str = "purses that hold cash are noted with their age";
pub const INSTRUCTIONS: &str =
    "every set of funding instructions belongs to a customer or a source";
pub const JOURNAL: &str = "cash balances equal the journal";
pub const KEPT: &str = "every kept answer shows something that exists";
pub const NAMED: &str = "every row that is named exists";
pub const NETWORK: &str = "card networks owe what the lines say that are to be settled";
pub const OWNED: &str = "every document belongs to a customer";
pub const PAYABLE: &str = "open places for money are what the payment intents say";
pub const PAYMENTS: &str = "payments from a cash balance are what the payment intents say";
pub const PAYOUTS: &str = "money on its way to the merchant equals the payouts under way";
pub const PENDING: &str = "what is pending equals the lines that are to be settled";
pub const POSTING: &str = "every posting belongs to an entry";
pub const READ: &str = "every row can be read";
pub const REFUNDED: &str = "a charge knows what was refunded of it";
pub const REFUNDS: &str = "money on its way to customers equals the refunds under way";
pub const SEARCHED: &str = "the index of searches is what the objects say";
pub const SETTLES: &str = "what is pending has a timer";
pub const SPELLED: &str = "every row is spelled as Purser writes it";
pub const TAKEN: &str = "a charge has no more than was captured";
pub const TIMER: &str = "every timer is about something that exists";
pub const TOLD: &str = "every cash balance transaction was told as an event";
pub const TOPPED_UP: &str = "a top-up is in the balance once it succeeded";

/// A name, what is done, and the invariant that is broken then.
pub type Case = (&'static str, &'static str, &'static str);

/// Numbers of rows: `:name` in a case. No name is the beginning of another one.
pub type Names = Vec<(&'static str, i64)>;

/// A database of cash balances: two worlds, a reversal, keys with both kinds of answers,
/// instructions. Its names are Ada, Bob, their transactions, and the last of all.
fn healthy() -> (Bench, Names) {
    let bench = Bench::new();
    let (ada, bob, cem) = (bench.customer(), bench.customer(), bench.customer());
    let pulled_back = format!("{REVERSAL_PREFIX}1");
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    bench.bank.offer(&["one"]);
    bench.check([
        (fund(ada, 100, "usd").key("K", "1"), "funded usd 100 -> 100"),
        (fund(bob, 100, "usd"), "funded usd 100 -> 100"),
        (fund(ada, 7, "eur"), "funded eur 7 -> 7"),
        (fund_as(ada, 30, "usd", Some(&pulled_back)), "funded usd 30 -> 130"),
        (fund(ada, 5, "usd"), "funded usd 5 -> 105"),
        (instructions(ada, "mx_bank_transfer"), "one"),
        (create().key("C", "1"), "customer"),
        (create().world(other), "customer"),
        (delete(cem), "deleted"),
    ]);
    bench.check([(fund(bob, 1, "jpy"), "funded jpy 1 -> 1")]);
    let of_other = "SELECT number FROM customer WHERE world = 2";
    let dan = Number(bench.one::<i64>(of_other));
    bench.check([(fund(dan, 9, "gbp").world(other), "funded gbp 9 -> 9")]);
    let names = names(&bench, ada, bob);
    (bench, names)
}

fn names(bench: &Bench, ada: Number, bob: Number) -> Names {
    let of = |who: Number, place: i64| {
        bench.one::<i64>(&format!(
            "SELECT number FROM cash_transaction WHERE customer = {} ORDER BY number
             LIMIT 1 OFFSET {place}",
            who.0
        ))
    };
    vec![
        (":ada", ada.0),
        (":bob", bob.0),
        (":first", of(ada, 0)),
        (":euros", of(ada, 1)),
        (":last", of(ada, 4)),
        (":equal", of(bob, 0)),
        (":end", of(bob, 1)),
    ]
}

pub fn examine(location: &Location) -> Report {
    store::doctor::examine(location, &mut |_, _| {})
        .unwrap_or_else(|why| panic!("the doctor gave up: {why}"))
}

const DROP_TRIGGERS: &str = "DROP TRIGGER cash_transaction_is_never_changed;
    DROP TRIGGER cash_transaction_is_never_removed;
    DROP TRIGGER entry_is_never_changed; DROP TRIGGER entry_is_never_removed;
    DROP TRIGGER posting_is_never_changed; DROP TRIGGER posting_is_never_removed;
    DROP TRIGGER balance_transaction_is_never_changed;
    DROP TRIGGER balance_transaction_is_never_removed;";

/// Tampers with a fresh copy in each way and holds what the doctor finds against the invariant.
#[track_caller]
pub fn check(cases: &[Case]) {
    check_on(healthy(), cases);
}

#[track_caller]
pub fn check_on(lived: (Bench, Names), cases: &[Case]) {
    check_each(lived, cases, crate::EACH);
}

/// The same with every so many cases.
#[track_caller]
pub fn check_each((bench, names): (Bench, Names), cases: &[Case], step: usize) {
    let copies = Copies::of(&bench);
    let mut wrong = Vec::new();
    for (name, statement, want) in cases.iter().step_by(step) {
        let mut statement = (*statement).to_owned();
        for (placeholder, number) in &names {
            statement = statement.replace(placeholder, &number.to_string());
        }
        let tampered = copies.tamper(name, &statement);
        let found = match store::doctor::examine(&tampered, &mut |_, _| {}) {
            Ok(report) => report.findings.iter().map(|f| f.invariant.to_owned()).collect(),
            Err(why) => BTreeSet::from([format!("the doctor gave up: {why}")]),
        };
        if !found.contains(*want) {
            wrong.push(format!("{name}: wanted \"{want}\", found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Copies of a database, one for each case: on SQLite each is a file, on PostgreSQL all rows are
/// put back as they were.
struct Copies<'b> {
    bench: &'b Bench,
    home: tempfile::TempDir,
}

impl<'b> Copies<'b> {
    fn of(bench: &'b Bench) -> Copies<'b> {
        if let Home::Database(database, _) = &*bench.home {
            shared().admin_in(database.name(), include_str!("tampering.sql"));
        }
        Copies { bench, home: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Tampers with a fresh copy, as somebody does whom no trigger and no privilege stops.
    #[track_caller]
    fn tamper(&self, name: &str, statement: &str) -> Location {
        if let Home::Database(database, _) = &*self.bench.home {
            let put_back = "SET search_path = public, tampering; SELECT put_back();";
            shared().admin_in(database.name(), &format!("{put_back} {statement}"));
            return self.bench.location();
        }
        let path = self.home.path().join(format!("{}.db", name.replace(' ', "_")));
        store::sqlite::backup(&self.bench.path(), &path, &mut |_, _| {}).unwrap();
        let sql = rusqlite::Connection::open(&path).unwrap();
        let begun = sql.total_changes();
        sql.execute_batch(&format!("{DROP_TRIGGERS}{statement}"))
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(sql.total_changes() > begun, "{name}: nothing was changed");
        Location::File(path)
    }
}

#[test]
fn a_healthy_database_is_clean() {
    let (bench, _) = healthy();
    let report = examine(&bench.location());
    assert_eq!(report.findings, []);
    assert_eq!((report.broken, report.entries, report.transactions), (0, 8, 8));
    let mut told = (0, 0);
    store::doctor::examine(&bench.location(), &mut |done, total| told = (done, total)).unwrap();
    assert_eq!(told, (16, 16), "progress goes to the end");
    let bench = bench.restart();
    assert_eq!(examine(&bench.location()).broken, 0);
}

#[test]
fn an_empty_database_is_clean() {
    let report = examine(&Bench::new().location());
    assert_eq!((report.broken, report.entries, report.transactions), (0, 0, 0));
}

/// A great many findings are counted in full, and only the first ones kept.
#[test]
fn findings_are_bounded() {
    let (bench, _) = healthy();
    bench.run(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         INSERT INTO posting SELECT 1, i, 0, 1, 0, 'usd', 1 FROM n",
    );
    let report = examine(&bench.location());
    // And two days of the bank: that of these entries, and the one after it.
    assert_eq!(report.broken, 2002);
    assert_eq!(report.findings.len(), books::audit::FINDINGS_MAX);
}

#[test]
fn a_database_that_lived_is_clean() {
    let (bench, names) = lived();
    let clashes = names
        .iter()
        .filter(|(name, _)| names.iter().filter(|(other, _)| other.starts_with(name)).count() > 1);
    assert_eq!(clashes.collect::<Vec<_>>(), Vec::<&(&str, i64)>::new());
    let report = examine(&bench.location());
    assert_eq!(report.findings, []);
    assert!(report.documents > 60 && report.lines > 25, "{report:?}");
    let bench = bench.restart();
    assert_eq!(examine(&bench.location()).broken, 0);
}
