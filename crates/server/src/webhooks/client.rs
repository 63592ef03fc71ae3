//! Sends one request and reads the beginning of its answer: no more than a webhook needs.
//!
//! Each endpoint has its own client, so that none waits for another: connections that stay open
//! for the next request, and one lookup of its name at a time. Redirects are not followed. Where
//! private addresses are not allowed, every address is judged after the name was looked up and
//! right before the connection is made, and the connection is made to that address.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use books::webhook::ANSWER_BYTES_MAX;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::is_public;
use super::url::{Host, Target};

/// Who sends requests.
pub const USER_AGENT: &str = concat!("Purser/", env!("CARGO_PKG_VERSION"));
/// Seconds from the start of an attempt within which the status of the answer must be there.
pub const TIMEOUT_S: u64 = 10;
/// How long one address of several may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Addresses of a name that are tried, at most.
const ADDRESSES_MAX: usize = 4;
/// How long the addresses of a name are remembered.
const LOOKED_UP_FOR: Duration = Duration::from_secs(5);
/// How long the body of an answer is waited for once the status is known.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read for the connection to be used again, at most.
const READ_BYTES_MAX: usize = 8 << 10;
/// Bytes of an answer's headers, at most.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// How long a connection is kept for the next request: less than the five seconds after which
/// many receivers close it.
const IDLE_MAX: Duration = Duration::from_secs(4);

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What all clients share.
pub struct Network {
    /// Whether addresses may be connected to that are not public.
    pub allow_private: bool,
    tls: OnceLock<TlsConnector>,
}

impl Network {
    /// The certificates of authorities are read when they are first needed.
    pub fn new(allow_private: bool) -> Network {
        Network { allow_private, tls: OnceLock::new() }
    }

    fn tls(&self) -> Result<&TlsConnector, String> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let problem = "The server has no certificates of authorities, so it cannot tell who \
                           answers. Install the package ca-certificates.";
            return Err(problem.to_owned());
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))))
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The beginning of the answer, or why there was none.
    pub text: String,
}

/// Sends requests to one URL.
pub struct Client {
    network: Arc<Network>,
    target: Result<Target, String>,
    idle: Mutex<Vec<(Instant, Sender)>>,
    idle_max: usize,
    looked_up: tokio::sync::Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

type Sender = SendRequest<Full<Bytes>>;

/// What went wrong before there was a status.
enum Failure {
    /// The connection was closed before anything of the request was written.
    Unsent,
    /// Anything else, in a sentence.
    Other(String),
}

impl Client {
    /// A client for a URL that keeps so many connections.
    pub fn new(network: Arc<Network>, url: &str, idle_max: usize) -> Client {
        let (idle, looked_up) = Default::default();
        Client { network, target: Target::parse(url), idle, idle_max, looked_up }
    }

    /// Posts a body with its signature.
    pub async fn post(&self, signature: HeaderValue, body: Bytes) -> Answer {
        let target = match &self.target {
            Ok(target) => target,
            Err(problem) => return Answer { status: None, text: kept(problem.as_bytes()) },
        };
        let within = Duration::from_secs(TIMEOUT_S);
        match timeout(within, self.exchange(target, signature, body)).await {
            Ok(Ok((response, sender))) => self.read(response, sender).await,
            Ok(Err(problem)) => Answer { status: None, text: kept(problem.as_bytes()) },
            Err(_) => {
                let text = format!("No answer came within {TIMEOUT_S} seconds.");
                Answer { status: None, text }
            }
        }
    }

    /// Gets the head of an answer: over a connection that is open, else over a new one.
    async fn exchange(
        &self,
        target: &Target,
        signature: HeaderValue,
        body: Bytes,
    ) -> Result<(Response<Incoming>, Sender), String> {
        let request = || {
            let mut request = Request::new(Full::new(body.clone()));
            *request.method_mut() = hyper::Method::POST;
            *request.uri_mut() = target.path.clone();
            let headers = request.headers_mut();
            headers.insert(header::HOST, target.authority.clone());
            headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
            headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
            headers.insert(header::CONTENT_TYPE, JSON);
            headers.insert(SIGNATURE, signature.clone());
            request
        };
        if let Some(sender) = self.idle_sender().await {
            match exchange(sender, request()).await {
                Ok(answered) => return Ok(answered),
                // It was kept, and closed meanwhile, which says nothing about the receiver.
                Err(Failure::Unsent) => {}
                Err(Failure::Other(problem)) => return Err(problem),
            }
        }
        let sender = self.connect(target).await?;
        exchange(sender, request()).await.map_err(|failure| match failure {
            Failure::Other(problem) => problem,
            Failure::Unsent => "The connection was closed before an answer came.".to_owned(),
        })
    }

    /// Reads the beginning of the body; keeps the connection where that is all of it.
    async fn read(&self, response: Response<Incoming>, sender: Sender) -> Answer {
        let status = Some(response.status().as_u16());
        let mut body = response.into_body();
        let (mut text, mut read) = (Vec::new(), 0);
        let until = Instant::now() + BODY_TIMEOUT;
        let is_whole = loop {
            match timeout_at(until, body.frame()).await {
                Ok(None) => break true,
                Ok(Some(Ok(frame))) => {
                    let bytes = frame.into_data().unwrap_or_default();
                    let room = ANSWER_BYTES_MAX - text.len();
                    text.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    read += bytes.len();
                }
                Ok(Some(Err(_))) | Err(_) => break false,
            }
            if read > READ_BYTES_MAX {
                break false;
            }
        };
        if is_whole && !sender.is_closed() {
            let mut idle = self.idle();
            if idle.len() < self.idle_max {
                idle.push((Instant::now(), sender));
            }
        }
        Answer { status, text: kept(&text) }
    }

