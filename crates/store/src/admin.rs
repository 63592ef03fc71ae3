//! Rare writes that are nobody's command: worlds, API keys, the clock.
//!
//! They use a connection of their own, in the server or in a tool beside it; the lane waits its
//! turn for the moment they take.

use std::sync::Mutex;

use books::{Limits, Timestamp, World};
use sha2::{Digest, Sha256};

use crate::db::{Db, Row, all, one, values};
use crate::error::{Result, StoreError};
use crate::store::{Access, Location, Store, open_existing};
use crate::tables;

/// How often a world is looked for again while others are made.
const WORLD_TRIES: usize = 100;

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
    /// What it may move; `None` for everything.
    pub limits: Option<Limits>,
}

/// The hash under which a key is kept.
pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// The connection for rare writes.
pub struct Admin {
    way: Way,
    /// Made as needed, and anew after a fault.
    db: Mutex<Option<Box<dyn Db + Send>>>,
}

/// How to get a connection.
enum Way {
    Beside(Location),
    Of(Store),
}

impl Admin {
    /// Opens a database that must exist, beside servers that may be running.
    pub fn open(location: &Location) -> Result<Admin> {
        Admin::with_way(Way::Beside(location.clone()))
    }

    /// The same on the database that this process serves.
    pub fn of(store: &Store) -> Result<Admin> {
        Admin::with_way(Way::Of(store.clone()))
    }

    fn with_way(way: Way) -> Result<Admin> {
        let db = Mutex::new(Some(way.connect()?));
        Ok(Admin { way, db })
    }

    pub(crate) fn with<T>(&self, with: impl FnOnce(&dyn Db) -> Result<T>) -> Result<T> {
        let mut kept = self.db.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let db = match kept.take().filter(|db| !db.is_closed()) {
            Some(db) => db,
            None => self.way.connect()?,
        };
        let done = with(&*db);
        if done.is_ok() {
            *kept = Some(db);
        }
        done
    }

    /// The account that sandbox keys open; `fresh` becomes it in a new database.
    pub fn default_account(&self, fresh: &str) -> Result<String> {
        let kept = self.with(|db| keep_meta(db, "account", fresh.as_bytes()))?;
        String::from_utf8(kept).map_err(|_| StoreError::Corrupt("the account is no text".into()))
    }

    /// The account that sandbox keys open, in a database that has been served.
    pub fn account(&self) -> Result<String> {
        let kept = self.with(|db| meta(db, "account"))?;
        let kept = kept.ok_or_else(|| StoreError::Other("no server was started on it yet".into()));
        String::from_utf8(kept?).map_err(|_| StoreError::Corrupt("the account is no text".into()))
    }

    /// The secret with which the database writes its ids.
    pub fn secret(&self) -> Result<[u8; 16]> {
        self.with(|db| secret(db))
    }

    /// By how much the sandbox clock is ahead, in milliseconds; 0 where it was never moved.
    pub fn clock_offset_ms(&self) -> Result<i64> {
        self.with(|db| clock_offset_ms(db))
    }

    /// Keeps by how much the sandbox clock is ahead, in milliseconds, unless it is further ahead
    /// already: another server may have moved it since this one heard of it.
    pub fn save_clock_offset_ms(&self, offset_ms: i64) -> Result<()> {
        // Such bytes are in the order of the numbers.
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name)
                   DO UPDATE SET value = excluded.value WHERE excluded.value > meta.value";
        let row = values!["clock_offset_ms", offset_ms.to_be_bytes().to_vec()];
        self.with(|db| db.execute(sql, &row).map(drop))
    }

    /// The world of an account in a mode, made if it is new.
    pub fn world(&self, account: &str, livemode: bool, now: Timestamp) -> Result<World> {
        let select = "SELECT world FROM world WHERE account = ?1 AND livemode = ?2";
        // Somebody else may take the next world at the same moment: then one of the two is left
        // without, and tries again.
        let insert = "INSERT INTO world (world, account, livemode, created)
             SELECT coalesce(max(world), 0) + 1, CAST(?1 AS TEXT), CAST(?2 AS BIGINT),
                 CAST(?3 AS BIGINT) FROM world WHERE true ON CONFLICT DO NOTHING";
        self.with(|db| {
            for _ in 0..WORLD_TRIES {
                let found = one(db, select, &values![account, livemode], |row| row.world(0))?;
                if let Some(world) = found {
                    return Ok(world);
                }
                db.execute(insert, &values![account, livemode, now])?;
            }
            Err(StoreError::Other("a world was not made".into()))
        })
    }

    /// When a world was made, by whichever server.
    pub fn world_made(&self, world: World) -> Result<Timestamp> {
        let sql = "SELECT created FROM world WHERE world = ?1";
        let made = self.with(|db| one(db, sql, &values![world], |row| row.moment(0)))?;
        made.ok_or_else(|| StoreError::Corrupt("a world is gone".into()))
    }

    /// All worlds: account, mode, world, when it was made.
    pub fn worlds(&self) -> Result<Vec<(String, bool, World, Timestamp)>> {
        let sql = "SELECT account, livemode, world, created FROM world";
        self.with(|db| {
            all(db, sql, &[], |row| {
                Ok((row.text(0)?.to_owned(), row.flag(1)?, row.world(2)?, row.moment(3)?))
            })
        })
    }

    /// Keeps a new key.
    pub fn add_key(&self, key: &ApiKey) -> Result<()> {
        let row = values![
            &key.id,
            &key.hash,
            &key.account,
            key.livemode,
            &key.name,
            &key.masked,
            key.scopes.as_ref().map(|scopes| scopes.join(" ")),
            key.created,
            key.revoked,
            key.limits.as_ref().map(serde_json::to_string).transpose()?,
        ];
        self.with(|db| db.execute(tables::API_KEY.insert(), &row).map(drop))
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> Result<Vec<ApiKey>> {
        let sql = format!("SELECT {} FROM api_key ORDER BY created, id", tables::API_KEY.names());
        self.with(|db| all(db, &sql, &[], read_key))
    }

    /// Revokes a key; `false` if there is none of that id that still works.
    pub fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool> {
        let update = "UPDATE api_key SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
        self.with(|db| Ok(db.execute(update, &values![id, now])? == 1))
    }
}

