//! Migrations: numbered, forward only, each in one transaction, checked by their hash.
//!
//! A database that is newer than the program, or whose migrations were edited afterwards, is
//! refused rather than guessed at.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::{Result, StoreError};

/// All migrations, oldest first; the version is the place in this list, from 1.
pub const ALL: &[(&str, &str)] = &[
    ("begin", include_str!("../migrations/0001_begin.sql")),
    ("the life of money", include_str!("../migrations/0002_the_life_of_money.sql")),
    ("webhooks", include_str!("../migrations/0003_webhooks.sql")),
];

/// Brings a database up to the newest schema.
pub fn migrate(db: &mut Connection) -> Result<()> {
    migrate_with(db, ALL)
}

fn migrate_with(db: &mut Connection, all: &[(&str, &str)]) -> Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migration (
             version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL,
             applied INTEGER NOT NULL DEFAULT (unixepoch())) STRICT",
    )?;
    check_known(db, all)?;
    for (index, (name, sql)) in all.iter().enumerate() {
        let version = index as i64 + 1;
        let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let known = "SELECT 1 FROM schema_migration WHERE version = ?1";
        if tx.query_row(known, [version], |_| Ok(())).optional()?.is_none() {
            tx.execute_batch(sql)?;
            tx.execute(
                "INSERT INTO schema_migration (version, name, sha256) VALUES (?1, ?2, ?3)",
                params![version, name, hash(sql)],
            )?;
            tx.commit()?;
        }
    }
    Ok(())
}

/// Refuses a database that this program does not know whole.
pub fn check(db: &Connection) -> Result<()> {
    check_known(db, ALL)
}

fn check_known(db: &Connection, all: &[(&str, &str)]) -> Result<()> {
    let mut rows = db.prepare("SELECT version, name, sha256 FROM schema_migration")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (version, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let sha256: Vec<u8> = row.get(2)?;
        match usize::try_from(version - 1).ok().and_then(|index| all.get(index)) {
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
                    all.len()
                )));
            }
        }
    }
    Ok(())
}

fn hash(sql: &str) -> Vec<u8> {
    Sha256::digest(sql.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_earlier_version_comes_up_to_date() {
        for version in 0..=ALL.len() {
            let mut db = Connection::open_in_memory().unwrap();
            migrate_with(&mut db, &ALL[..version]).unwrap();
            migrate(&mut db).unwrap();
            migrate(&mut db).unwrap();
            let count = "SELECT count(*) FROM schema_migration";
            let applied: i64 = db.query_row(count, [], |row| row.get(0)).unwrap();
            assert_eq!(applied, ALL.len() as i64);
        }
    }

    #[test]
    fn a_newer_or_edited_schema_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        let later = [ALL, &[("later", "CREATE TABLE later (x INTEGER) STRICT")]].concat();
        migrate_with(&mut db, &later).unwrap();
        assert!(matches!(migrate(&mut db), Err(StoreError::Schema(_))));
        let edited: Vec<_> = ALL.iter().map(|(name, _)| (*name, "SELECT 1")).collect();
        assert!(matches!(migrate_with(&mut db, &edited), Err(StoreError::Schema(_))));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut db = Connection::open_in_memory().unwrap();
        let broken = [("broken", "CREATE TABLE half (x INTEGER) STRICT; CREATE nonsense")];
        assert!(migrate_with(&mut db, &broken).is_err());
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
        assert_eq!(db.query_row(tables, [], |row| row.get::<_, i64>(0)), Ok(0));
    }
}
