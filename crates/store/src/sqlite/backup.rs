//! A copy of a whole database in one file, made while a server may be running.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{Access, open_existing};
use crate::error::{Result, StoreError};

/// Makes a consistent copy of the database at `from` in a new file. `progress` is told the pages
/// done and the pages in all.
pub fn backup(from: &Path, to: &Path, progress: &mut dyn FnMut(i32, i32)) -> Result<()> {
    let from = open_existing(from, Access::Read)?.0;
    if to.exists() {
        return Err(StoreError::ReadOnly(format!("{} exists already", to.display())));
    }
    let copied = copy(&from, to, progress);
    if copied.is_err() {
        // Half a copy is none. What cannot be removed either is named by the first error.
        let _ = std::fs::remove_file(to);
    }
    copied
}

fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(i32, i32)) -> Result<()> {
    let mut copy = Connection::open(to)?;
    let backup = Backup::new(from, &mut copy)?;
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
