//! Starts that must fail, each with a sentence that says what is wrong.

use std::fs;
use std::path::Path;

use crate::support::server::Server;
use crate::{Api, DEADLINE, said};

/// Tries to serve this store: it must end with this code, and say all of this.
#[track_caller]
fn check(store: &str, code: i32, parts: &[&str]) {
    let (status, told) = Server::at(store).refusal(&[]);
    assert_eq!(status.code(), Some(code), "{store}: {told}");
    for part in parts {
        assert!(told.contains(part), "{store}: \"{part}\" is not in: {told}");
    }
    assert!(!told.contains("panicked") && told.lines().count() < 8, "{store}: {told}");
}

#[test]
fn a_database_is_served_by_one_server() {
    let server = Server::started();
    check(server.store(), 1, &["another Purser is serving", "purser.db"]);
    let api = Api::new(&server);
    assert_eq!(api.available(&api.customer()), 0, "the first one goes on");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let server = Server::started();
    let address = server.base().expect("it runs").replace("http://", "");
    let second = Server::new();
    let (status, told) = second.refusal(&["--listen", &address]);
    assert_eq!(status.code(), Some(1), "{told}");
    assert!(told.contains(&address) && !told.contains("panicked"), "{told}");
}

#[test]
fn a_store_that_nobody_knows_is_refused() {
    for store in ["postgres:purser", "mysql:x", "sqlite:", "purser.db", ""] {
        check(store, 2, &["--store", "sqlite:PATH"]);
    }
    for verb in [&["doctor"][..], &["backup", "/tmp/never"], &["keys", "list"]] {
        let told = Server::at("sqlite::memory:").purser(verb);
        assert_eq!(told.status.code(), Some(1), "{verb:?}: {}", said(&told));
        assert!(said(&told).contains("name a file"), "{verb:?}: {}", said(&told));
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("file");
    fs::write(&file, "").expect("it can be written");
    for folder in [Path::new("/proc/purser"), Path::new("/proc"), &file] {
        let folder = folder.display();
        check(&format!("sqlite:{folder}/purser.db"), 1, &[&folder.to_string()]);
    }
    let missing = Server::at(&format!("sqlite:{}", home.path().join("none.db").display()));
    for verb in [&["doctor"][..], &["backup", "/tmp/never"]] {
        let told = missing.purser(verb);
        assert_eq!(told.status.code(), Some(1), "{verb:?}: {}", said(&told));
        assert!(said(&told).contains("there is no database at"), "{verb:?}: {}", said(&told));
    }
}

/// A file that a server has left behind properly.
fn left_behind(server: &mut Server) -> std::path::PathBuf {
    server.serve(&[]);
    let api = Api::new(server);
    assert_eq!(api.fund(&api.customer(), 5, "K").status, 200);
    server.signal("TERM");
    assert!(server.ended(DEADLINE).is_some(), "it does not end");
    server.home().join("purser.db")
}

#[test]
fn a_damaged_database_is_called_so() {
    let mut server = Server::new();
    let file = left_behind(&mut server);
    let healthy = fs::read(&file).expect("it can be read");
    let mut torn = healthy.clone();
    let middle = torn.len() / 2;
    torn[..middle].fill(0x5a);
    for bytes in [b"this is no database. ".repeat(500), torn] {
        fs::write(&file, bytes).expect("it can be written");
        check(server.store(), 1, &["the database is damaged"]);
        for verb in [&["doctor"][..], &["backup", "/tmp/never"], &["keys", "list"]] {
            let told = server.purser(verb);
            assert_eq!(told.status.code(), Some(1), "{verb:?}: {}", said(&told));
            assert!(said(&told).contains("damaged"), "{verb:?}: {}", said(&told));
        }
    }
    fs::write(&file, healthy).expect("it can be written");
    server.restart();
}

/// The row of the first migration with another number: a database from the future.
#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let mut server = Server::new();
    let file = left_behind(&mut server);
    let mut bytes = fs::read(&file).expect("it can be read");
    // A row of schema_migration: its number, then a header with the kinds of its columns (null,
    // a text of 5 bytes, 32 bytes, an integer of 4 bytes), then the text.
    let row = [&[1u8, 5, 0, 23, 76, 4][..], b"begin"].concat();
    let found: Vec<usize> =
        (0..bytes.len() - row.len()).filter(|&at| bytes[at..].starts_with(&row)).collect();
    assert_eq!(found.len(), 1, "the row of the first migration is not where it was");
    bytes[found[0]] = 99;
    fs::write(&file, &bytes).expect("it can be written");
    check(server.store(), 1, &["schema version 99", "newer Purser"]);
    for verb in [&["doctor"][..], &["backup", "/tmp/never"], &["keys", "list"]] {
        let told = server.purser(verb);
        assert_eq!(told.status.code(), Some(1), "{verb:?}: {}", said(&told));
        assert!(said(&told).contains("newer Purser"), "{verb:?}: {}", said(&told));
    }
    let after = fs::read(&file).expect("it can be read");
    assert!(after == bytes, "a database that was refused was written to");
}
