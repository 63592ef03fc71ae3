//! Two servers on one database: what is about the same thing waits for its turn, what is not goes
//! on side by side, and nothing happens twice.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use books::command::LaterCommand;
use books::journal::Account;
use books::timer::{DAY_S, Timer};
use books::{Currency, Kind, Number, Timestamp};

use crate::support::asks::{
    bank_account, confirm, details, email, instructions, intent, later, pay, payout, refund,
};
use crate::support::{Ask, Bench, create, delete, fund, told};

/// How long somebody who has to wait is watched waiting.
const A_WHILE: Duration = Duration::from_millis(150);
const DAY: Duration = Duration::from_secs(DAY_S as u64);

#[track_caller]
fn assert_waits(waiting: &Receiver<String>) {
    assert!(waiting.recv_timeout(A_WHILE).is_err(), "it did not wait");
}

/// Has the first server decide something and stop right before it writes; the other one asks for
/// something that has to wait for that. Tells what became of the second.
#[track_caller]
fn one_after_the_other(benches: [&Bench; 2], asks: [Ask; 2], first: &str) -> String {
    let [ask, next] = asks;
    let (held, waiting) = benches[0].hold_in(ask);
    let second = benches[1].submit(next);
    assert_waits(&second);
    drop(held);
    assert_eq!(told(&waiting), first);
    told(&second)
}

/// The same with a second that has nothing to wait for and is there first: what the first one
/// decided meanwhile it has to decide again. Tells what became of it.
#[track_caller]
fn overtaken(benches: [&Bench; 2], asks: [Ask; 2], second: &str) -> String {
    let [ask, next] = asks;
    let (held, waiting) = benches[0].hold_in(ask);
    assert_eq!(benches[1].tell(next), second);
    drop(held);
    told(&waiting)
}

#[test]
fn the_second_waits_and_sees_what_the_first_did() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    let asks = [fund(ada, 100, "usd"), fund(ada, 50, "usd")];
    let second = one_after_the_other([&one, &two], asks, "funded usd 100 -> 100");
    assert_eq!(second, "funded usd 50 -> 150");
    // Two payments, and money for one of them.
    let draft = || intent(ada, 100, "usd", None, false);
    let drafts = [(); 2].map(|()| one.make(draft(), "requires_confirm...", Kind::PaymentIntent));
    let asks = [confirm(drafts[0]), confirm(drafts[1])];
    let second = one_after_the_other([&two, &one], asks, "succeeded 100/100");
    assert_eq!(second, "too little: requires_payment_method 0/100");
    let asks = [fund(ada, 100, "eur"), delete(ada)];
    let second = one_after_the_other([&one, &two], asks, "funded eur 100 -> 100");
    assert_eq!(second, "CustomerHoldsCash");
    one.assert_healthy();
}

#[test]
fn a_customer_that_another_server_deleted_is_gone() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    let second = one_after_the_other([&one, &two], [delete(ada), fund(ada, 1, "usd")], "deleted");
    assert!(second.starts_with("CustomerMissing"), "{second}");
    one.assert_healthy();
}

#[test]
fn different_customers_do_not_wait_for_each_other() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    let (held, waiting) = one.hold_in(fund(ada, 100, "usd"));
    two.check([
        (fund(bob, 5, "usd").key("K", "5"), "funded usd 5 -> 5"),
        (create(), "customer"),
        (pay(bob, 90, "usd"), "requires_action 5/90"),
    ]);
    drop(held);
    assert_eq!(told(&waiting), "funded usd 100 -> 100");
    one.assert_healthy();
}

/// What decides by sums of the whole account takes turns: money is paid out once.
#[test]
fn an_account_pays_out_what_it_has_once() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    one.check([
        (bank_account("usd", None), "bank_account"),
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (pay(ada, 100, "usd"), "succeeded 100/100"),
    ]);
    one.clock.forward(3 * DAY);
    one.run_timers();
    let asks = [payout(70, "usd"), payout(70, "usd")];
    let second = one_after_the_other([&one, &two], asks, "payout pending 70");
    assert!(second.contains("TooLow") || second.contains("Insufficient"), "{second}");
    one.assert_healthy();
}

