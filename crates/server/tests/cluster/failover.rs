//! Streaming replication: the primary dies, the standby takes over, and what was acknowledged is
//! there.

use std::time::{Duration, Instant};

use testing::postgres::{Cluster, Database};

use crate::eventually;
use crate::fleet::{FLAGS, Fleet};
use crate::load::Load;
use crate::support::random::Random;

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
    let load = Load::patient(&fleet.api(0));
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

/// While the standby is away nothing is acknowledged, however long a commit waits and however short
/// a statement may take: the standby knows everything that clients were told, when it is all that
/// is left.
#[test]
fn nothing_is_acknowledged_without_the_standby() {
    let pair = Pair::start();
    let flags = [FLAGS, &["--store-timeout-ms", "1000"]].concat();
    let mut random = Random::seeded("without the standby", 20_261_122);
    let mut fleet = Fleet::start_with(&pair.url(), 2, &flags);
    let load = Load::patient(&fleet.api(0));
    let (_, doors) = fleet.split();
    load.during(doors, &mut random, "w", || {
        load.more(SOME);
        pair.standby.stop();
        // Longer than a statement may take.
        let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'
                     AND query = 'COMMIT' AND clock_timestamp() - query_start > '2 seconds'";
        eventually("a commit waits", || pair.primary.admin(waits) == "t");
        let before = load.answered();
        pair.primary.kill();
        pair.standby.restart();
        pair.standby.promote();
        let promoted = Instant::now();
        load.more(SOME);
        println!("failover: {SOME} answers {:.2?} after the promotion", promoted.elapsed());
        assert!(before >= SOME, "nothing had been answered before");
    });
    println!("failover: {}", load.figures());
    load.check(fleet.doors());
    fleet.assert_healthy();
}
