//! `purser listen` shows and forwards what happens, and loses nothing.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

use crate::child::Running;
use crate::receiver::Receiver;
use crate::support::server::Server;
use crate::{KEY, ask, events, eventually, said, text};

/// Starts to listen with these flags, and waits until it does.
fn listen(server: &Server, flags: &[&str]) -> Running {
    let base = server.base().expect("it runs");
    let words = [&["listen", "--url", base, "--key", KEY], flags].concat();
    let running = Running::start(server, &words);
    running.says("Ready: ");
    running
}

fn secret(running: &Running) -> String {
    let ready = running.says("Ready: signing secret whsec_");
    ready.split(' ').next_back().expect("the secret").to_owned()
}

fn customer(server: &Server) -> String {
    text(&ask(server, "POST", "/v1/customers", &[]), "id")
}

/// The lines that are about events.
fn told(running: &Running) -> Vec<String> {
    running.out().into_iter().filter(|line| line.contains("  evt_")).collect()
}

#[test]
fn it_shows_what_happens() {
    let server = Server::started();
    customer(&server);
    let before = events(&server).len();
    let running = listen(&server, &[]);
    let id = customer(&server);
    let path = format!("/v1/test_helpers/customers/{id}/fund_cash_balance");
    ask(&server, "POST", &path, &[("amount", "100"), ("currency", "usd")]);
    let all = events(&server).split_off(before);
    eventually("all are shown", || told(&running).len() == all.len());
    let kinds = ["customer.created", "customer_cash_balance_transaction.created"];
    for (line, id) in told(&running).iter().zip(&all) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words.len(), words[2]), (3, id.as_str()), "{line}");
        assert!(words[0].ends_with('Z') && !line.contains('\x1b'), "{line}");
    }
    assert!(told(&running)[0].contains(kinds[0]) && told(&running)[1].contains(kinds[1]));

    // Only what was asked for, and the whole of it.
    let words = ["--events", "customer.*,refund.created", "--print"];
    let filtered = listen(&server, &words);
    let path = format!("/v1/test_helpers/customers/{id}/fund_cash_balance");
    ask(&server, "POST", &path, &[("amount", "100"), ("currency", "usd")]);
    ask(&server, "POST", &format!("/v1/customers/{id}"), &[("name", "Ada")]);
    filtered.says("\"type\": \"customer.updated\"");
    assert_eq!(told(&filtered).len(), 1, "{:?}", filtered.out());
}

#[test]
fn it_forwards_what_happens() {
    let server = Server::started();
    let receiver = Receiver::new(|number| [200, 204, 500, 302][number % 4]);
    let running = listen(&server, &["--forward-to", &receiver.url]);
    let secret = secret(&running);
    (0..8).for_each(|_| {
        customer(&server);
    });
    eventually("all are forwarded", || told(&running).len() == 8);
    assert_eq!(receiver.ids(), events(&server), "nothing is sent twice, and no redirect followed");
    for (number, (got, line)) in receiver.got().iter().zip(told(&running)).enumerate() {
        let (status, mark) =
            [(200, " ms"), (204, " ms"), (500, " ms  FAILED"), (302, " ms  FAILED")][number % 4];
        assert!(line.contains(&format!("  -> {status} POST /hook?a=b ")), "{line}");
        assert!(line.ends_with(mark), "{line}");
        assert_eq!(got.path, "/hook?a=b");
        assert_eq!(got.header("Content-Type"), "application/json; charset=utf-8");
        assert!(got.header("User-Agent").starts_with("Purser/"), "{:?}", got.headers);
        let at = got.signed(&secret).expect("a good signature");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        assert!((now.as_secs() as i64 - at).abs() < 60);
        let mut other = got.clone();
        other.body = other.body.replacen("evt_", "evt-", 1);
        assert_eq!(other.signed(&secret), None);
        let path = format!("/v1/events/{}", text(&got.event(), "id"));
        assert_eq!(got.event(), ask(&server, "GET", &path, &[]));
    }
    // The secret of a key stays, also on other servers; that of another key is another.
    let elsewhere = Server::started();
    assert_eq!(self::secret(&listen(&elsewhere, &[])), secret);
    let base = elsewhere.base().expect("it runs");
    let other =
        Running::start(&elsewhere, &["listen", "--url", base, "--key", "sk_test_other_key"]);
    assert_ne!(self::secret(&other), secret);
}

