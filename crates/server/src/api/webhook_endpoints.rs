//! Webhook endpoints: who is told of events, and what became of it.

use books::command::{EndpointDraft, EndpointEdit, OVERLAP_MAX_S, WebhookCommand};
use books::webhook::Attempt;
use books::{Command, Kind, Number};
use store::DocumentFilter;
use store::Page as Rows;

use super::error::ApiError;
use super::execute::Asked;
use super::json::{Json, object};
use super::list::Ask;
use super::params::{
    Between, MetadataPatch, NoParams, Page, ParamError, Patch, Path, Str, Text, params,
};
use super::payouts::{metadata_patch, new_metadata};
use super::routes::Task;
use super::wire::{API_VERSION, Wire};
use crate::webhooks::{NoResend, RESENDS_MAX, URL_CHARS_MAX, check_url};

/// Types that one endpoint names, at most: less than a list can have in any request.
pub const ENABLED_EVENTS_MAX: usize = 250;
/// Characters of the name of a type of events, at most.
const EVENT_NAME_CHARS_MAX: usize = 100;
/// Attempts that are shown of an endpoint, at most: the newest.
const ATTEMPTS_SHOWN_MAX: usize = 100;

params! {
    /// An endpoint to add.
    pub struct Create {
        /// The API version of its events. There is one, so this only says which was meant.
        pub api_version: Option<Str<50>>,
        /// For people.
        pub description: Patch<Text>,
        /// The types of events that it is told of; `*` for all.
        pub enabled_events: Vec<Str<EVENT_NAME_CHARS_MAX>>,
        /// What you keep with it.
        pub metadata: MetadataPatch,
        /// Where events go.
        pub url: Str<URL_CHARS_MAX>,
    }
    refuses { "connect" }
    check Create::check_names
}

params! {
    /// What changes of an endpoint.
    pub struct Update {
        /// For people.
        pub description: Patch<Text>,
        /// Whether it is told nothing from now on.
        pub disabled: Option<bool>,
        /// The types of events that it is told of; `*` for all.
        pub enabled_events: Option<Vec<Str<EVENT_NAME_CHARS_MAX>>>,
        /// What you keep with it.
        pub metadata: MetadataPatch,
        /// Where events go.
        pub url: Option<Str<URL_CHARS_MAX>>,
    }
    refuses {}
    check Update::check_names
}

params! {
    /// Which endpoints to list.
    pub struct List {
        ..page: Page,
    }
    refuses {}
}

params! {
    /// How a secret is followed by another.
    pub struct Roll {
        /// For how many seconds the old secret signs beside the new one: a day at most, and a day
        /// if left out.
        pub overlap_s: Option<Between<0, OVERLAP_MAX_S>>,
    }
    refuses {}
}

params! {
    /// Which endpoint to tell again.
    pub struct Resend {
        /// The endpoint.
        pub webhook_endpoint: Text,
    }
    refuses {}
}

impl Create {
    fn check_names(params: &Create, at: &Path) -> Result<(), ParamError> {
        check_names(&params.enabled_events, at)
    }
}

impl Update {
    fn check_names(params: &Update, at: &Path) -> Result<(), ParamError> {
        params.enabled_events.as_ref().map_or(Ok(()), |names| check_names(names, at))
    }
}

