//! A database that is far away, or says nothing any more: between the servers and PostgreSQL stands
//! a relay that takes its time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use testing::postgres::{self, Database, USER};

use crate::fleet::{self, Fleet, assert_says_retry};
use crate::load::Load;
use crate::support::http::Request;
use crate::support::random::Random;
use crate::support::server::Server;
use crate::{Api, within};

/// Each way; so an answer of the database takes twice as long.
const DISTANCE: Duration = Duration::from_millis(25);
/// How long anything may take to be answered with 503: a statement, what the store waits on top, an
/// attempt to connect, and a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(1 + 5 + 3 + 10);
/// Reads at once: more than there are connections.
const READS: usize = 12;
/// How soon servers are at work where the database can be reached.
const AT_WORK_WITHIN: Duration = Duration::from_secs(20);

/// A relay to PostgreSQL.
struct Relay {
    port: u16,
    is_frozen: Arc<AtomicBool>,
}

impl Relay {
    /// Each way takes so long.
    fn start(to: u16, delay: Duration) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let is_frozen: Arc<AtomicBool> = Arc::default();
        let theirs = is_frozen.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let _ = to.set_nodelay(true);
                    let copy = |stream: &TcpStream| stream.try_clone().expect("a second handle");
                    let (from, to, is_frozen) = (copy(from), copy(to), theirs.clone());
                    let (take, give) = channel();
                    thread::spawn(move || read(from, &take));
                    thread::spawn(move || write(to, &give, delay, &is_frozen));
                }
            }
        });
        Relay { port, is_frozen }
    }

    /// From now on nothing comes through, and nobody is told so.
    fn freeze(&self, is_frozen: bool) {
        self.is_frozen.store(is_frozen, Ordering::SeqCst);
    }
}

/// Bytes, and when they came; none at the end.
type Piece = (Instant, Vec<u8>);

fn read(mut from: TcpStream, take: &Sender<Piece>) {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        if take.send((Instant::now(), bytes[..count].to_vec())).is_err() || count == 0 {
            return;
        }
    }
}

fn write(mut to: TcpStream, give: &Receiver<Piece>, delay: Duration, is_frozen: &AtomicBool) {
    for (came, bytes) in give {
        thread::sleep(delay.saturating_sub(came.elapsed()));
        while is_frozen.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(10));
        }
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn url(database: &Database, ports: &[u16]) -> String {
    let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let (hosts, name) = (hosts.join(","), database.name());
    format!("postgres://{USER}@{hosts}/{name}?target_session_attrs=read-write")
}

/// Servers that are far from the database get their work done beside one that is near it.
#[test]
fn a_server_far_away_is_not_kept_from_committing() {
    let database = postgres::shared().database();
    let relay = Relay::start(postgres::shared().port(), DISTANCE);
    let mut random = Random::seeded("far", 20_261_122);
    let mut far = Server::at(&url(&database, &[relay.port]));
    far.serve(&fleet::owned(fleet::FLAGS));
    let mut fleet = Fleet::start(&database.url(), 1);
    fleet.join(far);
    let load = Load::patient(&fleet.api(0));
    let (_, doors) = fleet.split();
    load.during(doors, &mut random, "d", || {
        let began = Instant::now();
        let is_enough = || load.answered_by(1) >= 40;
        within(AT_WORK_WITHIN, "the server far away has 40 answers", is_enough);
        let (near, far) = (load.answered_by(0), load.answered_by(1));
        println!("far: {near} answers near, {far} far in {:.2?}", began.elapsed());
    });
    println!("far: {}", load.figures());
    load.check(fleet.doors());
    fleet.assert_healthy();
}

/// A database that says nothing is given up, by writes and by reads, and found again.
#[test]
fn a_database_that_says_nothing_is_given_up() {
    let database = postgres::shared().database();
    let relay = Relay::start(postgres::shared().port(), Duration::ZERO);
    let flags = ["--store-connections", "2", "--store-timeout-ms", "1000"];
    let fleet = Fleet::start_with(&url(&database, &[relay.port]), 1, &flags);
    let api = fleet.api(0).with_timeout(ANSWERED_WITHIN);
    let customer = api.customer();
    let read = format!("/v1/customers/{customer}");
    let ask = |method, path: &str| api.send(Request::new(method, path, &[]));
    relay.freeze(true);
    thread::scope(|scope| {
        let began = Instant::now();
        let mut asked = vec![("POST", scope.spawn(|| ask("POST", "/v1/customers")))];
        asked.extend((0..READS).map(|_| ("GET", scope.spawn(|| ask("GET", &read)))));
        for (method, asked) in asked {
            let answer = asked.join().expect("no panic");
            let answer = answer.unwrap_or_else(|why| panic!("{method}: {why}"));
            assert_says_retry(&answer);
        }
        println!("far: all were given up after {:.2?}", began.elapsed());
    });
    relay.freeze(false);
    let is_good = |method, path: &str| ask(method, path).is_ok_and(|it| it.status == 200);
    let back = within(AT_WORK_WITHIN, "writes are back", || is_good("POST", "/v1/customers"));
    within(AT_WORK_WITHIN, "reads are back", || is_good("GET", &read));
    println!("far: it was found again after {back:.2?}");
    fleet.assert_healthy();
}

/// The first of two hosts is there and says nothing: the second one is asked.
#[test]
fn a_host_that_says_nothing_does_not_hide_the_next() {
    let database = postgres::shared().database();
    let port = postgres::shared().port();
    let relay = Relay::start(port, Duration::ZERO);
    let flags = ["--store-connections", "2", "--store-timeout-ms", "1000"];
    let fleet = Fleet::start_with(&url(&database, &[relay.port, port]), 1, &flags);
    let api = fleet.api(0).with_timeout(ANSWERED_WITHIN);
    api.customer();
    relay.freeze(true);
    let is_good = |api: &Api, method, path: &str| {
        api.send(Request::new(method, path, &[])).is_ok_and(|it| it.status == 200)
    };
    let limit = ANSWERED_WITHIN + AT_WORK_WITHIN;
    let took = within(limit, "writes go on", || is_good(&api, "POST", "/v1/customers"));
    within(limit, "reads go on", || is_good(&api, "GET", "/v1/customers"));
    println!("far: the next host was found after {took:.2?}");
    relay.freeze(false);
}
