//! PostgreSQL servers that belong to one test process.
//!
//! ```no_run
//! let database = testing::postgres::shared().database();
//! database.sql("CREATE TABLE a (b int)");
//! let url = database.url(); // postgres://purser@127.0.0.1:PORT/test_1
//! ```
//!
//! [`shared`] is one server per process, fast and careless, with a fresh database for each test.
//! [`Cluster::start`] is a server of a test's own, which is careful and may be killed. Both live in
//! a directory of their own and listen on a free port of 127.0.0.1. When the test process ends, in
//! whatever way, SIGKILL included, the servers stop and their directories go; nothing relies on
//! destructors. The role in the URLs, `purser`, owns its databases and is no superuser. The
//! superuser is let in through the unix socket alone, which only this account can reach.

mod programs;
mod psql;
mod server;

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use server::{POLL_INTERVAL, Server, Started};

/// The role that tests, like Purser itself, log in as.
pub const USER: &str = "purser";

/// The superuser of the harness.
const ADMIN: &str = "postgres";

/// The database of the harness.
const ADMIN_DATABASE: &str = "postgres";

/// Below the ports that systems give to outgoing connections, so that a port stays free while its
/// server is being restarted.
const PORTS: std::ops::Range<u64> = 20_000..30_000;

/// How many ports are tried before the harness gives up.
const PORT_ATTEMPTS_MAX: usize = 20;

/// A directory in memory is used when at least this much is free there.
const MEMORY_FREE_MIN_KIB: u64 = 1024 * 1024;

/// How long a standby may take until it has what its primary has, or takes over.
const REPLICATION_LIMIT: Duration = Duration::from_secs(60);

/// How long a changed setting may take until it holds.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);

/// What every server has. Shared memory lives in files of its directory, where it cannot be left
/// behind, and keeps enough of its log that a standby which was stopped can follow again.
const EVERY: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "200"),
    ("dynamic_shared_memory_type", "mmap"),
    ("wal_keep_size", "256MB"),
];

/// What makes the shared server fast; it need not survive anything.
const FAST: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("shared_buffers", "32MB"),
    ("wal_keep_size", "0"),
    ("max_wal_size", "128MB"),
    ("min_wal_size", "32MB"),
];

/// The one server of this process for tests that only need a database; it starts at first use.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| {
        let mut roots = on_disk();
        let memory = PathBuf::from("/dev/shm");
        if free_kib(&memory).is_some_and(|free| free >= MEMORY_FREE_MIN_KIB) {
            roots.insert(0, memory);
        }
        Cluster::create(&roots, FAST, true)
    })
}

/// A running PostgreSQL server. It stops and is removed when it and all its databases are dropped,
/// at the latest with the process.
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    server: Mutex<Server>,
    directory: PathBuf,
    port: u16,
    is_shared: bool,
}

impl Cluster {
    /// A server of the caller's own, on disk and with fsync. The settings are lines of its
    /// postgresql.conf and win over those of the harness.
    pub fn start(options: &[(&str, &str)]) -> Cluster {
        Cluster::create(&on_disk(), options, false)
    }

    /// A streaming standby of this primary, with its settings, which already answers reads.
    ///
    /// `application_name` is what the primary's `synchronous_standby_names` and
    /// `pg_stat_replication` call it. After [`Cluster::promote`] it waits for no standby itself.
    pub fn replica_of(primary: &Cluster, application_name: &str) -> Cluster {
        let mut server = Server::supervise(&on_disk());
        let name = quoted(application_name);
        let from =
            format!("{} application_name={name}", primary.inner.admin_connection("postgres"));
        server.command(&format!("basebackup {from}"));
        set(&mut server, &[("synchronous_standby_names", "")]);
        Cluster::listen(server, false)
    }

