//! What payouts and the merchant's bank accounts do.

use super::{Account, Line, Model, Outcome, Payout, Refused, Task, of_bank};
use crate::ops::{Cur, Op, choose};

const DAY_S: i64 = 86_400;
const INSTANT_S: i64 = 10;

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
            Op::Payout { amount, cur, account: named, instant, of_bank } => {
                let named = match named {
                    Some(place) => Some(account(place)?),
                    None => None,
                };
                self.pay_out(amount, cur, named, instant, of_bank)
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

    fn pay_out(
        &mut self,
        amount: i64,
        cur: Cur,
        named: Option<usize>,
        instant: bool,
        is_of_bank: bool,
    ) -> Outcome {
        let account = match named {
            Some(at) => {
                self.must_be_there(at)?;
                if self.accounts[at].cur != cur {
                    return Err("account currency");
                }
                at
            }
            None => self.default_account(cur).ok_or("no bank account")?,
        };
        // All accounts are in the United States.
        if instant && cur != "usd" {
            return Err("no instant payouts");
        }
        let fee = if instant { (amount * self.set.instant_bps + 5_000) / 10_000 } else { 0 };
        let has = |pot| self.pots.get(&(pot, cur)).copied().unwrap_or(0);
        let enough = match (instant, is_of_bank) {
            (true, true) => 0,
            (true, false) => has("available") + has("pending"),
            (false, true) => has("bank available"),
            (false, false) => has("available"),
        };
        if amount + fee > enough {
            return Err("balance too low");
        }
        self.pot(part(is_of_bank), cur, -amount - fee)?;
        self.pot("payouts in transit", cur, amount)?;
        self.pot("fees", cur, fee)?;
        self.line_with_fee("payout", cur, (-amount, fee), is_of_bank);
        let arrives_s = match instant {
            true => self.now_s + INSTANT_S,
            false => working_day(self.now_s, 1 + self.set.bank_days),
        };
        let status = if instant { "in_transit" } else { "pending" };
        let (born, reverses, reversed) = (0, None, false);
        let of_bank = is_of_bank;
        let payout =
            Payout { born, cur, amount, status, account, fee, of_bank, reverses, reversed };
        let at = self.add_payout(payout);
        let born = self.payouts[at].born;
        if !instant {
            let leaves_s = working_day(self.now_s, 1);
            self.tasks.push((leaves_s, born, Task::PayoutLeaves { payout: at }));
        }
        self.tasks.push((arrives_s, born, Task::PayoutArrives { payout: at }));
        Ok("done")
    }

    pub(super) fn default_account(&self, cur: Cur) -> Option<usize> {
        let is_default =
            |account: &Account| account.cur == cur && account.default && !account.removed;
        self.accounts.iter().position(is_default)
    }

    pub(super) fn account_fails(&self, at: usize) -> bool {
        self.accounts[at].fails
    }

    fn line_with_fee(
        &mut self,
        kind: &'static str,
        cur: Cur,
        (amount, fee): (i64, i64),
        is_of_bank: bool,
    ) {
        let (available_s, of) = (self.now_s, of_bank(is_of_bank));
        self.lines.push(Line { kind, cur, amount, fee, available_s, of });
    }

    /// A payout goes back, with what it cost.
    fn payout_comes_back(&mut self, at: usize, kind: &'static str) -> Result<(), Refused> {
        let Payout { cur, amount, fee, of_bank, .. } = self.payouts[at];
        self.pot("payouts in transit", cur, -amount)?;
        self.pot("fees", cur, -fee)?;
        self.pot(part(of_bank), cur, amount + fee)?;
        self.line_with_fee(kind, cur, (amount, -fee), of_bank);
        Ok(())
    }

    fn add_payout(&mut self, payout: Payout) -> usize {
        let born = self.tick();
        self.payouts.push(Payout { born, ..payout });
        self.event("payout.created");
        self.payouts.len() - 1
    }

    fn cancel_payout(&mut self, at: usize) -> Outcome {
        let Payout { status, reverses, .. } = self.payouts[at];
        if reverses.is_some() {
            return Err("payout reversed");
        }
        if status != "pending" {
            return Err("payout state");
        }
        self.payouts[at].status = "canceled";
        self.payout_comes_back(at, "payout_cancel")?;
        self.event("payout.canceled");
        self.event("balance.available");
        Ok("done")
    }

    /// The merchant's bank is debited: until it has paid, the money is pending.
    fn reverse_payout(&mut self, at: usize) -> Outcome {
        let Payout { cur, amount, status, reverses, reversed, of_bank: is_of_bank, .. } =
            self.payouts[at];
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
        self.pot(if is_of_bank { "bank pending" } else { "pending" }, cur, amount)?;
        let (kind, of) = ("payout", of_bank(is_of_bank));
        self.lines.push(Line { kind, cur, amount, fee: 0, available_s: arrives_s, of });
        let age = self.tick();
        self.tasks.push((arrives_s, age, Task::Settle { line: self.lines.len() - 1 }));
        let reversal = self.add_payout(Payout {
            amount: -amount,
            status: "pending",
            fee: 0,
            reverses: Some(at),
            reversed: false,
            ..self.payouts[at]
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
        if self.accounts[account].fails {
            self.payouts[at].status = "failed";
            self.payout_comes_back(at, "payout_failure")?;
            self.event("payout.failed");
            self.event("balance.available");
        } else {
            self.payouts[at].status = "paid";
            self.pot("payouts in transit", cur, -amount)?;
            self.pot("bank", cur, -amount)?;
            self.event("payout.paid");
        }
        Ok(())
    }
}

/// Where money is that may be paid out.
fn part(is_of_bank: bool) -> &'static str {
    if is_of_bank { "bank available" } else { "available" }
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
