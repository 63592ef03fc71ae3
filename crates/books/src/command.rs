//! Commands: everything that can be asked of the books, and what each one decides.
//!
//! A command names one customer. Deciding is pure: the same command over the same view with the
//! same context gives the same decision. Amounts are smallest units; arithmetic is checked.

use std::collections::BTreeMap;

use crate::cash_balance::{BankTransfer, CashTransaction, Cause, ReconciliationMode, Sender};
use crate::currency::Currency;
use crate::customer::{Address, CustomField, Customer, Profile, Purse, RenderingOptions, Shipping};
use crate::decision::{Change, Context, Decision, Refusal, Reply};
use crate::event::{EventKind, EventObject};
use crate::funding::Instructions;
use crate::id::{Number, RowKey};
use crate::journal::{Account, Entry, EntryKind};

/// How many metadata keys an object may have (Stripe's page "Metadata").
pub const METADATA_KEYS_MAX: usize = 50;

/// A transfer with a reference that starts like this is pulled back right after it arrived, as on
/// Stripe's page about testing bank transfers. Only dollars can be pulled back.
pub const REVERSAL_PREFIX: &str = "reversal_";

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
        /// Sets to choose from, of one currency and country, best first.
        candidates: Vec<Instructions>,
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
        /// What the sender typed.
        reference: Option<String>,
    },
}

/// One change to a customer. Making one is changing an empty one.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field of the profile with its name")]
pub enum Edit {
    Address(Option<Address>),
    BusinessName(Option<String>),
    Description(Option<String>),
    Email(Option<String>),
    IndividualName(Option<String>),
    InvoicePrefix(Option<String>),
    InvoiceCustomFields(Option<Vec<CustomField>>),
    InvoiceFooter(Option<String>),
    InvoiceRendering(Option<RenderingOptions>),
    /// Remove every key.
    MetadataClear,
    /// Set or, with `None`, remove keys.
    Metadata(BTreeMap<String, Option<String>>),
    Mode(ModeChange),
    Name(Option<String>),
    NextInvoiceSequence(i64),
    Phone(Option<String>),
    PreferredLocales(Vec<String>),
    Shipping(Option<Shipping>),
    TaxExempt(Option<String>),
}

/// A change of the way a customer's money is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChange {
    /// The customer's own mode from now on.
    Own(ReconciliationMode),
    /// The account's default again.
    MerchantDefault,
}

/// What a command sees.
pub struct View<'a> {
    /// The purse of the customer it names, if there ever was one.
    pub purse: Option<&'a Purse>,
    /// The customer itself, for commands that change it.
    pub customer: Option<&'a Customer>,
    /// The funding instructions that this customer has in that currency and country.
    pub instructions: Option<&'a Instructions>,
    /// Tells whether some customer has this account number already.
    pub taken: &'a dyn Fn(&str) -> bool,
}

impl Command {
    /// The customer that the command is about; none for one that is still to be made.
    pub fn customer(&self) -> Option<Number> {
        match self {
            Command::CreateCustomer { .. } => None,
            Command::UpdateCustomer { customer, .. }
            | Command::DeleteCustomer { customer }
            | Command::UpdateCashBalance { customer, .. }
            | Command::GetInstructions { customer, .. }
            | Command::Fund { customer, .. } => Some(*customer),
        }
    }
}

impl Command {
    /// Whether deciding it takes the customer's whole document, not the purse alone.
    pub fn changes_customer(&self) -> bool {
        matches!(
            self,
            Command::UpdateCustomer { .. }
                | Command::DeleteCustomer { .. }
                | Command::UpdateCashBalance { .. }
        )
    }
}

/// Decides a command: what it changes, or why nothing.
pub fn decide(
    command: &Command,
    view: &View<'_>,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        Command::CreateCustomer { edits } => create_customer(edits, ctx),
        Command::UpdateCustomer { edits, .. } => {
            if view.purse.is_some_and(|purse| purse.standing.deleted) {
                return Err(Refusal::CustomerDeleted);
            }
            update_customer(customer(view, "id")?, edits, ctx)
        }
        Command::DeleteCustomer { .. } => {
            delete_customer(purse(view, "id")?, customer(view, "id")?, ctx)
        }
        Command::UpdateCashBalance { mode, .. } => {
            let (purse, customer) = (purse(view, "customer")?, customer(view, "customer")?);
            Ok(update_cash_balance(purse, customer, *mode, ctx))
        }
        Command::GetInstructions { candidates, address_types, .. } => {
            let purse = purse(view, "customer")?;
            instructions(purse.standing.number, candidates, address_types, view)
        }
        Command::Fund { amount_minor, currency, reference, .. } => {
            fund(purse(view, "customer")?, *amount_minor, *currency, reference.clone(), ctx)
        }
    }
}

