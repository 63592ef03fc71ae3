//! Bytes in and out: connections, limits, and stopping without dropping anybody.
//!
//! Bounds: open connections, bytes of headers and of a body, and the time a client may take to
//! send either. A request that breaks one is told which.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

use crate::agent::context::Heard;
use crate::agent::{cors, mcp, registry};
use crate::api::openapi::Document;
use crate::api::serve::{Answer, failed, is_api, serve, unreadable};
use crate::api::stream::{self, Pieces};
use crate::app::App;
use crate::dashboard::who::host::Peer;
use crate::dashboard::{door as dashboard, live};
use crate::exports::door as exports;
use crate::hosted;
use crate::settings::{
    BODY_BYTES_MAX, BODY_TIMEOUT_S, DRAIN_TIMEOUT_S, HEADER_BYTES_MAX, HEADER_TIMEOUT_S,
    HEADERS_MAX,
};
use crate::web;

/// Seconds that open streams get to send what is on its way when the server is told to stop.
const STREAM_DRAIN_S: u64 = 1;
/// How often snapshots that nobody reads from are let go of.
const RELEASE_EVERY: Duration = Duration::from_millis(50);

/// Serves until `stop` completes, then lets open requests finish.
pub async fn run(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    if let Ok(address) = listener.local_addr() {
        app.registry.listens_on(address);
    }
    let graceful = GracefulShutdown::new();
    let endpoint = Arc::new(mcp::Endpoint::new(&app));
    let places = Arc::new(Semaphore::new(app.settings.connections_max));
    let mut stop = std::pin::pin!(stop);
    let mut tidy = tokio::time::interval(RELEASE_EVERY);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            (place, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let peer = Peer(peer.ip());
                    connection((&app, &endpoint), (stream, peer), place.ok(), &graceful);
                },
                Err(error) => {
                    // Out of file descriptors, most likely: others have to close first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = tidy.tick() => app.readers.release(),
            () = &mut stop => break,
        }
    }
    drop(listener);
    // An open request may be a move of the clock over years, which would hold the end up.
    app.worker.interrupt();
    app.news.close();
    let drained = tokio::time::timeout(Duration::from_secs(DRAIN_TIMEOUT_S), graceful.shutdown());
    if drained.await.is_err() {
        tracing::warn!("some connections did not finish within {DRAIN_TIMEOUT_S} seconds");
    }
}

fn connection(
    (app, endpoint): (&Arc<App>, &Arc<mcp::Endpoint>),
    (stream, peer): (TcpStream, Peer),
    place: Option<tokio::sync::OwnedSemaphorePermit>,
    graceful: &GracefulShutdown,
) {
    let _ = stream.set_nodelay(true);
    let counted = app.metrics.connection();
    let mut closing = app.news.closing();
    let (app, endpoint) = (app.clone(), endpoint.clone());
    let (streams, stuck) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (is_stream, is_stuck) = (streams.clone(), stuck.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (app, endpoint) = (app.clone(), endpoint.clone());
        let (streams, stuck) = (streams.clone(), stuck.clone());
        async move {
            let answer = answer((&app, &endpoint), request, stuck).await;
            streams.store(matches!(answer.body(), Either::Right(_)), Ordering::Relaxed);
            Ok::<_, Infallible>(answer)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_TIMEOUT_S))
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let watched = graceful.watch(serving);
    tokio::spawn(async move {
        // Who reads a stream too slowly, or not at all, does not hold up the end: it can go on
        // later after what it has.
        let too_slow = async {
            let _ = closing.wait_for(|closing| *closing).await;
            match is_stream.load(Ordering::Relaxed) {
                true => tokio::time::sleep(Duration::from_secs(STREAM_DRAIN_S)).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = watched => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            },
            () = too_slow => tracing::debug!("a stream was cut off"),
            () = is_stuck.notified() => tracing::debug!("a stream was cut off: nobody reads it"),
        }
        drop((counted, place));
    });
}

