//! Invoices: drafting, finalizing, paying and giving them up.

use std::collections::BTreeMap;

use super::book::{Book, intent};
use super::customers::check_metadata;
use super::intent_methods::AMOUNT_MAX;
use super::intents::begin_to_await;
use crate::currency::Currency;
use crate::customer::{CustomField, Customer, Profile, RenderingOptions};
use crate::decision::{Change, Context, Decision, Refusal, Reply, View};
use crate::document::Document;
use crate::event::EventKind;
use crate::id::{Kind, Number, RowKey};
use crate::invoice::{Addressee, Invoice, InvoiceItem, InvoiceStatus, LINES_MAX, Transitions};
use crate::payment_intent::{Billed, IntentProfile, IntentStatus, PaymentIntent, TransferOptions};
use crate::time::Timestamp;
use crate::timer::{DAY_S, Timer, TimerKind};

/// Characters of an invoice prefix that is made up.
const PREFIX_CHARS: usize = 8;

/// What can be asked about invoices.
#[derive(Clone, Debug, PartialEq)]
pub enum InvoiceCommand {
    /// Make a draft.
    Create {
        /// Who is to pay.
        customer: Number,
        /// What.
        draft: Box<InvoiceDraft>,
    },
    /// Bill something: on a draft invoice, or for a later one.
    CreateItem {
        /// Who is to pay.
        customer: Number,
        /// What.
        draft: Box<ItemDraft>,
        /// On which invoice.
        invoice: Option<RowKey>,
    },
    /// Open it for payment.
    Finalize {
        /// Which.
        invoice: RowKey,
    },
    /// Pay it from the cash balance, or note that it was paid by other means.
    Pay {
        /// Which.
        invoice: RowKey,
        /// Whether it was paid by other means.
        out_of_band: bool,
    },
    /// Give it up as a mistake.
    Void {
        /// Which.
        invoice: RowKey,
    },
    /// Give up hope.
    MarkUncollectible {
        /// Which.
        invoice: RowKey,
    },
}

/// An invoice that is to be made.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the invoice")]
pub struct InvoiceDraft {
    /// The account's currency, unless one was given.
    pub currency: Currency,
    pub collection_method: String,
    pub days_until_due: Option<i64>,
    pub due_date: Option<Timestamp>,
    pub number: Option<String>,
    pub transfer: Option<TransferOptions>,
    pub description: Option<String>,
    pub footer: Option<String>,
    pub custom_fields: Option<Vec<CustomField>>,
    pub rendering: Option<RenderingOptions>,
    pub metadata: BTreeMap<String, String>,
}

/// An item that is to be made.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the item")]
pub struct ItemDraft {
    /// In all: the price times the quantity.
    pub amount: i64,
    /// The invoice's currency, or the account's, unless one was given.
    pub currency: Option<Currency>,
    pub quantity: i64,
    /// What one costs, a decimal number of smallest units, where it was given.
    pub unit_amount: Option<String>,
    pub description: Option<String>,
    pub discountable: bool,
    /// The moment, unless a span was given.
    pub period: Option<(Timestamp, Timestamp)>,
    pub metadata: BTreeMap<String, String>,
}

impl InvoiceCommand {
    pub(super) fn customer(&self) -> Number {
        match self {
            InvoiceCommand::Create { customer, .. }
            | InvoiceCommand::CreateItem { customer, .. } => *customer,
            InvoiceCommand::Finalize { invoice }
            | InvoiceCommand::Pay { invoice, .. }
            | InvoiceCommand::Void { invoice }
            | InvoiceCommand::MarkUncollectible { invoice } => invoice.customer,
        }
    }
}

pub(super) fn decide(
    command: &InvoiceCommand,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    match command {
        InvoiceCommand::Create { customer, draft } => create(*customer, draft, view, ctx),
        InvoiceCommand::CreateItem { customer, draft, invoice } => {
            create_item(*customer, draft, *invoice, view, ctx)
        }
        InvoiceCommand::Finalize { invoice } => finalize(*invoice, view, ctx),
        InvoiceCommand::Pay { invoice, out_of_band } => pay(*invoice, *out_of_band, view, ctx),
        InvoiceCommand::Void { invoice } => give_up(*invoice, InvoiceStatus::Void, view, ctx),
        InvoiceCommand::MarkUncollectible { invoice } => {
            give_up(*invoice, InvoiceStatus::Uncollectible, view, ctx)
        }
    }
}