impl Way {
    fn connect(&self) -> Result<Box<dyn Db + Send>> {
        match self {
            Way::Beside(location) => open_existing(location, Access::Write),
            Way::Of(store) => store.connect(),
        }
    }
}

/// Keeps a value under a name unless there is one; gives what is kept.
fn keep_meta(db: &dyn Db, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
    let insert = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    db.execute(insert, &values![name, fresh])?;
    let kept = meta(db, name)?;
    kept.ok_or_else(|| StoreError::Corrupt(format!("'{name}' was not kept")))
}

fn meta(db: &dyn Db, name: &str) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    one(db, sql, &values![name], |row| Ok(row.bytes(0)?.to_owned()))
}

/// The name of the mark that a database bears while another is copied into it. Its value says from
/// where.
pub(crate) const COPYING: &str = "copying";

/// Refuses a database into which a copy was begun and not finished.
pub(crate) fn refuse_unfinished(db: &dyn Db) -> Result<()> {
    let Some(from) = meta(db, COPYING)? else { return Ok(()) };
    let from = String::from_utf8_lossy(&from);
    Err(StoreError::Schema(format!(
        "this database holds an unfinished copy of {from}: if that copy does not run any more, \
         remove the database and copy into a new one"
    )))
}

/// The secret that a database writes its ids with; `fresh` becomes it in a new one.
pub(crate) fn keep_secret(db: &dyn Db, fresh: &[u8; 16]) -> Result<[u8; 16]> {
    refuse_unfinished(db)?;
    keep_meta(db, "id_secret", fresh)?;
    secret(db)
}

/// The secret that a database writes its ids with.
pub(crate) fn secret(db: &dyn Db) -> Result<[u8; 16]> {
    refuse_unfinished(db)?;
    let kept = meta(db, "id_secret")?.unwrap_or_default();
    kept.try_into().map_err(|_| StoreError::Corrupt("the id secret is not 16 bytes".into()))
}

pub(crate) fn clock_offset_ms(db: &dyn Db) -> Result<i64> {
    let kept = meta(db, "clock_offset_ms")?.unwrap_or_default();
    Ok(kept.try_into().map_or(0, i64::from_be_bytes))
}

pub(crate) fn find_key(db: &dyn Db, hash: &[u8; 32]) -> Result<Option<ApiKey>> {
    let sql = format!("SELECT {} FROM api_key WHERE hash = ?1", tables::API_KEY.names());
    one(db, &sql, &values![hash], read_key)
}

pub(crate) fn find_key_of(db: &dyn Db, id: &str) -> Result<Option<ApiKey>> {
    let sql = format!("SELECT {} FROM api_key WHERE id = ?1", tables::API_KEY.names());
    one(db, &sql, &values![id], read_key)
}

fn read_key(row: &dyn Row) -> Result<ApiKey> {
    let scopes = row.opt_text(6)?;
    Ok(ApiKey {
        id: row.text(0)?.to_owned(),
        hash: row.array(1)?,
        account: row.text(2)?.to_owned(),
        livemode: row.flag(3)?,
        name: row.text(4)?.to_owned(),
        masked: row.text(5)?.to_owned(),
        scopes: scopes.map(|text| text.split_whitespace().map(String::from).collect()),
        created: row.moment(7)?,
        revoked: row.opt_int(8)?.map(Timestamp),
        limits: row.opt_text(9)?.map(serde_json::from_str).transpose()?,
    })
}
