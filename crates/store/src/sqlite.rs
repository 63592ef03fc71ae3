//! Where a SQLite database is, who may have it, and how its connections are set up.
//!
//! WAL mode with `synchronous=FULL`: a commit that returned is on disk. The page cache is small on
//! purpose (the operating system caches the file; a large one makes each commit walk it), and
//! checkpoints are never run inside a commit (see `checkpoint`).

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StoreError};
use crate::migrations;

/// How long a connection waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a page. Chosen by measuring; see ARCHITECTURE.md.
const PAGE_BYTES: i64 = 4096;
/// KiB of pages that the lane keeps. A larger cache is slower: each commit walks it.
const WRITER_CACHE_KIB: i64 = 8 << 10;
/// KiB of pages that each reader keeps.
const READER_CACHE_KIB: i64 = 16 << 10;
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 64;

/// Where a database is kept, as given with `--store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `sqlite:PATH`: a file; its directory is made if it is missing.
    File(PathBuf),
    /// `sqlite::memory:`: a temporary directory, removed at the end. For tests.
    Temporary,
}

impl std::str::FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Location, String> {
        match text.strip_prefix("sqlite:") {
            Some(":memory:") => Ok(Location::Temporary),
            Some(path) if !path.is_empty() => Ok(Location::File(PathBuf::from(path))),
            _ => Err(format!("'{text}' is neither sqlite:PATH nor sqlite::memory:")),
        }
    }
}

/// An open database that this process alone may serve.
pub struct Store {
    path: PathBuf,
    secret: [u8; 16],
    /// Held for as long as the store is: a second server on the same file is refused.
    _lock: Arc<File>,
    _temporary: Option<tempfile::TempDir>,
}

impl Store {
    /// Opens a database for serving, making or migrating it as needed. `secret` is used for the
    /// ids of a new database; one that exists keeps its own.
    pub fn open(location: &Location, secret: [u8; 16]) -> Result<Store> {
        let (path, temporary) = match location {
            Location::File(path) => (path.clone(), None),
            Location::Temporary => {
                let dir = temporary_dir()?;
                (dir.path().join("purser.db"), Some(dir))
            }
        };
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|e| cannot_write(dir, &e))?;
        }
        let path = one_name(&path)?;
        let lock = take_lock(&path)?;
        refuse_foreign(&path)?;
        let mut db = connect(&path, Access::Write)?;
        migrations::migrate(&mut db)?;
        let secret = keep_secret(&db, secret)?;
        Ok(Store { path, secret, _lock: Arc::new(lock), _temporary: temporary })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret that ids are written with.
    pub fn secret(&self) -> [u8; 16] {
        self.secret
    }
}

/// Opens the database of `location` for a look from outside, beside a server that may be running.
pub(crate) fn open_existing(path: &Path, access: Access) -> Result<Connection> {
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    refuse_foreign(path)?;
    let db = connect(path, access)?;
    migrations::check(&db)?;
    Ok(db)
}

/// What a connection may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
    /// Reads only, but sees the schema's checks, which SQLite does not load when it cannot write.
    Examine,
}

/// Opens a connection with the settings above.
pub(crate) fn connect(path: &Path, access: Access) -> Result<Connection> {
    let flags = match access {
        Access::Write | Access::Examine => {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        }
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Without this, SQLite plans a kept statement anew whenever a bound value changes.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    if access == Access::Examine {
        db.pragma_update(None, "query_only", true)?;
    }
    if access == Access::Write {
        db.pragma_update(None, "page_size", PAGE_BYTES)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        db.pragma_update(None, "journal_size_limit", 512 << 20)?;
        db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    } else {
        db.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    }
    Ok(db)
}

fn temporary_dir() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::Builder::new().prefix("purser-").tempdir_in(memory),
        false => tempfile::Builder::new().prefix("purser-").tempdir(),
    };
    made.map_err(|e| StoreError::Disk(format!("no temporary directory can be made: {e}")))
}

/// The one name that a file has, whatever links lead to it: the lock hangs on it.
fn one_name(path: &Path) -> Result<PathBuf> {
    if path.exists() {
        return path.canonicalize().map_err(|e| cannot_write(path, &e));
    }
    let name = path
        .file_name()
        .ok_or_else(|| StoreError::ReadOnly(format!("{} names no file", path.display())))?;
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    Ok(dir.canonicalize().map_err(|e| cannot_write(dir, &e))?.join(name))
}

/// A database that something else made is left alone: looked at without any of our settings, the
/// first of which would write to it.
fn refuse_foreign(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let tables = "SELECT count(*), sum(name = 'schema_migration') FROM sqlite_schema";
    let (all, ours): (i64, Option<i64>) =
        db.query_row(tables, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match all == 0 || ours == Some(1) {
        true => Ok(()),
        false => {
            let path = path.display();
            Err(StoreError::Schema(format!("{path} is a database of another program")))
        }
    }
}

fn take_lock(path: &Path) -> Result<File> {
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    let file = File::options().create(true).truncate(false).write(true).open(&lock);
    let file = file.map_err(|e| cannot_write(&lock, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(format!(
            "another Purser is serving {} (it holds {})",
            path.display(),
            lock.display()
        ))),
        Err(TryLockError::Error(e)) => Err(cannot_write(&lock, &e)),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::ReadOnly(format!("{}: {error}", path.display())),
    }
}

fn keep_secret(db: &Connection, fresh: [u8; 16]) -> Result<[u8; 16]> {
    let insert = "INSERT INTO meta (name, value) VALUES ('id_secret', ?1) ON CONFLICT DO NOTHING";
    db.execute(insert, [fresh.as_slice()])?;
    read_secret(db)
}

/// The secret that a database writes its ids with.
pub(crate) fn read_secret(db: &Connection) -> Result<[u8; 16]> {
    let select = "SELECT value FROM meta WHERE name = 'id_secret'";
    let bytes: Vec<u8> = db.query_row(select, [], |row| row.get(0))?;
    bytes.try_into().map_err(|_| StoreError::Corrupt("the id secret is not 16 bytes".into()))
}
