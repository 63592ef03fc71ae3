//! The ledger, the journal and the clock; and pages of what does not exist.

use crate::desk::{Desk, eventually, text};

const DAY_S: i64 = 24 * 60 * 60;

#[test]
fn the_ledger_adds_up() {
    let desk = Desk::new();
    desk.sees("/ledger", &["No money has moved yet"], &["balanced"]);
    let customer = desk.customer_with(123_456);
    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
    desk.api("POST", &path, &[("amount", "700"), ("currency", "jpy")]);
    let shown = ["Bank", "Cash of customers", "1,234.56", ">700<", "differ by nothing"];
    desk.sees("/ledger", &shown, &["broken"]);
    assert_eq!(desk.page("/ledger").matches(">balanced<").count(), 2);
}

#[test]
fn an_audit_is_started_and_its_result_shown() {
    let desk = Desk::new();
    desk.customer_with(5000);
    desk.sees("/ledger", &["has not audited"], &[">clean<"]);
    assert_eq!(desk.press("/ledger", "Audit now", &[], "was started"), "/ledger");
    eventually("the audit ends", || desk.page("/ledger").contains(">clean<"));
    desk.sees("/ledger", &["Audit now"], &["has not audited", "Look again"]);
}

#[test]
fn the_journal_is_read_by_day_and_page_by_page() {
    let desk = Desk::new();
    let customer = desk.customer_with(1);
    for cash in 2..=30 {
        desk.fund(&customer, cash, "eur");
    }
    assert_eq!(desk.rows("/journal"), 25);
    desk.sees("/journal", &["Bank", "0.30 EUR", "funded"], &[">0.05 EUR"]);
    let page = desk.page("/journal");
    let table = page.split("<tbody>").nth(1).expect("a table");
    let newest = table.split("datetime=\"").nth(1).and_then(|rest| rest.get(..10));
    let by_day = format!("/journal?day={}", newest.expect("a day"));
    assert_eq!(desk.rows(&by_day), 25);
    let second = desk.target(&by_day, "Older").expect("a second page");
    assert!(second.contains("day="), "{second}");
    assert_eq!(desk.rows(&second), 5);
    let path = desk.target("/journal", "funded").expect("an entry");
    let entry = desk.get(&format!("/purser/v1{path}"));
    let owner = format!("href=\"/dashboard/customers/{customer}\"");
    desk.sees(&path, &[&text(&entry, "seal"), "0.30 EUR", &owner, "Bank"], &[]);
    desk.sees("/journal?day=2019-12-31", &["There are no such entries"], &["funded"]);
    for wrong in ["yesterday", "2026-02-30", "%22%3E"] {
        assert_eq!(desk.look(&format!("/journal?day={wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn the_clock_is_moved_and_says_what_happened() {
    let desk = Desk::new();
    let offset = || desk.get("/purser/v1/clock")["offset_s"].as_i64().expect("a number");
    // The real time goes on between two readings of it.
    let is_ahead = |want: i64| assert!((want - 2..=want + 2).contains(&offset()), "{}", offset());
    desk.sees("/clock", &["It is the real time"], &["on the way</h2>"]);
    let form = desk.form("/clock", "Move it by 1 day");
    let to = desk.led(&desk.submit(&form, &[]), "The clock was moved to");
    is_ahead(DAY_S);
    desk.sees(&to, &["1d", "What happened on the way", "Nothing was due"], &[]);
    // The same page sends it once more.
    desk.led(&desk.submit(&form, &[]), "was moved since");
    is_ahead(DAY_S);

    // Money that somebody paid becomes available at a time of its own.
    let customer = desk.customer_with(5000);
    let params = [
        ("amount", "5000"),
        ("currency", "eur"),
        ("customer", &*customer),
        ("confirm", "true"),
        ("payment_method_types[]", "customer_balance"),
        ("payment_method_data[type]", "customer_balance"),
    ];
    desk.api("POST", "/v1/payment_intents", &params);
    for (button, more) in [("1 hour", DAY_S / 24), ("1 week", 7 * DAY_S), ("75 days", 75 * DAY_S)] {
        let before = offset();
        let button = format!("Move it by {button}");
        let to = desk.press("/clock", &button, &[], "The clock was moved to");
        is_ahead(before + more);
        if more == 7 * DAY_S {
            desk.sees(&to, &["balance.available"], &["Nothing was due"]);
        }
    }
}

#[test]
fn the_clock_is_moved_to_a_date_and_never_back() {
    let desk = Desk::new();
    let now = || desk.get("/purser/v1/clock")["now"].as_i64().expect("a number");
    let button = "Move it there";
    let moved = "The clock was moved to 2041-02-03 04:05";
    // More than ten years ahead is too far for one move.
    desk.press("/clock", button, &[("to", "2041-02-03T04:05")], "ten years");
    desk.press("/clock", button, &[("to", "2035-01-01T00:00")], "2035-01-01 00:00");
    desk.press("/clock", button, &[("to", "2041-02-03T04:05")], moved);
    assert!((2_243_477_100..2_243_477_160).contains(&now()), "{}", now());
    for (to, words) in
        [("2041-01-01T00:00", "only goes forward"), ("soon", "no moment"), ("", "advance_s")]
    {
        desk.press("/clock", button, &[("to", to)], words);
        assert!(now() < 2_243_477_160, "{to}");
    }
}

#[test]
fn what_does_not_exist_is_not_found() {
    let desk = Desk::new();
    for path in [
        "/events/evt_nothing",
        "/webhooks/we_nothing",
        "/requests/req_nothing",
        "/approvals/apr_nothing",
        "/journal/1",
        "/journal/nothing",
        "/events/..%2F..%2Fcustomers",
        "/events?after=evt_nothing",
        "/nowhere",
    ] {
        let answer = desk.look(path);
        let wanted = if path.contains('?') { 400..=404 } else { 404..=404 };
        assert!(wanted.contains(&answer.status), "{path}: {}", answer.status);
        assert!(answer.body.contains("<h1>"), "{path}: {}", answer.body);
    }
    let customer = desk.customer("");
    let of_another_kind = text(&desk.get(&format!("/v1/customers/{customer}")), "id");
    assert_eq!(desk.look(&format!("/events/{of_another_kind}")).status, 404);
}
