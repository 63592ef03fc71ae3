//! What refunds and returns do.

use super::{Lot, Model, Outcome, Refund, Refused, Task, of_bank};
use crate::ops::{Cur, Op, choose};

const DETAILS_S: i64 = 45 * 86_400;
const REFUNDABLE_S: i64 = 180 * 86_400;

impl Model {
    pub(super) fn about_refunds(&mut self, op: &Op) -> Option<Outcome> {
        let place = |place| choose(self.refunds.len(), |at| self.must_wait(at).is_ok(), place);
        Some(match *op {
            Op::Refund { intent, amount, email, .. } => {
                let at = self.paid_intent(intent)?;
                match self.paid_by_card(at) {
                    Some(charge) => self.refund_charge(charge, amount, email),
                    None => self.refund(at, amount, email),
                }
            }
            Op::RefundToCash { intent, amount } => {
                let at = self.paid_intent(intent)?;
                match self.paid_by_card(at) {
                    Some(_) => Err("not from cash"),
                    None => self.refund_to_cash(at, amount),
                }
            }
            Op::Return { who, amount, cur, email } => {
                self.return_cash(self.customer(who)?, amount, cur, email)
            }
            Op::CancelRefund { refund } => self.end(place(refund)?, "canceled"),
            Op::ExpireRefund { refund } => self.end(place(refund)?, "failed"),
            Op::GiveDetails { refund, bounces } => self.give_details(place(refund)?, bounces),
            _ => unreachable!("not about refunds"),
        })
    }

    /// The charge of an intent that no cash balance paid.
    fn paid_by_card(&self, at: usize) -> Option<usize> {
        self.intents[at].charge.filter(|_| self.intents[at].charged_s.is_none())
    }

    /// How much of a payment is to be refunded.
    fn refundable(&self, at: usize, amount: Option<i64>) -> Result<i64, Refused> {
        let intent = &self.intents[at];
        let Some(charged_s) = intent.charged_s else {
            return Err("nothing to refund");
        };
        let left = intent.amount - intent.refunded;
        let amount = amount.unwrap_or(left);
        if left == 0 {
            Err("already refunded")
        } else if amount > left {
            Err("refund too large")
        } else if self.now_s - charged_s > REFUNDABLE_S {
            Err("refund too late")
        } else {
            Ok(amount)
        }
    }

    fn must_have_email(&self, who: usize, given: bool) -> Result<(), Refused> {
        if given || self.customers[who].email { Ok(()) } else { Err("no email") }
    }

    pub(super) fn begin(&mut self, refund: Refund) -> usize {
        self.refunds.push(refund);
        self.event("refund.created");
        self.refunds.len() - 1
    }

    pub(super) fn draft(&mut self, who: usize, cur: Cur, amount: i64) -> Refund {
        let (status, intent, old_lot, bounces) = ("requires_action", None, false, false);
        let born = self.tick();
        let (charge, card) = (None, None);
        Refund { born, who, cur, amount, status, intent, charge, card, old_lot, bounces }
    }

    fn refund(&mut self, at: usize, amount: Option<i64>, email: bool) -> Outcome {
        let amount = self.refundable(at, amount)?;
        let (who, cur) = (self.intents[at].who, self.intents[at].cur);
        self.must_have_email(who, email)?;
        let draft = self.draft(who, cur, amount);
        let refund = self.begin(Refund { intent: Some(at), ..draft });
        self.pot("available", cur, -amount)?;
        self.pot("refunds in transit", cur, amount)?;
        self.line("payment_refund", cur, -amount);
        self.intents[at].refunded += amount;
        self.event("charge.refunded");
        self.await_details(refund, self.now_s + DETAILS_S);
        Ok("done")
    }

    fn refund_to_cash(&mut self, at: usize, amount: Option<i64>) -> Outcome {
        let amount = self.refundable(at, amount)?;
        let (who, cur) = (self.intents[at].who, self.intents[at].cur);
        self.living(who)?;
        let draft = self.draft(who, cur, amount);
        self.begin(Refund { intent: Some(at), status: "succeeded", ..draft });
        self.pot("available", cur, -amount)?;
        self.line("payment_refund", cur, -amount);
        self.intents[at].refunded += amount;
        self.event("charge.refunded");
        self.cash(who, cur, "refunded_from_payment", amount)?;
        self.reconcile(who, cur, amount, &[])?;
        Ok("done")
    }

