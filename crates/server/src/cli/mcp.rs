//! `purser mcp`: the tools of a running server on standard input and output, for MCP clients that
//! start their servers themselves. Lines are JSON-RPC; whatever is for people goes to standard
//! error. It ends when its input does.
//!
//! Bounds: the bytes of a line, and the calls that are under way at once; further ones wait.

use std::process::ExitCode;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use hyper::{HeaderMap, Request, Response};
use rmcp::ServiceExt;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::sync::Semaphore;

use super::Done;
use super::server::{Address, Server};
use crate::agent::call::Door;
use crate::agent::mcp;
use crate::agent::tools::Tool;
use crate::entropy::Entropy;
use crate::settings::BODY_BYTES_MAX;

/// Calls that are under way at once.
const CALLS_MAX: usize = 16;

/// What `purser mcp` takes.
#[derive(Args)]
pub struct Mcp {
    #[command(flatten)]
    address: Address,
    /// The key that the agent uses, in either mode; without it that of --key.
    #[arg(long, env = "PURSER_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// The account to work in, where it is not the key's own.
    #[arg(long, env = "PURSER_ACCOUNT")]
    account: Option<String>,
}

impl Mcp {
    /// Serves until the input ends.
    pub fn run(mut self, entropy: Entropy) -> Done {
        if let Some(key) = self.api_key.take() {
            self.address.key = key;
        }
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            let value = value.parse().map_err(|_| format!("'{value}' cannot stand in a header"))?;
            headers.insert(name, value);
            Ok::<(), String>(())
        };
        if let Some(account) = &self.account {
            set("stripe-account", account)?;
        }
        // So that the server can tell what was done in one sitting with an agent.
        set("ocp-context-id", &format!("ocp-{}", hex(entropy.bytes::<8>())))?;
        set("ocp-version", "1.0")?;
        let server = Arc::new(Server::new(&self.address)?);
        let door = Running { server, headers, entropy, places: Semaphore::new(CALLS_MAX) };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| format!("no runtime can be started: {e}"))?;
        let served = runtime.block_on(serve(door));
        // The thread that reads the input may never end.
        runtime.shutdown_background();
        served.map(|()| ExitCode::SUCCESS)
    }
}

async fn serve(door: Running) -> Result<(), String> {
    let (input, output) = rmcp::transport::stdio();
    let transport =
        AsyncRwTransport::new_server(input, output).with_max_line_length(BODY_BYTES_MAX);
    match mcp::Server::new(door).serve(transport).await {
        Ok(running) => running.waiting().await.map(drop).map_err(|e| e.to_string()),
        // A client that goes before it said anything is no fault.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The API of a server somewhere else.
struct Running {
    server: Arc<Server>,
    headers: HeaderMap,
    entropy: Entropy,
    places: Semaphore,
}

impl Door for Running {
    async fn send(&self, _: &Tool, mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let _place = self.places.acquire().await.map_err(|e| e.to_string())?;
        request.headers_mut().extend(self.headers.clone());
        let server = self.server.clone();
        let answered = tokio::task::spawn_blocking(move || server.exchange(request));
        answered.await.map_err(|e| e.to_string())?
    }

    fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    fn key_advice(&self) -> &'static str {
        "A person has to give `purser mcp` an API key of the server, with --api-key or in the \
         environment variable PURSER_API_KEY."
    }
}

fn hex<const N: usize>(bytes: [u8; N]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
