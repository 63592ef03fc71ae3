//! The doctor: a healthy database is clean, and whoever tampers with one is found out.
//!
//! Each case is something that somebody with a SQL prompt could do after dropping the triggers,
//! and the invariant that the doctor must call broken.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use books::Number;
use books::audit::Report;
use books::command::REVERSAL_PREFIX;
use books::{Command, Currency, Timestamp};
use support::{Ask, Bench, create, delete, fund};

const AGREE: &str = "an entry and its cash balance transaction agree";
const BALANCED: &str = "postings sum to zero";
const CHAIN: &str = "the hash chain is unbroken";
const CUSTOMER: &str = "every cash balance transaction belongs to a customer";
const ENDING: &str = "each ending balance follows from the one before";
const ENTRY: &str = "every cash balance transaction has a journal entry";
const EVENT: &str = "every event is about something that exists";
const FILE: &str = "the file is intact";
const HEAD: &str = "each hash chain ends at its head";
const HOUSE: &str = "house balances equal the journal";
const INSTRUCTIONS: &str = "every set of funding instructions belongs to a customer";
const JOURNAL: &str = "cash balances equal the journal";
const KEPT: &str = "every kept answer shows something that exists";
const POSTING: &str = "every posting belongs to an entry";
const READ: &str = "every row can be read";
const TOLD: &str = "every cash balance transaction was told as an event";

