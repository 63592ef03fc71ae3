//! `purser backup`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use store::Location;
use store::admin::Admin;

use super::{Done, output, store_path};
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
        let admin = Admin::open(store_path(&self.store)?).map_err(|e| e.to_string())?;
        let mut progress = output::Progress::of("copying pages");
        admin
            .backup(&self.file, &mut |done, total| progress.tell(done as u64, total as u64))
            .map_err(|e| e.to_string())?;
        drop(progress);
        println!("copied to {}", self.file.display());
        Ok(ExitCode::SUCCESS)
    }
}
