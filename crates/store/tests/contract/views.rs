//! What a command sees of the books: everything that commands before it did, in the same batch or
//! in another one, and nothing that was refused.

use books::command::{LaterCommand, PayoutCommand};
use books::journal::Account;
use books::{Command, Currency, Document, Kind, Number, RowKey, Timestamp, View};
use store::Window;

use crate::support::asks::{
    apply, bank_account, cancel, email, instructions, later, pay, pull_back, send_back,
};
use crate::support::{Ask, Bench, create, delete, fund};

const USD: Currency = Currency::USD;

/// Does nothing, and tells what there is to see.
fn look(customer: Number, at: impl Fn(&dyn View) -> String + Send + Sync + 'static) -> Ask {
    Ask::from(Command::UpdateCashBalance { customer, mode: None }).seeing(at)
}

fn newest_transaction(bench: &Bench, customer: Number) -> RowKey {
    let window = Window::newest(1);
    let page = bench.readers.snapshot(|r| r.cash_transactions(bench.world, customer, window));
    page.unwrap().rows[0].key
}

fn payables(customer: Number) -> Ask {
    look(customer, move |view| {
        let mut all = view.payables(customer);
        all.sort_by_key(|payable| payable.since);
        let each = all.iter().map(|it| format!("{} {}", it.currency, it.remaining));
        each.collect::<Vec<_>>().join(", ")
    })
}

#[test]
fn open_places_for_money() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    let old = bench.make(pay(ada, 500, "usd"), "requires_action 0/500", Kind::PaymentIntent);
    bench.check([
        (payables(ada), "usd 500"),
        (pay(ada, 700, "usd"), "requires_action 0/700"),
        (payables(ada), "usd 500, usd 700"),
        (payables(bob), ""),
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (payables(ada), "usd 400, usd 700"),
        (apply(old, 600), "ApplyTooMuch..."),
        (pay(ada, 1, "usd"), "AmountBelowMinimum..."),
        (payables(ada), "usd 400, usd 700"),
        (fund(ada, 450, "usd"), "funded usd 450 -> 450"),
        (payables(ada), "usd 650"),
        (pay(ada, 60, "eur"), "requires_action 0/60"),
        (fund(ada, 650, "usd"), "funded usd 650 -> 650"),
        (payables(ada), "eur 60"),
    ]);
    bench.check([(payables(ada), "eur 60")]);
    assert_eq!(bench.available(ada), "usd 0");
    bench.assert_healthy();
}

/// Money that is freed finds its payment within one batch, and nobody gets it twice.
#[test]
fn money_goes_on_within_a_batch() {
    let bench = Bench::new();
    let ada = bench.customer();
    let first = bench.make(pay(ada, 500, "usd"), "requires_action 0/500", Kind::PaymentIntent);
    bench.check([
        (fund(ada, 300, "usd"), "funded usd 300 -> 300"),
        (pay(ada, 250, "usd"), "requires_action 0/250"),
        (cancel(first), "canceled 0/500"),
        (cancel(first), "IntentState..."),
        (payables(ada), ""),
        (fund(ada, 10, "usd"), "funded usd 10 -> 60"),
    ]);
    assert_eq!(bench.available(ada), "usd 60");
    bench.assert_healthy();
}

#[test]
fn what_came_in_after_a_transaction() {
    let bench = Bench::new();
    let (ada, bob) = (bench.customer(), bench.customer());
    bench.expect(fund(ada, 1, "usd"), "funded usd 1 -> 1");
    let first = newest_transaction(&bench, ada).number;
    bench.expect(fund(ada, 2, "usd"), "funded usd 2 -> 3");
    let credited = |enough: i64| {
        look(ada, move |view| view.credited_after(ada, USD, first, enough).to_string())
    };
    let all = i64::MAX;
    bench.check([
        (credited(all), "2"),
        (fund(ada, 4, "usd"), "funded usd 4 -> 7"),
        (fund(ada, 100, "eur"), "funded eur 100 -> 100"),
        (fund(bob, 100, "usd"), "funded usd 100 -> 100"),
        (credited(all), "6"),
        (fund(ada, 8, "usd"), "funded usd 8 -> 15"),
        (credited(all), "14"),
    ]);
    bench.check([(credited(all), "14")]);
    let enough = bench.tell(credited(3)).parse::<i64>().unwrap();
    assert!((3..=14).contains(&enough), "{enough}");
}

#[test]
fn sums_of_the_house() {
    let bench = Bench::new();
    let other = bench.admin.world("acct_2", false, Timestamp(0)).unwrap();
    let ada = bench.customer();
    bench.expect(create().world(other), "customer");
    let sums = || {
        look(ada, |view| {
            let sums = view.house();
            let each = sums.iter().map(|(account, currency, sum)| match account {
                Account::Bank => format!("bank {currency} {sum}"),
                other => format!("{other:?} {currency} {sum}"),
            });
            each.collect::<Vec<_>>().join(", ")
        })
    };
    bench.check([
        (sums(), ""),
        (fund(ada, 500, "usd"), "funded usd 500 -> 500"),
        (sums(), "bank usd 500"),
        (fund(ada, 5, "eur"), "funded eur 5 -> 5"),
        (pay(ada, 400, "usd"), "succeeded 400/400"),
        (delete(ada), "CustomerHoldsCash"),
        (sums(), "bank eur 5, bank usd 500, MerchantPending usd -400"),
    ]);
    bench.check([
        (fund(ada, 1, "eur"), "funded eur 1 -> 6"),
        (sums(), "bank eur 6, bank usd 500, MerchantPending usd -400"),
    ]);
    let of_other = format!("SELECT number FROM customer WHERE world = {}", other.0);
    let bob = Number(bench.one(&of_other));
    let elsewhere = look(bob, |view| format!("{:?}", view.house())).world(other);
    bench.check([(fund(ada, 1, "eur"), "funded eur 1 -> 7"), (elsewhere, "[]")]);
}

