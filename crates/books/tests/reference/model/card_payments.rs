//! What payment intents do that a card pays.

use super::cards::{Says, bank_says};
use super::payments::check;
use super::{Charge, Intent, Model, NOBODY, Outcome, rail};
use crate::ops::{ByCard, Cur, Op, Plastic, choose};

impl Model {
    pub(super) fn about_card_payments(&mut self, op: &Op) -> Option<Outcome> {
        Some(match *op {
            Op::CardIntent { who, amount, cur, by, confirm } => {
                let who = match who {
                    Some(who) => self.customer(who)?,
                    None => NOBODY,
                };
                self.create_card_intent(who, amount, cur, by, confirm)
            }
            Op::PayByCard { intent, card, away } => {
                self.pay_by_this(self.intent(intent)?, card, away)
            }
            Op::Authenticate { intent, succeeds } => {
                let at = choose(self.intents.len(), |at| self.intents[at].holder, intent)?;
                self.authenticate(at, succeeds)
            }
            Op::CaptureIntent { intent, amount } => {
                let is_apt = |at: usize| self.intents[at].status == "requires_capture";
                self.capture_intent(choose(self.intents.len(), is_apt, intent)?, amount)
            }
            _ => unreachable!("not about payments by card"),
        })
    }

    fn create_card_intent(
        &mut self,
        who: usize,
        amount: i64,
        cur: Cur,
        by: ByCard,
        confirm: bool,
    ) -> Outcome {
        self.living(who)?;
        if by.cash.is_some() && who == NOBODY {
            return Err("cash needs customer");
        }
        let draft = Intent {
            takes_card: true,
            takes_cash: by.cash.is_some(),
            manual: by.manual,
            rail: by.cash.and_then(|awaits| rail(awaits, cur)),
            ..Intent::new(who, cur, amount)
        };
        check(&draft)?;
        if confirm && by.card.is_none() {
            return Err("no payment method");
        }
        self.intents.push(draft);
        let at = self.intents.len() - 1;
        self.event("payment_intent.created");
        if let Some(card) = by.card {
            self.give_card(at, card);
        }
        if confirm { self.pay_by_card(at, by.away, false) } else { Ok("done") }
    }

    /// From here on a card is to pay.
    fn give_card(&mut self, at: usize, card: Plastic) {
        let intent = &mut self.intents[at];
        (intent.card, intent.method) = (Some(card), false);
        if intent.status == "requires_payment_method" {
            intent.status = "requires_confirmation";
        }
    }

    fn pay_by_this(&mut self, at: usize, card: Plastic, away: bool) -> Outcome {
        self.must_be_open(at)?;
        self.living(self.intents[at].who)?;
        self.must_be_free(at)?;
        if !self.intents[at].takes_card {
            return Err("method not taken");
        }
        self.give_card(at, card);
        self.pay_by_card(at, away, false)
    }

    /// The card pays all, or nothing: what the cash balance gave goes back.
    pub(super) fn pay_by_card(&mut self, at: usize, away: bool, authenticated: bool) -> Outcome {
        self.intents[at].since = self.tick();
        self.intents[at].holder = false;
        let Intent { who, cur, amount, card, manual, .. } = self.intents[at];
        let card = card.expect("a card is to pay");
        let draft = Charge { intent: Some(at), ..Charge::of_card(who, cur, amount, card) };
        let mut outcome = "done";
        match bank_says(card, !away, authenticated) {
            Says::Yes => {
                let charge = self.charge(draft, !manual)?;
                self.intents[at].charge = Some(charge);
                self.card_paid(at, if manual { "requires_capture" } else { "succeeded" });
            }
            Says::No => {
                let charge = self.fail_charge(draft);
                self.intents[at].charge = Some(charge);
                self.card_failed(at);
                outcome = "payment failed";
            }
            Says::AskHolder => {
                self.intents[at].status = "requires_action";
                self.intents[at].holder = true;
                self.event("payment_intent.requires_action");
            }
        }
        self.give_back(at)?;
        Ok(outcome)
    }

    fn card_paid(&mut self, at: usize, status: &'static str) {
        self.intents[at].status = status;
        self.event(match status {
            "succeeded" => "payment_intent.succeeded",
            _ => "payment_intent.amount_capturable_updated",
        });
    }

    fn card_failed(&mut self, at: usize) {
        self.intents[at].status = "requires_payment_method";
        self.intents[at].card = None;
        self.intents[at].holder = false;
        self.event("payment_intent.payment_failed");
    }

    fn authenticate(&mut self, at: usize, succeeds: bool) -> Outcome {
        if !self.intents[at].holder {
            return Err("holder not awaited");
        }
        if succeeds {
            self.living(self.intents[at].who)?;
        }
        match succeeds {
            true => self.pay_by_card(at, false, true).map(|_| "done"),
            false => {
                self.card_failed(at);
                Ok("done")
            }
        }
    }

    fn capture_intent(&mut self, at: usize, amount: Option<i64>) -> Outcome {
        if self.intents[at].status != "requires_capture" {
            return Err("intent state");
        }
        let charge = self.intents[at].charge.expect("it was authorized");
        self.capture(charge, amount)?;
        self.card_paid(at, "succeeded");
        Ok("done")
    }
}
