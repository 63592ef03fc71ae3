//! PostgreSQL dies and comes back: servers say so, and go on by themselves.

use std::thread;
use std::time::{Duration, Instant};

use testing::postgres::Cluster;

use crate::fleet::{Fleet, assert_says_retry};
use crate::load::Load;
use crate::receiver::Receiver;
use crate::support::http::{Answer, Request};
use crate::support::random::Random;
use crate::{Api, CLOCK, eventually, text, within};

/// Answers between one event and the next.
const SOME: usize = 50;
/// How long a server may take to notice that the database is back: BACKOFF_MAX of the store, and
/// what a busy machine adds.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to say that the database is not there. It refuses connections at once.
const SAYS_SO_WITHIN: Duration = Duration::from_secs(7);

fn read(api: &Api, customer: &str) -> Answer {
    let path = format!("/v1/customers/{customer}/cash_balance");
    api.send(Request::new("GET", &path, &[])).expect("the server runs")
}

fn write(api: &Api) -> Answer {
    api.send(Request::new("POST", "/v1/customers", &[])).expect("the server runs")
}

#[test]
fn servers_go_on_by_themselves_when_the_database_is_back() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let mut random = Random::seeded("outage", 20_261_122);
    let mut fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let load = Load::patient(&apis[0]);
    let customer = apis[0].customer();
    let (_, doors) = fleet.split();
    load.during(doors, &mut random, "o", || {
        for _ in 0..2 {
            load.more(SOME);
            cluster.kill();
            for api in &apis {
                for ask in [&|api: &Api| write(api), &|api: &Api| read(api, &customer)]
                    as [&dyn Fn(&Api) -> Answer; 2]
                {
                    let asked = Instant::now();
                    let answer = ask(api);
                    assert_eq!(answer.status, 503, "{}", answer.body);
                    assert_says_retry(&answer);
                    assert!(asked.elapsed() < SAYS_SO_WITHIN, "it took {:?}", asked.elapsed());
                }
            }
            cluster.restart();
            let back = load.more(SOME);
            println!("outage: {back:.2?} from the restart to {SOME} answers");
        }
    });
    for api in &apis {
        within(BACK_WITHIN, "writes are back", || write(api).status == 200);
        within(BACK_WITHIN, "reads are back", || read(api, &customer).status == 200);
    }
    println!("outage: {}", load.figures());
    load.check(fleet.doors());
    fleet.assert_healthy();
}

/// Everything else that has a connection of its own comes back, too: moves of the clock, accounts
/// that are new, what is due, webhooks.
#[test]
fn nothing_stays_away_when_the_database_is_back() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    let fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let receiver = Receiver::start();
    let customer = apis[0].customer();
    cluster.kill();
    for api in &apis {
        assert_says_retry(&write(api));
    }
    cluster.restart();
    let began = Instant::now();
    for (at, api) in apis.iter().enumerate() {
        within(BACK_WITHIN, "writes are back", || write(api).status == 200);
        let account = format!("acct_after{at}");
        within(BACK_WITHIN, "new accounts are made", || {
            let request = Request::new("POST", "/v1/customers", &[]);
            let answer = api.send(request.header("Stripe-Account", &account));
            answer.expect("it runs").status == 200
        });
        within(BACK_WITHIN, "reads are back", || read(api, &customer).status == 200);
        let to = (api.now() + 60).to_string();
        within(BACK_WITHIN, "the clock moves", || {
            let params = [("to".to_owned(), to.clone())];
            let answer = api.send(Request::new("POST", CLOCK, &params)).expect("it runs");
            if answer.status != 200 {
                assert_says_retry(&answer);
            }
            answer.status == 200
        });
    }
    let offset = |api: &Api| api.get(CLOCK)["offset_s"].as_i64();
    within(BACK_WITHIN, "the clocks agree", || offset(&apis[0]) == offset(&apis[1]));
    // An endpoint that nobody knew before; the events come from the one that does not deliver.
    let params = [("url", receiver.url()), ("enabled_events[]", "*".to_owned())];
    let params: Vec<(&str, &str)> = params.iter().map(|(name, it)| (*name, it.as_str())).collect();
    apis[1].ask("POST", "/v1/webhook_endpoints", &params);
    let made = [apis[0].customer(), apis[1].customer()];
    eventually("webhooks are told", || {
        let posts = receiver.posts();
        made.iter().all(|customer| {
            posts.iter().any(|post| text(&post.event["data"]["object"], "id") == *customer)
        })
    });
    println!("outage: everything was back {:.2?} after the restart", began.elapsed());
    fleet.assert_healthy();
}

/// Somebody holds what a write needs, for longer than a statement may take: that is no fault of
/// the server, and the write is done when it is free.
#[test]
fn a_lock_that_is_held_is_waited_for_and_then_given_up() {
    let cluster = testing::postgres::shared();
    let database = cluster.database();
    let flags = ["--store-connections", "2", "--store-timeout-ms", "1000"];
    let fleet = Fleet::start_with(&database.url(), 1, &flags);
    let api = fleet.api(0);
    let customer = api.customer();
    thread::scope(|scope| {
        let hold = "BEGIN; SELECT count(*) FROM (SELECT 1 FROM customer FOR UPDATE) locked;
                    SELECT pg_sleep(3); COMMIT";
        scope.spawn(|| database.sql(hold));
        let held = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%'
                    AND wait_event = 'PgSleep'";
        eventually("the lock is held", || cluster.admin(held) == "1");
        let params = crate::pairs(&[("amount", "5"), ("currency", "usd")]);
        let fund = || api.post(&crate::funding(&customer), &params, "held").expect("it runs");
        assert_says_retry(&fund());
        let took = eventually("it is free", || {
            let answer = fund();
            if answer.status != 200 {
                assert_says_retry(&answer);
            }
            answer.status == 200
        });
        println!("outage: a held customer was funded {took:.2?} later");
    });
    fleet.assert_healthy();
}
