//! `purser copy`.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::{Map, Value, json};
use store::Location;
use store::copy::{Copied, Step, copy};

use super::{Done, output};

/// What `purser copy` takes.
#[derive(Args)]
pub struct Copy {
    /// The database to copy, sqlite:PATH or postgres://USER@HOST/DATABASE. A server may be running
    /// on it: what it writes after the copy began is not in the copy. To move to another database,
    /// stop the servers first.
    #[arg(long, value_name = "STORE")]
    from: Location,
    /// Where the copy is made: a file that does not exist, or a database of PostgreSQL that is
    /// empty. Until the copy is finished no server starts on it.
    #[arg(long, value_name = "STORE")]
    to: Location,
    /// Leave out the examination of both sides by `purser doctor`. That all rows arrived is
    /// compared in any case.
    #[arg(long)]
    no_verify: bool,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

impl Copy {
    /// Copies; fails also where the doctor finds something in what was copied.
    pub fn run(&self) -> Done {
        let began = Instant::now();
        let mut shown: Option<(Step, output::Progress)> = None;
        let mut tell = |step, done, total| {
            if shown.as_ref().is_none_or(|(known, _)| *known != step) {
                // The line of the step before ends before that of this one begins.
                drop(shown.take());
                shown = Some((step, output::Progress::of(name(step))));
            }
            if let Some((_, progress)) = &mut shown {
                progress.tell(done, total);
            }
        };
        let copied =
            copy(&self.from, &self.to, !self.no_verify, &mut tell).map_err(|e| e.to_string());
        drop(shown);
        let copied = copied?;
        let seconds = began.elapsed().as_secs_f64();
        match self.json {
            true => output::say!("{}", self.as_json(&copied, seconds)),
            false => self.print(&copied, seconds),
        }
        let healthy = copied.reports.iter().all(|(source, _)| source.broken == 0);
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn as_json(&self, copied: &Copied, seconds: f64) -> Value {
        let tables: Map<String, Value> =
            copied.rows.iter().map(|(name, rows)| ((*name).to_owned(), json!(rows))).collect();
        let report = |broken: u64, entries: u64, transactions: u64| {
            json!({
                "healthy": broken == 0, "broken": broken, "entries": entries,
                "transactions": transactions,
            })
        };
        let reports = copied.reports.as_ref().map(|(source, copy)| {
            json!({
                "from": report(source.broken, source.entries, source.transactions),
                "to": report(copy.broken, copy.entries, copy.transactions),
            })
        });
        json!({
            "from": self.from.to_string(), "to": self.to.to_string(), "rows": rows(copied),
            "tables": tables, "doctor": reports, "seconds": seconds,
        })
    }

    fn print(&self, copied: &Copied, seconds: f64) {
        let table: Vec<Vec<String>> =
            copied.rows.iter().map(|(name, rows)| vec![(*name).into(), rows.to_string()]).collect();
        output::table(&["TABLE", "ROWS"], &table);
        let found = match &copied.reports {
            None => "not examined".to_owned(),
            Some((source, _)) if source.broken == 0 => "both sides in order".to_owned(),
            Some((source, copy)) => format!(
                "{} findings in the source and {} in the copy; see `purser doctor`",
                source.broken, copy.broken
            ),
        };
        let (from, to, rows) = (&self.from, &self.to, rows(copied));
        output::say!("copied {rows} rows from {from} to {to} in {seconds:.1} s, {found}");
    }
}

fn rows(copied: &Copied) -> u64 {
    copied.rows.iter().map(|(_, rows)| rows).sum()
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Copying => "copying rows",
        Step::Comparing => "comparing rows",
        Step::ExaminingSource => "examining rows of the source",
        Step::ExaminingCopy => "examining rows of the copy",
    }
}
