//! Files of JSON: named safely, written whole, read leniently.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::Storage;
use crate::error::Error;

/// Characters of a file's name without its `.json`, encoded.
pub const NAME_CHARS_MAX: usize = 120;
/// Bytes of a file that is read.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Files of a folder that are looked at.
pub const FILES_MAX: usize = 10_000;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// The part of a file's name before `.json`. Two names never have the same.
///
/// Errors: [`Error::Local`] where the name is empty or too long.
pub fn stem(name: &str) -> Result<String, Error> {
    let mut stem = utf8_percent_encode(name, ENCODED).to_string();
    if stem.starts_with('.') {
        stem.replace_range(..1, "%2E");
    }
    match stem.len() {
        0 => Err(Error::Local("a name must not be empty".to_owned())),
        1..=NAME_CHARS_MAX => Ok(stem),
        _ => Err(Error::Local(format!(
            "a name has at most {NAME_CHARS_MAX} characters in a file's name (NAME_CHARS_MAX)"
        ))),
    }
}

/// The name that a stem was made of.
pub fn name_of(stem: &str) -> String {
    percent_decode_str(stem).decode_utf8_lossy().into_owned()
}

/// Something as JSON.
pub fn to_value<T: Serialize>(what: &T) -> Result<Value, Error> {
    serde_json::to_value(what).map_err(|problem| Error::Local(problem.to_string()))
}

impl Storage {
    /// Writes `folder/stem.json`.
    pub(super) fn write(&self, folder: &Path, stem: &str, value: &Value) -> Result<(), Error> {
        let target = folder.join(format!("{stem}.json"));
        let failed = |problem: std::io::Error| {
            Error::Local(format!("{} cannot be written: {problem}", target.display()))
        };
        let mut json = serde_json::to_vec_pretty(value)
            .map_err(|problem| Error::Local(problem.to_string()))?;
        json.push(b'\n');
        make_folder(folder).map_err(failed)?;
        let beside = folder.join(format!(".{:016x}.tmp", self.clock.random()));
        let written = create(&beside)
            .and_then(|mut file| {
                file.write_all(&json)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &target));
        if written.is_err() {
            // The half-written file is of no use; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&beside);
        }
        written.map_err(failed)
    }

    /// Reads `folder/stem.json`; None where that is not possible, for whatever reason.
    pub(super) fn read(&self, folder: &Path, stem: &str) -> Option<Value> {
        read_json(&folder.join(format!("{stem}.json")))
    }
}

/// The JSON of a file.
pub fn read_json(path: &Path) -> Option<Value> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// Stems and paths of the `.json` files of a folder, the newest first; at most [`FILES_MAX`].
pub fn list(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<(SystemTime, String, PathBuf)> = entries
        .take(FILES_MAX)
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let stem = path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned();
            let changed = fs::metadata(&path).ok()?.modified().ok()?;
            (!stem.is_empty() && !stem.starts_with('.')).then_some((changed, stem, path))
        })
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    found.into_iter().map(|(_, stem, path)| (stem, path)).collect()
}

/// Only the owner may look into what is made here.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
