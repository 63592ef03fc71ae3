//! What goes over the wire, what is sent twice, and what is followed.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Reply, Seen, Server, reply};
use ocp_agent::request::HttpRequest;
use ocp_agent::transport::{
    Http, HttpResponse, Redirects, Retries, Transport, is_repeatable, send_with_retries,
};
use ocp_agent::{Clock, Error};

fn request(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        body: body.map(|body| body.as_bytes().to_vec()),
    }
}

/// A clock that remembers how long it was asked to wait, in milliseconds.
fn patient() -> (Clock, Arc<Mutex<Vec<u128>>>) {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let log = waits.clone();
    let sleep = move |time: Duration| log.lock().expect("no panic").push(time.as_millis());
    let clock = Clock::new(Arc::new(|| common::START_US), Arc::new(|| 0), Arc::new(sleep));
    (clock, waits)
}

/// A transport that plays what it is given, and counts.
struct Played(Mutex<Vec<Result<HttpResponse, Error>>>, Mutex<Vec<HttpRequest>>);

impl Transport for Played {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, Error> {
        self.1.lock().expect("no panic").push(request.clone());
        self.0.lock().expect("no panic").remove(0)
    }
}

fn status(status: u16, headers: &[(&str, &str)]) -> Result<HttpResponse, Error> {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
    Ok(HttpResponse { status, headers, body: Vec::new() })
}

#[test]
fn requests_go_out_as_they_are() {
    let server = Server::start(|_, _| reply(200, "{\"a\":1}"));
    let http = Http::new();
    let url = format!("{}/x%2Fy?a=b%20c", server.url);
    let table = [
        request("GET", &url, &[("OCP-User", "André"), ("X", "1")], None),
        request("POST", &url, &[("Content-Type", "application/json")], Some("{\"x\":1}")),
        request("POST", &url, &[], None),
        request("DELETE", &url, &[], Some("{}")),
        request("PATCH", &url, &[], Some("{}")),
    ];
    for sent in table {
        let answer = http.send(&sent).expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{\"a\":1}"[..]));
        assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
        let seen = server.seen().pop().expect("a request");
        assert_eq!((seen.method.as_str(), seen.target.as_str()), (&*sent.method, "/x%2Fy?a=b%20c"));
        for (name, value) in &sent.headers {
            assert_eq!(seen.header(name).as_ref(), Some(value), "one byte a character");
        }
        assert_eq!(seen.body, sent.body.unwrap_or_default());
    }
}

#[test]
fn what_cannot_be_sent_is_refused_without_its_value() {
    let http = Http::new();
    let url = "http://127.0.0.1:1/x?key=sk_test_1";
    for value in ["照合", "a\r\nX: y", "\0"] {
        let refused = http.send(&request("GET", url, &[("X-Key", value)], None));
        let Err(Error::Local(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains("X-Key") && !text.contains(value), "{text}");
    }
    let Err(Error::Transport(text)) = http.send(&request("GET", url, &[], None)) else {
        panic!("nobody listens there")
    };
    assert!(text.contains("http://127.0.0.1:1/x") && !text.contains("sk_test"), "{text}");
    for url in ["/relative", "nonsense", "ftp://127.0.0.1/x"] {
        assert!(http.send(&request("GET", url, &[], None)).is_err(), "{url}");
    }
    let debug = format!("{:?}", request("GET", url, &[("Authorization", "Bearer s3")], None));
    assert!(!debug.contains("s3") && !debug.contains("sk_test"), "{debug}");
}

#[test]
fn a_silent_server_is_given_up_on() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let http = Http::with_timeout(Duration::from_millis(100));
    let Err(Error::Transport(text)) = http.send(&request("GET", &url, &[], None)) else {
        panic!("nobody answers there")
    };
    assert!(text.ends_with("did not answer in time"), "{text}");
}

#[test]
fn only_what_cannot_do_a_thing_twice_is_sent_twice() {
    let table = [
        ("GET", &[][..], true),
        ("HEAD", &[], true),
        ("POST", &[], false),
        ("DELETE", &[], false),
        ("POST", &[("idempotency-key", "k")], true),
        ("POST", &[("Idempotency-Key", " ")], false),
    ];
    for (method, headers, expected) in table {
        assert_eq!(is_repeatable(&request(method, "http://a.test", headers, None)), expected);
    }
}