fn purse<'a>(view: &View<'a>, param: &'static str) -> Result<&'a Purse, Refusal> {
    let kept = view.purse.filter(|purse| !purse.standing.deleted);
    kept.ok_or(Refusal::CustomerMissing { param })
}

fn customer<'a>(view: &View<'a>, param: &'static str) -> Result<&'a Customer, Refusal> {
    view.customer.ok_or(Refusal::CustomerMissing { param })
}

fn create_customer(edits: &[Edit], ctx: &mut Context<'_>) -> Result<Decision, Refusal> {
    let number = ctx.number();
    let id = ctx.ids.customer(number);
    let mut customer = Customer { id, number, ..Customer::default() };
    apply(&mut customer, edits)?;
    let customer = Box::new(customer);
    let object = EventObject::Customer { now: customer.clone(), before: None };
    let event = ctx.event(EventKind::CustomerCreated, object);
    Ok(Decision {
        changes: vec![Change::Customer(customer.clone()), Change::Event(event)],
        reply: Reply::Customer(customer),
    })
}

fn update_customer(
    before: &Customer,
    edits: &[Edit],
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut customer = before.clone();
    apply(&mut customer, edits)?;
    let customer = Box::new(customer);
    if *customer == *before {
        return Ok(Decision { changes: vec![], reply: Reply::Customer(customer) });
    }
    let object =
        EventObject::Customer { now: customer.clone(), before: Some(Box::new(before.clone())) };
    let event = ctx.event(EventKind::CustomerUpdated, object);
    Ok(Decision {
        changes: vec![Change::Customer(customer.clone()), Change::Event(event)],
        reply: Reply::Customer(customer),
    })
}

fn delete_customer(
    purse: &Purse,
    customer: &Customer,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    if !purse.available.are_zero() {
        return Err(Refusal::CustomerHoldsCash);
    }
    let tombstone = Box::new(customer.tombstone());
    let object = EventObject::Customer { now: Box::new(customer.clone()), before: None };
    let event = ctx.event(EventKind::CustomerDeleted, object);
    Ok(Decision {
        changes: vec![Change::Customer(tombstone.clone()), Change::Event(event)],
        reply: Reply::Customer(tombstone),
    })
}

fn update_cash_balance(
    purse: &Purse,
    before: &Customer,
    mode: Option<ModeChange>,
    ctx: &Context<'_>,
) -> Decision {
    let mut customer = Box::new(before.clone());
    if let Some(mode) = mode {
        set_mode(&mut customer, mode);
    }
    let settings = customer.standing().settings(ctx.default_mode);
    let reply = Reply::CashBalance(customer.number, settings, purse.available.clone());
    let changes = if *customer == *before { vec![] } else { vec![Change::Customer(customer)] };
    Decision { changes, reply }
}

fn instructions(
    customer: Number,
    candidates: &[Instructions],
    address_types: &[String],
    view: &View<'_>,
) -> Result<Decision, Refusal> {
    let (chosen, changes) = match view.instructions {
        Some(known) => (known.clone(), vec![]),
        None => {
            let fresh = candidates
                .iter()
                .find(|candidate| !(view.taken)(&candidate.account_key))
                .ok_or(Refusal::NoAccountNumberLeft)?;
            (fresh.clone(), vec![Change::Instructions(customer, fresh.clone())])
        }
    };
    Ok(Decision { changes, reply: Reply::Instructions(chosen, address_types.to_vec()) })
}

fn fund(
    purse: &Purse,
    amount_minor: i64,
    currency: Currency,
    reference: Option<String>,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let sender = Sender::simulated(currency).ok_or(Refusal::NoTransferIn(currency))?;
    let pulled_back = currency == Currency::USD
        && reference.as_deref().is_some_and(|text| text.starts_with(REVERSAL_PREFIX));
    let cause = Cause::Funded(BankTransfer { reference, sender });
    let mut book = CashBook::open(purse);
    let funded = book.post(EntryKind::Funded, cause, amount_minor, currency, ctx)?;
    let settings = purse.standing.settings(ctx.default_mode);
    let object = EventObject::CashBalance(funded.key, settings);
    book.changes.push(Change::Event(ctx.event(EventKind::CashBalanceFundsAvailable, object)));
    if pulled_back {
        let kind = EntryKind::FundingReversed;
        book.post(kind, Cause::FundingReversed, -amount_minor, currency, ctx)?;
    }
    Ok(Decision { changes: book.changes, reply: Reply::CashTransaction(funded) })
}

/// Posts to one customer's cash balance within a decision: each transaction goes on from the one
/// before it, with its journal entry and its event beside it.
struct CashBook {
    customer: Number,
    available: crate::cash_balance::Balances,
    changes: Vec<Change>,
}

impl CashBook {
    fn open(purse: &Purse) -> CashBook {
        CashBook {
            customer: purse.standing.number,
            available: purse.available.clone(),
            changes: Vec::with_capacity(4),
        }
    }

