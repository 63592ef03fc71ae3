//! Rare writes that are nobody's command: worlds, API keys, backups.
//!
//! They use a connection of their own, in the server or in a tool beside it; the lane waits its
//! turn for the moment they take.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use books::{Timestamp, World};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::{Result, StoreError};
use crate::sqlite::{Access, connect, open_existing};

/// An API key as it is kept: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// `key_...`, to name it by.
    pub id: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// The account it opens.
    pub account: String,
    /// Whether it opens the live mode.
    pub livemode: bool,
    /// For people.
    pub name: String,
    /// The key with its middle left out, for people to recognise.
    pub masked: String,
    /// What a restricted key may do; `None` for everything.
    pub scopes: Option<Vec<String>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// The hash under which a key is kept.
pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// By how much the sandbox clock is ahead, in milliseconds; 0 where it was never moved.
pub(crate) fn clock_offset_ms(db: &Connection) -> Result<i64> {
    let select = "SELECT value FROM meta WHERE name = 'clock_offset_ms'";
    let bytes: Option<[u8; 8]> = db.query_row(select, [], |row| row.get(0)).optional()?;
    Ok(bytes.map_or(0, i64::from_be_bytes))
}

/// The connection for rare writes.
pub struct Admin {
    path: PathBuf,
    db: Mutex<Connection>,
}

impl Admin {
    /// Opens the database at `path`, which must exist.
    pub fn open(path: &Path) -> Result<Admin> {
        Ok(Admin { path: path.to_owned(), db: Mutex::new(open_existing(path, Access::Write)?) })
    }

    fn db(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The account that sandbox keys open; `fresh` becomes it in a new database.
    pub fn default_account(&self, fresh: &str) -> Result<String> {
        let db = self.db();
        let insert = "INSERT INTO meta (name, value) VALUES ('account', ?1) ON CONFLICT DO NOTHING";
        db.execute(insert, [fresh.as_bytes()])?;
        let select = "SELECT CAST(value AS TEXT) FROM meta WHERE name = 'account'";
        Ok(db.query_row(select, [], |row| row.get(0))?)
    }

    /// Keeps by how much the sandbox clock is ahead, in milliseconds.
    pub fn save_clock_offset_ms(&self, offset_ms: i64) -> Result<()> {
        let upsert = "INSERT INTO meta (name, value) VALUES ('clock_offset_ms', ?1)
                      ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.db().execute(upsert, [offset_ms.to_be_bytes().as_slice()])?;
        Ok(())
    }

    /// The world of an account in a mode, made if it is new.
    pub fn world(&self, account: &str, livemode: bool, now: Timestamp) -> Result<World> {
        let db = self.db();
        let select = "SELECT world FROM world WHERE account = ?1 AND livemode = ?2";
        let find = || db.query_row(select, params![account, livemode], |row| row.get(0)).optional();
        if let Some(world) = find()? {
            return Ok(World(world));
        }
        let insert = "INSERT INTO world (account, livemode, created) VALUES (?1, ?2, ?3)
                      ON CONFLICT DO NOTHING";
        db.execute(insert, params![account, livemode, now.0])?;
        find()?.map(World).ok_or_else(|| StoreError::Other("a world was not made".into()))
    }

    /// All worlds: account, mode, world, when it was made.
    pub fn worlds(&self) -> Result<Vec<(String, bool, World, Timestamp)>> {
        let db = self.db();
        let mut select = db.prepare("SELECT account, livemode, world, created FROM world")?;
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, World(row.get(2)?), Timestamp(row.get(3)?)))
        };
        Ok(select.query_map([], read)?.collect::<std::result::Result<_, _>>()?)
    }

    /// Keeps a new key.
    pub fn add_key(&self, key: &ApiKey) -> Result<()> {
        let scopes = key.scopes.as_ref().map(|scopes| scopes.join(" "));
        self.db().execute(
            "INSERT INTO api_key (id, hash, account, livemode, name, masked, scopes, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                key.id,
                key.hash.as_slice(),
                key.account,
                key.livemode,
                key.name,
                key.masked,
                scopes,
                key.created.0
            ],
        )?;
        Ok(())
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> Result<Vec<ApiKey>> {
        let db = self.db();
        let mut select = db.prepare(&format!("{SELECT_KEY} ORDER BY created, id"))?;
        Ok(select.query_map([], read_key)?.collect::<std::result::Result<_, _>>()?)
    }

    /// Revokes a key; `false` if there is none of that id that still works.
    pub fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool> {
        let update = "UPDATE api_key SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
        Ok(self.db().execute(update, params![id, now.0])? == 1)
    }

    /// Makes a consistent copy of the whole database in a new file, while a server may be running.
    /// `progress` is told the pages done and the pages in all.
    pub fn backup(&self, to: &Path, progress: &mut dyn FnMut(i32, i32)) -> Result<()> {
        if to.exists() {
            return Err(StoreError::ReadOnly(format!("{} exists already", to.display())));
        }
        let copied = self.copy(to, progress);
        if copied.is_err() {
            // Half a copy is none. What cannot be removed either is named by the first error.
            let _ = std::fs::remove_file(to);
        }
        copied
    }

    fn copy(&self, to: &Path, progress: &mut dyn FnMut(i32, i32)) -> Result<()> {
        let from = connect(&self.path, Access::Read)?;
        let mut copy = Connection::open(to)?;
        let backup = Backup::new(&from, &mut copy)?;
        loop {
            let step = backup.step(-1)?;
            let done = backup.progress();
            progress(done.pagecount - done.remaining, done.pagecount);
            match step {
                StepResult::Done => return Ok(()),
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

const SELECT_KEY: &str =
    "SELECT id, hash, account, livemode, name, masked, scopes, created, revoked
                          FROM api_key";

pub(crate) fn find_key(db: &Connection, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
    let mut select = db.prepare_cached(&format!("{SELECT_KEY} WHERE hash = ?1"))?;
    Ok(select.query_row([hash.as_slice()], read_key).optional()?)
}

fn read_key(row: &rusqlite::Row<'_>) -> rusqlite::Result<ApiKey> {
    let scopes: Option<String> = row.get(6)?;
    Ok(ApiKey {
        id: row.get(0)?,
        hash: row.get(1)?,
        account: row.get(2)?,
        livemode: row.get(3)?,
        name: row.get(4)?,
        masked: row.get(5)?,
        scopes: scopes.map(|text| text.split_whitespace().map(String::from).collect()),
        created: Timestamp(row.get(7)?),
        revoked: row.get::<_, Option<i64>>(8)?.map(Timestamp),
    })
}
