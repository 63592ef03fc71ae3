//! The working set of a batch: what its commands need to see, loaded once, changed as each is
//! decided, so that a later command sees what an earlier one did before anything is committed.

use std::collections::HashMap;

use books::command::{Command, View};
use books::funding::Instructions;
use books::{Change, Currency, Customer, Number, Purse, World};

use crate::job::{Job, Used};

/// Which funding instructions: whose, in which currency and country.
pub(crate) type InstructionsKey = (World, Number, Currency, String);

/// State that commands are decided on. A key that is present with `None` is known to be absent.
#[derive(Default)]
pub struct WorkingSet {
    pub(crate) purses: HashMap<(World, Number), Option<Purse>>,
    pub(crate) customers: HashMap<(World, Number), Option<Customer>>,
    pub(crate) used: HashMap<(World, [u8; 16]), Option<Used>>,
    pub(crate) instructions: HashMap<InstructionsKey, Option<Instructions>>,
    pub(crate) taken: HashMap<(World, String), bool>,
}

impl WorkingSet {
    /// The customer, as the commands so far left it; loaded for jobs that ask for it.
    pub fn customer(&self, world: World, customer: Number) -> Option<&Customer> {
        self.customers.get(&(world, customer))?.as_ref()
    }

    /// The purse, as the commands so far left it.
    pub fn purse(&self, world: World, customer: Number) -> Option<&Purse> {
        self.purses.get(&(world, customer))?.as_ref()
    }

    /// Notes what a job needs; what is not known yet is to be loaded.
    pub(crate) fn need(&mut self, job: &dyn Job) {
        let (world, command) = (job.world(), job.command());
        if let Some(customer) = command.customer() {
            self.purses.entry((world, customer)).or_default();
            if command.changes_customer() || job.shows_customer() {
                self.customers.entry((world, customer)).or_default();
            }
        }
        if let Some(key) = job.idempotency() {
            self.used.entry((world, key.key)).or_default();
        }
        if let Command::GetInstructions { customer, candidates, .. } = command {
            for candidate in candidates {
                let key = (world, *customer, candidate.currency, candidate.country.clone());
                self.instructions.entry(key).or_default();
                self.taken.entry((world, candidate.account_key.clone())).or_default();
            }
        }
    }

    /// Runs `with` on what a command may see.
    pub(crate) fn view<T>(
        &self,
        world: World,
        command: &Command,
        with: impl FnOnce(&View<'_>) -> T,
    ) -> T {
        let purse = command.customer().and_then(|customer| self.purse(world, customer));
        let instructions = match command {
            Command::GetInstructions { customer, candidates, .. } => {
                candidates.first().and_then(|c| {
                    self.instructions
                        .get(&(world, *customer, c.currency, c.country.clone()))?
                        .as_ref()
                })
            }
            _ => None,
        };
        let taken = |key: &str| self.taken.get(&(world, key.to_owned())).copied().unwrap_or(true);
        let customer = command.customer().and_then(|number| self.customer(world, number));
        with(&View { purse, customer, instructions, taken: &taken })
    }

    /// Takes over what a decision changed.
    pub(crate) fn apply(&mut self, world: World, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Customer(customer) => {
                    let (key, standing) = ((world, customer.number), customer.standing());
                    let purse = self.purses.entry(key).or_default();
                    let available = purse.take().map(|purse| purse.available).unwrap_or_default();
                    *purse = Some(Purse { standing, available });
                    self.customers.insert(key, Some((**customer).clone()));
                }
                Change::Booked(_, Some(transaction)) => {
                    let key = (world, transaction.key.customer);
                    if let Some(Some(purse)) = self.purses.get_mut(&key) {
                        purse.available = transaction.available();
                    }
                }
                Change::Instructions(customer, made) => {
                    let key = (world, *customer, made.currency, made.country.clone());
                    self.instructions.insert(key, Some(made.clone()));
                    self.taken.insert((world, made.account_key.clone()), true);
                }
                Change::Booked(_, None) | Change::Event(_) => {}
            }
        }
    }
}
