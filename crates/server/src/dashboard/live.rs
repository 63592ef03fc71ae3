//! Tells open pages that something happened: `GET /dashboard/live`, server-sent events without
//! contents. A page that hears of one asks for itself again. What there is to hear of is what
//! [`store::reader::glance::Glance`] sees, that the clock was moved, and that an audit ended.
//!
//! Bounds: the streams of [`crate::api::stream`] and these share their places; one message a
//! [`PACE`] at most.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::door::bare;
use super::who;
use crate::api::serve::{Answer, failed};
use crate::api::stream::{Pieces, SILENCE, SILENCE_MAX, UNREAD_MAX};
use crate::app::App;
use crate::news::Listener;

/// The path.
pub const PATH: &str = "/dashboard/live";
/// How the counters call it.
pub const OPERATION: &str = "DashboardLive";
/// No page is told more often.
const PACE: Duration = Duration::from_millis(500);
/// What a page is told.
const CHANGED: &[u8] = b"data: changed\n\n";

/// Begins to tell whoever looks at the dashboard. `stuck` is notified when nobody reads any more.
pub async fn open(app: &Arc<App>, parts: &Parts, stuck: Arc<Notify>) -> Result<Pieces, Answer> {
    who::host::check(app, parts).map_err(|refused| bare(&refused))?;
    let world = who::find(app, parts).await?.access.world;
    let (to, pieces) = Pieces::open(app).map_err(|error| failed(app, error))?;
    let (news, app, asked) = (app.news.listen(), app.clone(), Arc::new(parts.clone()));
    let look = move || {
        let (app, asked) = (app.clone(), asked.clone());
        async move {
            // Who signed out meanwhile is told nothing any more.
            who::find(&app, &asked).await.ok()?;
            let glance = app.readers.snapshot(|reader| reader.glance(world)).ok()?;
            // The clock of a sandbox is on every page, and moving it leaves no row; nor do audits.
            let audits = app.audits.last();
            let audited = audits.first().map(|audit| (audit.started, audit.end.is_some()));
            Some((glance, app.clock.offset_ms(), audited))
        }
    };
    tokio::spawn(tell(look, news, to, stuck));
    Ok(pieces)
}

/// Tells that there is something else to see, whenever there is, until nobody listens. `look` says
/// what there is to see; none ends it.
pub async fn tell<T: PartialEq, Look: Future<Output = Option<T>>>(
    look: impl Fn() -> Look,
    mut news: Listener,
    to: mpsc::Sender<Bytes>,
    stuck: Arc<Notify>,
) {
    let Some(mut told) = look().await else { return };
    let mut spoke = Instant::now();
    let mut next = Some(Bytes::from_static(SILENCE));
    while !news.is_over() {
        if let Some(text) = next.take() {
            match timeout(UNREAD_MAX, to.send(text)).await {
                Ok(Ok(())) => spoke = Instant::now(),
                Ok(Err(_)) => return,
                Err(_) => return stuck.notify_one(),
            }
        }
        tokio::select! {
            goes_on = news.hear() => if !goes_on { return },
            () = sleep_until(spoke + SILENCE_MAX) => {
                next = Some(Bytes::from_static(SILENCE));
                continue;
            }
            () = to.closed() => return,
        }
        sleep_until(spoke + PACE).await;
        let Some(now) = look().await else { return };
        if now != told {
            told = now;
            next = Some(Bytes::from_static(CHANGED));
        }
    }
}
