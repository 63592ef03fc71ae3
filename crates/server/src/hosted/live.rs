//! Tells an open page that its payment changed: server-sent events without contents, behind the
//! same link. Whoever listens hears of that payment and of nothing else.

use std::sync::Arc;

use hyper::Method;
use tokio::sync::Notify;

use super::door::{self, link};
use super::guest::{Guest, look};
use super::links::Purpose;
use crate::api::serve::{Answer, failed};
use crate::api::stream::Pieces;
use crate::app::App;
use crate::dashboard::live::tell;

/// How the counters call it.
pub const OPERATION: &str = "HostedLive";
/// Pages of payers that are told of changes at once, at most. Others are read like any page.
pub const STREAMS_MAX: usize = 200;
/// What the path of a page is followed by.
const LAST: &str = "/live";

/// The path of the stream of a page.
pub fn path(page: &str) -> String {
    format!("{page}{LAST}")
}

/// The link whose page a path is the stream of.
pub fn token<'p>(method: &Method, path: &'p str) -> Option<&'p str> {
    let (purpose, token) = link(path)?;
    let is_stream = *method == Method::GET && purpose == Purpose::Instructions;
    token.strip_suffix(LAST).filter(|_| is_stream)
}

/// Begins to tell. `stuck` is notified when nobody reads any more.
pub fn open(app: &Arc<App>, token: &str, stuck: Arc<Notify>) -> Result<Pieces, Box<Answer>> {
    let guest = Guest::enter(app, Purpose::Instructions, token);
    let refused = |error| Box::new(failed(app, error));
    let guest = guest.map_err(refused)?.ok_or_else(|| Box::new(door::nothing()))?;
    let places = (&app.hosted.streams, STREAMS_MAX);
    let (to, pieces) = Pieces::open_in(app, places).map_err(refused)?;
    let (app, target) = (app.clone(), guest.target);
    let news = app.news.listen();
    let watch = move || std::future::ready(look(&app, &target).ok());
    tokio::spawn(tell(watch, news, to, stuck));
    Ok(pieces)
}
