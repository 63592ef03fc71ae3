//! Every statement that PostgreSQL is sent while Purser works names the distribution key, so that a
//! sharded engine knows where to go with it: `world`, for each table that it reads or writes. What
//! a server does to the whole database now and then is named in [`SWEEPS`], each with its reason.
//! Nothing needs what such engines lack: sequences, triggers, locks by number, notifications.

#[path = "../support/mod.rs"]
mod support;

#[path = "../doctor/life.rs"]
mod life;
mod parse;
mod workload;

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use testing::postgres::Cluster;

use crate::parse::{Scope, words};

/// Numbers of rows by their names.
type Names = Vec<(&'static str, i64)>;

/// Tables that are not distributed: a few rows that every node can have.
const EVERYWHERE: &[&str] = &[
    "meta",
    "world",
    "api_key",
    "lane",
    "lease",
    "schema_migration",
    "dashboard_user",
    "dashboard_session",
];

/// Statements that are about all worlds: how each begins, and why that may be.
const SWEEPS: &[(&str, &str)] = &[
    (
        "SELECT due, world, number, kind, customer FROM timer WHERE due <= $1 AND kind !=",
        "due timers: asked for by the one server that has that duty, along an index",
    ),
    (
        "SELECT due, world, number, kind, customer FROM timer WHERE due <= $1 AND kind =",
        "due retries: asked for by the one server that has that duty, along an index",
    ),
    ("SELECT due FROM timer", "when to look again: asked for by the same server"),
    (
        "SELECT kind, data, world FROM document WHERE kind = 'webhook_endpoint'",
        "the endpoints of all worlds: read by the one server that delivers, along an index",
    ),
    (
        "SELECT world, key, number FROM idempotency WHERE (world, key) >",
        "which keys are old: the one server that has that duty walks along the primary key",
    ),
    (
        "DECLARE scan_0 NO SCROLL CURSOR FOR SELECT world, data FROM customer WHERE deleted = 0",
        "the words of customers: filled in once, by the migration that makes their table",
    ),
    (
        "DECLARE scan_1 NO SCROLL CURSOR FOR SELECT world, data FROM customer WHERE deleted = 0",
        "the index of searches: filled in once, by the migration that makes its tables",
    ),
    (
        "DECLARE scan_2 NO SCROLL CURSOR FOR SELECT kind, data, world FROM document",
        "the index of searches, likewise",
    ),
];

/// Tables that only tools write to, or that other tests see written.
const NOT_WRITTEN: &[&str] = &["schema_migration"];

/// The server whose log is read. It says who sent what.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    Cluster::start(&[
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("log_statement", "all"),
        ("log_line_prefix", "%a|"),
    ])
});

/// Where every bench of this target keeps its books.
fn home() -> support::Home {
    support::Home::on(&CLUSTER)
}

/// Statements that were sent while everything happened that can happen, each once, on one line.
fn statements() -> &'static BTreeSet<String> {
    static STATEMENTS: OnceLock<BTreeSet<String>> = OnceLock::new();
    STATEMENTS.get_or_init(|| {
        workload::run();
        let log = std::fs::read_to_string(CLUSTER.directory().join("log")).expect("the log");
        sent(&log).into_iter().filter(|statement| !is_migration(statement)).collect()
    })
}

/// What Purser sent, out of a log: a statement begins behind the name of its sender, and goes on
/// in lines that begin with a tab.
fn sent(log: &str) -> BTreeSet<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_ours = false;
    for line in log.lines() {
        if let Some(rest) = line.strip_prefix('\t') {
            if is_ours {
                let statement = found.last_mut().expect("it began before");
                *statement += " ";
                *statement += rest.trim();
            }
            continue;
        }
        let statement = line.strip_prefix("purser|LOG:  ").and_then(|said| {
            let (what, statement) = said.split_once(": ")?;
            (what == "statement" || what.starts_with("execute ")).then_some(statement)
        });
        is_ours = statement.is_some();
        found.extend(statement.map(|statement| statement.trim().to_owned()));
    }
    let spaced = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    found.into_iter().map(spaced).collect()
}

/// What is done once, when a database is made.
fn is_migration(statement: &str) -> bool {
    statement.contains("CREATE TABLE")
}

/// What is wrong with a statement.
fn check(statement: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for scope in Scope::of(&words(statement)) {
        for table in scope.tables() {
            let is_ours = workload::TABLES.contains(&table.name.as_str());
            if !is_ours || EVERYWHERE.contains(&table.name.as_str()) {
                continue;
            }
            if !scope.names_world(&table) {
                wrong.push(format!("{} without its world: {statement}", table.name));
            }
        }
    }
    wrong
}

