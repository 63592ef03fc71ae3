//! Statements: their sums, and the days they are about.

use super::Desk;
use crate::support::on_both;
use crate::support::server::{Kind, Server};

on_both! { a_statement_adds_up }

fn a_statement_adds_up(kind: Kind) {
    let server = Server::started_on(kind);
    let desk = Desk::of(&server);
    let ada = desk.customer("Ada <Lovelace>");
    desk.fund(&ada, 100_000, "usd");
    desk.fund(&ada, 777, "eur");
    desk.pay(&ada, 2_500, "usd");
    let first = today(&desk);
    desk.wait_days(2);
    desk.fund(&ada, 777, "eur");
    desk.fund(&ada, 12_345, "usd");
    desk.pay(&ada, 345, "usd");
    desk.pay(&ada, 1_000, "usd");
    let second = today(&desk);
    desk.wait_days(2);
    desk.fund(&ada, 50_000, "usd");
    let third = today(&desk);

    for (from, to, currency, want, rows) in [
        (&first, &third, "usd", "0.00 1,623.45 -38.45 1,585.00", 6),
        (&first, &first, "usd", "0.00 1,000.00 -25.00 975.00", 2),
        (&second, &second, "usd", "975.00 123.45 -13.45 1,085.00", 3),
        (&third, &third, "usd", "1,085.00 500.00 0.00 1,585.00", 1),
        (&second, &third, "eur", "7.77 7.77 0.00 15.54", 1),
        (&first, &second, "jpy", "0 0 0 0", 0),
    ] {
        let query = format!("from={from}&to={to}&currency={currency}");
        let page = statement(&desk, &ada, &query);
        let sums = ["Opening balance", "Came in", "Went out", "Closing balance"];
        let found = sums.map(|name| fact(&page, name).split(' ').next().unwrap().to_owned());
        assert_eq!(found.join(" "), want, "{query}");
        assert_eq!(page.matches("<tr><td").count(), rows, "{query}");
        assert!(page.contains("Ada &lt;Lovelace&gt;"), "{page}");
    }
    // Only a beginning, only an end, and neither: then the month before this one is meant.
    assert_eq!(fact(&statement(&desk, &ada, &format!("currency=usd&from={second}")), "To"), third);
    assert_eq!(
        fact(&statement(&desk, &ada, &format!("currency=usd&to={first}")), "Closing balance"),
        "975.00 USD"
    );
    desk.wait_days(62);
    let page = statement(&desk, &ada, "");
    let (from, to) = (fact(&page, "From"), fact(&page, "To"));
    assert!(from.ends_with("-01") && from[..7] == to[..7] && to > third);

    for (path, status) in [
        ("/dashboard/customers/cus_nobody/statement".to_owned(), 404),
        (format!("/dashboard/customers/{ada}/statement?currency=dollars"), 400),
        (format!("/dashboard/customers/{ada}/statement?from=2026-02-31"), 400),
    ] {
        assert_eq!(desk.page(&path).status, status, "{path}");
    }
}

#[test]
fn a_long_statement_says_that_there_is_more() {
    let server = Server::started();
    let desk = Desk::of(&server);
    let ada = desk.customer("Ada");
    for _ in 0..501 {
        desk.fund(&ada, 123_456_789, "usd");
    }
    let day = today(&desk);
    let page = statement(&desk, &ada, &format!("from={day}"));
    assert_eq!(page.matches("<tr><td").count(), 500);
    assert!(page.contains("There are more transactions in these days"));
    assert!(!page.contains("Came in"), "sums of a part would mislead");
    assert_eq!(fact(&page, "Closing balance"), "618,518,512.89 USD");
    assert!(page.len() < 200 << 10, "{} bytes", page.len());
}

/// The day of the newest transaction.
fn today(desk: &Desk) -> String {
    let text = desk.file("transactions.csv");
    super::column(&text, "created").last().expect("a transaction")[..10].to_owned()
}

#[track_caller]
fn statement(desk: &Desk, customer: &str, query: &str) -> String {
    let page = desk.page(&format!("/dashboard/customers/{customer}/statement?{query}"));
    assert_eq!(page.status, 200, "{}", page.body);
    page.body
}

/// What a page says of something, as text.
#[track_caller]
fn fact(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("<dt>{name}</dt><dd>")).expect("it is there");
    let (value, _) = rest.split_once("</dd>").expect("it ends");
    value.replace("<span class=\"money\">", "").replace("</span>", "")
}
