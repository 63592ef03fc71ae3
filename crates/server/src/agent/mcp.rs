//! The Model Context Protocol: the tools for agents, at `/mcp` and on standard input and output.
//!
//! The protocol itself (versions, framing, checks of headers) is the official `rmcp` crate. Over
//! HTTP there are no sessions and no streams: each request stands alone, is answered in JSON and
//! leaves nothing behind, so there is nothing to expire, to bound or to end. Bodies, headers and
//! times are bounded like those of any request. A web page of elsewhere gets nothing: `Host` and
//! `Origin` must be loopback's or those of `--public-url`.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode, Uri};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool as Described,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::call::{Door, call};
use super::tools::{Tool, Tools};
use crate::api::serve::{Answer, serve};
use crate::app::App;
use crate::entropy::Entropy;
use crate::http;
use crate::settings::BODY_BYTES_MAX;

/// Where it is served.
pub const PATH: &str = "/mcp";
/// Its name in the counters.
pub const OPERATION: &str = "Mcp";

static AGENT_TYPE: HeaderName = HeaderName::from_static("ocp-agent-type");
/// Stands for an agent that says nothing of itself, as older clients cannot over HTTP.
const ANYBODY: &str = "mcp";

const INSTRUCTIONS: &str = "Purser keeps customers' cash balances. It answers like the Stripe API.
Amounts are whole numbers in the smallest unit of the currency: 1000 with usd is 10.00 dollars.
Before you move money, try the call with dry_run: true: it is decided and answered, not done.
Every write gets an idempotency key; an error that asks for another try names it.
The error approval_required means that a person has to approve; then make the same call again with \
its idempotency_key.
List tools take limit, starting_after and ending_before. expand: [\"customer\"] answers with the \
whole object instead of its id.";

/// The tools behind a door.
pub struct Server<D> {
    /// Made when the first agent comes: most servers never meet one.
    tools: Arc<LazyLock<Tools>>,
    door: Arc<D>,
}

impl<D: Door> Server<D> {
    /// Serves all tools.
    pub fn new(door: D) -> Server<D> {
        Server { tools: Arc::new(LazyLock::new(Tools::new)), door: Arc::new(door) }
    }
}

impl<D> Clone for Server<D> {
    fn clone(&self) -> Server<D> {
        Server { tools: self.tools.clone(), door: self.door.clone() }
    }
}

impl<D: Door> ServerHandler for Server<D> {
    fn get_info(&self) -> ServerConfig {
        let purser = Implementation::new("purser", env!("CARGO_PKG_VERSION")).with_title("Purser");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(purser)
            .with_instructions(INSTRUCTIONS)
    }

    fn get_tool(&self, name: &str) -> Option<Described> {
        self.tools.find(name).map(|tool| tool.described.clone())
    }

    async fn list_tools(
        &self,
        asked: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = asked.and_then(|asked| asked.cursor);
        let page = self.tools.page(cursor.as_deref());
        let (tools, next) = page.ok_or_else(|| {
            ErrorData::invalid_params("The cursor is none that this server gave.", None)
        })?;
        let mut result = ListToolsResult::with_all_items(tools);
        result.next_cursor = next;
        Ok(result)
    }

    async fn call_tool(
        &self,
        asked: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = self.tools.find(&asked.name).ok_or_else(|| unknown(&self.tools, &asked.name))?;
        let parts = context.extensions.get::<Parts>();
        let mut headers = parts.map(|parts| carried(&parts.headers)).unwrap_or_default();
        // Over HTTP nothing is left of an earlier handshake; the crate would name itself.
        let client = match parts {
            Some(_) => context.meta.client_info(),
            None => context.client_info(),
        };
        headers.entry(&AGENT_TYPE).or_insert_with(|| named(client));
        let arguments = asked.arguments.unwrap_or_default();
        Ok(call(&*self.door, &self.tools, tool, arguments, headers).await.into())
    }
}

fn unknown(tools: &Tools, name: &str) -> ErrorData {
    const SHOWN_CHARS_MAX: usize = 100;
    let shown: String = name.chars().take(SHOWN_CHARS_MAX).collect();
    let meant = tools.list().iter().find(|tool| tool.name.eq_ignore_ascii_case(name));
    let advice = match meant {
        Some(tool) => format!("Did you mean {}?", tool.name),
        None => "tools/list has the names of all tools.".to_owned(),
    };
    ErrorData::invalid_params(format!("Unknown tool: {shown}. {advice}"), None)
}

/// The headers of an agent's request that are meant for the API: who asks, for which account, in
/// which version, and in which context.
fn carried(headers: &HeaderMap) -> HeaderMap {
    let meant = |name: &HeaderName| {
        let named = ["stripe-account", "stripe-context", "stripe-version"];
        name == AUTHORIZATION || named.contains(&name.as_str()) || name.as_str().starts_with("ocp-")
    };
    let all = headers.iter().filter(|(name, _)| meant(name));
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// For an agent that does not say in a header what it is, the name of its client stands, so that
/// no write of an agent goes without a note.
fn named(client: Option<Implementation>) -> HeaderValue {
    const NAME_CHARS_MAX: usize = 128;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let name: String = client
        .into_iter()
        .flat_map(|client| client.name.chars().take(NAME_CHARS_MAX).collect::<Vec<_>>())
        .map(|c| if plain(c) { c } else { '-' })
        .collect();
    let value = HeaderValue::from_str(&name).ok().filter(|value| !value.is_empty());
    value.unwrap_or(HeaderValue::from_static(ANYBODY))
}

/// The API of this very process.
struct Inside(Arc<App>);

impl Door for Inside {
    async fn send(&self, _: &Tool, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let (answer, route) = serve(&self.0, &parts, body).await;
        http::note(&self.0, http::operation(&self.0, route), &answer, began);
        Ok(whole(answer).await)
    }

    fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    fn key_advice(&self) -> &'static str {
        "A person has to give the MCP client an API key, as the header \
         'Authorization: Bearer YOUR_SECRET_KEY' of this server."
    }
}

/// What answers at [`PATH`].
pub struct Endpoint(StreamableHttpService<Server<Inside>, NeverSessionManager>);

impl Endpoint {
    /// Serves the tools of this application.
    pub fn new(app: &Arc<App>) -> Endpoint {
        let own = app.settings.listen.ip();
        let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !own.is_unspecified() && !own.is_loopback() {
            hosts.push(own.to_string());
        }
        let mut origins =
            ["localhost", "127.0.0.1", "[::1]"].map(|h| format!("http://{h}:*")).to_vec();
        if let Some(authority) =
            app.public_url.parse::<Uri>().ok().and_then(|u| u.into_parts().authority)
        {
            hosts.push(authority.host().trim_matches(['[', ']']).to_owned());
            let (scheme, _) = app.public_url.split_once(':').unwrap_or(("http", ""));
            let port = authority.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
            origins.push(format!("{scheme}://{}:{port}", authority.host()));
        }
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(BODY_BYTES_MAX)
            .with_allowed_hosts(hosts)
            .with_allowed_origins(origins)
            .enforce_origin_validation();
        let server = Server::new(Inside(app.clone()));
        let sessions = Arc::new(NeverSessionManager::default());
        Endpoint(StreamableHttpService::new(move || Ok(server.clone()), sessions, config))
    }

    /// Answers a request.
    pub async fn answer(&self, mut parts: Parts, body: Bytes) -> Answer {
        if let Some(key) = parts.headers.get_mut(AUTHORIZATION) {
            key.set_sensitive(true);
        }
        let answer = self.0.handle(Request::from_parts(parts, Full::new(body))).await;
        if answer.status() == StatusCode::FORBIDDEN {
            return foreign();
        }
        // Without sessions and notifications every body is whole already.
        whole(answer).await.map(Full::new)
    }
}

async fn whole<B>(answer: Response<B>) -> Response<Bytes>
where
    B: hyper::body::Body<Data = Bytes, Error = std::convert::Infallible>,
{
    let (parts, body) = answer.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    Response::from_parts(parts, body)
}

/// Who runs the server should know what to do about it.
fn foreign() -> Answer {
    let text = "This server takes MCP requests for loopback and for the host of --public-url, and \
                from web pages of these only. Start `purser serve` with --public-url set to the \
                address that clients use.\n";
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = StatusCode::FORBIDDEN;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
