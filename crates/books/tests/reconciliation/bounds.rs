//! What the search for groups is bounded by, and amounts as large as they can be.

use books::reconciliation::{
    GROUP_CANDIDATES_MAX, GROUP_MEMBERS_MAX, Payable, PayableKind, REFERENCE_WORDS_MAX, plan,
};
use books::{Currency, Number};

use crate::{arrival, check_invariants};

/// Intents that take these amounts, oldest first, numbered from 0.
fn intents(amounts: impl IntoIterator<Item = i64>) -> Vec<Payable> {
    let intent = |(at, remaining): (usize, i64)| Payable {
        intent: Number(at as i64),
        kind: PayableKind::Intent,
        currency: Currency::USD,
        remaining,
        since: Number(at as i64),
    };
    amounts.into_iter().enumerate().map(intent).collect()
}

fn planned(money: &str, text: &str, payables: &[Payable]) -> Vec<(i64, i64)> {
    let arrival = arrival(money, text, Currency::USD);
    let plan = plan(&arrival, payables, &|intent| format!("{:012}", intent.0));
    check_invariants(&arrival, payables, &plan);
    plan.into_iter().map(|(intent, amount)| (intent.0, amount)).collect()
}

#[test]
fn groups_are_looked_for_among_the_oldest_that_are_smaller() {
    let last = GROUP_CANDIDATES_MAX as i64 - 1;
    // Everything is even but the two of the group: 2, 2, ..., 7, 101.
    let crowd = |twos: usize| std::iter::repeat_n(2, twos).chain([7, 101]);
    let payables = intents(crowd(GROUP_CANDIDATES_MAX - 2));
    assert_eq!(planned("108", "", &payables), [(last - 1, 7), (last, 101)], "the last two of 40");
    let payables = intents(crowd(GROUP_CANDIDATES_MAX - 1));
    let plan = planned("108", "", &payables);
    assert_eq!((plan[0], plan.len()), ((0, 2), 41), "one too many: oldest first");
    let payables = intents([108, 500].into_iter().chain(crowd(38)).skip(1));
    assert_eq!(planned("108", "", &payables), [(39, 7), (40, 101)], "a larger one does not count");
    let payables = intents(crowd(998));
    assert_eq!(planned("101", "", &payables), [(999, 101)], "a single one among all");
}

#[test]
fn a_group_of_the_most_members_is_found_at_the_end() {
    let from = GROUP_CANDIDATES_MAX - GROUP_MEMBERS_MAX;
    let amounts = (0..GROUP_CANDIDATES_MAX).map(|at| match at < from {
        true => 1000,
        false => 1001 + (1 << (at - from)),
    });
    let payables = intents(amounts);
    let sum = 5 * 1001 + 31;
    let want: Vec<_> = payables[from..].iter().map(|p| (p.intent.0, p.remaining)).collect();
    assert_eq!(planned(&sum.to_string(), "", &payables), want);
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    const MAX: i64 = i64::MAX;
    let payables = intents([MAX, MAX, MAX - 1, 1, MAX / 2, MAX / 2, MAX / 2 + 1]);
    let all = MAX.to_string();
    assert_eq!(planned(&all, "", &payables), [(0, MAX)]);
    assert_eq!(planned(&all, "", &payables[2..]), [(2, MAX - 1), (3, 1)]);
    assert_eq!(planned(&all, "", &payables[4..]), [(4, MAX / 2), (6, MAX / 2 + 1)]);
    assert_eq!(planned(&all, "000000000006", &payables[4..]), [(6, MAX / 2 + 1), (4, MAX / 2)]);
    assert_eq!(planned(&format!("{MAX}/1"), "", &payables), [(3, 1)]);
    assert_eq!(planned(&format!("{}/{MAX}", i64::MIN), "", &payables[1..3]), [(1, MAX)]);
    let payables = intents([5, MAX - 1, 1, MAX - 2]);
    assert_eq!(planned(&all, "", &payables), [(1, MAX - 1), (2, 1)]);
    let large = intents((0..40).map(|at| MAX - 2 * at - 2));
    assert_eq!(planned(&all, "", &large), [(0, MAX - 2), (1, 2)]);
}

#[test]
fn a_reference_is_read_up_to_its_last_word() {
    let payables = intents([500, 500]);
    for (words, want) in [(REFERENCE_WORDS_MAX - 1, 1), (REFERENCE_WORDS_MAX, 0)] {
        let text = format!("{}000000000001", "x ".repeat(words));
        assert_eq!(planned("500", &text, &payables), [(want, 500)], "after {words} words");
    }
}
