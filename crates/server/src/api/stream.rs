//! Events as they happen: `GET /purser/v1/events/stream`, server-sent events.
//!
//! Each event is sent once it is committed, in order, with its id; whoever comes back with
//! `Last-Event-ID` goes on after it. Bounds: [`STREAMS_MAX`] at once, a few events of each in
//! memory. A receiver that reads slowly slows down nobody else, and one that takes nothing for
//! [`UNREAD_MAX`] is cut off. The format is that of the HTML standard, section "Server-sent
//! events".

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use books::event::{Event, EventKind};
use books::{Kind, Number};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::http::request::Parts;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use super::auth::authenticate;
use super::error::ApiError;
use super::events::{kinds, show};
use super::form::parse_form;
use super::params::{ParamError, Path, Str, params, read_all};
use super::wire::Wire;
use crate::app::App;
use crate::metrics::Open;
use crate::news::Listener;

/// The path.
pub const PATH: &str = "/purser/v1/events/stream";
/// How the counters call it.
pub const OPERATION: &str = "GetPurserEventsStream";
/// Streams that are open at once, at most.
pub const STREAMS_MAX: usize = 100;
/// Events that are read at once.
const BATCH: usize = 100;
/// Pieces of a stream that wait to be sent, at most.
const WAITING_MAX: usize = 8;
/// How long a piece may wait for its receiver, after those that wait before it.
pub const UNREAD_MAX: Duration = Duration::from_secs(20);
/// How often a stream that has nothing to say says so, which tells whether anybody listens.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);
/// What it says then.
pub const SILENCE: &[u8] = b": nothing new\n\n";
/// How long a stream waits after reading before it reads again.
const GATHER: Duration = Duration::from_millis(5);

params! {
    /// Which events to stream.
    pub struct Stream {
        /// Only events of this type. A star stands for any ending: `customer.*`.
        pub r#type: Option<Str<100>>,
        /// Only events of one of these types.
        pub types: Option<Vec<Str<100>>>,
    }
    refuses {}
    check Stream::check_types
}

impl Stream {
    fn check_types(params: &Stream, at: &Path) -> Result<(), ParamError> {
        super::events::check_types(&params.r#type, &params.types, at)
    }
}

/// What is sent, piece by piece.
pub struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
    _counted: Open,
}

impl Pieces {
    /// Begins to send, if there is a place for one more stream: gives where pieces are put.
    pub fn open(app: &App) -> Result<(mpsc::Sender<Bytes>, Pieces), ApiError> {
        Pieces::open_in(app, (&app.streams, STREAMS_MAX))
    }

    /// The same among other places than those of the API, of which there are so many.
    pub fn open_in(
        app: &App,
        (places, max): (&Arc<Semaphore>, usize),
    ) -> Result<(mpsc::Sender<Bytes>, Pieces), ApiError> {
        let place = places.clone().try_acquire_owned().map_err(|_| ApiError {
            code: Some("rate_limit"),
            ..ApiError::invalid(429, format!("{max} streams are open (streams_max)."))
        })?;
        let (to, pieces) = mpsc::channel(WAITING_MAX);
        Ok((to, Pieces { pieces, _place: place, _counted: app.metrics.stream() }))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        waker: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.pieces.poll_recv(waker).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// Begins a stream for whoever asks. `stuck` is notified when the receiver takes nothing any more:
/// what was sent cannot be taken back, so only closing the connection ends the stream then.
pub fn open(app: &Arc<App>, parts: &Parts, stuck: Arc<Notify>) -> Result<Pieces, ApiError> {
    let access = authenticate(app, &parts.headers)?;
    access.allow("events", false, OPERATION)?;
    super::guard::check_whole(&access)?;
    let query = parts.uri.query().unwrap_or_default();
    let tree = parse_form(query.as_bytes()).map_err(ParamError::from)?;
    let params: Stream = read_all(&tree)?;
    let wire = app.wire(&access);
    let after = match parts.headers.get("last-event-id") {
        Some(id) => {
            let id = id.to_str().unwrap_or_default();
            wire.named(Kind::Event, id, "Last-Event-ID")?.number
        }
        // Where a stream begins that does not go on after another one.
        None => app.readers.snapshot(|reader| reader.last_event(wire.world))?,
    };
    let (to, pieces) = Pieces::open(app)?;
    let kinds = kinds(&params.r#type, &params.types);
    let teller = Teller { app: app.clone(), wire, kinds, after };
    tokio::spawn(teller.run(app.news.listen(), to, stuck));
    Ok(pieces)
}

struct Teller {
    app: Arc<App>,
    wire: Wire,
    kinds: Option<Vec<EventKind>>,
    after: Number,
}

impl Teller {
    async fn run(mut self, mut news: Listener, to: mpsc::Sender<Bytes>, stuck: Arc<Notify>) {
        let mut spoke = Instant::now();
        while !news.is_over() {
            let Ok((text, is_all)) = self.next() else { return };
            let text = match text.is_empty() {
                false => Some(text.into()),
                // Whatever happens elsewhere, this one is to know that it is not forgotten.
                true if spoke.elapsed() >= SILENCE_MAX => Some(Bytes::from_static(SILENCE)),
                true => None,
            };
            if let Some(text) = text {
                match timeout(UNREAD_MAX, to.send(text)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return,
                    Err(_) => return stuck.notify_one(),
                }
                spoke = Instant::now();
            }
            if !is_all {
                // A long way to the next event that is wanted is not to hold up others.
                tokio::task::yield_now().await;
                continue;
            }
            // What is committed meanwhile is read at once, however many commits it takes.
            tokio::time::sleep(GATHER).await;
            tokio::select! {
                goes_on = news.hear() => if !goes_on { return },
                () = tokio::time::sleep_until(spoke + SILENCE_MAX) => {}
                () = to.closed() => return,
            }
        }
    }

    /// The next events as they are sent, and whether there are no more for now.
    fn next(&mut self) -> Result<(String, bool), ApiError> {
        let (wire, after) = (&self.wire, self.after);
        let wanted = |event: &Event| match &self.kinds {
            Some(kinds) => kinds.contains(&event.kind),
            None => true,
        };
        let (text, last, is_all) = self.app.readers.snapshot(|reader| {
            let events = reader.events_after(wire.world, after, BATCH)?;
            let endpoints = reader.webhook_endpoints_of(wire.world)?;
            let mut text = String::new();
            for event in events.iter().filter(|event| wanted(event)) {
                let shown = show(reader, wire, event, &endpoints)?;
                let id = shown.get("id").and_then(|id| id.as_text()).unwrap_or_default();
                let data = String::from_utf8_lossy(&shown.to_bytes()).into_owned();
                text += &format!("id: {id}\nevent: {}\ndata: {data}\n\n", event.kind.as_str());
            }
            let last = events.last().map_or(after, |event| event.number);
            Ok((text, last, events.len() < BATCH))
        })?;
        self.after = last;
        Ok((text, is_all))
    }
}