    fn create(roots: &[PathBuf], options: &[(&str, &str)], is_shared: bool) -> Cluster {
        let mut server = Server::supervise(roots);
        server.command("initdb");
        set(&mut server, EVERY);
        set(&mut server, options);
        server.command("closed");
        server.command("access local all all trust");
        server.command("access local replication all trust");
        server.command(&format!("access host all {USER} 127.0.0.1/32 trust"));
        let cluster = Cluster::listen(server, is_shared);
        cluster.admin(&format!("CREATE ROLE {USER} LOGIN"));
        cluster
    }

    /// Starts on a free port. Between looking for it and listening another may have taken it.
    fn listen(mut server: Server, is_shared: bool) -> Cluster {
        for _ in 0..PORT_ATTEMPTS_MAX {
            let port = free_port();
            if server.start(port) == Started::Ready {
                let directory = server.directory().to_owned();
                let server = Mutex::new(server);
                return Cluster { inner: Arc::new(Inner { server, directory, port, is_shared }) };
            }
        }
        panic!("all of {PORT_ATTEMPTS_MAX} ports in {PORTS:?} were taken while PostgreSQL started")
    }

    /// A fresh, empty database with a name of its own, dropped with the value.
    pub fn database(&self) -> Database {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.admin(&format!("CREATE DATABASE {name} OWNER {USER} TEMPLATE template0"));
        Database { inner: Arc::clone(&self.inner), name }
    }

    /// Where a client finds this database, as the ordinary role [`USER`].
    pub fn url(&self, database: &str) -> String {
        self.inner.url(database)
    }

    /// The TCP port on 127.0.0.1. It stays the same over a restart.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// Where the server's data (`data`), its log (`log`) and its unix socket are.
    pub fn directory(&self) -> &Path {
        &self.inner.directory
    }

    /// The last lines of the server's log, for messages of failed tests.
    pub fn log(&self) -> String {
        self.inner.server().log()
    }

