//! Whether the random sequences go everywhere: each outcome, type of transaction, event, line and
//! entry must come up many times.

use std::collections::BTreeMap;

use books::balance::BalanceKind;
use books::journal::EntryKind;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::{OPS_MAX, Sides, random};

/// Sequences that are looked at, and how often each thing comes up in them at least.
const SEQUENCES: usize = 1500;
const TIMES_MIN: usize = 5;

/// Outcomes that the commands can have.
const OUTCOMES: &[&str] = &[
    "done",
    "payment failed",
    "customer missing",
    "customer deleted",
    "holds cash",
    "too large",
    "missing",
    "intent state",
    "below minimum",
    "no payment method",
    "transfer currency",
    "apply too much",
    "other currency",
    "cash too low",
    "nothing to refund",
    "already refunded",
    "refund too large",
    "no email",
    "refund state",
    "balance too low",
    "no bank account",
    "account currency",
    "payout state",
    "payout reversed",
    "invoice state",
    "invoice currency",
    "intent of invoice",
    "not reversible",
    "charge failed",
    "card declined",
    "no default source",
    "charge of intent",
    "already captured",
    "authorization ended",
    "charge had failed",
    "capture too large",
    "charge disputed",
    "part of authorization",
    "not from cash",
    "cash needs customer",
    "method not taken",
    "holder not awaited",
    "source state",
    "source currency",
    "source amount",
    "source too low",
    "topup state",
    "no instant payouts",
];

const CASH_TYPES: &[&str] = &[
    "funded",
    "applied_to_payment",
    "unapplied_from_payment",
    "refunded_from_payment",
    "return_initiated",
    "return_canceled",
    "transferred_to_balance",
    "funding_reversed",
    "adjusted_for_overdraft",
];

const EVENTS: &[&str] = &[
    "balance.available",
    "cash_balance.funds_available",
    "charge.captured",
    "charge.expired",
    "charge.failed",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "customer.created",
    "customer.deleted",
    "customer.source.created",
    "customer.source.deleted",
    "customer.updated",
    "customer_cash_balance_transaction.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.updated",
    "invoice.voided",
    "invoiceitem.created",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "source.chargeable",
    "source.transaction.created",
    "source.transaction.updated",
    "topup.canceled",
    "topup.created",
    "topup.failed",
    "topup.succeeded",
];

#[test]
fn the_sequences_go_everywhere() {
    crate::with_room(go_everywhere);
}

fn go_everywhere() {
    let mut runner = TestRunner::new(crate::config(5));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut see = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
    for _ in 0..SEQUENCES {
        let tree = (random::settings(), random::ops(OPS_MAX)).new_tree(&mut runner);
        let (set, ops) = tree.expect("a sequence").current();
        let mut sides = Sides::new(set);
        for op in &ops {
            let outcome = sides.model.clone().step(op);
            if let Some(Ok(outcome) | Err(outcome)) = outcome {
                see(outcome);
                let name = format!("{op:?}");
                let name = name.split(' ').next().unwrap_or_default();
                see(&format!(
                    "{name} {}",
                    outcome.replace("payment failed", "done").replace("charge failed", "done")
                ));
            }
            if sides.step(op).is_err() {
                // Another test tells of it.
                break;
            }
        }
        let ledger = &sides.ledger;
        ledger.cash().for_each(|row| see(row.cause.type_name()));
        ledger.events.iter().for_each(|event| see(event.kind.as_str()));
        ledger.lines.values().for_each(|line| see(line.kind.as_str()));
        ledger.entries.iter().for_each(|sealed| see(&entry_name(sealed.entry.kind())));
    }
    if std::env::var("PURSER_SHOW").is_ok() {
        seen.iter().for_each(|(what, times)| println!("{times:8} {what}"));
    }
    let lines = BalanceKind::ALL.iter().map(|kind| kind.as_str());
    let all = OUTCOMES.iter().chain(CASH_TYPES).chain(EVENTS).copied().chain(lines);
    let all = all.map(str::to_owned).chain(EntryKind::ALL.map(entry_name));
    let rare: Vec<String> =
        all.filter(|what| seen.get(what).is_none_or(|times| *times < TIMES_MIN)).collect();
    assert_eq!(rare, Vec::<String>::new(), "hardly ever come up");
}

/// An entry of the journal may be called as what it books, so it is told apart.
fn entry_name(kind: EntryKind) -> String {
    format!("entry {}", kind.as_str())
}
