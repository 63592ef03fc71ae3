//! The real binary as a child process, with a store of its own in a temporary folder.
//!
//! The server is always stopped with SIGKILL, also at the end of a test: a server that keeps its
//! promises needs no goodbye, and so every test is a crash test as well.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const START_DEADLINE: Duration = Duration::from_secs(30);
const LOG_BYTES_MAX: usize = 1 << 20;

/// In debug builds the server commits a request whose idempotency key starts like this,
/// and then never answers it.
const FAULT_HOLD: (&str, &str) = ("PURSER_FAULT_HOLD_KEY_PREFIX", "hold-");

/// One store and the server on it. Dropping it kills the server and removes the store.
pub struct Server {
    home: TempDir,
    flags: Vec<String>,
    running: Option<Running>,
    log: Arc<Mutex<String>>,
}

struct Running {
    child: Child,
    base: String,
}

impl Server {
    /// A fresh store; nothing runs yet.
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        Self {
            home,
            flags: Vec::new(),
            running: None,
            log: Arc::default(),
        }
    }

    /// A fresh store with a sandbox server on it.
    pub fn started() -> Self {
        let mut server = Self::new();
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
        let mut child = Command::new(env!("CARGO_BIN_EXE_purser"))
            .args(["serve", "--listen", "127.0.0.1:0", "--store", &self.store()])
            .args(&self.flags)
            .env(FAULT_HOLD.0, FAULT_HOLD.1)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (address, found) = channel();
        drain(
            child.stdout.take().expect("piped"),
            self.log.clone(),
            Some(address),
        );
        drain(child.stderr.take().expect("piped"), self.log.clone(), None);
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
        Command::new(env!("CARGO_BIN_EXE_purser"))
            .args(args)
            .args(["--store", &self.store()])
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts")
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
        Err(format!(
            "purser doctor: {}\n{said}{complained}",
            doctor.status
        ))
    }

    /// Everything the server has written to its output so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no reader panicked").clone()
    }

    fn store(&self) -> String {
        format!("sqlite:{}", self.home.path().join("purser.db").display())
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
    log: Arc<Mutex<String>>,
    mut want: Option<Sender<String>>,
) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(base) = address_in(&line)
                && let Some(found) = want.take()
            {
                let _ = found.send(base);
            }
            let mut log = log.lock().expect("no reader panicked");
            if log.len() < LOG_BYTES_MAX {
                log.push_str(&line);
                log.push('\n');
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
