//! Which open payments an amount of money pays: every group is tried.

use super::{Model, Refused};
use crate::ops::{Cur, Name};

/// An open place for money.
struct Open {
    intent: usize,
    is_invoice: bool,
    wants: i64,
    since: u64,
}

impl Model {
    /// Money came in: it is matched, and what is left is told.
    pub(super) fn reconcile(
        &mut self,
        who: usize,
        cur: Cur,
        amount: i64,
        names: &[Name],
    ) -> Result<(), Refused> {
        self.match_money(who, cur, amount, names)?;
        self.tell_what_is_left(who, cur);
        Ok(())
    }

    pub(super) fn tell_what_is_left(&mut self, who: usize, cur: Cur) {
        if self.available(who, cur) > 0 {
            self.event("cash_balance.funds_available");
        }
    }

    pub(super) fn match_money(
        &mut self,
        who: usize,
        cur: Cur,
        amount: i64,
        names: &[Name],
    ) -> Result<(), Refused> {
        if self.is_automatic(who) && self.available(who, cur) > 0 {
            for (intent, gets) in self.plan(who, cur, amount, names) {
                self.pay(intent, gets)?;
                if self.intents[intent].status != "succeeded" {
                    self.event("payment_intent.partially_funded");
                }
            }
        }
        Ok(())
    }

    fn plan(&self, who: usize, cur: Cur, amount: i64, names: &[Name]) -> Vec<(usize, i64)> {
        let mut open = self.open_places(who, cur);
        let mut plan = Vec::new();
        let mut have = self.available(who, cur);
        let mut sent = amount;
        // First what the reference names; nobody writes references in Japan.
        if cur != "jpy"
            && let Some(at) = self.named(&open, names)
        {
            let gets = share(&open[at], have);
            if gets > 0 {
                plan.push((open.remove(at).intent, gets));
                have -= gets;
                sent -= gets;
            }
        }
        // Then a group of exactly what was sent, or else of all that is there.
        let mut group = best_group(&open, sent);
        if group.is_empty() {
            group = best_group(&open, have);
        }
        for at in group.iter().rev() {
            have -= open[*at].wants;
            plan.push((open[*at].intent, open[*at].wants));
            open.remove(*at);
        }
        // A group is booked from the oldest on.
        let members = plan.len() - group.len();
        let since = |intent: usize| self.intents[intent].since;
        plan[members..].sort_by_key(|(intent, _)| since(*intent));
        // Then whole invoices, then intents, the last one in part.
        for invoices in [true, false] {
            for place in open.iter().filter(|place| place.is_invoice == invoices) {
                let gets = share(place, have);
                if gets > 0 {
                    plan.push((place.intent, gets));
                    have -= gets;
                }
            }
        }
        plan
    }

    /// What takes money of a customer in a currency, oldest first.
    fn open_places(&self, who: usize, cur: Cur) -> Vec<Open> {
        let mut open = Vec::new();
        for (at, intent) in self.intents.iter().enumerate() {
            if intent.who != who || intent.cur != cur || intent.amount == intent.applied {
                continue;
            }
            let takes = match intent.invoice {
                None => intent.status == "requires_action" && !intent.holder,
                Some(invoice) => {
                    let invoice = &self.invoices[invoice];
                    let last_s = invoice.due_s.map(|due_s| due_s + 30 * 86_400);
                    invoice.status == "open" && last_s.is_none_or(|last_s| self.now_s <= last_s)
                }
            };
            if takes {
                open.push(Open {
                    intent: at,
                    is_invoice: intent.invoice.is_some(),
                    wants: intent.amount - intent.applied,
                    since: intent.since,
                });
            }
        }
        open.sort_by_key(|place| place.since);
        open
    }

    /// The one that the names name: by the number of its invoice, or else by its own reference.
    fn named(&self, open: &[Open], names: &[Name]) -> Option<usize> {
        let numbers: Vec<&String> = names
            .iter()
            .filter_map(|name| match name {
                Name::Invoice(place) => {
                    let at = self.invoice(&["open"], *place)?;
                    self.invoices[at].number.as_ref()
                }
                Name::Intent(_) => None,
            })
            .collect();
        let by_number: Vec<usize> = (0..open.len())
            .filter(|at| {
                let invoice = self.intents[open[*at].intent].invoice;
                let number = invoice.and_then(|invoice| self.invoices[invoice].number.as_ref());
                number.is_some_and(|number| numbers.contains(&number))
            })
            .collect();
        let by_reference: Vec<usize> = (0..open.len())
            .filter(|at| {
                names.iter().any(|name| match name {
                    Name::Intent(place) => self.intent(*place) == Some(open[*at].intent),
                    Name::Invoice(_) => false,
                })
            })
            .collect();
        match (by_number.as_slice(), by_reference.as_slice()) {
            ([at], _) | ([], [at]) => Some(*at),
            _ => None,
        }
    }
}

fn share(place: &Open, have: i64) -> i64 {
    if place.is_invoice && place.wants > have { 0 } else { place.wants.min(have) }
}

/// The places of the best group of exactly `sum`: of one to five; the fewest; of these the one
/// with the most invoices; then with the oldest intents, then with the oldest invoices.
fn best_group(open: &[Open], sum: i64) -> Vec<usize> {
    let mut groups = Vec::new();
    add_groups(open, sum, 0, &mut Vec::new(), &mut groups);
    let rank = |group: &Vec<usize>| {
        let of = |invoices: bool| {
            let members = group.iter().copied().filter(move |at| open[*at].is_invoice == invoices);
            members.collect::<Vec<usize>>()
        };
        let (invoices, intents) = (of(true), of(false));
        (group.len(), usize::MAX - invoices.len(), intents, invoices)
    };
    groups.into_iter().min_by_key(rank).unwrap_or_default()
}

fn add_groups(
    open: &[Open],
    sum: i64,
    from: usize,
    group: &mut Vec<usize>,
    groups: &mut Vec<Vec<usize>>,
) {
    let total: i64 = group.iter().map(|at| open[*at].wants).sum();
    if total == sum && !group.is_empty() {
        groups.push(group.clone());
    }
    if group.len() == 5 {
        return;
    }
    for at in from..open.len() {
        group.push(at);
        add_groups(open, sum, at + 1, group, groups);
        group.pop();
    }
}
