//! Where PostgreSQL's programs are, and as whom they may run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The oldest PostgreSQL that Purser runs on.
const VERSION_MIN: u32 = 15;

/// Where Debian and Ubuntu keep the programs, one folder a major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with `postgres`, `initdb`, `pg_basebackup` and `psql`: Debian's newest, else the one
/// that `pg_config --bindir` names, else the one in PATH. Looked up once.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        debian().or_else(pg_config).or_else(in_path).unwrap_or_else(|| {
            panic!(
                "the tests need the programs of PostgreSQL {VERSION_MIN} or later (postgres, \
                 initdb, psql): install them with `apt-get install postgresql`"
            )
        })
    })
}

/// A program as the account that may run PostgreSQL, which refuses to run as root: itself when that
/// is not root, else `postgres`, else `nobody`.
pub fn unprivileged(program: &str) -> Command {
    if output("id", &["-u"]).is_none_or(|id| id != "0") {
        return Command::new(program);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let account = ["postgres", "nobody"].iter().find_map(|name| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let fields: Vec<&str> = line.split(':').collect();
        Some((fields.get(2)?.to_string(), fields.get(3)?.to_string()))
    });
    let (user, group) = account.expect("an account `postgres` or `nobody`, as this runs as root");
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={group}")]);
    command.args(["--clear-groups", "--", program]);
    command
}

fn debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).ok()?.flatten();
    let usable = versions.filter_map(|entry| {
        let version = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let folder = entry.path().join("bin");
        (version >= VERSION_MIN && is_complete(&folder)).then_some((version, folder))
    });
    usable.max().map(|(_, folder)| folder)
}

fn pg_config() -> Option<PathBuf> {
    let folder = PathBuf::from(output("pg_config", &["--bindir"])?);
    is_usable(&folder).then_some(folder)
}

fn in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| is_usable(folder))
}

fn is_complete(folder: &Path) -> bool {
    let programs = ["postgres", "initdb", "pg_basebackup", "psql"];
    programs.iter().all(|program| folder.join(program).exists())
}

/// Whether all programs are there and new enough; `postgres (PostgreSQL) 17.2` is how one answers.
fn is_usable(folder: &Path) -> bool {
    let version = || -> Option<u32> {
        let answer = output(folder.join("postgres").to_str()?, &["--version"])?;
        let number = answer.split(' ').nth(2)?;
        number.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
    };
    is_complete(folder) && version().is_some_and(|version| version >= VERSION_MIN)
}

/// What a program says, without white space around it; nothing when it cannot run or fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
