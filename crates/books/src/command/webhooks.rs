//! Webhook endpoints: making and changing them, and noting what became of telling them.

use std::collections::BTreeMap;

use super::MetadataPatch;
use super::customers::{check_metadata, patch_metadata};
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::id::{Kind, Number, RowKey};
use crate::time::Timestamp;
use crate::timer::{Timer, TimerKind};
use crate::webhook::{Attempt, SigningKey, WebhookEndpoint, retry_at};

/// Webhook endpoints of an account in one mode, at most: Stripe's limit.
pub const ENDPOINTS_MAX: usize = 16;
/// Seconds for which an old secret signs beside a new one, at most.
pub const OVERLAP_MAX_S: i64 = 24 * 60 * 60;
/// Secrets that sign for an endpoint at once, at most.
pub const SECRETS_MAX: usize = 5;
/// Attempts in one report, at most.
pub const REPORT_MAX: usize = 256;

/// What can be asked about webhook endpoints.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookCommand {
    /// Add an endpoint.
    Create(Box<EndpointDraft>),
    /// Change one.
    Update {
        /// Which.
        endpoint: Number,
        /// What changes.
        edits: Vec<EndpointEdit>,
    },
    /// Remove one.
    Delete {
        /// Which.
        endpoint: Number,
    },
    /// Give it another secret.
    RollSecret {
        /// Which.
        endpoint: Number,
        /// For how long the old one signs too.
        overlap_s: i64,
    },
    /// Note attempts to tell it of events.
    Report(Box<Report>),
}

/// An endpoint that is to be added.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the endpoint")]
pub struct EndpointDraft {
    pub url: String,
    pub enabled_events: Vec<String>,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub api_version: Option<String>,
}

/// One change to an endpoint.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field with its name")]
pub enum EndpointEdit {
    Url(String),
    EnabledEvents(Vec<String>),
    Description(Option<String>),
    Metadata(MetadataPatch),
    Disabled(bool),
}

/// What became of telling an endpoint of some events.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which endpoint.
    pub endpoint: Number,
    /// Whether it is one of the live mode.
    pub livemode: bool,
    /// The attempts, at most [`REPORT_MAX`].
    pub attempts: Vec<Attempted>,
    /// Timers that called for some of them.
    pub called_by: Vec<Timer>,
    /// Every event up to this one was tried, or is none of its business.
    pub told: Option<Number>,
    /// Whether to give up on the endpoint: nothing has got through for as long as it is tried.
    pub give_up: bool,
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempted {
    /// The attempt.
    pub attempt: Attempt,
    /// Which one it is for its event of those that nobody asked for, from 1; none if somebody did.
    /// What is asked for by hand takes nothing away from the retries.
    pub turn: Option<i64>,
}

impl Attempted {
    /// When the next attempt follows from this one; none where none does.
    pub fn retry_at(&self, livemode: bool, now: Timestamp) -> Option<Timestamp> {
        let turn = self.turn.filter(|_| !self.attempt.succeeded())?;
        retry_at(turn, livemode, now)
    }
}

pub(super) fn decide(
    command: &WebhookCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        WebhookCommand::Create(draft) => create(draft, view, ctx),
        WebhookCommand::Update { endpoint, edits } => update(*endpoint, edits, view, ctx),
        WebhookCommand::Delete { endpoint } => {
            let mut endpoint = load(view, *endpoint)?;
            endpoint.deleted = true;
            Ok(keep(endpoint))
        }
        WebhookCommand::RollSecret { endpoint, overlap_s } => {
            let endpoint = load(view, *endpoint)?;
            roll(endpoint, (*overlap_s).clamp(0, OVERLAP_MAX_S), ctx)
        }
        WebhookCommand::Report(report) => note(report, view, ctx),
    }
}

