//! Kill -9 at random moments: what was acknowledged is there, once, and the same key gives the
//! same bytes for as long as keys are kept.
//!
//! Client threads do everything that moves money, and move the clock; the server is killed in the
//! middle of it, sometimes again while it starts, and sometimes while a move of the clock settles
//! payments, expires refunds and sends unclaimed money back. After each restart every request that
//! was not answered is sent again with its key, and then the server must hold exactly what the
//! clients know. Choices come from a seed; what the kernel and the disk do in between is their own.
//!
//! On PostgreSQL it is Purser that dies: the database finishes what was on its way, while the next
//! server already starts beside leases that nobody gave back.

#[path = "ledger_over_http/conservation.rs"]
mod conservation;
#[path = "crash/deeds.rs"]
mod deeds;
mod support;
#[path = "crash/told.rs"]
mod told;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use deeds::Sent;
use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::random::Random;
use support::server::{Kind, Server};
use told::Told;

const ROUNDS: usize = 20;
const AUDIT_EVERY: usize = 5;
const CLIENTS: usize = 5;
/// Every other client works in a world of its own.
const ACCOUNTS: [&str; 2] = ["acct_even", "acct_odd"];
/// From the first request to the kill.
const LIFE_MS: usize = 700;
/// Far more than a start after a crash may take.
const RESTART_MAX: Duration = Duration::from_secs(15);

const CLOCK: &str = "/purser/v1/clock";
/// After which rounds the clock is moved by how many days. Together they are long enough for money
/// that nobody claims to become the merchant's.
const MOVES: [(usize, i64); 4] = [(4, 3), (8, 46), (12, 46), (15, 7)];
/// What can only have happened if payments were made and the worker was at work.
const TYPES: [&str; 4] =
    ["applied_to_payment", "return_initiated", "return_canceled", "transferred_to_balance"];
/// Kills while the clock is moved, and the longest time until each.
const KILLS_PER_MOVE: usize = 3;
const MOVE_LIFE_MS: usize = 120;

support::on_both! {
    what_was_acknowledged_survives
}

fn what_was_acknowledged_survives(kind: Kind) {
    let mut random = Random::seeded("crash", 20_261_121);
    let mut server = Server::on(kind);
    server.serve(&[]);
    let mut told = Told::default();
    told.open_accounts(&Api::new(&server));
    for round in 0..ROUNDS {
        let unanswered = work_until_killed(&mut server, &mut told, &mut random, round);
        if random.one_in(3) {
            server.flicker(Duration::from_millis(random.below(80) as u64));
        }
        let began = Instant::now();
        server.restart();
        assert!(began.elapsed() < RESTART_MAX, "the start took {:?}", began.elapsed());
        let api = Api::new(&server);
        let fresh = told.kept();
        for sent in unanswered {
            let answer = api.send(&sent).expect("the server runs");
            told.keep(&sent, &answer);
        }
        told.check_clock(&api);
        told.check_keys(&api, fresh, &mut random);
        told.check_customers(&api);
        if let Some((_, days)) = MOVES.iter().find(|(after, _)| *after == round) {
            move_clock(&mut server, &mut told, &mut random, *days);
        }
        if round % AUDIT_EVERY == AUDIT_EVERY - 1 {
            told.check_worlds(&Api::new(&server));
            let doctor = server.purser(&["doctor"]);
            assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
        }
    }
    let types = told.check_events(&Api::new(&server));
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
    println!("{} writes survived on {kind:?}: {:?}, {types:?}", told.kept(), told.counts());
    assert!(told.kept() > ROUNDS * CLIENTS, "hardly anything was written");
    for name in TYPES {
        assert!(types.contains_key(name), "nothing was {name}: {types:?}");
    }
}

/// Gives what was sent and not answered, by then.
fn work_until_killed(
    server: &mut Server,
    told: &mut Told,
    random: &mut Random,
    round: usize,
) -> Vec<Sent> {
    let api = Api::new(server);
    let (over, shared) = (AtomicBool::new(false), Mutex::new(std::mem::take(told)));
    let life = Duration::from_millis(random.below(LIFE_MS) as u64);
    let sources: Vec<Random> = (0..CLIENTS).map(|_| random.part()).collect();
    let unanswered = thread::scope(|scope| {
        let clients: Vec<_> = sources
            .into_iter()
            .enumerate()
            .map(|(number, random)| {
                let (api, over, shared) = (&api, &over, &shared);
                let name = format!("r{round}c{number}");
                scope.spawn(move || client(api, shared, over, random, number, &name))
            })
            .collect();
        thread::sleep(life);
        server.kill9();
        over.store(true, Ordering::SeqCst);
        let ended = clients.into_iter().map(|client| client.join().expect("no client panics"));
        ended.flatten().collect()
    });
    *told = shared.into_inner().expect("no client panicked");
    unanswered
}

/// Works until the server dies. What it asked last and got no answer to is its legacy.
fn client(
    api: &Api,
    told: &Mutex<Told>,
    over: &AtomicBool,
    mut random: Random,
    number: usize,
    name: &str,
) -> Option<Sent> {
    let account = ACCOUNTS[number % ACCOUNTS.len()];
    for count in 0.. {
        let key = format!("{name}n{count}");
        let sent = told.lock().unwrap().next(&mut random, account, number, key);
        match api.send(&sent) {
            Ok(answer) => told.lock().unwrap().keep(&sent, &answer),
            Err(_) => return Some(sent),
        }
        if over.load(Ordering::SeqCst) {
            break;
        }
    }
    None
}

/// Moves the clock by days, against kills on the way. What is done on the way is done once.
fn move_clock(server: &mut Server, told: &mut Told, random: &mut Random, days: i64) {
    let sent = told.clock_move(days * 24 * 60 * 60);
    for _ in 0..KILLS_PER_MOVE {
        let api = Api::new(server);
        let life = Duration::from_millis(random.below(MOVE_LIFE_MS) as u64);
        thread::scope(|scope| {
            scope.spawn(|| drop(api.send(&sent)));
            thread::sleep(life);
            server.kill9();
        });
        server.restart();
        told.check_clock(&Api::new(server));
    }
    let api = Api::new(server);
    told.keep(&sent, &api.send(&sent).expect("the server runs"));
    told.check_clock(&api);
    told.touch_all();
    told.check_customers(&api);
}

/// A way into both worlds.
struct Api(Client);

impl Api {
    fn new(server: &Server) -> Api {
        Api(Client::new(server.base().expect("it runs")))
    }

    fn send(&self, sent: &Sent) -> Result<Answer, String> {
        let request = Request::new("POST", &sent.path, &sent.params)
            .header("Authorization", "Bearer sk_test_crash")
            .header("Stripe-Account", sent.account)
            .header("Idempotency-Key", &sent.key);
        self.0.send(&request)
    }

    fn get(&self, account: &str, target: &str) -> Value {
        let request = Request::new("GET", target, &[])
            .header("Authorization", "Bearer sk_test_crash")
            .header("Stripe-Account", account);
        let answer = self.0.send(&request).expect("the server runs");
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.json().expect("JSON")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
