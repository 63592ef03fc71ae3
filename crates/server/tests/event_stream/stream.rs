//! A reader of streams, strict about their format.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, BodyReader};

use crate::{Api, DEADLINE, text};

pub const PATH: &str = "/purser/v1/events/stream";

/// An open stream.
pub struct Stream {
    lines: BufReader<BodyReader<'static>>,
    /// How often the server said that there is nothing new.
    pub silences: usize,
}

/// One event as it was sent.
#[derive(Debug)]
pub struct Sent {
    pub id: String,
    pub kind: String,
    pub data: String,
}

impl Stream {
    /// Opens a stream, which has to be possible.
    pub fn open(api: &Api, query: &str, after: Option<&str>) -> Stream {
        let after = after.map(|id| ("Last-Event-ID", id));
        let headers: Vec<(&str, &str)> = after.into_iter().collect();
        Stream::try_open(api, query, &headers).unwrap_or_else(|(status, said)| {
            panic!("{query}: {status} {said}");
        })
    }

    /// Opens a stream, or gives the status and the body of the refusal.
    pub fn try_open(
        api: &Api,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Result<Stream, (u16, String)> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(0)
            .timeout_per_read(Some(DEADLINE));
        let agent: Agent = config.build().into();
        let mut request = agent.get(format!("{}{PATH}{query}", api.base));
        if !api.key.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", api.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.call().expect("the server runs");
        let status = answer.status().as_u16();
        if status != 200 {
            return Err((status, answer.body_mut().read_to_string().expect("a body")));
        }
        let header = |name: &str| answer.headers()[name].to_str().expect("text");
        assert_eq!(header("content-type"), "text/event-stream");
        assert!(header("cache-control").contains("no-cache"));
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        Ok(Stream { lines: BufReader::new(body), silences: 0 })
    }

    /// The next event; none when the stream ends.
    pub fn next(&mut self) -> Option<Sent> {
        let mut block = Vec::new();
        loop {
            let mut line = String::new();
            match self.lines.read_line(&mut line) {
                // A server that was killed ends its streams in the middle of anything.
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            if let Some(line) = line.strip_suffix('\n').filter(|line| !line.is_empty()) {
                block.push(line.to_owned());
                continue;
            }
            match block.as_slice() {
                [comment] if comment.starts_with(':') => {
                    self.silences += 1;
                    block.clear();
                }
                // Where the stream is, without an event.
                [id] if id.starts_with("id: evt_") => block.clear(),
                [id, event, data] => {
                    let part = |line: &str, name: &str| {
                        line.strip_prefix(name).unwrap_or_else(|| panic!("{line}")).to_owned()
                    };
                    let sent = Sent {
                        id: part(id, "id: "),
                        kind: part(event, "event: "),
                        data: part(data, "data: "),
                    };
                    let shown = sent.json();
                    assert_eq!((text(&shown, "id"), text(&shown, "type")), sent.names());
                    return Some(sent);
                }
                other => panic!("no event: {other:?}"),
            }
        }
    }

    /// The ids of the next events.
    pub fn ids(&mut self, count: usize) -> Vec<String> {
        let sent = (0..count).map(|at| {
            self.next().unwrap_or_else(|| panic!("the stream ended after {at} of {count}")).id
        });
        sent.collect()
    }
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("JSON")
    }

    pub fn names(&self) -> (String, String) {
        (self.id.clone(), self.kind.clone())
    }
}

/// Much shorter than what a stream that is to say something may take.
pub const SOON: Duration = Duration::from_secs(5);
