//! The plain reference: what the books must say, in the plainest way to say it. It knows nothing
//! of the engine, only the rules: naive lists, looked through from the first to the last.
//!
//! Objects are their places in lists, moments are seconds, statuses and types are the words of
//! the wire.

mod bills;
mod card_payments;
mod cards;
mod later;
mod matching;
mod merchant;
mod payments;
mod refunds;
mod sources;
mod topups;
mod transfers;

use std::collections::BTreeMap;

use crate::ops::{Awaits, Cur, Mode, Op, Plastic, Settings, choose};

pub use sources::{Received, Source};

/// Whose a charge or an intent is that is no customer's.
pub const NOBODY: usize = usize::MAX;

/// Why a command changes nothing.
pub type Refused = &'static str;

/// What came of a command: `done`, or `payment failed` or `charge failed`, which have effects.
pub type Outcome = Result<&'static str, Refused>;

#[derive(Clone, Debug, Default)]
pub struct Customer {
    pub gone: bool,
    pub email: bool,
    pub mode: Option<Mode>,
    pub cash: BTreeMap<Cur, i64>,
    /// Currency, type, net amount and ending balance of each transaction.
    pub rows: Vec<(Cur, &'static str, i64, i64)>,
    /// Its cards, the default one first.
    wallet: Vec<Plastic>,
    invoices_numbered: usize,
}

/// New money in a cash balance, and what is left of it.
#[derive(Clone, Debug)]
pub struct Lot {
    who: usize,
    cur: Cur,
    amount: i64,
    left: i64,
    born_s: i64,
    swift: bool,
    looked_at_75: bool,
    looked_at_90: bool,
}

/// The rail of a currency; another country than the usual one where there is a choice.
pub type Rail = (Cur, bool);

#[derive(Clone, Debug)]
pub struct Intent {
    pub who: usize,
    pub cur: Cur,
    pub amount: i64,
    pub applied: i64,
    pub status: &'static str,
    pub rail: Option<Rail>,
    pub method: bool,
    /// Orders intents by the moment of their confirmation.
    since: u64,
    pub charged_s: Option<i64>,
    pub refunded: i64,
    pub invoice: Option<usize>,
    takes_card: bool,
    takes_cash: bool,
    /// Whether a card is only authorized at first.
    manual: bool,
    /// The card that is to pay.
    pub card: Option<Plastic>,
    /// Whether the holder of the card has to authenticate.
    pub holder: bool,
    /// The newest charge of a card.
    pub charge: Option<usize>,
}

/// A charge of a card or a source.
#[derive(Clone, Debug)]
pub struct Charge {
    who: usize,
    pub cur: Cur,
    pub amount: i64,
    pub stage: &'static str,
    /// Either a card or a source.
    pub card: Option<Plastic>,
    source: Option<usize>,
    pub intent: Option<usize>,
    pub captured: i64,
    pub refunded: i64,
    pub disputed: bool,
}

#[derive(Clone, Debug)]
pub struct Topup {
    pub cur: Cur,
    pub amount: i64,
    pub status: &'static str,
    fails: bool,
}

#[derive(Clone, Debug)]
pub struct Invoice {
    born: u64,
    pub who: usize,
    pub cur: Cur,
    pub status: &'static str,
    pub total: i64,
    /// The number that people see; made-up ones are like no other.
    pub number: Option<String>,
    days: Option<i64>,
    due_s: Option<i64>,
    pub intent: Option<usize>,
    rail: Option<Rail>,
    pub paid: i64,
}

#[derive(Clone, Debug)]
pub struct Refund {
    born: u64,
    pub who: usize,
    pub cur: Cur,
    pub amount: i64,
    pub status: &'static str,
    /// The payment; none for a return.
    pub intent: Option<usize>,
    /// The charge of a card or a source.
    pub charge: Option<usize>,
    /// Where it goes, if to a card.
    card: Option<Plastic>,
    /// Whether nobody asked for this return.
    old_lot: bool,
    bounces: bool,
}

#[derive(Clone, Debug)]
pub struct Account {
    pub cur: Cur,
    pub default: bool,
    pub removed: bool,
    fails: bool,
}

#[derive(Clone, Debug)]
pub struct Payout {
    born: u64,
    pub cur: Cur,
    pub amount: i64,
    pub status: &'static str,
    pub account: usize,
    fee: i64,
    of_bank: bool,
    reverses: Option<usize>,
    reversed: bool,
}

/// A transfer that arrived.
#[derive(Clone, Debug)]
struct Transfer {
    who: usize,
    cur: Cur,
    amount: i64,
    at_s: i64,
    ach: bool,
    reversed: bool,
}

/// What is to be done later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    Settle { line: usize },
    RefundExpires { refund: usize },
    RefundArrives { refund: usize },
    PayoutLeaves { payout: usize },
    PayoutArrives { payout: usize },
    InvoiceOverdue { invoice: usize },
    AuthorizationEnds { charge: usize },
    TopupArrives { topup: usize },
}

