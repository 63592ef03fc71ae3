//! Decisions and refusals: what a command would change, or why it changes nothing.

use std::sync::Arc;

use crate::cash_balance::{CashTransaction, ReconciliationMode, Settings};
use crate::currency::Currency;
use crate::customer::Customer;
use crate::event::{Event, EventKind, EventObject, RequestCause};
use crate::funding::Instructions;
use crate::id::{IdKey, Number, Numbers};
use crate::journal::Entry;
use crate::time::Millis;

/// What surrounds a decision: the moment, the numbers to use, the account's settings.
pub struct Context<'a> {
    /// The moment of the decision.
    pub now: Millis,
    /// The source of row numbers.
    pub numbers: &'a mut Numbers,
    /// Writes ids.
    pub ids: &'a IdKey,
    /// How customers without a mode of their own are reconciled.
    pub default_mode: ReconciliationMode,
    /// The request that asks, if it is one.
    pub cause: Option<Arc<RequestCause>>,
}

impl Context<'_> {
    /// The next row number.
    pub fn number(&mut self) -> Number {
        self.numbers.next(self.now)
    }

    /// An event of this moment and cause.
    pub fn event(&mut self, kind: EventKind, object: EventObject) -> Event {
        Event { number: self.number(), kind, object, cause: self.cause.clone() }
    }
}

/// One thing that a decision writes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The customer's document, new or changed.
    Customer(Box<Customer>),
    /// A journal entry, and the cash balance transaction that it books.
    Booked(Entry, Option<CashTransaction>),
    /// A customer's new funding instructions.
    Instructions(Number, Instructions),
    /// An event.
    Event(Event),
}

/// What a command would change, in order, and what it answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// All or nothing.
    pub changes: Vec<Change>,
    /// The object to answer with.
    pub reply: Reply,
}

/// The object that a command answers with, as it stands after the command.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A customer; a deleted one shows as such.
    Customer(Box<Customer>),
    /// A cash balance: whose, and under which settings; its amounts are those of the moment.
    CashBalance(Number, Settings, crate::cash_balance::Balances),
    /// A cash balance transaction.
    CashTransaction(CashTransaction),
    /// Funding instructions, narrowed to these address types where some were asked for.
    Instructions(Instructions, Vec<String>),
}

/// Why a command changes nothing. Each is somebody's mistake, never a fault of Purser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such customer (any more).
    CustomerMissing {
        /// The parameter that named the customer.
        param: &'static str,
    },
    /// The customer that is to be changed was deleted.
    CustomerDeleted,
    /// A customer whose cash balance is not zero cannot be deleted.
    CustomerHoldsCash,
    /// There is no bank transfer in this currency.
    NoTransferIn(Currency),
    /// The sum would not fit 64 bits.
    AmountTooLarge,
    /// Metadata would have too many keys.
    TooManyMetadataKeys(usize),
    /// All candidate account numbers of the bank profile are taken.
    NoAccountNumberLeft,
}
