//! Commands: everything that can be asked of the books, and what each one decides.
//!
//! A command is about one customer, or about the account itself. Deciding is pure: the same command
//! over the same view with the same context gives the same decision. Amounts are smallest units;
//! arithmetic is checked.

mod book;
mod card_intents;
mod cards;
mod charges;
mod charging;
mod customers;
mod guarded;
mod intent_edits;
mod intent_methods;
mod intents;
mod invoices;
mod later;
mod methods;
mod payouts;
mod refunds;
mod refunds_of_charges;
mod sources;
mod topups;
mod transfers;
mod wallet;
mod webhooks;

use std::collections::BTreeMap;

pub use card_intents::{Capture, CardEdit, PayWith, Presence};
pub use cards::{CardCommand, CardGiven};
pub use charges::{ChargeCommand, ChargeDraft, ChargeEdit, Payer};
pub use customers::{Edit, METADATA_KEYS_MAX, ModeChange};
pub use guarded::{Guarded, Stage};
pub use intent_edits::IntentEdit;
pub use intent_methods::AMOUNT_MAX;
pub use intents::{Confirmation, IntentCommand, IntentDraft};
pub use invoices::{InvoiceCommand, InvoiceDraft, ItemDraft};
pub use later::{LaterCommand, SETTLE_MAX};
pub use methods::{DefaultMethod, MethodCommand, MethodDraft, MethodEdit, MethodGiven};
pub use payouts::{BankAccountDraft, PayoutCommand, PayoutDraft};
pub use refunds::{RefundCommand, RefundOf, RefundTerms};
pub use sources::{SourceCommand, SourceDraft, SourceEdit, SourceGiven};
pub use topups::{TopupCommand, TopupDraft};
pub use transfers::REVERSAL_PREFIX;
pub use wallet::{Given, SOURCES_MAX, WalletCommand, WalletEdit};
pub use webhooks::{
    Attempted, ENDPOINTS_MAX, EndpointDraft, EndpointEdit, OVERLAP_MAX_S, REPORT_MAX, Report,
    SECRETS_MAX, WebhookCommand,
};

use crate::agent::RequestRow;
use crate::approval::Verdict;
use crate::cash_balance::BankTransfer;
use crate::currency::Currency;
use crate::customer::{Customer, Purse};
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::id::{Number, RowKey};
use crate::timer::Timer;

/// Something that is asked of the books.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a customer.
    CreateCustomer {
        /// What is known about it.
        edits: Vec<Edit>,
    },
    /// Change a customer.
    UpdateCustomer {
        /// Which.
        customer: Number,
        /// What changes.
        edits: Vec<Edit>,
    },
    /// Delete a customer that holds no money.
    DeleteCustomer {
        /// Which.
        customer: Number,
    },
    /// Change the settings of a cash balance.
    UpdateCashBalance {
        /// Whose.
        customer: Number,
        /// The new mode; nothing where it was not given.
        mode: Option<ModeChange>,
    },
    /// Give the bank accounts a customer sends money to, making them the first time.
    GetInstructions {
        /// Whose.
        customer: Number,
        /// The rail, such as `eu_bank_transfer`.
        transfer_type: String,
        /// The country of the account, where the rail leaves a choice.
        country: Option<String>,
        /// Show only addresses of these types; all where empty.
        address_types: Vec<String>,
    },
    /// A transfer arrived.
    Fund {
        /// Whose.
        customer: Number,
        /// How much, in smallest units; above zero.
        amount_minor: i64,
        /// Of what.
        currency: Currency,
        /// What the bank told.
        transfer: BankTransfer,
        /// Whether this is a test, in which the reference may ask for a reversal.
        simulated: bool,
    },
    /// The sender's bank pulls a transfer back.
    ReverseTransfer {
        /// The transaction that it funded.
        transaction: RowKey,
    },
    /// About payment intents.
    Intent(IntentCommand),
    /// About refunds and returns.
    Refund(RefundCommand),
    /// About payouts and the bank accounts that they go to.
    Payout(PayoutCommand),
    /// About invoices.
    Invoice(InvoiceCommand),
    /// About tokens, and the cards that customers have.
    Card(CardCommand),
    /// About the cards and sources of a customer.
    Wallet(WalletCommand),
    /// About charges.
    Charge(ChargeCommand),
    /// About payment methods.
    Method(MethodCommand),
    /// About sources.
    Source(SourceCommand),
    /// About top-ups.
    Topup(TopupCommand),
    /// About webhook endpoints.
    Webhook(WebhookCommand),
    /// About what was to be done later.
    Later(LaterCommand),
    /// One of these, of a key that may not do everything.
    Guarded(Box<Guarded>),
    /// Disagree with a request that waits for a person.
    Reject(RowKey, Box<Verdict>),
    /// Keep a note of a request that changed nothing.
    Note(Box<RequestRow>),
}

/// A change to metadata: `None` for all of it, or keys to set and, with `None`, to remove.
pub type MetadataPatch = Option<BTreeMap<String, Option<String>>>;

