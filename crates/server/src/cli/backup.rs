//! `purser backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use store::{Location, sqlite};

use super::{Done, output};
use crate::settings::DEFAULT_STORE;

/// What `purser backup` takes.
#[derive(Args)]
pub struct Backup {
    /// The file to make; it must not exist. `purser serve --store sqlite:FILE` works on it.
    file: PathBuf,
    /// The database to copy.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE)]
    store: Location,
}

impl Backup {
    /// Copies.
    pub fn run(&self) -> Done {
        let from = match &self.store {
            Location::File(path) => path,
            Location::Temporary => {
                return Err("a database in memory belongs to its server alone; name a file".into());
            }
            Location::Postgres(_) => {
                return Err("PostgreSQL makes its own backups: use pg_dump or pg_basebackup, or \
                            `purser copy` for one in a SQLite file"
                    .into());
            }
        };
        let mut progress = output::Progress::of("copying pages");
        let mut tell = |done, total| progress.tell(done as u64, total as u64);
        sqlite::backup(from, &self.file, &mut tell).map_err(|e| e.to_string())?;
        drop(progress);
        output::say!("copied to {}", self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}
