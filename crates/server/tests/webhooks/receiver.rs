//! A receiver of webhooks that does to each request what the test says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::random::Random;
use crate::{DEADLINE, text};

/// How long a receiver that hangs says nothing, at most, before it closes the connection.
const HANG_MAX: Duration = Duration::from_millis(1500);

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It answers with this status and keeps the connection.
    Answer(u16),
    /// It answers 302, with another address of its own.
    Redirect,
    /// It says nothing for a while, and then closes.
    Hang,
    /// It says nothing until the other side closes.
    Silent,
    /// It closes in the middle of the answer's headers.
    CloseEarly,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    pub signature: String,
    pub body: String,
    /// The event in the body.
    pub event: Value,
    pub act: Act,
}

impl Post {
    /// The event's id.
    pub fn id(&self) -> String {
        text(&self.event, "id")
    }
}

pub struct Receiver {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// What is done with the next requests.
    script: VecDeque<Act>,
    /// What decides after that; without it the answer is 200.
    chaos: Option<Random>,
    /// How often the test said something else about that.
    turns: usize,
    posts: Vec<Post>,
}

impl Inner {
    fn next(&mut self) -> Act {
        let scripted = self.script.pop_front();
        scripted.or_else(|| self.chaos.as_mut().map(any)).unwrap_or(Act::Answer(200))
    }
}

/// More than half of the time something that is no success.
fn any(random: &mut Random) -> Act {
    match random.below(16) {
        0..4 => Act::Answer(500),
        4 => Act::Answer(404),
        5 => Act::Hang,
        6 | 7 => Act::CloseEarly,
        8 | 9 => Act::Redirect,
        10 => Act::Answer(204),
        _ => Act::Answer(200),
    }
}

impl Receiver {
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<State> = Arc::default();
        let theirs = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = theirs.clone();
                thread::spawn(move || serve(stream, &state));
            }
        });
        Receiver { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// What is done with the next requests; those after them are answered 200.
    pub fn script(&self, acts: &[Act]) {
        self.state.lock().script = acts.iter().copied().collect();
    }

    /// From now on anything may happen; or, with none, nothing but 200.
    pub fn chaos(&self, random: Option<Random>) {
        let mut inner = self.state.lock();
        inner.chaos = random;
        inner.turns += 1;
        drop(inner);
        self.state.changed.notify_all();
    }

    /// Everything that came so far.
    pub fn posts(&self) -> Vec<Post> {
        self.state.lock().posts.clone()
    }

    /// Everything that came, as soon as it is so much.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Post> {
        let few = |inner: &mut Inner| inner.posts.len() < count;
        let waited = self.state.changed.wait_timeout_while(self.state.lock(), DEADLINE, few);
        let (inner, waited) = waited.expect("no thread panicked");
        let came = inner.posts.len();
        assert!(!waited.timed_out(), "{came} requests came instead of {count}");
        inner.posts.clone()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no thread panicked")
    }

    /// Notes a request and says what to do with it.
    fn take(&self, path: String, signature: String, body: String) -> Act {
        let event = serde_json::from_str(&body).expect("the body is JSON");
        let mut inner = self.lock();
        let act = inner.next();
        inner.posts.push(Post { path, signature, body, event, act });
        self.changed.notify_all();
        act
    }

    /// Says nothing until the test says something else, and not for long.
    fn hang(&self) {
        let inner = self.lock();
        let turn = inner.turns;
        let same = |inner: &mut Inner| inner.turns == turn;
        drop(self.changed.wait_timeout_while(inner, HANG_MAX, same));
    }
}

/// Takes requests for as long as the connection lasts.
fn serve(stream: TcpStream, state: &State) {
    let _ = stream.set_nodelay(true);
    let mut writer = stream.try_clone().expect("a second handle");
    let mut reader = BufReader::new(stream);
    while let Some((path, signature, body)) = read_request(&mut reader) {
        let answer = match state.take(path, signature, body) {
            Act::Answer(204) => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            Act::Answer(status) => {
                format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\nok")
            }
            Act::Redirect => {
                "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            Act::Hang => return state.hang(),
            Act::Silent => {
                let _ = reader.fill_buf();
                return;
            }
            Act::CloseEarly => {
                let _ = writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Le");
                return;
            }
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The path, the signature and the body of the next request; none where the connection ends.
fn read_request(reader: &mut impl BufRead) -> Option<(String, String, String)> {
    let (mut path, mut signature, mut length) = (None, String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if path.is_none() {
            path = Some(line.strip_prefix("POST ")?.split(' ').next()?.to_owned());
        } else if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "stripe-signature" => signature = value.to_owned(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path?, signature, String::from_utf8(body).ok()?))
}