    /// What psql answers to this SQL in a database, as the ordinary role. Panics when it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.inner.expect(&self.url(database), "", sql)
    }

    /// What psql answers to this SQL in the database `postgres`, as a superuser that never waits
    /// for a standby. Panics when it fails.
    pub fn admin(&self, sql: &str) -> String {
        self.admin_in(ADMIN_DATABASE, sql)
    }

    /// The same in another database.
    pub fn admin_in(&self, database: &str, sql: &str) -> String {
        self.inner.expect(&self.inner.admin_connection(database), ADMIN_OPTIONS, sql)
    }

    /// Changes a setting that needs no restart and waits until it holds, for the commit of the next
    /// transaction too.
    pub fn configure(&self, name: &str, value: &str) {
        let change = format!("ALTER SYSTEM SET {name} = {};", quoted(value));
        let since = self.admin(&format!("{change} SELECT clock_timestamp();"));
        self.admin("SELECT pg_reload_conf()");
        let holds = format!("SELECT pg_conf_load_time() >= '{since}'");
        self.wait_until(&format!("{name} holds"), &holds, RELOAD_LIMIT);
        // Whether commits wait is told by the checkpointer, which reads settings before it works.
        self.admin("CHECKPOINT");
    }

    /// Waits until this standby has applied all that the primary has written so far.
    pub fn catch_up(&self, primary: &Cluster) {
        let written = primary.admin("SELECT pg_current_wal_flush_lsn()");
        let has_it = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        self.wait_until("the standby has caught up", &has_it, REPLICATION_LIMIT);
    }

    /// Makes this standby a primary and waits until it is one.
    pub fn promote(&self) {
        let limit_s = REPLICATION_LIMIT.as_secs();
        let answer = self.admin(&format!("SELECT pg_promote(true, {limit_s})"));
        assert!(answer == "t", "not promoted within {REPLICATION_LIMIT:?}:\n{}", self.log());
    }

    /// Kills the server with SIGKILL, the postmaster and all its children, and waits until they are
    /// gone. The data stays for [`Cluster::restart`].
    pub fn kill(&self) {
        self.own("kill").command("kill");
    }

    /// Stops the server in good order: sessions are ended, a checkpoint is written.
    pub fn stop(&self) {
        self.own("stop").stop();
    }

    /// Starts the server again, with recovery after a kill; stops it first if it runs.
    pub fn restart(&self) {
        let mut server = self.own("restart");
        server.stop();
        let started = server.start(self.port());
        let port = self.port();
        assert!(started == Started::Ready, "another program has taken port {port} meanwhile");
    }

    /// The server, if it is not the one that others use at the same time.
    fn own(&self, action: &str) -> MutexGuard<'_, Server> {
        let is_shared = self.inner.is_shared;
        assert!(!is_shared, "{action}: others use the shared server; take Cluster::start");
        self.inner.server()
    }

    fn wait_until(&self, what: &str, question: &str, limit: Duration) {
        let begun = Instant::now();
        while self.admin(question) != "t" {
            assert!(begun.elapsed() < limit, "not within {limit:?}: {what}\n{}", self.log());
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

/// A database of one test, owned by the role [`USER`]. Dropped with the value, as far as possible.
pub struct Database {
    inner: Arc<Inner>,
    name: String,
}

impl Database {
    /// Its name, the same on a standby.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a client finds it, as the ordinary role [`USER`].
    pub fn url(&self) -> String {
        self.inner.url(&self.name)
    }

    /// What psql answers to this SQL, `-At`: a line a row, fields apart by `|`. Statements commit
    /// one by one. Panics when one fails.
    pub fn sql(&self, sql: &str) -> String {
        self.inner.expect(&self.url(), "", sql)
    }

    /// The same for SQL that may be refused: the error is what psql says.
    pub fn try_sql(&self, sql: &str) -> Result<String, String> {
        psql::run(&self.url(), "", sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.inner.server().is_running() {
            let connection = self.inner.admin_connection(ADMIN_DATABASE);
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            let _ = psql::run(&connection, ADMIN_OPTIONS, &sql);
        }
    }
}

/// The harness must not wait for standbys that a test has yet to start.
const ADMIN_OPTIONS: &str = "-c synchronous_commit=local";

impl Inner {
    /// A test that failed while it held the server has said so; the others may go on.
    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    fn admin_connection(&self, database: &str) -> String {
        let (host, port) = (quoted(&self.directory.to_string_lossy()), self.port);
        format!("host={host} port={port} user={ADMIN} dbname={database}")
    }

    fn expect(&self, connection: &str, options: &str, sql: &str) -> String {
        psql::run(connection, options, sql).unwrap_or_else(|error| {
            panic!("SQL failed: {error}\nSQL: {sql}\nlog of PostgreSQL:\n{}", self.server().log())
        })
    }
}

fn set(server: &mut Server, options: &[(&str, &str)]) {
    for (name, value) in options {
        assert!(!value.contains('\n'), "the setting {name} must be one line");
        server.command(&format!("setting {name} = {}", quoted(value)));
    }
}

/// A value in quotes, as postgresql.conf and SQL want it. Connection strings agree unless there is
/// a quote in it, which neither names nor temporary directories have.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn on_disk() -> Vec<PathBuf> {
    // The second is for an account that cannot write where TMPDIR of root points.
    vec![std::env::temp_dir(), PathBuf::from("/tmp")]
}

/// How much room a directory has, as `df` tells.
fn free_kib(directory: &Path) -> Option<u64> {
    let table = programs::output("df", &["-Pk", directory.to_str()?])?;
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn free_port() -> u16 {
    for _ in 0..PORT_ATTEMPTS_MAX {
        let number = PORTS.start + RandomState::new().hash_one(()) % (PORTS.end - PORTS.start);
        let port = u16::try_from(number).expect("PORTS is a range of ports");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("none of {PORT_ATTEMPTS_MAX} ports in {PORTS:?} was free")
}
