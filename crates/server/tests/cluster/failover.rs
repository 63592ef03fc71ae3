//! Streaming replication: the primary dies, the standby takes over, and what was acknowledged is
//! there.

use std::sync::mpsc::{TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use testing::postgres::{Cluster, Database};

use crate::fleet::{FLAGS, Fleet};
use crate::load::Load;
use crate::support::random::Random;
use crate::{eventually, funding, pairs};

/// Answers between one event and the next.
const SOME: usize = 50;
/// What the primary calls its standby.
const STANDBY: &str = "standby";
/// How long servers may take to go on after the standby is a primary: BACKOFF_MAX of the store,
/// and what a busy machine adds.
const ON_WITHIN: Duration = Duration::from_secs(10);

/// A primary that commits nothing without its standby, and a database on both.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    database: Database,
}

impl Pair {
    fn start() -> Pair {
        let primary = Cluster::start(&[]);
        let database = primary.database();
        let standby = Cluster::replica_of(&primary, STANDBY);
        primary.configure("synchronous_standby_names", STANDBY);
        Pair { primary, standby, database }
    }

    /// Where whichever of them can be written is found.
    fn url(&self) -> String {
        let (one, other) = (self.primary.port(), self.standby.port());
        let (user, name) = (testing::postgres::USER, self.database.name());
        format!(
            "postgres://{user}@127.0.0.1:{one},127.0.0.1:{other}/{name}\
             ?target_session_attrs=read-write"
        )
    }
}

#[test]
fn acknowledged_writes_survive_a_failover() {
    let pair = Pair::start();
    let mut random = Random::seeded("failover", 20_261_122);
    let mut fleet = Fleet::start_with(&pair.url(), 2, FLAGS);
    let load = Load::prepare(&fleet.api(0));
    let (_, doors) = fleet.split();
    load.during(doors, &mut random, "f", || {
        load.more(SOME);
        let died = Instant::now();
        pair.primary.kill();
        pair.standby.promote();
        let promoted = Instant::now();
        load.more(1);
        let on = promoted.elapsed();
        println!(
            "failover: {:.2?} to kill and to promote, {on:.2?} from there to the first answer",
            promoted - died
        );
        assert!(on < ON_WITHIN, "it took {on:?}");
        load.more(SOME);
    });
    println!("failover: {}", load.figures());
    load.check(fleet.doors());
    fleet.assert_healthy();
    let rows = pair.standby.sql(pair.database.name(), "SELECT count(*) > 0 FROM cash_transaction");
    assert_eq!(rows, "t", "all of that was on the new primary");
}

/// While the standby is away nothing is acknowledged, whatever a statement may take.
#[test]
fn nothing_is_acknowledged_without_the_standby() {
    let pair = Pair::start();
    let flags = ["--store-connections", "2", "--store-timeout-ms", "1000"];
    let fleet = Fleet::start_with(&pair.url(), 1, &flags);
    let api = fleet.api(0);
    let customer = api.customer();
    pair.standby.stop();
    let params = pairs(&[("amount", "5"), ("currency", "usd")]);
    let (path, (tell, told)) = (funding(&customer), channel());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = tell.send(api.post(&path, &params, "alone"));
        });
        // Longer than a statement may take.
        let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'
                     AND clock_timestamp() - query_start > interval '2 seconds'";
        eventually("the commit waits", || pair.primary.admin(waits) == "t");
        let early = told.try_recv();
        assert!(matches!(early, Err(TryRecvError::Empty)), "it is on one disk only: {early:?}");
        pair.standby.restart();
        let began = Instant::now();
        let answer = told.recv().expect("an answer").expect("the server runs");
        println!("failover: {} {:.2?} after the standby was back", answer.status, began.elapsed());
        let answer = api.post(&path, &params, "alone").expect("the server runs");
        assert_eq!(answer.status, 200, "{}", answer.body);
    });
    let rows = crate::conservation::Purse::read(&|path| api.get(path), &customer).rows;
    assert_eq!(rows.len(), 1);
    fleet.assert_healthy();
}
