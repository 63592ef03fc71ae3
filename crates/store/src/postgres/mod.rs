//! PostgreSQL 15 and later, and engines that speak its protocol.
//!
//! Several servers may use one database. Each of their lanes writes whole batches with array
//! statements in three round trips: one that locks the rows of the customers that the batch is
//! about and loads what it needs, one that writes, one that commits. What two lanes must not do at
//! the same time they cannot: they lock customers in the order of their numbers, what is about an
//! account itself locks its world, a key is used once because it is a primary key, a timer is done
//! once because it can be removed once. See `leases` for who has which lane.

mod address;
mod connection;
pub(crate) mod leases;
mod load;
mod rows;
mod snapshots;
mod tls;
mod writer;

pub use address::Address;
pub(crate) use connection::PgDb;
use leases::Leases;
use snapshots::PgSnapshots;
use writer::PgWriter;

use crate::admin;
use crate::db::{Db, one};
use crate::error::{Result, StoreError};
use crate::migrations::{POSTGRES, check, is_ours, migrate};
use crate::reader::Snapshots;
use crate::store::{Access, Backend};
use crate::writer::Writer;

/// A database that this process serves, maybe beside others.
pub(crate) struct Database {
    address: Address,
    secret: [u8; 16],
    /// What this process calls itself among the servers.
    holder: String,
}

impl Database {
    pub(crate) fn open(address: &Address, secret: [u8; 16]) -> Result<Database> {
        let db = PgDb::shared(address)?;
        leases::again(|| migrate(&db, &POSTGRES))?;
        let secret = admin::keep_secret(&db, &secret)?;
        Database::with(address, secret, &db)
    }

    /// The same without changing anything; the database must be there.
    pub(crate) fn visit(address: &Address) -> Result<Database> {
        let db = open_existing(address, Access::Read)?;
        Database::with(address, admin::secret(&db)?, &db)
    }

    fn with(address: &Address, secret: [u8; 16], db: &PgDb) -> Result<Database> {
        let sql = "SELECT CAST(gen_random_uuid() AS TEXT)";
        let holder = one(db, sql, &[], |row| Ok(row.text(0)?.to_owned()))?.unwrap_or_default();
        Ok(Database { address: address.clone(), secret, holder })
    }
}

impl Backend for Database {
    fn secret(&self) -> [u8; 16] {
        self.secret
    }

    fn file(&self) -> Option<&std::path::Path> {
        None
    }

    fn lanes(&self) -> usize {
        self.address.lanes.max(1)
    }

    fn connections(&self) -> Option<usize> {
        Some(self.address.connections)
    }

    fn leases(&self) -> Result<Option<Leases>> {
        Ok(Some(Leases::new(&self.address, &self.holder)))
    }

    fn writer(&self, _: bool) -> Result<Box<dyn Writer>> {
        Ok(Box::new(PgWriter::open(&self.address, &self.holder)?))
    }

    fn snapshots(&self) -> Result<Box<dyn Snapshots>> {
        Ok(Box::new(PgSnapshots::open(&self.address)?))
    }

    fn connect(&self) -> Result<Box<dyn Db + Send>> {
        Ok(Box::new(PgDb::shared(&self.address)?))
    }

    fn examine(&self) -> Result<Box<dyn Db + Send>> {
        Ok(Box::new(open_existing(&self.address, Access::Examine)?))
    }
}

/// Opens a database for a look from outside, beside servers that may be running.
pub(crate) fn open_existing(address: &Address, access: Access) -> Result<PgDb> {
    let mut address = address.clone();
    if access == Access::Examine {
        // An examination reads everything, which takes as long as it takes.
        address.statement_timeout = std::time::Duration::ZERO;
    }
    let db = PgDb::shared(&address)?;
    if !is_ours(&db, &POSTGRES)? {
        return Err(StoreError::Missing(address.to_string().into()));
    }
    check(&db, &POSTGRES)?;
    Ok(db)
}
