//! S42 under load: many clients do everything that can be done to money, while the clock is moved
//! over months. Afterwards all of it is still somewhere.
//!
//! What is done comes from a seed; in which order the server gets it does not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::conservation::World;
use crate::many_at_once::{METHOD, WAITS, tried};
use crate::support::random::Random;
use crate::support::server::{Kind, Server};
use crate::{Api, text};

const CLIENTS: usize = 4;
const CUSTOMERS: usize = 8;
/// What each client does.
const DEEDS: usize = 150;
/// The clock is moved whenever so much was done.
const DEEDS_PER_MOVE: usize = CLIENTS * DEEDS / 12;
const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// In the end, so that nobody's money stays unclaimed.
const LAST_MOVES_S: [i64; 3] = [46 * DAY_S, 46 * DAY_S, 30 * DAY_S];
/// Of 0.5 % and 10 in the smallest unit: what a payment costs.
const FEES: [&str; 4] = ["--fee-bps", "50", "--fee-fixed", "10"];
/// Bank accounts of tests: one that keeps what it gets, and those that send it back.
const KEEPS: &str = "000123456789";
const RETURNS_REFUNDS: &str = "000111111113";
const RETURNS_PAYOUTS: &str = "000111111116";
const ROUTING: &str = "110000000";
const IBAN: &str = "DE89370400440532013000";
const TYPES: [&str; 9] = [
    "adjusted_for_overdraft",
    "applied_to_payment",
    "funded",
    "funding_reversed",
    "refunded_from_payment",
    "return_canceled",
    "return_initiated",
    "transferred_to_balance",
    "unapplied_from_payment",
];

crate::support::on_both! {
    no_money_is_lost_or_made
}

fn no_money_is_lost_or_made(kind: Kind) {
    let mut random = Random::seeded("mixed_load", 42);
    let mut server = Server::on(kind);
    server.serve(&FEES.map(String::from));
    let api = Api::new(&server);
    let stage = Stage::new(&api);
    let clients: Vec<Random> = (0..CLIENTS).map(|_| random.part()).collect();
    let done = AtomicUsize::new(0);
    thread::scope(|scope| {
        for mut random in clients {
            let (stage, done) = (&stage, &done);
            scope.spawn(move || {
                for _ in 0..DEEDS {
                    stage.deed(&mut random);
                    let before = done.fetch_add(1, Ordering::SeqCst);
                    if before % DEEDS_PER_MOVE == DEEDS_PER_MOVE - 1 {
                        stage.move_clock(*random.pick(&[3 * HOUR_S, DAY_S, 2 * DAY_S, 9 * DAY_S]));
                    }
                }
            });
        }
    });
    api.assert_conserved(&stage.customers);
    for seconds in LAST_MOVES_S {
        stage.move_clock(seconds);
        api.assert_conserved(&stage.customers);
    }
    let world = api.assert_conserved(&stage.customers);
    assert_faults_are_found(&world);
    let types = world.types();
    assert_eq!(types.keys().collect::<Vec<_>>(), TYPES.iter().collect::<Vec<_>>(), "{types:?}");
    println!("{types:?}");
    server.stop_and_audit().unwrap_or_else(|why| panic!("{why}"));
}

/// Something that is wrong with a world.
type Fault = fn(&mut World);

/// The check itself can fail: wherever a little is missing or too much, it says so.
fn assert_faults_are_found(world: &World) {
    let faults: [(&str, Fault); 7] = [
        ("a charge is gone", |world| drop(world.charges.pop())),
        ("an intent is gone", |world| world.intents.retain(|it| it["status"] != "succeeded")),
        ("refunds are gone", |world| world.refunds.retain(|it| it["charge"].is_null())),
        ("a payout is gone", |world| drop(world.payouts.pop())),
        ("a line is gone", |world| drop(world.lines.pop())),
        ("a transaction is gone", |world| drop(world.purses[0].rows.remove(0))),
        ("cash is there twice", |world| {
            *world.purses[0].available.values_mut().next().expect("a currency") += 1;
        }),
    ];
    for (what, fault) in faults {
        let mut world = world.clone();
        fault(&mut world);
        let found = catch_unwind(AssertUnwindSafe(|| world.check())).is_err();
        assert!(found, "nobody noticed that {what}");
    }
}

