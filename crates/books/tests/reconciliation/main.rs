//! What an amount of money pays: the rules as tables, and random books against a plain reference
//! that tries everything.

mod bounds;
mod random;
mod reference;
mod rules;

use books::reconciliation::{Allocation, Arrival, Payable, PayableKind, plan};
use books::{Currency, Number, Timestamp};

/// The moment at which everything arrives.
const NOW: Timestamp = Timestamp(1_790_000_000);

/// Reads payables, oldest first: `a300` is an intent that takes 300, `A300` an invoice. `:cur`
/// sets the currency, `=number` the number of an invoice, `<+1` until when it takes money,
/// counted in seconds from now.
///
/// The letter is the name; an intent's number falls with its age, so that nothing can be ordered
/// by it by mistake.
fn open(text: &str, currency: Currency) -> Vec<Payable> {
    let read = |(at, word): (usize, &str)| {
        let name = word.chars().next().unwrap();
        let (word, until) = word.split_once('<').unwrap_or((word, ""));
        let (word, number) = match word.split_once('=') {
            Some((word, number)) => (word, number.to_owned()),
            None => (word, number_of(name)),
        };
        let (word, other) = word.split_once(':').unwrap_or((word, ""));
        let kind = match name.is_ascii_uppercase() {
            true => PayableKind::Invoice {
                number,
                until: until.parse().ok().map(|s: i64| Timestamp(NOW.0 + s)),
            },
            false => PayableKind::Intent,
        };
        Payable {
            intent: intent_of(name),
            kind,
            currency: Currency::parse(other).unwrap_or(currency),
            remaining: word[1..].parse().unwrap(),
            since: Number(1000 + at as i64),
        }
    };
    text.split(' ').filter(|word| !word.is_empty()).enumerate().map(read).collect()
}

fn intent_of(name: char) -> Number {
    Number(1000 - i64::from(u32::from(name)))
}

fn number_of(invoice: char) -> String {
    format!("ABCD1234-000{invoice}")
}

/// The transfer reference of an intent, as long as a real one.
fn reference_of(intent: Number) -> String {
    let name = char::from_u32((1000 - intent.0) as u32).unwrap();
    format!("QV9XQTDWZ8{name}{name}").to_ascii_uppercase()
}

/// Money: `1000`, or `1000/1500` where 1500 is available with it.
fn arrival<'a>(money: &str, reference: &'a str, currency: Currency) -> Arrival<'a> {
    let (amount, available) = money.split_once('/').unwrap_or((money, money));
    Arrival {
        currency,
        amount: amount.parse().unwrap(),
        available: available.parse().unwrap(),
        reference: (!reference.is_empty()).then_some(reference),
        now: NOW,
    }
}

fn show(plan: &[Allocation]) -> String {
    let one = |(intent, amount): &Allocation| {
        format!("{}{amount}", char::from_u32((1000 - intent.0) as u32).unwrap())
    };
    plan.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Says that money pays `want`, whatever the order in which the payables are given.
fn check_in(currency: Currency, what: &str, texts: [&str; 4]) {
    let [payables, money, reference, want] = texts;
    let arrival = arrival(money, reference, currency);
    let mut payables = open(payables, currency);
    for _ in 0..payables.len().max(1) {
        let plan = plan(&arrival, &payables, &reference_of);
        assert_eq!(show(&plan), want, "{what}: {texts:?}");
        check_invariants(&arrival, &payables, &plan);
        let turns = 1.min(payables.len());
        payables.rotate_left(turns);
    }
}

/// What holds for every plan.
fn check_invariants(arrival: &Arrival<'_>, payables: &[Payable], plan: &[Allocation]) {
    let takes = |payable: &Payable| {
        let past = match &payable.kind {
            PayableKind::Invoice { until: Some(until), .. } => arrival.now > *until,
            _ => false,
        };
        payable.currency == arrival.currency && payable.remaining > 0 && !past
    };
    let mut paid = std::collections::BTreeMap::new();
    let mut rest = i128::from(arrival.available).max(0);
    for (at, (intent, amount)) in plan.iter().enumerate() {
        let payable = payables.iter().find(|payable| payable.intent == *intent).unwrap();
        assert!(takes(payable), "{payable:?} takes none of this money");
        assert!(*amount > 0 && *amount <= payable.remaining, "{amount} for {payable:?}");
        assert!(paid.insert(*intent, *amount).is_none(), "{payable:?} is paid twice");
        rest -= i128::from(*amount);
        if *amount < payable.remaining {
            assert_eq!(payable.kind, PayableKind::Intent, "an invoice is paid in part");
            assert_eq!((at + 1, rest), (plan.len(), 0), "only the last is paid in part");
        }
    }
    assert!(rest >= 0, "more is spent than there is");
    for payable in payables.iter().filter(|payable| takes(payable)) {
        let is_idle = !paid.contains_key(&payable.intent)
            && match payable.kind {
                PayableKind::Intent => rest > 0,
                PayableKind::Invoice { .. } => i128::from(payable.remaining) <= rest,
            };
        assert!(!is_idle, "{rest} is left, and {payable:?} could take it");
    }
}
