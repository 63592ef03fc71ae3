//! What charges of cards and sources do, and refunds of them.

use super::{Charge, Line, Model, NOBODY, Outcome, Refund, Refused, Task, of_bank};
use crate::ops::{Cur, Op, Plastic, choose};

const DAY_S: i64 = 86_400;
const AUTHORIZED_S: i64 = 7 * DAY_S;
const LEAST: i64 = 50;

/// What a card's bank says.
pub(super) enum Says {
    Yes,
    No,
    AskHolder,
}

/// What a card's bank says to a charge, from a holder who may be there, and may have authenticated.
pub(super) fn bank_says(card: Plastic, is_there: bool, authenticated: bool) -> Says {
    match card {
        Plastic::Declines | Plastic::DeclinesLater => Says::No,
        Plastic::Asks if authenticated => Says::Yes,
        Plastic::AsksInVain if authenticated => Says::No,
        Plastic::Asks | Plastic::AsksInVain if is_there => Says::AskHolder,
        Plastic::Asks | Plastic::AsksInVain => Says::No,
        _ => Says::Yes,
    }
}

impl Model {
    pub(super) fn about_charges(&mut self, op: &Op) -> Option<Outcome> {
        Some(match *op {
            Op::Charge { amount, cur, card, capture } => {
                self.charge_card(NOBODY, amount, cur, card, capture)
            }
            Op::ChargeWallet { who, amount, cur, capture } => {
                self.charge_wallet(self.customer(who)?, amount, cur, capture)
            }
            Op::AddCard { who, card } => self.add_card(self.customer(who)?, card),
            Op::Capture { charge, amount } => {
                let is_apt = |at: usize| {
                    let charge = &self.charges[at];
                    charge.stage == "authorized" && charge.intent.is_none()
                };
                let at = choose(self.charges.len(), is_apt, charge)?;
                self.capture_charge(at, amount)
            }
            Op::RefundCharge { charge, amount, email } => {
                let is_apt = |at: usize| self.charges[at].stage == "captured";
                let at = choose(self.charges.len(), is_apt, charge)?;
                self.refund_charge(at, amount, email)
            }
            _ => unreachable!("not about charges"),
        })
    }

    fn add_card(&mut self, who: usize, card: Plastic) -> Outcome {
        self.living(who)?;
        if card == Plastic::Declines {
            return Err("card declined");
        }
        self.customers[who].wallet.push(card);
        self.event("customer.source.created");
        if self.customers[who].wallet.len() == 1 {
            self.event("customer.updated");
        }
        Ok("done")
    }

    fn charge_wallet(&mut self, who: usize, amount: i64, cur: Cur, capture: bool) -> Outcome {
        self.living(who)?;
        if amount < LEAST {
            return Err("below minimum");
        }
        let card = *self.customers[who].wallet.first().ok_or("no default source")?;
        self.charge_card(who, amount, cur, card, capture)
    }

    fn charge_card(
        &mut self,
        who: usize,
        amount: i64,
        cur: Cur,
        card: Plastic,
        capture: bool,
    ) -> Outcome {
        if amount < LEAST {
            return Err("below minimum");
        }
        let draft = Charge::of_card(who, cur, amount, card);
        match bank_says(card, false, false) {
            Says::Yes => self.charge(draft, capture).map(|_| "done"),
            Says::No | Says::AskHolder => {
                self.fail_charge(draft);
                Ok("charge failed")
            }
        }
    }

    pub(super) fn fail_charge(&mut self, draft: Charge) -> usize {
        self.charges.push(draft);
        self.event("charge.failed");
        self.charges.len() - 1
    }

    /// The money is set aside, and perhaps taken.
    pub(super) fn charge(&mut self, draft: Charge, capture: bool) -> Result<usize, Refused> {
        let until_s = self.now_s + AUTHORIZED_S;
        let age = self.tick();
        self.charges.push(Charge { stage: "authorized", ..draft });
        let at = self.charges.len() - 1;
        self.event("charge.succeeded");
        if capture {
            self.take(at, self.charges[at].amount)?;
        } else {
            self.tasks.push((until_s, age, Task::AuthorizationEnds { charge: at }));
        }
        Ok(at)
    }

    /// The merchant gets what is captured, less the fee, at once or some days later.
    fn take(&mut self, at: usize, amount: i64) -> Result<(), Refused> {
        let Charge { cur, card, source, .. } = self.charges[at];
        self.charges[at].stage = "captured";
        self.charges[at].captured = amount;
        let fee = self.fee(amount);
        let at_once = self.set.settle_days == 0 || card == Some(Plastic::PaysAtOnce);
        let of_bank = source.is_some();
        match (source, at_once) {
            (Some(source), _) => self.sources[source].charged += amount,
            (None, true) => self.pot("bank", cur, amount)?,
            (None, false) => self.pot("network", cur, amount)?,
        }
        let kind = if of_bank { "payment" } else { "charge" };
        self.earn(kind, cur, (amount, fee), of_bank, at_once)?;
        if card == Some(Plastic::Disputes) {
            self.pot("available", cur, -amount)?;
            self.pot("bank", cur, -amount)?;
            self.line("adjustment", cur, -amount);
            self.charges[at].disputed = true;
            self.event("charge.updated");
        }
        Ok(())
    }

