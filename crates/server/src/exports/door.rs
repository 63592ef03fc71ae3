//! Exports over HTTP: `GET /dashboard/exports/journal.csv` and its like, for whoever may look at
//! the dashboard.
//!
//! Bounds: the streams of [`crate::api::stream`] and these share their places, and a few pages of
//! each wait in memory. A receiver that takes nothing is cut off, and so is one to whom the rest
//! cannot be sent: a file that is not whole never looks as if it were.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use store::StoreError;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::wanted::{Format, Subject, Wanted};
use super::{Books, Export};
use crate::api::auth::Access;
use crate::api::guard;
use crate::api::serve::{Answer, failed};
use crate::api::stream::{Pieces, UNREAD_MAX};
use crate::app::App;
use crate::dashboard::visit::{Failure, Form};
use crate::dashboard::{door, who};
use crate::web;

/// How the counters call them.
pub const OPERATION: &str = "DashboardExport";
/// What comes before the name of a file.
const FOLDER: &str = "/dashboard/exports/";

/// The files.
const FILES: [(&str, Subject, Format); 4] = [
    ("transactions.csv", Subject::Transactions, Format::Csv),
    ("journal.csv", Subject::Journal, Format::Csv),
    ("journal.hledger", Subject::Journal, Format::Hledger),
    ("journal.beancount", Subject::Journal, Format::Beancount),
];

/// What a path exports, if it exports anything.
pub fn find(path: &str) -> Option<(Subject, Format)> {
    let name = path.strip_prefix(FOLDER)?;
    FILES.iter().find(|(file, ..)| *file == name).map(|(_, subject, format)| (*subject, *format))
}

/// Begins to send a file to whoever looks at the dashboard. `cut` is notified to close the
/// connection.
pub async fn open(
    app: &Arc<App>,
    parts: &Parts,
    what: (Subject, Format),
    cut: Arc<Notify>,
) -> Result<Response<Pieces>, Answer> {
    who::host::check(app, parts).map_err(|failure| door::bare(&failure))?;
    let who = who::find(app, parts).await?;
    check(&who.access).map_err(|error| failed(app, error))?;
    let path = parts.uri.path();
    let wrong = |message: String| door::failed(app, &who, path, &Failure::new(400, message));
    let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes());
    let query = query.ok_or_else(|| wrong("This address cannot be read.".to_owned()))?;
    let wanted = Wanted::read(what, &app.ids, |name| query.given(name)).map_err(wrong)?;
    let books = books(app, &who.access);
    let export = app.readers.snapshot(|reader| {
        if let Some(customer) = wanted.customer
            && reader.customer(books.world, customer)?.is_none()
        {
            return Ok(None);
        }
        Export::begin(reader, books, wanted).map(Some)
    });
    let export = export.map_err(|error| failed(app, error.into()))?;
    let export = export.ok_or_else(|| {
        door::failed(app, &who, path, &Failure::new(404, "There is no such customer."))
    })?;
    let (to, pieces) = Pieces::open(app).map_err(|error| failed(app, error))?;
    let answer = with_headers(pieces, what.1, &export.file_name());
    tokio::spawn(send(app.clone(), export, to, cut));
    Ok(answer)
}

/// Whose books somebody sees.
pub fn books(app: &App, access: &Access) -> Books {
    Books {
        ids: app.ids.clone(),
        world: access.world,
        account: access.account.clone(),
        livemode: access.livemode,
    }
}

/// Everything is exported, so whoever may see a part of it only gets nothing.
fn check(access: &Access) -> Result<(), crate::api::error::ApiError> {
    access.allow("journal", false, OPERATION)?;
    access.allow("cash_balance", false, OPERATION)?;
    access.allow("customers", false, OPERATION)?;
    guard::check_whole(access)
}

fn with_headers(pieces: Pieces, format: Format, file_name: &str) -> Response<Pieces> {
    let mut answer = Response::new(pieces);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let attached = HeaderValue::from_str(&format!("attachment; filename=\"{file_name}\""));
    headers.insert(CONTENT_DISPOSITION, attached.unwrap_or(HeaderValue::from_static("attachment")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    web::guard(headers);
    answer
}

/// Sends piece by piece; what goes wrong on the way closes the connection.
async fn send(app: Arc<App>, mut export: Export, to: mpsc::Sender<Bytes>, cut: Arc<Notify>) {
    loop {
        match next(&app, export).await {
            Ok((_, None)) => return,
            Ok((on_its_way, Some(text))) => {
                export = on_its_way;
                if text.is_empty() {
                    continue;
                }
                match timeout(UNREAD_MAX, to.send(text.into())).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(_)) => return,
                    Err(_) => tracing::debug!("nobody reads an export"),
                }
            }
            Err(error) => tracing::error!(%error, "an export was cut off"),
        }
        cut.notify_one();
        // Until the connection is closed the text must not seem to have ended.
        return to.closed().await;
    }
}

/// Reads the next piece where it holds up nobody.
async fn next(app: &Arc<App>, mut export: Export) -> Result<(Export, Option<String>), StoreError> {
    let app = app.clone();
    let read = tokio::task::spawn_blocking(move || {
        let text = app.readers.snapshot(|reader| export.next(reader))?;
        Ok((export, text))
    });
    read.await.unwrap_or_else(|_| Err(StoreError::Bug("an export panicked".to_owned())))
}
