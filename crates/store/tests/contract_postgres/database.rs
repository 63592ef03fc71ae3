//! The database itself: how it is made, what is refused, and what nobody may do to it.

use std::sync::Barrier;
use std::thread;

use store::admin::Admin;
use store::{Store, doctor};

use crate::support::asks::pay;
use crate::support::{Bench, Home, create, fault, fund};

/// Every statement that would change what is booked, as the role that Purser logs in as.
#[test]
fn what_is_booked_stays_booked() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 500, "usd"), "funded usd 500 -> 500");
    bench.expect(pay(ada, 100, "usd"), "succeeded 100/100");
    let tables = ["cash_transaction", "entry", "posting", "balance_transaction"];
    let mut done = Vec::new();
    for table in tables {
        let change = format!("UPDATE {table} SET world = 2");
        let remove = format!("DELETE FROM {table}");
        let empty = format!("TRUNCATE {table}");
        let lock = format!("SELECT 1 FROM {table} FOR UPDATE");
        for statement in [change, remove, empty, lock] {
            let told = bench.home.try_run(&statement);
            if !told.is_err_and(|why| why.contains("permission denied")) {
                done.push(statement);
            }
        }
    }
    assert_eq!(done, Vec::<String>::new(), "these were carried out");
    bench.assert_healthy();
}

/// Servers that start at the same moment on an empty database: one of them makes it.
#[test]
fn a_database_is_made_once() {
    const SERVERS: usize = 4;
    for _ in 0..8 {
        let home = Home::database();
        let together = Barrier::new(SERVERS);
        let secrets = thread::scope(|scope| {
            let threads: Vec<_> = (0..SERVERS)
                .map(|at| {
                    let (home, together) = (&home, &together);
                    scope.spawn(move || {
                        together.wait();
                        Store::open(&home.location(), [at as u8; 16]).map(|store| store.secret())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let first = secrets[0].clone();
        assert!(first.is_ok() && secrets.iter().all(|other| *other == first), "{secrets:?}");
    }
}

#[test]
fn nothing_is_made_where_something_must_be() {
    let home = Home::database();
    let location = home.location();
    assert_eq!(fault(Admin::open(&location)), "missing");
    assert_eq!(fault(doctor::examine(&location, &mut |_, _| {})), "missing");
    assert_eq!(fault(Store::visit(&location)), "missing");
    let made = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(home.one::<i64>(made), 0);
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    for url in ["postgres://purser@127.0.0.1:1/purser", "postgres://purser@nowhere.invalid/purser"]
    {
        let location = url.parse().expect("a location");
        assert_eq!(fault(Store::open(&location, [1; 16])), "unreachable", "{url}");
        assert_eq!(fault(Admin::open(&location)), "unreachable", "{url}");
    }
    let port = testing::postgres::shared().port();
    let location = format!("postgres://purser@127.0.0.1:{port}/nonesuch").parse().unwrap();
    assert_eq!(fault(Store::open(&location, [1; 16])), "unreachable");
}

/// What was done to a healthy database, and how it is refused.
#[test]
fn a_database_that_cannot_be_trusted_is_refused() {
    let newer = "INSERT INTO schema_migration (version, name, sha256) VALUES (99, 'later', '')";
    let edited = "UPDATE schema_migration SET sha256 = ''";
    for (statement, part) in [(newer, "99"), (edited, "not this program's own")] {
        let home = Home::database();
        let location = home.location();
        assert_eq!(fault(Store::open(&location, [1; 16])), "none");
        home.run(statement);
        assert_eq!(fault(Store::visit(&location)), "schema");
        assert_eq!(fault(Admin::open(&location)), "schema");
        assert_eq!(fault(doctor::examine(&location, &mut |_, _| {})), "schema");
        let told = Store::open(&location, [1; 16]).err().expect("it is refused").to_string();
        assert!(told.contains(part), "{told}");
    }
}

/// Somebody else's tables are not made ours by a slip of the pen.
#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = Home::database();
    home.run("CREATE TABLE customer (name TEXT); INSERT INTO customer VALUES ('me')");
    assert_ne!(fault(Store::open(&home.location(), [1; 16])), "none");
    assert_eq!(home.one::<String>("SELECT string_agg(name, ',') FROM customer"), "me");
    let made = "SELECT count(*) FROM pg_tables WHERE tablename = 'cash_transaction'";
    assert_eq!(home.one::<i64>(made), 0);
}

/// Looks from outside beside a server that is at work.
#[test]
fn a_visitor_sees_what_the_server_wrote() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 5, "usd"), "funded usd 5 -> 5");
    let visitor = Store::visit(&bench.location()).expect("it is there");
    assert_eq!(visitor.secret(), bench.store.secret());
    let readers = store::Readers::open(&visitor, 1).expect("readers");
    let held = bench.hold();
    let purse = readers.snapshot(|reader| reader.purse(bench.world, ada)).unwrap().expect("hers");
    assert_eq!(purse.available.0.len(), 1);
    assert_eq!(fault(Admin::open(&bench.location())), "none");
    bench.assert_healthy();
    drop(held);
    bench.expect(create(), "customer");
}
