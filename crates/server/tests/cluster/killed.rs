//! One of two servers is killed in the middle of everything, and started again.

use std::thread;
use std::time::{Duration, Instant};

use testing::postgres;

use crate::conservation::Purse;
use crate::fleet::{Fleet, assert_healthy};
use crate::load::Load;
use crate::support::random::Random;
use crate::{eventually, funding, pairs, text};

/// Answers between one event and the next.
const SOME: usize = 40;

#[test]
fn nothing_is_lost_and_nothing_happens_twice() {
    let database = postgres::shared().database();
    let mut random = Random::seeded("killed", 20_261_122);
    let mut fleet = Fleet::start(&database.url(), 2);
    let load = Load::hasty(&fleet.api(0));
    let (servers, doors) = fleet.split();
    load.during(doors, &mut random, "k", || {
        load.more(SOME);
        // Whenever the doctor looks, everything is in order.
        assert_healthy(&servers[0]);
        for at in [0, 1, 0] {
            load.more(SOME);
            servers[at].kill9();
            let alone = load.more(SOME / 2);
            let began = Instant::now();
            doors.restart(at, servers);
            println!(
                "killed: {alone:.2?} for {} answers alone, started in {:.2?}",
                SOME / 2,
                began.elapsed()
            );
        }
        load.more(SOME);
    });
    println!("killed: {}", load.figures());
    load.check(fleet.doors());
    fleet.assert_healthy();
}

/// A server commits, and dies before it can say so: the other one says it.
#[test]
fn what_was_committed_and_not_answered_is_answered_by_another() {
    let database = postgres::shared().database();
    let mut fleet = Fleet::start(&database.url(), 2);
    let (first, second) = (fleet.api(0), fleet.api(1));
    let customer = second.customer();
    let (path, params) = (funding(&customer), pairs(&[("amount", "700"), ("currency", "usd")]));
    let rows = || Purse::read(&|path| second.get(path), &customer).rows;
    let (servers, _) = fleet.split();
    thread::scope(|scope| {
        let asked = scope.spawn(|| first.post(&path, &params, "hold-1"));
        eventually("the commit", || rows().len() == 1);
        // A second request with the key meets an answer, and waits for nobody.
        let answer = second.post(&path, &params, "hold-1").expect("it runs");
        assert_eq!(answer.header_value("Idempotent-Replayed"), Some("true"), "{}", answer.body);
        assert_eq!(answer.json().expect("JSON")["id"], rows()[0]["id"]);
        servers[0].kill9();
        assert!(asked.join().expect("no panic").is_err(), "it was never answered");
    });
    assert_eq!(rows().len(), 1);
    // Its lanes are somebody else's before long, and nobody misses them.
    let began = Instant::now();
    second.fund(&customer, 1);
    assert!(began.elapsed() < Duration::from_secs(5), "a dead server is in the way");
    fleet.assert_healthy();
}

/// Both make the schema, the first lanes and the first account at the same moment.
#[test]
fn servers_start_together_on_an_empty_database() {
    for _ in 0..3 {
        let database = postgres::shared().database();
        let url = database.url();
        let fleets: Vec<Fleet> = thread::scope(|scope| {
            let start = || scope.spawn(|| Fleet::start(&url, 1));
            let starting: Vec<_> = (0..3).map(|_| start()).collect();
            starting.into_iter().map(|it| it.join().expect("all of them start")).collect()
        });
        let customer = fleets[0].api(0).customer();
        for fleet in &fleets {
            fleet.api(0).fund(&customer, 100);
        }
        let id = |fleet: &Fleet| text(&fleet.api(0).get("/v1/account"), "id");
        let accounts: Vec<String> = fleets.iter().map(id).collect();
        assert!(accounts.iter().all(|account| *account == accounts[0]), "{accounts:?}");
        fleets[0].assert_healthy();
    }
}
