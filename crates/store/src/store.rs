//! Where a database is, and the ways in and out of an open one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::admin;
use crate::db::Db;
use crate::error::{Result, StoreError};
use crate::postgres::leases::Leases;
use crate::reader::Snapshots;
use crate::writer::Writer;
use crate::{postgres, sqlite};

/// Where a database is kept, as given with `--store`.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// `sqlite:PATH`: a file; its directory is made if it is missing.
    File(PathBuf),
    /// `sqlite::memory:`: a temporary directory, removed at the end. For tests.
    Temporary,
    /// `postgres://...`: a database of a PostgreSQL server, or of one that speaks its protocol.
    Postgres(Box<postgres::Address>),
}

impl std::str::FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Location, String> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Location::Postgres(Box::new(text.parse()?)));
        }
        match text.strip_prefix("sqlite:") {
            Some(":memory:") => Ok(Location::Temporary),
            Some(path) if !path.is_empty() => Ok(Location::File(PathBuf::from(path))),
            _ => {
                Err(format!("'{text}' is none of sqlite:PATH, sqlite::memory: and postgres://..."))
            }
        }
    }
}

/// Never shows a password.
impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::File(path) => write!(f, "sqlite:{}", path.display()),
            Location::Temporary => f.write_str("sqlite::memory:"),
            Location::Postgres(address) => write!(f, "{address}"),
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A database that this process serves.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
}

impl Store {
    /// Opens a database for serving, making or migrating it as needed. `secret` is used for the
    /// ids of a new database; one that exists keeps its own.
    pub fn open(location: &Location, secret: [u8; 16]) -> Result<Store> {
        let backend: Arc<dyn Backend> = match location {
            Location::File(path) => Arc::new(sqlite::Database::open(Some(path), secret)?),
            Location::Temporary => Arc::new(sqlite::Database::open(None, secret)?),
            Location::Postgres(address) => Arc::new(postgres::Database::open(address, secret)?),
        };
        Ok(Store { backend })
    }

    /// Opens a database that must exist, to read beside the server that may be serving it.
    pub fn visit(location: &Location) -> Result<Store> {
        let backend: Arc<dyn Backend> = match location {
            Location::File(path) => Arc::new(sqlite::Database::visit(path)?),
            Location::Temporary => return Err(missing()),
            Location::Postgres(address) => Arc::new(postgres::Database::visit(address)?),
        };
        Ok(Store { backend })
    }

    /// The secret that ids are written with.
    pub fn secret(&self) -> [u8; 16] {
        self.backend.secret()
    }

    /// The file, where the database is one.
    pub fn file(&self) -> Option<&Path> {
        self.backend.file()
    }

    /// Lanes of this server.
    pub fn lanes(&self) -> usize {
        self.backend.lanes()
    }

    /// Connections that read, if somebody said how many.
    pub fn connections(&self) -> Option<usize> {
        self.backend.connections()
    }

    pub(crate) fn leases(&self) -> Result<Option<Leases>> {
        self.backend.leases()
    }

    pub(crate) fn writer(&self, faulty: bool) -> Result<Box<dyn Writer>> {
        self.backend.writer(faulty)
    }

    pub(crate) fn snapshots(&self) -> Result<Box<dyn Snapshots>> {
        self.backend.snapshots()
    }

    pub(crate) fn connect(&self) -> Result<Box<dyn Db + Send>> {
        self.backend.connect()
    }

    pub(crate) fn examine(&self) -> Result<Box<dyn Db + Send>> {
        self.backend.examine()
    }
}

/// One in memory belongs to the server that made it.
fn missing() -> StoreError {
    StoreError::Other("a database in memory belongs to its server alone; name a file".into())
}

/// What kind of database it is.
pub(crate) trait Backend: Send + Sync {
    fn secret(&self) -> [u8; 16];
    fn file(&self) -> Option<&Path>;
    fn lanes(&self) -> usize;
    fn connections(&self) -> Option<usize>;
    /// Where servers agree on who does what; none where there is only one.
    fn leases(&self) -> Result<Option<Leases>>;
    /// A connection for a lane; one for simulations does nothing in the background.
    fn writer(&self, faulty: bool) -> Result<Box<dyn Writer>>;
    /// A connection that reads.
    fn snapshots(&self) -> Result<Box<dyn Snapshots>>;
    /// A connection for rare writes.
    fn connect(&self) -> Result<Box<dyn Db + Send>>;
    /// A connection that reads everything, however long that takes.
    fn examine(&self) -> Result<Box<dyn Db + Send>>;
}

/// What somebody who is not the server does with a database that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
    /// Reads only, but sees everything that an examination needs.
    Examine,
}

/// Opens a database for a look from outside, beside servers that may be running.
pub(crate) fn open_existing(location: &Location, access: Access) -> Result<Box<dyn Db + Send>> {
    let db = open_unfinished(location, access)?;
    admin::refuse_unfinished(&*db)?;
    Ok(db)
}

/// The same also where a copy into the database is not finished.
pub(crate) fn open_unfinished(location: &Location, access: Access) -> Result<Box<dyn Db + Send>> {
    match location {
        Location::File(path) => Ok(Box::new(sqlite::open_existing(path, access)?)),
        Location::Temporary => Err(missing()),
        Location::Postgres(address) => Ok(Box::new(postgres::open_existing(address, access)?)),
    }
}
