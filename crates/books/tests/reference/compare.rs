//! Both sides, held against each other after every step, and what must be true of one alone.

mod cards;

use std::collections::BTreeMap;

use books::balance::{BalanceTransaction, SourceType};
use books::journal::Account;
use books::payment_intent::{IntentStatus, PaymentIntent};
use books::refund::{RefundOrigin, RefundStatus};
use books::timer::TimerKind;
use books::{Currency, Document, Kind, Number};
use proptest::prelude::*;

use crate::drive::currency;
use crate::ledger::Ledger;
use crate::model::{Line, Model, Task};
use crate::ops::Cur;

/// The currencies of all sequences.
const CURS: [Cur; 3] = ["usd", "eur", "jpy"];

type Checked = Result<(), TestCaseError>;

/// Everything that both sides know. `events_before` counts the ledger's before the step.
pub fn agree(ledger: &Ledger, model: &Model, events_before: usize) -> Checked {
    customers(ledger, model)?;
    documents(ledger, model)?;
    accounts(ledger, model)?;
    lines(ledger, model)?;
    let events = ledger.events[events_before..].iter().map(|event| event.kind.as_str());
    prop_assert_eq!(sorted(events), sorted(model.events.iter().copied()), "events");
    prop_assert_eq!(ledger.now().0, model.now_s);
    let timers = ledger.timers.iter().map(|timer| (timer.due.0, timer.kind.as_str()));
    let tasks = model.tasks.iter().map(|(due_s, _, task)| (*due_s, task_kind(*task).as_str()));
    prop_assert_eq!(sorted(timers), sorted(tasks), "timers");
    conservation(ledger)
}

fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort();
    all
}

fn task_kind(task: Task) -> TimerKind {
    match task {
        Task::Settle { .. } => TimerKind::Settle,
        Task::RefundExpires { .. } => TimerKind::RefundExpires,
        Task::RefundArrives { .. } => TimerKind::RefundArrives,
        Task::PayoutLeaves { .. } => TimerKind::PayoutLeaves,
        Task::PayoutArrives { .. } => TimerKind::PayoutArrives,
        Task::InvoiceOverdue { .. } => TimerKind::InvoiceOverdue,
        Task::AuthorizationEnds { .. } => TimerKind::AuthorizationEnds,
        Task::TopupArrives { .. } => TimerKind::TopupArrives,
    }
}

fn customers(ledger: &Ledger, model: &Model) -> Checked {
    prop_assert_eq!(ledger.holders.len(), model.customers.len());
    for (holder, customer) in ledger.holders.values().zip(&model.customers) {
        let cash = holder.available.0.iter().map(|(currency, cash)| (currency.as_str(), *cash));
        prop_assert_eq!(cash.collect::<BTreeMap<_, _>>(), customer.cash.clone(), "available");
        prop_assert_eq!(holder.customer.deleted, customer.gone);
        let number = holder.customer.number;
        let own = ledger.cash().filter(|row| row.key.customer == number);
        let rows = own.map(|row| {
            (row.currency.to_string(), row.cause.type_name(), row.net_amount, row.ending_balance)
        });
        let want = customer
            .rows
            .iter()
            .map(|(cur, kind, net, ends)| (cur.to_string(), *kind, *net, *ends));
        prop_assert_eq!(rows.collect::<Vec<_>>(), want.collect::<Vec<_>>(), "transactions");
    }
    Ok(())
}

/// A place in a list of the ledger, as the model counts.
fn place(ledger: &Ledger, kind: Kind, number: Option<Number>) -> Option<usize> {
    let number = number?;
    ledger.keys(kind).iter().position(|key| key.number == number)
}

fn documents(ledger: &Ledger, model: &Model) -> Checked {
    let mut shown: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for document in ledger.documents.values() {
        if let Some(text) = show(ledger, document) {
            shown.entry(document.kind().object()).or_default().push(text);
        }
    }
    let mut want: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for intent in &model.intents {
        want.entry("payment_intent").or_default().push(format!(
            "{} {} of {} {} refunded {} method {} invoice {:?}",
            intent.status,
            intent.applied,
            intent.amount,
            intent.cur,
            intent.refunded,
            intent.method,
            intent.invoice
        ));
    }
    for invoice in &model.invoices {
        want.entry("invoice").or_default().push(format!(
            "{} {} {} paid {} numbered {} intent {:?}",
            invoice.status,
            invoice.total,
            invoice.cur,
            invoice.paid,
            invoice.number.is_some(),
            invoice.intent
        ));
    }
    for refund in &model.refunds {
        want.entry("refund").or_default().push(format!(
            "{} {} {} of {:?} {:?}",
            refund.status, refund.amount, refund.cur, refund.intent, refund.charge
        ));
    }
    for payout in &model.payouts {
        want.entry("payout").or_default().push(format!(
            "{} {} {} to {:?}",
            payout.status,
            payout.amount,
            payout.cur,
            Some(payout.account)
        ));
    }
    for account in &model.accounts {
        let is_default = account.default && !account.removed;
        want.entry("bank_account")
            .or_default()
            .push(format!("{} default {is_default} removed {}", account.cur, account.removed));
    }
    cards::expect(model, &mut want);
    prop_assert_eq!(shown, want);
    for document in ledger.documents.values() {
        if let Document::PaymentIntent(intent) = document {
            one_intent(intent)?;
        }
    }
    Ok(())
}

