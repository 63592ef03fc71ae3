//! What can go wrong with a store, in the terms in which somebody can act on it.

use std::fmt;
use std::path::PathBuf;

/// A fault of the store or of the disk beneath it; never a refusal of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full. Reads go on; writes come back by themselves once there is space.
    Full,
    /// The database or its directory cannot be written.
    ReadOnly(String),
    /// Another process holds the database.
    Locked(String),
    /// The file is no intact database.
    Corrupt(String),
    /// The schema is newer than this program, or not the one this program made.
    Schema(String),
    /// The disk answered with an error.
    Disk(String),
    /// A constraint of the schema was hit: two writers met, or a bug.
    Constraint(String),
    /// Somebody else wrote the same at the same time: it is to be decided again.
    Conflict(String),
    /// The server of the database cannot be reached, or went away.
    Unreachable(String),
    /// The lane's queue is full: writers outrun the disk.
    QueueFull(usize),
    /// The lane has stopped.
    Stopped,
    /// The lane met a bug while deciding this command; nothing was written.
    Bug(String),
    /// Anything else, in the database's words.
    Other(String),
    /// There is no database here.
    Missing(PathBuf),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full => f.write_str("the disk is full"),
            StoreError::ReadOnly(what) => write!(f, "the database cannot be written: {what}"),
            StoreError::Locked(what) => write!(f, "the database is in use: {what}"),
            StoreError::Corrupt(what) => write!(f, "the database is damaged: {what}"),
            StoreError::Schema(what) => f.write_str(what),
            StoreError::Disk(what) => write!(f, "the disk answered with an error: {what}"),
            StoreError::Constraint(what) => write!(f, "a constraint was hit: {what}"),
            StoreError::Conflict(what) => write!(f, "others wrote at the same time: {what}"),
            StoreError::Unreachable(what) => {
                write!(f, "the database cannot be reached: {what}")
            }
            StoreError::QueueFull(max) => write!(f, "all {max} places in the queue are taken"),
            StoreError::Stopped => f.write_str("the writer has stopped"),
            StoreError::Bug(what) => write!(f, "a bug: {what}"),
            StoreError::Other(what) => f.write_str(what),
            StoreError::Missing(path) => write!(f, "there is no database at {}", path.display()),
        }
    }
}

impl StoreError {
    /// Whether it says something about one command, not about the disk or the database: then the
    /// commands beside it can go on.
    pub fn is_about_one_command(&self) -> bool {
        matches!(
            self,
            StoreError::Constraint(_)
                | StoreError::Conflict(_)
                | StoreError::Corrupt(_)
                | StoreError::Bug(_)
        )
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(Code::DiskFull) => StoreError::Full,
            Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
                StoreError::ReadOnly(text)
            }
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Locked(text),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt(text),
            Some(Code::SystemIoFailure) => StoreError::Disk(text),
            Some(Code::ConstraintViolation) => StoreError::Constraint(text),
            _ => StoreError::Other(text),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> StoreError {
        StoreError::Corrupt(format!("a document cannot be read: {error}"))
    }
}

/// Shorthand for what the store answers.
pub type Result<T> = std::result::Result<T, StoreError>;
