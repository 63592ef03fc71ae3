//! Where money stands and stood: the sums of days, and purses that hold cash, by age.

use std::time::Duration;

use books::journal::Account;
use books::timer::DAY_S;
use books::{Currency, Kind, Number};
use store::{IdleTotal, Window};

use crate::support::asks::{cancel, currency, pay, pull_back, refund_to_cash};
use crate::support::{Bench, NEW_YEAR_MS, fund};

const DAY: Duration = Duration::from_secs(DAY_S as u64);
const NEW_YEAR: i64 = NEW_YEAR_MS / 1000 / DAY_S;

/// What an account held, `from` to `to` days after New Year; nothing for an account that is not
/// shown.
fn held(bench: &Bench, account: Account, code: &str, from: i64, to: i64) -> Vec<(i64, i64)> {
    let days = (NEW_YEAR + from, NEW_YEAR + to);
    let readers = bench.fresh_readers();
    let rows = readers.snapshot(|r| r.day_balances(bench.world, currency(code), days));
    let of = |row: &store::DayBalances| Some((row.day - NEW_YEAR, *row.sums.get(&account)?));
    rows.expect("days can be read").iter().filter_map(of).collect()
}

/// Whose purses hold cash, and how much: oldest first.
fn idle(bench: &Bench, code: Option<&str>, window: Window) -> (Vec<(Number, String)>, bool) {
    let currency = code.map(currency);
    let readers = bench.fresh_readers();
    let page = readers.snapshot(|r| r.idle_purses(bench.world, currency, window));
    let page = page.expect("purses can be listed");
    let show = |it: &store::IdlePurse| (it.customer, format!("{} {}", it.currency, it.amount));
    (page.rows.iter().map(show).collect(), page.has_more)
}

fn oldest(limit: usize) -> Window {
    Window { from_oldest: true, ..Window::newest(limit) }
}

fn newest_cash(bench: &Bench, customer: Number) -> books::RowKey {
    let read = |r: &store::Reader| r.cash_transactions(bench.world, customer, Window::newest(1));
    bench.readers.snapshot(read).expect("rows can be listed").rows[0].key
}

#[test]
fn each_day_keeps_its_sum() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    assert_eq!(held(&bench, Account::Bank, "usd", -5, 5), []);
    bench.check([
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (fund(bob, 20, "usd"), "funded usd 20 -> 20"),
        (fund(bob, 7, "jpy"), "funded jpy 7 -> 7"),
    ]);
    bench.expect(fund(ada, 1, "usd"), "funded usd 1 -> 101");
    bench.clock.forward(3 * DAY);
    let bench = bench.restart();
    bench.expect(pay(ada, 60, "usd"), "succeeded 60/60");
    bench.expect(pay(bob, 50, "usd"), "requires_action 20/50");
    bench.clock.forward(DAY);
    bench.expect(fund(bob, 4, "usd"), "funded usd 4 -> 4");

    let check = |account, code, from, to, want: &[(i64, i64)]| {
        assert_eq!(held(&bench, account, code, from, to), want, "{account:?} {code} {from}..{to}");
    };
    let days = [(0, 121), (1, 121), (2, 121), (3, 121), (4, 125), (5, 125)];
    check(Account::Bank, "usd", -9, 5, &days);
    check(Account::Bank, "usd", 2, 4, &days[2..5]);
    check(Account::Bank, "usd", 9, 9, &[(9, 125)]);
    check(Account::Bank, "usd", -9, -1, &[]);
    check(Account::Bank, "eur", -9, 9, &[]);
    check(Account::ALL_CASH, "usd", 2, 4, &[(2, -121), (3, -41), (4, -41)]);
    check(Account::ALL_CASH, "jpy", 4, 4, &[(4, -7)]);
    check(Account::ALL_INTENTS, "usd", 2, 4, &[(2, 0), (3, -20), (4, -24)]);
    check(Account::ALL_INTENTS, "jpy", 2, 4, &[]);

    let ledger = bench.readers.snapshot(|r| r.ledger(bench.world)).expect("the ledger");
    let dollars: Vec<_> = ledger
        .into_iter()
        .filter(|(_, of, _)| *of == Currency::USD)
        .map(|(account, _, sum)| (account, sum))
        .collect();
    let want = [
        (Account::Bank, 125),
        (Account::ALL_CASH, -41),
        (Account::ALL_INTENTS, -24),
        (Account::MerchantPending, -60),
    ];
    assert_eq!(dollars, want);
    bench.assert_healthy();
}