/// What must be true of any payment intent.
fn one_intent(intent: &PaymentIntent) -> Checked {
    let awaits = intent.status == IntentStatus::RequiresAction;
    let succeeded = intent.status == IntentStatus::Succeeded;
    let by_card = intent.instrument().is_some();
    let (awaits, paid) = (awaits && !by_card, succeeded && !by_card);
    prop_assert_eq!(intent.instructions.is_some(), awaits, "shows where to pay: {:?}", intent);
    prop_assert_eq!(intent.charge.is_some(), paid, "is charged: {:?}", intent);
    prop_assert!(intent.payment_method.is_none() || !by_card, "two things pay: {:?}", intent);
    prop_assert_eq!(intent.canceled.is_some(), intent.status == IntentStatus::Canceled);
    prop_assert!(intent.applied == 0 || awaits || succeeded, "holds money: {:?}", intent);
    prop_assert!(intent.applied < intent.amount || succeeded, "holds all: {:?}", intent);
    Ok(())
}

fn show(ledger: &Ledger, document: &Document) -> Option<String> {
    Some(match document {
        Document::PaymentIntent(intent) => {
            let refunded = intent.charge.as_ref().map_or(0, |charge| charge.amount_refunded);
            let invoice = intent.billed.as_ref().map(|billed| billed.invoice);
            format!(
                "{} {} of {} {} refunded {refunded} method {} invoice {:?}",
                intent.status.as_str(),
                intent.applied,
                intent.amount,
                intent.currency,
                intent.payment_method.is_some(),
                place(ledger, Kind::Invoice, invoice)
            )
        }
        Document::Invoice(invoice) => format!(
            "{} {} {} paid {} numbered {} intent {:?}",
            invoice.status.as_str(),
            invoice.total(),
            invoice.currency,
            invoice.amount_paid,
            invoice.number.is_some(),
            place(ledger, Kind::PaymentIntent, invoice.payment_intent)
        ),
        Document::Refund(refund) => {
            let intent = match refund.origin {
                RefundOrigin::Payment { payment_intent, .. } => Some(payment_intent),
                RefundOrigin::Charge { payment_intent, .. } => payment_intent,
                RefundOrigin::CashBalance { .. } => None,
            };
            let charge = match refund.origin {
                RefundOrigin::Charge { charge, .. } => {
                    ledger.card_charges().position(|it| it.key.number == charge)
                }
                _ => None,
            };
            let intent = place(ledger, Kind::PaymentIntent, intent);
            let status = refund.status.as_str();
            format!("{status} {} {} of {intent:?} {charge:?}", refund.amount, refund.currency)
        }
        Document::Payout(payout) => {
            let account = place(ledger, Kind::BankAccount, Some(payout.destination));
            let status = payout.status.as_str();
            format!("{status} {} {} to {account:?}", payout.amount, payout.currency)
        }
        Document::BankAccount(account) => {
            let is_default = account.default_for_currency && !account.deleted;
            format!("{} default {is_default} removed {}", account.currency, account.deleted)
        }
        _ => return cards::show(ledger, document),
    })
}

