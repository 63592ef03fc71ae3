//! What several tests need: a clock that stands still, and a small HTTP server.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ocp_agent::Clock;

/// 2026-01-04T10:00:00Z
pub const START_US: u64 = 1_767_520_800_000_000;

/// A clock that goes on by one second at each look, counts instead of rolling dice, and never waits.
pub fn clock() -> Clock {
    let (looks, dice) = (AtomicU64::new(0), AtomicU64::new(0xa1b2_c3d4));
    Clock::new(
        Arc::new(move || START_US + looks.fetch_add(1, Ordering::SeqCst) * 1_000_000),
        Arc::new(move || dice.fetch_add(1, Ordering::SeqCst)),
        Arc::new(|_| {}),
    )
}

pub fn pairs(headers: &[(String, String)]) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// A request as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.iter().map(|byte| char::from(*byte)).collect())
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// Status, headers, body.
pub type Reply = (u16, Vec<(String, String)>, String);

pub fn reply(status: u16, body: impl Into<String>) -> Reply {
    (status, vec![("Content-Type".to_owned(), "application/json".to_owned())], body.into())
}

/// An HTTP server on a free port that answers as it is told and remembers what it saw.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `answer` gets the server's own URL and the request.
    pub fn start(mut answer: impl FnMut(&str, &Seen) -> Reply + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (own_url, log) = (url.clone(), seen.clone());
        // The thread ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let Some(request) = read_request(&mut stream) else { continue };
                log.lock().expect("no panic").push(request.clone());
                let (status, headers, body) = answer(&own_url, &request);
                if status == 0 {
                    // The answer is lost.
                    continue;
                }
                let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
                for (name, value) in headers {
                    head += &format!("{name}: {value}\r\n");
                }
                head += &format!("Content-Length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Server { url, seen }
    }

    /// What came in since the last look.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("no panic"))
    }

    /// `GET /path` and so on, of what came in since the last look.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8(line[..colon].to_vec()).ok()?;
        headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
    }
    let mut seen = Seen { method, target, headers, body: Vec::new() };
    let length = seen.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
    seen.body = vec![0; length];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// A registry with one API, and the API itself, on one port.
pub fn stripe(own_url: &str, seen: &Seen) -> Reply {
    match seen.target.split('?').next().unwrap_or_default() {
        "/registry/stripe" => reply(200, stripe_entry(own_url).to_string()),
        "/v1/balance" if seen.header("Authorization").is_none() => reply(401, "{\"error\":{}}"),
        "/v1/balance" => reply(200, "{\"object\":\"balance\",\"available\":[]}"),
        "/v1/customers/cus_1/cash_balance" => reply(200, "{\"object\":\"cash_balance\"}"),
        _ => reply(404, "{}"),
    }
}

pub fn stripe_entry(base_url: &str) -> serde_json::Value {
    serde_json::json!({
        "name": "stripe", "display_name": "Stripe API", "description": "Payments",
        "base_url": base_url,
        "tools": [
            {"name": "getBalance", "description": "Retrieve balance", "method": "GET",
                "path": "/v1/balance", "operation_id": "GetBalance", "tags": ["balance"],
                "parameters": {"expand": {"description": "", "required": false,
                    "location": "query", "type": "array"}}},
            {"name": "postCustomersCustomerCashBalance", "method": "POST",
                "description": "Update a cash balance's settings",
                "path": "/v1/customers/{customer}/cash_balance",
                "parameters": {
                    "customer": {"required": true, "location": "path", "type": "string"},
                    "settings": {"required": false, "location": "body", "type": "object"}}},
            {"name": "getCustomersCustomerCashBalanceTransactionsTransaction",
                "description": "Retrieve a cash balance transaction", "method": "GET",
                "path": "/v1/customers/{customer}/cash_balance_transactions/{transaction}",
                "parameters": {
                    "customer": {"required": true, "location": "path", "type": "string"},
                    "transaction": {"required": true, "location": "path", "type": "string"}}},
        ],
    })
}
