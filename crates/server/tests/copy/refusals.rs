//! What is not copied, and what is not served.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use crate::support::http::{Client, Request};
use crate::support::server::{Kind, Server};
use crate::{assert_healthy, copied, life, refused, said};

/// Bytes of a file, at most, for a copy that has to break off: more than an empty database needs.
const FILE_BYTES_MAX: usize = 1 << 20;

/// A server, an examination, a tool and another copy all refuse half a copy.
#[track_caller]
fn assert_unfinished(whole: &Server, half: &Server) {
    let why = format!("unfinished copy of {}", whole.store());
    let (status, log) = half.refusal(&[]);
    assert!(!status.success() && log.contains(&why), "{log}");
    for words in [&["doctor"][..], &["keys", "list"]] {
        let output = half.purser(words);
        assert!(!output.status.success(), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(&why), "{words:?}: {}", said(&output));
    }
    refused(whole.store(), half.store(), &why);
    refused(half.store(), Server::new().store(), &why);
}

#[test]
fn a_copy_that_a_database_broke_off_is_not_served() {
    let mut whole = Server::started();
    life::Life::begin(&whole);
    whole.kill9();

    let mut half = Server::on(Kind::Postgres);
    half.serve(&[]);
    refused(whole.store(), half.store(), "a server runs on");
    half.signal("TERM");
    assert!(half.ended(Duration::from_secs(30)).is_some());
    half.database().sql("REVOKE INSERT ON event FROM purser");
    refused(whole.store(), half.store(), "half a copy");
    assert_ne!(half.database().sql("SELECT count(*) FROM customer"), "0");
    assert_eq!(half.database().sql("SELECT count(*) FROM event"), "0");
    assert_unfinished(&whole, &half);

    let again = Server::on(Kind::Postgres);
    copied(&whole, &again);
    assert_healthy(&again);
}

#[test]
fn a_copy_that_was_killed_is_not_served() {
    let mut whole = Server::started();
    let client = Client::new(whole.base().expect("it runs"));
    let words = "word ".repeat(90);
    let metadata: Vec<(String, String)> =
        (0..40).map(|at| (format!("metadata[{at}]"), words.clone())).collect();
    for _ in 0..100 {
        let request = Request::new("POST", "/v1/customers", &metadata);
        let request = request.header("Authorization", "Bearer sk_test_copy");
        assert_eq!(client.send(&request).expect("it runs").status, 200);
    }
    whole.kill9();

    // A process that writes more than it may into a file is killed by the kernel on the spot.
    let script = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"", FILE_BYTES_MAX / 512);
    let limited = Server::new().run_by(["sh", "-c", &script].map(String::from).to_vec());
    let half = Server::new();
    let killed = limited
        .command()
        .args(["copy", "--from", whole.store(), "--to", half.store()])
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    assert!(killed.status.signal().is_some(), "{}: {}", killed.status, said(&killed));
    assert_unfinished(&whole, &half);
    assert_healthy(&whole);
}

#[test]
fn only_what_is_there_goes_only_where_nothing_is() {
    let mut one = Server::started();
    life::Life::begin(&one);
    let (other, empty) = (Server::started(), Server::new());
    let missing = format!("sqlite:{}", empty.home().join("missing.db").display());

    refused(one.store(), one.store(), "into itself");
    refused(one.store(), "sqlite::memory:", "in memory");
    refused("sqlite::memory:", empty.store(), "in memory");
    refused(&missing, empty.store(), "there is no database");
    assert_eq!(std::fs::read_dir(empty.home()).expect("a folder").count(), 0, "something was made");
    // Somebody serves it.
    refused(one.store(), other.store(), "in use");
    one.kill9();
    refused(other.store(), one.store(), "is not empty");
    assert_healthy(&one);

    let nowhere = "postgres://purser@127.0.0.1:1/nowhere";
    refused(one.store(), nowhere, "cannot be reached");
}
