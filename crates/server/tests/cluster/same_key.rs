//! The same idempotency key at two servers at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use serde_json::Value;
use testing::postgres;

use crate::conservation::{Purse, all};
use crate::fleet::{Fleet, assert_says_retry};
use crate::support::http::Answer;
use crate::{Api, DEADLINE, Params, funding, pairs, text, within};

/// Keys of each kind of request.
const ROUNDS: usize = 25;

#[test]
fn one_key_at_two_servers_has_one_effect() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let customer = apis[0].customer();
    // From now on what both do is about this customer, about none, and about the account itself.
    let account = text(&apis[0].get("/v1/account"), "id");
    let fund = (funding(&customer), pairs(&[("amount", "500"), ("currency", "usd")]));
    let pay = pairs(&[
        ("amount", "300"),
        ("currency", "usd"),
        ("customer", &customer),
        ("confirm", "true"),
        ("payment_method_data[type]", "customer_balance"),
    ]);
    let requests = [
        ("funding", fund.0, fund.1),
        ("pay", "/v1/payment_intents".to_owned(), pay),
        ("make", "/v1/customers".to_owned(), pairs(&[("email", "twin@example.com")])),
        ("open", format!("/v1/accounts/{account}/external_accounts"), bank_account()),
        ("payout", "/v1/payouts".to_owned(), pairs(&[("amount", "10"), ("currency", "usd")])),
    ];
    let mut retried = 0;
    for (name, path, params) in &requests {
        let rounds = if *name == "open" { 1 } else { ROUNDS };
        let ids: BTreeSet<String> = (0..rounds)
            .map(|round| {
                let key = format!("{name}-{round}");
                let (id, again) = at_once(&apis, path, params, &key);
                retried += again;
                id
            })
            .collect();
        assert_eq!(ids.len(), rounds, "{name}: a key each");
    }
    let api = &apis[1];
    let purse = Purse::read(&|path| api.get(path), &customer);
    purse.check_chain();
    assert_eq!(purse.rows.len(), 2 * ROUNDS, "fundings and payments");
    assert_eq!(purse.available["usd"], ROUNDS as i64 * (500 - 300));
    let count = |path: &str| all(&|path| api.get(path), path).len();
    assert_eq!(count("/v1/customers?email=twin@example.com"), ROUNDS);
    assert_eq!(count("/v1/payouts"), ROUNDS);
    assert_eq!(count("/v1/payment_intents"), ROUNDS);
    println!("same key: {retried} of {} answers said to try again", 2 * (4 * ROUNDS + 1));
    fleet.assert_healthy();
}

/// With other parameters a key is refused wherever it was used first, also at the same moment.
#[test]
fn one_key_for_two_requests_is_refused_once() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let customer = apis[0].customer();
    for round in 0..ROUNDS {
        let key = format!("twice-{round}");
        let params = ["100", "200"].map(|it| pairs(&[("amount", it), ("currency", "usd")]));
        let path = funding(&customer);
        let answers = together(
            || until_told(&apis[0], &path, &params[0], &key).0,
            || until_told(&apis[1], &path, &params[1], &key).0,
        );
        let mut statuses = [answers.0.status, answers.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{answers:?}");
        let refused = if answers.0.status == 400 { answers.0 } else { answers.1 };
        assert!(refused.body.contains("was used with other parameters"), "{}", refused.body);
    }
    let rows = Purse::read(&|path| apis[0].get(path), &customer).rows;
    assert_eq!(rows.len(), ROUNDS);
    fleet.assert_healthy();
}

/// Where transactions see what was there when they began, unless they say otherwise, nothing else
/// happens.
#[test]
fn the_isolation_of_a_database_makes_no_difference() {
    for level in ["repeatable read", "serializable"] {
        let database = postgres::shared().database();
        let name = database.name();
        let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'");
        postgres::shared().admin(&set);
        let fleet = Fleet::start(&database.url(), 2);
        let apis = [fleet.api(0), fleet.api(1)];
        let customer = apis[0].customer();
        let (path, params) = (funding(&customer), pairs(&[("amount", "5"), ("currency", "usd")]));
        let fund = |at: usize| {
            for round in 0..2 * ROUNDS {
                let key = format!("{at}-{round}");
                assert_eq!(until_told(&apis[at], &path, &params, &key).0.status, 200);
            }
        };
        together(|| fund(0), || fund(1));
        let purse = Purse::read(&|path| apis[0].get(path), &customer);
        purse.check_chain();
        assert_eq!(purse.available["usd"], 4 * ROUNDS as i64 * 5, "{level}");
        fleet.assert_healthy();
    }
}

/// Sends a request to both with one key; gives the id in the answer, which is the same, and how
/// many answers said to try again first.
fn at_once(apis: &[Api; 2], path: &str, params: &Params, key: &str) -> (String, usize) {
    let tell = |at: usize| until_told(&apis[at], path, params, key);
    let ((one, waited), (other, waited_too)) = together(|| tell(0), || tell(1));
    assert_eq!((one.status, &one.body), (other.status, &other.body), "{key}");
    let replays = [&one, &other].map(|it| it.header_value("Idempotent-Replayed").is_some());
    assert!(replays[0] != replays[1] || waited + waited_too > 0, "{key}: {replays:?}");
    assert_eq!(one.status, 200, "{key}: {}", one.body);
    let value: Value = one.json().expect("JSON");
    (text(&value, "id"), waited + waited_too)
}

/// Asks until there is an answer other than to try again.
fn until_told(api: &Api, path: &str, params: &Params, key: &str) -> (Answer, usize) {
    let (mut told, mut again) = (None, 0);
    within(DEADLINE, "an answer for good", || {
        let answer = api.post(path, params, key).expect("it runs");
        match answer.status {
            200 | 400 | 402 => told = Some(answer),
            _ => {
                assert_says_retry(&answer);
                again += 1;
            }
        }
        told.is_some()
    });
    (told.expect("it was told"), again)
}

/// Does two things at the same moment.
fn together<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            barrier.wait();
            one()
        });
        barrier.wait();
        let other = other();
        (one.join().expect("no panic"), other)
    })
}

pub fn bank_account() -> Vec<(String, String)> {
    pairs(&[
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", "000123456789"),
        ("external_account[routing_number]", "110000000"),
    ])
}
