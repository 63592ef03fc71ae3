//! Delivering many events: to a receiver that hung, beside one that hangs, and in little memory.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Client, Request};
use support::raw::Raw;
use support::server::{Kind, Server};

/// Events that wait to be delivered.
const EVENTS: usize = 10_000;
/// Connections that cause them.
const WRITERS: usize = 8;
/// How long anything may take. Far more than it does.
const DEADLINE: Duration = Duration::from_secs(300);
/// By how much the server's memory may grow while it delivers.
const GROWTH_KIB_MAX: u64 = 32 << 10;
const KEY: &str = "sk_test_drain";

support::on_both! {
    ten_thousand_drain
    what_failed_is_told_again
}

/// Every queued event arrives, also those whose first attempts met a receiver that hung; and the
/// memory of the server does not grow with their number.
fn ten_thousand_drain(kind: Kind) {
    let server = Server::started_on(kind);
    let receiver = Receiver::start();
    receiver.hang(true);
    endpoint(&server, &receiver.url(), "customer.created");
    cause_events(&server, EVENTS);
    let before_kib = memory_kib(&server);
    receiver.hang(false);
    let began = Instant::now();
    // What hung for too long is tried again after a minute; that is little.
    wait_until("most events arrive", || receiver.events() >= EVENTS - EVENTS / 20);
    let (count, took) = (receiver.events(), began.elapsed());
    wait_until("all events arrive", || {
        move_clock(&server, 61);
        receiver.events() == EVENTS
    });
    let after_kib = memory_kib(&server);
    println!(
        "drained {count} of {EVENTS} in {took:.2?}: {:.0} deliveries a second; all in {:.2?}; \
         memory {before_kib} KiB before, {after_kib} KiB after",
        count as f64 / took.as_secs_f64(),
        began.elapsed(),
    );
    assert!(
        after_kib < before_kib + GROWTH_KIB_MAX,
        "memory grew from {before_kib} to {after_kib} KiB"
    );
}

/// One receiver that never answers does not keep another waiting.
#[test]
fn a_slow_receiver_delays_nobody_else() {
    let server = Server::started();
    let (slow, quick) = (Receiver::start(), Receiver::start());
    slow.hang(true);
    endpoint(&server, &slow.url(), "*");
    endpoint(&server, &quick.url(), "*");
    cause_events(&server, 500);
    wait_until("the quick one is told", || quick.events() == 500);
    assert_eq!(slow.events(), 0);
    slow.hang(false);
    wait_until("the slow one is told", || {
        move_clock(&server, 61);
        slow.events() == 500
    });
}

/// A receiver that fails for a while is told everything later, also by a server that was killed.
fn what_failed_is_told_again(kind: Kind) {
    let mut server = Server::started_on(kind);
    let receiver = Receiver::start();
    receiver.fail(true);
    endpoint(&server, &receiver.url(), "*");
    cause_events(&server, 300);
    wait_until("all first attempts are made", || receiver.requests() == 300);
    receiver.fail(false);
    // What was not reported by now is told again right away, everything else a minute later.
    server.restart();
    wait_until("all events arrive", || {
        move_clock(&server, 61);
        receiver.events() == 300
    });
    wait_until("nothing is pending", || {
        list(&server, "/v1/events?limit=100", |event| event["pending_webhooks"] == 0)
    });
}

fn endpoint(server: &Server, url: &str, events: &str) {
    let params = [("url", url), ("enabled_events[]", events)];
    send(server, "POST", "/v1/webhook_endpoints", &params);
}

fn move_clock(server: &Server, seconds: u64) {
    send(server, "POST", "/purser/v1/clock", &[("advance_s", &seconds.to_string())]);
    thread::sleep(Duration::from_millis(200));
}

/// Whether all rows of a list are so.
fn list(server: &Server, path: &str, is_so: impl Fn(&Value) -> bool) -> bool {
    send(server, "GET", path, &[])["data"].as_array().is_some_and(|rows| rows.iter().all(is_so))
}

fn send(server: &Server, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
    let params: Vec<(String, String)> =
        params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let request = Request::new(method, path, &params);
    let request = request.header("Authorization", &format!("Bearer {KEY}"));
    let answer = Client::new(server.base().expect("it runs")).send(&request).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().expect("JSON")
}

/// Makes customers, an event each.
fn cause_events(server: &Server, count: usize) {
    let base = server.base().expect("it runs").to_owned();
    let request = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: purser\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n"
    );
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                let mut connection = Raw::connect(&base);
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    let answer = connection.send(&request).answer().expect("an answer");
                    assert_eq!(answer.status, 200, "{}", answer.body);
                }
            });
        }
    });
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "waiting until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What the server keeps in memory: found by the store that its command line names.
fn memory_kib(server: &Server) -> u64 {
    let is_server = |folder: &std::path::Path| {
        std::fs::read(folder.join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(server.store()))
    };
    let mut folders = std::fs::read_dir("/proc").expect("Linux").flatten().map(|it| it.path());
    let folder = folders.find(|folder| is_server(folder)).expect("the server runs");
    let status = std::fs::read_to_string(folder.join("status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Takes webhooks, over connections that stay open.
struct Receiver {
    port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Says nothing until this is over.
    hangs: AtomicBool,
    /// Answers 500.
    fails: AtomicBool,
    requests: AtomicUsize,
    /// Events that were taken, and how often.
    events: Mutex<HashMap<String, usize>>,
}

impl Receiver {
    fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen: Arc<Seen> = Arc::default();
        let theirs = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = theirs.clone();
                thread::spawn(move || while_open(stream, &seen));
            }
        });
        Receiver { port, seen }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    fn hang(&self, hangs: bool) {
        self.seen.hangs.store(hangs, Ordering::SeqCst);
    }

    fn fail(&self, fails: bool) {
        self.seen.fails.store(fails, Ordering::SeqCst);
    }

    fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    fn events(&self) -> usize {
        self.seen.events.lock().expect("no panic").len()
    }
}

fn while_open(stream: TcpStream, seen: &Seen) {
    let _ = stream.set_nodelay(true);
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    while let Some(body) = read_request(&mut reader) {
        while seen.hangs.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20));
        }
        let fails = seen.fails.load(Ordering::SeqCst);
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let status = if fails { "500 Internal Server Error" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
        if !fails {
            let id = body.split('"').find(|part| part.starts_with("evt_")).expect("an event");
            let mut events = seen.events.lock().expect("no panic");
            *events.entry(id.to_owned()).or_default() += 1;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut length, mut is_signed) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.parse().expect("a length");
        }
        is_signed |= line.starts_with("stripe-signature: t=");
    }
    assert!(is_signed, "a webhook without a signature");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}
