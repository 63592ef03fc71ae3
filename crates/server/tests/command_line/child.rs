//! A command that goes on until it is stopped, and what it said so far.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::server::Server;
use crate::{DEADLINE, eventually};

pub struct Running {
    child: Child,
    out: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<Vec<String>>>,
}

impl Running {
    /// Starts `purser` with these words.
    pub fn start(server: &Server, words: &[&str]) -> Running {
        let mut command = server.command();
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let out = lines(child.stdout.take().expect("piped"));
        let errors = lines(child.stderr.take().expect("piped"));
        Running { child, out, errors }
    }

    /// The lines of standard output so far.
    pub fn out(&self) -> Vec<String> {
        self.out.lock().expect("nobody panicked").clone()
    }

    /// The lines of standard error so far.
    pub fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("nobody panicked").clone()
    }

    /// Waits for a line with these words, and gives it.
    #[track_caller]
    pub fn says(&self, words: &str) -> String {
        let find = || {
            let mut lines = self.out().into_iter().chain(self.errors());
            lines.find(|line| line.contains(words))
        };
        eventually(&format!("'{words}' in {:?}", (self.out(), self.errors())), || find().is_some());
        find().expect("it was there")
    }

    /// Sends a signal, and waits for the end.
    pub fn signal(&mut self, name: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "no signal was sent");
        self.ended()
    }

    /// Waits for the end.
    pub fn ended(&mut self) -> ExitStatus {
        let began = std::time::Instant::now();
        loop {
            if let Some(ended) = self.child.try_wait().expect("it can be waited for") {
                return ended;
            }
            assert!(began.elapsed() < DEADLINE, "it does not end");
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(output: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            kept.lock().expect("nobody panicked").push(line);
        }
    });
    lines
}
