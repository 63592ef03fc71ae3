//! Which rows a row names, and what two rows that name each other must say alike.

use crate::balance::{BalanceKind, BalanceTransaction, SourceType};
use crate::cash_balance::{CashTransaction, Cause};
use crate::charge::{CardCharge, Instrument, Stage};
use crate::currency::Currency;
use crate::customer::Customer;
use crate::document::Document;
use crate::event::{Event, EventObject};
use crate::id::{Kind, Number, RowKey};
use crate::invoice::{Invoice, InvoiceStatus};
use crate::payment_intent::{IntentStatus, PaymentError, PaymentIntent};
use crate::payout::{Payout, PayoutStatus};
use crate::refund::{Destination, Refund, RefundOrigin};
use crate::timer::{Timer, TimerKind};
use crate::topup::TopupStatus;

/// A row that names others.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each variant is the type with its name")]
pub enum Row {
    Customer(Box<Customer>),
    Document(Document),
    BalanceTransaction(Box<BalanceTransaction>),
    CashTransaction(Box<CashTransaction>),
    Timer(Timer),
    Event(Box<Event>),
}

/// What is where a name leads.
#[derive(Clone, Debug)]
pub enum Found {
    /// No row of this kind and key.
    Nothing,
    /// A row, of which no more is known: it cannot be read, or need not be.
    Something,
    /// This row.
    Row(Row),
}

impl Row {
    /// What to call it in a finding.
    pub fn label(&self) -> String {
        match self {
            Row::Customer(customer) => format!("customer {}", customer.number.0),
            Row::Document(document) => {
                format!("{} {}", document.kind().object(), document.key().number.0)
            }
            Row::BalanceTransaction(line) => format!("balance transaction {}", line.number.0),
            Row::CashTransaction(row) => format!("cash balance transaction {}", row.key.number.0),
            Row::Timer(timer) => format!("timer {} of {}", timer.kind.as_str(), timer.key.number.0),
            Row::Event(event) => format!("event {}", event.number.0),
        }
    }

    /// The rows that it names. Funding and returns, which are most of what there is, name none.
    pub fn named(&self) -> Vec<(Kind, RowKey)> {
        match self {
            Row::Customer(customer) => named_by_customer(customer),
            Row::Document(document) => named_by_document(document),
            Row::BalanceTransaction(line) => line.source.into_iter().collect(),
            Row::CashTransaction(row) => named_by_cause(row),
            Row::Timer(timer) => {
                target(timer.kind).map(|kind| (kind, timer.key)).into_iter().collect()
            }
            Row::Event(event) => named_by_event(event),
        }
    }

    /// Whether a row that it names says the same of what both are about.
    pub fn agrees_with(&self, other: &Row) -> bool {
        match (self, other) {
            // What a customer pays with where nothing else is named is its own.
            (Row::Customer(customer), Row::Document(document)) => {
                document.parent() == Some(customer.number)
            }
            (Row::Document(document), Row::Document(other)) => documents_agree(document, other),
            (Row::Document(document), Row::BalanceTransaction(line)) => is_line_of(line, document),
            (Row::BalanceTransaction(line), Row::Document(Document::CardCharge(charge))) => {
                charge.balance_transaction == Some(line.number) || is_dispute_of(line, charge)
            }
            (Row::BalanceTransaction(line), Row::Document(Document::Refund(refund))) => {
                lines_of_refund(refund).contains(&Some(line.number))
            }
            (Row::BalanceTransaction(line), Row::Document(Document::Payout(payout))) => {
                lines_of_payout(payout).contains(&Some(line.number))
            }
            (Row::BalanceTransaction(line), Row::Document(Document::Topup(topup))) => {
                topup.balance_transaction == Some(line.number)
            }
            (Row::BalanceTransaction(line), Row::CashTransaction(row)) => {
                line_of_cause(&row.cause) == Some(line.number)
            }
            (Row::CashTransaction(row), other) => cash_agrees(row, other),
            (Row::Timer(timer), Row::BalanceTransaction(line)) => {
                (timer.key.customer, timer.due) == (Number(0), line.available_on)
            }
            _ => true,
        }
    }
}

