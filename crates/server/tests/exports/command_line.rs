//! `purser export`.

use super::Desk;
use crate::support::on_both;
use crate::support::server::{Kind, Server};

on_both! { the_command_writes_what_the_server_sends }

fn the_command_writes_what_the_server_sends(kind: Kind) {
    let server = Server::started_on(kind);
    let desk = Desk::of(&server);
    let (ada, bea) = (desk.customer("Ada"), desk.customer("Bea"));
    desk.fund(&ada, 1_000, "usd");
    desk.fund(&bea, 500, "eur");
    desk.pay(&ada, 300, "usd");
    let by_customer: &[&str] = &["--format", "beancount", "--accounts", "customers"];
    let of_one: &[&str] = &["--customer", &ada, "--currency", "usd"];
    for (what, flags, file) in [
        ("transactions", &[] as &[&str], "transactions.csv".to_owned()),
        ("journal", &[], "journal.csv".to_owned()),
        ("journal", &["--format", "hledger"], "journal.hledger".to_owned()),
        ("journal", by_customer, "journal.beancount?accounts=customers".to_owned()),
        ("transactions", of_one, format!("transactions.csv?customer={ada}&currency=usd")),
        ("journal", &["--to", "2020-01-01"], "journal.csv?to=2020-01-01".to_owned()),
    ] {
        let sent = desk.file(&file);
        let done = server.purser(&[&["export", what], flags].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(String::from_utf8_lossy(&done.stdout), sent);
        assert!(done.stderr.is_empty(), "nobody looks at a terminal");
    }
}

#[test]
fn files_are_made_and_never_overwritten() {
    let server = Server::started();
    let desk = Desk::of(&server);
    desk.fund(&desk.customer("Ada"), 1_000, "usd");
    let path = server.home().join("journal.csv");
    let name = path.to_str().expect("a plain name");
    for succeeds in [true, false] {
        let done = server.purser(&["export", "journal", "--output", name]);
        assert_eq!(done.status.success(), succeeds);
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), desk.file("journal.csv"));
    }
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let server = Server::started();
    for (flags, says) in [
        (&["transactions", "--format", "hledger"] as &[&str], "as CSV only"),
        (&["journal", "--customer", "cus_nobody"], "'cus_nobody' is no customer"),
        (&["journal", "--account", "acct_nobody"], "acct_nobody has no books in test mode"),
        (&["journal", "--live"], "has no books in live mode"),
        (&["journal", "--from", "soon"], "'soon' is no moment"),
        (&["journal", "--accounts", "all"], "neither of totals and customers"),
    ] {
        let done = server.purser(&[&["export"], flags].concat());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(says), "{flags:?}: {said}");
        assert!(done.stdout.is_empty());
    }
}