#[test]
fn every_statement_names_the_distribution_key() {
    let is_sweep =
        |statement: &&String| SWEEPS.iter().any(|(beginning, _)| statement.starts_with(beginning));
    let wrong: Vec<String> = statements()
        .iter()
        .filter(|statement| !is_sweep(statement))
        .flat_map(|statement| check(statement))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// An exception that nobody sends any more is none; one that need not be is none either.
#[test]
fn every_sweep_is_there() {
    for (beginning, why) in SWEEPS {
        let found = statements().iter().find(|statement| statement.starts_with(beginning));
        let found = found.unwrap_or_else(|| panic!("nobody sends `{beginning}` ({why})"));
        assert_ne!(check(found), Vec::<String>::new(), "this is no exception: {found}");
    }
}

#[test]
fn nothing_is_sent_that_sharded_engines_lack() {
    let lacking = ["nextval", "advisory", "listen", "notify", "trigger", "currval", "lastval"];
    for statement in statements() {
        let found: Vec<String> = words(statement).into_iter().map(|w| w.to_lowercase()).collect();
        for word in lacking {
            assert!(!found.iter().any(|w| w.contains(word)), "{statement}");
        }
    }
}

/// The workload is the whole of it: each table was written to and read.
#[test]
fn every_table_is_worked_with() {
    let tables = CLUSTER.database();
    drop(store::Store::open(&tables.url().parse().unwrap(), [1; 16]).expect("it is made"));
    let names = tables.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    for name in names.lines().filter(|name| !NOT_WRITTEN.contains(name)) {
        assert!(workload::TABLES.contains(&name), "say in TABLES that there is a new table {name}");
        let into = format!("INSERT INTO {name} ");
        let written = statements().iter().any(|statement| statement.contains(&into));
        assert!(written, "nothing was written to {name}");
        let read = |statement: &&String| {
            let scopes = Scope::of(&words(statement));
            statement.starts_with("SELECT")
                && scopes.iter().flat_map(Scope::tables).any(|table| table.name == name)
        };
        // What a lease says is answered by the statement that writes it.
        let is_read =
            name == "lease" || name == "forgotten" || statements().iter().any(|s| read(&s));
        assert!(is_read, "nothing was read from {name}");
    }
}

/// The schema itself.
#[test]
fn every_key_leads_with_the_distribution_key() {
    let made = CLUSTER.database();
    drop(store::Store::open(&made.url().parse().unwrap(), [1; 16]).expect("it is made"));
    let keys = made.sql(
        "SELECT i.indrelid::regclass, i.indexrelid::regclass, a.attname
         FROM pg_index i
         JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'public'::regnamespace
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indisunique ORDER BY 1, 2",
    );
    let mut seen = BTreeSet::new();
    for key in keys.lines() {
        let fields: Vec<&str> = key.split('|').collect();
        let [table, index, first] = fields[..] else { panic!("{key}") };
        seen.insert(table);
        let leads = first == "world" || EVERYWHERE.contains(&table);
        assert!(leads, "{index} of {table} leads with {first}");
    }
    for table in workload::TABLES {
        assert!(seen.contains(table), "{table} has no key");
    }
    let count = |what: &str| made.sql(&format!("SELECT count(*) FROM {what}"));
    let ours = "relnamespace = 'public'::regnamespace";
    assert_eq!(count(&format!("pg_class WHERE relkind = 'S' AND {ours}")), "0", "sequences");
    assert_eq!(count("pg_trigger WHERE NOT tgisinternal"), "0", "triggers");
    assert_eq!(count("pg_trigger"), "0", "foreign keys");
    assert_eq!(count("pg_proc WHERE pronamespace = 'public'::regnamespace"), "0", "functions");
    let defaults = "pg_attribute WHERE attidentity <> '' OR attgenerated <> ''";
    assert_eq!(count(defaults), "0", "columns that count by themselves");
}

/// Statements as they should and should not be, to see that the check sees it.
#[test]
fn a_statement_without_its_world_is_found() {
    let good = [
        "SELECT data FROM customer WHERE world = $1 AND number = $2",
        "SELECT p.intent FROM unnest($1, $2) AS k(world, number) JOIN payable p
             ON p.world = k.world AND p.customer = k.number",
        "DELETE FROM timer t USING unnest($1, $2) AS k(due, world)
             WHERE t.due = k.due AND t.world = k.world",
        "INSERT INTO event (world, number) SELECT * FROM unnest($1, $2)",
        "SELECT 1 FROM entry e JOIN posting p ON p.world = e.world AND p.entry = e.number
             WHERE e.world = $1",
        "SELECT last_number FROM lane WHERE lane = $1 FOR UPDATE",
        "UPDATE document SET data = $1 WHERE world = $2",
    ];
    let bad = [
        "SELECT data FROM customer WHERE number = $2",
        "SELECT world FROM customer ORDER BY world",
        "SELECT p.intent FROM unnest($1, $2) AS k(world, number) JOIN payable p
             ON p.customer = k.number",
        "SELECT 1 FROM entry e JOIN posting p ON p.entry = e.number WHERE e.world = $1",
        "SELECT 1 FROM entry e JOIN posting p ON p.world > e.world WHERE e.world = $1",
        "INSERT INTO event (number, type) SELECT * FROM unnest($1, $2)",
        "INSERT INTO event SELECT * FROM unnest($1, $2)",
        "SELECT 1 FROM customer c WHERE c.world = $1 AND EXISTS
             (SELECT 1 FROM document d WHERE d.customer = c.number)",
        "UPDATE document SET data = $1 WHERE number = $2",
        "SELECT (SELECT max(number) FROM event) FROM world WHERE world = $1",
    ];
    for statement in good {
        assert_eq!(check(statement), Vec::<String>::new());
    }
    for statement in bad {
        assert_eq!(check(statement).len(), 1, "{statement}: {:?}", check(statement));
    }
}
