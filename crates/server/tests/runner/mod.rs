//! Plays a scenario file against the real server and holds what comes back against the file.
//!
//! A scenario is text that a person reads: a title, prose after `#`, and steps with a blank line
//! between them. The upper part of a step is written by hand; the lower part, from the first `<`
//! to the blank line, is the answer, and `BLESS=1` writes it. `script` has the whole grammar.
//!
//! A scenario fails when an answer differs from the file, when it breaks a field table, when an
//! `expect:` does not hold, or when `purser doctor` finds fault with the store at the end. Only
//! the first can be blessed away, and only when nothing else is wrong.
//!
//! No answer may depend on what keeps the data. `BLESS=1` plays on SQLite alone; without it the
//! file is held against every kind of store.
//!
//! `DAWDLE_MS=900` waits up to so long before each request: no answer may depend on our speed.

mod diff;
mod events;
mod expect;
mod layout;
mod moments;
mod money;
mod names;
mod script;
mod shape;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use script::{Piece, Script};
use stage::Stage;

use crate::support::server::Kind;

/// Where the scenario files are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Plays one scenario on a store of this kind; panics with a report when it fails.
pub fn play(name: &str, kind: Kind) {
    let blesses = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    if blesses && kind != Kind::Sqlite {
        return;
    }
    let path = folder().join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
    let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    let played = perform(&script, kind);
    if !played.complaints.is_empty() {
        let complaints = played.complaints.join("\n");
        let log = tail(&played.log, 30);
        let diff = diff::lines(&text, &played.text);
        panic!(
            "\nfile (-) and answers (+):\n{diff}\nthe server said:\n{log}\n\n\
             {name} fails on {kind:?}:\n{complaints}\n"
        );
    }
    if played.text == text {
        return;
    }
    if blesses {
        fs::write(&path, &played.text).unwrap_or_else(|why| panic!("{name}: {why}"));
        return;
    }
    let diff = diff::lines(&text, &played.text);
    let advice = match kind {
        Kind::Sqlite => "BLESS=1 writes the answers",
        Kind::Postgres => "the answers of SQLite are in the file",
    };
    panic!("{name} on {kind:?}: file (-) and answers (+) differ; {advice}:\n{diff}");
}

struct Played {
    text: String,
    complaints: Vec<String>,
    log: String,
}

/// Plays all steps up to the first that cannot be played at all; the others stay as they are.
fn perform(script: &Script, kind: Kind) -> Played {
    let mut stage = Stage::new(kind);
    let mut lines = Vec::new();
    let mut stopped = false;
    for piece in &script.pieces {
        match piece {
            Piece::Prose(line) => lines.push(line.clone()),
            Piece::Step(step) => {
                lines.extend(step.written.iter().cloned());
                let played = if stopped { Ok(step.blessed.clone()) } else { stage.play(step) };
                lines.extend(played.unwrap_or_else(|why| {
                    stage.complain(step.line, &format!("{why}; no further step is played"));
                    stopped = true;
                    step.blessed.clone()
                }));
            }
        }
    }
    lines.push(String::new());
    let (complaints, log) = stage.close();
    Played { text: lines.join("\n"), complaints, log }
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
