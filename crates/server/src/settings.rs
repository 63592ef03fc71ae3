//! Settings of the server: every limit has a name here, a default, a flag and an environment
//! variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use store::Location;
use store::postgres::Address;

/// Bytes of a request's body, at most.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of a request's line and headers together, at most. Agents send large ones.
pub const HEADER_BYTES_MAX: usize = 256 << 10;
/// Headers of a request, at most.
pub const HEADERS_MAX: usize = 200;
/// Seconds that a client may take to send its headers.
pub const HEADER_TIMEOUT_S: u64 = 10;
/// Seconds that a client may take to send its body.
pub const BODY_TIMEOUT_S: u64 = 30;
/// Seconds that a write may wait for its answer. It may still be carried out afterwards; its
/// idempotency key tells.
pub const REQUEST_TIMEOUT_S: u64 = 30;
/// Seconds that open requests get to finish when the server is told to stop.
pub const DRAIN_TIMEOUT_S: u64 = 10;

/// What `purser serve` takes.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address to listen on. Port 0 picks a free one.
    #[arg(long, env = "PURSER_LISTEN", default_value = "127.0.0.1:12111")]
    pub listen: SocketAddr,

    /// Where the data is kept: sqlite:PATH, sqlite::memory: for a database that is gone when the
    /// server stops, or postgres://USER@HOST/DATABASE, which several servers may share.
    #[arg(long, env = "PURSER_STORE", default_value = DEFAULT_STORE)]
    pub store: Location,

    /// PostgreSQL: threads that write, each with a connection. At most 256 over all servers.
    #[arg(long, env = "PURSER_STORE_LANES", default_value_t = Address::LANES,
          value_parser = at_least_one)]
    pub store_lanes: usize,

    /// PostgreSQL: connections that read.
    #[arg(long, env = "PURSER_STORE_CONNECTIONS", default_value_t = Address::CONNECTIONS,
          value_parser = at_least_one)]
    pub store_connections: usize,

    /// PostgreSQL: milliseconds that a statement may take.
    #[arg(long, env = "PURSER_STORE_TIMEOUT_MS", default_value_t = Address::STATEMENT_TIMEOUT_MS)]
    pub store_timeout_ms: u64,

    /// Production: only keys made with `purser keys` work, and nothing is simulated.
    /// Without it the server is a sandbox, where every sk_test_... key works.
    #[arg(long, env = "PURSER_PRODUCTION")]
    pub production: bool,

    /// A file in TOML that describes the bank at which customers' accounts are held. Without it
    /// an invented bank is used.
    #[arg(long, env = "PURSER_BANK_PROFILE", value_name = "FILE")]
    pub bank_profile: Option<PathBuf>,

    /// How money is matched to payments for customers without a mode of their own.
    #[arg(long, env = "PURSER_RECONCILIATION_MODE", default_value = "automatic")]
    pub reconciliation_mode: Mode,

    /// What a payment costs, in hundredths of a percent of its amount: 150 is 1.5 %.
    #[arg(long, env = "PURSER_FEE_BPS", default_value_t = 0,
          value_parser = clap::value_parser!(i64).range(0..=10_000))]
    pub fee_bps: i64,

    /// What a payment costs beside that, in the smallest unit of its currency.
    #[arg(long, env = "PURSER_FEE_FIXED", default_value_t = 0,
          value_parser = clap::value_parser!(i64).range(0..=1_000_000))]
    pub fee_fixed: i64,

    /// What an instant payout costs, in hundredths of a percent of its amount.
    #[arg(long, env = "PURSER_INSTANT_PAYOUT_FEE_BPS", default_value_t = 0,
          value_parser = clap::value_parser!(i64).range(0..=10_000))]
    pub instant_payout_fee_bps: i64,

    /// Days from a payment until its money may be paid out; 0 for at once.
    #[arg(long, env = "PURSER_SETTLEMENT_DELAY_DAYS", default_value_t = 2,
          value_parser = clap::value_parser!(i64).range(0..=90))]
    pub settlement_delay_days: i64,

    /// Days that money takes to a bank: that of refunds, and that of payouts at the least.
    #[arg(long, env = "PURSER_BANK_DELAY_DAYS", default_value_t = 1,
          value_parser = clap::value_parser!(i64).range(0..=30))]
    pub bank_delay_days: i64,

    /// Refuse to delete a customer that ever had a cash balance, even when it is zero.
    #[arg(long, env = "PURSER_STRICT_DELETE")]
    pub strict_delete: bool,

    /// In production, tell also webhook endpoints at loopback, private and link-local addresses.
    #[arg(long, env = "PURSER_WEBHOOK_ALLOW_PRIVATE")]
    pub webhook_allow_private: bool,

    /// Where people reach this server, for links to pages: scheme and host. Without it, the
    /// address that it listens on.
    #[arg(long, env = "PURSER_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// What agents of the Open Context Protocol get back: 1 for the id of their context, 2 also for
    /// an updated context in the headers of each answer.
    #[arg(long, env = "PURSER_OCP_LEVEL", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=2))]
    pub ocp_level: u8,

    /// Country of the account, two letters.
    #[arg(long, env = "PURSER_COUNTRY", default_value = "US", value_parser = country)]
    pub country: String,

    /// Default currency of the account, three letters.
    #[arg(long, env = "PURSER_CURRENCY", default_value = "usd", value_parser = currency)]
    pub currency: books::Currency,

    /// Writes that may wait for the disk; further ones are refused with 429.
    #[arg(long, env = "PURSER_QUEUE_MAX", default_value_t = 4096)]
    pub queue_max: usize,

    /// Writes in one commit, at most.
    #[arg(long, env = "PURSER_BATCH_MAX", default_value_t = 256)]
    pub batch_max: usize,

    /// Microseconds that a busy lane waits for a fuller batch.
    #[arg(long, env = "PURSER_LINGER_US", default_value_t = 30)]
    pub linger_us: u64,

    /// Connections that may be open; further ones wait to be accepted.
    #[arg(long, env = "PURSER_CONNECTIONS_MAX", default_value_t = 10_000)]
    pub connections_max: usize,

    /// How log lines look.
    #[arg(long, env = "PURSER_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// The least important log lines that are written: error, warn, info, debug or trace.
    /// Every request is a debug line.
    #[arg(long, env = "PURSER_LOG_LEVEL", default_value = "info")]
    pub log_level: tracing::Level,

    /// For crash tests: after committing a request whose idempotency key starts like this, the
    /// server stands still. Debug builds only.
    #[arg(long, env = "PURSER_FAULT_HOLD_KEY_PREFIX", hide = true)]
    pub fault_hold_key_prefix: Option<String>,
}

impl Settings {
    /// Where data is kept, with all that flags say of it.
    pub fn location(&self) -> Location {
        let mut location = self.store.clone();
        if let Location::Postgres(address) = &mut location {
            address.lanes = self.store_lanes;
            address.connections = self.store_connections;
            address.statement_timeout = Duration::from_millis(self.store_timeout_ms);
        }
        location
    }
}

/// Where data is kept unless `--store` says otherwise.
pub const DEFAULT_STORE: &str = "sqlite:./purser-data/purser.db";

/// How money is matched to payments.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Mode {
    /// By itself.
    Automatic,
    /// By hand.
    Manual,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let count = text.parse().map_err(|_| "this is no number")?;
    if count == 0 { Err("at least one is needed".into()) } else { Ok(count) }
}

fn country(text: &str) -> Result<String, String> {
    match text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        true => Ok(text.to_ascii_uppercase()),
        false => Err("a country has two letters".into()),
    }
}

fn public_url(text: &str) -> Result<String, String> {
    match text.starts_with("http://") || text.starts_with("https://") {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("a public URL begins with http:// or https://".into()),
    }
}

fn currency(text: &str) -> Result<books::Currency, String> {
    books::Currency::parse(text).ok_or_else(|| "a currency has three letters".into())
}