/// What a kind of timer is about, where its key is that of a row.
fn target(kind: TimerKind) -> Option<Kind> {
    Some(match kind {
        TimerKind::Settle => Kind::BalanceTransaction,
        TimerKind::RefundExpires | TimerKind::RefundArrives => Kind::Refund,
        TimerKind::PayoutLeaves | TimerKind::PayoutArrives => Kind::Payout,
        TimerKind::InvoiceOverdue => Kind::Invoice,
        TimerKind::AuthorizationEnds => Kind::Charge,
        TimerKind::TopupArrives => Kind::Topup,
        #[allow(unreachable_patterns, reason = "kinds that name no row of their own")]
        _ => return None,
    })
}

fn of_the_account(number: Number) -> RowKey {
    RowKey { customer: Number(0), number }
}

fn named_by_customer(customer: &Customer) -> Vec<(Kind, RowKey)> {
    let method =
        customer.default_method.map(|number| (Kind::PaymentMethod, of_the_account(number)));
    customer.default_source.map(|source| source.named()).into_iter().chain(method).collect()
}

fn named_by_document(document: &Document) -> Vec<(Kind, RowKey)> {
    let customer = document.key().customer;
    let own = |number| RowKey { customer, number };
    let mut named = Vec::new();
    let mut add = |kind, number: Option<Number>| {
        named.extend(number.map(|number| match kind {
            Kind::BalanceTransaction | Kind::Payout | Kind::BankAccount => {
                (kind, of_the_account(number))
            }
            _ => (kind, own(number)),
        }));
    };
    match document {
        Document::PaymentIntent(intent) => {
            let charge = intent.charge.as_ref();
            let tried = match &intent.last_error {
                Some(PaymentError::BalanceTooLow { payment_method }) => Some(*payment_method),
                _ => None,
            };
            add(Kind::PaymentMethod, intent.payment_method);
            add(Kind::PaymentMethod, tried);
            add(Kind::Charge, charge.map(|charge| charge.number));
            add(Kind::BalanceTransaction, charge.map(|charge| charge.balance_transaction));
            add(Kind::Invoice, intent.billed.as_ref().map(|billed| billed.invoice));
            if let Some(card) = &intent.card {
                add(Kind::Charge, card.latest_charge);
                named.extend(card.instrument.map(|instrument| instrument.named()));
            }
            if let Some(PaymentError::Declined { instrument, charge, .. }) = &intent.last_error {
                named.extend(charge.map(|number| (Kind::Charge, own(number))));
                named.extend(kept_instrument(instrument));
            }
        }
        Document::Charge(charge) => add(Kind::PaymentIntent, Some(charge.payment_intent)),
        Document::PaymentMethod(method) => add(Kind::PaymentIntent, method.payment_intent),
        Document::Refund(refund) => {
            match refund.origin {
                RefundOrigin::Payment { payment_intent, charge, payment_method } => {
                    add(Kind::PaymentIntent, Some(payment_intent));
                    add(Kind::Charge, Some(charge));
                    add(Kind::PaymentMethod, Some(payment_method));
                }
                RefundOrigin::Charge { charge, payment_intent } => {
                    add(Kind::Charge, Some(charge));
                    add(Kind::PaymentIntent, payment_intent);
                }
                RefundOrigin::CashBalance { lot } => add(Kind::CashTransaction, lot),
            }
            lines_of_refund(refund)
                .into_iter()
                .for_each(|line| add(Kind::BalanceTransaction, line));
        }
        Document::Payout(payout) => {
            add(Kind::BankAccount, Some(payout.destination));
            add(Kind::Payout, payout.original_payout);
            add(Kind::Payout, payout.reversed_by);
            lines_of_payout(payout)
                .into_iter()
                .for_each(|line| add(Kind::BalanceTransaction, line));
        }
        Document::Topup(topup) => add(Kind::BalanceTransaction, topup.balance_transaction),
        Document::CardCharge(charge) => {
            add(Kind::PaymentIntent, charge.payment_intent);
            add(Kind::BalanceTransaction, charge.balance_transaction);
            named.extend(kept_instrument(&charge.instrument));
        }
        Document::Invoice(invoice) => {
            add(Kind::PaymentIntent, invoice.payment_intent);
            invoice.lines.iter().for_each(|line| add(Kind::InvoiceItem, Some(line.key.number)));
        }
        Document::InvoiceItem(item) => add(Kind::Invoice, item.invoice),
        Document::Source(source) => {
            named.extend(source.customer.map(|number| (Kind::Customer, of_the_account(number))));
        }
        Document::SourceTransaction(transaction) => {
            named.push((Kind::Source, of_the_account(transaction.source)));
        }
        // The others name nothing.
        _ => {}
    }
    named
}