/// What each account of the journal must hold.
fn accounts(ledger: &Ledger, model: &Model) -> Checked {
    let mut want: BTreeMap<(Account, Currency), i64> = BTreeMap::new();
    for ((pot, cur), amount) in &model.pots {
        let (account, sign) = match *pot {
            "bank" => (Account::Bank, 1),
            "pending" => (Account::MerchantPending, -1),
            "available" => (Account::MerchantAvailable, -1),
            "bank pending" => (Account::BankPending, -1),
            "bank available" => (Account::BankAvailable, -1),
            "network" => (Account::CardNetwork, 1),
            "fees" => (Account::Fees, -1),
            "refunds in transit" => (Account::RefundsInTransit, -1),
            _ => (Account::PayoutsInTransit, -1),
        };
        want.insert((account, currency(cur)), sign * amount);
    }
    for (number, customer) in ledger.holders.keys().zip(&model.customers) {
        for (cur, cash) in &customer.cash {
            want.insert((Account::CustomerCash(*number), currency(cur)), -cash);
        }
    }
    for (key, intent) in ledger.keys(Kind::PaymentIntent).iter().zip(&model.intents) {
        let is_open = intent.status != "succeeded" && intent.status != "canceled";
        let held = if is_open { intent.applied } else { 0 };
        want.insert((Account::PaymentIntent(key.number), currency(intent.cur)), -held);
    }
    for (key, source) in ledger.keys(Kind::Source).iter().zip(&model.sources) {
        want.insert((Account::Source(key.number), currency(source.cur)), -source.held());
    }
    want.retain(|_, sum| *sum != 0);
    let mut sums = ledger.sums.clone();
    sums.retain(|_, sum| *sum != 0);
    prop_assert_eq!(sums, want, "journal");
    Ok(())
}

/// The lines of the merchant's balance, and that they are what the journal says.
fn lines(ledger: &Ledger, model: &Model) -> Checked {
    let lines = ledger.lines.values().map(|line| {
        let (kind, currency) = (line.kind.as_str(), line.currency.to_string());
        let of = line.source_type.as_str();
        (kind, currency, line.amount, line.fee, line.available_on.0, of)
    });
    let want = model.lines.iter().map(|line: &Line| {
        (line.kind, line.cur.to_string(), line.amount, line.fee, line.available_s, line.of)
    });
    prop_assert_eq!(sorted(lines), sorted(want), "balance transactions");
    for (cur, of) in CURS.iter().flat_map(|cur| SourceType::ALL.map(|of| (*cur, of))) {
        let is_its =
            |line: &&BalanceTransaction| line.currency == currency(cur) && line.source_type == of;
        let net = |is_pending: bool| {
            let its = ledger.lines.values().filter(is_its);
            let due = its.filter(|line| (line.available_on > ledger.now()) == is_pending);
            due.map(|line| i128::from(line.net())).sum::<i128>()
        };
        for (account, is_pending) in [(of.pending(), true), (of.available(), false)] {
            let sum = ledger.sums.get(&(account, currency(cur))).copied().unwrap_or(0);
            prop_assert_eq!(net(is_pending), -i128::from(sum), "{:?} {}", account, cur);
        }
    }
    Ok(())
}

/// S42: what came in is what is somewhere, by currency.
fn conservation(ledger: &Ledger) -> Checked {
    for cur in CURS {
        let rows = |kinds: &[&str]| {
            let of = ledger.cash().filter(|row| row.currency == currency(cur));
            let of_kind = of.filter(|row| kinds.contains(&row.cause.type_name()));
            of_kind.map(|row| i128::from(row.net_amount)).sum::<i128>()
        };
        let came = rows(&["funded", "funding_reversed"]);
        let available: i128 =
            ledger.holders.values().map(|h| i128::from(h.available.get(currency(cur)))).sum();
        let in_documents = |amount: &dyn Fn(&Document) -> i64| {
            let of =
                ledger.documents.values().filter(|document| currency_of(document) == Some(cur));
            of.map(|document| i128::from(amount(document))).sum::<i128>()
        };
        let applied = in_documents(&|document| match document {
            Document::PaymentIntent(intent) if intent.charge.is_none() => intent.applied,
            _ => 0,
        });
        let charged = in_documents(&|document| match document {
            Document::PaymentIntent(intent) if intent.charge.is_some() => intent.amount,
            _ => 0,
        });
        let returned = in_documents(&|document| match document {
            Document::Refund(refund)
                if matches!(refund.origin, RefundOrigin::CashBalance { .. })
                    && !matches!(refund.status, RefundStatus::Canceled | RefundStatus::Failed) =>
            {
                refund.amount
            }
            _ => 0,
        });
        let is_there = available + applied + charged + returned
            - rows(&["adjusted_for_overdraft", "transferred_to_balance", "refunded_from_payment"]);
        prop_assert_eq!(came, is_there, "money is lost or made: {}", cur);
        cards::conservation(ledger, cur, came)?;
    }
    Ok(())
}

fn currency_of(document: &Document) -> Option<Cur> {
    let currency = match document {
        Document::PaymentIntent(intent) => intent.currency,
        Document::Refund(refund) => refund.currency,
        _ => return None,
    };
    CURS.into_iter().find(|cur| *cur == currency.as_str())
}