/// Ada's customer number, her transactions from first to last, and Bob's: `:name` in a case.
type Names = Vec<(&'static str, i64)>;

/// A database with everything in it: two worlds, a reversal, keys with both kinds of answers,
/// instructions, a line of the merchant's balance.
fn healthy() -> (Bench, Names) {
    let bench = Bench::new();
    let (ada, bob, cem) = (bench.customer(), bench.customer(), bench.customer());
    let pulled_back = Command::Fund {
        customer: ada,
        amount_minor: 30,
        currency: Currency::USD,
        reference: Some(format!("{REVERSAL_PREFIX}1")),
    };
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    bench.check([
        (fund(ada, 100, "usd").key("K", "1"), "funded usd 100 -> 100"),
        (fund(bob, 100, "usd"), "funded usd 100 -> 100"),
        (fund(ada, 7, "eur"), "funded eur 7 -> 7"),
        (pulled_back.into(), "funded usd 30 -> 130"),
        (fund(ada, 5, "usd"), "funded usd 5 -> 105"),
        (instructions(ada), "one"),
        (create().key("C", "1"), "customer"),
        (create().world(other), "customer"),
        (delete(cem), "deleted"),
    ]);
    bench.check([(fund(bob, 1, "jpy"), "funded jpy 1 -> 1")]);
    let of_other = "SELECT number FROM customer WHERE world = 2";
    let dan = Number(bench.one::<i64>(of_other));
    bench.check([(fund(dan, 9, "gbp").world(other), "funded gbp 9 -> 9")]);
    let line = "INSERT INTO balance_transaction VALUES
                    (1, 5, 'payment', 'usd', 10, 1, 0, NULL, NULL, '{}')";
    bench.sql().execute_batch(line).unwrap();
    let names = names(&bench, ada, bob);
    (bench, names)
}

fn instructions(customer: Number) -> Ask {
    let candidate = books::funding::Instructions {
        currency: Currency::MXN,
        country: "MX".into(),
        transfer_type: "mx_bank_transfer".into(),
        account_key: "one".into(),
        financial_addresses: serde_json::Value::Array(vec![]),
    };
    Command::GetInstructions {
        customer,
        candidates: vec![candidate],
        address_types: vec![],
    }
    .into()
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

fn examine(path: &Path) -> Report {
    store::doctor::examine(path, &mut |_, _| {})
        .unwrap_or_else(|why| panic!("the doctor gave up: {why}"))
}

const DROP_TRIGGERS: &str = "DROP TRIGGER cash_transaction_is_never_changed;
    DROP TRIGGER cash_transaction_is_never_removed;
    DROP TRIGGER entry_is_never_changed; DROP TRIGGER entry_is_never_removed;
    DROP TRIGGER posting_is_never_changed; DROP TRIGGER posting_is_never_removed;";

/// Tampers with a fresh copy in each way and holds what the doctor finds against the invariant.
#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    let (bench, names) = healthy();
    let home = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (at, (name, statement, want)) in cases.iter().enumerate() {
        let path = home.path().join(format!("{at}.db"));
        bench.admin.backup(&path, &mut |_, _| {}).unwrap();
        let mut statement = (*statement).to_owned();
        for (placeholder, number) in &names {
            statement = statement.replace(placeholder, &number.to_string());
        }
        let sql = rusqlite::Connection::open(&path).unwrap();
        let begun = sql.total_changes();
        sql.execute_batch(&format!("{DROP_TRIGGERS}{statement}"))
            .unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(sql.total_changes() > begun, "{name}: nothing was changed");
        drop(sql);
        let found = match store::doctor::examine(&path, &mut |_, _| {}) {
            Ok(report) => report
                .findings
                .iter()
                .map(|f| f.invariant.to_owned())
                .collect(),
            Err(why) => BTreeSet::from([format!("the doctor gave up: {why}")]),
        };
        if !found.contains(*want) {
            wrong.push(format!("{name}: wanted \"{want}\", found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_healthy_database_is_clean() {
    let (bench, _) = healthy();
    let report = examine(bench.path());
    assert_eq!(report.findings, []);
    assert_eq!(
        (report.broken, report.entries, report.transactions),
        (0, 8, 8)
    );
    let mut told = (0, 0);
    store::doctor::examine(bench.path(), &mut |done, total| told = (done, total)).unwrap();
    assert_eq!(told, (16, 16), "progress goes to the end");
    let bench = bench.restart();
    assert_eq!(examine(bench.path()).broken, 0);
}

#[test]
fn an_empty_database_is_clean() {
    let report = examine(Bench::new().path());
    assert_eq!(
        (report.broken, report.entries, report.transactions),
        (0, 0, 0)
    );
}

#[test]
fn changed_amounts() {
    check(&[
        (
            "one line of an entry",
            "UPDATE posting SET amount = amount + 1 WHERE entry = :euros AND line = 0",
            BALANCED,
        ),
        (
            "both lines of an entry: seal",
            "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
            CHAIN,
        ),
        (
            "both lines of an entry: its transaction",
            "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
            AGREE,
        ),
        (
            "both lines of an entry: the house",
            "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
            HOUSE,
        ),
        (
            "both lines of an entry: the customers",
            "UPDATE posting SET amount = amount * 2 WHERE entry = :euros",
            JOURNAL,
        ),
        (
            "net_amount",
            "UPDATE cash_transaction SET net_amount = 8 WHERE number = :euros",
            AGREE,
        ),
        (
            "net_amount, against what follows",
            "UPDATE cash_transaction SET net_amount = 8 WHERE number = :euros",
            ENDING,
        ),
        (
            "the last ending_balance",
            "UPDATE cash_transaction SET ending_balance = 1000000 WHERE number = :last",
            ENDING,
        ),
        (
            "the last ending_balance, against the seal",
            "UPDATE cash_transaction SET ending_balance = 1000000 WHERE number = :last",
            CHAIN,
        ),
        (
            "an ending_balance of a currency that was left",
            "UPDATE cash_transaction SET ending_balance = 9 WHERE number = :euros",
            ENDING,
        ),
        (
            "others",
            "UPDATE cash_transaction SET others = '{\"eur\":700}' WHERE number = :last",
            ENDING,
        ),
        (
            "others left out",
            "UPDATE cash_transaction SET others = NULL WHERE number = :last",
            CHAIN,
        ),
        (
            "everything that names the amount, but for the seal",
            "UPDATE posting SET amount = amount * 2 WHERE entry = :last;
             UPDATE cash_transaction SET net_amount = 10, ending_balance = 110
                 WHERE number = :last;
             UPDATE house_balance SET amount = amount + 5 WHERE world = 1 AND currency = 'usd'",
            CHAIN,
        ),
        (
            "a sum of the house",
            "UPDATE house_balance SET amount = amount + 1 WHERE currency = 'jpy'",
            HOUSE,
        ),
        (
            "a sum of the house that is gone",
            "DELETE FROM house_balance WHERE currency = 'eur'",
            HOUSE,
        ),
        (
            "a sum of the house that was made up",
            "INSERT INTO house_balance VALUES (1, 5, 'usd', 0, -1000)",
            HOUSE,
        ),
        (
            "a sum of the house on another lane",
            "INSERT INTO house_balance VALUES (1, 1, 'usd', 3, 1)",
            HOUSE,
        ),
    ]);
}

#[test]
fn changed_texts_and_owners() {
    check(&[
        (
            "detail",
            "UPDATE cash_transaction SET detail = replace(detail, 'John', 'Mary')
             WHERE number = :first",
            CHAIN,
        ),
        (
            "type",
            "UPDATE cash_transaction SET type = 'funding_reversed', detail = NULL
             WHERE number = :euros",
            CHAIN,
        ),
        (
            "kind",
            "UPDATE entry SET kind = 'funding_reversed' WHERE number = :euros",
            CHAIN,
        ),
        (
            "currency of an entry",
            "UPDATE posting SET currency = 'gbp' WHERE entry = :euros",
            AGREE,
        ),
        (
            "currency of one line",
            "UPDATE posting SET currency = 'gbp' WHERE entry = :euros AND line = 1",
            BALANCED,
        ),
        (
            "currency of a transaction",
            "UPDATE cash_transaction SET currency = 'gbp' WHERE number = :end",
            AGREE,
        ),
        (
            "account",
            "UPDATE posting SET account = 5 WHERE entry = :last AND line = 0",
            CHAIN,
        ),
        (
            "account, against the house",
            "UPDATE posting SET account = 5 WHERE entry = :last AND line = 0",
            HOUSE,
        ),
        (
            "owner of a line",
            "UPDATE posting SET owner = :bob WHERE entry = :euros AND account = 2",
            AGREE,
        ),
        (
            "owner of a transaction",
            "UPDATE cash_transaction SET customer = :bob WHERE number = :euros",
            AGREE,
        ),
        (
            "owner of a transaction and of its line",
            "UPDATE posting SET owner = :bob WHERE entry = :euros AND account = 2;
             UPDATE cash_transaction SET customer = :bob WHERE number = :euros",
            CHAIN,
        ),
        (
            "owner who does not exist",
            "UPDATE cash_transaction SET customer = 77 WHERE number = :euros",
            CUSTOMER,
        ),
        (
            "world of an entry",
            "UPDATE entry SET world = 2 WHERE number = :euros;
             UPDATE posting SET world = 2 WHERE entry = :euros;
             UPDATE cash_transaction SET world = 2 WHERE number = :euros",
            CHAIN,
        ),
        (
            "moment of an entry",
            "UPDATE entry SET number = number + 1000 WHERE number = :end;
             UPDATE posting SET entry = entry + 1000 WHERE entry = :end;
             UPDATE cash_transaction SET number = number + 1000 WHERE number = :end",
            CHAIN,
        ),
    ]);
}

/// Changes that mean the same to a reader: the seal is over what is written, not over what it
/// means.
#[test]
fn changed_spellings() {
    check(&[
        (
            "currency of an entry in capitals",
            "UPDATE posting SET currency = 'EUR' WHERE entry = :euros",
            CHAIN,
        ),
        (
            "currency of a transaction in capitals",
            "UPDATE cash_transaction SET currency = 'EUR' WHERE number = :euros",
            CHAIN,
        ),
        (
            "a field more in the detail",
            "UPDATE cash_transaction SET detail = json_set(detail, '$.note', 'paid twice')
             WHERE number = :first",
            CHAIN,
        ),
        (
            "spaces in others",
            "UPDATE cash_transaction SET others = replace(others, ':', ' : ')
             WHERE number = :last",
            CHAIN,
        ),
        (
            "an owner of a house account",
            "UPDATE posting SET owner = :bob WHERE entry = :last AND account = 1",
            CHAIN,
        ),
        (
            "lines with gaps",
            "UPDATE posting SET line = 7 WHERE entry = :last AND line = 1",
            CHAIN,
        ),
    ]);
}

#[test]
fn rows_that_are_gone_or_made_up() {
    let last_of_journal = "DELETE FROM entry WHERE number = :end;
                           DELETE FROM posting WHERE entry = :end";
    let middle = "DELETE FROM entry WHERE number = :euros;
                  DELETE FROM posting WHERE entry = :euros";
    let slipped_in = "INSERT INTO entry VALUES (1, :last + 1, 'funded', zeroblob(32));
                      INSERT INTO posting VALUES (1, :last + 1, 0, 1, 0, 'usd', 5);
                      INSERT INTO posting VALUES (1, :last + 1, 1, 2, :ada, 'usd', -5);";
    let a_transaction = "INSERT INTO cash_transaction VALUES
        (1, :ada, :last + 1, 'funding_reversed', 'usd', 5, 110, '{\"eur\":7}', NULL)";
    check(&[
        ("the last entry: head", last_of_journal, HEAD),
        ("the last entry: its transaction", last_of_journal, ENTRY),
        (
            "the last entry without its lines",
            "DELETE FROM entry WHERE number = :end",
            POSTING,
        ),
        ("a middle entry: chain", middle, CHAIN),
        ("a middle entry: its transaction", middle, ENTRY),
        (
            "a line",
            "DELETE FROM posting WHERE entry = :last AND line = 1",
            BALANCED,
        ),
        (
            "all lines",
            "DELETE FROM posting WHERE entry = :last",
            BALANCED,
        ),
        (
            "two more lines",
            "INSERT INTO posting VALUES (1, :last, 2, 5, 0, 'usd', 9);
             INSERT INTO posting VALUES (1, :last, 3, 1, 0, 'usd', -9)",
            CHAIN,
        ),
        (
            "the last transaction",
            "DELETE FROM cash_transaction WHERE number = :last",
            AGREE,
        ),
        (
            "its event",
            "DELETE FROM cash_transaction WHERE number = :last",
            EVENT,
        ),
        (
            "a middle transaction",
            "DELETE FROM cash_transaction WHERE number = :euros",
            ENDING,
        ),
        (
            "all journal",
            "DELETE FROM entry; DELETE FROM posting",
            HEAD,
        ),
        (
            "all of a world but its head",
            "DELETE FROM entry WHERE world = 2; DELETE FROM posting WHERE world = 2;
             DELETE FROM cash_transaction WHERE world = 2; DELETE FROM event WHERE world = 2;
             DELETE FROM house_balance WHERE world = 2",
            HEAD,
        ),
        ("an entry made up: chain", slipped_in, CHAIN),
        ("an entry made up: agreement", slipped_in, AGREE),
        ("a transaction made up", a_transaction, ENTRY),
        ("a transaction made up, untold", a_transaction, TOLD),
        (
            "a transaction made up, against the journal",
            a_transaction,
            JOURNAL,
        ),
        (
            "a customer",
            "DELETE FROM customer WHERE number = :ada",
            CUSTOMER,
        ),
        (
            "a customer with instructions",
            "DELETE FROM customer WHERE number = :ada",
            INSTRUCTIONS,
        ),
    ]);
}

#[test]
fn swapped_rows() {
    let swap = "CREATE TEMP TABLE was AS SELECT * FROM entry;
                UPDATE entry SET seal = (SELECT seal FROM was
                    WHERE number = CASE entry.number WHEN :euros THEN :first ELSE :euros END)
                WHERE number IN (:first, :euros)";
    check(&[
        ("seals of two entries", swap, CHAIN),
        (
            "owners of two equal transactions",
            "UPDATE cash_transaction SET customer = :bob WHERE number = :first;
             UPDATE cash_transaction SET customer = :ada WHERE number = :equal",
            AGREE,
        ),
        (
            "numbers of two entries",
            "UPDATE posting SET entry = 1 WHERE entry = :first;
             UPDATE posting SET entry = :first WHERE entry = :last;
             UPDATE posting SET entry = :last WHERE entry = 1",
            CHAIN,
        ),
        (
            "numbers of two transactions",
            "UPDATE cash_transaction SET number = 1 WHERE number = :euros;
             UPDATE cash_transaction SET number = :euros WHERE number = :last;
             UPDATE cash_transaction SET number = :last WHERE number = 1",
            ENDING,
        ),
        (
            "lines of an entry",
            "UPDATE posting SET line = 9 WHERE entry = :last AND line = 0;
             UPDATE posting SET line = 0 WHERE entry = :last AND line = 1;
             UPDATE posting SET line = 1 WHERE entry = :last AND line = 9",
            CHAIN,
        ),
    ]);
}

#[test]
fn chains_and_heads() {
    check(&[
        (
            "a seal",
            "UPDATE entry SET seal = zeroblob(32) WHERE number = :euros",
            CHAIN,
        ),
        (
            "the seal of the last entry",
            "UPDATE entry SET seal = zeroblob(32) WHERE number = :end",
            HEAD,
        ),
        (
            "the last seal and its head",
            "UPDATE entry SET seal = zeroblob(32) WHERE number = :end;
             UPDATE chain SET head = zeroblob(32) WHERE world = 1",
            CHAIN,
        ),
        (
            "a head",
            "UPDATE chain SET head = zeroblob(32) WHERE world = 1",
            HEAD,
        ),
        (
            "a length",
            "UPDATE chain SET length = length + 1 WHERE world = 1",
            HEAD,
        ),
        ("no head", "DELETE FROM chain WHERE world = 2", HEAD),
        (
            "a head without a chain",
            "INSERT INTO chain VALUES (1, 5, zeroblob(32), 1)",
            HEAD,
        ),
        (
            "the last entry, its head set back",
            "DELETE FROM entry WHERE number = :end; DELETE FROM posting WHERE entry = :end;
             UPDATE chain SET length = length - 1, head = (SELECT seal FROM entry
                 WHERE world = 1 ORDER BY number DESC LIMIT 1) WHERE world = 1",
            ENTRY,
        ),
    ]);
}

#[test]
fn references_to_nothing() {
    check(&[
        (
            "an event about no row",
            "INSERT INTO event VALUES
                 (1, 4, 'customer_cash_balance_transaction.created', :ada, 77, NULL, NULL, NULL)",
            EVENT,
        ),
        (
            "an event about somebody else's row",
            "UPDATE event SET customer = :bob WHERE row = :euros",
            EVENT,
        ),
        (
            "an untold transaction",
            "DELETE FROM event WHERE row = :last",
            TOLD,
        ),
        ("no events at all", "DELETE FROM event", TOLD),
        (
            "a kept answer about no row",
            "INSERT INTO idempotency VALUES (1, zeroblob(16), zeroblob(16), 4, 'req', :ada, 77)",
            KEPT,
        ),
        (
            "a key without an answer",
            "INSERT INTO idempotency VALUES (1, zeroblob(16), zeroblob(16), 4, 'req', NULL, NULL)",
            KEPT,
        ),
        ("a kept answer that is gone", "DELETE FROM answer", KEPT),
        (
            "the row of a kept answer",
            "DELETE FROM cash_transaction WHERE number = :first",
            KEPT,
        ),
    ]);
}

/// A row that cannot be read is a finding, and not the end of the examination.
#[test]
fn rows_that_cannot_be_read() {
    check(&[
        (
            "a detail",
            "UPDATE cash_transaction SET detail = '{' WHERE number = :first",
            READ,
        ),
        (
            "others",
            "UPDATE cash_transaction SET others = 'none' WHERE number = :last",
            READ,
        ),
        (
            "a type",
            "UPDATE cash_transaction SET type = 'found' WHERE number = :last",
            READ,
        ),
        (
            "a kind",
            "UPDATE entry SET kind = 'found' WHERE number = :last",
            READ,
        ),
        (
            "a currency of a line",
            "UPDATE posting SET currency = '123'",
            READ,
        ),
        (
            "an account of a line",
            "UPDATE posting SET account = 99 WHERE line = 0",
            READ,
        ),
        (
            "a currency of a transaction",
            "UPDATE cash_transaction SET currency = '123'",
            READ,
        ),
        (
            "a currency of the house",
            "UPDATE house_balance SET currency = '123' WHERE currency = 'gbp'",
            READ,
        ),
        (
            "an account of the house",
            "INSERT INTO house_balance VALUES (1, 99, 'usd', 0, 0)",
            READ,
        ),
        (
            "a customer",
            "UPDATE customer SET data = '{' WHERE number = :ada",
            READ,
        ),
        (
            "an event",
            "UPDATE event SET data = '{' WHERE data IS NOT NULL",
            READ,
        ),
        (
            "a type of an event",
            "UPDATE event SET type = 'nothing.happened'",
            READ,
        ),
        (
            "funding instructions",
            "UPDATE funding_instructions SET data = '{'",
            READ,
        ),
        (
            "a balance transaction",
            "UPDATE balance_transaction SET data = '{'",
            READ,
        ),
        (
            "a row that breaks the schema",
            "PRAGMA ignore_check_constraints = 1; UPDATE world SET livemode = 7",
            FILE,
        ),
    ]);
}

/// A great many findings are counted in full, and only the first ones kept.
#[test]
fn findings_are_bounded() {
    let (bench, _) = healthy();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                INSERT INTO posting SELECT 1, i, 0, 1, 0, 'usd', 1 FROM n";
    bench.sql().execute_batch(many).unwrap();
    let report = examine(bench.path());
    assert_eq!(report.broken, 300);
    assert_eq!(report.findings.len(), books::audit::FINDINGS_MAX);
}