#[test]
fn answers_that_may_get_better_are_waited_for() {
    let lost = || Err(Error::Transport("lost".to_owned()));
    type Played1 = Vec<Result<HttpResponse, Error>>;
    let later = [("Retry-After", "2")];
    let date = [("Retry-After", "Sun, 04 Jan 2026 10:00:03 GMT")];
    let table: Vec<(&str, Played1, Result<u16, ()>, Vec<u128>)> = vec![
        ("fine", vec![status(200, &[])], Ok(200), vec![]),
        ("lost", vec![lost(), status(200, &[])], Ok(200), vec![250]),
        ("always lost", vec![lost(), lost(), lost()], Err(()), vec![250, 500]),
        ("busy", vec![status(429, &later), status(200, &[])], Ok(200), vec![2_000]),
        ("until", vec![status(503, &date), status(200, &[])], Ok(200), vec![3_000]),
        ("too long", vec![status(429, &[("Retry-After", "61")])], Ok(429), vec![]),
        ("conflict", vec![status(409, &[]), status(200, &[])], Ok(200), vec![250]),
        ("not fine", vec![status(400, &[])], Ok(400), vec![]),
        ("never", vec![status(501, &[])], Ok(501), vec![]),
        ("no", vec![status(500, &[("Stripe-Should-Retry", "false")])], Ok(500), vec![]),
        (
            "yes",
            vec![status(400, &[("stripe-should-retry", "true")]), status(200, &[])],
            Ok(200),
            vec![250],
        ),
        ("unsendable", vec![Err(Error::Local("no".to_owned()))], Err(()), vec![]),
    ];
    for (name, played, expected, expected_waits) in table {
        let (clock, waits) = patient();
        let transport = Played(Mutex::new(played), Mutex::default());
        let sent = request("POST", "http://a.test", &[("Idempotency-Key", "k")], Some("b"));
        let result =
            send_with_retries(&transport, &sent, Redirects::SameOrigin, Retries::default(), &clock);
        assert_eq!(result.map(|answer| answer.status).map_err(|_| ()), expected, "{name}");
        assert_eq!(*waits.lock().expect("no panic"), expected_waits, "{name}");
        let seen = transport.1.lock().expect("no panic");
        assert!(seen.iter().all(|seen| *seen == sent), "{name}: the same bytes each time");
        assert!(transport.0.lock().expect("no panic").is_empty(), "{name}: all was played");
    }
}

#[test]
fn credentials_follow_no_redirect_to_another_origin() {
    let elsewhere = Server::start(|_, _| reply(200, "elsewhere"));
    let target = elsewhere.url.clone();
    let server = Server::start(move |_: &str, seen: &Seen| -> Reply {
        let to =
            |place: &str| (307, vec![("Location".to_owned(), place.to_owned())], String::new());
        match seen.target.as_str() {
            "/here" => to("/there"),
            "/loop" => to("/loop"),
            "/away" => to(&format!("{target}/x")),
            _ => reply(200, "there"),
        }
    });
    let (clock, _) = patient();
    let send = |method: &str, path: &str, redirects: Redirects| {
        let url = format!("{}{path}", server.url);
        let sent = request(method, &url, &[("Authorization", "Bearer x")], None);
        let once = Retries::none();
        let answer = send_with_retries(&Http::new(), &sent, redirects, once, &clock);
        let answer = answer.expect("an answer");
        (answer.status, String::from_utf8(answer.body).expect("text"))
    };
    let text = |status: u16, body: &str| (status, body.to_owned());
    assert_eq!(send("GET", "/here", Redirects::SameOrigin), text(200, "there"));
    assert_eq!(send("POST", "/here", Redirects::SameOrigin), text(307, ""));
    assert_eq!(send("GET", "/away", Redirects::SameOrigin), text(307, ""));
    assert_eq!(elsewhere.lines(), [""; 0]);
    assert_eq!(send("GET", "/away", Redirects::Anywhere), text(200, "elsewhere"));
    server.lines();
    assert_eq!(send("GET", "/loop", Redirects::SameOrigin), text(307, ""));
    assert_eq!(server.lines().len(), 6);
}