#[test]
fn a_key_takes_effect_once_whichever_server_gets_it() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    let paid = || fund(ada, 5, "usd").key("K", "5 usd");
    let second = one_after_the_other([&one, &two], [paid(), paid()], "funded usd 5 -> 5");
    assert_eq!(second, "replay of req_K: a row");
    // A command about nobody locks nothing: the key itself is what the second one runs into.
    let made = || create().key("C", "new");
    let first = overtaken([&one, &two], [made(), made()], "customer");
    assert_eq!(first, "replay of req_C: 200 customer");
    let other = create().key("C", "other");
    assert_eq!(two.tell(other), "key reused");
    let asks = [create().key("D", "new"), fund(ada, 5, "usd").key("D", "5 usd")];
    let first = overtaken([&one, &two], asks, "funded usd 5 -> 10");
    assert_eq!(first, "key reused");
    assert_eq!(one.available(ada), "usd 10");
    assert_eq!(one.one::<i64>("SELECT count(*) FROM customer"), 2);
    one.assert_healthy();
}

/// A key that is a day old is used again; by one server only.
#[test]
fn a_key_that_expired_is_used_again_once() {
    let one = Bench::new();
    let two = one.beside();
    assert_eq!(one.tell(create().key("K", "first")), "customer");
    one.clock.forward(DAY + Duration::from_secs(1));
    let again = || create().key("K", "second");
    let first = overtaken([&one, &two], [again(), again()], "customer");
    assert_eq!(first, "replay of req_K: 200 customer");
    assert_eq!(one.one::<i64>("SELECT count(*) FROM customer"), 2);
    one.assert_healthy();
}

#[test]
fn a_neighbour_of_a_key_that_was_used_meanwhile_is_unharmed() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    let batch = one.hold();
    let before = one.submit(fund(ada, 1, "usd"));
    let (arrived, decided) = channel();
    let (release, released) = channel::<()>();
    let mut ask = create().key("K", "new");
    ask.hold = Some((arrived, Arc::new(Mutex::new(released))));
    let meanwhile = one.submit(ask);
    let after = one.submit(fund(bob, 2, "usd").key("B", "2"));
    drop(batch);
    decided.recv().expect("it is decided");
    assert_eq!(two.tell(create().key("K", "new")), "customer");
    drop(release);
    let got = [before, meanwhile, after].map(|waiting| told(&waiting));
    assert_eq!(got, ["funded usd 1 -> 1", "replay of req_K: 200 customer", "funded usd 2 -> 2"]);
    assert_eq!(two.tell(fund(bob, 2, "usd").key("B", "2")), "replay of req_B: a row");
    one.assert_healthy();
}

#[test]
fn an_account_number_is_given_out_once_by_two_servers() {
    let one = Bench::new();
    let two = one.beside();
    let (ada, bob) = (one.customer(), one.customer());
    for bench in [&one, &two] {
        bench.bank.offer(&["one", "two"]);
    }
    let of = |customer| instructions(customer, "mx_bank_transfer");
    // Neither knows of the other, until the first one runs into the number itself.
    assert_eq!(overtaken([&one, &two], [of(ada), of(bob)], "one"), "two");
    one.assert_healthy();
}

fn due(bench: &Bench) -> Timer {
    let due = bench.readers.snapshot(|r| r.due_timers(Timestamp(i64::MAX), 9)).expect("timers");
    assert_eq!(due.len(), 1, "{due:?}");
    due[0].1
}

