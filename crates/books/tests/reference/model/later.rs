//! What time brings.

use super::{Lot, Model, Refused, Task};
use crate::ops::Cur;

const DAY_S: i64 = 86_400;

impl Model {
    /// Moves the clock and does what is due on the way, each at its own moment.
    pub fn advance(&mut self, target_s: i64) {
        self.catch_up();
        loop {
            let tasks = self.tasks.iter().map(|(due_s, ..)| *due_s);
            let at_75 = self.lots.iter().filter(|lot| !lot.looked_at_75);
            let at_90 = self.lots.iter().filter(|lot| !lot.looked_at_90);
            let moments = tasks
                .chain(at_75.map(|lot| lot.born_s + 75 * DAY_S))
                .chain(at_90.map(|lot| lot.born_s + 90 * DAY_S));
            match moments.min() {
                Some(next_s) if next_s <= target_s => self.now_s = self.now_s.max(next_s),
                _ => break,
            }
            self.catch_up();
        }
        self.now_s = self.now_s.max(target_s);
    }

    /// Does what is due now: tasks first, then old lots.
    fn catch_up(&mut self) {
        loop {
            self.do_tasks();
            let now_s = self.now_s;
            let is_75 = |lot: &Lot| !lot.looked_at_75 && lot.born_s + 75 * DAY_S <= now_s;
            let is_90 = |lot: &Lot| !lot.looked_at_90 && lot.born_s + 90 * DAY_S <= now_s;
            let places = |is_due: &dyn Fn(&Lot) -> bool| {
                (0..self.lots.len()).filter(|at| is_due(&self.lots[*at])).collect::<Vec<usize>>()
            };
            let (at_75, at_90) = (places(&is_75), places(&is_90));
            if !at_75.is_empty() {
                at_75.into_iter().for_each(|at| self.look_at_75(at));
            } else if !at_90.is_empty() {
                at_90.into_iter().for_each(|at| self.look_at_90(at));
            } else {
                return;
            }
        }
    }

    fn do_tasks(&mut self) {
        loop {
            let now_s = self.now_s;
            let (mut due, waiting): (Vec<_>, Vec<_>) =
                self.tasks.iter().copied().partition(|(due_s, ..)| *due_s <= now_s);
            if due.is_empty() {
                return;
            }
            self.tasks = waiting;
            let order = |task: &Task| matches!(task, Task::PayoutArrives { .. });
            due.sort_by_key(|(due_s, age, task)| (*due_s, *age, order(task)));
            let mut grown = false;
            for (_, _, task) in &due {
                if let Task::Settle { line } = task {
                    let line = self.lines[*line].clone();
                    let net = line.amount - line.fee;
                    let (from, to) = match line.of {
                        "card" => ("pending", "available"),
                        _ => ("bank pending", "bank available"),
                    };
                    self.pot(from, line.cur, -net).expect("it was there");
                    self.pot(to, line.cur, net).expect("it fits");
                    if line.kind == "charge" {
                        self.pot("network", line.cur, -line.amount).expect("it was there");
                        self.pot("bank", line.cur, line.amount).expect("it fits");
                    }
                    grown |= net > 0;
                }
            }
            if grown {
                self.event("balance.available");
            }
            for (_, _, task) in due {
                self.carry_out_task(task);
            }
        }
    }

    fn carry_out_task(&mut self, task: Task) {
        let done = match task {
            Task::Settle { .. } => Ok("done"),
            Task::RefundExpires { refund } => self.end(refund, "failed"),
            Task::RefundArrives { refund } => self.refund_arrives(refund).map(|()| "done"),
            Task::PayoutLeaves { payout } => {
                self.payout_leaves(payout);
                Ok("done")
            }
            Task::PayoutArrives { payout } => self.payout_arrives(payout).map(|()| "done"),
            Task::AuthorizationEnds { charge } => {
                self.authorization_ends(charge);
                Ok("done")
            }
            Task::TopupArrives { topup } => self.topup_arrives(topup).map(|()| "done"),
            Task::InvoiceOverdue { invoice } => {
                self.overdue(invoice);
                Ok("done")
            }
        };
        assert_eq!(done, Ok("done"), "{task:?}");
    }

    /// Money came back that may be so old that nobody looks at it any more: then it is dealt with
    /// at once. What comes back from a return is not returned again.
    pub(super) fn came_back(
        &mut self,
        who: usize,
        cur: Cur,
        amount: i64,
        from_payment: bool,
    ) -> Result<(), Refused> {
        let now_s = self.now_s;
        let own = |lot: &&Lot| lot.who == who && lot.cur == cur;
        let at_90 = self.lots.iter().filter(own).filter(|lot| lot.born_s + 90 * DAY_S <= now_s);
        let swept = at_90.map(|lot| lot.left).sum::<i64>().min(amount);
        if swept > 0 {
            self.sweep(who, cur, swept)?;
        }
        let (mut left, mut over_swift, mut returned) = (amount - swept, 0, 0);
        let at_75 = self.lots.iter().filter(own).filter(|lot| lot.born_s + 75 * DAY_S <= now_s);
        for lot in at_75.rev().filter(|_| from_payment) {
            let part = lot.left.min(left);
            left -= part;
            if lot.swift {
                over_swift += part;
            } else {
                returned += part;
            }
        }
        if over_swift > 0 {
            self.sweep(who, cur, over_swift)?;
        }
        if returned > 0 {
            self.send_back(who, cur, returned, true, now_s + 15 * DAY_S)?;
        }
        Ok(())
    }

    /// After 75 days what is left of a lot sets out for the customer's bank; what came over SWIFT
    /// cannot, and is the merchant's.
    fn look_at_75(&mut self, at: usize) {
        self.lots[at].looked_at_75 = true;
        let Lot { who, cur, left, born_s, swift, .. } = self.lots[at];
        if left > 0 {
            let done = match swift {
                true => self.sweep(who, cur, left),
                false => self.send_back(who, cur, left, true, born_s + 90 * DAY_S),
            };
            done.expect("it was there");
        }
    }

    /// After 90 days what is left of a lot is the merchant's.
    fn look_at_90(&mut self, at: usize) {
        self.lots[at].looked_at_90 = true;
        let Lot { who, cur, left, .. } = self.lots[at];
        if left > 0 {
            self.sweep(who, cur, left).expect("it was there");
        }
    }
}
