//! A database in which everything has happened that can happen to money, and much is under way.

use std::time::Duration;

use books::payout::PayoutFailure;
use books::timer::Look;
use books::{Kind, Number, RowKey, Rules};

use crate::Names;
use crate::support::asks::{
    apply, bank_account, cancel, cancel_payout, cancel_refund, cancel_topup, confirm, details,
    email, expire_refund, finalize, fund_as, instant_payout, intent, invoice, item, pay,
    pay_invoice, pay_or_fail, payout, pull_back, refund, refund_to_cash, reverse_payout, send_back,
    topup, uncollectible, void,
};
use crate::support::{Bench, fund};

/// The database, and the numbers of its rows.
pub struct Life {
    bench: Bench,
    names: Names,
}

/// Lives all of it. What is under way at the end is named so.
pub fn lived() -> (Bench, Names) {
    let rules =
        Rules { fee_bps: 290, fee_fixed: 30, instant_payout_fee_bps: 100, ..Rules::default() };
    let mut life = Life { bench: Bench::with_rules(rules), names: Vec::new() };
    life.unclaimed();
    let ada = life.payments();
    life.overdraft();
    life.invoices();
    life.pass_days(4);
    life.payouts();
    life.topups();
    life.refunds(ada);
    life.under_way(ada);
    (life.bench, life.names)
}

impl Life {
    fn name(&mut self, name: &'static str, number: Number) {
        self.names.push((name, number.0));
    }

    /// The row that has a name.
    fn numbered(&self, name: &str, customer: Number) -> RowKey {
        let named = self.names.iter().find(|(known, _)| *known == name);
        RowKey { customer, number: Number(named.expect("it is named").1) }
    }

    fn customer(&self) -> Number {
        let customer = self.bench.customer();
        self.bench.expect(email(customer), "customer");
        customer
    }

    /// The number in a column of a document.
    fn field(&self, of: RowKey, path: &str) -> Number {
        let number = of.number.0;
        let field = self.bench.home.json("data", path);
        Number(self.bench.one(&format!("SELECT {field} FROM document WHERE number = {number}")))
    }

    fn pass_days(&self, days: u32) {
        self.bench.clock.forward(days * Duration::from_secs(24 * 60 * 60));
        self.bench.run_timers();
    }

    /// Nobody claims this money: it is sent back, and then becomes the merchant's. Of another
    /// customer's the return is canceled.
    fn unclaimed(&mut self) {
        let (fay, gus) = (self.customer(), self.customer());
        self.bench.expect(fund(fay, 111, "usd"), "funded usd 111 -> 111");
        self.bench.expect(fund(gus, 222, "usd"), "funded usd 222 -> 222");
        self.pass_days(75);
        self.bench.look_at_lots(Look::Return);
        let back = self.bench.newest(Kind::Refund);
        self.bench.expect(cancel_refund(back), "refund canceled 222");
        self.pass_days(15);
        self.bench.look_at_lots(Look::Sweep);
        assert_eq!(self.bench.available(fay), "usd 0");
        let swept = self.bench.documents(Kind::Refund, &Default::default())[1].key();
        self.name(":swept", swept.number);
        let moved = "SELECT min(number) FROM cash_transaction
                     WHERE type = 'transferred_to_balance'";
        self.name(":moved", Number(self.bench.one(moved)));
    }

