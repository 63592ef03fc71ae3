//! The two entries: made of our own description, and kept as bytes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use hyper::header::HeaderValue;
use ocp_agent::discovery::{Mode, discover};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::query::{Filter, Search};
use crate::api::openapi;

/// Addresses under which entries are kept ready; for others they are made each time anew.
pub const ADDRESSES_MAX: usize = 16;

/// An API that agents can register.
struct Entry {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
    /// What the paths of its operations begin with.
    below: &'static str,
}

const CATEGORY: &str = "finance";
const CATEGORY_DESCRIPTION: &str = "Money: balances, payments, bank transfers, payouts";
const ACTIVE: &str = "active";

const ENTRIES: [Entry; 2] = [
    Entry {
        name: "stripe",
        title: "Stripe API, served by Purser",
        description: "Customers and their cash balances, bank transfers, payments, invoices, \
                      refunds, payouts, events and webhooks. Amounts are integers in the smallest \
                      unit of their currency.",
        tags: &["payments", "cash-balance", "bank-transfers", "invoices", "refunds", "payouts"],
        below: "/v1/",
    },
    Entry {
        name: "purser",
        title: "Purser",
        description: "What only this server has: incoming bank transfers as banks report them, \
                      bank details of refunds, the journal of the ledger, the sandbox clock, \
                      attempts to deliver webhooks.",
        tags: &["ledger", "journal", "bank-transfers", "sandbox-clock", "webhooks"],
        below: "/purser/v1/",
    },
];

/// The entries as they are handed out.
#[derive(Default)]
pub struct Registry {
    /// Where the server listens, once it does.
    listens: OnceLock<SocketAddr>,
    /// For each entry how many tools it has, and these as JSON.
    tools: OnceLock<[(usize, Bytes); ENTRIES.len()]>,
    /// The newest last. At most [`ADDRESSES_MAX`].
    ready: Mutex<VecDeque<Ready>>,
}

/// The entries for one address, each with its tag.
#[derive(Clone)]
struct Ready {
    base: String,
    entries: [(Bytes, HeaderValue); ENTRIES.len()],
}

impl Registry {
    /// Says where the server listens; the first word counts.
    pub fn listens_on(&self, address: SocketAddr) {
        let _ = self.listens.set(address);
    }

    /// Where the server listens.
    pub(super) fn listens(&self) -> Option<SocketAddr> {
        self.listens.get().copied()
    }

    /// The bytes of an entry and their tag.
    pub fn entry(&self, name: &str, base: &str) -> Option<(Bytes, HeaderValue)> {
        let at = ENTRIES.iter().position(|entry| entry.name == name)?;
        Some(self.ready(base).entries[at].clone())
    }

    /// The entries that pass the filter, without their tools.
    pub fn list(&self, base: &str, filter: &Filter) -> Value {
        let is = |wanted: &Option<String>, value| wanted.as_deref().is_none_or(|w| w == value);
        match is(&filter.category, CATEGORY) && is(&filter.status, ACTIVE) {
            true => (0..ENTRIES.len()).map(|at| Value::from(self.head(at, base))).collect(),
            false => json!([]),
        }
    }

    /// Whether an entry can be used.
    pub fn status(&self, name: &str) -> Option<Value> {
        let at = ENTRIES.iter().position(|entry| entry.name == name)?;
        Some(json!({
            "valid": true,
            "openapi_valid": true,
            "endpoint_accessible": true,
            "tool_count": self.tools()[at].0,
            "errors": [],
            "warnings": [],
        }))
    }

    /// Entries with the text in their name, title, description or tags; `*` finds all.
    pub fn search(&self, search: &Search) -> Value {
        let wanted = search.query.trim().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let found = ENTRIES.iter().enumerate().filter(|(_, entry)| {
            wanted == "*"
                || [entry.name, entry.title, entry.description].into_iter().any(has)
                || entry.tags.iter().any(|tag| has(tag))
        });
        let found: Vec<Value> = found.map(|(at, _)| self.summary(at)).collect();
        let before = (search.page - 1).saturating_mul(search.per_page);
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let page = found.iter().skip(before).take(search.per_page as usize);
        json!({
            "query": search.query,
            "results": page.collect::<Vec<_>>(),
            "total": found.len(),
            "page": search.page,
            "per_page": search.per_page,
        })
    }

