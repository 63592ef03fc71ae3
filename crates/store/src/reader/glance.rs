//! A glance at a world: whether there is more to see than there was.
//!
//! Costs a few seeks to the ends of tables, and as many for each webhook endpoint, however much
//! there is.

use books::webhook::WebhookEndpoint;
use books::{Kind, Number, World};

use super::Reader;
use crate::db::{all, one, values};
use crate::error::Result;

/// Tables in which what happens leaves a new row.
const TABLES: [&str; 5] = ["customer", "document", "entry", "event", "request"];
/// The newest approvals, among which those that wait are counted.
const APPROVALS: usize = 100;
/// The newest attempts to tell an endpoint that are looked at.
const ATTEMPTS: usize = 20;
/// Endpoints that are looked at.
const ENDPOINTS: usize = 100;

/// What a world looked like. Two glances are equal if nothing was committed between them that a
/// person would look for: what happened, was asked for, was decided, or was told to an endpoint.
/// Settings of an object that cause no event, such as its metadata, are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The newest row of each table: of all, and of those before which nothing more is committed.
    /// By the second, what a slower lane commits late is noticed too.
    newest: Vec<(Number, Number)>,
    approvals_waiting: i64,
    endpoints: Vec<WebhookEndpoint>,
    /// Events and attempts.
    attempts: Vec<(Number, i64)>,
}

impl Reader {
    /// Looks at a world, to see later whether it changed.
    pub fn glance(&self, world: World) -> Result<Glance> {
        let horizon = self.snapshots.horizon()?;
        let mut newest = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let upto = |upto| self.newest_row(table, world, upto);
            newest.push((upto(Number(i64::MAX))?, upto(horizon)?));
        }
        let mut endpoints = self.webhook_endpoints_of(world)?;
        endpoints.truncate(ENDPOINTS);
        let mut attempts = Vec::new();
        for endpoint in &endpoints {
            let tried = self.attempts_of(world, endpoint.number, ATTEMPTS)?;
            attempts.extend(tried.iter().map(|attempt| (attempt.event, attempt.attempt)));
        }
        let approvals_waiting = self.approvals_waiting(world)?;
        Ok(Glance { newest, approvals_waiting, endpoints, attempts })
    }

    fn newest_row(&self, table: &str, world: World, upto: Number) -> Result<Number> {
        let sql = format!(
            "SELECT number FROM {table} WHERE world = ?1 AND number <= ?2
             ORDER BY number DESC LIMIT 1"
        );
        let found = one(self.db()?, &sql, &values![world, upto], |row| row.number(0))?;
        Ok(found.unwrap_or_default())
    }

    fn approvals_waiting(&self, world: World) -> Result<i64> {
        let db = self.db()?;
        let sql = format!(
            "SELECT {} FROM document WHERE world = ?1 AND kind = ?2
             ORDER BY number DESC LIMIT ?3",
            db.json_text("data", "status")
        );
        let at = &values![world, Kind::Approval.object(), APPROVALS];
        let states = all(db, &sql, at, |row| Ok(row.text(0)? == "pending"))?;
        Ok(states.into_iter().filter(|waits| *waits).count() as i64)
    }
}
