//! The two entries: made of our own description, and kept as bytes.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use hyper::header::HeaderValue;
use ocp_agent::discovery::{Mode, discover};
use ocp_agent::{Parameter, Tool as Found};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::query::{Filter, Search};
use crate::api::openapi;

/// Addresses for which entries are kept ready, about two megabytes for each. More servers than that
/// have no business with one process; the oldest goes, and making one anew is a copy.
pub const ADDRESSES_MAX: usize = 4;

/// An API that agents can register.
struct Entry {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
    /// What the paths of its operations begin with.
    below: &'static str,
}

/// What a parameter of a tool object may say of its value, beside its type.
const INSIDE: [&str; 3] = ["enum", "items", "properties"];

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
                      attempts to deliver webhooks, what agents asked for and what waits for a \
                      person.",
        tags: &["ledger", "journal", "bank-transfers", "sandbox-clock", "webhooks", "approvals"],
        below: "/purser/v1/",
    },
];

/// The entries as they are handed out.
#[derive(Default)]
pub struct Registry {
    /// Where the server listens, once it does.
    listens: OnceLock<SocketAddr>,
    tools: OnceLock<[Tools; ENTRIES.len()]>,
    /// The newest last. At most [`ADDRESSES_MAX`].
    ready: Mutex<VecDeque<Ready>>,
}

/// The tools of an entry.
struct Tools {
    count: usize,
    /// As a list in JSON.
    json: Vec<u8>,
    hash: [u8; 32],
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
            "tool_count": self.tools()[at].count,
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
            "tool_count": self.tools()[at].count,
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
        put("tool_count", self.tools()[at].count.into());
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
            let tools = &self.tools()[at];
            let tag = tag(&[&text, &tools.hash]);
            text.reserve_exact(tools.json.len() + 1);
            text.extend_from_slice(&tools.json);
            text.push(b'}');
            (Bytes::from(text), tag)
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

    fn tools(&self) -> &[Tools; ENTRIES.len()] {
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

/// The tools of each entry, as the first agents would find them in our description, with what they
/// do not look for: what may stand inside of a parameter.
fn make_tools() -> [Tools; ENTRIES.len()] {
    let described: Value =
        serde_json::from_str(openapi::Document::V30.committed()).expect("it is generated");
    let find = |mode| {
        let found = discover(&described, "purser", None, mode);
        found.expect("our own description can be read").tools
    };
    let whole: HashMap<String, Found> =
        find(Mode::Full).into_iter().map(|tool| (tool.name.clone(), tool)).collect();
    let tools = find(Mode::Upstream);
    ENTRIES.each_ref().map(|entry| {
        let of_entry = tools.iter().filter(|tool| tool.path.starts_with(entry.below));
        let one = |tool: &Found| complete(json!(tool), whole.get(&tool.name));
        let values: Vec<Value> = of_entry.map(one).collect();
        let count = values.len();
        let json = Value::from(values).to_string().into_bytes();
        let hash = Sha256::digest(&json).into();
        Tools { count, json, hash }
    })
}

/// Some agents fail where a tool has no schema of its answer; without what stands inside of
/// `settings` no model could fill it in.
fn complete(mut tool: Value, whole: Option<&Found>) -> Value {
    if tool["response_schema"].is_null() {
        tool["response_schema"] = json!({});
    }
    for (name, parameter) in tool["parameters"].as_object_mut().into_iter().flatten() {
        let found = whole.and_then(|whole| whole.parameters.get(name));
        let schema = found.map(Parameter::schema).unwrap_or_default();
        for word in INSIDE {
            if !schema[word].is_null() && parameter[word].is_null() {
                parameter[word] = schema[word].clone();
            }
        }
        // What may be one thing or another has no type in one word: the first of them is said.
        if let Some(first) = schema["anyOf"][0]["type"].as_str() {
            parameter["type"] = first.into();
        }
        if schema["anyOf"].is_array() {
            parameter["schema"] = schema;
        }
    }
    tool
}

/// A tag that changes when any of the parts does.
pub fn tag(parts: &[&[u8]]) -> HeaderValue {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    let hex: String = hash.finalize()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).expect("hexadecimal digits")
}
