//! What cannot be exported whole never looks as if it were.

use rusqlite::Connection;

use super::Desk;
use crate::support::http::Request;
use crate::support::server::Server;

/// More than one page of entries.
const BEFORE: usize = 250;

#[test]
fn a_damaged_database_cuts_the_export_off() {
    let server = Server::started();
    let desk = Desk::of(&server);
    let ada = desk.customer("Ada");
    for _ in 0..BEFORE {
        desk.fund(&ada, 100, "usd");
    }
    let file = server.store().trim_start_matches("sqlite:");
    let database = Connection::open(file).expect("it is a file");
    database
        .execute_batch(
            "DROP TRIGGER cash_transaction_is_never_removed;
             DELETE FROM cash_transaction WHERE number = (SELECT max(number) FROM entry);",
        )
        .expect("damage is done");

    let request = Request::new("GET", "/dashboard/exports/transactions.csv", &[]);
    let told = desk.client.send(&request).expect_err("it is not whole");
    assert!(!told.is_empty());
    let exported = server.purser(&["export", "transactions"]);
    assert!(!exported.status.success());
    let complained = String::from_utf8_lossy(&exported.stderr).into_owned();
    assert!(complained.contains("the cash balance transaction of entry"), "{complained}");
    assert_eq!(String::from_utf8_lossy(&exported.stdout).matches(",funded,").count(), 200);

    // The journal itself is whole, and others go on.
    assert_eq!(desk.file("journal.csv").matches(",funded,").count(), 2 * BEFORE);
}
