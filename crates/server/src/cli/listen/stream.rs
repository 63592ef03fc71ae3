//! The server's stream of events, as the HTML standard has it ("Server-sent events").
//!
//! Bounds: [`LINE_BYTES_MAX`] for a line, [`SILENCE_MAX`] without a byte.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use serde_json::Value;
use ureq::BodyReader;

use crate::api::stream::PATH;
use crate::cli::server::{Server, form};

/// Bytes of one line, at most. An event is one line.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// How long the connection may be silent: the server says at least every 15 seconds that it is
/// still there.
const SILENCE_MAX: Duration = Duration::from_secs(50);
/// Events that are read from the list at once.
const PAGE: &str = "100";
/// Where events are listed.
const EVENTS: &str = "/v1/events";

/// Why there are no more events.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The server ended the stream.
    Over,
    /// The server refused it, with this status and these words.
    Refused(u16, String),
    /// The server could not be reached any more.
    Lost(String),
}

impl End {
    /// Whether the same request may be taken later.
    pub fn may_pass(&self) -> bool {
        !matches!(self, End::Refused(status, _) if *status < 500 && *status != 429)
    }
}

impl std::error::Error for End {}

impl fmt::Display for End {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Over => write!(to, "the server closed it"),
            End::Refused(_, words) | End::Lost(words) => write!(to, "{words}"),
        }
    }
}

/// The newest event of all: where listening begins. None when nothing happened so far.
pub fn newest(server: &Server) -> Result<Option<String>, String> {
    let page = server.ask("GET", EVENTS, &[("limit", "1")])?;
    Ok(page["data"][0]["id"].as_str().map(str::to_owned))
}

/// The oldest event of some types, or of all. None when none of them happened so far.
pub fn oldest(server: &Server, types: &[String]) -> Result<Option<Piece>, String> {
    let mut found: Option<Value> = None;
    loop {
        let after = found.as_ref().and_then(|event| event["id"].as_str());
        let mut params = vec![("limit", PAGE)];
        params.extend(types.iter().map(|name| ("types[]", name.as_str())));
        params.extend(after.map(|id| ("starting_after", id)));
        let page = server.ask("GET", EVENTS, &params)?;
        let last = page["data"].as_array().and_then(|events| events.last());
        found = last.cloned().or(found);
        if page["has_more"] != true {
            return Ok(found.map(|event| Piece {
                id: event["id"].as_str().map(str::to_owned),
                data: Some(event.to_string()),
            }));
        }
    }
}

/// What the server streams.
pub type Events = Pieces<BufReader<BodyReader<'static>>>;

/// Opens the stream for events of some types, or of all, after an event.
pub fn open(server: &Server, types: &[String], after: Option<&str>) -> Result<Events, End> {
    let params: Vec<(&str, &str)> = types.iter().map(|name| ("types[]", name.as_str())).collect();
    let mark = if params.is_empty() { "" } else { "?" };
    let path = format!("{PATH}{mark}{}", form(&params));
    let after = after.map(|id| ("Last-Event-ID", id));
    let headers: Vec<(&str, &str)> =
        [("Accept", "text/event-stream")].into_iter().chain(after).collect();
    let answer = server.open(&path, &headers, SILENCE_MAX).map_err(End::Lost)?;
    let status = answer.status().as_u16();
    if status == 200 {
        let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
        return Ok(Pieces::new(BufReader::new(reader)));
    }
    let said = server.read(&path, answer).map_err(|words| End::Refused(status, words))?;
    let words = said.refusal().unwrap_or("the server refused it");
    Err(End::Refused(status, words.to_owned()))
}

/// One piece of the stream. An id without data says how far the stream is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The id, for `Last-Event-ID`.
    pub id: Option<String>,
    /// What was sent: an event.
    pub data: Option<String>,
}

/// A stream, piece by piece.
pub struct Pieces<R> {
    from: R,
}

impl<R: BufRead> Pieces<R> {
    /// Reads a stream from its beginning.
    pub fn new(from: R) -> Pieces<R> {
        Pieces { from }
    }

    /// The next piece. One that was cut off does not count.
    pub fn next(&mut self) -> Result<Piece, End> {
        let mut piece = Piece::default();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                if piece != Piece::default() {
                    return Ok(piece);
                }
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => piece.id = Some(value.to_owned()),
                "data" => match &mut piece.data {
                    Some(data) => *data = format!("{data}\n{value}"),
                    None => piece.data = Some(value.to_owned()),
                },
                // Comments, the name of the event, and what is not known yet.
                _ => {}
            }
        }
    }

    fn line(&mut self) -> Result<String, End> {
        let mut line = Vec::new();
        let read = self.from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        read.map_err(|error| End::Lost(error.to_string()))?;
        if line.pop() != Some(b'\n') {
            return Err(match line.len() as u64 + 1 < LINE_BYTES_MAX {
                true => End::Over,
                false => End::Lost("a line of the stream is too long".into()),
            });
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|_| End::Lost("the stream is not text".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[(Option<&str>, Option<&str>)], end: &str) {
        let mut pieces = Pieces::new(text.as_bytes());
        for (id, data) in want {
            let (id, data) = (id.map(String::from), data.map(String::from));
            assert_eq!(pieces.next(), Ok(Piece { id, data }), "{text:?}");
        }
        assert_eq!(pieces.next().unwrap_err().to_string(), end, "{text:?}");
    }

    #[test]
    fn streams_are_read() {
        let closed = "the server closed it";
        check("", &[], closed);
        check(": nothing new\n\n: nothing new\n\n", &[], closed);
        check("id: evt_1\nevent: a.b\ndata: {}\n\n", &[(Some("evt_1"), Some("{}"))], closed);
        check("data: {}\r\nid: evt_1\r\n\r\n", &[(Some("evt_1"), Some("{}"))], closed);
        check("data:  a\ndata:b\ndata\n\n", &[(None, Some(" a\nb\n"))], closed);
        check(
            "id: evt_1\n\n\n\ndata: {\"a\": 1}\n\n",
            &[(Some("evt_1"), None), (None, Some("{\"a\": 1}"))],
            closed,
        );
        check("data: {}\n\ndata: half", &[(None, Some("{}"))], closed);
        check("data: {}\n\ndata: half\n", &[(None, Some("{}"))], closed);
        check("retry: 5\nunknown\n\n", &[], closed);
    }

    #[test]
    fn a_line_has_an_end() {
        let long = std::io::repeat(b'a');
        let end = Pieces::new(BufReader::new(long)).next().unwrap_err();
        assert_eq!(end.to_string(), "a line of the stream is too long");
        let end = Pieces::new(&b"data: \xff\n\n"[..]).next().unwrap_err();
        assert_eq!(end.to_string(), "the stream is not text");
    }

    #[test]
    fn some_refusals_pass() {
        for (status, want) in [(400, false), (401, false), (403, false), (404, false), (429, true)]
        {
            assert_eq!(End::Refused(status, String::new()).may_pass(), want, "{status}");
        }
        assert!(End::Refused(503, String::new()).may_pass());
        assert!(End::Over.may_pass() && End::Lost(String::new()).may_pass());
    }
}
