//! Clients that move money of the same few customers through all servers at once. Whoever gets no
//! answer, or is told to try again, asks the next server with the same key.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::conservation::World;
use crate::fleet::{Doors, assert_says_retry};
use crate::same_key::bank_account;
use crate::support::http::Answer;
use crate::support::random::Random;
use crate::{Api, DEADLINE, eventually, funding, pairs, text};

/// Customers, all of which all clients know.
const CUSTOMERS: usize = 4;
const CLIENTS: usize = 5;
/// One in so many of its own answers is asked for again at the server that gave it.
const OWN_EACH: usize = 5;
/// How long a client waits before it asks the next server.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a client waits for an answer of a server that may be gone.
const HASTE: Duration = Duration::from_secs(2);
/// No server takes longer for an answer: REQUEST_TIMEOUT_S, and a little for the way.
const PATIENCE: Duration = Duration::from_secs(30 + 5);
/// What is counted where there is none.
const NO_ANSWER: &str = "no answer";

/// A request with its key.
#[derive(Clone)]
pub struct Sent {
    pub key: String,
    path: String,
    params: Vec<(String, String)>,
    /// What it makes.
    kind: &'static str,
}

/// A request that was answered for good.
struct Kept {
    sent: Sent,
    status: u16,
    body: String,
    /// Which server answered.
    by: usize,
}

/// What the clients know.
pub struct Load {
    customers: Vec<String>,
    intents: Mutex<Vec<String>>,
    kept: Mutex<Vec<Kept>>,
    over: AtomicBool,
    /// How long a client waits for an answer.
    patience: Duration,
    /// Requests that got no answer, or one that says to try again, by what that was.
    troubles: Mutex<BTreeMap<String, usize>>,
    longest_ms: AtomicU64,
    /// Since when nobody was answered, at the longest.
    gap: Mutex<(Instant, Duration)>,
}

impl Load {
    /// Where each server answers, always: clients wait for it, and it is a fault if one does not.
    pub fn patient(api: &Api) -> Load {
        Load::prepare(api, PATIENCE)
    }

    /// Where servers die: whoever waits for too long goes to the next.
    pub fn hasty(api: &Api) -> Load {
        Load::prepare(api, HASTE)
    }

    /// Makes the customers and the merchant's bank account.
    fn prepare(api: &Api, patience: Duration) -> Load {
        let account = text(&api.get("/v1/account"), "id");
        let path = format!("/v1/accounts/{account}/external_accounts");
        let opened = api.post(&path, &bank_account(), "bank account").expect("it runs");
        assert_eq!(opened.status, 200, "{}", opened.body);
        Load {
            customers: (0..CUSTOMERS).map(|_| api.customer()).collect(),
            intents: Mutex::default(),
            kept: Mutex::default(),
            over: AtomicBool::new(false),
            patience,
            troubles: Mutex::default(),
            longest_ms: AtomicU64::new(0),
            gap: Mutex::new((Instant::now(), Duration::ZERO)),
        }
    }

    /// Lets the clients work while the test does something, then until each has its last answer.
    pub fn during<T>(
        &self,
        doors: &Doors,
        random: &mut Random,
        name: &str,
        what: impl FnOnce() -> T,
    ) -> T {
        self.over.store(false, Ordering::SeqCst);
        *self.gap.lock().expect("no panic") = (Instant::now(), Duration::ZERO);
        let sources: Vec<Random> = (0..CLIENTS).map(|_| random.part()).collect();
        thread::scope(|scope| {
            for (number, random) in sources.into_iter().enumerate() {
                let name = format!("{name}c{number}");
                scope.spawn(move || self.client(doors, random, &name));
            }
            // Ends the clients also where the test fails, which would wait for them otherwise.
            let _end = End(&self.over);
            what()
        })
    }

    /// Waits until so many more requests were answered; gives how long that took.
    #[track_caller]
    pub fn more(&self, count: usize) -> Duration {
        let goal = self.answered() + count;
        eventually(&format!("{count} more answers"), || self.answered() >= goal)
    }

    pub fn answered(&self) -> usize {
        self.kept.lock().expect("no panic").len()
    }

    /// Those of them by one server.
    pub fn answered_by(&self, server: usize) -> usize {
        self.kept.lock().expect("no panic").iter().filter(|kept| kept.by == server).count()
    }

    /// The longest time in which nobody was answered since the clients began.
    pub fn longest_gap(&self) -> Duration {
        self.gap.lock().expect("no panic").1
    }

    /// In words, for whoever runs the tests.
    pub fn figures(&self) -> String {
        let (troubles, longest_ms) = (self.troubles.lock().expect("no panic"), &self.longest_ms);
        let longest_ms = longest_ms.load(Ordering::Relaxed);
        let answered = self.answered();
        let gap = self.longest_gap();
        format!("{answered} answers, gap {gap:.2?}, slowest {longest_ms} ms, {troubles:?}")
    }

