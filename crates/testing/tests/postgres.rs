//! The harness keeps its promises: databases apart, standbys that take over, nothing left behind.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testing::postgres::{self, Cluster};

/// How long the traces of a dead test process may stay, and anything else that a test waits for.
const WAIT_LIMIT: Duration = Duration::from_secs(20);

/// Set in the child process of the test that kills it.
const CHILD: &str = "PURSER_TESTING_CHILD";

#[test]
fn a_database_is_made_and_answers() {
    let begun = Instant::now();
    let database = postgres::shared().database();
    println!("first database after {:?}", begun.elapsed());
    database.sql("CREATE TABLE a (b int, c text); INSERT INTO a VALUES (1, 'x'), (2, 'y')");
    assert_eq!(database.sql("SELECT b, c FROM a ORDER BY b"), "1|x\n2|y");
    let version: u32 = database.sql("SHOW server_version_num").parse().expect("a number");
    assert!(version >= 150_000, "{version}");
    assert_eq!(database.sql("SHOW server_encoding"), "UTF8");
}

#[test]
fn two_databases_do_not_see_each_other() {
    let (one, two) = (postgres::shared().database(), postgres::shared().database());
    one.sql("CREATE TABLE only_here (b int)");
    assert_ne!(one.url(), two.url());
    let refusal = two.try_sql("SELECT * FROM only_here").expect_err("is not there");
    assert!(refusal.contains("does not exist"), "{refusal}");
}

#[test]
fn the_role_owns_its_database_and_is_no_superuser() {
    let database = postgres::shared().database();
    assert_eq!(database.sql("SELECT current_user"), postgres::USER);
    assert_eq!(database.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), "f");
    database.sql("CREATE SCHEMA a; CREATE TABLE a.b (c int); REVOKE UPDATE ON a.b FROM purser");
    let refusal = database.try_sql("UPDATE a.b SET c = 1").expect_err("is revoked");
    assert!(refusal.contains("permission denied"), "{refusal}");
    // The superuser is not let in over TCP.
    let url = database.url().replace("purser@", "postgres@");
    let psql = Command::new("psql").args(["-X", "-d", &url, "-c", "SELECT 1"]).output();
    assert!(psql.is_ok_and(|output| !output.status.success()));
}

#[test]
fn a_database_goes_with_its_value() {
    let database = postgres::shared().database();
    let name = database.name().to_owned();
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(postgres::shared().admin(&count), "1");
    let begun = Instant::now();
    drop(database);
    println!("dropped within {:?}", begun.elapsed());
    assert_eq!(postgres::shared().admin(&count), "0");
}

#[test]
fn many_databases_are_made_at_once() {
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(|| {
                let begun = Instant::now();
                let database = postgres::shared().database();
                println!("a database of many after {:?}", begun.elapsed());
                database.sql("SELECT 1")
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), "1");
    }
}

#[test]
#[should_panic(expected = "others use the shared server")]
fn the_shared_server_cannot_be_killed() {
    postgres::shared().kill();
}

#[test]
#[should_panic(expected = "unrecognized configuration parameter")]
fn a_start_that_fails_shows_the_log() {
    Cluster::start(&[("no_such_setting", "1")]);
}

#[test]
fn a_server_of_ones_own_is_careful_and_takes_settings() {
    let begun = Instant::now();
    let cluster = Cluster::start(&[("max_connections", "20"), ("application_name", "it's")]);
    println!("a cluster after {:?}", begun.elapsed());
    assert_eq!(cluster.admin("SHOW fsync; SHOW synchronous_commit"), "on\nlocal");
    let database = cluster.database();
    assert_eq!(database.sql("SHOW synchronous_commit; SHOW max_connections"), "on\n20");
    cluster.configure("work_mem", "5MB");
    assert_eq!(database.sql("SHOW work_mem"), "5MB");
}

#[test]
fn a_killed_server_leaves_no_process_and_recovers() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    database.sql("CREATE TABLE a (b int); INSERT INTO a VALUES (1)");
    let before = Traces::of(&cluster);
    assert!(before.processes.len() > 4, "{before:?}");
    cluster.kill();
    assert_eq!(before.remaining(), [before.directory.display().to_string()]);
    assert!(database.try_sql("SELECT 1").is_err(), "a killed server does not answer");
    let begun = Instant::now();
    cluster.restart();
    println!("restarted after a kill within {:?}", begun.elapsed());
    assert_eq!(database.sql("SELECT b FROM a"), "1");
    cluster.stop();
    assert!(database.try_sql("SELECT 1").is_err(), "a stopped server does not answer");
    cluster.restart();
    cluster.restart();
    assert_eq!(database.sql("SELECT b FROM a"), "1");
    cluster.kill();
    drop((database, cluster));
    assert_eq!(before.remaining(), [""; 0]);
}