/// The row of what was charged. A card that came with the request has none.
fn kept_instrument(instrument: &Instrument) -> Option<(Kind, RowKey)> {
    let (kind, key) = instrument.named();
    let is_kept = kind != Kind::Card || key.customer != Number(0);
    is_kept.then_some((kind, key))
}

fn lines_of_refund(refund: &Refund) -> [Option<Number>; 2] {
    [refund.balance_transaction, refund.failure_balance_transaction]
}

fn lines_of_payout(payout: &Payout) -> [Option<Number>; 2] {
    [Some(payout.balance_transaction), payout.failure_balance_transaction]
}

fn line_of_cause(cause: &Cause) -> Option<Number> {
    match cause {
        Cause::TransferredToBalance { balance_transaction }
        | Cause::AdjustedForOverdraft { balance_transaction, .. } => Some(*balance_transaction),
        _ => None,
    }
}

fn named_by_cause(row: &CashTransaction) -> Vec<(Kind, RowKey)> {
    let own = |kind, number| (kind, RowKey { number, ..row.key });
    let line = line_of_cause(&row.cause);
    let mut named: Vec<_> =
        line.into_iter().map(|line| (Kind::BalanceTransaction, of_the_account(line))).collect();
    match row.cause {
        Cause::AppliedToPayment { payment_intent }
        | Cause::UnappliedFromPayment { payment_intent } => {
            named.push(own(Kind::PaymentIntent, payment_intent));
        }
        Cause::RefundedFromPayment { refund } => named.push(own(Kind::Refund, refund)),
        Cause::FundingReversed { funded: Some(funded) } => {
            named.push(own(Kind::CashTransaction, funded));
        }
        Cause::AdjustedForOverdraft { linked_transaction, .. } => {
            named.push(own(Kind::CashTransaction, linked_transaction));
        }
        Cause::Funded(_)
        | Cause::FundingReversed { funded: None }
        | Cause::ReturnInitiated
        | Cause::ReturnCanceled
        | Cause::TransferredToBalance { .. } => {}
    }
    named
}

fn named_by_event(event: &Event) -> Vec<(Kind, RowKey)> {
    match &event.object {
        EventObject::CashTransaction(key) | EventObject::CashBalance(key, _) => {
            vec![(Kind::CashTransaction, *key)]
        }
        EventObject::Customer { now, .. } => vec![(Kind::Customer, of_the_account(now.number))],
        EventObject::Document { now, .. } => vec![(now.kind(), now.key())],
        EventObject::Balance(_) => vec![],
    }
}

fn documents_agree(document: &Document, other: &Document) -> bool {
    use Document as D;
    let number = document.key().number;
    match (document, other) {
        (D::PaymentIntent(_), D::Charge(charge)) => charge.payment_intent == number,
        (D::PaymentIntent(_), D::PaymentMethod(method)) => {
            method.payment_intent.is_none_or(|of| of == number)
        }
        (D::PaymentIntent(intent), D::CardCharge(charge)) => is_charge_of(charge, intent),
        (D::PaymentIntent(intent), D::Invoice(invoice))
        | (D::Invoice(invoice), D::PaymentIntent(intent)) => is_billed_as(intent, invoice),
        (D::Charge(_), D::PaymentIntent(intent)) => {
            intent.charge.as_ref().map(|charge| charge.number) == Some(number)
        }
        (D::Refund(refund), other) => refund_agrees(refund, other),
        (D::SourceTransaction(transaction), D::Source(source)) => {
            transaction.kind == source.kind && Some(transaction.currency) == source.currency
        }
        (D::CardCharge(charge), other) => charge_agrees(charge, other),
        (D::Payout(payout), D::BankAccount(account)) => payout.currency == account.currency,
        (D::Payout(payout), D::Payout(other)) => {
            takes_back(payout, other) || takes_back(other, payout)
        }
        (D::Invoice(invoice), D::InvoiceItem(item))
        | (D::InvoiceItem(item), D::Invoice(invoice)) => {
            item.invoice == Some(invoice.key.number) && invoice.lines.contains(item)
        }
        _ => true,
    }
}

