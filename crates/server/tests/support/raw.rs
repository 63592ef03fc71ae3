//! HTTP as bytes on a socket, for what no well-behaved client would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::http::{Answer, find};

/// How long a test waits for bytes; a server that is silent for so long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A connection.
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// Connects to a server at `http://HOST:PORT`.
    pub fn connect(base: &str) -> Raw {
        let address = base.strip_prefix("http://").expect("an address");
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(SILENCE_MAX)).expect("a timeout can be set");
        stream.set_write_timeout(Some(SILENCE_MAX)).expect("a timeout can be set");
        stream.set_nodelay(true).expect("delays can be forbidden");
        let read = Vec::new();
        Raw { stream, read }
    }

    /// Sends bytes; that the other side has closed already is no error.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Raw {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Nothing more will be sent.
    pub fn finish(&mut self) -> &mut Raw {
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        self
    }

    /// The headers of the next answer; empty where the connection ends instead.
    pub fn head(&mut self) -> String {
        let end = loop {
            match position(&self.read, b"\r\n\r\n") {
                Some(end) => break end,
                None if !self.more() => return String::new(),
                None => {}
            }
        };
        let head = match str::from_utf8(&self.read[..end]) {
            Ok(head) => head.to_owned(),
            // Headers may be Latin-1.
            Err(_) => self.read[..end].iter().map(|byte| char::from(*byte)).collect(),
        };
        self.read.drain(..end + 4);
        head
    }

    /// The next answer; none where the connection ends instead. Panics when nothing comes.
    pub fn answer(&mut self) -> Option<Answer> {
        let head = self.head();
        if head.is_empty() {
            return None;
        }
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status: u16 = status.unwrap_or_else(|| panic!("no status line: {first}"));
        let pairs = rest.split("\r\n").filter_map(|line| line.split_once(": "));
        let headers: Vec<(String, String)> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if status == 100 {
            return self.answer();
        }
        let length = find(&headers, "content-length").map_or(0, |text| text.parse().unwrap());
        while self.read.len() < length && self.more() {}
        assert!(self.read.len() >= length, "the body of an answer was cut off");
        let body: Vec<u8> = self.read.drain(..length).collect();
        let body = String::from_utf8(body).expect("a body is text");
        Some(Answer { status, headers, body })
    }

    /// Everything that still comes, to the end of the connection.
    pub fn rest(&mut self) -> String {
        while self.more() {}
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// Whether the connection is over: no byte comes any more.
    pub fn is_over(&mut self) -> bool {
        self.read.is_empty() && !self.more()
    }

    fn more(&mut self) -> bool {
        let mut bytes = [0; 64 << 10];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.read.extend_from_slice(&bytes[..count]);
                true
            }
            Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(why) => panic!("the server says nothing: {why}"),
        }
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The bytes of a request with a key, these headers and this body.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
    if find_name(headers, "authorization").is_none() {
        text += "Authorization: Bearer sk_test_raw\r\n";
    }
    if !body.is_empty() && find_name(headers, "transfer-encoding").is_none() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}

fn find_name<'a>(headers: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| *value)
}

/// One request on a connection of its own.
pub fn ask(base: &str, request: &[u8]) -> Answer {
    let answer = Raw::connect(base).send(request).answer();
    answer.unwrap_or_else(|| {
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        panic!("no answer to {shown}")
    })
}

/// The error in an answer.
pub fn error(answer: &Answer) -> Value {
    answer.json().map(|body| body["error"].clone()).unwrap_or_default()
}
