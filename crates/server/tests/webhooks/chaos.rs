//! Kill -9 while funds arrive and receivers do what they like: in the end everybody was told of
//! everything. Choices come from a seed; what threads and the kernel make of them is their own.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::receiver::{Act, Receiver};
use crate::support::random::Random;
use crate::support::server::{Kind, Server};
use crate::{Api, RETRIES_S, TRANSACTION, eventually, text};

/// Lives of the server, all of which end by a kill.
const LIVES: usize = 4;
/// From the first request of a life to the kill.
const LIFE_MIN_MS: usize = 150;
const LIFE_MS: usize = 600;
/// Who pays in at the same time.
const CLIENTS: usize = 3;
/// After which lives the clock is moved by how many seconds: with the first attempt that makes
/// three that may fail, so that there is one left when the receivers are well.
const MOVES: [(usize, i64); 2] = [(1, RETRIES_S[0] + 1), (2, RETRIES_S[1] + 1)];
/// More attempts than this are never made.
const ATTEMPTS_MAX: usize = 1 + RETRIES_S.len();

/// Receivers, the endpoint that each of them is, and the type that it wants.
struct Ear {
    receiver: Receiver,
    endpoint: String,
    wants: &'static str,
}

crate::support::on_both! {
    everything_is_told_in_the_end
}

fn everything_is_told_in_the_end(kind: Kind) {
    let mut random = Random::seeded("webhooks", 20_261_122);
    let mut server = Server::started_on(kind);
    let api = Api::new(&server);
    let ears = ["*", TRANSACTION].map(|wants| {
        let receiver = Receiver::start();
        let endpoint = text(&api.endpoint(&receiver.url(), wants), "id");
        Ear { receiver, endpoint, wants }
    });
    let deaf = Receiver::start();
    let endpoint = text(&api.endpoint(&deaf.url(), "*"), "id");
    api.ask("POST", &format!("/v1/webhook_endpoints/{endpoint}"), &[("disabled", "true")]);

    for ear in &ears {
        ear.receiver.chaos(Some(random.part()));
    }
    let customers: Vec<String> = (0..CLIENTS).map(|_| api.customer()).collect();
    let mut funded = Vec::new();
    for life in 0..LIVES {
        funded.extend(pay_in_until_killed(&mut server, &customers, &mut random));
        server.restart();
        if let Some((_, seconds)) = MOVES.iter().find(|(after, _)| *after == life) {
            Api::new(&server).advance(*seconds);
        }
    }
    for ear in &ears {
        ear.receiver.chaos(None);
    }
    let api = Api::new(&server);
    funded.push(api.fund(&customers[0]));
    let last_wait_s = RETRIES_S[RETRIES_S.len() - 1];
    eventually("nothing is pending", || {
        let is_over = api.events().iter().all(|event| event["pending_webhooks"] == 0);
        if !is_over {
            api.advance(last_wait_s + 1);
        }
        is_over
    });

    let events = api.events();
    let outcomes = check_told(&api, &ears, &events);
    check_none_lost(&ears, &events, &funded);
    assert!(deaf.posts().is_empty(), "a disabled endpoint was told");
    println!("{} events over {LIVES} kills, attempts and requests: {outcomes:?}", events.len());
    assert!(events.len() > LIVES * CLIENTS, "hardly anything happened");
    check_no_more_is_told(&mut server, &ears, &customers[0]);
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// Gives the transactions that were acknowledged.
fn pay_in_until_killed(
    server: &mut Server,
    customers: &[String],
    random: &mut Random,
) -> Vec<String> {
    let api = Api::new(server);
    let life = Duration::from_millis((LIFE_MIN_MS + random.below(LIFE_MS)) as u64);
    let funded = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for customer in customers {
            let (api, funded) = (&api, &funded);
            scope.spawn(move || {
                while let Some(transaction) = api.try_fund(customer) {
                    funded.lock().expect("no panic").push(transaction);
                }
            });
        }
        thread::sleep(life);
        server.kill9();
    });
    funded.into_inner().expect("no panic")
}

/// Every event reached every endpoint that wants it, and its attempts say so.
fn check_told(api: &Api, ears: &[Ear], events: &[Value]) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    let mut count = |name: String| *outcomes.entry(name).or_insert(0) += 1;
    for ear in ears {
        let mut requests: BTreeMap<String, Vec<Act>> = BTreeMap::new();
        for post in ear.receiver.posts() {
            count(format!("{:?}", post.act));
            requests.entry(post.id()).or_default().push(post.act);
        }
        for event in events {
            let id = text(event, "id");
            let acts = requests.remove(&id).unwrap_or_default();
            if ear.wants != "*" && event["type"] != ear.wants {
                assert!(acts.is_empty(), "told of what it does not want: {event}");
                continue;
            }
            let taken = |act: &Act| matches!(act, Act::Answer(200..300));
            assert!(acts.iter().any(taken), "{} was never told of {event}: {acts:?}", ear.wants);
            let mut attempts = api.attempts(&id);
            attempts.retain(|attempt| attempt["webhook_endpoint"] == ear.endpoint.as_str());
            attempts.sort_by_key(|attempt| attempt["attempt"].as_i64());
            let listed: Vec<i64> =
                attempts.iter().filter_map(|attempt| attempt["attempt"].as_i64()).collect();
            assert!(listed.iter().copied().eq(1..=listed.len() as i64), "{attempts:?}");
            assert!(listed.len() <= ATTEMPTS_MAX.min(acts.len()), "{acts:?} {attempts:?}");
            let succeeded: Vec<bool> =
                attempts.iter().map(|attempt| attempt["succeeded"] == true).collect();
            let (last, before) = succeeded.split_last().expect("an attempt is listed");
            assert!(*last && !before.contains(&true), "{acts:?} {attempts:?}");
            count(format!("{} attempts", listed.len()));
        }
        assert!(requests.is_empty(), "told of what never happened: {requests:?}");
    }
    outcomes
}

/// What was acknowledged is among the events, and so among what was told.
fn check_none_lost(ears: &[Ear], events: &[Value], funded: &[String]) {
    let transaction = |event: &Value| {
        (event["type"] == TRANSACTION).then(|| text(&event["data"]["object"], "id"))
    };
    let happened: HashSet<String> = events.iter().filter_map(transaction).collect();
    for ear in ears {
        let posts = ear.receiver.posts();
        let told: HashSet<String> =
            posts.iter().filter_map(|post| transaction(&post.event)).collect();
        assert_eq!(told, happened, "{}", ear.wants);
        for id in funded {
            assert!(told.contains(id), "{} was not told of {id}", ear.wants);
        }
    }
}

/// What was taken is not told again by the next server: only what happens next is.
fn check_no_more_is_told(server: &mut Server, ears: &[Ear], customer: &str) {
    let counts: Vec<usize> = ears.iter().map(|ear| ear.receiver.posts().len()).collect();
    server.restart();
    let api = Api::new(server);
    api.advance(RETRIES_S.iter().sum());
    let known: HashSet<String> = api.events().iter().map(|event| text(event, "id")).collect();
    let transaction = api.fund(customer);
    for (ear, count) in ears.iter().zip(counts) {
        let of_it = || ear.receiver.posts().split_off(count);
        eventually("the next event is told", || {
            of_it().iter().any(|post| post.event["data"]["object"]["id"] == transaction.as_str())
        });
        for post in of_it() {
            assert!(!known.contains(&post.id()), "told again: {}", post.body);
        }
    }
}
