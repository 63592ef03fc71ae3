//! What the clients were told, and whether the server still says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::conservation::{Purse, World, all};
use crate::deeds::{CURRENCIES, Choice, Chosen, Deed, REVERSAL, Sent, clock_move, pairs};
use crate::support::http::Answer;
use crate::support::random::Random;
use crate::{ACCOUNTS, Api, CLOCK, text};

const OLD_KEYS_PER_ROUND: usize = 25;
/// A key is kept for 24 hours. Here is one hour for what the clients do not know of the clock.
const KEY_AGE_MAX_S: i64 = 23 * 60 * 60;
/// Events are listed for 30 days.
const EVENT_AGE_MAX_S: i64 = 29 * 24 * 60 * 60;

/// A request that was answered, with its answer, and what the clock had said by then.
struct Kept {
    sent: Sent,
    status: u16,
    body: String,
    at: i64,
}

/// What the clients know.
#[derive(Default)]
pub struct Told {
    kept: Vec<Kept>,
    customers: BTreeMap<String, Holder>,
    /// Ids by the kind of an object and the key that made it, which is in its metadata.
    made: BTreeMap<(&'static str, String), String>,
    /// How often something was applied to an intent.
    applied: BTreeMap<String, usize>,
    /// What the clock has said.
    now: i64,
}

/// What the clients know about a customer.
#[derive(Default)]
struct Holder {
    account: &'static str,
    /// The key of the request that made it, which is its name, too.
    key: String,
    manual: bool,
    /// Id of the transaction, currency and amount by the key, which is the reference, too.
    funded: BTreeMap<String, (String, &'static str, i64)>,
    metadata: BTreeMap<String, String>,
    intents: Vec<String>,
    refunds: Vec<String>,
    touched: bool,
}

impl Told {
    /// Gives both merchants a bank account.
    pub fn open_accounts(&mut self, api: &Api) {
        for account in ACCOUNTS {
            let of = |name: &str| format!("external_account[{name}]");
            let params = pairs(&[
                (&of("object"), "bank_account"),
                (&of("country"), "US"),
                (&of("currency"), "usd"),
                (&of("routing_number"), "110000000"),
                (&of("account_number"), "000123456789"),
            ]);
            let path = format!("/v1/accounts/{account}/external_accounts");
            let key = format!("the account of {account}");
            let sent = Sent { key, account, path, params, deed: Deed::Open };
            let answer = api.send(&sent).expect("the server runs");
            assert_eq!(answer.status, 200, "{}", answer.body);
            self.keep(&sent, &answer);
        }
        self.check_clock(api);
    }

    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// How many objects of each kind were made.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::from([("customer", self.customers.len())]);
        for (kind, _) in self.made.keys() {
            *counts.entry(*kind).or_default() += 1;
        }
        counts
    }

    /// What a client does next.
    pub fn next(
        &self,
        random: &mut Random,
        account: &'static str,
        client: usize,
        key: String,
    ) -> Sent {
        let own = self.customers.iter().filter(|(_, holder)| holder.account == account);
        let customers: Vec<&String> = own.map(|(id, _)| id).collect();
        let few = customers.is_empty() || random.one_in(15);
        let mut choice = Choice { random, account, client, key, customers, now: self.now };
        if few {
            return choice.create();
        }
        let id = choice.whom();
        let holder = &self.customers[&id];
        choice.deed(&Chosen { id: &id, intents: &holder.intents, refunds: &holder.refunds })
    }

    /// Moves the clock by so much from what it said last.
    pub fn clock_move(&self, seconds: i64) -> Sent {
        let to = self.now + seconds;
        clock_move(ACCOUNTS[0], format!("to {to}"), to)
    }

    /// All customers will be looked at again.
    pub fn touch_all(&mut self) {
        self.customers.values_mut().for_each(|holder| holder.touched = true);
    }

