//! The tour of the README with curl, run as it is written there. What a line prints is in the
//! comment at its end. The tour with the Python SDK is run by the tests of that client.

mod support;

use std::path::Path;
use std::process::Command;

use support::server::Server;

#[test]
fn the_tour_with_curl_does_what_it_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, tour) = readme.split_once("## Two minutes").expect("the README has a tour");
    let (_, block) = tour.split_once("```sh\n").expect("the tour has a part for curl");
    let (script, _) = block.split_once("```").expect("the part ends");
    let promised: Vec<&str> =
        script.lines().filter_map(|line| Some(line.split_once(" # ")?.1.trim())).collect();
    assert!(promised.len() >= 7, "the tour says what it prints");

    let mut server = Server::started();
    let script = script.replace("http://127.0.0.1:12111", server.base().expect("it runs"));
    let done = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    let printed = String::from_utf8(done.stdout).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), promised, "{errors}");
    assert!(done.status.success(), "{errors}");
    assert_eq!(server.stop_and_audit(), Ok(()));
}