/// An answer in one piece, or one that goes on.
type Flow = Response<Either<Full<Bytes>, Pieces>>;

/// Answers, with what pages of other origins and agents get beside the answer.
async fn answer(
    (app, endpoint): (&Arc<App>, &mcp::Endpoint),
    request: Request<Incoming>,
    stuck: Arc<Notify>,
) -> Flow {
    if cors::is_preflight(request.method(), request.headers()) {
        return cors::preflight().map(Either::Left);
    }
    let for_page = is_api(request.uri().path()) && cors::is_from_page(request.headers());
    let heard = Heard::of(app, &request);
    let mut answer = plain_answer((app, endpoint), request, stuck).await;
    if for_page {
        cors::allow(answer.headers_mut());
    }
    if let Some(heard) = heard {
        let body = match answer.body() {
            Either::Left(body) => Some(body.clone()),
            Either::Right(_) => None,
        };
        heard.answer(app, &mut answer, body).await;
    }
    answer
}

async fn plain_answer(
    (app, endpoint): (&Arc<App>, &mcp::Endpoint),
    request: Request<Incoming>,
    stuck: Arc<Notify>,
) -> Flow {
    let is_get = request.method() == Method::GET;
    let path = request.uri().path();
    let exported = exports::find(path).filter(|_| is_get);
    let operation = match path {
        _ if exported.is_some() => exports::OPERATION,
        stream::PATH if is_get => stream::OPERATION,
        live::PATH if is_get => live::OPERATION,
        path if hosted::live::token(request.method(), path).is_some() => hosted::live::OPERATION,
        _ => return handle(app, endpoint, request).await.map(Either::Left),
    };
    let began = Instant::now();
    let (parts, _) = request.into_parts();
    let opened = match (operation, exported) {
        (_, Some(what)) => exports::open(app, &parts, what, stuck).await,
        (live::OPERATION, _) => live::open(app, &parts, stuck).await.map(for_page),
        (hosted::live::OPERATION, _) => {
            let token = hosted::live::token(&parts.method, parts.uri.path()).unwrap_or_default();
            hosted::live::open(app, token, stuck).map(for_page).map_err(|answer| *answer)
        }
        _ => match stream::open(app, &parts, stuck) {
            Ok(pieces) => Ok(of_events(pieces)),
            Err(error) => Err(failed(app, error)),
        },
    };
    let answer = match opened {
        Ok(answer) => answer.map(Either::Right),
        Err(answer) => answer.map(Either::Left),
    };
    note(app, operation, &answer, began);
    answer
}

/// Pieces that are events.
fn of_events(pieces: Pieces) -> Response<Pieces> {
    let mut answer = Response::new(pieces);
    let (headers, value) = (answer.headers_mut(), HeaderValue::from_static);
    headers.insert(CONTENT_TYPE, value("text/event-stream"));
    headers.insert(CACHE_CONTROL, value("no-cache, no-store"));
    answer
}

/// The same for a page, which may not be read by others.
fn for_page(pieces: Pieces) -> Response<Pieces> {
    let mut answer = of_events(pieces);
    web::guard(answer.headers_mut());
    answer
}