    /// Payments that succeed, fail, are canceled, wait.
    fn payments(&mut self) -> Number {
        let (ada, bob) = (self.customer(), self.customer());
        let bench = &self.bench;
        bench.expect(fund_as(ada, 5000, "usd", Some("hello")), "funded usd 5000 -> 5000");
        let paid = bench.make(pay(ada, 1000, "usd"), "succeeded 1000/1000", Kind::PaymentIntent);
        let other = bench.make(pay(ada, 2000, "usd"), "succeeded 2000/2000", Kind::PaymentIntent);
        bench.expect(pay_or_fail(ada, 9000, "usd"), "too little: requires_payment_method 0/9000");
        let tried = bench.newest(Kind::PaymentMethod);
        let back =
            bench.make(send_back(ada, 500, "usd"), "refund requires_action 500", Kind::Refund);
        let draft = intent(bob, 600, "eur", None, false);
        let draft = bench.make(draft, "requires_confirmation 0/600", Kind::PaymentIntent);
        bench.expect(fund(bob, 700, "eur"), "funded eur 700 -> 700");
        bench.expect(confirm(draft), "succeeded 600/600");
        let given_up =
            bench.make(pay(bob, 900, "eur"), "requires_action 100/900", Kind::PaymentIntent);
        bench.expect(cancel(given_up), "canceled 0/900");
        let by_hand = intent(bob, 800, "eur", None, false);
        let by_hand = bench.make(by_hand, "requires_confirmation 0/800", Kind::PaymentIntent);
        bench.expect(apply(by_hand, 30), "requires_action 30/800");
        for (name, number) in [
            (":ada", ada),
            (":bob", bob),
            (":paid", paid.number),
            (":alsopaid", other.number),
            (":tried", tried.number),
            (":back", back.number),
            (":givenup", given_up.number),
            (":byhand", by_hand.number),
            (":charge", self.field(paid, "charge.number")),
            (":line", self.field(paid, "charge.balance_transaction")),
            (":method", self.field(paid, "payment_method")),
        ] {
            self.name(name, number);
        }
        ada
    }

    /// A transfer is pulled back after its money was spent.
    fn overdraft(&mut self) {
        let eve = self.customer();
        let bench = &self.bench;
        bench.expect(fund(eve, 1000, "usd"), "funded usd 1000 -> 1000");
        let last = |of: &str| {
            Number(bench.one(&format!(
                "SELECT max(number) FROM cash_transaction WHERE customer = {} AND type = '{of}'",
                eve.0
            )))
        };
        let number = last("funded");
        bench.expect(pay(eve, 1000, "usd"), "succeeded 1000/1000");
        bench.expect(
            pull_back(RowKey { customer: eve, number }),
            "funding_reversed usd -1000 -> -1000",
        );
        assert_eq!(bench.available(eve), "usd 0");
        let (reversed, adjusted) = (last("funding_reversed"), last("adjusted_for_overdraft"));
        self.name(":pulledback", number);
        self.name(":reversal", reversed);
        self.name(":adjusted", adjusted);
    }

    /// Invoices in each of their states.
    fn invoices(&mut self) {
        let dan = self.customer();
        let bench = &self.bench;
        let open = |amount: i64| {
            let key = bench.make(invoice(dan, "usd"), "invoice draft 0/0", Kind::Invoice);
            bench.expect(item(key, amount), "invoiceitem");
            bench.expect(finalize(key), &format!("invoice open 0/{amount}"));
            key
        };
        let [by_transfer, by_hand, other_means, voided, given_up, waiting] =
            [100, 200, 300, 400, 500, 600].map(open);
        bench.expect(fund(dan, 100, "usd"), "funded usd 100 -> 100");
        assert_eq!(bench.available(dan), "usd 0");
        bench.expect(pay_invoice(other_means, true), "invoice paid 300/300");
        bench.expect(void(voided), "invoice void 0/400");
        bench.expect(uncollectible(given_up), "invoice uncollectible 0/500");
        bench.expect(uncollectible(by_hand), "invoice uncollectible 0/200");
        bench.expect(fund(dan, 200, "usd"), "funded usd 200 -> 200");
        bench.expect(pay_invoice(by_hand, false), "invoice paid 200/200");
        let draft = bench.make(invoice(dan, "usd"), "invoice draft 0/0", Kind::Invoice);
        bench.expect(item(draft, 70), "invoiceitem");
        for (name, number) in [
            (":invoice", waiting.number),
            (":billed", self.field(waiting, "payment_intent")),
            (":settledinvoice", by_transfer.number),
            (":item", self.field(waiting, "lines.0.key.number")),
            (":dan", dan),
        ] {
            self.name(name, number);
        }
    }

    /// Payouts that arrive, fail, are canceled, are taken back.
    fn payouts(&mut self) {
        let bench = &self.bench;
        let euros = bench.make(bank_account("eur", None), "bank_account", Kind::BankAccount);
        let closed = Some(PayoutFailure::AccountClosed);
        bench.expect(bank_account("usd", closed), "bank_account");
        let failing = bench.make(payout(50, "usd"), "payout pending 50", Kind::Payout);
        let account = bench.make(bank_account("usd", None), "bank_account", Kind::BankAccount);
        let arriving = bench.make(payout(60, "usd"), "payout pending 60", Kind::Payout);
        let before = bench.make(payout(90, "usd"), "payout pending 90", Kind::Payout);
        let canceled = bench.make(payout(70, "usd"), "payout pending 70", Kind::Payout);
        bench.expect(cancel_payout(canceled), "payout canceled 70");
        self.pass_days(5);
        let taken_back =
            self.bench.make(reverse_payout(arriving), "payout pending -60", Kind::Payout);
        self.pass_days(5);
        for (name, number) in [
            (":euros", euros.number),
            (":account", account.number),
            (":failed", failing.number),
            (":before", before.number),
            (":arrived", arriving.number),
            (":called", canceled.number),
            (":takenback", taken_back.number),
        ] {
            self.name(name, number);
        }
    }

