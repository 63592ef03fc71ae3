//! The end of a server: nobody is dropped, nothing is left behind; and copies while it runs.

use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::raw::{Raw, request};
use crate::support::server::{Kind, Server};
use crate::{Api, DEADLINE, assert_healthy, eventually, json, said};

const CLOCK: &str = "/purser/v1/clock";
const DAY_S: i64 = 24 * 60 * 60;
/// Where a move of the clock has to stop, and what is paid there.
const STOPS: usize = 120;
const PAYMENT: i64 = 50;

crate::support::on_both! {
    a_request_in_progress_is_answered_before_the_end
    both_signals_end_it_well
    a_long_move_of_the_clock_does_not_hold_up_the_end
    nothing_that_was_answered_is_lost_at_the_end
}

fn a_request_in_progress_is_answered_before_the_end(kind: Kind) {
    let mut server = Server::started_on(kind);
    let base = server.base().expect("it runs").to_owned();
    let address = base.strip_prefix("http://").expect("an address").to_owned();
    let idle = Raw::connect(&base);
    let body = "name=Ada&email=ada@example.com";
    let whole = request("POST", "/v1/customers", &[("Expect", "100-continue")], body);
    let (first, second) = whole.split_at(whole.len() - 10);
    let mut raw = Raw::connect(&base);
    raw.send(first);
    assert!(raw.head().starts_with("HTTP/1.1 100 "), "it does not wait for the body");

    server.signal("TERM");
    eventually("nobody new gets in", || TcpStream::connect(&address).is_err());
    assert!(server.ended(std::time::Duration::ZERO).is_none(), "it dropped a request");
    let answer = raw.send(second).answer().expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let ended = server.ended(DEADLINE).expect("it ends");
    assert_eq!(ended.code(), Some(0), "{}", server.log());
    drop(idle);

    server.restart();
    let id = json(&answer)["id"].as_str().expect("an id").to_owned();
    let kept = Api::new(&server).get(&format!("/v1/customers/{id}"));
    assert_eq!(json(&kept)["email"], "ada@example.com");
    assert_healthy(&server);
}

fn both_signals_end_it_well(kind: Kind) {
    for signal in ["TERM", "INT"] {
        let mut server = Server::started_on(kind);
        let customer = Api::new(&server).customer();
        server.signal(signal);
        let ended = server.ended(DEADLINE).unwrap_or_else(|| panic!("{signal} does not end it"));
        assert_eq!(ended.code(), Some(0), "{signal}: {}", server.log());
        server.restart();
        let kept = Api::new(&server).get(&format!("/v1/customers/{customer}"));
        assert_eq!(kept.status, 200);
    }
}

/// A move of the clock that would take long is cut short, and done again after the start.
fn a_long_move_of_the_clock_does_not_hold_up_the_end(kind: Kind) {
    let mut server = Server::on(kind);
    server.serve(&["--settlement-delay-days".to_owned(), "90".to_owned()]);
    let api = Api::new(&server);
    let customer = api.customer();
    // Each payment settles at a minute of its own, where the move has to stop.
    for count in 0..STOPS {
        assert_eq!(api.fund(&customer, PAYMENT, &format!("K{count}")).status, 200);
        let paid = api.call(
            "POST",
            "/v1/payment_intents",
            &[
                ("amount", &PAYMENT.to_string()),
                ("currency", "usd"),
                ("customer", &customer),
                ("payment_method_data[type]", "customer_balance"),
                ("confirm", "true"),
            ],
        );
        assert_eq!(json(&paid)["status"], "succeeded", "{}", paid.body);
        assert_eq!(api.call("POST", CLOCK, &[("advance_s", "61")]).status, 200);
    }
    let now = || json(&api.get(CLOCK))["now"].as_i64().expect("a moment");
    let began = now();
    let to = (began + 91 * DAY_S).to_string();
    let moved = thread::scope(|scope| {
        let mover = scope.spawn(|| api.call("POST", CLOCK, &[("to", &to)]));
        eventually("the clock is on its way", || now() > began + 80 * DAY_S);
        server.signal("TERM");
        mover.join().expect("it is answered")
    });
    assert_eq!(moved.status, 503, "{}", moved.body);
    assert_eq!(server.ended(DEADLINE).and_then(|ended| ended.code()), Some(0));
    assert_healthy(&server);

    server.restart();
    let api = Api::new(&server);
    let is = json(&api.get(CLOCK))["now"].as_i64().expect("a moment");
    assert!((began + 80 * DAY_S..began + 91 * DAY_S).contains(&is), "{is} after {began}");
    assert_eq!(api.call("POST", CLOCK, &[("to", &to)]).status, 200);
    let balance = json(&api.get("/v1/balance"));
    assert_eq!(balance["available"][0]["amount"], PAYMENT * STOPS as i64, "{balance}");
    assert_healthy(&server);
}