    /// Notes an answer.
    pub fn keep(&mut self, sent: &Sent, answer: &Answer) {
        let about = || format!("{} {:?}: {}", sent.path, sent.params, answer.body);
        assert!(matches!(answer.status, 200 | 400), "{} {}", answer.status, about());
        let value = answer.json().expect("JSON");
        let done = answer.status == 200;
        let id = text(&value["id"]);
        match &sent.deed {
            Deed::Clock(to) => {
                // Somebody else may have moved it further meanwhile.
                assert!(done || value["error"]["param"] == "to", "{}", about());
                return self.now = self.now.max(value["now"].as_i64().unwrap_or(*to));
            }
            Deed::Create { manual } => {
                assert!(done, "{}", about());
                let (account, key) = (sent.account, sent.key.clone());
                let holder = Holder { account, key, manual: *manual, ..Holder::default() };
                let before = self.customers.insert(id.clone(), holder);
                assert!(before.is_none(), "a customer was made twice");
                self.holder(&id);
            }
            Deed::Fund(whom, currency, amount) => {
                assert!(done, "{}", about());
                let funded = (id, *currency, *amount);
                self.holder(whom).funded.insert(sent.key.clone(), funded);
            }
            Deed::Update(whom, name, value) => {
                assert!(done, "{}", about());
                self.holder(whom).metadata.insert(name.clone(), value.clone());
            }
            Deed::Pay(whom) => {
                // A payment that failed is there all the same, and its error says so.
                let failed = &value["error"]["payment_intent"];
                assert!(done || failed.is_object(), "{}", about());
                let id = if done { id } else { text(&failed["id"]) };
                self.holder(whom).intents.push(id.clone());
                if value["status"] == "succeeded" && self.holder(whom).manual {
                    *self.applied.entry(id.clone()).or_default() += 1;
                }
                self.note("payment_intent", &sent.key, id);
            }
            Deed::Apply(intent) if done => {
                self.holder(&text(&value["customer"]));
                *self.applied.entry(intent.clone()).or_default() += 1;
            }
            Deed::Refund(whom) if done => {
                self.holder(whom).refunds.push(id.clone());
                self.note("refund", &sent.key, id);
            }
            Deed::Payout if done => self.note("payout", &sent.key, id),
            // Details of a bank account of another currency are found wrong before anything is
            // done, so that nothing is kept.
            Deed::Change(_) if text(&value["error"]["param"]).starts_with("bank_account") => return,
            Deed::Change(whom) => self.holder(whom).touched = true,
            Deed::Apply(_) | Deed::Refund(_) | Deed::Payout | Deed::Open => {}
        }
        let kept = Kept {
            sent: sent.clone(),
            status: answer.status,
            body: answer.body.clone(),
            at: self.now,
        };
        self.kept.push(kept);
    }

    fn note(&mut self, kind: &'static str, key: &str, id: String) {
        let before = self.made.insert((kind, key.to_owned()), id);
        assert!(before.is_none(), "the {kind} {key} was made twice");
    }
}

impl Told {
    fn holder(&mut self, whom: &str) -> &mut Holder {
        let holder = self.customers.get_mut(whom).expect("it was made");
        holder.touched = true;
        holder
    }

    /// The clock has not gone back.
    pub fn check_clock(&mut self, api: &Api) {
        let now = api.get(ACCOUNTS[0], CLOCK)["now"].as_i64().expect("a moment");
        assert!(now >= self.now, "the clock said {} before, and {now} after", self.now);
        self.now = now;
    }

    /// Each key of this round, and some older ones, give the same bytes again.
    pub fn check_keys(&self, api: &Api, fresh: usize, random: &mut Random) {
        let lives = |at: &usize| self.now - self.kept[*at].at < KEY_AGE_MAX_S;
        let old: Vec<usize> = (0..fresh).filter(lives).collect();
        let some = (0..OLD_KEYS_PER_ROUND.min(old.len())).map(|_| *random.pick(&old));
        for at in some.collect::<Vec<_>>().into_iter().chain(fresh..self.kept.len()) {
            let Kept { sent, status, body, .. } = &self.kept[at];
            let again = api.send(sent).expect("the server runs");
            assert_eq!((again.status, &again.body), (*status, body), "{}", sent.key);
            assert_eq!(again.header_value("Idempotent-Replayed"), Some("true"), "{}", sent.key);
        }
    }

    /// Whoever was touched has what the clients know and nothing else.
    pub fn check_customers(&mut self, api: &Api) {
        let applied = &self.applied;
        for (id, holder) in self.customers.iter_mut().filter(|(_, holder)| holder.touched) {
            holder.touched = false;
            let get = |target: &str| api.get(holder.account, target);
            let found = all(&get, &format!("/v1/customers?email={}@example.com", holder.key));
            assert_eq!(found.len(), 1, "{}", holder.key);
            assert_eq!(found[0]["id"], id.as_str());
            assert_eq!(found[0]["metadata"], serde_json::json!(holder.metadata));
            let purse = Purse::read(&get, id);
            purse.check_chain();
            holder.check_transactions(&purse.rows, applied);
        }
    }