fn load(view: &dyn View, key: RowKey) -> Result<Invoice, Refusal> {
    match view.document(Kind::Invoice, key) {
        Some(Document::Invoice(invoice)) => Ok(*invoice),
        _ => Err(Refusal::Missing { kind: Kind::Invoice, key, param: "invoice" }),
    }
}

fn must_be(
    invoice: &Invoice,
    allowed: &[InvoiceStatus],
    action: &'static str,
) -> Result<(), Refusal> {
    match allowed.contains(&invoice.status) {
        true => Ok(()),
        false => Err(Refusal::InvoiceState { action, status: invoice.status }),
    }
}

fn addressee(customer: &Customer) -> Addressee {
    let Profile { address, email, name, phone, shipping, tax_exempt, .. } =
        customer.profile.clone();
    Addressee { address, email, name, phone, shipping, tax_exempt }
}

fn create(
    customer: Number,
    draft: &InvoiceDraft,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open(customer, "customer", view, ctx)?;
    check_metadata(&draft.metadata)?;
    let draft = draft.clone();
    let addressed = super::customer(view, customer, "customer")?;
    let invoice = Invoice {
        key: book.new_key(),
        currency: draft.currency,
        status: InvoiceStatus::Draft,
        lines: Vec::new(),
        collection_method: draft.collection_method,
        days_until_due: draft.days_until_due,
        due_date: draft.due_date,
        number: draft.number,
        payment_intent: None,
        amount_paid: 0,
        paid_out_of_band: false,
        transfer: draft.transfer,
        transitions: Transitions::default(),
        description: draft.description,
        footer: draft.footer,
        custom_fields: draft.custom_fields,
        rendering: draft.rendering,
        metadata: draft.metadata,
        addressee: addressee(&addressed),
    };
    book.put(invoice.clone());
    book.tell(EventKind::InvoiceCreated, invoice.clone());
    Ok(book.close(Document::from(invoice)))
}

fn create_item(
    customer: Number,
    draft: &ItemDraft,
    on: Option<RowKey>,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open(customer, "customer", view, ctx)?;
    check_metadata(&draft.metadata)?;
    let mut invoice = on.map(|key| load(view, key)).transpose()?;
    let currency = match (&invoice, draft.currency) {
        (Some(invoice), Some(currency)) if invoice.currency != currency => {
            return Err(Refusal::InvoiceCurrency(invoice.currency));
        }
        (Some(invoice), _) => invoice.currency,
        (None, given) => given.unwrap_or(book.ctx.rules.currency),
    };
    let now = book.ctx.second();
    let draft = draft.clone();
    let item = InvoiceItem {
        key: book.new_key(),
        invoice: invoice.as_ref().map(|invoice| invoice.key.number),
        amount: draft.amount,
        currency,
        quantity: draft.quantity,
        unit_amount: draft.unit_amount,
        description: draft.description,
        discountable: draft.discountable,
        period: draft.period.unwrap_or((now, now)),
        metadata: draft.metadata,
    };
    book.put(item.clone());
    book.tell(EventKind::InvoiceitemCreated, item.clone());
    if let Some(invoice) = &mut invoice {
        must_be(invoice, &[InvoiceStatus::Draft], "given another line")?;
        if invoice.lines.len() >= LINES_MAX {
            return Err(Refusal::InvoiceFull);
        }
        let before = invoice.clone();
        invoice.lines.push(item.clone());
        book.put(invoice.clone());
        book.tell_update(EventKind::InvoiceUpdated, before, invoice.clone());
    }
    Ok(book.close(Document::from(item)))
}