/// An intent and an invoice belong together, are about the same money, and are paid together.
fn is_billed_as(intent: &PaymentIntent, invoice: &Invoice) -> bool {
    let billed = intent.billed.as_ref().map(|billed| billed.invoice);
    let is_paid = invoice.status == InvoiceStatus::Paid && !invoice.paid_out_of_band;
    billed == Some(invoice.key.number)
        && invoice.payment_intent == Some(intent.key.number)
        && (invoice.amount_due(), invoice.currency) == (intent.amount, intent.currency)
        && is_paid == (intent.status == IntentStatus::Succeeded)
}

fn refund_agrees(refund: &Refund, other: &Document) -> bool {
    match (refund.origin, other) {
        (RefundOrigin::Payment { charge, .. }, Document::PaymentIntent(intent)) => {
            intent.charge.as_ref().map(|kept| kept.number) == Some(charge)
                && intent.currency == refund.currency
        }
        (RefundOrigin::Payment { payment_intent, .. }, Document::Charge(row)) => {
            row.payment_intent == payment_intent
        }
        (RefundOrigin::Payment { payment_intent, .. }, Document::PaymentMethod(method)) => {
            method.payment_intent == Some(payment_intent)
        }
        (RefundOrigin::Charge { payment_intent, .. }, Document::CardCharge(charge)) => {
            let to_card = matches!(refund.destination, Destination::Card { .. });
            charge.payment_intent == payment_intent
                && charge.currency == refund.currency
                && charge.instrument.card().is_some() == to_card
        }
        // A charge that is part of an intent is refunded as a payment, and no other is.
        (RefundOrigin::Charge { .. }, Document::Charge(_))
        | (RefundOrigin::Payment { .. }, Document::CardCharge(_)) => false,
        _ => true,
    }
}

/// A charge is in the currency of its intent. One that took its money, or can, is the newest of it.
fn charge_agrees(charge: &CardCharge, other: &Document) -> bool {
    match (other, &charge.stage) {
        (Document::PaymentIntent(intent), Stage::Authorized { .. } | Stage::Captured { .. }) => {
            let newest = intent.card.as_ref().and_then(|card| card.latest_charge);
            newest == Some(charge.key.number) && intent.currency == charge.currency
        }
        // What failed, or was let go, says no more of an intent that may have changed since.
        (Document::PaymentIntent(_), Stage::Released { .. } | Stage::Failed { .. }) => true,
        (Document::PaymentMethod(method), _) => method.card.is_some(),
        _ => true,
    }
}

/// Whether a charge that a payment intent names is the one that the intent tells of.
fn is_charge_of(charge: &CardCharge, intent: &PaymentIntent) -> bool {
    let card = intent.card.as_deref();
    let is_newest = card.is_some_and(|card| card.latest_charge == Some(charge.key.number));
    let is_whole = charge.amount == intent.amount && charge.currency == intent.currency;
    let told = match (intent.status, card) {
        (IntentStatus::RequiresCapture, Some(card)) if is_newest => {
            is_whole
                && matches!(charge.stage, Stage::Authorized { .. })
                && charge.amount == card.capturable
        }
        (IntentStatus::Succeeded, Some(card)) if is_newest && card.instrument.is_some() => {
            is_whole && charge.is_captured() && charge.amount_captured == card.received
        }
        _ => matches!(charge.stage, Stage::Failed { .. } | Stage::Released { .. }),
    };
    told && charge.payment_intent == Some(intent.key.number)
}

/// Whether a line took back what a charge brought, because its holder disputes it.
fn is_dispute_of(line: &BalanceTransaction, charge: &CardCharge) -> bool {
    charge.disputed
        && line.kind == BalanceKind::Adjustment
        && Some(line.amount) == charge.amount_captured.checked_neg()
        && line.currency == charge.currency
}

fn takes_back(reversal: &Payout, original: &Payout) -> bool {
    reversal.original_payout == Some(original.number)
        && original.reversed_by == Some(reversal.number)
        && reversal.amount.checked_neg() == Some(original.amount)
        && reversal.currency == original.currency
}

