//! Webhooks and streams with two servers: one of them delivers, and both know everything.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use testing::postgres;

use crate::conservation::all;
use crate::fleet::{Fleet, another, assert_says_retry};
use crate::receiver::Receiver;
use crate::stream::Stream;
use crate::support::http::Request;
use crate::{Api, CLOCK, TAKEOVER_MAX, eventually, pairs, text, within};

/// Customers that each server makes, an event each.
const EACH: usize = 150;
/// Threads that do so at each server.
const WRITERS: usize = 2;
/// Endpoints that are made one after the other.
const ENDPOINTS: usize = 6;
/// How soon another server has what one gave away: it asks every second.
const HANDOVER_MAX: Duration = Duration::from_secs(4);
/// Events that are told before the teller dies.
const SOME: usize = 60;
/// Between two requests of a client that goes on until its server is dead.
const PACE: Duration = Duration::from_millis(15);

/// Makes customers through each of these servers at the same time.
fn cause_events(apis: &[Api]) {
    thread::scope(|scope| {
        for api in apis {
            for _ in 0..WRITERS {
                scope.spawn(|| (0..EACH / WRITERS).for_each(|_| drop(api.customer())));
            }
        }
    });
}

/// How often each event came.
fn told(receiver: &Receiver) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for post in receiver.posts() {
        *told.entry(post.id()).or_default() += 1;
    }
    told
}

fn nothing_is_pending(api: &Api) -> bool {
    let events = all(&|path| api.get(path), "/v1/events");
    events.iter().all(|event| event["pending_webhooks"] == 0)
}

fn endpoint(api: &Api, receiver: &Receiver) {
    let params = [("url", receiver.url()), ("enabled_events[]", "*".to_owned())];
    let params: Vec<(&str, &str)> = params.iter().map(|(name, it)| (*name, it.as_str())).collect();
    api.ask("POST", "/v1/webhook_endpoints", &params);
}

#[test]
fn each_event_is_told_once_by_two_servers() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let receiver = Receiver::start();
    endpoint(&apis[1], &receiver);
    // One stream at each server, of what both do.
    let streams = [0, 1].map(|at| Stream::open(&apis[at], "", None));
    let seen = thread::scope(|scope| {
        let reading = streams.map(|mut stream| scope.spawn(move || stream.ids(2 * EACH)));
        cause_events(&apis);
        reading.map(|it| it.join().expect("a whole stream"))
    });
    let events = apis[0].events();
    assert_eq!(events.len(), 2 * EACH);
    assert!(seen[0] == events, "the first stream has another order");
    assert!(seen[1] == events, "the second stream has another order");
    eventually("all are told", || nothing_is_pending(&apis[0]));
    let told = told(&receiver);
    assert_eq!(told.len(), events.len());
    assert!(told.values().all(|times| *times == 1), "told twice: {told:?}");
    fleet.assert_healthy();
}

#[test]
fn another_server_tells_when_the_one_that_did_is_dead() {
    let database = postgres::shared().database();
    let mut fleet = Fleet::start(&database.url(), 1);
    let holder = || database.sql("SELECT holder FROM lease WHERE name = 'webhooks'");
    eventually("the first has the duty", || !holder().is_empty());
    let others = Fleet::start(&database.url(), 1);
    let (first, second) = (fleet.api(0), others.api(0));
    let receiver = Receiver::start();
    endpoint(&first, &receiver);
    let mut stream = Stream::open(&second, "", None);
    let (over, made) = (AtomicBool::new(false), Mutex::new(0));
    let (servers, _) = fleet.split();
    thread::scope(|scope| {
        for api in [&first, &second] {
            let (over, made) = (&over, &made);
            scope.spawn(move || {
                // Ends with its server.
                while !over.load(Ordering::SeqCst) && api.send(request()).is_ok() {
                    *made.lock().expect("no panic") += 1;
                }
            });
        }
        eventually("some are told", || told(&receiver).len() >= SOME);
        servers[0].kill9();
        let (began, before) = (Instant::now(), receiver.posts().len());
        within(TAKEOVER_MAX, "more are told", || receiver.posts().len() > before + 1);
        println!("webhooks: told again {:.2?} after the teller's death", began.elapsed());
        over.store(true, Ordering::SeqCst);
    });
    let events = second.events();
    assert!(events.len() >= *made.lock().expect("no panic"), "acknowledged and lost");
    assert!(stream.ids(events.len()) == events, "the stream has another order");
    eventually("nothing is pending", || nothing_is_pending(&second));
    let told = told(&receiver);
    let lost = events.iter().filter(|id| !told.contains_key(*id)).count();
    let twice = told.values().filter(|times| **times > 1).count();
    println!("webhooks: {} events, {lost} lost, {twice} told twice", events.len());
    assert_eq!(lost, 0);
    others.assert_healthy();
}

