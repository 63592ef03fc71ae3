//! What payment intents do.

use super::{Intent, Line, Model, Outcome, Refused, Task, of_bank, rail};
use crate::ops::{Change, Cur, Op};

const LEAST: i64 = 50;

impl Model {
    pub(super) fn about_intents(&mut self, op: &Op) -> Option<Outcome> {
        Some(match *op {
            Op::Intent { who, amount, cur, awaits, method, confirm } => {
                let who = self.customer(who)?;
                let rail = rail(awaits, cur);
                let draft = Intent { rail, method, ..Intent::new(who, cur, amount) };
                self.create_intent(draft, confirm)
            }
            Op::Change { intent, ref change } => self.change(self.intent(intent)?, change),
            Op::Confirm { intent, awaits, method, strange } => {
                let change = Change { awaits, method, ..Change::default() };
                self.confirm(self.intent(intent)?, &change, strange)
            }
            Op::Cancel { intent } => self.cancel(self.intent(intent)?),
            Op::Apply { intent, amount, cur } => {
                let at = self.intent(intent)?;
                if cur.is_some_and(|cur| cur != self.intents[at].cur) {
                    self.may_apply(at).and(Err("other currency"))
                } else {
                    self.apply(at, amount)
                }
            }
            _ => unreachable!("not about intents"),
        })
    }

    fn create_intent(&mut self, draft: Intent, confirm: bool) -> Outcome {
        self.living(draft.who)?;
        check(&draft)?;
        if confirm && !draft.method {
            return Err("no payment method");
        }
        self.intents.push(draft);
        let at = self.intents.len() - 1;
        if self.intents[at].method {
            self.intents[at].status = "requires_confirmation";
        }
        self.event("payment_intent.created");
        if confirm { self.pay_or_await(at) } else { Ok("done") }
    }

    /// The balance pays, or a transfer is awaited, or the payment fails.
    fn pay_or_await(&mut self, at: usize) -> Outcome {
        self.intents[at].since = self.tick();
        let Intent { who, cur, amount, applied, rail, .. } = self.intents[at];
        let have = self.available(who, cur);
        if rail.is_none() && have < amount - applied {
            return self.fail(at);
        }
        if (rail.is_none() || self.is_automatic(who)) && have > 0 {
            self.pay(at, have.min(amount - applied))?;
        }
        if self.intents[at].status != "succeeded" {
            self.intents[at].status = "requires_action";
            self.event("payment_intent.requires_action");
        }
        Ok("done")
    }

    /// A payment that failed awaits nothing, so it holds nothing.
    fn fail(&mut self, at: usize) -> Outcome {
        self.intents[at].status = "requires_payment_method";
        self.intents[at].method = false;
        self.event("payment_intent.payment_failed");
        self.give_back(at)?;
        Ok("payment failed")
    }

    /// What an intent holds goes back to the cash balance, and perhaps to other intents.
    pub(super) fn give_back(&mut self, at: usize) -> Result<(), Refused> {
        let Intent { who, cur, applied, .. } = self.intents[at];
        if applied > 0 {
            self.intents[at].applied = 0;
            self.cash(who, cur, "unapplied_from_payment", applied)?;
            self.match_money(who, cur, applied, &[])?;
            self.came_back(who, cur, applied, true)?;
            self.tell_what_is_left(who, cur);
        }
        Ok(())
    }

    /// Cash goes to an intent, which succeeds when it has all.
    pub(super) fn pay(&mut self, at: usize, amount: i64) -> Result<(), Refused> {
        let Intent { who, cur, .. } = self.intents[at];
        self.cash(who, cur, "applied_to_payment", -amount)?;
        let intent = &mut self.intents[at];
        intent.applied += amount;
        if intent.applied < intent.amount {
            return Ok(());
        }
        intent.status = "succeeded";
        intent.method = true;
        intent.charged_s = Some(self.now_s);
        self.event("charge.succeeded");
        self.event("payment_intent.succeeded");
        let Intent { cur, amount, .. } = self.intents[at];
        let money = (amount, self.fee(amount));
        self.earn("payment", cur, money, false, self.set.settle_days == 0)?;
        if let Some(invoice) = self.intents[at].invoice {
            self.invoices[invoice].status = "paid";
            self.invoices[invoice].paid = self.intents[at].amount;
            self.event("invoice.paid");
            self.event("invoice.payment_succeeded");
        }
        Ok(())
    }

    /// What a payment of so much costs.
    pub(super) fn fee(&self, amount: i64) -> i64 {
        // Hundredths of a percent, and a half counts as a whole.
        let mut fee = amount * self.set.fee_bps / 10_000;
        if amount * self.set.fee_bps % 10_000 >= 5_000 {
            fee += 1;
        }
        (fee + self.set.fee_fixed).min(amount)
    }

    /// The merchant gets what was paid, less the fee, at once or some days later.
    pub(super) fn earn(
        &mut self,
        kind: &'static str,
        cur: Cur,
        (amount, fee): (i64, i64),
        is_of_bank: bool,
        at_once: bool,
    ) -> Result<(), Refused> {
        let days = if at_once { 0 } else { self.set.settle_days };
        let available_s = self.now_s + days * 86_400;
        let of = of_bank(is_of_bank);
        self.lines.push(Line { kind, cur, amount, fee, available_s, of });
        self.pot("fees", cur, fee)?;
        if at_once {
            let to = if is_of_bank { "bank available" } else { "available" };
            self.pot(to, cur, amount - fee)?;
            if amount > fee {
                self.event("balance.available");
            }
        } else {
            let to = if is_of_bank { "bank pending" } else { "pending" };
            self.pot(to, cur, amount - fee)?;
            let age = self.tick();
            self.tasks.push((available_s, age, Task::Settle { line: self.lines.len() - 1 }));
        }
        Ok(())
    }

