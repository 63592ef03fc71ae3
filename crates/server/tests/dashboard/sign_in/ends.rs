//! What ends a session, and that guessing gets nowhere.

use super::{PASSWORD, add, as_key, as_user, far_sandbox, key, production, secret, users};
use crate::browser::Browser;
use crate::support::http::{Client, Request};
use crate::support::server::{Kind, Server};

const HOUR_S: i64 = 60 * 60;

fn advance(server: &Server, seconds: i64) {
    let client = Client::new(server.base().expect("it runs"));
    let params = [("advance_s".to_owned(), seconds.to_string())];
    let request = Request::new("POST", "/purser/v1/clock", &params);
    let moved = client.send(&request.header("Authorization", "Bearer sk_test_clock"));
    assert_eq!(moved.expect("the server runs").status, 200);
}

#[test]
fn signing_out_ends_it_here_and_nowhere_else() {
    let server = production();
    add(&server, "ada", "operator");
    let (mut here, mut there) = (as_user(&server, "ada"), as_user(&server, "ada"));
    let kept = here.clone();
    let token = here.token("/dashboard");
    assert_eq!(here.post("/dashboard/sign-out", &[("token", &token)]).status, 303);
    assert!(!here.cookies.contains_key("purser_session"));
    assert!(!kept.clone().is_in(), "also for whoever kept the cookie");
    assert!(there.is_in());
}

#[test]
fn it_ends_with_what_opened_it() {
    let server = production();
    add(&server, "ada", "operator");
    let (mut ada, mut other) = (as_user(&server, "ada"), as_user(&server, "ada"));
    assert!(ada.is_in() && other.is_in());
    let changed = users(&server, &["password", "ada", "--password-stdin"], "another horse battery");
    assert!(changed.status.success(), "{changed:?}");
    assert!(!ada.is_in() && !other.is_in());
    let wrong = Browser::new(&server).sign_in(&[("name", "ada"), ("password", PASSWORD)]);
    assert_eq!(wrong.status, 403);

    add(&server, "bob", "read-only");
    let mut bob = as_user(&server, "bob");
    assert!(bob.is_in());
    assert!(users(&server, &["remove", "bob"], "").status.success());
    assert!(!bob.is_in());
    add(&server, "bob", "operator");
    assert!(!bob.is_in(), "another person of that name");

    let key = key(&server, &["--mode", "live"]);
    let mut till = as_key(&server, secret(&key));
    assert!(till.is_in());
    let id = key["id"].as_str().expect("an id");
    assert!(server.purser(&["keys", "revoke", id]).status.success());
    assert!(!till.is_in());
    assert_eq!(Browser::new(&server).sign_in(&[("key", secret(&key))]).status, 403);
}

#[test]
fn it_ends_when_nobody_looks_and_after_a_week() {
    let server = far_sandbox();
    add(&server, "ada", "operator");
    let mut ada = as_user(&server, "ada");
    for _ in 0..15 {
        advance(&server, 11 * HOUR_S);
        assert!(ada.is_in());
    }
    advance(&server, 4 * HOUR_S);
    assert!(!ada.is_in(), "169 hours are more than a week");

    let mut ada = as_user(&server, "ada");
    advance(&server, 11 * HOUR_S);
    let mut script = ada.with("Purser-Live", "1");
    assert!(script.is_in(), "a page that asks for itself is answered");
    advance(&server, HOUR_S);
    assert!(!ada.is_in(), "and is nobody who looks");
}

#[test]
fn a_sandbox_key_opens_nothing_in_production() {
    let mut server = far_sandbox();
    let mut anybody = as_key(&server, "sk_test_anything");
    assert!(anybody.is_in());
    server.serve(&["--production".to_owned()]);
    let mut now = Browser::new(&server);
    now.cookies = anybody.cookies.clone();
    assert!(now.cookies.contains_key("purser_session"));
    assert!(!now.is_in());
    assert_eq!(now.sign_in(&[("key", "sk_test_anything")]).status, 403);
}

#[test]
fn guessing_is_slowed_by_name_and_by_address() {
    let server = far_sandbox();
    add(&server, "ada", "operator");
    let from = |address: usize| {
        Browser::new(&server).with("X-Forwarded-For", &format!("8.8.8.8, 10.9.8.{address}"))
    };
    let right = [("name", "ada"), ("password", PASSWORD)];
    for address in 0..10 {
        let answer = from(address).sign_in(&[("name", "ada"), ("password", "wrong horse battery")]);
        assert_eq!(answer.status, 403, "{}", answer.body);
    }
    let slowed = from(11).sign_in(&right);
    assert_eq!(slowed.status, 429, "also the right one, from wherever");
    let wait = slowed.header_value("retry-after").and_then(|wait| wait.parse::<i64>().ok());
    assert!(wait.is_some_and(|wait| (1..=600).contains(&wait)), "{wait:?}");
    for _ in 0..10 {
        assert_eq!(from(20).sign_in(&[("key", "sk_live_guess")]).status, 403);
    }
    assert_eq!(from(20).sign_in(&[("key", "sk_test_x")]).status, 429);
    assert_eq!(from(21).sign_in(&[("key", "sk_test_x")]).status, 303, "others are not slowed");
    advance(&server, 601);
    assert_eq!(from(11).sign_in(&right).status, 303);
}

#[test]
fn nobody_takes_as_long_as_a_wrong_password() {
    let server = far_sandbox();
    add(&server, "ada", "operator");
    let took = |name: &str| {
        let mut browser = Browser::new(&server);
        let token = browser.token("/dashboard/sign-in");
        let began = std::time::Instant::now();
        let fields = [("token", token.as_str()), ("name", name), ("password", "wrong password")];
        assert_eq!(browser.post("/dashboard/sign-in", &fields).status, 403);
        began.elapsed()
    };
    let wrong = (0..3).map(|_| took("ada")).min().expect("three");
    let nobody = (0..3).map(|_| took("nobody")).min().expect("three");
    assert!(nobody * 3 > wrong && wrong * 3 > nobody, "{wrong:?} {nobody:?}");
}

#[test]
fn servers_on_one_database_share_sessions() {
    let database = Server::on(Kind::Postgres);
    let url = database.database().url();
    let (mut one, mut two) = (Server::at(&url), Server::at(&url));
    one.serve(&["--production".to_owned()]);
    two.serve(&["--production".to_owned()]);
    add(&one, "ada", "operator");
    let mut ada = as_user(&one, "ada");
    let mut elsewhere = Browser::new(&two);
    elsewhere.cookies = ada.cookies.clone();
    assert!(ada.is_in() && elsewhere.is_in());
    let token = ada.token("/dashboard");
    assert_eq!(elsewhere.post("/dashboard/sign-out", &[("token", &token)]).status, 303);
    assert!(!ada.is_in());
}
