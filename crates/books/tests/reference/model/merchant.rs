//! What payouts and the merchant's bank accounts do.

use super::{Account, Line, Model, Outcome, Payout, Refused, Task};
use crate::ops::{Cur, Op, choose};

const DAY_S: i64 = 86_400;

impl Model {
    pub(super) fn about_payouts(&mut self, op: &Op) -> Option<Outcome> {
        let account = |place| choose(self.accounts.len(), |at| !self.accounts[at].removed, place);
        let payout = |status: &str, place| {
            choose(self.payouts.len(), |at| self.payouts[at].status == status, place)
        };
        Some(match *op {
            Op::AddAccount { cur, fails, default } => {
                let others = |account: &Account| account.cur == cur && !account.removed;
                let is_first = !self.accounts.iter().any(others);
                self.accounts.push(Account { cur, default: false, removed: false, fails });
                if default || is_first {
                    self.make_default(self.accounts.len() - 1)
                } else {
                    Ok("done")
                }
            }
            Op::RemoveAccount { account: place } => {
                let at = account(place)?;
                self.must_be_there(at).map(|()| self.remove_account(at))
            }
            Op::MakeDefault { account: place } => {
                let at = account(place)?;
                self.must_be_there(at).and_then(|()| self.make_default(at))
            }
            Op::Payout { amount, cur, account: named } => {
                let named = match named {
                    Some(place) => Some(account(place)?),
                    None => None,
                };
                self.pay_out(amount, cur, named)
            }
            Op::CancelPayout { payout: place } => self.cancel_payout(payout("pending", place)?),
            Op::ReversePayout { payout: place } => self.reverse_payout(payout("paid", place)?),
            _ => unreachable!("not about payouts"),
        })
    }

    fn must_be_there(&self, at: usize) -> Result<(), Refused> {
        if self.accounts[at].removed { Err("missing") } else { Ok(()) }
    }

    /// Another account is the default then, the newest of the currency.
    fn remove_account(&mut self, at: usize) -> &'static str {
        self.accounts[at].removed = true;
        if self.accounts[at].default {
            let cur = self.accounts[at].cur;
            let others = |account: &Account| account.cur == cur && !account.removed;
            if let Some(other) = self.accounts.iter().rposition(others) {
                self.accounts[other].default = true;
            }
        }
        "done"
    }

    fn make_default(&mut self, at: usize) -> Outcome {
        let cur = self.accounts[at].cur;
        for account in &mut self.accounts {
            if account.cur == cur && !account.removed {
                account.default = false;
            }
        }
        self.accounts[at].default = true;
        Ok("done")
    }

    fn pay_out(&mut self, amount: i64, cur: Cur, named: Option<usize>) -> Outcome {
        let account = match named {
            Some(at) => {
                self.must_be_there(at)?;
                if self.accounts[at].cur != cur {
                    return Err("account currency");
                }
                at
            }
            None => {
                let is_default =
                    |account: &Account| account.cur == cur && account.default && !account.removed;
                self.accounts.iter().position(is_default).ok_or("no bank account")?
            }
        };
        if amount > self.pots.get(&("available", cur)).copied().unwrap_or(0) {
            return Err("balance too low");
        }
        self.pot("available", cur, -amount)?;
        self.pot("payouts in transit", cur, amount)?;
        self.line("payout", cur, -amount);
        let arrives_s = working_day(self.now_s, 1 + self.set.bank_days);
        let at = self.add_payout(Payout {
            born: 0,
            cur,
            amount,
            status: "pending",
            account,
            reverses: None,
            reversed: false,
        });
        let born = self.payouts[at].born;
        self.tasks.push((working_day(self.now_s, 1), born, Task::PayoutLeaves { payout: at }));
        self.tasks.push((arrives_s, born, Task::PayoutArrives { payout: at }));
        Ok("done")
    }

    fn add_payout(&mut self, payout: Payout) -> usize {
        let born = self.tick();
        self.payouts.push(Payout { born, ..payout });
        self.event("payout.created");
        self.payouts.len() - 1
    }

    fn cancel_payout(&mut self, at: usize) -> Outcome {
        let Payout { cur, amount, status, reverses, .. } = self.payouts[at];
        if reverses.is_some() {
            return Err("payout reversed");
        }
        if status != "pending" {
            return Err("payout state");
        }
        self.payouts[at].status = "canceled";
        self.pot("payouts in transit", cur, -amount)?;
        self.pot("available", cur, amount)?;
        self.line("payout_cancel", cur, amount);
        self.event("payout.canceled");
        self.event("balance.available");
        Ok("done")
    }

    /// The merchant's bank is debited: until it has paid, the money is pending.
    fn reverse_payout(&mut self, at: usize) -> Outcome {
        let Payout { cur, amount, status, account, reverses, reversed, .. } = self.payouts[at];
        if reversed || reverses.is_some() {
            return Err("payout reversed");
        }
        if status != "paid" {
            return Err("payout state");
        }
        self.payouts[at].reversed = true;
        self.event("payout.updated");
        let arrives_s = working_day(self.now_s, 1 + self.set.bank_days);
        self.pot("payouts in transit", cur, -amount)?;
        self.pot("pending", cur, amount)?;
        self.lines.push(Line { kind: "payout", cur, amount, fee: 0, available_s: arrives_s });
        let age = self.tick();
        self.tasks.push((arrives_s, age, Task::Settle { line: self.lines.len() - 1 }));
        let reversal = self.add_payout(Payout {
            born: 0,
            cur,
            amount: -amount,
            status: "pending",
            account,
            reverses: Some(at),
            reversed: false,
        });
        let born = self.payouts[reversal].born;
        self.tasks.push((arrives_s, born, Task::PayoutArrives { payout: reversal }));
        Ok("done")
    }

    pub(super) fn payout_leaves(&mut self, at: usize) {
        if self.payouts[at].status == "pending" {
            self.payouts[at].status = "in_transit";
            self.event("payout.updated");
        }
    }

    pub(super) fn payout_arrives(&mut self, at: usize) -> Result<(), Refused> {
        let Payout { cur, amount, status, account, .. } = self.payouts[at];
        if status != "pending" && status != "in_transit" {
            return Ok(());
        }
        self.pot("payouts in transit", cur, -amount)?;
        if self.accounts[account].fails {
            self.payouts[at].status = "failed";
            self.pot("available", cur, amount)?;
            self.line("payout_failure", cur, amount);
            self.event("payout.failed");
            self.event("balance.available");
        } else {
            self.payouts[at].status = "paid";
            self.pot("bank", cur, -amount)?;
            self.event("payout.paid");
        }
        Ok(())
    }
}

/// The midnight at which the day begins that is so many working days later.
fn working_day(now_s: i64, days: i64) -> i64 {
    let mut day = now_s / DAY_S;
    for _ in 0..days {
        day += 1;
        // Day 0 was a Thursday: days 2 and 3 were a weekend.
        while day % 7 == 2 || day % 7 == 3 {
            day += 1;
        }
    }
    day * DAY_S
}
