//! `purser doctor`.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use store::{Location, doctor};

use super::{Done, output};
use crate::settings::DEFAULT_STORE;

/// What `purser doctor` takes.
#[derive(Args)]
pub struct Doctor {
    /// The database to examine.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE)]
    store: Location,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Examines; fails on any finding.
    pub fn run(&self) -> Done {
        let began = Instant::now();
        let mut progress = output::Progress::of("examining rows");
        let report = doctor::examine(&self.store, &mut |done, total| progress.tell(done, total))
            .map_err(|e| e.to_string())?;
        drop(progress);
        let healthy = report.broken == 0;
        if self.json {
            let findings: Vec<_> = report
                .findings
                .iter()
                .map(|finding| json!({ "invariant": finding.invariant, "detail": finding.detail }))
                .collect();
            output::say!(
                "{}",
                json!({
                    "healthy": healthy, "entries": report.entries,
                    "transactions": report.transactions, "broken": report.broken,
                    "findings": findings,
                })
            );
        } else {
            let rows: Vec<Vec<String>> = report
                .findings
                .iter()
                .map(|finding| vec![finding.invariant.to_owned(), finding.detail.clone()])
                .collect();
            if !healthy {
                output::table(&["BROKEN INVARIANT", "WHERE"], &rows);
            }
            output::say!(
                "{}: {} journal entries and {} cash balance transactions in {:.1} s, {}",
                self.store,
                report.entries,
                report.transactions,
                began.elapsed().as_secs_f64(),
                if healthy { "all in order".into() } else { format!("{} findings", report.broken) },
            );
        }
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
