//! Files: who may have one, which ones are refused, and how SQLite keeps its promises.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use store::admin::Admin;
use store::{Location, Store, doctor, sqlite};

use crate::support::{Bench, create, eventually, fault, fund, told};

fn at(path: &Path) -> Location {
    Location::File(path.to_owned())
}

fn open(path: &Path) -> store::Result<Store> {
    Store::open(&at(path), [1; 16])
}

#[test]
fn a_database_is_served_once() {
    let bench = Bench::new();
    let path = bench.path();
    assert_eq!(fault(open(&path)), "locked");
    let told = open(&path).err().expect("it is locked").to_string();
    assert!(told.contains("another Purser") && told.contains("purser.db"), "{told}");
    // A look from outside is welcome.
    assert_eq!(fault(Admin::open(&at(&path))), "none");
    bench.assert_healthy();
    drop(bench);
    assert_eq!(fault(Store::open(&Location::Temporary, [1; 16])), "none");
}

/// Two writers on one file would each go on from their own memory of it.
#[test]
fn a_database_is_served_once_whatever_it_is_called() {
    let bench = Bench::new();
    let home = tempfile::tempdir().unwrap();
    let (link, folder) = (home.path().join("other.db"), home.path().join("folder"));
    symlink(bench.path(), &link).unwrap();
    symlink(bench.path().parent().unwrap(), &folder).unwrap();
    let relative = bench.path().parent().unwrap().join(".").join("purser.db");
    for name in [folder.join("purser.db"), relative, link] {
        assert_eq!(fault(open(&name)), "locked", "{}", name.display());
    }
}

/// Two files that differ only behind the dot are two databases.
#[test]
fn neighbours_have_locks_of_their_own() {
    let home = tempfile::tempdir().unwrap();
    let first = open(&home.path().join("books.db"));
    let second = open(&home.path().join("books.sqlite"));
    assert_eq!((fault(first.as_ref()), fault(second.as_ref())), ("none", "none"));
}

/// Somebody else's database is not made ours by a slip of the pen.
#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("photos.db");
    let sql = rusqlite::Connection::open(&path).unwrap();
    sql.execute_batch("CREATE TABLE photo (name TEXT); INSERT INTO photo VALUES ('me')").unwrap();
    drop(sql);
    let before = fs::read(&path).unwrap();
    assert_eq!(fault(open(&path)), "schema");
    assert_eq!(fault(Admin::open(&at(&path))), "schema");
    assert_eq!(fault(doctor::examine(&at(&path), &mut |_, _| {})), "schema");
    assert!(fs::read(&path).unwrap() == before, "it was written to");
}

#[test]
fn the_lock_goes_with_its_holder() {
    let bench = Bench::new();
    let ada = bench.customer();
    let bench = bench.restart();
    assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
}