#[test]
fn a_standby_follows_and_takes_over() {
    let primary = Cluster::start(&[("synchronous_standby_names", "second")]);
    let database = primary.database();
    let begun = Instant::now();
    let standby = Cluster::replica_of(&primary, "second");
    println!("a standby after {:?}", begun.elapsed());
    // With its only synchronous standby there, a commit comes back.
    database.sql("CREATE TABLE a (b int); INSERT INTO a VALUES (1)");
    standby.catch_up(&primary);
    assert_eq!(standby.sql(database.name(), "SELECT b FROM a"), "1");
    let states = "SELECT application_name, sync_state FROM pg_stat_replication";
    assert_eq!(primary.admin(states), "second|sync");
    assert_ne!(primary.port(), standby.port());

    primary.kill();
    let begun = Instant::now();
    standby.promote();
    println!("promoted within {:?}", begun.elapsed());
    assert_eq!(standby.sql(database.name(), "INSERT INTO a VALUES (2) RETURNING b"), "2");
    assert_eq!(standby.database().sql("SELECT 1"), "1");
}

#[test]
fn a_setting_that_makes_commits_wait_holds_at_once() {
    let cluster = Cluster::start(&[]);
    let database = cluster.database();
    cluster.configure("synchronous_standby_names", "nobody");
    let waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| database.try_sql("CREATE TABLE a (b int)"));
        // The commit waits for a standby that does not exist, until it is told not to.
        while cluster.admin(&format!("SELECT pg_cancel_backend(pid) {waiting}")).is_empty() {
            assert!(begun.elapsed() < WAIT_LIMIT, "the commit did not wait");
        }
    });
    cluster.configure("synchronous_standby_names", "");
    assert_eq!(database.sql("INSERT INTO a VALUES (1) RETURNING b"), "1");
}

#[test]
fn a_killed_test_process_leaves_nothing() {
    if std::env::var_os(CHILD).is_some() {
        live_as_the_child();
    }
    let test = "a_killed_test_process_leaves_nothing";
    let mut child = Command::new(std::env::current_exe().expect("this test's program"))
        .args([test, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test's program starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let traces: Vec<Traces> =
        lines.map_while(Result::ok).filter_map(|line| Traces::read(&line)).take(2).collect();
    assert_eq!(traces.len(), 2, "the child started a shared and a careful server");
    for traces in &traces {
        let least = 2 + traces.processes.len();
        assert!(traces.remaining().len() >= least, "they run: {traces:?}");
    }
    child.kill().expect("SIGKILL is sent");
    child.wait().expect("the child is dead");
    let begun = Instant::now();
    for traces in &traces {
        while !traces.remaining().is_empty() {
            let left = traces.remaining();
            assert!(begun.elapsed() < WAIT_LIMIT, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    println!("cleaned up within {:?}", begun.elapsed());
}

/// Starts both kinds of servers, tells about them and waits to be killed. Some work is under way.
fn live_as_the_child() -> ! {
    let careful = Cluster::start(&[]);
    let database = postgres::shared().database();
    let busy = std::thread::spawn(move || database.try_sql("SELECT pg_sleep(60)"));
    for cluster in [postgres::shared(), &careful] {
        println!("\n{}", Traces::of(cluster).written());
    }
    let _ = busy.join();
    panic!("this process was to be killed")
}

/// What a running server leaves in the system.
#[derive(Debug)]
struct Traces {
    directory: PathBuf,
    port: u16,
    /// The identifier of its System V shared memory.
    segment: String,
    processes: Vec<String>,
}

impl Traces {
    fn of(cluster: &Cluster) -> Traces {
        let status = cluster.directory().join("data/postmaster.pid");
        let status = std::fs::read_to_string(status).expect("the server runs");
        let lines: Vec<&str> = status.lines().collect();
        let postmaster = lines[0];
        let children = format!("/proc/{postmaster}/task/{postmaster}/children");
        let children = std::fs::read_to_string(children).expect("Linux tells the children");
        let processes = std::iter::once(postmaster).chain(children.split_whitespace());
        Traces {
            directory: cluster.directory().to_owned(),
            port: cluster.port(),
            segment: lines[6].split_whitespace().nth(1).expect("key and id").to_owned(),
            processes: processes.map(str::to_owned).collect(),
        }
    }

    fn written(&self) -> String {
        let Traces { directory, port, segment, processes } = self;
        format!("traces {} {port} {segment} {}", directory.display(), processes.join(" "))
    }

    fn read(line: &str) -> Option<Traces> {
        let mut words = line.strip_prefix("traces ")?.split(' ').map(str::to_owned);
        Some(Traces {
            directory: words.next()?.into(),
            port: words.next()?.parse().ok()?,
            segment: words.next()?,
            processes: words.collect(),
        })
    }

    /// What of it is still there.
    fn remaining(&self) -> Vec<String> {
        let mut left = Vec::new();
        if self.directory.exists() {
            left.push(self.directory.display().to_string());
        }
        let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).is_err();
        left.extend(listening.then(|| format!("port {}", self.port)));
        let segments = std::fs::read_to_string("/proc/sysvipc/shm").expect("Linux lists them");
        let mut ids = segments.lines().filter_map(|line| line.split_whitespace().nth(1));
        let has_segment = ids.any(|id| id == self.segment);
        left.extend(has_segment.then(|| format!("shared memory {}", self.segment)));
        let alive = self.processes.iter().filter(|process| is_alive(process));
        left.extend(alive.map(|process| format!("process {process}")));
        left
    }
}

/// Whether a process runs; one that is dead and not yet collected does not.
fn is_alive(process: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}
