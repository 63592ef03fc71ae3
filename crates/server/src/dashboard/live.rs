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
    let teller = Teller { app: app.clone(), world: who.access.world };
    tokio::spawn(teller.run(app.news.listen(), to, stuck));
    Ok(pieces)
}

struct Teller {
    app: Arc<App>,
    world: books::World,
}

impl Teller {
    async fn run(self, mut news: Listener, to: mpsc::Sender<Bytes>, stuck: Arc<Notify>) {
        // The clock of a sandbox is on every page, and moving it leaves no row; nor do audits.
        let look = || {
            let glance = self.app.readers.snapshot(|reader| reader.glance(self.world));
            let audited =
                self.app.audits.last().first().map(|audit| (audit.started, audit.end.is_some()));
            glance.map(|glance| (glance, self.app.clock.offset_ms(), audited))
        };
        let Ok(mut told) = look() else { return };
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
            let Ok(now) = look() else { return };
            if now != told {
                told = now;
                next = Some(Bytes::from_static(CHANGED));
            }
        }
    }
}
