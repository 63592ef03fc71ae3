//! The real binary as a child process, on a store of its own.
//!
//! ```text
//! Server::started()              a fresh SQLite file, and a sandbox server on it
//! Server::started_on(kind)       the same on a fresh store of this kind
//! Server::on(Kind::Postgres)     a fresh PostgreSQL database; `serve` starts the server
//! Server::at(&database.url())    a store that is somebody else's: several servers on one
//!                                database, each with `serve`, `kill9`, `signal` of its own
//! ```
//!
//! `purser` and `stop_and_audit` run subcommands, such as the doctor, on the same store.
//!
//! The server is stopped with SIGKILL, also at the end of a test: a server that keeps its
//! promises needs no goodbye, and so every test is a crash test as well. The tests of the goodbye
//! itself ask for it with [`Server::signal`].

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testing::postgres::{self, Database};

const START_DEADLINE: Duration = Duration::from_secs(30);
const LOG_BYTES_MAX: usize = 1 << 20;

/// In debug builds the server commits a request whose idempotency key starts like this,
/// and then never answers it.
const FAULT_HOLD: (&str, &str) = ("PURSER_FAULT_HOLD_KEY_PREFIX", "hold-");

/// What keeps the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// One store and the server on it. Dropping it kills the server and removes the store, unless
/// that is somebody else's.
pub struct Server {
    home: TempDir,
    store: String,
    /// What [`Server::on`] made for it, removed after it.
    database: Option<Database>,
    prefix: Vec<String>,
    flags: Vec<String>,
    running: Option<Running>,
    log: Arc<Mutex<String>>,
    errors: Arc<Mutex<String>>,
}

struct Running {
    child: Child,
    base: String,
}

