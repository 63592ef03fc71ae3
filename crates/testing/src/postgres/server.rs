//! One server process behind its supervisor, a small shell that outlives the test process just long
//! enough to stop the server and to remove its directory.
//!
//! The supervisor notices the end of this process by the end of its standard input, which the
//! kernel closes however the process ends. It is in a process group of its own, so that what kills
//! a test runner's group does not kill it before it has cleaned up.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::programs;

/// How long a command of the supervisor may take; the longest are initdb and pg_basebackup.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// How long a server may take until it accepts connections, recovery after a crash included.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long a server may take to stop in good order.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How often the harness looks again while it waits.
pub const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// How much of a server's log a failure shows.
const LOG_LINES_MAX: usize = 40;

/// How a start ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Started {
    Ready,
    PortIsTaken,
}

/// The supervisor of one server. Dropping it stops the server and removes its directory.
pub struct Server {
    child: Child,
    commands: Option<ChildStdin>,
    answers: Receiver<String>,
    directory: PathBuf,
}

impl Server {
    /// Starts a supervisor, which makes its directory in the first usable of these roots.
    pub fn supervise(roots: &[PathBuf]) -> Server {
        let mut command = programs::unprivileged("sh");
        command.args(["-c", include_str!("supervisor.sh"), "supervisor"]);
        command.arg(programs::folder()).args(roots).process_group(0).current_dir("/");
        for (name, _) in std::env::vars_os() {
            // PGHOST, PGOPTIONS and the like are about other servers.
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start the supervisor of PostgreSQL (setpriv, sh): {error}")
        });
        let commands = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let directory = PathBuf::new();
        let mut server = Server { child, commands, answers, directory };
        let answer = server.answer("supervise");
        let Some(directory) = answer.strip_prefix("ok ") else {
            panic!("the supervisor of PostgreSQL did not start: {answer}")
        };
        server.directory = PathBuf::from(directory);
        server
    }

    /// Where the server keeps its data, its log and its unix socket.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Has the supervisor do this and waits until it is done.
    pub fn command(&mut self, command: &str) {
        let pipe = self.commands.as_mut().expect("open until dropped");
        let sent = pipe.write_all(format!("{command}\n").as_bytes()).and_then(|()| pipe.flush());
        sent.unwrap_or_else(|error| panic!("the supervisor of PostgreSQL is gone: {error}"));
        let answer = self.answer(command);
        assert!(answer == "ok", "`{command}`: {answer}\n{}", self.log());
    }

    /// Starts the server and waits until it accepts connections.
    pub fn start(&mut self, port: u16) -> Started {
        let log_before = self.whole_log().len();
        self.command(&format!("start {port}"));
        let begun = Instant::now();
        while !self.is_ready() {
            if !self.is_running() {
                let log = self.whole_log();
                if log[log_before..].contains("Address already in use") {
                    return Started::PortIsTaken;
                }
                panic!("PostgreSQL ended while starting:\n{}", self.log());
            }
            if begun.elapsed() > START_LIMIT {
                panic!("PostgreSQL was not ready within {START_LIMIT:?}:\n{}", self.log());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Started::Ready
    }

    /// Stops the server in good order: sessions are ended, a checkpoint is written.
    pub fn stop(&mut self) {
        if !self.is_running() {
            return;
        }
        self.command("signal INT");
        let begun = Instant::now();
        while self.is_running() {
            if begun.elapsed() > STOP_LIMIT {
                panic!("PostgreSQL did not stop within {STOP_LIMIT:?}:\n{}", self.log());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Whether the server runs; the supervisor writes down its start and its end.
    pub fn is_running(&self) -> bool {
        self.directory.join("pid").exists() && !self.directory.join("exited").exists()
    }

    /// The last lines of the server's log.
    pub fn log(&self) -> String {
        let log = self.whole_log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
    }

    fn whole_log(&self) -> String {
        let bytes = std::fs::read(self.directory.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The server says on line 8 of postmaster.pid how far it is. The first line is compared
    /// because a killed server leaves its file behind.
    fn is_ready(&self) -> bool {
        let read = |name| std::fs::read_to_string(self.directory.join(name)).unwrap_or_default();
        let (pid, status) = (read("pid"), read("data/postmaster.pid"));
        let mut lines = status.lines();
        let is_ours = lines.next().is_some_and(|first| first == pid.trim());
        is_ours && lines.nth(6).is_some_and(|state| state.trim() == "ready")
    }

    fn answer(&mut self, to: &str) -> String {
        self.answers.recv_timeout(COMMAND_LIMIT).unwrap_or_else(|error| {
            panic!("no answer to `{to}` from the supervisor of PostgreSQL: {error}")
        })
    }
}

impl Drop for Server {
    /// Waits until all is cleaned up, so that a test that made a thousand does not pile them up.
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}
