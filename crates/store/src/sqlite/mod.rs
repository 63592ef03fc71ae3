//! Where a SQLite database is, who may have it, and how its connections are set up.
//!
//! WAL mode with `synchronous=FULL`: a commit that returned is on disk. The page cache is small on
//! purpose (the operating system caches the file; a large one makes each commit walk it), and
//! checkpoints are never run inside a commit (see `checkpoint`).

mod backup;
mod checkpoint;
mod keys;
mod plans;
mod purses;
mod snapshots;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

pub use backup::backup;
use checkpoint::Checkpointer;
use purses::Purses;
use snapshots::SqliteSnapshots;
use writer::SqliteWriter;

use crate::admin;
use crate::db::{self, Cell, Db, Each, Value};
use crate::error::{Result, StoreError};
use crate::migrations::{SQLITE, check, migrate};
use crate::postgres::leases::Leases;
use crate::reader::Snapshots;
use crate::store::{Access, Backend};
use crate::writer::Writer;

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

/// An open database that this process alone may serve.
pub(crate) struct Database {
    path: PathBuf,
    secret: [u8; 16],
    purses: Arc<Purses>,
    /// Held for as long as the store is: a second server on the same file is refused. A visitor
    /// has none.
    _lock: Option<File>,
    _temporary: Option<tempfile::TempDir>,
}

impl Database {
    /// Opens the file, or one in a temporary directory.
    pub(crate) fn open(path: Option<&Path>, secret: [u8; 16]) -> Result<Database> {
        let (path, temporary) = match path {
            Some(path) => (path.to_owned(), None),
            None => {
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
        let db = connect(&path, Access::Write)?;
        migrate(&db, &SQLITE)?;
        plans::teach(&db)?;
        let secret = admin::keep_secret(&db, &secret)?;
        let purses = Arc::default();
        Ok(Database { path, secret, purses, _lock: Some(lock), _temporary: temporary })
    }
}

impl Database {
    /// Opens the file beside the server that has it.
    pub(crate) fn visit(path: &Path) -> Result<Database> {
        let db = open_existing(path, Access::Read)?;
        let (secret, purses) = (admin::secret(&db)?, Arc::default());
        Ok(Database { path: one_name(path)?, secret, purses, _lock: None, _temporary: None })
    }
}

impl Backend for Database {
    fn secret(&self) -> [u8; 16] {
        self.secret
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn lanes(&self) -> usize {
        1
    }

    fn connections(&self) -> Option<usize> {
        None
    }

    fn leases(&self) -> Result<Option<Leases>> {
        Ok(None)
    }

    fn writer(&self, faulty: bool) -> Result<Box<dyn Writer>> {
        let checkpointer = match faulty {
            true => None,
            false => Some(Checkpointer::start(self.path.clone())?),
        };
        Ok(Box::new(SqliteWriter::open(&self.path, self.purses.clone(), checkpointer)?))
    }

    fn snapshots(&self) -> Result<Box<dyn Snapshots>> {
        Ok(Box::new(SqliteSnapshots::open(&self.path, self.purses.clone())?))
    }

    fn connect(&self) -> Result<Box<dyn Db + Send>> {
        Ok(Box::new(connect(&self.path, Access::Write)?))
    }

    fn examine(&self) -> Result<Box<dyn Db + Send>> {
        Ok(Box::new(connect(&self.path, Access::Examine)?))
    }
}

/// Opens the database at `path` for a look from outside, beside a server that may be running.
pub(crate) fn open_existing(path: &Path, access: Access) -> Result<SqliteDb> {
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    refuse_foreign(path)?;
    let db = match access {
        // Who may not write can still read, though without the schema's checks.
        Access::Examine => connect(path, access).or_else(|_| connect(path, Access::Read))?,
        _ => connect(path, access)?,
    };
    check(&db, &SQLITE)?;
    Ok(db)
}

/// A connection.
pub(crate) struct SqliteDb(pub(crate) Connection);

impl Db for SqliteDb {
    fn each(&self, sql: &str, values: &[Value<'_>], each: Each<'_>) -> Result<()> {
        let mut select = self.0.prepare_cached(sql)?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if !each(&SqliteRow(row))? {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn begin_snapshot(&self) -> Result<()> {
        self.batch("BEGIN")
    }

    fn damage(&self) -> Result<Vec<String>> {
        let lines =
            db::all(self, "PRAGMA integrity_check(20)", &[], |row| Ok(row.text(0)?.to_owned()))?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    fn json_text(&self, column: &str, field: &str) -> String {
        format!("({column} ->> '$.{field}')")
    }

    fn found_int(&self, column: &str, field: &str) -> String {
        format!("CAST(CASE WHEN json_valid({column}) THEN {column} ->> '$.{field}' END AS INTEGER)")
    }

    fn contains(&self, column: &str, part: &str) -> String {
        format!("instr({column}, {part}) > 0")
    }

    fn is_json(&self, column: &str) -> String {
        format!("json_valid({column})")
    }
}

struct SqliteRow<'r, 's>(&'r rusqlite::Row<'s>);

impl db::Row for SqliteRow<'_, '_> {
    fn cell(&self, at: usize) -> Cell<'_> {
        match self.0.get_ref(at) {
            Ok(ValueRef::Null) => Cell::Null,
            Ok(ValueRef::Integer(value)) => Cell::Int(value),
            Ok(ValueRef::Text(text)) => {
                std::str::from_utf8(text).map_or(Cell::Odd("no text"), Cell::Text)
            }
            Ok(ValueRef::Blob(bytes)) => Cell::Bytes(bytes),
            Ok(ValueRef::Real(_)) => Cell::Odd("a fraction"),
            Err(_) => Cell::Odd("no column"),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Opens a connection with the settings above.
pub(crate) fn connect(path: &Path, access: Access) -> Result<SqliteDb> {
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
    if access == Access::Examine {
        db.pragma_update(None, "query_only", true)?;
        // What an examination sorts may be large.
        db.pragma_update(None, "temp_store", "FILE")?;
    }
    Ok(SqliteDb(db))
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
