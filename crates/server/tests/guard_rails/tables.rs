//! A look past the server: every row of every table.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};

use crate::support::server::{Kind, Server};

/// What is no book: who works on the database, how far numbers were given out, which version the
/// tables have, and how far endpoints were told.
const ASIDE: &[&str] = &["lane", "lease", "schema_migration", "told", "world"];

/// The worker looks for what is due far more often.
const REST: Duration = Duration::from_millis(300);

/// Every table with its rows, in an order of their own.
pub type Tables = BTreeMap<String, Vec<String>>;

/// Reads the whole database, while the server runs.
pub fn read(server: &Server, kind: Kind) -> Tables {
    match kind {
        Kind::Sqlite => sqlite(server),
        Kind::Postgres => postgres(server),
    }
}

/// The same as soon as nothing goes on by itself any more, such as payments that settle.
pub fn read_at_rest(server: &Server, kind: Kind) -> Tables {
    let mut last = read(server, kind);
    loop {
        thread::sleep(REST);
        let now = read(server, kind);
        if now == last {
            return now;
        }
        last = now;
    }
}

/// How many rows each table has more.
pub fn grown(before: &Tables, after: &Tables) -> BTreeMap<String, usize> {
    let more = |name: &String, rows: &Vec<String>| rows.len().saturating_sub(before[name].len());
    let more = after.iter().map(|(name, rows)| (name.clone(), more(name, rows)));
    more.filter(|(_, count)| *count > 0).collect()
}

fn sqlite(server: &Server) -> Tables {
    let path = server.home().join("purser.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a file");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut names = db.prepare(names).expect("a statement");
    let names = names.query_map([], |row| row.get::<_, String>(0)).expect("names");
    let rows = |name: &str| {
        let mut rows = db.prepare(&format!("SELECT * FROM {name}")).expect("a table");
        let width = rows.column_count();
        let shown = rows.query_map([], |row| {
            let cells: Result<Vec<Cell>, _> = (0..width).map(|at| row.get(at)).collect();
            Ok(format!("{:?}", cells?))
        });
        let mut shown: Vec<String> = shown.expect("rows").map(|row| row.expect("a row")).collect();
        shown.sort();
        shown
    };
    let names = names.map(|name| name.expect("a name"));
    let books = names.filter(|name| !ASIDE.contains(&name.as_str()));
    books.map(|name| (name.clone(), rows(&name))).collect()
}

fn postgres(server: &Server) -> Tables {
    let database = server.database();
    let names = database
        .sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'");
    let names: Vec<&str> = names.lines().filter(|name| !ASIDE.contains(name)).collect();
    // All at once: each statement takes a process of its own.
    let each = names.iter().map(|name| format!("SELECT '{name}' AS t, r::text FROM {name} r"));
    let sql =
        format!("SELECT t || ' ' || r FROM ({}) a", each.collect::<Vec<_>>().join(" UNION ALL "));
    let mut tables: Tables = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    for line in database.sql(&sql).lines() {
        let (name, row) = line.split_once(' ').expect("a name and a row");
        tables.get_mut(name).expect("a table").push(row.to_owned());
    }
    tables.values_mut().for_each(|rows| rows.sort());
    tables
}