/// What was done to a healthy file, and how it is refused.
#[test]
fn a_file_that_cannot_be_trusted_is_refused() {
    let newer = "INSERT INTO schema_migration (version, name, sha256) VALUES (99, 'later', x'00')";
    let edited = "UPDATE schema_migration SET sha256 = zeroblob(32)";
    for (statement, part) in [(newer, "99"), (edited, "not this program's own")] {
        let bench = Bench::new();
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("copy.db");
        sqlite::backup(&bench.path(), &path, &mut |_, _| {}).unwrap();
        let sql = rusqlite::Connection::open(&path).unwrap();
        sql.execute_batch(statement).unwrap();
        drop(sql);
        assert_eq!(fault(open(&path)), "schema");
        assert_eq!(fault(Admin::open(&at(&path))), "schema");
        assert_eq!(fault(doctor::examine(&at(&path), &mut |_, _| {})), "schema");
        let told = open(&path).err().expect("it is refused").to_string();
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_damaged_file_is_called_so() {
    let home = tempfile::tempdir().unwrap();
    let garbage = home.path().join("garbage.db");
    fs::write(&garbage, "no database ".repeat(1000)).unwrap();
    assert_eq!(fault(open(&garbage)), "corrupt");
    assert_eq!(fault(Admin::open(&at(&garbage))), "corrupt");
    assert_eq!(fs::read_to_string(&garbage).unwrap().len(), 12_000, "it was written to");

    let bench = Bench::new();
    bench.customer();
    let torn = home.path().join("torn.db");
    sqlite::backup(&bench.path(), &torn, &mut |_, _| {}).unwrap();
    let mut bytes = fs::read(&torn).unwrap();
    let middle = bytes.len() / 2;
    bytes[100..middle].fill(0xa5);
    fs::write(&torn, bytes).unwrap();
    assert_eq!(fault(open(&torn)), "corrupt");
    let examined = doctor::examine(&at(&torn), &mut |_, _| {});
    let found = examined.as_ref().is_ok_and(|report| report.broken > 0);
    assert!(found || fault(examined) == "corrupt");
}

#[test]
fn nothing_is_made_where_something_must_be() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("nowhere.db");
    assert_eq!(fault(Admin::open(&at(&path))), "missing");
    assert_eq!(fault(doctor::examine(&at(&path), &mut |_, _| {})), "missing");
    assert_eq!(fault(Store::visit(&at(&path))), "missing");
    assert!(!path.exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [Path::new("/proc/purser"), file.as_path()] {
        let path = folder.join("purser.db");
        assert_eq!(fault(open(&path)), "read only");
        let told = open(&path).err().expect("it cannot be made").to_string();
        assert!(told.contains(folder.to_str().unwrap()), "{told}");
    }
}

#[test]
fn a_backup_is_whole_and_replaces_nothing() {
    let bench = Bench::new();
    let ada = bench.customer();
    for amount in 1..=50 {
        assert!(bench.tell(fund(ada, amount, "usd")).starts_with("funded"));
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("copy.db");
    // A write is open meanwhile: it is not in the copy.
    let held = bench.hold();
    let mut told = (0, 0);
    let copied = sqlite::backup(&bench.path(), &path, &mut |done, total| told = (done, total));
    drop(held);
    assert_eq!(fault(copied), "none");
    assert!(told.0 > 0 && told.0 == told.1, "{told:?}");
    let before = fs::read(&path).unwrap();
    assert!(sqlite::backup(&bench.path(), &path, &mut |_, _| {}).is_err());
    assert_eq!(fs::read(&path).unwrap(), before, "a backup was overwritten");

    let copy = open(&path).unwrap();
    assert_eq!(copy.secret(), bench.store.secret(), "ids would change");
    let report = doctor::examine(&at(&path), &mut |_, _| {}).unwrap();
    assert_eq!((report.broken, report.entries, report.transactions), (0, 50, 50));
    assert_eq!(bench.tell(create()), "customer");
}

#[test]
fn a_temporary_store_leaves_nothing_behind() {
    let store = Store::open(&Location::Temporary, [1; 16]).unwrap();
    let folder = store.file().unwrap().parent().unwrap().to_owned();
    assert!(folder.is_dir());
    drop(store);
    assert!(!folder.exists());
}

fn connection(bench: &Bench) -> Connection {
    Connection::open(bench.path()).expect("the file opens")
}

/// What is open is open for the whole file.
#[test]
fn a_lane_holds_the_file_while_a_write_is_open() {
    let bench = Bench::new();
    let held = bench.hold();
    let waiting = bench.submit(create());
    let sql = connection(&bench);
    sql.busy_timeout(Duration::ZERO).unwrap();
    assert!(sql.execute_batch("BEGIN IMMEDIATE").is_err(), "nobody is writing");
    drop(held);
    assert_eq!(told(&waiting), "customer");
}

/// Every statement that would change what is booked, and what it is told.
#[test]
fn what_is_booked_stays_booked() {
    let bench = Bench::new();
    let ada = bench.customer();
    assert_eq!(bench.tell(fund(ada, 5, "usd")), "funded usd 5 -> 5");
    let (balances, journal, postings) = (
        "cash balance transactions are append-only",
        "journal entries are append-only",
        "postings are append-only",
    );
    let cases = [
        ("UPDATE cash_transaction SET net_amount = 6", balances),
        ("UPDATE cash_transaction SET detail = NULL", balances),
        ("DELETE FROM cash_transaction", balances),
        ("UPDATE entry SET kind = 'funding_reversed'", journal),
        ("DELETE FROM entry", journal),
        ("UPDATE posting SET amount = amount * 2", postings),
        ("DELETE FROM posting WHERE line = 1", postings),
    ];
    let done: Vec<&str> = cases
        .iter()
        .filter(|(statement, want)| {
            let told = bench.home.try_run(statement);
            !told.is_err_and(|told| told.contains(want))
        })
        .map(|(statement, _)| *statement)
        .collect();
    assert_eq!(done, Vec::<&str>::new(), "these were carried out");
    bench.assert_healthy();
}

/// Takes as long as the lane waits for a lock: five seconds.
#[test]
fn a_lane_that_is_locked_out_fails_and_comes_back() {
    let bench = Bench::new();
    let ada = bench.customer();
    let sql = connection(&bench);
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(bench.available(ada), "", "readers go on");
    let told = bench.tell(fund(ada, 1, "usd").key("K", "1"));
    assert!(told.starts_with("failed: Locked"), "{told}");
    sql.execute_batch("COMMIT").unwrap();
    bench.check([(fund(ada, 1, "usd").key("K", "1"), "funded usd 1 -> 1"), (create(), "customer")]);
    bench.assert_healthy();
}

/// Snapshots that nobody uses any more do not keep the log from starting over.
#[test]
fn the_log_can_start_over() {
    let bench = Bench::new();
    let ada = bench.customer();
    let sql = connection(&bench);
    sql.busy_timeout(Duration::ZERO).unwrap();
    eventually("the log is empty", || {
        assert_eq!(bench.available(ada), "");
        bench.readers.release();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        sql.query_row(truncate, [], row) == Ok((0, 0))
    });
    assert_eq!(bench.tell(fund(ada, 1, "usd")), "funded usd 1 -> 1");
    assert_eq!(bench.available(ada), "usd 1");
}
