//! Many streams, and streams that nobody needs any more.

use std::thread;
use std::time::{Duration, Instant};

use purser::api::stream::STREAMS_MAX;

use crate::stream::{SOON, Stream};
use crate::support::server::Server;
use crate::{Api, eventually};

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
