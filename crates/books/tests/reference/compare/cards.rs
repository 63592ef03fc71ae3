//! Cards, sources and top-ups, on both sides.

use std::collections::BTreeMap;

use books::charge::{CardCharge, Stage};
use books::journal::Account;
use books::payout::PayoutStatus;
use books::refund::{Destination, RefundStatus};
use books::topup::TopupStatus;
use books::{Document, Kind};
use proptest::prelude::*;

use super::{Checked, place};
use crate::drive::currency;
use crate::ledger::Ledger;
use crate::model::Model;
use crate::ops::Cur;

/// What the reference says there is.
pub fn expect(model: &Model, want: &mut BTreeMap<&'static str, Vec<String>>) {
    for charge in &model.charges {
        want.entry("charge").or_default().push(format!(
            "{} {} of {} {} refunded {} disputed {} for {:?}",
            charge.stage,
            charge.captured,
            charge.amount,
            charge.cur,
            charge.refunded,
            charge.disputed,
            charge.intent
        ));
    }
    for source in &model.sources {
        want.entry("source").or_default().push(format!(
            "{} {} received {} charged {} returned {}",
            source.status, source.cur, source.received, source.charged, source.returned
        ));
    }
    for received in &model.received {
        let text = format!("{} reversed {}", received.amount, received.reversed);
        want.entry("source_transaction").or_default().push(text);
    }
    for topup in &model.topups {
        let text = format!("{} {} {}", topup.status, topup.amount, topup.cur);
        want.entry("topup").or_default().push(text);
    }
}

/// What the ledger says of one.
pub fn show(ledger: &Ledger, document: &Document) -> Option<String> {
    Some(match document {
        Document::CardCharge(charge) => format!(
            "{} {} of {} {} refunded {} disputed {} for {:?}",
            stage(charge),
            charge.amount_captured,
            charge.amount,
            charge.currency,
            charge.amount_refunded,
            charge.disputed,
            place(ledger, Kind::PaymentIntent, charge.payment_intent)
        ),
        Document::Source(source) => {
            let receiver = source.receiver.as_ref()?;
            format!(
                "{} {} received {} charged {} returned {}",
                source.status.as_str(),
                receiver.instructions.currency,
                receiver.amount_received,
                receiver.amount_charged,
                receiver.amount_returned
            )
        }
        Document::SourceTransaction(it) => format!("{} reversed {}", it.amount, it.reversed),
        Document::Topup(topup) => {
            format!("{} {} {}", topup.status.as_str(), topup.amount, topup.currency)
        }
        _ => return None,
    })
}

fn stage(charge: &CardCharge) -> &'static str {
    match charge.stage {
        Stage::Authorized { .. } => "authorized",
        Stage::Captured { .. } => "captured",
        Stage::Released { .. } => "released",
        Stage::Failed { .. } => "failed",
    }
}

/// S42 with cards: what is in the bank, or owed by card networks, is what documents say came in and
/// did not go out again. `transfers` is what came to cash balances.
pub fn conservation(ledger: &Ledger, cur: Cur, transfers: i128) -> Checked {
    let mut want = transfers;
    for document in ledger.documents.values() {
        let (of, amount) = match document {
            Document::CardCharge(it) if it.instrument.card().is_some() => {
                let lost = if it.disputed { it.amount_captured } else { 0 };
                (it.currency, it.amount_captured - it.amount_refunded - lost)
            }
            Document::Source(it) => match &it.receiver {
                Some(to) => (to.instructions.currency, to.amount_received - to.amount_returned),
                None => continue,
            },
            Document::Refund(it)
                if it.status == RefundStatus::Succeeded
                    && matches!(it.destination, Destination::Bank(_)) =>
            {
                (it.currency, -it.amount)
            }
            Document::Topup(it) if it.status == TopupStatus::Succeeded => (it.currency, it.amount),
            Document::Payout(it) if it.status == PayoutStatus::Paid => (it.currency, -it.amount),
            _ => continue,
        };
        want += if of == currency(cur) { i128::from(amount) } else { 0 };
    }
    let sum = |account| {
        i128::from(ledger.sums.get(&(account, currency(cur))).copied().unwrap_or_default())
    };
    let there = sum(Account::Bank) + sum(Account::CardNetwork);
    prop_assert_eq!(there, want, "in the bank and owed by card networks: {}", cur);
    Ok(())
}