fn load(view: &dyn View, number: Number) -> Result<WebhookEndpoint, Refusal> {
    let key = RowKey { customer: Number(0), number };
    match view.document(Kind::WebhookEndpoint, key) {
        Some(Document::WebhookEndpoint(endpoint)) if !endpoint.deleted => Ok(*endpoint),
        _ => Err(Refusal::Missing { kind: Kind::WebhookEndpoint, key, param: "webhook_endpoint" }),
    }
}

fn keep(endpoint: WebhookEndpoint) -> Decision {
    let document = Document::from(endpoint);
    Decision { changes: vec![Change::Document(document.clone())], reply: Reply::Document(document) }
}

fn keep_with_secret(endpoint: WebhookEndpoint) -> Decision {
    let reply = Reply::WithSecret(Box::new(endpoint.clone()));
    Decision { changes: vec![Change::Document(endpoint.into())], reply }
}

fn create(
    draft: &EndpointDraft,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    check_metadata(&draft.metadata)?;
    if view.webhook_endpoints().len() >= ENDPOINTS_MAX {
        return Err(Refusal::TooManyEndpoints);
    }
    let number = ctx.number();
    let draft = draft.clone();
    Ok(keep_with_secret(WebhookEndpoint {
        number,
        url: draft.url,
        enabled_events: draft.enabled_events,
        description: draft.description,
        metadata: draft.metadata,
        api_version: draft.api_version,
        disabled: false,
        since: number,
        signing: vec![SigningKey { number, until: None }],
        deleted: false,
    }))
}

fn update(
    number: Number,
    edits: &[EndpointEdit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut endpoint = load(view, number)?;
    for edit in edits.iter().cloned() {
        match edit {
            EndpointEdit::Url(url) => endpoint.url = url,
            EndpointEdit::EnabledEvents(names) => endpoint.enabled_events = names,
            EndpointEdit::Description(value) => endpoint.description = value,
            EndpointEdit::Metadata(patch) => patch_metadata(&mut endpoint.metadata, &patch)?,
            EndpointEdit::Disabled(disabled) => {
                if endpoint.disabled && !disabled {
                    // What happened meanwhile is not told.
                    endpoint.since = ctx.number();
                }
                endpoint.disabled = disabled;
            }
        }
    }
    Ok(keep(endpoint))
}

/// A new secret signs alone once the old ones have expired, each at its own time.
fn roll(
    mut endpoint: WebhookEndpoint,
    overlap_s: i64,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let now = ctx.second();
    let until = Timestamp(now.0 + overlap_s);
    for key in &mut endpoint.signing {
        key.until.get_or_insert(until);
    }
    endpoint.signing = endpoint.signing_at(now).copied().collect();
    if endpoint.signing.len() >= SECRETS_MAX {
        return Err(Refusal::TooManySecrets);
    }
    endpoint.signing.insert(0, SigningKey { number: ctx.number(), until: None });
    Ok(keep_with_secret(endpoint))
}

/// Notes attempts; what failed is tried again later, as long as there is a later.
fn note(report: &Report, view: &dyn View, ctx: &mut Context<'_>) -> Result<Decision, Refusal> {
    let mut endpoint = load(view, report.endpoint)?;
    let mut changes: Vec<Change> = Vec::with_capacity(report.attempts.len() + 2);
    changes.extend(report.called_by.iter().copied().map(Change::TimerDone));
    for attempted in &report.attempts {
        let attempt = &attempted.attempt;
        changes.push(Change::Attempt(report.endpoint, attempt.clone()));
        if let Some(due) = attempted.retry_at(report.livemode, ctx.second()) {
            let key = RowKey { customer: report.endpoint, number: attempt.event };
            changes.push(Change::TimerSet(Timer { due, kind: TimerKind::Redeliver, key }));
        }
    }
    changes.extend(report.told.map(|told| Change::Told(report.endpoint, told)));
    if report.give_up && endpoint.is_enabled() {
        endpoint.disabled = true;
        changes.push(Change::Document(endpoint.into()));
    }
    Ok(Decision { changes, reply: Reply::Done })
}
