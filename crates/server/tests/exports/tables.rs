//! Tables: what is in them, in which order, and what may be asked for.

use super::{Desk, column};
use crate::support::on_both;
use crate::support::server::{Kind, Server};

on_both! {
    the_tables_follow_the_journal
    parts_are_asked_for
}

fn the_tables_follow_the_journal(kind: Kind) {
    let server = Server::started_on(kind);
    let desk = Desk::of(&server);
    let (ada, bea) = (desk.customer("Ada"), desk.customer("Bea"));
    desk.fund(&ada, 1_000, "usd");
    desk.fund(&bea, 2_000, "jpy");
    let paid = desk.pay(&ada, 300, "usd");
    desk.fund(&ada, 50, "eur");

    let text = desk.file("transactions.csv");
    assert_eq!(column(&text, "customer"), [&*ada, &*bea, &*ada, &*ada]);
    assert_eq!(column(&text, "customer_name"), ["Ada", "Bea", "Ada", "Ada"]);
    let types = ["funded", "funded", "applied_to_payment", "funded"];
    assert_eq!(column(&text, "type"), types);
    assert_eq!(column(&text, "currency"), ["usd", "jpy", "usd", "eur"]);
    assert_eq!(column(&text, "net_amount_minor"), ["1000", "2000", "-300", "50"]);
    assert_eq!(column(&text, "net_amount"), ["10.00", "2000", "-3.00", "0.50"]);
    assert_eq!(column(&text, "ending_balance"), ["10.00", "2000", "7.00", "0.50"]);
    assert_eq!(column(&text, "payment_intent"), ["", "", &*paid, ""]);

    let text = desk.file("journal.csv");
    let kinds = ["funded", "funded", "applied_to_payment", "payment_completed", "funded"];
    let twice: Vec<&str> = kinds.iter().flat_map(|kind| [*kind, *kind]).collect();
    assert_eq!(column(&text, "kind"), twice);
    let shown = desk.ask("GET", "/purser/v1/journal", &[]);
    let of_api = |name: &str| -> Vec<&str> {
        let entries = shown["data"].as_array().expect("a list").iter().rev();
        entries.flat_map(|entry| [entry[name].as_str().unwrap(); 2]).collect()
    };
    assert_eq!(column(&text, "entry"), of_api("id"));
    assert_eq!(column(&text, "seal"), of_api("seal"));
    let owners = column(&text, "owner");
    assert_eq!(owners.iter().filter(|owner| **owner == paid).count(), 2);
}

fn parts_are_asked_for(kind: Kind) {
    let server = Server::started_on(kind);
    let desk = Desk::of(&server);
    let (ada, bea) = (desk.customer("Ada"), desk.customer("Bea"));
    desk.fund(&ada, 1_000, "usd");
    desk.wait_days(3);
    desk.fund(&bea, 2_000, "usd");
    desk.fund(&ada, 70, "eur");
    desk.pay(&ada, 400, "usd");
    let all = desk.file("transactions.csv");
    let created = column(&all, "created");
    let (first, later, last) = (created[0], created[1], created[3]);
    for (query, want) in [
        (String::new(), "1000 2000 70 -400"),
        (format!("customer={ada}"), "1000 70 -400"),
        (format!("customer={bea}"), "2000"),
        (format!("customer={ada}&currency=eur"), "70"),
        ("currency=USD&customer=&from=&to=".to_owned(), "1000 2000 -400"),
        (format!("to={}", &first[..10]), "1000"),
        (format!("from={later}"), "2000 70 -400"),
        (format!("from={}&to={}", &first[..10], &last[..10]), "1000 2000 70 -400"),
        (format!("from=1000000000&to={first}"), "1000"),
        ("from=2070-01-01".to_owned(), ""),
    ] {
        let text = desk.file(&format!("transactions.csv?{query}"));
        assert_eq!(column(&text, "net_amount_minor").join(" "), want, "{query}");
    }
    let text = desk.file(&format!("journal.csv?customer={ada}&currency=usd"));
    let kinds = ["funded", "applied_to_payment", "payment_completed"];
    assert_eq!(column(&text, "kind"), kinds.map(|kind| [kind; 2]).concat());

    for (query, status, says) in [
        ("customer=cus_nobody", 400, "is no customer"),
        ("currency=dollars", 400, "is no currency"),
        ("from=yesterday", 400, "from: &#39;yesterday"),
        ("from=2026-02-02&to=2026-02-01", 400, "ends before it begins"),
        ("accounts=all", 400, "neither of totals and customers"),
    ] {
        let answer = desk.page(&format!("/dashboard/exports/journal.hledger?{query}"));
        let body = answer.body.replace('\'', "&#39;");
        assert!(answer.status == status && body.contains(says), "{query}: {body}");
    }
    assert_eq!(desk.page("/dashboard/exports/journal.pdf").status, 404);
}

#[test]
fn files_say_what_they_are() {
    let server = Server::started();
    let desk = Desk::of(&server);
    let ada = desk.customer("=HYPERLINK(\"http://evil.example\")");
    desk.fund(&ada, 1_000, "usd");
    for (file, kind, ending) in [
        ("transactions.csv", "text/csv; charset=utf-8; header=present", "csv"),
        ("journal.csv", "text/csv; charset=utf-8; header=present", "csv"),
        ("journal.hledger", "text/plain; charset=utf-8", "hledger"),
        ("journal.beancount", "text/plain; charset=utf-8", "beancount"),
    ] {
        let answer = desk.page(&format!("/dashboard/exports/{file}?currency=usd"));
        assert_eq!(answer.header_value("content-type"), Some(kind));
        assert_eq!(answer.header_value("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header_value("cache-control"), Some("no-store"));
        let name = answer.header_value("content-disposition").expect("a name");
        let (subject, _) = file.split_once('.').unwrap();
        assert!(name.starts_with(&format!("attachment; filename=\"purser-{subject}-acct_")));
        assert!(name.contains("-test-usd-to-20") && name.ends_with(&format!(".{ending}\"")));
        let is_whole = answer.body.ends_with("\n; end of export: 1 entries\n");
        assert_eq!(is_whole, ending != "csv", "{}", answer.body);
    }
    let text = desk.file("transactions.csv");
    assert!(text.contains(",\"'=HYPERLINK(\"\"http://evil.example\"\")\",funded,"), "{text}");
}

#[test]
fn empty_books_are_files_too() {
    let server = Server::started();
    let desk = Desk::of(&server);
    assert_eq!(desk.file("transactions.csv").matches("\r\n").count(), 1);
    assert_eq!(desk.file("journal.csv").matches("\r\n").count(), 1);
    for file in ["journal.hledger", "journal.beancount", "journal.hledger?accounts=customers"] {
        assert!(desk.file(file).ends_with("; end of export: 0 entries\n"));
    }
}

#[test]
fn nobody_exports_without_signing_in() {
    let mut server = Server::new();
    server.serve(&["--production".to_owned()]);
    for file in ["transactions.csv", "journal.csv", "journal.hledger"] {
        let answer = Desk::of(&server).page(&format!("/dashboard/exports/{file}"));
        assert_eq!((answer.status, &*answer.body), (303, ""));
        let to = answer.header_value("location").expect("a way on");
        assert!(to.starts_with("/dashboard/sign-in"), "{to}");
    }
}