/// What all clients know.
struct Stage<'a> {
    api: &'a Api,
    customers: Vec<String>,
    /// Those that are often meant, newest last.
    intents: Mutex<Vec<String>>,
    /// References to write on transfers.
    references: Mutex<Vec<String>>,
    refunds: Mutex<Vec<String>>,
    payouts: Mutex<Vec<String>>,
    /// Bank accounts of the merchant.
    accounts: Vec<String>,
}

impl<'a> Stage<'a> {
    fn new(api: &'a Api) -> Self {
        let own = text(&api.get("/v1/account")["id"]);
        let accounts = [KEEPS, RETURNS_PAYOUTS].map(|number| {
            let path = format!("/v1/accounts/{own}/external_accounts");
            let made = api.made(
                &path,
                &[
                    ("external_account[object]", "bank_account"),
                    ("external_account[country]", "US"),
                    ("external_account[currency]", "usd"),
                    ("external_account[routing_number]", ROUTING),
                    ("external_account[account_number]", number),
                ],
            );
            text(&made["id"])
        });
        Self {
            api,
            customers: (0..CUSTOMERS).map(|_| api.new_customer()).collect(),
            intents: Mutex::default(),
            references: Mutex::default(),
            refunds: Mutex::default(),
            payouts: Mutex::default(),
            accounts: accounts.into(),
        }
    }

    fn move_clock(&self, seconds: i64) {
        let moved = self.api.made("/purser/v1/clock", &[("advance_s", &seconds.to_string())]);
        assert_eq!(moved["object"], "purser.clock");
    }

    /// One thing that somebody does.
    fn deed(&self, random: &mut Random) {
        match random.below(22) {
            0..=4 => self.fund(random),
            5..=7 => self.pay(random, &WAITS),
            8 => self.pay(random, &[]),
            9..=10 => self.change_intent(random, "/cancel", &[]),
            11 => self.change_intent(random, "/apply_customer_balance", &[]),
            12 => {
                let amount = (50 + random.below(900)).to_string();
                self.change_intent(random, "", &[("amount", &amount)]);
            }
            13 => self.change_intent(random, "/confirm", &[]),
            14 => self.refund(random),
            15..=16 => self.refund_to_cash_balance(random),
            17 => self.send_back(random),
            18..=20 => self.change_refund(random),
            _ => self.pay_out(random),
        }
    }

    fn fund(&self, random: &mut Random) {
        let amount = (20 + random.below(1500)).to_string();
        let reference = match random.below(4) {
            0 => "reversal_1".to_owned(),
            1 => picked(&self.references, random).unwrap_or_default(),
            _ => String::new(),
        };
        let mut params = vec![("amount", amount.as_str()), ("currency", currency(random))];
        if !reference.is_empty() {
            params.push(("reference", &reference));
        }
        let path = format!("/v1/test_helpers/customers/{}", random.pick(&self.customers));
        let (status, answer) = tried(self.api, &format!("{path}/fund_cash_balance"), &params);
        assert_eq!(status, 200, "{answer}");
    }

    /// Intents in dollars may wait for a transfer; those in euros take what is there.
    fn pay(&self, random: &mut Random, options: &[(&str, &str)]) {
        // Large ones stay part-paid for a while.
        let range = if random.one_in(2) { 9000 } else { 1200 };
        let amount = (50 + random.below(range)).to_string();
        let currency = if options.is_empty() { currency(random) } else { "usd" };
        let mut params = vec![("amount", amount.as_str()), ("currency", currency)];
        params.extend([("customer", random.pick(&self.customers).as_str()), ("confirm", "true")]);
        params.extend(METHOD.iter().chain(options));
        let (_, answer) = tried(self.api, "/v1/payment_intents", &params);
        // A payment that failed comes with its intent, too.
        let failed = &answer["error"]["payment_intent"];
        let intent = if failed.is_null() { &answer } else { failed };
        self.intents.lock().unwrap().push(text(&intent["id"]));
        let waits = &intent["next_action"]["display_bank_transfer_instructions"];
        if let Some(reference) = waits["reference"].as_str() {
            self.references.lock().unwrap().push(reference.to_owned());
        }
    }

