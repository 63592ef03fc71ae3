//! A full disk: writes are refused, reads go on, and once there is space so do writes.

use std::fs;

use crate::support::disk::SmallDisk;
use crate::support::server::Server;
use crate::{Api, assert_healthy, eventually, json};

const DISK_BYTES: usize = 12 << 20;
const WRITES_MAX: usize = 5000;
const FILLER: &str = "filler";

#[test]
fn a_full_disk_stops_writes_only() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount_or_say(home.path(), DISK_BYTES) else {
        return;
    };
    let store = format!("sqlite:{}", home.path().join("purser.db").display());
    let mut server = Server::at(&store).run_by(disk.prefix());
    server.serve(&[]);
    let api = Api::new(&server);
    let customer = api.customer();
    disk.fill(FILLER, 2 << 20);

    // Until nothing goes any more, and then some.
    let mut answered = Vec::new();
    let mut refused = Vec::new();
    for count in 0..WRITES_MAX {
        let key = format!("k{count}");
        let answer = api.fund(&customer, 1, &key);
        match answer.status {
            200 => answered.push((key, answer.body)),
            503 => {
                assert!(answer.body.contains("disk"), "{}", answer.body);
                assert_eq!(answer.header_value("stripe-should-retry"), Some("true"));
                refused.push(key);
            }
            other => panic!("{other}: {}", answer.body),
        }
        if refused.len() == 20 {
            break;
        }
    }
    assert!(answered.len() > 10 && refused.len() == 20, "the disk does not fill up");
    let elsewhere = crate::Request::new("GET", "/v1/balance", &[]);
    let opening = api.send(elsewhere.header("Stripe-Account", "acct_unheard_of"));
    assert!(matches!(opening.status, 200 | 503), "{}", opening.body);
    reads_go_on(&api, &customer, answered.len());
    assert_healthy(&server);

    // Also for a server that starts now.
    server.restart();
    let api = Api::new(&server);
    reads_go_on(&api, &customer, answered.len());
    let still = api.fund(&customer, 1, &refused[0]);
    assert_eq!(still.status, 503, "{}", still.body);

    fs::remove_file(disk.file(FILLER)).expect("the filler can be removed");
    eventually("writes go again", || api.fund(&customer, 1, &refused[0]).status == 200);
    for key in &refused[1..] {
        let answer = api.fund(&customer, 1, key);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    for (key, body) in &answered {
        let again = api.fund(&customer, 1, key);
        assert_eq!((again.status, &again.body), (200, body), "{key}");
    }
    assert_eq!(api.available(&customer), (answered.len() + refused.len()) as i64);
    assert_healthy(&server);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

fn reads_go_on(api: &Api, customer: &str, funded: usize) {
    assert_eq!(api.available(customer), funded as i64);
    for path in [
        format!("/v1/customers/{customer}"),
        format!("/v1/customers/{customer}/cash_balance_transactions?limit=100"),
        "/v1/events?limit=100".to_owned(),
        "/v1/balance".to_owned(),
        "/readyz".to_owned(),
    ] {
        let answer = api.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let page = api.get(&format!("/v1/customers/{customer}/cash_balance_transactions?limit=1"));
    assert_eq!(json(&page)["data"][0]["ending_balance"], funded);
}

/// A copy that does not fit is no copy.
#[test]
fn a_backup_onto_a_full_disk_fails_and_leaves_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(disk) = SmallDisk::mount_or_say(home.path(), DISK_BYTES) else {
        return;
    };
    let mut server = Server::new().run_by(disk.prefix());
    server.serve(&[]);
    Api::new(&server).customer();
    disk.fill(FILLER, 64 << 10);
    let copy = home.path().join("copy.db");
    let failed = server.purser(&["backup", &copy.to_string_lossy()]);
    assert_eq!(failed.status.code(), Some(1), "{}", crate::said(&failed));
    assert!(crate::said(&failed).contains("full"), "{}", crate::said(&failed));
    assert!(!disk.file("copy.db").exists(), "half a copy looks like a copy");
    fs::remove_file(disk.file(FILLER)).expect("the filler can be removed");
    let copied = server.purser(&["backup", &copy.to_string_lossy()]);
    assert!(copied.status.success(), "{}", crate::said(&copied));
    assert_healthy(&Server::at(&format!("sqlite:{}", copy.display())).run_by(disk.prefix()));
}