/// A line of the merchant's balance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub kind: &'static str,
    pub cur: Cur,
    pub amount: i64,
    pub fee: i64,
    pub available_s: i64,
    /// The part of the balance.
    pub of: &'static str,
}

#[derive(Clone)]
pub struct Model {
    pub set: Settings,
    pub now_s: i64,
    /// Counts what happens, to tell older from newer.
    tick: u64,
    pub customers: Vec<Customer>,
    lots: Vec<Lot>,
    pub intents: Vec<Intent>,
    pub invoices: Vec<Invoice>,
    pub refunds: Vec<Refund>,
    pub accounts: Vec<Account>,
    pub payouts: Vec<Payout>,
    transfers: Vec<Transfer>,
    pub charges: Vec<Charge>,
    pub sources: Vec<Source>,
    pub received: Vec<Received>,
    pub topups: Vec<Topup>,
    /// Due, the age of the object that it is about, what.
    pub tasks: Vec<(i64, u64, Task)>,
    pub lines: Vec<Line>,
    /// Pots of money of the house and of the merchant, with the signs of everyday speech.
    pub pots: BTreeMap<(&'static str, Cur), i64>,
    /// The types of the events of the last command.
    pub events: Vec<&'static str>,
}

impl Model {
    pub fn new(set: Settings, now_s: i64) -> Model {
        Model {
            set,
            now_s,
            tick: 0,
            customers: Vec::new(),
            lots: Vec::new(),
            intents: Vec::new(),
            invoices: Vec::new(),
            refunds: Vec::new(),
            accounts: Vec::new(),
            payouts: Vec::new(),
            transfers: Vec::new(),
            charges: Vec::new(),
            sources: Vec::new(),
            received: Vec::new(),
            topups: Vec::new(),
            tasks: Vec::new(),
            lines: Vec::new(),
            pots: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// Carries out a command and says what comes of it; nothing where it is about nothing.
    pub fn step(&mut self, op: &Op) -> Option<Outcome> {
        self.events.clear();
        let mut next = self.clone();
        let outcome = next.carry_out(op)?;
        if outcome.is_ok() {
            *self = next;
        }
        Some(outcome)
    }

    fn carry_out(&mut self, op: &Op) -> Option<Outcome> {
        Some(match *op {
            Op::AddCustomer { email } => {
                self.customers.push(Customer { email, ..Customer::default() });
                self.event("customer.created");
                Ok("done")
            }
            Op::SetEmail { who, email } => self.set_email(self.customer(who)?, email),
            Op::SetMode { who, mode } => self.set_mode(self.customer(who)?, mode),
            Op::Delete { who } => self.delete(self.customer(who)?),
            Op::Instructions { who, .. } => self.living(self.customer(who)?).map(|_| "done"),
            Op::Fund { who, amount, cur, ref words, network, .. } => {
                self.fund(self.customer(who)?, amount, cur, words, network)
            }
            Op::PullBack { transfer } => {
                self.pull_back(choose(self.transfers.len(), |_| true, transfer)?)
            }
            Op::Intent { .. }
            | Op::Change { .. }
            | Op::Confirm { .. }
            | Op::Cancel { .. }
            | Op::Apply { .. } => return self.about_intents(op),
            Op::Invoice { .. }
            | Op::Item { .. }
            | Op::Finalize { .. }
            | Op::PayInvoice { .. }
            | Op::Void { .. }
            | Op::GiveUp { .. } => return self.about_invoices(op),
            Op::Refund { .. }
            | Op::RefundToCash { .. }
            | Op::Return { .. }
            | Op::CancelRefund { .. }
            | Op::ExpireRefund { .. }
            | Op::GiveDetails { .. } => {
                return self.about_refunds(op);
            }
            Op::AddAccount { .. }
            | Op::RemoveAccount { .. }
            | Op::MakeDefault { .. }
            | Op::Payout { .. }
            | Op::CancelPayout { .. }
            | Op::ReversePayout { .. } => {
                return self.about_payouts(op);
            }
            Op::TopUp { .. } | Op::CancelTopUp { .. } => return self.about_topups(op),
            Op::Charge { .. }
            | Op::AddCard { .. }
            | Op::ChargeWallet { .. }
            | Op::Capture { .. }
            | Op::RefundCharge { .. } => return self.about_charges(op),
            Op::CardIntent { .. }
            | Op::PayByCard { .. }
            | Op::Authenticate { .. }
            | Op::CaptureIntent { .. } => return self.about_card_payments(op),
            Op::AddSource { .. }
            | Op::Receive { .. }
            | Op::PullBackOfSource { .. }
            | Op::SendBack { .. }
            | Op::ChargeSource { .. } => return self.about_sources(op),
            Op::Wait { s } => {
                self.advance(self.now_s + s);
                Ok("done")
            }
        })
    }

    fn event(&mut self, kind: &'static str) {
        self.events.push(kind);
    }

    fn tick(&mut self) -> u64 {
        self.tick += 1;
        self.tick
    }

    fn customer(&self, place: usize) -> Option<usize> {
        place.checked_rem(self.customers.len())
    }

    /// An intent that is open, if there is one.
    fn intent(&self, place: usize) -> Option<usize> {
        choose(self.intents.len(), |at| self.must_be_open(at).is_ok(), place)
    }

    fn paid_intent(&self, place: usize) -> Option<usize> {
        choose(self.intents.len(), |at| self.intents[at].status == "succeeded", place)
    }

    fn living(&self, who: usize) -> Result<(), Refused> {
        let is_gone = self.customers.get(who).is_some_and(|customer| customer.gone);
        if is_gone { Err("customer missing") } else { Ok(()) }
    }

    fn available(&self, who: usize, cur: Cur) -> i64 {
        self.customers[who].cash.get(cur).copied().unwrap_or(0)
    }

    fn is_automatic(&self, who: usize) -> bool {
        match self.customers[who].mode.unwrap_or(Mode::Default) {
            Mode::Default => !self.set.manual,
            mode => mode == Mode::Automatic,
        }
    }

    /// Puts money into a pot, or takes it out.
    fn pot(&mut self, name: &'static str, cur: Cur, amount: i64) -> Result<(), Refused> {
        let sum = self.pots.entry((name, cur)).or_default();
        *sum = sum.checked_add(amount).ok_or("too large")?;
        Ok(())
    }

    fn line(&mut self, kind: &'static str, cur: Cur, amount: i64) {
        self.line_of(kind, cur, amount, of_bank(false));
    }

    /// A row of a cash balance. New money is a new lot. What goes out is of the oldest lots; what
    /// comes back is what went out last, and as old as it was.
    fn cash(&mut self, who: usize, cur: Cur, kind: &'static str, net: i64) -> Result<(), Refused> {
        let ends = self.available(who, cur).checked_add(net).ok_or("too large")?;
        self.customers[who].cash.insert(cur, ends);
        self.customers[who].rows.push((cur, kind, net, ends));
        self.event("customer_cash_balance_transaction.created");
        match kind {
            "funded" | "refunded_from_payment" => self.lots.push(Lot {
                who,
                cur,
                amount: net,
                left: net,
                born_s: self.now_s,
                swift: false,
                looked_at_75: false,
                looked_at_90: false,
            }),
            "unapplied_from_payment" | "return_canceled" => self.fill_lots(who, cur, net),
            // What is missing is in no lot.
            "adjusted_for_overdraft" => {}
            _ => self.empty_lots(who, cur, -net),
        }
        Ok(())
    }

    fn empty_lots(&mut self, who: usize, cur: Cur, amount: i64) {
        let mut out = amount;
        for lot in self.lots.iter_mut().filter(|lot| lot.who == who && lot.cur == cur) {
            let taken = out.min(lot.left);
            lot.left -= taken;
            out -= taken;
        }
    }

    fn fill_lots(&mut self, who: usize, cur: Cur, amount: i64) {
        let mut back = amount;
        for lot in self.lots.iter_mut().rev().filter(|lot| lot.who == who && lot.cur == cur) {
            let put = back.min(lot.amount - lot.left);
            lot.left += put;
            back -= put;
        }
    }

    fn set_email(&mut self, who: usize, email: bool) -> Outcome {
        if self.customers[who].gone {
            return Err("customer deleted");
        }
        if self.customers[who].email != email {
            self.customers[who].email = email;
            self.event("customer.updated");
        }
        Ok("done")
    }

    fn set_mode(&mut self, who: usize, mode: Mode) -> Outcome {
        self.living(who)?;
        self.customers[who].mode = if mode == Mode::Default { None } else { Some(mode) };
        Ok("done")
    }

    /// Nobody goes who holds money, be it in parts of payments.
    fn delete(&mut self, who: usize) -> Outcome {
        self.living(who)?;
        let customer = &self.customers[who];
        let holds_cash = customer.cash.values().any(|cash| *cash != 0);
        let strictly = self.set.strict_delete && !customer.cash.is_empty();
        let is_open = |intent: &Intent| intent.status != "succeeded" && intent.applied > 0;
        let holds_parts = self.intents.iter().any(|intent| intent.who == who && is_open(intent));
        if holds_cash || strictly || holds_parts {
            return Err("holds cash");
        }
        let customer = &mut self.customers[who];
        customer.gone = true;
        customer.email = false;
        customer.mode = None;
        for _ in std::mem::take(&mut customer.wallet) {
            self.event("customer.source.deleted");
        }
        self.event("customer.deleted");
        Ok("done")
    }
}

impl Intent {
    fn new(who: usize, cur: Cur, amount: i64) -> Intent {
        Intent {
            who,
            cur,
            amount,
            applied: 0,
            status: "requires_payment_method",
            rail: None,
            method: false,
            since: 0,
            charged_s: None,
            refunded: 0,
            invoice: None,
            takes_card: false,
            takes_cash: true,
            manual: false,
            card: None,
            holder: false,
            charge: None,
        }
    }
}

impl Charge {
    fn new(who: usize, cur: Cur, amount: i64) -> Charge {
        Charge {
            who,
            cur,
            amount,
            stage: "failed",
            card: None,
            source: None,
            intent: None,
            captured: 0,
            refunded: 0,
            disputed: false,
        }
    }

    fn of_card(who: usize, cur: Cur, amount: i64, card: Plastic) -> Charge {
        Charge { card: Some(card), ..Charge::new(who, cur, amount) }
    }
}

/// The part of the balance to which money belongs.
pub fn of_bank(is_of_bank: bool) -> &'static str {
    if is_of_bank { "bank_account" } else { "card" }
}

/// The rail that is asked for in a currency.
pub fn rail(awaits: Awaits, cur: Cur) -> Option<Rail> {
    match awaits {
        Awaits::Nothing => None,
        Awaits::Usual => Some((cur, false)),
        Awaits::Elsewhere => Some((cur, cur == "eur")),
        Awaits::Wrong if cur == "usd" => Some(("jpy", false)),
        Awaits::Wrong => Some(("usd", false)),
    }
}
