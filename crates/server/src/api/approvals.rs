//! Approvals: what agents asked for and a person has to agree to.
//!
//! An approved request is carried out as it was asked, with the limits that its key has then, in
//! the commit that marks it approved: once, or not at all. Whoever asked repeats the request with
//! its idempotency key, and gets the answer.

use books::approval::{Answer, Approval, ApprovalStatus, AskedFor, Verdict};
use books::command::{Guarded, Stage};
use books::event::RequestCause;
use books::{Command, Document, Kind, RowKey};
use hyper::Method;
use store::DocumentFilter;

use super::error::ApiError;
use super::execute::{Answered, Asked};
use super::form;
use super::guard::check_whole;
use super::json::Json;
use super::list::Ask;
use super::params::{CreatedRange, NoParams, Page, Str, Text, choice, params, take_expand};
use super::routes::{Action, Found};
use super::wire::Wire;
use crate::app::App;

/// Characters of the reason for a rejection, at most.
const REASON_CHARS_MAX: usize = 500;

choice! {
    /// Where an approval stands.
    pub enum Status {
        /// Nobody has decided.
        Pending = "pending",
        /// It was carried out.
        Approved = "approved",
        /// It was refused when it was carried out.
        Failed = "failed",
        /// Somebody disagreed.
        Rejected = "rejected",
        /// Nobody decided in time.
        Expired = "expired",
    }
}

params! {
    /// Which approvals to list.
    pub struct List {
        /// Only those made in this span of time.
        pub created: Option<CreatedRange>,
        /// Only those about this customer.
        pub customer: Option<Text>,
        /// Only those that stand there.
        pub status: Option<Status>,
        ..page: Page,
    }
    refuses {}
}

params! {
    /// How to disagree.
    pub struct Reject {
        /// Why, for whoever asked.
        pub reason: Option<Str<REASON_CHARS_MAX>>,
    }
    refuses {}
}

/// Lists approvals.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let mut filter = DocumentFilter::default();
    if let Some(customer) = &params.customer {
        filter.customer = Some(ask.named(Kind::Customer, customer, "customer")?.number);
    }
    let now = ask.now().0;
    if let Some(status) = params.status {
        let (stored, range) = match status {
            Status::Pending => ("pending", Some((now + 1, i64::MAX))),
            Status::Expired => ("pending", Some((i64::MIN, now))),
            other => (other.as_str(), None),
        };
        filter.fields.push(("status", stored.to_owned()));
        filter.ranges.extend(range.map(|(from, to)| ("expires_at", from, to)));
    }
    ask.documents(Kind::Approval, &filter, params.created, &params.page)
}

/// Retrieves an approval.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let found = ask.document(Kind::Approval, "id")?;
    Ok(ask.show(found)?.unwrap_or(Json::Null))
}

/// Agrees: the request is carried out.
pub fn approve(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    check_whole(asked.access)?;
    let key = asked.row(Kind::Approval, "id")?;
    let approval = find(asked.app, asked.wire, key)?;
    let of = asked.app.readers.snapshot(|reader| reader.api_key_of(&approval.asked.key))?;
    let Some(of) = of.filter(|key| key.revoked.is_none()) else {
        let message = "The key that asked for this was revoked, so it can only be rejected.";
        return Err(ApiError::invalid(400, message));
    };
    let limits = of.limits.unwrap_or_default();
    Ok(Command::Guarded(Box::new(Guarded {
        command: command_of(asked, &approval)?,
        key: of.id.into(),
        limits: limits.into(),
        asked: Box::new(approval.asked),
        stage: Stage::Approved(key, Box::new(verdict(asked, None))),
    })))
}

/// Disagrees.
pub fn reject(asked: &Asked<'_>, params: Reject) -> Result<Command, ApiError> {
    check_whole(asked.access)?;
    let key = asked.row(Kind::Approval, "id")?;
    let reason = params.reason.map(|reason| reason.0);
    Ok(Command::Reject(key, Box::new(verdict(asked, reason))))
}

fn verdict(asked: &Asked<'_>, reason: Option<String>) -> Verdict {
    let at = asked.app.clock.now().seconds();
    Verdict { at, by: asked.access.masked.clone(), reason }
}

