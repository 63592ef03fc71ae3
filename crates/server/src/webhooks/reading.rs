//! What is read from the store to tell an endpoint of events, rendered right away: what an event
//! says is frozen in its row, and `pending_webhooks` is that of the moment.

use books::command::Attempted;
use books::time::Millis;
use books::timer::Timer;
use books::webhook::{Attempt, WebhookEndpoint};
use books::{Number, World};
use bytes::Bytes;
use store::{Readers, StoreError};

use crate::api::events::show;
use crate::api::wire::Wire;

/// Events that are read in one go, and that are in memory for one endpoint at most.
pub const EVENTS_MAX: usize = 256;

/// Why an endpoint is told of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It happened.
    New,
    /// An earlier attempt failed, and this timer called.
    Again(Timer),
    /// Somebody asked for it.
    ByHand,
}

/// An event, ready to be sent.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The event.
    pub event: Number,
    /// Its bytes.
    pub body: Bytes,
    /// Which attempt this is going to be, from 1.
    pub attempt: i64,
    /// Which one it is of those that nobody asked for; none if somebody does.
    pub turn: Option<i64>,
    /// When the first attempt began; none for the first.
    pub first_at: Option<Millis>,
    /// Why.
    pub reason: Reason,
}

/// An event, and what is to be told of it, if anything.
pub type Next = (Number, Option<Telling>);

/// Something that was read, and the endpoint as it stood then: what happened after somebody
/// changed an endpoint is told as the change says, from the first event on.
pub struct Read<T> {
    /// What was read.
    pub found: T,
    /// The endpoint; none if it is removed.
    pub endpoint: Option<WebhookEndpoint>,
}

/// The next events after one, oldest first; those that the endpoint is to be told of come ready
/// to be sent. Fewer than [`EVENTS_MAX`] are all there are. Where the endpoint is not enabled any
/// more there are none.
pub fn read_new(
    readers: &Readers,
    wire: &Wire,
    endpoint: Number,
    after: Number,
) -> Result<Option<Read<Vec<Next>>>, StoreError> {
    readers.snapshot(|reader| {
        let events = reader.events_after(wire.world, after, EVENTS_MAX)?;
        if events.is_empty() {
            return Ok(None);
        }
        let endpoints = reader.webhook_endpoints_of(wire.world)?;
        let endpoint = endpoints.iter().find(|known| known.number == endpoint);
        let mut found = Vec::with_capacity(events.len());
        for event in events {
            let Some(endpoint) = endpoint.filter(|endpoint| endpoint.is_enabled()) else { break };
            let mut telling = None;
            if endpoint.wants(event.kind) && event.number > endpoint.since {
                let of_all = reader.attempts(wire.world, event.number)?;
                let before = attempts(&of_all, endpoint);
                // Where the server ended before the cursor moved, the attempt is there already.
                if before.iter().all(|attempt| attempt.by_hand) {
                    let body = show(reader, wire, &event, &endpoints)?.to_bytes();
                    telling = Some(tell(event.number, body, &before, Reason::New));
                }
            }
            found.push((event.number, telling));
        }
        Ok(Some(Read { found, endpoint: endpoint.cloned() }))
    })
}

/// One event that is to be told once more; `None` if it is gone.
pub fn read_again(
    readers: &Readers,
    wire: &Wire,
    endpoint: Number,
    event: Number,
    reason: Reason,
) -> Result<Read<Option<Telling>>, StoreError> {
    readers.snapshot(|reader| {
        let endpoints = reader.webhook_endpoints_of(wire.world)?;
        let endpoint = endpoints.iter().find(|known| known.number == endpoint);
        let found = match (reader.event(wire.world, event)?, endpoint) {
            (Some(event), Some(endpoint)) => {
                let of_all = reader.attempts(wire.world, event.number)?;
                let body = show(reader, wire, &event, &endpoints)?.to_bytes();
                Some(tell(event.number, body, &attempts(&of_all, endpoint), reason))
            }
            _ => None,
        };
        Ok(Read { found, endpoint: endpoint.cloned() })
    })
}

/// The attempt that says that an endpoint is told nothing; `None` if the event is gone.
pub fn not_told(
    readers: &Readers,
    (world, endpoint): (World, &WebhookEndpoint),
    (event, at): (Number, Millis),
    by_hand: bool,
) -> Result<Option<Attempted>, StoreError> {
    readers.snapshot(|reader| {
        if reader.event(world, event)?.is_none() {
            return Ok(None);
        }
        let of_all = reader.attempts(world, event)?;
        let before = attempts(&of_all, endpoint);
        let (attempt, turn) = (next(&before), turn(&before, by_hand));
        let answer = "The endpoint is disabled.".to_owned();
        let attempt = Attempt { event, attempt, at, latency_ms: 0, status: None, answer, by_hand };
        Ok(Some(Attempted { attempt, turn }))
    })
}

fn attempts<'a>(of_all: &'a [(Number, Attempt)], endpoint: &WebhookEndpoint) -> Vec<&'a Attempt> {
    let own = of_all.iter().filter(|(of, _)| *of == endpoint.number);
    own.map(|(_, attempt)| attempt).collect()
}

fn tell(event: Number, body: Vec<u8>, before: &[&Attempt], reason: Reason) -> Telling {
    let first_at = before.first().map(|attempt| attempt.at);
    let turn = turn(before, reason == Reason::ByHand);
    Telling { event, body: body.into(), attempt: next(before), turn, first_at, reason }
}

fn next(before: &[&Attempt]) -> i64 {
    before.last().map_or(0, |attempt| attempt.attempt) + 1
}

fn turn(before: &[&Attempt], by_hand: bool) -> Option<i64> {
    let by_itself = before.iter().filter(|attempt| !attempt.by_hand).count() as i64;
    (!by_hand).then_some(by_itself + 1)
}
