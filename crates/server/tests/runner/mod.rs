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

/// Where the scenario files are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Plays one scenario; panics with a report when it fails.
pub fn play(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
    let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
    let played = perform(&script);
    if !played.complaints.is_empty() {
        let complaints = played.complaints.join("\n");
        let log = tail(&played.log, 30);
        let diff = diff::lines(&text, &played.text);
        panic!(
            "\nfile (-) and answers (+):\n{diff}\nthe server said:\n{log}\n\n\
             {name} fails:\n{complaints}\n"
        );
    }
    if played.text == text {
        return;
    }
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &played.text).unwrap_or_else(|why| panic!("{name}: {why}"));
        return;
    }
    let diff = diff::lines(&text, &played.text);
    panic!("{name}: file (-) and answers (+) differ; BLESS=1 writes the answers:\n{diff}");
}

struct Played {
    text: String,
    complaints: Vec<String>,
    log: String,
}

/// Plays all steps up to the first that cannot be played at all; the others stay as they are.
fn perform(script: &Script) -> Played {
    let mut stage = Stage::new();
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
