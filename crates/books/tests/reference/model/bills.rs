//! What invoices do.

use super::{Intent, Invoice, Model, Outcome, Refused, Task, rail};
use crate::ops::{Op, choose};

impl Model {
    pub(super) fn about_invoices(&mut self, op: &Op) -> Option<Outcome> {
        let draft = |place: usize| self.invoice(&["draft"], place);
        let open = |place: usize| self.invoice(&["open"], place);
        let hoped_for = |place: usize| self.invoice(&["open", "uncollectible"], place);
        Some(match *op {
            Op::Invoice { who, cur, number, days, awaits } => {
                let who = self.customer(who)?;
                self.living(who).map(|()| {
                    let born = self.tick();
                    self.invoices.push(Invoice {
                        born,
                        who,
                        cur,
                        status: "draft",
                        total: 0,
                        number: number.map(|number| format!("INV-{number}")),
                        days,
                        due_s: None,
                        intent: None,
                        rail: rail(awaits, cur),
                        paid: 0,
                    });
                    self.event("invoice.created");
                    "done"
                })
            }
            Op::Item { invoice, amount, cur } => {
                let at = draft(invoice)?;
                self.add_item(at, amount, cur.is_some_and(|cur| cur != self.invoices[at].cur))
            }
            Op::Finalize { invoice } => self.finalize(draft(invoice)?),
            Op::PayInvoice { invoice, elsewhere } => {
                self.pay_invoice(hoped_for(invoice)?, elsewhere)
            }
            Op::Void { invoice } => self.void(hoped_for(invoice)?),
            Op::GiveUp { invoice } => self.give_up(open(invoice)?),
            _ => unreachable!("not about invoices"),
        })
    }

    /// An invoice in one of these states, if there is one.
    pub(super) fn invoice(&self, states: &[&str], place: usize) -> Option<usize> {
        choose(self.invoices.len(), |at| states.contains(&self.invoices[at].status), place)
    }

    fn must_be(&self, at: usize, allowed: &[&str]) -> Result<(), Refused> {
        match allowed.contains(&self.invoices[at].status) {
            true => Ok(()),
            false => Err("invoice state"),
        }
    }

    fn add_item(&mut self, at: usize, amount: i64, other_currency: bool) -> Outcome {
        self.living(self.invoices[at].who)?;
        if other_currency {
            return Err("invoice currency");
        }
        self.must_be(at, &["draft"])?;
        self.invoices[at].total += amount;
        self.event("invoiceitem.created");
        self.event("invoice.updated");
        Ok("done")
    }

    fn finalize(&mut self, at: usize) -> Outcome {
        self.must_be(at, &["draft"])?;
        let Invoice { who, cur, total, days, rail, .. } = self.invoices[at];
        self.living(who)?;
        if self.invoices[at].number.is_none() {
            self.customers[who].invoices_numbered += 1;
            let count = self.customers[who].invoices_numbered;
            self.invoices[at].number = Some(format!("{count} of {who}"));
        }
        self.invoices[at].due_s = days.map(|days| self.now_s + days * 86_400);
        self.invoices[at].status = "open";
        self.event("invoice.finalized");
        if total <= 0 {
            self.invoices[at].status = "paid";
            self.event("invoice.paid");
            return Ok("done");
        }
        if let Some(due_s) = self.invoices[at].due_s {
            let task = Task::InvoiceOverdue { invoice: at };
            self.tasks.push((due_s, self.invoices[at].born, task));
        }
        let since = self.tick();
        self.intents.push(Intent {
            rail,
            since,
            invoice: Some(at),
            ..Intent::new(who, cur, total)
        });
        let intent = self.intents.len() - 1;
        self.invoices[at].intent = Some(intent);
        self.event("payment_intent.created");
        if self.is_automatic(who) && self.available(who, cur) >= total {
            self.pay(intent, total)?;
        } else if rail.is_some() {
            self.intents[intent].status = "requires_action";
            self.intents[intent].method = true;
            self.event("payment_intent.requires_action");
        }
        Ok("done")
    }

    fn pay_invoice(&mut self, at: usize, elsewhere: bool) -> Outcome {
        self.must_be(at, &["open", "uncollectible"])?;
        let Invoice { who, cur, total, intent, .. } = self.invoices[at];
        self.living(who)?;
        let intent = intent.expect("an open invoice has an intent");
        if elsewhere {
            self.intents[intent].status = "canceled";
            self.event("payment_intent.canceled");
            self.invoices[at].status = "paid";
            self.invoices[at].paid = total;
            self.event("invoice.paid");
            return Ok("done");
        }
        if self.available(who, cur) < total {
            return Err("cash too low");
        }
        self.pay(intent, total)?;
        Ok("done")
    }

    fn void(&mut self, at: usize) -> Outcome {
        self.must_be(at, &["open", "uncollectible"])?;
        let intent = self.invoices[at].intent.expect("an open invoice has an intent");
        self.invoices[at].status = "void";
        self.intents[intent].status = "canceled";
        self.event("payment_intent.canceled");
        self.event("invoice.voided");
        Ok("done")
    }

    fn give_up(&mut self, at: usize) -> Outcome {
        self.must_be(at, &["open"])?;
        self.invoices[at].status = "uncollectible";
        self.event("invoice.marked_uncollectible");
        Ok("done")
    }

    pub(super) fn overdue(&mut self, at: usize) {
        if self.invoices[at].status == "open" {
            self.event("invoice.overdue");
        }
    }
}
