//! A receiver of webhooks that answers as a test wants it to, and keeps what came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What came.
#[derive(Clone)]
pub struct Got {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        crate::support::http::find(&self.headers, name).unwrap_or_default()
    }

    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The moment of the signature, if it is good: computed here, from what Stripe documents.
    pub fn signed(&self, secret: &str) -> Option<i64> {
        let (moment, signature) = self.header("Stripe-Signature").split_once(",v1=")?;
        let moment = moment.strip_prefix("t=")?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(format!("{moment}.{}", self.body).as_bytes());
        let hex: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        (hex == signature).then(|| moment.parse().expect("a number"))
    }
}

/// Listens until the end of the test.
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// One that gives the answer with this number, from 0, the status that `status` says.
    pub fn new(status: impl Fn(usize) -> u16 + Send + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook?a=b", listener.local_addr().expect("an address"));
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = got.clone();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                serve(stream, &kept, status(number));
            }
        });
        Receiver { url, got }
    }

    /// What came so far.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("nobody panicked").clone()
    }

    /// The ids of the events that came so far.
    pub fn ids(&self) -> Vec<String> {
        self.got().iter().map(|got| crate::text(&got.event(), "id")).collect()
    }
}

fn serve(stream: TcpStream, kept: &Mutex<Vec<Got>>, status: u16) {
    let mut reader = BufReader::new(&stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let first = line();
    let mut headers = Vec::new();
    while let Some((name, value)) = line().split_once(": ") {
        headers.push((name.to_owned(), value.to_owned()));
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    assert!(first.starts_with("POST "), "{first}");
    let length = crate::support::http::find(&headers, "content-length").map(str::parse::<usize>);
    let mut body = vec![0; length.expect("a length").expect("a number")];
    reader.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("text");
    kept.lock().expect("nobody panicked").push(Got { path, headers, body });
    let answer = format!("HTTP/1.1 {status} X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    let _ = (&stream).write_all(answer.as_bytes());
}
