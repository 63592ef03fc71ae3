//! Tables and progress for people.

use std::fmt::Arguments;
use std::io::{IsTerminal, Write};

/// Prints a line like `println!`, and goes on where nobody reads it.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::output::line(format_args!($($words)*)) };
}
pub(crate) use say;

/// Prints a line. Whoever closed the other end, such as `head`, wants no more: that is no fault,
/// and the exit code still says how the command went.
pub fn line(line: Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints rows under headings, each column as wide as its widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{:<width$}", plain(cell))).collect();
        say!("{}", padded.join("  ").trim_end());
    };
    if headings.iter().any(|heading| !heading.is_empty()) {
        line(&mut headings.iter().copied());
    }
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// A text without what could steer a terminal: some cells are what others wrote.
fn plain(cell: &str) -> String {
    cell.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Shows how far long work has come, on a terminal only.
pub struct Progress {
    what: &'static str,
    shown: bool,
}

impl Progress {
    /// Progress of something, such as "examining rows".
    pub fn of(what: &'static str) -> Progress {
        Progress { what, shown: false }
    }

    /// Tells how much is done.
    pub fn tell(&mut self, done: u64, total: u64) {
        let mut out = std::io::stderr();
        if out.is_terminal() && total > 0 {
            self.shown = true;
            let percent = done * 100 / total;
            let _ = write!(out, "\r{} {done} of {total} ({percent} %) ", self.what);
            let _ = out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprintln!();
        }
    }
}
