//! A server that stands still for longer than its leases last. What it had is somebody else's when
//! it goes on, and nothing that it still had in its hands is committed.

use std::thread;
use std::time::{Duration, Instant};

use testing::postgres::{self, Database};

use crate::conservation::Purse;
use crate::fleet::{self, Fleet, another, assert_says_retry};
use crate::load::Load;
use crate::support::random::Random;
use crate::{TAKEOVER_MAX, eventually, funding, pairs, within};

/// For how long it stands still at least.
const PAUSE: Duration = Duration::from_secs(8);
/// How soon it works again.
const WELL_WITHIN: Duration = Duration::from_secs(10);
/// Answers between one event and the next.
const SOME: usize = 50;
/// The same while half of the requests meet a server that stands still.
const FEW: usize = 15;

/// Who has the lanes, by lane.
fn holders(database: &Database) -> Vec<String> {
    let lines = database.sql("SELECT coalesce(holder, '') FROM lane ORDER BY lane");
    lines.lines().map(str::to_owned).collect()
}

/// Whether all lanes of a holder have run out.
fn has_run_out(database: &Database, holder: &str) -> bool {
    let sql = format!(
        "SELECT count(*) FROM lane WHERE holder = '{holder}'
         AND expires_ms >= extract(epoch FROM clock_timestamp()) * 1000"
    );
    database.sql(&sql) == "0"
}

fn duties(database: &Database) -> String {
    database.sql("SELECT string_agg(holder, ' ' ORDER BY name) FROM lease")
}

/// Requests that reached it while it stood still meet lanes that others have written to since.
#[test]
fn what_it_had_in_its_hands_is_not_committed() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 1);
    eventually("the first has all duties", || duties(&database).split(' ').count() == 3);
    let first = holders(&database)[0].clone();
    let others = Fleet::start(&database.url(), 1);
    let (paused, other) = (fleet.api(0), others.api(0));
    let customer = other.customer();
    let before = duties(&database);
    let params = pairs(&[("amount", "100"), ("currency", "usd")]);
    let path = funding(&customer);
    let keys: Vec<String> = (0..8).map(|number| format!("paused-{number}")).collect();

    thread::scope(|scope| {
        let (api, to, with) = (&paused, &path, &params);
        let ask = |key: &String| {
            let key = key.clone();
            scope.spawn(move || api.post(to, with, &key).expect("it goes on"))
        };
        // The first of them is in a transaction when it stops: it waits for the customer, and has
        // it when somebody else lets go.
        let hold = "BEGIN; SELECT count(*) FROM (SELECT 1 FROM customer FOR UPDATE) held;
                    SELECT pg_sleep(1); COMMIT";
        scope.spawn(|| database.sql(hold));
        let is_there = |state: &str| {
            let sql = format!(
                "SELECT count(*) > 0 FROM pg_stat_activity
                 WHERE datname = '{}' AND {state}",
                database.name()
            );
            postgres::shared().admin(&sql) == "t"
        };
        eventually("the customer is held", || is_there("wait_event = 'PgSleep'"));
        let mut asked = vec![ask(&keys[0])];
        eventually("a lane waits", || is_there("wait_event_type = 'Lock'"));
        fleet.servers[0].signal("STOP");
        let stopped = Instant::now();
        let stands = "state = 'idle in transaction' AND application_name = 'purser'";
        eventually("it stands still in a transaction", || is_there(stands));
        asked.extend(keys[1..].iter().map(ask));
        // Half of the keys are used elsewhere meanwhile.
        for key in &keys[..4] {
            within(TAKEOVER_MAX, "another is not kept from it", || {
                let answer = other.post(&path, &params, key).expect("it runs");
                if answer.status != 200 {
                    assert_says_retry(&answer);
                }
                answer.status == 200
            });
        }
        println!("paused: the customer was free again after {:.2?}", stopped.elapsed());
        within(TAKEOVER_MAX, "its lanes have run out", || has_run_out(&database, &first));
        let third = another(&fleet.servers[0]);
        assert!(!holders(&database).contains(&first), "its lanes are not taken over");
        within(TAKEOVER_MAX, "its duties are taken over", || {
            duties(&database).split(' ').all(|holder| !before.contains(holder))
        });
        println!("paused: lanes and duties were taken over after {:.2?}", stopped.elapsed());
        let third_api = fleet::api(&third);
        third_api.fund(&customer, 1);
        while stopped.elapsed() < PAUSE {
            third_api.fund(&customer, 1);
        }
        fleet.servers[0].signal("CONT");
        for (key, asked) in keys.iter().zip(asked) {
            let answer = asked.join().expect("no panic");
            if answer.status != 200 {
                assert_says_retry(&answer);
            }
            let again = other.post(&path, &params, key).expect("it runs");
            assert_eq!(again.status, 200, "{}", again.body);
            if answer.status == 200 {
                assert_eq!(answer.body, again.body, "{key}");
            }
        }
    });
    let well = within(WELL_WITHIN, "it works again", || {
        let answer = paused.post(&path, &params, "well").expect("it runs");
        if answer.status != 200 {
            assert_says_retry(&answer);
        }
        answer.status == 200
    });
    println!("paused: it worked again {well:.2?} after it went on");
    assert!(!duties(&database).contains(&first), "it took its duties back from who lives");
    let purse = Purse::read(&|path| paused.get(path), &customer);
    purse.check_chain();
    let hundreds = purse.rows.iter().filter(|row| row["net_amount"] == 100).count();
    assert_eq!(hundreds, keys.len() + 1, "a key each, once");
    fleet.assert_healthy();
}

/// The same in the middle of everything, wherever in a batch it stops.
#[test]
fn it_may_stand_still_in_the_middle_of_everything() {
    let database = postgres::shared().database();
    let mut random = Random::seeded("paused", 20_261_122);
    let mut fleet = Fleet::start(&database.url(), 2);
    let load = Load::hasty(&fleet.api(0));
    let first = holders(&database)[0].clone();
    let third = {
        let (servers, doors) = fleet.split();
        load.during(doors, &mut random, "p", || {
            load.more(SOME);
            servers[0].signal("STOP");
            let stopped = Instant::now();
            within(TAKEOVER_MAX, "its lanes have run out", || has_run_out(&database, &first));
            let third = another(&servers[0]);
            let taken = stopped.elapsed();
            load.more(FEW);
            println!("paused: lanes taken after {taken:.2?}, going on {:.2?}", stopped.elapsed());
            within(PAUSE, "the pause is over", || stopped.elapsed() >= PAUSE);
            servers[0].signal("CONT");
            let goal = load.answered_by(0) + FEW;
            let well = within(WELL_WITHIN, "it works again", || load.answered_by(0) >= goal);
            println!("paused: {} answers of its own {well:.2?} after it went on", FEW);
            third
        })
    };
    println!("paused: {}", load.figures());
    drop(third);
    load.check(fleet.doors());
    fleet.assert_healthy();
}
