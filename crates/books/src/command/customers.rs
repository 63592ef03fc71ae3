//! Customers: making, changing and deleting them, and the settings of their cash balances.

use std::collections::BTreeMap;

use super::book::{Book, intent};
use super::methods::{self, DefaultMethod, MethodGiven};
use super::wallet::{self, Given};
use super::{MetadataPatch, customer, purse};
use crate::cash_balance::ReconciliationMode;
use crate::customer::{Address, CustomField, Customer, Profile, RenderingOptions, Shipping};
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::event::{EventKind, EventObject};
use crate::id::{Number, RowKey};
use crate::payment_intent::InstrumentKey;

/// How many metadata keys an object may have (Stripe's page "Metadata").
pub const METADATA_KEYS_MAX: usize = 50;

/// One change to a customer. Making one is changing an empty one.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant sets the field of the profile with its name")]
pub enum Edit {
    Address(Option<Address>),
    BusinessName(Option<String>),
    DefaultMethod(DefaultMethod),
    DefaultSource(InstrumentKey),
    Description(Option<String>),
    Email(Option<String>),
    IndividualName(Option<String>),
    InvoicePrefix(Option<String>),
    InvoiceCustomFields(Option<Vec<CustomField>>),
    InvoiceFooter(Option<String>),
    InvoiceRendering(Option<RenderingOptions>),
    Metadata(MetadataPatch),
    Method(MethodGiven),
    Mode(ModeChange),
    Name(Option<String>),
    NextInvoiceSequence(i64),
    Phone(Option<String>),
    PreferredLocales(Vec<String>),
    Shipping(Option<Shipping>),
    Source(Given),
    TaxExempt(Option<String>),
}

impl Edit {
    /// Whether it is about the cards, sources and payment methods that the customer has.
    pub(super) fn is_about_wallet(&self) -> bool {
        matches!(
            self,
            Edit::DefaultMethod(_) | Edit::DefaultSource(_) | Edit::Method(_) | Edit::Source(_)
        )
    }
}

/// A change of the way a customer's money is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChange {
    /// The customer's own mode from now on.
    Own(ReconciliationMode),
    /// The account's default again.
    MerchantDefault,
}

pub(super) fn create(
    edits: &[Edit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let number = ctx.number();
    let id = ctx.ids.customer(number);
    let mut customer = Customer { id, number, ..Customer::default() };
    apply(&mut customer, edits)?;
    let mut book = Book::open_any(Number(0), view, ctx)?;
    let mut told = wallet::follow(&mut book, &mut customer, edits)?;
    told.extend(methods::follow(&mut book, &mut customer, edits)?);
    let customer = Box::new(customer);
    book.note(Change::Customer(customer.clone()));
    let object = EventObject::Customer { now: customer.clone(), before: None };
    book.tell_of(EventKind::CustomerCreated, object);
    told.into_iter().for_each(|(kind, document)| book.tell(kind, document));
    Ok(book.close(Reply::Customer(customer)))
}

pub(super) fn update(
    number: Number,
    edits: &[Edit],
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    if view.purse(number).is_some_and(|purse| purse.standing.deleted) {
        return Err(Refusal::CustomerDeleted);
    }
    let before = customer(view, number, "id")?;
    let mut customer = before.clone();
    apply(&mut customer, edits)?;
    let mut book = Book::open(number, "id", view, ctx)?;
    let mut told = wallet::follow(&mut book, &mut customer, edits)?;
    told.extend(methods::follow(&mut book, &mut customer, edits)?);
    told.into_iter().for_each(|(kind, document)| book.tell(kind, document));
    let customer = Box::new(customer);
    book.note_customer(before, &customer);
    Ok(book.close(Reply::Customer(customer)))
}

pub(super) fn delete(
    number: Number,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let purse = purse(view, number, "id")?;
    let ever_funded = !purse.available.0.is_empty();
    if !purse.available.are_zero()
        || (ctx.rules.strict_delete && ever_funded)
        || holds_parts_of_payments(number, view)
    {
        return Err(Refusal::CustomerHoldsCash);
    }
    let customer = customer(view, number, "id")?;
    let mut book = Book::open(number, "id", view, ctx)?;
    wallet::empty(&mut book, number)?;
    let tombstone = Box::new(customer.tombstone());
    book.note(Change::Customer(tombstone.clone()));
    let object = EventObject::Customer { now: Box::new(customer), before: None };
    book.tell_of(EventKind::CustomerDeleted, object);
    Ok(book.close(Reply::Customer(tombstone)))
}

/// Whether part-paid payments hold money that would come back to the cash balance.
fn holds_parts_of_payments(customer: Number, view: &dyn View) -> bool {
    view.payables(customer).iter().any(|payable| {
        let key = RowKey { customer, number: payable.intent };
        intent(view, key, "payment_intent").is_ok_and(|intent| intent.applied > 0)
    })
}

pub(super) fn update_cash_balance(
    number: Number,
    mode: Option<ModeChange>,
    view: &dyn View,
    ctx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let purse = purse(view, number, "customer")?;
    let before = customer(view, number, "customer")?;
    let mut customer = Box::new(before.clone());
    if let Some(mode) = mode {
        set_mode(&mut customer, mode);
    }
    let settings = customer.standing().settings(ctx.rules.default_mode);
    let reply = Reply::CashBalance(number, settings, purse.available);
    let changes = if *customer == before { vec![] } else { vec![Change::Customer(customer)] };
    Ok(Decision { changes, reply })
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
            Edit::Metadata(patch) => patch_metadata(&mut customer.profile.metadata, &patch)?,
            // What is given is decided with the wallet.
            edit if edit.is_about_wallet() => {}
            other => apply_to_profile(&mut customer.profile, other),
        }
    }
    Ok(())
}

/// An object has [`METADATA_KEYS_MAX`] keys at most.
pub(super) fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Refusal> {
    match metadata.len() {
        keys if keys > METADATA_KEYS_MAX => Err(Refusal::TooManyMetadataKeys(keys)),
        _ => Ok(()),
    }
}

/// Changes metadata: all of it is removed, or keys are set and removed.
pub(super) fn patch_metadata(
    metadata: &mut BTreeMap<String, String>,
    patch: &MetadataPatch,
) -> Result<(), Refusal> {
    match patch {
        None => metadata.clear(),
        Some(keys) => {
            for (key, value) in keys.clone() {
                match value {
                    Some(value) => drop(metadata.insert(key, value)),
                    None => drop(metadata.remove(&key)),
                }
            }
        }
    }
    check_metadata(metadata)
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
        Edit::DefaultMethod(_)
        | Edit::DefaultSource(_)
        | Edit::Metadata(_)
        | Edit::Method(_)
        | Edit::Mode(_)
        | Edit::Source(_) => unreachable!("none of these is set like a field"),
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
        Edit::Metadata(Some(keys.iter().map(owned).collect()))
    }

    #[test]
    fn metadata_merges_and_is_bounded() {
        let cases = [
            (vec![], "a=1 b=2"),
            (vec![Edit::Metadata(None)], ""),
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
            let keys = (0..count).map(|at| (format!("k{at}"), Some("v".into())));
            Edit::Metadata(Some(keys.collect()))
        };
        assert_eq!(apply(&mut before.clone(), &[many(48)]), Ok(()));
        let refused = apply(&mut before, &[many(49)]);
        assert_eq!(refused, Err(Refusal::TooManyMetadataKeys(51)));
    }
}