fn finalize(key: RowKey, view: &dyn View, ctx: &mut Context<'_>) -> Result<Decision, Refusal> {
    let mut invoice = load(view, key)?;
    must_be(&invoice, &[InvoiceStatus::Draft], "finalized")?;
    let due = invoice.amount_due();
    if due > AMOUNT_MAX {
        return Err(Refusal::InvoiceTooLarge(AMOUNT_MAX));
    }
    let mut book = Book::open(key.customer, "customer", view, ctx)?;
    let customer = super::customer(view, key.customer, "customer")?;
    let now = book.ctx.second();
    invoice.addressee = addressee(&customer);
    let number = match invoice.number.clone() {
        Some(number) => number,
        None => next_number(&mut book, customer),
    };
    invoice.number = Some(number.clone());
    let in_days = invoice
        .days_until_due
        .map(|days| Timestamp(now.0.saturating_add(days.saturating_mul(DAY_S))));
    invoice.due_date = invoice.due_date.or(in_days);
    invoice.transitions.finalized_at = Some(now);
    invoice.status = InvoiceStatus::Open;
    if due == 0 {
        book.tell(EventKind::InvoiceFinalized, invoice.clone());
        settle(&mut book, &mut invoice, 0);
        return Ok(book.close(Document::from(invoice)));
    }
    if let Some(due) = invoice.due_date {
        let timer = Timer { due, kind: TimerKind::InvoiceOverdue, key };
        book.note(Change::TimerSet(timer));
    }
    let mut intent = draft_intent(&mut book, &invoice, number);
    invoice.payment_intent = Some(intent.key.number);
    book.put(invoice.clone());
    book.tell(EventKind::InvoiceFinalized, invoice.clone());
    book.tell(EventKind::PaymentIntentCreated, intent.clone());
    book.handle(intent.key.number);
    if book.is_automatic() && book.available(intent.currency) >= due {
        book.pay(&mut intent, due)?;
        let paid = paid_by(&mut book, invoice, &intent);
        book.put(intent);
        return Ok(book.close(Document::from(paid)));
    }
    if let Some(transfer) = intent.transfer.clone() {
        begin_to_await(&mut book, &mut intent, &transfer)?;
        book.tell(EventKind::PaymentIntentRequiresAction, intent.clone());
    }
    book.put(intent);
    Ok(book.close(Document::from(invoice)))
}

/// The next invoice number of a customer, whose sequence moves on.
fn next_number(book: &mut Book<'_, '_>, mut customer: Customer) -> String {
    let prefix = match &customer.profile.invoice_prefix {
        Some(prefix) => prefix.clone(),
        None => book.ctx.ids.transfer_reference(customer.number)[..PREFIX_CHARS].to_owned(),
    };
    let sequence = customer.profile.next_invoice_sequence.unwrap_or(1);
    customer.profile.next_invoice_sequence = Some(sequence.saturating_add(1));
    customer.profile.invoice_prefix = Some(prefix.clone());
    book.note(Change::Customer(Box::new(customer)));
    format!("{prefix}-{sequence:04}")
}

/// The intent that takes the money of an invoice.
fn draft_intent(book: &mut Book<'_, '_>, invoice: &Invoice, number: String) -> PaymentIntent {
    PaymentIntent {
        key: book.new_key(),
        amount: invoice.amount_due(),
        currency: invoice.currency,
        status: IntentStatus::RequiresPaymentMethod,
        applied: 0,
        transfer: invoice.transfer.clone(),
        payment_method: None,
        confirmed: Some(book.ctx.number()),
        instructions: None,
        charge: None,
        billed: Some(Billed {
            invoice: invoice.key.number,
            number,
            due_date: invoice.due_date,
            is_open: true,
        }),
        canceled: None,
        last_error: None,
        methods: Vec::new(),
        card: None,
        automatic_methods: None,
        billing_details: Default::default(),
        profile: IntentProfile {
            description: Some(format!(
                "Payment for Invoice {}",
                invoice.number.as_deref().unwrap_or_default()
            )),
            ..IntentProfile::default()
        },
    }
}