    /// No money is lost or made, and every object was made by exactly one key.
    pub fn check_worlds(&self, api: &Api) {
        let mut found = BTreeMap::new();
        for account in ACCOUNTS {
            let world = self.world(api, account);
            world.check();
            let kinds = [
                ("payment_intent", &world.intents),
                ("refund", &world.refunds),
                ("payout", &world.payouts),
            ];
            for (kind, objects) in kinds {
                // What Purser does by itself has no key.
                for object in
                    objects.iter().filter(|object| object["metadata"]["key"] != Value::Null)
                {
                    let key = (kind, text(&object["metadata"]["key"]));
                    let before = found.insert(key, text(&object["id"]));
                    assert!(before.is_none(), "{object} was made twice");
                }
            }
        }
        assert_eq!(found, self.made);
    }

    fn world(&self, api: &Api, account: &'static str) -> World {
        let own = self.customers.iter().filter(|(_, holder)| holder.account == account);
        let own: Vec<String> = own.map(|(id, _)| id.clone()).collect();
        World::read(&|target| api.get(account, target), &own)
    }

    /// Everything new that is there was told once, and nothing else. Gives how many transactions
    /// of each type there are.
    pub fn check_events(&self, api: &Api) -> BTreeMap<String, usize> {
        let mut types = BTreeMap::new();
        let since = self.now - EVENT_AGE_MAX_S;
        for account in ACCOUNTS {
            let get = |target: &str| api.get(account, target);
            let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for event in all(&get, &format!("/v1/events?created[gte]={since}")) {
                let of = told.entry(text(&event["type"])).or_default();
                of.push(text(&event["data"]["object"]["id"]));
            }
            let world = self.world(api, account);
            for (name, count) in world.types() {
                *types.entry(name).or_default() += count;
            }
            let rows = world.purses.into_iter().flat_map(|purse| purse.rows).collect();
            for (name, objects) in [
                ("customer.created", all(&get, "/v1/customers")),
                ("customer_cash_balance_transaction.created", rows),
                ("payment_intent.created", world.intents),
                ("charge.succeeded", world.charges),
                ("refund.created", world.refunds),
                ("payout.created", world.payouts),
            ] {
                let new = objects.iter().filter(|it| it["created"].as_i64() >= Some(since));
                let want: Vec<String> = new.map(|it| text(&it["id"])).collect();
                let got = told.remove(name).unwrap_or_default();
                assert_eq!(got.len(), want.len(), "{name}");
                let set = |ids: Vec<String>| ids.into_iter().collect::<BTreeSet<_>>();
                assert!(set(got) == set(want), "{name}: other objects than there are");
            }
        }
        types
    }
}

impl Holder {
    /// Each transfer is there once, and so is what was applied by hand.
    fn check_transactions(&self, rows: &[Value], applied: &BTreeMap<String, usize>) {
        let mut funded = BTreeMap::new();
        let mut applications: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows {
            if row["type"] == "applied_to_payment" {
                let intent = text(&row["applied_to_payment"]["payment_intent"]);
                *applications.entry(intent).or_default() += 1;
            }
            if row["type"] == "funded" {
                let currency = CURRENCIES.iter().find(|name| row["currency"] == **name);
                let currency = *currency.expect("a currency that was sent");
                let amount = row["net_amount"].as_i64().expect("an amount");
                let reference = text(&row["funded"]["bank_transfer"]["reference"]);
                let key = reference.trim_start_matches(REVERSAL).to_owned();
                let before = funded.insert(key.clone(), (text(&row["id"]), currency, amount));
                assert!(before.is_none(), "{key} was carried out twice");
            }
        }
        assert_eq!(funded, self.funded, "{}", self.key);
        if self.manual {
            let known = applied.iter().filter(|(intent, _)| self.intents.contains(intent));
            let known: BTreeMap<String, usize> = known.map(|(id, n)| (id.clone(), *n)).collect();
            assert_eq!(applications, known, "{}", self.key);
        }
    }
}
