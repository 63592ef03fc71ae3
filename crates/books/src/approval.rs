//! Approvals: requests of a limited key that wait until a person agrees.
//!
//! An approval keeps the request as it was asked. It is carried out once, in the commit that
//! marks it approved, or never.

use serde::{Deserialize, Serialize};

use crate::agent::AgentNote;
use crate::id::RowKey;
use crate::limits::Amounts;
use crate::time::Timestamp;

/// How long an approval may be given: an hour less than an idempotency key is remembered, so that
/// whoever asked can come back for the answer. If the key were forgotten first, the same request
/// would ask for another approval of what was done already.
pub const LIFETIME_S: i64 = 23 * 60 * 60;

/// Bytes of the parameters of a request that may wait for approval, at most.
pub const PARAMS_BYTES_MAX: usize = 64 << 10;

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// Nobody has decided.
    Pending,
    /// A person agreed, and the request was carried out.
    Approved,
    /// A person agreed, and the request was refused when it was carried out.
    Failed,
    /// A person disagreed.
    Rejected,
    /// Nobody decided in time. Never stored: it is what a pending one becomes.
    Expired,
}

impl ApprovalStatus {
    /// Its name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            ApprovalStatus::Pending => "pending",
            ApprovalStatus::Approved => "approved",
            ApprovalStatus::Failed => "failed",
            ApprovalStatus::Rejected => "rejected",
            ApprovalStatus::Expired => "expired",
        }
    }
}

/// A request as it was asked, whole enough to be carried out later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedFor {
    /// The request's id.
    pub request_id: String,
    /// `POST` or `DELETE`.
    pub method: String,
    /// The path, ids included.
    pub path: String,
    /// The operation's id.
    pub operation: String,
    /// Its parameters as JSON, `expand` included.
    pub params: String,
    /// The idempotency key that it came with.
    pub idempotency_key: Option<String>,
    /// Id of the API key that asked.
    pub key: String,
    /// That key as people may see it.
    pub key_masked: String,
    /// What the agent said of itself.
    #[serde(default)]
    pub agent: AgentNote,
}

/// Who decided, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// When.
    pub at: Timestamp,
    /// The API key that the person used, as people may see it.
    pub by: String,
    /// Why, in the person's words.
    pub reason: Option<String>,
}

/// What a request was answered when it was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, byte for byte.
    pub body: String,
}

/// A request that waits, or waited, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The customer that it is about (0 for the account) and its number.
    pub key: RowKey,
    /// As it is stored: expiry does not show here.
    pub status: ApprovalStatus,
    /// The request.
    pub asked: AskedFor,
    /// What it would have moved when it was asked.
    pub amounts: Amounts,
    /// From then on it can be approved no more.
    pub expires_at: Timestamp,
    /// Who decided.
    pub verdict: Option<Verdict>,
    /// What came of it.
    pub answer: Option<Answer>,
}

impl Approval {
    /// Where it stands at a moment.
    pub fn status_at(&self, now: Timestamp) -> ApprovalStatus {
        match self.status {
            ApprovalStatus::Pending if now >= self.expires_at => ApprovalStatus::Expired,
            status => status,
        }
    }
}
