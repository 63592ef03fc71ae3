//! Keeps the house in order: which crate may know which, and how large things may be.

use std::path::{Path, PathBuf};
use std::process::Command;

const FILE_LINES_MAX: usize = 600;
const LINE_CHARS_MAX: usize = 100;

/// What each crate may depend on inside the workspace.
const DIRECTION: &[(&str, &[&str])] = &[
    ("purser-books", &[]),
    ("purser-bank", &["purser-books"]),
    ("purser-store", &["purser-books"]),
    ("purser-testing", &[]),
    ("ocp-agent", &[]),
    ("purser", &["purser-books", "purser-bank", "purser-store", "ocp-agent"]),
];

/// What the ground floor must never learn: to wait, to fail for reasons of its own, to vary.
const NOT_IN_BOOKS: &[&str] = &["tokio", "rusqlite", "hyper", "rand", "getrandom", "chrono"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

#[test]
fn crates_depend_downwards_only() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let (_, allowed) = DIRECTION
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("say in DIRECTION what the new crate {name} may know"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            if dependency["kind"] == "dev" {
                continue;
            }
            let on = dependency["name"].as_str().expect("a name");
            let inside = DIRECTION.iter().any(|(known, _)| *known == on);
            assert!(!inside || allowed.contains(&on), "{name} must not depend on {on}");
            assert!(
                name != "purser-books" || !NOT_IN_BOOKS.contains(&on),
                "the books must not depend on {on}"
            );
        }
    }
}

#[test]
fn only_main_reads_clock_and_randomness_and_only_the_store_knows_sql() {
    let rules: &[(&str, &[&str])] = &[
        (
            "SystemTime::now",
            &["crates/server/src/main.rs", "crates/store/examples/", "crates/ocp/src/clock.rs"],
        ),
        ("getrandom::", &["crates/server/src/main.rs", "crates/ocp/src/clock.rs"]),
        ("rusqlite", &["crates/store/"]),
    ];
    for file in sources() {
        let text = std::fs::read_to_string(root().join(&file)).expect("a source file");
        for (what, homes) in rules {
            let at_home = homes.iter().any(|home| file.starts_with(home));
            let is_test = file.contains("/tests/") || file.contains("/tests.rs");
            assert!(at_home || is_test || !text.contains(what), "{file} must not use {what}");
        }
    }
}

#[test]
fn files_and_lines_are_small_enough_to_read() {
    let mut large = Vec::new();
    for file in sources() {
        let text = std::fs::read_to_string(root().join(&file)).expect("a source file");
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            large.push(format!("{file} has {lines} lines, over {FILE_LINES_MAX}"));
        }
        for (at, line) in text.lines().enumerate() {
            // The table of operations is one row an operation, and constants of tests are data.
            let row = line.trim_start().starts_with("route!(") || line.contains("\": &str = r#\"");
            let chars = line.chars().count();
            if !row && chars > LINE_CHARS_MAX && !line.contains("const ANSWER") {
                let at = at + 1;
                large.push(format!("{file}:{at} has {chars} characters, over {LINE_CHARS_MAX}"));
            }
        }
    }
    assert!(large.is_empty(), "{large:#?}");
}

/// All Rust files below `crates`, as paths from the root.
fn sources() -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join("crates")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let path = path.strip_prefix(root()).expect("below the root").to_owned();
                // The two tests below speak of what others must not.
                if !path.ends_with("tidy.rs") {
                    found.push(path.to_string_lossy().into_owned());
                }
            }
        }
    }
    found
}