/// What the request that waits asks of the books.
fn command_of(asked: &Asked<'_>, approval: &Approval) -> Result<Command, ApiError> {
    let request = &approval.asked;
    let gone = || ApiError::invalid(400, "This server does not know that operation any more.");
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| gone())?;
    let Found::Operation(_, route, ids) = asked.app.router.find(&method, &request.path) else {
        return Err(gone());
    };
    let Action::Write(handler) = &route.action else { return Err(gone()) };
    let mut tree =
        form::parse_json(request.params.as_bytes()).map_err(super::params::ParamError::from)?;
    take_expand(&mut tree)?;
    handler(&Asked { ids: &ids, ..*asked }, &tree)
}

/// A request that waited, and that somebody agrees to.
pub struct Approving {
    /// The approval.
    pub approval: RowKey,
    /// The request, as its events name it.
    pub cause: RequestCause,
    /// What to expand in the answer to whoever asked.
    pub expand: Vec<String>,
    verdict: Verdict,
}

impl Approving {
    /// None where nobody agrees to anything.
    pub fn of(command: &Command) -> Option<Approving> {
        let Command::Guarded(guarded) = command else { return None };
        let Stage::Approved(approval, verdict) = &guarded.stage else { return None };
        let AskedFor { request_id, idempotency_key, params, .. } = &*guarded.asked;
        let (request_id, idempotency_key) = (request_id.clone(), idempotency_key.clone());
        let tree = form::parse_json(params.as_bytes());
        let expand = tree.ok().and_then(|mut tree| take_expand(&mut tree).ok());
        Some(Approving {
            approval: *approval,
            cause: RequestCause { request_id, idempotency_key },
            expand: expand.unwrap_or_default(),
            verdict: (**verdict).clone(),
        })
    }

    /// The approval with what its request was answered.
    pub fn settle(&self, approval: Approval, status: u16, body: Vec<u8>) -> Approval {
        let settled = match status {
            200 => ApprovalStatus::Approved,
            _ => ApprovalStatus::Failed,
        };
        let body = String::from_utf8(body).unwrap_or_default();
        Approval {
            status: settled,
            verdict: Some(self.verdict.clone()),
            answer: Some(Answer { status, body }),
            ..approval
        }
    }
}

/// The approval with this key.
fn find(app: &App, wire: &Wire, key: RowKey) -> Result<Approval, ApiError> {
    let found = app.readers.snapshot(|reader| reader.document(wire.world, Kind::Approval, key))?;
    match found {
        Some(Document::Approval(approval)) => Ok(*approval),
        _ => {
            let id = wire.ids.write(Kind::Approval, key);
            Err(ApiError::missing(Kind::Approval.object(), &id, "id"))
        }
    }
}

/// An approval as it stands, as an answer.
pub fn answered(app: &App, wire: &Wire, key: RowKey) -> Result<Answered, ApiError> {
    let shown = wire.approval(&find(app, wire, key)?, app.clock.now().seconds());
    Ok(Answered { status: 200, body: shown.to_bytes(), original: None })
}

/// What became of a request that had to wait, if `body` says that it had to; `None` where it
/// still waits or never did.
pub fn resumed(app: &App, wire: &Wire, body: &[u8]) -> Option<Result<(u16, Vec<u8>), ApiError>> {
    let kept: serde_json::Value = serde_json::from_slice(body).ok()?;
    let id = kept["error"]["approval"].as_str()?;
    let key = wire.ids.read(Kind::Approval, id)?;
    let approval = match find(app, wire, key) {
        Ok(approval) => approval,
        Err(error) => return Some(Err(error)),
    };
    if let Some(answer) = approval.answer {
        return Some(Ok((answer.status, answer.body.into_bytes())));
    }
    let (code, what) = match approval.status_at(app.clock.now().seconds()) {
        ApprovalStatus::Rejected => ("approval_rejected", "was rejected"),
        ApprovalStatus::Expired => ("approval_expired", "expired before anybody decided"),
        _ => return None,
    };
    let reason = approval.verdict.and_then(|verdict| verdict.reason);
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let message = format!("The request waited for approval {id}, which {what}{reason}.");
    let error = ApiError::invalid(403, message).coded(code);
    Some(Err(ApiError { approval: Some(id.into()), ..error }))
}
