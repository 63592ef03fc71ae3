//! Databases as older versions left them.

use std::fs;
use std::path::Path;

/// Statements for a `kind` of database that take back a migration of the store and all that came
/// after it. They know new tables and new columns, and what these take with them.
///
/// # Panics
///
/// Where there is no such migration.
pub fn undone_since(kind: &str, name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations").join(kind);
    let files = folder.read_dir().expect("a folder of migrations");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let ending = format!("_{name}.sql");
    let first = files.iter().position(|file| file.to_string_lossy().ends_with(&ending));
    let first = first.unwrap_or_else(|| panic!("no migration {name}"));
    let mut undone = Vec::new();
    for file in &files[first..] {
        for line in fs::read_to_string(file).expect("a migration").lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["CREATE", "TABLE", table, ..] => undone.push(format!("DROP TABLE {table};")),
                ["ALTER", "TABLE", table, "ADD", "COLUMN", column, ..] => {
                    undone.push(format!("ALTER TABLE {table} DROP COLUMN {column};"));
                }
                _ => {}
            }
        }
    }
    undone.reverse();
    undone.push(format!("DELETE FROM schema_migration WHERE version > {first};"));
    undone.join("\n")
}
