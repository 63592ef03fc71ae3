//! Kill -9 at random moments: what was acknowledged is there, once, and the same key gives the
//! same bytes for ever.
//!
//! Client threads create customers, fund and update them; the server is killed in the middle of it,
//! sometimes again while it starts. After each restart every request that was not answered is sent
//! again with its key, and then the server must hold exactly what the clients know. Choices come
//! from a seed; what the kernel and the disk do in between is their own.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::http::{Answer, Client, Request};
use support::random::Random;
use support::server::Server;

const ROUNDS: usize = 20;
const DOCTOR_EVERY: usize = 5;
const CLIENTS: usize = 5;
/// Every other client works in a world of its own.
const ACCOUNTS: [&str; 2] = ["acct_even", "acct_odd"];
const CURRENCIES: [&str; 5] = ["usd", "eur", "gbp", "jpy", "mxn"];
/// From the first request to the kill.
const LIFE_MS: usize = 700;
const OLD_KEYS_PER_ROUND: usize = 25;
/// Far more than a start after a crash may take.
const RESTART_MAX: Duration = Duration::from_secs(15);

#[test]
fn what_was_acknowledged_survives() {
    let mut random = Random::seeded("crash", 20_261_121);
    let mut server = Server::started();
    let mut told = Told::default();
    for round in 0..ROUNDS {
        let unanswered = work_until_killed(&mut server, &mut told, &mut random, round);
        if random.one_in(3) {
            server.flicker(Duration::from_millis(random.below(80) as u64));
        }
        let began = Instant::now();
        server.restart();
        assert!(began.elapsed() < RESTART_MAX, "the start took {:?}", began.elapsed());
        let api = Api::new(&server);
        let fresh = told.kept.len();
        for sent in unanswered {
            let answer = api.send(&sent).expect("the server runs");
            told.keep(&sent, &answer);
        }
        told.check_keys(&api, fresh, &mut random);
        told.check_objects(&api);
        if round % DOCTOR_EVERY == DOCTOR_EVERY - 1 {
            let doctor = server.purser(&["doctor"]);
            assert!(doctor.status.success(), "{}", String::from_utf8_lossy(&doctor.stdout));
        }
    }
    told.check_events(&Api::new(&server));
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
    println!("{} writes survived {ROUNDS} kills", told.kept.len());
    assert!(told.kept.len() > ROUNDS * CLIENTS, "hardly anything was written");
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

/// A request, and what it is to bring about.
#[derive(Clone)]
struct Sent {
    key: String,
    account: &'static str,
    path: String,
    params: Vec<(String, String)>,
    deed: Deed,
}

#[derive(Clone)]
enum Deed {
    Create,
    /// Whom, what, how much.
    Fund(String, &'static str, i64),
    /// Whom, and the name and value in its metadata.
    Update(String, String, String),
}

/// A request that was answered, with the bytes of the answer.
struct Kept {
    sent: Sent,
    body: String,
}

/// What the clients know.
#[derive(Default)]
struct Told {
    kept: Vec<Kept>,
    customers: BTreeMap<String, Holder>,
}

/// What the clients know about a customer.
#[derive(Default)]
struct Holder {
    account: &'static str,
    /// The key of the request that made it, which is its name, too.
    key: String,
    /// Id of the transaction, currency and amount by the key, which is the reference, too.
    funded: BTreeMap<String, (String, &'static str, i64)>,
    metadata: BTreeMap<String, String>,
    touched: bool,
}

impl Told {
    fn next(&self, random: &mut Random, account: &'static str, client: usize, key: String) -> Sent {
        let own = self.customers.iter().filter(|(_, holder)| holder.account == account);
        let own: Vec<&String> = own.map(|(id, _)| id).collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        if own.is_empty() || random.one_in(6) {
            let email = format!("{key}@example.com");
            let params = vec![pair("name", &key), pair("email", &email)];
            let path = "/v1/customers".to_owned();
            return Sent { key, account, path, params, deed: Deed::Create };
        }
        // New customers and old ones: some are hot.
        let whom = match random.one_in(2) {
            true => own[random.below(own.len().min(3))].clone(),
            false => (*random.pick(&own)).clone(),
        };
        if random.one_in(4) {
            let name = format!("c{client}");
            let params = vec![pair(&format!("metadata[{name}]"), &key)];
            let path = format!("/v1/customers/{whom}");
            let deed = Deed::Update(whom, name, key.clone());
            return Sent { key, account, path, params, deed };
        }
        let (currency, amount) = (*random.pick(&CURRENCIES), 1 + random.below(5000) as i64);
        let params = vec![
            pair("amount", &amount.to_string()),
            pair("currency", currency),
            pair("reference", &key),
        ];
        let path = format!("/v1/test_helpers/customers/{whom}/fund_cash_balance");
        let deed = Deed::Fund(whom, currency, amount);
        Sent { key, account, path, params, deed }
    }

    /// Notes an answer.
    fn keep(&mut self, sent: &Sent, answer: &Answer) {
        assert_eq!(answer.status, 200, "{} {:?}: {}", sent.path, sent.params, answer.body);
        let id = text(&answer.json().expect("JSON")["id"]);
        match &sent.deed {
            Deed::Create => {
                let holder = Holder {
                    account: sent.account,
                    key: sent.key.clone(),
                    touched: true,
                    ..Holder::default()
                };
                let before = self.customers.insert(id, holder);
                assert!(before.is_none(), "a customer was made twice");
            }
            Deed::Fund(whom, currency, amount) => {
                let holder = self.customers.get_mut(whom).expect("it was made");
                holder.touched = true;
                holder.funded.insert(sent.key.clone(), (id, currency, *amount));
            }
            Deed::Update(whom, name, value) => {
                let holder = self.customers.get_mut(whom).expect("it was made");
                holder.touched = true;
                holder.metadata.insert(name.clone(), value.clone());
            }
        }
        let body = answer.body.clone();
        self.kept.push(Kept { sent: sent.clone(), body });
    }

    /// Each key of this round, and some older ones, give the same bytes again.
    fn check_keys(&self, api: &Api, fresh: usize, random: &mut Random) {
        let old = (0..OLD_KEYS_PER_ROUND.min(fresh)).map(|_| random.below(fresh));
        for at in old.chain(fresh.saturating_sub(OLD_KEYS_PER_ROUND * 4)..self.kept.len()) {
            let Kept { sent, body } = &self.kept[at];
            let again = api.send(sent).expect("the server runs");
            assert_eq!((again.status, &again.body), (200, body), "{}", sent.key);
            assert_eq!(again.header_value("Idempotent-Replayed"), Some("true"));
        }
    }

    /// Whoever was touched has what the clients know and nothing else.
    fn check_objects(&mut self, api: &Api) {
        for (id, holder) in self.customers.iter_mut().filter(|(_, holder)| holder.touched) {
            holder.touched = false;
            let account = holder.account;
            let email = format!("{}@example.com", holder.key);
            let found = api.all(account, &format!("/v1/customers?email={email}"));
            assert_eq!(found.len(), 1, "{email}");
            let customer = &found[0];
            assert_eq!(customer["id"], id.as_str());
            assert_eq!(customer["metadata"], serde_json::json!(holder.metadata));

            let path = format!("/v1/customers/{id}/cash_balance_transactions");
            let rows = api.all(account, &path);
            let mut sums: BTreeMap<String, i64> = BTreeMap::new();
            let mut seen = BTreeMap::new();
            for row in rows.iter().rev() {
                let amount = row["net_amount"].as_i64().expect("an amount");
                let currency = CURRENCIES.iter().find(|name| row["currency"] == **name);
                let currency = *currency.expect("a currency that was sent");
                let sum = sums.entry(currency.to_owned()).or_default();
                *sum += amount;
                assert_eq!(row["ending_balance"], *sum, "{row}");
                let key = text(&row["funded"]["bank_transfer"]["reference"]);
                let before = seen.insert(key.clone(), (text(&row["id"]), currency, amount));
                assert!(before.is_none(), "{key} was carried out twice");
            }
            assert_eq!(seen, holder.funded, "{id}");
            let balance = api.get(account, &format!("/v1/customers/{id}/cash_balance"));
            let available = balance["available"].as_object().cloned().unwrap_or_default();
            assert_eq!(Value::Object(available), serde_json::json!(sums));
        }
    }

    /// Each transaction was told once, and each customer that was made.
    fn check_events(&self, api: &Api) {
        for account in ACCOUNTS {
            let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for event in api.all(account, "/v1/events") {
                let of = told.entry(text(&event["type"])).or_default();
                of.push(text(&event["data"]["object"]["id"]));
            }
            let own = || self.customers.iter().filter(|(_, holder)| holder.account == account);
            let made: Vec<String> = own().map(|(id, _)| id.clone()).collect();
            let funded = own().flat_map(|(_, holder)| holder.funded.values());
            let funded: Vec<String> = funded.map(|(id, _, _)| id.clone()).collect();
            for (name, want) in
                [("customer.created", made), ("customer_cash_balance_transaction.created", funded)]
            {
                let got = told.remove(name).unwrap_or_default();
                assert_eq!(got.len(), want.len(), "{name}");
                let set = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<_>>();
                assert!(set(got) == set(want), "{name}: other objects than there are");
            }
        }
    }
}

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

    /// Every row of a list, newest first.
    fn all(&self, account: &str, target: &str) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        let mark = if target.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(account, &format!("{target}{mark}limit=100{after}"));
            rows.extend(page["data"].as_array().expect("a list").iter().cloned());
            if page["has_more"] != true {
                return rows;
            }
            let last = rows.last().map(|row| text(&row["id"])).expect("a page has rows");
            after = format!("&starting_after={last}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