fn pay(
    key: RowKey,
    out_of_band: bool,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut invoice = load(view, key)?;
    must_be(&invoice, &[InvoiceStatus::Open, InvoiceStatus::Uncollectible], "paid")?;
    let mut book = Book::open(key.customer, "customer", view, ctx)?;
    let mut intent = intent_of(view, &invoice)?;
    let remaining = intent.amount_remaining();
    if out_of_band {
        invoice.paid_out_of_band = true;
        super::intents::give_up(&mut book, &mut intent, None);
        settle(&mut book, &mut invoice, remaining);
        return Ok(book.close(Document::from(invoice)));
    }
    let available = book.available(intent.currency).max(0);
    if available < remaining {
        return Err(Refusal::InvoiceNotCovered { available });
    }
    book.handle(intent.key.number);
    book.pay(&mut intent, remaining)?;
    let paid = paid_by(&mut book, invoice, &intent);
    book.put(intent);
    Ok(book.close(Document::from(paid)))
}

fn give_up(
    key: RowKey,
    status: InvoiceStatus,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut invoice = load(view, key)?;
    let is_void = status == InvoiceStatus::Void;
    let (allowed, action): (&[InvoiceStatus], _) = match is_void {
        true => (&[InvoiceStatus::Open, InvoiceStatus::Uncollectible], "voided"),
        false => (&[InvoiceStatus::Open], "marked as uncollectible"),
    };
    must_be(&invoice, allowed, action)?;
    let mut book = Book::open_any(key.customer, view, ctx)?;
    let mut intent = intent_of(view, &invoice)?;
    let now = Some(book.ctx.second());
    invoice.status = status;
    match is_void {
        true => invoice.transitions.voided_at = now,
        false => invoice.transitions.marked_uncollectible_at = now,
    }
    if let Some(billed) = &mut intent.billed {
        billed.is_open = false;
    }
    match is_void {
        true => super::intents::give_up(&mut book, &mut intent, Some("void_invoice".into())),
        false => book.put(intent),
    }
    book.put(invoice.clone());
    let told = match is_void {
        true => EventKind::InvoiceVoided,
        false => EventKind::InvoiceMarkedUncollectible,
    };
    book.tell(told, invoice.clone());
    Ok(book.close(Document::from(invoice)))
}

fn intent_of(view: &dyn View, invoice: &Invoice) -> Result<PaymentIntent, Refusal> {
    let number = invoice.payment_intent.unwrap_or_default();
    intent(view, RowKey { number, ..invoice.key }, "payment_intent")
}

/// The intent of an invoice has all its money: so has the invoice.
pub(super) fn intent_succeeded(book: &mut Book<'_, '_>, intent: &PaymentIntent) {
    let Some(billed) = &intent.billed else { return };
    let key = RowKey { number: billed.invoice, ..intent.key };
    // Whoever finalizes or pays an invoice by itself goes on with it by itself.
    if !book.handles(intent.key.number)
        && let Ok(invoice) = load(book.view, key)
    {
        paid_by(book, invoice, intent);
    }
}

fn paid_by(book: &mut Book<'_, '_>, mut invoice: Invoice, intent: &PaymentIntent) -> Invoice {
    settle(book, &mut invoice, intent.amount);
    invoice
}

fn settle(book: &mut Book<'_, '_>, invoice: &mut Invoice, amount: i64) {
    invoice.status = InvoiceStatus::Paid;
    invoice.amount_paid = amount;
    invoice.transitions.paid_at = Some(book.ctx.second());
    book.put(invoice.clone());
    book.tell(EventKind::InvoicePaid, invoice.clone());
    if amount > 0 && !invoice.paid_out_of_band {
        book.tell(EventKind::InvoicePaymentSucceeded, invoice.clone());
    }
}

/// An invoice was to be paid by now.
pub(super) fn overdue(
    timer: Timer,
    view: &dyn View,
    ctx: &mut Context<'_>,
) -> Result<Decision, Refusal> {
    let mut book = Book::open_any(timer.key.customer, view, ctx)?;
    book.note(Change::TimerDone(timer));
    let invoice = load(view, timer.key)?;
    if invoice.status == InvoiceStatus::Open && invoice.due_date == Some(timer.due) {
        book.tell(EventKind::InvoiceOverdue, invoice);
    }
    Ok(book.close(Reply::Done))
}