    fn capture_charge(&mut self, at: usize, amount: Option<i64>) -> Outcome {
        match self.charges[at].stage {
            "authorized" if self.charges[at].intent.is_some() => return Err("charge of intent"),
            "authorized" => {}
            "captured" => return Err("already captured"),
            "released" => return Err("authorization ended"),
            _ => return Err("charge had failed"),
        }
        self.capture(at, amount)?;
        Ok("done")
    }

    /// Takes what is set aside, or a part of it.
    pub(super) fn capture(&mut self, at: usize, amount: Option<i64>) -> Result<(), Refused> {
        let amount = amount.unwrap_or(self.charges[at].amount);
        if amount > self.charges[at].amount {
            return Err("capture too large");
        }
        self.await_no_capture(at);
        self.event("charge.captured");
        self.take(at, amount)
    }

    fn await_no_capture(&mut self, at: usize) {
        self.tasks.retain(|(_, _, task)| *task != Task::AuthorizationEnds { charge: at });
    }

    /// Lets go of what is set aside.
    pub(super) fn release(&mut self, at: usize, told: &'static str) {
        self.await_no_capture(at);
        self.charges[at].stage = "released";
        self.event(told);
    }

    /// Nobody captured it in time.
    pub(super) fn authorization_ends(&mut self, at: usize) {
        self.release(at, "charge.expired");
        if let Some(intent) = self.charges[at].intent {
            self.intents[intent].status = "canceled";
            self.event("payment_intent.canceled");
        }
    }

    pub(super) fn refund_charge(&mut self, at: usize, amount: Option<i64>, email: bool) -> Outcome {
        let Charge { who, cur, card, stage, disputed, intent, .. } = self.charges[at];
        let left = self.charges[at].captured - self.charges[at].refunded;
        let part = amount.is_some_and(|amount| amount != self.charges[at].amount);
        match stage {
            _ if disputed => return Err("charge disputed"),
            "failed" => return Err("charge had failed"),
            "released" => return Err("already refunded"),
            "authorized" if intent.is_some() => return Err("charge of intent"),
            "authorized" if part => return Err("part of authorization"),
            "captured" if left == 0 => return Err("already refunded"),
            "captured" if amount.is_some_and(|amount| amount > left) => {
                return Err("refund too large");
            }
            _ => {}
        }
        let draft = self.draft(who, cur, amount.unwrap_or(left));
        let draft = Refund { charge: Some(at), intent, status: "succeeded", ..draft };
        if stage == "authorized" {
            self.begin(Refund { amount: self.charges[at].amount, ..draft });
            self.release(at, "charge.refunded");
            return Ok("done");
        }
        match card {
            Some(card) => self.refund_to_card(draft, card)?,
            None => self.refund_to_bank(draft, at, email)?,
        }
        self.event("charge.refunded");
        Ok("done")
    }

    fn refund_to_card(&mut self, draft: Refund, card: Plastic) -> Result<(), Refused> {
        let Refund { cur, amount, born, .. } = draft;
        let status = if card == Plastic::RefundsLater { "pending" } else { "succeeded" };
        let refund = self.begin(Refund { status, card: Some(card), ..draft });
        self.note_refunded(refund, amount);
        self.pot("available", cur, -amount)?;
        self.pot("bank", cur, -amount)?;
        self.line("refund", cur, -amount);
        if matches!(card, Plastic::RefundsLater | Plastic::RefundsBounce) {
            let due_s = self.now_s + self.set.bank_days * DAY_S;
            self.tasks.push((due_s, born, Task::RefundArrives { refund }));
        }
        Ok(())
    }

    /// What came by a transfer goes back by one.
    fn refund_to_bank(&mut self, draft: Refund, at: usize, email: bool) -> Result<(), Refused> {
        let Refund { cur, amount, .. } = draft;
        let source = self.charges[at].source.expect("it is of a card or of a source");
        if !email && !self.sources[source].email {
            return Err("no email");
        }
        let refund = self.begin(Refund { status: "requires_action", ..draft });
        self.note_refunded(refund, amount);
        self.pot("bank available", cur, -amount)?;
        self.pot("refunds in transit", cur, amount)?;
        self.line_of("payment_refund", cur, -amount, of_bank(true));
        self.await_details_long(refund);
        Ok(())
    }

    /// Money that was sent back to a card is there, or comes back.
    pub(super) fn card_refund_arrives(&mut self, at: usize) -> Result<(), Refused> {
        let Refund { cur, amount, status, .. } = self.refunds[at];
        if status == "pending" {
            self.refunds[at].status = "succeeded";
            self.tell_progress(at);
            return Ok(());
        }
        self.refunds[at].status = "failed";
        self.note_refunded(at, -amount);
        self.pot("available", cur, amount)?;
        self.pot("bank", cur, amount)?;
        self.line("refund_failure", cur, amount);
        self.tell_progress(at);
        self.event("refund.failed");
        self.event("balance.available");
        Ok(())
    }

    /// Notes at a charge what its refund changes.
    pub(super) fn note_refunded(&mut self, refund: usize, amount: i64) {
        if let Some(charge) = self.refunds[refund].charge {
            self.charges[charge].refunded += amount;
        }
    }

    pub(super) fn line_of(&mut self, kind: &'static str, cur: Cur, amount: i64, of: &'static str) {
        self.lines.push(Line { kind, cur, amount, fee: 0, available_s: self.now_s, of });
    }
}
