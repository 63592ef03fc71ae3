//! Audits of the whole database, as whoever owns the books may start them.

use store::Page as Rows;

use super::error::ApiError;
use super::execute::Asked;
use super::guard;
use super::json::{Json, object};
use super::list::Ask;
use super::params::NoParams;
use super::routes::Task;
use crate::audits::{Audit, End};

/// Starts an audit, or shows the one that runs.
pub fn start(asked: &Asked<'_>, _: NoParams) -> Result<Task, ApiError> {
    let (audits, clock) = (asked.app.audits.clone(), asked.app.clock.clone());
    let news = asked.app.news.clone();
    let (store, livemode) = (asked.app.store.clone(), asked.wire.livemode);
    Ok(Box::new(move || Ok(show(&audits.start(&store, &clock, &news)?, livemode))))
}

/// Lists the last audits. They are about all accounts, so a key with limits does not see them.
pub fn list(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    guard::check_whole(ask.access)?;
    let rows = ask.app.audits.last();
    Ok(ask.page(Rows { rows, has_more: false }, |audit| show(&audit, ask.wire.livemode)))
}

fn show(audit: &Audit, livemode: bool) -> Json {
    let (finished, end) = audit.end.as_ref().map(|(at, end)| (*at, end)).unzip();
    let report = end.and_then(|end| match end {
        End::Report(report) => Some(report),
        End::Failed => None,
    });
    let status = match (end, report) {
        (None, _) => "running",
        (Some(_), None) => "failed",
        (Some(_), Some(report)) if report.broken == 0 => "clean",
        (Some(_), Some(_)) => "broken",
    };
    let findings = report.iter().flat_map(|report| &report.findings);
    let finding = |found: &books::audit::Finding| {
        object! { "check": found.invariant, "detail": &found.detail }
    };
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    object! {
        "object": "purser.audit",
        "checked": object! {
            "balance_transactions": report.map(|report| count(report.lines)),
            "cash_balance_transactions": report.map(|report| count(report.transactions)),
            "documents": report.map(|report| count(report.documents)),
            "entries": report.map(|report| count(report.entries)),
            "rows": count(audit.rows.0),
            "rows_total": count(audit.rows.1),
        },
        "findings": findings.map(finding).collect::<Vec<_>>(),
        "findings_total": report.map_or(0, |report| count(report.broken)),
        "finished": finished,
        "livemode": livemode,
        "started": audit.started,
        "status": status,
    }
}
