//! Many streams, and streams that nobody needs any more.

use std::thread;
use std::time::{Duration, Instant};

use purser::api::stream::STREAMS_MAX;

use crate::stream::{PATH, SOON, Stream};
use crate::support::raw::{Raw, request};
use crate::support::server::Server;
use crate::{Api, KEY, eventually};

/// A stream says at least so often that it is there.
const SILENCE_MAX: Duration = Duration::from_secs(15);

#[test]
fn there_is_a_place_for_so_many() {
    let server = Server::started();
    let api = Api::new(&server);
    let mut streams: Vec<Stream> = (0..STREAMS_MAX).map(|_| Stream::open(&api, "", None)).collect();
    let (status, said) = Stream::try_open(&api, "", &[]).err().expect("one too many");
    assert_eq!(status, 429, "{said}");
    assert!(said.contains("streams_max") && said.contains(&STREAMS_MAX.to_string()), "{said}");
    // All of them hear the same, and others go on working.
    let customer = api.customer();
    let began = Instant::now();
    for stream in &mut streams {
        let heard = stream.next().expect("an event").json();
        assert_eq!(heard["data"]["object"]["id"], customer.as_str());
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    // Whoever leaves makes a place, though nothing happens that the server could tell him of.
    streams.truncate(STREAMS_MAX - 2);
    let began = Instant::now();
    eventually("there is a place again", || match Stream::try_open(&api, "", &[]) {
        Ok(stream) => {
            streams.push(stream);
            streams.len() == STREAMS_MAX
        }
        Err((status, _)) => {
            assert_eq!(status, 429);
            false
        }
    });
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

/// Much happens, and none of it is what this one waits for: still it hears that the server is
/// there.
#[test]
fn silence_is_not_endless() {
    let server = Server::started();
    let api = Api::new(&server);
    let mut waiting = Stream::open(&api, "?type=payout.paid", None);
    let began = Instant::now();
    while began.elapsed() < SILENCE_MAX + SOON {
        api.customer();
        thread::sleep(Duration::from_millis(100));
    }
    // The end of the server is the end of what can be read.
    server.signal("TERM");
    assert!(waiting.next().is_none());
    assert!(waiting.silences > 0, "nothing was said for {:?}", began.elapsed());
}

/// Streams are counted like any other request, and while they are open.
#[test]
fn streams_are_counted() {
    let server = Server::started();
    let api = Api::new(&server);
    let has = |line: &str| api.call("GET", "/metrics", &[]).body.lines().any(|it| it == line);
    assert!(has("purser_streams 0"));
    let streams = [Stream::open(&api, "", None), Stream::open(&api, "", None)];
    assert!(Stream::try_open(&api, "?limit=3", &[]).is_err());
    assert!(has("purser_streams 2"));
    for (status, count) in [(200, 2), (400, 1)] {
        let of = format!("operation=\"GetPurserEventsStream\",status=\"{status}\"");
        assert!(has(&format!("purser_requests_total{{{of}}} {count}")), "{of}");
    }
    drop(streams);
    eventually("both are closed", || has("purser_streams 0"));
}

/// Somebody opens a stream and never reads: it is cut off once it has taken nothing for a while.
#[test]
fn who_does_not_read_is_cut_off() {
    let server = Server::started();
    let api = Api::new(&server);
    let has = |line: &str| api.call("GET", "/metrics", &[]).body.lines().any(|it| it == line);
    let mut stuck = Raw::connect(&api.base);
    let bearer = format!("Bearer {KEY}");
    stuck.send(request("GET", PATH, &[("Authorization", bearer.as_str())], ""));
    assert!(stuck.head().starts_with("HTTP/1.1 200 "));
    assert!(has("purser_streams 1"));
    let filler = "x".repeat(500);
    let names: Vec<String> = (0..50).map(|at| format!("metadata[name{at}]")).collect();
    let large: Vec<(&str, &str)> =
        names.iter().map(|name| (name.as_str(), filler.as_str())).collect();
    // More than the system keeps for a connection, so that something waits to be written.
    for _ in 0..600 {
        api.ask("POST", "/v1/customers", &large);
    }
    eventually("it is cut off", || has("purser_streams 0"));
    drop(stuck);
}