    /// The connection that was used last, if it is still open.
    async fn idle_sender(&self) -> Option<Sender> {
        loop {
            let (since, mut sender) = self.idle().pop()?;
            if since.elapsed() < IDLE_MAX && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Sender)>> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn connect(&self, target: &Target) -> Result<Sender, String> {
        let addresses = self.addresses(target).await?;
        let mut problem = "The name of the host has no address.".to_owned();
        for (at, address) in addresses.iter().enumerate() {
            let is_last = at + 1 == addresses.len();
            let within = if is_last { Duration::from_secs(TIMEOUT_S) } else { CONNECT_TIMEOUT };
            match timeout(within, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return self.greet(target, stream).await,
                Ok(Err(error)) => problem = format!("No connection could be made: {error}."),
                Err(_) => problem = "No connection could be made in time.".to_owned(),
            }
        }
        Err(problem)
    }

    /// Speaks TLS where the URL asks for it, then HTTP.
    async fn greet(&self, target: &Target, stream: TcpStream) -> Result<Sender, String> {
        let _ = stream.set_nodelay(true);
        if !target.https {
            return speak(TokioIo::new(stream)).await;
        }
        let name = match &target.host {
            Host::Address(address) => ServerName::from(*address),
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| "The name of the host cannot be in a certificate.".to_owned())?,
        };
        let connecting = self.network.tls()?.connect(name, stream);
        let stream = connecting.await.map_err(|error| format!("TLS: {error}."))?;
        speak(TokioIo::new(stream)).await
    }

    /// Where to connect to: addresses that may be connected to.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, String> {
        let name = match &target.host {
            Host::Address(address) => {
                return self.allowed(vec![SocketAddr::new(*address, target.port)]);
            }
            Host::Name(name) => name,
        };
        let mut looked_up = self.looked_up.lock().await;
        if let Some((at, addresses)) = &*looked_up
            && at.elapsed() < LOOKED_UP_FOR
        {
            return self.allowed(addresses.clone());
        }
        let found = tokio::net::lookup_host((name.as_str(), target.port)).await;
        let found = found.map_err(|error| {
            tracing::debug!(%error, "the name of a webhook endpoint cannot be looked up");
            "The name of the host could not be looked up.".to_owned()
        })?;
        let addresses: Vec<SocketAddr> = found.collect();
        *looked_up = Some((Instant::now(), addresses.clone()));
        self.allowed(addresses)
    }

    fn allowed(&self, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
        let may_be = |address: IpAddr| self.network.allow_private || is_public(address);
        let any = !addresses.is_empty();
        addresses.retain(|address| may_be(address.ip()));
        if any && addresses.is_empty() {
            let problem = "The URL leads to an address that is not one of the public internet, \
                           and webhook_allow_private is not set.";
            return Err(problem.to_owned());
        }
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }
}

async fn speak<T>(io: T) -> Result<Sender, String>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    // Some receivers look for `Stripe-Signature` in just this spelling.
    builder.max_buf_size(HEADER_BYTES_MAX).title_case_headers(true);
    let (sender, connection) =
        builder.handshake(io).await.map_err(|error| format!("No connection: {error}."))?;
    // It ends when the sender is dropped, or when the receiver closes it.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a webhook endpoint ended early");
        }
    });
    Ok(sender)
}

async fn exchange(
    mut sender: Sender,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, Sender), Failure> {
    match sender.try_send_request(request).await {
        Ok(response) => Ok((response, sender)),
        // What comes back was not written, so sending it once more tells nobody anything twice.
        Err(failed) => match failed.message().is_some() {
            true => Err(Failure::Unsent),
            false => Err(Failure::Other(sentence(&failed.into_error()))),
        },
    }
}

fn sentence(error: &hyper::Error) -> String {
    match error.source() {
        _ if error.is_incomplete_message() => {
            "The connection was closed before an answer came.".to_owned()
        }
        Some(cause) => format!("No answer came: {error}: {cause}."),
        None => format!("No answer came: {error}."),
    }
}

/// The first bytes as a text that any database takes.
fn kept(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(ANSWER_BYTES_MAX)];
    let mut text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    while text.len() > ANSWER_BYTES_MAX {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer() {
        let long = "ä".repeat(ANSWER_BYTES_MAX);
        for (bytes, want) in [
            (&b"ok"[..], "ok".to_owned()),
            (b"a\0b", "a\u{fffd}b".to_owned()),
            (b"a\xffb", "a\u{fffd}b".to_owned()),
            (long.as_bytes(), "ä".repeat(ANSWER_BYTES_MAX / 2)),
            (&[0xff; 2 * ANSWER_BYTES_MAX], "\u{fffd}".repeat(ANSWER_BYTES_MAX / 3)),
        ] {
            assert_eq!(kept(bytes), want);
        }
    }
}
