//! The end of a server, gentle or not, and streams that go on after it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::stream::{PATH, Sent, Stream};
use crate::support::raw::{Raw, request};
use crate::support::server::{Kind, Server};
use crate::{Api, DEADLINE, KEY};

/// Much less than what open requests get to finish.
const QUICKLY: Duration = Duration::from_secs(5);

crate::support::on_both! {
    streams_end_with_the_server
    nothing_is_lost_over_crashes
}

fn streams_end_with_the_server(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let mut streams: Vec<Stream> = (0..20).map(|_| Stream::open(&api, "", None)).collect();
    api.customer();
    for stream in &mut streams {
        assert!(stream.next().is_some());
    }
    let began = Instant::now();
    server.signal("TERM");
    for stream in &mut streams {
        assert!(stream.next().is_none());
    }
    assert_eq!(server.ended(DEADLINE).and_then(|ended| ended.code()), Some(0));
    assert!(began.elapsed() < QUICKLY, "{:?}", began.elapsed());
}

/// Somebody never reads what was sent: that is no reason to stay.
#[test]
fn who_does_not_read_does_not_hold_up_the_end() {
    let mut server = Server::started();
    let api = Api::new(&server);
    let mut stuck = Raw::connect(&api.base);
    let bearer = format!("Bearer {KEY}");
    stuck.send(request("GET", PATH, &[("Authorization", bearer.as_str())], ""));
    assert!(stuck.head().starts_with("HTTP/1.1 200 "));
    let filler = "x".repeat(500);
    let names: Vec<String> = (0..50).map(|at| format!("metadata[name{at}]")).collect();
    let large: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), filler.as_str())).collect();
    for _ in 0..600 {
        api.ask("POST", "/v1/customers", &large);
    }
    let began = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended(DEADLINE).and_then(|ended| ended.code()), Some(0));
    assert!(began.elapsed() < QUICKLY, "{:?}", began.elapsed());
    drop(stuck);
}

/// The server is killed again and again while much happens. Whoever comes back with the last id
/// hears everything, and nothing twice.
fn nothing_is_lost_over_crashes(kind: Kind) {
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let customer = api.customer();
    let mut told = api.events();
    for round in 0..6 {
        let api = Api::new(&server);
        let mut stream = Stream::open(&api, "", told.last().map(String::as_str));
        let heard = &AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                let (api, customer) = (&api, &customer);
                scope.spawn(move || {
                    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
                    let params = [("amount", "1"), ("currency", "usd")];
                    while api.try_call("POST", &path, &params).is_ok() {}
                });
            }
            let enough = 40 + 17 * round;
            let reader = scope.spawn(move || {
                let sent = std::iter::from_fn(|| stream.next());
                let count = |sent: Sent| {
                    heard.fetch_add(1, Ordering::SeqCst);
                    sent.id
                };
                sent.map(count).collect::<Vec<String>>()
            });
            while heard.load(Ordering::SeqCst) < enough && !reader.is_finished() {
                thread::sleep(Duration::from_millis(10));
            }
            server.kill9();
            told.extend(reader.join().expect("the stream ends with the server"));
        });
        server.restart();
    }
    let api = Api::new(&server);
    let all = api.events();
    let missing = all.len() - told.len();
    let mut stream = Stream::open(&api, "", told.last().map(String::as_str));
    told.extend(stream.ids(missing));
    assert_eq!(told, all);
    assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len());
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}