    /// Moves `net_amount` between the bank and the cash balance: above zero comes in.
    fn post(
        &mut self,
        kind: EntryKind,
        cause: Cause,
        net_amount: i64,
        currency: Currency,
        ctx: &mut Context<'_>,
    ) -> Result<CashTransaction, Refusal> {
        let too_large = Refusal::AmountTooLarge;
        let ending_balance =
            self.available.get(currency).checked_add(net_amount).ok_or(too_large.clone())?;
        let mut others = self.available.clone();
        others.0.remove(&currency);
        let number = ctx.number();
        let key = RowKey { customer: self.customer, number };
        let accounts = (Account::Bank, Account::CustomerCash(self.customer));
        let entry =
            Entry::transfer(number, kind, accounts, net_amount, currency).map_err(|_| too_large)?;
        let transaction =
            CashTransaction { key, currency, net_amount, ending_balance, others, cause };
        self.available.0.insert(currency, ending_balance);
        self.changes.push(Change::Booked(entry, Some(transaction.clone())));
        let told = EventKind::CustomerCashBalanceTransactionCreated;
        let event = ctx.event(told, EventObject::CashTransaction(key));
        self.changes.push(Change::Event(event));
        Ok(transaction)
    }
}

fn set_mode(customer: &mut Customer, mode: ModeChange) {
    customer.reconciliation_mode = match mode {
        ModeChange::Own(mode) => Some(mode),
        ModeChange::MerchantDefault => None,
    };
}

fn apply(customer: &mut Customer, edits: &[Edit]) -> Result<(), Refusal> {
    for edit in edits {
        match edit.clone() {
            Edit::Mode(mode) => set_mode(customer, mode),
            other => apply_to_profile(&mut customer.profile, other),
        }
    }
    match customer.profile.metadata.len() {
        keys if keys > METADATA_KEYS_MAX => Err(Refusal::TooManyMetadataKeys(keys)),
        _ => Ok(()),
    }
}

fn apply_to_profile(profile: &mut Profile, edit: Edit) {
    match edit {
        Edit::Address(value) => profile.address = value,
        Edit::BusinessName(value) => profile.business_name = value,
        Edit::Description(value) => profile.description = value,
        Edit::Email(value) => profile.email = value,
        Edit::IndividualName(value) => profile.individual_name = value,
        Edit::InvoicePrefix(value) => profile.invoice_prefix = value,
        Edit::InvoiceCustomFields(value) => profile.invoice_settings.custom_fields = value,
        Edit::InvoiceFooter(value) => profile.invoice_settings.footer = value,
        Edit::InvoiceRendering(value) => profile.invoice_settings.rendering_options = value,
        Edit::MetadataClear => profile.metadata.clear(),
        Edit::Metadata(keys) => {
            for (key, value) in keys {
                match value {
                    Some(value) => drop(profile.metadata.insert(key, value)),
                    None => drop(profile.metadata.remove(&key)),
                }
            }
        }
        Edit::Mode(_) => unreachable!("the mode is no part of the profile"),
        Edit::Name(value) => profile.name = value,
        Edit::NextInvoiceSequence(value) => profile.next_invoice_sequence = Some(value),
        Edit::Phone(value) => profile.phone = value,
        Edit::PreferredLocales(value) => profile.preferred_locales = value,
        Edit::Shipping(value) => profile.shipping = value,
        Edit::TaxExempt(value) => profile.tax_exempt = value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(keys: &[(&str, Option<&str>)]) -> Edit {
        let owned =
            |(key, value): &(&str, Option<&str>)| ((*key).to_owned(), value.map(str::to_owned));
        Edit::Metadata(keys.iter().map(owned).collect())
    }

    #[test]
    fn metadata_merges_and_is_bounded() {
        let cases = [
            (vec![], "a=1 b=2"),
            (vec![Edit::MetadataClear], ""),
            (vec![metadata(&[("b", None), ("c", Some("3"))])], "a=1 c=3"),
            (vec![metadata(&[("a", Some("9")), ("missing", None)])], "a=9 b=2"),
        ];
        let mut before = Customer::default();
        apply(&mut before, &[metadata(&[("a", Some("1")), ("b", Some("2"))])]).unwrap();
        for (edits, want) in cases {
            let mut customer = before.clone();
            apply(&mut customer, &edits).unwrap();
            let pairs =
                customer.profile.metadata.iter().map(|(key, value)| format!("{key}={value}"));
            assert_eq!(pairs.collect::<Vec<_>>().join(" "), want, "{edits:?}");
        }
        let many = |count: usize| {
            Edit::Metadata((0..count).map(|at| (format!("k{at}"), Some("v".into()))).collect())
        };
        assert_eq!(apply(&mut before.clone(), &[many(48)]), Ok(()));
        let refused = apply(&mut before, &[many(49)]);
        assert_eq!(refused, Err(Refusal::TooManyMetadataKeys(51)));
    }
}
