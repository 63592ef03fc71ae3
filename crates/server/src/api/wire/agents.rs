//! What agents leave behind: approvals and the request log. These objects are Purser's own.

use books::approval::Approval;
use books::{AgentNote, Kind, Number, RequestRow, Timestamp};

use super::Wire;
use crate::api::json::{Json, object};

impl Wire {
    /// An approval, as it stands at a moment.
    pub fn approval(&self, approval: &Approval, now: Timestamp) -> Json {
        let Approval { key, asked, amounts, expires_at, verdict, answer, .. } = approval;
        let amounts = amounts
            .iter()
            .map(|(currency, amount)| (currency.as_str().to_owned().into(), Json::Int(*amount)));
        let response = answer.as_ref().map(|answer| {
            object! { "body": kept(&answer.body), "status": i64::from(answer.status) }
        });
        let customer = Some(key.customer).filter(|customer| *customer != Number(0));
        object! {
            "id": self.ids.write(Kind::Approval, *key),
            "object": "purser.approval",
            "agent": agent(&asked.agent),
            "amounts": Json::Object(amounts.collect()),
            "created": key.number.created(),
            "customer": customer.map(|customer| self.ids.customer(customer)),
            "decision": verdict.as_ref().map(|verdict| object! {
                "at": verdict.at,
                "by": &verdict.by,
                "reason": verdict.reason.as_ref(),
            }),
            "expires_at": *expires_at,
            "idempotency_key": asked.idempotency_key.as_ref(),
            "key": &asked.key_masked,
            "livemode": self.livemode,
            "operation": &asked.operation,
            "request": object! {
                "id": &asked.request_id,
                "method": &asked.method,
                "params": kept(&asked.params),
                "path": &asked.path,
            },
            "response": response,
            "status": approval.status_at(now).as_str(),
        }
    }

    /// A request that was noted.
    pub fn request(&self, row: &RequestRow) -> Json {
        object! {
            "id": &row.request_id,
            "object": "purser.request",
            "agent": agent(&row.agent),
            "approval": row.approval.map(|key| self.ids.write(Kind::Approval, key)),
            "created": row.number.created(),
            "customer": row.customer.map(|customer| self.ids.customer(customer)),
            "dry_run": row.dry_run,
            "error_code": row.code.as_ref(),
            "idempotency_key": row.idempotency_key.as_ref(),
            "key": &row.key,
            "livemode": self.livemode,
            "method": &row.method,
            "operation": &row.operation,
            "path": &row.path,
            "status": i64::from(row.status),
        }
    }
}

/// JSON that is kept as text.
fn kept(text: &str) -> Json {
    serde_json::from_str(text).map_or(Json::Null, |value: serde_json::Value| Json::from(&value))
}

/// What an agent said of itself.
fn agent(note: &AgentNote) -> Json {
    object! {
        "context_id": note.context_id.as_ref(),
        "goal": note.goal.as_ref(),
        "type": note.agent_type.as_ref(),
        "user": note.user.as_ref(),
        "workspace": note.workspace.as_ref(),
    }
}