    /// The one category that has entries.
    pub fn categories(&self) -> Value {
        json!([{
            "category": CATEGORY,
            "count": ENTRIES.len(),
            "description": CATEGORY_DESCRIPTION,
        }])
    }

    /// The entries of a category.
    pub fn category(&self, name: &str, base: &str) -> Option<Value> {
        let all = Filter { category: None, status: None };
        (name == CATEGORY).then(|| self.list(base, &all))
    }

    /// How many there are. What agents use is not counted, so nothing is more popular.
    pub fn stats(&self) -> Value {
        json!({
            "total_apis": ENTRIES.len(),
            "active_apis": ENTRIES.len(),
            "categories": { CATEGORY: ENTRIES.len() },
            "most_popular": (0..ENTRIES.len()).map(|at| self.summary(at)).collect::<Vec<_>>(),
        })
    }

    fn summary(&self, at: usize) -> Value {
        let entry = &ENTRIES[at];
        json!({
            "name": entry.name,
            "display_name": entry.title,
            "description": entry.description,
            "category": CATEGORY,
            "status": ACTIVE,
            "tool_count": self.tools()[at].0,
            "tags": entry.tags,
        })
    }

    /// An entry without its tools.
    fn head(&self, at: usize, base: &str) -> Map<String, Value> {
        let entry = &ENTRIES[at];
        let mut head = Map::new();
        let mut put = |name: &str, value: Value| head.insert(name.to_owned(), value);
        put("id", (at + 1).into());
        put("name", entry.name.into());
        put("display_name", entry.title.into());
        put("description", entry.description.into());
        put("openapi_url", format!("{base}/openapi.json").into());
        put("base_url", base.into());
        put("category", CATEGORY.into());
        put("auth_config", auth_config());
        put("tags", entry.tags.into());
        put("status", ACTIVE.into());
        put("version", openapi_version().into());
        put("tool_count", self.tools()[at].0.into());
        head
    }

    fn ready(&self, base: &str) -> Ready {
        let keeps = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = keeps().iter().find(|ready| ready.base == base) {
            return ready.clone();
        }
        // Made outside the lock: nobody who asks for another address waits for it.
        let entries = std::array::from_fn(|at| {
            let mut text = Value::from(self.head(at, base)).to_string().into_bytes();
            text.pop();
            text.extend_from_slice(b",\"tools\":");
            text.extend_from_slice(&self.tools()[at].1);
            text.push(b'}');
            let body = Bytes::from(text);
            let tag = tag(&body);
            (body, tag)
        });
        let made = Ready { base: base.to_owned(), entries };
        let mut kept = keeps();
        if kept.iter().all(|ready| ready.base != base) {
            if kept.len() == ADDRESSES_MAX {
                kept.pop_front();
            }
            kept.push_back(made.clone());
        }
        made
    }

    fn tools(&self) -> &[(usize, Bytes); ENTRIES.len()] {
        self.tools.get_or_init(make_tools)
    }
}

fn openapi_version() -> &'static str {
    crate::api::wire::API_VERSION
}

fn auth_config() -> Value {
    json!({
        "type": "bearer_token",
        "header_name": "Authorization",
        "instructions": "Register with the header 'Authorization: Bearer YOUR_SECRET_KEY'. In a \
                         sandbox every key that begins with sk_test_ works.",
    })
}

/// The tools of each entry, as the first agents would find them in our description.
fn make_tools() -> [(usize, Bytes); ENTRIES.len()] {
    let described = openapi::describe_30();
    let found = discover(&described, "purser", None, Mode::Upstream);
    let tools = found.expect("our own description can be read").tools;
    ENTRIES.each_ref().map(|entry| {
        let of_entry = tools.iter().filter(|tool| tool.path.starts_with(entry.below));
        let values: Vec<Value> = of_entry.map(|tool| complete(json!(tool))).collect();
        (values.len(), Value::from(values.as_slice()).to_string().into())
    })
}

/// Some agents fail where a tool has no schema of its answer.
fn complete(mut tool: Value) -> Value {
    if tool["response_schema"].is_null() {
        tool["response_schema"] = json!({});
    }
    tool
}

/// A tag that changes when the bytes do.
pub fn tag(body: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(body);
    let hex: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).expect("hexadecimal digits")
}