/// Of two servers that do the same settlement one finds that its timer is gone.
#[test]
fn a_settlement_happens_once() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    one.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    one.expect(pay(ada, 900, "usd"), "succeeded 900/900");
    one.clock.forward(3 * DAY);
    let settle = |bench: &Bench| later(LaterCommand::Settle(vec![due(bench)]));
    let asks = [settle(&one), settle(&two)];
    let second = one_after_the_other([&one, &two], asks, "done");
    assert!(second == "done" || second.starts_with("failed: Conflict"), "{second}");
    let settled = "SELECT count(*) FROM entry WHERE kind = 'settled'";
    assert_eq!(one.one::<i64>(settled), 1);
    let house = one.readers.snapshot(|r| r.house_balances(one.world)).unwrap();
    assert!(house.contains(&(Account::MerchantAvailable, Currency::USD, -900)), "{house:?}");
    assert_eq!(two.run_timers(), 0);
    one.assert_healthy();
}

/// What a timer is about shows that it was done: the second server finds nothing to do.
#[test]
fn a_timer_that_another_server_did_is_done() {
    let one = Bench::new();
    let two = one.beside();
    let ada = one.customer();
    one.expect(email(ada), "customer");
    one.expect(fund(ada, 900, "usd"), "funded usd 900 -> 900");
    let paid = one.make(pay(ada, 900, "usd"), "succeeded 900/900", Kind::PaymentIntent);
    one.clock.forward(3 * DAY);
    assert_eq!(one.run_timers(), 1);
    let asked = one.make(refund(paid, 100), "refund requires_action 100", Kind::Refund);
    one.expect(details(asked, false), "refund pending 100");
    one.clock.forward(2 * DAY);
    let arrive = || later(LaterCommand::Due(due(&one)));
    let asks = [arrive(), arrive()];
    let second = one_after_the_other([&one, &two], asks, "done");
    assert_eq!(second, "done");
    assert_eq!(one.one::<i64>("SELECT count(*) FROM entry WHERE kind = 'refund_paid'"), 1);
    one.assert_healthy();
}

/// Servers that want the same customers in another order do not stand in each other's way for
/// ever, and every command takes effect once.
#[test]
fn many_write_about_the_same_customers() {
    const ROUNDS: usize = 25;
    let one = Bench::new();
    let others = [one.beside(), one.beside()];
    let customers: Vec<Number> = (0..4).map(|_| one.customer()).collect();
    thread::scope(|scope| {
        for (at, bench) in [&one, &others[0], &others[1]].into_iter().enumerate() {
            let customers = &customers;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let mut order = customers.clone();
                    order.rotate_left((round + at) % 4);
                    if at == 1 {
                        order.reverse();
                    }
                    let waiting: Vec<_> =
                        order.iter().map(|it| bench.submit(fund(*it, 1, "usd"))).collect();
                    for got in waiting.iter().map(told) {
                        assert!(got.starts_with("funded usd 1 -> "), "{got}");
                    }
                }
            });
        }
    });
    for customer in customers {
        assert_eq!(one.available(customer), format!("usd {}", 3 * ROUNDS));
    }
    let house = one.readers.snapshot(|r| r.house_balances(one.world));
    let sum = 12 * ROUNDS as i64;
    assert_eq!(house, Ok(vec![(Account::Bank, Currency::USD, sum)]));
    assert_eq!(one.one::<i64>("SELECT count(*) FROM house_balance"), 3, "a row for each lane");
    one.assert_healthy();
}

#[test]
fn worlds_are_made_once_by_two_servers() {
    let one = Bench::new();
    let two = one.beside();
    let made = thread::scope(|scope| {
        let make = |bench: &Bench| {
            let world = |at: usize| bench.admin.world(&format!("acct_{at}"), true, Timestamp(0));
            (0..20).map(|at| world(at).expect("a world")).collect::<Vec<_>>()
        };
        let threads = [&one, &two].map(|bench| scope.spawn(move || make(bench)));
        threads.map(|thread| thread.join().expect("worlds are made"))
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(one.admin.worlds().unwrap().len(), 21);
}