async fn handle(app: &Arc<App>, endpoint: &mcp::Endpoint, request: Request<Incoming>) -> Answer {
    let began = Instant::now();
    let path = request.uri().path();
    if !is_api(path)
        && let Some(answer) = registry::answer(app, &request)
    {
        note(app, registry::OPERATION, &answer, began);
        return answer;
    }
    if dashboard::is_visitor(request.method(), path, request.headers()) {
        return web::see_other(dashboard::PATH);
    }
    if request.method() == Method::GET
        && let Some(answer) = web::assets::answer(path)
    {
        return answer;
    }
    if request.method() == Method::GET && !path.starts_with("/v1") {
        let answer = match path {
            "/healthz" => Some(plain(StatusCode::OK, "ok\n".into())),
            "/readyz" => Some(ready(app)),
            "/metrics" => Some(metrics(app)),
            "/openapi.json" => Some(openapi(app, Document::V30, &request)),
            "/openapi-3.1.json" => Some(openapi(app, Document::V31, &request)),
            _ => None,
        };
        if let Some(answer) = answer {
            return answer;
        }
    }
    let (parts, body) = request.into_parts();
    let body = match header_bytes(&parts) > HEADER_BYTES_MAX {
        true => Err((
            431,
            format!("The headers are larger than {HEADER_BYTES_MAX} bytes (header_bytes_max)."),
        )),
        false => read_body(body).await,
    };
    let (answer, operation) = match body {
        Ok(body) if parts.uri.path() == mcp::PATH => {
            (endpoint.answer(parts, body).await, mcp::OPERATION)
        }
        Ok(body) if dashboard::is_dashboard(parts.uri.path()) => {
            (dashboard::answer(app, &parts, &body).await, dashboard::OPERATION)
        }
        Ok(body) if let Some(link) = hosted::door::link(parts.uri.path()) => {
            let answer = hosted::door::answer(app, link, &parts, &body).await;
            (answer, hosted::door::operation(link.0))
        }
        Ok(body) => {
            let (answer, route) = serve(app, &parts, body).await;
            (answer, operation(app, route))
        }
        Err((status, message)) => (unreadable(app, status, message), operation(app, None)),
    };
    note(app, operation, &answer, began);
    answer
}

/// The name of an operation in the counters.
pub(crate) fn operation(app: &App, route: Option<usize>) -> &'static str {
    route.map_or("none", |index| app.router.routes()[index].operation)
}

/// Counts a request that is answered, and logs it.
pub(crate) fn note<T>(app: &App, operation: &'static str, answer: &Response<T>, began: Instant) {
    let (status, took) = (answer.status().as_u16(), began.elapsed());
    app.metrics.request(operation, status, took);
    tracing::debug!(
        operation,
        status,
        took_us = took.as_micros() as u64,
        request_id = answer.headers().get("request-id").and_then(|id| id.to_str().ok()),
        "request"
    );
}

/// Bytes of the request line and the headers, as they were sent.
fn header_bytes(parts: &Parts) -> usize {
    let path = parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().len() + value.len() + b": \r\n".len()
    };
    path + parts.headers.iter().map(header).sum::<usize>()
}

async fn read_body(body: Incoming) -> Result<Bytes, (u16, String)> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let read = Limited::new(body, BODY_BYTES_MAX).collect();
    match tokio::time::timeout(Duration::from_secs(BODY_TIMEOUT_S), read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err((413, format!("The body is larger than {BODY_BYTES_MAX} bytes (body_bytes_max).")))
        }
        Ok(Err(_)) => Err((400, "The body ended before it was whole.".into())),
        Err(_) => Err((
            408,
            format!("The body did not arrive within {BODY_TIMEOUT_S} seconds (body_timeout_s)."),
        )),
    }
}

/// Ready is who can read, and whose lane takes writes.
fn ready(app: &App) -> Answer {
    let full = app.lanes.waiting() >= app.settings.queue_max;
    let readable = app.readers.snapshot(|reader| reader.house_balances(books::World(0)));
    if !app.lanes.is_running() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the lane has stopped\n".into());
    }
    match (readable, full) {
        (Ok(_), false) => plain(StatusCode::OK, "ready\n".into()),
        (Ok(_), true) => plain(StatusCode::SERVICE_UNAVAILABLE, "the queue is full\n".into()),
        (Err(error), _) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

fn metrics(app: &App) -> Answer {
    let mut answer = plain(StatusCode::OK, app.metrics.text(app.lanes.waiting()));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn openapi(app: &App, document: Document, request: &Request<Incoming>) -> Answer {
    let base = registry::address::of(app, request.headers(), request.uri());
    document.answer(&base, request.headers())
}

fn plain(status: StatusCode, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
