//! Commands of keys with limits: decided like any other, then held against the limits; and what a
//! person says to those that had to wait.

use std::sync::Arc;

use super::{Command, decide as decide_any};
use crate::approval::{Approval, ApprovalStatus, AskedFor, LIFETIME_S, Verdict};
use crate::decision::{Change, Context, Decision, Refusal, Reply, Spent, View};
use crate::document::Document;
use crate::id::{Kind, Number, RowKey};
use crate::limits::{APPROVALS_PER_DAY_MAX, Limits, Tally, stake};
use crate::time::Timestamp;
use crate::timer::DAY_S;

/// A command with what its key may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    /// What is asked; never guarded itself.
    pub command: Command,
    /// Id of the key.
    pub key: Arc<str>,
    /// What it may do.
    pub limits: Arc<Limits>,
    /// The request, as a person would be asked about it.
    pub asked: Box<AskedFor>,
    /// Whether one was.
    pub stage: Stage,
}

/// Whether a person was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Not yet.
    Asked,
    /// Somebody agrees to this approval.
    Approved(RowKey, Box<Verdict>),
    /// It is only tried: nothing will be kept.
    Tried,
}

pub(super) fn decide(
    guarded: &Guarded,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let Guarded { command, key, limits, asked, stage } = guarded;
    if let Stage::Approved(approval, _) = stage {
        pending(*approval, view, ctx.second())?;
    }
    if !limits.reaches(command.customer()) {
        return Err(Refusal::CustomerOutOfReach);
    }
    let mut decision = decide_any(command, view, ctx)?;
    let stake = stake(command, &decision.changes);
    let day = ctx.second().0.div_euclid(DAY_S);
    let totals = limits.check(&stake, |currency| view.spent(key, day, Tally::Moved(currency)))?;
    if limits.needs_approval(&stake) {
        match stage {
            Stage::Approved(..) => {}
            // Without a key it could not be told from the next request of the same kind.
            Stage::Asked if asked.idempotency_key.is_some() => {
                let tally = Tally::Asked;
                let total = view.spent(key, day, tally) + 1;
                if total > APPROVALS_PER_DAY_MAX {
                    return Err(Refusal::TooManyApprovals);
                }
                let customer = command.customer().unwrap_or(Number(0));
                let approval = Approval {
                    key: RowKey { customer, number: ctx.number() },
                    status: ApprovalStatus::Pending,
                    asked: (**asked).clone(),
                    amounts: stake,
                    expires_at: Timestamp(ctx.second().0.saturating_add(LIFETIME_S)),
                    verdict: None,
                    answer: None,
                };
                let spent = Spent { key: key.clone(), day, tally, total };
                let changes = vec![Change::Document(approval.clone().into()), Change::Spent(spent)];
                return Ok(Decision { changes, reply: Reply::Held(Box::new(approval)) });
            }
            Stage::Asked | Stage::Tried => {
                return Err(Refusal::ApprovalNeeded { amounts: stake });
            }
        }
    }
    let spent = |(currency, total)| {
        let tally = Tally::Moved(currency);
        Change::Spent(Spent { key: key.clone(), day, tally, total })
    };
    decision.changes.extend(totals.into_iter().map(spent));
    Ok(decision)
}

/// A person disagrees.
pub(super) fn reject(
    key: RowKey,
    verdict: &Verdict,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut approval = pending(key, view, ctx.second())?;
    approval.status = ApprovalStatus::Rejected;
    approval.verdict = Some(verdict.clone());
    let document = Document::from(approval);
    let changes = vec![Change::Document(document.clone())];
    Ok(Decision { changes, reply: Reply::Document(document) })
}

/// The approval, if it can still be decided on.
fn pending(key: RowKey, view: &dyn View, now: Timestamp) -> Result<Approval, Refusal> {
    let Some(Document::Approval(approval)) = view.document(Kind::Approval, key) else {
        return Err(Refusal::Missing { kind: Kind::Approval, key, param: "id" });
    };
    match approval.status_at(now) {
        ApprovalStatus::Pending => Ok(*approval),
        status => Err(Refusal::ApprovalState(status)),
    }
}