    fn change_intent(&self, random: &mut Random, verb: &str, params: &[(&str, &str)]) {
        if let Some(intent) = picked(&self.intents, random) {
            tried(self.api, &format!("/v1/payment_intents/{intent}{verb}"), params);
        }
    }

    fn refund(&self, random: &mut Random) {
        let Some(intent) = picked(&self.intents, random) else { return };
        let amount = (1 + random.below(300)).to_string();
        let mut params = vec![("payment_intent", intent.as_str())];
        if !random.one_in(3) {
            params.push(("amount", &amount));
        }
        self.note_refund(tried(self.api, "/v1/refunds", &params));
    }

    fn refund_to_cash_balance(&self, random: &mut Random) {
        let Some(intent) = picked(&self.intents, random) else { return };
        let amount = (1 + random.below(300)).to_string();
        let path = format!("/purser/v1/payment_intents/{intent}/refund_to_cash_balance");
        tried(self.api, &path, &[("amount", &amount)]);
    }

    /// Cash that goes back to the customer's bank.
    fn send_back(&self, random: &mut Random) {
        let amount = (1 + random.below(200)).to_string();
        let params = [
            ("origin", "customer_balance"),
            ("customer", random.pick(&self.customers).as_str()),
            ("amount", &amount),
            ("currency", currency(random)),
        ];
        self.note_refund(tried(self.api, "/v1/refunds", &params));
    }

    fn note_refund(&self, (status, answer): (u16, Value)) {
        if status == 200 {
            self.refunds.lock().unwrap().push(text(&answer["id"]));
        }
    }

    fn change_refund(&self, random: &mut Random) {
        let Some(refund) = picked(&self.refunds, random) else { return };
        let dollars = [
            ("bank_account[account_number]", *random.pick(&[KEEPS, RETURNS_REFUNDS])),
            ("bank_account[routing_number]", ROUTING),
        ];
        let euros = [("bank_account[iban]", IBAN)];
        let (path, params): (String, &[(&str, &str)]) = match random.below(5) {
            0 => (format!("/v1/refunds/{refund}/cancel"), &[]),
            1 => (format!("/v1/test_helpers/refunds/{refund}/expire"), &[]),
            2 => (format!("/purser/v1/refunds/{refund}/bank_details"), &euros),
            _ => (format!("/purser/v1/refunds/{refund}/bank_details"), &dollars),
        };
        tried(self.api, &path, params);
    }

    fn pay_out(&self, random: &mut Random) {
        if let Some(payout) = picked(&self.payouts, random).filter(|_| random.one_in(3)) {
            let verb = if random.one_in(2) { "cancel" } else { "reverse" };
            tried(self.api, &format!("/v1/payouts/{payout}/{verb}"), &[]);
            return;
        }
        let amount = (1 + random.below(400)).to_string();
        let destination = random.pick(&self.accounts);
        let params =
            [("amount", amount.as_str()), ("currency", "usd"), ("destination", destination)];
        let (status, answer) = tried(self.api, "/v1/payouts", &params);
        if status == 200 {
            self.payouts.lock().unwrap().push(text(&answer["id"]));
        } else {
            assert_eq!(answer["error"]["code"], "balance_insufficient", "{answer}");
        }
    }
}

fn currency(random: &mut Random) -> &'static str {
    if random.one_in(4) { "eur" } else { "usd" }
}

/// One of the newest few, mostly; none where there is none.
fn picked(from: &Mutex<Vec<String>>, random: &mut Random) -> Option<String> {
    let from = from.lock().unwrap();
    let newest = if random.one_in(3) { from.len() } else { from.len().min(12) };
    match newest {
        0 => None,
        _ => Some(from[from.len() - 1 - random.below(newest)].clone()),
    }
}
