//! Transfers that arrive, and that are pulled back.

use super::{Model, Outcome, Refused, Transfer};
use crate::ops::{Cur, Name, Network, Words};

impl Model {
    /// A transfer arrives, is matched, and perhaps pulled back at once.
    pub(super) fn fund(
        &mut self,
        who: usize,
        amount: i64,
        cur: Cur,
        words: &Words,
        network: Network,
    ) -> Outcome {
        // What a bank reports is there, whatever became of the customer.
        if network == Network::Simulated {
            self.living(who)?;
        }
        self.cash(who, cur, "funded", amount)?;
        self.pot("bank", cur, amount)?;
        let swift = cur == "usd" && network == Network::Swift;
        self.lots.last_mut().expect("it was just funded").swift = swift;
        let ach = cur == "usd" && !swift;
        let at_s = self.now_s;
        self.transfers.push(Transfer { who, cur, amount, at_s, ach, reversed: false });
        let names: Vec<Name> = match words {
            Words::Nothing | Words::Garbage => vec![],
            Words::Names(names) => names.clone(),
            Words::Reversal(name) => name.iter().copied().collect(),
        };
        let transfer = self.transfers.len() - 1;
        self.reconcile(who, cur, amount, &names)?;
        let reversal = matches!(words, Words::Reversal(_));
        if reversal && cur == "usd" && network == Network::Simulated {
            self.take_back(transfer)?;
        }
        Ok("done")
    }

    pub(super) fn pull_back(&mut self, transfer: usize) -> Outcome {
        let Transfer { ach, at_s, reversed, .. } = self.transfers[transfer];
        if !ach || self.now_s - at_s > 5 * 86_400 || reversed {
            return Err("not reversible");
        }
        self.take_back(transfer)?;
        Ok("done")
    }

    /// What is missing then, the merchant pays.
    fn take_back(&mut self, transfer: usize) -> Result<(), Refused> {
        let Transfer { who, cur, amount, .. } = self.transfers[transfer];
        self.transfers[transfer].reversed = true;
        self.cash(who, cur, "funding_reversed", -amount)?;
        self.pot("bank", cur, -amount)?;
        let missing = -self.available(who, cur);
        if missing > 0 {
            self.cash(who, cur, "adjusted_for_overdraft", missing)?;
            self.pot("available", cur, -missing)?;
            self.line("adjustment", cur, -missing);
        }
        Ok(())
    }
}
