//! Migrations: numbered, forward only, each in one transaction, checked by their hash.
//!
//! A database that is newer than the program, or whose migrations were edited afterwards, is
//! refused rather than guessed at.

use sha2::{Digest, Sha256};

use crate::db::{Db, all, one, values};
use crate::error::{Result, StoreError};
use crate::{search, words};

/// The schema of one kind of database, and how it is changed.
pub(crate) struct Schema {
    /// All migrations, oldest first; the version is the place in this list, from 1.
    pub(crate) all: &'static [(&'static str, &'static str)],
    /// Finds the table of the migrations that were applied, if there is one.
    pub(crate) find: &'static str,
    /// Makes it, if there is none.
    pub(crate) create: &'static str,
    /// Begins a transaction that nobody else who migrates can be in at the same time.
    pub(crate) begin: &'static str,
}

/// The migration after which the words of customers are filled in: SQL does not know them.
const CUSTOMER_WORDS: &str = "customer words";
/// The one after which the index of searches is filled in, likewise.
const SEARCH: &str = "search";

/// That of SQLite.
pub(crate) const SQLITE: Schema = Schema {
    all: &[
        ("begin", include_str!("../migrations/sqlite/0001_begin.sql")),
        ("the life of money", include_str!("../migrations/sqlite/0002_the_life_of_money.sql")),
        ("webhooks", include_str!("../migrations/sqlite/0003_webhooks.sql")),
        ("retries", include_str!("../migrations/sqlite/0004_retries.sql")),
        ("agents", include_str!("../migrations/sqlite/0005_agents.sql")),
        ("balances over time", include_str!("../migrations/sqlite/0006_balances_over_time.sql")),
        (CUSTOMER_WORDS, include_str!("../migrations/sqlite/0007_customer_words.sql")),
        ("dashboard", include_str!("../migrations/sqlite/0008_dashboard.sql")),
        ("cards", include_str!("../migrations/sqlite/0009_cards.sql")),
        (SEARCH, include_str!("../migrations/sqlite/0010_search.sql")),
    ],
    find: "SELECT name FROM sqlite_schema WHERE name = 'schema_migration'",
    create: "CREATE TABLE IF NOT EXISTS schema_migration (
                 version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL,
                 applied INTEGER NOT NULL DEFAULT (unixepoch())) STRICT",
    begin: "BEGIN IMMEDIATE",
};

/// That of PostgreSQL.
pub(crate) const POSTGRES: Schema = Schema {
    all: &[
        ("begin", include_str!("../migrations/postgres/0001_begin.sql")),
        ("agents", include_str!("../migrations/postgres/0002_agents.sql")),
        ("balances over time", include_str!("../migrations/postgres/0003_balances_over_time.sql")),
        (CUSTOMER_WORDS, include_str!("../migrations/postgres/0004_customer_words.sql")),
        ("dashboard", include_str!("../migrations/postgres/0005_dashboard.sql")),
        ("cards", include_str!("../migrations/postgres/0006_cards.sql")),
        (SEARCH, include_str!("../migrations/postgres/0007_search.sql")),
    ],
    find: "SELECT CAST(to_regclass('schema_migration') AS TEXT)
           WHERE to_regclass('schema_migration') IS NOT NULL",
    create: "CREATE TABLE IF NOT EXISTS schema_migration (
                 version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 BYTEA NOT NULL,
                 applied TIMESTAMPTZ NOT NULL DEFAULT now())",
    begin: "BEGIN; LOCK TABLE schema_migration IN EXCLUSIVE MODE",
};

