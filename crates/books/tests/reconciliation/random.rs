//! Random payables: few of them against the reference, many of them against what always holds.

use books::reconciliation::{
    Arrival, GROUP_CANDIDATES_MAX, GROUP_MEMBERS_MAX, Payable, PayableKind, plan,
};
use books::{Currency, Number, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{NOW, check_invariants, reference};

/// Invoice numbers, few enough to meet; one looks like the transfer reference of intent 1, one
/// has words in it that are numbers as well.
const NUMBERS: [&str; 6] = ["ABCD-0001", "ABCD-0002", "abcd-0002", "7", "REFERENCE001", "7 7-1"];

fn reference_of(intent: Number) -> String {
    format!("REFERENCE{:03}", intent.0)
}

/// A payable without its number, which is its place.
fn payable(remaining: impl Strategy<Value = i64>) -> impl Strategy<Value = Payable> {
    let until = prop_oneof![3 => Just(None), 1 => (-1..2i64).prop_map(Some)];
    let until = until.prop_map(|at| at.map(|s| Timestamp(NOW.0 + s)));
    let number = proptest::sample::select(&NUMBERS[..]).prop_map(str::to_owned);
    let kind = prop_oneof![
        Just(PayableKind::Intent),
        (number, until).prop_map(|(number, until)| PayableKind::Invoice { number, until }),
    ];
    let currency = prop_oneof![7 => Just(Currency::EUR), 1 => Just(Currency::USD)];
    (kind, currency, remaining, 0..20i64).prop_map(|(kind, currency, remaining, since)| Payable {
        intent: Number(0),
        kind,
        currency,
        remaining,
        since: Number(since),
    })
}

fn payables(
    remaining: impl Strategy<Value = i64>,
    count: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = Vec<Payable>> {
    proptest::collection::vec(payable(remaining), count).prop_map(|mut payables| {
        payables.iter_mut().zip(0..).for_each(|(payable, at)| payable.intent = Number(at));
        payables
    })
}

/// What senders type: names, alone or in a text, in letters of either case, and nothing.
fn text() -> impl Strategy<Value = Option<String>> {
    let name = prop_oneof![
        proptest::sample::select(&NUMBERS[..]).prop_map(str::to_owned),
        (0..10i64).prop_map(|intent| reference_of(Number(intent)).to_lowercase()),
        Just("thanks".to_owned()),
        "[-A-Z0-9 é]{0,12}",
    ];
    let names = proptest::collection::vec((name, "[ ,:/]{1,2}"), 0..3);
    let text = names.prop_map(|names| {
        names.into_iter().map(|(name, gap)| format!("{name}{gap}")).collect::<String>()
    });
    let whole = text.clone().prop_map(|text| text.trim_end_matches([',', ':', '/', ' ']).into());
    prop_oneof![1 => Just(None), 2 => whole.prop_map(Some), 1 => text.prop_map(Some)]
}

fn money(amount: i64, old: i64, currency: Currency, text: &Option<String>) -> Arrival<'_> {
    let available = amount.saturating_add(old);
    Arrival { currency, amount, available, reference: text.as_deref(), now: NOW }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn few_are_paid_as_by_the_reference(
        payables in payables(1..13i64, 0..=9),
        amount in 0..50i64,
        old in prop_oneof![Just(0), 0..20i64],
        text in text(),
    ) {
        let arrival = money(amount, old, Currency::EUR, &text);
        let got = plan(&arrival, &payables, &reference_of);
        prop_assert_eq!(&got, &reference::plan(&arrival, &payables, &reference_of));
        check_invariants(&arrival, &payables, &got);
    }

    #[test]
    fn in_yen_too(
        mut payables in payables(1..13i64, 0..=7),
        amount in 1..40i64,
        text in text(),
    ) {
        payables.iter_mut().for_each(|payable| payable.currency = Currency::JPY);
        let arrival = money(amount, 0, Currency::JPY, &text);
        let got = plan(&arrival, &payables, &reference_of);
        prop_assert_eq!(&got, &reference::plan(&arrival, &payables, &reference_of));
        let silent = Arrival { reference: None, ..arrival };
        prop_assert_eq!(&got, &plan(&silent, &payables, &reference_of));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn many_are_paid_within_bounds_in_any_order(
        payables in payables(
            prop_oneof![6 => 1..1000i64, 2 => 1..1_000_000i64, 1 => i64::MAX - 3..=i64::MAX],
            0..=200,
        ),
        amount in prop_oneof![1..100_000i64, Just(i64::MAX), any::<i64>()],
        old in prop_oneof![Just(0), 0..100_000i64, any::<i64>()],
        text in text(),
        start in any::<Index>(),
    ) {
        let arrival = money(amount, old, Currency::EUR, &text);
        let got = plan(&arrival, &payables, &reference_of);
        check_invariants(&arrival, &payables, &got);
        let mut turned = payables.clone();
        turned.rotate_left(start.index(payables.len().max(1)).min(payables.len()));
        prop_assert_eq!(&got, &plan(&arrival, &turned, &reference_of));
        turned.reverse();
        prop_assert_eq!(got, plan(&arrival, &turned, &reference_of));
    }

    #[test]
    fn a_group_among_the_oldest_is_paid_and_nothing_else(
        payables in payables(1..1_000_000i64, 5..=80),
        members in proptest::collection::vec(any::<Index>(), 1..=GROUP_MEMBERS_MAX),
    ) {
        let mut oldest: Vec<&Payable> = payables
            .iter()
            .filter(|p| p.currency == Currency::EUR)
            .filter(|p| !matches!(p.kind, PayableKind::Invoice { until: Some(at), .. } if at < NOW))
            .collect();
        oldest.sort_by_key(|payable| (payable.since, payable.intent));
        oldest.truncate(GROUP_CANDIDATES_MAX);
        prop_assume!(!oldest.is_empty());
        let mut members: Vec<usize> = members.iter().map(|at| at.index(oldest.len())).collect();
        members.sort_unstable();
        members.dedup();
        let sum = members.iter().map(|at| oldest[*at].remaining).sum();
        let got = plan(&money(sum, 0, Currency::EUR, &None), &payables, &reference_of);
        prop_assert!(got.len() <= members.len(), "{:?} is no group", got);
        for (intent, amount) in &got {
            let payable = payables.iter().find(|payable| payable.intent == *intent);
            prop_assert_eq!(payable.map(|payable| payable.remaining), Some(*amount));
        }
        prop_assert_eq!(got.iter().map(|(_, amount)| amount).sum::<i64>(), sum);
    }
}
