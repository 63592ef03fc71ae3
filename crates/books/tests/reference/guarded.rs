//! Random commands of a key with limits. Whatever is asked, and in whichever order: what the books
//! really move is measured from outside, as the change of each account's sum, and is never more
//! than the key may move, a call or a day; what a person has to agree to moves nothing before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use books::approval::AskedFor;
use books::command::{Guarded, Stage};
use books::journal::Account;
use books::limits::Amounts;
use books::{AgentNote, Command, Currency, Limits, Refusal, Reply};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::ledger::Ledger;
use crate::ops::{Op, Settings};
use crate::{SEEDS, Sides, config, drive, random, with_room};

const DAY_S: i64 = 24 * 60 * 60;
const OPS_MAX: usize = 45;
const KEY: &str = "key_1";
const PER_CALL: i64 = 500;
const PER_DAY: i64 = 900;
const APPROVE_ABOVE: i64 = 300;

/// How often what came about.
#[derive(Default)]
struct Seen {
    moved: AtomicUsize,
    held: AtomicUsize,
    refused: AtomicUsize,
    out_of_reach: AtomicUsize,
}

fn note(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Two currencies of the three that commands are about: the third one is not allowed at all.
fn all_of(amount: i64) -> Amounts {
    [(Currency::USD, amount), (Currency::JPY, amount)].into()
}

fn limits(ledger: &Ledger, for_one: bool, approves: bool) -> Limits {
    let customers = ledger.holders.keys().take(usize::from(for_one)).copied().collect();
    let approve_above = if approves { all_of(APPROVE_ABOVE) } else { Amounts::new() };
    Limits { customers, per_call: all_of(PER_CALL), per_day: all_of(PER_DAY), approve_above }
}

fn guarded(command: Command, limits: &Limits) -> Command {
    let asked = AskedFor {
        request_id: "req_1".into(),
        method: "POST".into(),
        path: "/".into(),
        operation: "Anything".into(),
        params: "{}".into(),
        idempotency_key: Some("k".into()),
        key: KEY.into(),
        key_masked: KEY.into(),
        agent: AgentNote::default(),
    };
    Command::Guarded(Box::new(Guarded {
        command,
        key: KEY.into(),
        limits: limits.clone().into(),
        asked: Box::new(asked),
        stage: Stage::Asked,
    }))
}

type Sums = BTreeMap<(Account, Currency), i64>;

/// In each currency, by how much the account changed that changed most.
fn moved(before: &Sums, after: &Sums) -> Amounts {
    let mut most = Amounts::new();
    for (key, sum) in after {
        let change = (sum - before.get(key).copied().unwrap_or(0)).abs();
        let most = most.entry(key.1).or_default();
        *most = change.max(*most);
    }
    most.retain(|_, amount| *amount > 0);
    most
}

fn run(
    (set, for_one, approves): (Settings, bool, bool),
    ops: &[Op],
    seen: &Seen,
) -> Result<(), TestCaseError> {
    let mut ledger = Sides::new(set).ledger;
    let limits = limits(&ledger, for_one, approves);
    let mut days: BTreeMap<(i64, Currency), i64> = BTreeMap::new();
    for op in ops {
        if let Op::Wait { s } = op {
            ledger.advance(ledger.now().0 + s);
            continue;
        }
        let Some(command) = drive::command(&ledger, op) else { continue };
        let customer = command.customer();
        let (before, events) = (ledger.sums.clone(), ledger.events.len());
        let result = ledger.step(&guarded(command, &limits));
        let moved = moved(&before, &ledger.sums);
        match &result {
            Err(Refusal::LimitExceeded { .. }) => note(&seen.refused),
            Err(Refusal::CustomerOutOfReach) => note(&seen.out_of_reach),
            Ok(Reply::Held(approval)) => {
                note(&seen.held);
                prop_assert!(approval.amounts.values().any(|amount| *amount > APPROVE_ABOVE));
                prop_assert_eq!(ledger.events.len(), events, "it was told before it was done");
            }
            _ => {}
        }
        let is_quiet = matches!(result, Err(_) | Ok(Reply::Held(_)));
        prop_assert!(!is_quiet || moved.is_empty(), "{:?} moved {:?}", result, moved);
        if result.is_ok() && for_one {
            prop_assert!(customer.is_some_and(|it| limits.customers.contains(&it)), "{:?}", op);
        }
        for (currency, amount) in moved {
            note(&seen.moved);
            let most = limits.per_call.get(&currency).copied().unwrap_or(0);
            prop_assert!(amount <= most, "{:?} moved {} {}", op, amount, currency);
            prop_assert!(!approves || amount <= APPROVE_ABOVE, "nobody agreed to {:?}", op);
            let day = (ledger.now().0.div_euclid(DAY_S), currency);
            let total = days.entry(day).or_default();
            *total += amount;
            prop_assert!(*total <= PER_DAY, "{} {} on a day, with {:?}", total, currency, op);
        }
    }
    prop_assert_eq!(ledger.rows().audit().findings, vec![]);
    Ok(())
}

#[test]
fn no_decision_moves_more_than_its_key_may() {
    with_room(|| {
        let seen = Seen::default();
        for seed in SEEDS {
            let mut runner = TestRunner::new(config(seed));
            let cases = (random::settings(), prop::bool::weighted(0.3), any::<bool>());
            let sequences = (cases, random::ops(OPS_MAX));
            if let Err(error) = runner.run(&sequences, |(case, ops)| run(case, &ops, &seen)) {
                panic!("{error}");
            }
        }
        for (what, count) in [
            ("moved", seen.moved),
            ("held", seen.held),
            ("refused", seen.refused),
            ("out of reach", seen.out_of_reach),
        ] {
            let count = count.into_inner();
            println!("{what}: {count}");
            assert!(count > 50, "hardly anything was {what}: {count}");
        }
    });
}