#[test]
fn it_speaks_json() {
    let server = Server::started();
    let receiver = Receiver::new(|number| [200, 404][number % 2]);
    let json = listen(&server, &["--json", "--forward-to", &receiver.url]);
    let plain = listen(&server, &["--json"]);
    customer(&server);
    customer(&server);
    eventually("all are forwarded", || json.out().len() == 2 && plain.out().len() == 2);
    let read = |running: &Running| -> Vec<Value> {
        let lines = running.out();
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    for (at, line) in read(&json).iter().enumerate() {
        let got = &receiver.got()[at];
        assert!(json.out()[at].contains(&got.body), "it is not what was sent");
        assert_eq!(line["event"], got.event());
        assert_eq!(line["forwarded"]["status"], [200, 404][at]);
        assert!(line["forwarded"]["latency_ms"].is_u64(), "{line}");
        assert_eq!(line["forwarded"]["error"], Value::Null);
        assert_eq!(read(&plain)[at]["forwarded"], Value::Null);
    }
    assert!(json.errors().iter().any(|line| line.starts_with("Ready: signing secret whsec_")));
}

/// Nobody listens at the other end, then somebody does: a line each, and it goes on.
#[test]
fn a_receiver_that_is_down_is_not_the_end() {
    let server = Server::started();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let running = listen(&server, &["--forward-to", &format!("{address}/x")]);
    customer(&server);
    customer(&server);
    eventually("both are told", || told(&running).len() == 2);
    for line in told(&running) {
        assert!(line.contains("  -> POST /x ") && line.contains(" ms  FAILED: "), "{line}");
    }
    let listener = TcpListener::bind(address).expect("it is still free");
    let id = customer(&server);
    let (mut stream, _) = listener.accept().expect("it comes");
    let mut start = [0; 7];
    std::io::Read::read_exact(&mut stream, &mut start).expect("a request");
    assert_eq!(&start, b"POST /x");
    // It breaks off without an answer.
    drop((stream, listener));
    eventually("the third is told", || told(&running).len() == 3);
    assert!(told(&running)[2].contains("FAILED: "), "{id}: {:?}", told(&running));
}

#[test]
fn a_slow_receiver_loses_nothing() {
    let server = Server::started();
    let receiver = Receiver::new(|_| {
        std::thread::sleep(Duration::from_millis(40));
        200
    });
    let running = listen(&server, &["--forward-to", &receiver.url]);
    (0..50).for_each(|_| {
        customer(&server);
    });
    eventually("all are forwarded", || told(&running).len() == 50);
    assert_eq!(receiver.ids(), events(&server));
}

/// The server is killed, is away for a while, and comes back: nothing is lost or told twice. It
/// makes no difference whether anything had happened before.
#[test]
fn it_comes_back_after_the_server() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let mut server = Server::new();
    server.serve(&["--listen".to_owned(), address]);
    let receiver = Receiver::new(|_| 200);
    let idle = listen(&server, &["--forward-to", &receiver.url]);
    server.restart();
    customer(&server);
    idle.says("Connected again.");
    eventually("what happened first is forwarded", || receiver.ids() == events(&server));
    for round in 0..3 {
        customer(&server);
        customer(&server);
        if round == 1 {
            server.signal("TERM");
            assert!(server.ended(crate::DEADLINE).is_some());
        }
        server.restart();
        customer(&server);
        eventually("all are forwarded", || receiver.ids().len() >= events(&server).len());
        assert_eq!(receiver.ids(), events(&server), "round {round}");
    }
    let lost = idle.out().iter().filter(|line| line.contains("connecting again")).count();
    assert_eq!(lost, 4, "{:?}", idle.out());
}

/// A new database in the old place does not know the last event. Listening goes on with its own.
#[test]
fn it_gets_used_to_another_database() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let flags = ["--listen".to_owned(), address];
    let mut first = Server::new();
    first.serve(&flags);
    customer(&first);
    let running = listen(&first, &[]);
    first.kill9();
    let mut second = Server::new();
    second.serve(&flags);
    running.says("does not know the last event");
    running.says("Connected again.");
    customer(&second);
    let id = events(&second).remove(0);
    running.says(&id);
}

#[test]
fn it_ends_when_it_is_told_to() {
    let server = Server::started();
    let mut running = listen(&server, &[]);
    customer(&server);
    eventually("it is told", || told(&running).len() == 1);
    let ended = std::os::unix::process::ExitStatusExt::signal(&running.signal("INT"));
    assert!(ended.is_none_or(|signal| signal == 2), "{ended:?}");
    assert!(running.errors().is_empty(), "{:?}", running.errors());
}

#[test]
fn it_says_what_is_wrong() {
    let server = Server::started();
    let base = server.base().expect("it runs");
    let run = |words: &[&str]| {
        let words = [&["listen"], words].concat();
        let output = server.command().args(&words).output().expect("it starts");
        assert!(!output.status.success(), "{words:?}: {}", said(&output));
        assert!(!said(&output).contains("panicked"), "{}", said(&output));
        said(&output)
    };
    for (words, wanted) in [
        (&["--url", "http://127.0.0.1:1"][..], "is `purser serve` running there?"),
        (&["--url", base, "--key", "nonsense"], "Invalid API Key"),
        (&["--url", base, "--events", "refund.create"], "--list"),
        (&["--url", base, "--forward-to", "https://127.0.0.1/hook"], "no TLS"),
        (&["--url", base, "--forward-to", "/hook"], "is no address"),
        (&["--url", base, "--json", "--print"], "cannot be used with"),
    ] {
        let text = run(words);
        assert!(text.contains(wanted), "{words:?}: {text}");
    }
}