#[test]
fn bank_accounts_of_the_merchant() {
    let bench = Bench::new();
    let ada = bench.customer();
    let accounts = || {
        look(ada, |view| {
            let each = view.bank_accounts().into_iter().map(|document| match document {
                Document::BankAccount(account) => {
                    let default = if account.default_for_currency { "*" } else { "" };
                    format!("{}{default}", account.currency)
                }
                other => format!("{other:?}"),
            });
            each.collect::<Vec<_>>().join(" ")
        })
    };
    let first = bench.make(bank_account("usd", None), "bank_account", Kind::BankAccount);
    let remove = |account: RowKey| {
        let account = account.number;
        Ask::from(Command::Payout(PayoutCommand::DeleteBankAccount { account }))
    };
    bench.check([
        (accounts(), "usd*"),
        (bank_account("usd", None), "bank_account"),
        (accounts(), "usd usd*"),
        (bank_account("eur", None), "bank_account"),
        (remove(first), "bank_account"),
        (accounts(), "usd* eur*"),
        (remove(first), "Missing..."),
    ]);
    bench.check([(accounts(), "usd* eur*")]);
}

#[test]
fn a_transfer_is_pulled_back_once() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(fund(ada, 100, "usd"), "funded usd 100 -> 100");
    let key = newest_transaction(&bench, ada);
    let reversed = || look(ada, move |view| view.is_reversed(key).to_string());
    bench.check([
        (reversed(), "false"),
        (pull_back(key), "funding_reversed usd -100 -> 0"),
        (reversed(), "true"),
        (pull_back(key), "NotReversible"),
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
    ]);
    bench.check([(pull_back(key), "NotReversible"), (reversed(), "true")]);
    let second = newest_transaction(&bench, ada);
    bench.check([
        (pull_back(second), "funding_reversed usd -100 -> 0"),
        (pull_back(second), "NotReversible"),
    ]);
    bench.assert_healthy();
}

/// Rows that earlier commands of the batch wrote are there under their keys.
#[test]
fn rows_of_the_same_batch() {
    let bench = Bench::new();
    let ada = bench.customer();
    let intent = bench.make(pay(ada, 100, "usd"), "requires_action 0/100", Kind::PaymentIntent);
    let status = || {
        look(ada, move |view| {
            let Some(Document::PaymentIntent(intent)) = view.document(Kind::PaymentIntent, intent)
            else {
                return "gone".into();
            };
            let Some(charge) = &intent.charge else { return intent.status.as_str().into() };
            let own = |number| RowKey { number, ..intent.key };
            let line = view.balance_transaction(charge.balance_transaction);
            let row = view.document(Kind::Charge, own(charge.number));
            let as_refund = view.document(Kind::Refund, own(charge.number));
            format!("{:?} {} {}", line.map(|l| l.net()), row.is_some(), as_refund.is_some())
        })
    };
    bench.check([
        (status(), "requires_action"),
        (fund(ada, 100, "usd"), "funded usd 100 -> 100"),
        (status(), "Some(100) true false"),
    ]);
    bench.check([(status(), "Some(100) true false")]);
    let of = |rail: &'static str| instructions(ada, rail);
    let seen = look(ada, move |view| {
        let made = view.instructions(ada, Currency::GBP, "GB");
        let taken = made.as_ref().is_some_and(|made| view.is_taken(&made.account_key));
        format!("{} {taken} {}", made.is_some(), view.is_taken("nobody's"))
    });
    bench.check([(seen.clone(), "false false false")]);
    bench.check([(of("gb_bank_transfer"), "gb_bank_transfer..."), (seen, "true true false")]);
}

/// A timer that is done twice in one batch, as when two workers met, takes effect once.
#[test]
fn money_comes_back_once() {
    let bench = Bench::new();
    let ada = bench.customer();
    bench.expect(email(ada), "customer");
    bench.expect(fund(ada, 100, "usd"), "funded usd 100 -> 100");
    bench.check([
        (send_back(ada, 60, "usd"), "refund requires_action 60"),
        (send_back(ada, 60, "usd"), "CashTooLow..."),
        (send_back(ada, 40, "usd"), "refund requires_action 40"),
    ]);
    let timers = bench.readers.snapshot(|r| r.due_timers(Timestamp(i64::MAX), 9)).unwrap();
    assert_eq!(timers.len(), 2);
    let due = timers[0].1;
    let expire = || later(LaterCommand::Due(due));
    bench.check([(expire(), "done"), (expire(), "done")]);
    assert_eq!(bench.available(ada), "usd 60");
    bench.assert_healthy();
}
