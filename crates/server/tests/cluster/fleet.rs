//! Servers side by side on one database.

use std::sync::Mutex;

use crate::Api;
use crate::support::http::Answer;
use crate::support::server::Server;

/// Flags of every server here: few connections, so that many servers fit into a test, and money
/// that may be paid out at once.
pub const FLAGS: &[&str] = &["--store-connections", "4", "--settlement-delay-days", "0"];

/// The servers, in the order in which they were started.
pub struct Fleet {
    pub servers: Vec<Server>,
    doors: Doors,
}

/// Where each server is reached just now. A server that is started again has another address.
pub struct Doors(Vec<Mutex<Api>>);

impl Fleet {
    /// Starts so many servers at this store, one after the other.
    pub fn start(store: &str, count: usize) -> Fleet {
        Fleet::start_with(store, count, FLAGS)
    }

    pub fn start_with(store: &str, count: usize, flags: &[&str]) -> Fleet {
        let flags = owned(flags);
        let mut servers: Vec<Server> = (0..count).map(|_| Server::at(store)).collect();
        servers.iter_mut().for_each(|server| server.serve(&flags));
        let doors = servers.iter().map(|server| Mutex::new(api(server))).collect();
        Fleet { servers, doors: Doors(doors) }
    }

    /// One more, which runs already, somewhere else maybe.
    pub fn join(&mut self, server: Server) {
        self.doors.0.push(Mutex::new(api(&server)));
        self.servers.push(server);
    }

    /// The way to the servers, for load that goes on while they are killed and started.
    pub fn split(&mut self) -> (&mut [Server], &Doors) {
        (&mut self.servers, &self.doors)
    }

    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    pub fn api(&self, at: usize) -> Api {
        self.doors.api(at)
    }

    #[track_caller]
    pub fn assert_healthy(&self) {
        assert_healthy(&self.servers[0]);
    }
}

impl Doors {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn api(&self, at: usize) -> Api {
        self.0[at].lock().expect("no thread panicked").clone()
    }

    /// Starts a server that was killed.
    pub fn restart(&self, at: usize, servers: &mut [Server]) {
        servers[at].restart();
        *self.0[at].lock().expect("no thread panicked") = api(&servers[at]);
    }
}

/// One more server beside this one; it has no door for load.
pub fn another(server: &Server) -> Server {
    let mut another = Server::at(server.store());
    another.serve(&owned(FLAGS));
    another
}

/// Flags as [`Server::serve`] takes them.
pub fn owned(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// The way to a server.
pub fn api(server: &Server) -> Api {
    Api::at(server.base().expect("it runs"))
}

/// Whether an answer says what it has to where nothing could be done just now: try again.
#[track_caller]
pub fn assert_says_retry(answer: &Answer) {
    assert!(matches!(answer.status, 409 | 429 | 503), "{}: {}", answer.status, answer.body);
    let says = answer.header_value("stripe-should-retry");
    assert_eq!(says, Some("true"), "{}: {}", answer.status, answer.body);
}

/// The doctor finds nothing wrong with the database.
#[track_caller]
pub fn assert_healthy(server: &Server) {
    let doctor = server.purser(&["doctor"]);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&doctor.stdout), said(&doctor.stderr));
    assert!(doctor.status.success(), "purser doctor: {}\n{out}{err}", doctor.status);
}