/// A purse is noted when it comes to hold cash, and not written again while it does.
#[test]
fn purses_that_hold_cash_are_known_by_age() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    bench.expect(fund(ada, 500, "usd"), "funded usd 500 -> 500");
    bench.check([
        (fund(bob, 900, "usd"), "funded usd 900 -> 900"),
        (fund(ada, 300, "eur"), "funded eur 300 -> 300"),
    ]);
    bench.expect(fund(ada, 600, "usd"), "funded usd 600 -> 1100");
    let (of_ada, of_bob, euros) = (
        |sum: i64| (ada, format!("usd {sum}")),
        |sum: i64| (bob, format!("usd {sum}")),
        (ada, "eur 300".to_owned()),
    );
    let all = vec![of_ada(1100), of_bob(900), euros.clone()];
    assert_eq!(idle(&bench, None, oldest(9)), (all, false));
    assert_eq!(idle(&bench, Some("usd"), oldest(9)), (vec![of_ada(1100), of_bob(900)], false));
    assert_eq!(idle(&bench, None, oldest(2)), (vec![of_ada(1100), of_bob(900)], true));
    let newest = Window::newest(2);
    assert_eq!(idle(&bench, None, newest), (vec![of_bob(900), euros.clone()], true));
    let since = |customer, code| {
        let read = |r: &store::Reader| r.idle_since(bench.world, customer, currency(code));
        bench.fresh_readers().snapshot(read).expect("it can be read")
    };
    let above = since(ada, "usd").expect("she has some");
    let later = Window { above, ..oldest(1) };
    assert_eq!(idle(&bench, None, later), (vec![of_bob(900)], true));
    let below = since(ada, "eur").expect("she has some");
    let earlier = Window { below, ..Window::newest(9) };
    assert_eq!(idle(&bench, None, earlier), (vec![of_ada(1100), of_bob(900)], false));

    // Spent and filled again in one batch, Ada's dollars are the youngest.
    bench.check([
        (pay(ada, 1100, "usd"), "succeeded 1100/1100"),
        (fund(ada, 200, "usd"), "funded usd 200 -> 200"),
    ]);
    let all = vec![of_bob(900), euros.clone(), of_ada(200)];
    assert_eq!(idle(&bench, None, oldest(9)), (all, false));
    bench.expect(pay(ada, 200, "usd"), "succeeded 200/200");
    assert_eq!(since(ada, "usd"), None);
    // Filled and spent in one batch.
    bench.check([
        (fund(ada, 800, "usd"), "funded usd 800 -> 800"),
        (pay(ada, 800, "usd"), "succeeded 800/800"),
    ]);
    assert_eq!(idle(&bench, None, oldest(9)), (vec![of_bob(900), euros], false));
    let totals = bench.fresh_readers().snapshot(|r| r.idle_totals(bench.world));
    let total = |code, amount, oldest: Option<Number>| IdleTotal {
        currency: currency(code),
        amount,
        customers: 1,
        oldest,
    };
    let want = vec![total("eur", 300, since(ada, "eur")), total("usd", 900, since(bob, "usd"))];
    assert_eq!(totals, Ok(want));
    bench.assert_healthy();
}

/// What a customer owes is no cash that waits, and what comes back is.
#[test]
fn purses_below_zero_hold_no_cash() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 500, "usd"), "funded usd 500 -> 500");
    let funded = newest_cash(&bench, ada);
    let paid = bench.make(pay(ada, 300, "usd"), "succeeded 300/300", Kind::PaymentIntent);
    bench.expect(pull_back(funded), "funding_reversed usd -500 -> -300");
    assert_eq!(idle(&bench, None, oldest(9)), (vec![], false));
    bench.assert_healthy();
    bench.expect(refund_to_cash(paid, 100), "refund...");
    assert_eq!(idle(&bench, None, oldest(9)), (vec![(ada, "usd 100".to_owned())], false));
    bench.expect(pay(ada, 700, "usd"), "requires_action 100/700");
    assert_eq!(idle(&bench, None, oldest(9)), (vec![], false));
    let open = bench.newest(Kind::PaymentIntent);
    bench.expect(cancel(open), "canceled...");
    assert_eq!(idle(&bench, None, oldest(9)), (vec![(ada, "usd 100".to_owned())], false));
    bench.assert_healthy();
}

/// A funding of a purse that holds cash touches no purse, and each batch one row for each day.
#[test]
fn what_is_written_is_little() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.check([
        (fund(ada, 1, "usd"), "funded usd 1 -> 1"),
        (fund(ada, 1, "usd"), "funded usd 1 -> 2"),
    ]);
    bench.clock.forward(DAY);
    bench.expect(fund(ada, 1, "usd"), "funded usd 1 -> 3");
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM idle_purse"), 1);
    let first = "SELECT count(*) FROM idle_purse i WHERE since =
                 (SELECT min(number) FROM cash_transaction)";
    assert_eq!(bench.one::<i64>(first), 1);
    assert_eq!(bench.one::<i64>("SELECT count(*) FROM day_balance"), 4, "two accounts, two days");
}