/// Brings a database up to the newest schema.
pub(crate) fn migrate(db: &dyn Db, schema: &Schema) -> Result<()> {
    // Where everything is there already, nothing needs the right to make it.
    if !is_ours(db, schema)? {
        db.batch(schema.create)?;
    }
    let applied = check(db, schema)?;
    for (index, (name, sql)) in schema.all.iter().enumerate().skip(applied) {
        let version = index as i64 + 1;
        db.batch(schema.begin)?;
        let applied = apply(db, (version, name, sql));
        db.batch(if applied.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        applied?;
    }
    Ok(())
}

fn apply(db: &dyn Db, (version, name, sql): (i64, &str, &str)) -> Result<()> {
    let known = "SELECT version FROM schema_migration WHERE version = ?1";
    if one(db, known, &values![version], |_| Ok(()))?.is_some() {
        return Ok(());
    }
    db.batch(sql)?;
    if name == CUSTOMER_WORDS {
        words::fill(db)?;
    }
    if name == SEARCH {
        search::fill(db)?;
    }
    let insert = "INSERT INTO schema_migration (version, name, sha256) VALUES (?1, ?2, ?3)";
    db.execute(insert, &values![version, name, hash(sql)]).map(drop)
}

/// Whether a database has a schema of Purser's.
pub(crate) fn is_ours(db: &dyn Db, schema: &Schema) -> Result<bool> {
    Ok(one(db, schema.find, &[], |_| Ok(()))?.is_some())
}

/// Refuses a database that this program does not know whole; tells how many migrations it has.
pub(crate) fn check(db: &dyn Db, schema: &Schema) -> Result<usize> {
    let sql = "SELECT version, name, sha256 FROM schema_migration ORDER BY version";
    let applied = all(db, sql, &[], |row| {
        Ok((row.int(0)?, row.text(1)?.to_owned(), row.bytes(2)?.to_owned()))
    })?;
    let count = applied.len();
    for (version, name, sha256) in applied {
        let known = usize::try_from(version - 1).ok().and_then(|index| schema.all.get(index));
        match known {
            Some((_, sql)) if hash(sql) == sha256 => {}
            Some(_) => {
                return Err(StoreError::Schema(format!(
                    "migration {version} ({name}) of this database is not this program's own"
                )));
            }
            None => {
                return Err(StoreError::Schema(format!(
                    "the database has schema version {version}, this program knows up to {}: \
                     use a newer Purser",
                    schema.all.len()
                )));
            }
        }
    }
    Ok(count)
}

fn hash(sql: &str) -> Vec<u8> {
    Sha256::digest(sql.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::SqliteDb;

    fn memory() -> SqliteDb {
        SqliteDb(rusqlite::Connection::open_in_memory().unwrap())
    }

    fn with(all: &[(&'static str, &'static str)]) -> Schema {
        Schema { all: Box::leak(all.to_vec().into_boxed_slice()), ..SQLITE }
    }

    fn count(db: &dyn Db, sql: &str) -> i64 {
        one(db, sql, &[], |row| row.int(0)).unwrap().unwrap()
    }

    #[test]
    fn every_earlier_version_comes_up_to_date() {
        for version in 0..=SQLITE.all.len() {
            let db = memory();
            migrate(&db, &with(&SQLITE.all[..version])).unwrap();
            migrate(&db, &SQLITE).unwrap();
            migrate(&db, &SQLITE).unwrap();
            let applied = count(&db, "SELECT count(*) FROM schema_migration");
            assert_eq!(applied, SQLITE.all.len() as i64);
        }
    }

    #[test]
    fn a_newer_or_edited_schema_is_refused() {
        let db = memory();
        let later = [SQLITE.all, &[("later", "CREATE TABLE later (x INTEGER) STRICT")]].concat();
        migrate(&db, &with(&later)).unwrap();
        assert!(matches!(migrate(&db, &SQLITE), Err(StoreError::Schema(_))));
        let edited: Vec<_> = SQLITE.all.iter().map(|(name, _)| (*name, "SELECT 1")).collect();
        assert!(matches!(migrate(&db, &with(&edited)), Err(StoreError::Schema(_))));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let db = memory();
        let broken = [("broken", "CREATE TABLE half (x INTEGER) STRICT; CREATE nonsense")];
        assert!(migrate(&db, &with(&broken)).is_err());
        assert_eq!(count(&db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    }
}