/// Writers work until the door closes: what they were told is there afterwards.
fn nothing_that_was_answered_is_lost_at_the_end(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    let answered = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (api, customer) = (&api, &customer);
                scope.spawn(move || {
                    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
                    let params = crate::owned(&[("amount", "1"), ("currency", "usd")]);
                    let request = crate::Request::new("POST", &path, &params)
                        .header("Authorization", "Bearer sk_test_operations");
                    let mut answered = 0;
                    while let Ok(answer) = api.client.send(&request) {
                        // Whoever comes too late is told so.
                        assert!(matches!(answer.status, 200 | 503), "{writer}: {}", answer.body);
                        answered += i64::from(answer.status == 200);
                    }
                    answered
                })
            })
            .collect();
        eventually("money comes in", || api.available(&customer) > 20);
        server.signal("TERM");
        let answered = writers.into_iter().map(|writer| writer.join().expect("no other status"));
        answered.sum::<i64>()
    });
    assert_eq!(server.ended(DEADLINE).and_then(|ended| ended.code()), Some(0));
    server.restart();
    let has = Api::new(&server).available(&customer);
    // At most one request of each writer was carried out without its answer coming through.
    assert!((answered..=answered + 4).contains(&has), "{has} of {answered}");
    assert_healthy(&server);
}

#[test]
fn a_database_in_memory_leaves_nothing_behind() {
    let mut server = Server::at("sqlite::memory:");
    server.serve(&[]);
    eventually("it says where its data is", || server.log().contains("\n  data "));
    let log = server.log();
    let data = log.lines().find_map(|line| line.trim().strip_prefix("data "));
    let file = Path::new(data.expect("it says where its data is").trim()).to_owned();
    assert!(file.is_file(), "{}", file.display());
    let api = Api::new(&server);
    let customer = api.customer();
    assert_eq!(api.fund(&customer, 5, "K").status, 200);
    assert_eq!(api.available(&customer), 5);
    server.signal("TERM");
    assert_eq!(server.ended(DEADLINE).and_then(|ended| ended.code()), Some(0));
    assert!(!file.parent().expect("a folder").exists(), "{} is left", file.display());
    server.restart();
    let gone = Api::new(&server).get(&format!("/v1/customers/{customer}"));
    assert_eq!(gone.status, 404, "a new start has old customers");
    server.signal("TERM");
    assert!(server.ended(DEADLINE).is_some());
}

#[test]
fn a_copy_made_under_load_is_whole() {
    let server = Server::started();
    let api = Api::new(&server);
    let customers: Vec<String> = (0..3).map(|_| api.customer()).collect();
    let over = AtomicBool::new(false);
    let copies: Vec<_> = (0..3).map(|at| server.home().join(format!("copy{at}.db"))).collect();
    let floors = thread::scope(|scope| {
        for customer in &customers {
            let (api, over) = (&api, &over);
            scope.spawn(move || {
                for count in 0.. {
                    let funded = api.fund(customer, 1, &format!("{customer}-{count}"));
                    assert_eq!(funded.status, 200, "{}", funded.body);
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        let floors: Vec<i64> = copies
            .iter()
            .map(|copy| {
                let known = api.available(&customers[0]);
                eventually("more comes in", || api.available(&customers[0]) > known);
                let floor = api.available(&customers[0]);
                let backup = server.purser(&["backup", &copy.to_string_lossy()]);
                assert!(backup.status.success(), "{}", said(&backup));
                // The doctor works beside writers as well.
                assert_healthy(&server);
                floor
            })
            .collect();
        over.store(true, Ordering::SeqCst);
        floors
    });
    let again = server.purser(&["backup", &copies[0].to_string_lossy()]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("exists already"), "{}", said(&again));
    for (copy, floor) in copies.iter().zip(floors) {
        let mut second = Server::at(&format!("sqlite:{}", copy.display()));
        assert_healthy(&second);
        second.serve(&[]);
        let copied = Api::new(&second);
        // What was there before the copy began is in it, and nothing from after its end.
        let has = copied.available(&customers[0]);
        assert!((floor..=api.available(&customers[0])).contains(&has), "{has} from {floor} on");
        assert_eq!(copied.fund(&customers[0], 7, "later").status, 200);
        assert_eq!(copied.available(&customers[0]), has + 7);
        second.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
    }
}