/// An endpoint is told of everything that happens after it was made, also at a server whose clock
/// is a little behind.
#[test]
fn a_new_endpoint_hears_of_all_that_follows() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 2);
    let (behind, ahead) = (fleet.api(0), fleet.api(1));
    for round in 0..ENDPOINTS {
        let receiver = Receiver::start();
        // The other server hears of it within a second.
        ahead.ask("POST", CLOCK, &[("advance_s", "60")]);
        endpoint(&ahead, &receiver);
        let customer = behind.customer();
        within(TAKEOVER_MAX, &format!("endpoint {round} is told"), || {
            let is_it = |id: &Value| *id == *customer;
            receiver.posts().iter().any(|post| is_it(&post.event["data"]["object"]["id"]))
        });
    }
}

/// One server delivers. Whoever asks another one for an event once more is told to ask again, by
/// which he comes to the right one before long; never is it acknowledged and not done.
#[test]
fn a_resend_is_done_or_refused() {
    let database = postgres::shared().database();
    let fleet = Fleet::start(&database.url(), 2);
    let apis = [fleet.api(0), fleet.api(1)];
    let receiver = Receiver::start();
    endpoint(&apis[0], &receiver);
    let endpoint = text(&apis[0].get("/v1/webhook_endpoints")["data"][0], "id");
    apis[0].customer();
    let event = receiver.wait_for(1)[0].id();
    eventually("it is noted", || nothing_is_pending(&apis[1]));
    let path = format!("/purser/v1/events/{event}/resend");
    let params = pairs(&[("webhook_endpoint", &endpoint)]);
    let mut done = 0;
    for api in &apis {
        let answer = api.send(Request::new("POST", &path, &params)).expect("it runs");
        match answer.status {
            200 => done += 1,
            _ => assert_says_retry(&answer),
        }
        receiver.wait_for(1 + done);
    }
    assert!(done > 0, "nobody resends");
}

/// A server that is told to stop gives its duties to another at once.
#[test]
fn duties_are_handed_over() {
    let database = postgres::shared().database();
    let mut fleet = Fleet::start(&database.url(), 1);
    let holders = || database.sql("SELECT count(DISTINCT holder), count(*) FROM lease");
    eventually("the first has all duties", || holders() == "1|3");
    let others = Fleet::start(&database.url(), 1);
    let receiver = Receiver::start();
    endpoint(&fleet.api(0), &receiver);
    fleet.api(0).customer();
    receiver.wait_for(1);
    let (servers, _) = fleet.split();
    servers[0].signal("TERM");
    assert!(servers[0].ended(TAKEOVER_MAX).is_some_and(|it| it.success()), "it does not stop");
    let began = Instant::now();
    let told = others.api(0).events().len();
    others.api(0).customer();
    within(HANDOVER_MAX, "another tells", || receiver.posts().len() > told);
    println!("webhooks: told {:.2?} after the teller stopped", began.elapsed());
    assert_eq!(holders(), "1|3", "the other has all duties");
    let held = "SELECT count(*), count(holder) FROM lane";
    assert_eq!(database.sql(held), "4|2", "lanes that there are, and that somebody has");
    // Whoever starts next takes the lanes that are free.
    let third = another(&others.servers[0]);
    assert_eq!(database.sql(held), "4|4");
    drop(third);
    others.assert_healthy();
}

/// To make a customer, not as fast as possible: a death takes seconds.
fn request() -> Request {
    thread::sleep(PACE);
    Request::new("POST", "/v1/customers", &[])
}