impl Command {
    /// The customer that the command is about; none where it is about the account, or makes one.
    pub fn customer(&self) -> Option<Number> {
        match self {
            Command::CreateCustomer { .. }
            | Command::Payout(_)
            | Command::Topup(_)
            | Command::Webhook(_)
            | Command::Reject(..)
            | Command::Note(_) => None,
            Command::Guarded(guarded) => guarded.command.customer(),
            Command::UpdateCustomer { customer, .. }
            | Command::DeleteCustomer { customer }
            | Command::UpdateCashBalance { customer, .. }
            | Command::GetInstructions { customer, .. }
            | Command::Fund { customer, .. } => Some(*customer),
            Command::ReverseTransfer { transaction } => Some(transaction.customer),
            Command::Card(command) => command.customer(),
            Command::Wallet(command) => Some(command.customer()),
            Command::Charge(command) => command.customer(),
            Command::Method(command) => command.customer(),
            Command::Source(command) => command.customer(),
            // The key of what is nobody's names customer 0.
            Command::Intent(command) => owner(command.customer()),
            Command::Refund(command) => owner(command.customer()),
            Command::Invoice(command) => Some(command.customer()),
            Command::Later(command) => command.customer(),
        }
    }

    /// The timers that it is about. Each is to be there still, and is done with afterwards.
    pub fn timers(&self) -> &[Timer] {
        match self {
            Command::Later(LaterCommand::Settle(timers)) => timers,
            Command::Later(LaterCommand::Due(timer)) => std::slice::from_ref(timer),
            _ => &[],
        }
    }

    /// The same about fewer timers; none where nothing is left to do.
    pub fn with_timers(&self, timers: Vec<Timer>) -> Option<Command> {
        match (self, timers.first()) {
            (_, None) => None,
            (Command::Later(LaterCommand::Settle(_)), _) => {
                Some(Command::Later(LaterCommand::Settle(timers)))
            }
            _ => Some(self.clone()),
        }
    }

    /// Whether it changes something of the account that is no customer's, or decides by it: two
    /// of these must not be decided at the same time.
    pub fn is_about_account(&self) -> bool {
        match self {
            Command::CreateCustomer { edits } | Command::UpdateCustomer { edits, .. } => {
                edits.iter().any(Edit::is_about_wallet)
            }
            // Its sources are no customer's by their keys.
            Command::DeleteCustomer { .. } | Command::Wallet(_) => true,
            Command::Later(LaterCommand::Looked(..)) | Command::Note(_) => false,
            // What a key spent today is the account's.
            Command::Guarded(_) => true,
            // Tokens, sources and payment methods are no customer's by their keys.
            Command::Card(_) | Command::Charge(_) | Command::Method(_) | Command::Source(_) => true,
            Command::Intent(command) => {
                command.customer() == Number(0) || command.is_about_account()
            }
            Command::Webhook(command) => !matches!(command, WebhookCommand::Report(_)),
            _ => self.customer().is_none(),
        }
    }
}

/// Decides a command: what it changes, or why nothing.
pub fn decide(
    command: &Command,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        Command::CreateCustomer { edits } => customers::create(edits, view, ctx),
        Command::UpdateCustomer { customer, edits } => {
            customers::update(*customer, edits, view, ctx)
        }
        Command::DeleteCustomer { customer } => customers::delete(*customer, view, ctx),
        Command::UpdateCashBalance { customer, mode } => {
            customers::update_cash_balance(*customer, *mode, view, ctx)
        }
        Command::GetInstructions { customer, transfer_type, country, address_types } => {
            let country = country.as_deref();
            transfers::instructions(*customer, (transfer_type, country), address_types, view, ctx)
        }
        Command::Fund { customer, amount_minor, currency, transfer, simulated } => {
            let money = (*amount_minor, *currency);
            transfers::fund(*customer, money, transfer, *simulated, view, ctx)
        }
        Command::ReverseTransfer { transaction } => transfers::reverse(*transaction, view, ctx),
        Command::Card(command) => cards::decide(command, view, ctx),
        Command::Wallet(command) => wallet::decide(command, view, ctx),
        Command::Charge(command) => charges::decide(command, view, ctx),
        Command::Method(command) => methods::decide(command, view, ctx),
        Command::Source(command) => sources::decide(command, view, ctx),
        Command::Topup(command) => topups::decide(command, view, ctx),
        Command::Intent(command) => intents::decide(command, view, ctx),
        Command::Refund(command) => refunds::decide(command, view, ctx),
        Command::Payout(command) => payouts::decide(command, view, ctx),
        Command::Invoice(command) => invoices::decide(command, view, ctx),
        Command::Webhook(command) => webhooks::decide(command, view, ctx),
        Command::Later(command) => later::decide(command, view, ctx),
        Command::Guarded(guarded) => guarded::decide(guarded, view, ctx),
        Command::Reject(approval, verdict) => guarded::reject(*approval, verdict, view, ctx),
        Command::Note(row) => {
            let row = RequestRow { number: ctx.number(), ..(**row).clone() };
            Ok(Decision { changes: vec![Change::Request(Box::new(row))], reply: Reply::Done })
        }
    }
}

fn owner(customer: Number) -> Option<Number> {
    Some(customer).filter(|customer| *customer != Number(0))
}

fn purse(view: &dyn View, customer: Number, param: &'static str) -> Result<Purse, Refusal> {
    let kept = view.purse(customer).filter(|purse| !purse.standing.deleted);
    kept.ok_or(Refusal::CustomerMissing { param })
}

fn customer(view: &dyn View, customer: Number, param: &'static str) -> Result<Customer, Refusal> {
    let kept = view.customer(customer).filter(|customer| !customer.deleted);
    kept.ok_or(Refusal::CustomerMissing { param })
}