    fn return_cash(&mut self, who: usize, amount: i64, cur: Cur, email: bool) -> Outcome {
        self.living(who)?;
        // What came over SWIFT cannot go back.
        let over_swift = |lot: &&Lot| lot.who == who && lot.cur == cur && lot.swift;
        let stays: i64 = self.lots.iter().filter(over_swift).map(|lot| lot.left).sum();
        if amount > self.available(who, cur) - stays {
            return Err("cash too low");
        }
        self.must_have_email(who, email)?;
        self.send_back(who, cur, amount, false, self.now_s + DETAILS_S)?;
        Ok("done")
    }

    /// Cash sets out for the customer's bank.
    pub(super) fn send_back(
        &mut self,
        who: usize,
        cur: Cur,
        amount: i64,
        old_lot: bool,
        expires_s: i64,
    ) -> Result<(), Refused> {
        self.cash(who, cur, "return_initiated", -amount)?;
        self.pot("refunds in transit", cur, amount)?;
        let draft = self.draft(who, cur, amount);
        let refund = self.begin(Refund { old_lot, ..draft });
        self.await_details(refund, expires_s);
        Ok(())
    }

    pub(super) fn await_details_long(&mut self, refund: usize) {
        self.await_details(refund, self.now_s + DETAILS_S);
    }

    fn await_details(&mut self, refund: usize, expires_s: i64) {
        let born = self.refunds[refund].born;
        self.tasks.push((expires_s, born, Task::RefundExpires { refund }));
    }

    fn await_no_details(&mut self, refund: usize) {
        self.tasks.retain(|(_, _, task)| *task != Task::RefundExpires { refund });
    }

    fn must_wait(&self, at: usize) -> Result<(), Refused> {
        match self.refunds[at].status {
            "requires_action" => Ok(()),
            _ => Err("refund state"),
        }
    }

    /// A refund ends before it set out: the money goes back to where it came from.
    pub(super) fn end(&mut self, at: usize, status: &'static str) -> Outcome {
        self.must_wait(at)?;
        self.await_no_details(at);
        let Refund { who, cur, amount, intent, charge, old_lot, .. } = self.refunds[at];
        self.refunds[at].status = status;
        self.pot("refunds in transit", cur, -amount)?;
        self.tell_progress(at);
        if status == "failed" {
            self.event("refund.failed");
        }
        if charge.is_some() {
            self.note_refunded(at, -amount);
            self.pot("bank available", cur, amount)?;
            self.line_of("payment_failure_refund", cur, amount, of_bank(true));
            self.event("balance.available");
            return Ok("done");
        }
        if let Some(intent) = intent {
            self.pot("available", cur, amount)?;
            self.line("payment_failure_refund", cur, amount);
            self.intents[intent].refunded -= amount;
            self.event("balance.available");
            return Ok("done");
        }
        self.cash(who, cur, "return_canceled", amount)?;
        if old_lot && status == "failed" {
            // Nobody claimed it in time, and there is nobody to return it to.
            self.sweep(who, cur, amount)?;
        } else {
            self.match_money(who, cur, amount, &[])?;
            self.came_back(who, cur, amount, false)?;
            self.tell_what_is_left(who, cur);
        }
        Ok("done")
    }

    fn give_details(&mut self, at: usize, bounces: bool) -> Outcome {
        self.must_wait(at)?;
        self.await_no_details(at);
        self.refunds[at].status = "pending";
        self.refunds[at].bounces = bounces;
        let due_s = self.now_s + self.set.bank_days * 86_400;
        let born = self.refunds[at].born;
        self.tasks.push((due_s, born, Task::RefundArrives { refund: at }));
        self.tell_progress(at);
        Ok("done")
    }

    pub(super) fn refund_arrives(&mut self, at: usize) -> Result<(), Refused> {
        let Refund { cur, amount, bounces, card, .. } = self.refunds[at];
        if card.is_some() {
            return self.card_refund_arrives(at);
        }
        if bounces {
            self.refunds[at].status = "requires_action";
            self.await_details(at, self.now_s + DETAILS_S);
        } else {
            self.refunds[at].status = "succeeded";
            self.pot("refunds in transit", cur, -amount)?;
            self.pot("bank", cur, -amount)?;
        }
        self.tell_progress(at);
        Ok(())
    }

    pub(super) fn tell_progress(&mut self, at: usize) {
        self.event("refund.updated");
        if self.refunds[at].intent.is_some() || self.refunds[at].charge.is_some() {
            self.event("charge.refund.updated");
        }
    }

    /// Cash that nobody claims is the merchant's.
    pub(super) fn sweep(&mut self, who: usize, cur: Cur, amount: i64) -> Result<(), Refused> {
        self.cash(who, cur, "transferred_to_balance", -amount)?;
        self.pot("available", cur, amount)?;
        self.line("payment_unreconciled", cur, amount);
        self.event("balance.available");
        Ok(())
    }
}