    /// Top-ups that arrive, fail, are canceled.
    fn topups(&mut self) {
        let bench = &self.bench;
        let failure = Some(PayoutFailure::InsufficientFunds);
        let there = bench.make(topup(500, "usd", None), "topup pending 500", Kind::Topup);
        let failed = bench.make(topup(400, "usd", failure), "topup pending 400", Kind::Topup);
        let canceled = bench.make(topup(300, "usd", None), "topup pending 300", Kind::Topup);
        bench.expect(cancel_topup(canceled), "topup canceled 300");
        self.pass_days(1);
        for (name, number) in [(":there", there.number), (":dry", failed.number)] {
            self.name(name, number);
        }
    }

    /// Refunds that arrive, bounce, are canceled, expire, go to the cash balance.
    fn refunds(&mut self, ada: Number) {
        let (bench, paid) = (&self.bench, self.numbered(":paid", ada));
        let of = |amount: i64| {
            let want = format!("refund requires_action {amount}");
            bench.make(refund(paid, amount), &want, Kind::Refund)
        };
        let (canceled, failed, arrived, bounced) = (of(10), of(20), of(30), of(40));
        bench.expect(cancel_refund(canceled), "refund canceled 10");
        bench.expect(expire_refund(failed), "refund failed 20");
        bench.expect(details(arrived, false), "refund pending 30");
        bench.expect(details(bounced, true), "refund pending 40");
        self.pass_days(2);
        let cash = refund_to_cash(paid, 50);
        let cash = self.bench.make(cash, "refund succeeded 50", Kind::Refund);
        for (name, number) in [
            (":undone", canceled.number),
            (":refunded", arrived.number),
            (":bounced", bounced.number),
            (":tocash", cash.number),
        ] {
            self.name(name, number);
        }
    }

    /// What is on its way when the doctor comes.
    fn under_way(&mut self, ada: Number) {
        let paid = self.numbered(":paid", ada);
        let before = self.numbered(":before", Number(0));
        // To a Monday, so that the bank works on the next days.
        self.pass_days(3);
        let on_its_way = self.bench.make(payout(80, "usd"), "payout pending 80", Kind::Payout);
        self.pass_days(1);
        let bench = &self.bench;
        let reverse = bench.make(reverse_payout(before), "payout pending -90", Kind::Payout);
        let leaving = bench.make(payout(25, "usd"), "payout pending 25", Kind::Payout);
        let waiting = bench.make(refund(paid, 60), "refund requires_action 60", Kind::Refund);
        let arriving = bench.make(refund(paid, 70), "refund requires_action 70", Kind::Refund);
        bench.expect(details(arriving, false), "refund pending 70");
        let instant = bench.make(instant_payout(100, "usd"), "payout in_transit 100", Kind::Payout);
        let coming = bench.make(topup(200, "usd", None), "topup pending 200", Kind::Topup);
        let part = bench.make(pay(ada, 4000, "usd"), "requires_action 1...", Kind::PaymentIntent);
        let cem = self.customer();
        let bench = &self.bench;
        bench.expect(fund(cem, 900, "usd"), "funded usd 900 -> 900");
        let fresh = bench.make(pay(cem, 900, "usd"), "succeeded 900/900", Kind::PaymentIntent);
        for (name, number) in [
            (":onitsway", on_its_way.number),
            (":leaving", leaving.number),
            (":reverse", reverse.number),
            (":instant", instant.number),
            (":coming", coming.number),
            (":waiting", waiting.number),
            (":arriving", arriving.number),
            (":part", part.number),
            (":fresh", fresh.number),
            (":newline", self.field(fresh, "charge.balance_transaction")),
        ] {
            self.name(name, number);
        }
    }
}