/// Whether a line of the merchant's balance is what a document that names it caused.
fn is_line_of(line: &BalanceTransaction, document: &Document) -> bool {
    let is = |kind, amount: Option<i64>, currency: Currency, source| {
        line.kind == kind
            && Some(line.amount) == amount
            && line.currency == currency
            && line.source == Some(source)
    };
    match document {
        Document::PaymentIntent(intent) => intent.charge.as_ref().is_some_and(|charge| {
            let source = (Kind::Charge, RowKey { number: charge.number, ..intent.key });
            is(BalanceKind::Payment, Some(intent.amount), intent.currency, source)
        }),
        Document::CardCharge(charge) => {
            let kind = match charge.instrument.card() {
                Some(_) => BalanceKind::Charge,
                None => BalanceKind::Payment,
            };
            let source = (charge.spelling(), charge.key);
            is(kind, Some(charge.amount_captured), charge.currency, source)
        }
        Document::Refund(refund) => {
            let (out, source) = (refund.amount.checked_neg(), (refund.spelling(), refund.key));
            let (sent, back) = match refund.destination {
                Destination::Card { .. } => (BalanceKind::Refund, BalanceKind::RefundFailure),
                _ => (BalanceKind::PaymentRefund, BalanceKind::PaymentFailureRefund),
            };
            match refund.balance_transaction == Some(line.number) {
                true => is(sent, out, refund.currency, source),
                false => is(back, Some(refund.amount), refund.currency, source),
            }
        }
        Document::Payout(payout) => {
            let out = payout.amount.checked_neg();
            let source = (Kind::Payout, of_the_account(payout.number));
            if line.source_type != payout.source_type {
                return false;
            }
            let back = match payout.status {
                PayoutStatus::Canceled => BalanceKind::PayoutCancel,
                _ => BalanceKind::PayoutFailure,
            };
            match payout.balance_transaction == line.number {
                true => is(BalanceKind::Payout, out, payout.currency, source),
                false => is(back, Some(payout.amount), payout.currency, source),
            }
        }
        Document::Topup(topup) => {
            let source = (Kind::Topup, of_the_account(topup.number));
            topup.status == TopupStatus::Succeeded
                && line.source_type == SourceType::Card
                && is(BalanceKind::Topup, Some(topup.amount), topup.currency, source)
        }
        _ => false,
    }
}

fn cash_agrees(row: &CashTransaction, other: &Row) -> bool {
    let turned = row.net_amount.checked_neg();
    match (&row.cause, other) {
        (_, Row::BalanceTransaction(line)) => {
            line.source == Some((Kind::CashTransaction, row.key))
                && (Some(line.amount), line.currency) == (turned, row.currency)
        }
        (Cause::RefundedFromPayment { .. }, Row::Document(Document::Refund(refund))) => {
            refund.destination == Destination::CashBalance
                && (refund.amount, refund.currency) == (row.net_amount, row.currency)
        }
        (Cause::FundingReversed { .. }, Row::CashTransaction(funded)) => {
            matches!(funded.cause, Cause::Funded(_))
                && (Some(funded.net_amount), funded.currency) == (turned, row.currency)
        }
        (Cause::AdjustedForOverdraft { .. }, Row::CashTransaction(linked)) => {
            matches!(linked.cause, Cause::FundingReversed { .. })
                && (Some(linked.ending_balance), linked.currency) == (turned, row.currency)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment_intent::InstrumentKey;

    #[test]
    fn what_a_customer_pays_with_is_its_own() {
        let (ada, bob) = (Number(1), Number(2));
        let customer = |source| {
            let number = ada;
            let default_source = Some(source);
            Row::Customer(Box::new(Customer { number, default_source, ..Customer::default() }))
        };
        let card = |deleted: bool| {
            let text = serde_json::json!({
                "key": { "customer": ada.0, "number": 7 },
                "card": {
                    "brand": "visa", "country": "US", "exp_month": 1, "exp_year": 2034,
                    "fingerprint": "f", "funding": "credit", "last4": "4242", "reference": "visa",
                },
                "deleted": deleted,
            });
            Document::from_text(Kind::Card, &text.to_string()).expect("it is one")
        };
        let source = |owner: Option<Number>| {
            let text = serde_json::json!({
                "key": { "customer": 0, "number": 8 }, "kind": "card", "status": "chargeable",
                "customer": owner,
            });
            Document::from_text(Kind::Source, &text.to_string()).expect("it is one")
        };
        for (document, want) in [
            (card(false), true),
            (card(true), false),
            (source(Some(ada)), true),
            (source(Some(bob)), false),
            (source(None), false),
        ] {
            let key = document.key();
            let named = match document.kind() {
                Kind::Card => InstrumentKey::Card(key),
                _ => InstrumentKey::Source(key),
            };
            let row = customer(named);
            assert_eq!(row.named(), [(document.kind(), key)]);
            assert_eq!(row.agrees_with(&Row::Document(document.clone())), want, "{document:?}");
        }
    }
}