/// Names are lower-case words with points between them, or a single star. Types that Purser never
/// causes are taken too: an endpoint that is made for Stripe works here.
fn check_names(names: &[Str<EVENT_NAME_CHARS_MAX>], at: &Path) -> Result<(), ParamError> {
    if names.is_empty() {
        return Err(ParamError::missing(at.key("enabled_events")));
    }
    if names.len() > ENABLED_EVENTS_MAX {
        let problem = format!("can name at most {ENABLED_EVENTS_MAX} types (enabled_events_max)");
        return Err(ParamError::invalid(at.key("enabled_events"), problem));
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = |name: &str| {
        name == "*"
            || (name.contains('.')
                && name.split('.').all(|part| !part.is_empty() && part.bytes().all(plain)))
    };
    match names.iter().position(|name| !is_name(name)) {
        Some(index) => {
            let problem = match names[index].contains('*') {
                true => "can be * for all types of events, but the star stands alone",
                false => "is no type of events, such as payment_intent.succeeded or *",
            };
            Err(ParamError::invalid(format!("enabled_events[{index}]"), problem))
        }
        None => Ok(()),
    }
}

fn check_address(asked: &Asked<'_>, url: &str) -> Result<(), ApiError> {
    let settings = &asked.app.settings;
    let allow = settings.webhook_allow_private;
    check_url(url, asked.access.livemode, settings.production, allow)
        .map_err(|problem| ApiError::invalid(400, problem).about("url").coded("url_invalid"))
}

/// Adds an endpoint. The answer is the only one that shows its secret.
pub fn create(asked: &Asked<'_>, params: Create) -> Result<Command, ApiError> {
    check_address(asked, &params.url)?;
    let draft = EndpointDraft {
        url: params.url.into(),
        enabled_events: params.enabled_events.into_iter().map(Into::into).collect(),
        description: params.description.into_option().map(Into::into),
        metadata: new_metadata(params.metadata),
        api_version: params.api_version.map(Into::into).or(Some(API_VERSION.to_owned())),
    };
    Ok(Command::Webhook(WebhookCommand::Create(Box::new(draft))))
}

/// Changes an endpoint.
pub fn update(asked: &Asked<'_>, params: Update) -> Result<Command, ApiError> {
    let endpoint = endpoint(asked)?;
    let mut edits = Vec::new();
    if let Some(url) = params.url {
        check_address(asked, &url)?;
        edits.push(EndpointEdit::Url(url.into()));
    }
    edits.extend(
        params
            .enabled_events
            .map(|names| EndpointEdit::EnabledEvents(names.into_iter().map(Into::into).collect())),
    );
    match params.description {
        Patch::Keep => {}
        other => edits.push(EndpointEdit::Description(other.into_option().map(Into::into))),
    }
    if params.metadata != MetadataPatch::Keep {
        edits.push(EndpointEdit::Metadata(metadata_patch(params.metadata)));
    }
    edits.extend(params.disabled.map(EndpointEdit::Disabled));
    Ok(Command::Webhook(WebhookCommand::Update { endpoint, edits }))
}

/// Removes an endpoint.
pub fn delete(asked: &Asked<'_>, _: NoParams) -> Result<Command, ApiError> {
    Ok(Command::Webhook(WebhookCommand::Delete { endpoint: endpoint(asked)? }))
}

/// Gives an endpoint another secret, and shows it.
pub fn roll_secret(asked: &Asked<'_>, params: Roll) -> Result<Command, ApiError> {
    let overlap_s = params.overlap_s.map_or(OVERLAP_MAX_S, |seconds| seconds.0);
    Ok(Command::Webhook(WebhookCommand::RollSecret { endpoint: endpoint(asked)?, overlap_s }))
}

fn endpoint(asked: &Asked<'_>) -> Result<Number, ApiError> {
    Ok(asked.row(Kind::WebhookEndpoint, "webhook_endpoint")?.number)
}

/// Shows an endpoint.
pub fn retrieve(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let found = ask.document(Kind::WebhookEndpoint, "webhook_endpoint")?;
    match &found {
        books::Document::WebhookEndpoint(endpoint) if !endpoint.deleted => {
            Ok(ask.wire.webhook_endpoint(endpoint))
        }
        _ => {
            let id = ask.id("webhook_endpoint");
            Err(ApiError::missing("webhook_endpoint", id, "webhook_endpoint"))
        }
    }
}

/// Lists endpoints.
pub fn list(ask: &Ask<'_>, params: List) -> Result<Json, ApiError> {
    let filter = DocumentFilter { absent: vec!["deleted"], ..DocumentFilter::default() };
    ask.documents(Kind::WebhookEndpoint, &filter, None, &params.page)
}

/// Lists the newest attempts to tell an endpoint of anything.
pub fn attempts(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let number = ask.row(Kind::WebhookEndpoint, "webhook_endpoint")?.number;
    let rows = ask.reader.attempts_of(ask.wire.world, number, ATTEMPTS_SHOWN_MAX)?;
    let has_more = rows.len() == ATTEMPTS_SHOWN_MAX;
    Ok(ask.page(Rows { rows, has_more }, |attempt| shown(ask.wire, number, &attempt)))
}

/// Lists the attempts to tell endpoints of an event.
pub fn attempts_for_event(ask: &Ask<'_>, _: NoParams) -> Result<Json, ApiError> {
    let number = ask.row(Kind::Event, "id")?.number;
    let rows = ask.reader.attempts(ask.wire.world, number)?;
    let page = Rows { rows, has_more: false };
    Ok(ask.page(page, |(endpoint, attempt)| shown(ask.wire, endpoint, &attempt)))
}

fn shown(wire: &Wire, endpoint: Number, attempt: &Attempt) -> Json {
    let id = |kind, number| wire.ids.write(kind, books::RowKey { customer: Number(0), number });
    object! {
        "object": "purser.webhook_attempt",
        "answer": &attempt.answer,
        "attempt": attempt.attempt,
        "by_hand": attempt.by_hand,
        "created": attempt.at.seconds(),
        "event": id(Kind::Event, attempt.event),
        "latency_ms": attempt.latency_ms,
        "livemode": wire.livemode,
        "status": attempt.status.map(i64::from),
        "succeeded": attempt.succeeded(),
        "webhook_endpoint": id(Kind::WebhookEndpoint, endpoint),
    }
}

/// Tells an endpoint of an event once more, whatever became of it before.
pub fn resend(asked: &Asked<'_>, params: Resend) -> Result<Task, ApiError> {
    let event = asked.row(Kind::Event, "id")?;
    let endpoint =
        asked.named(Kind::WebhookEndpoint, &params.webhook_endpoint, "webhook_endpoint")?;
    let (webhooks, wire) = (asked.app.webhooks.clone(), asked.wire.clone());
    let readers = asked.app.readers.clone();
    let id = asked.ids.get("id").unwrap_or_default().to_owned();
    Ok(Box::new(move || {
        let found = readers.snapshot(|reader| {
            let kept = reader.event(wire.world, event.number)?;
            let endpoint = reader.document(wire.world, Kind::WebhookEndpoint, endpoint)?;
            Ok((kept.is_some(), endpoint))
        })?;
        match found {
            (false, _) => return Err(ApiError::missing("event", &id, "id")),
            (true, Some(books::Document::WebhookEndpoint(kept))) if !kept.deleted => {}
            (true, _) => {
                let id = &params.webhook_endpoint;
                return Err(ApiError::missing("webhook_endpoint", id, "webhook_endpoint"));
            }
        }
        webhooks.resend(wire.world, event.number, endpoint.number).map_err(no_resend)?;
        Ok(object! { "object": "purser.webhook_resend", "event": id, "livemode": wire.livemode })
    }))
}

fn no_resend(why: NoResend) -> ApiError {
    if why == NoResend::Elsewhere {
        return ApiError::unavailable(
            "Another server on this database delivers webhooks at present. Please try again, \
             there or here.",
        );
    }
    let message = format!(
        "At most {RESENDS_MAX} resends wait for one endpoint (resends_max), and so many do. \
         Please try again in a moment."
    );
    ApiError { code: Some("rate_limit"), retry: true, ..ApiError::invalid(429, message) }
}