impl Server {
    /// A fresh store in a file; nothing runs yet.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let store = format!("sqlite:{}", home.path().join("purser.db").display());
        Self {
            home,
            store,
            database: None,
            prefix: Vec::new(),
            flags: Vec::new(),
            running: None,
            log: Arc::default(),
            errors: Arc::default(),
        }
    }

    /// A fresh store of this kind; nothing runs yet. PostgreSQL databases are on the one server
    /// of this test process, which loses nothing when `purser` is killed.
    pub fn on(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::new(),
            Kind::Postgres => {
                let database = postgres::shared().database();
                let mut server = Self::at(&database.url());
                server.database = Some(database);
                server
            }
        }
    }

    /// The store at this location, whatever `--store` takes, instead of a fresh one. It is not
    /// removed in the end; any number of servers can be at the same database.
    pub fn at(store: &str) -> Self {
        let mut server = Self::new();
        server.store = store.to_owned();
        server
    }

    /// Every command of the binary is run by these words, such as `nsenter ... --`.
    pub fn run_by(mut self, prefix: Vec<String>) -> Self {
        self.prefix = prefix;
        self
    }

    /// A fresh store with a sandbox server on it.
    pub fn started() -> Self {
        Self::started_on(Kind::Sqlite)
    }

    /// A fresh store of this kind with a sandbox server on it.
    pub fn started_on(kind: Kind) -> Self {
        let mut server = Self::on(kind);
        server.serve(&[]);
        server
    }

    /// Starts the server with these flags; one that runs is killed first.
    pub fn serve(&mut self, flags: &[String]) {
        self.flags = flags.to_vec();
        self.restart();
    }

    /// Kills the server, if it runs, and starts it again on the same store.
    pub fn restart(&mut self) {
        self.kill9();
        let mut child = self.spawn(&self.flags);
        let (address, found) = channel();
        let logs = vec![self.log.clone()];
        drain(child.stdout.take().expect("piped"), logs, Some(address));
        let logs = vec![self.log.clone(), self.errors.clone()];
        drain(child.stderr.take().expect("piped"), logs, None);
        match found.recv_timeout(START_DEADLINE) {
            Ok(base) => self.running = Some(Running { child, base }),
            Err(why) => {
                let _ = child.kill();
                let end = child.wait();
                panic!("no address from the server: {why}, {end:?}\n{}", self.log());
            }
        }
    }

    /// SIGKILL, and wait until the process is gone.
    pub fn kill9(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().expect("the server can be killed");
            running.child.wait().expect("the server ends");
        }
    }

    /// Where the server listens, such as `http://127.0.0.1:41234`; none while it is down.
    pub fn base(&self) -> Option<&str> {
        self.running.as_ref().map(|running| running.base.as_str())
    }

    /// Runs another subcommand of the binary on the same store.
    pub fn purser(&self, args: &[&str]) -> Output {
        self.command()
            .args(args)
            .args(["--store", &self.store])
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts")
    }

    /// The binary, ready for its arguments.
    pub fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_purser");
        match self.prefix.split_first() {
            None => Command::new(binary),
            Some((program, words)) => {
                let mut command = Command::new(program);
                command.args(words).arg(binary);
                command
            }
        }
    }

    fn spawn(&self, flags: &[String]) -> Child {
        let named = flags.iter().any(|flag| flag == "--listen");
        let listen: &[&str] = if named { &[] } else { &["--listen", "127.0.0.1:0"] };
        self.command()
            .args(["serve", "--store", &self.store])
            .args(listen)
            .args(flags)
            .env(FAULT_HOLD.0, FAULT_HOLD.1)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    }

    /// Tries to serve where that must fail: how it ended, and all that was said.
    pub fn refusal(&self, flags: &[&str]) -> (ExitStatus, String) {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let mut child = self.spawn(&flags);
        let Some(status) = end_of(&mut child, START_DEADLINE) else {
            let _ = child.kill();
            panic!("it was to be refused, but it runs");
        };
        let mut said = String::new();
        let mut read = |output: Option<&mut dyn Read>| {
            let read = output.expect("piped").read_to_string(&mut said);
            read.expect("the output is UTF-8");
        };
        read(child.stdout.as_mut().map(|output| output as &mut dyn Read));
        read(child.stderr.as_mut().map(|output| output as &mut dyn Read));
        (status, said)
    }

    /// Starts the server and kills it this much later, wherever it is then.
    pub fn flicker(&mut self, after: Duration) {
        self.kill9();
        let mut child = self.spawn(&self.flags);
        thread::sleep(after);
        child.kill().expect("the server can be killed");
        child.wait().expect("the server ends");
    }

    /// Sends the running server a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.running.as_ref().expect("it runs").child.id();
        let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "no signal was sent");
    }

    /// Waits until the server has ended by itself; none if it has not by then.
    pub fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let status = end_of(&mut self.running.as_mut()?.child, within)?;
        self.running = None;
        Some(status)
    }

    /// The store, as `--store` takes it.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// The PostgreSQL database that [`Server::on`] made, for a look past the server.
    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("it was made by Server::on(Kind::Postgres)")
    }

    /// A folder that lasts as long as this.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Stops the server and lets the doctor audit what it left behind.
    pub fn stop_and_audit(&mut self) -> Result<(), String> {
        self.kill9();
        let doctor = self.purser(&["doctor"]);
        if doctor.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
        let complained = String::from_utf8_lossy(&doctor.stderr);
        Err(format!("purser doctor: {}\n{said}{complained}", doctor.status))
    }

    /// Everything the server has written to its output so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no reader panicked").clone()
    }

    /// What of it went to standard error: the log lines.
    pub fn errors(&self) -> String {
        self.errors.lock().expect("no reader panicked").clone()
    }
}

/// Waits for the end of a process.
fn end_of(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    loop {
        let ended = child.try_wait().expect("a child can be waited for");
        if ended.is_some() || began.elapsed() > within {
            return ended;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Reads an output of the child to its end, so that the child never waits for us. The first
/// address seen is sent on; the channel closes with the output when there is none.
fn drain(
    output: impl Read + Send + 'static,
    logs: Vec<Arc<Mutex<String>>>,
    mut want: Option<Sender<String>>,
) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(base) = address_in(&line)
                && let Some(found) = want.take()
            {
                let _ = found.send(base);
            }
            for log in &logs {
                let mut log = log.lock().expect("no reader panicked");
                if log.len() < LOG_BYTES_MAX {
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        }
    });
}

fn address_in(line: &str) -> Option<String> {
    const START: &str = "http://127.0.0.1:";
    let after = &line[line.find(START)? + START.len()..];
    let port: String = after.chars().take_while(char::is_ascii_digit).collect();
    (!port.is_empty()).then(|| format!("{START}{port}"))
}
