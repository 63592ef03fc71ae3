//! Many entries: in bounded memory, and to receivers that stop reading.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Desk;
use crate::support::raw::{Raw, request};
use crate::support::server::Server;

const ENTRIES: usize = 50_000;
const AT_ONCE: usize = 3;
/// How much these exports may add to what the server keeps in memory.
const GROWTH_KIB_MAX: u64 = 16 << 10;
/// After so long nobody waits for a receiver that does not read.
const GIVEN_UP: Duration = Duration::from_secs(25);
/// What ends an answer that is whole.
const END: &str = "\r\n0\r\n\r\n";

#[test]
fn fifty_thousand_entries_are_exported_in_bounded_memory() {
    let server = Server::started();
    let desk = Desk::of(&server);
    desk.fund(&desk.customer("Ada"), 100, "usd");
    multiply(&server);

    // Somebody stops reading right after the beginning, and holds up nobody.
    let begun = Instant::now();
    let mut sleeper = begin(&server, "journal.csv");
    assert!(sleeper.head().starts_with("HTTP/1.1 200 OK"));

    // What SQLite keeps at hand of the file is bounded, too, and at its bound after this.
    assert_eq!(whole(&server, "journal.csv").matches(",funded,").count(), 2 * ENTRIES);
    let before = memory_kib(&server);
    let (peak, is_over) = (AtomicU64::new(before), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                peak.fetch_max(memory_kib(&server), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let exports: Vec<_> =
            (0..AT_ONCE).map(|_| scope.spawn(|| whole(&server, "journal.csv").len())).collect();
        let lengths: Vec<_> = exports.into_iter().map(|it| it.join().expect("a length")).collect();
        let all = lengths.iter().sum::<usize>() as u64;
        assert!(all > 2 * GROWTH_KIB_MAX * 1024, "too short to tell: {lengths:?}");
        is_over.store(true, Ordering::Relaxed);
    });
    let peak = peak.load(Ordering::Relaxed);
    assert!(peak < before + GROWTH_KIB_MAX, "grew from {before} KiB to {peak} KiB");

    // Whoever slept gets what was on its way, and can see that it is not all.
    thread::sleep(GIVEN_UP.saturating_sub(begun.elapsed()));
    let rest = sleeper.rest();
    assert!(!rest.ends_with(END), "it looks whole");
    assert!(rest.matches(",funded,").count() < 2 * ENTRIES);
}

/// Makes many entries out of the only one, faster than they could be asked for.
fn multiply(server: &Server) {
    let file = server.store().trim_start_matches("sqlite:");
    let database = Connection::open(file).expect("it is a file");
    let others = format!(
        "WITH RECURSIVE other(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM other WHERE n < {})",
        ENTRIES - 1
    );
    database
        .execute_batch(&format!(
            "BEGIN;
             {others} INSERT INTO posting SELECT world, entry + n, line, account, owner, currency,
                 amount FROM posting, other;
             {others} INSERT INTO cash_transaction SELECT world, customer, number + n, type,
                 currency, net_amount, ending_balance, others, detail FROM cash_transaction, other;
             {others} INSERT INTO entry SELECT world, number + n, kind, seal, request
                 FROM entry, other;
             COMMIT;"
        ))
        .expect("rows are written");
}

fn begin(server: &Server, file: &str) -> Raw {
    let mut raw = Raw::connect(server.base().expect("it runs"));
    let headers = [("Connection", "close")];
    raw.send(request("GET", &format!("/dashboard/exports/{file}"), &headers, ""));
    raw
}

/// A file, with what frames its pieces.
fn whole(server: &Server, file: &str) -> String {
    let text = begin(server, file).rest();
    assert!(text.ends_with(END), "it was cut off");
    text
}

/// What the server keeps in memory: found by the store that its command line names.
fn memory_kib(server: &Server) -> u64 {
    let is_server = |folder: &Path| {
        fs::read(folder.join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(server.store()))
    };
    let mut folders = fs::read_dir("/proc").expect("Linux").flatten().map(|it| it.path());
    let folder = folders.find(|folder| is_server(folder)).expect("the server runs");
    let status = fs::read_to_string(folder.join("status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