    fn client(&self, doors: &Doors, mut random: Random, name: &str) {
        for count in 0.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            let sent = self.next(&mut random, format!("{name}n{count}"));
            let (answer, by) = self.insist(doors, &sent, random.below(doors.len()));
            self.keep(&sent, &answer, by);
        }
    }

    /// Asks one server after the other until there is an answer for good.
    fn insist(&self, doors: &Doors, sent: &Sent, first: usize) -> (Answer, usize) {
        let began = Instant::now();
        for at in first.. {
            assert!(began.elapsed() < DEADLINE, "{} was never answered", sent.key);
            let api = doors.api(at % doors.len()).with_timeout(self.patience);
            let asked = Instant::now();
            let answer = api.post(&sent.path, &sent.params, &sent.key);
            let took_ms = asked.elapsed().as_millis() as u64;
            self.longest_ms.fetch_max(took_ms, Ordering::Relaxed);
            let trouble = match answer {
                Ok(answer) if matches!(answer.status, 200 | 400 | 402) => {
                    return (answer, at % doors.len());
                }
                Ok(answer) => {
                    assert_says_retry(&answer);
                    answer.status.to_string()
                }
                Err(why) => {
                    assert!(self.patience == HASTE, "{why} after {took_ms} ms");
                    NO_ANSWER.to_owned()
                }
            };
            *self.troubles.lock().expect("no panic").entry(trouble).or_default() += 1;
            thread::sleep(PAUSE);
        }
        unreachable!("there is always a next server")
    }

    fn next(&self, random: &mut Random, key: String) -> Sent {
        let whom = random.pick(&self.customers).clone();
        let intents = self.intents.lock().expect("no panic");
        let amount = (100 + random.below(900)).to_string();
        let (path, mut params, kind) = match random.below(10) {
            4..=6 => (
                "/v1/payment_intents".to_owned(),
                pairs(&[
                    ("customer", &whom),
                    ("confirm", "true"),
                    ("payment_method_data[type]", "customer_balance"),
                ]),
                "payment_intent",
            ),
            7 | 8 if !intents.is_empty() => {
                let intent = random.pick(&intents);
                let path = format!("/purser/v1/payment_intents/{intent}/refund_to_cash_balance");
                (path, Vec::new(), "refund")
            }
            9 => ("/v1/payouts".to_owned(), Vec::new(), "payout"),
            _ => {
                let params = pairs(&[("reference", &key)]);
                (funding(&whom), params, "funding")
            }
        };
        params.extend(pairs(&[("amount", &amount)]));
        if kind != "refund" {
            params.extend(pairs(&[("currency", "usd")]));
        }
        if kind != "funding" {
            params.extend(pairs(&[("metadata[key]", &key)]));
        }
        Sent { key, path, params, kind }
    }

    fn keep(&self, sent: &Sent, answer: &Answer, by: usize) {
        if answer.status == 200 && sent.kind == "payment_intent" {
            let id = text(&answer.json().expect("JSON"), "id");
            self.intents.lock().expect("no panic").push(id);
        }
        {
            let mut gap = self.gap.lock().expect("no panic");
            gap.1 = gap.1.max(gap.0.elapsed());
            gap.0 = Instant::now();
        }
        let (status, body) = (answer.status, answer.body.clone());
        self.kept.lock().expect("no panic").push(Kept { sent: sent.clone(), status, body, by });
    }
}

/// Ends the clients.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Load {
    /// Nothing acknowledged is lost, nothing happened twice, each key gives the same bytes at each
    /// server, and no money came or went.
    pub fn check(&self, doors: &Doors) {
        let kept = self.kept.lock().expect("no panic");
        let apis: Vec<Api> = (0..doors.len()).map(|at| doors.api(at)).collect();
        for (number, Kept { sent, status, body, by }) in kept.iter().enumerate() {
            for (at, api) in apis.iter().enumerate() {
                // What others say is the question; of its own answers each is asked for a few.
                if at == *by && number % OWN_EACH != 0 {
                    continue;
                }
                let again = Load::again(api, sent);
                assert_eq!((again.status, &again.body), (*status, body), "{} at {at}", sent.key);
                let replayed = again.header_value("Idempotent-Replayed");
                assert_eq!(replayed, Some("true"), "{} at {at}: {body}", sent.key);
            }
        }
        let mut told = BTreeMap::new();
        for Kept { sent, status, body, .. } in kept.iter() {
            let value: Value = serde_json::from_str(body).expect("JSON");
            // A payment that failed is there all the same.
            let failed = &value["error"]["payment_intent"];
            let made =
                if *status == 200 { Some(&value) } else { failed.is_object().then_some(failed) };
            if let Some(made) = made {
                told.insert((sent.kind, sent.key.clone()), text(made, "id"));
            }
        }
        for (at, api) in apis.iter().enumerate() {
            let world = World::read(&|path| api.get(path), &self.customers);
            world.check();
            assert!(found(&world) == told, "server {at} has other objects than clients were told");
        }
        for kind in ["funding", "payment_intent", "refund", "payout"] {
            assert!(told.keys().any(|(made, _)| *made == kind), "there was no {kind}");
        }
    }

    /// What one server says to a request that was answered before. A server which nobody asked
    /// since its database went away may still be on its way back to it.
    fn again(api: &Api, sent: &Sent) -> Answer {
        let began = Instant::now();
        loop {
            let answer = api.post(&sent.path, &sent.params, &sent.key).expect("it runs");
            if matches!(answer.status, 200 | 400 | 402) {
                return answer;
            }
            assert_says_retry(&answer);
            assert!(began.elapsed() < DEADLINE, "{} was not answered again", sent.key);
            thread::sleep(PAUSE);
        }
    }
}

/// What is there, by the key that made it.
fn found(world: &World) -> BTreeMap<(&'static str, String), String> {
    let mut found = BTreeMap::new();
    let mut note = |kind, key: &Value, object: &Value| {
        let key = key.as_str().unwrap_or_else(|| panic!("nobody made {object}")).to_owned();
        let before = found.insert((kind, key), text(object, "id"));
        assert!(before.is_none(), "{object} was made twice");
    };
    for row in world.purses.iter().flat_map(|purse| &purse.rows) {
        if row["type"] == "funded" {
            note("funding", &row["funded"]["bank_transfer"]["reference"], row);
        }
    }
    let kinds = [
        ("payment_intent", &world.intents),
        ("refund", &world.refunds),
        ("payout", &world.payouts),
    ];
    for (kind, objects) in kinds {
        objects.iter().for_each(|object| note(kind, &object["metadata"]["key"], object));
    }
    found
}