    pub(super) fn must_be_open(&self, at: usize) -> Result<(), Refused> {
        match self.intents[at].status {
            "succeeded" | "canceled" | "requires_capture" => Err("intent state"),
            _ => Ok(()),
        }
    }

    /// The money and the end of an invoice's intent are the invoice's business.
    pub(super) fn must_be_free(&self, at: usize) -> Result<(), Refused> {
        if self.intents[at].invoice.is_some() { Err("intent of invoice") } else { Ok(()) }
    }

    /// Makes the changes; says whether they are such that what was confirmed is not so any more.
    fn edit(&mut self, at: usize, change: &Change) -> Result<bool, Refused> {
        let before = self.intents[at].clone();
        let amount = change.amount.unwrap_or(before.amount);
        let cur = change.cur.unwrap_or(before.cur);
        let rail = change.awaits.map_or(before.rail, |awaits| rail(awaits, cur));
        let moves_money = amount != before.amount || cur != before.cur;
        let changes = moves_money || rail != before.rail || change.method;
        if changes {
            self.must_be_open(at)?;
        }
        if changes {
            self.must_be_free(at)?;
        }
        if change.method && !before.takes_cash {
            return Err("method not taken");
        }
        let intent = &mut self.intents[at];
        (intent.amount, intent.cur, intent.rail) = (amount, cur, rail);
        if change.method {
            (intent.method, intent.card, intent.holder) = (true, None, false);
            if intent.status == "requires_payment_method" {
                intent.status = "requires_confirmation";
            }
        }
        if moves_money || rail != before.rail {
            check(intent)?;
        }
        Ok(changes)
    }

    fn change(&mut self, at: usize, change: &Change) -> Outcome {
        let before = self.intents[at].clone();
        let changes = self.edit(at, change)?;
        if changes && before.status == "requires_action" {
            self.living(before.who)?;
            self.intents[at].status = "requires_confirmation";
            self.intents[at].holder = false;
            // What it holds is in the currency that it had.
            let cur = std::mem::replace(&mut self.intents[at].cur, before.cur);
            self.give_back(at)?;
            self.intents[at].cur = cur;
        }
        Ok("done")
    }

    fn confirm(&mut self, at: usize, change: &Change, strange_method: bool) -> Outcome {
        self.must_be_open(at)?;
        self.living(self.intents[at].who)?;
        self.must_be_free(at)?;
        if strange_method {
            return Err("missing");
        }
        self.edit(at, change)?;
        if self.intents[at].card.is_some() {
            return self.pay_by_card(at, false, false);
        }
        if !self.intents[at].method {
            return Err("no payment method");
        }
        self.pay_or_await(at)
    }

    fn cancel(&mut self, at: usize) -> Outcome {
        if self.intents[at].status != "requires_capture" {
            self.must_be_open(at)?;
        }
        self.must_be_free(at)?;
        if let ("requires_capture", Some(charge)) =
            (self.intents[at].status, self.intents[at].charge)
        {
            self.release(charge, "charge.refunded");
        }
        self.intents[at].holder = false;
        self.intents[at].status = "canceled";
        self.event("payment_intent.canceled");
        self.give_back(at)?;
        Ok("done")
    }

    fn may_apply(&self, at: usize) -> Result<(), Refused> {
        self.must_be_open(at)?;
        self.living(self.intents[at].who)?;
        if self.intents[at].takes_cash { Ok(()) } else { Err("method not taken") }
    }

    fn apply(&mut self, at: usize, amount: Option<i64>) -> Outcome {
        self.may_apply(at)?;
        let Intent { who, cur, status, rail, invoice, holder, .. } = self.intents[at];
        let remaining = self.intents[at].amount - self.intents[at].applied;
        let have = self.available(who, cur);
        let amount = match amount {
            _ if invoice.is_some() => remaining,
            Some(amount) if amount > remaining => return Err("apply too much"),
            Some(amount) => amount,
            None => remaining.min(have),
        };
        if amount > have || amount == 0 {
            return Err("cash too low");
        }
        if !self.intents[at].method {
            let intent = &mut self.intents[at];
            (intent.method, intent.card, intent.holder) = (true, None, false);
        }
        // One that was not confirmed is confirmed by it.
        let confirms = (status != "requires_action" || holder) && invoice.is_none();
        if confirms {
            self.intents[at].since = self.tick();
        }
        self.pay(at, amount)?;
        if amount < remaining {
            if confirms {
                self.intents[at].status = "requires_action";
                self.intents[at].rail = rail.or(Some((cur, false)));
                self.event("payment_intent.requires_action");
            }
            self.event("payment_intent.partially_funded");
        }
        Ok("done")
    }
}

pub(super) fn check(intent: &Intent) -> Result<(), Refused> {
    if intent.amount < LEAST {
        return Err("below minimum");
    }
    match intent.rail {
        Some((cur, _)) if cur != intent.cur => Err("transfer currency"),
        _ => Ok(()),
    }
}
