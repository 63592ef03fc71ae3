//! The plain reference: tries every subset and every name, and knows nothing of the engine.

use std::cmp::Reverse;

use books::Number;
use books::reconciliation::{Allocation, Arrival, Payable, PayableKind};

/// Plans like the engine, for as few payables as can be tried in every combination.
pub fn plan(
    arrival: &Arrival<'_>,
    payables: &[Payable],
    reference_of: &dyn Fn(Number) -> String,
) -> Vec<Allocation> {
    let mut waiting: Vec<Payable> = Vec::new();
    for payable in payables {
        let is_past = matches!(&payable.kind,
            PayableKind::Invoice { until: Some(until), .. } if until.0 < arrival.now.0);
        if payable.currency == arrival.currency && !is_past {
            waiting.push(payable.clone());
        }
    }
    waiting.sort_by(|a, b| a.since.cmp(&b.since).then(a.intent.cmp(&b.intent)));
    assert!(waiting.len() <= 12, "every subset is tried");

    let mut out: Vec<Allocation> = Vec::new();
    let mut have = arrival.available;
    let mut new = arrival.amount;

    let text = arrival.reference.unwrap_or("");
    if arrival.currency.as_str() != "jpy"
        && let Some(at) = named(text, &waiting, reference_of)
    {
        let want = waiting[at].remaining;
        let gets = if want <= have {
            want
        } else if number(&waiting[at]).is_some() {
            0
        } else {
            have
        };
        if gets > 0 {
            out.push((waiting.remove(at).intent, gets));
            have -= gets;
            new -= gets;
        }
    }

    let mut group = if new > 0 { best_subset(&waiting, new) } else { None };
    if group.is_none() && have > 0 {
        group = best_subset(&waiting, have);
    }
    for at in group.iter().flatten() {
        out.push((waiting[*at].intent, waiting[*at].remaining));
        have -= waiting[*at].remaining;
    }
    let group = group.unwrap_or_default();
    let mut at = 0;
    waiting.retain(|_| {
        at += 1;
        !group.contains(&(at - 1))
    });

    for payable in &waiting {
        if number(payable).is_some() && payable.remaining <= have {
            out.push((payable.intent, payable.remaining));
            have -= payable.remaining;
        }
    }
    for payable in &waiting {
        if number(payable).is_none() && have > 0 {
            let gets = std::cmp::min(payable.remaining, have);
            out.push((payable.intent, gets));
            have -= gets;
        }
    }
    out
}

fn number(payable: &Payable) -> Option<&str> {
    match &payable.kind {
        PayableKind::Invoice { number, .. } => Some(number),
        PayableKind::Intent => None,
    }
}

/// The place of the one that the text names.
fn named(
    text: &str,
    waiting: &[Payable],
    reference_of: &dyn Fn(Number) -> String,
) -> Option<usize> {
    let text = text.trim().to_uppercase();
    let mut words = vec![String::new()];
    for letter in text.chars() {
        match letter.is_alphanumeric() || letter == '-' {
            true => words.last_mut().unwrap().push(letter),
            false => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    let whole = if text.is_empty() { vec![] } else { vec![text] };
    let numbers = |names: &[String]| {
        let is_named = |p: &Payable| number(p).is_some_and(|n| names.contains(&n.to_uppercase()));
        (0..waiting.len()).filter(|at| is_named(&waiting[*at])).collect::<Vec<_>>()
    };
    let references = |names: &[String]| {
        let is_named = |p: &Payable| names.contains(&reference_of(p.intent).to_uppercase());
        (0..waiting.len()).filter(|at| is_named(&waiting[*at])).collect::<Vec<_>>()
    };
    let ways = [numbers(&whole), references(&whole), numbers(&words), references(&words)];
    let found = ways.into_iter().find(|found| !found.is_empty())?;
    (found.len() == 1).then(|| found[0])
}

/// The places of the best subset of one to five that adds up to `sum`.
fn best_subset(waiting: &[Payable], sum: i64) -> Option<Vec<usize>> {
    let mut best = None;
    for mask in 1u32..1 << waiting.len() {
        let places: Vec<usize> = (0..waiting.len()).filter(|at| mask >> at & 1 == 1).collect();
        let total: i128 = places.iter().map(|at| i128::from(waiting[*at].remaining)).sum();
        if places.len() > 5 || total != i128::from(sum) {
            continue;
        }
        let is_invoice = |at: &&usize| number(&waiting[**at]).is_some();
        let invoices: Vec<usize> = places.iter().filter(is_invoice).copied().collect();
        let intents: Vec<usize> = places.iter().filter(|at| !is_invoice(at)).copied().collect();
        let rank = (places.len(), Reverse(invoices.len()), intents, invoices);
        if best.as_ref().is_none_or(|(other, _)| rank < *other) {
            best = Some((rank, places));
        }
    }
    best.map(|(_, places)| places)
}
