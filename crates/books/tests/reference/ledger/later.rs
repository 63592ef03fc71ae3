//! What a worker does: everything that is due, at its own moment, in its order.

use books::command::LaterCommand;
use books::journal::Account;
use books::timer::{Look, Lot, Timer, TimerKind};
use books::{Command, Number, RowKey, Timestamp};

use super::{CREDITS, Ledger};

impl Ledger {
    /// Moves the clock and does what is due on the way. A command of nobody's is never refused.
    pub fn advance(&mut self, target_s: i64) {
        self.catch_up();
        while let Some(next_s) = self.next_due().filter(|next_s| *next_s <= target_s) {
            self.now_ms = self.now_ms.max(next_s * 1000);
            self.catch_up();
        }
        self.now_ms = self.now_ms.max(target_s * 1000);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.div_euclid(1000))
    }

    fn next_due(&self) -> Option<i64> {
        let timer = self.timers.first().map(|timer| timer.due.0);
        let looks = Look::ALL.into_iter().filter_map(|look| {
            let lots = self.lots(look, Number(i64::MAX));
            lots.first().map(|lot| lot.due(look).0)
        });
        timer.into_iter().chain(looks).min()
    }

    /// Timers first; then the two looks at lots, each up to the newest that is old enough.
    fn catch_up(&mut self) {
        loop {
            self.run_timers();
            let now = self.now();
            let due = Look::ALL.into_iter().find_map(|look| {
                let upto = Lot::newest_due(look, now);
                let lots = self.lots(look, upto);
                (!lots.is_empty()).then_some((look, lots, upto))
            });
            let Some((look, lots, upto)) = due else { return };
            for lot in lots {
                self.run(LaterCommand::Look(look, lot));
            }
            self.run(LaterCommand::Looked(look, upto));
        }
    }

    fn run_timers(&mut self) {
        loop {
            let now = self.now();
            let mut due: Vec<Timer> =
                self.timers.iter().copied().filter(|timer| timer.due <= now).collect();
            if due.is_empty() {
                return;
            }
            due.sort_by_key(|timer| (timer.due, timer.key.number, timer.kind));
            // What is earned moves as one: it commutes with everything else.
            let is_settle = |timer: &Timer| timer.kind == TimerKind::Settle;
            let (settle, others): (Vec<Timer>, Vec<Timer>) = due.into_iter().partition(is_settle);
            if !settle.is_empty() {
                self.run(LaterCommand::Settle(settle));
            }
            for timer in others {
                if self.timers.contains(&timer) {
                    self.run(LaterCommand::Due(timer));
                    assert!(!self.timers.contains(&timer), "{timer:?} is still there");
                }
            }
        }
    }

    fn run(&mut self, command: LaterCommand) {
        let told = format!("{command:?}");
        let done = self.step(&Command::Later(command));
        assert!(done.is_ok(), "the worker was refused: {told} {done:?}");
    }

    /// Credits to cash balances that were not looked at and are not newer than `upto`.
    fn lots(&self, look: Look, upto: Number) -> Vec<Lot> {
        let looked = self.looked.get(&look).copied().unwrap_or_default();
        let entries = self.entries.iter().map(|sealed| &sealed.entry).filter(|entry| {
            CREDITS.contains(&entry.kind()) && entry.number() > looked && entry.number() <= upto
        });
        let lot = |entry: &books::journal::Entry| {
            entry.postings().iter().find_map(|posting| match posting.account {
                Account::CustomerCash(customer) => Some(Lot {
                    key: RowKey { customer, number: entry.number() },
                    currency: posting.currency,
                    amount: -posting.amount_minor,
                }),
                _ => None,
            })
        };
        entries.filter_map(lot).collect()
    }
}
