//! Tells open pages that something happened: `GET /dashboard/live`, server-sent events without
//! contents. A page that hears of one asks for itself again.
//!
//! Bounds: the streams of [`crate::api::stream`] and these share their places; one message a
//! [`PACE`] at most.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

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
    let who = who::find(app, parts).await?;
    let (to, pieces) = Pieces::open(app).map_err(|error| failed(app, error))?;
    let (app, world) = (app.clone(), who.access.world);
    let news = app.news.listen();
    let look = move || app.readers.snapshot(|reader| reader.last_event(world)).ok();
    tokio::spawn(tell(look, news, to, stuck));
    Ok(pieces)
}

/// Tells that there is something else to see, whenever there is, until nobody listens. `look` says
/// what there is to see; none ends it.
pub async fn tell<T: PartialEq>(
    look: impl Fn() -> Option<T>,
    mut news: Listener,
    to: mpsc::Sender<Bytes>,
    stuck: Arc<Notify>,
) {
    let Some(mut told) = look() else { return };
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
        let Some(now) = look() else { return };
        if now != told {
            told = now;
            next = Some(Bytes::from_static(CHANGED));
        }
    }
}
