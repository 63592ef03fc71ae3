//! What sources do that take transfers.

use super::{Charge, Model, NOBODY, Outcome, Refused};
use crate::ops::{Cur, Network, Op, choose};

const LEAST: i64 = 50;
const REVERSIBLE_S: i64 = 5 * 86_400;

/// A source that takes transfers.
#[derive(Clone, Debug)]
pub struct Source {
    pub cur: Cur,
    /// What is to be paid with it.
    amount: Option<i64>,
    often: bool,
    pub(super) email: bool,
    pub status: &'static str,
    pub received: i64,
    pub charged: i64,
    pub returned: i64,
}

/// A transfer that a source received.
#[derive(Clone, Debug)]
pub struct Received {
    source: usize,
    pub amount: i64,
    at_s: i64,
    ach: bool,
    pub reversed: bool,
}

impl Source {
    pub fn held(&self) -> i64 {
        self.received - self.charged - self.returned
    }
}

impl Model {
    pub(super) fn about_sources(&mut self, op: &Op) -> Option<Outcome> {
        let source = |place| choose(self.sources.len(), |at| self.sources[at].held() > 0, place);
        Some(match *op {
            Op::AddSource { cur, amount, often, email } => {
                let (received, charged, returned) = (0, 0, 0);
                let status = "pending";
                self.sources.push(Source {
                    cur,
                    amount,
                    often,
                    email,
                    status,
                    received,
                    charged,
                    returned,
                });
                Ok("done")
            }
            Op::Receive { source, amount, network } => {
                let is_apt = |at: usize| self.sources[at].status == "pending";
                let at = choose(self.sources.len(), is_apt, source)?;
                self.receive(at, amount, network)
            }
            Op::PullBackOfSource { transfer } => {
                let at = choose(self.received.len(), |at| !self.received[at].reversed, transfer)?;
                self.pull_back_of_source(at)
            }
            Op::SendBack { source: place, amount } => {
                let at = source(place)?;
                let amount = amount.unwrap_or(self.sources[at].held());
                self.give_up_money(at, amount).map(|()| "done")
            }
            Op::ChargeSource { source: place, amount, cur } => {
                self.charge_source(source(place)?, amount, cur)
            }
            _ => unreachable!("not about sources"),
        })
    }

    fn receive(&mut self, at: usize, amount: i64, network: Network) -> Outcome {
        let cur = self.sources[at].cur;
        self.pot("bank", cur, amount)?;
        self.sources[at].received += amount;
        let ach = cur == "usd" && network != Network::Swift;
        let at_s = self.now_s;
        self.received.push(Received { source: at, amount, at_s, ach, reversed: false });
        self.event("source.transaction.created");
        let source = &mut self.sources[at];
        if source.status == "pending" && source.held() >= source.amount.unwrap_or(1) {
            source.status = "chargeable";
            self.event("source.chargeable");
        }
        Ok("done")
    }

    fn pull_back_of_source(&mut self, at: usize) -> Outcome {
        let Received { source, amount, at_s, ach, reversed } = self.received[at];
        if reversed || !ach || self.now_s - at_s > REVERSIBLE_S {
            return Err("not reversible");
        }
        self.give_up_money(source, amount)?;
        self.received[at].reversed = true;
        self.event("source.transaction.updated");
        Ok("done")
    }

    /// Money of a source goes back to the sender.
    fn give_up_money(&mut self, at: usize, amount: i64) -> Result<(), Refused> {
        if amount == 0 || amount > self.sources[at].held() {
            return Err("source too low");
        }
        self.sources[at].returned += amount;
        self.pot("bank", self.sources[at].cur, -amount)
    }

    fn charge_source(&mut self, at: usize, amount: i64, cur: Cur) -> Outcome {
        if amount < LEAST {
            return Err("below minimum");
        }
        let source = &mut self.sources[at];
        if source.status != "chargeable" {
            return Err("source state");
        }
        if source.cur != cur {
            return Err("source currency");
        }
        if !source.often && source.amount.is_some_and(|most| amount > most) {
            return Err("source amount");
        }
        if source.held() < amount {
            return Err("source too low");
        }
        if !source.often {
            source.status = "consumed";
        }
        let draft = Charge { source: Some(at), ..Charge::new(NOBODY, cur, amount) };
        self.charge(draft, true)?;
        Ok("done")
    }
}
