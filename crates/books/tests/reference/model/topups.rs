//! What top-ups do.

use super::{Model, Outcome, Refused, Task, Topup};
use crate::ops::{Op, choose};

const DAY_S: i64 = 86_400;

impl Model {
    pub(super) fn about_topups(&mut self, op: &Op) -> Option<Outcome> {
        Some(match *op {
            Op::TopUp { amount, cur, fails } => {
                let of_account =
                    || self.default_account(cur).is_some_and(|at| self.account_fails(at));
                let fails = fails.unwrap_or_else(of_account);
                let born = self.tick();
                self.topups.push(Topup { cur, amount, status: "pending", fails });
                self.event("topup.created");
                let task = Task::TopupArrives { topup: self.topups.len() - 1 };
                self.tasks.push((self.now_s + self.set.bank_days * DAY_S, born, task));
                Ok("done")
            }
            Op::CancelTopUp { topup } => {
                let is_apt = |at: usize| self.topups[at].status == "pending";
                let at = choose(self.topups.len(), is_apt, topup)?;
                self.cancel_topup(at)
            }
            _ => unreachable!("not about top-ups"),
        })
    }

    fn cancel_topup(&mut self, at: usize) -> Outcome {
        if self.topups[at].status != "pending" {
            return Err("topup state");
        }
        self.topups[at].status = "canceled";
        self.tasks.retain(|(_, _, task)| *task != Task::TopupArrives { topup: at });
        self.event("topup.canceled");
        Ok("done")
    }

    pub(super) fn topup_arrives(&mut self, at: usize) -> Result<(), Refused> {
        let Topup { cur, amount, fails, .. } = self.topups[at];
        if fails {
            self.topups[at].status = "failed";
            self.event("topup.failed");
            return Ok(());
        }
        self.topups[at].status = "succeeded";
        self.pot("bank", cur, amount)?;
        self.pot("available", cur, amount)?;
        self.line("topup", cur, amount);
        self.event("topup.succeeded");
        self.event("balance.available");
        Ok(())
    }
}
